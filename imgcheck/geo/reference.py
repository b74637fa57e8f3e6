"""A georeferenced reference image of any size, read by windows."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from imgcheck.errors import ImgcheckError
from imgcheck.geo import earth
from imgcheck.imaging import Image, transforms, warp
from imgcheck.imaging.pixels import as_gray, as_mask
from imgcheck.imaging.windows import PartWindow as Window
from imgcheck.imaging.windows import by_windows, part_of, read_gray, stretch_of

Pixels = tuple[NDArray[np.float32], NDArray[np.bool_] | None]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReferenceImage:
    """Georeferenced pixels that are read when needed.

    Attributes
    ----------
    name : str
        Name in reasons and progress messages.
    shape : (rows, cols)
    transform : (a, b, c, d, e, f)
        Affine from pixels (corner convention) to the CRS: x = a col + b row + c,
        y = d col + e row + f.
    crs : rasterio CRS, EPSG code, or text
    read : callable
        ``read(window, shape)`` returns gray (M, N) float32 in [0, 1] and the mask of usable pixels
        or None; ``window`` is (column, row, width, height). With a ``shape`` the pixels are
        averaged to it.
    path : Path or None
        The file, for an area index of a reference that is read by windows.
    """

    name: str
    shape: tuple[int, int]
    transform: Sequence[float]
    crs: object
    read: Callable[[Window, tuple[int, int] | None], Pixels]
    path: Path | None = None

    def whole(self) -> Pixels:
        """Return all pixels at full size."""
        return self.read((0, 0, self.shape[1], self.shape[0]), None)

    def cut(self, window: Window) -> "ReferenceImage":
        """Return a part of the reference as a reference of its own."""
        x, y, width, height = window
        a, b, c, d, e, f = self.transform
        return replace(
            self,
            shape=(height, width),
            transform=(a, b, a * x + b * y + c, d, e, d * x + e * y + f),
            read=lambda part, shape: self.read((part[0] + x, part[1] + y, *part[2:]), shape),
        )

    def ring(self) -> NDArray[np.float64]:
        """Return the corners as (lon, lat), (4, 2); NaN where the CRS has none."""
        corners = transforms.corners(self.shape)
        affine = earth.affine_of(self.transform)
        return earth.to_lonlat(earth.system_of(self.crs), transforms.apply(affine, corners))


def of_arrays(
    gray: NDArray[np.float32],
    mask: NDArray[np.bool_] | None = None,
    *,
    transform: Sequence[float],
    crs: object,
    name: str = "the reference",
) -> ReferenceImage:
    """Return pixels in memory as a reference.

    Raises
    ------
    UsageError
        If the transform or the CRS cannot be read, or the pixels have another type or range.
    GridMismatchError
        If the image is not gray, or the mask has another shape.
    """
    earth.affine_of(transform)
    earth.system_of(crs)
    gray = as_gray(gray, name="reference")
    mask = as_mask(mask, gray, name="reference")

    def read(window: Window, shape: tuple[int, int] | None) -> Pixels:
        rows, cols = part_of(window)
        part, usable = gray[rows, cols], None if mask is None else mask[rows, cols]
        if shape is None:
            return part, usable
        small = None if usable is None else np.asarray(warp.resize(usable, shape) > 0.99)
        return warp.resize(part, shape), small

    shape = (gray.shape[0], gray.shape[1])
    return ReferenceImage(name=name, shape=shape, transform=transform, crs=crs, read=read)


def of_image(image: Image, *, name: str) -> ReferenceImage:
    """Return an image with an affine georeference as a reference.

    Up to `windows.WHOLE_PIXELS` it is decoded whole and kept; a larger one is read by windows.
    """
    place = image.georeference
    if place is None or place.transform is None:
        raise ValueError(f"{image.name} has no affine georeference")
    stretch: list[tuple[float, float] | None] = []

    def read(window: Window, shape: tuple[int, int] | None) -> Pixels:
        rows, cols = part_of(window)
        if by_windows(image):
            if not stretch:
                stretch.append(stretch_of(image))
            return read_gray(image, window, stretch=stretch[0], out_shape=shape)
        part, usable = image.gray()[rows, cols], image.valid()[rows, cols]
        if shape is None:
            return part, usable
        return warp.resize(part, shape), np.asarray(warp.resize(usable, shape) > 0.99)

    return ReferenceImage(
        name=name,
        shape=(image.height, image.width),
        transform=place.transform,
        crs=place.crs,
        read=read,
        path=image.path,
    )


def around(reference: ReferenceImage, near: tuple[float, float, float] | None) -> Window | None:
    """Return the window to search: the bounding box of a circle (lon, lat, radius_km).

    The whole reference without a circle; None where the circle lies outside.
    """
    rows, cols = reference.shape
    if near is None:
        return 0, 0, cols, rows
    crs = earth.system_of(reference.crs)
    to_pixels = np.linalg.inv(earth.affine_of(reference.transform))
    ring = earth.circle(*near)
    # A grid in degrees may count its longitudes on either side of the antimeridian.
    for turn in (0.0, 360.0, -360.0) if crs.is_geographic else (0.0,):
        there = earth.from_lonlat(crs, ring) + np.array([turn, 0.0])
        at = transforms.apply(to_pixels, there)
        known = at[np.isfinite(at).all(axis=1)]
        if not len(known):
            continue
        low = np.clip(np.floor(known.min(axis=0)), 0, [cols, rows]).astype(int)
        high = np.clip(np.ceil(known.max(axis=0)), 0, [cols, rows]).astype(int)
        if (high > low).all():
            x, y = int(low[0]), int(low[1])
            return x, y, int(high[0]) - x, int(high[1]) - y
    return None


def covers(reference: ReferenceImage, point: tuple[float, float]) -> bool:
    """Return whether the frame of a reference contains a point (lon, lat); if unknown, True."""
    try:
        ring = reference.ring()
    except ImgcheckError:
        return True
    return not np.isfinite(ring).all() or _around_origin(earth.flat_map(ring, centre=point))


def away_from(
    reference: ReferenceImage, points: Sequence[tuple[float, float]]
) -> tuple[bool, float]:
    """Return a sort key: references that contain one of the points first, then by distance."""
    try:
        ring = reference.ring()
    except ImgcheckError:
        return True, math.inf
    if not np.isfinite(ring).all():
        return True, math.inf
    inside, distance = False, math.inf
    for point in points:
        at = earth.flat_map(ring, centre=point)
        inside |= _around_origin(at)
        distance = min(distance, float(np.hypot(*at.mean(axis=0))))
    return not inside, 0.0 if inside else distance


def _around_origin(ring: NDArray[np.float64]) -> bool:
    """Return whether a convex ring encloses the origin."""
    x, y = ring.T
    turns = x * np.roll(y, -1) - y * np.roll(x, -1)
    return bool((turns >= 0).all() or (turns <= 0).all())
