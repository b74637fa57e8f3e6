"""Which dates and times of day a measured shadow allows."""

import math
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypedDict, Unpack

import numpy as np
from numpy.typing import NDArray

from imgcheck.errors import UsageError
from imgcheck.quantity import LonLat
from imgcheck.sun import likelihood
from imgcheck.sun.likelihood import ErrorModel, Measured
from imgcheck.sun.path import Path, day_start, mirror_days, path, solar_day
from imgcheck.sun.spa import position
from imgcheck.sun.times import LONGEST_DAYS, Instants, TimeSpan, to_datetime, to_utc

Moment = datetime | tuple[datetime, datetime]
Pair = tuple[float, float]
Floats = NDArray[np.float64]

# Probability of the sets.
_LEVEL = 0.95

# A true window fits worse than this at its best moment once in a thousand: then no moment in it is
# allowed.
_NOTHING_FITS = 0.001

# A year in steps of a minute; longer windows have longer steps, shorter ones at least 240 steps.
_MOST_STEPS = 530_000
_FEWEST_STEPS = 240


@dataclass(frozen=True, slots=True, kw_only=True)
class Best:
    """The most probable moment of a window."""

    time: datetime
    #: Probability of a misfit at least as large as that of this moment, if it is the true one. It
    #: is conservative: the true moment of a true claim fits no better than the best one.
    p_value: float
    #: Root of that misfit, in standard errors.
    deviation_sigma: float
    #: The sun; elevation including refraction.
    sun_azimuth_deg: float
    sun_elevation_deg: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """Comparison of a claimed time with a rival, or with any daylight of the window."""

    #: Probability density of the shadow under the claimed time over that under the other. A share
    #: of blunders (`likelihood.BLUNDERS`) keeps it finite.
    likelihood_ratio: float
    #: `"rival"` or `"daylight"`.
    against: str
    #: Whether a moment of the claimed time is in the sets.
    allowed: bool
    #: The sun at the middle of the claimed time.
    sun_azimuth_deg: float
    sun_elevation_deg: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraint:
    """The dates and times of day that a shadow allows."""

    #: Smallest set of daylight moments of the window that contains the true one with probability
    #: `level`, if all daylight moments of the window have equal prior probability. In time order;
    #: empty when nothing fits.
    sets: tuple[TimeSpan, ...]
    #: Moments at least as probable as the least probable one of `sets` on the mirror dates, on the
    #: other side of the solstice; inside the window or not.
    mirror: tuple[TimeSpan, ...]
    level: float
    window: TimeSpan
    #: Step of the search; ends of spans are known to half of it.
    resolution_s: float
    #: Whether the best moment of the window fits at all (p >= 0.001).
    fits: bool
    #: `None` when the sun was down during the whole window.
    best: Best | None
    #: Share of the window's daylight that is in `sets`: 1 if the shadow excludes nothing.
    share: float
    #: Days of mean local solar time with an allowed moment, and with daylight in the window.
    days_allowed: int
    days_in_window: int
    #: `None` if no time was claimed.
    claimed: Weighed | None = None


class Shadow(TypedDict, total=False):
    """A measured shadow and its errors: options of `constrain`."""

    azimuth: Pair | None
    shadow_azimuth: Pair | None
    ratio: Pair | None
    slope: Pair | None
    slope_sigma_deg: float
    lean_sigma_deg: float
    view_deg: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A place, and the checked measurement of a shadow there."""

    place: LonLat
    seen: Measured
    model: ErrorModel

    def path(self, start: np.datetime64, end: np.datetime64) -> Path:
        """Return the sun in steps of a minute, or finer in a short span."""
        length = float((end - start) / np.timedelta64(1, "s"))
        step = min(60.0, max(length / _FEWEST_STEPS, 1.0))
        return path(start, end, self.place, step_s=max(step, length / _MOST_STEPS))

    def probability(self, moment: Moment) -> float:
        """Return the probability density of the shadow at a moment, or on average over a span."""
        return likelihood.mean_likelihood(
            self.seen, self.model, self.path(*ends(moment)), daylight=False
        )


def constrain(
    place: LonLat,
    *,
    window: tuple[datetime, datetime] | None = None,
    claimed: Moment | None = None,
    rival: Moment | None = None,
    **shadow: Unpack[Shadow],
) -> Constraint:
    """Find the dates and times of day that a measured shadow allows at a place.

    Parameters
    ----------
    place : LonLat
    window : (start, end), optional
        Aware datetimes. By default the calendar year (UTC) of the claimed time.
    claimed, rival : datetime or (start, end), optional
        A claimed time, and another to compare it with. Without a rival it is compared with any
        daylight moment of the window.
    azimuth : (value, sigma), optional
        Direction *towards the sun*, degrees clockwise from true north, and its standard error.
    shadow_azimuth : (value, sigma), optional
        Direction in which the shadow *points*, away from the sun; give one of the two.
    ratio : (value, sigma), optional
        Length of the shadow in plan over the height of the object.
    slope : (gradient, aspect), optional
        Slope of the ground, degrees, and the compass direction in which it falls.
    slope_sigma_deg : float, default 0
        Standard error of the slope along any direction.
    lean_sigma_deg : float, default 0
        Standard deviation of the lean of the object, along and across.
    view_deg : float, default 0
        Off-nadir angle of the view; matters only together with a slope.

    Raises
    ------
    UsageError
        If nothing was measured, there is no window, or a number has no meaning.

    Notes
    -----
    The sets are of highest posterior density on a grid of a minute for windows of up to a year
    (``resolution_s``). Coverage of simulated shadows with slope, lean and end-point noise is in
    docs/benchmarks.md, section *sun.constrain*. The error model is described in
    ``imgcheck.sun.likelihood``. Direction alone hardly constrains the date: the sun passes through
    the same azimuth every day.
    """
    asked = query(place, **shadow)
    found, sun = search(asked, *window_of(window or _year_of(claimed)))
    if claimed is None:
        return found
    return replace(found, claimed=weigh(asked, claimed, rival, sun, found.sets))


def likelihood_ratio(
    claimed: Moment, rival: Moment, place: LonLat, **shadow: Unpack[Shadow]
) -> float:
    """Return how many times more probable a shadow is at the claimed time than at a rival one.

    Options are those of `constrain`.
    """
    asked = query(place, **shadow)
    return asked.probability(claimed) / asked.probability(rival)


def query(place: LonLat, **shadow: Unpack[Shadow]) -> Query:
    """Check the options of a measured shadow."""
    seen = likelihood.measured(
        shadow.get("shadow_azimuth"), shadow.get("azimuth"), shadow.get("ratio")
    )
    gradient, aspect = shadow.get("slope") or (0.0, 0.0)
    rise = _tangent("the gradient of the ground", gradient, 45)
    if not math.isfinite(aspect):
        raise UsageError(
            f"the aspect of the ground must be a compass direction in degrees, not {aspect}"
        )
    model = ErrorModel(
        # The ground falls towards the aspect, so it rises away from it.
        east=-rise * math.sin(math.radians(aspect)),
        north=-rise * math.cos(math.radians(aspect)),
        slope_sigma=_tangent("slope_sigma_deg", shadow.get("slope_sigma_deg", 0.0), 30),
        lean_sigma=_tangent("lean_sigma_deg", shadow.get("lean_sigma_deg", 0.0), 30),
        view=_tangent("view_deg", shadow.get("view_deg", 0.0), 75),
    )
    return Query(place=place, seen=seen, model=model)


def search(asked: Query, start: np.datetime64, end: np.datetime64) -> tuple[Constraint, Path]:
    """Return what a shadow allows from ``start`` to ``end``, and the path of the sun."""
    sun = asked.path(start, end)
    logs = likelihood.log_likelihood(asked.seen, asked.model, sun)
    least = float(np.min(likelihood.misfit(asked.seen, asked.model, sun)))
    best = None
    if math.isfinite(least):
        best = _best(asked, to_datetime(sun.times[int(np.argmax(logs))]), least)
    fits = best is not None and best.p_value >= _NOTHING_FITS
    threshold = _threshold(logs) if fits else math.inf
    inside = logs >= threshold
    days = solar_day(sun.times, asked.place.lon)
    daylight = int(np.count_nonzero(sun.up))
    allowed_days = np.unique(days[inside])
    found = Constraint(
        sets=_spans(sun, inside, start, end),
        mirror=_mirror(asked, allowed_days, threshold),
        level=_LEVEL,
        window=TimeSpan(start=to_datetime(start), end=to_datetime(end)),
        resolution_s=sun.step_s,
        fits=fits,
        best=best,
        share=float(np.count_nonzero(inside)) / daylight if daylight else 0.0,
        days_allowed=int(allowed_days.size),
        days_in_window=int(np.unique(days[sun.up]).size),
    )
    return found, sun


def _best(asked: Query, time: datetime, misfit: float) -> Best:
    sun = position(time, asked.place)
    return Best(
        time=time,
        p_value=likelihood.tail(misfit, asked.seen.degrees_of_freedom),
        deviation_sigma=math.sqrt(misfit),
        sun_azimuth_deg=float(sun.azimuth_deg),
        sun_elevation_deg=float(sun.apparent_elevation_deg),
    )


def weigh(
    asked: Query, claimed: Moment, rival: Moment | None, window: Path, sets: tuple[TimeSpan, ...]
) -> Weighed:
    """Compare a claimed time with a rival, or with any daylight of the window."""
    start, end = ends(claimed)
    if rival is not None:
        other = asked.probability(rival)
    else:
        other = likelihood.mean_likelihood(asked.seen, asked.model, window, daylight=True)
    middle = path(start + (end - start) / 2, start + (end - start) / 2, asked.place, step_s=1.0)
    return Weighed(
        likelihood_ratio=asked.probability(claimed) / other,
        against="daylight" if rival is None else "rival",
        allowed=overlaps(sets, to_datetime(start), to_datetime(end)),
        sun_azimuth_deg=float(middle.azimuth[0]),
        sun_elevation_deg=float(middle.elevation[0]),
    )


def _tangent(name: str, degrees: float, most: float) -> float:
    if not 0 <= degrees <= most:
        raise UsageError(f"{name} must be between 0 and {most:g} degrees, not {degrees}")
    return math.tan(math.radians(degrees))


def ends(moment: Moment) -> tuple[np.datetime64, np.datetime64]:
    """Return start and end of a moment or span in UTC."""
    pair: Instants = list(moment) if isinstance(moment, tuple) else [moment, moment]
    first, last = to_utc(pair)
    if last < first:
        raise UsageError("a window must be (start, end), with the start not after the end")
    return first, last


def window_of(moment: Moment) -> tuple[np.datetime64, np.datetime64]:
    """Return start and end of a window to search, in UTC."""
    start, end = ends(moment)
    if end - start > np.timedelta64(LONGEST_DAYS, "D"):
        raise UsageError("a window may span at most 20 years; split a longer one")
    return start, end


def _year_of(claimed: Moment | None) -> tuple[datetime, datetime]:
    if claimed is None:
        raise UsageError("give a window of time to search, or a claimed time")
    first, last = ends(claimed)
    start = first.astype("datetime64[Y]").astype("datetime64[us]")
    end = (last.astype("datetime64[Y]") + 1).astype("datetime64[us]")
    return to_datetime(start), to_datetime(end)


def _threshold(logs: Floats) -> float:
    """Return the log density above which 95 % of the probability lies."""
    ordered = np.sort(logs[np.isfinite(logs)])[::-1]
    mass = np.cumsum(np.exp(ordered - ordered[0]))
    return float(ordered[min(int(np.searchsorted(mass, _LEVEL * mass[-1])), ordered.size - 1)])


def _spans(
    sun: Path, inside: NDArray[np.bool_], start: np.datetime64, end: np.datetime64
) -> tuple[TimeSpan, ...]:
    """Return runs of steps that are inside, each with the half step before and after."""
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
    """Split sorted days at gaps."""
    return np.split(days, np.flatnonzero(np.diff(days) > 1) + 1) if days.size else []


def _mirror(asked: Query, days: NDArray[np.int64], threshold: float) -> tuple[TimeSpan, ...]:
    """Return what fits as well on the days with the same declination."""
    spans: list[TimeSpan] = []
    for run in _runs(mirror_days(days)):
        start = day_start(int(run[0]), asked.place.lon)
        end = day_start(int(run[-1]) + 1, asked.place.lon)
        sun = path(start, end, asked.place)
        logs = likelihood.log_likelihood(asked.seen, asked.model, sun)
        # The declination returns to within a fifth of a degree: the best moment of the mirror days
        # counts even if it is slightly less probable.
        inside = logs >= min(threshold, float(np.max(logs)))
        spans += _spans(sun, inside & np.isfinite(logs), start, end)
    return tuple(spans)


def overlaps(sets: tuple[TimeSpan, ...], first: datetime, last: datetime) -> bool:
    """Return whether a moment from ``first`` to ``last`` is in the sets."""
    return any(span.start <= last and first <= span.end for span in sets)
