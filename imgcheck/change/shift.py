"""Register two pictures on one grid: their common shift, and the error that remains at each place.

The directions of edges hardly depend on season, light or sensor. Correlated over the whole
picture, they find a shift of up to `FAR` pixels between any two dates. Small windows, matched by
the strength of their gradients, then refine it where both pictures are alike; their scatter is the
error that remains.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from imgcheck.change.grid import Frame, Mask, Pixels, grey, robust_sigma

# Largest shift searched for by the windows, pixels; larger ones are corrected first.
REACH = 6
_WINDOW = 40

# Largest shift searched for by the directions of edges, pixels.
FAR = 32

# A window counts when its best correlation is this high (unrelated texture stays below 0.35 at
# 40 px) and its place is not at the border of the search.
_LEAST_CORRELATION = 0.4
_FEWEST_WINDOWS = 4

# Height of the peak of the correlation of directions over its surroundings, in robust standard
# deviations. 4,225 shifts are tried; unrelated pairs reached 3.6, pairs of other dates 4 to 43
# (docs/benchmarks/change.md, registration).
_LEAST_PEAK = 4.75

# Scatter of the windows, pixels, up to which their median is better than the whole picture's peak.
_ALIKE = 0.7

# Standard error of the peak of directions between two dates, pixels (docs/benchmarks/change.md).
_PEAK_SIGMA = 0.5


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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ErrorField:
    """Standard error of the registration over the whole picture, pixels; NaN where unknown.

    ``nodes`` are values at evenly spaced places from border to border.
    """

    nodes: Pixels

    def at(self, frame: Frame) -> Pixels:
        """Return the error at each pixel of a frame, interpolated."""
        rows, columns = self.nodes.shape
        along = _between(self.nodes, frame.y / frame.height * (rows - 1), 0)
        return _between(along, frame.x / frame.width * (columns - 1), 1)


def _between(values: Pixels, places: NDArray[np.float64], axis: int) -> Pixels:
    """Interpolate linearly at fractional indices of one axis."""
    low = np.clip(np.floor(places).astype(int), 0, max(values.shape[axis] - 2, 0))
    high = np.minimum(low + 1, values.shape[axis] - 1)
    share = (places - low).astype(np.float32)
    share = share[:, None] if axis == 0 else share
    one, two = values.take(low, axis), values.take(high, axis)
    return np.asarray(one + share * (two - one), dtype=np.float32)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Registration:
    """The shift of ``after``, how certain it is, and whether both pictures show one structure.

    Attributes
    ----------
    shift : Shift
        Zero, with unknown errors, where the pair could not be registered.
    peak : float
        Height of the correlation of edge directions over its surroundings, standard deviations.
    structure : float
        That correlation within `REACH` pixels of the given alignment, 0 to 1.
    error : ErrorField
    """

    shift: Shift
    peak: float
    structure: float
    error: ErrorField

    @property
    def verified(self) -> bool:
        """Whether the pictures themselves confirm their alignment."""
        return self.shift.sigma is not None


def _directions(picture: Pixels, valid: Mask) -> NDArray[np.complex64]:
    """Return the doubled angle of the gradient as a complex number, weak gradients reduced.

    The doubled angle is the same for an edge that is bright on its left or on its right side.
    """
    layer = cv2.GaussianBlur(grey(picture)[..., 0], (0, 0), 1.0)
    gx, gy = cv2.Sobel(layer, cv2.CV_32F, 1, 0), cv2.Sobel(layer, cv2.CV_32F, 0, 1)
    strength = cv2.magnitude(gx, gy)
    inner = cv2.erode(
        valid.astype(np.uint8), np.ones((7, 7), np.uint8), borderType=cv2.BORDER_CONSTANT
    ).astype(bool)
    usual = float(np.median(strength[inner])) if inner.any() else 0.0
    if usual < 1e-5:
        return np.zeros(strength.shape, np.complex64)
    weight = 1 / ((strength + usual) * np.maximum(strength, 1e-9))
    doubled = (gx + 1j * gy) ** 2 * weight
    return np.where(inner, doubled, 0).astype(np.complex64)


def _correlation(before: Pixels, after: Pixels, valid: Mask) -> Pixels:
    """Return the correlation of edge directions for shifts of ``after`` up to `FAR` each way."""
    one, two = _directions(before, valid), _directions(after, valid)
    energy = float(np.sqrt((np.abs(one) ** 2).sum() * (np.abs(two) ** 2).sum()))
    if energy == 0:
        return np.zeros((2 * FAR + 1, 2 * FAR + 1), np.float32)
    size = [cv2.getOptimalDFTSize(n + FAR) for n in valid.shape]
    spectrum = np.conj(np.fft.fft2(one, size)) * np.fft.fft2(two, size)
    whole = np.fft.ifft2(spectrum).real / energy
    steps = np.arange(-FAR, FAR + 1)
    return whole[np.ix_(steps, steps)].astype(np.float32)


def register(before: Pixels, after: Pixels, valid: Mask, at: Frame | None = None) -> Registration:
    """Register two pictures of any two dates on one grid.

    ``at`` places their pixels in larger pictures, whose field of error is estimated. Shifts of up
    to `FAR` pixels are found. The pair counts as registered where the peak of the
    correlation stands out from all other shifts, or where windows of both pictures match.
    """
    surface = _correlation(before, after, valid)
    y, x = np.unravel_index(int(surface.argmax()), surface.shape)
    grid_y, grid_x = np.indices(surface.shape)
    around = surface[np.hypot(grid_y - y, grid_x - x) > 4]
    peak = float((surface[y, x] - np.median(around)) / max(robust_sigma(around), 1e-6))
    near = surface[FAR - REACH : FAR + REACH + 1, FAR - REACH : FAR + REACH + 1]
    edge = min(x, y, 2 * FAR - x, 2 * FAR - y) == 0
    coarse = Shift(dx=0.0, dy=0.0, sigma=None, spread=None)
    if peak >= _LEAST_PEAK and not edge:
        dx = x - FAR + _vertex(surface[y, x - 1], surface[y, x], surface[y, x + 1])
        dy = y - FAR + _vertex(surface[y - 1, x], surface[y, x], surface[y + 1, x])
        coarse = Shift(dx=float(dx), dy=float(dy), sigma=_PEAK_SIGMA, spread=None)
    whole = (round(coarse.dx), round(coarse.dy))
    moved, known = move_back(
        after, valid, Shift(dx=float(whole[0]), dy=float(whole[1]), sigma=None, spread=None)
    )
    windows = _windows(before, moved, known & valid)
    fine = _common(windows)
    if fine.spread is not None and fine.spread <= _ALIKE:
        shift = Shift(
            dx=whole[0] + fine.dx, dy=whole[1] + fine.dy, sigma=fine.sigma, spread=fine.spread
        )
    elif coarse.sigma is not None:
        shift = Shift(dx=coarse.dx, dy=coarse.dy, sigma=coarse.sigma, spread=fine.spread)
        windows = windows[:0]
    else:
        shift = coarse
    return Registration(
        shift=shift,
        peak=peak,
        structure=float(near.max()),
        error=_error(windows, shift, at or Frame.whole(valid.shape)),
    )


def _error(windows: NDArray[np.float64], shift: Shift, at: Frame) -> ErrorField:
    """Return the standard error over the picture: that of the windows around, and of the shift."""
    if shift.sigma is None:
        return ErrorField(nodes=np.full((1, 1), np.nan, np.float32))
    usual = shift.sigma if shift.spread is None or not len(windows) else shift.spread
    if len(windows) < 3 * _FEWEST_WINDOWS:
        return ErrorField(nodes=np.full((1, 1), np.hypot(usual, shift.sigma), np.float32))
    off = windows[:, 2:] - np.median(windows[:, 2:], axis=0)
    # A wrong match is no displacement: a window counts as at most three usual deviations.
    squared = np.minimum((off**2).sum(axis=1) / 2, 9 * usual**2)
    x, y = (np.linspace(0, n, 33) for n in (at.width, at.height))
    # The places of the centres of windows in the whole picture.
    there = [
        np.interp(windows[:, k], np.arange(len(axis)) + 0.5, axis)
        for k, axis in enumerate((at.x, at.y))
    ]
    away = (x[None, :, None] - there[0]) ** 2 + (y[:, None, None] - there[1]) ** 2
    weight = np.exp(-away / (2 * (max(at.width, at.height) / 8) ** 2))
    field = (weight @ squared + usual**2) / (weight.sum(axis=2) + 1) + shift.sigma**2
    return ErrorField(nodes=np.sqrt(field).astype(np.float32))


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


def _windows(before: Pixels, after: Pixels, valid: Mask) -> NDArray[np.float64]:
    """Return x, y, dx, dy of every window that matches: its centre, and its offset."""
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
                found.append((left + size / 2, top + size / 2, *offset))
    return np.array(found, dtype=np.float64).reshape(-1, 4)


def _common(windows: NDArray[np.float64]) -> Shift:
    """Return the median offset of windows and its error."""
    if len(windows) < _FEWEST_WINDOWS:
        return Shift(dx=0.0, dy=0.0, sigma=None, spread=None)
    offsets = windows[:, 2:]
    middle = np.median(offsets, axis=0)
    spread = float(np.hypot(robust_sigma(offsets[:, 0]), robust_sigma(offsets[:, 1])) / np.sqrt(2))
    # A median is 1.25 times as uncertain as a mean; windows overlap by half, so that about one in
    # two is independent.
    sigma = 1.25 * max(spread, 0.02) / np.sqrt(len(offsets) / 2)
    return Shift(dx=float(middle[0]), dy=float(middle[1]), sigma=float(sigma), spread=spread)


def residual_shift(before: Pixels, after: Pixels, valid: Mask) -> Shift:
    """Measure the residual shift of two pictures that are alike, on one grid.

    It is (0, 0) with unknown errors where fewer than four windows match.
    """
    return _common(_windows(before, after, valid))


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
