"""Is a picture a copy of a known picture, or the same ground taken at another time?

Both lie on each other well, so geometry does not tell them apart. Detail does: in a copy every
textured block is the known block plus the noise of compression, however the copy was cut, turned,
scaled or toned; at another time other shadows, crops and vehicles are there, and few blocks agree.
"""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from imgcheck.errors import GridMismatchError
from imgcheck.imaging import transforms, warp
from imgcheck.imaging.blocks import BLOCK_PX, SEARCH_PX, block_correlations
from imgcheck.imaging.moved import clusters

Kind = Literal["same", "derived", "same-capture", "same-place", "undetermined"]

_LEVELS = 3
# Fewer blocks than this say nothing.
LEAST_BLOCKS = 12
_ENOUGH_BLOCKS = 30
# benchmarks: geo_place, relation; set on the dates of even position, reported on the others.
AGREES, AGREES_EXACTLY, HALF_AGREES = 0.9, 0.95, 0.6
DERIVED_SHARE, DERIVED_HALF = 0.5, 0.15
# In a copy no block with contrast is left behind; at another time a vehicle or a shadow moved.
WEAKEST_PERCENTILE, DERIVED_WEAKEST = 2, 0.9
PLACE_MEDIAN, PLACE_EXACT = 0.82, 0.12
# One or two edits of a copy give at most two of each; a hovering camera's traffic mostly more.
MOVED, MAYBE_MOVED = 3, 2
# "Same": laid on itself to this many pixels, differing by this much gray in the mean.
_SAME_SHIFT_PX = 0.75
_SAME_DIFFERENCE = 0.02
# ... and in the worst 8 x 8 pixels; JPEG of quality 40 stays below 0.06.
_SAME_WORST = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """What a picture is to the known picture it lies on.

    Attributes
    ----------
    kind : {"same", "derived", "same-capture", "same-place", "undetermined"}
        ``same``: the whole picture at the same size, at most compressed again. ``derived``: a
        copy that was cut, turned, mirrored, scaled, toned or drawn on. ``same-capture``: a
        frame of the same flight: the ground fits, but objects left and others came.
        ``same-place``: the same
        ground taken at another time. ``undetermined``: the measures allow no word.
    reason : str
        What decided, in one phrase.
    blocks : int
        Blocks with texture in both that were compared.
    median : float or None
        Of the blocks' correlations, -1 to 1.
    share : float or None
        Of blocks whose correlation is at least 0.9.
    exact_share, half_share : float or None
        Of the half of the blocks with more contrast: those that agree to 0.95, and those
        between 0.6 and 0.9, of which a clean copy has next to none.
    weakest : float or None
        Correlation that 98 in 100 of that half reach: in a copy nothing has moved.
    level : int
        0: compared at full detail; each level above halves it.
    inverted : bool
        The picture is a negative.
    gone, came : int
        Clusters of blocks with contrast only in the known, and only in the other picture.
    """

    kind: Kind
    reason: str
    blocks: int = 0
    median: float | None = None
    share: float | None = None
    exact_share: float | None = None
    half_share: float | None = None
    weakest: float | None = None
    level: int = 0
    inverted: bool = False
    gone: int = 0
    came: int = 0


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
    Frames of one camera, seconds apart, share light, shadows and ground: they look like copies.
    From a moving camera most are ``undetermined``; from a hovering one they are ``derived``.
    A copy that is drawn on over much of its area may be ``undetermined``: mask the drawing.
    A false-colour palette that is not monotonic destroys the correlation: such a copy may be
    called ``same-place``. Measured error rates are in the benchmarks.
    """
    for name, gray, mask in (
        ("picture", picture_gray, picture_mask),
        ("known", known_gray, known_mask),
    ):
        if gray.ndim != 2 or (mask is not None and mask.shape != gray.shape):
            raise GridMismatchError(
                f"the {name} picture is {gray.shape}, which is not one gray grid"
            )
    picture = _masked(picture_gray, picture_mask)
    laid, drawn = _on_one_grid(picture, _masked(known_gray, known_mask), matrix)
    found, level = _best_level(laid, drawn)
    count = len(found)
    if count < LEAST_BLOCKS:
        return Relation(
            kind="undetermined",
            reason=f"only {count} blocks have texture in both pictures",
            blocks=count,
            level=level,
        )
    inverted = bool(np.median(found[:, 0]) < -np.median(found[:, 1]))
    values = -found[:, 0] if inverted else found[:, 1]
    strong = values[found[:, 2] >= np.median(found[:, 2])]
    measures = {
        "median": float(np.median(values)),
        "share": float((values >= AGREES).mean()),
        "exact_share": float((strong >= AGREES_EXACTLY).mean()),
        "half_share": float(((strong >= HALF_AGREES) & (strong < AGREES)).mean()),
        "weakest": float(np.percentile(strong, WEAKEST_PERCENTILE)),
    }
    kind, reason = _decide(**measures)
    gone, came = clusters(-laid if inverted else laid, drawn)
    kind, reason = _moved(kind, reason, measures["median"], gone, came)
    if kind == "derived" and not inverted and _is_same(picture_gray, known_gray, matrix):
        kind, reason = "same", "the pictures agree pixel by pixel at the same size"
    return Relation(
        kind=kind,
        reason=reason,
        blocks=count,
        level=level,
        inverted=inverted,
        gone=gone,
        came=came,
        **measures,
    )


def _decide(
    *, median: float, share: float, exact_share: float, half_share: float, weakest: float
) -> tuple[Kind, str]:
    words = f"{share:.0%} of the textured blocks agree to {AGREES}, median {median:.2f}"
    steady = half_share <= DERIVED_HALF and weakest >= DERIVED_WEAKEST
    if share >= DERIVED_SHARE and steady:
        return "derived", words
    if median <= PLACE_MEDIAN and exact_share <= PLACE_EXACT:
        return "same-place", words
    return "undetermined", (
        f"{words}, but some differ: a copy that was drawn on, a frame of the same flight, or the "
        "same ground at a like hour"
    )


def _moved(kind: Kind, reason: str, median: float, gone: int, came: int) -> tuple[Kind, str]:
    """Take back "derived" where objects moved: two-sided differences are no drawing."""
    both = min(gone, came)
    words = f"{gone} places were left and {came} newly taken while the rest fits"
    if kind in ("derived", "undetermined") and median > PLACE_MEDIAN and both >= MOVED:
        return "same-capture", words
    if kind == "derived" and both >= MAYBE_MOVED:
        return "undetermined", f"{words}: a frame of the same flight, or a copy that was edited"
    return kind, reason


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
    best, best_level = np.zeros((0, 3), np.float32), 0
    for level in range(_LEVELS):
        if level:
            if min(picture.shape) < 2 * (BLOCK_PX + 2 * SEARCH_PX):
                break
            half = (picture.shape[0] // 2, picture.shape[1] // 2)
            picture, known = warp.resize(picture, half), warp.resize(known, half)
        found = block_correlations(picture, known)
        if len(found) >= _ENOUGH_BLOCKS:
            return found, level
        if len(found) > len(best):
            best, best_level = found, level
    return best, best_level


def _is_same(
    picture: NDArray[np.float32],
    known: NDArray[np.float32],
    matrix: ArrayLike,
) -> bool:
    if picture.shape != known.shape:
        return False
    ring = transforms.corners(picture.shape)
    if np.abs(transforms.apply(matrix, ring) - ring).max() > _SAME_SHIFT_PX:
        return False
    gap = np.abs(picture - known).astype(np.float32)
    seen = np.isfinite(gap)
    if not seen.any() or float(gap[seen].mean()) > _SAME_DIFFERENCE:
        return False
    # Nowhere a drawn-in object either.
    return float(cv2.blur(np.where(seen, gap, np.float32(0)), (8, 8)).max()) < _SAME_WORST
