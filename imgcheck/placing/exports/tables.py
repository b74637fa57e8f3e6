"""Placing as text files that sit beside the picture: QGIS points and a world file."""

import math

import numpy as np
from numpy.typing import NDArray

from imgcheck.imaging import transforms
from imgcheck.placing.measures import Measures

# More points than this make the list in QGIS unreadable; the best are kept.
_MOST_POINTS = 200


def qgis_points(measures: Measures) -> str:
    """Give the tie points as QGIS' georeferencer loads and saves them.

    Source coordinates are pixels from the top left corner, y upwards (negative); residuals are in
    pixels of the picture.

    References
    ----------
    .. [1] QGIS user manual, "Georeferencer" (form of QGIS 3.26 and later).
    """
    wkt = " ".join(measures.system.to_wkt().split())
    lines = [f"#CRS: {wkt}", "mapX,mapY,sourceX,sourceY,enable,dX,dY,residual"]
    # Not divided by its last entry: that may be negative, and depths must stay positive.
    back = np.linalg.inv(measures.matrix)
    for point in measures.tie_points[:_MOST_POINTS]:
        x, y = point.picture
        at_x, at_y = transforms.apply(back, [point.reference])[0]
        values = [*point.reference, x, -y]
        gaps = [at_x - x, -(at_y - y), math.hypot(at_x - x, at_y - y)]
        lines.append(",".join([*(f"{v:.10g}" if abs(v) < 1000 else f"{v:.6f}" for v in values),
                               "1", *(f"{v:.6f}" for v in gaps)]))  # fmt: skip
    return "\n".join(lines) + "\n"


def world_file(measures: Measures) -> tuple[str, float]:
    """Give a world file and its largest error in metres.

    A world file holds an affine map of pixel *centres*. A tilted picture has none; then it is the
    affine map that errs least in the mean of squares, and the error says by how much.
    """
    rows, cols = measures.shape
    x, y = np.meshgrid(np.linspace(0, cols, 9), np.linspace(0, rows, 9))
    spots = np.column_stack([x.ravel(), y.ravel()])
    affine = _affine(spots, transforms.apply(measures.matrix, spots))
    error = _largest_error(measures, affine, spots)
    (a, b, c), (d, e, f) = affine
    centre_x, centre_y = a * 0.5 + b * 0.5 + c, d * 0.5 + e * 0.5 + f
    return "".join(f"{v:.12f}\n" for v in (a, d, b, e, centre_x, centre_y)), error


def _affine(spots: NDArray[np.float64], places: NDArray[np.float64]) -> NDArray[np.float64]:
    middle = places.mean(axis=0)
    design = np.column_stack([spots, np.ones(len(spots))])
    solved = np.linalg.lstsq(design, places - middle, rcond=None)[0].T
    solved[:, 2] += middle
    return np.asarray(solved, np.float64)


def _largest_error(
    measures: Measures, affine: NDArray[np.float64], spots: NDArray[np.float64]
) -> float:
    whole = np.vstack([affine, [0, 0, 1.0]])
    gaps = transforms.apply(np.linalg.inv(measures.matrix) @ whole, spots) - spots
    moved = [measures.slope((float(x), float(y))) @ gap for (x, y), gap in
             zip(spots, gaps, strict=True)]  # fmt: skip
    return float(np.hypot(*np.array(moved).T).max())
