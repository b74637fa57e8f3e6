"""Regions that differ: where the score is beyond chance, and what kind of change it is."""

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from imgcheck.forensics import noise
from imgcheck.forensics.prediction import Prediction
from imgcheck.imaging import covered

# The greatest score of an unaltered pair follows a Gumbel law: place 4.67 and scale 0.79 on 108
# pairs of the calibration places (benchmarks: altered calibrate). Markings one pixel wide along the
# rows of a picture (roads, NAIP and drone frames) reach 9.6 to 11.2 and are not of that law, so
# the scale is doubled; alterations mostly score above 15.
PLACE, SCALE = 4.67, 1.6
# A change nobody can see is none: mean absolute difference in the region, gray levels.
_VISIBLE = 2.0
# A region reaches as far as the score stays above this share of the threshold.
_REACH = 0.6
# It is outlined where the energy around a pixel is this many times what is expected there.
_OUTLINE_SIGMA, _STANDS_OUT = 2.0, 4.0
# ... and no rim of what the blur carries out of a strong change.
_RIM = 0.05
# Parts of an outline that are smaller than this share of its largest part, and than this many
# pixels, are noise.
_SPECK, _SPECK_PIXELS = 0.1, 25
# What passes by this factor at first sight is set aside before chance is judged.
_CLEARLY = 1.3
# Colours that ground does not have: saturated, or at the end of the scale.
_DARK, _BRIGHT, _VIVID, _VIVID_VALUE = 14, 242, 0.6, 100
_FLAT_SHARE = 0.5
_DRAWN_SHARE = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A part of a picture that differs from its earlier copy.

    Attributes
    ----------
    kind : {"overlay", "content"}
        ``overlay``: something drawn over (strokes, boxes, text, panels). ``content``: the
        ground itself differs.
    polygon : tuple of (x, y)
        Outline in picture pixels.
    box : (left, top, right, bottom)
    size_px : float
        Square root of the area.
    score : float
        The greatest of the region, robust sigmas of this pair.
    log10_nfa : float
        log10 of the number of such regions expected in an unaltered picture.
    contrast : float
        Mean absolute difference inside, gray levels.
    """

    kind: str
    polygon: tuple[tuple[float, float], ...]
    box: tuple[float, float, float, float]
    size_px: float
    score: float
    log10_nfa: float
    contrast: float

    def enlarged(self, x: float, y: float) -> "Difference":
        """Say the same in the pixels of a picture ``x`` by ``y`` times as large."""
        left, top, right, bottom = self.box
        return replace(
            self,
            polygon=tuple((u * x, v * y) for u, v in self.polygon),
            box=(left * x, top * y, right * x, bottom * y),
            size_px=self.size_px * math.sqrt(x * y),
        )


def threshold(false_alarm_rate: float) -> float:
    """Give the score that this share of unaltered pictures exceeds anywhere."""
    return PLACE - SCALE * math.log(-math.log1p(-false_alarm_rate))


def log10_nfa(score: float) -> float:
    """Give log10 of the expected number of regions with this score in an unaltered picture."""
    return (PLACE - score) / SCALE / math.log(10)


def standing_out(
    score: NDArray[np.float32], threshold: float, shape: tuple[int, ...]
) -> NDArray[np.bool_]:
    """Give the pixels, of (m, n), whose cells clearly pass: they say nothing of chance."""
    cells = np.nan_to_num(score, nan=-np.inf) > _CLEARLY * threshold
    fine = np.zeros(shape, bool)
    large = np.repeat(np.repeat(cells, noise.CELL, axis=0), noise.CELL, axis=1)
    fine[: large.shape[0], : large.shape[1]] = large
    return fine


def find(
    score: NDArray[np.float32],
    difference: NDArray[np.float32],
    expected: NDArray[np.float32],
    found: Prediction,
    *,
    picture: NDArray[np.uint8],
    drawn: NDArray[np.bool_],
    threshold: float,
) -> tuple[Difference, ...]:
    """Outline the regions whose score passes the threshold.

    Parameters
    ----------
    score : (m/4, n/4) float32
        Of cells.
    difference, expected : (m, n) float32
        Picture less prediction, and the mean square that it should have there.
    found : Prediction
    picture : (M, N, 3) uint8
        For the colours of what was drawn.
    drawn : (m, n) bool
        Parts known to be drawn over, with a rim.
    threshold : float

    Notes
    -----
    What `imgcheck.imaging.covered` finds is drawn over, too: thin strokes, letters of one pixel,
    boxes, pixelated and blurred patches.
    """
    over = drawn | _put_over(found)
    filled = np.nan_to_num(score, nan=-np.inf)
    wide = (filled > _REACH * threshold).astype(np.uint8)
    count, labels = cv2.connectedComponents(wide, connectivity=8)
    answer = []
    for label in range(1, count):
        cells = labels == label
        top = float(filled[cells].max())
        if top < threshold:
            continue
        one = _difference(cells, top, difference, expected, found, picture, over)
        if one is not None:
            answer.append(one)
    return tuple(sorted(answer, key=lambda d: -d.score))


def _put_over(found: Prediction) -> NDArray[np.bool_]:
    """Find redactions, strokes and letters, of any tone, beyond those known to be drawn."""
    seen, was = (
        np.where(found.usable, gray / np.float32(255), np.float32(np.nan)).astype(np.float32)
        for gray in (found.picture, found.predicted)
    )
    return covered.find(seen, was)


def _difference(
    cells: NDArray[np.bool_],
    top: float,
    difference: NDArray[np.float32],
    expected: NDArray[np.float32],
    found: Prediction,
    picture: NDArray[np.uint8],
    drawn: NDArray[np.bool_],
) -> Difference | None:
    rows, cols = np.nonzero(cells)
    y0, y1 = rows.min() * noise.CELL, (rows.max() + 1) * noise.CELL
    x0, x1 = cols.min() * noise.CELL, (cols.max() + 1) * noise.CELL
    part = np.s_[y0:y1, x0:x1]
    inside = np.repeat(
        np.repeat(cells[rows.min() : rows.max() + 1, cols.min() : cols.max() + 1], noise.CELL, 0),
        noise.CELL,
        1,
    )
    gap = np.abs(difference[part])
    # Windows reach beyond what changed: keep where the difference stands out by itself.
    around = np.asarray(cv2.GaussianBlur(difference[part] ** 2, (0, 0), _OUTLINE_SIGMA))
    ratio = around / expected[part]
    top_ratio = float(ratio[inside].max())
    changed = inside & (ratio > max(min(_STANDS_OUT, 0.5 * top_ratio), _RIM * top_ratio))
    changed = _without_specks(changed)
    contrast = float(gap[changed].mean()) if changed.any() else 0.0
    if contrast < _VISIBLE:
        return None
    kind = _kind(changed, part, found, picture, drawn)
    core = cv2.morphologyEx(changed.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))
    points = cv2.findNonZero(core)
    hull = cv2.convexHull(points).reshape(-1, 2).astype(np.float64)
    corners = np.concatenate([hull + d for d in ([0, 0], [1, 0], [0, 1], [1, 1])])
    outline = cv2.convexHull(corners.astype(np.float32)).reshape(-1, 2)
    outline = (outline + np.array([x0, y0])) * found.to_picture
    low, high = outline.min(axis=0), outline.max(axis=0)
    area = float(core.sum() * np.prod(found.to_picture))
    return Difference(
        kind=kind,
        polygon=tuple((round(float(x), 2), round(float(y), 2)) for x, y in outline),
        box=(float(low[0]), float(low[1]), float(high[0]), float(high[1])),
        size_px=math.sqrt(area),
        score=top,
        log10_nfa=log10_nfa(top),
        contrast=contrast,
    )


def _without_specks(changed: NDArray[np.bool_]) -> NDArray[np.bool_]:
    joined = cv2.dilate(changed.astype(np.uint8), np.ones((5, 5), np.uint8))
    count, labels = cv2.connectedComponents(joined, connectivity=8)
    sizes = np.bincount(labels[changed], minlength=count)
    kept = sizes >= min(_SPECK * int(sizes.max()), _SPECK_PIXELS)
    return np.asarray(changed & kept[labels])


def _kind(
    changed: NDArray[np.bool_],
    part: tuple[slice, slice],
    found: Prediction,
    picture: NDArray[np.uint8],
    drawn: NDArray[np.bool_],
) -> str:
    """Tell a drawing from changed ground by its colours."""
    if drawn[part][changed].mean() > _DRAWN_SHARE:
        return "overlay"
    rows, cols = np.nonzero(changed)
    y = ((rows + part[0].start + 0.5) * found.to_picture[1]).astype(int)
    x = ((cols + part[1].start + 0.5) * found.to_picture[0]).astype(int)
    colours = picture[np.minimum(y, picture.shape[0] - 1), np.minimum(x, picture.shape[1] - 1)]
    high, low = colours.max(axis=1).astype(float), colours.min(axis=1).astype(float)
    vivid = (high - low > _VIVID * high) & (high > _VIVID_VALUE)
    extreme = vivid | (high <= _DARK) | (low >= _BRIGHT)
    was = found.predicted[part][changed]
    # Ground that was as bright or as dark before is still ground.
    new = extreme & ((high <= _DARK) & (was > 2 * _DARK) | (low >= _BRIGHT) & (was < 200) | vivid)
    return "overlay" if new.mean() > _FLAT_SHARE else "content"
