"""Turn agreeing patches into a registration with its errors, or into a reason why not."""

import math
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from imgcheck.geo.structural import refine
from imgcheck.geo.structural.refine import Refined
from imgcheck.geo.structural.verify import Verification
from imgcheck.imaging import transforms
from imgcheck.imaging.acceptance import odd_shape
from imgcheck.imaging.registration import SHARED_SIGMA_PX, Registration
from imgcheck.imaging.transforms import Fit
from imgcheck.quantity import significant

# benchmarks: structural, negatives: how many were placed, and how many were tried.
FALSE_PLACINGS, UNRELATED_PAIRS = 0, 2_000
# A place is believed where a picture of another place would reach it less often than this: half of
# the wrong placings that may be made.
ACCEPT_PROBABILITY = 5e-4
# Agreeing patches were chosen because they agree, overlap their neighbours and share errors of the
# ground: on the tuning ground the true error was this much larger in variance than their scatter
# says, the more the fewer of all patches agree, and more where eight parameters were fitted
# (benchmarks: structural, 105 cuts of the west).
OPTIMISM, OPTIMISM_POWER, OPTIMISM_HOMOGRAPHY = 1.8, 1.5, 1.5
# Two dates of one place lie on each other no better, reference pixels.
DATES_SIGMA_PX = 0.2
# A corner known no better than this share of the laid-down diagonal is not placed, nor than these
# grid pixels in small pictures.
LARGEST_CORNER_SIGMA, LEAST_CORNER_LIMIT = 0.01, 3.0
# Agreeing patches must surround at least this share of a tilted picture: the two of 141 of the
# tuning ground that were wrong by over 10 pixels had 0.36 and 0.37, one right one less than 0.42.
LEAST_HULL = 0.42
# A picture that is no similarity was seen from the side, and that is a homography: affine fits
# were surer of their corners than they had a right to be (3 of 8 in their ellipses).
_MODELS = ("similarity", "homography")
# Local area scale between the corners of one picture; patches are believed further than points.
LARGEST_FALL_OFF = 12.0


def judge(
    refined: Refined,
    verified: Verification,
    shape: tuple[int, ...],
    *,
    probability: float,
) -> Registration:
    """Fit the transform to the patches that agree, and say whether it is believed."""
    inside = refined.inside
    source, target = refined.points[inside], refined.targets[inside]
    fitted = _fit(refined)
    empty = Registration(
        found=False,
        inliers=int(inside.sum()),
        distinct=int(inside.sum()),
        matches=len(inside),
        picture_points=source,
        reference_points=target,
        log10_nfa=verified.log10_chance,
        picture_shape=(shape[0], shape[1]),
    )
    if fitted is None:
        return replace(empty, reason="the agreeing patches do not determine a transform")
    fitted = replace(fitted, covariance=_true_covariance(fitted, refined))
    ring = transforms.corners(shape)
    spots = np.concatenate([ring.mean(axis=0, keepdims=True), ring])
    spread = [
        math.sqrt(max(0.0, float(np.linalg.eigvalsh(c)[-1])) + SHARED_SIGMA_PX**2)
        for c in transforms.place_covariance(fitted, spots)
    ]
    reason = _refusal(fitted, refined, verified, shape, max(spread[1:]), probability)
    return replace(
        empty,
        found=reason is None,
        reason=reason,
        matrix=fitted.matrix if reason is None else None,
        model=fitted.model if reason is None else None,
        rms_px=float(np.sqrt((fitted.residuals**2).mean())),
        sigma_px=spread[0],
        corner_sigma_px=max(spread[1:]),
        fit=fitted,
    )


def _true_covariance(fitted: Fit, refined: Refined) -> NDArray[np.float64]:
    """Enlarge the covariance of a fit to what was seen between dates."""
    grow = OPTIMISM / max(refined.share, 0.05) ** OPTIMISM_POWER
    if fitted.model != "similarity":
        grow *= OPTIMISM_HOMOGRAPHY
    covariance = fitted.covariance * grow
    # The first two parameters are shifts in radii of the points.
    radius = math.sqrt(abs(float(np.linalg.det(fitted.matrix[:2, :2])))) * fitted.radius
    covariance[[0, 1], [0, 1]] += (DATES_SIGMA_PX / radius) ** 2
    return covariance


def with_reason(found: Registration, more: str) -> Registration:
    """Add words to the reason."""
    return replace(found, reason=f"{found.reason}{more}")


def _fit(refined: Refined) -> Fit | None:
    """Fit the narrowest model that the patches are content with, picture to reference."""
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
            f"the best place could be chance: a picture of another place would fit as well with "
            f"a probability of {significant(probability, 2)}, and at most "
            f"{significant(ACCEPT_PROBABILITY, 2)} is accepted"
        )
    odd = odd_shape(fitted.matrix, shape, largest_fall_off=LARGEST_FALL_OFF)
    if odd:
        return odd
    surrounded = _hull_share(verified.points[verified.agree], shape)
    if fitted.model != "similarity" and surrounded < LEAST_HULL:
        return "the agreeing patches lie in one part of the picture"
    diagonal = math.hypot(*shape[:2]) * transforms.scale(fitted.matrix, shape)
    if corner_sigma > max(LARGEST_CORNER_SIGMA * diagonal, LEAST_CORNER_LIMIT * refined.grid_px):
        return f"the position of a corner is uncertain by {corner_sigma:.1f} reference pixels"
    return None


def _hull_share(points: NDArray[np.float64], shape: tuple[int, ...]) -> float:
    """Give the area that points surround as a share of the picture."""
    if len(points) < 3:
        return 0.0
    hull = cv2.convexHull(points.astype(np.float32))
    return float(cv2.contourArea(hull)) / float(shape[0] * shape[1])
