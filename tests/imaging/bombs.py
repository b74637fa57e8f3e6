"""Small files that claim, or hold, far more than they weigh; each is made by a few lines."""

import io
import struct
import zlib
from collections.abc import Callable

from PIL import Image as Pillow

from tests.imaging.files import encode, png_chunk, png_claiming, scene, tiff
from tests.imaging.test_limits import j2k


def _deflated(size: int) -> bytes:
    """Pack zeros without ever holding them."""
    packer = zlib.compressobj(9)
    block = bytes(1 << 20)
    parts = [packer.compress(block) for _ in range(size >> 20)]
    parts += [packer.compress(bytes(size & ((1 << 20) - 1))), packer.flush()]
    return b"".join(parts)


def shared_strips(
    *,
    side: int,
    strips: int,
    samples: int = 3,
    bits: int = 8,
    compression: int = 8,
    planar: int = 1,
) -> bytes:
    """Make a TIFF all of whose strips point at the same packed bytes."""
    rows = side // strips
    planes = samples if planar == 2 else 1
    plain = side * rows * samples * bits // 8 // planes
    if compression == 8:
        packed = _deflated(plain)
    elif compression == 5:
        packed = _lzw_zeros(plain)
    else:
        packed = b"\x81\0" * (-(-plain // 128))  # PackBits: 128 zeros
    count = strips * planes
    tags = {
        256: (4, [side]), 257: (4, [side]), 258: (3, [bits] * samples), 259: (3, [compression]),
        262: (3, [2 if samples == 3 else 1]), 277: (3, [samples]), 278: (4, [rows]),
        279: (4, [len(packed)] * count), 284: (3, [planar]),
    }  # fmt: skip
    draft = tiff({**tags, 273: (4, [0] * count)})
    return tiff({**tags, 273: (4, [len(draft)] * count)}) + packed


def _lzw_zeros(size: int) -> bytes:
    """Pack zeros in the LZW of TIFF (6.0, section 13)."""
    bits: list[tuple[int, int]] = [(256, 9)]
    width, following, length, done = 9, 258, 1, 0
    first = True
    while done < size:
        code = 0 if first or length == 1 else following - 1
        bits.append((code, width))
        done += length
        if not first:
            following += 1
        first = False
        length += 1
        if following in (511, 1023, 2047):
            width += 1
        if following >= 4093:
            bits.append((256, width))
            width, following, length, first = 9, 258, 1, True
    bits.append((257, width))
    whole = "".join(f"{code:0{wide}b}" for code, wide in bits)
    whole += "0" * (-len(whole) % 8)
    return int(whole, 2).to_bytes(len(whole) // 8, "big")


def rle_bmp(side: int, *, kind: str) -> bytes:
    """Make an RLE8 bitmap: rows that are only ended, runs, or jumps."""
    body = {
        "ends": b"\1\0\0\0" * side,
        "runs": (b"\xff\1" * (side // 255)) * side,
        "jumps": b"\0\2\0\xff" * (side // 255),
    }[kind] + b"\0\1"
    head = struct.pack("<IiiHHIIiiII", 40, side, side, 1, 8, 1, len(body), 0, 0, 256, 0)
    palette = bytes(1024)
    offset = 14 + len(head) + len(palette)
    return b"BM" + struct.pack("<IHHI", offset + len(body), 0, 0, offset) + head + palette + body


def heif_extents(items: int, extents: int, *, brand: bytes = b"heic", size: int = 64) -> bytes:
    """Make a HEIF whose every item is made of the same bytes, many times over."""

    def box(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I4s", len(body) + 8, name) + body

    kinds = (b"Exif", b"mime", b"hvc1")
    infos = b"".join(
        box(
            b"infe",
            b"\2\0\0\0" + struct.pack(">HH", n, 0) + kinds[n % 3]
            + (b"\0application/rdf+xml\0" if n % 3 == 1 else b"\0"),
        )
        for n in range(1, items + 1)
    )  # fmt: skip
    one = struct.pack(">II", 40, 700_000) * extents
    places = b"".join(struct.pack(">HHH", n, 0, extents) + one for n in range(1, items + 1))
    spatial = box(b"ispe", bytes(4) + struct.pack(">II", size, size))
    properties = box(b"ipco", spatial) + box(
        b"ipma", bytes(4) + struct.pack(">I", 1) + struct.pack(">HBB", 1, 1, 1)
    )
    meta = box(
        b"meta",
        bytes(4) + box(b"pitm", bytes(4) + struct.pack(">H", 1))
        + box(b"iinf", bytes(4) + struct.pack(">H", items) + infos)
        + box(b"iloc", bytes(4) + b"\x44\0" + struct.pack(">H", items) + places)
        + box(b"iprp", properties),
    )  # fmt: skip
    kind = box(b"ftyp", brand + bytes(4) + b"mif1" + brand)
    filler = box(b"mdat", b"<a>" * 250_000)
    return kind + meta + filler


def broken_gif(side: int, *, frames: int = 1) -> bytes:
    """Make a GIF whose codes are many and whose last is impossible."""
    codes = bytes([0x80, 0, 0]) + b"\x55" * 900_000
    blocks = b"".join(bytes([len(codes[k : k + 255])]) + codes[k : k + 255]
                      for k in range(0, len(codes), 255))  # fmt: skip
    frame = b"," + struct.pack("<HHHHB", 0, 0, side, side, 0) + b"\2" + blocks + b"\0"
    head = b"GIF89a" + struct.pack("<HHBBB", side, side, 0xF7, 0, 0) + bytes(768)
    return head + frame * frames + b";"


def many_frames(count: int, side: int) -> bytes:
    """Make a GIF of many frames, each of a few bytes on a large screen."""
    frame = b"!\xf9\4\4\1\0\0\0,"
    frame += struct.pack("<HHHHB", 0, 0, side, side, 0) + b"\2\2\x44\1\0"
    head = b"GIF89a" + struct.pack("<HHBBB", side, side, 0x80, 0, 0) + bytes(6)
    return head + frame * count + b";"


def png_with(*chunks: bytes) -> bytes:
    """Put chunks behind the header of a small PNG."""
    small = encode(scene(64, 64), "PNG")
    return small[:33] + b"".join(chunks) + small[33:]


def scans(count: int, side: int, *, cut: bool = False) -> bytes:
    """Make a progressive JPEG that repeats its last scan."""
    stream = io.BytesIO()
    Pillow.new("RGB", (side, side), (90, 90, 90)).save(stream, "JPEG", progressive=True)
    data = stream.getvalue()
    last = data.rindex(b"\xff\xda")
    whole = data[:-2] + data[last:-2] * count
    return whole[:-40] if cut else whole + b"\xff\xd9"


def xmp_jpeg(packet: bytes) -> bytes:
    """Put an XMP packet into a small JPEG, in as many segments as it takes."""
    small = encode(scene(64, 64), "JPEG")
    name = b"http://ns.adobe.com/xap/1.0/\0"
    body = name + packet[:65_000]
    return small[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + small[2:]


def flat(form: str, side: int, **options: object) -> bytes:
    """Save one colour at a large size."""
    return encode(Pillow.new("RGB", (side, side), (20, 90, 40)), form, **options)


def tiny_tiles(side: int) -> bytes:
    """Make a TIFF of as many tiles of 16 x 16 as it can have, all one place."""
    count = (side // 16) ** 2
    packed = zlib.compress(bytes(256))
    tags = {
        256: (4, [side]), 257: (4, [side]), 258: (3, [8]), 259: (3, [8]), 262: (3, [1]),
        277: (3, [1]), 322: (4, [16]), 323: (4, [16]), 325: (3, [len(packed)] * count),
    }  # fmt: skip
    draft = tiff({**tags, 324: (4, [0] * count)})
    return tiff({**tags, 324: (4, [len(draft)] * count)}) + packed


def broken_tiles(side: int) -> bytes:
    """Make a TIFF of tiny tiles none of which can be unpacked."""
    good = tiny_tiles(side)
    return good[: -len(zlib.compress(bytes(256)))] + b"\xff" * len(zlib.compress(bytes(256)))


def xml_bomb(depth: int) -> bytes:
    """Make an XML text whose entities double with every step."""
    steps = "".join(f'<!ENTITY e{k} "&e{k - 1};&e{k - 1};">' for k in range(1, depth))
    return f'<!DOCTYPE x [<!ENTITY e0 "ha">{steps}]><x>&e{depth - 1};</x>'.encode()


BOMBS: dict[str, Callable[[], bytes]] = {
    "JPEG 2000, 12 million precincts": lambda: j2k(6000, precinct=0x11),
    "JPEG 2000, precincts in a tile header": lambda: j2k(6000, precinct=0x11, in_tile_header=True),
    "JPEG 2000, 3 million code blocks": lambda: j2k(7000, block=0),
    "JPEG 2000, 65,535 layers": lambda: j2k(6000, precinct=0x22, layers=65_535),
    "JPEG 2000, 90 MP of nothing": lambda: j2k(9500),
    "JPEG 2000, tiles of 40 pixels": lambda: j2k(9500, tile=40),
    "TIFF, shared strips, 16 bits, 4 bands, 99 MP": lambda: shared_strips(
        side=9900, strips=100, samples=4, bits=16
    ),
    "TIFF, shared strips, 99 MP": lambda: shared_strips(side=9900, strips=100),
    "TIFF, shared strips, 99 MP, filled up": lambda: (
        shared_strips(side=9900, strips=100) + bytes(600_000)
    ),
    "TIFF, shared strips, LZW, 99 MP, filled up": lambda: (
        shared_strips(side=9900, strips=100, compression=5) + bytes(600_000)
    ),
    "TIFF, shared strips, 16 bits, 47 MP, filled up": lambda: (
        shared_strips(side=6900, strips=100, bits=16) + bytes(600_000)
    ),
    "TIFF, shared strips, 396 MP": lambda: shared_strips(side=19_900, strips=100),
    "TIFF, shared strips, LZW, 99 MP": lambda: shared_strips(
        side=9900, strips=100, compression=5
    ),
    "TIFF, shared strips, PackBits, 99 MP": lambda: shared_strips(
        side=9900, strips=100, compression=32_773
    ),
    "TIFF, 500 bands in planes": lambda: shared_strips(
        side=3000, strips=10, samples=500, planar=2
    ),
    "TIFF, 65,535 bands": lambda: shared_strips(side=100, strips=1, samples=65_535),
    "TIFF, 390,000 tiles": lambda: tiny_tiles(9984),
    "TIFF, 390,000 broken tiles": lambda: broken_tiles(9984),
    "BMP, RLE, rows ended 361 MP": lambda: rle_bmp(19_000, kind="ends"),
    "BMP, RLE, rows ended 99 MP": lambda: rle_bmp(9950, kind="ends"),
    "BMP, RLE, rows ended 25 MP": lambda: rle_bmp(5000, kind="ends"),
    "BMP, RLE, runs 99 MP": lambda: rle_bmp(9945, kind="runs"),
    "BMP, RLE, jumps 25 MP": lambda: rle_bmp(5100, kind="jumps"),
    "PNG, 361 MP": lambda: png_claiming(19_000, 19_000, _deflated(19_001 * 19_000), colour=0),
    "PNG, 99 MP RGB": lambda: png_claiming(9950, 9950, _deflated(9950 * 29_851)),
    "PNG, 99 MP RGBA of 16 bits": lambda: png_claiming(
        9950, 9950, _deflated(9950 * 79_601), colour=6, bits=16
    ),
    "PNG, 60 MP RGB cut short": lambda: png_claiming(7700, 7700, _deflated(7700 * 23_101)[:-9000]),
    "PNG, 30 MP of 16 bits cut short": lambda: png_claiming(
        5500, 5500, _deflated(5500 * 33_001)[:-9000], bits=16
    ),
    "PNG, profile of 1 GB": lambda: png_with(
        png_chunk(b"iCCP", b"p\0\0" + _deflated(1 << 30))
    ),
    "PNG, texts of 256 MB": lambda: png_with(
        *[png_chunk(b"zTXt", b"Raw profile type exif\0\0" + _deflated(1 << 28))] * 3
    ),
    "PNG, 300 texts of 1 MB": lambda: png_with(
        *[png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + _deflated(1 << 20))] * 300
    ),
    "HEIF, 1,200 items of 64 extents": lambda: heif_extents(1200, 64),
    "AVIF, 1,200 items of 64 extents": lambda: heif_extents(1200, 64, brand=b"avif"),
    "AVIF, 99 MP": lambda: flat("AVIF", 9950, speed=10),
    "WebP, lossless, 99 MP": lambda: flat("WEBP", 9950, lossless=True, method=0),
    "WebP, lossy, 60 MP": lambda: flat("WEBP", 7700, method=0),
    "WebP, lossy, 60 MP cut": lambda: flat("WEBP", 7700, method=0)[:-400],
    "AVIF, 80 MP, filled up": lambda: flat("AVIF", 8900, speed=10) + bytes(600_000),
    "WebP, lossless, 60 MP, filled up": lambda: (
        flat("WEBP", 7700, lossless=True, method=0) + bytes(600_000)
    ),
    "GIF, 95 MP of one colour, filled up": lambda: flat("GIF", 9750) + bytes(600_000),
    "GIF, broken codes": lambda: broken_gif(9900),
    "GIF, broken codes of 4 MP": lambda: broken_gif(2000),
    "GIF, broken codes of 16 MP": lambda: broken_gif(4000),
    "GIF, 40,000 frames of 98 MP": lambda: many_frames(40_000, 9900),
    "GIF, 40,000 frames of 4 MP": lambda: many_frames(40_000, 2000),
    "JPEG, 49 scans of 99 MP": lambda: scans(38, 9900),
    "JPEG, 30 scans of 49 MP, cut": lambda: scans(20, 7000, cut=True),
    "JPEG, 99 MP": lambda: flat("JPEG", 9950),
    "JPEG, XMP of doubling entities": lambda: xmp_jpeg(xml_bomb(40)),
    "JPEG, XMP 20,000 deep": lambda: xmp_jpeg(b"<a>" * 20_000),
}  # fmt: skip
