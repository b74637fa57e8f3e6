"""Walk the chunks of a WebP (RFC 9649)."""

from collections.abc import Iterator

from imgcheck.imaging.header.exif import orientation_of_exif
from imgcheck.imaging.header.fields import MOST_PARTS, number, take, too_many_parts, unpack
from imgcheck.imaging.header.gaps import LEAST, zero_run
from imgcheck.imaging.header.model import BrokenHeaderError, Damage, Header
from imgcheck.imaging.limits import Limits


def chunks(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Go through RIFF chunks: name, offset of the body, length of the body that is there."""
    count = 0
    while start + 8 <= end:
        count += 1
        if count > MOST_PARTS:
            raise too_many_parts("WebP chunks")
        name, length = unpack(data, start, "<4sI")
        yield name, start + 8, min(length, end - start - 8)
        start += 8 + length + (length & 1)


def read(data: bytes, limits: Limits) -> Header:
    """Read the header of a WebP; the picture of an animated one is its first frame."""
    stated = number(data, 4, "<I") + 8
    damage = []
    if stated > len(data):
        detail = f"the WebP states {stated:,} bytes, the file has {len(data):,}"
        damage.append(Damage(kind="truncated", detail=detail, offset=len(data)))
    size: tuple[int, int] | None = None
    alpha, orientation, frames = False, 0, 0
    for name, start, length in chunks(data, 12, min(stated, len(data))):
        if name == b"VP8X" and size is None:
            flags, wide, high = _extended(data, start)
            size, alpha = (wide, high), bool(flags & 0x10)
        elif name == b"VP8 " and size is None:
            size = _lossy(data, start)
        elif name == b"VP8L" and size is None:
            size, alpha = _lossless(data, start)
        elif name == b"EXIF" and not orientation:
            orientation = orientation_of_exif(bytes(data[start : start + length]))
        elif name == b"ANMF":
            frames = min(frames + 1, limits.frames)
        if (
            name in (b"VP8 ", b"VP8L", b"ANMF")
            and size is not None
            and not any(one.kind == "corrupt" for one in damage)
        ):
            # VP8 may write a byte of 0 for four macroblocks of black.
            macroblocks = -(-size[0] // 16) * -(-size[1] // 16)
            least = LEAST if name == b"VP8L" else max(LEAST, macroblocks)
            run = zero_run(data, start, start + length, least=least)
            damage += [run] if run else []
    if size is None:
        raise BrokenHeaderError("the WebP holds no picture chunk")
    return Header(
        format="webp",
        width=size[0],
        height=size[1],
        bands=4 if alpha else 3,
        mode="rgba" if alpha else "rgb",
        orientation=orientation or 1,
        frames=max(1, frames),
        damage=tuple(damage),
    )


def _extended(data: bytes, start: int) -> tuple[int, int, int]:
    body = take(data, start, 10)
    wide = 1 + int.from_bytes(body[4:7], "little")
    high = 1 + int.from_bytes(body[7:10], "little")
    return body[0], wide, high


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
