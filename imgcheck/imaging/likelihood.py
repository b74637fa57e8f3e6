"""Weigh what two pictures on one grid show: a copy, the same capture, or the same place later.

Two logistic models on three measures: how well the blocks agree, how far they lie from any
projective map (parallax), and how many things both left and came. All three are robust to a
drawing: it changes few blocks, and only adds.
"""

import math
from dataclasses import dataclass

# Fitted on the calibration places (benchmarks: relation) with equal weight of both sides, so the
# scores are log10 likelihood ratios: constant, atanh of the median correlation, ln of the shift.
_COPY = (-4.593, 0.178, -2.196)
# Constant and atanh of the median: a shift between dates depends on how fine the ground is.
_CAPTURE = (-2.337, 2.013)
# Each thing that left while another came. Not fitted: the calibration places have no hovering
# camera. From counts on 295 copies (6 in 100 have one) and on the one such scene at hand (all
# have one, 9 in 10 have two), which is among the reported ones, too.
_MOVED = -1.2
# Beyond these the measures depend on rounding.
_MOST_CORRELATION, _LEAST_CORRELATION = 0.995, -0.5
_LEAST_SHIFT_PX, _UNKNOWN_SHIFT_PX = 0.02, 3.0
# No ratio exceeds what some hundred pictures can show.
_MOST = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Likelihoods:
    """Probability of each relation if all three were as likely before; they add up to 1.

    Calibration: docs/benchmarks.md, section relation.
    """

    copy: float
    same_capture: float
    same_place: float


def copy_score(*, median: float, shift_px: float | None, moved: int) -> float:
    """Return the log10 likelihood ratio of a copy against another exposure.

    From the median of the blocks' correlations, the median shift in pixels that no projective map
    explains (None: unknown), and the lesser of what left and what came.
    """
    shift = _UNKNOWN_SHIFT_PX if shift_px is None else max(shift_px, _LEAST_SHIFT_PX)
    return _COPY[0] + _COPY[1] * _agreement(median) + _COPY[2] * math.log(shift) + _MOVED * moved


def capture_score(*, median: float) -> float:
    """Return the log10 likelihood ratio of the same capture against another time; no copy."""
    return _CAPTURE[0] + _CAPTURE[1] * _agreement(median)


def likelihoods(copy: float, capture: float) -> Likelihoods:
    """Turn the two scores into the probabilities of the three words, from equal priors."""
    # One word against two.
    first = _share(copy - math.log10(2))
    second = _share(capture)
    return Likelihoods(
        copy=first, same_capture=(1 - first) * second, same_place=(1 - first) * (1 - second)
    )


def _agreement(median: float) -> float:
    return math.atanh(min(max(median, _LEAST_CORRELATION), _MOST_CORRELATION))


def _share(log10_ratio: float) -> float:
    return float(1 / (1 + 10 ** -min(max(log10_ratio, -_MOST), _MOST)))
