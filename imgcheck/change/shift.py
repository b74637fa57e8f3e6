"""Measure and undo the residual shift of two co-registered pictures.

Small windows of one picture are matched to the other by normalised correlation of their gradients,
which depend little on season or light. The median of the windows is the common shift; their spread
gives its error, and the local deviations.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from imgcheck.change.grid import Mask, Pixels, grey, robust_sigma

# Largest shift searched for, pixels; larger ones are corrected by the registration.
REACH = 6
_WINDOW = 40

# A window counts when its best correlation is this high (unrelated texture stays below 0.35 at
# 40 px) and its place is not at the border of the search.
_LEAST_CORRELATION = 0.4
_FEWEST_WINDOWS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """Move ``after`` by (-dx, -dy) to register it to ``before``.

    ``sigma`` is the standard error of the common shift, ``spread`` the robust deviation of single
    windows from it, both in pixels and ``None`` when too few windows could be matched.
    """

    dx: float
    dy: float
    sigma: float | None
    spread: float | None


def _edges(picture: Pixels, valid: Mask) -> Pixels:
    """Return the gradient strength of the grey picture, compressed so that no edge dominates."""
    layer = cv2.GaussianBlur(grey(picture)[..., 0], (0, 0), 1.0)
    strength = cv2.magnitude(cv2.Sobel(layer, cv2.CV_32F, 1, 0), cv2.Sobel(layer, cv2.CV_32F, 0, 1))
    strength = np.sqrt(strength)
    inner = cv2.erode(valid.astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool)
    return np.where(inner, strength, np.float32(0)).astype(np.float32)


def _vertex(left: float, middle: float, right: float) -> float:
    """Return the sub-pixel position of the top of a parabola through three values."""
    bend = left - 2 * middle + right
    return 0.0 if bend >= 0 else 0.5 * (left - right) / bend


def _match(window: Pixels, around: Pixels) -> tuple[float, float] | None:
    """Return the offset of ``window`` in ``around``, or None where it is ambiguous."""
    if float(window.std()) < 1e-3:
        return None
    score = cv2.matchTemplate(around, window, cv2.TM_CCOEFF_NORMED)
    _, best, _, (x, y) = cv2.minMaxLoc(score)
    if best < _LEAST_CORRELATION or not (0 < x < 2 * REACH and 0 < y < 2 * REACH):
        return None
    dx = x - REACH + _vertex(score[y, x - 1], score[y, x], score[y, x + 1])
    dy = y - REACH + _vertex(score[y - 1, x], score[y, x], score[y + 1, x])
    return float(dx), float(dy)


def residual_shift(before: Pixels, after: Pixels, valid: Mask) -> Shift:
    """Measure the residual shift of two pictures on one grid.

    It is (0, 0) with unknown errors where fewer than four windows match.
    """
    rows, columns = valid.shape
    size = min(_WINDOW, min(rows, columns) - 2 * REACH)
    one, two = _edges(before, valid), _edges(after, valid)
    step = max(size // 2, int(np.sqrt(rows * columns / 400)))
    found = []
    for top in range(REACH, rows - size - REACH + 1, step):
        for left in range(REACH, columns - size - REACH + 1, step):
            wide = np.s_[top - REACH : top + size + REACH, left - REACH : left + size + REACH]
            if valid[wide].mean() < 0.9:
                continue
            offset = _match(one[top : top + size, left : left + size], two[wide])
            if offset is not None:
                found.append(offset)
    if len(found) < _FEWEST_WINDOWS:
        return Shift(dx=0.0, dy=0.0, sigma=None, spread=None)
    offsets = np.array(found)
    middle = np.median(offsets, axis=0)
    spread = float(np.hypot(robust_sigma(offsets[:, 0]), robust_sigma(offsets[:, 1])) / np.sqrt(2))
    # A median is 1.25 times as uncertain as a mean; windows overlap by half, so that about one in
    # two is independent.
    sigma = 1.25 * max(spread, 0.02) / np.sqrt(len(found) / 2)
    return Shift(
        dx=float(middle[0]),
        dy=float(middle[1]),
        sigma=float(sigma),
        spread=spread,
    )


def move_back(after: Pixels, valid: Mask, shift: Shift) -> tuple[Pixels, Mask]:
    """Undo the shift of ``after``; also return which of its pixels are known."""
    if np.hypot(shift.dx, shift.dy) < 0.05:
        return after, valid
    matrix = np.array([[1, 0, -shift.dx], [0, 1, -shift.dy]], dtype=np.float64)
    size = (valid.shape[1], valid.shape[0])
    # Band by band and in float32: OpenCV 5.0 leaves the border of float64 colour arrays empty.
    moved = np.dstack(
        [
            cv2.warpAffine(
                np.ascontiguousarray(after[..., k]),
                matrix,
                size,
                flags=cv2.INTER_CUBIC,
                borderMode=cv2.BORDER_REPLICATE,
            )
            for k in range(after.shape[2])
        ]
    )
    known = cv2.warpAffine(valid.astype(np.float32), matrix, size, flags=cv2.INTER_LINEAR)
    return np.asarray(moved, dtype=np.float32), known > 0.999
