"""Compare a picture with an earlier copy: what differs beyond the effects of saving it again?"""

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from imgcheck.errors import GridMismatchError, UsageError
from imgcheck.forensics import noise, regions
from imgcheck.forensics.prediction import LARGEST_SIDE, Prediction, predict
from imgcheck.forensics.regions import Difference, Powers
from imgcheck.imaging import annotations, moved, registration, relation, transforms, warp

# Below this share of the picture a comparison covers too little of it.
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
# A copy with a large alteration is classified again without the parts that differ, if they are few:
# at another time most of the ground differs.
_MOST_DIFFERING = 0.25


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NotCompared:
    """The reason why two pictures were not compared, in one phrase.

    ``relation`` is that of `imgcheck.imaging.relation` if the two were registered, ``matrix`` the
    transform from picture to earlier pixels.
    """

    reason: str
    relation: str | None = None
    matrix: NDArray[np.float64] | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Residual:
    """Where a picture differs from an earlier copy of it.

    Attributes
    ----------
    relation : {"same", "derived"}
    regions : tuple of Difference
        Highest score first.
    score_map : (M, N) float32
        Of the picture: how far the difference lies above what compression and editing of the whole
        picture explain, in robust sigmas of this pair; NaN where nothing was compared.
    threshold : float
        Score from which a region is reported.
    matrix : (3, 3) float64
        Picture pixels to earlier pixels, refined.
    compared_share : float
        Of the picture.
    certain : bool
        The regions are few and small, all else agrees as in a copy beyond doubt, and nothing moved
        from one of them to another, as between two frames of one camera.
    moved : bool
        Something in one of the regions lies elsewhere among them in the earlier copy.
    powers : tuple of (size_px, found, tried)
        Squares of the picture that were replaced by ground from elsewhere in it, and how many of
        them were found.
    """

    relation: str
    regions: tuple[Difference, ...]
    score_map: NDArray[np.float32]
    threshold: float
    matrix: NDArray[np.float64]
    compared_share: float
    certain: bool
    moved: bool
    powers: Powers

    @property
    def smallest_px(self) -> float | None:
        """Side of the smallest square that would have been found 9 times in 10."""
        return regions.smallest(self.powers)

    @property
    def smallest_reason(self) -> str | None:
        """The reason why ``smallest_px`` is None."""
        return None if self.smallest_px is not None else regions.missed(self.powers)


def residual(
    picture: NDArray[np.uint8],
    earlier: NDArray[np.uint8],
    *,
    matrix: ArrayLike | None = None,
    picture_mask: NDArray[np.bool_] | None = None,
    earlier_mask: NDArray[np.bool_] | None = None,
    false_alarm_rate: float = 0.01,
) -> Residual | NotCompared:
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
    Residual or NotCompared
        Not compared: nothing in common, too little overlap, or another photograph of the place
        instead of a copy.

    Raises
    ------
    GridMismatchError
        If a picture is neither gray nor RGB, or a mask has another shape.
    UsageError
        If the false-alarm rate is not between 0 and 1.

    Notes
    -----
    The earlier copy is registered to a fraction of a pixel and given the tones, sharpness and slow
    local contrast of the picture (`prediction`). The energy of what remains is compared, in bands
    of detail and windows of several sizes, with the energy that compression and a small
    misregistration should leave at each place, fitted to this pair (`noise`). The greatest score of
    a picture is compared with its measured distribution over unaltered pairs, so that the rate is
    per picture.

    Only luma is compared: a change of colour at equal brightness is missed. Slow changes of
    brightness (over some 60 pixels) are not reported. Which of the two pictures is the altered one
    is not known.

    References
    ----------
    .. [1] A. Desolneux, L. Moisan, J.-M. Morel, *From Gestalt Theory to Image Analysis*,
       Springer, 2008 (number of false alarms).
    .. [2] S. Coles, *An Introduction to Statistical Modeling of Extreme Values*, Springer,
       2001 (the greatest score of a picture).
    """
    if not 0 < false_alarm_rate < 1:
        raise UsageError(f"the false-alarm rate must be between 0 and 1, not {false_alarm_rate}")
    usable = _checked("picture", picture, picture_mask)
    known = _checked("earlier", earlier, earlier_mask)
    if min(*picture.shape[:2], *earlier.shape[:2]) < _LEAST_SIDE:
        return NotCompared(reason=f"a picture is smaller than {_LEAST_SIDE} pixels a side")
    small, small_mask, from_picture = _reduced(picture, usable)
    before, before_mask, from_earlier = _reduced(earlier, known)
    if matrix is not None:
        matrix = from_earlier @ _checked_matrix(matrix) @ np.linalg.inv(from_picture)
    pair = _Pair(
        picture=small,
        earlier=before,
        usable=small_mask,
        known=before_mask,
        drawn=annotations.find(_rgb(small)),
    )
    found = _compare(pair, matrix, false_alarm_rate)
    if small is picture and before is earlier:
        return found
    return _enlarged(found, from_picture, from_earlier, (picture.shape[0], picture.shape[1]))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Pair:
    """A picture and an earlier one, (M, N) or (M, N, 3) uint8.

    ``usable`` and ``known`` are their usable pixels; ``drawn`` are those of the picture that were
    drawn over.
    """

    picture: NDArray[np.uint8]
    earlier: NDArray[np.uint8]
    usable: NDArray[np.bool_]
    known: NDArray[np.bool_]
    drawn: NDArray[np.bool_]

    @property
    def shape(self) -> tuple[int, int]:
        return self.picture.shape[0], self.picture.shape[1]


def _compare(
    pair: _Pair, matrix: NDArray[np.float64] | None, false_alarm_rate: float
) -> Residual | NotCompared:
    to_earlier = _registered(pair) if matrix is None else _regular(matrix)
    if isinstance(to_earlier, NotCompared):
        return to_earlier
    covered = warp.coverage(
        pair.earlier.shape, to_earlier, pair.shape, inverse=True, mask=pair.known
    )
    share = float((covered & pair.usable).mean())
    if share < LEAST_SHARE:
        reason = f"the two share only {share:.0%} of the picture"
        return NotCompared(reason=reason, matrix=to_earlier)
    found = _predicted(pair, to_earlier, pair.drawn)
    if found is None:
        reason = "the two share too few pixels to match their tones"
        return NotCompared(reason=reason, matrix=to_earlier)
    # What was altered must not bend the tones: without it, once more.
    outlier = _first_look(pair, found, false_alarm_rate)
    if outlier.any():
        found = _predicted(pair, found.matrix, pair.drawn | outlier) or found
    return _compared(pair, found, false_alarm_rate)


def _predicted(
    pair: _Pair, matrix: NDArray[np.float64], drawn: NDArray[np.bool_]
) -> Prediction | None:
    return predict(
        pair.picture,
        pair.earlier,
        matrix,
        picture_mask=pair.usable,
        earlier_mask=pair.known,
        drawn=drawn,
    )


def _first_look(pair: _Pair, found: Prediction, false_alarm_rate: float) -> NDArray[np.bool_]:
    """Return the pixels of the picture that are outliers at first sight."""
    inner, difference = _difference(found)
    covered = _covered(pair.drawn, found)
    null = noise.expectation(
        difference, found.predicted, found.known, found.finer, inner, drawn=covered, first=True
    )
    score = noise.scores(noise.energies(difference, inner.astype(np.float32)), null)
    limit = regions.threshold(false_alarm_rate)
    return np.asarray(_score_map(score, found, pair.shape) > limit)


def _difference(found: Prediction) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
    """Return what is compared, and by how much the picture differs there."""
    size = 2 * _FILTER_EDGE_PX + 1
    inside = cv2.erode(
        found.usable.astype(np.uint8), np.ones((size, size), np.uint8), borderValue=(0.0,)
    )
    difference = np.where(found.usable, found.picture - found.predicted, np.float32(0))
    inner = (inside > 0) & ~_blank(found, difference)
    return np.asarray(inner), difference.astype(np.float32)


def _blank(found: Prediction, difference: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Detect where both are empty: frames and nodata would pass for ground without noise."""
    window = np.ones((_BLANK_WINDOW, _BLANK_WINDOW), np.uint8)
    blank = np.abs(difference) < 2 * _BLANK_LEVELS
    for gray in (found.picture, found.predicted):
        blank &= cv2.dilate(gray, window) - cv2.erode(gray, window) <= _BLANK_LEVELS
    return np.asarray(cv2.morphologyEx(blank.astype(np.uint8), cv2.MORPH_OPEN, window) > 0)


def _compared(pair: _Pair, found: Prediction, false_alarm_rate: float) -> Residual | NotCompared:
    inner, difference = _difference(found)
    covered = _covered(pair.drawn, found)
    threshold = regions.threshold(false_alarm_rate)
    observed = noise.energies(difference, inner.astype(np.float32))
    outlier = covered
    for first in (True, False):
        null = noise.expectation(
            difference, found.predicted, found.known, found.finer, inner, drawn=outlier, first=first
        )
        score = noise.scores(observed, null)
        outlier = covered | regions.outliers(score, threshold, covered.shape)
    differing = regions.find(
        score,
        difference,
        noise.level(null, difference.shape),
        found,
        picture=_rgb(pair.picture),
        drawn=covered,
        threshold=threshold,
    )
    kind, beyond_doubt = _relation(pair, found.matrix, differing)
    if kind not in ("same", "derived"):
        reason = (
            "it is another photograph of the same place, not a copy"
            if kind == "same-place"
            else "whether it is a copy or another photograph is not certain"
        )
        return NotCompared(reason=reason, relation=kind, matrix=found.matrix)
    score_map = _score_map(score, found, pair.shape)
    shifted = _moved(found, differing)
    return Residual(
        relation=kind,
        regions=differing,
        score_map=score_map,
        threshold=threshold,
        matrix=found.matrix,
        compared_share=float(np.isfinite(score_map).mean()),
        certain=beyond_doubt and not shifted,
        moved=shifted,
        powers=regions.powers(found, difference, inner, null, threshold),
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
            f"the mask of the {name} picture has the shape {mask.shape} and the picture "
            f"{pixels.shape[:2]}; they must be equal"
        )
    return np.asarray(mask, bool)


def _checked_matrix(matrix: ArrayLike) -> NDArray[np.float64]:
    given = np.asarray(matrix, np.float64)
    if given.shape != (3, 3) or not np.isfinite(given).all():
        raise UsageError("a transform is a 3 x 3 matrix of finite numbers")
    return given


def _regular(matrix: NDArray[np.float64]) -> NDArray[np.float64] | NotCompared:
    if abs(np.linalg.det(matrix[:2, :2])) < 1e-9:
        return NotCompared(reason="the given transform maps the picture onto a line or a point")
    return matrix


def _registered(pair: _Pair) -> NDArray[np.float64] | NotCompared:
    """Return the transform from picture to earlier pixels."""
    small, small_mask, from_picture = _working(pair.picture, pair.usable & ~pair.drawn)
    large, large_mask, from_earlier = _working(pair.earlier, pair.known)
    found = registration.register(
        small, large, picture_mask=small_mask, reference_mask=large_mask, try_mirrored=True
    )
    if isinstance(found, registration.NotRegistered):
        return NotCompared(reason=f"it could not be registered to the earlier copy: {found.reason}")
    return np.asarray(np.linalg.inv(from_earlier) @ found.matrix @ from_picture)


def _moved(found: Prediction, differing: tuple[Difference, ...]) -> bool:
    """Return whether something moved from one region that differs to another, or within one."""
    scale = np.tile(found.to_picture, 2)
    boxes = [
        (int(left), int(top), math.ceil(right), math.ceil(bottom))
        for left, top, right, bottom in (np.array(region.box) / scale for region in differing)
    ]
    return moved.anything(found.picture, found.predicted, boxes)


def _relation(
    pair: _Pair, to_earlier: NDArray[np.float64], differing: tuple[Difference, ...]
) -> tuple[str, bool]:
    """Classify the relation of the two; if unclear, again without the parts that differ.

    Also returns whether it is certain without them: they are few and small, and all else agrees.
    """
    gray, mask, from_picture = _working(pair.picture, pair.usable & ~pair.drawn)
    before, before_mask, from_earlier = _working(pair.earlier, pair.known)
    matrix = from_earlier @ to_earlier @ np.linalg.inv(from_picture)
    found = relation.classify(gray, before, matrix, picture_mask=mask, known_mask=before_mask)
    if found.kind == "same-place" or not differing:
        return found.kind, False
    without = np.zeros(gray.shape, np.uint8)
    for region in differing:
        outline = transforms.apply(from_picture, region.polygon)
        cv2.fillPoly(without, [np.round(outline).astype(np.int32)], 1)
    differs = np.asarray(cv2.dilate(without, np.ones((17, 17), np.uint8)) > 0)
    if differs.mean() > _MOST_DIFFERING:
        return found.kind, False
    again = relation.classify(
        gray, before, matrix, picture_mask=mask & ~differs, known_mask=before_mask
    )
    kind = "derived" if again.kind == "same" else again.kind
    certain = (
        kind == "derived"
        and again.agreement is not None
        and relation.is_copy_apart(again.agreement)
        and len(differing) <= relation.MOST_PLACES
        and differs.mean() <= relation.MOST_APART
    )
    # Some alterations in one picture look like what moved between two frames.
    return found.kind if found.kind in ("same", "derived") else kind, certain


def _rgb(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)


def _working(
    pixels: NDArray[np.uint8], mask: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.float64]]:
    """Return gray in [0, 1] of at most `LARGEST_SIDE`, its mask, and the transform to it."""
    weights = np.array([0.299, 0.587, 0.114], np.float32) / np.float32(255)
    gray = np.asarray(_rgb(pixels).astype(np.float32) @ weights, np.float32)
    shrink = LARGEST_SIDE / max(gray.shape)
    if shrink >= 1:
        return gray, mask, np.eye(3)
    shape = (max(1, round(gray.shape[0] * shrink)), max(1, round(gray.shape[1] * shrink)))
    scale = np.diag([shape[1] / gray.shape[1], shape[0] / gray.shape[0], 1.0])
    fine = warp.resize(mask.astype(np.float32), shape) > 0.99
    return warp.resize(gray, shape), fine, scale


def _reduced(
    pixels: NDArray[np.uint8], mask: NDArray[np.bool_]
) -> tuple[NDArray[np.uint8], NDArray[np.bool_], NDArray[np.float64]]:
    """Reduce what is far larger than the comparison; return the transform to it too."""
    shrink = _FAR_LARGER * LARGEST_SIDE / max(pixels.shape[:2])
    if shrink >= 1:
        return pixels, mask, np.eye(3)
    rows, cols = pixels.shape[:2]
    size = (max(1, round(cols * shrink)), max(1, round(rows * shrink)))
    small = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    share = cv2.resize(mask.astype(np.uint8) * np.uint8(255), size, interpolation=cv2.INTER_AREA)
    return small, np.asarray(share == 255), np.diag([size[0] / cols, size[1] / rows, 1.0])


def _enlarged(
    found: Residual | NotCompared,
    from_picture: NDArray[np.float64],
    from_earlier: NDArray[np.float64],
    shape: tuple[int, int],
) -> Residual | NotCompared:
    """Convert a result to the pixels of the pictures as they were given."""
    if found.matrix is None:
        return found
    matrix = np.linalg.inv(from_earlier) @ found.matrix @ from_picture
    if isinstance(found, NotCompared):
        return replace(found, matrix=matrix)
    grow = 1 / np.diag(from_picture)[:2]
    side = math.sqrt(float(np.prod(grow)))
    rows = np.minimum((np.arange(shape[0]) / grow[1]).astype(np.intp), found.score_map.shape[0] - 1)
    cols = np.minimum((np.arange(shape[1]) / grow[0]).astype(np.intp), found.score_map.shape[1] - 1)
    return replace(
        found,
        score_map=found.score_map[rows[:, None], cols],
        matrix=matrix,
        regions=tuple(r.enlarged(float(grow[0]), float(grow[1])) for r in found.regions),
        powers=tuple((size * side, hits, tried) for size, hits, tried in found.powers),
    )


def _covered(drawn: NDArray[np.bool_], found: Prediction) -> NDArray[np.bool_]:
    """Return the drawn parts on the grid of a prediction, with a rim."""
    if drawn.shape != found.usable.shape:
        drawn = warp.resize(drawn.astype(np.float32), found.usable.shape) > 0.01
    size = 2 * _RIM_PX + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    return np.asarray(cv2.dilate(drawn.astype(np.uint8), kernel) > 0)


def _score_map(
    score: NDArray[np.float32], found: Prediction, shape: tuple[int, int]
) -> NDArray[np.float32]:
    """Resample the scores of cells to the picture's own pixels."""
    grid_rows, grid_cols = found.usable.shape
    fine = noise.by_pixels(score, found.usable.shape, np.float32(np.nan))
    fine[~found.usable] = np.nan
    rows = ((np.arange(shape[0]) + 0.5) / found.to_picture[1]).astype(np.intp)
    cols = ((np.arange(shape[1]) + 0.5) / found.to_picture[0]).astype(np.intp)
    return fine[np.minimum(rows, grid_rows - 1)[:, None], np.minimum(cols, grid_cols - 1)]
