"""What `imgcheck sun` found, for machines and for the terminal."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from imgcheck.sun import Constraint, SunPosition, TimeSpan, pass_hint, reach_words

_MOST_ROWS = 6


def stamp(when: datetime) -> str:
    """Give a moment as ISO 8601 in UTC, whole seconds."""
    rounded = (when + timedelta(microseconds=500_000)).astimezone(UTC).replace(microsecond=0)
    return rounded.isoformat().replace("+00:00", "Z")


def _spans(spans: tuple[TimeSpan, ...]) -> list[dict[str, str]]:
    return [{"start": stamp(span.start), "end": stamp(span.end)} for span in spans]


def document(
    lat: float,
    lon: float,
    claimed: tuple[datetime, datetime] | None,
    position: SunPosition | None,
    found: Constraint | None,
    *,
    reach: tuple[int, int] | None = None,
    measured: str = "",
    errors: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Give everything as JSON-ready values; unknown is null."""
    answer: dict[str, Any] = {
        "place": {"lat": lat, "lon": lon},
        "time": None if claimed is None else stamp(claimed[0]),
        "elevation_deg": None,
        "apparent_elevation_deg": None,
        "azimuth_deg": None,
        "shadow_azimuth_deg": None,
        "ratio": None,
        "pass_hint": None,
    }
    if position is not None and claimed is not None:
        elevation = float(position.elevation_deg)
        hint = pass_hint(claimed[0], lon)
        answer |= {
            "elevation_deg": round(elevation, 6),
            "apparent_elevation_deg": round(float(position.apparent_elevation_deg), 6),
            "azimuth_deg": round(float(position.azimuth_deg), 6),
            "shadow_azimuth_deg": (
                round((float(position.azimuth_deg) + 180) % 360, 6) if elevation > 0 else None
            ),
            "ratio": _ratio(float(position.apparent_elevation_deg)),
            "pass_hint": {
                "local_solar_hours": round(hint.local_solar_hours, 3),
                "usual": list(hint.usual),
                "words": "a hint only: agile satellites, drones and aircraft come at any hour",
            },
        }
    if found is None:
        return answer
    weighed = found.claimed
    # A claimed time outside the window was not searched: it is neither allowed nor excluded.
    outside = claimed is not None and not (
        found.window.start <= claimed[1] and claimed[0] <= found.window.end
    )
    return answer | {
        "window": {"start": stamp(found.window.start), "end": stamp(found.window.end)},
        "level": found.level,
        "resolution_s": round(found.resolution_s, 3),
        "sets": _spans(found.sets),
        "mirror": _spans(found.mirror),
        "fits": found.fits,
        "p_value": found.p_value,
        "best_time": None if found.best_time is None else stamp(found.best_time),
        "share_of_daylight": round(found.share, 6),
        "days_allowed": found.days_allowed,
        "days_in_window": found.days_in_window,
        "likelihood_ratio": None if weighed is None else weighed.likelihood_ratio,
        "against": None if weighed is None else weighed.against,
        "claimed_allowed": None if weighed is None or outside else weighed.allowed,
        "date": reach_words(reach, measured) if reach is not None and found.sets else None,
        "claimed_sun": None
        if weighed is None
        else {
            "azimuth_deg": round(weighed.sun_azimuth_deg, 6),
            "elevation_deg": round(weighed.sun_elevation_deg, 6),
        },
        "assumed": _assumed(errors),
    }


def _assumed(errors: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Give what was taken as known of ground, object and view, degrees."""
    if errors is None:
        return None
    slope = errors.get("slope")
    return {
        "slope_deg": None if slope is None else slope[0],
        "slope_aspect_deg": None if slope is None else slope[1],
        "slope_sigma_deg": errors.get("slope_sigma_deg", 0.0),
        "lean_sigma_deg": errors.get("lean_sigma_deg", 0.0),
        "view_deg": errors.get("view_deg", 0.0),
    }


def _ratio(apparent: float) -> float | None:
    import math

    return round(1 / math.tan(math.radians(apparent)), 6) if apparent > 0.1 else None


def terminal(answer: dict[str, Any]) -> str:
    """Lay the answer out for a terminal."""
    lines: list[str] = []
    if answer["azimuth_deg"] is not None:
        lines.append(f"{answer['time']} at {answer['place']['lat']:g}, {answer['place']['lon']:g}")
        lines.append(
            f"  sun: azimuth {answer['azimuth_deg']:.2f}, elevation {answer['elevation_deg']:.2f} "
            "degrees" + ("" if answer["elevation_deg"] > 0 else " (below the horizon)")
        )
        if answer["ratio"] is not None and answer["shadow_azimuth_deg"] is not None:
            lines.append(
                f"  shadows point to {answer['shadow_azimuth_deg']:.1f}, "
                f"{answer['ratio']:.2f} times as long as the object is high on level ground"
            )
        hint = answer["pass_hint"]
        hours = hint["local_solar_hours"]
        clock = f"{int(hours):02d}:{int(hours % 1 * 60):02d}"
        names = ", ".join(hint["usual"]) or "none of those listed"
        lines.append(f"  mean local solar time {clock}; satellites that usually pass then: {names}")
        lines.append(f"  ({hint['words']})")
    if "sets" in answer:
        lines += _allowed(answer)
    return "\n".join(lines) + "\n"


def _allowed(answer: dict[str, Any]) -> list[str]:
    window, assumed = answer["window"], answer["assumed"]
    lines = [
        "",
        f"What the shadow allows from {window['start']} to {window['end']}",
        f"({answer['level']:.0%} of the probability, steps of {answer['resolution_s']:g} s)",
    ]
    if not answer["fits"]:
        reason = "the sun was down" if answer["p_value"] is None else f"p = {answer['p_value']:.2g}"
        lines.append(f"  nothing: no moment of the window fits ({reason})")
    lines += _rows(answer["sets"])
    lines.append(
        f"  in all {answer['days_allowed']} of {answer['days_in_window']} days, "
        f"{answer['share_of_daylight']:.2%} of the daylight"
    )
    if answer["mirror"]:
        lines.append("  as well on the other side of the solstice (mirror dates):")
        lines += _rows(answer["mirror"])
    if assumed is not None:
        lines.append(f"  assumed: {_assumed_words(assumed)}")
    lines += _judged(answer)
    return lines


def _rows(rows: list[dict[str, str]]) -> list[str]:
    half = _MOST_ROWS // 2
    shown = [f"    {row['start']} to {row['end'][11:]}" for row in rows]
    if len(rows) <= _MOST_ROWS:
        return shown
    return [*shown[:half], f"    ... {len(rows) - 2 * half} more ...", *shown[-half:]]


def _assumed_words(assumed: dict[str, Any]) -> str:
    sigma, lean = assumed["slope_sigma_deg"], assumed["lean_sigma_deg"]
    ground = f"ground level within {sigma:g} degrees"
    if assumed["slope_deg"] is not None:
        ground = (
            f"ground falling {assumed['slope_deg']:g} degrees (± {sigma:g}) towards "
            f"{assumed['slope_aspect_deg']:g}"
        )
    return f"{ground}, objects upright within {lean:g} degrees (one standard deviation)"


def _rounded(times: float) -> str:
    return f"{float(f'{times:.2g}'):,.0f}" if times >= 10 else f"{times:.2g}"


def _judged(answer: dict[str, Any]) -> list[str]:
    """Say how the claimed time stands, and what stays open."""
    lines = [""]
    ratio = answer["likelihood_ratio"]
    if ratio is not None:
        said = {
            True: "is allowed",
            False: "is not allowed",
            None: "lies outside the window searched",
        }
        lines.append(f"The claimed time {said[answer['claimed_allowed']]}.")
        other = "by the rival" if answer["against"] == "rival" else "in any daylight of the window"
        times, less = (ratio, "more") if ratio >= 1 else (1 / ratio, "less")
        lines.append(
            f"The shadow is {_rounded(times)} times {less} probable at the claimed time than "
            f"{other} (likelihood ratio)."
        )
    if answer["date"]:
        lines.append(f"Open: {answer['date']}.")
    return lines if len(lines) > 1 else []
