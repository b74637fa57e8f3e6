"""The calibrations and linear models that are part of the package, read once from JSON."""

import json
import math
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

_PRIOR = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleModel:
    """Threshold and calibration of the vehicle network.

    ``slope``, ``offset`` and ``coarser`` turn a score, and the octaves by which the picture is
    coarser than 0.25 m, into the log odds that a proposal is real; ``odds_spread`` is their
    standard deviation from place to place. The log odds of recall rise by ``recall_score`` with
    the mean score above the threshold, which is ``mean_excess`` over all places with a standard
    deviation of ``excess_spread`` between proposals; ``recall_spread`` is left between places.
    """

    calibration: str
    threshold: float
    coarsest_m: float
    slope: float
    offset: float
    coarser: float
    odds_spread: float
    recall_odds: float
    recall_score: float
    recall_spread: float
    mean_excess: float
    excess_spread: float
    length_m: tuple[float, float]  # factors on the proposed length, 90 %
    width_m: tuple[float, float]

    def odds(self, score: NDArray[np.float64], *, effective: float) -> NDArray[np.float64]:
        """Return the log odds that proposals are real, at an average place."""
        return self.slope * score + self.offset + self.coarser * octaves(effective)

    def found_odds(self, score: NDArray[np.float64]) -> tuple[float, float]:
        """Return the log odds that a vehicle of this picture is proposed, and their error.

        ``score`` are those of the proposals. Where they are barely above the threshold, more
        vehicles lie below it. Few proposals are completed by `_PRIOR` average ones.
        """
        number = len(score) + _PRIOR
        excess = float((score - self.threshold).sum()) + _PRIOR * self.mean_excess
        error = self.recall_score * self.excess_spread / math.sqrt(number)
        odds = self.recall_odds + self.recall_score * excess / number
        return odds, math.hypot(error, self.recall_spread)


def octaves(effective: float) -> float:
    """Return the octaves by which an effective ground sample distance is coarser than 0.25 m."""
    return max(0.0, math.log2(effective / 0.25))


@dataclass(frozen=True, slots=True, kw_only=True)
class CraterModel:
    """Rate of false alarms of the crater network.

    ``tails`` has one row per size band: first diameter in pixels, then a and b of
    ``log10(false proposals per megapixel) = a - b * heat``.
    """

    calibration: str
    tails: tuple[tuple[float, float, float], ...]
    false_per_megapixel: tuple[float, float, float]  # median, low and high over places
    diameter: tuple[float, float]  # factors on the proposed diameter, 95 %


def _read(name: str) -> dict[str, Any]:
    text = (resources.files("imgcheck.detect") / "models" / name).read_text("utf-8")
    content: dict[str, Any] = json.loads(text)
    return content


@cache
def vehicle_model() -> VehicleModel:
    """Read the calibration of the vehicle network."""
    return vehicle_model_of(_read("vehicles.json"))


def vehicle_model_of(raw: dict[str, Any]) -> VehicleModel:
    """Return the calibration that a JSON document of `training.calibrate_vehicles` states."""
    numbers = {name: value for name, value in raw.items() if name != "origin"}
    for name in ("length_m", "width_m"):
        numbers[name] = tuple(numbers[name])
    return VehicleModel(**numbers)


@cache
def crater_model(*, azimuth_known: bool) -> CraterModel:
    """Read the crater model for a known or an unknown azimuth of the sun."""
    raw = _read("craters.json")["known" if azimuth_known else "unknown"]
    raw["tails"] = tuple(tuple(row) for row in raw["tails"])
    for name in ("false_per_megapixel", "diameter"):
        raw[name] = tuple(raw[name])
    return CraterModel(**raw)
