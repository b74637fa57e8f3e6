"""Accept or refuse a place found by edges: its false match probability, transform and error.

A wrong place lacks two things: a correlation that is an outlier among all places, and patches that
agree. On wrong places the two were independent, and they are combined like two tests.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

import cv2
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
    odd_shape,
)
from imgcheck.imaging.transforms import Fit
from imgcheck.quantity import significant

# Peaks of wrong places fall off exponentially, by this much for each factor e: mean over 120
# wrong places of the tuning ground (docs/benchmarks.md, structural). It is weighted as so many
# peaks against those of the mirrored picture on the reference itself.
_FALL, _FALL_WEIGHT = 0.35, 24.0
_LEAST_FALL = 0.2
# Tail of the patches' agreement on the same wrong places: half exceed the first number (log10),
# each further factor e costs the second. For pictures of 150 and of 200 or more grid pixels: small
# ones have small patches, which agree more easily.
_TAIL_SPANS = (150.0, 200.0)
_TAIL_MEDIANS, _TAIL_FALLS = (2.4, 1.5), (1.9, 1.1)
# benchmarks: structural, negatives: unrelated pairs that were accepted, and pairs tested.
FALSE_PLACINGS, UNRELATED_PAIRS = 0, 2_000
# A place is accepted where a picture of another place would reach it less often than this: half of
# the accepted rate of false matches.
ACCEPT_PROBABILITY = 5e-4
# Agreeing patches were selected because they agree, overlap their neighbours and share errors of
# the ground: on the tuning ground the true error was this much larger in variance than their
# scatter, the more the fewer of all patches agree, and more where eight parameters were fitted
# (benchmarks: structural, 105 cuts of the west).
OPTIMISM, OPTIMISM_POWER, OPTIMISM_HOMOGRAPHY = 1.8, 1.5, 1.5
# Co-registration error of two dates of one place, reference pixels.
DATES_SIGMA_PX = 0.2
# Largest accepted error of a corner: share of the picture's diagonal in the reference, but no less
# than these grid pixels in small pictures.
LARGEST_CORNER_SIGMA, LEAST_CORNER_LIMIT = 0.01, 3.0
# Agreeing patches must surround at least this share of a tilted picture: the two of 141 of the
# tuning ground that were wrong by over 10 pixels had 0.36 and 0.37, one right one less than 0.42.
LEAST_HULL = 0.42
# An oblique view is a homography: affine fits underestimated the error of their corners (3 of 8
# within their ellipses).
_MODELS = ("similarity", "homography")
# Ratio of local area scales between the corners of one picture; larger than for points, since
# patches determine the tilt better.
LARGEST_FALL_OFF = 12.0


def judge(
    refined: Refined, verified: Verification, shape: tuple[int, ...], *, probability: float
) -> Registration:
    """Fit the transform to the patches that agree, and accept or refuse it."""
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
    reason = _refusal(fitted, refined, verified, shape, max(spread[1:]), probability)
    if reason is not None:
        return replace(refused, reason=reason)
    return Registered(
        matrix=fitted.matrix,
        model=fitted.model,
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


def _fit(refined: Refined) -> Fit | None:
    """Fit the narrowest adequate model, picture to reference."""
    inside = refined.inside
    source, target = refined.points[inside], refined.targets[inside]
    weights = np.maximum(refined.scores[inside], 0.05) ** 2
    best: Fit | None = None
    for model in _MODELS:
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


def _refusal(
    fitted: Fit,
    refined: Refined,
    verified: Verification,
    shape: tuple[int, ...],
    corner_sigma: float,
    probability: float,
) -> str | None:
    if probability > ACCEPT_PROBABILITY:
        return (
            "the best location could be a coincidence: a picture of another place would "
            "fit as well with "
            f"a probability of {significant(probability, 2)}, and at most "
            f"{significant(ACCEPT_PROBABILITY, 2)} is accepted"
        )
    odd = odd_shape(fitted.matrix, shape, largest_fall_off=LARGEST_FALL_OFF)
    if odd:
        return odd
    surrounded = _hull_share(verified.points[verified.agree], shape)
    if fitted.model != "similarity" and surrounded < LEAST_HULL:
        return "the matching patches all lie in one part of the picture"
    diagonal = math.hypot(*shape[:2]) * transforms.scale(fitted.matrix, shape)
    if corner_sigma > max(LARGEST_CORNER_SIGMA * diagonal, LEAST_CORNER_LIMIT * refined.grid_px):
        return f"the position of a corner is uncertain by {corner_sigma:.1f} reference pixels"
    return None


def _hull_share(points: Float64, shape: tuple[int, ...]) -> float:
    """Return the area of the convex hull of points as a share of the picture."""
    if len(points) < 3:
        return 0.0
    hull = cv2.convexHull(points.astype(np.float32))
    return float(cv2.contourArea(hull)) / float(shape[0] * shape[1])


def false_match_probability(
    *, surprise: float, rivals: Sequence[float], trials: float, log10_tail: float, span: float
) -> float:
    """Estimate the probability that a picture of another place reaches this result.

    Parameters
    ----------
    surprise : float
        Height of the correlation peak, standard deviations.
    rivals : sequence of float
        Heights of the best peaks that are wrong, such as those of the mirrored picture.
    trials : float
        How many times as many trials the picture had as the rivals.
    log10_tail, span : float
        Of the verification.

    References
    ----------
    .. [1] R. A. Fisher, Statistical Methods for Research Workers, 1932 (combining two tests).
    """
    joint = by_height(surprise, rivals, trials) * by_patches(log10_tail, span)
    return min(1.0, joint * (1.0 - math.log(joint))) if joint > 0 else 0.0


def by_height(surprise: float, rivals: Sequence[float], trials: float) -> float:
    """Return the probability that any wrong place has as high a peak."""
    peaks = sorted(rivals, reverse=True)
    if not peaks:
        return 1.0
    least, count = peaks[-1], len(peaks)
    own = sum(p - least for p in peaks)
    fall = max(_LEAST_FALL, (own + _FALL_WEIGHT * _FALL) / (count + _FALL_WEIGHT))
    expected = trials * count * math.exp(-(surprise - least) / fall)
    return -math.expm1(-expected)


def by_patches(log10_tail: float, span: float) -> float:
    """Return the probability that patches agree as well at a wrong place."""
    median = float(np.interp(span, _TAIL_SPANS, _TAIL_MEDIANS))
    fall = float(np.interp(span, _TAIL_SPANS, _TAIL_FALLS))
    return min(1.0, 0.5 * math.exp((log10_tail + median) / fall))
