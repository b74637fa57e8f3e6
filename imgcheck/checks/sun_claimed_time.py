"""Could the shadows have fallen like this at the claimed time?"""

from collections.abc import Iterable
from datetime import timedelta

import numpy as np

from imgcheck import sun
from imgcheck.checks import _placed, needs
from imgcheck.checks.check import check
from imgcheck.model import (
    Acquired,
    Case,
    FalseAlarm,
    Finding,
    Measure,
    Measurement,
    Outcome,
    Place,
    Window,
)
from imgcheck.quantity import binomial_interval

_BASIS = "sun and shadow"

# A true time fits worse than this once in a thousand; see docs/checks/sun.claimed-time.md.
_CONTRADICTION = 0.001

# A window as long as this says nothing about the hour, so agreement with it is no support.
_LONGEST_SUPPORTED = timedelta(hours=2)

# Agreement that every fifth daylight moment would give as well is no support either.
_LARGEST_CHANCE = 0.2

# benchmarks: sun, simulated true claims with Gaussian errors, events of p < 0.001.
_WRONG, _SIMULATED = 0, 4000
_FALSE_ALARM = FalseAlarm(
    rate=_WRONG / _SIMULATED,
    interval=binomial_interval(_WRONG, _SIMULATED),
    calibration="docs/benchmarks.md, sun.claimed-time: simulated true claims contradicted",
)

_LIMITS = (
    "The shadow was measured by a person; the answer is only as right as the value and its error.",
    "Ground is taken as level and objects as upright; leaning masts and slopes shift the result.",
    "The sun repeats itself: every direction and height comes on two dates a year, and hardly "
    "changes from one day to the next, so agreement does not confirm the date.",
)


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
    claimed = [s for s in case.claim.of_kind("acquired") if isinstance(s, Acquired)]
    if place is None:
        reason = "the place is not known: state it in the claim, or give a reference to place on"
        yield from claimed_time.without(case, Outcome.NOT_APPLICABLE, reason)
        return
    for statement in claimed:
        yield _answer(case, statement.id, statement.window, "the claimed time", place)
    for rival in case.claim.rivals:
        if rival.window is not None:
            yield _answer(case, None, rival.window, f"the rival account ({rival.text})", place)


def where(case: Case) -> tuple[float, float, str] | None:
    """Give latitude, longitude and where they come from.

    The claimed place comes first although it is a claim: what is tested is whether the post
    agrees with itself. A placed picture gives the place better, where there is one.
    """
    found = _placed.best(case) if needs.reference(case) is None else None
    if found is not None and found[1].centre_lonlat is not None:
        lon, lat = found[1].centre_lonlat
        return lat, lon, f"where the picture was placed on {found[0].id}"
    for place in case.claim.of_kind("place"):
        assert isinstance(place, Place)
        if place.lat is not None and place.lon is not None:
            return place.lat, place.lon, "the claimed place"
        if place.bbox is not None:
            west, south, east, north = place.bbox
            return (south + north) / 2, (west + east) / 2, "the middle of the claimed box"
    return None


def _pair(measurement: Measurement | None) -> tuple[float, float] | None:
    if measurement is None or measurement.sigma is None:
        return None
    return measurement.value, measurement.sigma


def _answer(
    case: Case,
    statement: str | None,
    window: Window,
    name: str,
    where: tuple[float, float, str],
) -> Finding:
    azimuth = _pair(case.claim.measured("shadow_azimuth"))
    ratio = _pair(case.claim.measured("shadow_ratio"))
    lat, lon, source = where
    found = sun.compare(
        (window.earliest, window.latest), lat, lon, shadow_azimuth=azimuth, ratio=ratio
    )
    chance = _chance(found, window, lat, lon)
    outcome = _outcome(found, window, chance)
    words = _words(found, window, azimuth, ratio, name, source)
    if outcome is Outcome.CONTRADICTS:
        words += _reconciled(window, lat, lon, azimuth, ratio)
    if outcome is Outcome.SUPPORTS:
        words += f" {_unresolved(found, where, azimuth, ratio)}"
    return claimed_time.finding(
        statement=statement,
        outcome=outcome if statement is not None else Outcome.INCONCLUSIVE,
        summary=words,
        basis=_BASIS,
        measures=tuple(_measures(found, chance)),
        false_alarm=_FALSE_ALARM if outcome is Outcome.CONTRADICTS else None,
        innocent=(
            "north in the picture is not where it was taken to be",
            "the time was given in another time zone than the reader assumes",
        ),
        limits=_LIMITS,
        would_change=() if window.zone_known else ("the time zone of the claimed time",),
    )


def _outcome(found: sun.ShadowComparison, window: Window, chance: float) -> Outcome:
    if found.night or (found.p_value is not None and found.p_value < _CONTRADICTION):
        return Outcome.CONTRADICTS
    short = window.latest - window.earliest <= _LONGEST_SUPPORTED
    if short and found.allowed_in_window and chance <= _LARGEST_CHANCE:
        return Outcome.SUPPORTS
    return Outcome.INCONCLUSIVE


def _unresolved(
    found: sun.ShadowComparison,
    where: tuple[float, float, str],
    azimuth: tuple[float, float] | None,
    ratio: tuple[float, float] | None,
) -> str:
    """Say how many days before and after would fit as well."""
    assert found.best_time is not None
    before, after = sun.date_reach(
        found.best_time, where[0], where[1], shadow_azimuth=azimuth, ratio=ratio
    )
    both = azimuth is not None and ratio is not None
    by = "azimuth and length" if both else "azimuth alone" if azimuth else "length alone"
    if min(before, after) >= 14:
        return f"The time of day fits; the date within two weeks is not resolved by {by}."
    return (
        f"The time of day fits; the date does not follow: {by} would fit from {before} days "
        f"before to {after} days after as well, and on the mirror dates past the solstice."
    )


def _reconciled(
    window: Window,
    lat: float,
    lon: float,
    azimuth: tuple[float, float] | None,
    ratio: tuple[float, float] | None,
) -> str:
    """Say which slip with zones would bring the claim and the shadow together."""
    if not window.zone_known:
        return ""
    tried = sun.slips(
        (window.earliest, window.latest), lat, lon, shadow_azimuth=azimuth, ratio=ratio
    )
    fitting = [slip for slip in tried if slip.fits]
    if not tried:
        return ""
    if not fitting:
        return " No common slip with time zones would reconcile the two."
    one = fitting[0]
    return (
        f" It would fit if this were {one.name}: the sun at {one.start:%Y-%m-%d %H:%M} UTC stood "
        f"at azimuth {one.sun_azimuth_deg:.1f} degrees."
    )


def _chance(found: sun.ShadowComparison, window: Window, lat: float, lon: float) -> float:
    """Give the share of the claimed days' daylight at which this shadow would fit as well."""
    allowed = sum((s.end - s.start).total_seconds() for s in found.allowed)
    days = max(1, (window.latest - window.earliest).days + 1)
    noon = np.datetime64(window.earliest.replace(tzinfo=None), "s")
    times = noon + np.arange(0, 86400, 300).astype("timedelta64[s]")
    up = sun.position(times.astype("datetime64[us]"), lat, lon).elevation_deg > 0
    daylight = float(np.count_nonzero(up)) * 300 * days
    return 1.0 if daylight == 0 else min(1.0, allowed / daylight)


def _words(
    found: sun.ShadowComparison,
    window: Window,
    azimuth: tuple[float, float] | None,
    ratio: tuple[float, float] | None,
    name: str,
    source: str,
) -> str:
    seen = []
    if azimuth is not None:
        seen.append(f"points to {azimuth[0]:g} ± {azimuth[1]:g} degrees")
    if ratio is not None:
        seen.append(f"is {ratio[0]:g} ± {ratio[1]:g} times as long as its object is high")
    shadow = f"The measured shadow {' and '.join(seen)}"
    zone = "" if window.zone_known else ", taken in any time zone"
    when = f"{name} ({window.text}{zone}) at {source}"
    if found.night or found.best_time is None:
        return f"{shadow}; at {when} the sun was below the horizon."
    best = f"{found.best_time:%Y-%m-%d %H:%M} UTC"
    sunwards = (
        f"the sun stood at azimuth {found.sun_azimuth_deg:.1f}, elevation "
        f"{found.sun_elevation_deg:.1f} degrees"
    )
    if found.p_value is not None and found.p_value < _CONTRADICTION:
        return (
            f"{shadow}; {when} never comes nearer than {found.deviation_sigma:.1f} standard "
            f"errors ({best}, when {sunwards}{_shown(azimuth)})."
        )
    spans = _spans(found)
    return f"{shadow}; that fits {when}: best at {best}, when {sunwards}; allowed {spans}."


def _shown(azimuth: tuple[float, float] | None) -> str:
    if azimuth is None:
        return ""
    return f"; the picture shows {(azimuth[0] + 180) % 360:.1f}"


def _spans(found: sun.ShadowComparison) -> str:
    shown = [f"{s.start:%d %b %H:%M} to {s.end:%H:%M} UTC" for s in found.allowed]
    if not shown:
        return "at no time of the claimed days"
    more = f" and {len(shown) - 3} more" if len(shown) > 3 else ""
    return ", ".join(shown[:3]) + more


def _measures(found: sun.ShadowComparison, chance: float) -> Iterable[Measure]:
    night = "the sun was below the horizon"
    yield Measure(name="p-value of the best moment", value=found.p_value, reason=night)
    yield Measure(name="smallest deviation", value=found.deviation_sigma, unit="σ", reason=night)
    yield Measure(name="sun azimuth then", value=found.sun_azimuth_deg, unit="deg", reason=night)
    yield Measure(
        name="sun elevation then", value=found.sun_elevation_deg, unit="deg", reason=night
    )
    yield Measure(name="share of daylight that fits as well", value=round(chance, 4))
