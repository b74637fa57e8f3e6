"""Find the transform that lays one picture on another, and say how far it can be trusted."""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from imgcheck.imaging import features, transforms
from imgcheck.imaging.acceptance import ACCEPT_LOG10_NFA, refusal
from imgcheck.imaging.consensus import Agreement, Pairs, grow, is_needed, proposals
from imgcheck.imaging.features import Features
from imgcheck.imaging.transforms import Fit

__all__ = [
    "ACCEPT_LOG10_NFA",
    "Registration",
    "align",
    "error_law",
    "in_larger",
    "nothing",
    "of_mirror_image",
    "place_covariance",
    "reference_limit",
    "register",
]

MODELS = ("similarity", "affine", "homography")
# The pairs of a fit were chosen because they agree, and share errors of the ground: between
# dates the centre's true error is this much larger in variance than their scatter says, and
# never below this many pixels (benchmarks: geo_place, dates, seeds 20170924 to 20170926).
OPTIMISM, SHARED_SIGMA_PX = 2.5, 0.12
# Where more of the pairs that look alike agree (0.18 to 0.88 within one acquisition, 0.03 to 0.23
# between dates of farmland), their scatter tells nearly all: from the larger of these shares on the
# error is only this much larger in variance; between the shares the two laws blend (benchmarks:
# fast_path, west). The floor is what all pairs have in common when the sun stands elsewhere: light
# on relief, and shadows, pull them the same way (benchmarks: ellipse, even seeds).
DATES_SHARE, SAME_SHARE = 0.25, 0.4
SAME_OPTIMISM, SAME_SIGMA_PX = 1.25, 0.05
_PICTURE_LIMIT = 2500
_FEATURES_PER_MEGAPIXEL = 12_000
_REFERENCE_LIMIT = 24_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Registration:
    """How a picture lies on a reference, or why that is not known.

    Attributes
    ----------
    found : bool
    reason : str or None
        Why not, in one phrase; None if found.
    matrix : (3, 3) float64 or None
        Picture pixels to reference pixels, corner convention. With ``mirrored`` the mirroring
        is part of it.
    model : str or None
        ``similarity``, ``affine`` or ``homography``.
    mirrored : bool
    inliers, distinct : int
        Agreeing pairs; and their number where pairs of one spot count once.
    matches : int
        Pairs that looked alike before geometry was asked.
    picture_points, reference_points : (K, 2) float64
        The agreeing pairs.
    rms_px : float or None
        Of their residuals, reference pixels.
    log10_nfa : float or None
        log10 of the number of false alarms of the best transform, found or not; None without
        any. Below 0 chance is unlikely; `ACCEPT_LOG10_NFA` is the measured bound.
    sigma_px, corner_sigma_px : float or None
        One-sigma position error (larger axis) at the picture's centre and at its worst corner,
        reference pixels, from the scatter of the pairs.
    shared_sigma_px : float
        Part of the error that all pairs have in common, and that their scatter does not show.
    fit : Fit or None
        The least-squares fit behind ``matrix`` (of the mirrored picture if ``mirrored``), for
        `place_covariance`.
    picture_shape : (rows, cols)
    """

    found: bool
    reason: str | None = None
    matrix: NDArray[np.float64] | None = None
    model: str | None = None
    mirrored: bool = False
    inliers: int = 0
    distinct: int = 0
    matches: int = 0
    picture_points: NDArray[np.float64]
    reference_points: NDArray[np.float64]
    rms_px: float | None = None
    log10_nfa: float | None = None
    sigma_px: float | None = None
    corner_sigma_px: float | None = None
    shared_sigma_px: float = SHARED_SIGMA_PX
    fit: Fit | None = None
    picture_shape: tuple[int, int]


def place_covariance(found: Registration, points: ArrayLike) -> NDArray[np.float64]:
    """Give the 2 x 2 covariance of where picture points fall, (N, 2, 2), reference px squared.

    From the scatter of the pairs, enlarged to what was measured between dates.
    """
    if found.fit is None:
        raise ValueError("there is no covariance without a fit; ask `found` first")
    at = np.array(points, np.float64).reshape(-1, 2)
    if found.mirrored:
        at[:, 0] = found.picture_shape[1] - at[:, 0]
    return transforms.place_covariance(found.fit, at) + found.shared_sigma_px**2 * np.eye(2)


def in_larger(found: Registration, to_larger: ArrayLike) -> Registration:
    """Say the same for a larger or finer reference.

    Parameters
    ----------
    found : Registration
        On a cut or reduced reference.
    to_larger : (3, 3)
        Its pixels to those of the larger one: shift and scale only.
    """
    move = np.asarray(to_larger, np.float64)
    grow = math.sqrt(abs(float(np.linalg.det(move[:2, :2]))))
    fit = found.fit
    if fit is not None:
        fit = replace(
            fit, matrix=move @ fit.matrix, residuals=fit.residuals * grow, sigma=fit.sigma * grow
        )

    def grown(value: float | None) -> float | None:
        return None if value is None else value * grow

    return replace(
        found,
        matrix=None if found.matrix is None else move @ found.matrix,
        reference_points=transforms.apply(move, found.reference_points),
        rms_px=grown(found.rms_px),
        sigma_px=grown(found.sigma_px),
        corner_sigma_px=grown(found.corner_sigma_px),
        shared_sigma_px=found.shared_sigma_px * grow,
        fit=fit,
    )


def of_mirror_image(found: Registration) -> Registration:
    """Turn the registration of a picture's mirror image into one of the picture itself."""
    flip = np.array([[-1.0, 0, found.picture_shape[1]], [0, 1, 0], [0, 0, 1]])
    return replace(
        found,
        matrix=None if found.matrix is None else found.matrix @ flip,
        mirrored=not found.mirrored,
        picture_points=transforms.apply(flip, found.picture_points),
    )


def reference_limit(shape: tuple[int, ...]) -> int:
    """Give the number of features to keep on a reference of (rows, cols)."""
    wanted = int(shape[0] * shape[1] / 1e6 * _FEATURES_PER_MEGAPIXEL)
    return max(_PICTURE_LIMIT, min(_REFERENCE_LIMIT, wanted))


def register(
    picture: NDArray[np.float32],
    reference: NDArray[np.float32],
    *,
    picture_mask: NDArray[np.bool_] | None = None,
    reference_mask: NDArray[np.bool_] | None = None,
    try_mirrored: bool = False,
    max_model: str = "homography",
    seed: int = 20170924,
) -> Registration:
    """Lay a picture on a reference by its local features.

    Parameters
    ----------
    picture, reference : (M, N) float32 in [0, 1]
        Gray. The reference may be the larger one by far; any rotation, scale 0.1 to 10.
    picture_mask, reference_mask : bool, optional
        True = usable (not text, not nodata).
    try_mirrored : bool, default False
        Also try the left-right mirrored picture, and keep what fits better.
    max_model : {"similarity", "affine", "homography"}
        The widest model to consider; a wider one is taken only where the data ask for it.
    seed : int
        Accepted for callers that pass one; nothing here is random.

    Returns
    -------
    Registration

    Notes
    -----
    Feature pairs vote for similarities by position, size and direction; the best are judged by
    their number of false alarms, grown to affine and homography, and refined by least squares.
    Another date of the same ground seldom registers: its features differ.

    References
    ----------
    .. [1] L. Moisan and B. Stival, IJCV 57, 2004 (number of false alarms).
    .. [2] D. G. Lowe, IJCV 60, 2004 (features, votes).
    """
    query = features.detect(picture, mask=picture_mask, limit=_PICTURE_LIMIT)
    known = features.detect(reference, mask=reference_mask, limit=reference_limit(reference.shape))
    return align(
        query,
        known,
        query_shape=picture.shape,
        known_shape=reference.shape,
        try_mirrored=try_mirrored,
        max_model=max_model,
        seed=seed,
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
    seed: int = 20170924,
) -> Registration:
    """Lay a picture on another by features computed before; see `register`.

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
    plain = _align(query, known, query_shape, known_shape, max_model, ratio, mirrored=False)
    if not try_mirrored:
        return plain
    turned = features.flipped(query, width=query_shape[1])
    other = _align(turned, known, query_shape, known_shape, max_model, ratio, mirrored=True)
    # Symmetric ground gives the wrong handedness a few agreeing pairs too: compare, never
    # take the first that passes.
    return other if _rank(other) < _rank(plain) else plain


def _rank(r: Registration) -> tuple[bool, float]:
    return (not r.found, math.inf if r.log10_nfa is None else r.log10_nfa)


def _align(
    query: Features,
    known: Features,
    query_shape: tuple[int, ...],
    known_shape: tuple[int, ...],
    max_model: str,
    ratio: float,
    *,
    mirrored: bool,
) -> Registration:
    matched = features.match(query, known, ratio=ratio)
    pairs = Pairs.of(query, known, matched)
    if len(pairs) < 5:
        return nothing(
            f"only {len(pairs)} details of the picture look like the reference",
            query_shape,
            matches=len(pairs),
        )
    best: tuple[Agreement, Fit] | None = None
    for start in proposals(pairs, query_shape):
        grown = grow(start, "similarity", pairs, query_shape, known_shape)
        if grown and (best is None or grown[0].log10_nfa < best[0].log10_nfa):
            best = grown
    if best is None:
        return nothing(
            "no arrangement of similar details fits a common transform",
            query_shape,
            matches=len(pairs),
        )
    for model in MODELS[1 : MODELS.index(max_model) + 1]:
        wider = grow(best[1].matrix, model, pairs, query_shape, known_shape)
        if wider and is_needed(wider, best, pairs):
            best = wider
    return _judge(best, pairs, query_shape, mirrored=mirrored)


def nothing(reason: str, query_shape: tuple[int, ...], *, matches: int = 0) -> Registration:
    """Say why there is none."""
    none = np.zeros((0, 2))
    return Registration(
        found=False,
        reason=reason,
        matches=matches,
        picture_points=none,
        reference_points=none,
        picture_shape=(query_shape[0], query_shape[1]),
    )


def _judge(
    best: tuple[Agreement, Fit], pairs: Pairs, query_shape: tuple[int, ...], *, mirrored: bool
) -> Registration:
    found, fitted = best
    source = pairs.query_points[found.inside]
    target = pairs.known_points[found.inside]
    # Pairs of one spot share their error: the scatter of `distinct` places carries the fit.
    spots = int(found.inside.sum()) / max(1, found.distinct)
    # What is accepted is judged as if it were of another date.
    wide = _sigmas(_enlarged(fitted, OPTIMISM * spots), query_shape, SHARED_SIGMA_PX)
    reason = refusal(found, fitted, source, target, query_shape, max(wide[1:]))
    optimism, shared = error_law(int(found.inside.sum()) / len(pairs))
    fitted = _enlarged(fitted, optimism * spots)
    spread = _sigmas(fitted, query_shape, shared)
    matrix = fitted.matrix
    if mirrored:
        flip = np.array([[-1.0, 0, query_shape[1]], [0, 1, 0], [0, 0, 1]])
        matrix = matrix @ flip
        source = transforms.apply(flip, source)
    gaps = fitted.residuals
    return Registration(
        found=reason is None,
        reason=reason,
        matrix=matrix if reason is None else None,
        model=fitted.model if reason is None else None,
        mirrored=mirrored,
        inliers=int(found.inside.sum()),
        distinct=found.distinct,
        matches=len(pairs),
        picture_points=source,
        reference_points=target,
        rms_px=float(np.sqrt((gaps**2).mean())),
        log10_nfa=found.log10_nfa,
        sigma_px=spread[0],
        corner_sigma_px=max(spread[1:]),
        shared_sigma_px=shared,
        fit=fitted,
        picture_shape=(query_shape[0], query_shape[1]),
    )


def error_law(share: float) -> tuple[float, float]:
    """Give how much the error exceeds the scatter of the pairs.

    Parameters
    ----------
    share : float
        Of the pairs that look alike, those that agree with the transform.

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


def _sigmas(fitted: Fit, query_shape: tuple[int, ...], shared: float) -> list[float]:
    """Give the larger one-sigma errors of the centre and the corners."""
    ring = transforms.corners(query_shape)
    spots = np.concatenate([ring.mean(axis=0, keepdims=True), ring])
    return [
        math.sqrt(float(np.linalg.eigvalsh(c)[-1]) + shared**2)
        for c in transforms.place_covariance(fitted, spots)
    ]
