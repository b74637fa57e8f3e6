"""Which dates and times of day a measured shadow allows."""

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgcheck.errors import UsageError
from imgcheck.sun import likelihood, shadow
from imgcheck.sun.likelihood import ErrorModel
from imgcheck.sun.mirror import mirror_days
from imgcheck.sun.path import Path, day_start, path, solar_day
from imgcheck.sun.shadow import Measured
from imgcheck.sun.times import LONGEST_DAYS, Instants, TimeSpan, to_datetime, to_utc

Moment = datetime | tuple[datetime, datetime]
Floats = NDArray[np.float64]

# A true window fits worse than this at its best moment once in a thousand: nothing in it is then
# said to be allowed.
NOTHING_FITS = 0.001

# A year by the minute; longer windows get longer steps, shorter ones at least 240 steps.
_MOST_STEPS = 530_000
_FEWEST_STEPS = 240


@dataclass(frozen=True, slots=True, kw_only=True)
class DayBand:
    """Days one after the other on which a shadow is allowed, and when on the first and the last.

    ``first`` and ``last`` are the earliest and the latest allowed span of the run.
    """

    first: TimeSpan
    last: TimeSpan
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """How a claimed time stands against a rival, or against any daylight of the window.

    Attributes
    ----------
    likelihood_ratio : float
        Probability density of the shadow under the claimed time over that under the other. A
        share of blunders (``likelihood.BLUNDERS``) keeps it finite.
    against : str
        ``"rival"`` or ``"daylight"``.
    allowed : bool
        Whether a moment of the claimed time is in the sets.
    sun_azimuth_deg, sun_elevation_deg : float
        The sun at the middle of the claimed time.
    """

    likelihood_ratio: float
    against: str
    allowed: bool
    sun_azimuth_deg: float
    sun_elevation_deg: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraint:
    """What a shadow says about date and time of day.

    Attributes
    ----------
    sets : tuple of TimeSpan
        Smallest set of daylight moments of the window that holds the true one with probability
        ``level``, if every daylight moment of the window was as probable before. In time order.
        Empty when nothing fits.
    mirror : tuple of TimeSpan
        What is as probable as the least probable moment of ``sets`` on the days on which the sun
        comes back to the same height, on the other side of the solstice; inside the window or not.
    bands : tuple of DayBand
        ``sets`` put together by runs of days.
    level : float
    window : TimeSpan
    resolution_s : float
        Step of the search; ends of spans are known to half of it.
    fits : bool
        Whether the best moment of the window fits at all (p >= 0.001).
    p_value : float or None
        Probability of a misfit at least as large as that of the best moment; ``None`` when the
        sun was down all through the window.
    deviation_sigma : float or None
        Root of that misfit, in standard errors.
    best_time : datetime or None
        Most probable moment of the window.
    share : float
        Share of the window's daylight that is in ``sets``: 1 says that the shadow excludes
        nothing.
    days_allowed, days_in_window : int
        Days of mean local solar time with an allowed moment, and with daylight in the window.
    claimed : Weighed or None
    """

    sets: tuple[TimeSpan, ...]
    mirror: tuple[TimeSpan, ...]
    bands: tuple[DayBand, ...]
    level: float
    window: TimeSpan
    resolution_s: float
    fits: bool
    p_value: float | None
    deviation_sigma: float | None
    best_time: datetime | None
    share: float
    days_allowed: int
    days_in_window: int
    claimed: Weighed | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """Everything about the place and the shadow."""

    lat: float
    lon: float
    elevation_m: float
    seen: Measured
    model: ErrorModel

    def path(self, start: Any, end: Any, step_s: float) -> Path:
        return path(start, end, self.lat, self.lon, step_s=step_s, elevation_m=self.elevation_m)


def constrain(
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
    window: tuple[datetime, datetime] | None = None,
    claimed: Moment | None = None,
    rival: Moment | None = None,
    level: float = 0.95,
    elevation_m: float = 0.0,
) -> Constraint:
    """Find the dates and times of day that a measured shadow allows at a place.

    Parameters
    ----------
    lat, lon : float
        Degrees, north and east positive.
    azimuth : (value, sigma), optional
        Direction *towards the sun*, degrees clockwise from true north, and its standard error.
    shadow_azimuth : (value, sigma), optional
        Direction in which the shadow *points*, away from the sun; give one of the two.
    ratio : (value, sigma), optional
        Length of the shadow in plan over the height of what casts it.
    slope : (gradient, aspect), optional
        Stated slope of the ground, degrees, and the compass direction in which it falls.
        Level by default.
    slope_sigma_deg : float, default 0
        Standard error of the slope along any direction.
    lean_sigma_deg : float, default 0
        Standard deviation of the lean of what casts the shadow, along and across.
    view_deg : float, default 0
        How far from straight down the picture looks; matters only together with a slope.
    window : (start, end), optional
        Aware datetimes. By default the calendar year (UTC) of the claimed time.
    claimed, rival : datetime or (start, end), optional
        A claimed time, and another to weigh it against. Without a rival it is weighed against
        any daylight moment of the window.
    level : float, default 0.95
        Probability that the sets hold.
    elevation_m : float, default 0
        Height of the place above the sea.

    Returns
    -------
    Constraint

    Raises
    ------
    UsageError
        If nothing was measured, there is no window, or a number has no meaning.

    Notes
    -----
    The sets are of highest posterior density on a grid of a minute for windows of up to a year
    (``resolution_s`` says it), with the same prior probability for every daylight moment of the
    window. Coverage of simulated shadows with slope, lean and end-point noise is in
    docs/benchmarks.md, section *sun.constrain*. The error model is described in
    ``imgcheck.sun.likelihood``. Direction alone says next to nothing about the date: the sun comes
    through the same azimuth every day.
    """
    if azimuth is None and shadow_azimuth is None and ratio is None:
        raise UsageError("nothing was measured: give azimuth, shadow_azimuth or ratio")
    if not 0 < level < 1:
        raise UsageError(f"level lies between 0 and 1, not {level}")
    asked = _Asked(
        lat=float(lat),
        lon=float(lon),
        elevation_m=elevation_m,
        seen=shadow.measured(shadow_azimuth, azimuth, ratio),
        model=_model(slope, slope_sigma_deg, lean_sigma_deg, view_deg),
    )
    start, end = _window(window, claimed)
    length = float((end - start) / np.timedelta64(1, "s"))
    step = min(60.0, max(length / _FEWEST_STEPS, 1.0)) if length else 1.0
    sun = asked.path(start, end, max(step, length / _MOST_STEPS))
    logs = likelihood.log_likelihood(asked.seen, asked.model, sun)
    bad = likelihood.misfit(asked.seen, asked.model, sun)
    least = float(np.min(bad))
    p_value = shadow.tail(least, asked.seen.degrees_of_freedom) if math.isfinite(least) else None
    fits = p_value is not None and p_value >= NOTHING_FITS
    threshold = _threshold(logs, level) if fits else math.inf
    inside = logs >= threshold
    days = solar_day(sun.times, asked.lon)
    daylight = int(np.count_nonzero(sun.up))
    allowed_days = np.unique(days[inside])
    sets = _spans(sun, inside, start, end)
    return Constraint(
        sets=sets,
        mirror=_mirror(asked, allowed_days, threshold),
        bands=_bands(sets, asked.lon),
        level=level,
        window=TimeSpan(start=to_datetime(start), end=to_datetime(end)),
        resolution_s=sun.step_s,
        fits=fits,
        p_value=p_value,
        deviation_sigma=None if p_value is None else math.sqrt(least),
        best_time=to_datetime(sun.times[int(np.argmax(logs))]) if p_value is not None else None,
        share=float(np.count_nonzero(inside)) / daylight if daylight else 0.0,
        days_allowed=int(allowed_days.size),
        days_in_window=int(np.unique(days[sun.up]).size),
        claimed=None if claimed is None else _weigh(asked, claimed, rival, sun, sets),
    )


def _tangent(name: str, degrees: float, most: float) -> float:
    if not 0 <= degrees <= most:
        raise UsageError(f"{name} lies between 0 and {most:g} degrees, not {degrees}")
    return math.tan(math.radians(degrees))


def _model(
    slope: tuple[float, float] | None, slope_sigma: float, lean_sigma: float, view: float
) -> ErrorModel:
    gradient, aspect = slope if slope is not None else (0.0, 0.0)
    rise = _tangent("the gradient of the ground", gradient, 45)
    if not math.isfinite(aspect):
        raise UsageError(f"the aspect of the ground is a compass direction, not {aspect}")
    return ErrorModel(
        # The ground falls towards the aspect, so it rises away from it.
        east=-rise * math.sin(math.radians(aspect)),
        north=-rise * math.cos(math.radians(aspect)),
        slope_sigma=_tangent("slope_sigma_deg", slope_sigma, 30),
        lean_sigma=_tangent("lean_sigma_deg", lean_sigma, 30),
        view=_tangent("view_deg", view, 75),
    )


def ends(moment: Moment) -> tuple[np.datetime64, np.datetime64]:
    """Give start and end of a moment or span in UTC."""
    pair: Instants = list(moment) if isinstance(moment, tuple) else [moment, moment]
    first, last = to_utc(pair)
    if last < first:
        raise UsageError("a window is (start, end), with the start not after the end")
    return first, last


def _window(window: Moment | None, claimed: Moment | None) -> tuple[Any, Any]:
    if window is not None:
        start, end = ends(window)
    elif claimed is not None:
        first, last = ends(claimed)
        start = first.astype("datetime64[Y]").astype("datetime64[us]")
        end = (last.astype("datetime64[Y]") + 1).astype("datetime64[us]")
    else:
        raise UsageError("give a window of time to search, or a claimed time")
    if end - start > np.timedelta64(LONGEST_DAYS, "D"):
        raise UsageError("a window spans at most 20 years; split a longer one")
    return start, end


def _threshold(logs: Floats, level: float) -> float:
    """Give the log density above which lies ``level`` of the probability."""
    ordered = np.sort(logs[np.isfinite(logs)])[::-1]
    mass = np.cumsum(np.exp(ordered - ordered[0]))
    return float(ordered[min(int(np.searchsorted(mass, level * mass[-1])), ordered.size - 1)])


def _spans(
    sun: Path, inside: NDArray[np.bool_], start: np.datetime64, end: np.datetime64
) -> tuple[TimeSpan, ...]:
    """Runs of steps that are inside, each with the half step before and after."""
    half = np.timedelta64(round(sun.step_s * 5e5), "us")
    edges = np.flatnonzero(np.diff(np.concatenate([[False], inside, [False]]).astype(np.int8)))
    return tuple(
        TimeSpan(
            start=to_datetime(max(sun.times[first] - half, start)),
            end=to_datetime(min(sun.times[last - 1] + half, end)),
        )
        for first, last in zip(edges[::2], edges[1::2], strict=True)
    )


def _runs(days: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Split sorted days where one is left out."""
    return np.split(days, np.flatnonzero(np.diff(days) > 1) + 1) if days.size else []


def _mirror(asked: _Asked, days: NDArray[np.int64], threshold: float) -> tuple[TimeSpan, ...]:
    """What fits as well on the days with the same declination."""
    spans: list[TimeSpan] = []
    for run in _runs(mirror_days(days)):
        start, end = day_start(int(run[0]), asked.lon), day_start(int(run[-1]) + 1, asked.lon)
        sun = asked.path(start, end, 60.0)
        logs = likelihood.log_likelihood(asked.seen, asked.model, sun)
        # The declination comes back to within a fifth of a degree: the best moment of the
        # mirrored days counts even if it is a hair less probable.
        inside = logs >= min(threshold, float(np.max(logs)))
        spans += _spans(sun, inside & np.isfinite(logs), start, end)
    return tuple(spans)


def _bands(sets: tuple[TimeSpan, ...], lon: float) -> tuple[DayBand, ...]:
    """Put spans together whose days follow each other and whose times of day overlap."""
    if not sets:
        return ()
    middles = np.array(
        [np.datetime64(s.start.replace(tzinfo=None) + (s.end - s.start) / 2, "us") for s in sets]
    )
    days = solar_day(middles, lon)
    open_runs: list[list[int]] = []
    for index, span in enumerate(sets):
        for run in open_runs:
            before = sets[run[-1]]
            gap = int(days[index] - days[run[-1]])
            shift = (span.start - before.start).total_seconds() - gap * 86400
            width = (before.end - before.start).total_seconds() + 3600
            if gap == 1 and abs(shift) < width:
                run.append(index)
                break
        else:
            open_runs.append([index])
    return tuple(
        DayBand(first=sets[run[0]], last=sets[run[-1]], days=len(run)) for run in open_runs
    )


def _weigh(
    asked: _Asked, claimed: Moment, rival: Moment | None, window: Path, sets: tuple[TimeSpan, ...]
) -> Weighed:
    start, end = ends(claimed)
    mine = _probability(asked, start, end)
    if rival is not None:
        other = _probability(asked, *ends(rival))
    else:
        other = likelihood.mean_likelihood(asked.seen, asked.model, window, daylight=True)
    middle = asked.path(start + (end - start) / 2, start + (end - start) / 2, 1.0)
    first, last = to_datetime(start), to_datetime(end)
    return Weighed(
        likelihood_ratio=mine / other,
        against="daylight" if rival is None else "rival",
        allowed=any(span.start <= last and first <= span.end for span in sets),
        sun_azimuth_deg=float(middle.azimuth[0]),
        sun_elevation_deg=float(middle.elevation[0]),
    )


def _probability(asked: _Asked, start: Any, end: Any) -> float:
    length = float((end - start) / np.timedelta64(1, "s"))
    step = min(60.0, max(length / _FEWEST_STEPS, 1.0))
    sun = asked.path(start, end, max(step, length / _MOST_STEPS))
    return likelihood.mean_likelihood(asked.seen, asked.model, sun, daylight=False)
