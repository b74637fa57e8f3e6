"""Run a network window by window and join what it finds, so that no object is doubled."""

import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from imgcheck.detect.user_model.manifest import Manifest
from imgcheck.detect.user_model.outputs import Boxes, Outputs, angle_of, decode
from imgcheck.errors import RefusedError

Run = Callable[[NDArray[np.float32]], Outputs]

# Windows overlap by this much, so that each vehicle of up to 15 m lies whole in one of them.
_OVERLAP_M = 20.0
# Boxes that share this much of their union, or whose centres are this close compared with their
# shorter sides, are one object. Vehicles side by side are a whole width apart.
_SAME_OVERLAP, _SAME_CENTRE = 0.5, 0.3
_MOST_OBJECTS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Window:
    """What a network gave for one window.

    Objects centred outside of ``core`` (left, top, right, bottom; pixels of the picture) are left
    to the windows beside it, where they lie farther from the border.
    """

    left: int
    top: int
    core: tuple[float, float, float, float]
    outputs: Outputs


@dataclass(frozen=True, slots=True, kw_only=True)
class Objects:
    """Objects in pixels of the searched picture, best first; ``heading`` is None if upright.

    ``length`` is the longer side, and ``heading`` its direction in [0, 180) degrees clockwise from
    up; of upright boxes they are width and height.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    length: NDArray[np.float64]
    width: NDArray[np.float64]
    heading: NDArray[np.float64] | None
    score: NDArray[np.float64]
    kind: NDArray[np.intp]


def run_windows(picture: NDArray[np.float32], manifest: Manifest, run: Run) -> Iterator[Window]:
    """Yield the outputs for each window of a picture (M, N, 3), RGB in [0, 1]."""
    side, (rows, columns) = manifest.side, picture.shape[:2]
    overlap = min(side // 2, math.ceil(_OVERLAP_M / manifest.gsd_m))
    for top, above, below in _starts(rows, side, overlap):
        for left, before, behind in _starts(columns, side, overlap):
            part = picture[top : top + side, left : left + side]
            missing = side - part.shape[0], side - part.shape[1]
            whole = cv2.copyMakeBorder(part, 0, missing[0], 0, missing[1], cv2.BORDER_REPLICATE)
            given = manifest.input_of(np.asarray(whole, np.float32))
            core = (before, above, behind, below)
            yield Window(left=left, top=top, core=core, outputs=run(given))


def _starts(size: int, side: int, overlap: int) -> list[tuple[int, float, float]]:
    """Return where the windows along one side begin, and where the core of each begins and ends."""
    starts = [*range(0, max(1, size - side), side - overlap)]
    if size > side:
        starts.append(size - side)
    middles = [(start + before + side) / 2 for before, start in itertools.pairwise(starts)]
    # Two windows place an object a little differently; at a sharp border both could drop it.
    slack = overlap / 8
    lows = [0.0, *(middle - slack for middle in middles)]
    highs = [*(middle + slack for middle in middles), float(size)]
    return list(zip(starts, lows, highs, strict=True))


def join(windows: Iterable[Window], manifest: Manifest) -> Objects:
    """Return the objects of all windows, each once."""
    parts, total = [], 0
    for window in windows:
        found = decode(window.outputs, manifest)
        left, top, right, bottom = window.core
        x, y = found.x + window.left, found.y + window.top
        inside = (x >= left) & (x <= right) & (y >= top) & (y <= bottom)
        parts.append(_objects(found.take(inside), x[inside], y[inside], manifest))
        total += len(parts[-1].x)
        if total > _MOST_OBJECTS:
            raise RefusedError(
                f"proposes over {_MOST_OBJECTS:,} objects; raise `threshold` in its manifest"
            )
    return _once(parts, turned=angle_of(manifest) is not None)


def _objects(
    found: Boxes, x: NDArray[np.float64], y: NDArray[np.float64], manifest: Manifest
) -> Objects:
    angle = angle_of(manifest)
    length, width, heading = found.w, found.h, None
    if angle is not None and found.turn is not None:
        swap = found.h > found.w
        length, width = np.maximum(found.w, found.h), np.minimum(found.w, found.h)
        heading = (angle.heading(found.turn) + np.where(swap, 90.0, 0.0)) % 180.0
    return Objects(
        x=x, y=y, length=length, width=width, heading=heading, score=found.score, kind=found.kind
    )


def _once(parts: list[Objects], *, turned: bool) -> Objects:
    """Join the objects of all windows; of several that are one, the best stays."""
    x, y, length, width, score = (
        np.concatenate([getattr(one, name) for one in parts])
        for name in ("x", "y", "length", "width", "score")
    )
    heading = np.concatenate([np.zeros(0) if p.heading is None else p.heading for p in parts])
    kind = np.concatenate([one.kind for one in parts])
    kept: list[int] = []
    reach, narrow = np.hypot(length, width) / 2, np.minimum(length, width)
    order = np.lexsort((x, y, -score))
    for one in order:
        others = np.array(kept, np.intp)
        apart = np.hypot(x[others] - x[one], y[others] - y[one])
        near = others[apart < reach[others] + reach[one]]
        turns = heading if turned else None
        if (apart < _SAME_CENTRE * np.minimum(narrow[others], narrow[one])).any():
            continue
        if any(_overlap(x, y, length, width, turns, one, k) > _SAME_OVERLAP for k in near):
            continue
        kept.append(int(one))
    return Objects(
        x=x[kept], y=y[kept], length=length[kept], width=width[kept],
        heading=heading[kept] if turned else None, score=score[kept], kind=kind[kept],
    )  # fmt: skip


def _overlap(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    length: NDArray[np.float64],
    width: NDArray[np.float64],
    heading: NDArray[np.float64] | None,
    *pair: int,
) -> float:
    """Return the shared part of the union of two boxes."""
    # OpenCV turns the first side clockwise from the x axis.
    first, second = (
        (
            (float(x[k]), float(y[k])),
            (float(length[k]), float(width[k])),
            0.0 if heading is None else float(heading[k]) - 90.0,
        )
        for k in pair
    )
    _, corners = cv2.rotatedRectangleIntersection(first, second)
    if corners is None or len(corners) < 3:
        return 0.0
    shared = cv2.contourArea(cv2.convexHull(corners))
    areas = (float(length[k] * width[k]) for k in pair)
    return float(shared / max(sum(areas) - shared, 1e-9))
