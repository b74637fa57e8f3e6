"""Find the transform that most matched pairs of points agree with, and how surprising that is.

`proposals` lists the similarities worth testing; `grow` refines each one and widens the model;
`agreement` computes the number of false alarms (NFA): how many transforms at least this good are
expected among all that could be tried, if the pairs were placed at random in the known picture.
The error bound is not fixed: the one with the lowest NFA is taken.
"""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from imgcheck.imaging import transforms
from imgcheck.imaging.features import Features, Matches
from imgcheck.imaging.pixels import Float64, Index, Mask
from imgcheck.imaging.transforms import Fit

# Pairs that a transform is drawn through.
SAMPLE = {"similarity": 2, "affine": 3, "homography": 4}
# Keypoints nearer than this see the same pixels: together they count once.
CELL_PX = 12.0
# Keypoints are not located more accurately than this.
SMALLEST_BOUND_PX = 1.0

_LOG10_FACTORIAL = [0.0]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Agreement:
    """The most surprising agreement of pairs with one transform.

    ``inside`` (N,) bool are the pairs within ``bound`` pixels; ``distinct`` counts their places.
    """

    log10_nfa: float
    bound: float
    inside: Mask
    distinct: int


def _log10_choose(n: Float64 | float, k: Float64) -> Float64:
    top = int(np.max(n))
    while len(_LOG10_FACTORIAL) <= top:
        _LOG10_FACTORIAL.append(_LOG10_FACTORIAL[-1] + math.log10(len(_LOG10_FACTORIAL)))
    table = np.array(_LOG10_FACTORIAL)
    whole = np.asarray(n, np.intp)
    part = np.asarray(k, np.intp)
    return np.asarray(table[whole] - table[part] - table[whole - part])


def cells(points: NDArray[np.floating], size: float) -> NDArray[np.int64]:
    """Number the square of side ``size`` that each point lies in."""
    at = np.floor(np.asarray(points, np.float64) / size).astype(np.int64) + 2**20
    return np.asarray(at[:, 0] * 2**22 + at[:, 1])


def distinct_so_far(labels: NDArray[np.int64]) -> Index:
    """Count, at each position of a list, the different labels up to there."""
    fresh = np.zeros(len(labels), np.intp)
    _, at = np.unique(labels, return_index=True)
    fresh[at] = 1
    return np.cumsum(fresh)


def agreement(
    residuals: Float64,
    *,
    allowed: Mask,
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

    Notes
    -----
    log10 NFA(k, e) = log10((n - m) C(n, k) C(k, m)) + (k - m) log10(pi e^2 / area), with n
    distinct pairs of which k lie within e, and m that determine the model; +inf where no bound
    leaves more than m. The pairs of ordered ground (rows, grids) are not independent, so the
    threshold is measured on unrelated pictures.

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
    log10_p = np.minimum(0.0, np.log10(np.pi * bound**2 / target_area))
    enough = count > sample
    if not enough.any() or total <= sample:
        return none
    k = np.where(enough, count, sample + 1)
    # A bound is reached by its last pair: earlier ones of equal bound are the same event.
    nfa = (
        math.log10(total - sample)
        + _log10_choose(float(total), k)
        + _log10_choose(k, np.full_like(k, sample))
        + (k - sample) * log10_p
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


# SIFT directions of right pairs scatter by about 5 degrees, sizes by about 15 %, with longer
# tails under other light; wide enough for a view tilted by 45 degrees.
_TURN_DEG = 25.0
_LOG2_SIZE = 0.75
_SEEDS = 60
_PARTNERS = 16
_FAR_SAMPLE = 64
_KEEP = 6
# Pairs compared at once: the arrays stay in the cache.
_AT_ONCE = 32_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pairs:
    """Matched keypoints with the rotation and scale of each pair.

    ``turn`` (degrees) and ``log2_scale`` lead from the query to the known picture; ``trust`` is
    a relative inverse variance: large keypoints are placed less well.
    """

    query_points: Float64
    known_points: Float64
    turn: Float64
    log2_scale: Float64
    trust: Float64

    def __len__(self) -> int:
        return len(self.query_points)

    @classmethod
    def of(cls, query: Features, known: Features, matched: Matches) -> Self:
        """Gather the pairs of a matching."""
        q, k = matched.query_index, matched.known_index
        sizes = known.sizes[k].astype(np.float64)
        typical = float(np.median(sizes)) if len(sizes) else 1.0
        return cls(
            query_points=matched.query_points.astype(np.float64),
            known_points=matched.known_points.astype(np.float64),
            turn=(known.angles[k] - query.angles[q]).astype(np.float64),
            log2_scale=np.log2(sizes / np.maximum(query.sizes[q], 1e-3)),
            trust=1.0 / np.maximum(sizes / max(typical, 1e-3), 0.7) ** 2,
        )

    def agree_with(self, matrix: Float64) -> Mask:
        """Mark the pairs that turn and scale as ``matrix`` does at their place."""
        slopes = transforms.jacobian(matrix, self.query_points)
        turn = np.degrees(np.arctan2(slopes[:, 1, 0] - slopes[:, 0, 1], np.trace(slopes.T)))
        area = np.abs(np.linalg.det(np.nan_to_num(slopes, nan=0.0, posinf=0.0, neginf=0.0)))
        size = 0.5 * np.log2(np.maximum(area, 1e-12))
        return np.asarray(
            (np.abs(_wrapped(self.turn - turn)) < _TURN_DEG)
            & (np.abs(self.log2_scale - size) < _LOG2_SIZE)
        )

    def resemble(self, similarities: NDArray[np.complex128]) -> Mask:
        """Mark, (S, N), the pairs that turn and scale as each similarity, w = a z + b, does."""
        units = similarities / np.abs(similarities)
        radians = np.radians(self.turn)
        # The cosine of the difference of two directions is the product of their unit vectors.
        cosines = _plane(units) @ np.stack([np.cos(radians), np.sin(radians)])
        size = np.log2(np.abs(similarities))
        return np.asarray(
            (cosines > math.cos(math.radians(_TURN_DEG)))
            & (np.abs(self.log2_scale - size[:, None]) < _LOG2_SIZE)
        )


def _plane(numbers: NDArray[np.complex128]) -> Float64:
    return np.stack([numbers.real, numbers.imag], axis=1)


def _squared_misses(
    a: NDArray[np.complex128],
    b: NDArray[np.complex128],
    z: NDArray[np.complex128],
    w: NDArray[np.complex128],
) -> Float64:
    """Return, (S, N), the squared distances of where similarities a z + b send each z from w."""
    points = np.stack([z.real, z.imag, np.ones(len(z))])
    x = np.stack([a.real, -a.imag, b.real], axis=1) @ points - w.real
    y = np.stack([a.imag, a.real, b.imag], axis=1) @ points - w.imag
    return np.asarray(x * x + y * y)


def _wrapped(degrees: Float64) -> Float64:
    return np.asarray((degrees + 180.0) % 360.0 - 180.0)


def proposals(pairs: Pairs, query_shape: tuple[int, ...]) -> list[Float64]:
    """Return the similarities that most pairs agree with, best first.

    Each pair alone is a rough similarity, and the pairs that it predicts roughly vote for it.
    The best pairs are joined with their voters: two pairs fix a similarity well.
    """
    z = pairs.query_points[:, 0] + 1j * pairs.query_points[:, 1]
    w = pairs.known_points[:, 0] + 1j * pairs.known_points[:, 1]
    seeds, voters = _votes(pairs, z, w)
    first, second = _join(seeds, voters)
    if len(first) == 0:
        return []
    apart = z[second] - z[first]
    keep = np.abs(apart) > 0.02 * math.hypot(*query_shape[:2])
    first, second, apart = first[keep], second[keep], apart[keep]
    a = (w[second] - w[first]) / apart
    keep = (np.abs(a) > 0.05) & (np.abs(a) < 20)
    first, a = first[keep], a[keep]
    b = w[first] - a * z[first]
    return _best(pairs, z, w, a, b, query_shape)


def _votes(
    pairs: Pairs, z: NDArray[np.complex128], w: NDArray[np.complex128]
) -> tuple[Index, list[Index]]:
    count = len(pairs)
    scale = 2.0**pairs.log2_scale
    a = np.asarray(scale * np.exp(1j * np.radians(pairs.turn)), np.complex128)
    score = np.zeros(count)
    kept: dict[int, Index] = {}
    # A near voter that is met exactly counts more than a far one that is met roughly.
    some = slice(None, None, max(1, count // _FAR_SAMPLE))
    far = float(np.median(scale[some, None] * np.abs(z - z[some, None]))) + 1e-9
    step = max(1, _AT_ONCE // count)
    for start in range(0, count, step):
        part = slice(start, min(start + step, count))
        # Pairs of similar turn and scale whose place is predicted to about a third.
        off = np.sqrt(_squared_misses(a[part], w[part] - a[part] * z[part], z, w))
        away = scale[part, None] * np.sqrt(
            (z.real - z.real[part, None]) ** 2 + (z.imag - z.imag[part, None]) ** 2
        )
        good = (off < 0.3 * away + 3.0) & (away > 1.0) & pairs.resemble(a[part])
        score[part] = (good / (1.0 + away / far)).sum(axis=1)
        for row in np.flatnonzero(good.sum(axis=1) >= 2):
            kept[start + int(row)] = np.flatnonzero(good[row])
    order = np.argsort(-score, kind="stable")
    seeds = np.array([i for i in order if int(i) in kept][:_SEEDS], np.intp)
    return seeds, [kept[int(i)] for i in seeds]


def _join(seeds: Index, voters: list[Index]) -> tuple[Index, Index]:
    first, second = [], []
    for seed, group in zip(seeds, voters, strict=True):
        # Evenly through the group, which is in order of likeness.
        take = group[np.unique(np.linspace(0, len(group) - 1, _PARTNERS).astype(np.intp))]
        first.append(np.full(len(take), seed))
        second.append(take)
    if not first:
        return np.zeros(0, np.intp), np.zeros(0, np.intp)
    return np.concatenate(first), np.concatenate(second)


def _best(
    pairs: Pairs,
    z: NDArray[np.complex128],
    w: NDArray[np.complex128],
    a: NDArray[np.complex128],
    b: NDArray[np.complex128],
    query_shape: tuple[int, ...],
) -> list[Float64]:
    diagonal = math.hypot(*query_shape[:2])
    score = np.zeros(len(a))
    step = max(1, _AT_ONCE // len(pairs))
    for start in range(0, len(a), step):
        part = slice(start, start + step)
        reach = np.maximum(2.0, 0.01 * diagonal * np.abs(a[part, None]))
        off = _squared_misses(a[part], b[part], z, w) / reach**2
        score[part] = (np.maximum(0.0, 1.0 - off) * pairs.resemble(a[part])).sum(axis=1)
    order = np.argsort(-score, kind="stable")
    ring = transforms.corners(query_shape) @ [1, 1j]
    places = a[order, None] * ring + b[order, None]
    chosen: list[Float64] = []
    while len(order) and len(chosen) < _KEEP:
        i = order[0]
        chosen.append(
            np.array(
                [[a[i].real, -a[i].imag, b[i].real], [a[i].imag, a[i].real, b[i].imag], [0, 0, 1]]
            )
        )
        gap = places - places[0]
        off = np.maximum(np.abs(gap.real), np.abs(gap.imag)).max(axis=1)
        others = off >= 0.02 * diagonal * np.abs(a[order])
        others[0] = False
        order, places = order[others], places[others]
    return chosen


_ROUNDS = 4
# Wider models bend to the errors of few pairs: between dates none of the 12 that were widened, on
# 8 to 20 places, was better than its similarity (benchmarks: geo_place, dates).
_LEAST_DISTINCT = {"affine": 24, "homography": 24}
# Bound on a residual: share of the diagonal in the known picture, and pixels.
_BOUND_SHARE, _BOUND_PX = 0.03, 12.0


def _largest_bound(matrix: Float64, query_shape: tuple[int, ...]) -> float:
    diagonal = math.hypot(*query_shape[:2]) * transforms.scale(matrix, query_shape)
    return max(2.0, min(_BOUND_PX, _BOUND_SHARE * diagonal))


def grow(
    start: Float64,
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
    """Decide by the Bayesian information criterion whether more parameters are needed."""
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
    # A pair that is off by more than four sigma is wrong, and is no evidence about the model.
    cost = [float((np.minimum(d / sigma, 4.0) ** 2).sum()) for d in far]
    more = transforms.FREEDOM[wider[1].model] - transforms.FREEDOM[narrower[1].model]
    distinct = max(2, min(wider[0].distinct, int(either.sum())))
    # Pairs of one spot are one observation.
    share = distinct / max(1, int(either.sum()))
    return (cost[1] - cost[0]) * share > more * math.log(2 * distinct)
