"""The pixel grid of a rendering in metres, and the layers that ground and objects are drawn on."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

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
        """Return the x of the pixel centres, metres, shape (1, cols)."""
        centres = self.left_m + (np.arange(self.cols)[columns] + 0.5) * self.step_m
        return np.asarray(centres, np.float32)[None, :]

    def y(self, rows: slice = slice(None)) -> Array:
        """Return the y of the pixel centres, metres, shape (rows, 1)."""
        centres = self.top_m + (np.arange(self.rows)[rows] + 0.5) * self.step_m
        return np.asarray(centres, np.float32)[:, None]

    def around(
        self, x_min: float, y_min: float, x_max: float, y_max: float
    ) -> tuple[slice, slice] | None:
        """Return the (rows, columns) that a rectangle in metres touches, or None."""
        col0 = max(0, math.floor((x_min - self.left_m) / self.step_m))
        col1 = min(self.cols, math.ceil((x_max - self.left_m) / self.step_m) + 1)
        row0 = max(0, math.floor((y_min - self.top_m) / self.step_m))
        row1 = min(self.rows, math.ceil((y_max - self.top_m) / self.step_m) + 1)
        if col0 >= col1 or row0 >= row1:
            return None
        return slice(row0, row1), slice(col0, col1)

    def part(self, box: tuple[slice, slice]) -> "Grid":
        """Return the grid of a window of this one."""
        rows, cols = box
        return replace(
            self,
            left_m=self.left_m + cols.start * self.step_m,
            top_m=self.top_m + rows.start * self.step_m,
            rows=rows.stop - rows.start,
            cols=cols.stop - cols.start,
        )

    def coarser(self, factor: int) -> "Grid":
        """Return the grid of ``factor`` times larger pixels that covers this one."""
        rows, cols = -(-self.rows // factor), -(-self.cols // factor)
        return replace(self, step_m=self.step_m * factor, rows=rows, cols=cols)

    def padded(self, pixels: int) -> "Grid":
        """Return this grid with ``pixels`` more on every side."""
        edge = slice(-pixels, self.rows + pixels), slice(-pixels, self.cols + pixels)
        return self.part(edge)


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
    """Return the share of every pixel that lies in a polygon, 0..1."""
    mask = np.zeros((grid.rows, grid.cols), np.uint8)
    corners = np.asarray(points, float)
    # OpenCV counts from the centre of a pixel, in 1/16 pixels here.
    pixels = (corners - [grid.left_m, grid.top_m]) / grid.step_m - 0.5
    cv2.fillPoly(mask, [np.round(pixels * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    return mask.astype(np.float32) / np.float32(255)


# A window, or the rows and columns of single pixels.
Where = tuple[slice, slice] | tuple[NDArray[np.intp], ...]
_ALL: Where = (slice(None), slice(None))


@dataclass(slots=True, kw_only=True)
class Canvas:
    """Height and albedo on the fine grid; the drawing functions change it in place.

    ``ground`` is the smooth land whose slopes are shaded; ``above`` is what stands on it with
    walls (metres above the ground: boxes, shrubs), which throws shadows but has level tops.
    ``level`` is the share of a pixel that is such a top, or water.
    """

    grid: Grid
    ground: Array = field(init=False)
    above: Array = field(init=False)
    level: Array = field(init=False)
    albedo: Array = field(init=False)

    def __post_init__(self) -> None:
        shape = (self.grid.rows, self.grid.cols)
        self.ground = np.zeros(shape, np.float32)
        self.above = np.zeros(shape, np.float32)
        self.level = np.zeros(shape, np.float32)
        self.albedo = np.zeros((*shape, 3), np.float32)

    def paint(
        self, color: tuple[float, float, float] | Array, opacity: Array, where: Where = _ALL
    ) -> None:
        """Mix a colour over the albedo; ``opacity`` has the shape of ``where``."""
        old = self.albedo[where]
        self.albedo[where] = old + opacity[..., None] * (np.asarray(color, np.float32) - old)

    def scale(self, factor: Array, where: Where = _ALL) -> None:
        """Multiply the albedo."""
        self.albedo[where] *= factor[..., None]
