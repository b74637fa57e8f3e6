"""What the header of a picture states, and bounds-checked reading of its numbers."""

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from imgcheck.errors import RefusedError, UnreadableError
from imgcheck.imaging.containers.tree import MOST_PARTS, Node, Observation, Walk
from imgcheck.imaging.limits import Limits

#: Zero bytes in a row that no encoder writes. Undamaged files of the formats that are tested have
#: runs of up to 33, apart from flat areas of a JPEG or a lossy WebP, which their readers allow
#: for (docs/benchmarks/cost.md).
LONGEST_ZERO_RUN = 64
_ZEROS = re.compile(rb"\0+")


class BrokenHeaderError(UnreadableError):
    """A header that ends early or contradicts itself, so that nothing can be decoded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What the header of a picture states; nothing has been decoded.

    ``width`` and ``height`` are those of the stored grid, ``orientation`` the EXIF value
    1 to 8 that turns it into the view. ``mode`` is one of ``gray``, ``gray-alpha``,
    ``palette``, ``rgb``, ``rgba``, ``cmyk``, ``multiband``. ``bits`` are bits per sample,
    ``block_bytes`` the largest strip or tile, unpacked. ``packing`` names how the pixels are
    packed where a format has several ways. ``decoder_bytes`` and ``decoder_seconds`` are what
    the decoder needs beyond its pixels. ``geotagged``: the file carries tags of place, sound
    or not. ``directory`` is where in a TIFF the directory of the picture lies, if it is not the
    first. ``damage`` is every observation of the walk that concerns the pixels.
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
    damage: tuple[Observation, ...] = ()

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise BrokenHeaderError(
                f"its header states a size of {self.width} x {self.height} pixels; a picture has "
                "at least 1 x 1"
            )


#: What a walker returns: the parts of a file, and a function that returns its header or refuses it.
Walked: TypeAlias = tuple[tuple[Node, ...], Callable[[Limits], Header]]


def require_walked(walk: Walk) -> None:
    """Refuse a file with more parts than are walked."""
    if walk.too_many:
        raise RefusedError(f"has more than {MOST_PARTS:,} {walk.too_many} (limit: parts of a file)")


def take(data: bytes, offset: int, length: int) -> bytes:
    """Return ``length`` bytes from ``offset``; raise where the file ends before."""
    if offset < 0 or length < 0 or offset + length > len(data):
        raise BrokenHeaderError(
            f"its header ends early: {length} bytes needed at offset {offset}, the file has "
            f"{len(data)}"
        )
    return bytes(data[offset : offset + length])


def unpack(data: bytes, offset: int, layout: str) -> tuple[Any, ...]:
    """Read fields in the layout of `struct`, bounds-checked."""
    return struct.unpack(layout, take(data, offset, struct.calcsize(layout)))


def number(data: bytes, offset: int, layout: str) -> int:
    """Read one integer, bounds-checked."""
    return int(unpack(data, offset, layout)[0])


def zero_run(
    walk: Walk, start: int, end: int, *, least: int = LONGEST_ZERO_RUN
) -> Observation | None:
    """Record the first run of at least ``least`` zero bytes in compressed data as damage.

    A lost part of a file reads as zeros.
    """
    at = walk.data.find(bytes(least), start, end)
    # A search that began inside a longer run found its beginning, since it began before it.
    match = _ZEROS.match(walk.data, at, end) if at >= 0 else None
    if match is None:
        return None
    count = match.end() - at
    return walk.damaged(
        "corrupt",
        f"{count:,} bytes of the compressed data are zero, which no encoder writes: that part was "
        "lost, and the pixels from there on are unreliable",
        at, count,
    )  # fmt: skip
