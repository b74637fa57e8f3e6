"""The smallest object that a comparison of two pictures would have shown."""

import math

import numpy as np
from numpy.typing import NDArray

from imgcheck.change.grid import Mask
from imgcheck.change.score import Score, joint_z

# Sides tried, pixels.
_SIDES = (3, 4, 5, 6, 7, 8, 10, 12, 14, 17, 20, 24, 28, 34, 40, 48, 56, 64)

_PLACES = 4_000

# Mean height of a smoothed square over its ground, against that of its centre.
_FULLNESS = 0.6


def _peak(side: float, sigma: float) -> float:
    """Height at its centre of a square of height 1 after Gaussian smoothing."""
    return math.erf(side / (2 * math.sqrt(2) * sigma)) ** 2


def smallest_found(
    score: Score,
    known: Mask,
    threshold: float,
    *,
    contrast: float,
    least_weight: float,
    blur_px: float,
    gsd: float,
    least_area: float,
    wanted: float = 0.9,
) -> float | None:
    """Side of the smallest square of a given contrast that is found at most places.

    Parameters
    ----------
    score : Score
    known : ndarray of shape (M, N), bool
    threshold : float
        Score above which a pixel is flagged.
    contrast : float
        Difference of brightness against the ground, share of full scale.
    least_weight : float
        Summed excess of the score that a region needs to stand out from chance.
    blur_px : float
        Blur put on one of the pictures, pixels.
    gsd : float
        Metres per pixel.
    least_area : float
        Smaller regions are left out, square metres.
    wanted : float, default 0.9
        Share of the places at which it must be found.

    Returns
    -------
    float or None
        Metres; ``None`` when even the largest side tried is not found that often.

    Notes
    -----
    The object loses a rim as wide as the misplacement that is forgiven. Its height is lowered by
    the noise of one pixel that 9 in 10 stay under (1.28 sigma).
    """
    places = np.flatnonzero(known)
    places = places[:: max(1, places.size // _PLACES)]
    if not places.size:
        return None
    units = [level.usual[..., 0].reshape(-1)[places] for level in score.levels]
    for side in _SIDES:
        inner = side - 2 * score.reach
        if inner < 1 or side**2 * gsd**2 < least_area:
            continue
        z = _scores(score, units, contrast, inner, blur_px)
        weight = inner**2 * _FULLNESS * np.maximum(z - threshold, 0)
        if np.mean(weight >= max(least_weight, 1e-6)) >= wanted:
            return side * gsd
    return None


def _scores(
    score: Score,
    units: list[NDArray[np.float32]],
    contrast: float,
    side: float,
    blur_px: float,
) -> NDArray[np.float32]:
    """Score at the centre of such an object at each place."""
    highest = np.full(units[0].shape, -3.0, dtype=np.float32)
    for level, unit in zip(score.levels, units, strict=True):
        height = contrast * _peak(side, math.hypot(level.sigma_px, blur_px))
        unusual = np.maximum(height / unit - 1.28, 0) / math.sqrt(level.usual.shape[2])
        highest = np.maximum(highest, level.tail.z(unusual))
    return joint_z(highest, score.effective)
