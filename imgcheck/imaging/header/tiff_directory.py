"""Read directories of TIFF and BigTIFF (TIFF 6.0, section 2), bounds-checked."""

import struct
from dataclasses import dataclass

from imgcheck.imaging.header.fields import number, take
from imgcheck.imaging.header.model import BrokenHeaderError

# Bytes per value of the field types 1 to 18; 13 is IFD, 16 to 18 are of BigTIFF.
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_SIZES |= {16: 8, 17: 8, 18: 8}
_LETTERS = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 13: "I", 16: "Q", 17: "q", 18: "Q"}
# A strip table of a 400-megapixel picture has fewer entries; more is an attack on memory.
_MOST_VALUES = 4_000_000


@dataclass(frozen=True, slots=True)
class ByteOrder:
    """Byte order letter of `struct`, and whether offsets have 64 bits."""

    letter: str
    big: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """One tag: its field type, number of values and where the values begin."""

    type: int
    count: int
    offset: int
    order: ByteOrder

    def raw(self, data: bytes) -> bytes:
        """Give the bytes of all values."""
        size = _SIZES.get(self.type, 1) * self.count
        return take(data, self.offset, size)

    def integers(self, data: bytes, most: int = _MOST_VALUES) -> tuple[int, ...]:
        """Give up to ``most`` values as integers; none for text, fractions and floats."""
        letter = _LETTERS.get(self.type)
        if letter is None:
            return ()
        count = min(self.count, most)
        raw = take(data, self.offset, _SIZES[self.type] * count)
        return struct.unpack(f"{self.order.letter}{count}{letter}", raw)


def byte_order(data: bytes) -> ByteOrder:
    """Read the byte order mark and the version number."""
    letter = {b"II": "<", b"MM": ">"}.get(take(data, 0, 2))
    if letter is None:
        raise BrokenHeaderError("its TIFF header has no byte order mark")
    version = number(data, 2, letter + "H")
    if version not in (42, 43):
        raise BrokenHeaderError(f"its TIFF header has version {version}; 42 and 43 exist")
    return ByteOrder(letter, version == 43)


def first_directory(data: bytes, order: ByteOrder) -> int:
    """Give the offset of the first directory."""
    if order.big:
        return number(data, 8, order.letter + "Q")
    return number(data, 4, order.letter + "I")


def count_entries(data: bytes, offset: int, order: ByteOrder) -> int:
    """Read how many tags a directory claims to have."""
    return number(data, offset, order.letter + ("Q" if order.big else "H"))


def read_entries(data: bytes, offset: int, order: ByteOrder) -> tuple[dict[int, Entry], int]:
    """Read the tags of one directory and the offset of the next.

    The next offset is 0 where the file ends before it. Of a tag that stands twice, the
    first counts, as in libtiff.
    """
    letter, count = order.letter, count_entries(data, offset, order)
    start, size, inline = (offset + 8, 20, 8) if order.big else (offset + 2, 12, 4)
    if count == 0 or start + count * size > len(data):
        raise BrokenHeaderError(
            f"its TIFF directory at offset {offset} has {count} entries, which the file cannot hold"
        )
    layout = f"{letter}HH{'Q' if order.big else 'I'}"
    entries: dict[int, Entry] = {}
    for at in range(start, start + count * size, size):
        tag, kind, values = struct.unpack_from(layout, data, at)
        where = at + size - inline
        if _SIZES.get(kind, 1) * values > inline:
            where = number(data, where, letter + ("Q" if order.big else "I"))
        entries.setdefault(tag, Entry(kind, values, where, order))
    try:
        following = number(data, start + count * size, letter + ("Q" if order.big else "I"))
    except BrokenHeaderError:
        following = 0
    return entries, following
