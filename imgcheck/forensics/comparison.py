"""What differs between a picture and an earlier copy of it, beyond what handling does?"""

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from imgcheck.errors import GridMismatchError, UsageError
from imgcheck.forensics import differences, implants, noise
from imgcheck.forensics.copies import Pair, checked_matrix, laid, relation_of, rgb
from imgcheck.forensics.differences import Difference
from imgcheck.forensics.prediction import LARGEST_SIDE, Prediction, predict
from imgcheck.imaging import annotations, warp

# Below this share of the picture a comparison answers for too little of it.
LEAST_SHARE = 0.05
# Around what was drawn, compression changes the ground too.
_RIM_PX = 10
# A picture this many times as large as the comparison is reduced at once: 50 Mpx of floats would
# fill the memory.
_FAR_LARGER = 2
_FILTER_EDGE_PX = 5
_LEAST_SIDE = 64
# No ground is even to a gray level over so many pixels each way.
_BLANK_LEVELS, _BLANK_WINDOW = 1.0, 17


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
    small, small_mask, from_picture = _reduced(picture, usable)
    before, before_mask, from_earlier = _reduced(earlier, known)
    if matrix is not None:
        matrix = from_earlier @ checked_matrix(matrix) @ np.linalg.inv(from_picture)
    pair = Pair(
        picture=small,
        earlier=before,
        usable=small_mask,
        known=before_mask,
        drawn=annotations.find(rgb(small)),
    )
    found = _compare(pair, matrix, false_alarm_rate)
    if small is picture and before is earlier:
        return found
    return _enlarged(found, from_picture, from_earlier, (picture.shape[0], picture.shape[1]))


def _compare(pair: Pair, matrix: ArrayLike | None, false_alarm_rate: float) -> Residual:
    picture = pair.picture
    to_earlier = laid(pair, matrix)
    if isinstance(to_earlier, str):
        return _refused(picture, to_earlier)
    shape = (picture.shape[0], picture.shape[1])
    covered = warp.coverage(pair.earlier.shape, to_earlier, shape, inverse=True, mask=pair.known)
    share = float((covered & pair.usable).mean())
    if share < LEAST_SHARE:
        return _refused(picture, f"the two share only {share:.0%} of the picture", to_earlier)
    found = _predicted(pair, to_earlier, pair.drawn)
    if found is None:
        return _refused(picture, "the two share too few pixels to match their tones", to_earlier)
    # What was altered must not bend the tones: without it, once more.
    apart = _first_look(pair, found, false_alarm_rate)
    if apart.any():
        found = _predicted(pair, found.matrix, pair.drawn | apart) or found
    return _compared(pair, found, false_alarm_rate)


def _predicted(
    pair: Pair, matrix: NDArray[np.float64], drawn: NDArray[np.bool_]
) -> Prediction | None:
    return predict(
        pair.picture,
        pair.earlier,
        matrix,
        picture_mask=pair.usable,
        earlier_mask=pair.known,
        drawn=drawn,
    )


def _first_look(pair: Pair, found: Prediction, false_alarm_rate: float) -> NDArray[np.bool_]:
    """Give the pixels of the picture that stand out at first sight."""
    inner, difference = _difference(found)
    covered = _covered(pair.drawn, found)
    null = noise.expectation(
        difference, found.predicted, found.known, found.finer, inner, drawn=covered, first=True
    )
    score = noise.scores(noise.energies(difference, inner.astype(np.float32)), null)
    limit = differences.threshold(false_alarm_rate)
    shape = (pair.picture.shape[0], pair.picture.shape[1])
    return np.asarray(_score_map(score, found, shape) > limit)


def _difference(found: Prediction) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
    """Give what is compared, and by how much the picture differs there."""
    size = 2 * _FILTER_EDGE_PX + 1
    inside = cv2.erode(
        found.usable.astype(np.uint8), np.ones((size, size), np.uint8), borderValue=(0.0,)
    )
    difference = np.where(found.usable, found.picture - found.predicted, np.float32(0))
    inner = (inside > 0) & ~_blank(found, difference)
    return np.asarray(inner), difference.astype(np.float32)


def _blank(found: Prediction, difference: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Find where both are empty alike: frames and nodata would pass for ground without noise."""
    window = np.ones((_BLANK_WINDOW, _BLANK_WINDOW), np.uint8)
    blank = np.abs(difference) < 2 * _BLANK_LEVELS
    for gray in (found.picture, found.predicted):
        blank &= cv2.dilate(gray, window) - cv2.erode(gray, window) <= _BLANK_LEVELS
    return np.asarray(cv2.morphologyEx(blank.astype(np.uint8), cv2.MORPH_OPEN, window) > 0)


def _compared(pair: Pair, found: Prediction, false_alarm_rate: float) -> Residual:
    inner, difference = _difference(found)
    covered = _covered(pair.drawn, found)
    threshold = differences.threshold(false_alarm_rate)
    observed = noise.energies(difference, inner.astype(np.float32))
    apart = covered
    for first in (True, False):
        null = noise.expectation(
            difference, found.predicted, found.known, found.finer, inner, drawn=apart, first=first
        )
        score = noise.scores(observed, null)
        apart = covered | differences.standing_out(score, threshold, covered.shape)
    regions = differences.find(
        score,
        difference,
        noise.level(null, difference.shape),
        found,
        picture=rgb(pair.picture),
        drawn=covered,
        threshold=threshold,
    )
    told = relation_of(pair, found.matrix, regions)
    if told not in ("same", "derived"):
        words = {
            "same-place": "it is another photograph of the same place, not a copy",
        }.get(told, "whether it is a copy or another photograph cannot be told")
        return _refused(pair.picture, words, found.matrix, told)
    powers = implants.powers(found, difference, inner, null, threshold)
    smallest = implants.smallest(powers)
    score_map = _score_map(score, found, (pair.picture.shape[0], pair.picture.shape[1]))
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


def _reduced(
    pixels: NDArray[np.uint8], mask: NDArray[np.bool_]
) -> tuple[NDArray[np.uint8], NDArray[np.bool_], NDArray[np.float64]]:
    """Reduce what is far larger than the comparison; give the transform to the reduced one."""
    shrink = _FAR_LARGER * LARGEST_SIDE / max(pixels.shape[:2])
    if shrink >= 1:
        return pixels, mask, np.eye(3)
    rows, cols = pixels.shape[:2]
    size = (max(1, round(cols * shrink)), max(1, round(rows * shrink)))
    small = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    share = cv2.resize(mask.astype(np.uint8) * np.uint8(255), size, interpolation=cv2.INTER_AREA)
    return small, np.asarray(share == 255), np.diag([size[0] / cols, size[1] / rows, 1.0])


def _enlarged(
    found: Residual,
    from_picture: NDArray[np.float64],
    from_earlier: NDArray[np.float64],
    shape: tuple[int, int],
) -> Residual:
    """Say the same in the pixels of the pictures as they were given."""
    grow = 1 / np.diag(from_picture)[:2]
    side = math.sqrt(float(np.prod(grow)))
    rows = np.minimum((np.arange(shape[0]) / grow[1]).astype(np.intp), found.score_map.shape[0] - 1)
    cols = np.minimum((np.arange(shape[1]) / grow[0]).astype(np.intp), found.score_map.shape[1] - 1)
    matrix = found.matrix
    return replace(
        found,
        score_map=found.score_map[rows[:, None], cols],
        matrix=None if matrix is None else np.linalg.inv(from_earlier) @ matrix @ from_picture,
        regions=tuple(r.enlarged(float(grow[0]), float(grow[1])) for r in found.regions),
        smallest_px=None if found.smallest_px is None else found.smallest_px * side,
        powers=tuple((size * side, hits, tried) for size, hits, tried in found.powers),
    )


def _refused(
    picture: NDArray[np.uint8],
    reason: str,
    matrix: NDArray[np.float64] | None = None,
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


def _covered(drawn: NDArray[np.bool_], found: Prediction) -> NDArray[np.bool_]:
    if drawn.shape != found.usable.shape:
        drawn = warp.resize(drawn.astype(np.float32), found.usable.shape) > 0.01
    size = 2 * _RIM_PX + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    return np.asarray(cv2.dilate(drawn.astype(np.uint8), kernel) > 0)


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
