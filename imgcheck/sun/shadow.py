"""What one measured shadow says about one position of the sun.

A shadow is measured in a picture whose grid lies flat on the ground (an ortho-picture): the
direction in which it points, and its length along the ground over the height of the thing that
casts it, measured from the foot of that thing and not from its roof.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imgcheck.errors import UsageError
from imgcheck.sun.spa import SUN_RADIUS_DEG, SunPosition

Floats = NDArray[np.float64]

# No direction in a picture is known better than this: UTC for UT1 (0.004), the angle between grid
# north and true north within one picture, and the ground sample being not quite square.
AZIMUTH_FLOOR_DEG = 0.1

# The tip of a shadow is not sharp: it fades over the width of the sun. Where a person sees its end
# is taken as uniform over the disc, whose standard deviation is 2 r / sqrt(12).
ELEVATION_FLOOR_DEG = 2 * SUN_RADIUS_DEG / math.sqrt(12)


# The sun's disc touches the horizon: no shadow has a length there.
LONGEST_RATIO = 1000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Checked measurements with their errors, floors included; ``None`` where not measured."""

    sun_azimuth: float | None
    azimuth_sigma: float
    ratio: float | None
    ratio_sigma: float
    slope_deg: float

    @property
    def degrees_of_freedom(self) -> int:
        return (self.sun_azimuth is not None) + (self.ratio is not None)


def _pair(name: str, value: tuple[float, float]) -> tuple[float, float]:
    try:
        number, sigma = (float(part) for part in value)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{name} is a pair (value, sigma), not {value!r}") from error
    if not (math.isfinite(number) and math.isfinite(sigma) and sigma > 0):
        raise UsageError(f"{name} needs a finite value and a sigma above 0, not {value!r}")
    return number, sigma


def measured(
    shadow_azimuth: tuple[float, float] | None,
    sun_azimuth: tuple[float, float] | None,
    ratio: tuple[float, float] | None,
    slope_deg: float,
) -> Measured:
    """Check what was measured, and add the floors to the errors."""
    if shadow_azimuth is not None and sun_azimuth is not None:
        raise UsageError("give shadow_azimuth or sun_azimuth, not both: they differ by 180 degrees")
    if shadow_azimuth is None and sun_azimuth is None and ratio is None:
        raise UsageError("nothing was measured: give shadow_azimuth, sun_azimuth or ratio")
    if not 0 <= slope_deg < 45:
        raise UsageError(f"slope_deg lies between 0 and 45 degrees, not {slope_deg}")
    towards, azimuth_sigma = None, math.inf
    for name, given, turn in (
        ("shadow_azimuth", shadow_azimuth, 180.0),
        ("sun_azimuth", sun_azimuth, 0.0),
    ):
        if given is not None:
            value, sigma = _pair(name, given)
            towards, azimuth_sigma = (value + turn) % 360, math.hypot(sigma, AZIMUTH_FLOOR_DEG)
    length, ratio_sigma = None, math.inf
    if ratio is not None:
        length, sigma = _pair("ratio", ratio)
        if length <= 0:
            raise UsageError(f"ratio is shadow length over height, above 0, not {length}")
        if length > LONGEST_RATIO or sigma > LONGEST_RATIO:
            raise UsageError(f"a shadow is at most {LONGEST_RATIO:g} times as long, not {length}")
        # d cot(e) = -(1 + cot^2 e) de
        blur = (1 + length**2) * math.radians(ELEVATION_FLOOR_DEG)
        ratio_sigma = math.hypot(sigma, blur)
    return Measured(
        sun_azimuth=towards,
        azimuth_sigma=azimuth_sigma,
        ratio=length,
        ratio_sigma=ratio_sigma,
        slope_deg=slope_deg,
    )


def is_up(sun: SunPosition) -> NDArray[np.bool_]:
    """Say where any part of the sun's disc stands above a flat horizon."""
    return sun.apparent_elevation_deg > -SUN_RADIUS_DEG


def azimuth_residual(seen: Measured, sun: SunPosition) -> Floats:
    """Measured minus computed azimuth of the sun, degrees in [-180, 180)."""
    assert seen.sun_azimuth is not None
    return np.mod(seen.sun_azimuth - sun.azimuth_deg + 180, 360) - 180


def ratio_range(seen: Measured, sun: SunPosition) -> tuple[Floats, Floats]:
    """Smallest and largest length-to-height ratio that the slope allows.

    On ground that rises by the angle s in the direction of the shadow, a post of height h throws
    a shadow of horizontal length h / (tan e + tan s); a falling ground has s < 0. Where the
    ground falls as steeply as the light, the shadow has no end.
    """
    tangent = np.tan(np.radians(np.clip(sun.apparent_elevation_deg, 0.01, 90)))
    tilt = math.tan(math.radians(seen.slope_deg))
    falling = tangent - tilt
    longest = np.where(falling > 1e-9, 1 / np.maximum(falling, 1e-9), np.inf)
    return 1 / (tangent + tilt), longest


def ratio_residual(seen: Measured, sun: SunPosition) -> Floats:
    """Measured ratio minus the nearest one that the slope allows; 0 inside the range."""
    assert seen.ratio is not None
    low, high = ratio_range(seen, sun)
    return np.minimum(seen.ratio - low, 0.0) + np.maximum(seen.ratio - high, 0.0)


def misfit(seen: Measured, sun: SunPosition) -> Floats:
    """Sum of squared deviations in sigmas at each instant; infinite when the sun is down."""
    total = np.zeros_like(sun.azimuth_deg)
    if seen.sun_azimuth is not None:
        total += (azimuth_residual(seen, sun) / seen.azimuth_sigma) ** 2
    if seen.ratio is not None:
        total += (ratio_residual(seen, sun) / seen.ratio_sigma) ** 2
    return np.where(is_up(sun), total, np.inf)


def tail(chi2: float, degrees_of_freedom: int) -> float:
    """P(chi-squared of 1 or 2 degrees of freedom >= ``chi2``)."""
    if degrees_of_freedom == 1:
        return math.erfc(math.sqrt(chi2 / 2))
    return math.exp(-chi2 / 2)


def bound(degrees_of_freedom: int, level: float) -> float:
    """Give the chi-squared value that a true instant stays below with probability ``level``."""
    if degrees_of_freedom == 2:
        return -2 * math.log(1 - level)
    low, high = 0.0, 100.0
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if tail(middle, 1) > 1 - level else (low, middle)
    return (low + high) / 2
