"""Parts of two pictures of one ground beside each other, for a reader to judge."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from imgcheck.imaging import warp
from imgcheck.imaging.reduced import jpeg

Float32 = NDArray[np.float32]

_CHIP_PX, _GAP_PX = 150, 4
_MOST = 6
# Around a place its own size again on each side, and enough to recognise a field or a road.
_AROUND, _LEAST_PX = 1.0, 24.0


def sheet(above: Float32, below: Float32, outlines: Sequence[NDArray[np.float64]]) -> bytes:
    """Return a JPEG with one column for each of the first outlines, up to six.

    Parameters
    ----------
    above, below : (M, N, 3) float32 in [0, 1]
        On one grid.
    outlines : sequence of (K, 2) float64
        Pixels, x before y.
    """
    columns = [[_chip(one, outline) for one in (above, below)] for outline in outlines[:_MOST]]
    gap = np.ones((_GAP_PX, _CHIP_PX, 3), np.float32)
    stacked = [np.concatenate([top, gap, bottom]) for top, bottom in columns]
    side = np.ones((stacked[0].shape[0], _GAP_PX, 3), np.float32)
    spaced = [part for column in stacked for part in (column, side)][:-1]
    return jpeg(np.concatenate(spaced, axis=1))


def _chip(picture: Float32, outline: NDArray[np.float64]) -> Float32:
    """Return a square around an outline; ground outside of the picture is grey."""
    low, high = outline.min(axis=0), outline.max(axis=0)
    half = round(max(float((high - low).max()) * (0.5 + _AROUND), _LEAST_PX))
    x, y = (round(float(v)) for v in (low + high) / 2)
    part = np.full((2 * half, 2 * half, 3), 0.5, np.float32)
    rows, cols = picture.shape[:2]
    top, left = max(0, y - half), max(0, x - half)
    bottom, right = min(rows, y + half), min(cols, x + half)
    if top < bottom and left < right:
        within = picture[top:bottom, left:right]
        part[top - y + half : bottom - y + half, left - x + half : right - x + half] = within
    return np.asarray(warp.resize(part, (_CHIP_PX, _CHIP_PX)), np.float32)
