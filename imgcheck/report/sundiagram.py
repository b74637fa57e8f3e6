"""The sun's path over one day as a picture: azimuth across, elevation up, and what fits."""

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from html import escape

import numpy as np
from numpy.typing import NDArray

from imgcheck import sun
from imgcheck.sun.mirror import mirror_days
from imgcheck.sun.path import day_start, solar_day

Span = tuple[datetime, datetime]
Pair = tuple[float, float]

_WIDTH, _PLOT = 860, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 24, 62, 52
_ROW = 22

# Dark enough on white for text, and told apart by most colour-blind readers (after Okabe and Ito).
_INK, _GREY, _ALLOWED, _CLAIMED, _RIVAL = "#222", "#6b6b6b", "#0072b2", "#c44a00", "#8a3b78"
_TURNS = {0: "N", 45: "NE", 90: "E", 135: "SE", 180: "S", 225: "SW", 270: "W", 315: "NW"}

# Two labels of hours nearer than this would touch.
_APART_PX = 34


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frame:
    """Azimuths from ``low`` to ``high`` (about noon, so they may pass 360), elevations to top."""

    low: float
    high: float
    top: float

    def x(self, azimuth: float) -> float:
        turned = self.low + (azimuth - self.low) % 360
        return _LEFT + (turned - self.low) / (self.high - self.low) * (_WIDTH - _LEFT - _RIGHT)

    def y(self, elevation: float) -> float:
        return _PLOT - _BOTTOM - max(elevation, 0.0) / self.top * (_PLOT - _TOP - _BOTTOM)

    def holds(self, azimuth: float) -> bool:
        return (azimuth - self.low) % 360 <= self.high - self.low


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Day:
    """The sun by the minute from midnight to midnight of mean local solar time."""

    day: int
    times: NDArray[np.datetime64]
    azimuth: NDArray[np.float64]
    elevation: NDArray[np.float64]

    @property
    def up(self) -> NDArray[np.bool_]:
        return self.elevation > 0

    @property
    def words(self) -> str:
        when: date = np.datetime64(self.day, "D").item()
        return f"{when.day} {when:%b %Y}"

    def within(self, spans: tuple[sun.TimeSpan, ...]) -> NDArray[np.bool_]:
        inside = np.zeros(self.times.size, bool)
        for span in spans:
            inside |= (self.times >= _instant(span.start)) & (self.times <= _instant(span.end))
        return inside & self.up


def _instant(when: datetime) -> np.datetime64:
    return np.datetime64(when.astimezone(UTC).replace(tzinfo=None), "us")


def _day(day: int, lat: float, lon: float) -> _Day:
    # Whole minutes, so that full hours are among the times.
    start = day_start(day, lon).astype("datetime64[m]").astype("datetime64[us]")
    times = start + (np.arange(0, 24 * 60 + 1) * 60_000_000).astype("timedelta64[us]")
    path = sun.position(times, lat, lon)
    return _Day(day=day, times=times, azimuth=path.azimuth_deg, elevation=path.elevation_deg)


def draw(
    lat: float,
    lon: float,
    *,
    claimed: Span | None = None,
    rival: Span | None = None,
    found: sun.Constraint | None = None,
    azimuth: Pair | None = None,
    shadow_azimuth: Pair | None = None,
    ratio: Pair | None = None,
) -> str:
    """Draw the day of the claimed time (else of the best one) as SVG.

    Parameters
    ----------
    lat, lon : float
        Degrees, north and east positive.
    claimed, rival : (start, end), optional
        Marked; the rival with the path of its own day.
    found : Constraint, optional
        Its allowed moments of that day are drawn thick.
    azimuth, shadow_azimuth, ratio : (value, sigma), optional
        What was measured; a band of 1.96 sigma each way.

    Returns
    -------
    str
        A whole SVG document without scripts or outside references.
    """
    moment = claimed[0] if claimed else found.best_time if found else None
    moment = moment or (found.window.start if found else datetime(2000, 1, 1, tzinfo=UTC))
    day = _day(_solar(moment, lon), lat, lon)
    other = None
    if rival is not None and _solar(rival[0], lon) != day.day:
        other = _day(_solar(rival[0], lon), lat, lon)
    towards = azimuth
    if towards is None and shadow_azimuth is not None:
        towards = ((shadow_azimuth[0] + 180) % 360, shadow_azimuth[1])
    frame = _frame([day] if other is None else [day, other], towards)
    parts = [*_bands(frame, towards, ratio), *_axes(frame)]
    if other is not None:
        parts += _lines(frame, other, other.up, f'stroke="{_RIVAL}" stroke-dasharray="5 4"')
    parts += _lines(frame, day, day.up, f'stroke="{_GREY}" stroke-width="2"')
    legend: list[tuple[str, str]] = [(_key_line(_GREY, 2), f"path of the sun on {day.words}")]
    if found is not None:
        inside = day.within(found.sets)
        parts += _lines(frame, day, inside, f'stroke="{_ALLOWED}" stroke-width="7"')
        legend.append((_key_line(_ALLOWED, 7), _allowed_words(found, day, inside)))
    parts += _hours(frame, day)
    if towards is not None or ratio is not None:
        legend.append((_key_band(), _measured_words(towards, ratio)))
    legend.append(("", _mirror_words(day, lon, found)))
    taken: list[Pair] = []
    for span, name, color in ((claimed, "claimed", _CLAIMED), (rival, "rival", _RIVAL)):
        if span is not None:
            mark, words = _moment(frame, span, lat, lon, name, color, taken)
            parts += mark
            if name == "rival" and other is not None:
                words += " (dashed: the path of that day)"
            legend.insert(0 if claimed is None or name == "claimed" else 1,
                          (_key_dot(name, color), words))  # fmt: skip
    height = _PLOT + _ROW * len(legend) + 14
    title = f"The sun at {lat:g}, {lon:g} on {day.words}"
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        f'width="{_WIDTH}" height="{height}" font-family="sans-serif" font-size="13" '
        f'fill="{_INK}" role="img">',
        "<!-- Written by imgcheck -->",
        f"<title>{escape(title)}</title>",
        f'<rect width="{_WIDTH}" height="{height}" fill="#fff"/>',
        _text(_LEFT, 26, title, "start", ' font-size="18" font-weight="bold"'),
        _text(_LEFT, 46, "day of mean local solar time; all times UTC", "start",
              f' fill="{_GREY}"'),
    ]  # fmt: skip
    return "\n".join([*head, *parts, *_legend(legend), "</svg>"]) + "\n"


def _solar(when: datetime, lon: float) -> int:
    return int(solar_day(np.array([_instant(when)]), lon)[0])


def _frame(days: list[_Day], towards: Pair | None) -> _Frame:
    """Show the azimuths of daylight and of the measured direction, with the noon in the middle."""
    noon = 180.0
    if days[0].up.any():
        highest = float(days[0].azimuth[int(np.argmax(days[0].elevation))])
        noon = 180.0 if 90 < highest < 270 else 0.0
    shown = [np.asarray((d.azimuth[d.up] - noon + 180) % 360 - 180) for d in days]
    if towards is not None:
        shown.append(np.array([(towards[0] - noon + 180) % 360 - 180]))
    every = np.concatenate(shown)
    low, high = (float(every.min()), float(every.max())) if every.size else (-90.0, 90.0)
    low, high = (
        max(-180.0, 15 * np.floor(low / 15 - 0.4)),
        min(180.0, 15 * np.ceil(high / 15 + 0.4)),
    )
    peak = max((float(d.elevation.max()) for d in days), default=0.0)
    return _Frame(
        low=noon + low, high=noon + high, top=float(np.clip(15 * (peak // 15 + 2), 30, 90))
    )


def _text(x: float, y: float, words: str, anchor: str = "middle", extra: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{extra}>{escape(words)}</text>'


def _halo(x: float, y: float, words: str, extra: str) -> str:
    """Text that stays readable over lines."""
    around = ' stroke="#fff" stroke-width="3" paint-order="stroke" stroke-linejoin="round"'
    return _text(x, y, words, extra=around + extra)


def _bands(frame: _Frame, towards: Pair | None, ratio: Pair | None) -> list[str]:
    """What was measured: a band across for the direction, one along for the length."""
    style = f'fill="{_ALLOWED}" fill-opacity="0.15"'
    left, right, bottom, top = _LEFT, _WIDTH - _RIGHT, frame.y(0), frame.y(frame.top)
    parts: list[str] = []
    if towards is not None:
        half = min(1.96 * towards[1], 180.0)
        edges = (towards[0] - half, towards[0] + half)
        first = frame.x(edges[0]) if frame.holds(edges[0]) else left
        last = frame.x(edges[1]) if frame.holds(edges[1]) else right
        # A band that passes behind the observer comes in from both sides.
        pieces = [(first, last)] if first <= last else [(left, last), (first, right)]
        if half >= 180:
            pieces = [(left, right)]
        for start, end in pieces:
            parts.append(
                f'<rect x="{start:.1f}" y="{top:.1f}" width="{end - start:.1f}" '
                f'height="{bottom - top:.1f}" {style}/>'
            )
    if ratio is not None:
        shortest, longest = max(ratio[0] - 1.96 * ratio[1], 1e-3), ratio[0] + 1.96 * ratio[1]
        high, low = (float(np.degrees(np.arctan(1 / r))) for r in (shortest, longest))
        upper, lower = frame.y(min(high, frame.top)), frame.y(min(low, frame.top))
        parts.append(
            f'<rect x="{left}" y="{upper:.1f}" width="{right - left}" '
            f'height="{lower - upper:.1f}" {style}/>'
        )
    return parts


def _axes(frame: _Frame) -> list[str]:
    right, line = _WIDTH - _RIGHT, 'stroke="#d9d9d9" stroke-width="1"'
    bottom, top = frame.y(0), frame.y(frame.top)
    parts: list[str] = []
    for elevation in range(0, round(frame.top) + 1, 15):
        y = frame.y(elevation)
        parts.append(f'<line x1="{_LEFT}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}" {line}/>')
        parts.append(_text(_LEFT - 8, y + 4, f"{elevation}°", "end"))
    step = 15 if frame.high - frame.low <= 150 else 30 if frame.high - frame.low <= 280 else 45
    for turn in range(int(step * np.ceil(frame.low / step)), int(frame.high) + 1, step):
        x = _LEFT + (turn - frame.low) / (frame.high - frame.low) * (right - _LEFT)
        parts.append(f'<line x1="{x:.1f}" y1="{top:.1f}" x2="{x:.1f}" y2="{bottom:.1f}" {line}/>')
        name = _TURNS.get(turn % 360, "")
        parts.append(_text(x, bottom + 18, f"{name} {turn % 360}°".strip()))
    axis = "azimuth of the sun, degrees clockwise from true north"
    parts.append(_text((_LEFT + right) / 2, bottom + 38, axis, extra=f' fill="{_GREY}"'))
    middle = (top + bottom) / 2
    turned = f' fill="{_GREY}" transform="rotate(-90 14 {middle:.1f})"'
    parts.append(_text(14, middle, "elevation", extra=turned))
    return parts


def _lines(frame: _Frame, day: _Day, shown: NDArray[np.bool_], style: str) -> list[str]:
    """Polylines of runs of shown minutes, broken at the edges of the frame."""
    parts: list[str] = []
    points: list[str] = []
    last = 0.0
    for az, el, show in zip(day.azimuth, day.elevation, shown, strict=True):
        x = frame.x(float(az))
        if points and (not show or abs(x - last) > _WIDTH / 2):
            parts.append(_polyline(points, style))
            points = []
        if show:
            points.append(f"{x:.1f},{frame.y(float(el)):.1f}")
        last = x
    if points:
        parts.append(_polyline(points, style))
    return parts


def _polyline(points: list[str], style: str) -> str:
    return f'<polyline fill="none" stroke-linecap="round" {style} points="{" ".join(points)}"/>'


def _hours(frame: _Frame, day: _Day) -> list[str]:
    """Full hours as dots, their names under the path where they do not touch."""
    parts: list[str] = []
    drawn: list[Pair] = []
    minutes = day.times.astype("datetime64[m]").astype(np.int64)
    for index in np.flatnonzero((minutes % 60 == 0) & day.up):
        x, y = frame.x(float(day.azimuth[index])), frame.y(float(day.elevation[index]))
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{_INK}"/>')
        # Beside the path on the side of the ground, square to it.
        near = index + 1 if index + 1 < day.times.size else index - 1
        along_x = frame.x(float(day.azimuth[near])) - x
        along_y = frame.y(float(day.elevation[near])) - y
        length = math.hypot(along_x, along_y) or 1.0
        side = 1 if along_x > 0 else -1
        a, b = x - side * along_y / length * 22, y + side * along_x / length * 15 + 4
        free = all(abs(a - c) > _APART_PX or abs(b - d) > 14 for c, d in drawn)
        if free and b < frame.y(0) - 3:
            clock = str(day.times[index].astype("datetime64[m]"))[11:]
            parts.append(_halo(a, b, clock, f' font-size="11" fill="{_GREY}"'))
            drawn.append((a, b))
    return parts


def _moment(
    frame: _Frame, span: Span, lat: float, lon: float, name: str, color: str, taken: list[Pair]
) -> tuple[list[str], str]:
    """Mark a time on its path; give the mark and the words of the legend."""
    brief = span[1] - span[0] < timedelta(minutes=1)
    here = sun.position(span[0] if brief else span[0] + (span[1] - span[0]) / 2, lat, lon)
    clock = _clock(span[0]) if brief else (
        f"{_clock(span[0])} to {_clock(span[1])}"
    )  # fmt: skip
    words = f"{name}: {span[0].astimezone(UTC).day} {span[0].astimezone(UTC):%b %Y} {clock} UTC"
    azimuth, elevation = float(here.azimuth_deg), float(here.elevation_deg)
    if elevation <= 0:
        return [], f"{words}, when the sun was below the horizon"
    x, y = frame.x(azimuth), frame.y(elevation)
    above = y - 14
    while any(abs(x - a) < 62 and abs(above - b) < 16 for a, b in taken):
        above -= 17
    taken.append((x, above))
    mark = [
        _shape(name, x, y, color),
        _halo(x, above, name, f' font-weight="bold" fill="{color}"'),
    ]
    return mark, f"{words}, sun at azimuth {azimuth:.1f}, elevation {elevation:.1f} degrees"


def _clock(when: datetime) -> str:
    moment = when.astimezone(UTC)
    return f"{moment:%H:%M:%S}" if moment.second else f"{moment:%H:%M}"


def _shape(name: str, x: float, y: float, color: str) -> str:
    """Draw a disc for the claim and a diamond for the rival: shape tells as well as colour."""
    if name == "claimed":
        style = f'fill="{color}" stroke="#fff" stroke-width="1.5"'
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="6.5" {style}/>'
    corners = f"{x:.1f},{y - 8:.1f} {x + 8:.1f},{y:.1f} {x:.1f},{y + 8:.1f} {x - 8:.1f},{y:.1f}"
    return f'<polygon points="{corners}" fill="{color}" stroke="#fff" stroke-width="1.5"/>'


def _allowed_words(found: sun.Constraint, day: _Day, inside: NDArray[np.bool_]) -> str:
    if not inside.any():
        return f"the shadow allows no time of {day.words}"
    level = f"{100 * found.level:g} %"
    return f"what the shadow allows of {day.words} ({level}): {_times(day, inside)} UTC"


def _times(day: _Day, inside: NDArray[np.bool_]) -> str:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], inside, [False]]).astype(np.int8)))
    clock = [str(t)[11:] for t in day.times.astype("datetime64[m]")]
    runs = [f"{clock[a]} to {clock[b - 1]}" for a, b in zip(edges[::2], edges[1::2], strict=True)]
    return ", ".join(runs[:3]) + (f" and {len(runs) - 3} more" if len(runs) > 3 else "")


def _measured_words(towards: Pair | None, ratio: Pair | None) -> str:
    said = []
    if towards is not None:
        said.append(f"direction towards the sun {towards[0]:g} ± {towards[1]:g} degrees")
    if ratio is not None:
        said.append(f"length {ratio[0]:g} ± {ratio[1]:g} times the height")
    return f"measured: {' and '.join(said)} (bands of 95 %)"


def _mirror_words(day: _Day, lon: float, found: sun.Constraint | None) -> str:
    """Name the day past the solstice with the same path, and when the shadow fits there."""
    other = int(mirror_days(np.array([day.day]))[0])
    when: date = np.datetime64(other, "D").item()
    words = f"mirror date past the solstice: {when.day} {when:%b %Y}, the same path"
    spans = [] if found is None else [s for s in found.mirror if _solar(s.start, lon) == other]
    if spans:
        words += f"; the shadow fits there from {spans[0].start:%H:%M} to {spans[-1].end:%H:%M} UTC"
    return words


def _key_line(color: str, width: int) -> str:
    return f'<line x1="0" y1="-4" x2="22" y2="-4" stroke="{color}" stroke-width="{width}"/>'


def _key_band() -> str:
    return f'<rect x="0" y="-11" width="22" height="13" fill="{_ALLOWED}" fill-opacity="0.15"/>'


def _key_dot(name: str, color: str) -> str:
    return _shape(name, 11, -4, color)


def _legend(rows: list[tuple[str, str]]) -> list[str]:
    parts = []
    for number, (key, words) in enumerate(rows):
        y = _PLOT + 16 + _ROW * number
        parts.append(
            f'<g transform="translate({_LEFT} {y})">{key}{_text(34, 0, words, "start")}</g>'
        )
    return parts


def page(svg: str) -> str:
    """Wrap a diagram as an HTML page that loads nothing."""
    note = (
        "Ground taken as level for the path; the allowed times hold the stated errors of ground "
        "and object. The sun hardly changes from one day to the next and comes back on the mirror "
        "date, so a fitting hour does not confirm the date."
    )
    style = (
        "body{margin:2rem auto;max-width:860px;padding:0 1rem;font-family:sans-serif;color:#222}"
        "figure{margin:0}svg{max-width:100%;height:auto}"
        "figcaption{color:#555;font-size:.85rem;line-height:1.45;margin:.5rem 0 0 56px}"
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="generator" content="imgcheck">'
        f"<title>Sun diagram</title><style>{style}</style></head><body><figure>\n"
        f"{svg}<figcaption>{escape(note)}</figcaption></figure></body></html>\n"
    )
