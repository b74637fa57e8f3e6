"""Read the header of a Windows bitmap."""

from imgcheck.imaging.header.fields import number, unpack
from imgcheck.imaging.header.model import BrokenHeaderError, Damage, Header
from imgcheck.imaging.limits import Limits

# Size of the information header: OS/2 1, Windows 3 to 5 and the steps between, OS/2 2.
HEADER_SIZES = frozenset({12, 16, 40, 52, 56, 64, 108, 124})


def row_bytes(width: int, bits: int) -> int:
    """Give the bytes of one row, which is filled up to a multiple of four."""
    return (width * bits + 31) // 32 * 4


def read(data: bytes, limits: Limits) -> Header:
    """Read the header of a bitmap and compare the claimed rows with the bytes there are."""
    offset, size = unpack(data, 10, "<II")
    if size not in HEADER_SIZES:
        raise BrokenHeaderError(f"its bitmap header has the unknown length {size}")
    layout = "<HHHH" if size == 12 else "<iiHH"
    width, height, _, bits = unpack(data, 18, layout)
    height = abs(height)
    compression = number(data, 30, "<I") if size >= 40 else 0
    if bits not in (1, 2, 4, 8, 16, 24, 32):
        raise BrokenHeaderError(f"its bitmap header gives {bits} bits a pixel")
    damage = []
    needed = row_bytes(width, bits) * height
    if compression in (0, 3, 6) and offset + needed > len(data):
        there = max(0, len(data) - offset)
        if width > 0 and there < row_bytes(width, bits):
            raise BrokenHeaderError(
                f"the bitmap claims {width} x {height} pixels and holds no data for any of them"
            )
        detail = f"{there:,} of the {needed:,} bytes of pixels are in the file"
        damage.append(Damage(kind="truncated", detail=detail, offset=len(data)))
    palette = bits <= 8
    return Header(
        format="bmp",
        width=width,
        height=height,
        bands=1 if palette else 3,
        mode="palette" if palette else "rgb",
        packing="rle" if compression in (1, 2) else "",
        damage=tuple(damage),
    )
