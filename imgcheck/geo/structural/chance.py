"""How likely is it that a picture of another place would look as well placed?"""

import math

# Placeholder until calibrated.
_WEIGHTS = (1.0, 0.5)


def evidence(*, surprise: float, rival: float, log10_chance: float) -> float:
    """Give one number for how well a place fits; larger is better."""
    return _WEIGHTS[0] * (surprise - 5.5) + _WEIGHTS[1] * -log10_chance


def probability(*, surprise: float, rival: float, log10_chance: float) -> float:
    """Give the probability that a picture of another place reaches this."""
    found = evidence(surprise=surprise, rival=rival, log10_chance=log10_chance)
    return min(1.0, math.exp(-found))
