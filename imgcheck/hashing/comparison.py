"""What differs between a picture and an earlier copy of it, beyond what handling does?"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from imgcheck.errors import GridMismatchError, UsageError
from imgcheck.hashing import differences, implants, noise
from imgcheck.hashing.differences import Difference
from imgcheck.hashing.prediction import LARGEST_SIDE, Prediction, predict
from imgcheck.imaging import annotations, registration, relation, transforms, warp

# Below this share of the picture a comparison answers for too little of it.
LEAST_SHARE = 0.05
# Around what was drawn, compression changes the ground too.
_RIM_PX = 10
# A copy with a large alteration is asked again without the parts that differ, if they are few:
# at another time most of the ground differs.
_MOST_DIFFERING = 0.12
_FILTER_EDGE_PX = 5
_LEAST_SIDE = 64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Residual:
    """Where a picture differs from an earlier copy of it.

    Attributes
    ----------
    compared : bool
    reason : str or None
        Why not, in one phrase; None if compared.
    relation : str or None
        What `imgcheck.imaging.relation` calls the pair; None if it was not laid.
    regions : tuple of Difference
        Surest first.
    score_map : (M, N) float32
        Of the picture: how far the difference lies above what compression and handling
        explain, in robust sigmas of this pair; NaN where nothing was compared.
    threshold : float
        Score from which a region is reported.
    matrix : (3, 3) float64 or None
        Picture pixels to earlier pixels, refined.
    compared_share : float
        Of the picture.
    smallest_px : float or None
        Side, in picture pixels, of the smallest square that would have been found 9 times in
        10 had it been replaced by ground from elsewhere in the picture.
    smallest_reason : str or None
        Why ``smallest_px`` is None.
    powers : tuple of (size_px, found, tried)
        Behind ``smallest_px``.
    """

    compared: bool
    reason: str | None = None
    relation: str | None = None
    regions: tuple[Difference, ...] = ()
    score_map: NDArray[np.float32]
    threshold: float = math.inf
    matrix: NDArray[np.float64] | None = None
    compared_share: float = 0.0
    smallest_px: float | None = None
    smallest_reason: str | None = None
    powers: tuple[tuple[float, int, int], ...] = ()


def residual(
    picture: NDArray[np.uint8],
    earlier: NDArray[np.uint8],
    *,
    matrix: ArrayLike | None = None,
    picture_mask: NDArray[np.bool_] | None = None,
    earlier_mask: NDArray[np.bool_] | None = None,
    false_alarm_rate: float = 0.01,
) -> Residual:
    """Compare a picture with an earlier copy of it.

    Parameters
    ----------
    picture, earlier : (M, N) or (M, N, 3) uint8
        Sizes may differ; the comparison is made at the coarser of the two scales, on at most
        1600 pixels a side.
    matrix : (3, 3), optional
        Picture pixels to earlier pixels, right to about two pixels; found by registration if
        not given.
    picture_mask, earlier_mask : bool, optional
        True = usable, of the shape of each.
    false_alarm_rate : float, default 0.01
        Share of unaltered pictures in which anything at all may be reported.

    Returns
    -------
    Residual
        Without a comparison, ``reason`` says why: nothing in common, too little overlap, or
        another photograph of the place instead of a copy.

    Raises
    ------
    GridMismatchError
        If a picture is neither gray nor RGB, or a mask has another shape.
    UsageError
        If the false-alarm rate is not between 0 and 1.

    Notes
    -----
    The earlier copy is laid on the picture to a fraction of a pixel and given its tones,
    sharpness and slow local contrast (`prediction`). The energy of what remains is compared,
    in bands of detail and windows of several sizes, with the energy that compression and a
    hair of misregistration should leave at each place, fitted to this pair (`noise`). The
    greatest score of a picture is held against its measured distribution over unaltered
    pairs, so that the rate is per picture.

    It sees luma only: a change of colour at equal brightness is missed. Slow changes of
    brightness (over some 60 pixels) count as handling. Which of the two pictures is the
    altered one it cannot know.

    References
    ----------
    .. [1] A. Desolneux, L. Moisan, J.-M. Morel, *From Gestalt Theory to Image Analysis*,
       Springer, 2008 (number of false alarms).
    .. [2] S. Coles, *An Introduction to Statistical Modeling of Extreme Values*, Springer,
       2001 (the greatest score of a picture).
    """
    if not 0 < false_alarm_rate < 1:
        raise UsageError(f"a false-alarm rate lies between 0 and 1, not {false_alarm_rate}")
    usable = _checked("picture", picture, picture_mask)
    known = _checked("earlier", earlier, earlier_mask)
    if min(*picture.shape[:2], *earlier.shape[:2]) < _LEAST_SIDE:
        return _refused(picture, f"a picture is smaller than {_LEAST_SIDE} pixels a side")
    drawn = annotations.find(_rgb(picture)).mask
    laid = _laid(picture, earlier, matrix, usable & ~drawn, known)
    if isinstance(laid, str):
        return _refused(picture, laid)
    share = float(
        (
            warp.coverage(
                earlier.shape, laid, (picture.shape[0], picture.shape[1]), inverse=True, mask=known
            )
            & usable
        ).mean()
    )
    if share < LEAST_SHARE:
        return _refused(picture, f"the two share only {share:.0%} of the picture", laid, share)
    found = predict(picture, earlier, laid, picture_mask=usable, earlier_mask=known, drawn=drawn)
    if found is None:
        return _refused(picture, "the two share too few pixels to match their tones", laid, share)
    return _compared(picture, earlier, found, usable, known, drawn, share, false_alarm_rate)


def _compared(
    picture: NDArray[np.uint8],
    earlier: NDArray[np.uint8],
    found: Prediction,
    usable: NDArray[np.bool_],
    known: NDArray[np.bool_],
    drawn: NDArray[np.bool_],
    share: float,
    false_alarm_rate: float,
) -> Residual:
    size = 2 * _FILTER_EDGE_PX + 1
    inside = cv2.erode(
        found.usable.astype(np.uint8), np.ones((size, size), np.uint8), borderValue=(0.0,)
    )
    inner = np.asarray(inside > 0)
    difference = np.where(found.usable, found.picture - found.predicted, np.float32(0))
    difference = difference.astype(np.float32)
    covered = _covered(drawn, found)
    threshold = differences.threshold(false_alarm_rate)
    observed = noise.energies(difference, inner.astype(np.float32))
    apart = covered
    for first in (True, False):
        null = noise.expectation(difference, found.predicted, inner, drawn=apart, first=first)
        score = noise.scores(observed, null)
        apart = covered | differences.standing_out(score, threshold, covered.shape)
    regions = differences.find(
        score,
        difference,
        noise.level(null, difference.shape),
        found,
        picture=_rgb(picture),
        drawn=covered,
        threshold=threshold,
    )
    told = _relation(picture, earlier, found, usable, known, drawn, regions)
    if told not in ("same", "derived"):
        words = {
            "same-place": "it is another photograph of the same place, not a copy",
        }.get(told, "whether it is a copy or another photograph cannot be told")
        return _refused(picture, words, found.matrix, share, told)
    powers = implants.powers(found, difference, inner, null, threshold)
    smallest = implants.smallest(powers)
    score_map = _score_map(score, found, (picture.shape[0], picture.shape[1]))
    return Residual(
        compared=True,
        relation=told,
        regions=regions,
        score_map=score_map,
        threshold=threshold,
        matrix=found.matrix,
        compared_share=float(np.isfinite(score_map).mean()),
        smallest_px=smallest,
        smallest_reason=None if smallest is not None else implants.reason(powers),
        powers=powers,
    )


def _checked(
    name: str, pixels: NDArray[np.uint8], mask: NDArray[np.bool_] | None
) -> NDArray[np.bool_]:
    if pixels.dtype != np.uint8 or not (
        pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] == 3)
    ):
        raise GridMismatchError(
            f"the {name} picture is {pixels.dtype} {pixels.shape}; give uint8 (M, N) or (M, N, 3)"
        )
    if mask is None:
        return np.ones(pixels.shape[:2], bool)
    if mask.shape != pixels.shape[:2]:
        raise GridMismatchError(
            f"the mask of the {name} picture is {mask.shape}, the picture {pixels.shape[:2]}"
        )
    return np.asarray(mask, bool)


def _rgb(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)


def _gray(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    weights = np.array([0.299, 0.587, 0.114], np.float32) / np.float32(255)
    return np.asarray(_rgb(pixels).astype(np.float32) @ weights, np.float32)


def _refused(
    picture: NDArray[np.uint8],
    reason: str,
    matrix: NDArray[np.float64] | None = None,
    share: float = 0.0,
    told: str | None = None,
) -> Residual:
    return Residual(
        compared=False,
        reason=reason,
        relation=told,
        score_map=np.full(picture.shape[:2], np.nan, np.float32),
        matrix=matrix,
        compared_share=0.0,
        smallest_reason=reason,
    )


def _laid(
    picture: NDArray[np.uint8],
    earlier: NDArray[np.uint8],
    matrix: ArrayLike | None,
    usable: NDArray[np.bool_],
    known: NDArray[np.bool_],
) -> NDArray[np.float64] | str:
    """Give the transform, or why there is none."""
    if matrix is not None:
        given = np.asarray(matrix, np.float64)
        if given.shape != (3, 3) or not np.isfinite(given).all():
            raise UsageError("a transform is a 3 x 3 matrix of finite numbers")
        if abs(np.linalg.det(given[:2, :2])) < 1e-9:
            return "the given transform maps the picture onto a line or a point"
        return given
    small, small_mask, from_picture = _working(_gray(picture), usable)
    large, large_mask, from_earlier = _working(_gray(earlier), known)
    found = registration.register(
        small, large, picture_mask=small_mask, reference_mask=large_mask, try_mirrored=True
    )
    if not found.found or found.matrix is None:
        return f"it could not be laid on the earlier copy: {found.reason}"
    return np.asarray(np.linalg.inv(from_earlier) @ found.matrix @ from_picture)


def _working(
    gray: NDArray[np.float32], mask: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.float64]]:
    """Reduce a large picture; give the transform to the reduced one too."""
    shrink = LARGEST_SIDE / max(gray.shape)
    if shrink >= 1:
        return gray, mask, np.eye(3)
    shape = (max(1, round(gray.shape[0] * shrink)), max(1, round(gray.shape[1] * shrink)))
    scale = np.diag([shape[1] / gray.shape[1], shape[0] / gray.shape[0], 1.0])
    fine = warp.resize(mask.astype(np.float32), shape) > 0.99
    return warp.resize(gray, shape), fine, scale


def _covered(drawn: NDArray[np.bool_], found: Prediction) -> NDArray[np.bool_]:
    if drawn.shape != found.usable.shape:
        drawn = warp.resize(drawn.astype(np.float32), found.usable.shape) > 0.01
    size = 2 * _RIM_PX + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    return np.asarray(cv2.dilate(drawn.astype(np.uint8), kernel) > 0)


def _relation(
    picture: NDArray[np.uint8],
    earlier: NDArray[np.uint8],
    found: Prediction,
    usable: NDArray[np.bool_],
    known: NDArray[np.bool_],
    drawn: NDArray[np.bool_],
    regions: tuple[Difference, ...],
) -> str:
    """Ask whether it is a copy at all; if unclear, again without the parts that differ."""
    gray, mask, from_picture = _working(_gray(picture), usable & ~drawn)
    before, before_mask, from_earlier = _working(_gray(earlier), known)
    matrix = from_earlier @ found.matrix @ np.linalg.inv(from_picture)
    told = relation.classify(gray, before, matrix, picture_mask=mask, known_mask=before_mask)
    if told.kind != "undetermined" or not regions:
        return told.kind
    without = np.zeros(gray.shape, np.uint8)
    for region in regions:
        outline = transforms.apply(from_picture, region.polygon)
        cv2.fillPoly(without, [np.round(outline).astype(np.int32)], 1)
    differs = np.asarray(cv2.dilate(without, np.ones((17, 17), np.uint8)) > 0)
    if differs.mean() > _MOST_DIFFERING:
        return told.kind
    again = relation.classify(
        gray, before, matrix, picture_mask=mask & ~differs, known_mask=before_mask
    )
    return "derived" if again.kind == "same" else again.kind


def _score_map(
    score: NDArray[np.float32], found: Prediction, shape: tuple[int, int]
) -> NDArray[np.float32]:
    """Give the scores of cells to the picture's own pixels."""
    grid_rows, grid_cols = found.usable.shape
    fine = np.full((grid_rows, grid_cols), np.nan, np.float32)
    large = np.repeat(np.repeat(score, noise.CELL, axis=0), noise.CELL, axis=1)
    fine[: large.shape[0], : large.shape[1]] = large
    fine[~found.usable] = np.nan
    rows = ((np.arange(shape[0]) + 0.5) / found.to_picture[1]).astype(np.intp)
    cols = ((np.arange(shape[1]) + 0.5) / found.to_picture[0]).astype(np.intp)
    return fine[np.minimum(rows, grid_rows - 1)[:, None], np.minimum(cols, grid_cols - 1)]
