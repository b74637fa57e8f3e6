"""The picture as GeoTIFF: warped into the reference's CRS, and as it is with control points."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgcheck.geo import earth
from imgcheck.geo.measures import Measures
from imgcheck.imaging import transforms, warp

# 36 Mpx take about 0.6 GB while they are drawn.
_MOST_PIXELS = 36_000_000
_BLOCK = 256
# Control points a side: enough for any model that a reader may fit.
_POINTS_A_SIDE = 5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OnMap:
    """A GeoTIFF of the picture on a grid whose rows run along the CRS's axes.

    Attributes
    ----------
    data : bytes
    transform : (a, b, c, d, e, f)
        Pixel corner to CRS.
    shape : (rows, cols)
    coarser : float
        Side of a grid pixel over the side of a picture pixel; 1 unless the grid became too large.
    """

    data: bytes
    transform: tuple[float, float, float, float, float, float]
    shape: tuple[int, int]
    coarser: float


def on_map(measures: Measures, rgb: NDArray[np.uint8], *, usable: NDArray[np.bool_]) -> OnMap:
    """Warp the picture into the reference's CRS at its own ground pixel size.

    Parameters
    ----------
    measures : Measures
    rgb : (M, N, 3) uint8
    usable : (M, N) bool
        False = transparent: nodata, or drawn over.
    """
    step_x, step_y = _step(measures)
    ring = transforms.apply(measures.matrix, transforms.corners(rgb.shape))
    low, high = ring.min(axis=0), ring.max(axis=0)
    cells = float(np.prod((high - low) / [step_x, step_y]))
    coarser = max(1.0, math.sqrt(cells / _MOST_PIXELS))
    step_x, step_y = step_x * coarser, step_y * coarser
    # Whole steps from the origin of the CRS, so that exports of one GSD share a grid.
    left, top = math.floor(low[0] / step_x) * step_x, math.ceil(high[1] / step_y) * step_y
    cols = max(1, math.ceil((high[0] - left) / step_x))
    rows = max(1, math.ceil((top - low[1]) / step_y))
    to_crs = np.array([[step_x, 0, left], [0, -step_y, top], [0, 0, 1.0]])
    to_grid = np.linalg.inv(to_crs) @ measures.matrix
    drawn = warp.warp(rgb, to_grid, (rows, cols))
    alpha = warp.coverage(rgb.shape, to_grid, (rows, cols), mask=usable)
    alpha &= np.isfinite(drawn).all(axis=-1)
    shown = np.clip(np.nan_to_num(np.round(drawn)), 0, 255).astype(np.uint8)
    bands = np.concatenate([shown, np.where(alpha, 255, 0).astype(np.uint8)[..., None]], axis=-1)
    transform = (step_x, 0.0, left, 0.0, -step_y, top)
    data = _tiff(bands, crs=measures.system, transform=_affine(transform))
    return OnMap(data=data, transform=transform, shape=(rows, cols), coarser=coarser)


def with_gcps(measures: Measures, rgb: NDArray[np.uint8], *, valid: NDArray[np.bool_]) -> bytes:
    """Write the picture as it is, with control points that lie on the fitted transform."""
    from rasterio.control import GroundControlPoint

    rows, cols = rgb.shape[:2]
    x, y = np.meshgrid(np.linspace(0, cols, _POINTS_A_SIDE), np.linspace(0, rows, _POINTS_A_SIDE))
    spots = np.column_stack([x.ravel(), y.ravel()])
    places = transforms.apply(measures.matrix, spots)
    points = [
        GroundControlPoint(row=float(row), col=float(col), x=float(east), y=float(north))
        for (col, row), (east, north) in zip(spots, places, strict=True)
    ]
    bands = rgb
    if not valid.all():
        bands = np.concatenate([rgb, np.where(valid, 255, 0).astype(np.uint8)[..., None]], axis=-1)
    return _tiff(bands, crs=measures.system, gcps=points)


def _step(measures: Measures) -> tuple[float, float]:
    """Return CRS units per grid pixel, so that a pixel is as large as one of the picture."""
    rows, cols = measures.shape
    centre, gsd = measures.placement.centre_lonlat, measures.placement.gsd_m
    if measures.system.is_geographic:
        east, north = earth.metres_per_degree(centre[1])
        return gsd / max(east, 1e-3 * north), gsd / north
    slope = transforms.jacobian(measures.matrix, [[cols / 2, rows / 2]])[0]
    side = math.sqrt(abs(float(np.linalg.det(slope))))
    return side, side


def _affine(transform: tuple[float, ...]) -> Any:
    from affine import Affine

    return Affine(*transform)


def _tiff(bands: NDArray[np.uint8], **place: Any) -> bytes:
    from rasterio.enums import ColorInterp
    from rasterio.io import MemoryFile

    rows, cols, count = bands.shape
    colours = [ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha]
    with MemoryFile() as memory:
        with memory.open(
            driver="GTiff", width=cols, height=rows, count=count, dtype="uint8",
            photometric="RGB", compress="deflate", predictor=2, tiled=True,
            blockxsize=_BLOCK, blockysize=_BLOCK, **place,
        ) as target:  # fmt: skip
            target.colorinterp = colours[:count]
            target.write(np.moveaxis(bands, -1, 0))
        return bytes(memory.read())
