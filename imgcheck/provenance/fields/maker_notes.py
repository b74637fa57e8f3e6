"""The maker note: whose it is, whether it is a directory, whether its offsets are still valid.

A maker note is a private block. Most are TIFF directories whose offsets count from the TIFF
header of the file, so software that moves the block without understanding it leaves offsets that
point beside their values. That is an observation about the software the file passed through; some
cameras write such offsets from the start. Only fields that identify a device or state a time, a
movement or a capture are read.
"""

import math
import plistlib
import struct
from dataclasses import dataclass
from typing import Literal, NamedTuple

from imgcheck.imaging.containers.tiff import SIZES, Order
from imgcheck.provenance.fields.exif import numbers
from imgcheck.provenance.fields.values import Reading, Value, decode

Standing = Literal["stand", "shifted", "outside", "none", "unknown"]
_MAX_FIELDS = 1_000  # the longest directory in 240 camera files has 73 entries
# A value or two out of place is common in cameras' own files; benchmarks: provenance, makernotes.
_MOSTLY = 0.6
_ENOUGH = 3  # values that have to agree on a shift
_MAX_VALUE = 512  # bytes of one field that is read
# What plistlib was seen to raise, or could raise, on garbage.
_PLIST_ERRORS = (ValueError, TypeError, LookupError, ArithmeticError, RecursionError, MemoryError,
                 struct.error, plistlib.InvalidFileException)  # fmt: skip
_NUMERIC = (1, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13)

# tiff: from the TIFF header of the file; note: from the first byte of the note; own: from a TIFF
# header inside the note.
_Base = Literal["tiff", "note", "own"]


class _Form(NamedTuple):
    """One way a note begins.

    ``start`` is where the directory begins in the note (None: no known directory), ``base`` where
    its offsets count from; ``order`` is fixed for some makers, ``order_at`` is where the note
    states it.
    """

    maker: str
    name: str
    magic: bytes = b""
    start: int | None = None
    base: _Base = "tiff"
    order: Order | None = None
    order_at: int | None = None


# Facts seen in files and documented by ExifTool and Exiv2. Longer marks first where one is the
# beginning of another.
_HEADED = (
    _Form("Nikon", "Nikon 3: a TIFF header of its own", b"Nikon\0\x02", 18, "own", order_at=10),
    _Form("Nikon", "Nikon 1: header, then a directory", b"Nikon\0\x01\0", 8),
    _Form("Olympus", "OM System", b"OM SYSTEM\0\0\0", 16, "note", order_at=12),
    _Form("Olympus", "Olympus 2", b"OLYMPUS\0", 12, "note", order_at=8),
    _Form("Olympus", "Olympus 1", b"OLYMP\0", 8),
    _Form("Panasonic", "Panasonic", b"Panasonic\0\0\0", 12),
    _Form("Fujifilm", "Fujifilm", b"FUJIFILM", 12, "note", order="little"),
    _Form("General Imaging", "GE", b"GENERALE", 12, "note", order="little"),
    _Form("Pentax", "Pentax 2", b"PENTAX \0", 10, "note", order_at=8),
    _Form("Pentax", "Pentax 1", b"AOC\0", 6, order_at=4),
    _Form("Casio", "Casio 2", b"QVC\0\0\0", 6, order="big"),
    _Form("Sony", "Sony DSC", b"SONY DSC \0\0\0", 12),
    _Form("Sony", "Sony CAM", b"SONY CAM \0\0\0", 12),
    _Form("Sony", "Sony Mobile", b"SONY MOBILE", 12),
    _Form("Sony", "Sony PIC", b"\0\0SONY PIC\0", 12),
    _Form("Apple", "Apple iOS", b"Apple iOS\0", 14, "note", order_at=12),
    _Form("Sigma", "Sigma", b"SIGMA\0\0\0", 10),
    _Form("Sigma", "Foveon", b"FOVEON\0\0", 10),
    _Form("Leica", "Leica 1", b"LEICA\0\0\0", 8),
    _Form("Leica", "Leica", b"LEICA\0", 8, "note"),
    _Form("Ricoh", "Ricoh, directory", b"RICOH\0II", 10, "note", order_at=6),
    _Form("Ricoh", "Ricoh, directory", b"Ricoh\0\0\0", 8),
    _Form("Ricoh", "Ricoh, directory", b"RICOH\0\0\0", 8),
    _Form("Ricoh", "Ricoh, text", b"Rv"),
    _Form("Ricoh", "Ricoh, text", b"Rev"),
    _Form("Sanyo", "Sanyo", b"SANYO\0", 8),
    _Form("Epson", "Epson", b"EPSON\0", 8),
    _Form("Motorola", "Motorola", b"MOT\0", 8, "note"),
    _Form("Samsung", "Samsung, text", b"STMN"),
    _Form("Kodak", "Kodak, fixed fields", b"KDK"),
    _Form("Konica", "Konica, fixed fields", b"KC"),
    _Form("JVC", "JVC, text", b"VER:"),
    _Form("Reconyx", "Reconyx, fixed fields", b"RECONYX"),
    _Form("DJI", "DJI, debugging text", b"[ae_dbg_info:"),
    _Form("Google", "Google HDR+", b"HDRP"),
    _Form("Hewlett-Packard", "Hewlett-Packard", b"Hewlett-Packard"),
)  # fmt: skip
_NO_HEADER = "a directory without header"
# Notes that are a directory from their first byte are recognised by the Make field only.
_BARE = {
    "canon": _Form("Canon", _NO_HEADER, start=0),
    "nikon": _Form("Nikon", f"Nikon 2: {_NO_HEADER}", start=0),
    "casio": _Form("Casio", f"Casio 1: {_NO_HEADER}", start=0),
    "minolta": _Form("Minolta", _NO_HEADER, start=0),
    "sony": _Form("Sony", _NO_HEADER, start=0), "dji": _Form("DJI", _NO_HEADER, start=0),
    "hasselblad": _Form("Hasselblad", _NO_HEADER, start=0),
    "samsung": _Form("Samsung", _NO_HEADER, start=0, base="note"),
    "flir": _Form("FLIR", _NO_HEADER, start=0),
    "eastman kodak": _Form("Kodak", "fixed fields"),
    "hewlett-packard": _Form("Hewlett-Packard", "fixed fields"),
    "leica": _Form("Leica", _NO_HEADER, start=0),
    "pentax": _Form("Pentax", _NO_HEADER, start=0), "asahi": _Form("Pentax", _NO_HEADER, start=0),
}  # fmt: skip

# Fields that are read: tag to name, by maker.
_FIELDS: dict[str, dict[int, str]] = {
    "Canon": {0x0006: "ImageType", 0x0007: "FirmwareVersion", 0x0009: "OwnerName",
              0x000C: "SerialNumber", 0x0010: "ModelID", 0x0096: "InternalSerialNumber"},
    "Nikon": {0x0001: "MakerNoteVersion", 0x001D: "SerialNumber", 0x00A0: "SerialNumber2",
              0x00A7: "ShutterCount"},
    "Olympus": {0x0207: "CameraType", 0x0404: "SerialNumber", 0x101A: "SerialNumber2"},
    "Panasonic": {0x0002: "FirmwareVersion", 0x0025: "InternalSerialNumber",
                  0x0026: "MakerNoteVersion", 0x0029: "TimeSincePowerOn"},
    "Fujifilm": {0x0000: "Version", 0x0010: "InternalSerialNumber"},
    "Pentax": {0x0005: "ModelID", 0x0006: "Date", 0x0007: "Time", 0x0229: "SerialNumber"},
    "Casio": {0x0015: "FirmwareDate", 0x2001: "FirmwareDate2"},
    "Apple": {0x0001: "MakerNoteVersion", 0x0003: "RunTime", 0x0008: "AccelerationVector",
              0x000B: "BurstUUID", 0x0011: "ContentIdentifier", 0x0014: "ImageCaptureType",
              0x0015: "ImageUniqueID", 0x002B: "PhotoIdentifier"},
    "DJI": {0x0001: "Make", 0x0003: "SpeedX", 0x0004: "SpeedY", 0x0005: "SpeedZ",
            0x0006: "Pitch", 0x0007: "Yaw", 0x0008: "Roll", 0x0009: "CameraPitch",
            0x000A: "CameraYaw", 0x000B: "CameraRoll"},
    "Samsung": {0x0003: "ModelID", 0xA001: "FirmwareName", 0xA002: "SerialNumber"},
    "Sigma": {0x0002: "SerialNumber", 0x0017: "FirmwareVersion"},
    "Ricoh": {0x0002: "FirmwareVersion"},
    "Minolta": {0x0000: "MakerNoteVersion"},
    "Sony": {0xB001: "ModelID"},
}  # fmt: skip
# The same for a directory below the main one, by maker and the tag that points to it.
_FIELDS_BELOW: dict[tuple[str, int], dict[int, str]] = {
    ("Olympus", 0x2010): {0x0101: "SerialNumber", 0x0102: "InternalSerialNumber",
                          0x0104: "BodyFirmwareVersion"},
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class MakerNote:
    """A maker note, recognised without reading most of it.

    ``maker`` is that of its header, else of the Make field. ``offsets``: ``stand`` (the values lie
    where they point), ``shifted`` (the values would with ``shift_bytes`` added to every offset),
    ``outside`` (many lie outside the note and no shift brings them in), ``none`` (nothing is
    stored by offset), ``unknown`` (no directory).
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
    place: int  # of the inline value, or the stored offset
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

    ``tiff_start`` is the TIFF header its offsets may count from, ``order`` the byte order of the
    block around it, ``make`` the Make field, for notes without a header.
    """
    stop = min(start + length, len(reading.data))
    head = reading.data[start : min(stop, start + 24)]
    form = _form_of(head, make)
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
            f"the offsets of the {form.maker} maker note point {-shift:+d} bytes away from their "
            "values; software that moves the block causes this, and some cameras write such "
            "offsets",
            start, length,
        )  # fmt: skip
    _read_fields(reading, form.maker, ifd, shift, start, stop, _FIELDS.get(form.maker, {}))
    _below(reading, form.maker, ifd, shift, start, stop)
    return MakerNote(
        maker=form.maker, form=form.name, offset=place, length=length, byte_order=ifd.order,
        readable=True, fields=len(ifd.fields), offsets=standing,
        shift_bytes=shift if standing == "shifted" else None,
    )  # fmt: skip


def _form_of(head: bytes, make: str | None) -> _Form | None:
    for form in _HEADED:
        if head.startswith(form.magic):
            return form
    word = (make or "").strip().lower()
    return next((form for start, form in _BARE.items() if start in word), None)


def _directory(
    data: bytes, form: _Form, start: int, stop: int, tiff_start: int, order: Order
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
    """Read a directory; None where an entry is not valid."""
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
    """Return whether the values lie where the offsets point, or by how much they are moved."""
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
    """Return how far a Canon note was moved: its last bytes state where it was written."""
    footer = data[max(start, stop - 8) : stop]
    mark = b"II*\0" if ifd.order == "little" else b"MM\0*"
    if len(footer) < 8 or footer[:4] != mark or ifd.base == start:
        return None
    written = int.from_bytes(footer[4:], ifd.order)
    return start - ifd.base - written if 0 < written < 1 << 31 else None


def _below(reading: Reading, maker: str, ifd: _Ifd, shift: int, start: int, stop: int) -> None:
    for field in ifd.fields:
        names = _FIELDS_BELOW.get((maker, field.tag))
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
            continue  # outside the note: the bytes may belong to something else
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
    if field.type not in _NUMERIC:
        return None
    values = numbers(raw, field.type, order)
    return values[0] if len(values) == 1 else values


def _run_time(raw: bytes) -> Value | None:
    """Return the seconds the phone had been running, from a small property list."""
    if int.from_bytes(raw[-24:-16], "big") > len(raw):  # more objects than bytes
        return None
    try:
        found = plistlib.loads(raw, fmt=plistlib.FMT_BINARY)
        seconds = float(found["value"]) / float(found["timescale"])
    except _PLIST_ERRORS:
        return None
    return seconds if math.isfinite(seconds) else None
