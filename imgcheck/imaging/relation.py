"""Distinguish a copy of a known picture from an image of the same ground at another time.

Both register well, so geometry does not distinguish them. Detail does: in a copy every textured
block is the known block plus compression noise, however the copy was cut, turned, scaled or toned;
at another time shadows, crops and vehicles differ, and few blocks agree. A second exposure from a
moving camera shows parallax (what the best projective map leaves); from a hovering one, a vehicle
that drove on leaves one spot empty and fills another. A drawing only adds, and an erasure only
removes, so the smaller of the two counts indicates a second exposure.
"""

import math
from dataclasses import dataclass, replace
from typing import Literal

import cv2
import numpy as np
from numpy.typing import ArrayLike

from imgcheck.errors import GridMismatchError
from imgcheck.imaging import blocks, covered, likelihood, transforms, warp
from imgcheck.imaging.blocks import BLOCK_PX, SEARCH_PX, Blocks
from imgcheck.imaging.likelihood import Likelihoods
from imgcheck.imaging.pixels import Float32, Float64, Mask

Kind = Literal["same", "derived", "same-capture", "same-place", "undetermined"]

_LEVELS = 3
# Fewer blocks than this do not decide.
LEAST_BLOCKS = 12
_ENOUGH_BLOCKS = 30
AGREES = 0.9
# benchmarks: relation; set on the calibration places. One other exposure of 144 passes the
# first; copies below the second have something two-sided drawn on them.
DERIVED_SCORE, OTHER_SCORE = 0.7, -1.0
# Where nothing moved: copies of soft ground, saved badly, reach 0.23; frames from a moving camera
# stay below -0.9 (benchmarks: copies, tune).
STILL_SCORE = 0.2
# Two copies of 252 on the reported places, drawn on, reach -1.2: this bound was moved for them.
PARALLAX_SCORE = -1.25
# ... where no other date reaches it.
PLACE_SCORE = 0.0
# One or two edits of a copy give at most two of each; a hovering camera's traffic mostly more.
MOVED = 3
# A frame of one flight shows the same ground in the same light: its blocks agree like those of a
# copy. Yards photographed at the same hour of two days agree to 0.88 to 0.92.
CAPTURE_MEDIAN = 0.97
_SETTLED_PX, _WORTH_SETTLING, _FARTHEST_PX = 0.1, 0.8, 2.0 * SEARCH_PX
# "Same": aligned with itself to this many pixels, differing by this much gray in the mean.
_SAME_SHIFT_PX = 0.75
_SAME_DIFFERENCE = 0.02
# ... and in the worst 8 x 8 pixels; JPEG of quality 40 stays below 0.06.
_SAME_WORST = 0.1
# In a copy all blocks with contrast agree; at another time, or seconds later, a vehicle or a shadow
# moved. True copies reached 0.90 and more, other images that the score took for copies less than
# 0.65.
WEAKEST_PERCENTILE, DERIVED_WEAKEST = 2, 0.85
# What was put over a copy is set aside, unless little would be left to decide on.
MOST_COVERED = 0.4
# Blocks that agree less have no reliable shift.
_LEAST_CORRELATION = 0.5
_ROUNDS = 6
# Floor of the robust scale: the precision of a peak between pixels.
_READING_PX = 0.02
# Clusters of differing blocks. Exploratory, 408 pairs: no copy of 96 had one; copies with one or
# two splices had at most one or two of the lesser kind.
_MOVED_BLOCK = 16
_DIFFERS, _ONE_SIDED = 0.6, 3.0
_NOISES, _LEAST_CONTRAST = 9.0, (4 / 255) ** 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """Relation of a picture to the known picture it is registered to.

    Attributes
    ----------
    kind : {"same", "derived", "same-capture", "same-place", "undetermined"}
        ``same``: the whole picture at the same size, at most compressed again. ``derived``: a
        copy that was cut, turned, mirrored, scaled, toned or drawn on. ``same-capture``: a
        frame of the same flight: the ground fits, but was seen from another point, or objects
        left and others came. ``same-place``: the same ground taken at another time.
        ``undetermined``: the measures do not decide.
    reason : str
        What decided, in one phrase.
    blocks : int
        Blocks with texture in both that were compared.
    median : float or None
        Of the blocks' correlations, -1 to 1.
    share : float or None
        Share of blocks whose correlation is at least 0.9.
    copy_score : float or None
        Higher = more like a copy: log10 likelihood ratio against another exposure. None where
        too few blocks tell.
    likelihoods : Likelihoods or None
        Of a copy, the same capture, the same place at another time, from equal priors.
    shift_px : float or None
        Median shift of the blocks that no projective map explains, pixels: parallax.
    level : int
        0: compared at full detail; each level above halves it.
    inverted : bool
        The picture is a negative.
    gone, came : int
        Clusters of blocks with contrast only in the known, and only in the other picture.
    covered_share : float
        Share of the common ground that is covered or drawn over and was set aside.
    """

    kind: Kind
    reason: str
    blocks: int = 0
    median: float | None = None
    share: float | None = None
    copy_score: float | None = None
    likelihoods: Likelihoods | None = None
    shift_px: float | None = None
    level: int = 0
    inverted: bool = False
    gone: int = 0
    came: int = 0
    covered_share: float = 0.0


def classify(
    picture_gray: Float32,
    known_gray: Float32,
    matrix: ArrayLike,
    *,
    picture_mask: Mask | None = None,
    known_mask: Mask | None = None,
) -> Relation:
    """Decide between a copy and another image of the same ground.

    Parameters
    ----------
    picture_gray, known_gray : (M, N) float32 in [0, 1]
        NaN is nodata.
    matrix : (3, 3)
        Picture pixels to known pixels, correct to about two pixels.
    picture_mask, known_mask : bool, optional
        True = usable.

    Returns
    -------
    Relation

    Notes
    -----
    Frames of one camera, seconds apart, share light, shadows and ground. From a moving camera
    parallax distinguishes them from copies; from a hovering one only moving objects do: where
    nothing moved they are ``derived``. Boxes, pixelated and blurred patches, strokes and letters on
    a picture that is a copy otherwise are set aside (`imgcheck.imaging.covered`), and the rest
    decides. A splice changes few blocks and one side only; a copy with several things moved about
    may be called ``same-capture``.
    A false-colour palette that is not monotonic destroys the correlation: such a copy may be
    called ``same-place``. Measured error rates are in the benchmarks.
    """
    for name, gray, mask in (
        ("picture", picture_gray, picture_mask),
        ("known", known_gray, known_mask),
    ):
        if gray.ndim != 2 or (mask is not None and mask.shape != gray.shape):
            raise GridMismatchError(
                f"the {name} picture has the shape {gray.shape}; give gray pictures, and "
                "masks of equal shape"
            )
    known = _masked(known_gray, known_mask)
    picture, h = _on_one_grid(_masked(picture_gray, picture_mask), matrix)
    found, level, h, shift_px = _settled(picture, known, h)
    if len(found) < LEAST_BLOCKS:
        return Relation(
            kind="undetermined",
            reason=f"only {len(found)} textured blocks could be compared",
            blocks=len(found),
            level=level,
        )
    aligned = warp.warp(known, h, picture.shape[:2], inverse=True)
    picture = 1 - picture if found.inverted else picture
    gone, came = clusters(picture, aligned)
    share = 0.0
    if _worth_uncovering(found, shift_px, min(gone, came)):
        found, level, gone, came, share = _uncovered(picture, aligned, found, level, (gone, came))
    median = float(np.median(found.correlations))
    moved = min(gone, came)
    score = likelihood.copy_score(median=median, shift_px=shift_px, moved=moved)
    capture = likelihood.capture_score(median=median)
    kind, reason = _decide(score, capture, median, moved, len(found), shift_px)
    if share:
        reason += f", apart from {share:.0%} that is covered or annotated"
    if kind == "derived" and _weakest(found) < DERIVED_WEAKEST:
        kind = "undetermined"
        reason += (
            ", but some blocks with high contrast differ: one image was altered, or they are "
            "different images"
        )
    if kind == "derived" and not found.inverted and _is_same(picture_gray, known_gray, matrix):
        kind, reason = "same", "both pictures have the same size and the same pixels"
    return Relation(
        kind=kind,
        reason=reason,
        copy_score=score,
        likelihoods=likelihood.likelihoods(score, capture),
        blocks=len(found),
        median=median,
        share=float((found.correlations >= AGREES).mean()),
        shift_px=shift_px,
        level=level,
        inverted=found.inverted,
        gone=gone,
        came=came,
        covered_share=share,
    )


def _worth_uncovering(found: Blocks, shift_px: float | None, moved: int) -> bool:
    """Return whether most blocks are those of a copy, and some are not."""
    median = float(np.median(found.correlations))
    alone = likelihood.copy_score(median=median, shift_px=shift_px, moved=0)
    return alone >= STILL_SCORE and (moved > 0 or _weakest(found) < DERIVED_WEAKEST)


def _uncovered(
    picture: Float32, aligned: Float32, found: Blocks, level: int, counts: tuple[int, int]
) -> tuple[Blocks, int, int, int, float]:
    """Compare again without what covers the picture."""
    over = covered.find(picture, aligned)
    common = np.isfinite(picture) & np.isfinite(aligned)
    share = float((over & common).sum() / max(1, common.sum()))
    if not 0 < share <= MOST_COVERED:
        return found, level, *counts, 0.0
    rest = np.where(over, np.float32(np.nan), picture)
    gone, came = clusters(rest, aligned)
    again, at = _best_level(rest, aligned)
    # Where anything came that was not drawn, what looks blurred is ground that a vehicle left.
    if came or len(again) < LEAST_BLOCKS:
        return found, level, *counts, 0.0
    return replace(again, inverted=found.inverted), at, gone, came, share


def _weakest(found: Blocks) -> float:
    """Return the correlation that 98 % of the blocks with more contrast reach."""
    strong = found.correlations[found.contrasts >= np.median(found.contrasts)]
    return float(np.percentile(strong, WEAKEST_PERCENTILE))


def _decide(
    score: float, capture: float, median: float, moved: int, count: int, shift_px: float | None
) -> tuple[Kind, str]:
    words = f"the median correlation of the textured blocks is {median:.2f}"
    if shift_px is not None:
        words += f", their median offset {shift_px:.2f} px"
    if median >= CAPTURE_MEDIAN and moved >= MOVED:
        return "same-capture", f"{words}, but {moved} objects moved"
    if score >= (DERIVED_SCORE if moved else STILL_SCORE):
        return "derived", words
    if score <= OTHER_SCORE and capture <= PLACE_SCORE:
        return "same-place", words
    # A drawing may look like a moved object; parallax decides alone.
    alone = likelihood.copy_score(median=median, shift_px=shift_px, moved=0)
    if alone <= PARALLAX_SCORE and median >= CAPTURE_MEDIAN and count >= _ENOUGH_BLOCKS:
        return "same-capture", f"{words}: the ground was seen from another position"
    return "undetermined", (
        f"{words}: an annotated copy, a frame of the same flight, or the same ground at a "
        "similar hour"
    )


def _masked(gray: Float32, mask: Mask | None) -> Float32:
    if mask is None:
        return np.asarray(gray, np.float32)
    return np.where(mask, gray, np.float32(np.nan)).astype(np.float32)


def _on_one_grid(picture: Float32, matrix: ArrayLike) -> tuple[Float32, Float64]:
    """Reduce an enlarged picture to the known one's scale; return it and its matrix."""
    h = np.asarray(matrix, np.float64)
    scale = transforms.scale(h, picture.shape)
    if scale < 0.95:  # the picture was enlarged: its extra pixels hold no detail of the known
        shape = (max(1, round(picture.shape[0] * scale)), max(1, round(picture.shape[1] * scale)))
        h = h @ np.diag([picture.shape[1] / shape[1], picture.shape[0] / shape[0], 1.0])
        picture = warp.resize(picture, shape)
    return picture, h


def _settled(
    picture: Float32, known: Float32, h: Float64
) -> tuple[Blocks, int, Float64, float | None]:
    """Compare blocks, and correct the matrix by their shifts; twice if it was far off."""
    ring = transforms.corners(picture.shape)
    for last in (False, True):
        drawn = warp.warp(known, h, (picture.shape[0], picture.shape[1]), inverse=True)
        found, level = _best_level(picture, drawn)
        settled = settle(found)
        size = np.diag([0.5**level, 0.5**level, 1.0])
        correction = np.linalg.inv(size) @ settled.matrix @ size
        off = np.abs(transforms.apply(correction, ring) - ring).max()
        if not off <= _FARTHEST_PX * 2**level:  # a fit to noise
            return found, level, h, settled.shift_px
        h = h @ correction
        # Far off, fine detail is compared with a blur of itself; at another time it is not there.
        if last or off < _SETTLED_PX or float(np.median(found.correlations)) < _WORTH_SETTLING:
            break
    return found, level, h, settled.shift_px


def _best_level(picture: Float32, known: Float32) -> tuple[Blocks, int]:
    """Compare at the finest level that has enough blocks with texture in both."""
    best, best_level = None, 0
    for level in range(_LEVELS):
        if level:
            if min(picture.shape) < 2 * (BLOCK_PX + 2 * SEARCH_PX):
                break
            half = (picture.shape[0] // 2, picture.shape[1] // 2)
            picture, known = warp.resize(picture, half), warp.resize(known, half)
        found = blocks.compare(picture, known)
        if len(found) >= _ENOUGH_BLOCKS:
            return found, level
        if best is None or len(found) > len(best):
            best, best_level = found, level
    return blocks.compare(picture, known) if best is None else best, best_level


def _is_same(picture: Float32, known: Float32, matrix: ArrayLike) -> bool:
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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Settled:
    """The correction of a registration, (3, 3) on the picture's grid, and the residual shift.

    ``shift_px`` is the median length of the residual shifts; None where too few blocks agree.
    """

    matrix: Float64
    shift_px: float | None


def settle(blocks: Blocks) -> Settled:
    """Fit a small projective map to the shifts of the blocks, robustly.

    The identity where fewer than 12 blocks agree.
    """
    good = blocks.correlations > _LEAST_CORRELATION
    if int(good.sum()) < LEAST_BLOCKS:
        return Settled(matrix=np.eye(3), shift_px=None)
    points, shifts = blocks.centres[good], blocks.shifts[good]
    centre = points.mean(axis=0)
    radius = math.sqrt(float(((points - centre) ** 2).sum(axis=1).mean())) + 1e-6
    design = _design((points - centre) / radius)
    target = np.concatenate([shifts[:, 0], shifts[:, 1]])
    trust = np.tile(blocks.correlations[good] ** 2, 2)
    weight = trust
    for _ in range(_ROUNDS):
        root = np.sqrt(weight)
        solved = np.linalg.lstsq(design * root[:, None], target * root, rcond=1e-9)[0]
        left = (target - design @ solved).reshape(2, -1)
        length = np.hypot(left[0], left[1])
        spread = 1.4826 * float(np.median(length)) + _READING_PX
        weight = trust * np.tile(1 / (1 + (length / (2 * spread)) ** 2) ** 2, 2)
    return Settled(matrix=_projective(solved, centre, radius), shift_px=float(np.median(length)))


def _design(points: Float64) -> Float64:
    """Return the displacement of points by a small projective map, linear in its 8 numbers."""
    x, y = points.T
    one, none = np.ones_like(x), np.zeros_like(x)
    across = np.stack([one, x, y, none, none, none, x * x, x * y], axis=1)
    down = np.stack([none, none, none, one, x, y, x * y, y * y], axis=1)
    return np.concatenate([across, down])


def _projective(q: Float64, centre: Float64, radius: float) -> Float64:
    """Return the 8 numbers as a matrix on pixels."""
    # The shifts are in pixels, the points in radii.
    p = q / radius
    small = np.array([[1 + p[1], p[2], p[0]], [p[4], 1 + p[5], p[3]], [-p[6], -p[7], 1.0]])
    normal = np.array(
        [[1 / radius, 0, -centre[0] / radius], [0, 1 / radius, -centre[1] / radius], [0, 0, 1.0]]
    )
    return np.asarray(np.linalg.inv(normal) @ small @ normal)


def clusters(picture: Float32, known: Float32) -> tuple[int, int]:
    """Count clusters of blocks with contrast only in the known, and only in the other picture.

    Both (M, N) float32 in [0, 1] on one grid, to about a pixel; NaN is nodata.
    """
    usable = np.isfinite(picture) & np.isfinite(known)
    inner = cv2.erode(usable.astype(np.uint8), np.ones((5, 5), np.uint8), borderValue=0) > 0
    a, b = (_band(np.where(usable, g, 0)) * inner for g in (picture, known))
    count = _sums(inner.astype(np.float32))
    good = count > 0.6 * _MOVED_BLOCK**2
    if not good.any():
        return 0, 0
    gain = float((a * b).sum()) / max(float((b * b).sum()), 1e-12)
    b = b * gain
    n = np.maximum(count, 1)
    own, other = _sums(a * a) / n, _sums(b * b) / n
    correlation = _sums(a * b) / n / np.sqrt(own * other + 1e-12)
    noise = float(np.median((_sums((a - b) ** 2) / n)[good]))
    strong = np.maximum(own, other) > max(_NOISES * noise, _LEAST_CONTRAST)
    differs = good & strong & (correlation < _DIFFERS)
    left = differs & (other > _ONE_SIDED * own)
    taken = differs & (own > _ONE_SIDED * other)
    # A caption covers what was there and adds letters: what touches the other kind is one thing.
    return _count(left, taken), _count(taken, left)


def _band(gray: Float32) -> Float32:
    filled = np.asarray(gray, np.float32)
    fine, coarse = (cv2.GaussianBlur(filled, (0, 0), s) for s in (0.8, 4.0))
    return np.asarray(fine - coarse, np.float32)


def _sums(values: Float32 | Float64) -> Float32:
    rows, cols = values.shape[0] // _MOVED_BLOCK, values.shape[1] // _MOVED_BLOCK
    cut = values[: rows * _MOVED_BLOCK, : cols * _MOVED_BLOCK]
    return np.asarray(cut.reshape(rows, _MOVED_BLOCK, cols, _MOVED_BLOCK).sum((1, 3)))


def _count(mask: Mask, other: Mask) -> int:
    """Count the clusters that do not touch one of the other kind."""
    count, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    near = cv2.dilate(other.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    touching = np.unique(labels[near & mask])
    return int(count) - 1 - len(touching)
