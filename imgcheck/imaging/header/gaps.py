"""Runs of zero bytes where compressed data should be: what a lost part of a file reads as."""

import re

from imgcheck.imaging.header.model import Damage

# Undamaged files of the formats that are tested have runs of up to 33 bytes, apart from flat
# areas of a JPEG or a lossy WebP, which their readers allow for (docs/benchmarks/cost.md).
LEAST = 64
_ZEROS = re.compile(rb"\0+")


def zero_run(data: bytes, start: int, end: int, *, least: int = LEAST) -> Damage | None:
    """Find the first run of at least ``least`` zero bytes between two offsets."""
    at = data.find(bytes(least), start, end)
    if at < 0:
        return None
    # A search that began inside a longer run found its beginning, since it began before it.
    match = _ZEROS.match(data, at, end)
    assert match is not None
    return Damage(
        kind="corrupt",
        detail=f"{match.end() - at:,} bytes of the compressed data are zero, which no encoder "
        "writes: that part was lost, and the pixels from there on are not to be trusted",
        offset=at,
    )
