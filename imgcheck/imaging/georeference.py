"""Where on the ground the pixels of a raster are, according to its own tags."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from imgcheck.errors import UnreadableError
from imgcheck.imaging.pixels import Float64, view_to_stored

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

_LONLAT = "EPSG:4326"
# A CRS may name grid files, which PROJ would open; "@null" means none.
_GRID_FILE = re.compile(
    r"\+(?:nadgrids|geoidgrids|grids|catalog)\s*=\s*(?!@null\b)|\+init|\+file", re.I
)
_MOST_CRS_TEXT = 20_000
# Control points that an affine map fits this well are taken as one, as GDALGCPsToGeoTransform does.
_POINTS_FIT_PX = 0.25
# EXIF orientations that undo a mirrored storage.
_MIRRORED = (4, 2, 5, 7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Georeference:
    """The ground under a raster: a CRS with an affine map, with control points, or RPCs.

    Pixel coordinates are x right, y down, with (0, 0) the *corner* of the top-left pixel.
    `Image.georeference` refers to the view, `read_georeference` to the stored grid.

    Parameters
    ----------
    crs : str
        ``"EPSG:26914"``, or WKT where the CRS has no such number.
    transform : tuple of 6 floats or None
        (a, b, c, d, e, f): X = a x + b y + c, Y = d x + e y + f in the CRS.
    gcps : tuple or None
        Ground control points (x, y, X, Y, Z), where no affine map fits them.
    rpc : dict or None
        Rational polynomial coefficients by their GDAL names; heights are taken as the
        height offset of the model, so hills shift the place.
    """

    crs: str
    transform: tuple[float, float, float, float, float, float] | None = None
    gcps: tuple[tuple[float, float, float, float, float], ...] | None = None
    rpc: dict[str, Any] | None = field(default=None, hash=False)

    def to_crs(self, x: ArrayLike, y: ArrayLike) -> tuple[Float64, Float64]:
        """Map pixel coordinates to coordinates of the CRS; arrays of any one shape."""
        xs, ys = np.broadcast_arrays(np.asarray(x, float), np.asarray(y, float))
        if self.transform is not None:
            a, b, c, d, e, f = self.transform
            return a * xs + b * ys + c, d * xs + e * ys + f
        easting, northing = self._by_model(xs.ravel(), ys.ravel())
        return np.reshape(easting, xs.shape), np.reshape(northing, xs.shape)

    def to_lonlat(self, x: ArrayLike, y: ArrayLike) -> tuple[Float64, Float64]:
        """Map pixel coordinates to longitude and latitude in degrees (WGS 84)."""
        easting, northing = self.to_crs(x, y)
        return _transform(self.crs, _LONLAT, easting, northing)

    def from_lonlat(self, lon: ArrayLike, lat: ArrayLike) -> tuple[Float64, Float64]:
        """Map longitude and latitude to pixel coordinates; needs an affine map."""
        if self.transform is None:
            raise UnreadableError(
                "the position of a point is known only for a raster with an affine map"
            )
        lons, lats = np.broadcast_arrays(np.asarray(lon, float), np.asarray(lat, float))
        easting, northing = _transform(_LONLAT, self.crs, lons, lats)
        a, b, c, d, e, f = self.transform
        u, v, det = easting - c, northing - f, a * e - b * d
        return (e * u - b * v) / det, (a * v - d * u) / det

    def turned(self, orientation: int, *, width: int, height: int) -> "Georeference":
        """Return the georeference of the view of a stored grid (EXIF numbers of orientation)."""
        if orientation == 1 or self.transform is None:
            return self
        affine = np.array([self.transform[:3], self.transform[3:], (0, 0, 1)])
        moved = affine @ view_to_stored(orientation, width=width, height=height)
        a, b, c, d, e, f = (float(value) for value in moved[:2].ravel())
        return replace(self, transform=(a, b, c, d, e, f))

    def pixel_size_m(self, x: float, y: float) -> float:
        """Return the side in metres, on the ellipsoid, of a square as large as a pixel."""
        lon, lat = self.to_lonlat(
            np.array([x - 0.5, x + 0.5, x, x]), np.array([y, y, y - 0.5, y + 0.5])
        )
        spots = in_space(lon, lat)
        area = np.cross(spots[1] - spots[0], spots[3] - spots[2])
        return float(np.sqrt(np.sqrt((area**2).sum())))

    def _by_model(self, xs: Float64, ys: Float64) -> tuple[ArrayLike, ArrayLike]:
        from rasterio.control import GroundControlPoint
        from rasterio.rpc import RPC
        from rasterio.transform import GCPTransformer, RPCTransformer

        if self.gcps is not None:
            points = [
                GroundControlPoint(row=p[1], col=p[0], x=p[2], y=p[3], z=p[4]) for p in self.gcps
            ]
            with GCPTransformer(points) as model:
                return model.xy(ys, xs, offset="ul")
        if self.rpc is None:
            raise UnreadableError("the raster has neither an affine map, nor points, nor RPCs")
        coefficients = RPC(**self.rpc)
        with RPCTransformer(coefficients, RPC_HEIGHT=coefficients.height_off) as model:
            return model.xy(ys, xs, offset="ul")


def _transform(source: str, target: str, x: Float64, y: Float64) -> tuple[Float64, Float64]:
    from rasterio.warp import transform

    from imgcheck.imaging.decoding.raster import GDAL_ERRORS

    if source == target:
        return np.asarray(x, float), np.asarray(y, float)
    try:
        there = transform(source, target, x.ravel(), y.ravel())
    except GDAL_ERRORS as error:
        raise UnreadableError(
            f"a point cannot be transformed from {source} to {target}: {error}"
        ) from None
    return np.reshape(there[0], x.shape), np.reshape(there[1], y.shape)


def read_georeference(source: "DatasetReader") -> tuple[Georeference | None, str | None]:
    """Read the georeference of an open raster for its stored grid, or why it is unusable."""
    crs, complaint = _read_crs(lambda: source.crs)
    affine = source.transform
    if crs is not None and not affine.is_identity:
        values = tuple(float(value) for value in affine[:6])
        if not np.isfinite(values).all() or affine.determinant == 0:
            return None, "its affine map has no area or is not finite"
        return _checked(Georeference(crs=crs, transform=values), source)  # type: ignore[arg-type]
    points, points_crs = source.gcps
    if points:
        crs, complaint = _read_crs(lambda: points_crs)
        if crs is not None:
            listed = tuple(
                tuple(float(v or 0) for v in (p.col, p.row, p.x, p.y, p.z)) for p in points[:1000]
            )
            fitted = _affine_of(listed)
            if fitted is not None:
                return _checked(Georeference(crs=crs, transform=fitted), source)
            return _checked(Georeference(crs=crs, gcps=listed), source)  # type: ignore[arg-type]
    if source.rpcs is not None:
        return _checked(Georeference(crs=_LONLAT, rpc=source.rpcs.to_dict()), source)
    if complaint is None and not affine.is_identity:
        complaint = "it has an affine map but names no coordinate reference system"
    return None, complaint


def unmirrored(place: Georeference, *, width: int, height: int) -> int:
    """Return the orientation (EXIF number) that undoes a mirrored storage of a grid, else 1.

    A grid seen from above turns from its x to its y axis as the compass does, east to south. A
    file whose rows run north, or whose columns run west, holds a mirror image of the ground. Of
    the four ways to undo that, the one is taken that brings north nearest to up.
    """
    if place.transform is None:
        return 1
    step = 0.5
    x = width / 2 + step * np.array([1, -1, 0, 0, 0])
    y = height / 2 + step * np.array([0, 0, 1, -1, 0])
    lonlat = np.column_stack(place.to_lonlat(x, y))
    centre = (float(lonlat[4, 0]), float(lonlat[4, 1]))
    metres = east_north(lonlat, centre=centre)
    ground = np.stack([metres[0] - metres[1], metres[2] - metres[3]], axis=-1)
    if not np.linalg.det(ground) > 0:
        return 1

    def uprightness(orientation: int) -> float:
        turned = ground @ view_to_stored(orientation, width=width, height=height)[:2, :2]
        return float(turned[0, 0] - turned[1, 1])

    return max(_MIRRORED, key=uprightness)


Affine = tuple[float, float, float, float, float, float]


def _affine_of(points: Sequence[Sequence[float]]) -> Affine | None:
    """Return the affine map that all control points agree with, or None."""
    fitted = fit_affine(np.array(points, np.float64)) if len(points) >= 3 else None
    return fitted[0] if fitted is not None and fitted[1] <= _POINTS_FIT_PX else None


def fit_affine(table: Float64) -> tuple[Affine, float] | None:
    """Fit an affine map to control points by least squares.

    Parameters
    ----------
    table : (N, 4 or more) float64
        Pixel x, y and place x, y of each point, and what else there is.

    Returns
    -------
    tuple of (transform, float), or None
        The map, and the largest misfit in pixels; None for points that are not finite or that lie
        on one line.
    """
    if not np.isfinite(table).all():
        return None
    middle = table.mean(axis=0)
    pixels, places = table[:, :2] - middle[:2], table[:, 2:4] - middle[2:4]
    linear, _, rank, _ = np.linalg.lstsq(pixels, places, rcond=1e-9)
    if rank < 2 or abs(np.linalg.det(linear)) == 0:
        return None
    gaps = (places - pixels @ linear) @ np.linalg.inv(linear)
    # What rounding leaves of a zero.
    (a, d), (b, e) = np.where(np.abs(linear) < 1e-12 * np.abs(linear).max(), 0.0, linear)
    c, f = middle[2:4] - middle[:2] @ linear
    transform = (float(a), float(b), float(c), float(d), float(e), float(f))
    return transform, float(np.hypot(*gaps.T).max())


def crs_of(text: str) -> tuple[str | None, str | None]:
    """Return a CRS from WKT or ``EPSG:NUMBER`` as `Georeference` holds it, or why there is none."""
    from rasterio.crs import CRS

    if _GRID_FILE.search(text) or len(text) > _MOST_CRS_TEXT:
        return None, "its coordinate reference system is not accepted"
    return _read_crs(lambda: CRS.from_string(text))


def _read_crs(get: Callable[[], Any]) -> tuple[str | None, str | None]:
    from imgcheck.imaging.decoding.raster import GDAL_ERRORS

    try:
        crs = get()
        if not crs:
            return None, None
        number = crs.to_epsg()
        if number is not None:
            return f"EPSG:{number}", None
        text = crs.to_wkt()
    except GDAL_ERRORS as error:
        return None, f"its coordinate reference system cannot be read: {error}"
    if _GRID_FILE.search(text):
        return None, "its coordinate reference system refers to files on this machine"
    if len(text) > _MOST_CRS_TEXT:
        return None, f"its coordinate reference system has {len(text):,} characters"
    return text, None


def _checked(
    georeference: Georeference, source: "DatasetReader"
) -> tuple[Georeference | None, str | None]:
    """Keep a georeference only if the raster's centre lands on the Earth with it."""
    x, y = source.width / 2, source.height / 2
    try:
        lon, lat = georeference.to_lonlat(np.array([x]), np.array([y]))
        size = georeference.pixel_size_m(x, y)
    except UnreadableError as error:
        return None, f"its pixels cannot be located on the Earth: {error}"
    if not (np.isfinite([lon[0], lat[0], size]).all() and abs(lat[0]) <= 90 and abs(lon[0]) <= 540):
        return None, "its centre does not lie on the Earth"
    if size <= 0:
        return None, "its pixels have no area on the ground"
    return georeference, None


# WGS 84 (NGA.STND.0036): semi-major axis in metres, first eccentricity squared.
SEMI_MAJOR_M, ECCENTRICITY_2 = 6_378_137.0, 6.694379990141317e-3


def in_space(lon: ArrayLike, lat: ArrayLike) -> Float64:
    """Return (..., 3) metres from the centre of the Earth for degrees on the ellipsoid."""
    east, north = np.radians(np.asarray(lon, np.float64)), np.radians(np.asarray(lat, np.float64))
    sine, cosine = np.sin(north), np.cos(north)
    radius = SEMI_MAJOR_M / np.sqrt(1 - ECCENTRICITY_2 * sine**2)
    return np.stack(
        [
            radius * cosine * np.cos(east),
            radius * cosine * np.sin(east),
            radius * (1 - ECCENTRICITY_2) * sine,
        ],
        axis=-1,
    )


def east_north(lonlat: ArrayLike, *, centre: tuple[float, float]) -> Float64:
    """Return metres east and north of a near centre (lon, lat), for points (N, 2) in degrees."""
    points = np.asarray(lonlat, np.float64).reshape(-1, 2)
    away = in_space(points[:, 0], points[:, 1]) - in_space(*centre)
    east, north = np.radians(centre[0]), np.radians(centre[1])
    axes = np.array(
        [
            [-np.sin(east), np.cos(east), 0.0],
            [-np.sin(north) * np.cos(east), -np.sin(north) * np.sin(east), np.cos(north)],
        ]
    )
    return np.asarray(away @ axes.T)
