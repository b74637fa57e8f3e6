"""Read windows of an image without decoding the rest, and cut a large raster in tiles."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from imgcheck.errors import UnreadableError, UsageError
from imgcheck.imaging import transforms
from imgcheck.imaging.limits import WINDOWED_FORMATS, check_window
from imgcheck.imaging.pixels import (
    STRETCH_PERCENTILES,
    Float32,
    Mask,
    Uint8,
    as_bytes,
    luma,
    turn,
    view_to_stored,
)

if TYPE_CHECKING:
    from imgcheck.imaging.image import Image

PartWindow = tuple[int, int, int, int]
Stretch = tuple[float, float] | None

#: Larger references are read by windows and never decoded whole.
WHOLE_PIXELS = 30_000_000
# The stretch of deep samples is estimated from so many windows a side, of so many pixels a side.
_SAMPLES, _SAMPLE_SIDE = 5, 256


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
            window=stored_window(image, part),
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
        image.data, image.header, descriptor=image.descriptor, window=stored_window(image, part)
    )
    return np.ascontiguousarray(turn(valid, image.applied_orientation))


def _by_gdal(image: "Image") -> bool:
    """Only a raster of these formats that was not decoded yet is read in parts."""
    if image.header.unreadable_reason:
        raise UnreadableError(f"its pixels cannot be read: {image.header.unreadable_reason}")
    return image.format in ("tiff", "jp2") and not image.has_decoded


def stored_window(image: "Image", window: PartWindow) -> PartWindow:
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


def part_of(window: PartWindow) -> tuple[slice, slice]:
    """Return the rows and columns of a window."""
    x, y, width, height = window
    return slice(y, y + height), slice(x, x + width)


def read_gray(
    image: "Image",
    window: PartWindow,
    *,
    stretch: Stretch,
    out_shape: tuple[int, int] | None = None,
) -> tuple[Float32, Mask]:
    """Read a window as gray (rows, cols) in [0, 1], with its usable pixels.

    ``stretch`` (low, high) are the samples that become black and white, None for 8 bits;
    ``out_shape`` (rows, cols) reduces by averages.
    """
    rows, cols = part_of(window)
    valid = image.read_valid(window)
    if image.mode == "palette" or image.format not in WINDOWED_FORMATS:
        level = luma(image.rgb()[rows, cols])
        return level if out_shape is None else _resized(level, out_shape), _at(valid, out_shape)
    bands = [1, 2, 3] if image.header.bands >= 3 else [1, 1, 1]
    native = image.read(window, out_shape=out_shape, bands=bands)
    shown = _bytes(native, image.header.bits, stretch)
    return luma(np.moveaxis(shown, 0, -1)), _at(valid, out_shape)


def read_rgb(image: "Image", window: PartWindow) -> Uint8:
    """Read a window as (M, N, 3) uint8; of a large image without decoding the whole."""
    rows, cols = part_of(window)
    if not by_windows(image):
        return image.rgb()[rows, cols]
    bands = [1, 2, 3] if image.header.bands >= 3 else [1, 1, 1]
    native = image.read(window, bands=bands)
    return np.moveaxis(_bytes(native, image.header.bits, stretch_of(image)), 0, -1)


def read_valid(image: "Image", window: PartWindow) -> Mask:
    """Read the usable pixels of a window; of a large image without decoding the whole."""
    return image.read_valid(window) if by_windows(image) else image.valid()[part_of(window)]


def by_windows(image: "Image") -> bool:
    large = image.width * image.height > WHOLE_PIXELS
    return large and image.format in WINDOWED_FORMATS and image.mode != "palette"


def _resized(level: Float32, shape: tuple[int, int]) -> Float32:
    from imgcheck.imaging import warp

    return warp.resize(level, shape)


def _at(valid: Mask, shape: tuple[int, int] | None) -> Mask:
    """Sample a mask at the centres of larger pixels."""
    if shape is None:
        return valid
    at = [
        np.minimum((np.arange(n) + 0.5) * m / n, m - 1).astype(int)
        for n, m in zip(shape, valid.shape, strict=True)
    ]
    return valid[np.ix_(*at)]


def _bytes(native: NDArray[np.generic], bits: int, stretch: Stretch) -> Uint8:
    if stretch is None:
        return as_bytes(native, valid=None, bits=bits)
    low, high = stretch
    part = np.abs(native) if np.iscomplexobj(native) else native
    scaled = (part.astype(np.float32) - low) * np.float32(255 / max(high - low, 1e-30))
    return np.clip(np.rint(np.nan_to_num(scaled)), 0, 255).astype(np.uint8)


def stretch_of(image: "Image") -> Stretch:
    """Estimate the percentiles of deep samples over the whole image; None for 8 bits.

    A stretch per window would leave seams.
    """
    if (
        image.header.dtype == "uint8"
        or image.mode == "palette"
        or image.format not in WINDOWED_FORMATS
    ):
        return None
    bands = [1, 2, 3] if image.header.bands >= 3 else [1]
    wide, high = min(_SAMPLE_SIDE, image.width), min(_SAMPLE_SIDE, image.height)
    values = []
    for share_y in np.linspace(0, 1, _SAMPLES):
        for share_x in np.linspace(0, 1, _SAMPLES):
            x, y = round(share_x * (image.width - wide)), round(share_y * (image.height - high))
            window = (x, y, wide, high)
            part = image.read(window, bands=bands)[:, ::2, ::2]
            part = np.abs(part) if np.iscomplexobj(part) else part
            part = part[:, image.read_valid(window)[::2, ::2]].astype(np.float64)
            values.append(part[np.isfinite(part)])
    joined = np.concatenate(values)
    if not joined.size:
        return 0.0, 1.0
    least, most = np.percentile(joined, STRETCH_PERCENTILES)
    return float(least), float(most)
