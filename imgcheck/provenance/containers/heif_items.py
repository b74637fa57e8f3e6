"""Where a HEIF or AVIF file keeps its items: infe names them, iloc places them.

ISO/IEC 23008-12, ISO/IEC 14496-12.
"""

from dataclasses import dataclass

from imgcheck.provenance.containers.boxes import header_length
from imgcheck.provenance.containers.tree import Node, Structure
from imgcheck.provenance.fields.values import Reading

_MAX_ITEMS = 10_000
_MAX_EXTENTS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One item with the runs of bytes it is made of, ``(offset, length)``."""

    number: int
    kind: str
    content: bytes
    extents: tuple[tuple[int, int], ...]


class _Fields:
    """Read big-endian fields one after another; past the end everything is 0 and ``ok`` falls."""

    def __init__(self, data: bytes, position: int, end: int) -> None:
        self.data, self.position, self.end, self.ok = data, position, min(end, len(data)), True

    def take(self, size: int) -> int:
        start, self.position = self.position, self.position + size
        if self.position > self.end:
            self.ok = False
            return 0
        return int.from_bytes(self.data[start : self.position], "big")


def items(reading: Reading, structure: Structure) -> list[Item]:
    """List the items of the first ``meta`` box that the file's ``iloc`` places."""
    meta = next((node for node in structure.nodes if node.kind == "meta"), None)
    if meta is None:
        return []
    boxes = {node.kind: node for node in meta.children}
    names = _names(reading.data, boxes.get("iinf"))
    inner = boxes.get("idat")
    base = inner.offset + header_length(reading.data, inner) if inner else None
    places = _places(reading, boxes.get("iloc"), base)
    return [
        Item(number=number, kind=kind, content=content, extents=places[number])
        for number, (kind, content) in names.items()
        if number in places
    ]


def _names(data: bytes, iinf: Node | None) -> dict[int, tuple[str, bytes]]:
    names: dict[int, tuple[str, bytes]] = {}
    for node in (iinf.children if iinf else ())[:_MAX_ITEMS]:
        if node.kind != "infe":
            continue
        start = node.offset + header_length(data, node)
        fields = _Fields(data, start, node.offset + node.length)
        version = fields.take(1)
        fields.take(3)
        if version < 2:  # versions 0 and 1 have no item type
            continue
        number = fields.take(4 if version == 3 else 2)
        fields.take(2)
        kind = data[fields.position : fields.position + 4]
        rest = data[fields.position + 4 : min(node.offset + node.length, fields.position + 260)]
        if fields.ok:
            content = rest.split(b"\0")[1] if kind == b"mime" and rest.count(b"\0") else b""
            names[number] = (kind.decode("latin-1"), content)
    return names


def _places(
    reading: Reading, iloc: Node | None, idat: int | None
) -> dict[int, tuple[tuple[int, int], ...]]:
    places: dict[int, tuple[tuple[int, int], ...]] = {}
    if iloc is None:
        return places
    data = reading.data
    fields = _Fields(data, iloc.offset + header_length(data, iloc), iloc.offset + iloc.length)
    version = fields.take(1)
    fields.take(3)
    sizes = fields.take(2)
    offset_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_size = sizes & 15 if version in (1, 2) else 0
    wide = 4 if version == 2 else 2
    for _ in range(min(fields.take(wide), _MAX_ITEMS)):
        number = fields.take(wide)
        method = fields.take(2) & 15 if version in (1, 2) else 0
        fields.take(2)  # data reference index
        base = fields.take(base_size)
        extents = []
        for _ in range(min(fields.take(2), _MAX_EXTENTS)):
            fields.take(index_size)
            offset, length = base + fields.take(offset_size), fields.take(length_size)
            extents.append((offset + (idat or 0) if method == 1 else offset, length))
        if not fields.ok:
            reading.observe("truncated", "the item location box ends early", iloc.offset)
            break
        if method < 2 and (method == 0 or idat is not None):
            places[number] = tuple(extents)
    return places
