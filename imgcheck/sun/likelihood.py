"""How probable a measured shadow is when the sun is at a given position.

A shadow is measured in an ortho-picture, whose grid lies flat on the ground: its direction, and its
length along the ground over the height of the object, from the foot of the object.

A vertical post of height h on ground with the gradient vector g (rise over run) casts a shadow of
plan length L in the direction s, away from the sun:

    L / h = 1 / (tan e + g.s)

Its direction in plan does not depend on the slope. The errors are:

- slope: g.s is Gaussian about the stated slope with the standard deviation tan(slope_sigma);
  it is integrated out, because at a low sun its effect on the length is far from Gaussian;
- lean of the post: its head is offset from its foot by h tan(lean), independently along and across
  the shadow: tan(lean) in the ratio, tan(lean) tan(e) radians in the direction;
- an oblique view of ground that was rectified as if it were level: the tip is displaced by
  L (g.s) tan(view) in an unknown direction, half of it (in the mean square) across the shadow;
- the soft edge of every shadow and the minimum error of directions, below.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imgcheck.errors import UsageError
from imgcheck.sun.path import Path
from imgcheck.sun.spa import SUN_RADIUS_DEG

Floats = NDArray[np.float64]

# Minimum error of a direction in a picture: UTC for UT1 (0.004), the angle between grid north and
# true north within one picture, and pixels that are not quite square.
_AZIMUTH_FLOOR_DEG = 0.1

# The tip of a shadow fades over the width of the sun. Where a person sees its end is assumed
# uniform over the disc, whose standard deviation is 2 r / sqrt(12).
_ELEVATION_FLOOR_DEG = 2 * SUN_RADIUS_DEG / math.sqrt(12)


# The sun's disc then touches the horizon: no shadow has a length there.
_LONGEST_RATIO = 1000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A measured number with its standard error, minimum errors included."""

    value: float
    sigma: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Checked measurements: the direction towards the sun in degrees, and length over height."""

    azimuth: Value | None
    ratio: Value | None

    @property
    def degrees_of_freedom(self) -> int:
        return (self.azimuth is not None) + (self.ratio is not None)


def _pair(name: str, value: tuple[float, float]) -> tuple[float, float]:
    try:
        number, sigma = (float(part) for part in value)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{name} must be a pair (value, sigma), not {value!r}") from error
    if not (math.isfinite(number) and math.isfinite(sigma) and sigma > 0):
        raise UsageError(f"{name} needs a finite value and a sigma above 0, not {value!r}")
    return number, sigma


def measured(
    shadow_azimuth: tuple[float, float] | None,
    azimuth: tuple[float, float] | None,
    ratio: tuple[float, float] | None,
) -> Measured:
    """Check the measurements, and add the minimum errors."""
    if shadow_azimuth is not None and azimuth is not None:
        raise UsageError("give shadow_azimuth or azimuth, not both: they differ by 180 degrees")
    if shadow_azimuth is None and azimuth is None and ratio is None:
        raise UsageError("nothing was measured: give azimuth, shadow_azimuth or ratio")
    towards = length = None
    for name, given, turn in (
        ("shadow_azimuth", shadow_azimuth, 180.0),
        ("azimuth", azimuth, 0.0),
    ):
        if given is not None:
            value, sigma = _pair(name, given)
            error = math.hypot(sigma, _AZIMUTH_FLOOR_DEG)
            towards = Value(value=(value + turn) % 360, sigma=error)
    if ratio is not None:
        value, sigma = _pair("ratio", ratio)
        if value <= 0:
            raise UsageError(
                "the shadow ratio must be the shadow length divided by the height, above 0, "
                f"not {value}"
            )
        if value > _LONGEST_RATIO or sigma > _LONGEST_RATIO:
            raise UsageError(
                f"the shadow ratio must be at most {_LONGEST_RATIO:g}, not {value:g} ± {sigma:g}"
            )
        # d cot(e) = -(1 + cot^2 e) de
        blur = (1 + value**2) * math.radians(_ELEVATION_FLOOR_DEG)
        length = Value(value=value, sigma=math.hypot(sigma, blur))
    return Measured(azimuth=towards, ratio=length)


def tail(chi2: float, degrees_of_freedom: int) -> float:
    """Return P(chi-squared of 1 or 2 degrees of freedom >= ``chi2``)."""
    if degrees_of_freedom == 1:
        return math.erfc(math.sqrt(chi2 / 2))
    return math.exp(-chi2 / 2)


# Share of measurements that are blunders (the wrong object, north reversed): it bounds the
# likelihood ratio of one shadow. A convention, not measured; small, for a careful analyst.
BLUNDERS = 0.001

# Nodes over +-4 standard deviations of the slope; each kernel is widened by its share of the gap.
_NODES = 33
_REACH = 4.0

# The ratio of a blunder is assumed log-uniform between 0.1 and 20.
_LOG_RATIO_SPAN = math.log(200.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorModel:
    """Errors of ground, object and view, as tangents.

    ``east`` and ``north`` are the stated rise of the ground per metre towards east and north.
    """

    east: float
    north: float
    slope_sigma: float
    lean_sigma: float
    view: float

    def rise(self, path: Path) -> Floats:
        """Return the stated rise along the shadow (g.s) at each step."""
        away = np.radians(path.azimuth + 180)
        return self.east * np.sin(away) + self.north * np.cos(away)


def _smear(change: Floats) -> Floats:
    """Return the variance of a value that changes by ``change`` within a step."""
    return change**2 / 12


def _azimuth_terms(seen: Value, model: ErrorModel, path: Path) -> tuple[Floats, Floats]:
    """Return residual and standard error of the direction, degrees."""
    residual = np.mod(seen.value - path.azimuth + 180, 360) - 180
    high = np.tan(np.radians(np.clip(path.elevation, 0.01, 89.9)))
    slanted = (model.rise(path) ** 2 + model.slope_sigma**2) * model.view**2 / 2
    extra = np.degrees(np.sqrt((model.lean_sigma * high) ** 2 + slanted)) ** 2
    return residual, np.sqrt(seen.sigma**2 + extra + _smear(path.turn()))


def log_likelihood(seen: Measured, model: ErrorModel, path: Path) -> Floats:
    """Return the log density of the measurement at each step; -inf at night."""
    total = np.zeros(path.times.size)
    if seen.azimuth is not None:
        residual, sigma = _azimuth_terms(seen.azimuth, model, path)
        total += -((residual / sigma) ** 2) / 2 - np.log(sigma * math.sqrt(2 * math.pi))
    total[~path.up] = -np.inf
    if seen.ratio is not None:
        # Where the direction already excludes a moment, the length is not evaluated.
        alive = np.flatnonzero(total > np.max(total, initial=-np.inf) - 45)
        rise = np.full(total.size, -np.inf)
        rise[alive] = _ratio_log(seen.ratio, model, path, alive)
        total += rise
    return total


def _ratio_log(seen: Value, model: ErrorModel, path: Path, alive: NDArray[np.int64]) -> Floats:
    part = path.at(alive)
    height = np.radians(np.clip(part.elevation, 0.01, 90))
    level = np.tan(height) + model.rise(part)
    moved = np.radians(path.rise()[alive]) / np.sin(height) ** 2
    known = seen.sigma**2 + model.lean_sigma**2
    nodes = np.linspace(-_REACH, _REACH, _NODES) if model.slope_sigma > 0 else np.zeros(1)
    weights = np.exp(-(nodes**2) / 2)
    weights /= weights.sum()
    gap = model.slope_sigma * (2 * _REACH / (_NODES - 1))
    density = np.zeros(alive.size)
    for node, weight in zip(nodes, weights, strict=True):
        fall = level + model.slope_sigma * node
        ratio = 1 / np.maximum(fall, 1e-4)
        slanted = (ratio * model.view) ** 2 * (model.slope_sigma * node) ** 2 / 2
        variance = known + slanted + (ratio**2 * gap) ** 2 / 12 + _smear(moved)
        # Ground that falls as steeply as the light: the shadow has no end, and no length.
        ends = fall > 1e-4
        density += (
            weight
            * ends
            * np.exp(-((seen.value - ratio) ** 2) / (2 * variance))
            / np.sqrt(2 * math.pi * variance)
        )
    return np.log(np.maximum(density, 1e-300))


def misfit(seen: Measured, model: ErrorModel, path: Path) -> Floats:
    """Return the sum of squared deviations in standard errors at each step; infinite at night.

    The ratio is compared as its inverse, in which the slope is Gaussian.
    """
    total = np.zeros(path.times.size)
    if seen.azimuth is not None:
        residual, sigma = _azimuth_terms(seen.azimuth, model, path)
        total += (residual / sigma) ** 2
    if seen.ratio is not None:
        level = np.tan(np.radians(np.clip(path.elevation, 0.01, 90))) + model.rise(path)
        noise = math.hypot(seen.ratio.sigma, model.lean_sigma) / seen.ratio.value**2
        smear = _smear(np.radians(path.rise()) * (1 + level**2))
        total += (1 / seen.ratio.value - level) ** 2 / (model.slope_sigma**2 + noise**2 + smear)
    return np.where(path.up, total, np.inf)


def _blunder_density(seen: Measured) -> float:
    """Return the probability density of the measurement if it is a blunder."""
    density = 1.0
    if seen.azimuth is not None:
        density /= 360.0
    if seen.ratio is not None:
        density /= seen.ratio.value * _LOG_RATIO_SPAN
    return density


def mean_likelihood(seen: Measured, model: ErrorModel, path: Path, *, daylight: bool) -> float:
    """Return the likelihood averaged over the steps of a path, blunders included.

    With ``daylight`` only the steps with the sun up count; otherwise also the night, when a shadow
    of the sun can only be a blunder.
    """
    steps = path.up if daylight else np.ones(path.times.size, bool)
    fitted = 0.0
    if steps.any():
        fitted = float(np.mean(np.exp(log_likelihood(seen, model, path)[steps])))
    return (1 - BLUNDERS) * fitted + BLUNDERS * _blunder_density(seen)
