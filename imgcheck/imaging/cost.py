"""What decoding a file would cost, estimated from what its header *claims*.

No decoder has seen the file yet: a 65-byte PNG may claim 30,000 x 30,000 pixels, a 268 kB JPEG
may hold 1,500 scans that keep a decoder busy for minutes, and a 60 kB JPEG 2000 may be cut
into 12 million precincts that take 20 GB to list.
"""

import math
from dataclasses import dataclass

from imgcheck.errors import RefusedError
from imgcheck.imaging.containers.header import Header
from imgcheck.imaging.limits import BUDGET_VARIABLE, WINDOWED_FORMATS, Limits

# Deflate spends at least two bits on 258 bytes (RFC 1951): 1032 to 1. What claims to
# unpack further holds no data for what it claims.
LARGEST_EXPANSION = 1100
# Below this a false claim costs little, and the decoder tells better what is missing.
HARMLESS_BYTES = 64 << 20

# Peak memory in bytes a pixel while a picture of 8 bits is decoded and shown, by mode; measured
# on 25 megapixels (docs/benchmarks/cost.md). Pillow keeps a colour pixel in 4 bytes, hands out
# its rows in pieces, and joins them.
_PILLOW_BYTES = {"gray": 9, "gray-alpha": 14, "palette": 15, "rgb": 11, "rgba": 14, "cmyk": 19}
# These decoders keep canvases of their own beside it.
_CANVAS_BYTES = {"webp": 8, "avif": 4}
# GDAL: the native samples and the view; deep samples are copied to be stretched.
_VIEW_BYTES, _DEEP_COPIES = 9, 3
# A damaged PNG is unpacked, mended and packed anew before it is decoded.
_MENDING_COPIES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """Processor time of one decoder, in nanoseconds: measured, then rounded up."""

    pixel: float = 0.0
    #: A byte of unpacked samples.
    sample: float = 0.0
    #: A byte of the file.
    byte: float = 0.0


# docs/benchmarks/cost.md. Where a format packs its pixels in two ways, the other is named.
RATES = {
    "avif": Rate(pixel=40, byte=100),
    "bmp": Rate(pixel=15),
    "bmp rle": Rate(pixel=150, byte=500),
    "gif": Rate(pixel=25, byte=20),
    "heif": Rate(),
    "jp2": Rate(pixel=10, sample=10, byte=200),
    "jpeg": Rate(pixel=10, byte=40),
    "png": Rate(sample=15),
    "tiff": Rate(pixel=10, sample=10, byte=10),
    "webp": Rate(pixel=40, byte=100),
}
# A scan of a JPEG costs this much a pixel even if it is empty.
_SCAN_NANOSECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Estimated bytes of memory and seconds of processor time to decode a picture whole."""

    memory: int
    seconds: float


def estimate(header: Header, size_bytes: int, *, mending: bool = False) -> Cost:
    """Estimate what decoding a picture takes, from its header.

    Parameters
    ----------
    header : Header
    size_bytes : int
        Of the file.
    mending : bool
        The data turned out to be damaged, so they are unpacked and repaired first.
    """
    pixels = header.width * header.height
    samples = pixels * header.bands * sample_bytes(header)
    rate = RATES.get(f"{header.format} {header.packing}", RATES[header.format])
    spent = rate.pixel * pixels + rate.sample * samples + rate.byte * size_bytes
    if header.scans > 1:
        spent += _SCAN_NANOSECONDS * pixels * header.scans
    memory = pixels * pixel_bytes(header) + 2 * size_bytes
    if mending:
        memory += _MENDING_COPIES * samples
        spent *= 3
    return Cost(memory=memory + header.decoder_bytes, seconds=spent * 1e-9 + header.decoder_seconds)


def sample_bytes(header: Header) -> int:
    """Give the bytes of one unpacked sample."""
    return max(1, (header.bits + 7) // 8)


def pixel_bytes(header: Header) -> int:
    """Give the bytes of memory that a pixel takes while it is decoded and shown."""
    deep = sample_bytes(header) > 1
    if header.format in ("tiff", "jp2") or (header.format == "png" and deep):
        return header.bands * sample_bytes(header) * (_DEEP_COPIES if deep else 1) + _VIEW_BYTES
    whole = _PILLOW_BYTES.get(header.mode, _PILLOW_BYTES["cmyk"])
    return (whole + _CANVAS_BYTES.get(header.format, 0)) * (2 if deep else 1)


def check_header(header: Header, limits: Limits) -> None:
    """Refuse what is over a limit even when it is never decoded as a whole."""
    pixels = header.width * header.height
    if limits.grid_pixels is not None and header.format in WINDOWED_FORMATS:
        if pixels > limits.grid_pixels:
            raise RefusedError(
                f"claims {header.width} x {header.height} = {pixels:,} pixels; the limit is "
                f"{limits.grid_pixels:,} (limit: pixels)"
            )
    elif not limits.undecoded and pixels > limits.pixels:
        raise _over(_has_pixels(header, limits), limits, pixels / limits.pixels)
    if header.bands > limits.bands:
        raise RefusedError(
            f"claims {header.bands:,} bands; the limit is {limits.bands:,} (limit: bands)"
        )
    if header.block_bytes > limits.memory:
        raise RefusedError(
            f"one tile or strip of it unpacks to {_amount(header.block_bytes)}; the limit is "
            f"{_amount(limits.memory)} (limit: memory)"
        )


def check_decode(header: Header, size_bytes: int, limits: Limits, *, mending: bool = False) -> None:
    """Refuse a picture that costs too much to decode as a whole."""
    cost = estimate(header, size_bytes, mending=mending)
    pixels = header.width * header.height
    budget = (
        (pixels / limits.pixels, _has_pixels(header, limits)),
        (
            cost.memory / limits.memory,
            f"takes about {_amount(cost.memory)} of memory to decode; the limit is "
            f"{_amount(limits.memory)} (limit: memory)",
        ),
        (
            cost.seconds / limits.seconds,
            f"takes about {cost.seconds:.0f} s of processor time to decode; the limit is "
            f"{limits.seconds:.0f} s (limit: seconds)",
        ),
    )
    over = [words for share, words in budget if share > 1]
    if over:
        raise _over(over[0], limits, max(share for share, _ in budget))
    unpacked = pixels * header.bands * sample_bytes(header)
    if unpacked > HARMLESS_BYTES and unpacked > LARGEST_EXPANSION * size_bytes:
        raise RefusedError(
            f"claims {header.width:,} x {header.height:,} pixels, but {size_bytes:,} bytes of file "
            f"cannot hold them (limit: expansion of {LARGEST_EXPANSION} to 1)"
        )


def check_window(source_pixels: int, pixels: int, header: Header, limits: Limits) -> None:
    """Refuse a window that is too large to read, or to hold at once."""
    if source_pixels > limits.pixel_scans:
        raise RefusedError(
            f"a window over {source_pixels:,} pixels takes too long to read; the limit is "
            f"{limits.pixel_scans:,} (limit: pixel_scans)"
        )
    memory = pixels * pixel_bytes(header) + header.decoder_bytes
    if pixels > limits.pixels or memory > limits.memory:
        raise RefusedError(
            f"a window of {pixels:,} pixels and {header.bands} bands is too large; the limits "
            f"are {limits.pixels:,} pixels and {_amount(limits.memory)} (limits: pixels, memory)"
        )


def _has_pixels(header: Header, limits: Limits) -> str:
    return (
        f"has {header.width:,} x {header.height:,} = "
        f"{_megapixels(header.width * header.height)} megapixels; the limit is "
        f"{_megapixels(limits.pixels)} (limit: pixels)"
    )


def _over(words: str, limits: Limits, times: float) -> RefusedError:
    """Say what is too much and how to allow it: the budget is stated in megapixels."""
    megapixels = math.ceil(times * limits.pixels / 1e6)
    return RefusedError(
        f"{words}. Cut out a part or make it smaller, or allow more with --max-megapixels "
        f"{megapixels} ({BUDGET_VARIABLE}={megapixels})"
    )


def _megapixels(pixels: int) -> str:
    return f"{pixels / 1e6:,.0f}" if pixels >= 10_000_000 else f"{pixels / 1e6:.2g}"


def _amount(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{count / 1e6:.0f} MB"
