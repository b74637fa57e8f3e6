"""PNG as a row of chunks (ISO/IEC 15948), each with its CRC checked."""

import zlib

from imgcheck.provenance.containers.trailer import comment, trailer
from imgcheck.provenance.containers.tree import Node, Walk, printable

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_TEXTS = {b"tEXt", b"zTXt", b"iTXt"}
# A run of IDAT is one node, so its chunks are counted here: enough for 2 GB in chunks of 8 KB.
_MAX_STEPS = 300_000
_RUNS = {b"IDAT", b"fdAT"}


def walk_png(walk: Walk) -> tuple[Node, ...]:
    """Walk the chunks up to IEND; consecutive IDAT chunks become one node."""
    if not walk.data.startswith(SIGNATURE):
        walk.observe("invalid", "does not begin with the PNG signature", 0, 8)
        return ()
    nodes = [walk.node(0, 8, "signature")]
    position, run = 8, 0
    for _ in range(_MAX_STEPS):
        if walk.full:
            return tuple(nodes)
        length = walk.uint(position, 4)
        kind = walk.data[position + 4 : position + 8]
        if length is None or len(kind) < 4:
            walk.observe("truncated", "the file ends without the chunk IEND", len(walk.data))
            return tuple(nodes)
        if not kind.isalpha():
            walk.observe("invalid", "what should be a chunk has no legal name", position, 8)
            return (*nodes, walk.node(position, len(walk.data) - position, "garbage"))
        end = min(position + 12 + length, len(walk.data))
        note = _check(walk, position, length, kind)
        same = kind in _RUNS and nodes[-1].kind == kind.decode() and not note
        run = run + 1 if same else 1
        if same:
            begin = nodes.pop().offset
            walk.nodes_left += 1
            nodes.append(walk.node(begin, end - begin, kind.decode(), f"{run} chunks"))
        else:
            nodes.append(walk.node(position, end - position, kind.decode(), note))
        position = end
        if kind == b"IEND":
            return (*nodes, *trailer(walk, position, "IEND"))
    walk.observe("limit", f"more than {_MAX_STEPS} chunks; the rest was not walked", position)
    return tuple(nodes)


def _check(walk: Walk, position: int, length: int, kind: bytes) -> str:
    name = printable(kind)
    stored = walk.uint(position + 8 + length, 4)
    if stored is None:
        walk.observe(
            "truncated", f"chunk {name} says {length} bytes, the file ends before", position
        )
        return "truncated"
    body = memoryview(walk.data)[position + 4 : position + 8 + length]
    if zlib.crc32(body) != stored:
        walk.observe("bad-crc", f"the CRC of chunk {name} is wrong", position, length + 12)
        return "CRC wrong"
    if kind in _TEXTS:
        keyword = walk.data[position + 8 : position + 8 + min(length, 80)].split(b"\0", 1)[0]
        comment(walk, position + 8, position + 8 + length, where="in a text chunk")
        return printable(keyword, 79)
    if kind == b"IHDR" and length >= 13:
        width, height = walk.uint(position + 8, 4), walk.uint(position + 12, 4)
        return f"{width} x {height}, {body[12]} bit, colour type {body[13]}"
    return ""
