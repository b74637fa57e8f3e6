"""The sun's path over a span of time, days of solar time, and mirror dates.

The path is computed at knots and interpolated: the direction to the sun is a smooth vector, so four
knots twenty minutes apart give the positions between them to 0.0001 degrees. A year by the minute
needs twenty-six thousand positions instead of half a million.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgcheck.quantity import LonLat
from imgcheck.sun.spa import SUN_RADIUS_DEG, declination, position, refraction
from imgcheck.sun.times import FIRST_YEAR, LAST_YEAR, MICROSECONDS_PER_DAY

Times = NDArray[np.datetime64]
Floats = NDArray[np.float64]

# The error of cubic interpolation is 3/128 of the angle between knots to the fourth: 5 degrees of
# hour angle give 1.4e-6 radian.
_KNOT_S = 1200.0

# Yearly means; they move the sun by less than 0.02 degrees above 10 degrees of elevation.
_PRESSURE_HPA, _TEMPERATURE_C = 1013.25, 15.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Path:
    """The sun at the middle of equal steps of time."""

    #: Middles of the steps, UTC.
    times: Times
    step_s: float
    #: Degrees; azimuth clockwise from true north, elevation as seen through the air.
    azimuth: Floats
    elevation: Floats

    @property
    def up(self) -> NDArray[np.bool_]:
        """Return where any part of the sun's disc stands above a flat horizon."""
        return self.elevation > -SUN_RADIUS_DEG

    def at(self, index: NDArray[Any]) -> "Path":
        """Return the path at some of its steps."""
        return Path(
            times=self.times[index],
            step_s=self.step_s,
            azimuth=self.azimuth[index],
            elevation=self.elevation[index],
        )

    def turn(self) -> Floats:
        """Return the change of azimuth within a step, degrees."""
        return _change(self.azimuth, wrap=True)

    def rise(self) -> Floats:
        """Return the change of elevation within a step, degrees."""
        return _change(self.elevation, wrap=False)


def _change(values: Floats, *, wrap: bool) -> Floats:
    if values.size < 2:
        return np.zeros_like(values)
    steps = np.diff(values)
    if wrap:
        steps = np.mod(steps + 180, 360) - 180
    # The mean of the two neighbouring steps; at the ends the only one.
    return np.abs(np.concatenate([steps[:1], (steps[:-1] + steps[1:]) / 2, steps[-1:]]))


def _vectors(times: Times, place: LonLat) -> Floats:
    sun = position(times, place)
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
    place: LonLat,
    *,
    step_s: float = 60.0,
) -> Path:
    """Return the sun at the middles of equal steps from ``start`` to ``end`` (UTC).

    Steps are at most ``step_s`` long, shortened so that a whole number fits.
    """
    length = int((end - start) / np.timedelta64(1, "us"))
    count = max(1, math.ceil(length / (step_s * 1e6)))
    offsets = (np.arange(count) + 0.5) * (length / count)
    times = start + offsets.astype("timedelta64[us]")
    if count <= 8:
        vectors = _vectors(times, place)
    else:
        gap = _KNOT_S * 1e6
        knots = start + ((np.arange(math.ceil(length / gap) + 3) - 1) * gap).astype(
            "timedelta64[us]"
        )
        vectors = _between(_vectors(knots, place), np.asarray(offsets / gap + 1, np.float64))
    east, north, height = vectors
    true = np.degrees(np.arcsin(np.clip(height, -1, 1)))
    return Path(
        times=times,
        step_s=length / count / 1e6,
        azimuth=np.mod(np.degrees(np.arctan2(east, north)), 360),
        elevation=true + refraction(true, _PRESSURE_HPA, _TEMPERATURE_C),
    )


def solar_day(times: Times, lon: float) -> NDArray[np.int64]:
    """Return the days of mean local solar time, in days since 1970."""
    ahead = (((lon + 180) % 360) - 180) / 360 * MICROSECONDS_PER_DAY
    micro = times.astype("datetime64[us]").astype(np.int64)
    return np.asarray(np.floor((micro + ahead) / MICROSECONDS_PER_DAY), np.int64)


def day_start(day: int, lon: float) -> np.datetime64:
    """Return the UTC instant at which a day of mean local solar time begins."""
    ahead = round((((lon + 180) % 360) - 180) / 360 * MICROSECONDS_PER_DAY)
    return np.datetime64(int(day) * MICROSECONDS_PER_DAY - ahead, "us")


def mirror_days(days: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for days since 1970 those of the same year with the same declination, sorted.

    The declination moves the other way on them, so the mirror of a solstice is its neighbour.
    """
    years = _years(days)
    found = [_opposite(days[years == year], int(year)) for year in np.unique(years)]
    return np.unique(np.concatenate(found)) if found else np.zeros(0, np.int64)


def earlier_mirror_days(days: NDArray[np.int64], *, until: int) -> NDArray[np.int64]:
    """Return the nearest run of days with the same declinations that ends by ``until``.

    Days are consecutive, counted since 1970; the result is sorted, and empty where it would lie
    before the first year with positions.
    """
    middle = int(days[days.size // 2])
    year = int(_years(days[days.size // 2 :])[0])
    latest = int(_years(np.array([until]))[0])
    runs = [
        np.unique(_opposite(days, tried))
        for tried in range(min(year - 1, latest - 1), min(year + 1, latest) + 1)
        if FIRST_YEAR < tried < LAST_YEAR
    ]
    before = [run for run in runs if run[-1] <= until]
    if not before:
        return np.zeros(0, np.int64)
    return min(before, key=lambda run: abs(int(run[run.size // 2]) - middle))


def _years(days: NDArray[np.int64]) -> NDArray[np.int64]:
    return days.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970


def _noons(days: NDArray[np.int64]) -> NDArray[np.datetime64]:
    half_day = 43_200_000_000
    return (days * (2 * half_day) + half_day).astype("datetime64[us]")


def _opposite(days: NDArray[np.int64], year: int) -> NDArray[np.int64]:
    """Return for each day the one of ``year`` with the same declination, moving the other way."""
    first, last = (
        int((np.datetime64(f"{y}-01-01") - np.datetime64("1970-01-01")).astype(np.int64))
        for y in (year, year + 1)
    )
    whole = np.arange(first, last)
    height, rising = _declination(whole)
    mine, mine_rising = _declination(days)
    apart = np.abs(mine[:, None] - height[None, :])
    apart[mine_rising[:, None] == rising[None, :]] = np.inf
    found: NDArray[np.int64] = whole[np.argmin(apart, axis=1)]
    return found


def _declination(days: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the declination at noon, and whether it rises."""
    before, height, after = (declination(_noons(days + step)) for step in (-1, 0, 1))
    return height, after > before
