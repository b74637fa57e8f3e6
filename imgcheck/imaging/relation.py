"""Is a picture a copy of a known picture, or the same ground taken at another time?

Both lie on each other well, so geometry does not tell them apart. Detail does: in a copy every
textured block is the known block plus the noise of compression, however the copy was cut, turned,
scaled or toned; at another time other shadows, crops and vehicles are there, and few blocks agree.
"""

import math
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from imgcheck.errors import GridMismatchError
from imgcheck.imaging import transforms, warp

Kind = Literal["same", "derived", "same-place", "undetermined"]

# Details of 2 to 10 pixels: finer ones die in compression, coarser ones outlast the seasons.
_BAND = (1.0, 3.0)
BLOCK_PX = 16
# What registration may be off by within a block.
_SEARCH_PX = 3
# Two gray levels of contrast in the band: below, compression noise is as strong.
_TEXTURE = 0.008
# Strokes and letters have several times the contrast that tone gives the rest.
_DRAWN_CONTRAST = 2.0
_LEVELS = 3
# Fewer blocks than this say nothing.
LEAST_BLOCKS = 12
_ENOUGH_BLOCKS = 30
# benchmarks: geo_place, relation, dates of even position.
AGREES = 0.9
DERIVED_SHARE = 0.5
PLACE_MEDIAN = 0.8
PLACE_SHARE = 0.3
# "Same": laid on itself to this many pixels, differing by this much gray in the mean.
_SAME_SHIFT_PX = 0.75
_SAME_DIFFERENCE = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """What a picture is to the known picture it lies on.

    Attributes
    ----------
    kind : {"same", "derived", "same-place", "undetermined"}
        ``same``: the whole picture at the same size, at most compressed again. ``derived``: a
        copy that was cut, turned, mirrored, scaled, toned or drawn on. ``same-place``: the same
        ground taken at another time. ``undetermined``: the measures allow no word.
    reason : str
        What decided, in one phrase.
    blocks : int
        Blocks with texture in both that were compared.
    median : float or None
        Of the blocks' correlations, -1 to 1.
    share : float or None
        Of blocks whose correlation is at least 0.9.
    level : int
        0: compared at full detail; each level above halves it.
    inverted : bool
        The picture is a negative.
    """

    kind: Kind
    reason: str
    blocks: int = 0
    median: float | None = None
    share: float | None = None
    level: int = 0
    inverted: bool = False


def classify(
    picture_gray: NDArray[np.float32],
    known_gray: NDArray[np.float32],
    matrix: ArrayLike,
    *,
    picture_mask: NDArray[np.bool_] | None = None,
    known_mask: NDArray[np.bool_] | None = None,
) -> Relation:
    """Decide between a copy and another take of the same ground.

    Parameters
    ----------
    picture_gray, known_gray : (M, N) float32 in [0, 1]
        NaN is nodata.
    matrix : (3, 3)
        Picture pixels to known pixels, right to about two pixels.
    picture_mask, known_mask : bool, optional
        True = usable.

    Returns
    -------
    Relation

    Notes
    -----
    Frames of one camera, seconds apart, share light, shadows and ground: they look like copies
    and are called ``derived`` or ``undetermined``. A false-colour palette that is not monotonic
    destroys the correlation: such a copy may be called ``same-place``. Measured error rates are
    in the benchmarks.
    """
    for name, gray, mask in (
        ("picture", picture_gray, picture_mask),
        ("known", known_gray, known_mask),
    ):
        if gray.ndim != 2 or (mask is not None and mask.shape != gray.shape):
            raise GridMismatchError(f"the {name} picture is {gray.shape}, which is not one gray grid")
    picture = _masked(picture_gray, picture_mask)
    laid, drawn = _on_one_grid(picture, _masked(known_gray, known_mask), matrix)
    correlations, level = _best_level(laid, drawn)
    count = len(correlations)
    if count < LEAST_BLOCKS:
        return Relation(
            kind="undetermined",
            reason=f"only {count} blocks have texture in both pictures",
            blocks=count,
            level=level,
        )
    inverted = bool(np.median(correlations[:, 0]) < -np.median(correlations[:, 1]))
    values = -correlations[:, 0] if inverted else correlations[:, 1]
    median, share = float(np.median(values)), float((values >= AGREES).mean())
    kind, reason = _decide(median, share)
    if kind == "derived" and not inverted and _is_same(picture_gray, known_gray, matrix, drawn):
        kind, reason = "same", "the pictures agree pixel by pixel at the same size"
    return Relation(
        kind=kind,
        reason=reason,
        blocks=count,
        median=median,
        share=share,
        level=level,
        inverted=inverted,
    )


def _decide(median: float, share: float) -> tuple[Kind, str]:
    words = f"{share:.0%} of the textured blocks agree to {AGREES}, median {median:.2f}"
    if share >= DERIVED_SHARE:
        return "derived", words
    if median <= PLACE_MEDIAN and share <= PLACE_SHARE:
        return "same-place", words
    return "undetermined", words


def _masked(gray: NDArray[np.float32], mask: NDArray[np.bool_] | None) -> NDArray[np.float32]:
    if mask is None:
        return np.asarray(gray, np.float32)
    return np.where(mask, gray, np.float32(np.nan)).astype(np.float32)


def _on_one_grid(
    picture: NDArray[np.float32], known: NDArray[np.float32], matrix: ArrayLike
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Bring both to the coarser of the two scales, on the picture's axes."""
    h = np.asarray(matrix, np.float64)
    scale = transforms.scale(h, picture.shape)
    if scale < 0.95:  # the picture was enlarged: its extra pixels hold no detail of the known
        shape = (
            max(1, round(picture.shape[0] * scale)),
            max(1, round(picture.shape[1] * scale)),
        )
        h = h @ np.diag([picture.shape[1] / shape[1], picture.shape[0] / shape[0], 1.0])
        picture = warp.resize(picture, shape)
    return picture, warp.warp(known, h, (picture.shape[0], picture.shape[1]), inverse=True)


def _best_level(
    picture: NDArray[np.float32], known: NDArray[np.float32]
) -> tuple[NDArray[np.float32], int]:
    """Compare at the finest level that has enough blocks with texture in both."""
    best, best_level = np.zeros((0, 2), np.float32), 0
    for level in range(_LEVELS):
        if level:
            if min(picture.shape) < 2 * (BLOCK_PX + 2 * _SEARCH_PX):
                break
            half = (picture.shape[0] // 2, picture.shape[1] // 2)
            picture, known = warp.resize(picture, half), warp.resize(known, half)
        found = block_correlations(picture, known)
        if len(found) >= _ENOUGH_BLOCKS:
            return found, level
        if len(found) > len(best):
            best, best_level = found, level
    return best, best_level


def block_correlations(
    picture: NDArray[np.float32], known: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Correlate the textured blocks of two pictures on one grid.

    Returns
    -------
    (N, 2) float32
        Least and greatest normalised correlation of each block within the search range.
    """
    usable = np.isfinite(picture) & np.isfinite(known)
    # Sharper of the two is brought down to the softer one.
    a, b = _matched(_band(picture, usable), _band(known, usable), usable)
    reach, found = _SEARCH_PX, []
    # The border of nodata rings through the band-pass.
    solid = cv2.erode(usable.astype(np.uint8), np.ones((7, 7), np.uint8), borderValue=(1.0,)) > 0
    for top in range(reach, picture.shape[0] - BLOCK_PX - reach + 1, BLOCK_PX):
        for left in range(reach, picture.shape[1] - BLOCK_PX - reach + 1, BLOCK_PX):
            rows, cols = slice(top, top + BLOCK_PX), slice(left, left + BLOCK_PX)
            wide = (
                slice(top - reach, top + BLOCK_PX + reach),
                slice(left - reach, left + BLOCK_PX + reach),
            )
            if not solid[wide].all() or min(a[rows, cols].std(), b[rows, cols].std()) < _TEXTURE:
                continue
            scores = cv2.matchTemplate(b[wide], a[rows, cols], cv2.TM_CCOEFF_NORMED)
            contrast = math.log(float(a[rows, cols].std() / b[rows, cols].std()))
            found.append((float(scores.min()), float(scores.max()), contrast))
    measured = np.array(found, np.float32).reshape(-1, 3)
    return measured[_of_common_tone(measured[:, 2]), :2]


def _of_common_tone(contrast: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Leave out blocks with far more detail than the tone of the rest explains: drawn on."""
    if len(contrast) == 0:
        return np.zeros(0, bool)
    return np.asarray(contrast < np.median(contrast) + math.log(_DRAWN_CONTRAST))


def _band(gray: NDArray[np.float32], usable: NDArray[np.bool_]) -> NDArray[np.float32]:
    level = float(gray[usable].mean()) if usable.any() else 0.0
    filled = np.where(usable, gray, np.float32(level)).astype(np.float32)
    fine, coarse = (cv2.GaussianBlur(filled, (0, 0), sigma) for sigma in _BAND)
    return np.asarray(fine - coarse, np.float32)


def _matched(
    a: NDArray[np.float32], b: NDArray[np.float32], usable: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Blur one of two bands as far as it raises their agreement."""
    best = (_agreement(a, b, usable), a, b)
    for sigma in (0.7, 1.0, 1.5):
        for pair in ((cv2.GaussianBlur(a, (0, 0), sigma), b), (a, cv2.GaussianBlur(b, (0, 0), sigma))):
            soft = np.asarray(pair[0], np.float32), np.asarray(pair[1], np.float32)
            score = _agreement(*soft, usable)
            # A clear gain: blurring both pictures' noise away raises any correlation a little.
            if score > best[0] + 0.02:
                best = (score, *soft)
    return best[1], best[2]


def _agreement(
    a: NDArray[np.float32], b: NDArray[np.float32], usable: NDArray[np.bool_]
) -> float:
    x, y = a[usable].astype(np.float64), b[usable].astype(np.float64)
    bottom = math.sqrt(float(x @ x) * float(y @ y))
    return abs(float(x @ y)) / bottom if bottom > 0 else 0.0


def _is_same(
    picture: NDArray[np.float32],
    known: NDArray[np.float32],
    matrix: ArrayLike,
    drawn: NDArray[np.float32],
) -> bool:
    if picture.shape != known.shape:
        return False
    ring = transforms.corners(picture.shape)
    if np.abs(transforms.apply(matrix, ring) - ring).max() > _SAME_SHIFT_PX:
        return False
    gap = np.abs(picture - known)
    gap = gap[np.isfinite(gap)]
    # Nowhere a drawn-in object either: the worst percent stays near.
    return bool(
        gap.size and gap.mean() < _SAME_DIFFERENCE and np.percentile(gap, 99) < 6 * _SAME_DIFFERENCE
    )
