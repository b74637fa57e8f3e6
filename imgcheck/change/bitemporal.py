"""Detect changes between two co-registered pictures of one place."""

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from imgcheck.change import regions as _regions
from imgcheck.change.detectors import Scored, by_spectrum, by_structure
from imgcheck.change.grid import (
    Mask,
    Pixels,
    as_bands,
    common_bands,
    filled,
    opponent,
    robust_sigma,
    same_grid,
    usable,
)
from imgcheck.change.limit import smallest_injected
from imgcheck.change.radiometry import match_radiometry, match_sharpness
from imgcheck.change.regions import Clusters, Region
from imgcheck.change.score import Score, pixel_score, smallest_found
from imgcheck.change.shift import move_back, register
from imgcheck.errors import UsageError
from imgcheck.quantity import significant

# Robust correlation of brightness from which both pictures have one light and season, so that tone
# shows the smallest objects. Beijing B, of two dates, has 0.91: AUC .94 by tone, .98 by structure.
_ALIKE = 0.93

# Smaller pixels show single buildings: structure is compared. Larger ones are compared by spectrum.
_FINE_GSD = 5.0

# Least correlation of edge directions of a pair that cannot be registered, but is given as aligned.
# Of 36 pairs of other ground 27 stay below; docs/benchmarks/change.md, registration.
_LEAST_STRUCTURE = 0.03

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
    #: How the pair was compared: `"tone"`, `"structure"`, `"spectrum"`; empty where it was not.
    detector: str
    #: Whether the pictures themselves confirm their alignment.
    registered: bool
    #: Measured displacement (dx, dy) of `after`, which was undone, pixels.
    shift_px: tuple[float, float]
    #: Standard error of that shift; `None` when it could not be measured.
    shift_sigma_px: float | None
    #: Deviation of single places from that shift.
    spread_px: float | None
    #: Standard error of the registration at each pixel, pixels; NaN where it is unknown.
    error_px: Pixels
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
    Pictures of one light are compared by tone; others by structure where pixels are below 5 m, and
    by their spectrum (IR-MAD) elsewhere. The null distribution is measured on the pair: for tone
    and spectrum two thirds of the ground must be unchanged. Season, ploughing, shadows of another
    hour and water levels are changes of the picture too and are reported. The p-value of a region
    is that of Gaussian fields of the same smoothness, an approximation.
    """
    least_area = _check(gsd, false_alarm_rate, min_area_m2)
    one, two = as_bands("before", before), as_bands("after", after)
    same_grid({"before": one, "after": two})
    known = usable(one, valid) & usable(two, None)
    one, two = common_bands([filled(one, known), filled(two, known)])
    if known.sum() < 400:
        return _nothing(known, "the two pictures have almost no area in common", 1.0)
    registration = register(one, two, known)
    two, still = move_back(two, known, registration.shift)
    known &= still
    sharp_one, sharp_two, blur = match_sharpness(one, two, known)
    matched = match_radiometry(sharp_one, sharp_two, known)
    agreement = _agreement(sharp_one, matched, known)
    sigma = robust_sigma((sharp_one - matched).mean(axis=2)[known])
    # On ground without any texture nothing but noise could agree.
    alike = agreement >= _ALIKE or sigma <= _LEAST_CONTRAST / 2
    threshold = -float(ndtri(false_alarm_rate))
    scored: Score | Scored
    if alike and (one.shape[2] <= 3 or gsd < _FINE_GSD):
        one, two, detector = sharp_one, matched, "tone"
        reach = 2 if (registration.shift.spread or 0) > 0.7 else 1
        scored = pixel_score(one, two, known, reach=reach)
        rescore = None
    elif not registration.verified and registration.structure < _LEAST_STRUCTURE:
        reason = "cannot register: the two pictures share no edges, whatever the shift"
        return _nothing(known, reason, 1.0)
    else:
        fine = gsd < _FINE_GSD
        detector = "structure" if fine else "spectrum"

        def rescore(changed: Pixels) -> Scored:
            if fine:
                return by_structure(one, changed, known, threshold=threshold)
            error = registration.error
            return by_spectrum(one, changed, known, error_px=error, threshold=threshold)

        scored = rescore(two)
    # Few clusters of noise pass a raised threshold; the excess over the nominal one is compared.
    null = _regions.null_weights(_regions.correlation_length(scored.z, known), threshold)
    # Among several regions, a p-value of a tenth of the limit is significant.
    least_weight = float(np.quantile(null, 1 - _HIGHEST_Q / 10))
    pair = _Pair(before=sharp_one, after=matched, known=known, gsd=gsd, scored=scored)
    found, mask, suppressed = _find(pair, threshold, null, least_area, registration.shift.spread)
    if isinstance(scored, Score):
        smallest = smallest_found(
            scored,
            known,
            threshold,
            contrast=_STATED_CONTRAST,
            least_weight=least_weight,
            blur_px=abs(blur),
            gsd=gsd,
            least_area=least_area,
        )
    else:
        assert rescore is not None
        side = smallest_injected(
            lambda changed: rescore(changed).z,
            two,
            scored.z,
            known,
            scored.threshold,
            contrast=_STATED_CONTRAST,
            least_weight=least_weight,
        )
        smallest = None if side is None else side * gsd
    incomparable = ""
    if not found and smallest is None:
        incomparable = (
            f"the two pictures differ so much that no change of {_STATED_CONTRAST:.0%} of "
            "full scale, of any "
            "size, would be significant"
        )
    shift = registration.shift
    return ChangeResult(
        regions=found,
        mask=mask,
        score=scored.z,
        smallest_m=smallest,
        suppressed=suppressed,
        incomparable=incomparable,
        detector=detector,
        registered=registration.verified,
        shift_px=(shift.dx, shift.dy),
        shift_sigma_px=shift.sigma,
        spread_px=shift.spread,
        error_px=registration.error,
        blur_px=blur,
        sigma=sigma,
        agreement=agreement,
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
        detector="",
        registered=False,
        shift_px=(0.0, 0.0),
        shift_sigma_px=None,
        spread_px=None,
        error_px=np.full(known.shape, np.nan, dtype=np.float32),
        blur_px=0.0,
        sigma=0.0,
        agreement=0.0,
        valid_share=float(known.mean()),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Pair:
    """Two matched pictures and their score."""

    before: Pixels
    after: Pixels
    known: Mask
    gsd: float
    scored: Score | Scored


def _outlined(pair: _Pair, clusters: Clusters, chosen: NDArray[np.int64], threshold: float) -> Mask:
    """Return the pixels of the chosen clusters; those of tone without the rim of smoothing."""
    scored = pair.scored
    if isinstance(scored, Scored):
        return np.isin(clusters.labels, chosen + 1) & pair.known
    size = np.sqrt(np.mean(scored.difference**2, axis=2))
    core = scored.fine > threshold
    return _regions.tightened(clusters, chosen, size, core, scored.reach) & pair.known


def _find(
    pair: _Pair,
    threshold: float,
    null: NDArray[np.float64],
    least_area: float,
    spread: float | None,
) -> tuple[tuple[Region, ...], Mask, tuple[Suppressed, ...]]:
    """Return significant regions, their mask, and what was left out."""
    scored, known, gsd = pair.scored, pair.known, pair.gsd
    border = scored.threshold if isinstance(scored, Scored) else threshold
    clusters = _regions.clusters(np.where(known, scored.z, np.float32(-3)), border, over=threshold)
    if not clusters.weights.size:
        return (), np.zeros(known.shape, dtype=bool), ()
    p = _regions.p_values(clusters.weights, null)
    q = _regions.q_values(p)
    chosen = np.flatnonzero(q <= _HIGHEST_Q)
    mask = _outlined(pair, clusters, chosen, threshold)
    by_tone = isinstance(scored, Score)
    difference = (
        scored.difference if isinstance(scored, Score) else opponent(pair.before - pair.after)
    )
    margin = 2 * scored.reach + 3 if isinstance(scored, Score) else 1
    parents = cv2.dilate(
        np.where(np.isin(clusters.labels, chosen + 1), clusters.labels, 0).astype(np.float32),
        np.ones((margin, margin), np.uint8),
    ).astype(np.int32)
    count, parts, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    found, small, faint = [], [], []
    for label in range(1, count):
        left, top, width, height, pixels = (int(number) for number in stats[label])
        window = np.s_[top : top + height, left : left + width]
        part = parts[window] == label
        change = -difference[window][part].mean(axis=0)
        if pixels * gsd**2 < least_area:
            small.append(label)
        elif by_tone and _regions.strength(change) < _LEAST_CONTRAST:
            faint.append(label)
        else:
            parent = int(np.bincount(parents[window][part]).argmax())
            region = _regions.measure(
                part,
                window,
                pair.before,
                pair.after,
                scored.z,
                change=change,
                gain=0.0 if isinstance(scored, Score) else float(scored.gain[window][part].mean()),
                gsd=gsd,
                edge_px=math.hypot(0.5, 1.0 if spread is None else spread),
                p=float(p[parent - 1]),
                q=float(q[parent - 1]),
            )
            found.append((label, region))
    mask = np.isin(parts, [label for label, _ in found])
    total = max(int(known.sum()), 1)
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
    return tuple(region for _, region in found), mask, suppressed
