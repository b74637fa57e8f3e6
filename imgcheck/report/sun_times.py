"""The result of ``imgcheck sun`` as a document and as terminal text."""

import math
from datetime import UTC, datetime, timedelta
from typing import Any, Unpack

from imgcheck.errors import UsageError
from imgcheck.model.documents import Assumed, PassHint, Span, SunDirection, SunDocument
from imgcheck.model.window import Window
from imgcheck.quantity import LonLat
from imgcheck.sun import (
    USUAL_LEAN_DEG,
    USUAL_SLOPE_DEG,
    Constraint,
    Shadow,
    TimeSpan,
    constrain,
    date_reach,
    pass_hint,
    position,
    reach_words,
)

_MOST_ROWS = 6


def stamp(when: datetime) -> str:
    """Return a moment as ISO 8601 in UTC, whole seconds."""
    rounded = (when + timedelta(microseconds=500_000)).astimezone(UTC).replace(microsecond=0)
    return rounded.isoformat().replace("+00:00", "Z")


def _spans(spans: tuple[TimeSpan, ...]) -> tuple[Span, ...]:
    return tuple(Span(start=stamp(span.start), end=stamp(span.end)) for span in spans)


def sun_times(
    place: LonLat,
    *,
    time: str | Window | None = None,
    window: str | Window | None = None,
    rival: str | Window | None = None,
    **shadow: Unpack[Shadow],
) -> SunDocument:
    """Compute the sun at a place and time, and the dates and times that a shadow allows.

    Parameters
    ----------
    place : LonLat
    time : str or Window, optional
        A claimed time with its zone (ISO 8601).
    window : str or Window, optional
        Dates to search; by default the year of the claimed time. Without a zone they are in UTC.
    rival : str or Window, optional
        Another time, to compare the claimed one with.
    **shadow
        The measured shadow and its errors, as in `imgcheck.sun.constrain`; by default ground level
        within 2 degrees and objects upright within 1.5 degrees.

    Raises
    ------
    UsageError
        If there is neither a time nor a shadow with a window, or a time has no zone.
    """
    return compute(place, time=time, window=window, rival=rival, **shadow)[0]


def compute(
    place: LonLat,
    *,
    time: str | Window | None = None,
    window: str | Window | None = None,
    rival: str | Window | None = None,
    **shadow: Unpack[Shadow],
) -> tuple[SunDocument, Constraint | None]:
    """Return the document of `sun_times`, and the times that the shadow allows for a diagram."""
    measured = [k for k in ("azimuth", "shadow_azimuth", "ratio") if shadow.get(k) is not None]
    if time is None and not (measured and window):
        raise UsageError("give --time, or a measured shadow (--azimuth, --ratio) with --window")
    shadow.setdefault("slope_sigma_deg", USUAL_SLOPE_DEG)
    shadow.setdefault("lean_sigma_deg", USUAL_LEAN_DEG)
    claimed, other = moment("time", time), moment("rival", rival)
    found = reach = None
    if measured:
        searched = _searched(window)
        found = constrain(place, **shadow, window=searched, claimed=claimed, rival=other)
        reach = None if claimed is None else date_reach(claimed[0], place, **shadow)
    known: dict[str, Any] = {"place": place}
    if claimed is not None:
        known |= _direction(place, claimed[0])
    if found is not None:
        names = ["length" if name == "ratio" else "azimuth" for name in measured]
        words = f"{names[0]} alone" if len(names) == 1 else "azimuth and length"
        known |= _allowed_times(found, claimed)
        known |= {
            "date": reach_words(reach, words) if reach is not None and found.sets else None,
            "assumed": _assumed(shadow),
        }
    return SunDocument(**known), found


def moment(name: str, given: str | Window | None) -> tuple[datetime, datetime] | None:
    """Return the first and the last moment of a time that needs a zone."""
    when = _parsed(name, given)
    if when is None:
        return None
    if not when.zone_known:
        raise UsageError(
            f'--{name}: "{given}" has no time zone; add Z for UTC, or an offset such as +03:00'
        )
    return when.earliest, when.latest


def _searched(given: str | Window | None) -> tuple[datetime, datetime] | None:
    window = _parsed("window", given)
    if window is None:
        return None
    start, end = window.start, window.end
    return start.replace(tzinfo=start.tzinfo or UTC), end.replace(tzinfo=end.tzinfo or UTC)


def _parsed(name: str, given: str | Window | None) -> Window | None:
    if given is None or isinstance(given, Window):
        return given
    try:
        return Window.parse(given)
    except ValueError as error:
        raise UsageError(f"--{name}: {error}") from error


def _direction(place: LonLat, when: datetime) -> dict[str, Any]:
    sun = position(when, place)
    elevation, apparent = float(sun.elevation_deg), float(sun.apparent_elevation_deg)
    azimuth = float(sun.azimuth_deg)
    hint = pass_hint(when, place.lon)
    return {
        "time": stamp(when),
        "elevation_deg": round(elevation, 6),
        "apparent_elevation_deg": round(apparent, 6),
        "azimuth_deg": round(azimuth, 6),
        "shadow_azimuth_deg": round((azimuth + 180) % 360, 6) if elevation > 0 else None,
        "ratio": round(1 / math.tan(math.radians(apparent)), 6) if apparent > 0.1 else None,
        "pass_hint": PassHint(
            local_solar_hours=round(hint.local_solar_hours, 3),
            usual=tuple(hint.usual),
            words="only a hint: agile satellites, drones and aircraft pass at any hour",
        ),
    }


def _allowed_times(found: Constraint, claimed: tuple[datetime, datetime] | None) -> dict[str, Any]:
    weighed = found.claimed
    known: dict[str, Any] = {
        "window": Span(start=stamp(found.window.start), end=stamp(found.window.end)),
        "level": found.level,
        "resolution_s": round(found.resolution_s, 3),
        "sets": _spans(found.sets),
        "mirror": _spans(found.mirror),
        "fits": found.fits,
        "p_value": None if found.best is None else found.best.p_value,
        "best_time": None if found.best is None else stamp(found.best.time),
        "share_of_daylight": round(found.share, 6),
        "days_allowed": found.days_allowed,
        "days_in_window": found.days_in_window,
    }
    if weighed is None:
        return known
    # A claimed time outside the window was not searched: it is neither allowed nor excluded.
    outside = claimed is not None and not (
        found.window.start <= claimed[1] and claimed[0] <= found.window.end
    )
    return known | {
        "likelihood_ratio": weighed.likelihood_ratio,
        "against": weighed.against,
        "claimed_allowed": None if outside else weighed.allowed,
        "claimed_sun": SunDirection(
            azimuth_deg=round(weighed.sun_azimuth_deg, 6),
            elevation_deg=round(weighed.sun_elevation_deg, 6),
        ),
    }


def _assumed(errors: Shadow) -> Assumed:
    slope, aspect = errors.get("slope") or (None, None)
    return Assumed(
        slope_deg=slope,
        slope_aspect_deg=aspect,
        slope_sigma_deg=errors.get("slope_sigma_deg", 0.0),
        lean_sigma_deg=errors.get("lean_sigma_deg", 0.0),
        view_deg=errors.get("view_deg", 0.0),
    )


def terminal(answer: SunDocument) -> str:
    """Return the document as terminal text."""
    lines: list[str] = []
    if answer.azimuth_deg is not None and answer.elevation_deg is not None:
        lines.append(f"{_plain(answer.time)} at {answer.place.lat:g}, {answer.place.lon:g}")
        lines.append(
            f"  sun: azimuth {answer.azimuth_deg:.2f}, elevation {answer.elevation_deg:.2f} "
            "degrees" + ("" if answer.elevation_deg > 0 else " (below the horizon)")
        )
    if answer.ratio is not None and answer.shadow_azimuth_deg is not None:
        lines.append(
            f"  shadows point to {answer.shadow_azimuth_deg:.1f} degrees; on level ground they are "
            f"{answer.ratio:.2f} times as long as the object is high"
        )
    if answer.pass_hint is not None:
        hours = answer.pass_hint.local_solar_hours
        clock = f"{int(hours):02d}:{int(hours % 1 * 60):02d}"
        names = ", ".join(answer.pass_hint.usual) or "none of those listed"
        lines.append(f"  mean local solar time {clock}; satellites that usually pass then: {names}")
        lines.append(f"  ({answer.pass_hint.words})")
    if answer.window is not None and answer.sets is not None:
        lines += _allowed(answer, answer.window, answer.sets)
    return "\n".join(lines) + "\n"


def _plain(time: str | None) -> str:
    return "" if time is None else Window.parse(time).words


def _allowed(answer: SunDocument, window: Span, sets: tuple[Span, ...]) -> list[str]:
    lines = [
        "",
        f"Times allowed by the shadow, {_plain(f'{window.start}/{window.end}')}",
        f"({answer.level:.0%} of the probability; time steps of {answer.resolution_s:g} s)",
    ]
    if not answer.fits:
        reason = "the sun was down" if answer.p_value is None else f"p = {answer.p_value:.2g}"
        lines.append(f"  none: no moment of the window fits ({reason})")
    lines += _rows(sets)
    lines.append(
        f"  in total {answer.days_allowed} of {answer.days_in_window} days, "
        f"{answer.share_of_daylight:.2%} of the daylight"
    )
    if answer.mirror:
        lines.append("  also on the other side of the solstice (mirror dates):")
        lines += _rows(answer.mirror)
    if answer.assumed is not None:
        lines.append(f"  assumed: {_assumed_words(answer.assumed)}")
    return lines + _judged(answer)


def _rows(rows: tuple[Span, ...]) -> list[str]:
    half = _MOST_ROWS // 2
    shown = [f"    {row.start} to {row.end[11:]}" for row in rows]
    if len(rows) <= _MOST_ROWS:
        return shown
    return [*shown[:half], f"    ... {len(rows) - 2 * half} more ...", *shown[-half:]]


def _assumed_words(assumed: Assumed) -> str:
    ground = f"ground level within {assumed.slope_sigma_deg:g} degrees"
    if assumed.slope_deg is not None:
        ground = (
            f"ground falling {assumed.slope_deg:g} degrees (± {assumed.slope_sigma_deg:g}) towards "
            f"{assumed.slope_aspect_deg:g}"
        )
    lean = assumed.lean_sigma_deg
    return f"{ground}, objects upright within {lean:g} degrees (one standard deviation)"


def _judged(answer: SunDocument) -> list[str]:
    """Return how the claimed time compares, and what stays open."""
    lines = []
    ratio = answer.likelihood_ratio
    if ratio is not None:
        said = {
            True: "is allowed",
            False: "is not allowed",
            None: "is outside the window that was searched",
        }
        lines.append(f"The claimed time {said[answer.claimed_allowed]}.")
        rival = "the rival time" if answer.against == "rival" else "any daylight of the window"
        times, less = (ratio, "more") if ratio >= 1 else (1 / ratio, "less")
        rounded = f"{float(f'{times:.2g}'):,.0f}" if times >= 10 else f"{times:.2g}"
        lines.append(
            f"The shadow is {rounded} times {less} probable at the claimed time than at {rival} "
            "(likelihood ratio)."
        )
    if answer.date:
        lines.append(f"Open: {answer.date}.")
    return ["", *lines] if lines else []
