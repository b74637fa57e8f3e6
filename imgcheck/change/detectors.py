"""Scores of a pair whose tone differs nearly everywhere: by structure, or by spectral variates.

Pictures of one light are scored by `imgcheck.change.score`, which finds the smallest objects.
"""

from dataclasses import dataclass

import numpy as np

from imgcheck.change import structure
from imgcheck.change.grid import Mask, Pixels
from imgcheck.change.mad import Variates, fit, irmad
from imgcheck.change.null import Tail, between_classes, fit_tail

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


@dataclass(frozen=True, slots=True, kw_only=True)
class StructureModel:
    """Null distributions of edges and of bright objects, and the border between two classes."""

    edges: Tail
    objects: Tail
    border: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SpectrumModel:
    """Variates, and the null distribution of their pooled sum."""

    variates: Variates
    tail: Tail


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scored:
    """Standard normal score of every pixel against the unchanged ground of the pair.

    ``gain`` is positive where edges came and negative where they went, and 0 where that is not
    known. ``model`` scores other parts of the same pair.
    """

    z: Pixels
    gain: Pixels
    model: StructureModel | SpectrumModel


def by_structure(
    before: Pixels,
    after: Pixels,
    valid: Mask,
    *,
    model: StructureModel | None = None,
) -> Scored:
    """Score the change of edges and of bright objects; for pixels below 5 m."""
    edges, gain = structure.edges(before, after, valid)
    objects = structure.objects(before, after, valid)
    tails = (
        (model.edges, model.objects)
        if model is not None
        else (_tail(edges[valid]), _tail(objects[valid]))
    )
    total = tails[0].z(edges) + structure.OBJECTS * tails[1].z(objects)
    z = np.where(valid, total / _SUM, 0).astype(np.float32)
    if model is None:
        model = StructureModel(edges=tails[0], objects=tails[1], border=between_classes(z[valid]))
    return Scored(z=z, gain=gain, model=model)


def _tail(values: Pixels) -> Tail:
    return fit_tail(values, bulk=_BULK, least_scale=_LEAST, most_median=_USUAL)


def by_spectrum(
    before: Pixels,
    after: Pixels,
    valid: Mask,
    *,
    error_px: Pixels,
    model: SpectrumModel | None = None,
) -> Scored:
    """Score by IR-MAD and the error of the registration; for pixels of 5 m and more."""
    known = np.nan_to_num(error_px, nan=_UNKNOWN_ERROR)
    variates = fit(before, after, valid) if model is None else model.variates
    statistic = irmad(before, after, valid, error_px=known, variates=variates)
    if model is None:
        tail = fit_tail(statistic[valid])
        model = SpectrumModel(variates=variates, tail=tail)
    z = np.where(valid, model.tail.z(statistic), np.float32(0)).astype(np.float32)
    return Scored(z=z, gain=np.zeros(valid.shape, np.float32), model=model)
