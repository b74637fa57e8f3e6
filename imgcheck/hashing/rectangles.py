"""Content rectangles: the picture inside a frame, above a caption, in a screenshot or a collage.

A frame moves every frequency of a picture, so that a hash of the whole carries no information
on what is in the frame. A pasted picture ends in straight edges along rows and columns; there the
step between neighbours is larger than the steps beside it, pixel for pixel along the side. That
is counted, so that neither the colour of the frame nor the contrast of the edge matters.
"""

from dataclasses import dataclass
from itertools import combinations

import cv2
import numpy as np
from numpy.typing import NDArray

# Fine enough to find edges, to be placed in the full picture afterwards; 8 ms at this side.
_WORKING_SIDE = 512
# A step counts if it is the largest within this reach: on ground that is so in one place of
# seven, on the edge of a pasted picture nearly everywhere.
_REACH = 3
# Grey levels; JPEG noise beside an edge in flat colour is below.
_LEAST_STEP = 8
# Lines are looked for in this many pieces a side: an edge of a screenshot's picture may be short.
_PIECES = 24
_LINE_SUPPORT = 0.42
_SHORTEST_LINE = 5
_LINES = 10
# benchmarks: global_hashes, part "rectangles": a pane has these, ground seldom has four.
_SIDE_SUPPORT, _MEAN_SUPPORT = 0.33, 0.5
_LEAST_SIDE_SHARE, _LEAST_SIDE_PX = 0.16, 48
_CROSSED, _LEAST_RANK = 0.65, 0.1
_MOST = 8
# Boxes that share more than this are one: placing finds its sides.
_SAME = 0.965
# Of the largest step: the other side of a gutter, where the pane may be nearer to its colour.
_LARGE_STEP = 0.5
# Mean steps along a row, as a share of those in the middle: a bar of blur stays below the second,
# but for the rows that JPEG blocks smear; a picture begins above the first.
_SHARP, _SMOOTH, _FADE, _LEAST_BAR, _LEAST_SHARPNESS = 0.5, 0.35, 8, 0.04, 1.5
# Less spread than this is a bar or a page, not a picture.
_LEAST_SPREAD = 3.0
_MOST_OF_ONE_LEVEL = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Rectangle:
    """A part of a picture that seems to be a picture of its own."""

    # ``rgb[y0:y1, x0:x1]`` is the part.
    x0: int
    y0: int
    x1: int
    y1: int
    # ``"letterbox"`` (bars above and below), ``"pillarbox"`` (left and right), ``"bar"`` (on one
    # side), ``"frame"`` (more), ``"pane"`` (one of several beside each other).
    kind: str
    support: float  # share of its inner sides on which the step is the largest around, 0 to 1

    @property
    def corners(self) -> tuple[tuple[float, float], ...]:
        """Its corners, clockwise from the top left."""
        x0, y0, x1, y1 = map(float, (self.x0, self.y0, self.x1, self.y1))
        return ((x0, y0), (x1, y0), (x1, y1), (x0, y1))

    def cut(self, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the pixels of the part."""
        return rgb[self.y0 : self.y1, self.x0 : self.x1]


@dataclass(frozen=True, slots=True, eq=False)
class _Box:
    left: int
    top: int
    right: int
    bottom: int
    support: float
    crossed: float

    @property
    def area(self) -> int:
        return (self.right - self.left) * (self.bottom - self.top)


def content_rectangles(rgb: NDArray[np.uint8]) -> tuple[Rectangle, ...]:
    """Find the parts of a picture that seem to be pictures of their own."""
    rows, cols = rgb.shape[:2]
    shrink = min(1.0, _WORKING_SIDE / max(rows, cols, 1))
    if min(rows, cols) * shrink < 2 * _LEAST_SIDE_PX * _LEAST_SIDE_SHARE + 16:
        return ()
    small = rgb
    if shrink < 1.0:
        size = (max(1, round(cols * shrink)), max(1, round(rows * shrink)))
        small = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA))
    upright, level = _ridges(small), _ridges(small.swapaxes(0, 1))
    boxes = _boxes(small, upright, level)
    placed: dict[tuple[int, int, int, int], Rectangle] = {}
    sharp = _sharp_part(rgb)
    if sharp is not None:
        placed[sharp.x0, sharp.y0, sharp.x1, sharp.y1] = sharp
    for box in _distinct(boxes):
        found = _placed(rgb, small.shape[:2], box)
        if (found.x1 - found.x0) * (found.y1 - found.y0) < rows * cols:
            placed.setdefault((found.x0, found.y0, found.x1, found.y1), found)
    return tuple(placed.values())[:_MOST]


def _sharp_part(rgb: NDArray[np.uint8]) -> Rectangle | None:
    """Find a sharp picture between smooth bars: blurred copies of itself, or one colour."""
    rows, cols = rgb.shape[:2]
    y0, y1 = _sharp_span(rgb)
    x0, x1 = _sharp_span(rgb.swapaxes(0, 1))
    if (x0, y0, x1, y1) == (0, 0, cols, rows) or min(x1 - x0, y1 - y0) < _LEAST_SIDE_PX:
        return None
    kind = _kind((x0 > 0, y0 > 0, x1 < cols, y1 < rows))
    return Rectangle(x0=x0, y0=y0, x1=x1, y1=y1, kind=kind, support=1.0)


def _sharp_span(pixels: NDArray[np.uint8]) -> tuple[int, int]:
    """Return the rows between smooth bars at the first and the last rows; all rows if none is."""
    rows = len(pixels)
    step = cv2.absdiff(
        np.ascontiguousarray(pixels[:, 1::2]), np.ascontiguousarray(pixels[:, :-1:2])
    )
    sharpness = step.reshape(rows, -1).mean(axis=1)
    middle = float(np.median(sharpness[rows // 4 : rows - rows // 4]))
    sharp = np.flatnonzero(sharpness >= _SHARP * middle)
    if middle < _LEAST_SHARPNESS or not len(sharp):
        return 0, rows
    least, first, last = int(_LEAST_BAR * rows), int(sharp[0]), int(sharp[-1]) + 1
    if first < least or sharpness[: first - _FADE].max(initial=0) > _SMOOTH * middle:
        first = 0
    if rows - last < least or sharpness[last + _FADE :].max(initial=0) > _SMOOTH * middle:
        last = rows
    return first, last


def _ridges(pixels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Mark, (M, N + 1), where the step from column x - 1 to x is the largest around."""
    wide = np.ascontiguousarray(pixels)
    step = cv2.absdiff(wide[:, 1:], wide[:, :-1])
    step = np.ascontiguousarray(step.max(axis=2))
    # After shrinking an edge lies on two steps.
    both = cv2.add(step, np.roll(step, -1, axis=1))
    both = cv2.max(both, np.roll(both, 1, axis=1))
    total = cv2.add(step, both)
    largest = cv2.dilate(total, np.ones((1, 2 * _REACH + 1), np.uint8))
    marked = np.zeros((pixels.shape[0], pixels.shape[1] + 1), bool)
    marked[:, 1:-1] = (total == largest) & (both >= _LEAST_STEP)
    return marked


def _lines(ridges: NDArray[np.bool_]) -> list[int]:
    """Return the columns along which ridges run for some length, longest first."""
    near = ridges.copy()
    near[:, 1:] |= ridges[:, :-1]
    near[:, :-1] |= ridges[:, 1:]
    edges = np.linspace(0, len(near), _PIECES + 1).astype(int)
    sums = np.add.reduceat(near.astype(np.float32), edges[:-1], axis=0)
    pieces = sums / np.diff(edges)[:, None]
    # What a column has beyond the others: JPEG's grid and dense texture have it all over.
    usual = np.median(pieces, axis=1, keepdims=True)
    good = pieces > np.maximum(_LINE_SUPPORT + 0.2, usual + 0.2)
    length = np.zeros(near.shape[1], int)
    run = np.zeros(near.shape[1], int)
    for piece in good:
        run = np.where(piece, run + 1, 0)
        length = np.maximum(length, run)
    strength = length + np.where(good, pieces, 0).sum(axis=0) / _PIECES
    found: list[int] = []
    for at in np.argsort(-strength, kind="stable"):
        if length[at] < _SHORTEST_LINE or len(found) == _LINES:
            break
        if all(abs(int(at) - other) > 2 for other in found):
            found.append(int(at))
    return found


def _boxes(
    small: NDArray[np.uint8], upright: NDArray[np.bool_], level: NDArray[np.bool_]
) -> list[_Box]:
    """Return every rectangle of lines and borders whose sides are supported along their length."""
    rows, cols = small.shape[:2]
    gray = np.asarray(cv2.cvtColor(np.ascontiguousarray(small), cv2.COLOR_RGB2GRAY), np.uint8)
    columns, lines = _lines(upright), _lines(level)
    down, along = _running(upright), _running(level)
    across = _spans(
        [0, *columns, cols], max(_LEAST_SIDE_SHARE * cols, min(_LEAST_SIDE_PX, cols / 4))
    )
    upward = _spans([0, *lines, rows], max(_LEAST_SIDE_SHARE * rows, min(_LEAST_SIDE_PX, rows / 4)))
    top, bottom = upward.T
    found = []
    for left, right in across.tolist():
        sides = np.full((4, len(upward)), np.nan)
        if left > 0:
            sides[0] = (down[bottom, left] - down[top, left]) / (bottom - top)
        if right < cols:
            sides[1] = (down[bottom, right] - down[top, right]) / (bottom - top)
        length = along[right] - along[left]
        sides[2] = np.where(top > 0, length[top] / (right - left), np.nan)
        sides[3] = np.where(bottom < rows, length[bottom] / (right - left), np.nan)
        counted = np.isfinite(sides).sum(axis=0)
        mean = np.nansum(sides, axis=0) / np.maximum(counted, 1)
        weakest = np.where(np.isnan(sides), 1.0, sides).min(axis=0)
        good = (counted > 0) & (weakest >= _SIDE_SUPPORT) & (mean >= _MEAN_SUPPORT)
        for k in np.flatnonzero(good):
            y0, y1 = int(top[k]), int(bottom[k])
            inner_x = [x for x in columns if left + _REACH < x < right - _REACH]
            inner_y = [y for y in lines if y0 + _REACH < y < y1 - _REACH]
            crossed = max(
                max((down[y1, inner_x] - down[y0, inner_x]) / (y1 - y0), default=0.0),
                max(length[inner_y] / (right - left), default=0.0),
            )
            if _is_picture(gray[y0:y1, left:right]):
                found.append(_Box(left, y0, right, y1, float(mean[k]), float(crossed)))
    return found


def _spans(at: list[int], least: float) -> NDArray[np.intp]:
    """Return all pairs of positions at least so far apart, (K, 2)."""
    pairs = [pair for pair in combinations(sorted(set(at)), 2) if pair[1] - pair[0] >= least]
    return np.array(pairs, np.intp).reshape(-1, 2)


def _running(ridges: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Sum ridges, or ridges one column beside, down the columns; row 0 is zero."""
    near = ridges.copy()
    near[:, 1:] |= ridges[:, :-1]
    near[:, :-1] |= ridges[:, 1:]
    total = np.zeros((near.shape[0] + 1, near.shape[1]), np.int32)
    np.cumsum(near, axis=0, out=total[1:])
    return total


def _is_picture(gray: NDArray[np.uint8]) -> bool:
    look = gray[:: max(1, len(gray) // 64), :: max(1, gray.shape[1] // 64)]
    counts = np.bincount((look // 4).ravel(), minlength=64)
    return bool(look.std() >= _LEAST_SPREAD and counts.max() < _MOST_OF_ONE_LEVEL * look.size)


def _distinct(boxes: list[_Box]) -> list[_Box]:
    """Keep the best supported boxes, of nearly equal ones the first."""
    ranked = sorted(boxes, key=lambda b: (-_rank(b), -b.area, b.left, b.top, b.right, b.bottom))
    kept: list[_Box] = []
    for box in ranked:
        if len(kept) == _MOST or _rank(box) < _LEAST_RANK:
            break
        if all(_overlap(box, other) < _SAME for other in kept):
            kept.append(box)
    return kept


def _rank(box: _Box) -> float:
    # A box that a line runs through from side to side holds bars or several panes.
    return box.support - 2 * max(0.0, box.crossed - _CROSSED)


def _overlap(one: _Box, other: _Box) -> float:
    wide = min(one.right, other.right) - max(one.left, other.left)
    high = min(one.bottom, other.bottom) - max(one.top, other.top)
    shared = max(0, wide) * max(0, high)
    return shared / (one.area + other.area - shared)


def _placed(rgb: NDArray[np.uint8], working: tuple[int, int], box: _Box) -> Rectangle:
    """Move each inner side to the largest mean step of the full picture near it."""
    rows, cols = rgb.shape[:2]
    fx, fy = cols / working[1], rows / working[0]
    x0, x1 = round(box.left * fx), round(box.right * fx)
    y0, y1 = round(box.top * fy), round(box.bottom * fy)
    # The outer tenths of a side may lie beyond a corner that was misplaced.
    down, along = (
        slice(y0 + (y1 - y0) // 10, y1 - (y1 - y0) // 10),
        slice(x0 + (x1 - x0) // 10, x1 - (x1 - x0) // 10),
    )
    across, upward = rgb[down], rgb[:, along].swapaxes(0, 1)
    x0, x1 = _edge(across, x0, reach=fx, first=False), _edge(across, x1, reach=fx, first=True)
    y0, y1 = _edge(upward, y0, reach=fy, first=False), _edge(upward, y1, reach=fy, first=True)
    kind = _kind((x0 > 0, y0 > 0, x1 < cols, y1 < rows))
    return Rectangle(x0=x0, y0=y0, x1=x1, y1=y1, kind=kind, support=round(box.support, 3))


def _edge(strip: NDArray[np.uint8], at: int, *, reach: float, first: bool) -> int:
    """Find the innermost of the large steps near ``at``: a gutter has two."""
    end = strip.shape[1]
    if at <= 0 or at >= end:
        return min(max(at, 0), end)
    far = int(np.ceil(1.5 * _REACH * reach)) + 1
    low, high = max(1, at - far), min(end - 1, at + far)
    part = strip[:, low - 1 : high + 1].astype(np.int16)
    steps = np.abs(np.diff(part, axis=1)).max(axis=2).mean(axis=0)
    peak = (steps >= np.r_[0, steps[:-1]]) & (steps >= np.r_[steps[1:], 0])
    large = np.flatnonzero(peak & (steps >= _LARGE_STEP * steps.max()))
    return low + int(large[0 if first else -1])


def _kind(inner: tuple[bool, bool, bool, bool]) -> str:
    if sum(inner) == 1:
        return "bar"
    if inner == (False, True, False, True):
        return "letterbox"
    if inner == (True, False, True, False):
        return "pillarbox"
    return "frame" if sum(inner) >= 3 else "pane"
