"""Thumbnails and auxiliary pictures (gain maps, depth) of a HEIF or AVIF file, undecoded.

ISO/IEC 23008-12: an ``iref`` of type ``thmb`` or ``auxl`` says which item belongs to which;
``ipma`` gives each item its properties: ``ispe`` its size, ``auxC`` what an auxiliary is.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from imgcheck.imaging.containers.boxes import header_length
from imgcheck.imaging.containers.heif import items
from imgcheck.imaging.containers.tree import Node, Structure, printable
from imgcheck.provenance.fields.values import Reading

_ROLES = {"thmb": "thumbnail", "auxl": "auxiliary"}
_MAX_CONTENT = 32 << 20
_MAX_ROWS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondaryItem:
    """One picture beside the main one: its runs of bytes, its size, what it is said to be."""

    role: str
    note: str
    kind: str
    extents: tuple[tuple[int, int], ...]
    length: int
    width: int | None
    height: int | None

    def content(self, data: bytes) -> bytes:
        """Join the runs of bytes that are in the file."""
        parts = (data[offset : offset + min(n, _MAX_CONTENT)] for offset, n in self.extents)
        return b"".join(parts)[:_MAX_CONTENT]


def secondary_items(data: bytes, structure: Structure) -> Iterator[SecondaryItem]:
    """List the thumbnails and auxiliary pictures of the first ``meta`` box."""
    meta = next((node for node in structure.nodes if node.kind == "meta"), None)
    if meta is None:
        return
    boxes = {node.kind: node for node in meta.children}
    roles = _roles(data, boxes.get("iref"))
    if not roles:
        return
    known = _properties(data, boxes.get("iprp"))
    for item in items(data, structure, Reading(data=data).observe):
        if item.number in roles and item.extents:
            width, height, note = _described(data, known.get(item.number, []))
            yield SecondaryItem(
                role=roles[item.number], note=note, kind=item.kind, extents=item.extents[:64],
                length=sum(n for _, n in item.extents), width=width, height=height,
            )  # fmt: skip


def _roles(data: bytes, iref: Node | None) -> dict[int, str]:
    if iref is None:
        return {}
    start = iref.offset + header_length(data, iref)
    wide = 4 if data[start : start + 1] == b"\x01" else 2
    found = {}
    for node in iref.children:
        if node.kind in _ROLES:
            place = node.offset + header_length(data, node)
            found[int.from_bytes(data[place : place + wide], "big")] = _ROLES[node.kind]
    return found


def _properties(data: bytes, iprp: Node | None) -> dict[int, list[Node]]:
    """Give each item the property boxes that ``ipma`` ties to it."""
    known: dict[int, list[Node]] = {}
    ipco = next((n for n in iprp.children if n.kind == "ipco"), None) if iprp else None
    ipma = next((n for n in iprp.children if n.kind == "ipma"), None) if iprp else None
    if ipco is None or ipma is None:
        return known
    position = ipma.offset + header_length(data, ipma)
    end = min(ipma.offset + ipma.length, len(data))
    wide = 4 if data[position : position + 1] != b"\0" else 2
    long = bool(data[position + 3 : position + 4] and data[position + 3] & 1)
    count = int.from_bytes(data[position + 4 : position + 8], "big")
    position += 8
    for _ in range(min(count, _MAX_ROWS)):
        if position + wide + 1 > end:
            break
        number = int.from_bytes(data[position : position + wide], "big")
        rows = data[position + wide]
        position += wide + 1
        step = 2 if long else 1
        for place in range(position, min(position + rows * step, end - step + 1), step):
            # The first bit says that a reader must know the property.
            index = int.from_bytes(data[place : place + step], "big") & (0x7FFF if long else 0x7F)
            if 0 < index <= len(ipco.children):
                known.setdefault(number, []).append(ipco.children[index - 1])
        position += rows * step
    return known


def _described(data: bytes, properties: list[Node]) -> tuple[int | None, int | None, str]:
    width = height = None
    note = ""
    for node in properties:
        start = node.offset + header_length(data, node) + 4
        if node.kind == "ispe" and start + 8 <= len(data):
            width, height = (int.from_bytes(data[i : i + 4], "big") for i in (start, start + 4))
        elif node.kind == "auxC":
            end = node.offset + node.length
            note = printable(data[start:end].split(b"\0", 1)[0], 60)
    return width, height, note
