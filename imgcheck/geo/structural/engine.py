"""Register a picture to a reference of another date, season or sensor by edge directions."""

import math
from dataclasses import dataclass, replace

import numpy as np

from imgcheck.geo.structural import coarse, judging, refine
from imgcheck.geo.structural.coarse import Candidate, Grain, Pyramid
from imgcheck.geo.structural.contrast import contrast
from imgcheck.geo.structural.judging import Evidence
from imgcheck.geo.structural.refine import Refined, Verification
from imgcheck.imaging import registration
from imgcheck.imaging.pixels import Float32, Float64, Mask
from imgcheck.imaging.registration import NotRegistered, Registered

SMALLEST_SCALE, LARGEST_SCALE = 0.25, 4.0
TOO_LITTLE_GROUND = "too little of the picture is ground that was not drawn over"
# Candidates that are refined once, and those of them that are finished.
_REFINED, _FINISHED = 6, 2
# No wrong place comes near this (benchmarks: structural, negatives); no second is finished. Where
# the first refinement goes beyond the second number as well, the mirrored picture is not searched:
# that of a street that looks like its mirror image reached -14 and -66.
BEYOND_DOUBT, _SHIFTED_BEYOND_DOUBT = -30.0, -120.0
# The mirrored picture is tried at the sizes within this factor, with this factor of the turn step.
_RIVAL_REACH, _RIVAL_STEP = math.log(1.45), 2
# Trials of a picture of another place relative to the mirrored picture at the same sizes: its peaks
# are counted several times, at near sizes and turns. Set on 320 pictures of ground that is not on
# the reference: the west of NAIP, early dates of Pucallpa, half of the other places.
_TRIALS = 0.15
# Candidates nearer than this share of the picture's side show the same ground.
_SAME_GROUND = 0.3
# Candidates this far below the best peak are not refined.
_FAR_BEHIND = 3.0
# A picture must cover this many reference pixels a side: on fewer, pictures of other rendered
# ground find a place (benchmarks: footprint). It may be larger than the reference by the factor.
LEAST_FOOTPRINT, LARGEST_FOOTPRINT = 100.0, 1.3
# Reduced reference pixels times sizes tried: more would take over a minute.
_MOST_WORK = 30e6
# A given transform with which so many of the patches agree is right to a few pixels.
_NEAR_SHARE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Match:
    """A place that was accepted.

    ``log10_nfa`` of the registration is the binomial tail of the verification, ``inliers`` are the
    patches that agree, ``matches`` those compared.
    """

    registration: Registered
    false_match_probability: float
    evidence: Evidence


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NoMatch:
    """The best place was refused, or there is none (then its numbers are None).

    ``candidate`` is the place, where its probability allows to look at it; ``mirrored_better``: the
    mirrored picture has the higher correlation peak.
    """

    registration: NotRegistered
    false_match_probability: float | None = None
    evidence: Evidence | None = None
    candidate: Registered | None = None
    mirrored_better: bool = False


def find(
    picture: Float32,
    pyramid: Pyramid,
    *,
    picture_mask: Mask | None = None,
    scale: tuple[float, float] | None = None,
) -> Match | NoMatch:
    """Register a picture to a reference of another date, season or sensor.

    Parameters
    ----------
    picture : (M, N) float32 in [0, 1]
        Gray.
    pyramid : Pyramid
        Of the reference; can be used for many pictures.
    picture_mask : (M, N) bool, optional
        True = usable (not text, not nodata).
    scale : (least, most), optional
        Reference pixels per picture pixel; 0.25 to 4 by default.

    Returns
    -------
    Match or NoMatch

    Notes
    -----
    Directions of edges, as smoothed harmonics, are correlated at all turns and sizes by FFT on a
    reduced reference. The best places are refined by patches, whose agreement wrong places do not
    reach. The ground is taken as flat.

    References
    ----------
    .. [1] Y. Ye, L. Bruzzone, J. Shan, F. Bovolo, Q. Zhu, "Fast and robust matching for multimodal
       remote sensing image registration", IEEE TGRS 57, 2019.
    .. [2] Y. Ye, J. Shan, L. Bruzzone, L. Shen, "Robust registration of multimodal remote sensing
       images based on structural similarity", IEEE TGRS 55, 2017.
    .. [3] L. Moisan, B. Stival, "A probabilistic criterion to detect rigid point matches between
       two images and estimate the fundamental matrix", IJCV 57, 2004.
    """
    usable = np.isfinite(picture)
    if picture_mask is not None:
        usable &= picture_mask
    if min(picture.shape) < 32 or usable.mean() < 0.15:
        return _nothing(TOO_LITTLE_GROUND)
    plan = _plan(picture.shape, pyramid, scale)
    if not plan.sizes:
        return _nothing("the picture is too small or too large for the reference")
    candidates = coarse.search(picture, usable, pyramid, scales=plan.sizes, grain=plan.grain)
    started = _started(picture, usable, pyramid, _distinct(candidates, picture.shape))
    best = _best(picture, usable, pyramid, started)
    if best is None:
        return _nothing(
            "no location on the reference has edges in the same directions as the picture"
        )
    start, refined, verified = best
    near = [
        size for size in plan.sizes if abs(math.log(size / start.candidate.scale)) < _RIVAL_REACH
    ]
    rivals: list[_Start] = []
    if verified.log10_tail > BEYOND_DOUBT or start.log10_nfa > _SHIFTED_BEYOND_DOUBT:
        rivals = _rivals(picture, usable, pyramid, near, plan.grain)
    evidence = Evidence(
        surprise=start.candidate.surprise,
        rivals=tuple(rival.candidate.surprise for rival in rivals),
        trials=_TRIALS * len(plan.sizes) / len(near),
        log10_nfa=start.log10_nfa,
        others=_others(start, started, rivals, picture.shape),
        refined=len(started),
        log10_tail=verified.log10_tail,
    )
    if evidence.false_match_probability < judging.TESTED_PROBABILITY:
        evidence = replace(evidence, contrast=contrast(picture, usable, pyramid, refined.matrix))
    probability = evidence.false_match_probability
    if any(rival.is_better(start) for rival in rivals):
        probability = 1.0
    judged = judging.judge(
        refined, verified, picture.shape, probability=probability, contrast=evidence.contrast
    )
    found = judged.registration
    if isinstance(found, Registered):
        return Match(registration=found, false_match_probability=probability, evidence=evidence)
    if plan.left_out:
        found = replace(
            found,
            reason=f"{found.reason}; the finest details of the picture were not used, to limit "
            "the computing time",
        )
    return NoMatch(
        registration=found,
        false_match_probability=probability,
        evidence=evidence,
        candidate=judged.candidate,
        mirrored_better=max(evidence.rivals, default=0.0) > evidence.surprise,
    )


def _nothing(reason: str) -> NoMatch:
    return NoMatch(registration=NotRegistered(reason=reason))


def find_mirrored(
    picture: Float32,
    pyramid: Pyramid,
    *,
    picture_mask: Mask | None = None,
    scale: tuple[float, float] | None = None,
) -> Match | NoMatch:
    """Register the mirror image of a picture as `find` does; return the picture's own transform."""
    mask = None if picture_mask is None else np.ascontiguousarray(picture_mask[:, ::-1])
    mirrored = np.ascontiguousarray(picture[:, ::-1])
    found = find(mirrored, pyramid, picture_mask=mask, scale=scale)
    if isinstance(found, NoMatch):
        return found
    # Two trials: the picture, and its mirror image.
    return replace(
        found,
        registration=registration.of_mirror_image(found.registration),
        false_match_probability=min(1.0, 2 * found.false_match_probability),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Improved:
    """A transform that was found by other means, registered anew by patches.

    ``explained_before`` and ``explained`` are the shares of the picture's patches that agree with
    the given and with the new transform, ``log10_tail`` the binomial tail of the latter.
    """

    registration: Registered | NotRegistered
    explained_before: float
    explained: float
    log10_tail: float


def improve(
    picture: Float32, pyramid: Pyramid, matrix: Float64, *, picture_mask: Mask | None = None
) -> Improved | None:
    """Register a picture anew by its patches, near a transform; None where no patches match.

    ``matrix`` (3, 3) leads from picture to reference pixels and must not mirror the picture.
    """
    usable = np.isfinite(picture)
    if picture_mask is not None:
        usable &= picture_mask
    before = refine.verify(picture, usable, pyramid, matrix)
    if before is None:
        return None
    found = _refined(picture, usable, pyramid, matrix, is_near=before.agree.mean() >= _NEAR_SHARE)
    if found is None:
        return None
    refined, verified = found
    return Improved(
        registration=judging.judge(refined, verified, picture.shape, probability=0.0).registration,
        explained_before=float(before.agree.mean()),
        explained=float(verified.agree.mean()),
        log10_tail=verified.log10_tail,
    )


def _refined(
    picture: Float32, usable: Mask, pyramid: Pyramid, matrix: Float64, *, is_near: bool
) -> tuple[Refined, Verification] | None:
    """Refine and verify a transform, on the finer grids only where it is near the truth."""
    if is_near:
        refined = refine.near(picture, usable, pyramid, matrix)
        if refined is None:
            return None
        verified = refine.verify(picture, usable, pyramid, refined.matrix)
        return None if verified is None else (refined, verified)
    first = refine.once(picture, usable, pyramid, matrix, refine.FIRST)
    return None if first is None else refine.finish(picture, usable, pyramid, first)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Plan:
    """The scales to try, coarse ones first, how finely, and whether fine scales were left out."""

    sizes: list[float]
    grain: Grain
    left_out: bool = False


def _plan(shape: tuple[int, ...], pyramid: Pyramid, scale: tuple[float, float] | None) -> _Plan:
    """Return the finest search that its own bound of work allows."""
    for bound, grain in coarse.GRAINS:
        sizes = _sizes(shape, pyramid, scale, grain.scale_step)
        works = [coarse.work(shape, pyramid, size, side=grain.side) for size in sizes]
        if sum(works) <= bound:
            break
    kept = int((np.cumsum(works) <= _MOST_WORK).sum())
    return _Plan(sizes=sizes[:kept], grain=grain, left_out=kept < len(sizes))


def _sizes(
    shape: tuple[int, ...], pyramid: Pyramid, scale: tuple[float, float] | None, step: float
) -> list[float]:
    """Return the scales to try, coarse ones first."""
    least, most = scale or (SMALLEST_SCALE, LARGEST_SCALE)
    side = math.sqrt(shape[0] * shape[1])
    low = max(least, LEAST_FOOTPRINT / side)
    high = min(most, LARGEST_FOOTPRINT * max(pyramid.shape) / side)
    if low > high:
        return []
    count = max(1, math.ceil(math.log(high / low) / math.log(step) - 1e-9))
    # In the middles of equal steps.
    return [low * (high / low) ** ((k + 0.5) / count) for k in range(count)][::-1]


def _distinct(candidates: list[Candidate], shape: tuple[int, ...]) -> list[Candidate]:
    """Keep the best of candidates that are nearly equal."""
    chosen: list[Candidate] = []
    for candidate in candidates:
        if candidate.surprise < candidates[0].surprise - _FAR_BEHIND or len(chosen) == _REFINED:
            break
        if not any(coarse.nearly_equal(candidate, other, shape) for other in chosen):
            chosen.append(candidate)
    return chosen


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Start:
    """A candidate and its first refinement, if patches agree at all."""

    candidate: Candidate
    refined: Refined | None = None

    @property
    def log10_nfa(self) -> float:
        return math.inf if self.refined is None else self.refined.agreement.log10_nfa

    def is_better(self, other: "_Start") -> bool:
        """Return whether the place has a higher peak and patches that agree better."""
        higher = self.candidate.surprise > other.candidate.surprise
        return higher and self.log10_nfa < other.log10_nfa


def _started(
    picture: Float32, usable: Mask, pyramid: Pyramid, candidates: list[Candidate]
) -> list[_Start]:
    """Refine candidates once; those whose patches agree best come first."""
    started = [
        _Start(
            candidate=candidate,
            refined=refine.once(picture, usable, pyramid, candidate.matrix, refine.FIRST),
        )
        for candidate in candidates
    ]
    return sorted(started, key=lambda start: start.log10_nfa)


def _best(
    picture: Float32, usable: Mask, pyramid: Pyramid, started: list[_Start]
) -> tuple[_Start, Refined, Verification] | None:
    finished = []
    for start in started[:_FINISHED]:
        if start.refined is None:
            break
        found = refine.finish(picture, usable, pyramid, start.refined)
        if found is not None:
            finished.append((start, *found))
            if found[1].log10_tail < BEYOND_DOUBT:
                break
    return min(finished, key=lambda found: found[2].log10_tail, default=None)


def _rivals(
    picture: Float32,
    usable: Mask,
    pyramid: Pyramid,
    sizes: list[float],
    grain: Grain,
) -> list[_Start]:
    """Return the mirrored picture's best peaks, the best of them refined."""
    mirrored = np.ascontiguousarray(picture[:, ::-1])
    there = np.ascontiguousarray(usable[:, ::-1])
    wider = replace(grain, turn_step=_RIVAL_STEP * grain.turn_step)
    found = coarse.search(mirrored, there, pyramid, scales=sizes, grain=wider)
    distinct = _distinct(found, picture.shape)
    rest = [place for place in found if place not in distinct]
    return _started(mirrored, there, pyramid, distinct) + [_Start(candidate=c) for c in rest]


def _others(
    best: _Start, started: list[_Start], rivals: list[_Start], shape: tuple[int, ...]
) -> tuple[float, ...]:
    """Return how well patches agree at places that are wrong if the best is right."""
    reach = _SAME_GROUND * math.sqrt(shape[0] * shape[1]) * best.candidate.scale
    x, y = best.candidate.x, best.candidate.y
    apart = [s for s in started if math.hypot(s.candidate.x - x, s.candidate.y - y) > reach]
    return tuple(s.log10_nfa for s in apart + rivals if s.refined is not None)
