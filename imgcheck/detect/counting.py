"""Estimate the number of objects from proposals, with its uncertainty."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imgcheck.detect import shipped
from imgcheck.detect.proposal import Detections
from imgcheck.errors import UsageError
from imgcheck.quantity import Interval

_DRAWS = 20_000
_SEED = 20170924
# An interval from one number to more than three times it is no answer.
WIDEST = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CountEstimate:
    """Number of objects on the searched ground.

    ``median`` and ``high`` are None where the number is not bounded (see ``reason``): recall is
    not known for this kind of picture, or the interval would span more than a factor of 3. The
    number of craters is never bounded, not even from below.
    """

    median: float | None = None
    low: float
    high: float | None = None
    level: float
    calibration: str | None = None
    reason: str = ""


def count(
    detections: Detections, *, level: float = 0.9, recall: Interval | None = None
) -> CountEstimate:
    """Estimate the true number from the proposals.

    Parameters
    ----------
    detections : Detections
    level : float, default 0.9
        Probability that the interval contains the true number.
    recall : Interval, optional
        Share of the objects that is found in this picture, from ``power``. By default the
        share measured on the calibration scenes.

    Notes
    -----
    Each proposal is real with probability ``p``; all ``p`` of one picture share an error, the
    spread measured from place to place; missed objects follow a negative binomial. The interval is
    that of 20,000 seeded draws, so equal input gives equal numbers. Ground that was not searched
    is not counted.
    """
    if not 0 < level < 1:
        raise UsageError(f"level must be between 0 and 1, not {level}")
    rng = np.random.default_rng(_SEED)
    real = _real(detections, rng)
    if real is None:
        return CountEstimate(
            low=0,
            level=level,
            reason=detections.reason or "no calibration applies to this picture",
        )
    tail = (1 - level) / 2
    share = _share_found(detections, rng, recall)
    if share is None:
        return CountEstimate(
            low=float(np.floor(np.quantile(real, tail))),
            level=level,
            calibration=detections.calibration,
            reason="recall on this picture is unknown; measure it with power and pass it as recall",
        )
    low, median, high = _with_missed(real, share, rng, level)
    if high > WIDEST * max(low, 1):
        return CountEstimate(
            low=low,
            level=level,
            calibration=detections.calibration,
            reason=f"the number is not bounded within a factor of {WIDEST:g}",
        )
    return CountEstimate(
        median=median, low=low, high=high, level=level, calibration=detections.calibration
    )


def probability_of(detections: Detections, *, least: int) -> float | None:
    """Return the probability that there are at least ``least`` vehicles; None if not known."""
    rng = np.random.default_rng(_SEED)
    real = _real(detections, rng)
    if real is None:
        return None
    share = _share_found(detections, rng, None)
    if share is None:
        return None
    total = real + rng.negative_binomial(real + 1, np.clip(share, 1e-3, 1))
    return float(np.mean(total >= least))


def _real(detections: Detections, rng: np.random.Generator) -> NDArray[np.int64] | None:
    """Draw the number of proposals that are real."""
    if detections.searched_m is None or detections.calibration is None:
        return None
    if detections.kind == "vehicle":
        model = shipped.vehicle_model()
        score = np.array([item.score for item in detections.proposals])
        return real_vehicles(model.odds(score, effective=_effective(detections)), model, rng)
    # False proposals of craters differ too much from place to place for a number, even a least one
    # (benchmarks: detect, craters).
    return None


def _share_found(
    detections: Detections, rng: np.random.Generator, recall: Interval | None
) -> NDArray[np.float64] | None:
    if recall is not None:
        return rng.uniform(recall.low, min(recall.high, 1.0), _DRAWS)
    if detections.kind == "vehicle":
        model = shipped.vehicle_model()
        score = np.array([item.score for item in detections.proposals])
        return recall_of_vehicles(score, model, rng)
    return None


def _effective(detections: Detections) -> float:
    return detections.effective_gsd or detections.gsd


def real_vehicles(
    odds: NDArray[np.float64], model: shipped.VehicleModel, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Draw the number of real proposals; all log odds of one picture share an error."""
    shift = rng.normal(0, model.odds_spread, _DRAWS)
    total = np.zeros(_DRAWS, np.int64)
    for value in odds:
        total += rng.random(_DRAWS) < 1 / (1 + np.exp(-(value + shift)))
    return total


def recall_of_vehicles(
    score: NDArray[np.float64], model: shipped.VehicleModel, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Draw the share of vehicles that is proposed, from the scores of the proposals."""
    odds, error = model.found_odds(score)
    return np.asarray(1 / (1 + np.exp(-rng.normal(odds, error, _DRAWS))))


def _with_missed(
    real: NDArray[np.int64],
    share: NDArray[np.float64],
    rng: np.random.Generator,
    level: float,
) -> tuple[float, float, float]:
    # With a flat prior on the number, as many objects are missed while ``real`` are found as a
    # negative binomial counts failures before the (real + 1)-th success.
    missed = rng.negative_binomial(real + 1, np.clip(share, 1e-3, 1))
    tail = (1 - level) / 2
    low, median, high = np.quantile(real + missed, [tail, 0.5, 1 - tail])
    return float(np.floor(low)), float(np.round(median)), float(np.ceil(high))
