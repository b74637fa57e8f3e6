"""Decode from bytes, each format with its own decoder and no other.

Pillow decodes posted pictures, by the class of the one format, so that it cannot take
the file for another; GDAL decodes TIFF, JPEG 2000 and PNG of 16 bits, from memory, with
one driver named. No decoder is ever given a file name, except that a raster too large
for memory is opened through its open descriptor.
"""

from imgcheck.errors import UnreadableError
from imgcheck.imaging.containers.header import Header
from imgcheck.imaging.containers.jpeg import JpegHeader
from imgcheck.imaging.decoding import damaged_jpeg
from imgcheck.imaging.decoding.pillow import decode_with_pillow
from imgcheck.imaging.limits import Limits
from imgcheck.imaging.pixels import Decoded


def decode(data: bytes, header: Header, *, limits: Limits, descriptor: int | None) -> Decoded:
    """Decode a picture whose cost has been checked, or as much of it as there is.

    ``limits`` bound what a damaged file may cost, which takes more than a sound one;
    ``descriptor`` is the open file of a raster that is too large for memory. Raises
    `UnreadableError` if there is no decoder, or nothing could be decoded.
    """
    if header.unreadable_reason:
        raise UnreadableError(f"its pixels cannot be read: {header.unreadable_reason}")
    if header.format in ("tiff", "jp2"):
        return _decode_raster(data, header, descriptor)
    if isinstance(header, JpegHeader):
        return damaged_jpeg.decode(data, header)
    # Decoders of rarer formats are loaded with the first such file.
    if header.format == "png":
        from imgcheck.imaging.decoding import damaged_png

        return damaged_png.decode(data, header, limits)
    if header.format in ("gif", "bmp", "webp"):
        from imgcheck.imaging.decoding import damaged

        return damaged.decode(data, header, limits)
    if header.format == "heif":
        from imgcheck.imaging.decoding.heif import decode_with_libheif

        return decode_with_libheif(data, header)
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
