"""Could the shadows have fallen like this at the claimed time?"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from imgcheck import sun
from imgcheck.checks import _placed, _shadows, needs
from imgcheck.checks._shadows import Seen
from imgcheck.checks.calibration import error_rate
from imgcheck.checks.check import check
from imgcheck.model import (
    Acquired,
    Case,
    Finding,
    Measure,
    Outcome,
    Place,
    Rival,
    Window,
)

_BASIS = "sun and shadow"

# Nominally a true time fits worse than this once in a thousand; what came out is below.
_CONTRADICTION = 0.001

# A window as long as this says nothing about the hour, so agreement with it is no support.
_LONGEST_SUPPORTED = timedelta(hours=2)

# Agreement that every fifth daylight moment would give as well is no support either.
_LARGEST_CHANCE = 0.2

Spot = tuple[float, float, str]


@check(
    "sun.claimed-time",
    question="Could the shadows have fallen like this at the claimed time?",
    asks="misdated",
    stage="bytes",
    answers=("acquired",),
    needs=(needs.shadow_measurement,),
)
def claimed_time(case: Case) -> Iterable[Finding]:
    """Compare a measured shadow with the sun's path over the claimed window."""
    place = where(case)
    if place is None:
        reason = "the place is not known: state it in the claim, or give a reference to place on"
        yield from claimed_time.without(case, Outcome.NOT_APPLICABLE, reason)
        return
    seen = _shadows.seen(case)
    if isinstance(seen, str):
        yield from claimed_time.without(case, Outcome.NOT_APPLICABLE, seen)
        return
    rivals = [rival for rival in case.claim.rivals if rival.window is not None]
    for statement in case.claim.of_kind("acquired"):
        assert isinstance(statement, Acquired)
        yield _answer(statement.id, statement.window, "the claimed time (", seen, place, rivals)
    for rival in rivals:
        assert rival.window is not None
        yield _answer(
            None,
            rival.window,
            f"the rival account ({rival.text}; " if rival.text else "the rival account (",
            seen,
            place,
            [],
        )


def where(case: Case) -> Spot | None:
    """Give latitude, longitude and where they come from.

    The claimed place comes first although it is a claim: what is tested is whether the post
    agrees with itself. A placed picture gives the place better, where there is one.
    """
    found = _placed.best(case) if needs.reference(case) is None else None
    if found is not None and found[1].centre_lonlat is not None:
        lon, lat = found[1].centre_lonlat
        return lat, lon, f"the place found on {found[0].id}"
    for place in case.claim.of_kind("place"):
        assert isinstance(place, Place)
        if place.lat is not None and place.lon is not None:
            return place.lat, place.lon, "the claimed place"
        if place.bbox is not None:
            west, south, east, north = place.bbox
            return (south + north) / 2, (west + east) / 2, "the middle of the claimed box"
    return None


def _answer(
    statement: str | None,
    window: Window,
    name: str,
    seen: Seen,
    place: Spot,
    rivals: list[Rival],
) -> Finding:
    lat, lon, source = place
    span = (window.earliest, window.latest)
    found = sun.examine(span, lat, lon, **seen.options)
    outcome = _outcome(found, window)
    sentences = [
        _observed(found, window, seen, f"{name}{_said(window)}) at {source}"),
        _allowed(found),
        _date(found, seen, lat, lon),
        *_zones(outcome, window, seen, lat, lon),
    ]
    ratios = tuple(_ratios(found, span, seen, place, rivals))
    sentences += [_weighed(measure) for measure in ratios if measure.name.endswith(")")]
    return claimed_time.finding(
        statement=statement,
        outcome=outcome if statement is not None else Outcome.INCONCLUSIVE,
        summary=" ".join(part for part in sentences if part) + seen.remark,
        basis=_BASIS,
        measures=(*_measures(found), *ratios),
        error_rate=error_rate(
            "sun.claimed-time",
            "contradicted by direction" if seen.ratio is None else "contradicted by length",
        ),
        innocent=(
            "north in the picture is not where it was taken to be",
            "the time was given in another time zone than the reader assumes",
        ),
        limits=(
            "The shadow was measured by a person; the answer is only as right as the value and "
            "its error.",
            f"The error of ground and object is taken as: {seen.ground}; steeper ground, another "
            "object than a vertical one, or a length measured from a roof shift the result.",
            "The sun repeats itself: every direction and height comes on two dates a year, and "
            "hardly changes from one day to the next, so agreement does not confirm the date.",
        ),
        would_change=() if window.zone_known else ("the time zone of the claimed time",),
    )


def _outcome(found: sun.ClaimedTime, window: Window) -> Outcome:
    if found.p_value is None or found.p_value < _CONTRADICTION:
        return Outcome.CONTRADICTS
    short = window.latest - window.earliest <= _LONGEST_SUPPORTED
    if short and found.allowed and found.days.share <= _LARGEST_CHANCE:
        return Outcome.SUPPORTS
    return Outcome.INCONCLUSIVE


def _is_moment(window: Window) -> bool:
    """Say whether a time is stated to the minute or better."""
    return window.latest - window.earliest < timedelta(minutes=1)


def _said(window: Window) -> str:
    if _is_moment(window) and window.start != window.end:
        return window.start.isoformat(timespec="minutes").replace("+00:00", "Z")
    return window.text if window.zone_known else f"{window.text}, taken in any time zone"


def _observed(found: sun.ClaimedTime, window: Window, seen: Seen, when: str) -> str:
    if found.night or found.best_time is None:
        return f"{seen.words}; at {when} the sun was below the horizon."
    instant = _is_moment(window)
    at = "then" if instant else f"at {found.best_time:%Y-%m-%d %H:%M} UTC"
    stood = (
        f"the sun {at} stood at azimuth {found.sun_azimuth_deg:.1f}, elevation "
        f"{found.sun_elevation_deg:.1f} degrees"
    )
    assert found.p_value is not None
    if found.p_value >= _CONTRADICTION:
        return f"{seen.words}; that fits {when}: {'' if instant else 'best where '}{stood}."
    shown = ""
    if seen.azimuth is not None:
        shown = f"; the picture shows {(seen.azimuth[0] + 180) % 360:.0f}"
    nearest = "is" if instant else "never comes nearer than"
    return (
        f"{seen.words}; {when} {nearest} {found.deviation_sigma:.1f} standard errors away: "
        f"{stood}{shown}."
    )


def _allowed(found: sun.ClaimedTime) -> str:
    spans = [f"{s.start:%d %b %H:%M} to {s.end:%H:%M} UTC" for s in found.days.sets]
    if not spans:
        return "At no time of those days could it fall so."
    more = f" and {len(spans) - 3} more" if len(spans) > 3 else ""
    days = "That day allows" if found.days.days_in_window <= 1 else "Those days allow"
    return f"{days} {', '.join(spans[:3])}{more}."


def _date(found: sun.ClaimedTime, seen: Seen, lat: float, lon: float) -> str:
    """Say how many days before and after would fit as well, and which past the solstice."""
    mirror = _mirrored(found)
    if not found.days.sets or found.days.best_time is None:
        return f"On {mirror} the sun takes the same path." if mirror else ""
    if found.mirror_days is None:
        return "A window this long holds dates that the sun does not tell apart."
    reach = sun.date_reach(found.days.best_time, lat, lon, **seen.options)
    words = sun.reach_words(reach, seen.measured)
    fits = "The time of day fits; " if found.allowed else "At the allowed hours, "
    return f"{fits}{words}, and {mirror} would fit as well."


def _mirrored(found: sun.ClaimedTime) -> str:
    if found.mirror_days is None:
        return ""
    half = timedelta(hours=12)
    first, last = found.mirror_days.start + half, found.mirror_days.end - half
    if first.date() == last.date():
        return f"the mirror date past the solstice, {_day(first)},"
    return f"the mirror dates past the solstice, {_day(first)} to {_day(last)},"


def _day(when: datetime) -> str:
    return f"{when.day} {when:%b %Y}"


def _zones(outcome: Outcome, window: Window, seen: Seen, lat: float, lon: float) -> Iterable[str]:
    """Say what the time would be in another zone, and which slip would reconcile the two."""
    span = (window.earliest, window.latest)
    if not window.zone_known or span[1] - span[0] > _LONGEST_SUPPORTED:
        return
    offset = window.start.utcoffset()
    hours = offset.total_seconds() / 3600 if offset is not None else 0.0
    tried = sun.slips(span, lat, lon, offset_hours=hours, **seen.options)
    local = next((slip for slip in tried if slip.name.startswith("local time")), None)
    if outcome is Outcome.CONTRADICTS:
        fitting = [slip for slip in tried if slip.fits]
        if not fitting:
            yield "No common slip with time zones would reconcile the two."
        for one in fitting[:1]:
            yield (
                f"It would fit if this were {one.name}: the sun at {one.start:%Y-%m-%d %H:%M} UTC "
                f"stood at azimuth {one.sun_azimuth_deg:.1f} degrees."
            )
            local = None if one is local else local
    if local is not None and seen.azimuth is not None and not local.fits:
        zone = local.name.split(" written")[0]
        yield (
            f"Read as {zone}, {window.start:%H:%M} would be "
            + (
                f"azimuth {local.sun_azimuth_deg:.0f}; the picture shows "
                f"{(seen.azimuth[0] + 180) % 360:.0f}."
                if local.sun_elevation_deg > 0
                else "night."
            )
        )


def _ratios(
    found: sun.ClaimedTime,
    span: tuple[datetime, datetime],
    seen: Seen,
    place: Spot,
    rivals: list[Rival],
) -> Iterable[Measure]:
    """Give the likelihood ratio against any daylight of the claimed days and each rival."""
    assert found.days.claimed is not None
    yield Measure(
        name="likelihood ratio against any daylight of the claimed days",
        value=float(f"{found.days.claimed.likelihood_ratio:.3g}"),
    )
    for rival in rivals:
        assert rival.window is not None
        other = (rival.window.earliest, rival.window.latest)
        weighed = sun.constrain(
            place[0], place[1], window=span, claimed=span, rival=other, **seen.options
        ).claimed
        assert weighed is not None
        yield Measure(
            name=f"likelihood ratio against the rival account ({rival.text or rival.window.text})",
            value=float(f"{weighed.likelihood_ratio:.3g}"),
        )


def _weighed(measure: Measure) -> str:
    """Put the ratio against a rival into words."""
    value = measure.value
    assert isinstance(value, float)
    other = measure.name.removeprefix("likelihood ratio against ")
    if 1 / 3 < value < 3:
        return (
            f"The shadow hardly tells the claimed time from {other}: likelihood ratio {value:.2g}."
        )
    times, less = (value, "more") if value > 1 else (1 / value, "less")
    rounded = f"{float(f'{times:.2g}'):,.0f}" if times >= 10 else f"{times:.2g}"
    return f"The shadow is {rounded} times {less} probable at the claimed time than by {other}."


def _measures(found: sun.ClaimedTime) -> Iterable[Measure]:
    night = "the sun was below the horizon"
    yield Measure(name="p-value of the best moment", value=found.p_value, reason=night)
    yield Measure(name="smallest deviation", value=found.deviation_sigma, unit="σ", reason=night)
    yield Measure(name="sun azimuth then", value=found.sun_azimuth_deg, unit="deg", reason=night)
    yield Measure(
        name="sun elevation then", value=found.sun_elevation_deg, unit="deg", reason=night
    )
    yield Measure(name="share of daylight that fits as well", value=round(found.days.share, 4))
