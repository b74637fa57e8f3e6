"""How likely is it that a picture of another place would look as well placed?

Two things that a wrong place does not have: a correlation that stands out from all other places,
and patches that agree. On wrong places the two were seen to be independent, and are combined as
two tests are.
"""

import math
from collections.abc import Sequence

import numpy as np

# Peaks of wrong places fall off exponentially, by this much for each factor e: mean over 120
# wrong places of the tuning ground (docs/benchmarks.md, structural). What the mirrored picture
# shows on the reference itself is weighed against it as so many peaks.
_FALL, _FALL_WEIGHT = 0.35, 24.0
_LEAST_FALL = 0.2
# Tail of the patches' agreement on the same wrong places: half exceed the first number (log10),
# each further factor e costs the second. Pictures laid on 150 grid pixels and on 200 or more:
# small ones have small patches, which agree more easily.
_TAIL_SPANS = (150.0, 200.0)
_TAIL_MEDIANS, _TAIL_FALLS = (2.4, 1.5), (1.9, 1.1)


def probability(
    *, surprise: float, rivals: Sequence[float], trials: float, log10_tail: float, span: float
) -> float:
    """Give the probability that a picture of another place reaches this.

    Parameters
    ----------
    surprise : float
        Of the place found, standard deviations.
    rivals : sequence of float
        Of the best places of the mirrored picture, which is nowhere on the reference.
    trials : float
        How many times as many chances the picture had as the mirrored one.
    log10_tail, span : float
        Of the verification.

    Returns
    -------
    float

    References
    ----------
    .. [1] R. A. Fisher, Statistical Methods for Research Workers, 1932 (combining two tests).
    """
    joint = by_height(surprise, rivals, trials) * by_patches(log10_tail, span)
    return min(1.0, joint * (1.0 - math.log(joint))) if joint > 0 else 0.0


def by_height(surprise: float, rivals: Sequence[float], trials: float) -> float:
    """Give the probability that any wrong place stands out as much."""
    peaks = sorted(rivals, reverse=True)
    if not peaks:
        return 1.0
    least, count = peaks[-1], len(peaks)
    own = sum(p - least for p in peaks)
    fall = max(_LEAST_FALL, (own + _FALL_WEIGHT * _FALL) / (count + _FALL_WEIGHT))
    expected = trials * count * math.exp(-(surprise - least) / fall)
    return -math.expm1(-expected)


def by_patches(log10_tail: float, span: float) -> float:
    """Give the probability that patches agree as well at a wrong place."""
    median = float(np.interp(span, _TAIL_SPANS, _TAIL_MEDIANS))
    fall = float(np.interp(span, _TAIL_SPANS, _TAIL_FALLS))
    return min(1.0, 0.5 * math.exp((log10_tail + median) / fall))
