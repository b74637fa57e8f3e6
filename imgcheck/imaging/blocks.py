"""Correlate the textured blocks of two pictures that lie on one grid."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

# Details of 2 to 10 pixels: finer ones die in compression, coarser ones outlast the seasons.
_BAND = (1.0, 3.0)
BLOCK_PX = 16
# What registration may be off by within a block.
SEARCH_PX = 3
# Two gray levels of contrast in the band: below, compression noise is as strong.
_TEXTURE = 0.008
# Strokes and letters have several times the contrast that tone gives the rest, and stand out.
_DRAWN_CONTRAST, _DRAWN_SIGMAS = 2.0, 4.0
_EMPTY_CONTRAST = 0.15
# Share of a block that must be ground.
_LEAST_USABLE = 0.5
# More blocks tell nothing new.
_MOST_BLOCKS = 4000


def block_correlations(
    picture: NDArray[np.float32], known: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Correlate the textured blocks of two pictures on one grid; NaN is nodata.

    Returns
    -------
    (N, 3) float32
        Least and greatest normalised correlation of each block within the search range, and
        the known block's contrast. Large pictures are sampled evenly.
    """
    usable = np.isfinite(picture) & np.isfinite(known)
    # Sharper of the two is brought down to the softer one.
    a, b = _matched(_band(picture, usable), _band(known, usable), usable)
    drawn = _drawn(a, b, usable)
    if drawn.any():  # what was drawn rings through the band: pass it again without
        usable &= ~drawn
        a, b = _matched(_band(picture, usable), _band(known, usable), usable)
    reach, found = SEARCH_PX, []
    step = BLOCK_PX * math.ceil(math.sqrt(picture.size / BLOCK_PX**2 / _MOST_BLOCKS))
    for top in range(reach, picture.shape[0] - BLOCK_PX - reach + 1, step):
        for left in range(reach, picture.shape[1] - BLOCK_PX - reach + 1, step):
            block = slice(top, top + BLOCK_PX), slice(left, left + BLOCK_PX)
            good = usable[block]
            if good.mean() < _LEAST_USABLE:
                continue
            contrast = float(b[block][good].std())
            if min(float(a[block][good].std()), contrast) < _TEXTURE:
                continue
            wide = (
                slice(top - reach, top + BLOCK_PX + reach),
                slice(left - reach, left + BLOCK_PX + reach),
            )
            low, high = _correlate(a[block], b[wide], good)
            found.append((low, high, contrast))
    return np.array(found, np.float32).reshape(-1, 3)


def _correlate(
    block: NDArray[np.float32], wide: NDArray[np.float32], good: NDArray[np.bool_]
) -> tuple[float, float]:
    """Give the least and greatest correlation over all shifts, on the good pixels only."""
    shifted = np.lib.stride_tricks.sliding_window_view(wide, block.shape)[..., good]
    x = block[good] - block[good].mean()
    y = shifted - shifted.mean(axis=-1, keepdims=True)
    bottom = np.sqrt((x @ x) * np.einsum("...i,...i->...", y, y))
    scores = (y @ x) / np.maximum(bottom, 1e-12)
    return -_peak(-scores), _peak(scores)


def _peak(scores: NDArray[np.float32]) -> float:
    """Give the height between whole pixels, from parabolas through the best and its neighbours."""
    row, col = np.unravel_index(int(np.argmax(scores)), scores.shape)
    height = top = float(scores[row, col])
    for line, at in ((scores[:, col], row), (scores[row], col)):
        if 0 < at < len(line) - 1:
            before, after = float(line[at - 1]), float(line[at + 1])
            bend, slope = (before + after) / 2 - top, (after - before) / 2
            if bend < 0:
                height -= slope**2 / (4 * bend)
    return min(height, 1.0)


def _drawn(
    a: NDArray[np.float32], b: NDArray[np.float32], usable: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Find what was drawn on the picture: strokes and letters, and the inside of boxes.

    Strokes have far more contrast than the known picture has anywhere near; a box is empty
    where the known picture has texture.
    """
    if not usable.any():
        return np.zeros(a.shape, bool)
    size_a, size_b = np.abs(a), np.abs(b)
    middle = float(np.median(size_a[usable]))
    gain = middle / max(float(np.median(size_b[usable])), 1e-6)
    near = np.asarray(cv2.dilate(size_b, np.ones((7, 7), np.uint8)))
    strokes = (size_a > _DRAWN_CONTRAST * gain * near) & (size_a > _DRAWN_SIGMAS * middle / 0.6745)
    here = np.asarray(cv2.dilate(size_a, np.ones((5, 5), np.uint8)))
    covered = (here < _EMPTY_CONTRAST * gain * size_b) & (size_b > 2 * _TEXTURE)
    marked = (strokes | covered).astype(np.uint8)
    return np.asarray(cv2.dilate(marked, np.ones((7, 7), np.uint8)) > 0)


def _band(gray: NDArray[np.float32], usable: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Pass the band of details; unusable pixels take no part and get 0."""
    weight = usable.astype(np.float32)
    filled = np.where(usable, gray, np.float32(0)).astype(np.float32)
    soft = [
        cv2.GaussianBlur(filled, (0, 0), sigma)
        / np.maximum(cv2.GaussianBlur(weight, (0, 0), sigma), np.float32(1e-3))
        for sigma in _BAND
    ]
    return np.where(usable, soft[0] - soft[1], np.float32(0)).astype(np.float32)


def _matched(
    a: NDArray[np.float32], b: NDArray[np.float32], usable: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Blur one of two bands as far as it raises their agreement."""
    best = (_agreement(a, b, usable), a, b)
    for sigma in (0.7, 1.0, 1.5):
        for pair in (
            (cv2.GaussianBlur(a, (0, 0), sigma), b),
            (a, cv2.GaussianBlur(b, (0, 0), sigma)),
        ):
            soft = np.asarray(pair[0], np.float32), np.asarray(pair[1], np.float32)
            score = _agreement(*soft, usable)
            # A clear gain: blurring both pictures' noise away raises any correlation a little.
            if score > best[0] + 0.02:
                best = (score, *soft)
    return best[1], best[2]


def _agreement(a: NDArray[np.float32], b: NDArray[np.float32], usable: NDArray[np.bool_]) -> float:
    x, y = a[usable].astype(np.float64), b[usable].astype(np.float64)
    bottom = math.sqrt(float(x @ x) * float(y @ y))
    return abs(float(x @ y)) / bottom if bottom > 0 else 0.0
