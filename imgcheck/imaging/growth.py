"""From a rough transform to the best one: judge, fit to what agrees, widen where asked for."""

import math

import numpy as np
from numpy.typing import NDArray

from imgcheck.imaging import transforms
from imgcheck.imaging.acontrario import CELL_PX, Agreement, agreement, cells
from imgcheck.imaging.hypotheses import Pairs
from imgcheck.imaging.transforms import Fit

_ROUNDS = 4
# Wider models bend to the errors of few pairs: between dates none of the 12 that were widened, on
# 8 to 20 places, was better than its similarity (benchmarks: geo_place, dates).
_LEAST_DISTINCT = {"affine": 24, "homography": 24}
# Bound on a residual: share of the laid-down diagonal, and pixels.
_BOUND_SHARE, _BOUND_PX = 0.03, 12.0


def _largest_bound(matrix: NDArray[np.float64], query_shape: tuple[int, ...]) -> float:
    diagonal = math.hypot(*query_shape[:2]) * transforms.scale(matrix, query_shape)
    return max(2.0, min(_BOUND_PX, _BOUND_SHARE * diagonal))


def grow(
    start: NDArray[np.float64],
    model: str,
    pairs: Pairs,
    query_shape: tuple[int, ...],
    known_shape: tuple[int, ...],
) -> tuple[Agreement, Fit] | None:
    """Judge, fit to what agrees, judge again, until it no longer gets better."""
    best: tuple[Agreement, Fit] | None = None
    matrix = start
    for _ in range(_ROUNDS):
        scale = transforms.scale(matrix, query_shape)
        if not (math.isfinite(scale) and 0 < scale < 1e3):
            break
        gap = transforms.apply(matrix, pairs.query_points) - pairs.known_points
        residuals = np.nan_to_num(np.hypot(*gap.T), nan=np.inf)
        found = agreement(
            residuals,
            allowed=pairs.agree_with(matrix),
            source_cells=cells(pairs.query_points, CELL_PX / min(1.0, scale)),
            target_cells=cells(pairs.known_points, CELL_PX * min(1.0, scale)),
            target_area=float(known_shape[0] * known_shape[1]),
            model=model,
            largest_bound=_largest_bound(matrix, query_shape),
        )
        if found.distinct == 0 or (best and found.log10_nfa >= best[0].log10_nfa - 1e-9):
            break
        fitted = transforms.fit(
            pairs.query_points[found.inside],
            pairs.known_points[found.inside],
            model=model,
            weights=pairs.trust[found.inside],
            start=None if model == "similarity" else matrix,
        )
        if fitted is None:
            break
        best, matrix = (found, fitted), fitted.matrix
    return best


def is_needed(wider: tuple[Agreement, Fit], narrower: tuple[Agreement, Fit], pairs: Pairs) -> bool:
    """Ask by the Bayesian information criterion whether the data want more parameters."""
    if wider[0].distinct < _LEAST_DISTINCT[wider[1].model]:
        return False
    either = wider[0].inside | narrower[0].inside
    source, target = pairs.query_points[either], pairs.known_points[either]
    far = [
        np.nan_to_num(np.hypot(*(transforms.apply(f.matrix, source) - target).T), nan=1e6)
        for f in (wider[1], narrower[1])
    ]
    # Half as much again as the scatter: errors of neighbouring pairs are not independent.
    sigma = max(0.3, 1.5 * float(np.median(far[0])) / math.sqrt(2 * math.log(2)))
    # A pair that is off by more than four sigma is wrong, and says nothing about the model.
    cost = [float((np.minimum(d / sigma, 4.0) ** 2).sum()) for d in far]
    more = transforms.FREEDOM[wider[1].model] - transforms.FREEDOM[narrower[1].model]
    distinct = max(2, min(wider[0].distinct, int(either.sum())))
    # Pairs of one spot are one observation.
    share = distinct / max(1, int(either.sum()))
    return (cost[1] - cost[0]) * share > more * math.log(2 * distinct)
