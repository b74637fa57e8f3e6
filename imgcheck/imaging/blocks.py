"""Correlate the textured blocks of two pictures that lie on one grid."""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from imgcheck.imaging.pixels import Float32, Float64, Mask

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
# Half a gray level.
_FLAT = 0.002
# Share of a block that must be ground.
_LEAST_USABLE = 0.5
# More blocks do not improve the medians.
_MOST_BLOCKS = 1500


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Blocks:
    """The textured blocks of two pictures on one grid, N of them.

    ``centres`` (x, y) and ``shifts`` (N, 2) in pixels: by how much the known block lies away from
    the picture's where it correlates best. ``correlations`` are normalised, of the negative if
    ``inverted`` (the picture is a negative); ``contrasts`` are those of the known block.
    """

    centres: Float64
    correlations: Float64
    shifts: Float64
    contrasts: Float64
    inverted: bool

    def __len__(self) -> int:
        return len(self.correlations)


def compare(picture: Float32, known: Float32) -> Blocks:
    """Correlate the textured blocks of two gray pictures on one grid; NaN is nodata.

    Large pictures are sampled evenly.
    """
    found = _correlations(picture, known)
    inverted = bool(len(found) and np.median(found[:, 3]) > np.median(found[:, 6]))
    best = found[:, 3:6] if inverted else found[:, 6:9]
    return Blocks(
        centres=found[:, :2],
        correlations=best[:, 0],
        shifts=best[:, 1:],
        contrasts=found[:, 2],
        inverted=inverted,
    )


def _correlations(picture: Float32, known: Float32) -> Float64:
    """Return x, y, contrast, and correlation with shift as a negative and as a positive."""
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
            middle = left + BLOCK_PX / 2, top + BLOCK_PX / 2
            found.append((*middle, contrast, *_correlate(a[block], b[wide], good)))
    return np.array(found, np.float64).reshape(-1, 9)


def _correlate(block: Float32, wide: Float32, good: Mask) -> tuple[float, ...]:
    """Return the best correlation over all shifts of the negative and of the positive."""
    shifted = np.lib.stride_tricks.sliding_window_view(wide, block.shape)[..., good]
    x = block[good] - block[good].mean()
    y = shifted - shifted.mean(axis=-1, keepdims=True)
    bottom = np.sqrt((x @ x) * np.einsum("...i,...i->...", y, y))
    scores = (y @ x) / np.maximum(bottom, 1e-12)
    return *_peak(-scores), *_peak(scores)


def _peak(scores: Float32) -> tuple[float, float, float]:
    """Return height, x and y of the peak, from parabolas through its neighbours."""
    row, col = np.unravel_index(int(np.argmax(scores)), scores.shape)
    height = top = float(scores[row, col])
    at = [float(col) - SEARCH_PX, float(row) - SEARCH_PX]
    for axis, (line, place) in enumerate(((scores[row], col), (scores[:, col], row))):
        if 0 < place < len(line) - 1:
            before, after = float(line[place - 1]), float(line[place + 1])
            bend, slope = (before + after) / 2 - top, (after - before) / 2
            if bend < 0:
                height -= slope**2 / (4 * bend)
                at[axis] += min(max(-slope / (2 * bend), -0.5), 0.5)
    return min(height, 1.0), at[0], at[1]


def _drawn(a: Float32, b: Float32, usable: Mask) -> Mask:
    """Find what was drawn on the picture: strokes and letters, and the inside of boxes.

    Strokes have far more contrast than the known picture has anywhere near; a box is empty
    where the known picture has texture.
    """
    if not usable.any():
        return np.zeros(a.shape, bool)
    size_a, size_b = np.abs(a), np.abs(b)
    # A black frame or a calm sea, more than half of a picture, has no contrast to compare.
    some = usable & (size_b > _FLAT)
    if not some.any():
        return np.zeros(a.shape, bool)
    middle = float(np.median(size_a[some]))
    gain = middle / max(float(np.median(size_b[some])), 1e-6)
    near = np.asarray(cv2.dilate(size_b, np.ones((7, 7), np.uint8)))
    strokes = (size_a > _DRAWN_CONTRAST * gain * near) & (size_a > _DRAWN_SIGMAS * middle / 0.6745)
    here = np.asarray(cv2.dilate(size_a, np.ones((5, 5), np.uint8)))
    covered = (here < _EMPTY_CONTRAST * gain * size_b) & (size_b > 2 * _TEXTURE)
    marked = (strokes | covered).astype(np.uint8)
    return np.asarray(cv2.dilate(marked, np.ones((7, 7), np.uint8)) > 0)


def _band(gray: Float32, usable: Mask) -> Float32:
    """Pass the band of details; unusable pixels take no part and get 0."""
    weight = usable.astype(np.float32)
    filled = np.where(usable, gray, np.float32(0)).astype(np.float32)
    soft = [
        cv2.GaussianBlur(filled, (0, 0), sigma)
        / np.maximum(cv2.GaussianBlur(weight, (0, 0), sigma), np.float32(1e-3))
        for sigma in _BAND
    ]
    return np.where(usable, soft[0] - soft[1], np.float32(0)).astype(np.float32)


def _matched(a: Float32, b: Float32, usable: Mask) -> tuple[Float32, Float32]:
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


def _agreement(a: Float32, b: Float32, usable: Mask) -> float:
    x, y = a[usable].astype(np.float64), b[usable].astype(np.float64)
    bottom = math.sqrt(float(x @ x) * float(y @ y))
    return abs(float(x @ y)) / bottom if bottom > 0 else 0.0
