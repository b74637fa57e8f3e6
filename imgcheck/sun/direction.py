"""Estimate the direction of shadows from the picture alone, or say why not.

In relief that is lit from one side, brightness falls slowly where surfaces turn away from the sun
and jumps where a shadow ends on the next sunlit face. The gradients of a picture are therefore
skewed along the sun's direction: their third moment, the mean of |g|^3 g, points the way of the
jump, which is the way shadows point. Gradients are first made equally strong in all directions,
so that streets and walls that prefer one direction pull less.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Blur before the gradient, pixels, and the power of the magnitude: the best of 48 combinations on
# the western half of the terrain (benchmarks: sun_direction).
_BLUR_PX = 0.7
_POWER = 3.0

# Tiles a side for the jackknife, and the smallest picture that gives them 24 px each.
_TILES = 5
SMALLEST_PX = 120

# Gradients above this share count as this strong: glints and drawn lines.
_TOP_SHARE = 99.5

# Answered when the jackknife error is at most this, degrees.
MOST_SIGMA_DEG = 4.0

# Least skewness: the length of the third moment over the mean of |g|^4; set on the western half.
LEAST_SKEW = 0.05

# The jackknife's error times this is the standard error: 1.0 would do on the western half, but
# 1.4 was needed on the eastern one.
_INFLATION = 1.4


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowDirection:
    """A direction of shadows, or why there is none.

    Attributes
    ----------
    shadow_deg : float or None
        The way shadows point, degrees clockwise from up in the picture.
    sigma_deg : float or None
        Its standard error (jackknife over parts of the picture).
    reason : str or None
        Why nothing is answered.
    skewness : float
        Strength of the asymmetry, 0 for none.
    sign_known : bool
        Always ``False``: the axis is measured, and which end is the sun's is right in dense relief
        (trees, quarters of houses) but turned round where single blocks stand on open ground.
    """

    shadow_deg: float | None
    sigma_deg: float | None
    reason: str | None
    skewness: float
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
    Measured on rendered relief only (docs/benchmarks.md, section *sun.shadow_direction*). It knows
    the axis of the shadows; the sign needs a person, or a place where the sun cannot stand on the
    other side.
    """
    if min(gray.shape) < SMALLEST_PX:
        return _none(f"the picture is smaller than {SMALLEST_PX} px", 0.0)
    smooth = cv2.GaussianBlur(np.asarray(gray, np.float64), (0, 0), _BLUR_PX)
    across, down = (cv2.Sobel(smooth, cv2.CV_64F, *way) for way in ((1, 0), (0, 1)))
    field = np.asarray([across[6:-6, 6:-6], down[6:-6, 6:-6]], np.float64)
    good = np.ones(gray.shape, bool) if valid is None else valid
    wide = np.ones((13, 13), np.uint8)
    good = cv2.erode(good.astype(np.uint8), wide)[6:-6, 6:-6].astype(bool)
    if np.count_nonzero(good) < SMALLEST_PX**2 / 2:
        return _none("too little of the picture is usable", 0.0)
    moments, strength = _moments(field, good)
    total = moments.sum(axis=0)
    skewness = float(np.hypot(*total)) / strength if strength > 0 else 0.0
    direction = _bearing(total)
    sigma = _jackknife(moments)
    if not math.isfinite(sigma) or skewness < LEAST_SKEW:
        return _none("light and shade are not skewed in any direction", skewness)
    if sigma > MOST_SIGMA_DEG:
        return _none(f"parts of the picture disagree by {sigma:.0f} degrees", skewness)
    return ShadowDirection(
        shadow_deg=direction, sigma_deg=sigma * _INFLATION, reason=None, skewness=skewness
    )


def _none(reason: str, skewness: float) -> ShadowDirection:
    return ShadowDirection(shadow_deg=None, sigma_deg=None, reason=reason, skewness=skewness)


def _bearing(vector: Floats) -> float:
    """Degrees clockwise from up of (right, down)."""
    return math.degrees(math.atan2(float(vector[0]), -float(vector[1]))) % 360


def _moments(field: Floats, good: NDArray[np.bool_]) -> tuple[Floats, float]:
    """Third moments of the tiles (T, 2), and what their sum would be if all pointed one way."""
    samples = field[:, good]
    values, axes = np.linalg.eigh(np.cov(samples))
    if values[0] <= 1e-12:
        return np.zeros((_TILES**2, 2)), 0.0
    whiten = axes @ np.diag(values**-0.5) @ axes.T
    back = axes @ np.diag(values**0.5) @ axes.T
    round_field = np.einsum("ij,jmn->imn", whiten, field)
    size = np.hypot(round_field[0], round_field[1])
    size = np.minimum(size, np.percentile(size[good], _TOP_SHARE))
    weight = np.where(good, size**_POWER, 0.0)
    push = weight * round_field
    rows = np.array_split(np.arange(push.shape[1]), _TILES)
    cols = np.array_split(np.arange(push.shape[2]), _TILES)
    tiles = [
        push[:, r[0] : r[-1] + 1, c[0] : c[-1] + 1].sum(axis=(1, 2)) for r in rows for c in cols
    ]
    scale = math.sqrt(float(values.mean()))
    return np.array(tiles) @ back.T, float((weight * size).sum()) * scale


def _jackknife(moments: Floats) -> float:
    """Standard error of the direction of the sum when tiles are left out one by one, degrees."""
    total = moments.sum(axis=0)
    whole = _bearing(total)
    turns = [(_bearing(total - one) - whole + 180) % 360 - 180 for one in moments]
    count = len(moments)
    return math.sqrt((count - 1) / count * float(np.sum(np.square(turns))))
