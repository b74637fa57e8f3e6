"""Common slips with time zones: which of them would bring a claimed time and a shadow together."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Unpack

from imgcheck.sun.claimed import Shadow
from imgcheck.sun.constraint import constrain
from imgcheck.sun.spa import position

# A slip reconciles where the best moment fits at least this well.
_FITS = 0.05

# How far around the claimed day other days are tried.
DAYS_TRIED = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """What the claimed time would be under one slip.

    Attributes
    ----------
    name : str
        What would have been confused.
    hours : float
        What it adds to the claimed time.
    start, end : datetime
        The claimed time so read, UTC.
    sun_azimuth_deg, sun_elevation_deg : float
        The sun in the middle of it.
    fits : bool
        Whether the shadow fits then.
    """

    name: str
    hours: float
    start: datetime
    end: datetime
    sun_azimuth_deg: float
    sun_elevation_deg: float
    fits: bool


def civil_zone(lon: float) -> int:
    """Give the nearest whole hour of a longitude; real zones differ from it by up to two hours."""
    return round((((lon + 180) % 360) - 180) / 15)


def _zone(hours: float) -> str:
    whole, minutes = divmod(round(abs(hours) * 60), 60)
    sign = "-" if hours < 0 else "+"
    return f"UTC{sign}{whole}" + (f":{minutes:02d}" if minutes else "")


def _named(zone: int, offset: float) -> dict[float, str]:
    """Name each shift of the claimed time once, the most telling name first."""
    named: dict[float, str] = {}
    shown = _zone(offset) if offset else "UTC"
    readings = [
        (offset - zone, f"local time ({_zone(zone)}) written as {shown}"),
        (offset - zone - 1, f"local summer time ({_zone(zone + 1)}) written as {shown}"),
    ]
    if offset:
        readings += [
            (offset, f"UTC written as {shown}"),
            (-offset, f"the zone {shown} taken off twice"),
        ]
    else:
        readings += [
            (zone, f"UTC taken for local time ({_zone(zone)})"),
            (zone + 1, f"UTC taken for local summer time ({_zone(zone + 1)})"),
        ]
    readings += [
        (-1, "summer time not taken off"),
        (1, "summer time taken off twice"),
        (12, "twelve hours lost (am for pm)"),
        (-12, "twelve hours gained (pm for am)"),
    ]
    for hours, name in readings:
        if hours:
            named.setdefault(hours, name)
    return named


def slips(
    when: tuple[datetime, datetime],
    lat: float,
    lon: float,
    *,
    offset_hours: float = 0.0,
    **shadow: Unpack[Shadow],
) -> tuple[Slip, ...]:
    """Try the common slips on a claimed time of at most a day.

    Parameters
    ----------
    when : (start, end)
        The claimed time as read, aware datetimes.
    lat, lon : float
        Degrees, north and east positive.
    offset_hours : float, default 0
        Zone in which the time was stated, hours ahead of UTC: its clock time may belong to
        another zone.
    **shadow
        As for `imgcheck.sun.constrain`.

    Returns
    -------
    tuple of Slip
        The smallest shifts first; empty for a span of more than a day.

    Notes
    -----
    The civil zone is taken from the longitude, the nearest whole hour; real zones differ from it
    by up to two hours and more. A slip that fits is a question to ask, not an answer.
    """
    if when[1] - when[0] > timedelta(days=1):
        return ()
    named = _named(civil_zone(lon), offset_hours)
    found = []
    for hours, name in sorted(named.items(), key=lambda pair: abs(pair[0])):
        start, end = when[0] + timedelta(hours=hours), when[1] + timedelta(hours=hours)
        answer = constrain(lat, lon, window=(start, end), **shadow)
        sun = position(start + (end - start) / 2, lat, lon)
        found.append(
            Slip(
                name=name,
                hours=hours,
                start=start,
                end=end,
                sun_azimuth_deg=float(sun.azimuth_deg),
                sun_elevation_deg=float(sun.elevation_deg),
                fits=answer.p_value is not None and answer.p_value >= _FITS,
            )
        )
    return tuple(found)


def date_reach(when: datetime, lat: float, lon: float, **shadow: Unpack[Shadow]) -> tuple[int, int]:
    """Count the days right before and right after ``when`` on which the shadow fits as well.

    Up to 30 each way; (0, 0) says that the shadow alone tells the day from its neighbours.
    Options as for `imgcheck.sun.constrain`.
    """
    day = timedelta(days=1)
    tried = (DAYS_TRIED + 0.5) * day
    found = constrain(lat, lon, window=(when - tried, when + tried), **shadow)
    offsets = {
        round((span.start + (span.end - span.start) / 2 - when) / day) for span in found.sets
    }
    before = after = 0
    while before < DAYS_TRIED and -before - 1 in offsets:
        before += 1
    while after < DAYS_TRIED and after + 1 in offsets:
        after += 1
    return before, after


def reach_words(reach: tuple[int, int], measured: str) -> str:
    """Say how little a shadow tells about the date; ``measured`` is such as "azimuth alone"."""
    for days, name in ((14, "two weeks"), (7, "a week")):
        if min(reach) >= days:
            return f"the date within {name} is not resolved by {measured}"
    if reach == (0, 0):
        return f"{measured} would not fit on the day before or after"
    return f"{measured} would fit from {reach[0]} days before to {reach[1]} days after as well"
