"""Does a thumbnail agree with its picture in any orientation, and with no other?"""

import numpy as np
import pytest

from imgcheck.provenance import thumbnail_agreement
from tests.provenance import build


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
def test_a_picture_turned_after_its_thumbnail_is_still_the_same(turns: int) -> None:
    main = gray(640, 480, 7)
    thumb = small(main, 160, 120)
    found = thumbnail_agreement(thumb, np.rot90(main, turns))
    assert found.kind == "same"
    assert found.rotation_deg == 90 * turns


def test_a_mirrored_picture_is_recognised() -> None:
    main = gray(640, 480, 8)
    found = thumbnail_agreement(small(main, 160, 120), np.fliplr(main))
    assert found.kind == "same"
    assert found.mirrored


def test_bars_above_and_below_are_taken_away() -> None:
    main = gray(600, 400, 9)
    thumb = np.zeros((120, 160), np.float32)
    thumb[7:113] = small(main, 160, 106)
    found = thumbnail_agreement(thumb, main)
    assert found.kind == "letterboxed"
    assert found.bars[0] == pytest.approx(7, abs=1)
    assert found.bars[1] == pytest.approx(7, abs=1)


@pytest.mark.parametrize("seed", range(8))
def test_another_picture_is_never_the_same(seed: int) -> None:
    found = thumbnail_agreement(small(gray(640, 480, seed), 160, 120), gray(640, 480, seed + 100))
    assert found.kind in ("different", "undecided")


def test_flat_and_tiny_pictures_are_undecided() -> None:
    flat = np.full((120, 160), 0.5, np.float32)
    assert thumbnail_agreement(flat, flat).kind == "undecided"
    assert thumbnail_agreement(flat[:4, :4], gray(64, 64, 0)).ncc is None
