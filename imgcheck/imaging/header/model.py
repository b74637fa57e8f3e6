"""What a header says, and what was found damaged."""

from dataclasses import dataclass

from imgcheck.errors import UnreadableError


class BrokenHeaderError(UnreadableError):
    """A header that ends early or contradicts itself, so that nothing can be decoded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """One thing that is wrong with a file.

    Parameters
    ----------
    kind : str
        ``truncated`` (data are missing), ``checksum``, ``structure`` (the container
        contradicts its format), ``corrupt`` (a decoder stumbled) or ``georeference``
        (the statement of place makes no sense and is not used).
    detail : str
        One sentence.
    offset : int, optional
        Where in the file, in bytes.
    """

    kind: str
    detail: str
    offset: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What the header of a picture claims; nothing of it has been decoded.

    ``width`` and ``height`` are those of the stored grid, ``orientation`` the EXIF value
    1 to 8 that turns it into the view. ``mode`` is one of ``gray``, ``gray-alpha``,
    ``palette``, ``rgb``, ``rgba``, ``cmyk``, ``multiband``. ``bits`` are bits per sample,
    ``block_bytes`` the largest strip or tile, unpacked. ``packing`` names how the pixels are
    packed where a format has several ways. ``decoder_bytes`` and ``decoder_seconds`` are what
    the decoder needs beyond its pixels. ``geotagged`` says that the file carries tags of
    place, not that they are sound. ``directory`` is where in a TIFF the directory of the
    picture lies, if it is not the first.
    """

    format: str
    width: int
    height: int
    bands: int = 3
    bits: int = 8
    dtype: str = "uint8"
    mode: str = "rgb"
    orientation: int = 1
    frames: int = 1
    scans: int = 1
    block_bytes: int = 0
    packing: str = ""
    decoder_bytes: int = 0
    decoder_seconds: float = 0.0
    geotagged: bool = False
    directory: int | None = None
    unreadable_reason: str | None = None
    damage: tuple[Damage, ...] = ()

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise BrokenHeaderError(
                f"its header gives a size of {self.width} x {self.height} pixels; a picture has "
                "at least 1 x 1"
            )
