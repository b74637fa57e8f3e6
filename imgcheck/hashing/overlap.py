"""Where two pictures overlap once one is laid on the other."""

import numpy as np
from numpy.typing import NDArray

from imgcheck.hashing.answer import Matrix, Polygon
from imgcheck.hashing.perceptual import ORIENTATIONS
from imgcheck.hashing.region import Box
from imgcheck.imaging import transforms


def shared(
    matrix: NDArray[np.float64],
    query_shape: tuple[int, int],
    known_shape: tuple[int, int],
    *,
    within: Box | None = None,
) -> tuple[Polygon, Polygon, float]:
    """Cut the outlines of both pictures with each other.

    Parameters
    ----------
    matrix : (3, 3)
        Query pixels to known pixels, corner convention.
    query_shape, known_shape : (rows, cols)
    within : Box, optional
        The part of the query that agrees with the known picture (`region.agreeing`).

    Returns
    -------
    region, known_region : tuple of (x, y)
        The overlap in the query and in the known picture; empty where there is none.
    share : float
        Area of ``region`` as a share of the query.
    """
    back = np.linalg.inv(matrix)
    outline = transforms.apply(back, transforms.corners(known_shape))
    if not np.isfinite(outline).all():
        return (), (), 0.0
    box = within or Box(x0=0.0, y0=0.0, x1=query_shape[1], y1=query_shape[0])
    region = _clip(outline, box)
    if len(region) < 3:
        return (), (), 0.0
    known_region = transforms.apply(matrix, region)
    share = _area(region) / (query_shape[0] * query_shape[1])
    return _polygon(region), _polygon(known_region), min(1.0, share)


def nominal(
    orientation: str, query_shape: tuple[int, int], known_shape: tuple[int, int]
) -> NDArray[np.float64]:
    """Give the transform of a whole-picture copy that was turned, mirrored and scaled.

    Parameters
    ----------
    orientation : str
        One of `ORIENTATIONS`: how the query must be laid down to look like the known picture.
    query_shape, known_shape : (rows, cols)

    Returns
    -------
    (3, 3) float64
        Query pixels to known pixels.
    """
    rows, cols = query_shape
    matrix = np.eye(3)
    number = ORIENTATIONS.index(orientation)
    if number >= 4:
        matrix = np.array([[-1.0, 0, cols], [0, 1, 0], [0, 0, 1]])
    for _ in range(number % 4):
        # Clockwise: the left edge becomes the top.
        matrix = np.array([[0.0, -1, rows], [1, 0, 0], [0, 0, 1]]) @ matrix
        rows, cols = cols, rows
    return np.diag([known_shape[1] / cols, known_shape[0] / rows, 1.0]) @ matrix


def as_tuple(matrix: NDArray[np.float64]) -> Matrix:
    """Give a 3 x 3 array as plain tuples of rows."""
    first, second, third = (
        (float(a), float(b), float(c)) for a, b, c in np.asarray(matrix, np.float64)
    )
    return first, second, third


def _polygon(points: NDArray[np.float64]) -> Polygon:
    return tuple((float(x), float(y)) for x, y in points)


def _area(points: NDArray[np.float64]) -> float:
    x, y = points.T
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)


def _clip(points: NDArray[np.float64], box: Box) -> NDArray[np.float64]:
    """Cut a convex polygon with an upright rectangle, edge by edge."""
    for axis, bound, sign in ((0, box.x0, 1), (0, box.x1, -1), (1, box.y0, 1), (1, box.y1, -1)):
        inside = sign * (points[:, axis] - bound)
        kept = []
        for i in range(len(points)):
            j = (i + 1) % len(points)
            if inside[i] >= 0:
                kept.append(points[i])
            if (inside[i] >= 0) != (inside[j] >= 0):
                part = inside[i] / (inside[i] - inside[j])
                kept.append(points[i] + part * (points[j] - points[i]))
        points = np.array(kept).reshape(-1, 2)
        if len(points) < 3:
            break
    return points
