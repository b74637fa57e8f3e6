"""A map grid, and drawing georeferenced images into it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from imgcheck.errors import GridMismatchError
from imgcheck.imaging.pixels import Float32, Float64, Mask
from imgcheck.imaging.windows import PartWindow, read_rgb, read_valid

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

    def offset_in(self, image: "Image") -> tuple[int, int] | None:
        """Return the pixel of an image at the corner of the grid, if both have the same pixels."""
        place = image.georeference
        if place is None or place.transform is None or place.crs != self.crs:
            return None
        a, b, c, d, e, f = place.transform
        own = np.array([[a, b, c], [d, e, f], [0.0, 0.0, 1.0]])
        step = np.linalg.solve(own, self.transform)
        whole = np.rint(step)
        # A twentieth of a pixel over the whole grid.
        spread = np.abs(step[:2, :2] - whole[:2, :2]) @ [self.width, self.height]
        same = np.array_equal(whole[:2, :2], np.eye(2)) and spread.max() < 0.05
        if not same or np.abs(step[:2, 2] - whole[:2, 2]).max() > 0.05:
            return None
        return int(whole[0, 2]), int(whole[1, 2])

    def part(self, left: int, top: int, width: int, height: int) -> "Grid":
        """Return a part of the grid, which may reach out of it."""
        moved = np.array([[1.0, 0.0, left], [0.0, 1.0, top], [0.0, 0.0, 1.0]])
        return Grid(
            crs=self.crs,
            transform=self.transform @ moved,
            width=width,
            height=height,
            gsd_m=self.gsd_m,
        )

    def draw(self, image: "Image", read: Callable[[PartWindow], Float32], bands: int) -> Float32:
        """Resample a part of an image into the grid: (M, N, bands), NaN where it shows nothing.

        ``read`` returns a window of the image as (rows, columns, bands).
        """
        from affine import Affine
        from rasterio.crs import CRS
        from rasterio.enums import Resampling
        from rasterio.warp import reproject

        place, own_gsd = image.georeference, image.gsd_m
        if place is None or place.transform is None or own_gsd is None:
            raise GridMismatchError(
                f"{image.name}: has no affine georeference, so it cannot be resampled to a grid"
            )
        window = _window(image, self)
        drawn = np.full((bands, *self.shape), np.nan, np.float32)
        if window is not None:
            reproject(
                source=np.ascontiguousarray(np.moveaxis(read(window), -1, 0)),
                destination=drawn,
                src_transform=Affine(*place.transform) * Affine.translation(*window[:2]),
                src_crs=CRS.from_user_input(place.crs),
                dst_transform=Affine(*self.transform[:2].ravel()),
                dst_crs=CRS.from_user_input(self.crs),
                src_nodata=np.nan,
                dst_nodata=np.nan,
                resampling=Resampling.average
                if self.gsd_m > 1.5 * own_gsd
                else Resampling.bilinear,
            )
        return np.clip(np.moveaxis(drawn, 0, -1), 0.0, 1.0)


def over(
    image: "Image", corners: Float64, *, gsd_m: float, largest_side: int | None = LARGEST_SIDE
) -> Grid | None:
    """Make the grid of a georeferenced image, cut to the bounding box of points in its CRS.

    Pixels have ``gsd_m`` metres; never finer than the image's own, and coarser where the grid would
    exceed ``largest_side``. None if the points lie outside the image.
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
    least = 1.0 if largest_side is None else float(size.max()) / largest_side
    step = max(1.0, gsd_m / own_gsd, least)
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

    def read(window: PartWindow) -> Float32:
        usable = read_valid(image, window)
        source = read_rgb(image, window).astype(np.float32) / np.float32(255)
        return np.where(usable[..., None], source, np.float32("nan"))

    drawn = grid.draw(image, read, 3)
    return drawn, np.asarray(np.isfinite(drawn).all(axis=2))


def _window(image: "Image", grid: Grid) -> PartWindow | None:
    """Return the window of a large image under a grid; None where they share no area."""
    place = image.georeference
    if place is None:
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
