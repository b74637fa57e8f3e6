"""Cutting a large raster in overlapping tiles, each read on its own."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from imgcheck.imaging.limits import WINDOWED_FORMATS
from imgcheck.imaging.pixels import as_bytes

if TYPE_CHECKING:
    from imgcheck.imaging.image import Image

# Above this side a raster is a mosaic: one picture of it would hold too few details to find a
# part by, since details are taken at 2048 pixels a side.
LARGEST_SIDE = 4096
SIDE = 2048
# What a post shows of a mosaic is mostly smaller than this and then lies whole in one tile.
OVERLAP = 512


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tile:
    """A part of a raster: where it lies, (height, width, 3) uint8, and its usable pixels."""

    x: int
    y: int
    width: int
    height: int
    rgb: NDArray[np.uint8]
    valid: NDArray[np.bool_]


def is_mosaic(image: "Image") -> bool:
    """Tell whether a picture is a raster so large that it should be cut in tiles."""
    large = max(image.width, image.height) > LARGEST_SIDE
    return large and image.format in WINDOWED_FORMATS


def cut(image: "Image", *, side: int = SIDE, overlap: int = OVERLAP) -> Iterator[Tile]:
    """Give the tiles of a raster row by row; tiles without a usable pixel are left out.

    Parameters
    ----------
    image : Image
    side : int, default 2048
    overlap : int, default 512
        Pixels that neighbours share; the last tile of a row or column may share more.

    Raises
    ------
    UnreadableError, RefusedError
        If a part cannot be decoded.

    Notes
    -----
    Samples of more than 8 bits are stretched tile by tile, between the 2nd and 98th percentile.
    """
    for y in _starts(image.height, side, overlap):
        for x in _starts(image.width, side, overlap):
            width, height = min(side, image.width), min(side, image.height)
            valid = image.read_valid((x, y, width, height))
            if not valid.any():
                continue
            yield Tile(
                x=x,
                y=y,
                width=width,
                height=height,
                rgb=_view(image, (x, y, width, height), valid),
                valid=valid,
            )


def _starts(length: int, side: int, overlap: int) -> list[int]:
    if length <= side:
        return [0]
    return [*range(0, length - side, side - overlap), length - side]


def _view(
    image: "Image", window: tuple[int, int, int, int], valid: NDArray[np.bool_]
) -> NDArray[np.uint8]:
    x, y, width, height = window
    if image.mode == "palette":
        # Its samples are indices; the colours come with the whole.
        return image.rgb()[y : y + height, x : x + width]
    bands = image.read(window)
    shown = bands[:3] if len(bands) >= 3 else bands[[0, 0, 0]]
    view = as_bytes(shown, valid=valid, bits=image.header.bits)
    return np.ascontiguousarray(np.moveaxis(view, 0, -1))
