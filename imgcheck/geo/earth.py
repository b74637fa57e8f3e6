"""Coordinate systems, and metres on the ground from longitude and latitude."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from rasterio.crs import CRS
from rasterio.errors import CRSError
from rasterio.warp import transform as project

from imgcheck.errors import UsageError
from imgcheck.imaging import transforms
from imgcheck.imaging.decoding.raster import GDAL_ERRORS
from imgcheck.imaging.georeference import east_north
from imgcheck.imaging.pixels import Float64

# WGS 84: semi-major axis in metres, first eccentricity squared (NIMA TR8350.2).
_AXIS_M = 6_378_137.0
_ECCENTRICITY_2 = 6.694379990141317e-3


def metres_per_degree(latitude: float) -> tuple[float, float]:
    """Return the length in metres of one degree of longitude and of latitude at a latitude."""
    sine = math.sin(math.radians(latitude))
    bottom = 1.0 - _ECCENTRICITY_2 * sine * sine
    prime_vertical = _AXIS_M / math.sqrt(bottom)
    meridian = _AXIS_M * (1.0 - _ECCENTRICITY_2) / bottom**1.5
    east = math.radians(1.0) * prime_vertical * math.cos(math.radians(latitude))
    return east, math.radians(1.0) * meridian


def local_radius_km(latitude: float) -> float:
    """Return the radius of the sphere that fits the ellipsoid best at a latitude, in km."""
    sine = math.sin(math.radians(latitude))
    bottom = 1.0 - _ECCENTRICITY_2 * sine * sine
    return _AXIS_M * math.sqrt(1.0 - _ECCENTRICITY_2) / bottom / 1000.0


def flat_map(lonlat: ArrayLike, *, centre: tuple[float, float]) -> Float64:
    """Project points to an azimuthal equidistant map: true distance and direction from the centre.

    Parameters
    ----------
    lonlat : (N, 2)
        Degrees, WGS 84. Longitudes beyond 180 are accepted.
    centre : (lon, lat)

    Returns
    -------
    (N, 2) float64
        Kilometres east and north. On the sphere of the centre's radius of curvature: distances
        are within 0.4 % of the ellipsoid's.
    """
    lon, lat = np.radians(np.asarray(lonlat, np.float64).reshape(-1, 2)).T
    lon0, lat0 = math.radians(centre[0]), math.radians(centre[1])
    away = lon - lon0
    # Haversine keeps its digits for near points.
    half = np.sin((lat - lat0) / 2) ** 2 + np.cos(lat) * math.cos(lat0) * np.sin(away / 2) ** 2
    arc = 2 * np.arcsin(np.sqrt(np.clip(half, 0, 1)))
    east = np.cos(lat) * np.sin(away)
    north = math.cos(lat0) * np.sin(lat) - math.sin(lat0) * np.cos(lat) * np.cos(away)
    length = np.hypot(east, north)
    grow = arc * local_radius_km(centre[1]) / np.where(length > 0, length, 1.0)
    return np.stack([east * grow, north * grow], axis=-1)


def circle(lon: float, lat: float, radius_km: float, *, count: int = 180) -> Float64:
    """Return a ring of (lon, lat) at a distance around a point, counter-clockwise."""
    angle = min(radius_km / local_radius_km(lat), math.pi * 0.99)
    bearing = -np.linspace(0, 2 * math.pi, count, endpoint=False)
    lat0 = math.radians(lat)
    sine = math.sin(lat0) * math.cos(angle) + math.cos(lat0) * math.sin(angle) * np.cos(bearing)
    latitude = np.arcsin(np.clip(sine, -1, 1))
    turn = np.arctan2(
        np.sin(bearing) * math.sin(angle) * math.cos(lat0), math.cos(angle) - math.sin(lat0) * sine
    )
    return np.stack([lon + np.degrees(turn), np.degrees(latitude)], axis=-1)


def affine_of(transform: Sequence[float]) -> Float64:
    """Return the affine of six numbers as a 3 x 3 matrix."""
    values = [float(v) for v in tuple(transform)[:6]]
    if len(values) != 6 or not all(map(math.isfinite, values)):
        raise UsageError("the reference's transform needs six finite numbers a, b, c, d, e, f")
    affine = np.array([values[:3], values[3:], [0.0, 0.0, 1.0]])
    if abs(np.linalg.det(affine)) == 0:
        raise UsageError("the reference's transform is singular: its pixels have no area")
    return affine


def system_of(crs: object) -> CRS:
    """Read a geographic or projected CRS."""
    try:
        system = CRS.from_user_input(crs)
    except CRSError as error:
        raise UsageError(
            f"the reference's CRS {crs!r} is not understood; give an EPSG code or WKT"
        ) from error
    if not (system.is_geographic or system.is_projected):
        raise UsageError(
            f"the reference's CRS {system.to_string()!r} is neither geographic nor projected"
        )
    return system


def to_lonlat(crs: CRS, points: ArrayLike) -> Float64:
    """Convert CRS coordinates (N, 2) to WGS 84 (lon, lat) degrees, -180 to 180; NaN where none."""
    x, y = np.asarray(points, np.float64).reshape(-1, 2).T
    try:
        there = project(crs, CRS.from_epsg(4326), x.tolist(), y.tolist())
    except GDAL_ERRORS:  # far outside the area of the projection
        return np.full((len(x), 2), np.nan)
    lonlat = np.array(there[:2], np.float64).T
    lonlat[~np.isfinite(lonlat).all(axis=1)] = np.nan
    beyond = np.abs(lonlat[:, 0]) > 180.0
    lonlat[beyond, 0] = (lonlat[beyond, 0] + 180.0) % 360.0 - 180.0
    return lonlat


def from_lonlat(crs: CRS, points: ArrayLike) -> Float64:
    """Convert WGS 84 (lon, lat) degrees (N, 2) to CRS coordinates; not finite where none."""
    lon, lat = np.asarray(points, np.float64).reshape(-1, 2).T
    try:
        there = project(CRS.from_epsg(4326), crs, lon.tolist(), lat.tolist())
    except GDAL_ERRORS:
        return np.full((len(lon), 2), np.nan)
    return np.array(there[:2], np.float64).T


def ground_slope(matrix: Float64, point: Float64, crs: CRS) -> Float64:
    """Return metres east and north per pixel right and down at a point, (2, 2)."""
    step = 0.5
    around = point + np.array([[step, 0], [-step, 0], [0, step], [0, -step]])
    lonlat = to_lonlat(crs, transforms.apply(matrix, np.concatenate([around, point])))
    centre = (float(lonlat[4, 0]), float(lonlat[4, 1]))
    metres = east_north(lonlat, centre=centre) / (2 * step)
    return np.stack([metres[0] - metres[1], metres[2] - metres[3]], axis=-1)
