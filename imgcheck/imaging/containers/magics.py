"""Beginnings of other files, and script-like text, wherever they occur inside a file."""

import re

from imgcheck.imaging.containers.tree import Walk

_SCRIPT = re.compile(
    rb"<VRTDataset|<script|<\?php|<html|<svg|<!ENTITY|<WMS_|<GDAL_WMS|javascript:|#!/|%PDF-"
    rb"|powershell|/vsicurl/|eval\(",
    re.IGNORECASE,
)
_MAX_SCRIPT = 1 << 16  # bytes of one text that are searched for script-like words

# What begins a file of each kind. bytes.find() is some hundred times faster than one regular
# expression with all of them.
_MAGICS: tuple[tuple[str, tuple[bytes, ...]], ...] = (
    ("JPEG", (b"\xff\xd8\xff",)),
    ("PNG", (b"\x89PNG\r\n\x1a\n",)),
    ("GIF", (b"GIF87a", b"GIF89a")),
    ("WebP", (b"WEBPVP8",)),
    ("TIFF", (b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08")),
    ("MP4", (b"ftypmp4", b"ftypisom", b"ftypqt  ", b"ftypavc")),
    ("HEIF", (b"ftypheic", b"ftypmif1", b"ftypavif")),
    ("ZIP", (b"PK\x03\x04",)),
    ("RAR", (b"Rar!\x1a\x07",)),
    ("PDF", (b"%PDF-1.", b"%PDF-2.")),
)
_BEFORE = {"WebP": 8, "MP4": 4, "HEIF": 4}  # bytes of the file before its magic
# What may follow the third byte of a JPEG; three bytes alone turn up once in 16 MB of noise.
JPEG_NEXT = frozenset((0xC0, 0xC2, 0xC4, 0xDB, 0xFE, *range(0xE0, 0xF0)))
_MAX_HITS = 5_000
_PICTURES = {"JPEG", "PNG", "GIF", "WebP", "TIFF", "HEIF"}


def embedded(walk: Walk, start: int, end: int, *, where: str) -> list[str]:
    """Observe the first magic of each kind of file in ``data[start:end]``; return their names."""
    comment(walk, start, end, where=where)
    stop = min(end, start + walk.search_left)
    walk.search_left -= max(0, stop - start)
    found = []
    for name, magics in _MAGICS:
        places = [_first(walk.data, magic, start, stop, name) for magic in magics]
        if any(place >= 0 for place in places):
            found.append((min(place for place in places if place >= 0), name))
    for place, name in sorted(found):
        kind = "second-image" if name in _PICTURES else "second-file"
        walk.observe(kind, f"the beginning of a {name} file {where}", place - _BEFORE.get(name, 0))
    return [name for _, name in sorted(found)]


def _first(data: bytes, magic: bytes, start: int, end: int, name: str) -> int:
    """Find a magic; -1 where it is not there."""
    place = data.find(magic, start, end)
    if name != "JPEG":
        return place
    for _ in range(_MAX_HITS):
        following = data[place + 3 : place + 4]
        if place < 0 or (following and following[0] in JPEG_NEXT):
            return place
        place = data.find(magic, place + 1, end)
    return -1


def comment(walk: Walk, start: int, end: int, *, where: str) -> None:
    """Observe script-like words in a text of the file."""
    length = max(0, min(end - start, _MAX_SCRIPT, walk.search_left))
    walk.search_left -= length
    word = script_like(walk.data[start : start + length])
    if word:
        walk.observe("script-text", f"the text {word!r} {where}", start, end - start)


def script_like(raw: bytes) -> str | None:
    """Name the first script-like or driver-like word in a text that should be plain prose."""
    found = _SCRIPT.search(raw[:_MAX_SCRIPT])
    return found.group().decode("ascii") if found else None
