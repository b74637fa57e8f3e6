"""Headers of all accepted formats, walked by own bounds-checked code."""

from collections.abc import Callable

from imgcheck.imaging.header import bmp, gif, heif, jp2, jpeg, png, tiff, webp
from imgcheck.imaging.header.model import BrokenHeaderError, Damage, Header
from imgcheck.imaging.limits import Limits

__all__ = ["BrokenHeaderError", "Damage", "Header", "read_header"]

_READERS: dict[str, Callable[[bytes, Limits], Header]] = {
    "avif": heif.read,
    "bmp": bmp.read,
    "gif": gif.read,
    "heif": heif.read,
    "jp2": jp2.read,
    "jpeg": jpeg.read,
    "png": png.read,
    "tiff": tiff.read,
    "webp": webp.read,
}


def read_header(data: bytes, form: str, limits: Limits) -> Header:
    """Read the header of a file whose format is known.

    Raises
    ------
    UnreadableError
        If the header ends early or contradicts itself.
    RefusedError
        If it claims more than ``limits`` allow for counting.
    """
    return _READERS[form](data, limits)
