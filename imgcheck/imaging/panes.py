"""How much of a picture, in one piece, is not from the reference that the rest was made from.

In a collage one pane is a copy of the reference and another shows other ground, or the same ground
on another day. In a copy that was altered the places that disagree are small or apart.
"""

import cv2
import numpy as np

from imgcheck.imaging import blocks, covered
from imgcheck.imaging.pixels import Float32, Float64, Mask

# benchmarks: made_from, set on its calibration places. A place is foreign if this share of so many
# blocks around it is.
_AROUND, _MOST = 9, 0.6
# In steps of the grid of blocks: ground without texture is like the next block within this reach;
# gaps in a pane are narrower than this.
_REACH, _GAP = 2.0, 1.5
# Such a rim of a foreign place is not foreign: its blocks reach beyond it.
_RIM_PX = 7
# What is covered and shows the same without its detail, as a blurred patch or rows of a field that
# a smaller copy cannot show, is from the reference: correlation over a broad blur, share of detail.
_BROAD, _FINE, _WINDOW = 3.0, 2.0, 33
_FOLLOWS, _DETAIL = 0.55, 0.7
_GRAY_LEVEL = 1 / 255


def largest(
    picture: Float32, known: Float32, over: Mask, found: blocks.Blocks, unlike: Mask
) -> float:
    """Measure the largest connected piece of common ground that is not from the reference.

    Parameters
    ----------
    picture, known : (M, N) float32 in [0, 1]
        On one grid. NaN is nodata.
    over : (M, N) bool
        What is covered or drawn over (`imgcheck.imaging.covered`).
    found : Blocks
        The blocks of the rest that can tell whether it is from the reference.
    unlike : (B,) bool
        The blocks that do not agree.

    Returns
    -------
    float
        Share of the common ground. Strokes and their rims are thin, and join nothing.
    """
    common = np.isfinite(picture) & np.isfinite(known)
    step = blocks.step(picture.shape)
    foreign = _nearest(_most_around(unlike, found), found.centres, common, _REACH * step)
    foreign = _morph(foreign, cv2.MORPH_OPEN, blocks.BLOCK_PX // 2)
    foreign = _morph(foreign, cv2.MORPH_CLOSE, round(_GAP * step) + 1)
    hidden = over & common & ~_coarse(picture, known, over, found.inverted)
    hidden = _morph(hidden, cv2.MORPH_OPEN, 2 * covered.RIM_PX + blocks.BLOCK_PX // 2)
    piece = (foreign | hidden) & common
    # Nothing is taken off at the edge of the picture.
    inner = _morph(piece | ~common, cv2.MORPH_ERODE, 2 * _RIM_PX + 1)
    count, labels = cv2.connectedComponents(piece.astype(np.uint8))
    sizes = np.bincount(labels[piece & (inner | hidden)], minlength=count)
    return float(sizes[1:].max(initial=0) / max(1, int(common.sum())))


def _morph(mask: Mask, operation: int, side: int) -> Mask:
    kernel = np.ones((side, side), np.uint8)
    return np.asarray(cv2.morphologyEx(mask.astype(np.uint8), operation, kernel) > 0)


def _most_around(unlike: Mask, found: blocks.Blocks) -> Mask:
    """Return which blocks lie where most of them do not agree."""
    if not len(found):
        return np.zeros(0, bool)
    near = min(_AROUND, len(found))
    # Squared distances as a product of matrices, which needs a third of the memory.
    length = (found.centres**2).sum(axis=1)
    apart = length[:, None] + length[None, :] - 2 * found.centres @ found.centres.T
    around = np.argpartition(apart, near - 1, axis=1)[:, :near]
    return np.asarray(unlike[around].mean(axis=1) >= _MOST)


def _nearest(values: Mask, at: Float64, common: Mask, reach: float) -> Mask:
    """Give each pixel the value of the nearest block; False where that is out of reach."""
    x, y = np.clip(np.round(at).astype(int), 0, [common.shape[1] - 1, common.shape[0] - 1]).T
    empty = np.ones(common.shape, np.uint8)
    empty[y, x] = 0
    distance, labels = cv2.distanceTransformWithLabels(
        empty, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    table = np.zeros(int(labels.max()) + 1, bool)
    table[labels[y, x]] = values
    return np.asarray(table[labels] & (distance <= reach) & common)


def _coarse(picture: Float32, known: Float32, over: Mask, inverted: bool) -> Mask:
    """Find where the picture has what is broad in the known picture, and less of its detail."""
    common = np.isfinite(picture) & np.isfinite(known)
    if not (common & ~over).any():
        return np.zeros(common.shape, bool)
    a, b = (_blur(gray, common, _BROAD) for gray in (picture, known))
    mean_a, mean_b = _mean(a, common), _mean(b, common)
    spread_a = _mean(a * a, common) - mean_a**2
    spread_b = _mean(b * b, common) - mean_b**2
    shared = _mean(a * b, common) - mean_a * mean_b
    floor = _GRAY_LEVEL**2
    own = np.sqrt((np.maximum(spread_a, 0) + floor) * (np.maximum(spread_b, 0) + floor))
    follows = (-shared if inverted else shared) >= _FOLLOWS * own
    fine_a, fine_b = (
        _mean(np.abs(np.where(common, gray, 0) - _blur(gray, common, _FINE)), common)
        for gray in (picture, known)
    )
    left = fine_a / np.maximum(fine_b, np.float32(1e-4))
    return np.asarray(follows & (left < _DETAIL * float(np.median(left[common & ~over]))))


def _blur(gray: Float32, common: Mask, sigma: float) -> Float32:
    """Blur the common ground; 0 elsewhere."""
    share = cv2.GaussianBlur(common.astype(np.float32), (0, 0), sigma)
    filled = cv2.GaussianBlur(np.where(common, gray, np.float32(0)), (0, 0), sigma)
    return np.where(common, filled / np.maximum(share, np.float32(1e-3)), np.float32(0))


def _mean(values: Float32, common: Mask) -> Float32:
    """Return the means of the common ground around each pixel."""
    share, total = (
        cv2.blur(np.asarray(array, np.float32), (_WINDOW, _WINDOW)) for array in (common, values)
    )
    return np.asarray(total / np.maximum(share, np.float32(1e-3)), np.float32)
