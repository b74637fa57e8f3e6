"""Common slips with time zones: which of them would bring a claimed time and a shadow together."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from imgcheck.sun.comparison import compare
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
    start, end : datetime
        The claimed time so read, UTC.
    sun_azimuth_deg, sun_elevation_deg : float
        The sun in the middle of it.
    fits : bool
        Whether the shadow fits then.
    """

    name: str
    start: datetime
    end: datetime
    sun_azimuth_deg: float
    sun_elevation_deg: float
    fits: bool


def slips(
    when: tuple[datetime, datetime],
    lat: float,
    lon: float,
    *,
    shadow_azimuth: tuple[float, float] | None = None,
    sun_azimuth: tuple[float, float] | None = None,
    ratio: tuple[float, float] | None = None,
) -> tuple[Slip, ...]:
    """Try the common slips on a claimed time of at most a day.

    Parameters
    ----------
    when : (start, end)
        The claimed time as read, aware datetimes.
    lat, lon : float
        Degrees, north and east positive.
    shadow_azimuth, sun_azimuth, ratio : (value, sigma), optional
        As for `imgcheck.sun.compare`.

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
    zone = round((((lon + 180) % 360) - 180) / 15)
    named: dict[int, str] = {}
    for hours, name in (
        (-1, "summer time not taken off"),
        (1, "summer time taken off twice"),
        (-zone, f"local time (UTC{zone:+d}) written as UTC"),
        (-zone - 1, f"local summer time (UTC{zone + 1:+d}) written as UTC"),
        (zone, f"UTC taken for local time (UTC{zone:+d})"),
        (zone + 1, f"UTC taken for local summer time (UTC{zone + 1:+d})"),
        (12, "twelve hours lost (am for pm)"),
        (-12, "twelve hours gained (pm for am)"),
    ):
        if hours:
            named.setdefault(hours, name)
    found = []
    for hours, name in sorted(named.items(), key=lambda pair: abs(pair[0])):
        start, end = when[0] + timedelta(hours=hours), when[1] + timedelta(hours=hours)
        answer = compare(
            (start, end),
            lat,
            lon,
            shadow_azimuth=shadow_azimuth,
            sun_azimuth=sun_azimuth,
            ratio=ratio,
        )
        sun = position(start + (end - start) / 2, lat, lon)
        found.append(
            Slip(
                name=name,
                start=start,
                end=end,
                sun_azimuth_deg=float(sun.azimuth_deg),
                sun_elevation_deg=float(sun.elevation_deg),
                fits=answer.p_value is not None and answer.p_value >= _FITS,
            )
        )
    return tuple(found)


def date_reach(
    when: datetime,
    lat: float,
    lon: float,
    *,
    azimuth: tuple[float, float] | None = None,
    shadow_azimuth: tuple[float, float] | None = None,
    ratio: tuple[float, float] | None = None,
    slope: tuple[float, float] | None = None,
    slope_sigma_deg: float = 0.0,
    lean_sigma_deg: float = 0.0,
    view_deg: float = 0.0,
) -> tuple[int, int]:
    """Count the days right before and right after ``when`` on which the shadow fits as well.

    Up to 30 each way; (0, 0) says that the shadow alone tells the day from its neighbours.
    Options as for `imgcheck.sun.constrain`.
    """
    day = timedelta(days=1)
    noon = when
    found = constrain(
        lat,
        lon,
        azimuth=azimuth,
        shadow_azimuth=shadow_azimuth,
        ratio=ratio,
        slope=slope,
        slope_sigma_deg=slope_sigma_deg,
        lean_sigma_deg=lean_sigma_deg,
        view_deg=view_deg,
        window=(noon - (DAYS_TRIED + 0.5) * day, noon + (DAYS_TRIED + 0.5) * day),
    )
    offsets = {
        round((span.start + (span.end - span.start) / 2 - noon) / day) for span in found.sets
    }
    before = after = 0
    while before < DAYS_TRIED and -before - 1 in offsets:
        before += 1
    while after < DAYS_TRIED and after + 1 in offsets:
        after += 1
    return before, after
