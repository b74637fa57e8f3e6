"""The linear models that are part of the package, read once from JSON."""

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleModel:
    """Template, threshold and calibration of the vehicle detector.

    ``slope`` and ``offset`` turn a score into the log odds that a proposal is real;
    ``odds_spread`` is their standard deviation from place to place. ``recall_odds`` and
    ``recall_spread`` are the same for recall.
    """

    calibration: str
    template: NDArray[np.float32]
    bias: float
    threshold: float
    gsd_range: tuple[float, float]
    slope: float
    offset: float
    odds_spread: float
    recall_odds: float
    recall_spread: float
    length_m: tuple[float, float]  # factors on the proposed length, 95 %
    width_m: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class CraterModel:
    """Weights of the crater score, and its rate of false alarms.

    ``tails`` has one row per size band: first diameter in pixels, then a and b of
    ``log10(false proposals per megapixel) = a - b * raw score``.
    """

    calibration: str
    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    weights: NDArray[np.float64]
    bias: float
    tails: tuple[tuple[float, float, float], ...]
    false_per_megapixel: tuple[float, float, float]  # median, low and high over places


def _read(name: str) -> dict[str, Any]:
    text = (resources.files("imgcheck.detect") / "models" / name).read_text("utf-8")
    content: dict[str, Any] = json.loads(text)
    return content


@cache
def vehicle_model() -> VehicleModel:
    """Read the vehicle model."""
    raw = _read("vehicles.json")
    raw["template"] = np.array(raw["template"], np.float32).reshape(raw.pop("shape"))
    raw["template"].setflags(write=False)
    for name in ("gsd_range", "length_m", "width_m"):
        raw[name] = tuple(raw[name])
    raw.pop("origin")
    return VehicleModel(**raw)


@cache
def crater_model(*, azimuth_known: bool) -> CraterModel:
    """Read the crater model for a known or an unknown azimuth of the sun."""
    raw = _read("craters.json")["known" if azimuth_known else "unknown"]
    for name in ("mean", "scale", "weights"):
        raw[name] = np.array(raw[name], float)
        raw[name].setflags(write=False)
    raw["tails"] = tuple(tuple(row) for row in raw["tails"])
    raw["false_per_megapixel"] = tuple(raw["false_per_megapixel"])
    return CraterModel(**raw)
