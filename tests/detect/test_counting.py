"""The number of vehicles from frozen proposals and a frozen calibration."""

import math
from dataclasses import replace

import numpy as np
import pytest

from imgcheck import detect
from imgcheck.detect import counting, shipped

MODEL = shipped.VehicleModel(
    calibration="frozen", threshold=0.0, coarsest_m=1.0, slope=1.0, offset=0.0, coarser=-1.0,
    odds_spread=0.3, recall_odds=1.0, recall_score=0.5, recall_spread=0.3,
    mean_excess=3.0, excess_spread=0.5,
    length_m=(0.9, 1.1), width_m=(0.9, 1.1),
)  # fmt: skip


@pytest.fixture(autouse=True)
def frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipped, "vehicle_model", lambda: MODEL)


def found(scores: list[float], effective: float = 0.25) -> detect.Detections:
    proposals = tuple(
        detect.Proposal(kind="vehicle", cx=9, cy=9, length=9, width=4, heading=0, score=s)
        for s in scores
    )
    return detect.Detections(
        kind="vehicle", proposals=proposals, gsd=0.25, effective_gsd=effective,
        searched_m=(3.3, 15.0), limit_m=3.3, threshold=0.0, calibration="frozen",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("scores", "effective", "low", "median", "high"),
    [
        ([], 0.25, 0, 0, 1),
        ([5.0] * 20, 0.25, 19, 20, 22),
        ([2.0] * 20, 0.25, 16, 20, 24),
        ([2.0] * 20, 0.5, 12, 17, 22),  # an octave coarser: more are false
        ([0.0] * 20, 0.25, 7, 13, 21),  # barely above the threshold: more are below it
    ],
)
def test_a_count_is_that_of_bernoulli_proposals_and_missed_ones(
    scores, effective, low, median, high
) -> None:
    number = detect.count(found(scores, effective))
    assert (number.low, number.median, number.high) == (low, median, high)
    assert number.level == 0.9 and number.calibration == "frozen" and not number.reason


def test_a_range_beyond_a_factor_of_three_is_not_bounded(monkeypatch) -> None:
    vague = replace(MODEL, odds_spread=2.5, recall_spread=2.0)
    monkeypatch.setattr(shipped, "vehicle_model", lambda: vague)
    number = detect.count(found([0.0] * 20))
    assert number.median is None and number.high is None
    assert "not bounded within a factor of 3" in number.reason


@pytest.mark.parametrize(("low", "high", "bounded"), [(4, 12, True), (4, 13, False), (0, 3, True),
                                                      (0, 4, False)])  # fmt: skip
def test_the_factor_is_that_of_the_ends(monkeypatch, low, high, bounded) -> None:
    monkeypatch.setattr(counting, "_with_missed", lambda *a: (low, (low + high) / 2, high))
    assert (detect.count(found([1.0])).high is not None) == bounded


def test_the_chance_of_a_number_falls_with_it() -> None:
    given = found([3.0] * 10)
    chances = [detect.probability_of(given, least=n) for n in (0, 5, 10, 14, 30)]
    assert chances[0] == 1 and chances[1] > 0.99 and 0.3 < chances[2] < 0.9
    assert chances[3] < 0.05 and chances[4] == 0
    assert chances == sorted(chances, reverse=True)


def test_recall_follows_the_mean_score_and_few_scores_say_little() -> None:
    odds, error = MODEL.found_odds(np.full(10, 1.5))
    assert odds == pytest.approx(1 + 0.5 * (15 + 2 * 3) / 12)
    assert error == pytest.approx(math.hypot(0.3, 0.5 * 0.5 / math.sqrt(12)))
    none, wide = MODEL.found_odds(np.zeros(0))
    assert none == pytest.approx(2.5) and wide > error


def test_without_a_calibration_no_chance_is_given() -> None:
    assert detect.probability_of(replace(found([3.0]), calibration=None), least=1) is None


def test_places_share_one_shift_of_the_odds() -> None:
    rng = np.random.default_rng(0)
    alone = counting.real_vehicles(np.zeros(40), replace(MODEL, odds_spread=0.0), rng)
    shared = counting.real_vehicles(np.zeros(40), replace(MODEL, odds_spread=1.0), rng)
    assert alone.std() == pytest.approx(math.sqrt(10), rel=0.05)
    assert shared.std() > 2 * alone.std()
