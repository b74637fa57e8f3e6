"""Walk the chunks of a PNG (ISO/IEC 15948) and check their sums."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from imgcheck.imaging.header.exif import orientation_of_exif
from imgcheck.imaging.header.fields import MOST_PARTS, too_many_parts, unpack
from imgcheck.imaging.header.model import BrokenHeaderError, Damage, Header
from imgcheck.imaging.limits import Limits

# Table 11.1: colour type -> mode, bands, allowed bit depths.
_COLOURS = {
    0: ("gray", 1, (1, 2, 4, 8, 16)),
    2: ("rgb", 3, (8, 16)),
    3: ("palette", 1, (1, 2, 4, 8)),
    4: ("gray-alpha", 2, (8, 16)),
    6: ("rgba", 4, (8, 16)),
}

# Entries of damage that are listed; a file broken throughout would list thousands.
_MOST_DAMAGE = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """One chunk: its name, where its body is, and whether its sum fits."""

    name: bytes
    start: int
    length: int
    complete: bool
    sound: bool


def chunks(data: bytes) -> Iterator[Chunk]:
    """Go through the chunks up to IEND or the end of the file; the last may be cut."""
    position, count = 8, 0
    while position + 8 <= len(data):
        count += 1
        if count > MOST_PARTS:
            raise too_many_parts("PNG chunks")
        length, name = unpack(data, position, ">I4s")
        start = position + 8
        complete = start + length + 4 <= len(data)
        sound = False
        if complete:
            (stated,) = unpack(data, start + length, ">I")
            sound = stated == zlib.crc32(memoryview(data)[position + 4 : start + length])
        length = min(length, len(data) - start)
        yield Chunk(name=name, start=start, length=length, complete=complete, sound=sound)
        if name == b"IEND" or not complete:
            return
        position = start + length + 4


def read(data: bytes, limits: Limits) -> Header:
    """Read the header of a PNG, and the sums of all its chunks."""
    width, height, bits, colour = _read_first_chunk(data)
    mode, bands, depths = _COLOURS.get(colour, ("", 0, ()))
    if bits not in depths:
        raise BrokenHeaderError(f"its PNG header gives colour type {colour} with {bits} bits")
    orientation, frames, damage, ended, pixels = 0, 1, [], False, 0
    headers = 0
    for chunk in chunks(data):
        headers += chunk.name == b"IHDR"
        if chunk.name == b"IHDR" and headers == 2:
            detail = "a second header chunk, which is ignored"
            damage.append(Damage(kind="structure", detail=detail, offset=chunk.start - 8))
        if not chunk.complete or not chunk.sound:
            damage += [_damage_of(chunk)] if len(damage) < _MOST_DAMAGE else []
        elif chunk.name == b"eXIf" and not orientation:
            orientation = orientation_of_exif(data[chunk.start : chunk.start + chunk.length])
        elif chunk.name == b"acTL" and chunk.length >= 4:
            frames = min(max(1, unpack(data, chunk.start, ">I")[0]), limits.frames)
        pixels += chunk.length if chunk.name == b"IDAT" else 0
        ended = chunk.name == b"IEND"
    if not pixels:
        raise BrokenHeaderError(
            f"the PNG claims {width} x {height} pixels and holds no data for any of them"
        )
    if not ended and not any(one.kind == "truncated" for one in damage):
        detail = "the file ends before the end chunk of the PNG"
        damage.append(Damage(kind="truncated", detail=detail, offset=len(data)))
    return Header(
        format="png",
        width=width,
        height=height,
        bands=bands,
        bits=bits,
        dtype="uint16" if bits == 16 else "uint8",
        mode=mode,
        orientation=orientation or 1,
        frames=frames,
        damage=tuple(damage),
    )


def _read_first_chunk(data: bytes) -> tuple[int, int, int, int]:
    length, name = unpack(data, 8, ">I4s")
    if name != b"IHDR" or length != 13:
        raise BrokenHeaderError("its first PNG chunk is not a header chunk")
    width, height, bits, colour = unpack(data, 16, ">IIBB")
    return width, height, bits, colour


def _damage_of(chunk: Chunk) -> Damage:
    name = chunk.name.decode("ascii", "backslashreplace")
    if not chunk.complete:
        return Damage(
            kind="truncated",
            detail=f"the file ends inside PNG chunk {name}",
            offset=chunk.start + chunk.length,
        )
    return Damage(
        kind="checksum",
        detail=f"the check sum of PNG chunk {name} does not fit its {chunk.length} bytes",
        offset=chunk.start,
    )
