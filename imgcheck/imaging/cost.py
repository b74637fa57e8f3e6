"""What decoding a file would cost, checked on what its header *claims*.

No decoder has seen the file yet: a 65-byte PNG may claim 30,000 x 30,000 pixels, and a
268 kB JPEG may hold 1,500 scans that keep a decoder busy for minutes.
"""

from imgcheck.errors import RefusedError
from imgcheck.imaging.header.model import Header
from imgcheck.imaging.limits import WINDOWED_FORMATS, Limits

# Deflate spends at least two bits on 258 bytes (RFC 1951): 1032 to 1. What claims to
# unpack further holds no data for what it claims.
LARGEST_EXPANSION = 1100
# Below this a false claim costs little, and the decoder tells better what is missing.
HARMLESS_BYTES = 64 << 20


def estimate_memory(pixels: int, header: Header) -> int:
    """Estimate the bytes that decoding ``pixels`` pixels takes: twice the native array
    (the decoder's and ours) and three bytes of view."""
    sample_bytes = max(1, (header.bits + 7) // 8)
    return pixels * (2 * header.bands * sample_bytes + 3)


def check_header(header: Header, limits: Limits) -> None:
    """Refuse what is over a limit even when it is never decoded as a whole."""
    pixels = header.width * header.height
    allowed = limits.pixels
    if limits.grid_pixels is not None and header.format in WINDOWED_FORMATS:
        allowed = limits.grid_pixels
    if pixels > allowed:
        raise RefusedError(
            f"claims {header.width} x {header.height} = {pixels:,} pixels; the limit is "
            f"{allowed:,} (limit: pixels)"
        )
    if header.bands > limits.bands:
        raise RefusedError(
            f"claims {header.bands:,} bands; the limit is {limits.bands:,} (limit: bands)"
        )
    if header.scans > 1 and header.scans * pixels > limits.pixel_scans:
        raise RefusedError(
            f"{header.scans} scans of {pixels:,} pixels each cost too much to decode; the "
            f"limit is {limits.pixel_scans:,} pixels x scans (limit: pixel_scans)"
        )
    if header.block_bytes > limits.memory:
        raise RefusedError(
            f"one tile or strip of it unpacks to {header.block_bytes:,} bytes; the limit is "
            f"{limits.memory:,} (limit: memory)"
        )


def check_decode(header: Header, size_bytes: int, limits: Limits) -> None:
    """Refuse a picture that costs too much to decode as a whole."""
    pixels = header.width * header.height
    if pixels > limits.pixels:
        raise RefusedError(
            f"{header.width} x {header.height} = {pixels:,} pixels are too many to decode at "
            f"once; the limit is {limits.pixels:,} (limit: pixels). Read it by windows"
        )
    needed = estimate_memory(pixels, header)
    if needed > limits.memory:
        raise RefusedError(
            f"decoding {pixels:,} pixels of {header.bands} bands takes about {needed:,} bytes; "
            f"the limit is {limits.memory:,} (limit: memory)"
        )
    unpacked = pixels * header.bands * max(1, (header.bits + 7) // 8)
    if unpacked > HARMLESS_BYTES and unpacked > LARGEST_EXPANSION * size_bytes:
        raise RefusedError(
            f"claims {header.width} x {header.height} pixels, but {size_bytes:,} bytes of file "
            f"cannot hold them (limit: expansion of {LARGEST_EXPANSION} to 1)"
        )


def check_window(source_pixels: int, pixels: int, header: Header, limits: Limits) -> None:
    """Refuse a window that is too large to read, or to hold at once."""
    if source_pixels > limits.pixel_scans:
        raise RefusedError(
            f"a window over {source_pixels:,} pixels takes too long to read; the limit is "
            f"{limits.pixel_scans:,} (limit: pixel_scans)"
        )
    if pixels > limits.pixels or estimate_memory(pixels, header) > limits.memory:
        raise RefusedError(
            f"a window of {pixels:,} pixels and {header.bands} bands is too large; the limits "
            f"are {limits.pixels:,} pixels and {limits.memory:,} bytes (limits: pixels, memory)"
        )
