"""Where the sun stood, and which dates and times a shadow allows.

``position`` is the Solar Position Algorithm of NREL; ``compare`` tests the direction of a shadow,
or its length against the height of the thing that casts it, against a window of time;
``constrain`` turns it round and gives the dates and times of day that a shadow allows.
``shadow_direction`` reads a direction from the picture alone, or abstains.
"""

from imgcheck.sun.comparison import ShadowComparison, TimeSpan, compare
from imgcheck.sun.constraint import Constraint, DayBand, Weighed, constrain
from imgcheck.sun.direction import ShadowDirection, shadow_direction
from imgcheck.sun.measuring import Pooled, ShadowMeasurement, from_points, pool
from imgcheck.sun.passes import PASSES, PassHint, PassTime, mean_solar_hours, pass_hint
from imgcheck.sun.slips import Slip, date_reach, slips
from imgcheck.sun.spa import SunPosition, position
from imgcheck.sun.times import delta_t

__all__ = [
    "SunPosition",
    "position",
    "ShadowComparison",
    "TimeSpan",
    "compare",
    "Constraint",
    "DayBand",
    "Weighed",
    "constrain",
    "ShadowMeasurement",
    "from_points",
    "Pooled",
    "pool",
    "ShadowDirection",
    "shadow_direction",
    "Slip",
    "slips",
    "date_reach",
    "PASSES",
    "PassTime",
    "PassHint",
    "pass_hint",
    "mean_solar_hours",
    "delta_t",
]
