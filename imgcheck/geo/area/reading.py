"""Read parts of a reference as gray, alike everywhere in it."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from imgcheck.errors import ImgcheckError, IndexFileError, UnreadableError
from imgcheck.geo.area.store import Source
from imgcheck.imaging import REFERENCE_LIMITS, Image
from imgcheck.imaging.limits import WINDOWED_FORMATS
from imgcheck.imaging.pixels import STRETCH_PERCENTILES, as_bytes, luma
from imgcheck.imaging.text import printable

# What deep samples are stretched by is taken from so many parts a side, of so many pixels a side.
_SAMPLES, _SAMPLE_SIDE = 5, 256

Window = tuple[int, int, int, int]


def described(path: Path) -> tuple[Image, Source]:
    """Open a reference and say what it is.

    Raises
    ------
    UnreadableError, RefusedError
        If it cannot be read, or has no affine map to the ground.
    """
    image = Image.open(path, limits=REFERENCE_LIMITS)
    place = image.georeference
    if place is None or place.transform is None:
        raise UnreadableError(
            f"{printable(str(path))} has no georeference with an affine map; give a GeoTIFF that "
            "has one",
            file=image.name,
        )
    size = place.pixel_size_m(image.width / 2, image.height / 2)
    return image, Source(
        id=0,
        path=path.absolute(),
        size=image.size_bytes,
        sha256=image.sha256,
        width=image.width,
        height=image.height,
        crs=place.crs,
        transform=place.transform,
        gsd_m=float(size),
        stretch=_stretch_of(image),
    )


def reopened(source: Source, index: Path) -> Image:
    """Open a reference of an index, where it was or beside the index, if it is the same file.

    Raises
    ------
    IndexFileError
        If it is gone or has changed.
    """
    path = located(source, index)
    try:
        image = Image.open(path, limits=REFERENCE_LIMITS)
    except ImgcheckError as error:
        raise IndexFileError(
            f"the reference {printable(str(path))} of the index cannot be opened: {error.message}"
        ) from None
    place = image.georeference
    if image.sha256 != source.sha256 or place is None or place.transform != source.transform:
        raise changed(path)
    return image


def located(source: Source, index: Path) -> Path:
    """Find the file of a reference; its size must be what it was."""
    for path in (source.path, index.absolute().parent / source.path.name):
        if path.is_file():
            if path.stat().st_size != source.size:
                raise changed(path)
            return path
    raise IndexFileError(
        f"the reference {printable(str(source.path))} of the index is gone; put it back, or beside "
        "the index, or build the index anew"
    )


def changed(path: Path) -> IndexFileError:
    return IndexFileError(
        f"the reference {printable(str(path))} has changed since the index was built, or this "
        "version reads it in another way; build the index again"
    )


def gray(
    image: Image,
    window: Window,
    *,
    stretch: tuple[float, float] | None,
    out_shape: tuple[int, int] | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Give gray (rows, cols) in [0, 1] and the usable pixels of a part of a reference.

    Parameters
    ----------
    image : Image
    window : (column, row, width, height)
    stretch : (low, high) or None
        Samples that become black and white; None for samples of 8 bits.
    out_shape : (rows, cols), optional
        Reduced to this by averages.
    """
    column, row, width, height = window
    valid = image.read_valid(window)
    if image.mode == "palette" or image.format not in WINDOWED_FORMATS:
        shown = np.moveaxis(image.rgb()[row : row + height, column : column + width], -1, 0)
        out_shape = None
    else:
        bands = [1, 2, 3] if image.header.bands >= 3 else [1, 1, 1]
        native = image.read(window, out_shape=out_shape, bands=bands)
        shown = _bytes(native, image.header.bits, stretch)
    level = luma(np.moveaxis(shown, 0, -1))
    if out_shape is not None:
        at = [
            np.minimum((np.arange(n) + 0.5) * m / n, m - 1).astype(int)
            for n, m in zip(out_shape, valid.shape, strict=True)
        ]
        valid = valid[np.ix_(*at)]
    return level, valid


def _bytes(
    native: NDArray[np.generic], bits: int, stretch: tuple[float, float] | None
) -> NDArray[np.uint8]:
    if stretch is None:
        return as_bytes(native, valid=None, bits=bits)
    low, high = stretch
    part = np.abs(native) if np.iscomplexobj(native) else native
    scaled = (part.astype(np.float32) - low) * np.float32(255 / max(high - low, 1e-30))
    return np.clip(np.rint(np.nan_to_num(scaled)), 0, 255).astype(np.uint8)


def _stretch_of(image: Image) -> tuple[float, float] | None:
    """Give the percentiles of samples spread over the whole; a tile's own would leave seams."""
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
            window = (
                round(share_x * (image.width - wide)),
                round(share_y * (image.height - high)),
                wide,
                high,
            )
            part = image.read(window, bands=bands)[:, ::2, ::2]
            part = np.abs(part) if np.iscomplexobj(part) else part
            part = part[:, image.read_valid(window)[::2, ::2]].astype(np.float64)
            values.append(part[np.isfinite(part)])
    joined = np.concatenate(values)
    if not joined.size:
        return 0.0, 1.0
    least, most = np.percentile(joined, STRETCH_PERCENTILES)
    return float(least), float(most)
