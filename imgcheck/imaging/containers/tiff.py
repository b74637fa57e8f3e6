"""TIFF and BigTIFF directories (TIFF 6.0; also the body of every EXIF block).

The reader works in a window of the file's bytes and keeps the place of every value. It believes
nothing: an offset, a count or a type that cannot be is observed and the reading goes on.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from imgcheck.imaging.containers.header import BrokenHeaderError, Header, Walked, take
from imgcheck.imaging.containers.tree import Node, Observation, Walk
from imgcheck.imaging.limits import Limits

Order = Literal["big", "little"]

# TIFF 6.0 section 2, BigTIFF (13, 16-18), Exif 3.0 (129: UTF-8).
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4,
         16: 8, 17: 8, 18: 8, 129: 1}  # fmt: skip
TYPES = {1: "BYTE", 2: "ASCII", 3: "SHORT", 4: "LONG", 5: "RATIONAL", 6: "SBYTE", 7: "UNDEFINED",
         8: "SSHORT", 9: "SLONG", 10: "SRATIONAL", 11: "FLOAT", 12: "DOUBLE", 13: "IFD",
         16: "LONG8", 17: "SLONG8", 18: "IFD8", 129: "UTF-8"}  # fmt: skip

POINTERS = {0x8769: "ExifIFD", 0x8825: "GPS", 0xA005: "Interop", 0x014A: "SubIFD"}
# TIFF 6.0, GeoTIFF 1.1 (OGC 19-008), DNG 1.7, and GDAL's private tags.
NEW_SUBFILE, SUBFILE, SUB_DIRECTORIES = 254, 255, 330
WIDTH, HEIGHT, BITS, PHOTOMETRIC, ORIENTATION = 256, 257, 258, 262, 274
SAMPLES, ROWS_PER_STRIP, TILE_WIDTH, TILE_HEIGHT = 277, 278, 322, 323
EXTRA_SAMPLES, SAMPLE_FORMAT, DNG_VERSION, GDAL_METADATA = 338, 339, 50706, 42112
PLACE_TAGS = frozenset({33550, 33922, 34264, 34735, 50844})
_REDUCED_OR_MASK = 0b101
_OLD_REDUCED = 2  # of tag 255, which TIFF 6.0 replaced
# With this item in its metadata tag GDAL overrides what the extra samples are stated to be.
_NOT_ALPHA = b'role="colorinterp">undefined'
_WORDS = {1: "uint", 2: "int", 3: "float", 5: "complex_int", 6: "complex"}
_LETTERS = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}

_MAX_IFDS = 512  # pages and sub-directories; of more pages, these are listed
_MAX_ENTRIES = 16_000  # of the whole block
_MOST_PAGES = 10_000  # walked, to count them
_MOST_BELOW = 16  # directories that one field points to
_DEEPEST = 4
# Directories may lie over one another, so that a small file holds any number of tags.
_MOST_TAGS = 500_000
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
    """One image file directory. ``name`` is its group: IFD0, IFD1, ExifIFD, GPS, Interop...

    ``whole`` is False where it has no entries or more than the block can hold.
    """

    name: str
    offset: int
    length: int
    entries: tuple[Entry, ...]
    whole: bool

    def has(self, tag: int) -> bool:
        """Return whether the directory has a field of that number."""
        return any(entry.tag == tag for entry in self.entries)


@dataclass(frozen=True, slots=True, kw_only=True)
class TiffBlock:
    """A TIFF header and every directory that can be reached from it."""

    order: Order
    big: bool
    start: int
    end: int
    directories: tuple[Directory, ...]
    #: Pages of the chain that are neither reduced copies nor masks.
    pages: int = 0
    #: What ends the chain of pages early: a sentence and its place.
    fault: tuple[str, int] | None = None


_LOOP = "the chain of TIFF directories forms a loop"
_OUTSIDE = "its TIFF directory at offset {} lies past the end of the file"
_CANNOT_HOLD = "its TIFF directory at offset {} has {} entries, which the file cannot hold"
_MANY_TAGS = f"the TIFF directories hold more than {_MOST_TAGS:,} tags; not all were read"


class _Reader:
    """Read directories of one block.

    Directories beyond the budget of those that are kept are walked still, for the count of pages
    and for what is wrong in their chain.
    """

    def __init__(self, walk: Walk, start: int, end: int, order: Order, big: bool) -> None:
        self.walk, self.start, self.end, self.order = walk, start, end, order
        self.big = big
        self.word = 8 if big else 4  # bytes of an offset or a count
        self.step = 20 if big else 12
        self.head = 8 if big else 2
        self.layout = ("<" if order == "little" else ">") + ("HHQQ" if big else "HHII")
        self.seen: set[int] = set()
        self.names: dict[str, int] = {}
        self.entries_left = _MAX_ENTRIES
        self.tags_walked = 0
        self.found: list[Directory] = []
        self.cut = False
        self.pages = 0
        #: What ends the chain of pages early: a sentence and its place.
        self.fault: tuple[str, int] | None = None

    @property
    def full(self) -> bool:
        return len(self.found) >= _MAX_IFDS or self.entries_left <= 0

    def uint(self, place: int, size: int) -> int | None:
        return self.walk.uint(place, size, self.order) if place + size <= self.end else None

    def chain(self, offset: int, most: int) -> None:
        """Read IFD0, IFD1... and, after each, the directories it points to."""
        for number in range(most):
            if not offset:
                return
            if len(self.found) >= _MAX_IFDS and not self.cut:
                self.cut = True
                message = f"more than {_MAX_IFDS} directories; the rest was not read"
                self.walk.observe("limit", message)
            offset = self.directory(offset, f"IFD{number}", 0)

    def directory(self, offset: int, name: str, depth: int) -> int:
        """Read one directory and its children; return the offset of the next in the chain."""
        place = self.start + offset
        if offset in self.seen:
            self.walk.observe("loop", f"{name} points back to a directory already read", place)
            return self._end_chain(depth, _LOOP, place)
        self.seen.add(offset)
        count = self.uint(place, self.head)
        if count is None:
            self.walk.observe("outside", f"the offset of {name} lies outside its block", place)
            return self._end_chain(depth, _OUTSIDE.format(offset), place)
        fits = max(0, (self.end - place - self.head) // self.step)
        if count > fits:
            self.walk.observe(
                "truncated", f"{name} states {count} entries, at most {fits} fit", place
            )
        whole = 0 < count <= fits
        self.tags_walked += min(count, fits)
        if self.tags_walked > _MOST_TAGS:
            return self._end_chain(depth, _MANY_TAGS, place)
        entries = self._read(name, place, count, min(count, fits))
        if depth == 0 and whole:
            self.pages += not _reduced_or_mask(self.walk.data, entries, self.order)
        if depth < _DEEPEST:
            self._children(entries, depth)
        if not whole:
            return self._end_chain(depth, _CANNOT_HOLD.format(offset, count), place)
        return self.uint(place + self.head + count * self.step, self.word) or 0

    def _end_chain(self, depth: int, fault: str, place: int) -> int:
        if depth == 0:
            self.fault = fault, place
        return 0

    def _read(self, name: str, place: int, count: int, fits: int) -> list[Entry]:
        """Read the entries of a directory; beyond the budget only its kind of page."""
        if self.full:
            raw = self.walk.data[place + self.head : place + self.head + fits * self.step]
            return [
                self._entry(place + self.head + i * self.step, *fields)
                for i, fields in enumerate(struct.iter_unpack(self.layout, raw))
                if fields[0] in (NEW_SUBFILE, SUBFILE)
            ]
        name = self._unique(name)
        shown = min(fits, self.entries_left)
        entries = self._entries(name, place + self.head, shown)
        self.entries_left -= len(entries)
        length = self.head + shown * self.step + (self.word if shown == count else 0)
        self.found.append(
            Directory(name=name, offset=place, length=length, entries=tuple(entries),
                      whole=0 < count <= fits)
        )  # fmt: skip
        return entries

    def _unique(self, name: str) -> str:
        seen = self.names[name] = self.names.get(name, 0) + 1
        return name if seen == 1 else f"{name}-{seen}"

    def _entries(self, name: str, place: int, count: int) -> list[Entry]:
        entries: list[Entry] = []
        junk = 0
        raw = self.walk.data[place : place + count * self.step]
        for tag, kind, number, pointer in struct.iter_unpack(self.layout, raw):
            if kind in SIZES:
                entry = self._entry(place, tag, kind, number, pointer)
                entries.append(entry)
                if not entry.inside:
                    self.walk.observe(
                        "outside",
                        f"{name}: the {number} values of tag 0x{tag:04x} lie outside the block",
                        place, self.step,
                    )  # fmt: skip
            else:
                junk += 1
                self.walk.observe(
                    "invalid", f"{name}: tag 0x{tag:04x} has the unknown type {kind}",
                    place, self.step,
                )  # fmt: skip
                if junk == _MAX_JUNK:
                    self.walk.observe("invalid", f"{name} holds too many illegal entries", place)
                    break
            place += self.step
        return entries

    def _entry(self, place: int, tag: int, kind: int, count: int, pointer: int) -> Entry:
        length = count * SIZES.get(kind, 1)
        value = place + 4 + self.word if length <= self.word else self.start + pointer
        inside = value + length <= self.end
        return Entry(tag=tag, type=kind, count=count, offset=value, length=length, inside=inside)

    def _children(self, entries: list[Entry], depth: int) -> None:
        for entry in entries:
            name, size = POINTERS.get(entry.tag), SIZES.get(entry.type, 0)
            if name is None or not entry.inside or size not in (4, 8):
                continue
            for index in range(min(entry.count, _MOST_BELOW)):
                offset = self.uint(entry.offset + index * size, size)
                if offset and len(self.found) < _MAX_IFDS:
                    self.directory(offset, name, depth + 1)


def read_tiff(
    walk: Walk, start: int, end: int, *, most_pages: int = _MAX_IFDS + 1
) -> TiffBlock | None:
    """Read a TIFF block in ``data[start:end]``; None where it has no TIFF header."""
    mark = walk.data[start : start + 2]
    if mark not in (b"II", b"MM") or end - start < 8:
        walk.observe("invalid", "no TIFF header where one should be", start, 8)
        return None
    order: Order = "little" if mark == b"II" else "big"
    magic = walk.uint(start + 2, 2, order)
    big = magic == 43
    if magic not in (42, 43):
        # 0x4F52, 0x5352 (Olympus), 0x55 (Panasonic) and zeroed magics occur.
        walk.observe(
            "invalid", f"the TIFF header has the magic number {magic}, not 42 or 43", start, 4
        )
    reader = _Reader(walk, start, min(end, len(walk.data)), order, big)
    first = reader.uint(start + (8 if big else 4), reader.word)
    if first:
        reader.chain(first, most_pages)
    return TiffBlock(
        order=order, big=big, start=start, end=reader.end, directories=tuple(reader.found),
        pages=reader.pages, fault=reader.fault,
    )  # fmt: skip


def walk_tiff(walk: Walk) -> Walked:
    """Describe the header and the directories of a TIFF file, in the order they are reached."""
    block = read_tiff(walk, 0, len(walk.data), most_pages=_MOST_PAGES)
    if block is None:
        return (), lambda limits: _header(walk, block, limits)
    kind = "BigTIFF" if block.big else "TIFF"
    nodes = [walk.node(0, 16 if block.big else 8, "header", f"{kind}, {block.order}-endian")]
    nodes.extend(directory_node(walk, directory) for directory in block.directories)
    budget = _MAX_STRIPS
    for directory in block.directories:
        budget -= _check_pixels(walk, directory, block.order, budget)
    if block.fault and block.directories:
        message, place = block.fault
        walk.damage.append(Observation(kind="structure", message=message, offset=place))
    return tuple(nodes), lambda limits: _header(walk, block, limits)


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
    letter = _LETTERS.get(entry.type)
    if not entry.inside or letter is None:
        return []
    count = min(entry.count, limit)
    raw = data[entry.offset : entry.offset + count * SIZES[entry.type]]
    return list(struct.unpack(f"{'<' if order == 'little' else '>'}{count}{letter}", raw))


def _first_value(data: bytes, entries: Iterable[Entry], tag: int, order: Order) -> int | None:
    """Read the first value of a tag as an unsigned integer; of a tag that stands twice, the first
    counts, as in libtiff.
    """
    entry = next((one for one in entries if one.tag == tag), None)
    if entry is None or entry.type not in _LETTERS or not entry.count:
        return None
    return int.from_bytes(take(data, entry.offset, SIZES[entry.type]), order)


def _reduced_or_mask(data: bytes, entries: Iterable[Entry], order: Order) -> bool:
    try:
        flags = (_first_value(data, entries, NEW_SUBFILE, order) or 0) & _REDUCED_OR_MASK
        return bool(flags) or _first_value(data, entries, SUBFILE, order) == _OLD_REDUCED
    except BrokenHeaderError:
        return False


def orientation_of_exif(data: bytes, start: int, end: int) -> int:
    """Return the orientation that the EXIF block in ``data[start:end]`` states; 1 without one."""
    if data[start : start + 6] == b"Exif\0\0":
        start += 6
    order: Order = "little" if data[start : start + 2] == b"II" else "big"
    magic = int.from_bytes(data[start + 2 : start + 4], order)
    if data[start : start + 2] not in (b"II", b"MM") or magic not in (42, 43):
        return 1
    reader = _Reader(Walk(data=data), start, min(end, len(data)), order, magic == 43)
    first = reader.uint(start + (8 if reader.big else 4), reader.word)
    if first is not None:
        reader.directory(first, "IFD0", _DEEPEST)
    if not reader.found or not reader.found[0].whole:
        return 1
    entry = next((one for one in reader.found[0].entries if one.tag == ORIENTATION), None)
    if entry is None or entry.type not in _LETTERS or not entry.count or not entry.inside:
        return 1
    return _sound_orientation(reader.uint(entry.offset, SIZES[entry.type]))


def _sound_orientation(value: int | None) -> int:
    return value if value is not None and 1 <= value <= 8 else 1


def _header(walk: Walk, block: TiffBlock | None, limits: Limits) -> Header:
    """Return the header of the picture.

    It is that of the first directory, unless that is flagged as a reduced copy or a mask and
    another is not.
    """
    if block is None:
        raise BrokenHeaderError("its TIFF header has no byte order mark")
    if not block.directories or not block.directories[0].whole:
        raise BrokenHeaderError(block.fault[0] if block.fault else "the TIFF has no directory")
    data, order, first = walk.data, block.order, block.directories[0]
    page = first
    if not first.has(DNG_VERSION) and _reduced_or_mask(data, first.entries, order):
        page = _main_page(data, block)

    def one(tag: int, default: int) -> int:
        value = _first_value(data, page.entries, tag, order)
        return default if value is None else value

    bands, bits = one(SAMPLES, 1), max(one(BITS, 1), 1)
    width, height = one(WIDTH, 0), one(HEIGHT, 0)
    wide, high = one(TILE_WIDTH, 0), one(TILE_HEIGHT, 0)
    if not wide or not high:
        wide, high = width, min(one(ROWS_PER_STRIP, height) or height, height)
    extra = 0 if _not_alpha(data, page) else one(EXTRA_SAMPLES, 0)
    raw = page.has(DNG_VERSION) and one(NEW_SUBFILE, 0) & 1
    return Header(
        format="tiff",
        width=width,
        height=height,
        bands=max(bands, 1),
        bits=bits,
        dtype=_dtype(one(SAMPLE_FORMAT, 1), bits),
        mode=_mode(one(PHOTOMETRIC, 1), bands, extra),
        orientation=_sound_orientation(one(ORIENTATION, 1)),
        frames=max(1, min(block.pages, limits.frames)),
        # A decoder allocates a tile or strip at once.
        block_bytes=wide * high * max(bands, 1) * ((bits + 7) // 8),
        directory=page.offset if page is not first else None,
        geotagged=any(entry.tag in PLACE_TAGS for entry in page.entries),
        unreadable_reason="this is a camera raw (DNG); the picture in its first directory is a "
        "preview only"
        if raw
        else None,
        damage=tuple(walk.damage),
    )


def _main_page(data: bytes, block: TiffBlock) -> Directory:
    """Find the first directory that is not flagged, in the chain or below its first one."""
    first = block.directories[0]
    below = {
        offset
        for entry in first.entries
        if entry.tag == SUB_DIRECTORIES
        for offset in integers(data, entry, block.order, _MOST_BELOW)
    }
    pages = [page for page in block.directories if page.name.startswith("IFD")]
    pages += [page for page in block.directories if page.offset in below]
    return next(
        (page for page in pages
         if page.has(WIDTH) and not _reduced_or_mask(data, page.entries, block.order)),
        first,
    )  # fmt: skip


def _not_alpha(data: bytes, page: Directory) -> bool:
    """Return whether GDAL's metadata override what the extra samples are stated to be."""
    return any(
        entry.tag == GDAL_METADATA and entry.inside
        and _NOT_ALPHA in data[entry.offset : entry.offset + entry.length].lower()
        for entry in page.entries
    )  # fmt: skip


def _mode(photometric: int, bands: int, extra: int) -> str:
    if photometric == 3:
        return "palette"
    if photometric == 5:
        return "cmyk"
    if bands == 1:
        return "gray"
    if bands == 2 and extra in (1, 2):
        return "gray-alpha"
    if bands == 3 and photometric in (2, 6, 8):
        return "rgb"
    if bands == 4 and photometric in (2, 6) and extra in (1, 2):
        return "rgba"
    return "multiband"


def _dtype(sample_format: int, bits: int) -> str:
    word = _WORDS.get(sample_format, "uint")
    size = next((size for size in (8, 16, 32, 64, 128) if bits <= size), bits)
    return f"{word}{size}"
