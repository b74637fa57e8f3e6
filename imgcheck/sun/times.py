"""Instants of time in microseconds since 1970, UTC, and the difference to terrestrial time.

UTC is used for UT1: they differ by at most 0.9 s, in which the sun moves 0.004 degrees.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from imgcheck.errors import UsageError

MICROSECONDS_PER_DAY = 86_400_000_000

# Julian date 2451545.0, the epoch J2000: 1 January 2000, 12:00.
J2000 = np.datetime64("2000-01-01T12:00:00", "us")

# Years for which delta_t has a polynomial here.
FIRST_YEAR, LAST_YEAR = 1900, 2150

# Longest window of time to search.
LONGEST_DAYS = 366 * 20

Instants = datetime | np.datetime64 | NDArray[np.datetime64] | Sequence[datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeSpan:
    """From ``start`` to ``end``, both in UTC and both included."""

    start: datetime
    end: datetime


def _from_datetime(value: object) -> np.datetime64:
    """Convert one aware datetime to UTC."""
    if not isinstance(value, datetime):
        raise UsageError(
            "a time must be a datetime with a time zone or a numpy datetime64 in UTC, not "
            f"{type(value).__name__}"
        )
    if value.tzinfo is None or value.utcoffset() is None:
        raise UsageError(
            f"the time {value.isoformat()} has no time zone; add one, such as +00:00 for UTC"
        )
    return np.datetime64(value.astimezone(UTC).replace(tzinfo=None), "us")


def to_utc(times: Instants) -> NDArray[np.datetime64]:
    """Return instants as ``datetime64[us]`` in UTC, in an array of the same shape.

    A ``datetime`` must have a zone; a ``datetime64`` means UTC. Refuses other types, missing times
    and years outside 1900-2150.
    """
    if isinstance(times, np.ndarray | np.datetime64):
        array = np.asarray(times)
        if array.dtype.kind != "M":
            raise UsageError(f"an array of times must have the dtype datetime64, not {array.dtype}")
    elif isinstance(times, datetime):
        array = np.asarray(_from_datetime(times))
    elif isinstance(times, Sequence) and not isinstance(times, str):
        array = np.array([_from_datetime(each) for each in times], dtype="datetime64[us]")
    else:
        array = np.asarray(_from_datetime(times))
    if np.isnat(array).any():
        raise UsageError("a time is missing (NaT); leave it out")
    years = array.astype("datetime64[Y]").astype(np.int64) + 1970
    outside = years[(years < FIRST_YEAR) | (years > LAST_YEAR)]
    if outside.size:
        raise UsageError(
            f"the sun's position is computed for the years {FIRST_YEAR}-{LAST_YEAR}, "
            f"not for {outside.reshape(-1)[0]}"
        )
    return array.astype("datetime64[us]")


def to_datetime(instant: np.datetime64) -> datetime:
    """Return one instant as an aware datetime in UTC."""
    value: datetime = instant.astype("datetime64[us]").item()
    return value.replace(tzinfo=UTC)


def days_since_j2000(times: NDArray[np.datetime64]) -> NDArray[np.float64]:
    """Return days of 86,400 s since J2000, in UTC without leap seconds."""
    return (times - J2000).astype(np.int64) / MICROSECONDS_PER_DAY


def delta_t(times: Instants) -> NDArray[np.float64]:
    """Return terrestrial time minus universal time, in seconds.

    Notes
    -----
    After 2005 the polynomial is a forecast: about 4 s too high in 2025, which moves the sun by
    less than 0.0001 degrees.

    References
    ----------
    .. [1] F. Espenak and J. Meeus, "Five Millennium Canon of Solar Eclipses", NASA/TP-2006-214141,
       polynomial expressions for delta T.
    """
    year = 2000.0 + days_since_j2000(to_utc(times)) / 365.25
    # First year of a piece, year that its polynomial counts from, coefficients from power 0 up.
    pieces: tuple[tuple[float, float, tuple[float, ...]], ...] = (
        (1900, 1900, (-2.79, 1.494119, -0.0598939, 0.0061966, -0.000197)),
        (1920, 1920, (21.20, 0.84493, -0.076100, 0.0020936)),
        (1941, 1950, (29.07, 0.407, -1 / 233, 1 / 2547)),
        (1961, 1975, (45.45, 1.067, -1 / 260, -1 / 718)),
        (1986, 2000, (63.86, 0.3345, -0.060374, 0.0017275, 0.000651814, 0.00002373599)),
        (2005, 2000, (62.92, 0.32217, 0.005589)),
    )
    seconds = -20 + 32 * ((year - 1820) / 100) ** 2 - 0.5628 * (2150 - year)
    ends = [*(first for first, _, _ in pieces[1:]), 2050.0]
    for (_, origin, coefficients), end in reversed(list(zip(pieces, ends, strict=True))):
        value = np.polynomial.polynomial.polyval(year - origin, coefficients)
        seconds = np.where(year < end, value, seconds)
    return np.asarray(seconds)
