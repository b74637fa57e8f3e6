"""How surprising is it that so many pairs of points agree with one transform?

The number of false alarms (NFA): how many transforms at least this good are expected among all
that could be tried, if the pairs were thrown at random over the known picture. Far below 1 means
that chance is no explanation. The error bound is not fixed: the one that makes the agreement
most surprising is taken.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Pairs that a transform is drawn through.
SAMPLE = {"similarity": 2, "affine": 3, "homography": 4}
# Keypoints nearer than this see the same pixels: together they count once.
CELL_PX = 12.0
# Below this no bound is believed: keypoints are not placed better.
SMALLEST_BOUND_PX = 1.0

_LOG10_FACTORIAL = [0.0]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Agreement:
    """The most surprising agreement of pairs with one transform.

    ``inside`` (N,) bool are the pairs within ``bound`` pixels; ``distinct`` counts their places.
    """

    log10_nfa: float
    bound: float
    inside: NDArray[np.bool_]
    distinct: int


def _log10_choose(n: NDArray[np.float64] | float, k: NDArray[np.float64]) -> NDArray[np.float64]:
    top = int(np.max(n))
    while len(_LOG10_FACTORIAL) <= top:
        _LOG10_FACTORIAL.append(_LOG10_FACTORIAL[-1] + math.log10(len(_LOG10_FACTORIAL)))
    table = np.array(_LOG10_FACTORIAL)
    whole = np.asarray(n, np.intp)
    part = np.asarray(k, np.intp)
    return np.asarray(table[whole] - table[part] - table[whole - part])


def cells(points: NDArray[np.floating], size: float) -> NDArray[np.int64]:
    """Give each point the number of its square of side ``size``."""
    at = np.floor(np.asarray(points, np.float64) / size).astype(np.int64) + 2**20
    return np.asarray(at[:, 0] * 2**22 + at[:, 1])


def distinct_so_far(labels: NDArray[np.int64]) -> NDArray[np.intp]:
    """Count, at each position of a list, the different labels up to there."""
    fresh = np.zeros(len(labels), np.intp)
    _, at = np.unique(labels, return_index=True)
    fresh[at] = 1
    return np.cumsum(fresh)


def agreement(
    residuals: NDArray[np.float64],
    *,
    allowed: NDArray[np.bool_],
    source_cells: NDArray[np.int64],
    target_cells: NDArray[np.int64],
    target_area: float,
    model: str,
    largest_bound: float,
) -> Agreement:
    """Find the bound on the residuals that makes the agreement most surprising.

    Parameters
    ----------
    residuals : (N,) float64
        Distance in the target between where the transform sends a point and its partner.
    allowed : (N,) bool
        Pairs whose size and direction agree with the transform; others are never inside.
    source_cells, target_cells : (N,) int64
        From `cells`: pairs that share a cell in either picture count once.
    target_area : float
        Pixels over which a random pair could fall.
    model : {"similarity", "affine", "homography"}
    largest_bound : float
        Pixels.

    Returns
    -------
    Agreement
        ``log10_nfa`` is +inf where no bound leaves more distinct pairs than the model needs.

    Notes
    -----
    log10 NFA(k, e) = log10((n - m) C(n, k) C(k, m)) + (k - m) log10(pi e^2 / area), with n
    distinct pairs of which k lie within e, and m that determine the model. Requiring sizes and
    directions to agree makes chance rarer still, which the formula leaves out: it errs on the
    safe side. The pairs of ordered ground (rows, grids) are not independent, so that the number
    must be read with a threshold measured on unrelated pictures.

    References
    ----------
    .. [1] L. Moisan and B. Stival, "A probabilistic criterion to detect rigid point matches
       between two images and estimate the fundamental matrix", IJCV 57, 2004.
    """
    sample = SAMPLE[model]
    none = Agreement(
        log10_nfa=math.inf, bound=0.0, inside=np.zeros(len(residuals), bool), distinct=0
    )
    usable = np.flatnonzero(allowed & (residuals <= largest_bound))
    if len(usable) <= sample:
        return none
    order = usable[np.argsort(residuals[usable], kind="stable")]
    total = min(len(np.unique(source_cells)), len(np.unique(target_cells)))
    count = np.minimum(distinct_so_far(source_cells[order]), distinct_so_far(target_cells[order]))
    bound = np.maximum(residuals[order], SMALLEST_BOUND_PX)
    chance = np.minimum(0.0, np.log10(np.pi * bound**2 / target_area))
    enough = count > sample
    if not enough.any() or total <= sample:
        return none
    k = np.where(enough, count, sample + 1)
    # A bound is reached by its last pair: earlier ones of equal bound are the same event.
    nfa = (
        math.log10(total - sample)
        + _log10_choose(float(total), k)
        + _log10_choose(k, np.full_like(k, sample))
        + (k - sample) * chance
    )
    nfa = np.where(enough, nfa, np.inf)
    best = int(np.argmin(nfa))
    limit = float(bound[best])
    return Agreement(
        log10_nfa=float(nfa[best]),
        bound=limit,
        inside=allowed & (residuals <= limit),
        distinct=int(count[best]),
    )
