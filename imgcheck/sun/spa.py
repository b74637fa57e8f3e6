"""The position of the sun in the sky by the Solar Position Algorithm (SPA) of NREL.

The steps and their numbers are those of the report [1]_; the comments name its sections.

.. [1] I. Reda and A. Andreas, "Solar Position Algorithm for Solar Radiation Applications",
   NREL/TP-560-34302, revised January 2008; Solar Energy 76 (2004) 577-589 and 81 (2007) 838.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imgcheck.errors import UsageError
from imgcheck.quantity import LonLat
from imgcheck.sun import terms
from imgcheck.sun.times import Instants, days_since_j2000, delta_t, to_utc

Floats = NDArray[np.float64]

# Half the sun's apparent diameter and the refraction at the horizon, degrees (report, 3.14).
SUN_RADIUS_DEG = 0.26667
HORIZON_REFRACTION_DEG = 0.5667

# Instants computed at once: keeps the working arrays in the processor's cache.
_CHUNK = 16_384


@dataclass(frozen=True, slots=True, kw_only=True)
class SunPosition:
    """Position of the centre of the sun."""

    #: Height above the horizon without refraction, degrees.
    elevation_deg: Floats
    #: The same with refraction; equal to `elevation_deg` when the sun is down.
    apparent_elevation_deg: Floats
    #: Direction of the sun, degrees clockwise from true north, in [0, 360).
    azimuth_deg: Floats


def _series(tables: tuple[Floats, ...], millennia: Floats) -> Floats:
    """Sum A cos(B + C t) of each table, then the tables as a polynomial in t (3.2)."""
    total = np.zeros_like(millennia)
    for table in reversed(tables):
        part = np.zeros_like(millennia)
        for amplitude, phase, rate in table:
            part += amplitude * np.cos(phase + rate * millennia)
        total = total * millennia + part
    return total * 1e-8


def _nutation(centuries: Floats) -> tuple[Floats, Floats]:
    """Nutation in longitude and in obliquity, degrees (3.4)."""
    arguments = np.radians(
        [
            297.85036 + centuries * (445267.111480 + centuries * (-0.0019142 + centuries / 189474)),
            357.52772 + centuries * (35999.050340 + centuries * (-0.0001603 - centuries / 300000)),
            134.96298 + centuries * (477198.867398 + centuries * (0.0086972 + centuries / 56250)),
            93.27191 + centuries * (483202.017538 + centuries * (-0.0036825 + centuries / 327270)),
            125.04452 + centuries * (-1934.136261 + centuries * (0.0020708 + centuries / 450000)),
        ]
    )
    longitude = np.zeros_like(centuries)
    obliquity = np.zeros_like(centuries)
    for row in terms.NUTATION:
        angle = np.tensordot(row[:5], arguments, axes=1)
        longitude += (row[5] + row[6] * centuries) * np.sin(angle)
        obliquity += (row[7] + row[8] * centuries) * np.cos(angle)
    return longitude / 36_000_000, obliquity / 36_000_000


def _mean_obliquity(millennia: Floats) -> Floats:
    """Tilt of the earth's axis without nutation, degrees (3.5)."""
    arc_seconds = np.polynomial.polynomial.polyval(
        millennia / 10,
        (84381.448, -4680.93, -1.55, 1999.25, -51.38, -249.67, -39.05, 7.12, 27.87, 5.79, 2.45),
    )
    return np.asarray(arc_seconds / 3600)


def _equatorial(days: Floats, lag_s: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Sidereal time, right ascension and declination (radians), and distance (au) (3.2-3.10)."""
    centuries = (days + lag_s / 86400) / 36525
    millennia = centuries / 10
    radius = _series(terms.RADIUS, millennia)
    longitude = _series(terms.LONGITUDE, millennia) + np.pi
    latitude = -_series(terms.LATITUDE, millennia)
    nutation, wobble = _nutation(centuries)
    tilt = np.radians(_mean_obliquity(millennia) + wobble)
    aberration = -20.4898 / (3600 * radius)
    seen = longitude + np.radians(nutation + aberration)
    ascension = np.arctan2(
        np.sin(seen) * np.cos(tilt) - np.tan(latitude) * np.sin(tilt), np.cos(seen)
    )
    declination = np.arcsin(
        np.sin(latitude) * np.cos(tilt) + np.cos(latitude) * np.sin(tilt) * np.sin(seen)
    )
    universal = days / 36525
    sidereal = (
        280.46061837
        + np.mod(360.98564736629 * days, 360)
        + universal**2 * (0.000387933 - universal / 38_710_000)
        + nutation * np.cos(tilt)
    )
    return np.radians(sidereal), ascension, declination, radius


def declination(times: Instants) -> Floats:
    """Return the sun's declination, degrees."""
    instants = to_utc(times)
    flat = instants.reshape(-1)
    _, _, lift, _ = _equatorial(days_since_j2000(flat), delta_t(flat))
    return np.degrees(lift).reshape(instants.shape)


def refraction(elevation: Floats, pressure_hpa: float, temperature_c: float) -> Floats:
    """Return the refraction, degrees (3.14.2)."""
    up = elevation >= -(SUN_RADIUS_DEG + HORIZON_REFRACTION_DEG)
    safe = np.where(up, elevation, 0.0)
    bend = 1.02 / (60 * np.tan(np.radians(safe + 10.3 / (safe + 5.11))))
    scaled = (pressure_hpa / 1010) * (283 / (273 + temperature_c)) * bend
    # The formula is slightly negative near the zenith, where there is no refraction.
    return np.where(up, np.maximum(scaled, 0.0), 0.0)


def _topocentric(
    days: Floats, lag_s: Floats, place: LonLat, elevation_m: float
) -> tuple[Floats, Floats]:
    """Elevation without refraction and azimuth, degrees, for an observer on the ground."""
    sidereal, ascension, declination, radius = _equatorial(days, lag_s)
    phi = np.radians(place.lat)
    hour = sidereal + np.radians(place.lon) - ascension
    # 3.12: parallax, because the observer stands on the earth and not at its centre.
    parallax = np.sin(np.radians(8.794 / (3600 * radius)))
    reduced = np.arctan(0.99664719 * np.tan(phi))
    x = np.cos(reduced) + elevation_m / 6378140 * np.cos(phi)
    y = 0.99664719 * np.sin(reduced) + elevation_m / 6378140 * np.sin(phi)
    across = np.cos(declination) - x * parallax * np.cos(hour)
    shift = np.arctan2(-x * parallax * np.sin(hour), across)
    declination = np.arctan2((np.sin(declination) - y * parallax) * np.cos(shift), across)
    hour = hour - shift
    # 3.14, 3.15: horizontal coordinates.
    sine = np.sin(phi) * np.sin(declination) + np.cos(phi) * np.cos(declination) * np.cos(hour)
    elevation = np.degrees(np.arcsin(np.clip(sine, -1.0, 1.0)))
    azimuth = np.arctan2(
        np.sin(hour), np.cos(hour) * np.sin(phi) - np.tan(declination) * np.cos(phi)
    )
    return elevation, np.mod(np.degrees(azimuth) + 180, 360)


def position(
    times: Instants,
    place: LonLat,
    *,
    elevation_m: float = 0.0,
    pressure_hpa: float = 1013.25,
    temperature_c: float = 15.0,
    delta_t_s: float | None = None,
) -> SunPosition:
    """Compute the position of the sun with the Solar Position Algorithm.

    Parameters
    ----------
    times : datetime, datetime64, or a sequence or array of either
        A ``datetime`` must carry its zone; a ``datetime64`` means UTC. 1900-2150.
    place : LonLat
    elevation_m : float, default 0
        Height of the place above the sea, metres.
    pressure_hpa, temperature_c : float
        Yearly means at the place; used for ``apparent_elevation_deg`` only.
    delta_t_s : float, optional
        Terrestrial minus universal time, seconds. By default from the polynomials of Espenak
        and Meeus (`imgcheck.sun.times.delta_t`).

    Returns
    -------
    SunPosition
        Arrays of the shape of ``times``.

    Raises
    ------
    UsageError
        If a time has no zone, or a number is out of its range.

    Notes
    -----
    The report states an error of 0.0003 degrees. Using UTC as UT1 adds at most 0.004 degrees. Below
    about 5 degrees of elevation real refraction can differ by 0.1 degrees and more.

    References
    ----------
    .. [1] I. Reda and A. Andreas, "Solar Position Algorithm for Solar Radiation Applications",
       NREL/TP-560-34302, revised January 2008.
    """
    instants = to_utc(times)
    if not abs(place.lat) <= 90:
        raise UsageError("a latitude must be between -90 and 90 degrees, north positive")
    if not abs(place.lon) <= 360:
        raise UsageError("a longitude must be between -180 and 180 degrees, east positive")
    if not (np.isfinite(elevation_m) and -12_000 <= elevation_m <= 100_000):
        raise UsageError(f"the height of a place must be in metres, not {elevation_m}")
    if not (pressure_hpa >= 0 and temperature_c > -273):
        raise UsageError(
            "pressure must be at least 0 hPa and temperature above -273 degrees Celsius"
        )
    days = days_since_j2000(instants).reshape(-1)
    lag = delta_t(instants).reshape(-1) if delta_t_s is None else np.full(days.size, delta_t_s)
    elevation, azimuth = np.empty(days.size), np.empty(days.size)
    for start in range(0, days.size, _CHUNK):
        some = slice(start, start + _CHUNK)
        elevation[some], azimuth[some] = _topocentric(days[some], lag[some], place, elevation_m)
    apparent = elevation + refraction(elevation, pressure_hpa, temperature_c)
    return SunPosition(
        elevation_deg=elevation.reshape(instants.shape),
        apparent_elevation_deg=apparent.reshape(instants.shape),
        azimuth_deg=azimuth.reshape(instants.shape),
    )
