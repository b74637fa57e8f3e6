"""What changed between two pictures, with the change built in."""

import cv2
import numpy as np
import pytest

from imgcheck import change
from imgcheck.change import score
from imgcheck.errors import GridMismatchError, UsageError
from tests.change.ground import ground, moved, seen, with_square


def test_a_new_square_is_found_where_it_stands_with_its_area() -> None:
    before = ground(1)
    after = with_square(seen(before, 2), 100, 60, 20, 0.2)
    found = change.detect(seen(before, 3), after, gsd=0.5)
    assert len(found.regions) == 1
    region = found.regions[0]
    assert region.kind == "brighter"
    assert region.area_m2 == pytest.approx(100.0, abs=2 * region.area_error_m2)
    assert region.area_m2 == pytest.approx(100.0, rel=0.15)
    assert region.polygon.min(axis=0) == pytest.approx([100, 60], abs=1.5)
    assert region.polygon.max(axis=0) == pytest.approx([120, 80], abs=1.5)
    assert region.contrast == pytest.approx(0.2, abs=0.05)
    assert region.q_value < 0.01


def test_polygon_runs_along_the_borders_of_the_pixels() -> None:
    from imgcheck.change.regions import outline

    polygon, length = outline(np.ones((4, 6), np.uint8), left=10, top=20)
    assert polygon.min(axis=0) == pytest.approx([10, 20], abs=0.2)
    assert polygon.max(axis=0) == pytest.approx([16, 24], abs=0.2)
    assert cv2.contourArea(polygon.astype(np.float32)) == pytest.approx(24, rel=0.1)
    assert length == pytest.approx(20, rel=0.1)


@pytest.mark.slow
def test_what_vanished_is_darker_and_what_was_painted_is_recoloured() -> None:
    before = ground(4)
    dark = with_square(seen(before, 5), 150, 150, 24, -0.2)
    assert [r.kind for r in change.detect(before, dark, gsd=1).regions] == ["darker"]
    painted = seen(before, 6)
    painted[40:64, 40:64] += np.array([0.15, 0, -0.15], np.float32)
    assert [r.kind for r in change.detect(before, painted, gsd=1).regions] == ["recoloured"]


@pytest.mark.parametrize("seed", [7, 8, 9])
def test_another_look_at_unchanged_ground_shows_nothing(seed: int) -> None:
    before = ground(seed)
    after = moved(seen(before, seed + 100), 0.7, -1.2) ** 1.3 * 0.8 + 0.05
    found = change.detect(seen(before, seed + 200), after.astype(np.float32), gsd=1)
    assert found.regions == ()
    assert not found.mask.any()


def test_shift_is_recovered_within_a_tenth_of_a_pixel() -> None:
    before = ground(10)
    found = change.detect(seen(before, 11), moved(seen(before, 12), 2.4, -1.7), gsd=1)
    assert found.shift_px == pytest.approx((2.4, -1.7), abs=0.1)
    assert found.shift_sigma_px < 0.1


def test_a_blurred_copy_shows_no_change_and_says_how_much_it_was_blurred() -> None:
    before = ground(13)
    after = cv2.GaussianBlur(seen(before, 14), (0, 0), 1.5)
    found = change.detect(before, after, gsd=1)
    assert found.regions == ()
    assert found.blur_px == pytest.approx(1.5, abs=0.3)


def test_haze_over_one_corner_is_no_change() -> None:
    before = ground(15)
    fade = np.linspace(0, 0.15, before.shape[1], dtype=np.float32)[None, :, None]
    assert change.detect(before, seen(before, 16) + fade, gsd=1).regions == ()


def test_other_ground_is_not_compared_and_not_cut_into_polygons() -> None:
    found = change.detect(ground(17), ground(18), gsd=1)
    assert found.regions == ()
    assert not found.mask.any()
    assert not found.registered
    assert found.incomparable.startswith("cannot register")


@pytest.mark.slow
def test_where_all_fields_changed_few_stand_out() -> None:
    rng = np.random.default_rng(90)
    before = ground(91)
    after = seen(before, 92)
    for row in range(0, 240, 40):
        for column in range(0, 240, 40):
            after[row : row + 40, column : column + 40] += rng.normal(0, 0.15, 3)
    found = change.detect(before, np.clip(after, 0, 1), gsd=5)
    assert found.detector == "spectrum"
    assert len(found.regions) <= 6  # of 36
    assert not change.detect(before, seen(before, 92), gsd=5).incomparable


def test_even_ground_with_nothing_but_noise_can_be_compared() -> None:
    flat = np.full((160, 160, 3), 0.5, np.float32)
    found = change.detect(seen(flat, 1), seen(flat, 2), gsd=1)
    assert found.agreement < 0.5
    assert not found.incomparable
    assert found.smallest_m is not None


def test_share_of_false_alarms_is_what_was_asked_for() -> None:
    rng = np.random.default_rng(19)
    before = ground(20, 320)
    pairs = [seen(before, int(rng.integers(1e6)), noise=0.03) for _ in range(2)]
    found = change.detect(*pairs, gsd=1)
    share = float((found.score > 2.326).mean())
    assert 0.001 < share < 0.03


@pytest.mark.slow
def test_stated_smallest_object_is_found_nine_times_in_ten() -> None:
    hits = total = 0
    for seed in range(3):
        before = ground(30 + seed)
        first = change.detect(seen(before, 40 + seed), seen(before, 50 + seed), gsd=1)
        assert first.smallest_m is not None
        side = int(np.ceil(first.smallest_m))
        after = seen(before, 50 + seed)
        places = [(left, top) for left in (30, 90, 150, 200) for top in (30, 90, 150, 200)]
        for left, top in places:
            level = np.median(after[top : top + side, left : left + side])
            after = with_square(after, left, top, side, 0.15 if level < 0.5 else -0.15)
        mask = change.detect(seen(before, 40 + seed), after, gsd=1).mask
        for left, top in places:
            hits += bool(mask[top : top + side, left : left + side].any())
            total += 1
    assert hits >= 0.9 * total


def test_change_under_the_mask_is_not_reported() -> None:
    before = ground(60)
    after = with_square(seen(before, 61), 100, 60, 20, 0.2)
    valid = np.ones(before.shape[:2], bool)
    valid[50:90, 90:130] = False
    found = change.detect(before, after, gsd=1, valid=valid)
    assert found.regions == ()
    assert np.all(found.score[~valid] == 0)


def test_missing_pixels_are_neither_changed_nor_spread() -> None:
    before = ground(62)
    after = seen(before, 63)
    after[120:160, 120:160] = np.nan
    found = change.detect(before, after, gsd=1)
    assert found.regions == ()
    assert np.isfinite(found.score).all()
    assert found.valid_share < 0.98


@pytest.mark.slow
def test_a_grey_picture_is_compared_in_grey() -> None:
    before = ground(64)
    after = with_square(seen(before, 65), 30, 160, 20, 0.2).mean(axis=2)
    found = change.detect(before, after, gsd=1)
    assert len(found.regions) == 1
    three = change.detect(before, np.repeat(after[..., None], 3, axis=2), gsd=1)
    assert len(three.regions) == 1


@pytest.mark.slow
def test_bytes_and_floats_and_a_second_run_give_the_same() -> None:
    before = (ground(66) * 255).astype(np.uint8)
    after = (with_square(seen(ground(66), 67), 100, 60, 20, 0.2) * 255).astype(np.uint8)
    one = change.detect(before, after, gsd=1)
    two = change.detect(before / np.float32(255), after / np.float32(255), gsd=1)
    assert np.array_equal(one.score, two.score)
    assert [r.area_m2 for r in one.regions] == [r.area_m2 for r in two.regions]


@pytest.mark.slow
def test_small_regions_are_left_out_and_counted() -> None:
    before = ground(68)
    after = with_square(seen(before, 69), 100, 60, 8, 0.3)
    assert len(change.detect(before, after, gsd=1).regions) == 1
    found = change.detect(before, after, gsd=1, min_area_m2=500)
    assert found.regions == ()
    assert "smaller than 500" in found.suppressed[0].reason


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_flat_pictures_show_nothing(value: float) -> None:
    flat = np.full((64, 64, 3), value, np.float32)
    found = change.detect(flat, flat, gsd=1)
    assert found.regions == ()
    assert found.shift_sigma_px is None


def test_a_pair_without_common_ground_says_so() -> None:
    picture = ground(70)
    found = change.detect(picture, picture, gsd=1, valid=np.zeros(picture.shape[:2], bool))
    assert "almost no area in common" in found.suppressed[0].reason


def test_different_sizes_are_refused_with_both_named() -> None:
    with pytest.raises(GridMismatchError, match=r"240 x 240 .* 200 x 200"):
        change.detect(ground(1), ground(1, 200), gsd=1)


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"gsd": 0}, "gsd"),
        ({"gsd": float("nan")}, "gsd"),
        ({"gsd": 1, "min_area_m2": -1}, "min_area_m2"),
    ],
)
def test_options_without_meaning_are_refused(options, word) -> None:
    with pytest.raises(UsageError, match=word):
        change.detect(ground(1), ground(1), **options)


@pytest.mark.parametrize(
    "bad",
    [np.zeros(5, np.float32), np.zeros((10, 10), np.float32), np.zeros((64, 64), np.int32)],
)
def test_arrays_that_are_no_pictures_are_refused(bad) -> None:
    with pytest.raises(UsageError):
        change.detect(bad, bad, gsd=1)


def test_q_values_follow_benjamini_and_hochberg() -> None:
    from imgcheck.change.regions import q_values

    p = np.array([0.01, 0.04, 0.03, 0.005])
    assert q_values(p, 4) == pytest.approx([0.02, 0.04, 0.04, 0.02])
    assert q_values(p, 8) == pytest.approx([0.04, 0.08, 0.08, 0.04])
    assert q_values(np.zeros(0), 3).size == 0


@pytest.mark.slow
@pytest.mark.data
def test_new_buildings_in_beijing_outrank_unchanged_ground(data_dir) -> None:
    from PIL import Image

    names = ("beijing_B_1.jpg", "beijing_B_2.jpg", "beijing_B_gt.jpg")
    arrays = [np.asarray(Image.open(data_dir / "change/beijing" / name)) for name in names]
    truth = arrays[2] if arrays[2].ndim == 2 else arrays[2][..., 0]
    found = change.detect(arrays[0], arrays[1], gsd=0.6)
    assert np.median(found.score[truth > 245]) > np.quantile(found.score[truth < 10], 0.9)


@pytest.mark.slow
def test_a_faint_patch_on_even_ground_is_left_out_and_the_ground_compared() -> None:
    flat = np.full((160, 160, 3), 0.5, np.float32)
    after = seen(flat, 2)
    after[100:112, 100:112] += 0.036
    found = change.detect(seen(flat, 1), after, gsd=1)
    assert found.regions == ()
    assert found.agreement < 0.5 and not found.incomparable
    assert "fainter than 4%" in found.suppressed[0].reason


@pytest.mark.parametrize("side", [40, 64])
def test_a_change_of_a_twelfth_of_the_ground_does_not_hide_itself(side: int) -> None:
    before = ground(8, 224)
    after = seen(with_square(before, 60, 60, side, 0.2), 2)
    found = change.detect(seen(before, 1), after, gsd=0.5)
    part = found.mask[60 : 60 + side, 60 : 60 + side]
    assert found.detector == "tone" and part.mean() > 0.9
    assert found.regions[0].q_value < 0.02


def test_the_law_of_unchanged_ground_is_not_that_of_the_change() -> None:
    """Of the differences one in seven is far larger: the law must not follow them."""
    rng = np.random.default_rng(1)
    usual = np.abs(rng.standard_normal(50_000)).astype(np.float32)
    changed = np.concatenate([usual, 5 + usual[:8_000]])
    (law, more), (without, none) = score._tail(changed), score._tail(usual)
    assert more and not none
    assert law.quantile(0.99) < 2.1 * without.quantile(0.99)
