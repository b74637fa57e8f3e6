"""Where a sound file keeps its lengths, offsets, counts and types.

A scanner of its own, not the engine's: it trusts the file, so it is used on sound ones only.
What the engine overlooks is still found here and broken.
"""

import struct
from collections.abc import Iterator
from typing import Literal, NamedTuple

Order = Literal["big", "little"]


class Field(NamedTuple):
    """An unsigned integer in a file that says how much follows, where, of what, or how often."""

    offset: int
    size: int
    order: Order


def fields(data: bytes, form: str) -> list[Field]:
    """List every field of a sound file, each once, in the order of its bytes."""
    scanners = {
        "jpeg": _jpeg, "png": _png, "tiff": _tiff, "webp": _riff, "gif": _gif, "bmp": _bmp,
        "heif": _boxes, "avif": _boxes, "jp2": _boxes,
    }  # fmt: skip
    found = {f for f in scanners[form](data, 0, len(data)) if f.offset + f.size <= len(data)}
    return sorted(found)


def _jpeg(data: bytes, start: int, end: int) -> Iterator[Field]:
    place = start + 2
    while place + 4 <= end and data[place] == 0xFF:
        code = data[place + 1]
        if code in (0xD8, 0xD9, 0xFF) or 0xD0 <= code <= 0xD7:
            place += 1 if code == 0xFF else 2
            continue
        length = int.from_bytes(data[place + 2 : place + 4], "big")
        stop = place + 2 + length
        yield Field(place + 1, 1, "big")
        yield Field(place + 2, 2, "big")
        yield from _segment(data, code, place + 4, stop)
        place = stop
        if code == 0xDA:
            while place + 1 < end and not (
                data[place] == 0xFF and data[place + 1] not in (0, *range(0xD0, 0xD8))
            ):
                following = data.find(b"\xff", place + 1)
                place = following if following > 0 else end


def _segment(data: bytes, code: int, start: int, end: int) -> Iterator[Field]:
    if data[start : start + 6] == b"Exif\0\0":
        yield from _tiff(data, start + 6, end)
    elif data[start : start + 4] == b"MPF\0":
        yield from _tiff(data, start + 4, end)
    elif data[start : start + 14] == b"Photoshop 3.0\0":
        yield from _photoshop(data, start + 14, end)
    elif data[start : start + 12] == b"ICC_PROFILE\0":
        yield from (Field(start + 12, 1, "big"), Field(start + 13, 1, "big"))
        yield from _profile(data, start + 14, end)
    elif data[start : start + 35] == b"http://ns.adobe.com/xmp/extension/\0":
        yield from (Field(start + 67, 4, "big"), Field(start + 71, 4, "big"))
    elif code == 0xEB:
        yield from (Field(start + 2, 2, "big"), Field(start + 4, 4, "big"))
        yield from _boxes(data, start + 8, end)
    elif code in (0xC4, 0xDB, 0xDA, 0xDD) or 0xC0 <= code <= 0xCF:
        yield from (Field(place, 1, "big") for place in range(start, min(end, start + 20)))
        if 0xC0 <= code <= 0xCF:
            yield from (Field(start + 1, 2, "big"), Field(start + 3, 2, "big"))


def _tiff(data: bytes, start: int, end: int) -> Iterator[Field]:
    order: Order = "little" if data[start : start + 2] == b"II" else "big"
    big = int.from_bytes(data[start + 2 : start + 4], order) == 43
    word, step, head = (8, 20, 8) if big else (4, 12, 2)
    first = start + (8 if big else 4)
    yield from (Field(start, 2, order), Field(start + 2, 2, order), Field(first, word, order))
    waiting, seen = [int.from_bytes(data[first : first + word], order)], set()
    while waiting:
        offset = waiting.pop()
        place = start + offset
        if not offset or offset in seen or place + head > end:
            continue
        seen.add(offset)
        count = int.from_bytes(data[place : place + head], order)
        yield Field(place, head, order)
        for number in range(min(count, 200)):
            entry = place + head + number * step
            yield from (Field(entry, 2, order), Field(entry + 2, 2, order))
            yield from (Field(entry + 4, word, order), Field(entry + 4 + word, word, order))
            tag = int.from_bytes(data[entry : entry + 2], order)
            if tag in (0x8769, 0x8825, 0xA005, 0x014A):
                waiting.append(int.from_bytes(data[entry + 4 + word : entry + step], order))
            if tag in (0x02BC, 0x83BB, 0x8649, 0x8773, 0xB002, 0x87AF):
                inner = start + int.from_bytes(data[entry + 4 + word : entry + step], order)
                yield from _inner(data, tag, inner, end)
        following = place + head + count * step
        yield Field(following, word, order)
        waiting.append(int.from_bytes(data[following : following + word], order))


def _inner(data: bytes, tag: int, start: int, end: int) -> Iterator[Field]:
    if tag == 0x8649:
        yield from _photoshop(data, start, min(end, start + 4096))
    elif tag == 0x83BB:
        yield from _iptc(data, start, min(end, start + 4096))
    elif tag == 0x8773:
        yield from _profile(data, start, end)
    elif tag == 0xB002:  # MP entries: attributes, size, offset, two dependants
        yield from (Field(start + 4 * i, 4, "big") for i in range(12))
    elif tag == 0x87AF:  # GeoKeyDirectory
        yield from (Field(start + 2 * i, 2, "little") for i in range(40))


def _photoshop(data: bytes, start: int, end: int) -> Iterator[Field]:
    place = start
    while data[place : place + 4] == b"8BIM" and place + 12 <= end:
        name = data[place + 6] + 1
        size = place + 6 + name + name % 2
        yield from (Field(place + 4, 2, "big"), Field(place + 6, 1, "big"), Field(size, 4, "big"))
        length = int.from_bytes(data[size : size + 4], "big")
        if data[place + 4 : place + 6] == b"\x04\x04":
            yield from _iptc(data, size + 4, size + 4 + length)
        place = size + 4 + length + length % 2


def _iptc(data: bytes, start: int, end: int) -> Iterator[Field]:
    place = start
    while place + 5 <= end and data[place] == 0x1C:
        yield from (Field(place + 1, 1, "big"), Field(place + 2, 1, "big"))
        yield Field(place + 3, 2, "big")
        place += 5 + int.from_bytes(data[place + 3 : place + 5], "big")


def _profile(data: bytes, start: int, end: int) -> Iterator[Field]:
    yield from (Field(start, 4, "big"), Field(start + 128, 4, "big"))
    count = int.from_bytes(data[start + 128 : start + 132], "big")
    for number in range(min(count, 30)):
        place = start + 132 + 12 * number
        if place + 12 <= end:
            yield from (Field(place, 4, "big"), Field(place + 4, 4, "big"))
            yield Field(place + 8, 4, "big")


def _png(data: bytes, start: int, end: int) -> Iterator[Field]:
    place = start + 8
    while place + 12 <= end:
        (length,) = struct.unpack_from(">I", data, place)
        kind = data[place + 4 : place + 8]
        yield from (Field(place, 4, "big"), Field(place + 4, 4, "big"))
        yield Field(place + 8 + length, 4, "big")
        if kind == b"IHDR":
            yield from (Field(place + 8, 4, "big"), Field(place + 12, 4, "big"))
        if kind == b"eXIf":
            yield from _tiff(data, place + 8, place + 8 + length)
        if kind in (b"iTXt", b"zTXt", b"iCCP"):
            yield from (Field(at, 1, "big") for at in range(place + 8, place + 8 + min(length, 30)))
        place += 12 + length


def _riff(data: bytes, start: int, end: int) -> Iterator[Field]:
    yield Field(start + 4, 4, "little")
    place = start + 12
    while place + 8 <= end:
        length = int.from_bytes(data[place + 4 : place + 8], "little")
        yield from (Field(place, 4, "little"), Field(place + 4, 4, "little"))
        if data[place : place + 4] == b"EXIF":
            yield from _tiff(data, place + 8, place + 8 + length)
        place += 8 + length + length % 2


def _gif(data: bytes, start: int, end: int) -> Iterator[Field]:
    yield from (Field(start + 6, 2, "little"), Field(start + 8, 2, "little"))
    yield Field(start + 10, 1, "little")
    for place in range(start + 13, min(end, start + 1200)):
        if data[place] in (0x21, 0x2C, 0x3B):
            yield from (Field(place + i, 1, "little") for i in range(3))


def _bmp(data: bytes, start: int, end: int) -> Iterator[Field]:
    yield from (Field(start + i, 4, "little") for i in (2, 10, 14, 18, 22, 30, 34, 46))
    yield from (Field(start + i, 2, "little") for i in (26, 28))


_HOLDERS = {b"meta": 4, b"iprp": 0, b"ipco": 0, b"moov": 0, b"jp2h": 0, b"jumb": 0, b"iref": 4}


def _boxes(data: bytes, start: int, end: int) -> Iterator[Field]:
    place = start
    while place + 8 <= end:
        length = int.from_bytes(data[place : place + 4], "big")
        kind = data[place + 4 : place + 8]
        yield from (Field(place, 4, "big"), Field(place + 4, 4, "big"))
        stop = end if length == 0 else place + length
        if kind in _HOLDERS:
            yield from _boxes(data, place + 8 + _HOLDERS[kind], min(stop, end))
        elif kind == b"iinf":
            yield Field(place + 12, 2, "big")
            yield from _boxes(data, place + 14, min(stop, end))
        elif kind in (b"iloc", b"infe", b"pitm", b"ispe", b"ipma", b"colr", b"jumd"):
            for at in range(place + 8, min(stop, end, place + 160)):
                yield Field(at, 1, "big")
                yield Field(at, 4, "big")
        if length < 8:
            return
        place = stop
