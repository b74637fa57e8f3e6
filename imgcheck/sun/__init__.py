"""The position of the sun, and the dates and times that a shadow allows.

``position`` is the Solar Position Algorithm of NREL; ``constrain`` finds the dates and times of day
that the direction of a shadow or its relative length allows; ``examine`` compares a claimed window
of time with them, and ``slips`` applies common time zone errors to it. ``shadow_direction``
estimates a direction from the picture alone, or abstains.
"""

from imgcheck.sun.claimed import (
    USUAL_LEAN_DEG,
    USUAL_SLOPE_DEG,
    ClaimedTime,
    Slip,
    date_reach,
    examine,
    reach_words,
    slips,
)
from imgcheck.sun.constraint import Best, Constraint, Shadow, constrain, likelihood_ratio
from imgcheck.sun.direction import NoDirection, ShadowDirection, shadow_direction
from imgcheck.sun.measuring import END_POINT_PX, Pooled, ShadowMeasurement, from_points, pool
from imgcheck.sun.passes import PassHint, pass_hint
from imgcheck.sun.spa import SunPosition, position
from imgcheck.sun.times import TimeSpan

__all__ = [
    "SunPosition",
    "position",
    "TimeSpan",
    "USUAL_LEAN_DEG",
    "USUAL_SLOPE_DEG",
    "Shadow",
    "ClaimedTime",
    "examine",
    "Best",
    "Constraint",
    "constrain",
    "likelihood_ratio",
    "END_POINT_PX",
    "ShadowMeasurement",
    "from_points",
    "Pooled",
    "pool",
    "ShadowDirection",
    "NoDirection",
    "shadow_direction",
    "Slip",
    "slips",
    "date_reach",
    "reach_words",
    "PassHint",
    "pass_hint",
]
