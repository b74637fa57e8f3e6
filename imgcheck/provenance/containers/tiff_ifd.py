"""TIFF and BigTIFF directories (TIFF 6.0; also the body of every EXIF block).

The reader works in a window of the file's bytes and keeps the place of every value. It believes
nothing: an offset, a count or a type that cannot be is observed and the reading goes on.
"""

from dataclasses import dataclass
from typing import Literal

from imgcheck.provenance.containers.tree import Node, Walk

Order = Literal["big", "little"]

# TIFF 6.0 section 2, BigTIFF (13, 16-18), Exif 3.0 (129: UTF-8).
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4,
         16: 8, 17: 8, 18: 8, 129: 1}  # fmt: skip
TYPES = {1: "BYTE", 2: "ASCII", 3: "SHORT", 4: "LONG", 5: "RATIONAL", 6: "SBYTE", 7: "UNDEFINED",
         8: "SSHORT", 9: "SLONG", 10: "SRATIONAL", 11: "FLOAT", 12: "DOUBLE", 13: "IFD",
         16: "LONG8", 17: "SLONG8", 18: "IFD8", 129: "UTF-8"}  # fmt: skip

POINTERS = {0x8769: "ExifIFD", 0x8825: "GPS", 0xA005: "Interop", 0x014A: "SubIFD"}
_MAX_IFDS = 512  # pages and sub-directories; a stack of more pages is walked so far and said
_MAX_ENTRIES = 16_000  # of the whole block
_MAX_STRIPS = 200_000  # strips and tiles whose place is checked, over all pages
_MAX_JUNK = 12  # entries of no known type in one directory: then it is no directory


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One field: ``data[offset:offset + length]`` holds ``count`` values of ``type``.

    ``inside`` is False where that range reaches out of the block; nothing is read then.
    """

    tag: int
    type: int
    count: int
    offset: int
    length: int
    inside: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """One image file directory. ``name`` is its group: IFD0, IFD1, ExifIFD, GPS, Interop..."""

    name: str
    offset: int
    length: int
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TiffBlock:
    """A TIFF header and every directory that can be reached from it."""

    order: Order
    big: bool
    start: int
    end: int
    directories: tuple[Directory, ...]


class _Reader:
    def __init__(self, walk: Walk, start: int, end: int, order: Order, big: bool) -> None:
        self.walk, self.start, self.end, self.order = walk, start, end, order
        self.word = 8 if big else 4  # bytes of an offset or a count
        self.step = 20 if big else 12
        self.head = 8 if big else 2
        self.seen: set[int] = set()
        self.names: dict[str, int] = {}
        self.entries_left = _MAX_ENTRIES
        self.found: list[Directory] = []

    def uint(self, place: int, size: int) -> int | None:
        return self.walk.uint(place, size, self.order) if place + size <= self.end else None

    def chain(self, offset: int) -> None:
        """Read IFD0, IFD1... and, after each, the directories it points to."""
        number = 0
        while offset and len(self.found) < _MAX_IFDS:
            following = self.directory(offset, f"IFD{number}", 0)
            number += 1
            offset = following
        if offset and len(self.found) >= _MAX_IFDS:
            self.walk.observe("limit", f"more than {_MAX_IFDS} directories; the rest was not read")

    def directory(self, offset: int, name: str, depth: int) -> int:
        """Read one directory and its children; return the offset of the next in the chain."""
        place = self.start + offset
        if offset in self.seen:
            self.walk.observe("loop", f"{name} points back to a directory already read", place)
            return 0
        self.seen.add(offset)
        count = self.uint(place, self.head)
        if count is None:
            self.walk.observe("outside", f"the offset of {name} lies outside its block", place)
            return 0
        fits = max(0, (self.end - place - self.head) // self.step)
        if count > fits:
            self.walk.observe(
                "truncated", f"{name} says {count} entries, at most {fits} fit", place
            )
        name = self._unique(name)
        shown = min(count, fits, self.entries_left)
        entries = self._entries(name, place + self.head, shown)
        self.entries_left -= len(entries)
        length = self.head + shown * self.step + (self.word if shown == count else 0)
        self.found.append(Directory(name=name, offset=place, length=length, entries=tuple(entries)))
        if depth < 4:
            self._children(entries, depth)
        following = self.uint(place + self.head + count * self.step, self.word)
        return following if following is not None and shown == count else 0

    def _unique(self, name: str) -> str:
        seen = self.names[name] = self.names.get(name, 0) + 1
        return name if seen == 1 else f"{name}-{seen}"

    def _entries(self, name: str, place: int, count: int) -> list[Entry]:
        entries: list[Entry] = []
        junk = 0
        for index in range(count):
            entry = self._entry(name, place + index * self.step)
            if entry is not None:
                entries.append(entry)
                continue
            junk += 1
            if junk == _MAX_JUNK:
                self.walk.observe("invalid", f"{name} holds too many illegal entries", place)
                break
        return entries

    def _entry(self, name: str, place: int) -> Entry | None:
        tag, kind = self.uint(place, 2), self.uint(place + 2, 2)
        count = self.uint(place + 4, self.word)
        if tag is None or kind is None or count is None:
            return None
        if kind not in SIZES:
            self.walk.observe(
                "invalid", f"{name}: tag 0x{tag:04x} has the unknown type {kind}", place, self.step
            )
            return None
        length = count * SIZES[kind]
        value = place + 4 + self.word
        if length > self.word:
            pointer = self.uint(value, self.word)
            value = self.start + (pointer or 0)
        inside = value + length <= self.end
        if not inside:
            self.walk.observe(
                "outside",
                f"{name}: the {count} values of tag 0x{tag:04x} lie outside the block",
                place, self.step,
            )  # fmt: skip
        return Entry(tag=tag, type=kind, count=count, offset=value, length=length, inside=inside)

    def _children(self, entries: list[Entry], depth: int) -> None:
        for entry in entries:
            name = POINTERS.get(entry.tag)
            if name is None or not entry.inside or SIZES[entry.type] not in (4, 8):
                continue
            size = SIZES[entry.type]
            for index in range(min(entry.count, 16)):
                offset = self.uint(entry.offset + index * size, size)
                if offset and len(self.found) < _MAX_IFDS:
                    self.directory(offset, name, depth + 1)


def read_tiff(walk: Walk, start: int, end: int) -> TiffBlock | None:
    """Read a TIFF block in ``data[start:end]``; None where it has no TIFF header."""
    mark = walk.data[start : start + 2]
    if mark not in (b"II", b"MM") or end - start < 8:
        walk.observe("invalid", "no TIFF header where one should be", start, 8)
        return None
    order: Order = "little" if mark == b"II" else "big"
    magic = walk.uint(start + 2, 2, order)
    big = magic == 43
    if magic not in (42, 43):
        # 0x4F52, 0x5352 (Olympus), 0x55 (Panasonic) and zeroed magics occur: read on, but say so.
        walk.observe("invalid", f"the TIFF header has the magic {magic}, not 42 or 43", start, 4)
    reader = _Reader(walk, start, min(end, len(walk.data)), order, big)
    first = reader.uint(start + (8 if big else 4), reader.word)
    if first:
        reader.chain(first)
    return TiffBlock(
        order=order, big=big, start=start, end=reader.end, directories=tuple(reader.found)
    )


def walk_tiff(walk: Walk) -> tuple[Node, ...]:
    """Describe the header and the directories of a TIFF file, in the order they are reached."""
    block = read_tiff(walk, 0, len(walk.data))
    if block is None:
        return ()
    kind = "BigTIFF" if block.big else "TIFF"
    nodes = [walk.node(0, 16 if block.big else 8, "header", f"{kind}, {block.order}-endian")]
    nodes.extend(directory_node(walk, directory) for directory in block.directories)
    budget = _MAX_STRIPS
    for directory in block.directories:
        budget -= _check_pixels(walk, directory, block.order, budget)
    return tuple(nodes)


def directory_node(walk: Walk, directory: Directory) -> Node:
    """Describe one directory with its fields."""
    fields = tuple(
        walk.node(
            entry.offset, entry.length, f"0x{entry.tag:04x}",
            f"{entry.count} {TYPES[entry.type]}" + ("" if entry.inside else ", outside"),
        )
        for entry in directory.entries
        if not walk.full
    )  # fmt: skip
    return walk.node(directory.offset, directory.length, directory.name, "", fields)


def _check_pixels(walk: Walk, directory: Directory, order: Order, budget: int) -> int:
    """Observe strips or tiles that reach past the end of the file; return how many were read."""
    spent = 0
    fields = {entry.tag: entry for entry in directory.entries if entry.inside}
    for offsets, counts in ((0x0111, 0x0117), (0x0144, 0x0145)):
        if offsets not in fields or counts not in fields:
            continue
        places = integers(walk.data, fields[offsets], order, budget)
        lengths = integers(walk.data, fields[counts], order, budget)
        spent += len(places)
        over = sum(a + b > len(walk.data) for a, b in zip(places, lengths, strict=False))
        if over:
            walk.observe(
                "truncated",
                f"{directory.name}: {over} of {len(places)} strips or tiles lie past the end",
                directory.offset,
            )
    return spent


def integers(data: bytes, entry: Entry, order: Order, limit: int) -> list[int]:
    """Read the first ``limit`` unsigned integers of an entry; none where it is of another type."""
    size = SIZES[entry.type]
    if not entry.inside or entry.type not in (1, 3, 4, 13, 16, 18):
        return []
    raw = data[entry.offset : entry.offset + min(entry.count, limit) * size]
    return [int.from_bytes(raw[i : i + size], order) for i in range(0, len(raw), size)]
