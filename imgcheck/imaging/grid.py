"""A map grid, and drawing georeferenced images into it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from imgcheck.errors import GridMismatchError
from imgcheck.imaging.pixels import Float32, Float64, Mask
from imgcheck.imaging.windows import PartWindow, by_windows, read_rgb, read_valid

if TYPE_CHECKING:
    from imgcheck.imaging.image import Image

# Beyond this side pixels are made larger: change detection takes about 25 s a megapixel.
LARGEST_SIDE = 1600


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Grid:
    """A raster on the ground: its CRS, grid pixel (corner convention) to CRS, size, pixel size."""

    crs: str
    transform: Float64
    width: int
    height: int
    gsd_m: float

    @property
    def shape(self) -> tuple[int, int]:
        """Return (rows, cols)."""
        return self.height, self.width


def over(image: "Image", corners: Float64, *, gsd_m: float) -> Grid | None:
    """Make the grid of a georeferenced image, cut to the bounding box of points in its CRS.

    Pixels have ``gsd_m`` metres; never finer than the image's own, and coarser where the grid would
    exceed `LARGEST_SIDE`. None if the points lie outside the image.
    """
    georeference, own_gsd = image.georeference, image.gsd_m
    if georeference is None or georeference.transform is None or own_gsd is None:
        raise GridMismatchError(
            f"{image.name}: has no affine georeference from which to make a grid"
        )
    a, b, c, d, e, f = georeference.transform
    to_crs = np.array([[a, b, c], [d, e, f], [0.0, 0.0, 1.0]])
    ring = np.column_stack([corners, np.ones(len(corners))])
    pixels = (np.linalg.inv(to_crs) @ ring.T).T[:, :2]
    low = np.maximum(np.floor(pixels.min(axis=0)), 0)
    high = np.minimum(np.ceil(pixels.max(axis=0)), [image.width, image.height])
    size = high - low
    if np.any(size < 1):
        return None
    step = max(1.0, gsd_m / own_gsd, float(size.max()) / LARGEST_SIDE)
    cut = np.array([[step, 0.0, low[0]], [0.0, step, low[1]], [0.0, 0.0, 1.0]])
    width, height = (max(1, int(n / step)) for n in size)
    return Grid(
        crs=georeference.crs,
        transform=to_crs @ cut,
        width=width,
        height=height,
        gsd_m=own_gsd * step,
    )


def sample(image: "Image", grid: Grid, *, every_band: bool = False) -> tuple[Float32, Mask]:
    """Draw an image into a grid: (M, N, 3) float32 in [0, 1], NaN outside; and (M, N) usable.

    With ``every_band`` (M, N, bands): samples of 8 bits by 255, others by their 99.9th percentile.
    """
    from affine import Affine
    from rasterio.crs import CRS
    from rasterio.enums import Resampling
    from rasterio.warp import reproject

    georeference, own_gsd = image.georeference, image.gsd_m
    if georeference is None or georeference.transform is None or own_gsd is None:
        raise GridMismatchError(
            f"{image.name}: has no affine georeference, so it cannot be resampled to a grid"
        )
    shrinks = grid.gsd_m > 1.5 * own_gsd
    window = _window(image, grid)
    if window is None:
        bands = image.header.bands if every_band else 3
        return np.full((*grid.shape, bands), np.nan, np.float32), np.zeros(grid.shape, bool)
    usable = read_valid(image, window)
    if every_band:
        source = image.read(window).astype(np.float32)
        if image.header.bits != 8:
            known = source[:, usable & np.isfinite(source).all(axis=0)]
            source -= min(float(known.min(initial=0.0)), 0.0)
            source /= max(float(np.percentile(known, 99.9)) if known.size else 1.0, 1e-6)
        else:
            source /= 255.0
    else:
        source = read_rgb(image, window).astype(np.float32).transpose(2, 0, 1) / 255.0
    source = np.where(usable[None], source, np.nan)
    drawn = np.full((len(source), *grid.shape), np.nan, np.float32)
    reproject(
        source=source,
        destination=drawn,
        src_transform=Affine(*georeference.transform) * Affine.translation(*window[:2]),
        src_crs=CRS.from_user_input(georeference.crs),
        dst_transform=Affine(*grid.transform[:2].ravel()),
        dst_crs=CRS.from_user_input(grid.crs),
        src_nodata=np.nan,
        dst_nodata=np.nan,
        resampling=Resampling.average if shrinks else Resampling.bilinear,
    )
    valid = np.asarray(np.isfinite(drawn).all(axis=0))
    return np.clip(drawn.transpose(1, 2, 0), 0.0, 1.0), valid


def _window(image: "Image", grid: Grid) -> PartWindow | None:
    """Return the window of a large image under a grid; None where they share no area."""
    place = image.georeference
    if place is None or not by_windows(image):
        return 0, 0, image.width, image.height
    from rasterio.crs import CRS
    from rasterio.warp import transform as project

    steps = np.linspace(0, 1, 17)
    x, y = (n.ravel() for n in np.meshgrid(steps * grid.width, steps * grid.height))
    a, b, c = grid.transform[:2, 0], grid.transform[:2, 1], grid.transform[:2, 2]
    there = np.outer(x, a) + np.outer(y, b) + c
    lon, lat = project(CRS.from_user_input(grid.crs), CRS.from_epsg(4326), *there.T.tolist())[:2]
    columns, rows = place.from_lonlat(lon, lat)
    margin = 4 + 2 * max(np.ptp(columns) / grid.width, np.ptp(rows) / grid.height)
    low = np.maximum([np.floor(columns.min() - margin), np.floor(rows.min() - margin)], 0)
    high = np.minimum(
        [np.ceil(columns.max() + margin), np.ceil(rows.max() + margin)], [image.width, image.height]
    )
    if not (high > low).all():
        return None
    left, top, right, bottom = (int(v) for v in (*low, *high))
    return left, top, right - left, bottom - top
