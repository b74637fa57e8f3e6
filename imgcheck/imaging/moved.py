"""Count what left and what came between two pictures that lie on each other.

A vehicle that drove on leaves one place empty and fills another. Something drawn on only adds;
an object erased only takes away. So the lesser of both counts speaks for a second exposure.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

_BLOCK = 16
# Exploratory, 408 pairs: no copy of 96 had a differing cluster; copies with one or two splices
# had at most one or two of the lesser kind.
_DIFFERS, _ONE_SIDED = 0.6, 3.0
_NOISES, _LEAST_CONTRAST = 9.0, (4 / 255) ** 2


def clusters(picture: NDArray[np.float32], known: NDArray[np.float32]) -> tuple[int, int]:
    """Count clusters of blocks with contrast in only the known, and in only the other picture.

    Parameters
    ----------
    picture, known : (M, N) float32 in [0, 1]
        On one grid, to about a pixel; NaN is nodata.

    Returns
    -------
    gone, came : int
    """
    usable = np.isfinite(picture) & np.isfinite(known)
    inner = cv2.erode(usable.astype(np.uint8), np.ones((5, 5), np.uint8), borderValue=0) > 0
    a, b = (_band(np.where(usable, g, 0)) * inner for g in (picture, known))
    count = _sums(inner.astype(np.float32))
    good = count > 0.6 * _BLOCK**2
    if not good.any():
        return 0, 0
    gain = float((a * b).sum()) / max(float((b * b).sum()), 1e-12)
    b = b * gain
    n = np.maximum(count, 1)
    own, other = _sums(a * a) / n, _sums(b * b) / n
    correlation = _sums(a * b) / n / np.sqrt(own * other + 1e-12)
    noise = float(np.median((_sums((a - b) ** 2) / n)[good]))
    strong = np.maximum(own, other) > max(_NOISES * noise, _LEAST_CONTRAST)
    differs = good & strong & (correlation < _DIFFERS)
    left = differs & (other > _ONE_SIDED * own)
    taken = differs & (own > _ONE_SIDED * other)
    # A caption covers what was there and adds letters: what touches the other kind is one thing.
    return _count(left, taken), _count(taken, left)


def _band(gray: NDArray[np.float32]) -> NDArray[np.float32]:
    filled = np.asarray(gray, np.float32)
    fine, coarse = (cv2.GaussianBlur(filled, (0, 0), s) for s in (0.8, 4.0))
    return np.asarray(fine - coarse, np.float32)


def _sums(values: NDArray[np.float32] | NDArray[np.float64]) -> NDArray[np.float32]:
    rows, cols = values.shape[0] // _BLOCK, values.shape[1] // _BLOCK
    cut = values[: rows * _BLOCK, : cols * _BLOCK]
    return np.asarray(cut.reshape(rows, _BLOCK, cols, _BLOCK).sum((1, 3)))


def _count(mask: NDArray[np.bool_], other: NDArray[np.bool_]) -> int:
    """Count the clusters that do not touch one of the other kind."""
    count, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    near = cv2.dilate(other.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    touching = np.unique(labels[near & mask])
    return int(count) - 1 - len(touching)
