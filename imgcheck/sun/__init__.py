"""Where the sun stood, and whether a measured shadow fits a claimed time.

``position`` is the Solar Position Algorithm of NREL; ``compare`` tests the direction of a shadow,
or its length against the height of the thing that casts it, against a window of time.
"""

from imgcheck.sun.comparison import ShadowComparison, TimeSpan, compare
from imgcheck.sun.spa import SunPosition, position
from imgcheck.sun.times import delta_t

__all__ = ["SunPosition", "position", "ShadowComparison", "TimeSpan", "compare", "delta_t"]
