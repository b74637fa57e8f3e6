"""Does a measured shadow fit a claimed window of time?"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypedDict, Unpack

import numpy as np

from imgcheck.sun.constraint import Constraint, constrain, ends
from imgcheck.sun.mirror import earlier_mirror_days
from imgcheck.sun.path import day_start, solar_day
from imgcheck.sun.spa import position
from imgcheck.sun.times import TimeSpan, to_datetime, to_utc

# What is taken where nobody said how level the ground and how upright the object is, one standard
# deviation, degrees: house corners and poles on ground that looks level. A convention; what the
# false-alarm rate becomes on steeper ground is in docs/benchmarks.md, sun.claimed-time.
USUAL_SLOPE_DEG = 2.0
USUAL_LEAN_DEG = 1.5

# On a longer window the mirror dates are no answer any more: they are another season.
_MOST_MIRRORED = timedelta(days=62)


class Shadow(TypedDict, total=False):
    """What was measured, and its errors: options of `imgcheck.sun.constrain`."""

    azimuth: tuple[float, float] | None
    shadow_azimuth: tuple[float, float] | None
    ratio: tuple[float, float] | None
    slope: tuple[float, float] | None
    slope_sigma_deg: float
    lean_sigma_deg: float
    view_deg: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedTime:
    """How a measured shadow stands to a claimed window of time.

    Attributes
    ----------
    p_value : float or None
        Probability of a misfit at least as large as that of the *best* instant of the window, if
        that instant were the true one. Never too small for a window: the true instant of a true
        claim fits no better than the best one. ``None`` when the sun was down all through.
    deviation_sigma : float or None
        Root of that misfit (a sum of squared deviations, in standard errors).
    best_time : datetime or None
        Most probable instant of the window.
    sun_azimuth_deg, sun_elevation_deg : float or None
        The sun at ``best_time``; elevation as seen through the air.
    days : Constraint
        What the shadow allows on the claimed days; its ``sets`` may lie outside the window.
        ``days.claimed`` weighs the claimed time against any daylight of these days.
    allowed : bool
        Whether a moment of the window is in ``days.sets``.
    mirror_days : TimeSpan or None
        Days on the other side of a solstice on which the sun takes the same path as on the
        claimed ones: the nearest ones that do not end after the picture was posted. ``None`` for
        windows of more than two months.
    """

    p_value: float | None
    deviation_sigma: float | None
    best_time: datetime | None
    sun_azimuth_deg: float | None
    sun_elevation_deg: float | None
    days: Constraint
    allowed: bool
    mirror_days: TimeSpan | None

    @property
    def night(self) -> bool:
        """Say whether the sun was down all through the window: it can have cast no shadow."""
        return self.p_value is None


def examine(
    when: datetime | tuple[datetime, datetime],
    lat: float,
    lon: float,
    *,
    days: tuple[datetime, datetime] | None = None,
    posted: datetime | None = None,
    **shadow: Unpack[Shadow],
) -> ClaimedTime:
    """Test the direction or the relative length of a shadow against a claimed time.

    Parameters
    ----------
    when : datetime or (start, end)
        Aware datetimes.
    lat, lon : float
        Degrees, north and east positive.
    days : (start, end), optional
        First and last moment of the claimed days, aware. By default the days of mean local solar
        time that ``when`` touches.
    posted : datetime, optional
        By when the picture was known; by default the end of ``when``.
    **shadow
        What was measured and its errors, as for `imgcheck.sun.constrain`: ``azimuth``,
        ``shadow_azimuth``, ``ratio``, ``slope``, ``slope_sigma_deg``, ``lean_sigma_deg``,
        ``view_deg``. Ground and object are exactly level and upright by default.

    Returns
    -------
    ClaimedTime

    Raises
    ------
    UsageError
        If nothing was measured, a number has no meaning, a time says no zone, or the window is
        turned round or longer than 20 years.

    Notes
    -----
    How often true claims are called wrong, and false ones, is measured in docs/benchmarks.md,
    section *sun.claimed-time*.
    """
    start, end = ends(when)
    span = (to_datetime(start), to_datetime(end))
    inside = constrain(lat, lon, window=span, **shadow)
    first, last = (int(day) for day in solar_day(np.array([start, end]), lon))
    whole = days or (to_datetime(day_start(first, lon)), to_datetime(day_start(last + 1, lon)))
    on_days = constrain(lat, lon, window=whole, claimed=span, **shadow)
    assert on_days.claimed is not None
    best = None if inside.best_time is None else position(inside.best_time, lat, lon)
    mirrored = None
    if span[1] - span[0] <= _MOST_MIRRORED:
        until = span[1] if posted is None else posted
        other = earlier_mirror_days(
            np.arange(first, last + 1), until=int(solar_day(np.array([to_utc(until)]), lon)[0])
        )
        if other.size:
            mirrored = TimeSpan(
                start=to_datetime(day_start(int(other[0]), lon)),
                end=to_datetime(day_start(int(other[-1]) + 1, lon)),
            )
    return ClaimedTime(
        p_value=inside.p_value,
        deviation_sigma=inside.deviation_sigma,
        best_time=inside.best_time,
        sun_azimuth_deg=None if best is None else float(best.azimuth_deg),
        sun_elevation_deg=None if best is None else float(best.apparent_elevation_deg),
        days=on_days,
        allowed=on_days.claimed.allowed and inside.best_time is not None,
        mirror_days=mirrored,
    )
