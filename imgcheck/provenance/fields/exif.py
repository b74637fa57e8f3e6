"""Values of EXIF and TIFF fields.

How a field becomes a value that JSON can carry:

- ASCII and UTF-8: text up to the first NUL, without trailing blanks;
- integers: a number, or a list where there are several;
- rationals: an integer where the division is exact, else a float; a zero denominator keeps the
  text ``"n/0"``, because it means "unknown";
- FLOAT and DOUBLE: a float; not-a-number and infinities as the words "nan", "inf", "-inf";
- UNDEFINED: text, numbers or ``"(n bytes)"`` as the standard defines for the tag;
- more than 64 values: ``"(n values)"``. The place of the raw bytes is kept in every case.
"""

import math
import struct

from PIL import ExifTags

from imgcheck.imaging.containers.tiff import SIZES, Directory, Entry, Order
from imgcheck.provenance.fields.values import MAX_TEXT, Number, Reading, Value

_MAX_VALUES = 64
_CODES = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 11: "f", 12: "d", 13: "I",
          16: "Q", 17: "q", 18: "Q"}  # fmt: skip
_BLOBS = {0x02BC, 0x83BB, 0x8649, 0x8773, 0x927C, 0xC634, 0xCD41, 0xEA1C, 0xC4A5, 0x015B}
_VERSIONS = {0x9000, 0xA000}  # four ASCII digits
_CODED = {0x9286, 0x001B, 0x001C}  # eight bytes name the character code, then text
_XP = range(0x9C9B, 0x9CA0)  # UTF-16 in bytes
_COPYRIGHT = 0x8298

# Names: those of Pillow, spelt as the standards spell them where Pillow differs (Exif 2.32 and 3.0,
# CIPA DC-008; TIFF 6.0; GeoTIFF).
# Tags 1 and 2 have a meaning in the Interop and GPS directories only.
_IMAGE = {tag.value: tag.name for tag in ExifTags.Base if tag.value > 2} | {
    0x011E: "XPosition", 0x011F: "YPosition", 0x0201: "JPEGInterchangeFormat",
    0x0202: "JPEGInterchangeFormatLength", 0x0203: "JPEGRestartInterval",
    0x0205: "JPEGLosslessPredictors", 0x0206: "JPEGPointTransforms", 0x0207: "JPEGQTables",
    0x0208: "JPEGDCTables", 0x0209: "JPEGACTables", 0x1002: "RelatedImageLength",
    0x828E: "CFAPattern", 0x830E: "ModelPixelScaleTag", 0x83BB: "IPTC",
    0x8480: "IntergraphMatrixTag", 0x8482: "ModelTiepointTag", 0x85D8: "ModelTransformationTag",
    0x8769: "ExifIFDPointer", 0x87AF: "GeoKeyDirectoryTag", 0x87B0: "GeoDoubleParamsTag",
    0x87B1: "GeoAsciiParamsTag", 0x8825: "GPSInfoIFDPointer", 0x8827: "PhotographicSensitivity",
    0x920B: "FlashEnergy", 0x9214: "SubjectArea", 0x9216: "TIFF/EPStandardID",
    0x9290: "SubSecTime", 0x9291: "SubSecTimeOriginal", 0x9292: "SubSecTimeDigitized",
    0x9400: "Temperature", 0xA000: "FlashpixVersion", 0xA002: "PixelXDimension",
    0xA003: "PixelYDimension", 0xA005: "InteroperabilityIFDPointer", 0xA436: "ImageTitle",
    0xA437: "Photographer", 0xA438: "ImageEditor", 0xA439: "CameraFirmware",
    0xA43A: "RAWDevelopingSoftware", 0xA43B: "ImageEditingSoftware",
    0xA43C: "MetadataEditingSoftware", 0xA461: "SourceImageNumberOfCompositeImage",
    0xA462: "SourceExposureTimesOfCompositeImage", 0xA480: "GDAL_METADATA",
    0xA481: "GDAL_NODATA", 0xCD41: "C2PA", 0xEA1C: "Padding", 0xEA1D: "OffsetSchema",
}  # fmt: skip
_GPS = {tag.value: tag.name for tag in ExifTags.GPS}
_INTEROP = _IMAGE | {0x0001: "InteroperabilityIndex", 0x0002: "InteroperabilityVersion"}


def exif_name(group: str, tag: int) -> str:
    """Return the name of a tag in its directory; the bare number where no standard names it."""
    tables = {"GPS": _GPS, "Interop": _INTEROP}
    return tables.get(group.split("-", 1)[0], _IMAGE).get(tag) or f"0x{tag:04x}"


def read_directory(reading: Reading, directory: Directory, order: Order) -> None:
    for entry in directory.entries:
        if entry.inside:  # otherwise the structure has observed it
            reading.add(
                directory.name, exif_name(directory.name, entry.tag),
                _value(reading, directory.name, entry, order), tag=entry.tag,
                offset=entry.offset, length=entry.length, reader="exif",
            )  # fmt: skip


def numbers(raw: bytes, kind: int, order: Order) -> list[Number | str]:
    """Unpack the values of a field of a numeric type."""
    mark = "<" if order == "little" else ">"
    count = len(raw) // SIZES[kind]
    if kind in (5, 10):
        pairs = struct.unpack(f"{mark}{2 * count}{'I' if kind == 5 else 'i'}", raw)
        return [_ratio(a, b) for a, b in zip(pairs[::2], pairs[1::2], strict=True)]
    values = struct.unpack(f"{mark}{count}{_CODES[kind]}", raw)
    return [one if isinstance(one, int) or math.isfinite(one) else str(one) for one in values]


def _ratio(numerator: int, denominator: int) -> Number | str:
    if denominator == 0:
        return f"{numerator}/0"
    whole, rest = divmod(numerator, denominator)
    return numerator / denominator if rest else whole


def _value(reading: Reading, group: str, entry: Entry, order: Order) -> Value:
    tag, gps = entry.tag, group.startswith("GPS")
    if tag in _BLOBS and not gps:
        return f"({entry.length} bytes)"
    raw = reading.take(entry.offset, min(entry.length, 4 * MAX_TEXT)) if (
        entry.type in (1, 2, 7, 129)) else b""  # fmt: skip
    if tag in _CODED and gps == (tag < 0x9000) and entry.type in (1, 2, 7):
        # UNDEFINED by the standard; writers that copy tags blindly make it BYTE or ASCII.
        return _coded(reading, raw, order)
    if tag in _XP and not gps and entry.type in (1, 2, 7, 129):
        return raw.decode("utf-16-le", "replace")[:MAX_TEXT].split("\0", 1)[0].rstrip()
    if entry.type in (2, 129):
        return _text(reading, group, entry, raw)
    if entry.type == 7 or (entry.type == 1 and (tag in _VERSIONS or entry.count > _MAX_VALUES)):
        return _undefined(reading, group, entry, raw, order)
    if entry.count > _MAX_VALUES:
        return f"({entry.count} values)"
    values = numbers(raw or reading.take(entry.offset, entry.length), entry.type, order)
    return "" if not values else values[0] if len(values) == 1 else values


def _text(reading: Reading, group: str, entry: Entry, raw: bytes) -> str:
    if entry.tag == _COPYRIGHT:  # photographer NUL editor
        parts = [reading.decode(part).strip() for part in raw.split(b"\0")]
        return "; ".join(part for part in parts if part)
    head, _, rest = raw.partition(b"\0")
    if rest.strip(b"\0 "):
        reading.observe(
            "hidden-text",
            f"{group}:{exif_name(group, entry.tag)} holds more bytes behind the end of its text",
            entry.offset + len(head), len(rest),
        )  # fmt: skip
    return reading.decode(head).rstrip()


def _undefined(reading: Reading, group: str, entry: Entry, raw: bytes, order: Order) -> Value:
    gps = group.startswith("GPS")
    if (entry.tag in _VERSIONS and not gps) or (group.startswith("Interop") and entry.tag == 2):
        return reading.decode(raw).rstrip("\0 ")
    if entry.tag == 0xA302 and not gps and 4 < len(raw) <= _MAX_VALUES:
        return _colour_filter(raw, order)
    if len(raw) == 1:
        return raw[0]
    return list(raw) if entry.length <= 4 else f"({entry.length} bytes)"


def _colour_filter(raw: bytes, order: Order) -> Value:
    """Return columns, rows and the colour numbers of a CFAPattern (Exif 3.0, 4.6.6.7)."""
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
