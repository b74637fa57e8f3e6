"""Regions that differ significantly, what kind of change they are, and what would be missed.

The detection power is estimated on the picture itself: ground is moved within it and searched for.
"""

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from imgcheck.forensics import noise
from imgcheck.forensics.noise import Expectation
from imgcheck.forensics.prediction import Prediction
from imgcheck.imaging import covered, warp

# The greatest score of an unaltered pair follows a Gumbel law: place 4.67 and scale 0.79 on 108
# pairs of the calibration places (benchmarks: altered calibrate). Markings one pixel wide along the
# rows of a picture (roads, NAIP and drone frames) reach 9.6 to 11.2 and are not of that law, so
# the scale is doubled; alterations mostly score above 15.
PLACE, SCALE = 4.67, 1.6
# A change nobody can see is none: mean absolute difference, gray levels.
_VISIBLE = 2.0
# A region reaches as far as the score stays above this share of the threshold.
_REACH = 0.6
# It is outlined where the energy around a pixel is this many times what is expected there.
_OUTLINE_SIGMA, _OUTLIER = 2.0, 4.0
# ... and no rim of what the blur carries out of a strong change.
_RIM = 0.05
# Parts of an outline that are smaller than this share of its largest part, and than this many
# pixels, are noise.
_SPECK, _SPECK_PIXELS = 0.1, 25
# What passes by this factor at first sight takes no part in the fit of the expectation.
_CLEARLY = 1.3
# Colours that ground does not have: saturated, or at the end of the scale.
_DARK, _BRIGHT, _VIVID, _VIVID_VALUE = 14, 242, 0.6, 100
_FLAT_SHARE = 0.5
# ... unless more than this share of the picture beside its drawings has them.
_OF_GROUND = 0.1
# What is drawn has two tones over this much of it: ink and paper.
_PLAIN_SHARE = 0.75
_DRAWN_SHARE = 0.3
# Sides of moved squares, grid pixels.
_SIZES = (12, 16, 20, 24, 32, 48, 64, 96)
_TRIED = 40
_WANTED = 0.9
_LEAST_TRIED = 10
_SEED = 20170924
_GAP = 40

# (size in picture pixels, found, tried) of each size.
Powers = tuple[tuple[float, int, int], ...]


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
        """Convert to the pixels of a picture ``x`` by ``y`` times as large."""
        left, top, right, bottom = self.box
        return replace(
            self,
            polygon=tuple((u * x, v * y) for u, v in self.polygon),
            box=(left * x, top * y, right * x, bottom * y),
            size_px=self.size_px * math.sqrt(x * y),
        )


def threshold(false_alarm_rate: float) -> float:
    """Return the score that this share of unaltered pictures exceeds anywhere."""
    return PLACE - SCALE * math.log(-math.log1p(-false_alarm_rate))


def log10_nfa(score: float) -> float:
    """Return log10 of the expected number of regions with this score in an unaltered picture."""
    return (PLACE - score) / SCALE / math.log(10)


def outliers(
    score: NDArray[np.float32], threshold: float, shape: tuple[int, int]
) -> NDArray[np.bool_]:
    """Return the pixels, of (m, n), whose cells clearly pass."""
    cells = np.nan_to_num(score, nan=-np.inf) > _CLEARLY * threshold
    return np.asarray(noise.by_pixels(cells, shape, np.bool_(False)))


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
    """Outline the regions whose score passes the threshold."""
    over = drawn | _drawn_over(found)
    foreign = _foreign_colours(picture, drawn)
    filled = np.nan_to_num(score, nan=-np.inf)
    wide = (filled > _REACH * threshold).astype(np.uint8)
    count, labels = cv2.connectedComponents(wide, connectivity=8)
    answer = []
    for label in range(1, count):
        cells = labels == label
        top = float(filled[cells].max())
        if top < threshold:
            continue
        one = _difference(cells, top, difference, expected, found, picture, over, foreign)
        if one is not None:
            answer.append(one)
    return tuple(sorted(answer, key=lambda d: -d.score))


def _drawn_over(found: Prediction) -> NDArray[np.bool_]:
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
    foreign: NDArray[np.bool_],
) -> Difference | None:
    rows, cols = np.nonzero(cells)
    y0, y1 = rows.min() * noise.CELL, (rows.max() + 1) * noise.CELL
    x0, x1 = cols.min() * noise.CELL, (cols.max() + 1) * noise.CELL
    part = np.s_[y0:y1, x0:x1]
    part_cells = cells[rows.min() : rows.max() + 1, cols.min() : cols.max() + 1]
    inside = np.repeat(np.repeat(part_cells, noise.CELL, axis=0), noise.CELL, axis=1)
    gap = np.abs(difference[part])
    # Windows reach beyond what changed: keep where the difference is an outlier by itself.
    around = np.asarray(cv2.GaussianBlur(difference[part] ** 2, (0, 0), _OUTLINE_SIGMA))
    ratio = around / expected[part]
    top_ratio = float(ratio[inside].max())
    changed = inside & (ratio > max(min(_OUTLIER, 0.5 * top_ratio), _RIM * top_ratio))
    changed = _without_specks(changed)
    contrast = float(gap[changed].mean()) if changed.any() else 0.0
    if contrast < _VISIBLE:
        return None
    kind = _kind(changed, part, found, picture, drawn, foreign)
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


def _colours(rgb: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return where colours, (..., 3), are dark, bright, vivid, (3, ...): seldom those of ground."""
    high, low = rgb.max(axis=-1).astype(float), rgb.min(axis=-1).astype(float)
    vivid = (high - low > _VIVID * high) & (high > _VIVID_VALUE)
    return np.stack([high <= _DARK, low >= _BRIGHT, vivid])


def _foreign_colours(picture: NDArray[np.uint8], drawn: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return of dark, bright and vivid whether the ground of this picture has hardly any of it.

    Night, glare and false colour are full of them.
    """
    ground = warp.resize(drawn.astype(np.float32), picture.shape[:2]) < 0.5
    shares = _colours(picture[ground]).mean(axis=-1) if ground.any() else np.zeros(3)
    return np.asarray(shares <= _OF_GROUND)


def _kind(
    changed: NDArray[np.bool_],
    part: tuple[slice, slice],
    found: Prediction,
    picture: NDArray[np.uint8],
    drawn: NDArray[np.bool_],
    foreign: NDArray[np.bool_],
) -> str:
    """Return whether a region is drawn or changed ground, by its colours.

    ``foreign``: which of dark, bright and vivid the ground of the picture does not have.
    """
    if drawn[part][changed].mean() > _DRAWN_SHARE:
        return "overlay"
    rows, cols = np.nonzero(changed)
    y = ((rows + part[0].start + 0.5) * found.to_picture[1]).astype(int)
    x = ((cols + part[1].start + 0.5) * found.to_picture[0]).astype(int)
    colours = picture[np.minimum(y, picture.shape[0] - 1), np.minimum(x, picture.shape[1] - 1)]
    dark, bright, vivid = _colours(colours) & foreign[:, None]
    was = found.predicted[part][changed]
    # Ground that was as bright or as dark before is still ground.
    new = (dark & (was > 2 * _DARK)) | (bright & (was < 200)) | vivid
    # Its rim is mixed with the ground.
    gap = np.abs(found.picture[part] - found.predicted[part])[changed]
    core = gap >= np.percentile(gap, 95) / 2
    if max(new.mean(), new[core].mean()) <= _FLAT_SHARE:
        return "content"
    # Dark or vivid ground has detail.
    plain = sum(covered.tones(found.picture[part][changed][core]))
    return "overlay" if plain >= _PLAIN_SHARE else "content"


def powers(
    found: Prediction,
    difference: NDArray[np.float32],
    usable: NDArray[np.bool_],
    null: Expectation,
    threshold: float,
) -> Powers:
    """Move patches of the picture elsewhere in it, and count how many are found."""
    answer = []
    rng = np.random.default_rng(_SEED)
    scale = float(np.sqrt(np.prod(found.to_picture)))
    for size in _SIZES:
        changed, places = _moved(found, difference, usable, size, rng)
        if len(places) < _LEAST_TRIED:
            break
        score = noise.scores(noise.energies(changed, usable.astype(np.float32)), null)
        hits = 0
        for y, x in places:
            window = np.s_[
                y // noise.CELL : (y + size) // noise.CELL + 1,
                x // noise.CELL : (x + size) // noise.CELL + 1,
            ]
            hits += bool(np.nan_to_num(score[window], nan=-np.inf).max() >= threshold)
        answer.append((size * scale, hits, len(places)))
        if hits == len(places):
            break
    return tuple(answer)


def _moved(
    found: Prediction,
    difference: NDArray[np.float32],
    usable: NDArray[np.bool_],
    size: int,
    rng: np.random.Generator,
) -> tuple[NDArray[np.float32], list[tuple[int, int]]]:
    """Return the difference with patches moved, and where they went."""
    rows, cols = usable.shape
    changed = difference.copy()
    taken = np.zeros(usable.shape, bool)
    places: list[tuple[int, int]] = []
    for _ in range(12 * _TRIED):
        if len(places) >= _TRIED or min(rows, cols) <= size + 2:
            break
        y, x, v, u = (int(rng.integers(0, n - size)) for n in (rows, cols, rows, cols))
        here, there = np.s_[y : y + size, x : x + size], np.s_[v : v + size, u : u + size]
        near = np.s_[max(0, y - _GAP) : y + size + _GAP, max(0, x - _GAP) : x + size + _GAP]
        if max(abs(y - v), abs(x - u)) < size or taken[near].any():
            continue
        if not (usable[here].all() and usable[there].all()):
            continue
        moved = found.picture[there] - found.predicted[here]
        if np.abs(found.picture[there] - found.picture[here]).mean() < _VISIBLE:
            continue
        changed[here] = moved
        taken[here] = True
        places.append((y, x))
    return changed, places


def smallest(found: Powers) -> float | None:
    """Return the smallest size from which on at least nine in ten are found."""
    answer = None
    for size, hits, tried in reversed(found):
        if hits < _WANTED * tried:
            break
        answer = size
    return answer


def missed(found: Powers) -> str:
    """Return the reason why no size is found nine times in ten."""
    if not found:
        return "test squares moved within the picture change it too little to be detected"
    size, hits, tried = found[-1]
    return f"only {hits} of {tried} squares of {size:.0f} px moved within the picture were found"
