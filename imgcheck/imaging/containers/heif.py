"""HEIF and AVIF (ISO/IEC 23008-12): the primary item's size and turn, and where items lie."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from imgcheck.imaging.containers.boxes import child, payload, walk_boxes
from imgcheck.imaging.containers.header import (
    BrokenHeaderError,
    Header,
    Walked,
    unpack,
    zero_run,
)
from imgcheck.imaging.containers.tree import Node, Structure, Walk

# Quarter turns counter-clockwise (irot) -> EXIF orientation; with a mirror (imir) after the
# turn: axis 0 swaps top and bottom, axis 1 left and right.
_TURNS = {0: 1, 1: 8, 2: 3, 3: 6}
_MIRRORED_TURNS = {0: {0: 4, 1: 5, 2: 2, 3: 7}, 1: {0: 2, 1: 7, 2: 4, 3: 5}}
# A phone's picture has some hundred items (tiles, thumbnails, depth).
_MOST_ASSOCIATIONS = 100_000
_MAX_ITEMS = 10_000
_MAX_EXTENTS = 64
_NO_DECODER = "no decoder for HEIF pixels is installed; pip install 'imgcheck[heif]'"


def walk_heif(walk: Walk) -> Walked:
    """Walk the boxes of a HEIF or AVIF file."""
    nodes = walk_boxes(walk)
    for node in nodes:
        if node.kind == "mdat":
            zero_run(walk, *payload(walk.data, node))
    return nodes, lambda _: _header(walk, nodes)


def _header(walk: Walk, nodes: tuple[Node, ...]) -> Header:
    """Return the header.

    The turn comes from the item's own properties; an EXIF orientation beside them is
    information only, according to the standard.
    """
    data, meta = walk.data, child(nodes, "meta")
    if meta is None:
        raise BrokenHeaderError("the HEIF or AVIF file holds no description of its pictures")
    properties = _primary_properties(data, meta)
    size = next((_values(data, p, 4, ">II") for p in properties if p.kind == "ispe"), None)
    if size is None:
        raise BrokenHeaderError("the HEIF or AVIF file does not state the size of its main picture")
    avif = _is_avif(data, nodes[0])
    if not avif:  # the decoder of AVIF shows what this box cuts off
        size = _cut(data, properties, size)
    return Header(
        format="avif" if avif else "heif",
        width=size[0],
        height=size[1],
        bits=_depth(data, properties),
        orientation=_orientation(data, properties),
        unreadable_reason=None if avif or find_spec("pillow_heif") else _NO_DECODER,
        damage=tuple(walk.damage),
    )


def _cut(data: bytes, properties: list[Node], size: tuple[int, int]) -> tuple[int, int]:
    """Return the size that the clean aperture (``clap``) leaves of the coded one."""
    node = next((p for p in properties if p.kind == "clap"), None)
    if node is None:
        return size
    width, width_parts, height, height_parts = _values(data, node, 0, ">IIII")
    if not (width_parts and height_parts):
        return size
    left = (width // width_parts, height // height_parts)
    return left if 0 < left[0] <= size[0] and 0 < left[1] <= size[1] else size


def _values(data: bytes, node: Node, skip: int, layout: str) -> tuple[Any, ...]:
    """Read fields of a box, ``skip`` bytes after the start of its payload."""
    return unpack(data, payload(data, node)[0] + skip, layout)


def _is_avif(data: bytes, first: Node) -> bool:
    """Return whether the brands of the file type box name AVIF."""
    start, end = payload(data, first)
    brands = bytes(data[start : min(end, start + 256)])
    return b"avif" in brands or b"avis" in brands


def _primary_properties(data: bytes, meta: Node) -> list[Node]:
    """Return the properties that belong to the primary item, in their order."""
    held, first = child(meta.children, "iprp"), child(meta.children, "pitm")
    if held is None or first is None:
        return []
    (version,) = _values(data, first, 0, "B")
    (primary,) = _values(data, first, 4, ">I" if version else ">H")
    every, matched = child(held.children, "ipco"), child(held.children, "ipma")
    if every is None or matched is None:
        return []
    wanted = _associations(data, matched, primary)
    return [every.children[i - 1] for i in wanted if 0 < i <= len(every.children)]


def _associations(data: bytes, node: Node, primary: int) -> list[int]:
    """Read the item property association box for one item."""
    fields = _Fields(data, *payload(data, node))
    version, wide = fields.take(1), fields.take(3) & 1
    for _ in range(min(fields.take(4), _MOST_ASSOCIATIONS)):
        item = fields.take(4 if version else 2)
        count = fields.take(1)
        indices = [fields.take(2) & 0x7FFF if wide else fields.take(1) & 0x7F for _ in range(count)]
        if item == primary or not fields.ok:
            return indices
    return []


def _depth(data: bytes, properties: list[Node]) -> int:
    pixi = next((p for p in properties if p.kind == "pixi"), None)
    if pixi is None or payload(data, pixi)[1] - payload(data, pixi)[0] < 6:
        return 8
    return max(1, int(_values(data, pixi, 5, "B")[0]))


def _orientation(data: bytes, properties: list[Node]) -> int:
    turn = next((_values(data, p, 0, "B")[0] & 3 for p in properties if p.kind == "irot"), 0)
    axis = next((_values(data, p, 0, "B")[0] & 1 for p in properties if p.kind == "imir"), None)
    return _TURNS[turn] if axis is None else _MIRRORED_TURNS[axis][turn]


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


def items(
    data: bytes, structure: Structure, observe: Callable[[str, str, int], None]
) -> list[Item]:
    """List the items of the first ``meta`` box: infe names them, iloc places them."""
    meta = child(structure.nodes, "meta")
    if meta is None:
        return []
    boxes = {node.kind: node for node in meta.children}
    names = _names(data, boxes.get("iinf"))
    inner = boxes.get("idat")
    base = payload(data, inner)[0] if inner else None
    iloc = boxes.get("iloc")
    places = {} if iloc is None else _places(data, iloc, base, observe)
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
        start, end = payload(data, node)
        fields = _Fields(data, start, end)
        version = fields.take(1)
        fields.take(3)
        if version < 2:  # versions 0 and 1 have no item type
            continue
        number = fields.take(4 if version == 3 else 2)
        fields.take(2)
        kind = data[fields.position : fields.position + 4]
        rest = data[fields.position + 4 : min(end, fields.position + 260)]
        if fields.ok:
            content = rest.split(b"\0")[1] if kind == b"mime" and rest.count(b"\0") else b""
            names[number] = (kind.decode("latin-1"), content)
    return names


def _places(
    data: bytes, iloc: Node, idat: int | None, observe: Callable[[str, str, int], None]
) -> dict[int, tuple[tuple[int, int], ...]]:
    places: dict[int, tuple[tuple[int, int], ...]] = {}
    fields = _Fields(data, *payload(data, iloc))
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
            observe("truncated", "the item location box ends early", iloc.offset)
            break
        if method < 2 and (method == 0 or idat is not None):
            places[number] = tuple(extents)
    return places
