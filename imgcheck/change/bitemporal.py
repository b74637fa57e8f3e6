"""Detect changes between two co-registered pictures of one place."""

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from imgcheck.change import regions as _regions
from imgcheck.change.grid import (
    Mask,
    Pixels,
    as_bands,
    common_bands,
    filled,
    robust_sigma,
    same_grid,
    usable,
)
from imgcheck.change.radiometry import match_radiometry, match_sharpness
from imgcheck.change.regions import Region
from imgcheck.change.score import Score, pixel_score, smallest_found
from imgcheck.change.shift import move_back, residual_shift
from imgcheck.errors import UsageError
from imgcheck.quantity import significant

# Above this share of changed ground the unchanged rest is no reliable reference.
# benchmarks: change, "season" (pairs of dates of farmland) against inserted changes.
_MOST_CHANGED = 0.30

# Below this correlation of the two pictures after normalisation, most of the ground differs.
# benchmarks: change, "season".
_LEAST_AGREEMENT = 0.5

# Regions with a q-value above this are not significant.
_HIGHEST_Q = 0.05

# Mean difference below which a region is left out: compression and other displays cause such
# differences everywhere. benchmarks: change, "no change", tuning part.
_LEAST_CONTRAST = 0.04

# Contrast, as a share of full scale, for which the detection limit is stated.
_STATED_CONTRAST = 0.15


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppressed:
    """Differences that are not reported as regions, and why."""

    reason: str
    count: int
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeResult:
    """Differences between two pictures of one place."""

    #: Largest first; empty when nothing is significant or all was suppressed.
    regions: tuple[Region, ...]
    #: Pixels of `regions`.
    mask: Mask
    #: Standard normal score of each pixel against the unchanged ground of the pair; higher is more
    #: changed; 0 where a picture is missing.
    score: Pixels
    #: Detection limit (d90): side in metres of the smallest square of contrast 0.15 that is found
    #: with 90 % probability; `None` when no size is.
    smallest_m: float | None
    suppressed: tuple[Suppressed, ...]
    #: Why the pair cannot be compared, and `regions` is empty; empty when it can.
    incomparable: str
    #: Measured displacement (dx, dy) of `after`, which was undone, pixels.
    shift_px: tuple[float, float]
    #: Standard error of that shift; `None` when it could not be measured.
    shift_sigma_px: float | None
    #: Deviation of single places from that shift.
    spread_px: float | None
    #: Blur applied to `before` (positive) or `after` (negative) to match the sharpness.
    blur_px: float
    #: Robust standard deviation of the difference of brightness on unchanged ground.
    sigma: float
    #: Robust correlation of the two pictures after normalisation.
    agreement: float
    #: Share of the pixels that both pictures show.
    valid_share: float


def _agreement(before: Pixels, after: Pixels, valid: Mask) -> float:
    """Return the robust correlation of brightness: 1 - var(d) / (2 var)."""
    one, two = before.mean(axis=2)[valid], after.mean(axis=2)[valid]
    both = max(robust_sigma(one) ** 2 + robust_sigma(two) ** 2, 1e-9)
    return float(1 - robust_sigma(one - two) ** 2 / both)


def _check(gsd: float, false_alarm_rate: float, min_area_m2: float | None) -> float:
    if not (math.isfinite(gsd) and gsd > 0):
        raise UsageError(f"gsd must be metres per pixel, above 0, not {gsd}")
    if not 1e-6 <= false_alarm_rate <= 0.2:
        raise UsageError(f"false_alarm_rate must be between 1e-6 and 0.2, not {false_alarm_rate}")
    if min_area_m2 is None:
        return 4 * gsd**2
    if not (math.isfinite(min_area_m2) and min_area_m2 >= 0):
        raise UsageError(f"min_area_m2 must be 0 or more, not {min_area_m2}")
    return min_area_m2


def detect(
    before: NDArray[Any],
    after: NDArray[Any],
    *,
    gsd: float,
    valid: Mask | None = None,
    false_alarm_rate: float = 0.01,
    min_area_m2: float | None = None,
) -> ChangeResult:
    """Detect changes between two co-registered pictures of one place.

    Parameters
    ----------
    before, after : ndarray of shape (M, N) or (M, N, C)
        On one grid; uint8, or float in [0, 1]. NaN is missing. Where one has no colour, both are
        compared in grey.
    gsd : float
        Ground sample distance, metres per pixel, > 0.
    valid : ndarray of shape (M, N), bool, optional
        True where both pictures show ground.
    false_alarm_rate : float, default 0.01
        Share of unchanged pixels that may be flagged before regions are tested.
    min_area_m2 : float, optional
        Smaller regions are left out; four pixels by default.

    Raises
    ------
    GridMismatchError
        If the sizes differ; both are named.
    UsageError
        If an argument has no meaning.

    Notes
    -----
    The null distribution is measured on the pair: at least two thirds of the ground must be
    unchanged. Season, ploughing, shadows of another hour and water levels are changes of the
    picture too and are reported, or suppressed as a whole where they cover most of it. The p-value
    of a region is that of Gaussian fields of the same smoothness, an approximation.
    """
    least_area = _check(gsd, false_alarm_rate, min_area_m2)
    one, two = as_bands("before", before), as_bands("after", after)
    same_grid({"before": one, "after": two})
    known = usable(one, valid) & usable(two, None)
    one, two = common_bands([filled(one, known), filled(two, known)])
    if known.sum() < 400:
        return _nothing(known, "the two pictures have almost no area in common", 1.0)
    shift = residual_shift(one, two, known)
    two, still = move_back(two, known, shift)
    known &= still
    one, two, blur = match_sharpness(one, two, known)
    two = match_radiometry(one, two, known)
    reach = 2 if (shift.spread or 0) > 0.7 else 1
    scored = pixel_score(one, two, known, reach=reach)
    threshold = -float(ndtri(false_alarm_rate))
    null = _regions.null_weights(_regions.correlation_length(scored.z, known), threshold)
    found, mask, suppressed, incomparable = _find(
        one,
        two,
        scored,
        known,
        threshold,
        null,
        gsd=gsd,
        least_area=least_area,
        spread=shift.spread,
    )
    smallest = smallest_found(
        scored,
        known,
        threshold,
        contrast=_STATED_CONTRAST,
        # Among several regions, a p-value of a tenth of the limit is significant.
        least_weight=float(np.quantile(null, 1 - _HIGHEST_Q / 10)),
        blur_px=abs(blur),
        gsd=gsd,
        least_area=least_area,
    )
    if not (found or incomparable) and smallest is None:
        incomparable = (
            f"the two pictures differ so much that no change of {_STATED_CONTRAST:.0%} of "
            "full scale, of any "
            "size, would be significant"
        )
    return ChangeResult(
        regions=found,
        mask=mask,
        score=scored.z,
        smallest_m=smallest,
        suppressed=suppressed,
        incomparable=incomparable,
        shift_px=(shift.dx, shift.dy),
        shift_sigma_px=shift.sigma,
        spread_px=shift.spread,
        blur_px=blur,
        sigma=robust_sigma((one - two).mean(axis=2)[known]),
        agreement=_agreement(one, two, known),
        valid_share=float(known.mean()),
    )


def _nothing(known: Mask, reason: str, share: float) -> ChangeResult:
    """Return the result for a pair that cannot be compared."""
    return ChangeResult(
        regions=(),
        mask=np.zeros(known.shape, dtype=bool),
        score=np.zeros(known.shape, dtype=np.float32),
        smallest_m=None,
        suppressed=(Suppressed(reason=reason, count=0, share=share),),
        incomparable=reason,
        shift_px=(0.0, 0.0),
        shift_sigma_px=None,
        spread_px=None,
        blur_px=0.0,
        sigma=0.0,
        agreement=0.0,
        valid_share=float(known.mean()),
    )


def _find(
    before: Pixels,
    after: Pixels,
    scored: Score,
    known: Mask,
    threshold: float,
    null: NDArray[np.float64],
    *,
    gsd: float,
    least_area: float,
    spread: float | None,
) -> tuple[tuple[Region, ...], Mask, tuple[Suppressed, ...], str]:
    """Return significant regions, their mask, what was suppressed, and any reason for none."""
    clusters = _regions.clusters(np.where(known, scored.z, np.float32(-3)), threshold)
    empty = np.zeros(known.shape, dtype=bool)
    agreement = _agreement(before, after, known)
    # On ground without any texture nothing but noise could agree.
    uneven = robust_sigma((before - after).mean(axis=2)[known]) > _LEAST_CONTRAST / 2
    if not clusters.weights.size:
        return (), empty, (), _apart(0.0, agreement if uneven else 1.0)
    p = _regions.p_values(clusters.weights, null)
    q = _regions.q_values(p)
    chosen = np.flatnonzero(q <= _HIGHEST_Q)
    size = np.sqrt(np.mean(scored.difference**2, axis=2))
    mask = _regions.tightened(clusters, chosen, size, scored.fine > threshold, scored.reach) & known
    parents = cv2.dilate(
        np.where(np.isin(clusters.labels, chosen + 1), clusters.labels, 0).astype(np.float32),
        np.ones((2 * scored.reach + 3, 2 * scored.reach + 3), np.uint8),
    ).astype(np.int32)
    count, parts, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    found, small, faint = [], [], []
    for label in range(1, count):
        left, top, width, height, pixels = (int(number) for number in stats[label])
        window = np.s_[top : top + height, left : left + width]
        part = parts[window] == label
        change = -scored.difference[window][part].mean(axis=0)
        if pixels * gsd**2 < least_area:
            small.append(label)
        elif _regions.strength(change) < _LEAST_CONTRAST:
            faint.append(label)
        else:
            parent = int(np.bincount(parents[window][part]).argmax())
            region = _regions.measure(
                part,
                window,
                before,
                after,
                scored.z,
                change=change,
                gsd=gsd,
                edge_px=math.hypot(0.5, 1.0 if spread is None else spread),
                p=float(p[parent - 1]),
                q=float(q[parent - 1]),
            )
            found.append((label, region))
    mask = np.isin(parts, [label for label, _ in found])
    total = max(int(known.sum()), 1)
    share = float(mask.sum() / total)
    if reason := _apart(share, agreement if uneven or found else 1.0):
        return (), empty, (Suppressed(reason=reason, count=len(found), share=share),), reason
    suppressed = tuple(
        Suppressed(
            reason=reason, count=len(group), share=float(np.isin(parts, group).sum() / total)
        )
        for reason, group in (
            (f"smaller than {significant(least_area, 2)} m²", small),
            (f"fainter than {_LEAST_CONTRAST:.0%} of full scale", faint),
        )
        if group
    )
    found.sort(key=lambda pair: -pair[1].area_m2)
    return tuple(region for _, region in found), mask, suppressed, ""


def _apart(share: float, agreement: float) -> str:
    """Return a reason if most of the ground differs, else an empty text."""
    if share <= _MOST_CHANGED and agreement >= _LEAST_AGREEMENT:
        return ""
    return (
        "most of the ground differs (season, light, sensor): "
        f"{share:.0%} changed, correlation {agreement:.2f}"
    )
