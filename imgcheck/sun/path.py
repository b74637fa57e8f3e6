"""The sun's path over a span of time, fast: computed at knots and interpolated between them.

The direction to the sun is a smooth vector, so four knots twenty minutes apart give what lies
between them to 0.0001 degrees; a year by the minute costs twenty-six thousand positions instead
of half a million.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgcheck.sun.spa import SUN_RADIUS_DEG, position, refraction
from imgcheck.sun.times import MICROSECONDS_PER_DAY

Times = NDArray[np.datetime64]
Floats = NDArray[np.float64]

# The error of cubic interpolation is 3/128 of the angle between knots to the fourth: 5 degrees of
# hour angle give 1.4e-6 radian.
_KNOT_S = 1200.0

# Yearly means; they move the sun by less than 0.02 degrees above 10 degrees of elevation.
_PRESSURE_HPA, _TEMPERATURE_C = 1013.25, 15.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Path:
    """The sun at the middle of equal steps of time.

    Attributes
    ----------
    times : (N,) datetime64[us]
        Middles of the steps, UTC.
    step_s : float
    azimuth, elevation : (N,) float64
        Degrees; azimuth clockwise from true north, elevation as seen through the air.
    """

    times: Times
    step_s: float
    azimuth: Floats
    elevation: Floats

    @property
    def up(self) -> NDArray[np.bool_]:
        """Say where any part of the sun's disc stands above a flat horizon."""
        return self.elevation > -SUN_RADIUS_DEG

    def at(self, index: NDArray[Any]) -> "Path":
        """Give the path at some of its steps."""
        return Path(
            times=self.times[index],
            step_s=self.step_s,
            azimuth=self.azimuth[index],
            elevation=self.elevation[index],
        )

    def turn(self) -> Floats:
        """How far the azimuth turns within a step, degrees."""
        return _change(self.azimuth, wrap=True)

    def rise(self) -> Floats:
        """How far the elevation changes within a step, degrees."""
        return _change(self.elevation, wrap=False)


def _change(values: Floats, *, wrap: bool) -> Floats:
    if values.size < 2:
        return np.zeros_like(values)
    steps = np.diff(values)
    if wrap:
        steps = np.mod(steps + 180, 360) - 180
    # The mean of the two neighbouring steps; at the ends the only one.
    return np.abs(np.concatenate([steps[:1], (steps[:-1] + steps[1:]) / 2, steps[-1:]]))


def _vectors(times: Times, lat: float, lon: float, elevation_m: float) -> Floats:
    sun = position(times, lat, lon, elevation_m=elevation_m)
    high, turn = np.radians(sun.elevation_deg), np.radians(sun.azimuth_deg)
    return np.stack([np.cos(high) * np.sin(turn), np.cos(high) * np.cos(turn), np.sin(high)])


def _between(knots: Floats, place: Floats) -> Floats:
    """Cubic (four-point Lagrange) interpolation of (3, K) knots at fractional indices."""
    first = np.clip(np.floor(place).astype(np.int64), 1, knots.shape[1] - 3)
    x = place - first
    weights = (
        -x * (x - 1) * (x - 2) / 6,
        (x + 1) * (x - 1) * (x - 2) / 2,
        -(x + 1) * x * (x - 2) / 2,
        (x + 1) * x * (x - 1) / 6,
    )
    total = np.zeros((3, place.size))
    for offset, weight in zip((-1, 0, 1, 2), weights, strict=True):
        total += weight * knots[:, first + offset]
    return total


def path(
    start: np.datetime64,
    end: np.datetime64,
    lat: float,
    lon: float,
    *,
    step_s: float = 60.0,
    elevation_m: float = 0.0,
) -> Path:
    """Give the sun at the middles of equal steps from ``start`` to ``end``.

    Parameters
    ----------
    start, end : datetime64[us]
        UTC, ``start <= end``.
    lat, lon : float
        Degrees, north and east positive.
    step_s : float, default 60
        Longest step, seconds; made shorter so that a whole number of steps fits.
    elevation_m : float, default 0
        Height of the place above the sea.
    """
    length = int((end - start) / np.timedelta64(1, "us"))
    count = max(1, math.ceil(length / (step_s * 1e6)))
    offsets = (np.arange(count) + 0.5) * (length / count)
    times = start + offsets.astype("timedelta64[us]")
    if count <= 8:
        vectors = _vectors(times, lat, lon, elevation_m)
    else:
        gap = _KNOT_S * 1e6
        knots = start + ((np.arange(math.ceil(length / gap) + 3) - 1) * gap).astype(
            "timedelta64[us]"
        )
        vectors = _between(
            _vectors(knots, lat, lon, elevation_m), np.asarray(offsets / gap + 1, np.float64)
        )
    east, north, height = vectors
    true = np.degrees(np.arcsin(np.clip(height, -1, 1)))
    return Path(
        times=times,
        step_s=length / count / 1e6,
        azimuth=np.mod(np.degrees(np.arctan2(east, north)), 360),
        elevation=true + refraction(true, _PRESSURE_HPA, _TEMPERATURE_C),
    )


def solar_day(times: Times, lon: float) -> NDArray[np.int64]:
    """Number the days of mean local solar time, in days since 1970."""
    ahead = (((lon + 180) % 360) - 180) / 360 * MICROSECONDS_PER_DAY
    micro = times.astype("datetime64[us]").astype(np.int64)
    return np.asarray(np.floor((micro + ahead) / MICROSECONDS_PER_DAY), np.int64)


def day_start(day: int, lon: float) -> np.datetime64:
    """Give the UTC instant at which a day of mean local solar time begins."""
    ahead = round((((lon + 180) % 360) - 180) / 360 * MICROSECONDS_PER_DAY)
    return np.datetime64(int(day) * MICROSECONDS_PER_DAY - ahead, "us")
