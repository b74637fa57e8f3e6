"""The tree of parts that a container walker builds, and what is odd or damaged in the file."""

import re
from dataclasses import dataclass, field
from typing import Literal

# A 400-megapixel tiled TIFF or a 100-scan JPEG stays far below this; a file built to waste time
# does not. benchmarks: provenance, the largest tree of the real and hostile
# files has 532.
MAX_NODES = 20_000
#: Segments, chunks or directories that are walked in one file, with a node or without. A 2 GB
#: picture has fewer; more are an attack on time.
MOST_PARTS = 250_000
# Beyond this a list of oddities adds nothing for a reader.
MAX_OBSERVATIONS = 200
MAX_DEPTH = 12
MAX_SEARCHED = 16 << 20  # bytes of one file that are searched for magics of other files


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """Something in the bytes that a careful reader would point at.

    Attributes
    ----------
    kind : str
        Short code: ``trailer``, ``second-image``, ``script-text``, ``loop``, ``outside``,
        ``limit``, ``invalid``, ``duplicate``, ``hostile-text``... An observation that concerns
        the pixels (damage) is ``truncated`` (data are missing), ``checksum``, ``structure`` (the
        container contradicts its format), ``corrupt`` (compressed data are wrong) or
        ``georeference`` (the stated place makes no sense and is not used).
    message : str
        One sentence. An observation is never by itself a sign of manipulation.
    offset, length : int or None
        Place in the file; None where the place is not one run of its bytes.
    """

    kind: str
    message: str
    offset: int | None = None
    length: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One part of a file: ``data[offset:offset + length]``.

    ``note`` is made of numbers and printable ASCII only, so that a hostile file cannot write
    on a terminal through it.
    """

    offset: int
    length: int
    kind: str
    note: str = ""
    children: tuple["Node", ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Structure:
    """The parts of a file in the order of its bytes, and what is odd about them."""

    format: str
    nodes: tuple[Node, ...]
    observations: tuple[Observation, ...] = ()


@dataclass(slots=True)
class Walk:
    """The state of a walk: the bytes, a budget of nodes, the observations so far.

    ``too_many`` names the parts of which a file has more than are walked; ``cut``: the budget of
    nodes was spent.
    """

    data: bytes
    nodes_left: int = MAX_NODES
    search_left: int = MAX_SEARCHED
    observations: list[Observation] = field(default_factory=list)
    damage: list[Observation] = field(default_factory=list)
    too_many: str = ""
    cut: bool = False

    @property
    def full(self) -> bool:
        """Whether the budget of nodes is spent; the first time, this is observed."""
        if self.nodes_left > 0:
            return False
        if not self.cut:
            self.cut = True
            self.observe("limit", f"more than {MAX_NODES} parts; the rest is not listed")
        return True

    def node(
        self, offset: int, length: int, kind: str, note: str = "", children: tuple[Node, ...] = ()
    ) -> Node:
        """Make a node and count it."""
        self.nodes_left -= 1
        return Node(offset=offset, length=length, kind=kind, note=note, children=children)

    def add(
        self, nodes: list[Node], start: int, end: int, kind: str, note: str = "",
        children: tuple[Node, ...] = (),
    ) -> None:  # fmt: skip
        """Append a node while the budget lasts."""
        if not self.full:
            nodes.append(self.node(start, end - start, kind, note, children))

    def observe(
        self, kind: str, message: str, offset: int | None = None, length: int | None = None
    ) -> Observation:
        """Record an oddity; a sensible number of them is kept."""
        seen = Observation(kind=kind, message=message, offset=offset, length=length)
        if len(self.observations) < MAX_OBSERVATIONS:
            self.observations.append(seen)
        return seen

    def damaged(
        self, kind: str, message: str, offset: int | None = None, length: int | None = None
    ) -> Observation:
        """Record an oddity that concerns the pixels."""
        seen = self.observe(kind, message, offset, length)
        if len(self.damage) < MAX_OBSERVATIONS:
            self.damage.append(seen)
        return seen

    def stop(self, parts: str) -> None:
        """Record that the walk ended because the file has too many parts."""
        self.too_many = parts
        self.observe("limit", f"more than {MOST_PARTS:,} {parts}; the rest was not read")

    def uint(self, offset: int, size: int, order: Literal["big", "little"] = "big") -> int | None:
        """Read an unsigned integer, or None where it would reach out of the file."""
        if offset < 0 or offset + size > len(self.data):
            return None
        return int.from_bytes(self.data[offset : offset + size], order)


def printable(raw: bytes, limit: int = 32) -> str:
    """Show bytes as printable ASCII, a dot for anything else."""
    return "".join(chr(byte) if 32 <= byte < 127 else "." for byte in raw[:limit])


_SCRIPT = re.compile(
    rb"<VRTDataset|<script|<\?php|<html|<svg|<!ENTITY|<WMS_|<GDAL_WMS|javascript:|#!/|%PDF-"
    rb"|powershell|/vsicurl/|eval\(",
    re.IGNORECASE,
)
_MAX_SCRIPT = 1 << 16  # bytes of one text that are searched for script-like words

# What begins a file of each kind. bytes.find() is some hundred times faster than one regular
# expression with all of them.
_MAGICS: tuple[tuple[str, tuple[bytes, ...]], ...] = (
    ("JPEG", (b"\xff\xd8\xff",)),
    ("PNG", (b"\x89PNG\r\n\x1a\n",)),
    ("GIF", (b"GIF87a", b"GIF89a")),
    ("WebP", (b"WEBPVP8",)),
    ("JPEG 2000", (b"\0\0\0\x0cjP  \r\n\x87\n",)),
    ("TIFF", (b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08")),
    ("MP4", (b"ftypmp4", b"ftypisom", b"ftypqt  ", b"ftypavc")),
    ("HEIF", (b"ftypheic", b"ftypmif1", b"ftypavif")),
    ("ZIP", (b"PK\x03\x04",)),
    ("RAR", (b"Rar!\x1a\x07",)),
    ("PDF", (b"%PDF-1.", b"%PDF-2.")),
)
_BEFORE = {"WebP": 8, "MP4": 4, "HEIF": 4}  # bytes of the file before its magic
# What may follow the third byte of a JPEG; three bytes alone turn up once in 16 MB of noise.
JPEG_NEXT = frozenset((0xC0, 0xC2, 0xC4, 0xDB, 0xFE, *range(0xE0, 0xF0)))
_MAX_HITS = 5_000
PICTURES = {"JPEG", "PNG", "GIF", "WebP", "JPEG 2000", "TIFF", "HEIF"}


def embedded(walk: Walk, start: int, end: int, *, where: str) -> list[str]:
    """Observe the first magic of each kind of file in ``data[start:end]``; return their names."""
    comment(walk, start, end, where=where)
    stop = min(end, start + walk.search_left)
    walk.search_left -= max(0, stop - start)
    found = beginnings(walk.data, start, stop)
    for place, name in found:
        kind = "second-image" if name in PICTURES else "second-file"
        walk.observe(kind, f"the beginning of a {name} file {where}", place)
    return [name for _, name in found]


def beginnings(data: bytes, start: int, end: int) -> list[tuple[int, str]]:
    """Find the first beginning of each kind of file in ``data[start:end]``: place and name."""
    found = []
    for name, magics in _MAGICS:
        places = [_first(data, magic, start, end, name) for magic in magics]
        if any(place >= 0 for place in places):
            first = min(place for place in places if place >= 0)
            found.append((first - _BEFORE.get(name, 0), name))
    return sorted(found)


def _first(data: bytes, magic: bytes, start: int, end: int, name: str) -> int:
    """Find a magic; -1 where it is not there."""
    place = data.find(magic, start, end)
    if name != "JPEG":
        return place
    for _ in range(_MAX_HITS):
        following = data[place + 3 : place + 4]
        if place < 0 or (following and following[0] in JPEG_NEXT):
            return place
        place = data.find(magic, place + 1, end)
    return -1


def comment(walk: Walk, start: int, end: int, *, where: str) -> None:
    """Observe script-like words in a text of the file."""
    length = max(0, min(end - start, _MAX_SCRIPT, walk.search_left))
    walk.search_left -= length
    word = script_like(walk.data[start : start + length])
    if word:
        walk.observe("script-text", f"the text {word!r} {where}", start, end - start)


def script_like(raw: bytes) -> str | None:
    """Name the first script-like or driver-like word in a text that should be plain prose."""
    found = _SCRIPT.search(raw[:_MAX_SCRIPT])
    return found.group().decode("ascii") if found else None
