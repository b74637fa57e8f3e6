"""Read the header of JPEG 2000 (ITU-T T.800): the size segment of its codestream."""

from imgcheck.imaging.header.boxes import boxes
from imgcheck.imaging.header.fields import number, take, unpack
from imgcheck.imaging.header.model import BrokenHeaderError, Damage, Header
from imgcheck.imaging.limits import Limits

CODESTREAM = b"\xff\x4f\xff\x51"
_MODES = {1: "gray", 2: "gray-alpha", 3: "rgb"}
# A.5.1: the number of a tile has 16 bits.
_MOST_TILES = 65_535


def read(data: bytes, limits: Limits) -> Header:
    """Read the header of a JP2 file or a bare codestream."""
    geotagged, palette = False, False
    start, length = 0, len(data)
    if data[:4] != CODESTREAM:
        start = -1
        for box in boxes(data, 0, len(data)):
            geotagged |= box.name in (b"uuid", b"asoc", b"xml ")
            palette |= box.name == b"jp2h" and b"pclr" in data[box.start : box.end]
            if box.name == b"jp2c" and start < 0:
                start, length = box.start, box.end - box.start
    if start < 0:
        raise BrokenHeaderError("the JPEG 2000 file holds no codestream")
    if take(data, start, 4) != CODESTREAM:
        raise BrokenHeaderError("the JPEG 2000 codestream does not begin with its size")
    width, height, bands, bits, signed, tile_pixels = _read_size(data, start + 4)
    damage = []
    if data[start + length - 2 : start + length] != b"\xff\xd9":
        detail = "the JPEG 2000 codestream has no end marker where the file ends"
        damage.append(Damage(kind="truncated", detail=detail, offset=start + length))
    sample = 8 if bits <= 8 else 16 if bits <= 16 else 32
    return Header(
        format="jp2",
        width=width,
        height=height,
        bands=bands,
        bits=bits,
        dtype=f"{'int' if signed else 'uint'}{sample}",
        mode="palette" if palette else _MODES.get(bands, "multiband"),
        block_bytes=min(tile_pixels, width * height) * bands * sample // 8,
        geotagged=geotagged,
        damage=tuple(damage),
    )


def _read_size(data: bytes, at: int) -> tuple[int, int, int, int, bool, int]:
    """Read the SIZ segment (A.5.1)."""
    right, bottom, left, top = unpack(data, at + 4, ">IIII")
    wide, high, tile_left, tile_top = unpack(data, at + 20, ">IIII")
    bands = number(data, at + 36, ">H")
    depth = number(data, at + 38, "B") if bands else 0
    width, height = right - left, bottom - top
    if not wide or not high or not bands:
        raise BrokenHeaderError("the JPEG 2000 size segment has tiles or components of size 0")
    across = -(-(right - tile_left) // wide)
    down = -(-(bottom - tile_top) // high)
    if across * down > _MOST_TILES:
        raise BrokenHeaderError(
            f"the JPEG 2000 size segment claims {across * down:,} tiles; {_MOST_TILES:,} can exist"
        )
    return width, height, bands, (depth & 0x7F) + 1, bool(depth & 0x80), wide * high
