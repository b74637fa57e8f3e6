"""How much a file may cost, and what decoding it would cost according to its header.

No decoder has seen the file yet: a 65-byte PNG may claim 30,000 x 30,000 pixels, a 268 kB JPEG
may hold 1,500 scans that keep a decoder busy for minutes, and a 60 kB JPEG 2000 may be cut
into 12 million precincts that take 20 GB to list.
"""

import math
import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from imgcheck.errors import RefusedError, UsageError

if TYPE_CHECKING:
    from imgcheck.imaging.containers.header import Header

# Only these are read window by window, so only these may exceed what is decoded at once.
WINDOWED_FORMATS = frozenset({"tiff", "jp2"})
#: Raises or lowers what one picture may cost, in megapixels; ``--max-megapixels`` sets it.
BUDGET_VARIABLE = "IMGCHECK_MAX_MEGAPIXELS"
_BUDGET_MEGAPIXELS = 100
# Of 1.5 GB and 10 s for a whole run, the program and its checks take the rest. A common colour
# picture takes 11 bytes and 10 to 40 ns a pixel (docs/benchmarks/cost.md).
_BYTES_A_PIXEL = 13
_NANOSECONDS_A_PIXEL = 50
_MOST_MEGAPIXELS = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Upper bounds on the cost of one file; above any of them it is refused.

    The defaults are for files from outside. `default_limits` scales them to the budget that
    the user set.

    Parameters
    ----------
    pixels : int
        Pixels decoded at once.
    grid_pixels : int or None
        Pixels that a TIFF or JPEG 2000 may claim, if it is read by windows. ``None``
        means ``pixels``: a larger raster is refused when it is opened.
    file_bytes : int
        Size of the file.
    scans : int
        Scans of a JPEG; each costs a pass over the whole picture. Cameras and encoders
        write up to a dozen.
    pixel_scans : int
        Pixels of a window that is shrunk.
    bands : int
        Bands of a raster.
    frames : int
        Frames or directories that are counted; the walk stops there.
    memory : int
        Bytes needed to decode the whole picture, estimated from its header.
    seconds : float
        Processor time needed to decode the whole picture, estimated from its header.
    undecoded : bool
        Open a picture even if its pixels are over the budget, to read its fields; its pixels
        are refused when they are needed.
    """

    pixels: int = _BUDGET_MEGAPIXELS * 1_000_000
    grid_pixels: int | None = None
    file_bytes: int = 2 << 30
    scans: int = 50
    pixel_scans: int = 4_000_000_000
    bands: int = 512
    frames: int = 10_000
    memory: int = _BUDGET_MEGAPIXELS * 1_000_000 * _BYTES_A_PIXEL
    seconds: float = _BUDGET_MEGAPIXELS * _NANOSECONDS_A_PIXEL / 1000
    undecoded: bool = False


def limits_for(megapixels: float) -> Limits:
    """Scale the budget of one picture: pixels, memory and time grow together."""
    return Limits(
        pixels=round(megapixels * 1_000_000),
        memory=round(megapixels * 1_000_000) * _BYTES_A_PIXEL,
        seconds=megapixels * _NANOSECONDS_A_PIXEL / 1000,
    )


def default_limits() -> Limits:
    """Return the limits for a file from outside: 100 megapixels, or what the user allows."""
    stated = os.environ.get(BUDGET_VARIABLE, "")
    if not stated:
        return Limits()
    try:
        megapixels = float(stated)
    except ValueError:
        megapixels = math.nan
    if not 0 < megapixels <= _MOST_MEGAPIXELS:
        raise UsageError(
            f'{BUDGET_VARIABLE} is "{stated[:40]}"; give megapixels, for example 200, up to '
            f"{_MOST_MEGAPIXELS:,}"
        )
    return limits_for(megapixels)


#: For reference rasters read by windows: the grid and the file may be far larger than
#: what is decoded at once. The user chose them, so more is decoded at once, too.
REFERENCE_LIMITS = Limits(
    pixels=400_000_000, grid_pixels=10**11, file_bytes=1 << 40, memory=8 << 30, seconds=120.0
)


def reference_limits() -> Limits:
    """Return the limits for a reference: `REFERENCE_LIMITS`, or more if the user allows more."""
    budget = default_limits()
    return replace(
        REFERENCE_LIMITS,
        pixels=max(budget.pixels, REFERENCE_LIMITS.pixels),
        memory=max(budget.memory, REFERENCE_LIMITS.memory),
        seconds=max(budget.seconds, REFERENCE_LIMITS.seconds),
    )


def mosaic_limits() -> Limits:
    """Return the limits for a raster that is read in tiles, each within the usual budget."""
    return replace(
        default_limits(),
        grid_pixels=REFERENCE_LIMITS.grid_pixels,
        file_bytes=REFERENCE_LIMITS.file_bytes,
    )


# Deflate spends at least two bits on 258 bytes (RFC 1951): 1032 to 1. What claims to
# unpack further holds no data for what it claims.
LARGEST_EXPANSION = 1100
# Below this a false claim costs little, and the decoder reports better what is missing.
HARMLESS_BYTES = 64 << 20

# Peak memory in bytes a pixel while a picture of 8 bits is decoded and shown, by mode; measured
# on 25 megapixels (docs/benchmarks/cost.md). Pillow keeps a colour pixel in 4 bytes, hands out
# its rows in pieces, and joins them.
_PILLOW_BYTES = {"gray": 9, "gray-alpha": 14, "palette": 15, "rgb": 11, "rgba": 14, "cmyk": 19}
# These decoders keep canvases of their own beside it.
_CANVAS_BYTES = {"webp": 8, "avif": 4, "heif": 5}
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
    "heif": Rate(pixel=30, byte=60),
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


def estimate(header: "Header", size_bytes: int, *, mending: bool = False) -> Cost:
    """Estimate what decoding a file of ``size_bytes`` takes, from its header.

    ``mending``: the data turned out to be damaged, so they are unpacked and repaired first.
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


def sample_bytes(header: "Header") -> int:
    """Return the bytes of one unpacked sample."""
    return max(1, (header.bits + 7) // 8)


def pixel_bytes(header: "Header") -> int:
    """Return the bytes of memory that a pixel takes while it is decoded and shown."""
    deep = sample_bytes(header) > 1
    if header.format in ("tiff", "jp2") or (header.format == "png" and deep):
        return header.bands * sample_bytes(header) * (_DEEP_COPIES if deep else 1) + _VIEW_BYTES
    whole = _PILLOW_BYTES.get(header.mode, _PILLOW_BYTES["cmyk"])
    return (whole + _CANVAS_BYTES.get(header.format, 0)) * (2 if deep else 1)


def check_header(header: "Header", limits: Limits) -> None:
    """Refuse what is over a limit even when it is never decoded as a whole."""
    pixels = header.width * header.height
    if limits.grid_pixels is not None and header.format in WINDOWED_FORMATS:
        if pixels > limits.grid_pixels:
            raise RefusedError(
                f"states {header.width} x {header.height} = {pixels:,} pixels; the limit is "
                f"{limits.grid_pixels:,} (limit: pixels)"
            )
    elif not limits.undecoded and pixels > limits.pixels:
        raise _over(_has_pixels(header, limits), limits, pixels / limits.pixels)
    if header.bands > limits.bands:
        raise RefusedError(
            f"states {header.bands:,} bands; the limit is {limits.bands:,} (limit: bands)"
        )
    if header.block_bytes > limits.memory:
        raise RefusedError(
            f"one tile or strip of it unpacks to {_amount(header.block_bytes)}; the limit is "
            f"{_amount(limits.memory)} (limit: memory)"
        )


def check_decode(
    header: "Header", size_bytes: int, limits: Limits, *, mending: bool = False
) -> None:
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
            f"states {header.width:,} x {header.height:,} pixels, but {size_bytes:,} bytes of file "
            f"cannot hold them (limit: expansion of {LARGEST_EXPANSION} to 1)"
        )


def check_window(source_pixels: int, pixels: int, header: "Header", limits: Limits) -> None:
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


def _has_pixels(header: "Header", limits: Limits) -> str:
    return (
        f"has {header.width:,} x {header.height:,} = "
        f"{_megapixels(header.width * header.height)} megapixels; the limit is "
        f"{_megapixels(limits.pixels)} (limit: pixels)"
    )


def _over(words: str, limits: Limits, times: float) -> RefusedError:
    """Return the error that names what is too much, and the budget in megapixels to allow it."""
    megapixels = math.ceil(times * limits.pixels / 1e6)
    return RefusedError(
        f"{words}. Cut out a part or make it smaller, or allow more with --max-megapixels "
        f"{megapixels} ({BUDGET_VARIABLE}={megapixels})"
    )


def _megapixels(pixels: int) -> str:
    return f"{pixels / 1e6:,.0f}" if pixels >= 10_000_000 else f"{pixels / 1e6:.2g}"


def _amount(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{count / 1e6:.0f} MB"
