"""WebP as RIFF chunks (little-endian, padded to even lengths; RFC 9649)."""

from dataclasses import dataclass

from imgcheck.imaging.containers.header import (
    LONGEST_ZERO_RUN,
    BrokenHeaderError,
    Header,
    Walked,
    require_walked,
    take,
    unpack,
    zero_run,
)
from imgcheck.imaging.containers.tiff import orientation_of_exif
from imgcheck.imaging.containers.trailer import trailer
from imgcheck.imaging.containers.tree import MAX_DEPTH, MOST_PARTS, Node, Walk, printable
from imgcheck.imaging.limits import Limits


@dataclass(slots=True)
class _WebP:
    """What the walk found for the header."""

    size: tuple[int, int] | None = None
    alpha: bool = False
    orientation: int = 0
    frames: int = 0
    broken: str = ""


def walk_webp(walk: Walk) -> Walked:
    """Walk the chunks of a RIFF file of form type WEBP; the picture is the first frame."""
    webp = _WebP()
    data = walk.data
    size = walk.uint(4, 4, "little")
    if data[:4] != b"RIFF" or size is None or data[8:12] != b"WEBP":
        walk.observe("invalid", "does not begin with RIFF....WEBP", 0, 12)
        return (), lambda limits: _header(walk, webp, limits)
    end = 8 + size
    if end > len(data):
        message = f"the WebP states {end:,} bytes, the file has {len(data):,}"
        walk.damaged("truncated", message, len(data))
        end = len(data)
    children = _chunks(walk, 12, end, 0, webp)
    root = walk.node(0, end, "RIFF", "WEBP", children)
    nodes = (root, *trailer(walk, end + (end % 2 and end < len(data)), "the RIFF chunk"))
    return nodes, lambda limits: _header(walk, webp, limits)


def _chunks(walk: Walk, start: int, end: int, depth: int, webp: _WebP | None) -> tuple[Node, ...]:
    """Walk chunks; those of the file itself are read into ``webp``."""
    nodes: list[Node] = []
    position = start
    for _ in range(MOST_PARTS):
        if position >= end or (walk.full and webp is None):
            return tuple(nodes)
        length = walk.uint(position + 4, 4, "little")
        if length is None or position + 8 > end:
            walk.observe("truncated", "a chunk header is cut off", position)
            return tuple(nodes)
        name = printable(walk.data[position : position + 4], 4)
        stop = min(position + 8 + length, end)
        if position + 8 + length > end:
            walk.observe("truncated", f"chunk {name!r} reaches out of its parent", position, length)
        if webp is not None and not webp.broken:
            _read_chunk(walk, webp, name, position + 8, stop)
        inner: tuple[Node, ...] = ()
        if name == "ANMF" and depth < MAX_DEPTH:  # a frame: 16 bytes of header, then chunks
            inner = _chunks(walk, position + 24, stop, depth + 1, None)
        walk.add(nodes, position, stop, name, f"{length} bytes", inner)
        position = position + 8 + length + (length % 2)
    if webp is not None:
        walk.stop("WebP chunks")
    return tuple(nodes)


def _read_chunk(walk: Walk, webp: _WebP, name: str, start: int, stop: int) -> None:
    """Read from a chunk what the header needs; look for lost parts of compressed data."""
    try:
        if name == "VP8X" and webp.size is None:
            body = take(walk.data, start, 10)
            webp.size = (
                1 + int.from_bytes(body[4:7], "little"),
                1 + int.from_bytes(body[7:10], "little"),
            )
            webp.alpha = bool(body[0] & 0x10)
        elif name == "VP8 " and webp.size is None:
            webp.size = _lossy(walk.data, start)
        elif name == "VP8L" and webp.size is None:
            webp.size, webp.alpha = _lossless(walk.data, start)
        elif name == "EXIF" and not webp.orientation:
            webp.orientation = orientation_of_exif(walk.data, start, stop)
        elif name == "ANMF":
            webp.frames += 1
    except BrokenHeaderError as error:
        webp.broken = error.message
    if (
        name in ("VP8 ", "VP8L", "ANMF")
        and webp.size is not None
        and not any(one.kind == "corrupt" for one in walk.damage)
    ):
        # VP8 may write a byte of 0 for four macroblocks of black.
        macroblocks = -(-webp.size[0] // 16) * -(-webp.size[1] // 16)
        lossless = name == "VP8L"
        least = LONGEST_ZERO_RUN if lossless else max(LONGEST_ZERO_RUN, macroblocks)
        zero_run(walk, start, stop, least=least)


def _lossy(data: bytes, start: int) -> tuple[int, int]:
    if take(data, start + 3, 3) != b"\x9d\x01\x2a":
        raise BrokenHeaderError("the WebP has no start code before its picture")
    wide, high = unpack(data, start + 6, "<HH")
    return wide & 0x3FFF, high & 0x3FFF


def _lossless(data: bytes, start: int) -> tuple[tuple[int, int], bool]:
    signature, bits = unpack(data, start, "<BI")
    if signature != 0x2F:
        raise BrokenHeaderError("the lossless WebP has no signature before its picture")
    return (1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)), bool(bits >> 28 & 1)


def _header(walk: Walk, webp: _WebP, limits: Limits) -> Header:
    if webp.broken:
        raise BrokenHeaderError(webp.broken)
    require_walked(walk)
    if webp.size is None:
        raise BrokenHeaderError("the WebP holds no picture chunk")
    return Header(
        format="webp",
        width=webp.size[0],
        height=webp.size[1],
        bands=4 if webp.alpha else 3,
        mode="rgba" if webp.alpha else "rgb",
        orientation=webp.orientation or 1,
        frames=max(1, min(webp.frames, limits.frames)),
        damage=tuple(walk.damage),
    )
