"""Shapes of other formats: corners of a rectangle, flat lists of coordinates."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import cv2
import numpy as np

from imgcheck.annotate.packing import number
from imgcheck.annotation import Geometry, Obb, Point2, Polygon

# Corners that are this far from a right angle were not drawn as a rectangle.
_RIGHT_ANGLE_PX = 0.02


def rectangle(points: Sequence[Point2], *, side_first: bool = False) -> Obb | None:
    """Return the turned rectangle with these corners, clockwise from its front left one.

    With ``side_first`` the first edge runs along the heading, otherwise along the front. None if
    the corners are not those of a rectangle.
    """
    if len(points) != 4:
        return None
    if side_first:
        points = [*points[1:], points[0]]
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = points
    middle = ((ax + bx + cx + dx) / 4, (ay + by + cy + dy) / 4)
    front = ((ax + bx) / 2 - middle[0], (ay + by) / 2 - middle[1])
    right = ((bx + cx) / 2 - middle[0], (by + cy) / 2 - middle[1])
    length, width = 2 * math.hypot(*front), 2 * math.hypot(*right)
    # Turning from the front to the right is clockwise where y points down.
    if min(length, width) == 0 or front[0] * right[1] - front[1] * right[0] <= 0:
        return None
    heading = math.degrees(math.atan2(front[0], -front[1])) % 360.0
    found = Obb(cx=middle[0], cy=middle[1], length=length, width=width, heading=heading)
    apart = max(math.dist(p, q) for p, q in zip(found.points, points, strict=True))
    return found if apart <= _RIGHT_ANGLE_PX else None


def from_corners(points: Sequence[Point2], *, side_first: bool = False) -> Geometry:
    """Return a turned rectangle where the corners are those of one, else a polygon."""
    found = rectangle(points, side_first=side_first)
    return Polygon(points=tuple(points)) if found is None else found


def enclosing(geometry: Geometry) -> Obb:
    """Return the turned rectangle of least area around a geometry, its length the longer side."""
    if isinstance(geometry, Obb):
        return geometry
    points = np.array(geometry.points, np.float32)
    (cx, cy), (w, h), turn = cv2.minAreaRect(points)
    # OpenCV turns the side w clockwise from the x axis by `turn`.
    length, width, heading = (w, h, turn + 90.0) if w >= h else (h, w, turn)
    return Obb(cx=cx, cy=cy, length=length, width=width, heading=heading % 180.0)


def pairs(values: Any, what: str) -> tuple[Point2, ...]:
    """Return points from a flat list x, y, x, y, ..."""
    if not isinstance(values, Sequence) or isinstance(values, str) or len(values) % 2:
        raise ValueError(f"{what} is not a list of x, y, x, y, ...")
    numbers = [number(v, what) for v in values]
    return tuple(zip(numbers[::2], numbers[1::2], strict=True))


def points(values: Any, what: str) -> tuple[Point2, ...]:
    """Return points from a list of [x, y]."""
    if not isinstance(values, list):
        raise ValueError(f"{what} is not a list of [x, y]")
    return tuple(pairs(one, what)[0] for one in values if _is_pair(one, what))


def _is_pair(one: Any, what: str) -> bool:
    if not isinstance(one, list) or len(one) != 2:
        raise ValueError(f"{what} has {one!r:.40} where [x, y] is expected")
    return True


def flattened(points: Iterable[Point2]) -> list[float]:
    """Return points as x, y, x, y, ..."""
    return [value for point in points for value in point]
