"""Does a measured shadow fit a claimed time, and which time zone error would explain a misfit?"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Unpack

import numpy as np

from imgcheck.quantity import LonLat
from imgcheck.sun.constraint import (
    Best,
    Constraint,
    Shadow,
    constrain,
    ends,
    query,
    search,
    weigh,
    window_of,
)
from imgcheck.sun.path import day_start, earlier_mirror_days, solar_day
from imgcheck.sun.spa import position
from imgcheck.sun.times import TimeSpan, to_datetime, to_utc

# Assumed slope of the ground and lean of the object unless stated, one standard deviation,
# degrees: house corners and poles on ground that looks level. A convention; false alarm rates on
# steeper ground are in docs/benchmarks.md, sun.claimed-time.
USUAL_SLOPE_DEG = 2.0
USUAL_LEAN_DEG = 1.5

# For a longer window mirror dates are not helpful: they cover another season.
_MOST_MIRRORED = timedelta(days=62)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedTime:
    """Comparison of a measured shadow with a claimed window of time."""

    #: The best moment of the window; `None` when the sun was down during all of it.
    best: Best | None
    #: Times that the shadow allows on the claimed days; `sets` may lie outside the window.
    days: Constraint
    #: Likelihood ratio of the claimed time against any daylight of the claimed days.
    daylight_ratio: float
    #: Days on the other side of a solstice with the same path of the sun: the nearest ones that do
    #: not end after the picture was posted. `None` for windows of more than two months.
    mirror_days: TimeSpan | None


def examine(
    when: datetime | tuple[datetime, datetime],
    place: LonLat,
    *,
    days: tuple[datetime, datetime] | None = None,
    posted: datetime | None = None,
    **shadow: Unpack[Shadow],
) -> ClaimedTime:
    """Test the direction or the relative length of a shadow against a claimed time.

    Parameters
    ----------
    when : datetime or (start, end)
        Aware datetimes.
    place : LonLat
    days : (start, end), optional
        First and last moment of the claimed days, aware. By default the days of mean local solar
        time that ``when`` touches.
    posted : datetime, optional
        When the picture was known at the latest; by default the end of ``when``.
    **shadow
        As for `imgcheck.sun.constrain`. Ground and object are exactly level and upright by default.

    Raises
    ------
    UsageError
        If nothing was measured, a number has no meaning, a time has no zone, or the window is
        reversed or longer than 20 years.

    Notes
    -----
    Error rates for true and false claims are in docs/benchmarks.md, section *sun.claimed-time*.
    """
    start, end = ends(when)
    span = (to_datetime(start), to_datetime(end))
    asked = query(place, **shadow)
    inside, _ = search(asked, *window_of(when))
    first, last = (int(day) for day in solar_day(np.array([start, end]), place.lon))
    whole = days or (
        to_datetime(day_start(first, place.lon)),
        to_datetime(day_start(last + 1, place.lon)),
    )
    on_days, sun = search(asked, *window_of(whole))
    weighed = weigh(asked, span, None, sun, on_days.sets)
    mirrored = None
    if span[1] - span[0] <= _MOST_MIRRORED:
        until = span[1] if posted is None else posted
        other = earlier_mirror_days(
            np.arange(first, last + 1),
            until=int(solar_day(np.array([to_utc(until)]), place.lon)[0]),
        )
        if other.size:
            mirrored = TimeSpan(
                start=to_datetime(day_start(int(other[0]), place.lon)),
                end=to_datetime(day_start(int(other[-1]) + 1, place.lon)),
            )
    return ClaimedTime(
        best=inside.best,
        days=on_days,
        daylight_ratio=weighed.likelihood_ratio,
        mirror_days=mirrored,
    )


# A slip explains the shadow if its best moment fits at least this well.
_FITS = 0.05

# Other days tried on either side of the claimed day.
_DAYS_TRIED = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """The claimed time after one time zone error."""

    #: The error, in words.
    name: str
    #: Hours added to the claimed time.
    hours: float
    #: The corrected time, UTC.
    start: datetime
    end: datetime
    #: The sun in the middle of it.
    sun_azimuth_deg: float
    sun_elevation_deg: float
    #: Whether the shadow fits the corrected time.
    fits: bool


def _civil_zone(lon: float) -> int:
    """Return the whole-hour zone of a longitude; real zones differ by up to two hours."""
    return round((((lon + 180) % 360) - 180) / 15)


def _zone(hours: float) -> str:
    whole, minutes = divmod(round(abs(hours) * 60), 60)
    sign = "-" if hours < 0 else "+"
    return f"UTC{sign}{whole}" + (f":{minutes:02d}" if minutes else "")


def _named(zone: int, offset: float) -> dict[float, str]:
    """Name each shift of the claimed time once, by its most likely error."""
    named: dict[float, str] = {}
    shown = _zone(offset) if offset else "UTC"
    readings = [
        (offset - zone, f"local time ({_zone(zone)}) written as {shown}"),
        (offset - zone - 1, f"local summer time ({_zone(zone + 1)}) written as {shown}"),
    ]
    if offset:
        readings += [
            (offset, f"UTC written as {shown}"),
            (-offset, f"the offset {shown} subtracted twice"),
        ]
    else:
        readings += [
            (zone, f"UTC read as local time ({_zone(zone)})"),
            (zone + 1, f"UTC read as local summer time ({_zone(zone + 1)})"),
        ]
    readings += [
        (-1, "summer time not subtracted"),
        (1, "summer time subtracted twice"),
        (12, "twelve hours too early (am for pm)"),
        (-12, "twelve hours too late (pm for am)"),
    ]
    for hours, name in readings:
        if hours:
            named.setdefault(hours, name)
    return named


def slips(
    when: tuple[datetime, datetime],
    place: LonLat,
    *,
    offset_hours: float = 0.0,
    **shadow: Unpack[Shadow],
) -> tuple[Slip, ...]:
    """Test the common time zone errors on a claimed time of at most a day.

    Parameters
    ----------
    when : (start, end)
        The claimed time as read, aware datetimes.
    place : LonLat
    offset_hours : float, default 0
        Zone in which the time was stated, hours ahead of UTC.
    **shadow
        As for `imgcheck.sun.constrain`.

    Returns
    -------
    tuple of Slip
        The smallest shifts first; empty for a span of more than a day.

    Notes
    -----
    The civil zone is estimated from the longitude; real zones differ by two hours and more. A
    slip that fits is a lead, not an answer.
    """
    if when[1] - when[0] > timedelta(days=1):
        return ()
    named = _named(_civil_zone(place.lon), offset_hours)
    found = []
    for hours, name in sorted(named.items(), key=lambda pair: abs(pair[0])):
        start, end = when[0] + timedelta(hours=hours), when[1] + timedelta(hours=hours)
        answer = constrain(place, window=(start, end), **shadow)
        sun = position(start + (end - start) / 2, place)
        found.append(
            Slip(
                name=name,
                hours=hours,
                start=start,
                end=end,
                sun_azimuth_deg=float(sun.azimuth_deg),
                sun_elevation_deg=float(sun.elevation_deg),
                fits=answer.best is not None and answer.best.p_value >= _FITS,
            )
        )
    return tuple(found)


def date_reach(when: datetime, place: LonLat, **shadow: Unpack[Shadow]) -> tuple[int, int]:
    """Count the consecutive days before and after ``when`` on which the shadow fits as well.

    Up to 30 each way; (0, 0) if the shadow distinguishes the day from its neighbours. Options as
    for `imgcheck.sun.constrain`.
    """
    day = timedelta(days=1)
    tried = (_DAYS_TRIED + 0.5) * day
    found = constrain(place, window=(when - tried, when + tried), **shadow)
    offsets = {
        round((span.start + (span.end - span.start) / 2 - when) / day) for span in found.sets
    }
    before = after = 0
    while before < _DAYS_TRIED and -before - 1 in offsets:
        before += 1
    while after < _DAYS_TRIED and after + 1 in offsets:
        after += 1
    return before, after


def reach_words(reach: tuple[int, int], measured: str) -> str:
    """Return how far the date stays open; ``measured`` is such as "azimuth alone"."""
    for days, name in ((14, "two weeks"), (7, "a week")):
        if min(reach) >= days:
            return f"{measured} does not determine the date within {name}"
    if reach == (0, 0):
        return f"{measured} does not match the day before or the day after"
    return f"{measured} also matches the dates from {reach[0]} days before to {reach[1]} days after"
