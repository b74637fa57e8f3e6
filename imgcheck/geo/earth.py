"""Metres on the ground from longitude and latitude: local scale, and a flat map of a region."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

# WGS 84: semi-major axis in metres, first eccentricity squared (NIMA TR8350.2).
_AXIS_M = 6_378_137.0
_ECCENTRICITY_2 = 6.694379990141317e-3


def metres_per_degree(latitude: float) -> tuple[float, float]:
    """Give the length in metres of one degree of longitude and of latitude at a latitude."""
    sine = math.sin(math.radians(latitude))
    bottom = 1.0 - _ECCENTRICITY_2 * sine * sine
    prime_vertical = _AXIS_M / math.sqrt(bottom)
    meridian = _AXIS_M * (1.0 - _ECCENTRICITY_2) / bottom**1.5
    east = math.radians(1.0) * prime_vertical * math.cos(math.radians(latitude))
    return east, math.radians(1.0) * meridian


def local_radius_km(latitude: float) -> float:
    """Give the radius of the sphere that fits the ellipsoid best at a latitude, in km."""
    sine = math.sin(math.radians(latitude))
    bottom = 1.0 - _ECCENTRICITY_2 * sine * sine
    return _AXIS_M * math.sqrt(1.0 - _ECCENTRICITY_2) / bottom / 1000.0


def flat_map(lonlat: ArrayLike, *, centre: tuple[float, float]) -> NDArray[np.float64]:
    """Draw points on an azimuthal equidistant map: true distance and direction from the centre.

    Parameters
    ----------
    lonlat : (N, 2)
        Degrees, WGS 84. Longitudes beyond 180 are understood.
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


def circle(lon: float, lat: float, radius_km: float, *, count: int = 180) -> NDArray[np.float64]:
    """Give a ring of (lon, lat) at a distance around a point, counter-clockwise."""
    angle = min(radius_km / local_radius_km(lat), math.pi * 0.99)
    bearing = -np.linspace(0, 2 * math.pi, count, endpoint=False)
    lat0 = math.radians(lat)
    sine = math.sin(lat0) * math.cos(angle) + math.cos(lat0) * math.sin(angle) * np.cos(bearing)
    latitude = np.arcsin(np.clip(sine, -1, 1))
    turn = np.arctan2(
        np.sin(bearing) * math.sin(angle) * math.cos(lat0),
        math.cos(angle) - math.sin(lat0) * sine,
    )
    return np.stack([lon + np.degrees(turn), np.degrees(latitude)], axis=-1)
