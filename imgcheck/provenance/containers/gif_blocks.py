"""GIF as a row of blocks (GIF89a specification)."""

from imgcheck.provenance.containers.trailer import comment, trailer
from imgcheck.provenance.containers.tree import Node, Walk, printable

_LABELS = {0x01: "plain text", 0xF9: "graphic control", 0xFE: "comment", 0xFF: "application"}


def walk_gif(walk: Walk) -> tuple[Node, ...]:
    """Walk the blocks up to the trailer byte."""
    data = walk.data
    if data[:6] not in (b"GIF87a", b"GIF89a") or len(data) < 13:
        walk.observe("invalid", "does not begin with a GIF header", 0, 13)
        return ()
    width, height = walk.uint(6, 2, "little"), walk.uint(8, 2, "little")
    nodes = [walk.node(0, 13, "header", f"{printable(data[:6])}, {width} x {height}")]
    position = 13 + _table(data[10])
    if position > 13:
        nodes.append(walk.node(13, position - 13, "global colours"))
    while not walk.full:
        code = walk.uint(position, 1)
        if code is None:
            walk.observe("truncated", "the file ends without the trailer byte", len(data))
            break
        if code == 0x3B:
            nodes.append(walk.node(position, 1, "end"))
            return (*nodes, *trailer(walk, position + 1, "the GIF trailer"))
        node = _block(walk, position, code)
        if node is None:
            walk.observe("invalid", f"0x{code:02x} begins no GIF block", position, 1)
            break
        nodes.append(node)
        position = node.offset + node.length
    return tuple(nodes)


def _table(packed: int) -> int:
    return 3 << ((packed & 7) + 1) if packed & 0x80 else 0


def _block(walk: Walk, position: int, code: int) -> Node | None:
    if code == 0x21:
        label = walk.uint(position + 1, 1)
        if label is None:
            return None
        kind = _LABELS.get(label, f"extension 0x{label:02x}")
        end = _sub_blocks(walk, position + 2)
        note = printable(walk.data[position + 3 : position + 14]) if label == 0xFF else ""
        if label == 0xFE:
            comment(walk, position + 3, end, where="in a comment")
        return walk.node(position, end - position, kind, note)
    if code == 0x2C:
        packed = walk.uint(position + 9, 1)
        if packed is None:
            return None
        end = _sub_blocks(walk, position + 10 + _table(packed) + 1)
        width, height = walk.uint(position + 5, 2, "little"), walk.uint(position + 7, 2, "little")
        return walk.node(position, end - position, "image", f"{width} x {height}")
    return None


def _sub_blocks(walk: Walk, position: int) -> int:
    """Give the place after the terminator of a chain of sub-blocks."""
    data, size = walk.data, len(walk.data)
    while position < size:
        step = data[position]
        position += step + 1
        if not step:
            return position
    walk.observe("truncated", "a chain of sub-blocks has no end", size)
    return size


def sub_block_bytes(data: bytes, start: int, end: int, limit: int = 1 << 16) -> bytes:
    """Join the sub-blocks of ``data[start:end]``, at most ``limit`` bytes."""
    parts: list[bytes] = []
    total = 0
    while start < end and data[start] and total < limit:
        part = data[start + 1 : min(start + 1 + data[start], end)]
        parts.append(part)
        total += len(part)
        start += data[start] + 1
    return b"".join(parts)[:limit]
