import math
from random import Random

import pytest
from scipy import stats

from imgcheck.quantity import (
    Interval,
    LikelihoodRatio,
    binomial_interval,
    binomial_tail,
    distance,
    poisson_interval,
    poisson_upper,
    significant,
)


@pytest.mark.parametrize(("successes", "trials"), [(0, 10), (3, 10), (10, 10), (1, 2000), (57, 60)])
def test_binomial_interval_is_the_exact_one(successes: int, trials: int) -> None:
    exact = stats.binomtest(successes, trials).proportion_ci(0.95, method="exact")
    found = binomial_interval(successes, trials)
    assert found.low == pytest.approx(exact.low, abs=1e-9)
    assert found.high == pytest.approx(exact.high, abs=1e-9)


@pytest.mark.slow
def test_binomial_interval_holds_the_truth_at_least_as_often_as_it_says() -> None:
    draw = Random(20170924)
    held = sum(
        0.07 in binomial_interval(sum(draw.random() < 0.07 for _ in range(40)), 40)
        for _ in range(400)
    )
    assert held >= 0.94 * 400


def test_nothing_tried_leaves_everything_possible() -> None:
    assert binomial_interval(0, 0) == Interval(low=0.0, high=1.0)


@pytest.mark.parametrize("count", [0, 1, 7, 120])
def test_poisson_interval_is_garwoods(count: int) -> None:
    low = stats.chi2.ppf(0.025, 2 * count) / 2 if count else 0.0
    high = stats.chi2.ppf(0.975, 2 * count + 2) / 2
    found = poisson_interval(count)
    assert found.low == pytest.approx(low, abs=1e-6)
    assert found.high == pytest.approx(high, abs=1e-6)


def test_nothing_seen_leaves_up_to_three() -> None:
    assert poisson_upper(0) == pytest.approx(-math.log(0.05), abs=1e-9)


def test_binomial_tail_matches_the_sum() -> None:
    assert binomial_tail(3, 12, 0.2) == pytest.approx(stats.binom.sf(2, 12, 0.2), rel=1e-12)


def test_impossible_counts_are_refused() -> None:
    with pytest.raises(ValueError):
        binomial_interval(3, 2)
    with pytest.raises(ValueError):
        poisson_interval(-1)


def test_a_likelihood_ratio_without_calibration_is_refused() -> None:
    with pytest.raises(ValueError, match="calibration"):
        LikelihoodRatio(value=3.0, calibration="")


@pytest.mark.parametrize(
    ("value", "digits", "shown"),
    [
        (679.4, 2, "680"), (679.4, 3, "679"), (679_400.0, 2, "680,000"), (9.996, 3, "10"),
        (0.0361, 2, "0.036"), (3.6e-05, 2, "0.000036"), (1e15, 3, "1,000,000,000,000,000"),
        (-12.34, 3, "-12.3"), (0.0, 3, "0"), (100.0, 3, "100"), (4.0, 3, "4"),
        (0.1 + 0.2, 3, "0.3"),
    ],
)  # fmt: skip
def test_significant_digits_are_kept_without_an_exponent(
    value: float, digits: int, shown: str
) -> None:
    assert significant(value, digits) == shown


@pytest.mark.parametrize(
    ("metres", "shown"),
    [
        (0.0, "0 m"), (5e-7, "less than 1 mm"), (0.001, "0.001 m"), (0.0361, "0.0361 m"),
        (4.0, "4 m"), (999.4, "999 m"), (999.6, "1 km"), (1000.0, "1 km"), (1250.0, "1.25 km"),
        (679_400.0, "679 km"), (12_680_000.0, "12,700 km"),
    ],
)  # fmt: skip
def test_a_distance_is_in_metres_or_kilometres(metres: float, shown: str) -> None:
    assert distance(metres) == shown
