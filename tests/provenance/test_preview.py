"""Does a thumbnail agree with its picture in any orientation, and with no other?"""

import json
from dataclasses import asdict

import cv2
import numpy as np
import pytest

from imgcheck.provenance import Agreement, agreement_words, thumbnail_agreement
from tests.provenance import build, build_fbmd


def gray(width: int, height: int, seed: int) -> np.ndarray:
    return np.asarray(build.picture(width, height, seed, "L"), np.float32) / 255


def small(main: np.ndarray, width: int, height: int) -> np.ndarray:
    from PIL import Image

    image = Image.fromarray((main * 255).astype(np.uint8)).resize((width, height))
    return np.asarray(image, np.float32) / 255


@pytest.mark.parametrize("seed", range(5))
def test_a_small_copy_is_the_same(seed: int) -> None:
    main = gray(640, 480, seed)
    found = thumbnail_agreement(small(main, 160, 120), main)
    assert found.kind == "same"
    assert (found.rotation_deg, found.mirrored, found.bars) == (0, False, (0, 0, 0, 0))
    assert found.ncc > 0.99


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_picture_turned_after_its_thumbnail_is_rotated(turns: int) -> None:
    main = gray(640, 480, 7)
    thumb = small(main, 160, 120)
    found = thumbnail_agreement(thumb, np.rot90(main, turns))
    assert found.kind == "rotated"
    assert found.rotation_deg == 90 * turns


def test_a_mirrored_picture_is_recognised() -> None:
    main = gray(640, 480, 8)
    found = thumbnail_agreement(small(main, 160, 120), np.fliplr(main))
    assert found.kind == "rotated"
    assert found.mirrored


def test_bars_above_and_below_are_taken_away() -> None:
    main = gray(600, 400, 9)
    thumb = np.zeros((120, 160), np.float32)
    thumb[7:113] = small(main, 160, 106)
    found = thumbnail_agreement(thumb, main)
    assert found.kind == "letterboxed"
    assert found.bars[0] == pytest.approx(7, abs=1)
    assert found.bars[1] == pytest.approx(7, abs=1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_another_picture_is_never_the_same(seed: int) -> None:
    found = thumbnail_agreement(small(gray(640, 480, seed), 160, 120), gray(640, 480, seed + 100))
    assert found.kind in ("different", "undecided")


def test_flat_and_tiny_pictures_are_undecided() -> None:
    flat = np.full((120, 160), 0.5, np.float32)
    assert thumbnail_agreement(flat, flat).kind == "undecided"
    assert thumbnail_agreement(flat[:4, :4], gray(64, 64, 0)).ncc is None


def detailed(width: int, height: int, seed: int) -> np.ndarray:
    return np.asarray(build_fbmd.texture(width, height, seed).convert("L"), np.float32) / 255


def placed(found: Agreement, x: float, y: float) -> tuple[float, float]:
    """Map a point of the thumbnail into the picture."""
    assert found.matrix is not None
    point = np.reshape(found.matrix, (3, 3)) @ (x, y, 1.0)
    return float(point[0] / point[2]), float(point[1] / point[2])


@pytest.mark.parametrize(("left", "top", "wide", "high"), [
    (60, 90, 400, 300), (0, 0, 600, 460), (300, 20, 260, 240), (32, 24, 608, 456),
])  # fmt: skip
def test_a_cut_of_what_the_thumbnail_shows_is_placed_within_a_pixel(
    left: int, top: int, wide: int, high: int
) -> None:
    whole = detailed(640, 480, 11)
    main = whole[top : top + high, left : left + wide]
    found = thumbnail_agreement(small(whole, 160, 120), main)
    assert (found.kind, found.part) == ("cropped", "main in thumbnail")
    assert found.shown == pytest.approx(wide * high / (640 * 480), abs=0.03)
    x, y = placed(found, (left + wide / 2) / 4, (top + high / 2) / 4)
    assert (x, y) == (pytest.approx(wide / 2, abs=4), pytest.approx(high / 2, abs=4))


def test_a_thumbnail_that_shows_a_part_is_told_from_a_picture_that_was_cut() -> None:
    main = detailed(640, 480, 12)
    found = thumbnail_agreement(small(main[60:420, 80:560], 160, 120), main)
    assert (found.kind, found.part) == ("cropped", "thumbnail in main")
    assert found.shown == pytest.approx(480 * 360 / (640 * 480), abs=0.03)
    assert placed(found, 0, 0) == (pytest.approx(80, abs=3), pytest.approx(60, abs=3))


def test_a_cut_and_turned_picture_is_found_with_its_turn() -> None:
    whole = detailed(640, 480, 13)
    main = np.rot90(whole[50:350, 100:500], -1)
    found = thumbnail_agreement(small(whole, 160, 120), main)
    assert (found.kind, found.rotation_deg, found.mirrored) == ("cropped", 270, False)
    assert placed(found, 100 / 4, 50 / 4) == (pytest.approx(300, abs=4), pytest.approx(0, abs=4))


@pytest.mark.parametrize("angle", [-2.5, -1.2, 1.2, 2.5])
def test_a_small_tilt_is_measured(angle: float) -> None:
    whole = detailed(640, 480, 14)
    turn = cv2.getRotationMatrix2D((320, 240), angle, 1)  # counter-clockwise on the screen
    main = cv2.warpAffine(whole, turn, (640, 480), borderMode=cv2.BORDER_REFLECT)
    found = thumbnail_agreement(small(whole, 160, 120), main)
    assert found.kind == "rotated"
    # What brings the picture back onto its thumbnail is the opposite turn, clockwise.
    assert found.angle_deg == pytest.approx(angle, abs=0.2)


def test_an_object_painted_over_the_picture_is_found_and_boxed() -> None:
    whole = detailed(640, 480, 15)
    main = whole.copy()
    main[200:280, 400:500] = 0.95
    found = thumbnail_agreement(small(whole, 160, 120), main)
    assert found.kind == "same"
    assert found.local_difference is not None
    x, y, wide, high = found.local_difference
    assert (x, y) == (pytest.approx(400, abs=14), pytest.approx(200, abs=14))
    assert (wide, high) == (pytest.approx(100, abs=24), pytest.approx(80, abs=24))
    assert any("differ" in line for line in agreement_words(found))


def test_an_untouched_picture_has_no_local_difference() -> None:
    for seed in range(6):
        whole = detailed(640, 480, seed)
        found = thumbnail_agreement(small(whole, 160, 120), whole)
        assert (found.kind, found.local_difference) == ("same", None)


def test_a_picture_squeezed_into_another_shape_is_the_same() -> None:
    whole = detailed(720, 480, 16)
    assert thumbnail_agreement(small(whole, 160, 120), whole).kind == "same"


@pytest.mark.slow
def test_the_result_is_plain_and_said_in_words() -> None:
    whole = detailed(640, 480, 17)
    for main in (whole, whole[:300, :400], np.rot90(whole), detailed(640, 480, 99)):
        found = thumbnail_agreement(small(whole, 160, 120), np.ascontiguousarray(main))
        json.dumps(asdict(found), allow_nan=False)
        assert agreement_words(found)[0].endswith(".")
