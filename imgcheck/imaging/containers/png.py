"""PNG as a row of chunks (ISO/IEC 15948), each with its check sum."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from imgcheck.imaging.containers.header import (
    BrokenHeaderError,
    Header,
    Walked,
    require_walked,
    unpack,
)
from imgcheck.imaging.containers.tiff import orientation_of_exif
from imgcheck.imaging.containers.trailer import trailer
from imgcheck.imaging.containers.tree import MOST_PARTS, Node, Walk, comment, printable
from imgcheck.imaging.limits import Limits

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_TEXTS = {b"tEXt", b"zTXt", b"iTXt"}
# A run of these chunks is one node.
_RUNS = {b"IDAT", b"fdAT"}
# Entries of damage that are listed; a file broken throughout would list thousands.
_MOST_DAMAGE = 20
# Table 11.1: colour type -> mode, bands, allowed bit depths.
_COLOURS = {
    0: ("gray", 1, (1, 2, 4, 8, 16)),
    2: ("rgb", 3, (8, 16)),
    3: ("palette", 1, (1, 2, 4, 8)),
    4: ("gray-alpha", 2, (8, 16)),
    6: ("rgba", 4, (8, 16)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """One chunk: its name, where its body is, and whether its sum fits."""

    name: bytes
    start: int
    length: int
    complete: bool
    sound: bool


def chunks(data: bytes) -> Iterator[Chunk]:
    """Iterate over the chunks up to IEND or the end of the file; the last may be cut."""
    position = 8
    for _ in range(MOST_PARTS):
        if position + 8 > len(data):
            return
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


@dataclass(slots=True)
class _Png:
    """What the walk found for the header."""

    nodes: list[Node] = field(default_factory=list)
    count: int = 0
    #: Chunks in the node of a run.
    run: int = 0
    headers: int = 0
    orientation: int = 0
    frames: int = 1
    pixels: int = 0
    #: Where IEND ends.
    end: int | None = None


def walk_png(walk: Walk) -> Walked:
    """Walk the chunks up to IEND; consecutive IDAT chunks become one node."""
    png = _Png()
    if not walk.data.startswith(SIGNATURE):
        walk.observe("invalid", "does not begin with the PNG signature", 0, 8)
        return (), lambda limits: _header(walk, png, limits)
    png.nodes.append(walk.node(0, 8, "signature"))
    cut = False
    for chunk in chunks(walk.data):
        png.count += 1
        if not chunk.complete and not chunk.name.isalpha():
            message = "the file ends in a PNG chunk without a valid name"
            walk.damaged("truncated", message, chunk.start - 8, 8)
            start = chunk.start - 8
            png.nodes.append(walk.node(start, len(walk.data) - start, "garbage"))
            cut = True
            break
        _add(walk, png, chunk)
        _read_chunk(walk, png, chunk)
        cut = not chunk.complete
    if png.end is None and png.count == MOST_PARTS:
        walk.stop("PNG chunks")
    elif png.end is None and not cut:
        message = "the file ends before the end chunk of the PNG"
        walk.damaged("truncated", message, len(walk.data))
    behind = () if png.end is None else trailer(walk, png.end, "IEND")
    return (*png.nodes, *behind), lambda limits: _header(walk, png, limits)


def _add(walk: Walk, png: _Png, chunk: Chunk) -> None:
    """Add the node of a chunk, or lengthen the run that it belongs to."""
    note = _check(walk, chunk)
    place, end = chunk.start - 8, min(chunk.start + chunk.length + 4, len(walk.data))
    name = printable(chunk.name)
    last = png.nodes[-1]
    same = last.kind == name and last.offset + last.length == place
    if chunk.name in _RUNS and same and not note:
        png.run += 1
        png.nodes[-1] = Node(offset=last.offset, length=end - last.offset, kind=name,
                             note=f"{png.run} chunks")  # fmt: skip
    else:
        png.run = 1
        walk.add(png.nodes, place, end, name, note)


def _check(walk: Walk, chunk: Chunk) -> str:
    """Return the note of a chunk; record what is wrong with it."""
    name, place = printable(chunk.name), chunk.start - 8
    report = walk.damaged if len(walk.damage) < _MOST_DAMAGE else walk.observe
    if not chunk.name.isalpha():
        walk.observe("invalid", "a chunk has no valid name", place, 8)
    if not chunk.complete:
        report("truncated", f"the file ends inside PNG chunk {name}", len(walk.data))
        return "truncated"
    if not chunk.sound:
        message = f"the check sum of PNG chunk {name} does not match its {chunk.length} bytes"
        report("checksum", message, place, chunk.length + 12)
        return "CRC wrong"
    body = walk.data[chunk.start : chunk.start + min(chunk.length, 80)]
    if chunk.name in _TEXTS:
        comment(walk, chunk.start, chunk.start + chunk.length, where="in a text chunk")
        return printable(body.split(b"\0", 1)[0], 79)
    if chunk.name == b"IHDR" and chunk.length >= 13:
        width, height, bits, colour = unpack(body, 0, ">IIBB")
        return f"{width} x {height}, {bits} bit, colour type {colour}"
    return ""


def _read_chunk(walk: Walk, png: _Png, chunk: Chunk) -> None:
    """Read from a chunk what the header needs."""
    end = chunk.start + chunk.length
    if chunk.name == b"IHDR":
        png.headers += 1
        if png.headers == 2:
            message = "a second header chunk, which is ignored"
            walk.damaged("structure", message, chunk.start - 8, chunk.length + 12)
    elif chunk.name == b"IDAT":
        png.pixels += chunk.length
    elif chunk.name == b"IEND":
        png.end = min(end + 4, len(walk.data))
    elif chunk.sound and chunk.name == b"eXIf" and not png.orientation:
        png.orientation = orientation_of_exif(walk.data, chunk.start, end)
    elif chunk.sound and chunk.name == b"acTL" and chunk.length >= 4:
        png.frames = max(1, walk.uint(chunk.start, 4) or 1)


def _header(walk: Walk, png: _Png, limits: Limits) -> Header:
    width, height, bits, colour = _read_first_chunk(walk.data)
    mode, bands, depths = _COLOURS.get(colour, ("", 0, ()))
    if bits not in depths:
        raise BrokenHeaderError(f"its PNG header states colour type {colour} with {bits} bits")
    require_walked(walk)
    if not png.pixels:
        raise BrokenHeaderError(
            f"the PNG states {width} x {height} pixels and holds no data for any of them"
        )
    return Header(
        format="png",
        width=width,
        height=height,
        bands=bands,
        bits=bits,
        dtype="uint16" if bits == 16 else "uint8",
        mode=mode,
        orientation=png.orientation or 1,
        frames=min(png.frames, limits.frames),
        damage=tuple(walk.damage),
    )


def _read_first_chunk(data: bytes) -> tuple[int, int, int, int]:
    length, name = unpack(data, 8, ">I4s")
    if name != b"IHDR" or length != 13:
        raise BrokenHeaderError("its first PNG chunk is not a header chunk")
    width, height, bits, colour = unpack(data, 16, ">IIBB")
    return width, height, bits, colour
