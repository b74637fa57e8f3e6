import math
from random import Random

import pytest
from scipy import stats

from imgcheck.quantity import (
    Interval,
    LikelihoodRatio,
    binomial_interval,
    binomial_tail,
    poisson_interval,
    poisson_upper,
)


@pytest.mark.parametrize(("successes", "trials"), [(0, 10), (3, 10), (10, 10), (1, 2000), (57, 60)])
def test_binomial_interval_is_the_exact_one(successes: int, trials: int) -> None:
    exact = stats.binomtest(successes, trials).proportion_ci(0.95, method="exact")
    found = binomial_interval(successes, trials)
    assert found.low == pytest.approx(exact.low, abs=1e-9)
    assert found.high == pytest.approx(exact.high, abs=1e-9)


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
