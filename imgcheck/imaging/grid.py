"""A map grid, and drawing georeferenced images into it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from imgcheck.errors import GridMismatchError
from imgcheck.imaging.pixels import Float32, Float64, Mask

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
        raise GridMismatchError(f"{image.name}: has no affine georeference to make a grid of")
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


def sample(image: "Image", grid: Grid) -> tuple[Float32, Mask]:
    """Draw an image into a grid: (M, N, 3) float32 in [0, 1], NaN outside; and (M, N) usable."""
    from affine import Affine
    from rasterio.crs import CRS
    from rasterio.enums import Resampling
    from rasterio.warp import reproject

    georeference, own_gsd = image.georeference, image.gsd_m
    if georeference is None or georeference.transform is None or own_gsd is None:
        raise GridMismatchError(f"{image.name}: has no affine georeference to draw it by")
    shrinks = grid.gsd_m > 1.5 * own_gsd
    source = image.rgb().astype(np.float32).transpose(2, 0, 1) / 255.0
    source = np.where(image.valid()[None], source, np.nan)
    drawn = np.full((3, *grid.shape), np.nan, np.float32)
    reproject(
        source=source,
        destination=drawn,
        src_transform=Affine(*georeference.transform),
        src_crs=CRS.from_user_input(georeference.crs),
        dst_transform=Affine(*grid.transform[:2].ravel()),
        dst_crs=CRS.from_user_input(grid.crs),
        src_nodata=np.nan,
        dst_nodata=np.nan,
        resampling=Resampling.average if shrinks else Resampling.bilinear,
    )
    valid = np.asarray(np.isfinite(drawn).all(axis=0))
    return np.clip(drawn.transpose(1, 2, 0), 0.0, 1.0), valid
