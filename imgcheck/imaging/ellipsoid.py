"""Points of the WGS 84 ellipsoid in space: no seam at the antimeridian, no hole at the poles."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

# WGS 84 (NGA.STND.0036): semi-major axis in metres, first eccentricity squared.
SEMI_MAJOR_M, ECCENTRICITY_2 = 6_378_137.0, 6.694379990141317e-3


def in_space(lon: ArrayLike, lat: ArrayLike) -> NDArray[np.float64]:
    """Give (..., 3) metres from the centre of the Earth for degrees on the ellipsoid."""
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


def east_north(lonlat: ArrayLike, *, centre: tuple[float, float]) -> NDArray[np.float64]:
    """Give metres east and north of a near centre, on the plane that touches it there.

    Parameters
    ----------
    lonlat : (N, 2)
        Degrees; within some kilometres of the centre.
    centre : (lon, lat)
        At a pole its longitude says which way is north.
    """
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
