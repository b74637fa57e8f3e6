"""The index of several pictures in one JPEG (CIPA DC-007, Multi-Picture Format).

An APP2 segment ``MPF`` holds a TIFF-like header and an index directory whose MP entries state, for
each picture, what it is, how long it is, and where it begins, counted from that header; the
first entry is the main picture itself, at 0.
"""

from dataclasses import dataclass, replace

from imgcheck.imaging.containers.tiff import Order, integers, read_tiff
from imgcheck.imaging.containers.tree import Node, Structure, Walk

_HEADER = 8  # marker, length, "MPF" and a zero before the MP header
_ENTRIES, _COUNT = 0xB002, 0xB001
_MAX_PICTURES = 100  # DC-007 sets no limit; bursts of some 30 are known
_KINDS = {
    0x000000: "undefined", 0x010001: "large thumbnail (VGA)",
    0x010002: "large thumbnail (full HD)", 0x010003: "large thumbnail (4K)",
    0x010004: "large thumbnail (8K)", 0x010005: "large thumbnail (16K)",
    0x020001: "panorama frame", 0x020002: "disparity frame", 0x020003: "multi-angle frame",
    0x030000: "primary picture", 0x040000: "original of an edited picture",
    0x050000: "gain map",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class MpEntry:
    """One entry of the index: what it states about a picture, and what is there.

    ``number`` counts from 1, as in ``dependents``. ``offset`` and ``length`` are where the picture
    should be in the file; ``place`` is where the entry's own 16 bytes are. ``state`` is ``found``
    (a JPEG begins there), ``primary`` (the main picture, of the stated length), ``primary length
    differs``, ``outside`` (past the end of the file), ``no picture`` or ``empty`` (length 0).
    """

    number: int
    kind: str
    code: int
    offset: int
    length: int
    dependents: tuple[int, ...]
    representative: bool
    parent: bool
    child: bool
    state: str
    place: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Mpf:
    """What the index states. ``failed`` counts the entries whose place holds no such picture."""

    entries: tuple[MpEntry, ...]
    stated: int | None
    failed: int
    place: int


def read_mpf(data: bytes, *, structure: Structure) -> Mpf | None:
    """Read the index of a walked JPEG and compare every entry with the bytes; None without one.

    Failed offsets are common in honest files: a program that saves, crops or shrinks a picture
    often keeps the segment and drops the pictures behind it.
    """
    end = next((n.offset + 2 for n in structure.nodes if n.kind == "EOI"), None)
    for node in structure.nodes:
        if node.kind == "APP2" and node.note == "MPF":
            return _index(Walk(data=data), node, end)
    return None


def mpf_words(found: Mpf) -> list[str]:
    """Describe in sentences what the index holds and what of it is missing."""
    pictures = [entry for entry in found.entries if not entry.state.startswith("primary")]
    words = [f"The file's index lists {len(found.entries)} pictures (Multi-Picture Format)."]
    for entry in pictures:
        where = f"{entry.length} bytes at {entry.offset}"
        if entry.state == "found":
            words.append(f"Picture {entry.number}, {entry.kind}: {where}.")
        elif entry.state != "empty":
            there = "the file ends before" if entry.state == "outside" else "no JPEG begins there"
            words.append(f"Picture {entry.number}, {entry.kind}: stated to be {where}; {there}.")
    main = next((one for one in found.entries if one.state == "primary length differs"), None)
    if main:
        words.append(
            f"The index states {main.length} bytes for the main picture, which has another length."
        )
    if found.failed:
        words.append("A program that saved, cropped or shrank the picture and kept its header "
                     "leaves such an index behind.")  # fmt: skip
    return words


def with_pictures(walk: Walk, nodes: tuple[Node, ...], end: int | None) -> tuple[Node, ...]:
    """Add header and entries of the index to MPF segments as children; observe what fails."""
    return tuple(
        replace(node, children=_children(walk, node, end))
        if node.kind == "APP2" and node.note == "MPF" and not walk.full
        else node
        for node in nodes
    )


def _children(walk: Walk, node: Node, end: int | None) -> tuple[Node, ...]:
    # The offsets of the entries are relative to this header, and reach out of the segment.
    parts = [walk.node(node.offset + _HEADER, 8, "MP header")]
    problems = {
        "outside": f"the file has {len(walk.data)}",
        "no picture": "where there is no such JPEG",
        "primary length differs": f"the picture has {end}",
    }
    for entry in _index(walk, node, end).entries:
        stated = f"{entry.length} bytes at {entry.offset}"
        note = f"{entry.kind}, {stated}, {entry.state}"
        parts.append(walk.node(entry.place, 16, "MP entry", note))
        if entry.state in problems:
            message = f"MPF entry {entry.number} ({entry.kind}) states {stated}, "
            walk.observe("offset-failed", message + problems[entry.state], entry.place, 16)
    return tuple(parts)


def _index(walk: Walk, node: Node, end: int | None) -> Mpf:
    start = node.offset + _HEADER
    block = read_tiff(walk, start, node.offset + node.length)
    entries: list[MpEntry] = []
    stated = None
    for directory in block.directories if block else ():
        fields = {field.tag: field for field in directory.entries}
        if block is None or _ENTRIES not in fields:
            continue
        field = fields[_ENTRIES]
        if _COUNT in fields:
            stated = next(iter(integers(walk.data, fields[_COUNT], block.order, 1)), None)
        count = min(field.length // 16, _MAX_PICTURES) if field.inside else 0
        entries = [
            _entry(walk, number, field.offset + 16 * number, block.order, start, end)
            for number in range(count)
        ]
        break
    failed = sum(entry.state in ("outside", "no picture") for entry in entries)
    return Mpf(entries=tuple(entries), stated=stated, failed=failed, place=node.offset)


def _entry(walk: Walk, index: int, place: int, order: Order, base: int, end: int | None) -> MpEntry:
    raw = walk.data[place : place + 16]
    attributes, length, offset = (int.from_bytes(raw[i : i + 4], order) for i in (0, 4, 8))
    others = tuple(number for i in (12, 14) if (number := int.from_bytes(raw[i : i + 2], order)))
    code = attributes & 0xFFFFFF
    where = offset + base if offset else 0  # the first picture is the file itself
    return MpEntry(
        number=index + 1, kind=_KINDS.get(code, f"unknown kind 0x{code:06x}"), code=code,
        offset=where, length=length, dependents=others,
        representative=bool(attributes & 1 << 29), parent=bool(attributes & 1 << 31),
        child=bool(attributes & 1 << 30), place=place,
        state=_state(walk, where, length, end),
    )  # fmt: skip


def _state(walk: Walk, offset: int, length: int, end: int | None) -> str:
    if length == 0:
        return "empty"
    if offset == 0:
        # Some writers count padding behind EOI into the main picture.
        fits = end is not None and end <= length <= len(walk.data)
        rest = walk.data[end:length].strip(b"\0\xff") if fits else b"x"
        return "primary" if fits and not rest else "primary length differs"
    if offset + length > len(walk.data):
        return "outside"
    return "found" if walk.data[offset : offset + 3] == b"\xff\xd8\xff" else "no picture"
