"""Read two pictures of any size for statistics: blocks all over them, or both reduced."""

from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from imgcheck.change.grid import Frame, Pixels, filled, grey, medians
from imgcheck.change.shift import register
from imgcheck.errors import ImgcheckError, UnreadableError

# Largest side of a picture that is measured whole, pixels.
WHOLE = 1024

# Blocks a side of the sample of a larger one, and their side, pixels. Between blocks nothing is
# known, so that no shift brings one over the next.
_BLOCKS, _BLOCK, _BETWEEN = 6, 88, 32

# Side of the reduced picture on which a shift of many pixels is found, and of the views.
_REDUCED = 1536

Window = tuple[int, int, int, int]


class Source(Protocol):
    """Two pictures on one grid, read by windows: top, left, bottom, right."""

    @property
    def height(self) -> int:
        """Rows."""
        ...

    @property
    def width(self) -> int:
        """Columns."""
        ...

    def read(self, window: Window, shift: tuple[int, int] = (0, 0)) -> tuple[Pixels, Pixels]:
        """Return (M, N, bands) of both, float in [0, 1], NaN where nothing is known.

        The window of the second is moved by ``shift`` (right, down); it may reach out of the grid.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ArraySource:
    """Two arrays as a source."""

    before: Pixels
    after: Pixels

    @property
    def height(self) -> int:
        """Rows."""
        return self.before.shape[0]

    @property
    def width(self) -> int:
        """Columns."""
        return self.before.shape[1]

    def read(self, window: Window, shift: tuple[int, int] = (0, 0)) -> tuple[Pixels, Pixels]:
        """Return a part of both."""
        top, left, bottom, right = window
        x, y = shift
        rows, columns = np.arange(top + y, bottom + y), np.arange(left + x, right + x)
        after = self.after[np.clip(rows, 0, self.height - 1)][
            :, np.clip(columns, 0, self.width - 1)
        ]
        after[(rows < 0) | (rows >= self.height)] = np.nan
        after[:, (columns < 0) | (columns >= self.width)] = np.nan
        return self.before[top:bottom, left:right], after


def reduced(picture: Pixels, step: int) -> Pixels:
    """Return the means of squares of ``step`` pixels; NaN where most of one is unknown."""
    if step == 1:
        return picture
    rows, columns = (-(-n // step) * step for n in picture.shape[:2])
    bottom, right = rows - picture.shape[0], columns - picture.shape[1]
    known = np.asarray(np.isfinite(picture).all(axis=2))
    layers = np.dstack([np.where(known[..., None], picture, 0), known]).astype(np.float32)
    layers = np.pad(layers, ((0, bottom), (0, right), (0, 0)))
    sums = cv2.resize(layers, (columns // step, rows // step), interpolation=cv2.INTER_AREA)
    share = sums[..., -1:]
    mean = sums[..., :-1] / np.maximum(share, np.float32(1e-6))
    return np.asarray(np.where(share > 0.5, mean, np.float32("nan")), dtype=np.float32)


def reduction(height: int, width: int) -> int:
    """Return the power of two that reduces both sides to 1,536 pixels."""
    step = 1
    while max(height, width) > _REDUCED * step:
        step *= 2
    return step


def _read(source: Source, window: Window, shift: tuple[int, int]) -> tuple[Pixels, Pixels] | None:
    """Read a window for statistics; None where it is unreadable."""
    try:
        return source.read(window, shift)
    except ImgcheckError:
        return None


def coarse_shift(source: Source) -> tuple[int, int]:
    """Return the shift of ``after`` in whole pixels, found on a reduced pair; 0 where it is not."""
    step = reduction(source.height, source.width)
    one, two = reduced_pair(source, step, in_grey=True)
    known = np.asarray(np.isfinite(one[..., 0]) & np.isfinite(two[..., 0]))
    if known.sum() < 400:
        return 0, 0
    one, two = (filled(layer, known, medians(layer, known)) for layer in (one, two))
    found = register(one, two, known)
    if not found.verified:
        return 0, 0
    return round(found.shift.dx * step), round(found.shift.dy * step)


def reduced_pair(source: Source, step: int, *, in_grey: bool = False) -> tuple[Pixels, Pixels]:
    """Read both pictures reduced by ``step``, strip by strip; NaN where unknown or unreadable."""
    high = max(step, 64)
    rows, columns = -(-source.height // step), -(-source.width // step)
    pair: list[Pixels] = []
    for top in range(0, source.height, high):
        both = _read(source, (top, 0, min(top + high, source.height), source.width), (0, 0))
        if both is None:
            continue
        layers = [reduced(grey(one) if in_grey else one, step) for one in both]
        pair = pair or [
            np.full((rows, columns, one.shape[2]), np.nan, np.float32) for one in layers
        ]
        for whole, one in zip(pair, layers, strict=True):
            whole[top // step : top // step + len(one)] = one
    if not pair:
        raise UnreadableError("no part of both pictures could be read")
    return pair[0], pair[1]


def sample(source: Source, shift: tuple[int, int]) -> tuple[Pixels, Pixels, Frame]:
    """Read what the first pass measures: the whole, or blocks with unknown ground between them."""
    height, width = source.height, source.width
    if max(height, width) <= WHOLE:
        before, after = source.read((0, 0, height, width), shift)
        return before, after, Frame.whole((height, width))
    rows, columns = _along(height), _along(width)
    shape = tuple(len(axis) for axis in (rows, columns))
    pair: list[Pixels] = []
    for row in range(0, shape[0], _BLOCK + _BETWEEN):
        for column in range(0, shape[1], _BLOCK + _BETWEEN):
            part = np.s_[row : row + _BLOCK, column : column + _BLOCK]
            top, left = int(rows[row]), int(columns[column])
            bottom, right = int(rows[part[0]][-1]) + 1, int(columns[part[1]][-1]) + 1
            both = _read(source, (top, left, bottom, right), shift)
            if both is None:
                continue
            pair = pair or [np.full((*shape, one.shape[2]), np.nan, np.float32) for one in both]
            for whole, one in zip(pair, both, strict=True):
                whole[part] = one
    if not pair:
        raise UnreadableError("no part of both pictures could be read")
    at = Frame(x=np.add(columns, 0.5), y=np.add(rows, 0.5), width=width, height=height)
    return pair[0], pair[1], at


def _along(length: int) -> NDArray[np.float64]:
    """Return the rows or columns of the sample: blocks from end to end, and gaps between them."""
    if length <= _BLOCKS * (_BLOCK + _BETWEEN):
        return np.arange(length, dtype=np.float64)
    begins = np.rint(np.linspace(0, length - _BLOCK, _BLOCKS)).astype(np.int64)
    pieces = [begin + np.arange(_BLOCK + _BETWEEN) for begin in begins]
    return np.asarray(np.concatenate(pieces)[:-_BETWEEN], dtype=np.float64)
