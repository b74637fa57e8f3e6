"""Values of EXIF and TIFF fields.

How a field becomes a value that JSON can carry:

- ASCII and UTF-8: text up to the first NUL, without trailing blanks;
- integers: a number, or a list where there are several;
- rationals: an integer where the division is exact, else a float; a zero denominator keeps the
  text ``"n/0"``, because it means "unknown" and is no number;
- FLOAT and DOUBLE: a float; not-a-number and infinities as the words "nan", "inf", "-inf";
- UNDEFINED: text, numbers or ``"(n bytes)"`` as the standard says for the tag;
- more than 64 values: ``"(n values)"``. The place of the raw bytes is kept in every case.
"""

import math
import struct

from imgcheck.provenance.containers.tiff_ifd import SIZES, Directory, Entry, Order
from imgcheck.provenance.fields.tags import exif_name
from imgcheck.provenance.fields.text import MAX_TEXT
from imgcheck.provenance.fields.value import Reading, Value

MAX_VALUES = 64
_CODES = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 11: "f", 12: "d", 13: "I",
          16: "Q", 17: "q", 18: "Q"}  # fmt: skip
_BLOBS = {0x02BC, 0x83BB, 0x8649, 0x8773, 0x927C, 0xC634, 0xCD41, 0xEA1C, 0xC4A5, 0x015B}
_TEXTS = {0x9000, 0xA000}  # versions: four ASCII digits
_CODED = {0x9286, 0x001B, 0x001C}  # eight bytes name the character code, then text
_XP = range(0x9C9B, 0x9CA0)  # UTF-16 in bytes


def read_directory(reading: Reading, directory: Directory, order: Order) -> None:
    """Add every field of a directory to the reading."""
    for entry in directory.entries:
        name = exif_name(directory.name, entry.tag)
        if not entry.inside:
            continue  # the structure has observed it
        reading.add(
            directory.name, name, _value(reading, directory.name, entry, order), tag=entry.tag,
            offset=entry.offset, length=entry.length, reader="exif",
        )  # fmt: skip


def _value(reading: Reading, group: str, entry: Entry, order: Order) -> Value:
    tag, gps = entry.tag, group.startswith("GPS")
    if tag in _BLOBS and not gps:
        return f"({entry.length} bytes)"
    if entry.tag in _CODED and gps == (tag < 0x9000) and entry.type in (1, 2, 7):
        # UNDEFINED by the standard; writers that copy tags blindly make it BYTE or ASCII.
        return _coded(reading, reading.take(entry.offset, min(entry.length, 4 * MAX_TEXT)), order)
    if entry.type in (2, 129) or (entry.type in (1, 7) and tag in _XP and not gps):
        raw = reading.take(entry.offset, min(entry.length, 4 * MAX_TEXT))
        if tag in _XP:
            return raw.decode("utf-16-le", "replace")[:MAX_TEXT].split("\0", 1)[0].rstrip()
        return _text(reading, group, entry, raw)
    if entry.type == 7 or (entry.type == 1 and (tag in _TEXTS or entry.count > MAX_VALUES)):
        return _undefined(reading, group, entry, order)
    if entry.count > MAX_VALUES:
        return f"({entry.count} values)"
    values = _numbers(reading.take(entry.offset, entry.length), entry, order)
    if not values:
        return ""
    return values[0] if len(values) == 1 else values


def _text(reading: Reading, group: str, entry: Entry, raw: bytes) -> str:
    head, _, rest = raw.partition(b"\0")
    if rest.strip(b"\0 ") and entry.tag != 0x8298:
        reading.observe(
            "hidden-text",
            f"{group}:{exif_name(group, entry.tag)} holds more bytes behind the end of its text",
            entry.offset + len(head), len(rest),
        )  # fmt: skip
    if entry.tag == 0x8298:  # Copyright: photographer NUL editor
        parts = [reading.decode(part).strip() for part in raw.split(b"\0")]
        return "; ".join(part for part in parts if part)
    return reading.decode(head).rstrip()


def _undefined(reading: Reading, group: str, entry: Entry, order: Order) -> Value:
    raw = reading.take(entry.offset, min(entry.length, 4 * MAX_TEXT))
    gps = group.startswith("GPS")
    if (entry.tag in _TEXTS and not gps) or (group.startswith("Interop") and entry.tag == 2):
        return reading.decode(raw).rstrip("\0 ")
    if entry.tag == 0xA302 and not gps and 4 < len(raw) <= MAX_VALUES:
        return _mosaic(raw, order)
    if len(raw) == 1:
        return raw[0]
    if entry.length <= 4:
        return list(raw)
    return f"({entry.length} bytes)"


def _mosaic(raw: bytes, order: Order) -> Value:
    """Give columns, rows and the colour numbers of a CFAPattern (Exif 3.0, 4.6.6.7)."""
    for assumed in (order, "big" if order == "little" else "little"):
        # Several makers write the two counts in the other byte order.
        columns, rows = (int.from_bytes(raw[i : i + 2], assumed) for i in (0, 2))
        if columns * rows == len(raw) - 4:
            return [columns, rows, *raw[4:]]
    return list(raw)


def _coded(reading: Reading, raw: bytes, order: Order) -> str:
    """Decode the text of a field that begins with the name of its character code."""
    code, body = raw[:8], raw[8:]
    if code == b"UNICODE\0":
        text = _utf_16(body, order)
    elif code == b"JIS\0\0\0\0\0":
        text = _first_fitting(body, ("iso2022_jp", "euc_jp", "shift_jis")) or reading.decode(body)
    elif code in (b"ASCII\0\0\0", b"\0" * 8):
        text = reading.decode(body)
    else:  # written without a code, against the standard: read as plain text
        text = reading.decode(raw)
    return text[:MAX_TEXT].strip("\0").rstrip("\0 ")


def _utf_16(body: bytes, order: Order) -> str:
    """Decode UTF-16 in the byte order that makes more sense; some writers put UTF-8 there."""
    plain = _first_fitting(body.rstrip(b"\0"), ("utf-8",))
    if plain is not None and min(plain, default=" ") >= "\t":
        return plain
    body = body[: len(body) // 2 * 2]
    if body[:2] in (b"\xfe\xff", b"\xff\xfe"):
        return body.decode("utf-16", "replace")
    orders = ("utf-16-le", "utf-16-be") if order == "little" else ("utf-16-be", "utf-16-le")
    texts = [body.decode(name, "replace") for name in orders]
    # In the wrong order a text is spread over many blocks of 256 characters, often unassigned.
    return min(texts, key=lambda text: len({ord(one) >> 8 for one in text}))


def _first_fitting(raw: bytes, charsets: tuple[str, ...]) -> str | None:
    for name in charsets:
        try:
            return raw.decode(name)
        except UnicodeDecodeError:
            continue
    return None


def _numbers(raw: bytes, entry: Entry, order: Order) -> list[int | float | str]:
    mark = "<" if order == "little" else ">"
    count = len(raw) // SIZES[entry.type]
    if entry.type in (5, 10):
        pairs = struct.unpack(f"{mark}{2 * count}{'I' if entry.type == 5 else 'i'}", raw)
        return [_ratio(a, b) for a, b in zip(pairs[::2], pairs[1::2], strict=True)]
    values = struct.unpack(f"{mark}{count}{_CODES[entry.type]}", raw)
    return [value if isinstance(value, int) or math.isfinite(value) else str(value)
            for value in values]  # fmt: skip


def _ratio(numerator: int, denominator: int) -> int | float | str:
    if denominator == 0:
        return f"{numerator}/0"
    whole, rest = divmod(numerator, denominator)
    return numerator / denominator if rest else whole
