"""Refine a rough transform by matching patches, and verify the result."""

import math
from dataclasses import dataclass, replace

import numpy as np

from imgcheck.geo.structural.coarse import Pyramid
from imgcheck.imaging import orientation, transforms, warp
from imgcheck.imaging.consensus import Agreement, agreement
from imgcheck.imaging.orientation import Ties
from imgcheck.imaging.pixels import Float32, Float64, Mask
from imgcheck.imaging.transforms import Fit

# Margin around the picture on the grid of the comparison.
_MARGIN_PX = 8
# Smaller patches hold too little, nearer peaks cannot be distinguished.
_LEAST_PATCH_PX, _LEAST_REACH_PX = 24, 5
# A transform that maps the picture to more pixels than this is not used.
_LARGEST_GRID = 2000
# Ties that correlate less are noise.
_LEAST_SCORE = 0.1
_LEAST_TIES = 8
_LEAST_AGREEING = 6
# Small similarities that are voted on.
_MOST_PROPOSALS = 1500
# Of the verification: side of the picture on the grid, patches, reach, patches across; a patch
# agrees where its best match lies no farther from where the transform puts it. Of 20 such choices
# it separates the true and the wrong places of the tuning ground best (benchmarks: structural).
_SIDE, _PATCH, _REACH, _ACROSS = 400, 0.16, 0.05, 7
_BOUND_PX = 3.0
# Nearest distance of two such patches, shares of their side.
_APART = 0.85


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One round: side of the picture in grid pixels, sides of patches and reach as shares of it.

    ``bound`` is the largest residual, as a share of the reach; ``model`` the widest one.
    """

    side: int
    patches: tuple[float, ...]
    reach: float
    bound: float
    model: str


# Wide for tilted views, whose corners lie far from the best similarity; then narrow and fine.
FIRST = Round(side=150, patches=(0.30, 0.18), reach=0.10, bound=0.40, model="affine")
WIDEN = Round(side=150, patches=(0.26, 0.16, 0.11), reach=0.09, bound=0.40, model="homography")
MIDDLE = Round(side=240, patches=(0.20,), reach=0.05, bound=0.40, model="homography")
LAST = Round(side=400, patches=(0.16,), reach=0.025, bound=0.50, model="homography")
# Each repetition brings more of a tilted picture into reach.
_MOST_WIDENINGS = 4
_ALL_AGREE = 0.75


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Refined:
    """A transform with the patches that determine it.

    ``matrix`` picture to reference; ``points`` (K, 2) in the picture, ``targets`` (K, 2) in the
    reference, ``inside`` (K,) those that agree.
    """

    matrix: Float64
    points: Float64
    targets: Float64
    scores: Float64
    inside: Mask
    agreement: Agreement
    grid_px: float

    @property
    def share(self) -> float:
        return float(self.inside.mean())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Overlay:
    """The orientation maps of both images on one grid.

    ``to_grid`` maps picture pixels to the grid, ``to_reference`` grid pixels to the reference;
    ``span`` is the side of the picture in grid pixels.
    """

    mine: Float32
    theirs: Float32
    to_grid: Float64
    to_reference: Float64
    span: float


def overlay(
    picture: Float32, mask: Mask, pyramid: Pyramid, matrix: Float64, *, side: int
) -> Overlay | None:
    """Resample the picture to about ``side`` grid pixels on the reference; None outside it.

    The grid is neither finer than the reference nor, by much, than the picture.
    """
    scale = transforms.scale(matrix, picture.shape)
    if not (math.isfinite(scale) and 1e-3 < scale < 1e3):
        return None
    extent = scale * math.sqrt(picture.shape[0] * picture.shape[1])
    level = pyramid.level(pyramid.step(max(1.0, scale / 1.2, extent / side)))
    to_level = np.diag([1 / level.factor[0], 1 / level.factor[1], 1.0])
    ring = transforms.apply(to_level @ matrix, transforms.corners(picture.shape))
    if not np.isfinite(ring).all():
        return None
    limit = np.array(level.known.shape[::-1])
    low = np.clip(np.floor(ring.min(axis=0)) - _MARGIN_PX, 0, limit).astype(int)
    high = np.clip(np.ceil(ring.max(axis=0)) + _MARGIN_PX, 0, limit).astype(int)
    shape = (int(high[1] - low[1]), int(high[0] - low[0]))
    if min(shape) < _LEAST_PATCH_PX or max(shape) > _LARGEST_GRID:
        return None
    to_grid = np.array([[1, 0, -low[0]], [0, 1, -low[1]], [0, 0, 1.0]]) @ to_level @ matrix
    drawn = warp.warp(picture, to_grid, shape)
    covered = warp.coverage(mask.shape, to_grid, shape, mask=mask)
    return Overlay(
        mine=orientation.maps(drawn, mask=covered),
        theirs=level.maps[:, low[1] : high[1], low[0] : high[0]],
        to_grid=to_grid,
        to_reference=matrix @ np.linalg.inv(to_grid),
        span=extent / math.sqrt(level.factor[0] * level.factor[1]),
    )


def match_patches(on: Overlay, *, patch: float, reach: float, across: int) -> Ties:
    """Match patches; side, reach and spacing are shares of the picture's side."""
    side = max(_LEAST_PATCH_PX, 2 * round(patch * on.span / 2))
    return orientation.match(
        on.mine,
        on.theirs,
        side=side,
        reach=max(_LEAST_REACH_PX, round(reach * on.span)),
        step=max(4, round((on.span - side) / max(1, across - 1))),
    )


def once(
    picture: Float32, mask: Mask, pyramid: Pyramid, matrix: Float64, how: Round
) -> Refined | None:
    """Match patches around a transform and fit what agrees; None where too few agree."""
    on = overlay(picture, mask, pyramid, matrix, side=how.side)
    if on is None:
        return None
    matched = _joined([match_patches(on, patch=p, reach=how.reach, across=8) for p in how.patches])
    if len(matched) < _LEAST_TIES:
        return None
    fitted = _fit(matched, how)
    if fitted is None:
        return None
    found, change = fitted
    back = np.linalg.inv(on.to_grid)
    moved = on.to_reference @ change.matrix @ on.to_grid
    return Refined(
        matrix=moved / moved[2, 2],
        points=transforms.apply(back, matched.points),
        targets=transforms.apply(on.to_reference, matched.points + matched.shifts),
        scores=matched.scores,
        inside=found.inside,
        agreement=found,
        grid_px=1 / transforms.scale(np.linalg.inv(on.to_reference), on.mine.shape[1:]),
    )


def finish(
    picture: Float32, mask: Mask, pyramid: Pyramid, start: Refined
) -> "tuple[Refined, Verification] | None":
    """Refine until no more of the picture agrees, then on finer grids; verify the result.

    Where little agrees, a wide search and eight parameters follow the ground that has changed: then
    the narrow way, from the start to the finer grids with six, is tried as well, and the result
    whose patches agree better is returned.
    """
    wide = _widened(picture, mask, pyramid, start)
    found = [(wide, verify(picture, mask, pyramid, wide.matrix))]
    if wide.share < _ALL_AGREE:
        narrow = _finer(picture, mask, pyramid, start, "affine")
        found.append((narrow, verify(picture, mask, pyramid, narrow.matrix)))
    verified = [(refined, seen) for refined, seen in found if seen is not None]
    return min(verified, key=lambda pair: pair[1].log10_tail, default=None)


def near(picture: Float32, mask: Mask, pyramid: Pyramid, matrix: Float64) -> Refined | None:
    """Refine a transform that is right to a few pixels; None where too few patches agree."""
    first = once(picture, mask, pyramid, matrix, MIDDLE)
    if first is None:
        return None
    return once(picture, mask, pyramid, first.matrix, LAST) or first


def _widened(picture: Float32, mask: Mask, pyramid: Pyramid, start: Refined) -> Refined:
    best = start
    for _ in range(_MOST_WIDENINGS):
        again = once(picture, mask, pyramid, best.matrix, WIDEN)
        if again is None:
            break
        before, best = best.share, again
        if again.share > _ALL_AGREE or again.share < 1.1 * before:
            break
    return _finer(picture, mask, pyramid, best, "homography")


def _finer(picture: Float32, mask: Mask, pyramid: Pyramid, start: Refined, model: str) -> Refined:
    best = start
    for how in (MIDDLE, LAST):
        again = once(picture, mask, pyramid, best.matrix, replace(how, model=model))
        if again is None:
            break
        best = again
    return best


def _joined(parts: list[Ties]) -> Ties:
    return Ties(
        points=np.concatenate([p.points for p in parts]),
        shifts=np.concatenate([p.shifts for p in parts]),
        scores=np.concatenate([p.scores for p in parts]),
        reach=parts[0].reach,
    )


def _fit(matched: Ties, how: Round) -> tuple[Agreement, Fit] | None:
    targets = matched.points + matched.shifts
    bound = max(1.5, how.bound * matched.reach)
    start = _vote(matched.points, targets, matched.scores, bound)
    if start is None:
        return None
    best: tuple[Agreement, Fit] | None = None
    for name in ("similarity", "affine", "homography"):
        grown = _grow(matched, targets, start if best is None else best[1].matrix, name, bound)
        if grown is not None and (best is None or _is_needed(grown, best, matched, targets)):
            best = grown
        if name == how.model:
            break
    return best


def _vote(points: Float64, targets: Float64, scores: Float64, bound: float) -> Float64 | None:
    """Return the small similarity that most patches agree with: every two of them propose one."""
    z = points[:, 0] + 1j * points[:, 1]
    w = targets[:, 0] + 1j * targets[:, 1]
    trust = np.maximum(scores, 0.0)
    i, j = np.triu_indices(len(z), 1)
    apart = z[j] - z[i]
    keep = np.abs(apart) > 0.3 * float(np.abs(z - z.mean()).max())
    i, j, apart = i[keep], j[keep], apart[keep]
    a = (w[j] - w[i]) / apart
    # The error of the coarse search: half a step of turn and size, more where tilted.
    keep = np.abs(a - 1) < 0.3
    weight = (trust[i] * trust[j])[keep]
    i, a = i[keep], a[keep]
    if not len(a):
        return None
    # The pairs with the highest scores propose, all vote.
    top = np.argsort(-weight, kind="stable")[:_MOST_PROPOSALS]
    a, b = a[top], w[i[top]] - a[top] * z[i[top]]
    off = a[:, None] * z[None, :] + b[:, None] - w[None, :]
    away = (off.real**2 + off.imag**2).astype(np.float32) / np.float32(bound**2)
    best = int(np.argmax(np.maximum(0.0, 1 - away) @ trust.astype(np.float32)))
    p, q = a[best], b[best]
    return np.array([[p.real, -p.imag, q.real], [p.imag, p.real, q.imag], [0, 0, 1.0]])


def _grow(
    matched: Ties, targets: Float64, start: Float64, model: str, bound: float
) -> tuple[Agreement, Fit] | None:
    matrix = start
    best: tuple[Agreement, Fit] | None = None
    labels = np.arange(len(matched), dtype=np.int64)
    for _ in range(5):
        off = transforms.apply(matrix, matched.points) - targets
        found = agreement(
            np.nan_to_num(np.hypot(*off.T), nan=np.inf),
            allowed=matched.scores > _LEAST_SCORE,
            source_cells=labels,
            target_cells=labels,
            target_area=float((2 * matched.reach + 1) ** 2),
            model=model,
            largest_bound=bound,
        )
        if int(found.inside.sum()) < _LEAST_AGREEING:
            break
        if best and found.log10_nfa >= best[0].log10_nfa - 1e-9:
            break
        fitted = transforms.fit(
            matched.points[found.inside],
            targets[found.inside],
            model=model,
            weights=matched.scores[found.inside] ** 2,
            start=None if model == "similarity" else matrix,
        )
        if fitted is None:
            break
        best, matrix = (found, fitted), fitted.matrix
    return best


def _is_needed(
    wider: tuple[Agreement, Fit], narrower: tuple[Agreement, Fit], matched: Ties, targets: Float64
) -> bool:
    """Test by the Bayesian information criterion whether the ties require more parameters."""
    either = wider[0].inside | narrower[0].inside
    count = int(either.sum())
    if count < 12:
        return False
    far = [
        np.nan_to_num(
            np.hypot(*(transforms.apply(f.matrix, matched.points[either]) - targets[either]).T),
            nan=1e6,
        )
        for f in (wider[1], narrower[1])
    ]
    return bool(information_gain(far[0], far[1]) > _price(wider[1], narrower[1], count))


def information_gain(wider: Float64, narrower: Float64) -> float:
    """Return how much better a wider model fits, in units of chi-square, from its distances."""
    sigma = max(0.2, 1.5 * float(np.median(wider)) / math.sqrt(2 * math.log(2)))
    cost = [float((np.minimum(d / sigma, 4.0) ** 2).sum()) for d in (wider, narrower)]
    # Patches overlap their neighbours: two are one observation.
    return 0.5 * (cost[1] - cost[0])


def _price(wider: Fit, narrower: Fit, count: int) -> float:
    more = transforms.FREEDOM[wider.model] - transforms.FREEDOM[narrower.model]
    return more * math.log(2 * count)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Verification:
    """How many patches agree when each is searched again in a wide window.

    ``log10_tail`` is the binomial tail for patches placed at random in their windows.
    ``points`` (K, 2) in the picture, ``agree`` (K,); ``span`` is the side of the picture on the
    grid of the comparison.
    """

    log10_tail: float
    points: Float64
    agree: Mask
    scores: Float64
    span: float


def verify(picture: Float32, mask: Mask, pyramid: Pyramid, matrix: Float64) -> Verification | None:
    """Test whether patches lie where the transform puts them; None where too few are comparable."""
    on = overlay(picture, mask, pyramid, matrix, side=_SIDE)
    if on is None:
        return None
    # Patches that overlap by much agree with one another.
    across = min(_ACROSS, 1 + int((on.span / max(_LEAST_PATCH_PX, _PATCH * on.span) - 1) / _APART))
    found = match_patches(on, patch=_PATCH, reach=_REACH, across=across)
    if len(found) < 4:
        return None
    agree = np.hypot(*found.shifts.T) <= _BOUND_PX
    probability = math.pi * _BOUND_PX**2 / (2 * found.reach + 1) ** 2
    return Verification(
        log10_tail=log10_tail(int(agree.sum()), len(agree), min(0.5, probability)),
        points=transforms.apply(np.linalg.inv(on.to_grid), found.points),
        agree=agree,
        scores=found.scores,
        span=on.span,
    )


def log10_tail(count: int, of: int, probability: float) -> float:
    """Return log10 of the binomial probability of ``count`` or more."""
    if count <= 0:
        return 0.0
    logs = [
        math.lgamma(of + 1)
        - math.lgamma(k + 1)
        - math.lgamma(of - k + 1)
        + k * math.log(probability)
        + (of - k) * math.log1p(-probability)
        for k in range(count, of + 1)
    ]
    top = max(logs)
    return min(0.0, (top + math.log(sum(math.exp(v - top) for v in logs))) / math.log(10))
