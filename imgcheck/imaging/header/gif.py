"""Walk the blocks of a GIF (89a specification)."""

from dataclasses import dataclass

from imgcheck.imaging.header.fields import MOST_PARTS, number, take, too_many_parts, unpack
from imgcheck.imaging.header.model import BrokenHeaderError, Damage, Header
from imgcheck.imaging.limits import Limits

# A block of a GIF holds up to 255 bytes only.
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
class GifStructure:
    """Screen size, the first frame, and how the walk ended."""

    width: int
    height: int
    first: GifFrame | None
    frames: int
    ended: bool


def walk(data: bytes, limits: Limits) -> GifStructure:
    """Walk a GIF to its trailer, to its end, or to the largest number of frames counted."""
    width, height, flags = unpack(data, 6, "<HHB")
    common, position = _palette(data, 13, flags)
    first, frames, transparent, ended, count = None, 0, None, False, 0
    try:
        while frames < limits.frames:
            kind = number(data, position, "B")
            if kind == 0x3B:
                ended = True
                break
            if kind == 0x21:
                if take(data, position + 1, 2) == b"\xf9\x04" and first is None:
                    flags, _, index = unpack(data, position + 3, "<BHB")
                    transparent = index if flags & 1 else None
                position, count = _skip_blocks(data, position + 2, count)
            elif kind == 0x2C:
                frame, after = _read_frame(data, position, common, transparent)
                first = first or frame
                frames += 1
                position, count = _skip_blocks(data, after, count)
            else:
                break
        else:
            ended = True
    except BrokenHeaderError:
        pass
    return GifStructure(width=width, height=height, first=first, frames=frames, ended=ended)


def _palette(data: bytes, position: int, flags: int) -> tuple[bytes, int]:
    if not flags & 0x80:
        return b"", position
    size = 3 << ((flags & 7) + 1)
    return take(data, position, size), position + size


def _skip_blocks(data: bytes, position: int, count: int) -> tuple[int, int]:
    """Pass over sub-blocks; give the position after them and the sub-blocks so far."""
    while position < len(data):
        length = data[position]
        position += 1 + length
        count += 1
        if not length:
            return position, count
        if count > _MOST_BLOCKS:
            raise too_many_parts("GIF blocks")
    raise BrokenHeaderError("the GIF ends inside its blocks")


def _read_frame(
    data: bytes, position: int, common: bytes, transparent: int | None
) -> tuple[GifFrame, int]:
    left, top, width, height, flags = unpack(data, position + 1, "<HHHHB")
    if not width or not height:
        raise BrokenHeaderError(f"the GIF frame at offset {position} has no area")
    own, code_at = _palette(data, position + 10, flags)
    take(data, code_at, 1)
    frame = GifFrame(
        left=left,
        top=top,
        width=width,
        height=height,
        interlaced=bool(flags & 0x40),
        palette=own or common,
        transparent=transparent,
        code_at=code_at,
    )
    return frame, code_at + 1


def read(data: bytes, limits: Limits) -> Header:
    """Read the header of a GIF; the picture is its first frame on its screen.

    A frame that reaches out of the screen enlarges it.
    """
    gif = walk(data, limits)
    if gif.first is None:
        raise BrokenHeaderError("the GIF holds no picture")
    damage = []
    if not gif.ended:
        detail = f"the GIF breaks off after {gif.frames} frame(s), before its trailer"
        damage.append(Damage(kind="truncated", detail=detail, offset=len(data)))
    return Header(
        format="gif",
        width=max(gif.width, gif.first.left + gif.first.width),
        height=max(gif.height, gif.first.top + gif.first.height),
        bands=1,
        mode="palette",
        frames=max(1, gif.frames),
        damage=tuple(damage),
    )
