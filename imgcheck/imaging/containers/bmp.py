"""The headers, the pixels and the rest of a Windows bitmap."""

import struct

from imgcheck.imaging.containers.header import BrokenHeaderError, Header, Walked, unpack
from imgcheck.imaging.containers.trailer import trailer
from imgcheck.imaging.containers.tree import Walk

# Size of the information header: OS/2 1, Windows 3 to 5 and the steps between, OS/2 2.
HEADER_SIZES = frozenset({12, 16, 40, 52, 56, 64, 108, 124})


def row_bytes(width: int, bits: int) -> int:
    """Return the bytes of one row, which is filled up to a multiple of four."""
    return (width * bits + 31) // 32 * 4


def walk_bmp(walk: Walk) -> Walked:
    """Describe the two headers, the pixels and what follows them of a BMP file."""
    size, start = walk.uint(2, 4, "little"), walk.uint(10, 4, "little")
    header = walk.uint(14, 4, "little")
    if walk.data[:2] != b"BM" or size is None or start is None or header is None:
        walk.observe("invalid", "does not begin with a BMP header", 0, 18)
        return (), lambda _: _header(walk)
    nodes = [walk.node(0, 14, "file header"), walk.node(14, header, "DIB header")]
    _check_pixels(walk, start)
    if start > len(walk.data):
        walk.observe(
            "outside", "the stated offset of the pixels lies past the end of the file", 10, 4
        )
        return tuple(nodes), lambda _: _header(walk)
    # Some writers leave the size 0; then a trailer cannot be recognised.
    end = size if start < size <= len(walk.data) else len(walk.data)
    if size > len(walk.data):
        walk.observe(
            "truncated", f"the header states {size} bytes, the file has {len(walk.data)}", 2, 4
        )
    nodes.append(walk.node(start, end - start, "pixels"))
    return (*nodes, *trailer(walk, end, "the size the header gives")), lambda _: _header(walk)


def _fields(data: bytes) -> tuple[int, int, int, int]:
    """Return width, height (negative from the top down), bits a pixel, compression."""
    (size,) = unpack(data, 14, "<I")
    if size not in HEADER_SIZES:
        raise BrokenHeaderError(f"its bitmap header has the unknown length {size}")
    width, height, _, bits = unpack(data, 18, "<HHHH" if size == 12 else "<iiHH")
    if bits not in (1, 2, 4, 8, 16, 24, 32):
        raise BrokenHeaderError(f"its bitmap header states {bits} bits per pixel")
    return width, height, bits, unpack(data, 30, "<I")[0] if size >= 40 else 0


def _check_pixels(walk: Walk, start: int) -> None:
    """Compare the stated rows with the bytes there are."""
    try:
        width, height, bits, compression = _fields(walk.data)
    except BrokenHeaderError:
        return
    needed, there = row_bytes(width, bits) * abs(height), max(0, len(walk.data) - start)
    if compression in (0, 3, 6) and needed > there:
        message = f"{there:,} of the {needed:,} bytes of pixels are in the file"
        walk.damaged("truncated", message, len(walk.data))


def _header(walk: Walk) -> Header:
    width, height, bits, compression = _fields(walk.data)
    there = max(0, len(walk.data) - struct.unpack_from("<I", walk.data, 10)[0])
    if walk.damage and width > 0 and there < row_bytes(width, bits):
        raise BrokenHeaderError(
            f"the bitmap states {width} x {abs(height)} pixels and contains no pixel data"
        )
    palette = bits <= 8
    return Header(
        format="bmp",
        width=width,
        height=abs(height),
        bands=1 if palette else 3,
        mode="palette" if palette else "rgb",
        packing="rle" if compression in (1, 2) else "",
        damage=tuple(walk.damage),
    )
