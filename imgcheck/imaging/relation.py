"""Distinguish a copy of a known picture from an image of the same ground at another time.

Both register well, so geometry does not distinguish them. Detail does: in a copy every textured
block is the known block plus a loss that is alike everywhere (`imgcheck.imaging.agreement`),
however the copy was cut, turned, scaled, toned, filmed or photographed from a screen. At another
time, and on the same hour of another day, shadows, crops and vehicles differ: some blocks disagree
far more than the typical one. What was drawn over a copy is set aside first.
"""

import math
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import ArrayLike

from imgcheck.errors import GridMismatchError
from imgcheck.imaging import agreement, covered, moved, transforms, warp
from imgcheck.imaging.agreement import LEAST_BLOCKS, Agreement, Level
from imgcheck.imaging.blocks import SEARCH_PX, Blocks
from imgcheck.imaging.pixels import Float32, Float64, Mask

Kind = Literal["same", "derived", "same-capture", "same-place", "undetermined"]

# benchmarks: relation, set on the calibration places. In copies 10 % of the blocks with contrast
# lose at most 2.0 times as much as the typical block and 0.01; in yards at the same hour of another
# day 4 times and more at one of the two resolutions.
_TAIL, _LEAST_LOSS = 2.5, 0.015
# A copy of a film frame of soft ground reaches 0.86 and 0.94; another date never 0.86 at half the
# resolution.
_COPY_LOW, _COPY_LOW_COARSE = 0.82, 0.88
# In a copy the last 2 % hold the rim of what was drawn, and glare; a vehicle that moved, more.
_TAIL_LOWEST, _LEAST_LOSS_LOWEST = 2.0, 0.2
# The loss of a copy is noise, which shrinks at half the resolution.
_COPY_TYPICAL, _COPY_TYPICAL_COARSE = 0.85, 0.94
# Blocks of a copy lie where they belong, as far as noise lets their shifts be read: in copies 1.5
# times the root of the typical loss, between dates up to 4 times.
_STILL_PX, _STILL_TIMES = 0.15, 2.0
# Fewer blocks than this can agree by an edge that both pictures share.
_COPY_BLOCKS = 20
# Relief moves neighbouring blocks alike: in copies this stays below 0.1.
_RELIEF, _RELIEF_PX, _ENOUGH_BLOCKS = 0.2, 0.1, 30
# A frame of the flight shows the same vehicles and shadows from another point: its blocks fall to
# this only where roofs hide ground.
_FRAME_TYPICAL, _FRAME_LOW, _FRAME_LOWEST = 0.97, 0.93, 0.75
# Ground of another season or sun stays below these in the typical block.
_OTHER_TYPICAL, _OTHER_TYPICAL_COARSE = 0.88, 0.93
_SETTLED_PX, _WORTH_SETTLING, _FARTHEST_PX = 0.1, 0.8, 2.0 * SEARCH_PX
# "Same": aligned with itself to this many pixels, differing by this much gray in the mean.
_SAME_SHIFT_PX = 0.75
_SAME_DIFFERENCE = 0.02
# ... and in the worst 8 x 8 pixels; JPEG of quality 40 stays below 0.06.
_SAME_WORST = 0.1
# A copy in which a few places were altered: what else there is agrees far better than it must in
# a copy, and nothing moved between the places (order as above: 50, 90, 98 % of the blocks).
_APART_FINE, _APART_COARSE = (0.97, 0.94, 0.90), (0.99, 0.98, 0.95)
MOST_PLACES, MOST_APART = 4, 0.15
_PLACE_PX, _PLACE_RIM_PX, _PLACE_AGREES = 30, 9, 0.93
# What was put over a copy is set aside, unless little would be left to decide on.
MOST_COVERED = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """Relation of a picture to the known picture it is registered to.

    Attributes
    ----------
    kind : {"same", "derived", "same-capture", "same-place", "undetermined"}
        ``same``: the whole picture at the same size, at most compressed again. ``derived``: a
        copy that was cut, turned, mirrored, scaled, toned or drawn on. ``same-capture``: a
        frame of the same flight: vehicles and shadows agree as in a copy, but the ground was seen
        from another point. ``same-place``: the same ground taken at another time.
        ``undetermined``: the measures do not decide.
    reason : str
        What decided, in one phrase.
    blocks : int
        Blocks with texture in both that were compared.
    agreement : Agreement or None
        What was measured; None where too few blocks could be compared.
    inverted : bool
        The picture is a negative.
    covered_share : float
        Share of the common ground that is covered or drawn over and was set aside.
    """

    kind: Kind
    reason: str
    blocks: int = 0
    agreement: Agreement | None = None
    inverted: bool = False
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
    Frames of one camera, seconds apart, share light, shadows and ground. Parallax distinguishes
    them from copies where the ground has relief and the camera moved; where nothing moved they are
    ``derived``. Boxes, pixelated and blurred patches, strokes and letters on a picture that is a
    copy otherwise are set aside (`imgcheck.imaging.covered`), and the rest decides.
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
    found, h = _settled(picture, known, h)
    if len(found) < LEAST_BLOCKS:
        return _too_few(found)
    aligned = warp.warp(known, h, picture.shape[:2], inverse=True)
    picture = 1 - picture if found.inverted else picture
    measured = agreement.measure(picture, aligned)
    if measured is None:
        return _too_few(found)
    kind, reason, measured, share = _decided(picture, aligned, measured)
    if kind == "derived" and not found.inverted and _is_same(picture_gray, known_gray, matrix):
        kind, reason = "same", "both pictures have the same size and the same pixels"
    return Relation(
        kind=kind,
        reason=reason,
        blocks=measured.fine.count,
        agreement=measured,
        inverted=found.inverted,
        covered_share=share,
    )


def on_picture(
    picture_gray: Float32,
    known_gray: Float32,
    matrix: ArrayLike,
    *,
    picture_mask: Mask | None = None,
    known_mask: Mask | None = None,
) -> Float32:
    """Return the known picture on the grid of the other, its registration corrected by blocks."""
    known = _masked(known_gray, known_mask)
    h = np.asarray(matrix, np.float64)
    _, h = _settled(_masked(picture_gray, picture_mask), known, h)
    return warp.warp(known, h, picture_gray.shape, inverse=True)


def _too_few(found: Blocks) -> Relation:
    return Relation(
        kind="undetermined",
        reason=f"only {len(found)} textured blocks could be compared",
        blocks=len(found),
    )


def _uncovered(
    picture: Float32, aligned: Float32, measured: Agreement
) -> tuple[Float32, Agreement, float]:
    """Measure again without what covers the picture; also return the rest of it and the share."""
    over = covered.find(picture, aligned)
    common = np.isfinite(picture) & np.isfinite(aligned)
    share = float((over & common).sum() / max(1, common.sum()))
    if not 0 < share <= MOST_COVERED:
        return picture, measured, 0.0
    rest = np.where(over, np.float32(np.nan), picture).astype(np.float32)
    again = agreement.measure(rest, aligned)
    return (picture, measured, 0.0) if again is None else (rest, again, share)


def _decided(
    picture: Float32, aligned: Float32, measured: Agreement
) -> tuple[Kind, str, Agreement, float]:
    """Decide, without what covers a copy, or else without a few places that differ.

    Returns relation, reason, the agreement it rests on, and the covered share.
    """
    kind, reason = decide(measured)
    if kind == "derived" or not is_copy_typical(measured):
        return kind, reason, measured, 0.0
    rest, measured, share = _uncovered(picture, aligned, measured)
    kind, reason = decide(measured)
    if kind == "derived" and _Places.of(picture, aligned).moved():
        kind = "undetermined"
        reason += "; a thing lies elsewhere in the known picture, as between two frames"
    elif kind == "undetermined":
        apart = _without_places(rest, aligned)
        if apart is not None and is_copy_apart(apart):
            measured, kind = apart, "derived"
            reason = decide(apart)[1] + ", apart from a few places where the ground differs"
    if share:
        reason += f", apart from {share:.0%} that is covered or annotated"
    return kind, reason, measured, share


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Places:
    """Where a picture differs from the known one, ``boxes`` and ``mask``; both in gray levels."""

    seen: Float32
    known: Float32
    boxes: list[moved.Box]
    mask: Mask

    @classmethod
    def of(cls, picture: Float32, aligned: Float32) -> "_Places":
        seen, known, differs = covered.differing(picture, aligned)
        size = (2 * _PLACE_RIM_PX + 1,) * 2
        joined = cv2.dilate(differs.astype(np.uint8), np.ones(size, np.uint8))
        _, labels, found, _ = cv2.connectedComponentsWithStats(joined)
        real = np.bincount(labels[differs], minlength=len(found)) >= _PLACE_PX
        real[0] = False
        boxes = []
        for label in np.flatnonzero(real):
            x, y, wide, high, _ = (int(v) for v in found[label])
            part = np.s_[y : y + high, x : x + wide]
            inside = np.isfinite(picture[part]) & np.isfinite(aligned[part])
            # Sharp edges differ by much, and agree.
            real[label] = moved.alike(seen[part][inside], known[part][inside]) < _PLACE_AGREES
            if real[label]:
                boxes.append((x, y, x + wide, y + high))
        return cls(seen=seen, known=known, boxes=boxes, mask=real[labels])

    def moved(self) -> bool:
        return moved.anything(self.seen, self.known, self.boxes)


def _without_places(picture: Float32, aligned: Float32) -> Agreement | None:
    """Measure again without a few places that differ; None if they are many, or something moved."""
    common = np.isfinite(picture) & np.isfinite(aligned)
    places = _Places.of(picture, aligned)
    many = len(places.boxes) > MOST_PLACES
    if many or (places.mask & common).sum() > MOST_APART * common.sum() or places.moved():
        return None
    return agreement.measure(np.where(places.mask, np.float32(np.nan), picture), aligned)


def is_copy_apart(measured: Agreement) -> bool:
    """Return whether all but the places left out is a copy beyond doubt."""
    return (
        fits(measured)
        and not _shows_relief(measured)
        and all(
            value >= bound
            for level, bounds in (
                (measured.fine, _APART_FINE),
                (measured.coarse, _APART_COARSE),
            )
            for value, bound in zip((level.typical, level.low, level.lowest), bounds, strict=True)
        )
    )


def fits(measured: Agreement) -> bool:
    """Return whether all blocks with contrast agree as those of a copy do.

    The least agreeing ones are compared with what the typical block loses in this picture.
    """
    fine, coarse = measured.fine, measured.coarse
    return (
        fine.count >= _COPY_BLOCKS
        and is_copy_typical(measured)
        and fine.low >= _COPY_LOW
        and (coarse == fine or coarse.low >= _COPY_LOW_COARSE)
        and _even(fine)
        and _even(coarse)
        and _in_place(measured)
    )


def _in_place(measured: Agreement) -> bool:
    """Return whether the blocks lie where a projective map and a lens put them."""
    noise = _STILL_TIMES * math.sqrt(1 - measured.fine.typical)
    return measured.shift_px is None or measured.shift_px <= max(_STILL_PX, noise)


def is_copy_typical(measured: Agreement) -> bool:
    """Return whether the typical block agrees as that of a copy does."""
    fine, coarse = measured.fine, measured.coarse
    return fine.typical >= _COPY_TYPICAL and (
        coarse == fine or coarse.typical >= _COPY_TYPICAL_COARSE
    )


def _even(level: Level) -> bool:
    loss = 1 - level.typical
    return (
        1 - level.low <= _TAIL * loss + _LEAST_LOSS
        and 1 - level.lowest <= _TAIL_LOWEST * loss + _LEAST_LOSS_LOWEST
    )


def _shows_relief(measured: Agreement) -> bool:
    return (
        measured.fine.count >= _ENOUGH_BLOCKS
        and measured.shift_px is not None
        and measured.shift_px >= _RELIEF_PX
        and measured.aligned >= _RELIEF
    )


def decide(measured: Agreement) -> tuple[Kind, str]:
    """Return the relation that the agreement of the blocks shows, and the reason."""
    fine = measured.fine
    words = f"half of the textured blocks correlate by {fine.typical:.2f} and more, 90 % by "
    words += f"{fine.low:.2f}"
    if measured.shift_px is not None:
        words += f"; their median offset is {measured.shift_px:.2f} px"
    if _shows_relief(measured):
        if (
            fine.typical >= _FRAME_TYPICAL
            and min(fine.low, measured.coarse.low) >= _FRAME_LOW
            and min(fine.lowest, measured.coarse.lowest) >= _FRAME_LOWEST
        ):
            return "same-capture", f"{words}: the ground was seen from another position"
    elif fits(measured):
        return "derived", words
    if fine.typical <= _OTHER_TYPICAL and measured.coarse.typical <= _OTHER_TYPICAL_COARSE:
        return "same-place", words
    if is_copy_typical(measured):
        return "undetermined", (
            f"{words}: one image was altered, or they are different images of similar light"
        )
    return "undetermined", (
        f"{words}: a copy of low quality, a frame of the same flight, or the same ground at a "
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


def _settled(picture: Float32, known: Float32, h: Float64) -> tuple[Blocks, Float64]:
    """Compare blocks, and correct the matrix by their shifts; twice if it was far off."""
    ring = transforms.corners(picture.shape)
    for last in (False, True):
        drawn = warp.warp(known, h, (picture.shape[0], picture.shape[1]), inverse=True)
        found, level = agreement.compare_finest(picture, drawn)
        size = np.diag([0.5**level, 0.5**level, 1.0])
        correction = np.linalg.inv(size) @ agreement.settle(found).matrix @ size
        off = np.abs(transforms.apply(correction, ring) - ring).max()
        if not off <= _FARTHEST_PX * 2**level:  # a fit to noise
            break
        h = h @ correction
        # Far off, fine detail is compared with a blur of itself; at another time it is not there.
        if last or off < _SETTLED_PX or float(np.median(found.correlations)) < _WORTH_SETTLING:
            break
    return found, h


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
