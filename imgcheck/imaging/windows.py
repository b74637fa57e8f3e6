"""Read a part of a picture without decoding the rest, where its format allows it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from imgcheck.errors import UnreadableError, UsageError
from imgcheck.imaging.cost import check_window

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
        return read_window(
            image.data,
            image.header,
            descriptor=image.descriptor,
            window=part,
            out_shape=shape,
            bands=chosen,
        )
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

    return read_valid_window(image.data, image.header, descriptor=image.descriptor, window=part)


def _by_gdal(image: "Image") -> bool:
    """Only an undamaged raster whose stored grid is its view is read in parts."""
    if image.header.unreadable_reason:
        raise UnreadableError(f"its pixels cannot be read: {image.header.unreadable_reason}")
    turned = image.orientation != 1 and not image.header.geotagged
    return image.format in ("tiff", "jp2") and not turned and not image.has_decoded


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
