"""The maker note: whose it is, whether it is a directory, whether its offsets still stand.

A maker note is a private block. Most are TIFF directories whose offsets count from the TIFF
header of the file, so software that moves the block without knowing its inside leaves offsets
that point beside their values. That is an observation about the software the file passed
through, and some cameras write such offsets from the start.
"""

import math
import plistlib
import struct
from dataclasses import dataclass
from typing import Literal

from imgcheck.provenance.containers.tiff_ifd import SIZES, Order
from imgcheck.provenance.fields.maker_forms import FIELDS, FIELDS_BELOW, Form, form_of
from imgcheck.provenance.fields.text import decode
from imgcheck.provenance.fields.value import Number, Reading, Value

Standing = Literal["stand", "shifted", "outside", "none", "unknown"]
_MAX_FIELDS = 1_000  # the longest directory in 240 camera files has 73 entries
# A value or two out of place is common in cameras' own files; benchmarks: provenance, makernotes.
_MOSTLY = 0.6
_ENOUGH = 3  # values that have to agree on a shift
_MAX_VALUE = 512  # bytes of one field that is read
# What plistlib was seen to raise, or could raise, on garbage.
_PLIST_ERRORS = (ValueError, TypeError, LookupError, ArithmeticError, RecursionError, MemoryError,
                 struct.error, plistlib.InvalidFileException)  # fmt: skip
_CODES = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 11: "f", 12: "d", 13: "I"}


@dataclass(frozen=True, slots=True, kw_only=True)
class MakerNote:
    """What is known of a maker note without reading most of it.

    Attributes
    ----------
    maker : str or None
        By its header; where there is none, by the Make field (``form`` says so). None: unknown.
    form : str
        The kind of header in words.
    offset, length : int
        Place in the file; the offset is None where the block was packed.
    byte_order : str or None
        ``little`` or ``big`` of its directory.
    readable : bool
        Whether it is a directory that can be read.
    fields : int
        Entries of that directory.
    offsets : str
        ``stand``: the values lie where the offsets point; ``shifted``: they would by
        ``shift_bytes`` more; ``outside``: many lie outside the note
        and no one shift brings them in; ``none``: nothing is stored by offset;
        ``unknown``: no directory.
    shift_bytes : int or None
        What would have to be added to every offset.
    """

    maker: str | None
    form: str
    offset: int | None
    length: int
    byte_order: Order | None = None
    readable: bool = False
    fields: int = 0
    offsets: Standing = "unknown"
    shift_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    tag: int
    type: int
    count: int
    length: int
    place: int  # of the inline value, or what the offset says
    inline: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ifd:
    fields: tuple[_Field, ...]
    order: Order
    base: int
    end: int  # after the entries, before the link to a next directory


def read_maker_note(
    reading: Reading, start: int, length: int, *, tiff_start: int, order: Order, make: str | None
) -> MakerNote:
    """Recognise the note in ``data[start:start + length]`` and read its few named fields.

    Parameters
    ----------
    reading : Reading
        Gets the fields as group ``MakerNote``, and an observation where offsets are shifted.
    start, length : int
        Place of the note in ``reading.data``.
    tiff_start : int
        Place of the TIFF header its offsets may count from.
    order : str
        Byte order of the block around it.
    make : str or None
        The Make field, for notes without a header.
    """
    stop = min(start + length, len(reading.data))
    head = reading.data[start : min(stop, start + 24)]
    form = form_of(head, make)
    place = start if reading.place else None
    if form is None:
        words = "all zero" if not any(head) else "not known"
        return MakerNote(maker=None, form=words, offset=place, length=length)
    ifd = _directory(reading.data, form, start, stop, tiff_start, order)
    if ifd is None:
        return MakerNote(maker=form.maker, form=form.name, offset=place, length=length)
    standing, shift = _standing(reading.data, ifd, start, stop)
    if standing == "shifted":
        reading.observe(
            "maker-note",
            f"the offsets of the {form.maker} maker note point {-shift:+d} bytes beside their "
            "values, as when software moves the block; some cameras write it so",
            start, length,
        )  # fmt: skip
    _read_fields(reading, form.maker, ifd, shift, start, stop, FIELDS.get(form.maker, {}))
    _below(reading, form.maker, ifd, shift, start, stop)
    return MakerNote(
        maker=form.maker, form=form.name, offset=place, length=length, byte_order=ifd.order,
        readable=True, fields=len(ifd.fields), offsets=standing,
        shift_bytes=shift if standing == "shifted" else None,
    )  # fmt: skip


def _directory(
    data: bytes, form: Form, start: int, stop: int, tiff_start: int, order: Order
) -> _Ifd | None:
    if form.start is None:
        return None
    first = start + form.start
    base = {"tiff": tiff_start, "note": start, "own": start + 10}[form.base]
    orders: list[Order] = [order, "big" if order == "little" else "little"]
    if form.order is not None:
        orders = [form.order]
    elif form.order_at is not None:
        mark = data[start + form.order_at : start + form.order_at + 2]
        named: dict[bytes, Order] = {b"II": "little", b"MM": "big"}
        orders = [named[mark]] if mark in named else orders
    if form.base == "own":
        first = base + int.from_bytes(data[base + 4 : base + 8], orders[0])
    elif form.maker in ("Fujifilm", "General Imaging"):
        first = start + int.from_bytes(data[start + 8 : start + 12], "little")
    for candidate in orders:
        found = _entries(data, first, stop, candidate, base)
        if found is not None:
            return found
    return None


def _entries(data: bytes, first: int, stop: int, order: Order, base: int) -> _Ifd | None:
    """Read a directory, or None where the bytes are none: every entry has to make sense."""
    if first + 2 > stop:
        return None
    count = int.from_bytes(data[first : first + 2], order)
    if not 0 < count <= _MAX_FIELDS or first + 2 + 12 * count > stop:
        return None
    fields = []
    odd = 0
    for place in range(first + 2, first + 2 + 12 * count, 12):
        tag = int.from_bytes(data[place : place + 2], order)
        kind = int.from_bytes(data[place + 2 : place + 4], order)
        number = int.from_bytes(data[place + 4 : place + 8], order)
        if kind not in SIZES or number > len(data):
            odd += 1
            if odd > 2 + count // 10:  # cameras write a stray entry now and then
                return None
            continue
        size = number * SIZES[kind]
        inline = size <= 4
        where = place + 8 if inline else int.from_bytes(data[place + 8 : place + 12], order)
        fields.append(_Field(tag=tag, type=kind, count=number, length=size, place=where,
                             inline=inline))  # fmt: skip
    return _Ifd(fields=tuple(fields), order=order, base=base, end=first + 2 + 12 * count)


def _standing(data: bytes, ifd: _Ifd, start: int, stop: int) -> tuple[Standing, int]:
    """Tell whether the values lie where the offsets point, or by how much they are moved."""
    spans = [(f.place, f.length) for f in ifd.fields if not f.inline and f.place]
    if not spans:
        return "none", 0

    def fitting(shift: int) -> int:
        return sum(
            ifd.end <= ifd.base + place + shift and ifd.base + place + shift + length <= stop
            for place, length in spans
        )

    moved = _moved_by_footer(data, ifd, start, stop)
    if moved:
        return ("shifted", moved) if fitting(moved) == len(spans) else ("outside", 0)
    if fitting(0) == len(spans):
        return "stand", 0
    # Values begin right behind the directory, with its link to a next one or without.
    nearest = min(place for place, _ in spans)
    inside = ifd.base >= start  # counted from the note: only a longer directory moves values
    for gap in (4, 0):
        shift = ifd.end + gap - ifd.base - nearest
        if inside and shift <= gap:
            continue
        if len(spans) >= _ENOUGH and fitting(shift) == len(spans):
            return "shifted", shift
    return ("stand", 0) if fitting(0) >= _MOSTLY * len(spans) else ("outside", 0)


def _moved_by_footer(data: bytes, ifd: _Ifd, start: int, stop: int) -> int | None:
    """Give how far a Canon note was moved: its last bytes tell where it was written."""
    footer = data[max(start, stop - 8) : stop]
    mark = b"II*\0" if ifd.order == "little" else b"MM\0*"
    if len(footer) < 8 or footer[:4] != mark or ifd.base == start:
        return None
    written = int.from_bytes(footer[4:], ifd.order)
    return start - ifd.base - written if 0 < written < 1 << 31 else None


def _below(reading: Reading, maker: str, ifd: _Ifd, shift: int, start: int, stop: int) -> None:
    """Read the named fields of the one directory below that is worth it."""
    for field in ifd.fields:
        names = FIELDS_BELOW.get((maker, field.tag))
        if names is None:
            continue
        place = ifd.base + field.place + shift
        if field.type in (4, 13) and field.inline:
            place = ifd.base + int.from_bytes(
                reading.data[field.place : field.place + 4], ifd.order
            )
        inner = _entries(reading.data, place, stop, ifd.order, ifd.base) if place > start else None
        if inner is not None:
            _read_fields(reading, maker, inner, shift, start, stop, names)


def _read_fields(
    reading: Reading, maker: str, ifd: _Ifd, shift: int, start: int, stop: int,
    names: dict[int, str],
) -> None:  # fmt: skip
    for field in ifd.fields:
        if field.tag not in names or not 0 < field.length <= _MAX_VALUE:
            continue
        place = field.place if field.inline else ifd.base + field.place + shift
        if not start <= place <= stop - field.length:
            continue  # outside the note: then it is not certain whose bytes these are
        name = names[field.tag]
        raw = reading.take(place, field.length)
        value = _value(raw, field, ifd.order, maker, name)
        if value is not None:
            reading.add("MakerNote", name, value, tag=field.tag, offset=place,
                        length=field.length, reader="maker note")  # fmt: skip


def _value(raw: bytes, field: _Field, order: Order, maker: str, name: str) -> Value | None:
    if (maker, name) == ("Apple", "RunTime"):
        return _run_time(raw)
    if (maker, name) == ("Pentax", "Date") and len(raw) == 4:
        return f"{int.from_bytes(raw[:2], 'big'):04}:{raw[2]:02}:{raw[3]:02}"
    if (maker, name) == ("Pentax", "Time") and len(raw) >= 3:
        return f"{raw[0]:02}:{raw[1]:02}:{raw[2]:02}"
    if field.type in (2, 7, 129):
        if maker == "Casio":  # two texts in one field, month and minute, each with its NUL
            raw = raw.replace(b"\0", b"")
        text = raw.split(b"\0", 1)[0]
        if (not text and not any(raw)) or (text and all(32 <= byte < 127 for byte in text)):
            return decode(text).strip()
        return list(raw) if len(raw) <= 16 else f"({len(raw)} bytes)"
    mark = "<" if order == "little" else ">"
    if field.type in (5, 10):
        flat = struct.unpack(f"{mark}{2 * field.count}{'I' if field.type == 5 else 'i'}", raw)
        pairs = zip(flat[::2], flat[1::2], strict=True)
        numbers: list[Number | str] = [a / b if b else f"{a}/0" for a, b in pairs]
    elif field.type in _CODES:
        unpacked = struct.unpack(f"{mark}{field.count}{_CODES[field.type]}", raw)
        numbers = [n if isinstance(n, int) or math.isfinite(n) else str(n) for n in unpacked]
    else:
        return None
    return numbers[0] if len(numbers) == 1 else numbers


def _run_time(raw: bytes) -> Value | None:
    """Give the seconds the phone had been running, out of a small property list."""
    if int.from_bytes(raw[-24:-16], "big") > len(raw):  # more objects than bytes
        return None
    try:
        found = plistlib.loads(raw, fmt=plistlib.FMT_BINARY)
        seconds = float(found["value"]) / float(found["timescale"])
    except _PLIST_ERRORS:
        return None
    return seconds if math.isfinite(seconds) else None
