"""Small pictures as bytes, in every accepted format, with known content."""

import io
import struct
import zlib

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow


def scene(width: int = 96, height: int = 64, *, seed: int = 7) -> NDArray[np.uint8]:
    """Make a smooth coloured picture, (M, N, 3), with a bright top-left corner."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(40, 200, (8, 8, 3), dtype=np.uint8)
    picture = np.asarray(
        Pillow.fromarray(coarse).resize((width, height), Pillow.Resampling.BICUBIC)
    )
    picture = picture.copy()
    picture[: height // 4, : width // 6] = (250, 20, 20)
    return picture


def encode(picture: NDArray[np.uint8] | Pillow.Image, form: str, **options: object) -> bytes:
    """Encode an array or a Pillow picture."""
    image = picture if isinstance(picture, Pillow.Image) else Pillow.fromarray(picture)
    stream = io.BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()


def png_chunk(name: bytes, body: bytes) -> bytes:
    """Make one PNG chunk with a right sum."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png_claiming(
    width: int, height: int, packed: bytes, *, bits: int = 8, colour: int = 2
) -> bytes:
    """Make a PNG with any claimed size around any packed data."""
    head = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    chunks = [png_chunk(b"IHDR", head), png_chunk(b"IDAT", packed), png_chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def tiff(tags: dict[int, tuple[int, list[int]]], *, following: int = 0) -> bytes:
    """Make a little-endian TIFF of one directory at offset 8; tag -> (type, values)."""
    letters = {1: "B", 3: "H", 4: "I", 16: "Q"}
    start_of_values = 8 + 2 + 12 * len(tags) + 4
    entries, values = b"", b""
    for tag, (kind, numbers) in sorted(tags.items()):
        raw = struct.pack(f"<{len(numbers)}{letters[kind]}", *numbers)
        if len(raw) > 4:
            where = struct.pack("<I", start_of_values + len(values))
            values += raw
        else:
            where = raw.ljust(4, b"\0")
        entries += struct.pack("<HHI", tag, kind, len(numbers)) + where
    head = b"II*\0" + struct.pack("<IH", 8, len(tags))
    return head + entries + struct.pack("<I", following) + values


def exif(orientation: int) -> bytes:
    """Make an EXIF block that holds only an orientation."""
    return b"Exif\0\0" + tiff({0x0112: (3, [orientation])})


def geotiff(
    array: NDArray[np.generic],
    *,
    crs: str | None = "EPSG:32637",
    transform: tuple[float, ...] = (0.5, 0, 500_000, 0, -0.5, 3_900_000),
    nodata: float | None = None,
    **options: object,
) -> bytes:
    """Write (B, M, N) as a GeoTIFF."""
    from affine import Affine
    from rasterio.io import MemoryFile

    with MemoryFile() as memory:
        with memory.open(
            driver="GTiff",
            width=array.shape[2],
            height=array.shape[1],
            count=array.shape[0],
            dtype=array.dtype,
            crs=crs,
            transform=Affine(*transform),
            nodata=nodata,
            **options,
        ) as target:
            target.write(array)
        return bytes(memory.read())
