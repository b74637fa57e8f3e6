"""A georeferenced reference image of any size, read by windows, and the prior of a search."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from imgcheck.errors import ImgcheckError, UsageError
from imgcheck.geo import earth
from imgcheck.imaging import Image, transforms, warp
from imgcheck.imaging.pixels import Float32, Float64, Mask, as_gray, as_mask
from imgcheck.imaging.windows import PartWindow as Window
from imgcheck.imaging.windows import by_windows, part_of, read_gray, stretch_of

Pixels = tuple[Float32, Mask | None]


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
    image : Image or None
        The open image, for an area index of a reference that is read by windows.
    """

    name: str
    shape: tuple[int, int]
    transform: Sequence[float]
    crs: object
    read: Callable[[Window, tuple[int, int] | None], Pixels]
    image: Image | None = None

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

    def pixel_m(self) -> float:
        """Return the size of a pixel in its middle on the ground, metres.

        Raises
        ------
        UsageError
            If it has none.
        """
        affine, crs = earth.affine_of(self.transform), earth.system_of(self.crs)
        middle = np.array([[self.shape[1] / 2, self.shape[0] / 2]])
        size = float(np.sqrt(abs(np.linalg.det(earth.ground_slope(affine, middle, crs)))))
        if not size > 0:
            raise UsageError("the reference's pixels have no size on the ground")
        return size

    def ring(self) -> Float64:
        """Return the corners as (lon, lat), (4, 2); NaN where the CRS has none."""
        corners = transforms.corners(self.shape)
        affine = earth.affine_of(self.transform)
        return earth.to_lonlat(earth.system_of(self.crs), transforms.apply(affine, corners))


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """Limits of the search; a wrong one hides the right place.

    Attributes
    ----------
    gsd_m : (least, most) or None
        Ground metres per picture pixel; used by the structural path.
    near : (lon, lat, radius_km) or None
        Only places whose centre lies within this circle are accepted; as much around it is searched
        as the picture can reach.
    mirrored : bool, default False
        Also search for the mirrored picture.
    first : (lon, lat) points
        Of the claimed place: references that contain one are searched first; none is left out.

    Raises
    ------
    UsageError
        If a number is out of range.
    """

    gsd_m: tuple[float, float] | None = None
    near: tuple[float, float, float] | None = None
    mirrored: bool = False
    first: tuple[tuple[float, float], ...] = ()

    def __post_init__(self) -> None:
        if self.gsd_m is not None and not 0 < self.gsd_m[0] <= self.gsd_m[1] < math.inf:
            raise UsageError(
                f"{self.gsd_m[0]:g} to {self.gsd_m[1]:g} m is not a range of pixel sizes; give "
                "0 < least <= most"
            )
        if self.near is not None:
            lon, lat, radius = self.near
            if not (abs(lat) <= 90 and abs(lon) <= 180 and 0 < radius < 20_000):
                raise UsageError(
                    f"near {lat:g}, {lon:g} within {radius:g} km is not a valid place; "
                    "give latitude and "
                    "longitude in degrees and a radius in km"
                )

    def scales(self, reference: ReferenceImage) -> tuple[float, float] | None:
        """Return the range of reference pixels per picture pixel, None where it is open."""
        if self.gsd_m is None:
            return None
        size = reference.pixel_m()
        return self.gsd_m[0] / size, self.gsd_m[1] / size

    def away_km(self, point: tuple[float, float]) -> float:
        """Return how far outside of ``near`` a point (lon, lat) lies, 0 within or without one."""
        if self.near is None:
            return 0.0
        lon, lat, radius_km = self.near
        east_north = earth.flat_map([(lon, lat)], centre=point)[0]
        return max(0.0, float(np.hypot(*east_north)) - radius_km)

    def circle(self, transform: tuple[float, ...], crs: str) -> tuple[float, float, float] | None:
        """Return ``near`` in pixels of a reference: x, y, radius; None outside of its CRS."""
        if self.near is None:
            return None
        lon, lat, radius_km = self.near
        affine, system = earth.affine_of(transform), earth.system_of(crs)
        at = transforms.apply(np.linalg.inv(affine), earth.from_lonlat(system, [(lon, lat)]))
        if not np.isfinite(at).all():
            return None
        size = math.sqrt(abs(float(np.linalg.det(earth.ground_slope(affine, at, system)))))
        if not 0 < size < math.inf:
            return None
        return float(at[0, 0]), float(at[0, 1]), radius_km * 1000.0 / size


def of_arrays(
    gray: Float32,
    mask: Mask | None = None,
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
        image=image,
    )


def around(
    reference: ReferenceImage, prior: Prior, picture_shape: tuple[int, ...], *, largest_scale: float
) -> Window | None:
    """Return the window that a picture of (rows, cols) centred in ``prior.near`` can reach.

    ``largest_scale``, reference pixels per picture pixel, where the prior leaves it open. The whole
    reference without ``near``; None where that circle lies outside.
    """
    rows, cols = reference.shape
    if prior.near is None:
        return 0, 0, cols, rows
    lon, lat, radius_km = prior.near
    if _window(reference, prior.near) is None:
        return None
    scale = (prior.scales(reference) or (0.0, largest_scale))[1]
    reach_km = math.hypot(*picture_shape[:2]) / 2 * scale * reference.pixel_m() / 1000.0
    return _window(reference, (lon, lat, radius_km + reach_km))


def _window(reference: ReferenceImage, near: tuple[float, float, float]) -> Window | None:
    """Return the bounding box of a circle (lon, lat, radius_km); None where it lies outside."""
    rows, cols = reference.shape
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


def _around_origin(ring: Float64) -> bool:
    """Return whether a convex ring encloses the origin."""
    x, y = ring.T
    turns = x * np.roll(y, -1) - y * np.roll(x, -1)
    return bool((turns >= 0).all() or (turns <= 0).all())
