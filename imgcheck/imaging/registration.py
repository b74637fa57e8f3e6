"""Register an image to another by local features, with the error of the transform."""

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import ArrayLike

from imgcheck.imaging import features, transforms
from imgcheck.imaging.consensus import Agreement, Pairs, grow, is_needed, proposals
from imgcheck.imaging.features import Features
from imgcheck.imaging.pixels import Float32, Float64, Mask
from imgcheck.imaging.transforms import Fit

MODELS = ("similarity", "affine", "homography")
# The pairs of a fit were selected because they agree, and they share errors of the ground: between
# dates the true error of the centre is this much larger in variance than their scatter states, and
# never below this many pixels (benchmarks: geo_place, dates, seeds 20170924 to 20170926).
OPTIMISM, SHARED_SIGMA_PX = 2.5, 0.12
# Where more of the similar pairs agree (0.55 to 0.9 within one acquisition, 0.03 to 0.44 between
# dates, 0.5 to 0.7 on rendered ground under two suns), their scatter states nearly all of the
# error: above the larger of these shares it is only this much larger in variance; between the
# shares the two laws blend (benchmarks: ellipse, seeds below 1,100). The floor is what all pairs
# have in common when the sun stands elsewhere: light on relief, and shadows, shift them alike.
DATES_SHARE, SAME_SHARE = 0.5, 0.75
SAME_OPTIMISM, SAME_SIGMA_PX = 1.25, 0.05
_PICTURE_LIMIT = 2500
_FEATURES_PER_MEGAPIXEL = 12_000
_REFERENCE_LIMIT = 24_000

# benchmarks: geo_place, unrelated and mirrored pairs; the measured rate stands in the docs.
ACCEPT_LOG10_NFA = -8.0
# Outside this range of scales the two images share no useful detail.
SMALLEST_SCALE, LARGEST_SCALE = 0.1, 10.0
# Ratio of the two local scales: a view tilted by 60 degrees has 2 in its middle, and up to 3.4 on
# its far side if it is 40 degrees wide; ratio of local area scales between the corners of one
# picture, up to 8 there (benchmarks: hard_looks, oblique).
LARGEST_STRETCH, LARGEST_FALL_OFF = 3.5, 12.0
# Spread of the agreeing points across their narrow direction, share of the picture's diagonal.
SMALLEST_SPREAD = 0.015
# Largest accepted error of a corner, share of the picture's diagonal in the reference.
LARGEST_CORNER_SIGMA = 0.01
# No corner may depend on the pairs of one spot: without those within 0.12 of the diagonal it stays
# within this share of the diagonal in the reference, and these pixels. Benchmarks: geo_place,
# dates, seeds 20170924 to 20170926, where it refused 23 of 159 and the one that was wrong by 12 px.
SPOT_RADIUS, LARGEST_SWAY, LARGEST_SWAY_PX = 0.12, 0.006, 5.0
# With more distinct places than this no single spot determines a corner.
_WELL_SPREAD = 40
_MOST_AGREE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Registered:
    """The transform from a picture to a reference, with its error.

    Attributes
    ----------
    matrix : (3, 3) float64
        Picture pixels to reference pixels, corner convention; it includes the mirroring.
    model : {"similarity", "affine", "homography"}
    mirrored : bool
    inliers, distinct : int
        Agreeing pairs; and their number where pairs of one spot count once.
    matches : int
        Pairs of similar features before geometric verification.
    picture_points, reference_points : (K, 2) float64
        The agreeing pairs.
    rms_px : float
        Of their residuals, reference pixels.
    log10_nfa : float
        log10 of the number of false alarms (NFA) of the transform.
    sigma_px, corner_sigma_px : float
        One-sigma position error (larger axis) at the picture's centre and at its worst corner,
        reference pixels.
    shared_sigma_px : float
        Error that all pairs have in common, which their scatter does not show.
    fit : Fit
        Least-squares fit behind ``matrix`` (of the mirrored picture if ``mirrored``).
    picture_shape : (rows, cols)
    """

    matrix: Float64
    model: str
    mirrored: bool = False
    inliers: int
    distinct: int
    matches: int
    picture_points: Float64
    reference_points: Float64
    rms_px: float
    log10_nfa: float
    sigma_px: float
    corner_sigma_px: float
    shared_sigma_px: float = SHARED_SIGMA_PX
    fit: Fit
    picture_shape: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NotRegistered:
    """No transform was accepted.

    Attributes
    ----------
    reason : str
    matches : int
        Pairs of similar features, or patches compared.
    inliers : int
        Those that agree with the best transform.
    log10_nfa : float or None
        Of the best transform; None without any.
    """

    reason: str
    matches: int = 0
    inliers: int = 0
    log10_nfa: float | None = None


Registration = Registered | NotRegistered


def place_covariance(found: Registered, points: ArrayLike) -> Float64:
    """Return the 2 x 2 covariance of the positions of picture points, (N, 2, 2), reference px^2.

    From the scatter of the pairs, enlarged to the errors measured between dates.
    """
    at = np.array(points, np.float64).reshape(-1, 2)
    if found.mirrored:
        at[:, 0] = found.picture_shape[1] - at[:, 0]
    return transforms.place_covariance(found.fit, at) + found.shared_sigma_px**2 * np.eye(2)


def in_larger(found: Registered, to_larger: ArrayLike) -> Registered:
    """Convert a registration on a cut or reduced reference to the larger one.

    ``to_larger`` (3, 3) maps its pixels to those of the larger one: shift and scale only.
    """
    move = np.asarray(to_larger, np.float64)
    size = math.sqrt(abs(float(np.linalg.det(move[:2, :2]))))
    fit = found.fit
    return replace(
        found,
        matrix=move @ found.matrix,
        reference_points=transforms.apply(move, found.reference_points),
        rms_px=found.rms_px * size,
        sigma_px=found.sigma_px * size,
        corner_sigma_px=found.corner_sigma_px * size,
        shared_sigma_px=found.shared_sigma_px * size,
        fit=replace(
            fit, matrix=move @ fit.matrix, residuals=fit.residuals * size, sigma=fit.sigma * size
        ),
    )


def of_mirror_image(found: Registered) -> Registered:
    """Convert the registration of a picture's mirror image to one of the picture itself."""
    flip = _flip(found.picture_shape)
    return replace(
        found,
        matrix=found.matrix @ flip,
        mirrored=not found.mirrored,
        picture_points=transforms.apply(flip, found.picture_points),
    )


def _flip(shape: tuple[int, ...]) -> Float64:
    return np.array([[-1.0, 0, shape[1]], [0, 1, 0], [0, 0, 1]])


def reference_limit(shape: tuple[int, ...]) -> int:
    """Return the number of features to keep on a reference of (rows, cols)."""
    wanted = int(shape[0] * shape[1] / 1e6 * _FEATURES_PER_MEGAPIXEL)
    return max(_PICTURE_LIMIT, min(_REFERENCE_LIMIT, wanted))


def picture_features(picture: Float32, mask: Mask | None = None) -> Features:
    """Detect the features of a picture that is to be registered."""
    return features.detect(picture, mask=mask, limit=_PICTURE_LIMIT)


def register(
    picture: Float32,
    reference: Float32,
    *,
    picture_mask: Mask | None = None,
    reference_mask: Mask | None = None,
    try_mirrored: bool = False,
    max_model: str = "homography",
) -> Registration:
    """Register a picture to a reference by local features.

    Parameters
    ----------
    picture, reference : (M, N) float32 in [0, 1]
        Gray. The reference may be much larger; any rotation, scale 0.1 to 10.
    picture_mask, reference_mask : bool, optional
        True = usable (not text, not nodata).
    try_mirrored : bool, default False
        Also try the left-right mirrored picture, and keep the better fit.
    max_model : {"similarity", "affine", "homography"}
        The widest model to consider; a wider one is used only where the data require it.

    Returns
    -------
    Registered or NotRegistered

    Notes
    -----
    Feature pairs vote for similarities by position, size and direction. The best are scored by
    their number of false alarms (NFA), extended to affine and homography, and refined by least
    squares. Images of the same ground on another date seldom register: their features differ.

    References
    ----------
    .. [1] L. Moisan and B. Stival, IJCV 57, 2004 (number of false alarms).
    .. [2] D. G. Lowe, IJCV 60, 2004 (features, votes).
    """
    known = features.detect(reference, mask=reference_mask, limit=reference_limit(reference.shape))
    return align(
        picture_features(picture, picture_mask),
        known,
        query_shape=picture.shape,
        known_shape=reference.shape,
        try_mirrored=try_mirrored,
        max_model=max_model,
    )


def align(
    query: Features,
    known: Features,
    *,
    query_shape: tuple[int, ...],
    known_shape: tuple[int, ...],
    try_mirrored: bool = False,
    max_model: str = "homography",
    ratio: float = 0.9,
) -> Registration:
    """Register a picture by features that were detected before; see `register`.

    Parameters
    ----------
    query, known : Features
        Of the picture and of the reference (a known picture).
    query_shape, known_shape : (rows, cols)
    try_mirrored : bool, default False
        The mirrored features are derived; nothing is detected again.
    ratio : float, default 0.9
        For `features.match`.
    """
    if max_model not in MODELS:
        raise ValueError(f'max_model "{max_model}" is none of {", ".join(MODELS)}')
    plain = _align(query, known, query_shape, known_shape, max_model, ratio)
    if not try_mirrored:
        return plain
    turned = features.flipped(query, width=query_shape[1])
    other = _align(turned, known, query_shape, known_shape, max_model, ratio)
    # Symmetric ground gives the wrong handedness a few agreeing pairs too: compare both, never
    # take the first that is accepted.
    if _rank(other) >= _rank(plain):
        return plain
    return of_mirror_image(other) if isinstance(other, Registered) else other


def _rank(found: Registration) -> tuple[bool, float]:
    nfa = math.inf if found.log10_nfa is None else found.log10_nfa
    return not isinstance(found, Registered), nfa


def _align(
    query: Features,
    known: Features,
    query_shape: tuple[int, ...],
    known_shape: tuple[int, ...],
    max_model: str,
    ratio: float,
) -> Registration:
    matched = features.match(query, known, ratio=ratio)
    pairs = Pairs.of(query, known, matched)
    if len(pairs) < 5:
        reason = f"only {len(pairs)} local features of the picture match the reference"
        return NotRegistered(reason=reason, matches=len(pairs))
    best: tuple[Agreement, Fit] | None = None
    for start in proposals(pairs, query_shape):
        grown = grow(start, "similarity", pairs, query_shape, known_shape)
        if grown and (best is None or grown[0].log10_nfa < best[0].log10_nfa):
            best = grown
        # No other transform agrees with more pairs than most.
        if best is not None and best[0].inside.mean() > _MOST_AGREE:
            break
    if best is None:
        reason = "the matching features do not agree on one transform"
        return NotRegistered(reason=reason, matches=len(pairs))
    for model in MODELS[1 : MODELS.index(max_model) + 1]:
        wider = grow(best[1].matrix, model, pairs, query_shape, known_shape)
        if wider and is_needed(wider, best, pairs):
            best = wider
    return _accept(*best, pairs, query_shape)


def _accept(
    found: Agreement, fitted: Fit, pairs: Pairs, query_shape: tuple[int, ...]
) -> Registration:
    source = pairs.query_points[found.inside]
    target = pairs.known_points[found.inside]
    inliers = int(found.inside.sum())
    # Pairs of one spot share their error: the scatter of `distinct` places determines the fit.
    spots = inliers / max(1, found.distinct)
    # Acceptance always uses the error law between dates.
    wide = sigmas(_enlarged(fitted, OPTIMISM * spots), query_shape, SHARED_SIGMA_PX)
    reason = refusal(found, fitted, source, target, query_shape, max(wide[1:]))
    if reason is not None:
        return NotRegistered(
            reason=reason, matches=len(pairs), inliers=inliers, log10_nfa=found.log10_nfa
        )
    optimism, shared = error_law(inliers / len(pairs))
    fitted = _enlarged(fitted, optimism * spots)
    spread = sigmas(fitted, query_shape, shared)
    return Registered(
        matrix=fitted.matrix,
        model=fitted.model,
        inliers=inliers,
        distinct=found.distinct,
        matches=len(pairs),
        picture_points=source,
        reference_points=target,
        rms_px=float(np.sqrt((fitted.residuals**2).mean())),
        log10_nfa=found.log10_nfa,
        sigma_px=spread[0],
        corner_sigma_px=max(spread[1:]),
        shared_sigma_px=shared,
        fit=fitted,
        picture_shape=(query_shape[0], query_shape[1]),
    )


def error_law(share: float) -> tuple[float, float]:
    """Return how much the error exceeds the scatter of the pairs.

    Parameters
    ----------
    share : float
        Share of the similar pairs that agree with the transform.

    Returns
    -------
    (factor, sigma)
        Of the variance of the fit; and the standard error that all pairs have in common, in
        reference pixels.
    """
    same = min(1.0, max(0.0, (share - DATES_SHARE) / (SAME_SHARE - DATES_SHARE)))
    optimism = OPTIMISM ** (1 - same) * SAME_OPTIMISM**same
    return optimism, SHARED_SIGMA_PX ** (1 - same) * SAME_SIGMA_PX**same


def _enlarged(fitted: Fit, factor: float) -> Fit:
    return replace(fitted, covariance=fitted.covariance * factor)


def sigmas(fitted: Fit, query_shape: tuple[int, ...], shared: float) -> list[float]:
    """Return the larger one-sigma errors of the centre and the four corners."""
    ring = transforms.corners(query_shape)
    spots = np.concatenate([ring.mean(axis=0, keepdims=True), ring])
    return [
        math.sqrt(max(0.0, float(np.linalg.eigvalsh(c)[-1])) + shared**2)
        for c in transforms.place_covariance(fitted, spots)
    ]


def refusal(
    found: Agreement,
    fitted: Fit,
    source: Float64,
    target: Float64,
    query_shape: tuple[int, ...],
    corner_sigma: float,
) -> str | None:
    """Return why the best transform is not accepted, or None."""
    if found.log10_nfa > ACCEPT_LOG10_NFA:
        return (
            f"the best transform could be a coincidence (log10 of the number of false alarms "
            f"{found.log10_nfa:.1f}, needed {ACCEPT_LOG10_NFA:g})"
        )
    odd = odd_shape(fitted.matrix, query_shape)
    if odd:
        return odd
    diagonal = math.hypot(*query_shape[:2])
    narrow = math.sqrt(max(0.0, float(np.linalg.eigvalsh(np.cov(source.T))[0])))
    if narrow < SMALLEST_SPREAD * diagonal:
        return "the matching features lie in one spot or along one line"
    in_reference = diagonal * transforms.scale(fitted.matrix, query_shape)
    if corner_sigma > LARGEST_CORNER_SIGMA * in_reference:
        return f"the position of a corner is uncertain by {corner_sigma:.1f} reference pixels"
    if found.distinct < _WELL_SPREAD:
        sway = _sway(fitted, source, target, query_shape)
        if sway > max(1.0, min(LARGEST_SWAY * in_reference, LARGEST_SWAY_PX)):
            return "the position of a corner depends on matching features in a single spot"
    return None


def _sway(fitted: Fit, source: Float64, target: Float64, query_shape: tuple[int, ...]) -> float:
    """Return the largest shift of a corner when the pairs of one spot are left out."""
    ring = transforms.corners(query_shape)
    corners = transforms.apply(fitted.matrix, ring)
    radius = SPOT_RADIUS * math.hypot(*query_shape[:2])
    largest = 0.0
    for spot in source:
        rest = np.hypot(*(source - spot).T) > radius
        again = transforms.fit(source[rest], target[rest], model=fitted.model, start=fitted.matrix)
        if again is None:
            return math.inf
        moved = np.hypot(*(transforms.apply(again.matrix, ring) - corners).T)
        largest = max(largest, float(np.nan_to_num(moved, nan=math.inf).max()))
    return largest


def hull_share(points: Float64, shape: tuple[int, ...]) -> float:
    """Return the area of the convex hull of points as a share of the picture."""
    if len(points) < 3:
        return 0.0
    hull = cv2.convexHull(points.astype(np.float32))
    return float(cv2.contourArea(hull)) / float(shape[0] * shape[1])


def odd_shape(matrix: Float64, shape: tuple[int, ...]) -> str | None:
    """Return why a transform cannot be that of an overhead view, or None."""
    ring = transforms.corners(shape)
    places = np.concatenate([ring, ring.mean(axis=0, keepdims=True)])
    if not np.isfinite(transforms.apply(matrix, places)).all():
        return "the best transform sends a corner beyond the horizon"
    slopes = transforms.jacobian(matrix, places)
    areas = np.linalg.det(slopes)
    if (areas <= 0).any():
        return "the best transform mirrors or collapses the picture"
    stretch = np.linalg.svd(slopes, compute_uv=False)
    if (stretch[:, 0] > LARGEST_STRETCH * stretch[:, 1]).any():
        return "the best transform squeezes the picture more than a view from above can"
    if areas.max() > LARGEST_FALL_OFF * areas.min():
        return "the best transform tilts the picture more than a view from above can"
    scale = math.sqrt(float(areas[-1]))
    if not SMALLEST_SCALE <= scale <= LARGEST_SCALE:
        return f"the best transform has a scale of {scale:.3g}; 0.1 to 10 is accepted"
    return None
