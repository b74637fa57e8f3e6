"""Bytes after the end of a picture, taken apart: pictures, films, padding, text, the unknown.

Most trailers are honest: previews and gain maps (CIPA DC-007), motion photos, Samsung's block of
notes, padding of a card reader or of the camera's own buffer.
"""

import re

from imgcheck.imaging.containers.jpeg import walk_picture
from imgcheck.imaging.containers.tree import JPEG_NEXT, Node, Walk, embedded, printable

_MAX_PARTS = 64  # a burst of 30 pictures is the longest kind of trailer known
_PADDING = re.compile(rb"[\x00\xff\r\n \t]+")
_BEGINNINGS = re.compile(
    rb"\xff\xd8\xff[\xc0\xc2\xc4\xdb\xe0-\xef\xfe]|\x89PNG\r\n\x1a\n|PK\x03\x04|%PDF-"
    rb"|\x00[\x00-\xff]{3}ftyp"
)
_TEXT_SHARE = 0.9  # of printable bytes: what people call a text; compressed data has 0.4
_PIECE = 1 << 20  # bytes that are copied at once
_SHOWN = 4096  # bytes of an unknown part that are looked at


def trailer(walk: Walk, start: int, after: str) -> tuple[Node, ...]:
    """Describe ``data[start:]``, the bytes that follow the end mark ``after``; none is usual.

    The node ``trailer`` has one child a part: ``JPEG`` (with its own segments as children),
    ``PNG``, ``MP4``, ``Samsung trailer``, ``ZIP``, ``PDF``, ``padding``, ``text``, ``EOI``,
    ``bytes``.
    """
    length = len(walk.data) - start
    if length <= 0 or walk.full:
        return ()
    if _is_padding(walk.data, start):
        walk.observe("trailer", f"{length} bytes of padding after {after}", start, length)
        return (walk.node(start, length, "trailer", "padding"),)
    found = embedded(walk, start, len(walk.data), where=f"after {after}")
    parts = _parts(walk, start)
    what = _summary(parts, found)
    walk.observe("trailer", f"{length} bytes after {after}, {what}", start, length)
    return (walk.node(start, length, "trailer", what, parts),)


def _is_padding(data: bytes, start: int) -> bool:
    # strip() runs at C speed, unlike a search for the first other byte.
    return not any(
        data[at : at + _PIECE].strip(b"\x00\xff\r\n ") for at in range(start, len(data), _PIECE)
    )


def _summary(parts: tuple[Node, ...], magics: list[str]) -> str:
    known = dict.fromkeys(
        part.kind for part in parts if part.kind not in ("padding", "bytes", "EOI")
    )
    for name in magics:
        known.setdefault(name)
    return ", ".join(known) if known else "of unknown kind"


def _parts(walk: Walk, position: int) -> tuple[Node, ...]:
    parts: list[Node] = []
    end = len(walk.data)
    samsung = _samsung(walk, position)
    stop = end if samsung is None else samsung.offset
    while position < stop and len(parts) < _MAX_PARTS and not walk.full:
        part = _part(walk, position, stop)
        parts.append(part)
        position = part.offset + max(1, part.length)
    if position < stop:
        parts.append(walk.node(position, stop - position, "bytes", "not taken apart"))
    return (*parts, samsung) if samsung else tuple(parts)


def _part(walk: Walk, position: int, stop: int) -> Node:
    data = walk.data
    head = data[position : position + 16]
    if head[:3] == b"\xff\xd8\xff" and head[3:4] and head[3] in JPEG_NEXT:
        return walk_picture(walk, position, stop)
    if head[:2] == b"\xff\xd9":
        return walk.node(position, 2, "EOI")
    if head[:8] == b"\x89PNG\r\n\x1a\n":
        return walk.node(position, _png_end(walk, position, stop) - position, "PNG")
    if head[4:8] == b"ftyp":
        end = _film_end(walk, position, stop)
        return walk.node(position, end - position, "MP4", printable(head[8:12], 4))
    if head[:4] == b"PK\x03\x04":
        return walk.node(position, stop - position, "ZIP")
    if head[:5] == b"%PDF-":
        return walk.node(position, stop - position, "PDF")
    return _plain(walk, position, stop)


def _png_end(walk: Walk, position: int, stop: int) -> int:
    place = position + 8
    for _ in range(10_000):
        length, kind = walk.uint(place, 4), walk.data[place + 4 : place + 8]
        if length is None or place + 12 + length > stop or not kind.isalpha():
            return stop
        place += 12 + length
        if kind == b"IEND":
            return place
    return stop


def _film_end(walk: Walk, position: int, stop: int) -> int:
    """Follow the boxes of a film (ISO/IEC 14496-12) as far as they chain."""
    place = position
    for _ in range(1_000):
        length = walk.uint(place, 4)
        if length == 1:
            length = walk.uint(place + 8, 8)
        kind = walk.data[place + 4 : place + 8]
        if length is None or length < 8 or place + length > stop or not kind.isalnum():
            return place if place > position else stop
        place += length
    return place


def _plain(walk: Walk, position: int, stop: int) -> Node:
    """Return padding, text or unknown bytes up to the next thing that has a beginning."""
    data = walk.data
    run = _PADDING.match(data, position, stop)
    if run:
        # The first byte of an SOI or EOI is no padding.
        end = run.end()
        if end < stop and data[end - 1] == 0xFF and data[end] in (0xD8, 0xD9):
            end -= 1
        # Films begin with a length, whose zeros are no padding either.
        if data[end : end + 5].endswith(b"ftyp") or data[end + 1 : end + 5] == b"ftyp":
            end = max(position, end - 3)
        if end > position:
            return walk.node(position, end - position, "padding")
    following = _BEGINNINGS.search(data, position + 1, stop)
    end = following.start() if following else stop
    sample = data[position : min(end, position + _SHOWN)]
    shown = sum(32 <= byte < 127 or byte in (9, 10, 13) for byte in sample)
    if shown >= _TEXT_SHARE * len(sample) and len(sample) >= 4:
        return walk.node(position, end - position, "text", printable(sample, 40))
    return walk.node(position, end - position, "bytes", printable(sample, 8))


def _samsung(walk: Walk, start: int) -> Node | None:
    """Find Samsung's block at the end: ``SEFH``, its entries, its length, ``SEFT``.

    Each entry states how far before ``SEFH`` its data begins (layout as public readers of the
    format describe it; no specification is public).
    """
    data = walk.data
    tail = data.rstrip(b"\0") if data[-1:] == b"\0" and len(data) < 1 << 26 else data
    end = len(tail)
    length = walk.uint(end - 8, 4, "little")
    if tail[-4:] != b"SEFT" or length is None:
        return None
    head = end - 8 - length
    if head < start or data[head : head + 4] != b"SEFH":
        walk.observe(
            "offset-failed", "the Samsung trailer has no head where it should be", end - 8, 8
        )
        return None
    begin, names = head, []
    for index in range(min(walk.uint(head + 8, 4, "little") or 0, 256)):
        place = head + 12 + 12 * index
        back, size = walk.uint(place + 4, 4, "little"), walk.uint(place + 8, 4, "little")
        if back is None or size is None or place + 12 > end:
            break
        if back > head - start or size > back:
            walk.observe("offset-failed", f"entry {index + 1} of the Samsung trailer lies outside "
                         "the trailer", place, 12)  # fmt: skip
            continue
        begin = min(begin, head - back)
        names.append(_field(walk, head - back, size))
    return walk.node(begin, end - begin, "Samsung trailer", f"{len(names)} entries", tuple(names))


def _field(walk: Walk, place: int, size: int) -> Node:
    """Describe one entry: two zero bytes, a type, the length of the name, the name, the data."""
    length = walk.uint(place + 4, 4, "little") or 0
    name = printable(walk.data[place + 8 : place + 8 + min(length, 40, max(0, size - 8))], 40)
    return walk.node(place, size, "entry", name)
