"""How much a file may cost before it is refused."""

import math
import os
from dataclasses import dataclass, replace

from imgcheck.errors import UsageError

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
        are refused when they are asked for.
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
    """Give the limits for a file from outside: 100 megapixels, or what the user allows.

    Raises
    ------
    UsageError
        If the environment variable ``IMGCHECK_MAX_MEGAPIXELS`` is no number of megapixels.
    """
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
    """Give the limits for a reference that is decoded whole: 400 megapixels, or the user's."""
    budget = default_limits()
    if budget.pixels > REFERENCE_LIMITS.pixels:
        return budget
    return replace(REFERENCE_LIMITS, grid_pixels=None, file_bytes=budget.file_bytes)


def mosaic_limits() -> Limits:
    """Give the limits for a raster that is read in tiles, each within the usual budget."""
    return replace(
        default_limits(),
        grid_pixels=REFERENCE_LIMITS.grid_pixels,
        file_bytes=REFERENCE_LIMITS.file_bytes,
    )
