"""Which part of the query is the known picture: not more than agrees with it.

Where the outlines overlap is too much: a caption under the picture, a page around it or the
other panes of a collage fall on the known picture as well, if that was cut before.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from imgcheck.imaging import warp

# Large enough for an edge to be placed within half a percent of the side, small enough to be quick.
_SIDE = 400
# Lines are compared after taking away what is broader than this, so that tone and haze are not
# agreement.
_DETAIL_PX = 9
# Between lines of the same ground (0.6 to 1 after compression) and of other ground (0 +- 0.2).
_AGREES = 0.35
# Two gray levels: below that both lines are flat and carry no information.
_FLAT = (2 / 255) ** 2
_ROUNDS = 3
# An edge this near to the end of the overlap is the end: 3 of `_SIDE` pixels.
_PLAY = 0.0075


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """An upright rectangle, in pixels of the query: x0 <= x < x1, y0 <= y < y1."""

    x0: float
    y0: float
    x1: float
    y1: float


def agreeing(
    query: NDArray[np.float32],
    known: NDArray[np.float32],
    matrix: ArrayLike,
    *,
    support: NDArray[np.float64],
) -> Box | None:
    """Find the upright rectangle of the query whose lines agree with the known picture.

    Parameters
    ----------
    query, known : (M, N) float32 in [0, 1]
        Gray; a negative is given as the positive. NaN is nodata.
    matrix : (3, 3)
        Query pixels to known pixels.
    support : (K, 2) float64
        Places (x, y) in the query where features agree; the rectangle grows from them.

    Returns
    -------
    Box or None
        None where too little can be compared.

    Notes
    -----
    Panes, captions and pages have upright edges, however the picture in them was rotated.
    Each line's correlation with the known picture counts for or against it; the stretch with
    the largest sum is kept (J. Bentley, "Programming pearls: algorithm design techniques",
    Communications of the ACM 27, 1984), in rows and columns in turn.
    """
    shrink = min(1.0, _SIDE / max(query.shape))
    shape = (max(8, round(query.shape[0] * shrink)), max(8, round(query.shape[1] * shrink)))
    step = np.array([query.shape[1] / shape[1], query.shape[0] / shape[0]])
    small = warp.resize(query, shape)
    to_small = np.asarray(matrix, np.float64) @ np.diag([*step, 1.0])
    registered = warp.warp(known, to_small, shape, inverse=True)
    both = np.isfinite(small) & np.isfinite(registered)
    if np.count_nonzero(both) < 64 or len(support) < 3:
        return None
    a, b = _detail(small, both), _detail(registered, both)
    rows, cols = np.flatnonzero(both.any(axis=1)), np.flatnonzero(both.any(axis=0))
    ends = [int(cols[0]), int(rows[0]), int(cols[-1]) + 1, int(rows[-1]) + 1]
    low, high = np.percentile(support / step, [5, 95], axis=0)
    box = [int(low[0]), int(low[1]), int(high[0]) + 1, int(high[1]) + 1]
    box = [int(np.clip(v, ends[k % 2], ends[k % 2 + 2])) for k, v in enumerate(box)]
    for _ in range(_ROUNDS):
        before = list(box)
        across = _agreement(a, b, both, slice(box[0], max(box[2], box[0] + 1)), axis=1)
        box[1], box[3] = _grown(across, box[1], box[3], ends[1], ends[3])
        along = _agreement(a, b, both, slice(box[1], max(box[3], box[1] + 1)), axis=0)
        box[0], box[2] = _grown(along, box[0], box[2], ends[0], ends[2])
        if box == before:
            break
    play = _PLAY * max(shape)
    snapped = [float(e) if abs(v - e) <= play else float(v) for v, e in zip(box, ends, strict=True)]
    if snapped[2] - snapped[0] < 4 or snapped[3] - snapped[1] < 4:
        return None
    x0, y0, x1, y1 = np.array(snapped) * np.tile(step, 2)
    return Box(x0=float(x0), y0=float(y0), x1=float(x1), y1=float(y1))


def _detail(gray: NDArray[np.float32], both: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Take away the mean of the neighbourhood, of the pixels that both have."""
    weight = both.astype(np.float32)
    filled = np.where(both, gray, np.float32(0)).astype(np.float32)
    near = _boxed(filled) / np.maximum(_boxed(weight), np.float32(1e-6))
    return np.where(both, filled - near, np.float32(0)).astype(np.float32)


def _boxed(values: NDArray[np.float32]) -> NDArray[np.float32]:
    for axis in (0, 1):
        pad = [(0, 0), (0, 0)]
        pad[axis] = (_DETAIL_PX // 2 + 1, _DETAIL_PX // 2)
        total = np.cumsum(np.pad(values, pad, mode="edge"), axis=axis, dtype=np.float64)
        size = values.shape[axis]
        ahead = np.take(total, range(_DETAIL_PX, _DETAIL_PX + size), axis=axis)
        values = ((ahead - np.take(total, range(size), axis=axis)) / _DETAIL_PX).astype(np.float32)
    return values


def _agreement(
    a: NDArray[np.float32],
    b: NDArray[np.float32],
    both: NDArray[np.bool_],
    across: slice,
    *,
    axis: int,
) -> NDArray[np.float64]:
    """Score each line: above 0 where it agrees, below where not, 0 where both are flat."""
    part = (slice(None), across) if axis == 1 else (across, slice(None))
    x, y, n = a[part], b[part], both[part].sum(axis=axis)
    count = np.maximum(n, 1)
    xy, xx, yy = ((p * q).sum(axis=axis) / count for p, q in ((x, y), (x, x), (y, y)))
    likeness = xy / np.sqrt((xx + _FLAT / 4) * (yy + _FLAT / 4))
    score = likeness - _AGREES
    score[(xx < _FLAT) & (yy < _FLAT)] = 0.0
    score[n < 4] = -_AGREES
    return np.asarray(score, np.float64)


def _grown(
    score: NDArray[np.float64], low: int, high: int, first: int, last: int
) -> tuple[int, int]:
    """Move both ends of a stretch to where the sum of the scores is largest."""
    middle = int(np.clip((low + high) // 2, first, last - 1))
    ahead = np.concatenate([[0.0], np.cumsum(score[middle:last])])
    behind = np.concatenate([[0.0], np.cumsum(score[first:middle][::-1])])
    # Of equal sums the longest: flat lines at the end belong to the picture.
    top = len(ahead) - 1 - int(np.argmax(ahead[::-1]))
    back = len(behind) - 1 - int(np.argmax(behind[::-1]))
    return middle - back, middle + top
