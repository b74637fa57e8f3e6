"""How much a file may cost before it is refused."""

from dataclasses import dataclass

# Only these are read window by window, so only these may exceed what is decoded at once.
WINDOWED_FORMATS = frozenset({"tiff", "jp2"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Upper bounds on the cost of one file; above any of them it is refused.

    Parameters
    ----------
    pixels : int
        Pixels decoded at once.
    grid_pixels : int or None
        Pixels that a TIFF or JPEG 2000 may claim, if it is read by windows. ``None``
        means ``pixels``: a larger raster is refused on opening.
    file_bytes : int
        Size of the file.
    scans : int
        Scans of a JPEG; each costs a pass over the whole picture. Cameras and encoders
        write up to a dozen.
    pixel_scans : int
        Pixels times scans of a JPEG, and pixels of a window that is shrunk. 3.2e9 took
        about 2 s of one core.
    bands : int
        Bands of a raster.
    frames : int
        Frames or directories that are counted; the walk stops there.
    memory : int
        Estimated bytes needed to decode the whole picture.
    """

    pixels: int = 400_000_000
    grid_pixels: int | None = None
    file_bytes: int = 2 << 30
    scans: int = 50
    pixel_scans: int = 4_000_000_000
    bands: int = 512
    frames: int = 10_000
    memory: int = 4 << 30


#: For reference rasters read by windows: the grid and the file may be far larger than
#: what is decoded at once.
REFERENCE_LIMITS = Limits(grid_pixels=10**11, file_bytes=1 << 40)
