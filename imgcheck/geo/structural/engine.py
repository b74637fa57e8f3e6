"""Search everywhere, refine the best places, verify, and say how sure the answer is."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imgcheck.geo.structural import chance, coarse, refine, registering, verify
from imgcheck.geo.structural.coarse import Candidate
from imgcheck.geo.structural.pyramid import Pyramid
from imgcheck.geo.structural.refine import Refined
from imgcheck.geo.structural.verify import Verification
from imgcheck.imaging import transforms
from imgcheck.imaging.registration import Registration

SMALLEST_SCALE, LARGEST_SCALE = 0.25, 4.0
# Places that are refined once, and those of them that are finished.
_REFINED, _FINISHED = 6, 2
# No wrong place comes near this (benchmarks: structural, negatives); no second is finished.
_BEYOND_DOUBT = -30.0
# Sizes at which the mirrored picture is tried, and the step of its turns.
_RIVAL_SIZES, _RIVAL_STEP = 3, 2
# So many times as many chances as the mirrored picture has a picture of another place at the same
# sizes: its peaks are counted several times over, at near sizes and turns. Set on 320 pictures of
# what is not on the reference: the west of NAIP, early dates of Pucallpa, half of the other places.
_TRIALS = 0.15
# Places that stand out less than the best by so much are not refined.
_FAR_BEHIND = 3.0
# A picture must lay on this many reference pixels a side: on fewer, pictures of other rendered
# ground find a place (benchmarks: footprint). It may be larger than the reference by the factor.
LEAST_FOOTPRINT, _LARGEST_FOOTPRINT = 100.0, 1.3
# Reduced reference pixels times sizes tried: more would take over a minute.
_MOST_WORK = 30e6
# Up to this much the finer search is afforded.
_FINE_WORK = 3e6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Structural:
    """What the search between dates found.

    Attributes
    ----------
    registration : Registration
        As of the fast path. ``log10_nfa`` is the binomial tail of the verification, ``inliers``
        the patches that agree, ``matches`` the patches compared.
    surprise : float or None
        Height of the place's correlation over the mean of all places, standard deviations.
    rival : float or None
        The same of the best place of the mirrored picture, which is nowhere.
    false_match_probability : float or None
        Probability that a picture of another place would reach this, from such pictures.
    """

    registration: Registration
    surprise: float | None = None
    rival: float | None = None
    false_match_probability: float | None = None


def find(
    picture: NDArray[np.float32],
    pyramid: Pyramid,
    *,
    picture_mask: NDArray[np.bool_] | None = None,
    scale: tuple[float, float] | None = None,
) -> Structural:
    """Place a picture on a reference of another date, season or sensor.

    Parameters
    ----------
    picture : (M, N) float32 in [0, 1]
        Gray.
    pyramid : Pyramid
        Of the reference; serves many pictures.
    picture_mask : (M, N) bool, optional
        True = usable (not text, not nodata).
    scale : (least, most), optional
        Reference pixels per picture pixel; 0.25 to 4 by default.

    Returns
    -------
    Structural

    Notes
    -----
    Directions of edges, as smoothed harmonics, are correlated at all turns and sizes by FFT on a
    reduced reference; the best places are refined by patches, whose agreement a wrong place does
    not reach. The ground is taken as flat.

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
        return _nothing("too little of the picture is ground that was not drawn over", picture)
    sizes, left_out = _sizes(picture.shape, pyramid, scale)
    if not sizes:
        return _nothing("the picture is too small or too large for the reference", picture)
    side, turn_step = _grain(picture.shape, pyramid, sizes)
    candidates = coarse.search(
        picture, usable, pyramid, scales=sizes, side=side, turn_step=turn_step
    )
    best = _best(picture, usable, pyramid, _apart(candidates, picture.shape))
    if best is None:
        return _nothing("no place on the reference has edges that run like the picture's", picture)
    candidate, refined, verified = best
    rivals = _rivals(picture, usable, pyramid, candidate, side, turn_step)
    probability = chance.probability(
        surprise=candidate.surprise,
        rivals=rivals,
        trials=_TRIALS * len(sizes) / _RIVAL_SIZES,
        log10_tail=verified.log10_chance,
        span=verified.span,
    )
    registration = registering.judge(refined, verified, picture.shape, probability=probability)
    if not registration.found and left_out:
        registration = registering.with_reason(
            registration,
            "; details of the picture finer than the search could afford were left out",
        )
    return Structural(
        registration=registration,
        surprise=candidate.surprise,
        rival=max(rivals, default=None),
        false_match_probability=probability,
    )


def _sizes(
    shape: tuple[int, ...], pyramid: Pyramid, scale: tuple[float, float] | None
) -> tuple[list[float], bool]:
    """Give the scales to try, coarse ones first, and whether fine ones were left out."""
    least, most = scale or (SMALLEST_SCALE, LARGEST_SCALE)
    side = math.sqrt(shape[0] * shape[1])
    low = max(least, LEAST_FOOTPRINT / side)
    high = min(most, _LARGEST_FOOTPRINT * max(pyramid.shape) / side)
    if low > high:
        return [], False
    count = max(1, math.ceil(math.log(high / low) / math.log(coarse.SCALE_STEP) - 1e-9))
    # In the middles of equal steps.
    sizes = [low * (high / low) ** ((k + 0.5) / count) for k in range(count)]
    kept: list[float] = []
    work = 0.0
    for size in reversed(sizes):
        work += coarse.work(shape, pyramid, size)
        if work > _MOST_WORK:
            return kept, True
        kept.append(size)
    return kept, False


def _grain(shape: tuple[int, ...], pyramid: Pyramid, sizes: list[float]) -> tuple[int, float]:
    """Give side and step of turn of a search that can be afforded."""
    work = sum(coarse.work(shape, pyramid, size, side=coarse.FINE_SIDE) for size in sizes)
    if work > _FINE_WORK:
        return coarse.TEMPLATE_SIDE, coarse.TURN_STEP_DEG
    return coarse.FINE_SIDE, coarse.FINE_TURN_STEP_DEG


def _apart(candidates: list[Candidate], shape: tuple[int, ...]) -> list[Candidate]:
    """Keep the best of those that lay the picture almost alike."""
    chosen: list[Candidate] = []
    middle = [[shape[1] / 2, shape[0] / 2]]
    side = math.sqrt(shape[0] * shape[1])
    for candidate in candidates:
        if candidate.surprise < candidates[0].surprise - _FAR_BEHIND:
            break
        at = transforms.apply(candidate.matrix, middle)[0]
        for other in chosen:
            away = np.hypot(*(transforms.apply(other.matrix, middle)[0] - at))
            turn = abs((candidate.turn - other.turn + 180) % 360 - 180)
            size = abs(math.log(candidate.scale / other.scale))
            if away < 0.1 * side * other.scale and turn < 15 and size < 0.25:
                break
        else:
            chosen.append(candidate)
        if len(chosen) == _REFINED:
            break
    return chosen


def _best(
    picture: NDArray[np.float32],
    usable: NDArray[np.bool_],
    pyramid: Pyramid,
    candidates: list[Candidate],
) -> tuple[Candidate, Refined, Verification] | None:
    started = []
    for candidate in candidates:
        first = refine.once(picture, usable, pyramid, candidate.matrix, refine.FIRST)
        if first is not None:
            started.append((candidate, first))
    started.sort(key=lambda pair: pair[1].agreement.log10_nfa)
    finished = []
    for candidate, first in started[:_FINISHED]:
        refined = refine.finish(picture, usable, pyramid, first)
        verified = verify.verify(picture, usable, pyramid, refined.matrix)
        if verified is not None:
            finished.append((candidate, refined, verified))
            if verified.log10_chance < _BEYOND_DOUBT:
                break
    return min(finished, key=lambda found: found[2].log10_chance, default=None)


def _rivals(
    picture: NDArray[np.float32],
    usable: NDArray[np.bool_],
    pyramid: Pyramid,
    candidate: Candidate,
    side: int,
    turn_step: float,
) -> list[float]:
    """Give the surprises of the mirrored picture's best places at about the same size."""
    step = coarse.SCALE_STEP
    sizes = [candidate.scale / step, candidate.scale, candidate.scale * step]
    mirrored = np.ascontiguousarray(picture[:, ::-1])
    found = coarse.search(
        mirrored,
        np.ascontiguousarray(usable[:, ::-1]),
        pyramid,
        scales=sizes,
        side=side,
        turn_step=_RIVAL_STEP * turn_step,
    )
    return [place.surprise for place in found]


def _nothing(reason: str, picture: NDArray[np.float32]) -> Structural:
    none = np.zeros((0, 2))
    return Structural(
        registration=Registration(
            found=False,
            reason=reason,
            picture_points=none,
            reference_points=none,
            picture_shape=(picture.shape[0], picture.shape[1]),
        )
    )
