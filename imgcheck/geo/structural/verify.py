"""Would patches lie where the transform says if the place were wrong?"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imgcheck.geo.structural import laying
from imgcheck.geo.structural.pyramid import Pyramid
from imgcheck.imaging import transforms

_SIDE, _PATCH, _REACH, _ACROSS = 200, 0.15, 0.08, 7
# A patch agrees where its best match lies no farther from the transform's word.
_BOUND_PX = 2.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Verification:
    """How many patches agree when each is looked for anew, far around.

    ``log10_chance`` is the binomial tail for patches thrown at random into their windows.
    ``points`` (K, 2) in the picture, ``agree`` (K,); ``span`` is the side of the picture on the
    grid of the comparison.
    """

    log10_chance: float
    points: NDArray[np.float64]
    agree: NDArray[np.bool_]
    scores: NDArray[np.float64]
    span: float


def verify(
    picture: NDArray[np.float32],
    mask: NDArray[np.bool_],
    pyramid: Pyramid,
    matrix: NDArray[np.float64],
) -> Verification | None:
    laid = laying.lay(picture, mask, pyramid, matrix, side=_SIDE)
    if laid is None:
        return None
    found = laying.ties(laid, patch=_PATCH, reach=_REACH, across=_ACROSS)
    if len(found) < 4:
        return None
    agree = np.hypot(*found.shifts.T) <= _BOUND_PX
    chance = math.pi * _BOUND_PX**2 / (2 * found.reach + 1) ** 2
    return Verification(
        log10_chance=log10_tail(int(agree.sum()), len(agree), min(0.5, chance)),
        points=transforms.apply(np.linalg.inv(laid.to_grid), found.points),
        agree=agree,
        scores=found.scores,
        span=laid.span,
    )


def log10_tail(count: int, of: int, chance: float) -> float:
    """Give log10 of the binomial probability of ``count`` or more."""
    if count <= 0:
        return 0.0
    logs = [
        math.lgamma(of + 1)
        - math.lgamma(k + 1)
        - math.lgamma(of - k + 1)
        + k * math.log(chance)
        + (of - k) * math.log1p(-chance)
        for k in range(count, of + 1)
    ]
    top = max(logs)
    return min(0.0, (top + math.log(sum(math.exp(v - top) for v in logs))) / math.log(10))
