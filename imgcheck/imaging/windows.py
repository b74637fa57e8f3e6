"""Read a part of a picture without decoding the rest, where its format allows it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from imgcheck.errors import UnreadableError, UsageError
from imgcheck.imaging import transforms
from imgcheck.imaging.cost import check_window
from imgcheck.imaging.pixels import turn, view_to_stored

if TYPE_CHECKING:
    from imgcheck.imaging.image import Image

PartWindow = tuple[int, int, int, int]


def read_part(
    image: "Image",
    window: PartWindow | None,
    out_shape: tuple[int, int] | None,
    bands: Sequence[int] | None,
) -> NDArray[Any]:
    """Do what `Image.read` promises."""
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


def read_part_valid(image: "Image", window: PartWindow) -> NDArray[np.bool_]:
    """Do what `Image.read_valid` promises."""
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
    """Give a window of the view in the stored grid."""
    column, row, width, height = window
    matrix = view_to_stored(
        image.applied_orientation, width=image.stored_width, height=image.stored_height
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
