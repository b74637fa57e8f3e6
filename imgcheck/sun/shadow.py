"""What one measured shadow says about one position of the sun.

A shadow is measured in a picture whose grid lies flat on the ground (an ortho-picture): the
direction in which it points, and its length along the ground over the height of the thing that
casts it, measured from the foot of that thing and not from its roof.
"""

import math
from dataclasses import dataclass

from imgcheck.errors import UsageError
from imgcheck.sun.spa import SUN_RADIUS_DEG

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
) -> Measured:
    """Check what was measured, and add the floors to the errors."""
    if shadow_azimuth is not None and sun_azimuth is not None:
        raise UsageError("give shadow_azimuth or sun_azimuth, not both: they differ by 180 degrees")
    if shadow_azimuth is None and sun_azimuth is None and ratio is None:
        raise UsageError("nothing was measured: give shadow_azimuth, sun_azimuth or ratio")
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
    )


def tail(chi2: float, degrees_of_freedom: int) -> float:
    """P(chi-squared of 1 or 2 degrees of freedom >= ``chi2``)."""
    if degrees_of_freedom == 1:
        return math.erfc(math.sqrt(chi2 / 2))
    return math.exp(-chi2 / 2)
