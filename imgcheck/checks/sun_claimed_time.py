"""Could the shadows have fallen like this at the claimed time?"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta

from imgcheck import sun
from imgcheck.case import Case
from imgcheck.case.ground import Spot
from imgcheck.case.shadows import MeasuredShadow, NoShadow
from imgcheck.checks import needs
from imgcheck.checks.check import check, error_rate
from imgcheck.model import Acquired, Finding, Measure, Outcome, Window
from imgcheck.quantity import LonLat

_BASIS = "sun and shadow"

# Nominal rate at which a true time fits worse; the measured rate is in the calibration file.
_CONTRADICTION = 0.001

# A claimed time no longer than this is one hour of the day, which a wrong time zone would move.
_ONE_HOUR = timedelta(hours=2)

Rivalry = tuple[Window, str]

#: Why a check that needs the place of the picture tests nothing.
UNKNOWN_PLACE = (
    "the place is not known: state it in the claim, or give a reference that shows the same ground"
)


@check(
    "sun.claimed-time",
    question="Could the shadows have fallen like this at the claimed time?",
    asks="misdated",
    version="2",
    answers=("acquired",),
    needs=(needs.shadow_measurement,),
)
def claimed_time(case: Case) -> Iterable[Finding]:
    """Compare a measured shadow with the sun's path over the claimed window."""
    rivals = [(r.window, r.text) for r in case.claim.rivals if r.window is not None]
    claimed = case.claim.of_type(Acquired)
    if not claimed and not rivals:
        return
    seen = case.shadows
    if isinstance(seen, NoShadow):
        yield from claimed_time.without(case, Outcome.NOT_APPLICABLE, seen.reason)
        return
    place = case.spot
    if place is None:
        yield from claimed_time.without(case, Outcome.NOT_APPLICABLE, UNKNOWN_PLACE)
        return
    posted = case.claim.source.posted
    for one in claimed:
        yield _answer(one.id, one.window, "the claimed time (", seen, place, posted, rivals)
    for window, text in rivals:
        name = f"the rival account ({text}; " if text else "the rival account ("
        yield _answer(None, window, name, seen, place, posted, [])


def _answer(
    statement: str | None,
    window: Window,
    name: str,
    seen: MeasuredShadow,
    place: Spot,
    posted: Window | None,
    rivals: list[Rivalry],
) -> Finding:
    spot, source = place
    span = (window.earliest, window.latest)
    found = _examined(window, posted, seen, spot)
    outcome = decide(found)
    sentences = [
        _observed(found, window, seen, f"{name}{_said(window)})", source),
        _allowed(found, window),
        _date(found, seen, spot),
        *_zones(outcome, window, seen, spot),
    ]
    ratios = [
        (name, float(f"{ratio:.3g}")) for name, ratio in _ratios(found, span, seen, spot, rivals)
    ]
    sentences += [_compared(*one) for one in ratios if one[0].endswith(")")]
    return claimed_time.finding(
        statement=statement,
        outcome=outcome if statement is not None else Outcome.INCONCLUSIVE,
        summary=" ".join(part for part in sentences if part) + seen.remark,
        basis=_BASIS,
        measures=(
            *_measures(found),
            *(Measure(name=f"likelihood ratio against {n}", value=v) for n, v in ratios),
        ),
        error_rate=error_rate(
            "sun.claimed-time",
            "contradicted by direction" if seen.ratio is None else "contradicted by length",
        ),
        innocent=(
            "the assumed direction of north in the picture is wrong",
            "the time was given in another time zone than assumed",
        ),
        limits=(
            "A person measured the shadow; the result depends on that value and its error.",
            f"Assumed: {seen.ground}. Steeper ground, an object that is not vertical, or a length "
            "measured from a roof shift the result.",
            "The sun has the same direction and height on two dates a year and changes little from "
            "one day to the next, so agreement does not confirm the date.",
        ),
        would_change=() if window.zone_known else ("the time zone of the claimed time",),
    )


def decide(found: sun.ClaimedTime) -> Outcome:
    """Return contradicts or inconclusive: the sun repeats itself, so no date is supported."""
    if found.best is None or found.best.p_value < _CONTRADICTION:
        return Outcome.CONTRADICTS
    return Outcome.INCONCLUSIVE


def _examined(
    window: Window, posted: Window | None, seen: MeasuredShadow, place: LonLat
) -> sun.ClaimedTime:
    """Test the window in its zone, or in every zone if it has none.

    A window without a zone that fits on its own dates at the place is described on those dates, not
    on the dates before and after that other zones add.
    """
    span = (window.earliest, window.latest)
    days = _days(window, place.lon)
    known = None if posted is None else min(posted.latest, span[1] + timedelta(days=800))
    found = sun.examine(span, place, days=days, posted=known, **seen.options)
    if window.zone_known:
        return found
    own = (max(span[0], days[0]), min(span[1], days[1]))
    closer = sun.examine(own, place, days=days, posted=known, **seen.options)
    return closer if decide(closer) is not Outcome.CONTRADICTS else found


def _days(window: Window, lon: float) -> tuple[datetime, datetime]:
    """Return the first and the last moment of the dates of a window.

    Without a zone they are dates in mean local solar time.
    """
    zone = window.start.tzinfo or UTC
    ahead = timedelta() if window.zone_known else timedelta(days=((lon + 180) % 360 - 180) / 360)
    first = datetime.combine(window.start.date(), time.min, zone)
    last = datetime.combine(
        window.end.astimezone(zone).date() if window.zone_known else window.end.date(),
        time.max,
        zone,
    )
    return (first - ahead).astimezone(UTC), (last - ahead).astimezone(UTC)


def _is_minute(window: Window) -> bool:
    """Tell whether a time is stated to the minute or better."""
    return window.end - window.start < timedelta(minutes=1)


def _said(window: Window) -> str:
    text = window.text
    if _is_minute(window) and window.start != window.end:
        text = window.start.isoformat(timespec="minutes").replace("+00:00", "Z")
    return text if window.zone_known else f"{text}, in any time zone"


def _observed(
    found: sun.ClaimedTime, window: Window, seen: MeasuredShadow, when: str, source: str
) -> str:
    best = found.best
    if best is None:
        return f"{seen.words}; at {when} at {source} the sun was below the horizon."
    instant = window.zone_known and _is_minute(window)
    at = "then" if instant else f"on {_day(best.time)} at {best.time:%H:%M} UTC"
    stood = (
        f"the sun {at} stood at azimuth {best.sun_azimuth_deg:.1f}, elevation "
        f"{best.sun_elevation_deg:.1f} degrees"
    )
    if decide(found) is not Outcome.CONTRADICTS:
        fits = "some hours fit"
        if window.end - window.start <= _ONE_HOUR:
            fits = "the hour fits" if window.zone_known else "the hour fits in one of the zones"
        name, _, span = when.partition(" (")
        return (
            f"{seen.words}; for {name} {fits}; the date was not tested. At {source} {stood} "
            f"({span}."
        )
    shown = ""
    if seen.azimuth is not None:
        shown = f"; the picture shows {(seen.azimuth[0] + 180) % 360:.0f}"
    nearest = "is" if instant else "never comes nearer than"
    return (
        f"{seen.words}; {when} at {source} {nearest} {best.deviation_sigma:.1f} standard errors "
        f"away: {stood}{shown}."
    )


def _allowed(found: sun.ClaimedTime, window: Window) -> str:
    one = window.start.date() == window.end.date()
    spans = [f"{s.start:%d %b %H:%M} to {s.end:%H:%M} UTC" for s in found.days.sets]
    if not spans:
        return f"No time of {'that day' if one else 'those days'} fits."
    more = f" and {len(spans) - 3} more" if len(spans) > 3 else ""
    return f"Times of {'that day' if one else 'those days'} that fit: {', '.join(spans[:3])}{more}."


def _date(found: sun.ClaimedTime, seen: MeasuredShadow, place: LonLat) -> str:
    """Name the other dates that would fit as well, on both sides of the solstice."""
    mirror = _mirrored(found)
    if not found.days.sets or found.days.best is None:
        return f"On {mirror} the sun takes the same path." if mirror else ""
    if not mirror:
        return "A window this long contains dates that the sun does not distinguish."
    reach = sun.date_reach(found.days.best.time, place, **seen.options)
    words = sun.reach_words(reach, seen.measured)
    return f"At such hours, {words}, and {mirror} would fit as well."


def _mirrored(found: sun.ClaimedTime) -> str:
    if found.mirror_days is None:
        return ""
    half = timedelta(hours=12)
    first, last = found.mirror_days.start + half, found.mirror_days.end - half
    if first.date() == last.date():
        return f"the mirror date on the other side of the solstice, {_day(first)},"
    return f"the mirror dates on the other side of the solstice, {_day(first)} to {_day(last)},"


def _day(when: datetime) -> str:
    return f"{when.day} {when:%b %Y}"


def _zones(outcome: Outcome, window: Window, seen: MeasuredShadow, place: LonLat) -> Iterable[str]:
    """Compare with other time zones, and name a mistake of zone that would explain the shadow."""
    span = (window.earliest, window.latest)
    if not window.zone_known or span[1] - span[0] > _ONE_HOUR:
        return
    hours = (window.start.utcoffset() or timedelta()).total_seconds() / 3600
    tried = sun.slips(span, place, offset_hours=hours, **seen.options)
    local = next((slip for slip in tried if slip.name.startswith("local time")), None)
    if outcome is Outcome.CONTRADICTS:
        fitting = [slip for slip in tried if slip.fits]
        if not fitting:
            yield "No common mistake of time zone would explain it."
        for one in fitting[:1]:
            yield (
                f"It would fit if the time were {one.name}: at {one.start:%Y-%m-%d %H:%M} UTC the "
                f"sun stood at azimuth {one.sun_azimuth_deg:.1f} degrees."
            )
            local = None if one is local else local
    if local is not None and seen.azimuth is not None and not local.fits:
        zone = local.name.split(" written")[0]
        yield (
            f"If the time is {zone}, the sun at {window.start:%H:%M} "
            + (
                f"stood at azimuth {local.sun_azimuth_deg:.0f}; the picture shows "
                f"{(seen.azimuth[0] + 180) % 360:.0f}."
                if local.sun_elevation_deg > 0
                else "was below the horizon."
            )
        )


def _ratios(
    found: sun.ClaimedTime,
    span: tuple[datetime, datetime],
    seen: MeasuredShadow,
    place: LonLat,
    rivals: list[Rivalry],
) -> Iterable[tuple[str, float]]:
    """Yield the likelihood ratio against any daylight of the claimed days and each rival."""
    yield "any daylight of the claimed days", found.daylight_ratio
    for window, text in rivals:
        rival = (window.earliest, window.latest)
        ratio = sun.likelihood_ratio(span, rival, place, **seen.options)
        yield f"the rival account ({text or window.text})", ratio


def _compared(other: str, ratio: float) -> str:
    if 1 / 3 < ratio < 3:
        return (
            f"The shadow hardly distinguishes the claimed time from {other}: likelihood ratio "
            f"{ratio:.2g}."
        )
    times, less = (ratio, "more") if ratio > 1 else (1 / ratio, "less")
    rounded = f"{float(f'{times:.2g}'):,.0f}" if times >= 10 else f"{times:.2g}"
    return f"The shadow is {rounded} times {less} probable at the claimed time than under {other}."


def _measures(found: sun.ClaimedTime) -> Iterable[Measure]:
    night = "the sun was below the horizon"
    for name, field, unit in (
        ("p-value of the best-fitting moment", "p_value", ""),
        ("smallest deviation", "deviation_sigma", "σ"),
        ("sun azimuth then", "sun_azimuth_deg", "deg"),
        ("sun elevation then", "sun_elevation_deg", "deg"),
    ):
        value = None if found.best is None else getattr(found.best, field)
        yield Measure(name=name, value=value, unit=unit, reason=night)
    yield Measure(name="share of daylight that fits equally well", value=round(found.days.share, 4))
