"""Read the directory of a TIFF or BigTIFF that holds the picture, and walk the others."""

from imgcheck.imaging.header.fields import sound_orientation
from imgcheck.imaging.header.model import BrokenHeaderError, Damage, Header
from imgcheck.imaging.header.tiff_directory import (
    ByteOrder,
    Entry,
    byte_order,
    count_entries,
    first_directory,
    read_entries,
)
from imgcheck.imaging.limits import Limits

# TIFF 6.0, GeoTIFF 1.1 (OGC 19-008), DNG 1.7, and GDAL's private tags.
NEW_SUBFILE, SUBFILE, SUB_DIRECTORIES = 254, 255, 330
WIDTH, HEIGHT, BITS, PHOTOMETRIC, ORIENTATION = 256, 257, 258, 262, 274
SAMPLES, ROWS_PER_STRIP, TILE_WIDTH, TILE_HEIGHT = 277, 278, 322, 323
EXTRA_SAMPLES, SAMPLE_FORMAT, DNG_VERSION, GDAL_METADATA = 338, 339, 50706, 42112
PLACE_TAGS = frozenset({33550, 33922, 34264, 34735, 50844})
_REDUCED_OR_MASK = 0b101
_OLD_REDUCED = 2  # of tag 255, which TIFF 6.0 replaced
_MOST_BELOW = 16
# Directories may lie over one another, so that a small file holds any number of tags.
_MOST_TAGS = 500_000
# With this item in its metadata tag GDAL overrides what the extra samples are said to be.
_NOT_ALPHA = b'role="colorinterp">undefined'
_WORDS = {1: "uint", 2: "int", 3: "float", 5: "complex_int", 6: "complex"}


def read(data: bytes, limits: Limits) -> Header:
    """Read the header of a TIFF.

    The picture is that of the first directory, unless that is flagged as a reduced copy or a mask
    and another is not.
    """
    order = byte_order(data)
    start = first_directory(data, order)
    entries, following = read_entries(data, start, order)
    chain = {start: entries}
    frames, damage = _count_frames(data, chain, following, order, limits)
    main = start
    if DNG_VERSION not in entries and _reduced_or_mask(entries, data):
        main = _main_directory(data, chain, order)
        entries = chain[main]
    bands = _one(entries, SAMPLES, data, 1)
    bits = max(_one(entries, BITS, data, 1), 1)
    mode = _mode(entries, data, bands)
    width, height = _one(entries, WIDTH, data, 0), _one(entries, HEIGHT, data, 0)
    return Header(
        format="tiff",
        width=width,
        height=height,
        bands=max(bands, 1),
        bits=bits,
        dtype=_dtype(_one(entries, SAMPLE_FORMAT, data, 1), bits),
        mode=mode,
        orientation=sound_orientation(_one(entries, ORIENTATION, data, 1)),
        frames=frames,
        block_bytes=_block_bytes(entries, data, width, height, max(bands, 1) * ((bits + 7) // 8)),
        directory=main if main != start else None,
        geotagged=not PLACE_TAGS.isdisjoint(entries),
        unreadable_reason=_unreadable_reason(entries, data),
        damage=tuple(damage),
    )


def _one(entries: dict[int, Entry], tag: int, data: bytes, default: int) -> int:
    if tag not in entries:
        return default
    values = entries[tag].integers(data, most=1)
    return values[0] if values else default


def _mode(entries: dict[int, Entry], data: bytes, bands: int) -> str:
    photometric = _one(entries, PHOTOMETRIC, data, 1)
    extra = _one(entries, EXTRA_SAMPLES, data, 0)
    if extra and GDAL_METADATA in entries and _NOT_ALPHA in _text(entries[GDAL_METADATA], data):
        extra = 0
    if photometric == 3:
        return "palette"
    if photometric == 5:
        return "cmyk"
    if bands == 1:
        return "gray"
    if bands == 2 and extra in (1, 2):
        return "gray-alpha"
    if bands == 3 and photometric in (2, 6, 8):
        return "rgb"
    if bands == 4 and photometric in (2, 6) and extra in (1, 2):
        return "rgba"
    return "multiband"


def _text(entry: Entry, data: bytes) -> bytes:
    try:
        return entry.raw(data).lower()
    except BrokenHeaderError:
        return b""


def _dtype(sample_format: int, bits: int) -> str:
    word = _WORDS.get(sample_format, "uint")
    for size in (8, 16, 32, 64, 128):
        if bits <= size:
            return f"{word}{size}"
    return f"{word}{bits}"


def _block_bytes(
    entries: dict[int, Entry], data: bytes, width: int, height: int, pixel_bytes: int
) -> int:
    """Give the unpacked bytes of one tile or strip: a decoder allocates it at once."""
    wide, high = _one(entries, TILE_WIDTH, data, 0), _one(entries, TILE_HEIGHT, data, 0)
    if not wide or not high:
        wide = width
        high = min(_one(entries, ROWS_PER_STRIP, data, height) or height, height)
    return wide * high * pixel_bytes


def _unreadable_reason(entries: dict[int, Entry], data: bytes) -> str | None:
    if DNG_VERSION in entries and _one(entries, NEW_SUBFILE, data, 0) & 1:
        return "this is a camera raw (DNG); the picture in its first directory is a preview only"
    return None


def _reduced_or_mask(entries: dict[int, Entry], data: bytes) -> bool:
    flags = _one(entries, NEW_SUBFILE, data, 0) & _REDUCED_OR_MASK
    return bool(flags) or _one(entries, SUBFILE, data, 0) == _OLD_REDUCED


def _main_directory(data: bytes, chain: dict[int, dict[int, Entry]], order: ByteOrder) -> int:
    """Find the first directory that is not flagged, in the chain or below its first one.

    Adds directories below to ``chain``. Gives the first directory where all are flagged.
    """
    first, entries = next(iter(chain.items()))
    if SUB_DIRECTORIES in entries:
        for below in entries[SUB_DIRECTORIES].integers(data, most=_MOST_BELOW):
            try:
                chain.setdefault(below, read_entries(data, below, order)[0])
            except BrokenHeaderError:
                continue
    whole = (at for at, found in chain.items()
             if not _reduced_or_mask(found, data) and WIDTH in found)  # fmt: skip
    return next(whole, first)


def _count_frames(
    data: bytes, chain: dict[int, dict[int, Entry]], following: int, order: ByteOrder,
    limits: Limits,
) -> tuple[int, list[Damage]]:  # fmt: skip
    """Walk the chain of directories into ``chain``; reduced copies and masks are not counted.

    Only directories after a first one that is flagged are kept, as many as may hold the picture.
    """
    ((start, first),) = chain.items()
    flagged = _reduced_or_mask(first, data)
    frames, seen, walked = 1 - flagged, {start}, 0
    while following and len(seen) < limits.frames:
        at = following
        if at in seen:
            detail = "the chain of TIFF directories returns to one it has passed"
            return max(frames, 1), [Damage(kind="structure", detail=detail, offset=at)]
        seen.add(at)
        try:
            walked += count_entries(data, at, order)
            if walked > _MOST_TAGS:
                detail = f"the TIFF directories hold more than {_MOST_TAGS:,} tags; not all walked"
                return max(frames, 1), [Damage(kind="structure", detail=detail, offset=at)]
            entries, following = read_entries(data, at, order)
        except BrokenHeaderError as error:
            return max(frames, 1), [Damage(kind="structure", detail=error.message, offset=at)]
        reduced = _reduced_or_mask(entries, data)
        frames += not reduced
        if flagged and not reduced and len(chain) == 1:
            chain[at] = entries
    return max(frames, 1), []
