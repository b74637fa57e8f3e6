"""Estimate the direction of shadows from the picture alone, or say why not.

Traits of every direction (profiles.py) are scored by one small network that all directions share,
fitted on rendered pictures with a known sun; the scores of 120 directions and of "no shadows to
be seen" are made probabilities. The answer is their peak, its error their spread about it.
"""

import math
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from imgcheck.sun.profiles import BINS, directional

Floats = NDArray[np.float64]

# Smallest side: below it few pictures hold enough shadows.
SMALLEST_PX = 120

# An axis is given when this much of the probability lies within _WINDOW_DEG of it (in either
# sense): of 0.85, 0.9, 0.95, 0.98 the one with the fewest errors above 15 degrees (1 of 128) on the
# quarter of the tuning pictures that the fit had not seen.
LEAST_CONFIDENCE = 0.98
_WINDOW_DEG = 12.0

# The sense is given when this share of the axis' probability lies on one of its two ends: chosen
# beforehand, measured in the benchmark.
LEAST_SENSE = 0.98

# Added to the spread of the probabilities in quadrature, for bins of three degrees: on the same
# quarter errors over sigma then have a root mean square of 1.08.
_FLOOR_DEG = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowDirection:
    """A direction of shadows, or why there is none.

    Attributes
    ----------
    shadow_deg : float or None
        The way shadows point, degrees clockwise from up in the picture.
    sigma_deg : float or None
        Its standard error; about the axis, where the sense is not known.
    reason : str or None
        Why nothing is answered.
    confidence : float
        Probability that the axis is within 12 degrees, as the fitted model has it.
    sign_known : bool
        ``False`` where shadows may as well point the opposite way.
    """

    shadow_deg: float | None
    sigma_deg: float | None
    reason: str | None
    confidence: float
    sign_known: bool = False


def shadow_direction(
    gray: NDArray[np.float32], *, valid: NDArray[np.bool_] | None = None
) -> ShadowDirection:
    """Estimate which way the shadows of a picture point.

    Parameters
    ----------
    gray : ndarray of shape (M, N), float32 in [0, 1]
        Brightness.
    valid : ndarray of shape (M, N), bool, optional
        Pixels that count: not drawn over, not nodata.

    Returns
    -------
    ShadowDirection

    Notes
    -----
    Fitted and measured on rendered pictures (docs/benchmarks/sun.md, *sun.shadow_direction*):
    a lead for the person who measures a shadow, not a measurement to test a claim with.
    """
    if min(gray.shape) < SMALLEST_PX:
        return _none(f"the picture is smaller than {SMALLEST_PX} px", 0.0)
    good = np.ones(gray.shape, bool) if valid is None else np.asarray(valid, bool)
    if np.count_nonzero(good) < SMALLEST_PX**2 / 2:
        return _none("too little of the picture is usable", 0.0)
    if float(np.ptp(np.nan_to_num(gray)[good])) < 1 / 128:
        return _none("the picture has no contrast", 0.0)
    return weigh(probabilities(directional(gray, good)))


def probabilities(traits: Floats) -> Floats:
    """Turn traits (120, F) into the probabilities of 120 directions and, last, of none."""
    model = _model()
    rows = np.clip((traits - model["mean"]) / model["scale"], -5, 5)
    score = np.tanh(rows @ model["first"] + model["bias"]) @ model["second"]
    score = np.append(score, model["none"])
    chance = np.exp(score - score.max())
    return np.asarray(chance / chance.sum(), np.float64)


def weigh(chance: Floats) -> ShadowDirection:
    """Read a direction out of 121 probabilities."""
    if chance[BINS] > 0.5:
        return _none("no shadows are told from the rest", 1 - float(chance[BINS]))
    half = BINS // 2
    turn = np.arange(half) * (360 / BINS)
    axis = chance[:half] + chance[half:BINS]
    away = (turn - turn[:, None] + 90) % 180 - 90
    held = np.where(np.abs(away) <= _WINDOW_DEG, axis, 0.0)
    best = int(np.argmax(held.sum(axis=1)))
    confidence = float(held[best].sum())
    if confidence < LEAST_CONFIDENCE:
        return _none("no direction stands out from the others", confidence)
    middle = float(held[best] @ away[best]) / confidence
    spread = math.sqrt(float(held[best] @ (away[best] - middle) ** 2) / confidence)
    sigma = math.hypot(spread, _FLOOR_DEG)
    direction = float(turn[best]) + middle
    ends = np.arange(BINS) * (360 / BINS) - direction
    ahead = float(chance[:BINS][np.cos(np.radians(ends)) > math.cos(math.radians(30))].sum())
    behind = float(chance[:BINS][np.cos(np.radians(ends)) < -math.cos(math.radians(30))].sum())
    if behind > ahead:
        direction, ahead, behind = direction + 180, behind, ahead
    return ShadowDirection(
        shadow_deg=direction % 360,
        sigma_deg=sigma,
        reason=None,
        confidence=confidence,
        sign_known=ahead >= LEAST_SENSE * (ahead + behind),
    )


def _none(reason: str, confidence: float) -> ShadowDirection:
    return ShadowDirection(shadow_deg=None, sigma_deg=None, reason=reason, confidence=confidence)


@cache
def _model() -> dict[str, Floats]:
    """Load the fitted weights (training/fit_direction.py)."""
    with (resources.files("imgcheck.sun") / "direction.npz").open("rb") as stream:
        stored = np.load(stream, allow_pickle=False)
        return {name: stored[name].astype(np.float64) for name in stored.files}
