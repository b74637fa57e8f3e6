"""GIF as a row of blocks (GIF89a specification)."""

from dataclasses import dataclass, field

from imgcheck.imaging.containers.header import BrokenHeaderError, Header, Walked, require_walked
from imgcheck.imaging.containers.trailer import trailer
from imgcheck.imaging.containers.tree import MOST_PARTS, Node, Walk, comment, printable
from imgcheck.imaging.limits import Limits

_LABELS = {0x01: "plain text", 0xF9: "graphic control", 0xFE: "comment", 0xFF: "application"}
# A sub-block of a GIF holds up to 255 bytes only.
_MOST_BLOCKS = 16 * MOST_PARTS


@dataclass(frozen=True, slots=True, kw_only=True)
class GifFrame:
    """The first picture of a GIF: its place on the screen, its palette, its data."""

    left: int
    top: int
    width: int
    height: int
    interlaced: bool
    palette: bytes
    transparent: int | None
    #: Offset of the byte that gives the size of a code; the data follow in sub-blocks.
    code_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GifHeader(Header):
    """The header of a GIF, with its first frame for its decoder."""

    frame: GifFrame


@dataclass(slots=True)
class _Gif:
    """What the walk found for the header."""

    nodes: list[Node] = field(default_factory=list)
    size: tuple[int, int] = (0, 0)
    palette: bytes = b""
    first: GifFrame | None = None
    transparent: int | None = None
    frames: int = 0
    blocks: int = 0
    #: Whether a frame without area came first: then there is no picture.
    empty: bool = False


def walk_gif(walk: Walk) -> Walked:
    """Walk the blocks up to the trailer byte."""
    data, gif = walk.data, _Gif()
    if data[:6] not in (b"GIF87a", b"GIF89a") or len(data) < 13:
        walk.observe("invalid", "does not begin with a GIF header", 0, 13)
        return (), lambda limits: _header(walk, gif, limits)
    gif.size = walk.uint(6, 2, "little") or 0, walk.uint(8, 2, "little") or 0
    note = f"{printable(data[:6])}, {gif.size[0]} x {gif.size[1]}"
    gif.nodes.append(walk.node(0, 13, "header", note))
    position: int | None = 13 + _table(data[10])
    gif.palette = data[13:position]
    if gif.palette:
        walk.add(gif.nodes, 13, 13 + len(gif.palette), "global colours")
    end = None
    while position is not None and gif.blocks < _MOST_BLOCKS:
        if data[position : position + 1] == b"\x3b":
            end = position + 1
            break
        position = _block(walk, gif, position)
    if end is not None:
        walk.add(gif.nodes, end - 1, end, "end")
        gif.nodes += trailer(walk, end, "the GIF trailer")
    elif position is not None:
        walk.stop("GIF blocks")
    else:
        message = f"the GIF breaks off after {gif.frames} frame(s), before its trailer"
        walk.damaged("truncated", message, len(data))
    return tuple(gif.nodes), lambda limits: _header(walk, gif, limits)


def _table(packed: int) -> int:
    return 3 << ((packed & 7) + 1) if packed & 0x80 else 0


def _block(walk: Walk, gif: _Gif, position: int) -> int | None:
    """Add one block; return the place after it, None where the walk cannot go on."""
    data = walk.data
    head = data[position : position + 10]
    if head[:1] == b"\x21" and len(head) > 1:
        end = _sub_blocks(walk, gif, position + 2)
        note = printable(data[position + 3 : position + 14]) if head[1] == 0xFF else ""
        if head[1] == 0xFE:
            comment(walk, position + 3, end or len(data), where="in a comment")
        if head[1:3] == b"\xf9\x04" and len(head) > 6 and gif.first is None:
            gif.transparent = head[6] if head[3] & 1 else None
        kind = _LABELS.get(head[1], f"extension 0x{head[1]:02x}")
    elif head[:1] == b"\x2c" and len(head) == 10:
        code_at = position + 10 + _table(head[9])
        frame = _frame(data, gif, head, code_at)
        end = _sub_blocks(walk, gif, code_at + 1)
        kind, note = "image", f"{frame.width} x {frame.height}"
        if code_at >= len(data) or not (frame.width and frame.height):
            gif.empty = gif.empty or gif.first is None
        else:
            gif.first = gif.first or frame
            gif.frames += 1
        if not (frame.width and frame.height):
            walk.damaged("structure", f"the GIF frame at offset {position} has no area", position)
    else:
        if head and head[0] not in (0x21, 0x2C):
            walk.observe("invalid", f"0x{head[0]:02x} begins no GIF block", position, 1)
        return None
    walk.add(gif.nodes, position, len(data) if end is None else end, kind, note)
    return end


def _frame(data: bytes, gif: _Gif, head: bytes, code_at: int) -> GifFrame:
    left, top, width, height = (int.from_bytes(head[i : i + 2], "little") for i in (1, 3, 5, 7))
    return GifFrame(
        left=left,
        top=top,
        width=width,
        height=height,
        interlaced=bool(head[9] & 0x40),
        palette=data[code_at - _table(head[9]) : code_at] or gif.palette,
        transparent=gif.transparent,
        code_at=code_at,
    )


def _sub_blocks(walk: Walk, gif: _Gif, position: int) -> int | None:
    """Return the place after the terminator of a chain of sub-blocks; None without one."""
    data, size = walk.data, len(walk.data)
    while position < size and gif.blocks < _MOST_BLOCKS:
        step = data[position]
        position += step + 1
        gif.blocks += 1
        if not step:
            return position
    return position if gif.blocks >= _MOST_BLOCKS else None


def sub_block_bytes(data: bytes, start: int, end: int, limit: int) -> bytes:
    """Join the sub-blocks of ``data[start:end]``, at most ``limit`` bytes; the last may be cut."""
    parts: list[bytes] = []
    total = 0
    while start < end and data[start] and total < limit:
        part = data[start + 1 : min(start + 1 + data[start], end)]
        parts.append(part)
        total += len(part)
        start += data[start] + 1
    return b"".join(parts)[:limit]


def _header(walk: Walk, gif: _Gif, limits: Limits) -> GifHeader:
    """Return the header; a first frame that reaches out of the screen enlarges it."""
    require_walked(walk)
    if gif.first is None or gif.empty:
        raise BrokenHeaderError("the GIF holds no picture")
    return GifHeader(
        format="gif",
        width=max(gif.size[0], gif.first.left + gif.first.width),
        height=max(gif.size[1], gif.first.top + gif.first.height),
        bands=1,
        mode="palette",
        frames=max(1, min(gif.frames, limits.frames)),
        damage=tuple(walk.damage),
        frame=gif.first,
    )
