"""The pixel grid of a rendering in metres, and masks and distances on it."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from imgcheck.scene.objects import PointM

Array = NDArray[np.float32]

# A long line is measured piece by piece, so that each piece touches few pixels.
_PIECE_M = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Square pixels of ``step_m``; ``left_m``, ``top_m`` is the corner of the first one."""

    left_m: float
    top_m: float
    step_m: float
    rows: int
    cols: int

    def x(self, columns: slice = slice(None)) -> Array:
        """Give the x of the pixel centres, metres, shape (1, cols)."""
        centres = self.left_m + (np.arange(self.cols)[columns] + 0.5) * self.step_m
        return np.asarray(centres, np.float32)[None, :]

    def y(self, rows: slice = slice(None)) -> Array:
        """Give the y of the pixel centres, metres, shape (rows, 1)."""
        centres = self.top_m + (np.arange(self.rows)[rows] + 0.5) * self.step_m
        return np.asarray(centres, np.float32)[:, None]

    def around(
        self, x_min: float, y_min: float, x_max: float, y_max: float
    ) -> tuple[slice, slice] | None:
        """Give the (rows, columns) that a rectangle in metres touches, or None."""
        col0 = max(0, math.floor((x_min - self.left_m) / self.step_m))
        col1 = min(self.cols, math.ceil((x_max - self.left_m) / self.step_m) + 1)
        row0 = max(0, math.floor((y_min - self.top_m) / self.step_m))
        row1 = min(self.rows, math.ceil((y_max - self.top_m) / self.step_m) + 1)
        if col0 >= col1 or row0 >= row1:
            return None
        return slice(row0, row1), slice(col0, col1)

    def part(self, box: tuple[slice, slice]) -> "Grid":
        """Give the grid of a window of this one."""
        rows, cols = box
        return Grid(
            left_m=self.left_m + cols.start * self.step_m,
            top_m=self.top_m + rows.start * self.step_m,
            step_m=self.step_m,
            rows=rows.stop - rows.start,
            cols=cols.stop - cols.start,
        )

    def coarser(self, factor: int) -> "Grid":
        """Give the grid of ``factor`` times larger pixels that covers this one."""
        return Grid(
            left_m=self.left_m,
            top_m=self.top_m,
            step_m=self.step_m * factor,
            rows=-(-self.rows // factor),
            cols=-(-self.cols // factor),
        )

    def padded(self, pixels: int) -> "Grid":
        """Give this grid with ``pixels`` more on every side."""
        return Grid(
            left_m=self.left_m - pixels * self.step_m,
            top_m=self.top_m - pixels * self.step_m,
            step_m=self.step_m,
            rows=self.rows + 2 * pixels,
            cols=self.cols + 2 * pixels,
        )


def enlarge(values: Array, factor: int, grid: Grid) -> Array:
    """Bring values of ``grid.coarser(factor)`` to ``grid``, smoothly."""
    if factor == 1:
        return values
    rows, cols = values.shape
    large = cv2.resize(values, (cols * factor, rows * factor), interpolation=cv2.INTER_CUBIC)
    return np.asarray(large[: grid.rows, : grid.cols], np.float32)


def smoothstep(values: Array, low: float, high: float) -> Array:
    """Rise from 0 at ``low`` to 1 at ``high`` with level ends (falls where low > high)."""
    t = np.clip((values - np.float32(low)) / np.float32(high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def _pieces(points: Sequence[PointM]) -> list[tuple[float, float, float, float]]:
    """Cut a line into straight pieces of at most ``_PIECE_M``."""
    pieces = []
    for (ax, ay), (bx, by) in itertools.pairwise(points):
        count = max(1, math.ceil(math.hypot(bx - ax, by - ay) / _PIECE_M))
        xs, ys = np.linspace(ax, bx, count + 1), np.linspace(ay, by, count + 1)
        pieces += [
            (float(xs[i]), float(ys[i]), float(xs[i + 1]), float(ys[i + 1])) for i in range(count)
        ]
    return pieces


def distance_to_line(grid: Grid, points: Sequence[PointM], *, reach_m: float) -> Array:
    """Measure every pixel's distance to a line, metres, exact up to ``reach_m``.

    Pixels farther away hold ``reach_m``.
    """
    # A wide reach needs no fine grid: the distance is smooth away from the line.
    factor = max(1, int(reach_m / grid.step_m / 60))
    coarse = grid.coarser(factor)
    best = np.full((coarse.rows, coarse.cols), reach_m, np.float32)
    for ax, ay, bx, by in _pieces(points):
        box = coarse.around(
            min(ax, bx) - reach_m,
            min(ay, by) - reach_m,
            max(ax, bx) + reach_m,
            max(ay, by) + reach_m,
        )
        if box is None:
            continue
        dx, dy = bx - ax, by - ay
        px, py = coarse.x(box[1]) - np.float32(ax), coarse.y(box[0]) - np.float32(ay)
        along = np.clip(
            (px * dx + py * dy) / np.float32(max(dx * dx + dy * dy, 1e-9)), 0, 1
        ).astype(np.float32)
        distance = np.hypot(px - along * np.float32(dx), py - along * np.float32(dy))
        best[box] = np.minimum(best[box], distance)
    return enlarge(best, factor, grid)


def offset_line(points: Sequence[PointM], offset_m: float) -> tuple[PointM, ...]:
    """Shift a line sideways (positive: to the right when walking along it)."""
    line = np.asarray(points, float)
    tangent = np.gradient(line, axis=0)
    tangent /= np.maximum(np.hypot(tangent[:, :1], tangent[:, 1:]), 1e-9)
    moved = line + offset_m * np.stack([-tangent[:, 1], tangent[:, 0]], axis=1)
    return tuple((float(x), float(y)) for x, y in moved)


def inside_polygon(grid: Grid, points: Sequence[PointM]) -> Array:
    """Give the share of every pixel that lies in a polygon, 0..1."""
    mask = np.zeros((grid.rows, grid.cols), np.uint8)
    corners = np.asarray(points, float)
    # OpenCV counts from the centre of a pixel, in 1/16 pixels here.
    pixels = (corners - [grid.left_m, grid.top_m]) / grid.step_m - 0.5
    cv2.fillPoly(mask, [np.round(pixels * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    return mask.astype(np.float32) / np.float32(255)
