"""Reading numbers from bytes that may end anywhere."""

import struct
from typing import Any

from imgcheck.errors import RefusedError
from imgcheck.imaging.header.model import BrokenHeaderError

#: Segments, chunks or blocks that are walked in one file. A 2 GB picture has fewer; more
#: are an attack on time.
MOST_PARTS = 250_000


def too_many_parts(what: str) -> RefusedError:
    """Say that a file is chopped into more parts than are walked."""
    return RefusedError(f"has more than {MOST_PARTS:,} {what} (limit: parts of a file)")


def take(data: bytes, offset: int, length: int) -> bytes:
    """Give ``length`` bytes from ``offset``, or say that the file ends before."""
    if offset < 0 or length < 0 or offset + length > len(data):
        raise BrokenHeaderError(
            f"its header ends early: {length} bytes wanted at offset {offset}, the file has "
            f"{len(data)}"
        )
    return bytes(data[offset : offset + length])


def unpack(data: bytes, offset: int, layout: str) -> tuple[Any, ...]:
    """Read fields in the layout of `struct`, bounds-checked."""
    return struct.unpack(layout, take(data, offset, struct.calcsize(layout)))


def number(data: bytes, offset: int, layout: str) -> int:
    """Read one integer, bounds-checked."""
    return int(unpack(data, offset, layout)[0])


def sound_orientation(value: int) -> int:
    """Give an EXIF orientation, or 1 for a value outside 1 to 8."""
    return value if 1 <= value <= 8 else 1
