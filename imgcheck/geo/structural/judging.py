"""Accept or refuse a place found by edges: its false match probability, transform and error.

A wrong place lacks three things: a correlation that is an outlier among all places, patches that
shift together when it is refined, and patches that stay where they are when they are searched
again. On wrong places the three were independent, and they are combined like three tests.
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
# benchmarks: structural, negatives: unrelated pairs that were accepted, and pairs tested.
FALSE_PLACINGS, UNRELATED_PAIRS = 0, 2_000
# A place is accepted where a picture of another place would reach it less often than this: half of
# the accepted rate of false matches. Up to the second it is shown as a candidate, for the eye only.
ACCEPT_PROBABILITY, CANDIDATE_PROBABILITY = 5e-4, 0.05
# Agreeing patches were selected because they agree, overlap their neighbours and share errors of
# the ground: on the tuning ground the true error was this much larger in variance than their
# scatter, the more the fewer of all patches agree, and more where eight parameters were fitted
# (benchmarks: structural, 105 cuts of the west).
OPTIMISM, OPTIMISM_POWER, OPTIMISM_HOMOGRAPHY = 1.8, 1.5, 1.5
# Co-registration error of two dates of one place, reference pixels.
DATES_SIGMA_PX = 0.2
# Largest accepted error of the centre, and of a corner before a tilt is no longer fitted: share of
# the picture's diagonal in the reference, but no less than these grid pixels in small pictures.
LARGEST_SIGMA, LEAST_LIMIT = 0.01, 3.0
# Agreeing patches must surround at least this share of a picture whose tilt is fitted: the two of
# 141 of the tuning ground that were wrong by over 10 pixels had 0.36 and 0.37, one right one less
# than 0.42.
LEAST_HULL = 0.42
# Where they do not, stretch and tilt are not fitted, and are uncertain by this share of the
# distance from the middle of the patches.
TILT_SIGMA = 0.02
# An oblique view is a homography: affine fits underestimated the error of their corners (3 of 8
# within their ellipses).
_MODELS = ("similarity", "homography")


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
    """

    surprise: float
    rivals: tuple[float, ...]
    trials: float
    log10_nfa: float
    others: tuple[float, ...]
    refined: int
    log10_tail: float

    @property
    def false_match_probability(self) -> float:
        """The probability that a picture of another place reaches this result.

        References
        ----------
        .. [1] R. A. Fisher, Statistical Methods for Research Workers, 1932 (combining tests).
        """
        joint = self.by_height * self.by_shifts * self.by_patches
        if joint <= 0:
            return 0.0
        log = -math.log(joint)
        return min(1.0, joint * (1.0 + log + 0.5 * log**2))

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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judged:
    """A place, accepted or refused; a ``candidate`` is refused, but may be looked at."""

    registration: Registration
    candidate: Registered | None = None


def judge(
    refined: Refined, verified: Verification, shape: tuple[int, ...], *, probability: float
) -> Judged:
    """Fit the transform to the patches that agree, and accept or refuse it."""
    found = _register(refined, verified, shape)
    if isinstance(found, NotRegistered) or probability <= ACCEPT_PROBABILITY:
        return Judged(registration=found)
    refused = NotRegistered(
        reason="the best location could be a coincidence: a picture of another place would "
        f"fit as well with a probability of {significant(probability, 2)}, and at most "
        f"{significant(ACCEPT_PROBABILITY, 2)} is accepted",
        matches=found.matches,
        inliers=found.inliers,
        log10_nfa=found.log10_nfa,
    )
    return Judged(
        registration=refused,
        candidate=found if probability <= CANDIDATE_PROBABILITY else None,
    )


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
    fitted = _fit(refined)
    if fitted is None:
        return refused
    fitted = replace(fitted, covariance=_true_covariance(fitted, refined))
    spread = registration.sigmas(fitted, shape, SHARED_SIGMA_PX)
    diagonal = math.hypot(*shape[:2]) * transforms.scale(fitted.matrix, shape)
    limit = max(LARGEST_SIGMA * diagonal, LEAST_LIMIT * refined.grid_px)
    model = fitted.model
    if _poorly_tilted(fitted, verified, shape, max(spread[1:]), limit):
        untilted = _untilted(refined)
        if untilted is None:
            return refused
        fitted, model = untilted, "similarity"
        spread = registration.sigmas(fitted, shape, SHARED_SIGMA_PX)
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
    grow = OPTIMISM / max(refined.share, 0.05) ** OPTIMISM_POWER
    if fitted.model != "similarity":
        grow *= OPTIMISM_HOMOGRAPHY
    covariance = fitted.covariance * grow
    # The first two parameters are shifts in radii of the points.
    radius = math.sqrt(abs(float(np.linalg.det(fitted.matrix[:2, :2])))) * fitted.radius
    covariance[[0, 1], [0, 1]] += (DATES_SIGMA_PX / radius) ** 2
    return covariance


def _fit(refined: Refined, models: tuple[str, ...] = _MODELS) -> Fit | None:
    """Fit the narrowest adequate model, picture to reference."""
    inside = refined.inside
    source, target = refined.points[inside], refined.targets[inside]
    weights = np.maximum(refined.scores[inside], 0.05) ** 2
    best: Fit | None = None
    for model in models:
        start = refined.matrix if model == "homography" else None
        fitted = transforms.fit(source, target, model=model, weights=weights, start=start)
        if fitted is None:
            continue
        if best is None:
            best = fitted
            continue
        more = transforms.FREEDOM[model] - transforms.FREEDOM[best.model]
        scale = max(refined.grid_px, 1e-9)
        gain = refine.information_gain(fitted.residuals / scale, best.residuals / scale)
        if len(source) >= 12 and gain > more * math.log(2 * len(source)):
            best = fitted
    return best


def _untilted(refined: Refined) -> Fit | None:
    """Fit turn, size and place alone; stretch and tilt are 0, with their uncertainty."""
    fitted = _fit(refined, models=("similarity",))
    if fitted is None:
        return None
    covariance = np.diag([0.0] * 4 + [TILT_SIGMA**2] * 4)
    covariance[:4, :4] = _true_covariance(fitted, refined)
    return replace(fitted, model="homography", covariance=covariance)


def _poorly_tilted(
    fitted: Fit,
    verified: Verification,
    shape: tuple[int, ...],
    corner_sigma: float,
    limit: float,
) -> bool:
    """Return whether the tilt of a fit is determined by too little of the picture."""
    if fitted.model == "similarity":
        return False
    surrounded = hull_share(verified.points[verified.agree], shape)
    return surrounded < LEAST_HULL or corner_sigma > limit
