"""Scores of a pair whose tone differs nearly everywhere: by structure, or by spectral variates.

Pictures of one light are scored by `imgcheck.change.score`, which finds the smallest objects.
"""

from dataclasses import dataclass

import numpy as np

from imgcheck.change import structure
from imgcheck.change.grid import Mask, Pixels
from imgcheck.change.mad import irmad
from imgcheck.change.null import between_classes, fit_tail

# Part of the ordered values of structure that represents unchanged ground, and the largest median
# that unchanged ground of other dates reaches: 0.018 to 0.028 on eight of eleven labelled pairs,
# 0.04 to 0.1 where nearly everything was built over. docs/benchmarks/change.md, structure.
_BULK = (0.10, 0.50)
_USUAL = 0.025

# Noise of one step in 255 leaves so much on even ground.
_LEAST = 0.002

# Deviation of a sum of the two scores with weights 1 and 0.7, whose correlation is one half.
_SUM = 1.48

# Error of the registration of a pair that could not be registered, pixels.
_UNKNOWN_ERROR = 0.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scored:
    """Standard normal score of every pixel against the unchanged ground of the pair.

    ``threshold`` is the score above which a pixel is flagged; ``gain`` is positive where edges came
    and negative where they went, and 0 where that is not known.
    """

    z: Pixels
    threshold: float
    gain: Pixels


def by_structure(before: Pixels, after: Pixels, valid: Mask, *, threshold: float) -> Scored:
    """Score the change of edges and of bright objects; for pixels below 5 m.

    Where the scores form two classes, the border between them is the threshold if it is higher.
    """
    edges, gain = structure.edges(before, after, valid)
    total = _z(edges, valid) + structure.OBJECTS * _z(
        structure.objects(before, after, valid), valid
    )
    z = np.where(valid, total / _SUM, 0).astype(np.float32)
    border = between_classes(z[valid])
    return Scored(z=z, threshold=max(threshold, border or threshold), gain=gain)


def _z(statistic: Pixels, valid: Mask) -> Pixels:
    null = fit_tail(statistic[valid], bulk=_BULK, least_scale=_LEAST, most_median=_USUAL)
    return null.z(statistic)


def by_spectrum(
    before: Pixels, after: Pixels, valid: Mask, *, error_px: Pixels, threshold: float
) -> Scored:
    """Score by IR-MAD and the error of the registration; for pixels of 5 m and more."""
    known = np.nan_to_num(error_px, nan=_UNKNOWN_ERROR)
    statistic = irmad(before, after, valid, error_px=known)
    z = np.where(valid, fit_tail(statistic[valid]).z(statistic), np.float32(0))
    gain = np.zeros(valid.shape, np.float32)
    return Scored(z=z.astype(np.float32), threshold=threshold, gain=gain)
