"""Detect changes between two co-registered pictures of one place."""

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from imgcheck.change import regions as _regions
from imgcheck.change.detectors import Scored
from imgcheck.change.grid import Frame, Mask, Pixels, opponent
from imgcheck.change.passes import (
    HIGHEST_Q,
    LEAST_CONTRAST,
    STATED_CONTRAST,
    Incomparable,
    Part,
    Statistics,
    measure,
)
from imgcheck.change.regions import Clusters, Region
from imgcheck.change.score import Score
from imgcheck.errors import UsageError
from imgcheck.quantity import significant


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
    threshold = -float(ndtri(false_alarm_rate))
    measured = measure(before, after, valid, gsd=gsd, threshold=threshold, least_area=least_area)
    if isinstance(measured, Incomparable):
        return _nothing(measured.known, measured.reason, 1.0)
    by, part = measured
    found, mask, suppressed = _find(part, by, least_area)
    incomparable = ""
    if not found and by.smallest_px is None:
        incomparable = (
            f"the two pictures differ so much that no change of {STATED_CONTRAST:.0%} of "
            "full scale, of any size, would be significant"
        )
    registration = by.registration
    return ChangeResult(
        regions=found,
        mask=mask,
        score=part.scored.z,
        smallest_m=None if by.smallest_px is None else by.smallest_px * gsd,
        suppressed=suppressed,
        incomparable=incomparable,
        detector=by.detector,
        registered=registration.verified,
        shift_px=(registration.shift.dx, registration.shift.dy),
        shift_sigma_px=registration.shift.sigma,
        spread_px=registration.shift.spread,
        error_px=registration.error.at(Frame.whole(part.known.shape)),
        blur_px=by.blur,
        sigma=by.sigma,
        agreement=by.agreement,
        valid_share=float(part.known.mean()),
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


def _outlined(pair: Part, clusters: Clusters, chosen: NDArray[np.int64], threshold: float) -> Mask:
    """Return the pixels of the chosen clusters; those of tone without the rim of smoothing."""
    scored = pair.scored
    if isinstance(scored, Scored):
        return np.isin(clusters.labels, chosen + 1) & pair.known
    size = np.sqrt(np.mean(scored.difference**2, axis=2))
    core = scored.fine > threshold
    return _regions.tightened(clusters, chosen, size, core, scored.reach) & pair.known


def _find(
    pair: Part, by: Statistics, least_area: float
) -> tuple[tuple[Region, ...], Mask, tuple[Suppressed, ...]]:
    """Return significant regions, their mask, and what was left out."""
    scored, known, gsd, threshold = pair.scored, pair.known, by.gsd, by.threshold
    spread = by.registration.shift.spread
    flat = np.where(known, scored.z, np.float32(-3))
    clusters = _regions.clusters(flat, by.border, over=threshold)
    if not clusters.weights.size:
        return (), np.zeros(known.shape, dtype=bool), ()
    p = _regions.p_values(clusters.weights, by.null)
    q = _regions.q_values(p)
    chosen = np.flatnonzero(q <= HIGHEST_Q)
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
        elif by_tone and _regions.strength(change) < LEAST_CONTRAST:
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
            (f"fainter than {LEAST_CONTRAST:.0%} of full scale", faint),
        )
        if group
    )
    found.sort(key=lambda pair: -pair[1].area_m2)
    return tuple(region for _, region in found), mask, suppressed
