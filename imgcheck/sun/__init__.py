"""The position of the sun, and the dates and times that a shadow allows.

``position`` is the Solar Position Algorithm of NREL; ``constrain`` finds the dates and times of day
that the direction of a shadow or its relative length allows; ``examine`` compares a claimed window
of time with them, and ``slips`` applies common time zone errors to it. ``shadow_direction``
estimates a direction from the picture alone, or abstains.
"""

import lazy_loader

# The names stand in the stub beside this file; each is imported on first use.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
