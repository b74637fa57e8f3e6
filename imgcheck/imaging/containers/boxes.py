"""Boxes of HEIF, AVIF and JPEG 2000 (ISO/IEC 14496-12, ISO/IEC 15444-1)."""

from imgcheck.imaging.containers.tree import MAX_DEPTH, Node, Walk, embedded, printable

# Boxes that hold boxes, with the bytes of header between.
_CONTAINERS = {
    "meta": 4, "iprp": 0, "ipco": 0, "moov": 0, "trak": 0, "mdia": 0, "minf": 0, "stbl": 0,
    "dinf": 0, "edts": 0, "grpl": 0, "jp2h": 0, "jumb": 0, "asoc": 0, "res ": 0, "iref": 4,
}  # fmt: skip
UUIDS = {
    "d8fec3d61b0e483c92975828877ec481": "C2PA",
    "be7acfcb97a942e89c71999491e3afac": "XMP",
    "4a706754696666457869662d3e4a5032": "Exif",  # spells "JpgTiffExif->JP2"
    "b14bf8bd083d4b43a5ae8cd7d5a6ce03": "GeoTIFF",  # GeoJP2
}


def walk_boxes(walk: Walk) -> tuple[Node, ...]:
    """Walk the boxes of an ISO base media file or a JP2."""
    if walk.data[4:8] not in (b"ftyp", b"jP  "):
        walk.observe("invalid", "does not begin with a file type box", 0, 8)
        return ()
    return _boxes(walk, 0, len(walk.data), 0)


def _boxes(walk: Walk, start: int, end: int, depth: int) -> tuple[Node, ...]:
    nodes: list[Node] = []
    position = start
    while position < end and not walk.full:
        header, length = _header(walk, position, end)
        if length < header:
            walk.observe("invalid", "a box has no valid length", position, 8)
            nodes.append(walk.node(position, end - position, "garbage"))
            if depth == 0:
                embedded(walk, position, end, where="after the last box")
            break
        kind = printable(walk.data[position + 4 : position + 8], 4)
        stop = position + length
        if stop > end:
            if depth == 0:
                message = f"box {kind} is cut off by the end of the file"
                walk.damaged("truncated", message, len(walk.data))
            else:
                message = f"box {kind!r} reaches out of its parent"
                walk.observe("truncated", message, position, length)
            stop = end
        inner = position + header + _skip(walk, kind, position + header)
        children = (
            _boxes(walk, inner, stop, depth + 1)
            if (kind in _CONTAINERS or kind == "iinf") and depth < MAX_DEPTH
            else ()
        )
        note = _note(walk, kind, position + header, stop)
        nodes.append(walk.node(position, stop - position, kind, note, children))
        position = stop
    return tuple(nodes)


def _header(walk: Walk, position: int, end: int) -> tuple[int, int]:
    """Return the bytes of the header and of the whole box; a length of -1 is no legal box."""
    length = walk.uint(position, 4)
    if length is None or position + 8 > end:
        return 8, -1
    if length == 0:  # the last box, up to the end
        return 8, end - position
    if length == 1:
        large = walk.uint(position + 8, 8)
        return 16, -1 if large is None else large
    return 8, length


def header_length(data: bytes, node: Node) -> int:
    """Return the bytes before the payload of a box node."""
    return 16 if data[node.offset : node.offset + 4] == b"\0\0\0\x01" else 8


def payload(data: bytes, node: Node) -> tuple[int, int]:
    """Return where the payload of a box node begins and ends."""
    return node.offset + header_length(data, node), node.offset + node.length


def child(nodes: tuple[Node, ...], kind: str) -> Node | None:
    """Return the first box of that kind."""
    return next((node for node in nodes if node.kind == kind), None)


def _skip(walk: Walk, kind: str, payload: int) -> int:
    if kind == "iinf":  # full box, then a count of 16 bits, or 32 from version 1
        return 6 if walk.uint(payload, 1) == 0 else 8
    return _CONTAINERS.get(kind, 0)


def _note(walk: Walk, kind: str, start: int, end: int) -> str:
    payload = walk.data[start : min(end, start + 64)]
    if kind == "ftyp":
        return printable(payload[:4], 4)
    if kind == "uuid":
        return UUIDS.get(payload[:16].hex(), payload[:16].hex())
    if kind == "jumd":  # type UUID, toggles, then the label
        return printable(payload[17:].split(b"\0", 1)[0], 40)
    if kind == "infe":
        return printable(payload[8:12] if payload[:1] != b"\x03" else payload[10:14], 4)
    if kind == "ispe" and len(payload) >= 12:
        width, height = int.from_bytes(payload[4:8], "big"), int.from_bytes(payload[8:12], "big")
        return f"{width} x {height}"
    if kind == "colr":
        return printable(payload[:4], 4)
    return f"{end - start} bytes"
