"""A pair of images on one grid, read part by part."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from imgcheck.imaging import REFERENCE_LIMITS, Image
from imgcheck.imaging.grid import Grid
from imgcheck.imaging.pixels import Float32, Mask
from imgcheck.imaging.rasters import Look, RasterReader, look_at
from imgcheck.imaging.windows import PartWindow

Window = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Side:
    """One image of a pair: its file, how its samples are scaled, and what of it is not covered."""

    path: Path
    sha256: str
    look: Look
    clean: Mask | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pair:
    """What a worker needs to read two images on one grid.

    Attributes
    ----------
    before, after : Side
    grid : Grid or None
        None for two images of one size without a place, which are taken pixel by pixel.
    height, width : int
        Of the grid.
    """

    before: Side
    after: Side
    grid: Grid | None
    height: int
    width: int

    def open(self, images: tuple[Image, Image] | None = None) -> "OpenPair":
        """Open both files for one thread; ``images`` are the two if they are open already."""
        opened = images or tuple(_image(one.path, one.sha256) for one in (self.before, self.after))
        return OpenPair(self, (opened[0], opened[1]))


@lru_cache(maxsize=4)
def _image(path: Path, sha256: str) -> Image:
    """Open an image once in a worker, and refuse another file of its name."""
    from imgcheck.errors import UnreadableError

    image = Image.open(path, limits=REFERENCE_LIMITS)
    if image.sha256 != sha256:
        raise UnreadableError(f"{image.name}: is not the file that the comparison began with")
    return image


class OpenPair:
    """Two images on one grid, open for one thread."""

    def __init__(self, pair: Pair, images: tuple[Image, Image]) -> None:
        self.height, self.width = pair.height, pair.width
        self._pair = pair
        self._readers = tuple(RasterReader(image) for image in images)

    def close(self) -> None:
        """Close both files."""
        for reader in reversed(self._readers):
            reader.close()

    def read(self, window: Window, shift: tuple[int, int] = (0, 0)) -> tuple[Float32, Float32]:
        """Read top, left, bottom, right of the grid: two arrays in [0, 1], NaN where unknown.

        ``shift`` (right, down) is added to the window of ``after``.
        """
        moved = (window[0] + shift[1], window[1] + shift[0], window[2] + shift[1],
                 window[3] + shift[0])  # fmt: skip
        return (
            _drawn(self._readers[0], self._pair.before, self._pair.grid, window),
            _drawn(self._readers[1], self._pair.after, self._pair.grid, moved),
        )


def _drawn(reader: RasterReader, side: Side, grid: Grid | None, window: Window) -> Float32:
    top, left, bottom, right = window
    image = reader.image
    if grid is None:
        offset: tuple[int, int] | None = (0, 0)
    else:
        offset = grid.offset_in(image)
    if offset is not None:
        x, y = left + offset[0], top + offset[1]
        result = _copied(reader, side, (x, y, right - left, bottom - top))
        return result
    assert grid is not None
    part = grid.part(left, top, right - left, bottom - top)
    return part.draw(image, lambda inside: reader.read(inside, side.look), len(side.look.bands))


def _copied(reader: RasterReader, side: Side, window: PartWindow) -> Float32:
    """Read a window that may reach out of the image."""
    x, y, width, height = window
    image = reader.image
    result = np.full((height, width, len(side.look.bands)), np.nan, np.float32)
    left, top = max(x, 0), max(y, 0)
    right, bottom = min(x + width, image.width), min(y + height, image.height)
    if left >= right or top >= bottom:
        return result
    inside = reader.read((left, top, right - left, bottom - top), side.look)
    if side.clean is not None:
        inside[~side.clean[top:bottom, left:right]] = np.nan
    result[top - y : bottom - y, left - x : right - x] = inside
    return result


def side_of(image: Image, *, every_band: bool, clean: Mask | None = None) -> Side:
    """Look at an image as one side of a pair."""
    assert image.path is not None
    reader = RasterReader(image)
    try:
        look = look_at(reader, every_band=every_band)
    finally:
        reader.close()
    return Side(path=image.path, sha256=image.sha256, look=look, clean=clean)
