"""Correlate the textured blocks of two pictures that lie on one grid."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from imgcheck.imaging.pixels import Float32, Float64, Index, Mask

# Details of 2 to 10 pixels: finer ones die in compression, coarser ones outlast the seasons.
_BAND = (1.0, 3.0)
BLOCK_PX = 16
# What registration may be off by within a block.
SEARCH_PX = 3
# Two gray levels of contrast in the band: below, compression noise is as strong.
TEXTURE = 0.008
# Strokes and letters have several times the contrast that tone gives the rest, and stand out.
_DRAWN_CONTRAST, _DRAWN_SIGMAS = 2.0, 4.0
_EMPTY_CONTRAST = 0.15
# Half a gray level.
_FLAT = 0.002
# Share of a block that must be ground.
_LEAST_USABLE = 0.5
# More blocks do not improve the medians.
_MOST_BLOCKS = 1500
# The filter between the two: half its side, the pixels it is fitted on.
_FILTER_PX, _FILTER_ROUNDS, _RIDGE = 3, 3, 1e-3
_LEAST_SAMPLES, _MOST_SAMPLES = 2000, 8_000
# Glare and shadow that left the range of the picture hold no detail.
_CLIPPED = (2.5 / 255, 252.5 / 255)
# Blocks correlated at once: their shifted copies stay in the cache.
_AT_ONCE = 16


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


def compare(
    picture: Float32, known: Float32, *, skip_drawn: bool = False, texture: float = TEXTURE
) -> Blocks:
    """Correlate the textured blocks of two gray pictures on one grid; NaN is nodata.

    Large pictures are sampled evenly. ``skip_drawn`` leaves out what stands out like a drawing,
    which a vehicle that came may do as well: for a registration. ``texture`` is the least standard
    deviation of a block.
    """
    found = _correlations(picture, known, skip_drawn, texture)
    inverted = bool(len(found) and np.median(found[:, 3]) > np.median(found[:, 6]))
    best = found[:, 3:6] if inverted else found[:, 6:9]
    return Blocks(
        centres=found[:, :2],
        correlations=best[:, 0],
        shifts=best[:, 1:],
        contrasts=found[:, 2],
        inverted=inverted,
    )


def step(shape: tuple[int, ...]) -> int:
    """Return how far apart the blocks of a picture lie."""
    return BLOCK_PX * math.ceil(math.sqrt(math.prod(shape) / BLOCK_PX**2 / _MOST_BLOCKS))


def _correlations(picture: Float32, known: Float32, skip_drawn: bool, texture: float) -> Float64:
    """Return x, y, contrast, and correlation with shift as a negative and as a positive."""
    usable = np.isfinite(picture) & np.isfinite(known) & ~_clipped(picture)
    a, b = _matched(*_bands(picture, known, usable), usable)
    # What was drawn rings through the band: pass it again without.
    if skip_drawn and (drawn := _drawn(a, b, usable)).any():
        usable &= ~drawn
        a, b = _matched(*_bands(picture, known, usable), usable)
    reach = SEARCH_PX
    rows, cols = (
        np.arange(reach, side - BLOCK_PX - reach + 1, step(picture.shape)) for side in picture.shape
    )
    if not (len(rows) and len(cols)):
        return np.zeros((0, 9))
    tops, lefts = (axis.ravel() for axis in np.meshgrid(rows, cols, indexing="ij"))
    good = _windows(usable, tops, lefts, BLOCK_PX).astype(np.float32)
    own, contrasts = (_deviations(_windows(x, tops, lefts, BLOCK_PX), good)[1] for x in (a, b))
    keep = (good.mean(axis=1) >= _LEAST_USABLE) & (np.minimum(own, contrasts) >= texture)
    tops, lefts, good = tops[keep], lefts[keep], good[keep]
    blocks_a = _deviations(_windows(a, tops, lefts, BLOCK_PX), good)[0]
    wide = _windows(b, tops - reach, lefts - reach, BLOCK_PX + 2 * reach)
    scores = _scores(blocks_a, wide.reshape(len(tops), *(BLOCK_PX + 2 * reach,) * 2), good)
    middle = np.stack([lefts + BLOCK_PX / 2, tops + BLOCK_PX / 2, contrasts[keep]], axis=1)
    return np.concatenate([middle, _peaks(-scores), _peaks(scores)], axis=1)


def _clipped(picture: Float32) -> Mask:
    """Find what is as dark or as bright as pixels get, and its rim."""
    low, high = _CLIPPED
    beyond = ((picture < low) | (picture > high)).astype(np.uint8)
    return np.asarray(cv2.dilate(beyond, np.ones((5, 5), np.uint8)) > 0)


def _windows(array: NDArray[Any], tops: Index, lefts: Index, side: int) -> NDArray[Any]:
    """Return the square windows at some places, (N, side * side)."""
    views = np.lib.stride_tricks.sliding_window_view(array, (side, side))
    return views[tops, lefts].reshape(len(tops), side * side)


def _deviations(values: Float32, good: Float32) -> tuple[Float32, Float32]:
    """Return what is left of the good pixels of blocks without their mean, and its spread."""
    count = np.maximum(good.sum(axis=1), 1)
    mean = (values * good).sum(axis=1) / count
    left = (values - mean[:, None]) * good
    return left, np.sqrt(np.einsum("ij,ij->i", left, left) / count)


def _scores(blocks: Float32, wide: Float32, good: Float32) -> Float64:
    """Return the correlations of blocks over all shifts in their surroundings, (N, S, S)."""
    span = 2 * SEARCH_PX + 1
    shifted = np.lib.stride_tricks.sliding_window_view(wide, (BLOCK_PX, BLOCK_PX), axis=(1, 2))
    against = np.stack([blocks, good], axis=2)
    own = np.einsum("ij,ij->i", blocks, blocks)[:, None]
    count = good.sum(axis=1)[:, None]
    scores = np.empty((len(blocks), span * span))
    for start in range(0, len(blocks), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        y = shifted[part].reshape(-1, span * span, BLOCK_PX**2)
        products, sums = np.moveaxis(y @ against[part], 2, 0)
        squares = (y * y @ good[part, :, None])[..., 0]
        spread = np.maximum(squares - sums * sums / count[part], 0)
        scores[part] = products / np.maximum(np.sqrt(own[part] * spread), 1e-12)
    return scores.reshape(-1, span, span)


def _peaks(scores: Float64) -> Float64:
    """Return height, x and y of each peak, (N, 3), from parabolas through its neighbours."""
    count, last = len(scores), scores.shape[1] - 1
    number = np.arange(count)
    row, col = np.divmod(scores.reshape(count, (last + 1) ** 2).argmax(axis=1), last + 1)
    top = scores[number, row, col]
    height, shifts = top.copy(), []
    for place, (down, right) in ((col, (0, 1)), (row, (1, 0))):
        inner = (place > 0) & (place < last)
        before, after = (
            scores[number, np.clip(row + k * down, 0, last), np.clip(col + k * right, 0, last)]
            for k in (-1, 1)
        )
        bend, slope = (before + after) / 2 - top, (after - before) / 2
        curved = np.where(inner & (bend < 0), bend, -np.inf)
        height -= slope**2 / (4 * curved)
        shifts.append(place - SEARCH_PX + np.clip(-slope / (2 * curved), -0.5, 0.5))
    return np.stack([np.minimum(height, 1.0), *shifts], axis=1)


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
    covered = (here < _EMPTY_CONTRAST * gain * size_b) & (size_b > 2 * TEXTURE)
    marked = (strokes | covered).astype(np.uint8)
    return np.asarray(cv2.dilate(marked, np.ones((7, 7), np.uint8)) > 0)


def _bands(picture: Float32, known: Float32, usable: Mask) -> tuple[Float32, Float32]:
    """Pass the band of details of both; unusable pixels take no part and get 0."""
    shares = [1.0 if usable.all() else _soft(usable.astype(np.float32), s) for s in _BAND]
    first, second = (_band(gray, usable, shares) for gray in (picture, known))
    return first, second


def _band(gray: Float32, usable: Mask, shares: Sequence[Float32 | float]) -> Float32:
    filled = np.where(usable, gray, np.float32(0)).astype(np.float32)
    fine, coarse = (
        _soft(filled, sigma) / np.maximum(share, np.float32(1e-3))
        for sigma, share in zip(_BAND, shares, strict=True)
    )
    return np.where(usable, fine - coarse, np.float32(0))


def _soft(gray: Float32, sigma: float) -> Float32:
    return np.asarray(cv2.GaussianBlur(gray, (0, 0), sigma), np.float32)


def _matched(a: Float32, b: Float32, usable: Mask) -> tuple[Float32, Float32]:
    """Filter the band that is the sharper one to what the other makes of it."""
    soft_b, explains_a = _filtered(b, a, usable)
    soft_a, explains_b = _filtered(a, b, usable)
    return (a, soft_b) if explains_a >= explains_b else (soft_a, b)


def _filtered(sharp: Float32, soft: Float32, usable: Mask) -> tuple[Float32, float]:
    """Apply the small symmetric filter that predicts one band from the other best.

    Also returns the share of the other's variance that it explains.

    A copy is the known picture through a lens, a scaler and an encoder: their common blur is
    estimated by least squares, and what differs altogether has little weight. The filter is
    symmetric, so it moves nothing.
    """
    reach = _FILTER_PX
    inner = cv2.erode(
        usable.astype(np.uint8), np.ones((2 * reach + 1,) * 2, np.uint8), borderValue=0
    )
    rows, cols = np.nonzero(inner)
    if len(rows) < _LEAST_SAMPLES:
        return sharp, 0.0
    pick = slice(None, None, math.ceil(len(rows) / _MOST_SAMPLES))
    rows, cols = rows[pick], cols[pick]
    offsets = [
        (y, x) for y in range(reach + 1) for x in range(-reach, reach + 1) if (y, x) > (0, -1)
    ]
    columns = [sharp[rows + y, cols + x] + sharp[rows - y, cols - x] for y, x in offsets]
    design = np.stack(columns, axis=1).astype(np.float64)
    target = soft[rows, cols].astype(np.float64)
    # What was drawn on one of them is far stronger than anything else.
    weight = np.minimum(_trust(target), _trust(sharp[rows, cols]))
    for _ in range(_FILTER_ROUNDS):
        weighted = design * weight[:, None]
        normal = weighted.T @ design
        normal[np.diag_indices_from(normal)] += _RIDGE * np.trace(normal) / len(normal) + 1e-12
        taps = np.linalg.solve(normal, weighted.T @ target)
        off = np.abs(target - design @ taps)
        weight = _trust(off)
    explained = 1 - float(weight @ off**2) / max(float(weight @ target**2), 1e-12)
    kernel = np.zeros((2 * reach + 1,) * 2)
    for (y, x), tap in zip(offsets, taps, strict=True):
        kernel[reach + y, reach + x] += tap
        kernel[reach - y, reach - x] += tap
    filtered = np.asarray(cv2.filter2D(sharp, -1, kernel), np.float32)
    # Of a negative the best filter has the other sign.
    return (filtered if float(np.vdot(filtered, sharp)) >= 0 else -filtered), explained


def _trust(values: Float32 | Float64) -> Float64:
    """Return weights that fall where values are large against their median."""
    size = np.abs(values)
    return np.asarray(1 / (1 + (size / (4.5 * float(np.median(size)) + 1e-6)) ** 2), np.float64)
