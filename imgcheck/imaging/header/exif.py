"""The orientation tag of an EXIF block; the other tags are read elsewhere."""

from imgcheck.imaging.header.fields import sound_orientation
from imgcheck.imaging.header.model import BrokenHeaderError
from imgcheck.imaging.header.tiff_directory import byte_order, first_directory, read_entries

_ORIENTATION = 0x0112


def orientation_of_exif(block: bytes) -> int:
    """Read the orientation from an EXIF block (a small TIFF); 1 where there is none."""
    if block[:6] == b"Exif\0\0":
        block = block[6:]
    try:
        order = byte_order(block)
        entries, _ = read_entries(block, first_directory(block, order), order)
        values = entries[_ORIENTATION].integers(block) if _ORIENTATION in entries else ()
    except BrokenHeaderError:
        return 1
    return sound_orientation(values[0]) if values else 1
