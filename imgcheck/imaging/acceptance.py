"""When a transform is believed: not by chance, not absurd, and sure at every corner."""

import math

import numpy as np
from numpy.typing import NDArray

from imgcheck.imaging import transforms
from imgcheck.imaging.consensus import Agreement
from imgcheck.imaging.transforms import Fit

# benchmarks: geo_place, unrelated and mirrored pairs; the realised rate stands in the docs.
ACCEPT_LOG10_NFA = -8.0
# Outside this the same ground is not on both pictures in any useful detail.
SMALLEST_SCALE, LARGEST_SCALE = 0.1, 10.0
# Ratio of the two local scales; a view tilted by 60 degrees has 2.
LARGEST_STRETCH = 2.5
# Local area scale between the corners of one picture.
LARGEST_FALL_OFF = 6.0
# Spread of the agreeing points across their narrow direction, share of the picture's diagonal.
SMALLEST_SPREAD = 0.015
# A corner known no better than this share of the picture's laid-down diagonal is not placed.
LARGEST_CORNER_SIGMA = 0.01
# No corner may hang on the pairs of one spot: without those within 0.12 of the diagonal it stays
# within this share of the laid-down diagonal, and these pixels. Benchmarks: geo_place, dates,
# seeds 20170924 to 20170926, where it refused 23 of 159 and the one that was wrong by 12 px.
SPOT_RADIUS, LARGEST_SWAY, LARGEST_SWAY_PX = 0.12, 0.006, 5.0
# With more places than this no single spot carries a corner.
_WELL_SPREAD = 40


def refusal(
    found: Agreement,
    fitted: Fit,
    source: NDArray[np.float64],
    target: NDArray[np.float64],
    query_shape: tuple[int, ...],
    corner_sigma: float,
) -> str | None:
    """Say why the best transform is not believed, or None."""
    if found.log10_nfa > ACCEPT_LOG10_NFA:
        return (
            f"the best transform could be chance (log10 of the number of false alarms "
            f"{found.log10_nfa:.1f}, needed {ACCEPT_LOG10_NFA:g})"
        )
    odd = odd_shape(fitted.matrix, query_shape)
    if odd:
        return odd
    diagonal = math.hypot(*query_shape[:2])
    narrow = math.sqrt(max(0.0, float(np.linalg.eigvalsh(np.cov(source.T))[0])))
    if narrow < SMALLEST_SPREAD * diagonal:
        return "the agreeing details lie in one spot or on one line"
    if corner_sigma > LARGEST_CORNER_SIGMA * diagonal * transforms.scale(
        fitted.matrix, query_shape
    ):
        return f"the position of a corner is uncertain by {corner_sigma:.1f} reference pixels"
    if found.distinct < _WELL_SPREAD:
        sway = _sway(fitted, source, target, query_shape)
        laid = diagonal * transforms.scale(fitted.matrix, query_shape)
        if sway > max(1.0, min(LARGEST_SWAY * laid, LARGEST_SWAY_PX)):
            return "the position of a corner hangs on the agreeing details of one spot"
    return None


def _sway(
    fitted: Fit,
    source: NDArray[np.float64],
    target: NDArray[np.float64],
    query_shape: tuple[int, ...],
) -> float:
    """Give how far a corner moves at most when the pairs of one spot are left out."""
    ring = transforms.corners(query_shape)
    laid = transforms.apply(fitted.matrix, ring)
    radius = SPOT_RADIUS * math.hypot(*query_shape[:2])
    largest = 0.0
    for spot in source:
        rest = np.hypot(*(source - spot).T) > radius
        again = transforms.fit(source[rest], target[rest], model=fitted.model, start=fitted.matrix)
        if again is None:
            return math.inf
        moved = np.hypot(*(transforms.apply(again.matrix, ring) - laid).T)
        largest = max(largest, float(np.nan_to_num(moved, nan=math.inf).max()))
    return largest


def odd_shape(
    matrix: NDArray[np.float64],
    shape: tuple[int, ...],
    *,
    largest_fall_off: float = LARGEST_FALL_OFF,
) -> str | None:
    """Say why a transform is no view from above, or None."""
    ring = transforms.corners(shape)
    places = np.concatenate([ring, ring.mean(axis=0, keepdims=True)])
    if not np.isfinite(transforms.apply(matrix, places)).all():
        return "the best transform sends a corner beyond the horizon"
    slopes = transforms.jacobian(matrix, places)
    areas = np.linalg.det(slopes)
    if (areas <= 0).any():
        return "the best transform turns the picture inside out"
    stretch = np.linalg.svd(slopes, compute_uv=False)
    if (stretch[:, 0] > LARGEST_STRETCH * stretch[:, 1]).any():
        return "the best transform squeezes the picture more than a view from above can"
    if areas.max() > largest_fall_off * areas.min():
        return "the best transform tilts the picture more than a view from above can"
    scale = math.sqrt(float(areas[-1]))
    if not SMALLEST_SCALE <= scale <= LARGEST_SCALE:
        return f"the best transform has a scale of {scale:.3g}; 0.1 to 10 is believed"
    return None
