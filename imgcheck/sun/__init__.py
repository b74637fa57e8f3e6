"""Where the sun stood, and which dates and times a shadow allows.

``position`` is the Solar Position Algorithm of NREL; ``constrain`` gives the dates and times of
day that the direction of a shadow allows, or its length against the height of the thing that casts
it; ``examine`` puts a claimed window of time beside them, and ``slips`` what it becomes when a time
zone was mistaken.
``shadow_direction`` reads a direction from the picture alone, or abstains.
"""

from imgcheck.sun.claimed import (
    USUAL_LEAN_DEG,
    USUAL_SLOPE_DEG,
    ClaimedTime,
    Shadow,
    examine,
)
from imgcheck.sun.constraint import Constraint, DayBand, Weighed, constrain
from imgcheck.sun.direction import ShadowDirection, shadow_direction
from imgcheck.sun.measuring import END_POINT_PX, Pooled, ShadowMeasurement, from_points, pool
from imgcheck.sun.passes import PASSES, PassHint, PassTime, mean_solar_hours, pass_hint
from imgcheck.sun.slips import Slip, date_reach, reach_words, slips
from imgcheck.sun.spa import SunPosition, position
from imgcheck.sun.times import TimeSpan, delta_t

__all__ = [
    "SunPosition",
    "position",
    "TimeSpan",
    "USUAL_LEAN_DEG",
    "USUAL_SLOPE_DEG",
    "Shadow",
    "ClaimedTime",
    "examine",
    "Constraint",
    "DayBand",
    "Weighed",
    "constrain",
    "END_POINT_PX",
    "ShadowMeasurement",
    "from_points",
    "Pooled",
    "pool",
    "ShadowDirection",
    "shadow_direction",
    "Slip",
    "slips",
    "date_reach",
    "reach_words",
    "PASSES",
    "PassTime",
    "PassHint",
    "pass_hint",
    "mean_solar_hours",
    "delta_t",
]
