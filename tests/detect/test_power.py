"""What would have been missed: planted craters, the analytic limit, and honest intervals."""

import math

import cv2
import numpy as np
import pytest

from imgcheck import detect
from imgcheck.detect import planting, recall, visible
from imgcheck.errors import UsageError
from imgcheck.quantity import binomial_interval
from tests.detect.test_craters import ground


def test_large_craters_on_soft_ground_are_found_more_often_than_small_ones() -> None:
    result = detect.power(
        ground(1), gsd=0.5, sun_azimuth_deg=120, sizes_m=(2.0, 12.0), trials=12, seed=4
    )
    strong = next(part for part in result.looks if part.name == "relief, strong")
    assert strong.recall[0] == 0 and (strong.recall[1] or 0) >= 0.6
    assert result.recall[1] > result.recall[0] + 0.3


def test_intervals_are_the_exact_binomial_ones_and_every_planted_object_is_listed() -> None:
    result = detect.power(ground(2), gsd=0.5, sizes_m=(6.0,), trials=12, seed=1)
    assert result.trials == (12,) and len(result.planted) == 12
    found = sum(one.found for one in result.planted)
    span = binomial_interval(found, 12)
    assert (result.recall[0], result.low[0], result.high[0]) == (found / 12, span.low, span.high)
    # Looks and kinds of ground take turns.
    assert {part.trials for part in result.looks} == {(3,)}
    assert {part.trials for part in result.grounds} == {(4,)}


def test_cluttered_ground_hides_craters_and_d90_is_then_unknown() -> None:
    rng = np.random.default_rng(0)
    blocks = rng.random((40, 40)).astype(np.float32)
    clutter = cv2.resize(blocks, (320, 320), interpolation=cv2.INTER_NEAREST)
    result = detect.power(clutter, gsd=0.5, sun_azimuth_deg=90, sizes_m=(5.0, 8.0), trials=12)
    assert max(result.recall) < 0.6
    assert result.d90_m is None and result.at_d90 is None


def test_same_seed_same_numbers() -> None:
    one = detect.power(ground(3), gsd=0.5, sizes_m=(6.0,), trials=4, seed=1)
    assert one == detect.power(ground(3), gsd=0.5, sizes_m=(6.0,), trials=4, seed=1)


def test_a_black_picture_has_no_power_and_says_so() -> None:
    blind = detect.power(np.full((200, 200), 0.001), gsd=0.5)
    assert blind.missed_upper is None and blind.d50_m is None and blind.reason


def test_craters_are_planted_on_usable_ground_only() -> None:
    none = np.zeros((300, 360), bool)
    assert detect.power(ground(1), gsd=0.5, sizes_m=(6.0,), valid=none).reason
    left = np.zeros((300, 360), bool)
    left[:, :180] = True
    result = detect.power(ground(1), gsd=0.5, sizes_m=(6.0,), valid=left, trials=6)
    assert result.planted and all(one.x < 180 for one in result.planted)
    assert result.share_of_picture <= 0.5


def test_without_a_scale_sizes_are_pixels() -> None:
    result = detect.power(ground(1), gsd=None, sizes_m=(20.0,), trials=4)
    assert result.gsd is None and result.sizes_m == (20.0,)
    with pytest.raises(UsageError, match="scale"):
        detect.power(ground(1), gsd=None, kind="vehicle")


@pytest.mark.parametrize(
    ("curve", "wanted", "size"),
    [
        ((0.0, 0.5, 1.0), 0.5, 2.0),
        ((0.0, 0.25, 0.75), 0.5, 2 * math.sqrt(2)),
        ((0.9, 0.95, 0.9), 0.9, 1.0),
        ((0.0, 0.5, 0.9), 0.95, None),
        # Recall may fall with size: found above 2, not above 4.
        ((0.0, 1.0, 0.4), 0.5, None),
        ((1.0, 0.0, 1.0), 0.5, 2 * math.sqrt(2)),
    ],
)
def test_a_size_is_reached_only_where_the_curve_stays_above(curve, wanted, size) -> None:
    reached = recall.reach((1.0, 2.0, 4.0), list(curve), wanted)
    assert reached == (None if size is None else pytest.approx(size))


def test_the_upper_limit_of_missed_objects_counts_both_errors() -> None:
    # Nothing seen leaves up to 3.7 at 97.5 %; all of 40 found: recall is at least 0.91.
    assert recall.missed(40, 40, level=0.95) == pytest.approx(3.689 / 0.9119, rel=1e-3)
    assert recall.missed(20, 40, level=0.95) == pytest.approx(3.689 / 0.3380, rel=1e-3)
    # Recall may be below a third: 19 of 40 leave 0.3151, 20 of 40 leave 0.3380.
    assert recall.missed(19, 40, level=0.95) is None
    assert recall.missed(0, 40, level=0.95) is None
    assert recall.missed(0, 0, level=0.95) is None


def _counts(*shares: float) -> np.ndarray:
    """Hits of 20 on smooth, medium and rough ground, for two sizes of one look."""
    return np.array([[[round(20 * s) for s in shares]]] * 2)


@pytest.mark.parametrize(
    ("shares", "number"),
    [
        ((1.0, 0.9, 0.9), 3),
        ((1.0, 0.95, 0.4), 2),
        ((0.95, 0.5, 0.0), 1),
        ((0.6, 0.6, 0.4), 3),  # half of them on all of it
        ((0.8, 0.3, 0.1), 2),
        ((0.1, 0.1, 0.1), 3),
    ],
)
def test_the_roughest_ground_is_left_out_where_it_hides_objects(shares, number) -> None:
    tried = np.full((2, 1, 3), 20)
    assert recall._grounds_reaching((1.0, 2.0), _counts(*shares), tried) == number


def test_grounds_are_thirds_by_texture() -> None:
    rng = np.random.default_rng(5)
    picture = np.full((300, 300), 0.5, np.float32)
    picture[:, 100:200] += rng.normal(0, 0.02, (300, 100)).astype(np.float32)
    picture[:, 200:] += rng.normal(0, 0.1, (300, 100)).astype(np.float32)
    where = planting.grounds(picture, np.ones(picture.shape, bool))
    assert [int(np.median(where.cells[:, c])) for c in (40, 150, 260)] == [1, 2, 3]


def test_planted_objects_stay_apart_and_inside() -> None:
    where = planting.grounds(ground(1), np.ones((300, 360), bool))
    objects = planting.wanted([10.0, 40.0], looks=2, trials=12)
    rounds = list(planting.passes(where, objects, rng=np.random.default_rng(1), most=30))
    assert sum(map(len, rounds)) == 24
    for spots in rounds:
        for k, one in enumerate(spots):
            half = one.what.size_px / 2
            assert half < one.x < 360 - half and half < one.y < 300 - half
            for other in spots[:k]:
                gap = math.hypot(one.x - other.x, one.y - other.y)
                assert gap > 2.5 * (half + other.what.size_px / 2)


def test_a_change_is_saved_with_the_compression_of_the_file() -> None:
    picture = np.random.default_rng(1).integers(0, 255, (64, 64), np.uint8)
    assert recall._saved(picture, None) is picture
    assert np.abs(recall._saved(picture, 30).astype(int) - picture).mean() > 5


def test_rendered_vehicles_are_found_on_plain_ground() -> None:
    plain = np.repeat((ground(6, (240, 320)) * 255).astype(np.uint8)[..., None], 3, axis=2)
    result = detect.power(plain, gsd=0.25, kind="vehicle", sizes_m=(6.0,), trials=9, seed=2)
    assert result.trials[0] >= 8 and result.sizes_m == (6.0,)
    assert result.recall[0] >= 0.3
    assert result.recall[0] * result.trials[0] == sum(one.found for one in result.planted)


@pytest.mark.parametrize("blur", [1.0, 2.0, 3.0])
def test_added_blur_is_measured_within_a_quarter(blur: float) -> None:
    steps = cv2.resize(
        np.random.default_rng(1).random((16, 16)).astype(np.float32),
        (320, 320),
        interpolation=cv2.INTER_NEAREST,
    )
    soft = cv2.GaussianBlur(steps, (0, 0), blur)
    measured = visible.measure_sharpness(soft, np.ones(soft.shape, bool)).blur_px
    assert measured == pytest.approx(blur, rel=0.25)


def test_blur_and_scale_set_the_smallest_visible_crater() -> None:
    steps = cv2.resize(
        np.random.default_rng(1).random((16, 16)).astype(np.float32),
        (320, 320),
        interpolation=cv2.INTER_NEAREST,
    )
    sharp = detect.smallest_visible(steps, gsd=0.5)
    soft = detect.smallest_visible(cv2.GaussianBlur(steps, (0, 0), 3), gsd=0.5)
    coarse = detect.smallest_visible(steps, gsd=5.0)
    assert sharp.reason == "resolution" and sharp.diameter_m == pytest.approx(3.0)
    assert soft.diameter_m > 1.5 * sharp.diameter_m
    assert coarse.diameter_m == pytest.approx(10 * sharp.diameter_m)


def test_a_black_picture_shows_no_crater_of_any_size() -> None:
    limit = detect.smallest_visible(np.zeros((50, 50)), gsd=0.5)
    assert limit.reason == "nothing" and math.isinf(limit.diameter_m)


def test_options_without_meaning_are_refused() -> None:
    with pytest.raises(UsageError, match="kind"):
        detect.power(ground(1), gsd=0.5, kind="tank")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="sizes_m"):
        detect.power(ground(1), gsd=0.5, sizes_m=(-1.0,))
