"""Whether an embedded thumbnail shows the same picture as the main one."""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

Gray = NDArray[np.float32]

_LONG_SIDE = 64  # both are compared at this size: coarser than the blur of any thumbnail maker
# Both fixed before the benchmark was run (an earlier trial cut at 0.95); how often they are right
# on two sets of real thumbnails is printed by benchmarks: provenance.
_SAME = 0.95
_DIFFERENT = 0.60
# Below this spread (of 0..1) a picture is so flat that any two look alike.
_FLAT = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How a thumbnail agrees with the main picture.

    Attributes
    ----------
    kind : str
        ``same``, ``letterboxed`` (same, with bars in the thumbnail), ``different``, or
        ``undecided``: too flat, too small, or between the two thresholds.
    ncc : float or None
        Normalised cross-correlation at the best alignment, -1 to 1; None where nothing could be
        compared.
    rotation_deg : int
        Clockwise turn of the main picture, 0, 90, 180, 270, that fits best.
    mirrored : bool
        Whether the main picture was mirrored left to right before that turn.
    bars : tuple of int
        Rows above, rows below, columns left, columns right of the thumbnail taken as bars.
    """

    kind: Literal["same", "letterboxed", "different", "undecided"]
    ncc: float | None
    rotation_deg: int
    mirrored: bool
    bars: tuple[int, int, int, int]


def thumbnail_agreement(thumb_gray: Gray, main_gray: Gray) -> Agreement:
    """Compare a thumbnail with the main picture over 8 orientations, with and without bars.

    Parameters
    ----------
    thumb_gray, main_gray : ndarray of shape (M, N), float32 in [0, 1]
        Of any two sizes.

    Returns
    -------
    Agreement
        ``different`` says that no alignment tried correlates; crops are not tried, so a picture
        cropped after its thumbnail was made is ``different`` or ``undecided``, as it should be
        read: the picture changed after the thumbnail was written. Cameras that cut the thumbnail
        out of the middle exist; then it is no sign of anything.

    Notes
    -----
    Turned pictures with an old thumbnail are common and innocent.
    """
    if min(*thumb_gray.shape[:2], *main_gray.shape[:2]) < 8:
        return _undecided()
    small_main = _shrink(main_gray, 4 * _LONG_SIDE)
    best = _undecided()
    for mirrored in (False, True):
        for turns in range(4):
            view = np.ascontiguousarray(np.rot90(np.fliplr(small_main) if mirrored else small_main,
                                                 -turns))  # fmt: skip
            for bars in _bars(thumb_gray, view.shape):
                ncc = _correlate(_inside(thumb_gray, bars), view)
                if ncc is not None and (best.ncc is None or ncc > best.ncc + 1e-6):
                    best = Agreement(kind=_kind(ncc, bars), ncc=ncc, rotation_deg=90 * turns,
                                     mirrored=mirrored, bars=bars)  # fmt: skip
    return best


def _undecided() -> Agreement:
    return Agreement(kind="undecided", ncc=None, rotation_deg=0, mirrored=False, bars=(0, 0, 0, 0))


def _kind(
    ncc: float, bars: tuple[int, int, int, int]
) -> Literal["same", "letterboxed", "different", "undecided"]:
    if ncc >= _SAME:
        return "letterboxed" if any(bars) else "same"
    return "different" if ncc < _DIFFERENT else "undecided"


def _shrink(gray: Gray, long_side: int) -> Gray:
    rows, columns = gray.shape[:2]
    scale = long_side / max(rows, columns)
    if scale >= 1:
        return np.asarray(gray, dtype=np.float32)
    size = (max(8, round(columns * scale)), max(8, round(rows * scale)))
    return cv2.resize(np.asarray(gray, np.float32), size, interpolation=cv2.INTER_AREA)  # type: ignore[return-value]


def _bars(thumb: Gray, shape: tuple[int, ...]) -> list[tuple[int, int, int, int]]:
    """Give the borders to try: none, those that the other aspect explains, those that are dark."""
    rows, columns = thumb.shape[:2]
    choices = [(0, 0, 0, 0)]
    height = round(columns * shape[0] / shape[1])
    width = round(rows * shape[1] / shape[0])
    if 2 <= rows - height <= rows // 2:
        choices.append(_halves(rows - height, rows=True))
    if 2 <= columns - width <= columns // 2:
        choices.append(_halves(columns - width, rows=False))
    dark = _dark_border(thumb)
    if any(dark):
        choices.append(dark)
    return choices


def _halves(extra: int, *, rows: bool) -> tuple[int, int, int, int]:
    first, second = extra // 2, extra - extra // 2
    return (first, second, 0, 0) if rows else (0, 0, first, second)


def _dark_border(thumb: Gray) -> tuple[int, int, int, int]:
    """Count the border rows and columns that are nearly black and even."""
    rows = np.asarray((thumb.mean(axis=1) < 0.06) & (thumb.std(axis=1) < 0.05))
    columns = np.asarray((thumb.mean(axis=0) < 0.06) & (thumb.std(axis=0) < 0.05))

    def run(flags: NDArray[np.bool_]) -> int:
        return 0 if flags.all() else int(np.argmin(flags))

    top, bottom, left, right = run(rows), run(rows[::-1]), run(columns), run(columns[::-1])
    if top + bottom > len(rows) // 2 or left + right > len(columns) // 2:
        return (0, 0, 0, 0)
    return top, bottom, left, right


def _inside(thumb: Gray, bars: tuple[int, int, int, int]) -> Gray:
    rows, columns = thumb.shape[:2]
    # The edge between bar and picture is smeared over a pixel or two by the JPEG.
    top, bottom, left, right = (bar + 1 if bar else 0 for bar in bars)
    return thumb[top : rows - bottom, left : columns - right]


def _correlate(thumb: Gray, view: Gray) -> float | None:
    if min(thumb.shape[:2]) < 8:
        return None
    # cv2.resize wants an ndarray that owns its rows; the view is given the thumbnail's shape.
    small = _shrink(np.ascontiguousarray(thumb), _LONG_SIDE)
    size = (small.shape[1], small.shape[0])
    other = cv2.resize(view, size, interpolation=cv2.INTER_AREA)
    a, b = small - small.mean(), other - other.mean()
    if a.std() < _FLAT or b.std() < _FLAT:
        return None
    return float((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum()))
