"""The path of the sun over one day as a diagram: azimuth across, elevation up, and what fits."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from imgcheck import sun
from imgcheck.quantity import LonLat
from imgcheck.report import page
from imgcheck.sun.path import day_start, mirror_days, solar_day

Span = tuple[datetime, datetime]
Pair = tuple[float, float]

_WIDTH, _PLOT = 860, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 24, 62, 52
_ROW = 22

# Readable on white, and distinguishable for most colour-blind readers (after Okabe and Ito).
_CLAIMED, _RIVAL = "#c44a00", "#8a3b78"
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


def _day(day: int, place: LonLat) -> _Day:
    # Whole minutes, so that full hours are among the times.
    start = day_start(day, place.lon).astype("datetime64[m]").astype("datetime64[us]")
    times = start + (np.arange(0, 24 * 60 + 1) * 60_000_000).astype("timedelta64[us]")
    path = sun.position(times, place)
    return _Day(day=day, times=times, azimuth=path.azimuth_deg, elevation=path.elevation_deg)


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A word of the diagram and its place."""

    words: str
    x: float
    y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A claimed or rival time: its words for the legend, and its mark if the sun was up.

    The name above the mark is raised to ``label_y``, clear of other names.
    """

    name: str
    color: str
    words: str
    mark: Label | None = None
    label_y: float = 0.0


def draw(
    place: LonLat,
    *,
    claimed: Span | None = None,
    rival: Span | None = None,
    found: sun.Constraint | None = None,
    azimuth: Pair | None = None,
    shadow_azimuth: Pair | None = None,
    ratio: Pair | None = None,
    as_page: bool = False,
) -> str:
    """Draw the day of the claimed time (else of the best one) as SVG, or as a page with it.

    Parameters
    ----------
    place : LonLat
    claimed, rival : (start, end), optional
        Marked; the rival with the path of its own day.
    found : Constraint, optional
        Its allowed times of that day are drawn thick.
    azimuth, shadow_azimuth, ratio : (value, sigma), optional
        What was measured, as bands of 1.96 sigma each way.
    """
    lat, lon = place.lat, place.lon
    moment = claimed[0] if claimed else found.best.time if found and found.best else None
    moment = moment or (found.window.start if found else datetime(2000, 1, 1, tzinfo=UTC))
    day = _day(_solar(moment, lon), place)
    other = None
    if rival is not None and _solar(rival[0], lon) != day.day:
        other = _day(_solar(rival[0], lon), place)
    towards = azimuth
    if towards is None and shadow_azimuth is not None:
        towards = ((shadow_azimuth[0] + 180) % 360, shadow_azimuth[1])
    frame = _frame([day] if other is None else [day, other], towards)
    inside = None if found is None else day.within(found.sets)
    moments: list[Moment] = []
    for span, name, color in ((claimed, "claimed", _CLAIMED), (rival, "rival", _RIVAL)):
        if span is not None:
            taken = [(one.mark.x, one.label_y) for one in moments if one.mark is not None]
            own_path = name == "rival" and other is not None
            moments.append(_moment(frame, span, place, name, color, taken, own_path=own_path))
    legend = _legend(day, place, found, inside, towards, ratio, moments)
    return page.render(
        "sun.html" if as_page else "sun.svg",
        script=False,
        title=f"The sun at {lat:g}, {lon:g} on {day.words}",
        generator="imgcheck",
        width=_WIDTH, height=_PLOT + _ROW * len(legend) + 14, left=_LEFT, right=_WIDTH - _RIGHT,
        top=frame.y(frame.top), bottom=frame.y(0), row=_ROW, plot=_PLOT,
        bands=list(_bands(frame, towards, ratio)),
        elevations=[(e, frame.y(e)) for e in range(0, round(frame.top) + 1, 15)],
        turns=list(_turns(frame)),
        other_path=[] if other is None else list(_lines(frame, other, other.up)),
        path=list(_lines(frame, day, day.up)),
        allowed=[] if inside is None else list(_lines(frame, day, inside)),
        dots=list(_dots(frame, day)),
        hours=list(_hours(frame, day)),
        moments=moments,
        legend=legend,
    )  # fmt: skip


def _legend(
    day: _Day,
    place: LonLat,
    found: sun.Constraint | None,
    inside: NDArray[np.bool_] | None,
    towards: Pair | None,
    ratio: Pair | None,
    moments: list[Moment],
) -> list[tuple[str, str, Moment | None]]:
    """Return rows of key, words, and the moment whose mark is the key."""
    rows: list[tuple[str, str, Moment | None]] = [("moment", m.words, m) for m in moments]
    rows.append(("path", f"path of the sun on {day.words}", None))
    if found is not None and inside is not None:
        rows.append(("allowed", _allowed_words(found, day, inside), None))
    if towards is not None or ratio is not None:
        rows.append(("band", _measured_words(towards, ratio), None))
    return [*rows, ("", _mirror_words(day, place.lon, found), None)]


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


def _bands(
    frame: _Frame, towards: Pair | None, ratio: Pair | None
) -> Iterator[tuple[float, float, float, float]]:
    """Yield what was measured as boxes: across for the direction, along for the length."""
    left, right, bottom, top = float(_LEFT), float(_WIDTH - _RIGHT), frame.y(0), frame.y(frame.top)
    if towards is not None:
        half = min(1.96 * towards[1], 180.0)
        edges = (towards[0] - half, towards[0] + half)
        first = frame.x(edges[0]) if frame.holds(edges[0]) else left
        last = frame.x(edges[1]) if frame.holds(edges[1]) else right
        # A band that passes behind the observer comes in from both sides.
        pieces = [(first, last)] if first <= last else [(left, last), (first, right)]
        for start, end in [(left, right)] if half >= 180 else pieces:
            yield start, top, end - start, bottom - top
    if ratio is not None:
        shortest, longest = max(ratio[0] - 1.96 * ratio[1], 1e-3), ratio[0] + 1.96 * ratio[1]
        high, low = (float(np.degrees(np.arctan(1 / r))) for r in (shortest, longest))
        upper, lower = frame.y(min(high, frame.top)), frame.y(min(low, frame.top))
        yield left, upper, right - left, lower - upper


def _turns(frame: _Frame) -> Iterator[tuple[str, float]]:
    """Yield the azimuths named under the diagram, and where."""
    wide = frame.high - frame.low
    step = 15 if wide <= 150 else 30 if wide <= 280 else 45
    for turn in range(int(step * np.ceil(frame.low / step)), int(frame.high) + 1, step):
        x = _LEFT + (turn - frame.low) / wide * (_WIDTH - _RIGHT - _LEFT)
        yield f"{_TURNS.get(turn % 360, '')} {turn % 360}°".strip(), x


def _lines(frame: _Frame, day: _Day, shown: NDArray[np.bool_]) -> Iterator[str]:
    """Yield polylines of runs of shown minutes, broken at the edges of the frame."""
    points: list[str] = []
    last = 0.0
    for az, el, show in zip(day.azimuth, day.elevation, shown, strict=True):
        x = frame.x(float(az))
        if points and (not show or abs(x - last) > _WIDTH / 2):
            yield " ".join(points)
            points = []
        if show:
            points.append(f"{x:.1f},{frame.y(float(el)):.1f}")
        last = x
    if points:
        yield " ".join(points)


def _full_hours(day: _Day) -> list[int]:
    minutes = day.times.astype("datetime64[m]").astype(np.int64)
    return [int(index) for index in np.flatnonzero((minutes % 60 == 0) & day.up)]


def _dots(frame: _Frame, day: _Day) -> Iterator[Pair]:
    for index in _full_hours(day):
        yield frame.x(float(day.azimuth[index])), frame.y(float(day.elevation[index]))


def _hours(frame: _Frame, day: _Day) -> Iterator[Label]:
    """Yield the names of full hours under the path where they do not touch."""
    drawn: list[Label] = []
    for index in _full_hours(day):
        x, y = frame.x(float(day.azimuth[index])), frame.y(float(day.elevation[index]))
        # Beside the path on the side of the ground, square to it.
        near = index + 1 if index + 1 < day.times.size else index - 1
        along_x = frame.x(float(day.azimuth[near])) - x
        along_y = frame.y(float(day.elevation[near])) - y
        length = math.hypot(along_x, along_y) or 1.0
        side = 1 if along_x > 0 else -1
        label = Label(
            words=str(day.times[index].astype("datetime64[m]"))[11:],
            x=x - side * along_y / length * 22,
            y=y + side * along_x / length * 15 + 4,
        )
        free = all(abs(label.x - d.x) > _APART_PX or abs(label.y - d.y) > 14 for d in drawn)
        if free and label.y < frame.y(0) - 3:
            drawn.append(label)
            yield label


def _moment(
    frame: _Frame,
    span: Span,
    place: LonLat,
    name: str,
    color: str,
    taken: list[Pair],
    *,
    own_path: bool,
) -> Moment:
    """Return a time with its mark; ``taken`` are the marks whose words must not be touched."""
    brief = span[1] - span[0] < timedelta(minutes=1)
    middle = span[0] if brief else span[0] + (span[1] - span[0]) / 2
    here = sun.position(middle, place)
    clock = _clock(span[0]) if brief else f"{_clock(span[0])} to {_clock(span[1])}"
    words = f"{name}: {span[0].astimezone(UTC).day} {span[0].astimezone(UTC):%b %Y} {clock} UTC"
    azimuth, elevation = float(here.azimuth_deg), float(here.elevation_deg)
    dashed = " (dashed: path of the sun on that day)" if own_path else ""
    if elevation <= 0:
        words += f", when the sun was below the horizon{dashed}"
        return Moment(name=name, color=color, words=words)
    words += f", sun at azimuth {azimuth:.1f}, elevation {elevation:.1f} degrees{dashed}"
    mark = Label(words=name, x=frame.x(azimuth), y=frame.y(elevation))
    above = mark.y - 14
    while any(abs(mark.x - x) < 62 and abs(above - y) < 16 for x, y in taken):
        above -= 17
    return Moment(name=name, color=color, words=words, mark=mark, label_y=above)


def _clock(when: datetime) -> str:
    moment = when.astimezone(UTC)
    return f"{moment:%H:%M:%S}" if moment.second else f"{moment:%H:%M}"


def _allowed_words(found: sun.Constraint, day: _Day, inside: NDArray[np.bool_]) -> str:
    if not inside.any():
        return f"no time of {day.words} fits the shadow"
    level = f"{100 * found.level:g} %"
    return f"times of {day.words} that the shadow allows ({level}): {_times(day, inside)} UTC"


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
    words = f"mirror date across the solstice: {when.day} {when:%b %Y}, the same path"
    spans = [] if found is None else [s for s in found.mirror if _solar(s.start, lon) == other]
    if spans:
        words += f"; the shadow fits there from {spans[0].start:%H:%M} to {spans[-1].end:%H:%M} UTC"
    return words
