"""What would have been missed: planted craters, the analytic limit, and honest intervals."""

import math

import cv2
import numpy as np
import pytest

from imgcheck import detect
from imgcheck.detect import recall, visible
from imgcheck.errors import UsageError
from imgcheck.quantity import binomial_interval
from tests.detect.test_craters import ground


def test_large_craters_on_soft_ground_are_found_more_often_than_small_ones() -> None:
    result = detect.power(
        ground(1), gsd=0.5, sun_azimuth_deg=120, sizes_m=(2.0, 12.0), trials=16, seed=4
    )
    assert result.recall[1] > result.recall[0] + 0.3
    assert result.recall[1] >= 0.7
    assert result.d50_m is not None and 2 < result.d50_m <= 12


def test_intervals_are_the_exact_binomial_ones() -> None:
    result = detect.power(ground(2), gsd=0.5, sizes_m=(6.0,), trials=10, seed=1)
    found = round(result.recall[0] * 10)
    span = binomial_interval(found, 10)
    assert (result.low[0], result.high[0]) == (span.low, span.high)


def test_cluttered_ground_hides_craters_and_d90_is_then_unknown() -> None:
    rng = np.random.default_rng(0)
    blocks = rng.random((40, 40)).astype(np.float32)
    clutter = cv2.resize(blocks, (320, 320), interpolation=cv2.INTER_NEAREST)
    result = detect.power(clutter, gsd=0.5, sun_azimuth_deg=90, sizes_m=(5.0, 8.0), trials=10)
    assert max(result.recall) < 0.6
    assert result.d90_m is None


def test_same_seed_same_numbers_and_another_seed_other_places() -> None:
    one = detect.power(ground(3), gsd=0.5, sizes_m=(5.0, 9.0), trials=6, seed=1)
    assert one == detect.power(ground(3), gsd=0.5, sizes_m=(5.0, 9.0), trials=6, seed=1)


def test_an_upper_limit_of_missed_craters_is_above_three_and_none_without_recall() -> None:
    sure = detect.power(ground(4), gsd=0.5, sun_azimuth_deg=45, sizes_m=(12.0,), trials=20, seed=2)
    # Nothing seen leaves up to 3.7 craters at 97.5 %, more where recall is below one.
    assert sure.missed_upper is not None and sure.missed_upper > 3.6
    blind = detect.power(np.full((200, 200), 0.001), gsd=0.5)
    assert blind.missed_upper is None and blind.d50_m is None and blind.reason


def test_craters_are_planted_on_usable_ground_only() -> None:
    valid = np.zeros((300, 360), bool)
    result = detect.power(ground(1), gsd=0.5, sizes_m=(6.0,), valid=valid)
    assert (result.sizes_m == () and "usable" in result.reason) or result.reason


def test_recall_never_falls_with_size_in_the_curve_that_d90_is_read_from() -> None:
    assert recall._rising([0.0, 0.5, 0.3, 0.9], [10] * 4) == [0.0, 0.4, 0.4, 0.9]
    assert recall._reach((1.0, 2.0, 4.0), [0.0, 0.5, 1.0], 0.5) == 2.0
    assert recall._reach((1.0, 2.0, 4.0), [0.0, 0.5, 0.9], 0.95) is None
    between = recall._reach((1.0, 2.0, 4.0), [0.0, 0.25, 0.75], 0.5)
    assert between == pytest.approx(2 * math.sqrt(2))


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
    assert sharp.reason == "resolution" and sharp.diameter_m == pytest.approx(4.0)
    assert soft.diameter_m > 1.5 * sharp.diameter_m
    assert coarse.diameter_m == pytest.approx(10 * sharp.diameter_m)


def test_a_black_picture_shows_no_crater_of_any_size() -> None:
    limit = detect.smallest_visible(np.zeros((50, 50)), gsd=0.5)
    assert limit.reason == "nothing" and math.isinf(limit.diameter_m)


def test_only_craters_can_be_planted() -> None:
    with pytest.raises(UsageError, match="crater"):
        detect.power(ground(1), gsd=0.5, kind="vehicle")
    with pytest.raises(UsageError, match="sizes_m"):
        detect.power(ground(1), gsd=0.5, sizes_m=(-1.0,))
