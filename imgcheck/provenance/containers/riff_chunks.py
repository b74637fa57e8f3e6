"""WebP as RIFF chunks (little-endian, padded to even lengths; RFC 9649)."""

from imgcheck.provenance.containers.trailer import trailer
from imgcheck.provenance.containers.tree import MAX_DEPTH, Node, Walk, printable


def walk_webp(walk: Walk) -> tuple[Node, ...]:
    """Walk the chunks of a RIFF file of form type WEBP."""
    data = walk.data
    size = walk.uint(4, 4, "little")
    if data[:4] != b"RIFF" or size is None or data[8:12] != b"WEBP":
        walk.observe("invalid", "does not begin with RIFF....WEBP", 0, 12)
        return ()
    end = 8 + size
    if end > len(data):
        walk.observe(
            "truncated", f"the RIFF header says {end} bytes, the file has {len(data)}", 4, 4
        )
        end = len(data)
    children = _chunks(walk, 12, end, 0)
    root = walk.node(0, end, "RIFF", "WEBP", children)
    return (root, *trailer(walk, end + (end % 2 and end < len(data)), "the RIFF chunk"))


def _chunks(walk: Walk, start: int, end: int, depth: int) -> tuple[Node, ...]:
    nodes: list[Node] = []
    position = start
    while position < end and not walk.full:
        length = walk.uint(position + 4, 4, "little")
        if length is None or position + 8 > end:
            walk.observe("truncated", "a chunk header is cut off", position)
            break
        name = printable(walk.data[position : position + 4], 4)
        stop = position + 8 + length
        if stop > end:
            walk.observe("truncated", f"chunk {name!r} reaches out of its parent", position, length)
            stop = end
        inner: tuple[Node, ...] = ()
        if name == "ANMF" and depth < MAX_DEPTH:  # a frame: 16 bytes of header, then chunks
            inner = _chunks(walk, position + 24, stop, depth + 1)
        nodes.append(walk.node(position, stop - position, name, f"{length} bytes", inner))
        position = stop + (length % 2)
    return tuple(nodes)
