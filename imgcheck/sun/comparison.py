"""Test a measured shadow against a claimed window of time."""

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgcheck.errors import UsageError
from imgcheck.sun import shadow
from imgcheck.sun.shadow import Measured
from imgcheck.sun.spa import SunPosition, position
from imgcheck.sun.times import Instants, to_datetime, to_utc

Times = NDArray[np.datetime64]
Floats = NDArray[np.float64]

# Instants computed for one window, before the search around the best ones: 0.3 s of computing.
MOST_STEPS = 100_000
LONGEST_DAYS = 366 * 20

# Points put into an interval that may hold a better instant than its ends.
_ZOOM = 33
_MOST_ZOOMED = 3_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeSpan:
    """From ``start`` to ``end``, both in UTC and both included."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowComparison:
    """How well a measured shadow fits a claimed window of time.

    Attributes
    ----------
    p_value : float or None
        Probability of a misfit at least as large as that of the *best* instant of the window,
        if that instant were the true one. Never too small: the true instant of a true claim fits
        no better than the best one. ``None`` when the sun was down all through the window.
    deviation_sigma : float or None
        Root of the smallest sum of squared deviations, in sigmas.
    best_time : datetime or None
        Instant of the window that fits best.
    sun_azimuth_deg, sun_elevation_deg, ratio : float or None
        The sun at ``best_time`` (elevation as seen through the air), and the length-to-height
        ratio that it gives on level ground.
    azimuth_residual_deg, ratio_residual : float or None
        Measured minus computed at ``best_time``; ``None`` for what was not measured. With a slope,
        the ratio is compared with the nearest value that the slope allows.
    azimuth_sigma_deg, ratio_sigma : float or None
        Errors used, floors included.
    degrees_of_freedom : int
        How many of the two quantities were measured.
    allowed : tuple of TimeSpan
        Times within ``level`` on the claimed days (midnight to midnight of local solar time);
        they may lie outside the window.
    allowed_in_window : bool
        Whether any allowed time lies in the window.
    level : float
        A true time is among the allowed ones with this probability.
    night : bool
        The sun was below the horizon all through the window: it can have cast no shadow then.
    partly_night : bool
        It was below the horizon for a part of the window.
    """

    p_value: float | None
    deviation_sigma: float | None
    best_time: datetime | None
    sun_azimuth_deg: float | None
    sun_elevation_deg: float | None
    ratio: float | None
    azimuth_residual_deg: float | None
    ratio_residual: float | None
    azimuth_sigma_deg: float | None
    ratio_sigma: float | None
    degrees_of_freedom: int
    allowed: tuple[TimeSpan, ...]
    allowed_in_window: bool
    level: float
    night: bool
    partly_night: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    lat: float
    lon: float
    elevation_m: float

    def sun(self, times: Times) -> SunPosition:
        return position(times, self.lat, self.lon, elevation_m=self.elevation_m)


def _microseconds(seconds: float) -> np.timedelta64:
    return np.timedelta64(round(seconds * 1e6), "us")


def _grid(start: Any, end: Any, step_s: float) -> Times:
    """Instants from start to end, both included."""
    steps = max(1, math.ceil((end - start) / _microseconds(step_s)))
    if start == end:
        return np.array([start])
    return start + (np.arange(steps + 1) / steps * (end - start).astype(np.int64)).astype(
        "timedelta64[us]"
    )


def _solar_days(start: Any, end: Any, lon: float) -> tuple[Any, Any]:
    """Midnight of mean local solar time before ``start`` and after ``end``, as UTC."""
    ahead = _microseconds((((lon + 180) % 360) - 180) * 240.0)
    first = (start + ahead).astype("datetime64[D]").astype("datetime64[us]") - ahead
    last = (end + ahead).astype("datetime64[D]").astype("datetime64[us]") - ahead
    return first, last + np.timedelta64(1, "D")


def _trial(times: Times, place: _Place, seen: Measured) -> tuple[Floats, Floats]:
    """Misfit and azimuth residual at each instant; without an azimuth the residual is 1."""
    sun = place.sun(times)
    chi2 = shadow.misfit(seen, sun)
    if seen.sun_azimuth is None:
        return chi2, np.ones_like(chi2)
    return chi2, shadow.azimuth_residual(seen, sun)


def _promising(chi2: Floats, residual: Floats, limit: float) -> NDArray[np.int64]:
    """Intervals between neighbours that may hold a better instant than their ends."""
    near = np.minimum(chi2[:-1], chi2[1:])
    padded = np.concatenate([[np.inf], chi2, [np.inf]])
    dips = (chi2 <= padded[:-2]) & (chi2 <= padded[2:]) & np.isfinite(chi2)
    chosen = dips[:-1] | dips[1:]
    chosen |= (chi2[:-1] <= limit) != (chi2[1:] <= limit)
    # The measured azimuth lies between the two: near the zenith the sun turns so fast that
    # neither neighbour shows it.
    chosen |= (residual[:-1] * residual[1:] <= 0) & np.isfinite(near)
    indices = np.flatnonzero(chosen)
    return indices[np.argsort(near[indices], kind="stable")][:_MOST_ZOOMED]


def _refined(
    times: Times, place: _Place, seen: Measured, *, limit: float, rounds: int
) -> tuple[Times, Floats]:
    """Misfit at ``times`` and at further instants where a better one may hide."""
    chi2, residual = _trial(times, place, seen)
    for _ in range(rounds if times.size > 1 else 0):
        chosen = _promising(chi2, residual, limit)
        chosen = chosen[np.diff(times)[chosen] > np.timedelta64(_ZOOM, "us")]
        if not chosen.size:
            break
        width = (times[chosen + 1] - times[chosen]).astype(np.int64)
        share = np.arange(1, _ZOOM) / _ZOOM
        inner = times[chosen][:, None] + (width[:, None] * share).astype("timedelta64[us]")
        added = inner.reshape(-1)
        new_chi2, new_residual = _trial(added, place, seen)
        times = np.concatenate([times, added])
        order = np.argsort(times, kind="stable")
        times = times[order]
        chi2 = np.concatenate([chi2, new_chi2])[order]
        residual = np.concatenate([residual, new_residual])[order]
    return times, chi2


def _spans(times: Times, inside: NDArray[np.bool_]) -> tuple[TimeSpan, ...]:
    """Runs of neighbouring instants that are inside."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], inside, [False]]).astype(np.int8)))
    return tuple(
        TimeSpan(start=to_datetime(times[first]), end=to_datetime(times[last - 1]))
        for first, last in zip(edges[::2], edges[1::2], strict=True)
    )


def _claimed(when: tuple[datetime, datetime] | Instants) -> tuple[Times, bool]:
    """Claimed instants in UTC, and whether they are the two ends of a window."""
    instants = np.sort(np.atleast_1d(to_utc(when)).reshape(-1))
    if not instants.size:
        raise UsageError("no time was claimed: give a window (start, end) or instants")
    if isinstance(when, tuple) and (len(when) != 2 or when[0] > when[1]):
        raise UsageError("a window is (start, end), with the start not after the end")
    if instants[-1] - instants[0] > np.timedelta64(LONGEST_DAYS, "D"):
        raise UsageError("a window spans at most 20 years; split a longer one")
    return instants, isinstance(when, tuple)


def compare(
    when: tuple[datetime, datetime] | Instants,
    lat: float,
    lon: float,
    *,
    shadow_azimuth: tuple[float, float] | None = None,
    sun_azimuth: tuple[float, float] | None = None,
    ratio: tuple[float, float] | None = None,
    slope_deg: float = 0.0,
    elevation_m: float = 0.0,
    step_s: float = 60.0,
    level: float = 0.95,
) -> ShadowComparison:
    """Test the direction or the relative length of a shadow against a claimed time.

    Parameters
    ----------
    when : (datetime, datetime), or instants as for :func:`imgcheck.sun.position`
        A tuple of two aware datetimes is a window; a single datetime, or an array or list of
        instants, stands for just these.
    lat, lon : float
        The place, degrees, north and east positive.
    shadow_azimuth : (value, sigma), optional
        Direction in which the shadow *points*, away from the sun, degrees clockwise from true
        north, and its standard error.
    sun_azimuth : (value, sigma), optional
        Direction *towards* the sun; give this or ``shadow_azimuth``, not both.
    ratio : (value, sigma), optional
        Length of the shadow along the ground over the height of what casts it.
    slope_deg : float, default 0
        How far the ground may rise or fall along the shadow. A bound, not a standard deviation;
        it widens what ``ratio`` allows and leaves the direction alone (vertical things only).
    elevation_m : float, default 0
        Height of the place above the sea.
    step_s : float, default 60
        Spacing of the instants tried, seconds; wider for windows of more than ten weeks. Around the
        best ones it becomes a thousand times finer.
    level : float, default 0.95
        Coverage of the allowed times.

    Returns
    -------
    ShadowComparison

    Raises
    ------
    UsageError
        If nothing was measured, a sigma is not above 0, a time says no zone, or the window is
        turned round or longer than 20 years.

    Notes
    -----
    Errors have a floor: 0.1 degrees for a direction, and for a ratio the width of the fading edge
    that the sun's disc gives every shadow. Errors are taken as Gaussian; a bias (a leaning mast, a
    picture that is not north-up, the length measured from a roof) is not in them.
    """
    seen = shadow.measured(shadow_azimuth, sun_azimuth, ratio, slope_deg)
    if not 0 < level < 1:
        raise UsageError(f"level lies between 0 and 1, not {level}")
    if not step_s > 0:
        raise UsageError(f"step_s is above 0 seconds, not {step_s}")
    claimed, is_window = _claimed(when)
    place = _Place(lat=float(lat), lon=float(lon), elevation_m=elevation_m)
    limit = shadow.bound(seen.degrees_of_freedom, level)
    first, last = _solar_days(claimed[0], claimed[-1], place.lon)
    step_s = max(step_s, float((last - first) / np.timedelta64(1, "s")) / MOST_STEPS)
    if is_window:
        tried = _grid(claimed[0], claimed[-1], step_s)
        times, chi2 = _refined(tried, place, seen, limit=limit, rounds=2)
    else:
        tried = times = claimed
        chi2 = shadow.misfit(seen, place.sun(claimed))
    days, days_chi2 = _refined(_grid(first, last, step_s), place, seen, limit=limit, rounds=1)
    up = shadow.is_up(place.sun(tried))
    best = int(np.argmin(chi2))
    return _result(
        seen,
        place.sun(times[best : best + 1]) if np.isfinite(chi2[best]) else None,
        best_time=to_datetime(times[best]),
        chi2=float(chi2[best]),
        allowed=_spans(days, days_chi2 <= limit),
        limit=limit,
        level=level,
        partly_night=not bool(up.all()),
    )


def _result(
    seen: Measured,
    sun: SunPosition | None,
    *,
    best_time: datetime,
    chi2: float,
    allowed: tuple[TimeSpan, ...],
    limit: float,
    level: float,
    partly_night: bool,
) -> ShadowComparison:
    """Put the numbers at the best instant into the result; ``sun`` is None when it was night."""
    has_azimuth, has_ratio = seen.sun_azimuth is not None, seen.ratio is not None
    elevation = float(sun.apparent_elevation_deg[0]) if sun is not None else None
    return ShadowComparison(
        p_value=None if sun is None else shadow.tail(chi2, seen.degrees_of_freedom),
        deviation_sigma=None if sun is None else math.sqrt(chi2),
        best_time=None if sun is None else best_time,
        sun_azimuth_deg=None if sun is None else float(sun.azimuth_deg[0]),
        sun_elevation_deg=elevation,
        ratio=1 / math.tan(math.radians(elevation)) if elevation and elevation > 0.01 else None,
        azimuth_residual_deg=(
            float(shadow.azimuth_residual(seen, sun)[0])
            if sun is not None and has_azimuth
            else None
        ),
        ratio_residual=(
            float(shadow.ratio_residual(seen, sun)[0]) if sun is not None and has_ratio else None
        ),
        azimuth_sigma_deg=seen.azimuth_sigma if has_azimuth else None,
        ratio_sigma=seen.ratio_sigma if has_ratio else None,
        degrees_of_freedom=seen.degrees_of_freedom,
        allowed=allowed,
        allowed_in_window=sun is not None and chi2 <= limit,
        level=level,
        night=sun is None,
        partly_night=partly_night,
    )
