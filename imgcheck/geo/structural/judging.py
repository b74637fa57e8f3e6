"""Accept or refuse a place found by edges: its false match probability, transform and error.

A wrong place lacks three things: a correlation that is an outlier among all places, patches that
shift together when it is refined, and patches that stay where they are when they are searched
again. On wrong places the three were independent, and they are combined like three tests. Where
they leave doubt, self-similarity is a fourth.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from imgcheck.geo.structural import refine
from imgcheck.geo.structural.refine import Refined, Verification
from imgcheck.imaging import registration, transforms
from imgcheck.imaging.pixels import Float64
from imgcheck.imaging.registration import (
    SHARED_SIGMA_PX,
    NotRegistered,
    Registered,
    Registration,
    hull_share,
    odd_shape,
)
from imgcheck.imaging.transforms import Fit
from imgcheck.quantity import significant

# Peaks of wrong places fall off exponentially, by this much for each factor e. Here and below: set
# on 170 wrong places of 15 kinds of tuning ground (docs/benchmarks/placing.md). It is weighted as
# so many peaks against those of the mirrored picture on the reference itself.
_FALL, _FALL_WEIGHT = 0.40, 12.0
_LEAST_FALL = 0.2
# Agreement of the first refinement at one wrong place, -log10 NFA: a Gumbel law with this mode and
# fall for each factor e, where the mean lies so far above the least. All are weighted as so many
# places against the wrong places refined on the reference itself.
_SHIFT_MODE, _SHIFT_FALL, _SHIFT_SPREAD, _SHIFT_WEIGHT = 2.0, 4.0, 5.1, 6.0
_LEAST_SHIFT_FALL = 3.0
# Tail of the patches searched again at the same wrong places: half exceed the first number (log10),
# each further factor e costs the second.
_TAIL_MEDIAN, _TAIL_FALL = 1.3, 1.0
# Contrast at wrong places: a Gumbel law, that of the west of NAIP, where it is highest (84 wrong
# places; lower in 190 of Joplin 1, DSIFN 0-1 and EGY 1-2).
_CONTRAST_MODE, _CONTRAST_FALL = 3.6, 0.7
# benchmarks: structural, negatives, and strangers: unrelated pairs that were accepted, and pairs
# tested.
FALSE_PLACINGS, UNRELATED_PAIRS = 0, 1136
# A place is accepted where a picture of another place would reach it less often than this: half of
# the accepted rate of false matches. Up to the second it is shown as a candidate, for the eye only.
ACCEPT_PROBABILITY, CANDIDATE_PROBABILITY = 5e-4, 0.05
# Below this probability a place is tested by its contrast as well; at others it would cost time.
TESTED_PROBABILITY = 0.1
# A place that stands out less is a candidate only. 160 right places of the tuning ground have 5.2
# and more; lane markings of two streets, whose patches shifted together like no other wrong ones
# (log10 NFA -69), had 4.0 (benchmarks: strangers, 497).
LEAST_CONTRAST = 5.0
# Agreeing patches were selected because they agree, overlap their neighbours and share errors of
# the ground: on the tuning ground the true error was this much larger in variance than their
# scatter, the more the fewer of all patches agree, and more where eight parameters were fitted
# (benchmarks: structural, 105 cuts of the west).
OPTIMISM, OPTIMISM_POWER, OPTIMISM_HOMOGRAPHY = 2.2, 0.75, 1.5
# Neighbours overlap, so that the scatter of so many patches says nothing of their error.
_FEWEST = 4
# Co-registration error of two dates of one place: reference pixels; and of turn and size, where
# roofs lean (16 cuts of Beijing A).
DATES_SIGMA_PX, DATES_TURN = 0.2, 0.0013
# Patches searched again must agree at least so well, or the place may be right and its transform
# not: two of 22 small posts that were off by 4 and 8 pixels had -0.7 and -1.3 (benchmarks:
# structural, posted, seed 20181310).
LEAST_TAIL = -2.5
# Largest accepted error of the centre, and of a corner of a picture that shows a tilt: share of the
# picture's diagonal in the reference, but no less than these grid pixels in small pictures.
LARGEST_SIGMA, LEAST_LIMIT = 0.01, 2.0
# Where no tilt shows, the largest accepted error of a corner is so many times as large; the second
# where a quarter of the picture has no patch that stays where it is, as on a shore whose water
# moved (benchmarks: structural, posted, 160 pictures of the west; and the one of 47 of seeds
# 20181312 and 20181313 that was wrong).
UNTILTED_CORNER, UNTILTED_PART = 3.0, 2.0
# Agreeing patches must surround at least this share of a picture that shows a tilt: the two of 141
# of the tuning ground that were wrong by over 10 pixels had 0.36 and 0.37, one right one less than
# 0.42.
LEAST_HULL = 0.42
# Where too few patches agree to show a tilt, stretch and tilt are fitted around 0 with this
# standard deviation, a share of the distance from the middle of the patches: the tilt of posts with
# corners off by 6 % of the side. If it then moves a corner by more than this share, it is larger.
TILT_SIGMA, LARGEST_TILT = 0.015, 0.05
# Patches that leave a corner of a homography this share of that error would have shown such a tilt.
SHOWN_TILT = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What stands for a place against all others.

    Attributes
    ----------
    surprise : float
        Height of the correlation peak over the mean of all places, standard deviations.
    rivals : tuple of float
        Heights of the best peaks that are wrong, such as those of the mirrored picture.
    trials : float
        How many times as many trials the picture had as the rivals.
    log10_nfa : float
        Agreement of the patches in the first refinement, which was the best of ``refined``.
    others : tuple of float
        The same at places that are wrong.
    refined : int
    log10_tail : float
        Of the verification.
    contrast : float, optional
        How far the place stands out from those around it by self-similarity, where it was tested.
    """

    surprise: float
    rivals: tuple[float, ...]
    trials: float
    log10_nfa: float
    others: tuple[float, ...]
    refined: int
    log10_tail: float
    contrast: float | None = None

    @property
    def false_match_probability(self) -> float:
        """The probability that a picture of another place reaches this result.

        References
        ----------
        .. [1] R. A. Fisher, Statistical Methods for Research Workers, 1932 (combining tests).
        """
        tests = [self.by_height, self.by_shifts, self.by_patches]
        if self.contrast is not None:
            tests.append(self.by_contrast)
        joint = math.prod(tests)
        if joint <= 0:
            return 0.0
        log = -math.log(joint)
        return min(1.0, joint * sum(log**k / math.factorial(k) for k in range(len(tests))))

    @property
    def by_height(self) -> float:
        """The probability that any wrong place has as high a peak."""
        if not self.rivals:
            return 1.0
        least, count = min(self.rivals), len(self.rivals)
        own = sum(p - least for p in self.rivals)
        fall = max(_LEAST_FALL, (own + _FALL_WEIGHT * _FALL) / (count + _FALL_WEIGHT))
        expected = self.trials * count * math.exp(-(self.surprise - least) / fall)
        return -math.expm1(-expected)

    @property
    def by_shifts(self) -> float:
        """The probability that patches shift together as well at one of the places refined."""
        count = _SHIFT_WEIGHT + len(self.others)
        spread = sum(max(self.others) - nfa for nfa in self.others) if self.others else 0.0
        spread = (_SHIFT_WEIGHT * _SHIFT_SPREAD + spread) / count
        fall = max(_LEAST_SHIFT_FALL, _SHIFT_FALL * spread / _SHIFT_SPREAD)
        prior = _SHIFT_WEIGHT * math.exp(-_SHIFT_MODE / fall)
        mode = (prior + sum(math.exp(nfa / fall) for nfa in self.others)) / count
        expected = self.refined * math.exp(min(self.log10_nfa / fall, 50.0)) / mode
        return -math.expm1(-expected)

    @property
    def by_patches(self) -> float:
        """The probability that patches stay as well at a wrong place."""
        return min(1.0, 0.5 * math.exp((self.log10_tail + _TAIL_MEDIAN) / _TAIL_FALL))

    @property
    def by_contrast(self) -> float:
        """The probability that a wrong place stands out as far from those around it."""
        if self.contrast is None:
            return 1.0
        return -math.expm1(-math.exp((_CONTRAST_MODE - self.contrast) / _CONTRAST_FALL))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judged:
    """A place, accepted or refused; a ``candidate`` is refused, but may be looked at."""

    registration: Registration
    candidate: Registered | None = None


def judge(
    refined: Refined,
    verified: Verification,
    shape: tuple[int, ...],
    *,
    probability: float,
    contrast: float | None = None,
) -> Judged:
    """Fit the transform to the patches that agree, and accept or refuse it."""
    found = _register(refined, verified, shape)
    if isinstance(found, NotRegistered):
        return Judged(registration=found)
    reason = _doubt(found, refined, verified, probability)
    if reason is None and contrast is not None and contrast < LEAST_CONTRAST:
        reason = "the picture fits as well beside the best location, as where lines repeat"
    if reason is None:
        return Judged(registration=found)
    refused = NotRegistered(
        reason=reason, matches=found.matches, inliers=found.inliers, log10_nfa=found.log10_nfa
    )
    candidate = found if probability <= CANDIDATE_PROBABILITY else None
    return Judged(registration=refused, candidate=candidate)


def _doubt(
    found: Registered, refined: Refined, verified: Verification, probability: float
) -> str | None:
    """Return why a place can only be a candidate, or None."""
    if probability > ACCEPT_PROBABILITY:
        return (
            "the best location could be a coincidence: a picture of another place would fit as "
            f"well with a probability of {significant(probability, 2)}, and at most "
            f"{significant(ACCEPT_PROBABILITY, 2)} is accepted"
        )
    if verified.log10_tail > LEAST_TAIL:
        return "too few of its details lie where the transform puts them"
    shape = found.picture_shape
    tilted = found.model == "homography"
    if tilted and _surrounded(verified, shape) < LEAST_HULL:
        return "the picture is tilted, and the matching patches all lie in one part of it"
    corner = found.corner_sigma_px
    untilted = UNTILTED_CORNER if _in_all_quarters(verified, shape) else UNTILTED_PART
    if corner > (1 if tilted else untilted) * _limit(found.matrix, refined, shape):
        return f"the position of a corner is uncertain by {corner:.1f} reference pixels"
    return None


def _limit(matrix: Float64, refined: Refined, shape: tuple[int, ...]) -> float:
    """Return the largest accepted error of the centre, reference pixels."""
    diagonal = math.hypot(*shape[:2]) * transforms.scale(matrix, shape)
    return max(LARGEST_SIGMA * diagonal, LEAST_LIMIT * refined.grid_px)


def _register(refined: Refined, verified: Verification, shape: tuple[int, ...]) -> Registration:
    """Fit the transform to the patches that agree; refuse one that is none of an overhead view."""
    inside = refined.inside
    inliers = int(inside.sum())
    refused = NotRegistered(
        reason="the matching patches do not determine a transform",
        matches=len(inside),
        inliers=inliers,
        log10_nfa=verified.log10_tail,
    )
    chosen = _fit(refined, verified, shape)
    if chosen is None:
        return refused
    fitted, model = chosen
    spread = registration.sigmas(fitted, shape, SHARED_SIGMA_PX)
    limit = _limit(fitted.matrix, refined, shape)
    odd = odd_shape(fitted.matrix, shape)
    if odd:
        return replace(refused, reason=odd)
    if spread[0] > limit:
        return replace(
            refused, reason=f"the centre is uncertain by {spread[0]:.1f} reference pixels"
        )
    return Registered(
        matrix=fitted.matrix,
        model=model,
        inliers=inliers,
        distinct=inliers,
        matches=len(inside),
        picture_points=refined.points[inside],
        reference_points=refined.targets[inside],
        rms_px=float(np.sqrt((fitted.residuals**2).mean())),
        log10_nfa=verified.log10_tail,
        sigma_px=spread[0],
        corner_sigma_px=max(spread[1:]),
        fit=fitted,
        picture_shape=(shape[0], shape[1]),
    )


def _true_covariance(fitted: Fit, refined: Refined) -> Float64:
    """Enlarge the covariance of a fit to the errors measured between dates."""
    grow = OPTIMISM_HOMOGRAPHY if fitted.model != "similarity" else 1.0
    covariance = fitted.covariance * grow * _growth(refined)
    # The first two parameters are shifts in radii of the points.
    radius = math.sqrt(abs(float(np.linalg.det(fitted.matrix[:2, :2])))) * fitted.radius
    covariance[[0, 1], [0, 1]] += (DATES_SIGMA_PX / radius) ** 2
    covariance[[2, 3], [2, 3]] += DATES_TURN**2
    return covariance


def _growth(refined: Refined) -> float:
    """Return how much larger the error is in variance than the scatter of agreeing patches."""
    count = max(int(refined.inside.sum()), _FEWEST + 1)
    few = count / (count - _FEWEST)
    return few * OPTIMISM / max(refined.share, 0.05) ** OPTIMISM_POWER


def _fit(
    refined: Refined, verified: Verification, shape: tuple[int, ...]
) -> tuple[Fit, str] | None:
    """Fit picture to reference, with the true covariance; and name the narrowest adequate model."""
    plain = _fitted(refined, "similarity")
    tilted = _fitted(refined, "homography", start=refined.matrix)
    if plain is None:
        return None
    if tilted is None:
        return _widened(plain, refined), "similarity"
    wide = _widened(tilted, refined)
    corner = max(registration.sigmas(wide, shape, SHARED_SIGMA_PX)[1:])
    share = corner / _limit(tilted.matrix, refined, shape)
    needed = _is_needed(tilted, plain, refined.grid_px)
    if _is_determined(needed, share, _surrounded(verified, shape)):
        return (wide, "homography") if needed else (_widened(plain, refined), "similarity")
    # The picture may be tilted as posts are, and the patches show too little of it.
    sigma = (tilted if needed else plain).sigma
    stiffness = _growth(refined) * (sigma / TILT_SIGMA) ** 2
    stiff = _fitted(refined, "homography", start=plain.matrix, stiffness=stiffness) or plain
    if not needed:
        # What is not seen widens the error and does not move the place.
        stiff = replace(stiff, matrix=plain.matrix, residuals=plain.residuals)
    elif _tilt(stiff, plain, shape) > LARGEST_TILT:
        return wide, "homography"
    return _widened(stiff, refined), "similarity"


def _is_determined(needed: bool, corner: float, surrounded: float) -> bool:
    """Return whether patches show the tilt of a picture, or that it has none.

    ``needed``: they show one; ``corner`` is the error that they leave to a corner of a homography,
    share of its limit; ``surrounded`` the share of the picture that they surround.
    """
    return corner <= 1 and surrounded >= LEAST_HULL if needed else corner <= SHOWN_TILT


def _widened(fitted: Fit, refined: Refined) -> Fit:
    return replace(fitted, covariance=_true_covariance(fitted, refined))


def _tilt(fitted: Fit, plain: Fit, shape: tuple[int, ...]) -> float:
    """Return how far a corner is off its similarity, share of the picture's side."""
    ring = transforms.corners(shape)
    gap = transforms.apply(fitted.matrix, ring) - transforms.apply(plain.matrix, ring)
    side = math.sqrt(shape[0] * shape[1]) * transforms.scale(plain.matrix, shape)
    return float(np.hypot(*gap.T).max()) / side


def _surrounded(verified: Verification, shape: tuple[int, ...]) -> float:
    """Return the share of the picture that agreeing patches surround."""
    return hull_share(verified.points[verified.agree], shape)


def _in_all_quarters(verified: Verification, shape: tuple[int, ...]) -> bool:
    """Return whether each quarter of the picture has a patch that agrees."""
    right, below = (verified.points[verified.agree] > np.array([shape[1], shape[0]]) / 2).T
    return len(set(zip(right, below, strict=True))) == 4


def _fitted(
    refined: Refined, model: str, *, start: Float64 | None = None, stiffness: float = 0.0
) -> Fit | None:
    inside = refined.inside
    return transforms.fit(
        refined.points[inside],
        refined.targets[inside],
        model=model,
        weights=np.maximum(refined.scores[inside], 0.05) ** 2,
        start=start,
        stiffness=stiffness,
    )


def _is_needed(tilted: Fit, plain: Fit, grid_px: float) -> bool:
    """Test by the Bayesian information criterion whether patches show a tilt."""
    count, scale = len(plain.residuals), max(grid_px, 1e-9)
    more = transforms.FREEDOM[tilted.model] - transforms.FREEDOM[plain.model]
    gain = refine.information_gain(tilted.residuals / scale, plain.residuals / scale)
    return count >= 12 and gain > more * math.log(2 * count)
