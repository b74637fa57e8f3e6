"""Read a part of a picture without decoding the rest, and cut a large raster in tiles."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from imgcheck.errors import UnreadableError, UsageError
from imgcheck.imaging import transforms
from imgcheck.imaging.limits import WINDOWED_FORMATS, check_window
from imgcheck.imaging.pixels import Mask, Uint8, as_bytes, turn, view_to_stored

if TYPE_CHECKING:
    from imgcheck.imaging.image import Image

PartWindow = tuple[int, int, int, int]


def read_part(
    image: "Image",
    window: PartWindow | None,
    out_shape: tuple[int, int] | None,
    bands: Sequence[int] | None,
) -> NDArray[Any]:
    """Read a window; see `Image.read`."""
    column, row, width, height = part = _check(image, window)
    shape = out_shape or (height, width)
    if min(shape) < 1:
        raise UsageError(f"out_shape {shape} is not at least (1, 1)")
    check_window(width * height, shape[0] * shape[1], image.header, image.limits)
    if _by_gdal(image):
        from imgcheck.imaging.decoding.raster import read_window

        chosen = _choose(bands, image.header.bands)
        across = image.applied_orientation >= 5
        native = read_window(
            image.data,
            image.header,
            descriptor=image.descriptor,
            window=_stored(image, part),
            out_shape=(shape[1], shape[0]) if across else shape,
            bands=chosen,
        )
        return np.ascontiguousarray(turn(native, image.applied_orientation))
    whole = image.bands_array()
    chosen = _choose(bands, len(whole))
    native = whole[[number - 1 for number in chosen], row : row + height, column : column + width]
    return native if shape == (height, width) else _resample(native, shape, image.mode)


def read_part_valid(image: "Image", window: PartWindow) -> Mask:
    """Mark the usable pixels of a window; see `Image.read_valid`."""
    column, row, width, height = part = _check(image, window)
    check_window(width * height, width * height, image.header, image.limits)
    if not _by_gdal(image):
        return image.valid()[row : row + height, column : column + width]
    from imgcheck.imaging.decoding.raster import read_valid_window

    valid = read_valid_window(
        image.data, image.header, descriptor=image.descriptor, window=_stored(image, part)
    )
    return np.ascontiguousarray(turn(valid, image.applied_orientation))


def _by_gdal(image: "Image") -> bool:
    """Only a raster of these formats that was not decoded yet is read in parts."""
    if image.header.unreadable_reason:
        raise UnreadableError(f"its pixels cannot be read: {image.header.unreadable_reason}")
    return image.format in ("tiff", "jp2") and not image.has_decoded


def _stored(image: "Image", window: PartWindow) -> PartWindow:
    """Return a window of the view in the stored grid."""
    column, row, width, height = window
    matrix = view_to_stored(
        image.applied_orientation, width=image.header.width, height=image.header.height
    )
    ends = transforms.apply(matrix, [(column, row), (column + width, row + height)])
    left, top = (round(float(value)) for value in ends.min(axis=0))
    right, bottom = (round(float(value)) for value in ends.max(axis=0))
    return left, top, right - left, bottom - top


def _check(image: "Image", window: PartWindow | None) -> PartWindow:
    if window is None:
        return 0, 0, image.width, image.height
    column, row, width, height = (int(value) for value in window)
    inside = min(column, row) >= 0 and min(width, height) >= 1
    if not inside or column + width > image.width or row + height > image.height:
        raise UsageError(
            f"window (column {column}, row {row}, width {width}, height {height}) does not lie in "
            f"the picture of {image.width} x {image.height} pixels"
        )
    return column, row, width, height


def _choose(bands: Sequence[int] | None, count: int) -> list[int]:
    chosen = list(range(1, count + 1)) if bands is None else [int(number) for number in bands]
    if not chosen or not all(1 <= number <= count for number in chosen):
        raise UsageError(f"bands {chosen} do not exist; the picture has 1 to {count}")
    return chosen


def _resample(native: NDArray[Any], shape: tuple[int, int], mode: str) -> NDArray[Any]:
    import cv2

    smaller = shape[0] <= native.shape[1] and shape[1] <= native.shape[2]
    method = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    if mode == "palette":
        method = cv2.INTER_NEAREST
    size = (shape[1], shape[0])
    return np.stack(
        [cv2.resize(np.ascontiguousarray(b), size, interpolation=method) for b in native]
    )


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
    rgb: Uint8
    valid: Mask


def is_mosaic(image: "Image") -> bool:
    """Return whether a picture is a raster so large that it should be cut in tiles."""
    large = max(image.width, image.height) > LARGEST_SIDE
    return large and image.format in WINDOWED_FORMATS


def cut(image: "Image", *, side: int = SIDE, overlap: int = OVERLAP) -> Iterator[Tile]:
    """Yield the tiles of a raster row by row; tiles without a usable pixel are left out.

    Neighbours share ``overlap`` pixels; the last tile of a row or column may share more. Samples of
    more than 8 bits are stretched tile by tile, between the 2nd and 98th percentile.
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


def _view(image: "Image", window: tuple[int, int, int, int], valid: Mask) -> Uint8:
    x, y, width, height = window
    if image.mode == "palette":
        # Its samples are indices; the colours come with the whole.
        return image.rgb()[y : y + height, x : x + width]
    bands = image.read(window)
    shown = bands[:3] if len(bands) >= 3 else bands[[0, 0, 0]]
    view = as_bytes(shown, valid=valid, bits=image.header.bits)
    return np.ascontiguousarray(np.moveaxis(view, 0, -1))
