"""What is kept of a scored part: its scores, its clusters, and the pixels that may be objects.

Parts share a seam of a few pixels with their neighbours, in which both hold the same clusters under
labels of their own; `imgcheck.change.objects` joins them there.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from imgcheck.change import causes
from imgcheck.change.grid import Mask, opponent
from imgcheck.change.passes import Part, Statistics
from imgcheck.change.score import Score

# Scores are kept in steps of 1/64: sums of whole numbers do not depend on their order.
STEPS = 64
UNKNOWN = -32768

# Pixels beyond its core that a part keeps, since the outline of an object depends on them.
SEAM = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """A part of the whole picture: the core that it answers for, in pixels.

    ``height`` and ``width`` are those of the whole picture.
    """

    top: int
    left: int
    bottom: int
    right: int
    height: int
    width: int

    def around(self, margin: int) -> tuple[int, int, int, int]:
        """Return top, left, bottom, right with a margin, inside the picture."""
        return (
            max(self.top - margin, 0),
            max(self.left - margin, 0),
            min(self.bottom + margin, self.height),
            min(self.right + margin, self.width),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Record:
    """A scored part.

    Attributes
    ----------
    tile : Tile
    z : ndarray of shape (M, N), int16
        Scores of the core in steps of 1/64, `UNKNOWN` where a picture is missing.
    sums, counts : ndarray of shape (K,), int64
        Summed steps and number of pixels of each cluster in the core; cluster k has label k + 1.
    seam_places, seam_labels : ndarray of shape (S,)
        Index in the whole picture and label of the flagged pixels that neighbours hold as well.
    places, labels : ndarray of shape (P,)
        The pixels of clusters that may be significant, and around them; 0 is no cluster.
    fine : ndarray of shape (P,), bool
        Whether the finest level alone flags the pixel.
    values : ndarray of shape (P, 3 C + 5), float16
        Bands before and after, their change in opponent colours, signs of innocent causes, gain of
        edges, size of the change.
    """

    tile: Tile
    z: NDArray[np.int16]
    sums: NDArray[np.int64]
    counts: NDArray[np.int64]
    seam_places: NDArray[np.int64]
    seam_labels: NDArray[np.int32]
    places: NDArray[np.int64]
    labels: NDArray[np.int32]
    fine: Mask
    values: NDArray[np.float16]


def record(part: Part, tile: Tile, by: Statistics, *, top: int, left: int) -> Record:
    """Keep what is needed of a part whose first pixel is at ``top``, ``left`` of the picture."""
    wide = tile.around(SEAM)
    cut = np.s_[wide[0] - top : wide[2] - top, wide[1] - left : wide[3] - left]
    core = np.zeros((wide[2] - wide[0], wide[3] - wide[1]), bool)
    core[tile.top - wide[0] : tile.bottom - wide[0], tile.left - wide[1] : tile.right - wide[1]] = 1
    known, scored = part.known[cut], part.scored
    z = np.rint(scored.z[cut] * np.float32(STEPS)).astype(np.int16)
    flagged = known & (z > by.border * STEPS)
    count, labels = cv2.connectedComponents(flagged.astype(np.uint8), connectivity=8)
    inside = labels[core]
    sums = np.bincount(inside, weights=z[core].astype(np.float64), minlength=count)[1:]
    counts = np.bincount(inside, minlength=count)[1:]
    seam = _seam(tile, wide)
    # Clusters of noise are counted, and their pixels dropped; one in the seam may be part of more.
    light = by.null.p_values(weights(sums, counts, by.null.threshold)) > by.null.highest_q
    light[np.unique(labels[seam & flagged]) - 1] = False
    kept = np.concatenate([[False], ~light])[labels]
    reach = scored.reach if isinstance(scored, Score) else None
    near = kept
    if reach is not None:
        brush = np.ones((2 * reach + 3, 2 * reach + 3), np.uint8)
        near = cv2.dilate(kept.astype(np.uint8), brush).astype(bool)
    rows, columns = np.nonzero(near & known)
    at = (rows + wide[0] - top, columns + wide[1] - left)
    before, after = part.before[at], part.after[at]
    usual = float(by.fill[0].mean())
    marks = causes.signs(part.before[cut], part.after[cut], known, usual)[rows, columns]
    if isinstance(scored, Score):
        change, gain = -scored.difference[at], np.zeros(len(rows), np.float32)
        size, fine = np.sqrt(np.mean(change**2, axis=1)), scored.fine[at] > by.null.threshold
    else:
        change = opponent((after - before)[None])[0]
        gain, size = scored.gain[at], np.zeros(len(rows), np.float32)
        fine = np.zeros(len(rows), bool)
    on_seam = np.nonzero(seam & flagged)
    shown = np.where(known, z, np.int16(UNKNOWN))
    return Record(
        tile=tile,
        z=shown[core].reshape(tile.bottom - tile.top, tile.right - tile.left),
        sums=np.rint(sums).astype(np.int64),
        counts=counts.astype(np.int64),
        seam_places=_places(on_seam, wide, tile),
        seam_labels=labels[on_seam].astype(np.int32),
        places=_places((rows, columns), wide, tile),
        labels=labels[rows, columns].astype(np.int32),
        fine=fine,
        values=np.column_stack([before, after, change, marks, gain, size]).astype(np.float16),
    )


def weights(
    sums: NDArray[np.floating] | NDArray[np.int64], counts: NDArray[np.int64], threshold: float
) -> NDArray[np.float64]:
    """Return the summed excess over the threshold of clusters."""
    return np.asarray(sums / STEPS - counts * threshold, dtype=np.float64)


def _seam(tile: Tile, wide: tuple[int, int, int, int]) -> Mask:
    """Mark the pixels of a part that a neighbour keeps as well."""
    rows = np.ones(wide[2] - wide[0], bool)
    columns = np.ones(wide[3] - wide[1], bool)
    for inner, begin, end, length, first in (
        (rows, tile.top, tile.bottom, tile.height, wide[0]),
        (columns, tile.left, tile.right, tile.width, wide[1]),
    ):
        low = begin + SEAM if begin > 0 else 0
        high = end - SEAM if end < length else length
        inner[max(low - first, 0) : max(high - first, 0)] = False
    return rows[:, None] | columns[None, :]


def _places(
    at: tuple[NDArray[Any], ...], wide: tuple[int, int, int, int], tile: Tile
) -> NDArray[np.int64]:
    """Return the index of pixels of a part in the whole picture."""
    return np.asarray((at[0] + wide[0]) * tile.width + at[1] + wide[1], dtype=np.int64)
