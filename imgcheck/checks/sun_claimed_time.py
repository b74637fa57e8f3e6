"""Could the shadows have fallen like this at the claimed time?"""

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta

from imgcheck import sun
from imgcheck.case import Case
from imgcheck.case.shadows import Seen
from imgcheck.checks import needs
from imgcheck.checks.calibration import error_rate
from imgcheck.checks.check import check
from imgcheck.model import Acquired, Finding, Measure, Outcome, Place, Rival, Window

_BASIS = "sun and shadow"

# Nominally a true time fits worse than this once in a thousand; what came out is below.
_CONTRADICTION = 0.001

# A claimed time within this is one hour of the day, which a slip with time zones could move.
_ONE_HOUR = timedelta(hours=2)

Spot = tuple[float, float, str]


@check(
    "sun.claimed-time",
    question="Could the shadows have fallen like this at the claimed time?",
    asks="misdated",
    stage="bytes",
    version="2",
    answers=("acquired",),
    needs=(needs.shadow_measurement,),
)
def claimed_time(case: Case) -> Iterable[Finding]:
    """Compare a measured shadow with the sun's path over the claimed window."""
    rivals = [rival for rival in case.claim.rivals if rival.window is not None]
    claimed = case.claim.of_kind("acquired")
    if not claimed and not rivals:
        return
    seen = case.shadows
    if isinstance(seen, str):
        yield from claimed_time.without(case, Outcome.NOT_APPLICABLE, seen)
        return
    place = where(case)
    if place is None:
        reason = "the place is not known: state it in the claim, or give a reference to place on"
        yield from claimed_time.without(case, Outcome.NOT_APPLICABLE, reason)
        return
    posted = case.claim.source.posted
    for statement in claimed:
        assert isinstance(statement, Acquired)
        yield _answer(
            statement.id, statement.window, "the claimed time (", seen, place, posted, rivals
        )
    for rival in rivals:
        assert rival.window is not None
        yield _answer(
            None,
            rival.window,
            f"the rival account ({rival.text}; " if rival.text else "the rival account (",
            seen,
            place,
            posted,
            [],
        )


def where(case: Case) -> Spot | None:
    """Give latitude, longitude and where they come from.

    The claimed place comes first although it is a claim: what is tested is whether the post
    agrees with itself. A placed picture gives the place better, where there is one.
    """
    found = case.placed
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
    posted: Window | None,
    rivals: list[Rival],
) -> Finding:
    lat, lon, source = place
    span = (window.earliest, window.latest)
    found = _examined(window, posted, seen, lat, lon)
    outcome = decide(found)
    sentences = [
        _observed(found, window, seen, f"{name}{_said(window)})", source),
        _allowed(found, window),
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


def decide(found: sun.ClaimedTime) -> Outcome:
    """Never support: a claimed time has a date, and the sun comes back on other dates."""
    if found.p_value is None or found.p_value < _CONTRADICTION:
        return Outcome.CONTRADICTS
    return Outcome.INCONCLUSIVE


def _examined(
    window: Window, posted: Window | None, seen: Seen, lat: float, lon: float
) -> sun.ClaimedTime:
    """Test the window, and describe it on the dates that it names.

    A window without a zone is tested in every zone. Where it fits on its own dates at the place,
    it is described there, not on the dates before and after that other zones bring in.
    """
    span = (window.earliest, window.latest)
    days = _days(window, lon)
    known = None if posted is None else min(posted.latest, span[1] + timedelta(days=800))
    found = sun.examine(span, lat, lon, days=days, posted=known, **seen.options)
    own = (max(span[0], days[0]), min(span[1], days[1]))
    if window.zone_known or own[0] > own[1]:
        return found
    closer = sun.examine(own, lat, lon, days=days, posted=known, **seen.options)
    return closer if decide(closer) is not Outcome.CONTRADICTS else found


def _days(window: Window, lon: float) -> tuple[datetime, datetime]:
    """Give the first and the last moment of the dates that a window names.

    Without a zone they are dates of mean local solar time.
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
    """Say whether a time is stated to the minute or better."""
    return window.end - window.start < timedelta(minutes=1)


def _said(window: Window) -> str:
    text = window.text
    if _is_minute(window) and window.start != window.end:
        text = window.start.isoformat(timespec="minutes").replace("+00:00", "Z")
    return text if window.zone_known else f"{text}, taken in any time zone"


def _observed(found: sun.ClaimedTime, window: Window, seen: Seen, when: str, source: str) -> str:
    if found.night or found.best_time is None:
        return f"{seen.words}; at {when} at {source} the sun was below the horizon."
    instant = window.zone_known and _is_minute(window)
    at = "then" if instant else f"on {_day(found.best_time)} at {found.best_time:%H:%M} UTC"
    stood = (
        f"the sun {at} stood at azimuth {found.sun_azimuth_deg:.1f}, elevation "
        f"{found.sun_elevation_deg:.1f} degrees"
    )
    if decide(found) is not Outcome.CONTRADICTS:
        fits = "there are hours that fit"
        if window.end - window.start <= _ONE_HOUR:
            fits = "the hour fits" if window.zone_known else "the hour fits in one of the zones"
        return f"{seen.words}. For {when} {fits}; the date was not tested. At {source} {stood}."
    shown = ""
    if seen.azimuth is not None:
        shown = f"; the picture shows {(seen.azimuth[0] + 180) % 360:.0f}"
    nearest = "is" if instant else "never comes nearer than"
    return (
        f"{seen.words}; {when} at {source} {nearest} {found.deviation_sigma:.1f} standard errors "
        f"away: {stood}{shown}."
    )


def _allowed(found: sun.ClaimedTime, window: Window) -> str:
    one = window.start.date() == window.end.date()
    spans = [f"{s.start:%d %b %H:%M} to {s.end:%H:%M} UTC" for s in found.days.sets]
    if not spans:
        return f"At no time of {'that day' if one else 'those days'} could it fall so."
    more = f" and {len(spans) - 3} more" if len(spans) > 3 else ""
    return f"{'That day allows' if one else 'Those days allow'} {', '.join(spans[:3])}{more}."


def _date(found: sun.ClaimedTime, seen: Seen, lat: float, lon: float) -> str:
    """Say how many days before and after would fit as well, and which past the solstice."""
    mirror = _mirrored(found)
    if not found.days.sets or found.days.best_time is None:
        return f"On {mirror} the sun takes the same path." if mirror else ""
    if not mirror:
        return "A window this long holds dates that the sun does not tell apart."
    reach = sun.date_reach(found.days.best_time, lat, lon, **seen.options)
    words = sun.reach_words(reach, seen.measured)
    return f"At such hours, {words}, and {mirror} would fit as well."


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
    if not window.zone_known or span[1] - span[0] > _ONE_HOUR:
        return
    offset = window.start.utcoffset()
    assert offset is not None  # the zone is known
    hours = offset.total_seconds() / 3600
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
