"""Choose the decoder of a format, and what to do with a damaged file."""

from imgcheck.errors import UnreadableError
from imgcheck.imaging.containers.gif import GifHeader
from imgcheck.imaging.containers.header import Header
from imgcheck.imaging.containers.jpeg import JpegHeader
from imgcheck.imaging.decoding import (
    damaged_bmp,
    damaged_gif,
    damaged_jpeg,
    damaged_png,
    damaged_webp,
)
from imgcheck.imaging.decoding.pillow import decode_with_pillow
from imgcheck.imaging.limits import Limits
from imgcheck.imaging.pixels import Decoded


def decode(data: bytes, header: Header, *, limits: Limits, descriptor: int | None) -> Decoded:
    """Decode a picture, or as much of it as there is.

    Parameters
    ----------
    data : bytes
        The whole file.
    header : Header
        What its header said; the cost has been checked.
    limits : Limits
        For what a damaged file may cost, which takes more than a sound one.
    descriptor : int or None
        The open file of a raster that is too large for memory.

    Raises
    ------
    UnreadableError
        If there is no decoder, or nothing could be decoded.
    """
    if header.unreadable_reason:
        raise UnreadableError(f"its pixels cannot be read: {header.unreadable_reason}")
    if header.format in ("tiff", "jp2"):
        return _decode_raster(data, header, descriptor)
    if isinstance(header, JpegHeader):
        return damaged_jpeg.decode(data, header)
    if header.format == "png":
        return damaged_png.decode(data, header, limits)
    if isinstance(header, GifHeader):
        return damaged_gif.decode(data, header, limits)
    if header.format == "bmp":
        return damaged_bmp.decode(data, header)
    if header.format == "webp":
        return damaged_webp.decode(data, header)
    return decode_with_pillow(data, header)


def _decode_raster(data: bytes, header: Header, descriptor: int | None) -> Decoded:
    """Decode with GDAL; a JPEG 2000 that it refuses and Pillow can read is read by Pillow.

    Pillow is no second chance for a TIFF: it unpacks with the same library, and of the
    broken files that GDAL refuses it made noise.
    """
    from imgcheck.imaging.decoding.raster import decode_with_gdal

    try:
        return decode_with_gdal(data, header, descriptor=descriptor)
    except UnreadableError as refusal:
        if header.format == "tiff" or header.damage or descriptor is not None:
            raise
        try:
            return decode_with_pillow(data, header)
        except UnreadableError:
            raise refusal from None
