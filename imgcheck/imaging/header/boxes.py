"""Walk boxes of the ISO base media file format (ISO/IEC 14496-12) and of JP2."""

from collections.abc import Iterator
from dataclasses import dataclass

from imgcheck.imaging.header.fields import unpack

# A picture holds a few dozen boxes a level; more is an attack on time.
_MOST_BOXES = 100_000


@dataclass(frozen=True, slots=True)
class Box:
    """One box: its name and where its body is; a cut body ends with the file."""

    name: bytes
    start: int
    end: int
    complete: bool


def boxes(data: bytes, start: int, end: int) -> Iterator[Box]:
    """Go through the boxes between two offsets; stop at what is no box."""
    for _ in range(_MOST_BOXES):
        if start + 8 > end:
            return
        size, name = unpack(data, start, ">I4s")
        body = start + 8
        if size == 1:
            if start + 16 > end:
                return
            (size,) = unpack(data, body, ">Q")
            body += 8
        elif size == 0:
            size = end - start
        if size < body - start:
            return
        yield Box(name, body, min(start + size, end), start + size <= end)
        start += size
