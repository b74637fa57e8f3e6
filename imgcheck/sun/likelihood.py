"""How probable a measured shadow is when the sun stands at a given place.

A vertical post of height h on ground with the gradient vector g (rise over run) throws a shadow
of plan length L in the direction s, away from the sun:

    L / h = 1 / (tan e + g.s)

Its direction in plan does not depend on the slope. What is not known exactly enters as an error:

- slope: g.s is Gaussian about the stated slope with the standard deviation tan(slope_sigma);
  it is integrated out, because at a low sun its effect on the length is far from Gaussian;
- lean of the post: its head is off its foot by h tan(lean), independently along and across the
  shadow: tan(lean) in the ratio, tan(lean) tan(e) radians in the direction;
- a slanting view of ground that was rectified as if it were level: the tip lies off its plan
  place by L (g.s) tan(view) in a direction that is not known, half of it (in the mean square)
  across the shadow and half along it;
- the fading edge of every shadow and the floor of directions, as in `imgcheck.sun.shadow`.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imgcheck.sun.path import Path
from imgcheck.sun.shadow import Measured

Floats = NDArray[np.float64]

# Share of measurements that are blunders (the wrong object, north turned round): it bounds the
# likelihood ratio that one shadow can give. Not measured; a convention, as small as a careful
# analyst may hope for.
BLUNDERS = 0.001

# Nodes over +-4 standard deviations of the slope; each kernel is widened by its share of the gap.
_NODES = 33
_REACH = 4.0

# A blunder's ratio is taken as log-uniform between 0.1 and 20.
_LOG_RATIO_SPAN = math.log(200.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorModel:
    """What is known of ground, object and view; tangents, not degrees.

    ``east`` and ``north`` are the stated rise of the ground per metre towards east and north.
    """

    east: float
    north: float
    slope_sigma: float
    lean_sigma: float
    view: float

    def rise(self, path: Path) -> Floats:
        """Give the stated rise along the shadow (g.s) at each step."""
        away = np.radians(path.azimuth + 180)
        return self.east * np.sin(away) + self.north * np.cos(away)


def _smear(change: Floats) -> Floats:
    """Variance of a value that runs through ``change`` within a step."""
    return change**2 / 12


def azimuth_terms(seen: Measured, model: ErrorModel, path: Path) -> tuple[Floats, Floats]:
    """Give residual and standard error of the direction, degrees."""
    assert seen.sun_azimuth is not None
    residual = np.mod(seen.sun_azimuth - path.azimuth + 180, 360) - 180
    high = np.tan(np.radians(np.clip(path.elevation, 0.01, 89.9)))
    slanted = (model.rise(path) ** 2 + model.slope_sigma**2) * model.view**2 / 2
    extra = np.degrees(np.sqrt((model.lean_sigma * high) ** 2 + slanted)) ** 2
    return residual, np.sqrt(seen.azimuth_sigma**2 + extra + _smear(path.turn()))


def log_likelihood(seen: Measured, model: ErrorModel, path: Path) -> Floats:
    """Log of the probability density of what was measured, at each step; -inf at night."""
    total = np.zeros(path.times.size)
    if seen.sun_azimuth is not None:
        residual, sigma = azimuth_terms(seen, model, path)
        total += -((residual / sigma) ** 2) / 2 - np.log(sigma * math.sqrt(2 * math.pi))
    total[~path.up] = -np.inf
    if seen.ratio is not None:
        # Where the direction already excludes a moment, its length is not looked at.
        alive = np.flatnonzero(total > np.max(total, initial=-np.inf) - 45)
        rise = np.full(total.size, -np.inf)
        rise[alive] = _ratio_log(seen, model, path, alive)
        total += rise
    return total


def _ratio_log(seen: Measured, model: ErrorModel, path: Path, alive: NDArray[np.int64]) -> Floats:
    assert seen.ratio is not None
    part = path.at(alive)
    height = np.radians(np.clip(part.elevation, 0.01, 90))
    level = np.tan(height) + model.rise(part)
    moved = np.radians(path.rise()[alive]) / np.sin(height) ** 2
    known = seen.ratio_sigma**2 + model.lean_sigma**2
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
            * np.exp(-((seen.ratio - ratio) ** 2) / (2 * variance))
            / np.sqrt(2 * math.pi * variance)
        )
    return np.log(np.maximum(density, 1e-300))


def misfit(seen: Measured, model: ErrorModel, path: Path) -> Floats:
    """Sum of squared deviations in standard errors at each step; infinite at night.

    The ratio is compared as its inverse, in which the slope is Gaussian.
    """
    total = np.zeros(path.times.size)
    if seen.sun_azimuth is not None:
        residual, sigma = azimuth_terms(seen, model, path)
        total += (residual / sigma) ** 2
    if seen.ratio is not None:
        level = np.tan(np.radians(np.clip(path.elevation, 0.01, 90))) + model.rise(path)
        noise = math.hypot(seen.ratio_sigma, model.lean_sigma) / seen.ratio**2
        smear = _smear(np.radians(path.rise()) * (1 + level**2))
        total += (1 / seen.ratio - level) ** 2 / (model.slope_sigma**2 + noise**2 + smear)
    return np.where(path.up, total, np.inf)


def blunder_density(seen: Measured) -> float:
    """Probability density of what was measured when it is a blunder."""
    density = 1.0
    if seen.sun_azimuth is not None:
        density /= 360.0
    if seen.ratio is not None:
        density /= seen.ratio * _LOG_RATIO_SPAN
    return density


def mean_likelihood(seen: Measured, model: ErrorModel, path: Path, *, daylight: bool) -> float:
    """Likelihood averaged over the steps of a path, blunders included.

    With ``daylight`` only over the steps at which the sun is up; otherwise the night counts, and
    there a shadow of the sun can only be a blunder.
    """
    steps = path.up if daylight else np.ones(path.times.size, bool)
    fitted = 0.0
    if steps.any():
        fitted = float(np.mean(np.exp(log_likelihood(seen, model, path)[steps])))
    return (1 - BLUNDERS) * fitted + BLUNDERS * blunder_density(seen)
