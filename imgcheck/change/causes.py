"""Innocent causes of a difference: what was not changed on the ground is left out, and why."""

import cv2
import numpy as np
from numpy.typing import NDArray

from imgcheck.change.grid import Mask, Pixels
from imgcheck.quantity import significant

#: Number of signs that are kept of each pixel.
SIGNS = 3

# Misplacement that parallax and registration leave at most, pixels.
_MOVED = 4

#: Reasons. The first two leave nothing unseen that is large and clear.
EDGE = "at the edge of what both images show"
MOVED = f"moved by up to {_MOVED} px: parallax or registration"
CLOUD = "white over a large area in one image only: cloud, haze or snow"
SHADOW = "in the shadow of one image only: another hour"
SEASON = "vegetation of another green: season"
CHANCE = "no more than chance would leave on unchanged ground"

# Difference of brightness that noise makes, share of full scale.
_NOISE = 0.02

# Brightness of a shadow over the median of the picture.
_DARK = 0.55

# Change of a band beside that of the brightness, share of full scale: misplaced ground keeps its
# colour.
_RECOLOURED = 0.11

# Share of an object's pixels that must show a sign.
_MOST = 0.7

# Least number of new shadows, and of gone ones, from which the sun has moved; larger dark areas are
# fields or water.
_SHADOWS = 3
_SHADOW_M2 = 2_000.0

# A cloud is white (its bands differ by at most so much), bright, and larger than a building.
_WHITE, _BRIGHT, _CLOUD_M2 = 0.06, 0.75, 10_000.0

# Green above the mean of red and blue, share of full scale, from which ground is vegetated; and
# the largest change of brightness that a season makes.
GREEN = 0.03
_SEASON = 0.1


def signs(before: Pixels, after: Pixels, known: Mask, usual: float) -> Pixels:
    """Return signs of innocent causes at each pixel, shape (M, N, 3).

    Whether the pixel is at the edge of what both pictures show; whether each picture has its tone
    within 4 px in the other; and whether it is in a shadow of ``after`` alone (1) or of ``before``
    alone (-1), ``usual`` being the median brightness.
    """
    one, two = (np.ascontiguousarray(layer.mean(axis=2)) for layer in (before, after))
    edge = cv2.dilate((~known).astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool)
    brush = np.ones((2 * _MOVED + 1, 2 * _MOVED + 1), np.uint8)
    moved = np.ones(known.shape, bool)
    for layer, other in ((one, two), (two, one)):
        low, high = cv2.erode(other, brush), cv2.dilate(other, brush)
        moved &= (layer >= low - _NOISE) & (layer <= high + _NOISE)
    dark = [layer < _DARK * usual for layer in (one, two)]
    shadow = dark[1].astype(np.float32) - dark[0]
    return np.stack([edge, moved, shadow], axis=2).astype(np.float32)


def reasons(
    before: NDArray[np.floating],
    after: NDArray[np.floating],
    marks: NDArray[np.floating],
    areas_m2: NDArray[np.floating],
    *,
    by_tone: bool,
) -> list[str]:
    """Return why each object is left out; empty where it is not.

    Parameters
    ----------
    before, after : ndarray of shape (K, C)
        Mean colours of each object.
    marks : ndarray of shape (K, 3)
        Mean `signs` of each object.
    areas_m2 : ndarray of shape (K,)
    by_tone : bool
        Whether both pictures have one light and season; structure forgives misplacement by itself.
    """
    small_ones = areas_m2 < _SHADOW_M2
    shadows = [int((small_ones & (sign * marks[:, 2] > _MOST)).sum()) for sign in (1, -1)]
    sun = min(shadows) >= _SHADOWS
    found = []
    for one, two, sign, area in zip(before, after, marks, areas_m2, strict=True):
        reason = ""
        if sign[0] > _MOST:
            reason = EDGE
        elif area >= _CLOUD_M2 and _white(one) != _white(two):
            reason = CLOUD
        elif sun and area < _SHADOW_M2 and abs(sign[2]) > _MOST:
            reason = SHADOW
        elif by_tone and sign[1] > _MOST and not _recoloured(one, two):
            reason = MOVED
        elif by_tone and _season(one, two):
            reason = SEASON
        found.append(reason)
    return found


def _white(colour: NDArray[np.floating]) -> bool:
    return bool(np.ptp(colour) <= _WHITE and colour.mean() >= _BRIGHT)


def _recoloured(before: NDArray[np.floating], after: NDArray[np.floating]) -> bool:
    """Return whether the colour changed beside the brightness, of which alone a move is seen."""
    change = (after - after.mean()) - (before - before.mean())
    return bool(np.abs(change).max() > _RECOLOURED)


def greenness(colour: NDArray[np.floating]) -> float:
    """Return green above the mean of red and blue."""
    return float(colour[1] - (colour[0] + colour[2]) / 2)


def _season(before: NDArray[np.floating], after: NDArray[np.floating]) -> bool:
    """Return whether both are vegetated, and equally bright."""
    if before.size != 3:
        return False
    green = min(greenness(before), greenness(after))
    return green > GREEN and abs(float(after.mean() - before.mean())) < _SEASON


def small(least_m2: float) -> str:
    """Name the reason of objects below the least area."""
    return f"smaller than {significant(least_m2, 2)} m²"


def faint(contrast: float) -> str:
    """Name the reason of objects below the least contrast."""
    return f"fainter than {contrast:.0%} of full scale"
