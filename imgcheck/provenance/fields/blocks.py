"""Blocks with a form of their own: ICC profiles, Photoshop resources (8BIM), IPTC-IIM records.

ICC.1:2022; Adobe Photoshop File Formats Specification; IPTC-NAA Information Interchange Model 4.2.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from imgcheck.provenance.fields.values import Reading, Value, declared, decode, guess

_MAX_RESOURCES = 2_000
_MAX_RECORDS = 4_000
IPTC_RESOURCE, THUMBNAIL_RESOURCE, ICC_RESOURCE, XMP_RESOURCE = 0x0404, 0x040C, 0x040F, 0x0424
_DIGEST_RESOURCE = 0x0425
_NUMBERS = {(1, 0), (1, 20), (1, 22), (2, 0)}
_SIGNATURES = (b"8BIM", b"MeSa", b"AgHg", b"PHUT", b"DCSR")
# Four-letter signatures of the header of a profile and where they stand.
_ICC_FIELDS = (
    ("CMMType", 4), ("Class", 12), ("ColorSpace", 16), ("ConnectionSpace", 20),
    ("PrimaryPlatform", 40), ("DeviceManufacturer", 48), ("DeviceModel", 52), ("Creator", 80),
)  # fmt: skip
_IPTC_NAMES = {
    (1, 0): "EnvelopeRecordVersion", (1, 5): "Destination", (1, 20): "FileFormat",
    (1, 22): "FileVersion", (1, 30): "ServiceIdentifier", (1, 40): "EnvelopeNumber",
    (1, 50): "ProductID", (1, 60): "EnvelopePriority", (1, 70): "DateSent", (1, 80): "TimeSent",
    (1, 90): "CodedCharacterSet", (1, 100): "UNO", (2, 0): "RecordVersion",
    (2, 3): "ObjectTypeReference", (2, 8): "EditorialUpdate", (2, 130): "ImageType",
    (2, 131): "ImageOrientation", (2, 135): "LanguageIdentifier", (2, 231): "DocumentHistory",
    (2, 4): "ObjectAttributeReference",
    (2, 5): "ObjectName", (2, 7): "EditStatus", (2, 10): "Urgency", (2, 12): "SubjectReference",
    (2, 15): "Category", (2, 20): "SupplementalCategory", (2, 22): "FixtureIdentifier",
    (2, 25): "Keywords", (2, 26): "ContentLocationCode", (2, 27): "ContentLocationName",
    (2, 30): "ReleaseDate", (2, 35): "ReleaseTime", (2, 37): "ExpirationDate",
    (2, 38): "ExpirationTime", (2, 40): "SpecialInstructions", (2, 42): "ActionAdvised",
    (2, 55): "DateCreated", (2, 60): "TimeCreated", (2, 62): "DigitalCreationDate",
    (2, 63): "DigitalCreationTime", (2, 65): "OriginatingProgram", (2, 70): "ProgramVersion",
    (2, 75): "ObjectCycle", (2, 80): "By-line", (2, 85): "By-lineTitle", (2, 90): "City",
    (2, 92): "Sub-location", (2, 95): "Province/State", (2, 100): "Country/PrimaryLocationCode",
    (2, 101): "Country/PrimaryLocationName", (2, 103): "OriginalTransmissionReference",
    (2, 105): "Headline", (2, 110): "Credit", (2, 115): "Source", (2, 116): "CopyrightNotice",
    (2, 118): "Contact", (2, 120): "Caption/Abstract", (2, 122): "Writer/Editor",
}  # fmt: skip


def read_icc(reading: Reading, profile: bytes, offset: int | None) -> str | None:
    """Add a profile's header fields to the reading; return its description."""
    if len(profile) < 132 or profile[36:40] != b"acsp":
        reading.observe("invalid", "the ICC profile has no ICC header", offset)
        return None
    rows: list[tuple[str, Value]] = [
        ("Version", f"{profile[8]}.{profile[9] >> 4}.{profile[9] & 15}")
    ]
    rows += [(name, decode(profile[at : at + 4]).strip("\0 ")) for name, at in _ICC_FIELDS]
    date = (int.from_bytes(profile[i : i + 2], "big") for i in range(24, 36, 2))
    # The date of the profile, not of the picture: a tag, and never one of the times.
    rows.append(("ProfileDateTime", "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}".format(*date)))
    stated = int.from_bytes(profile[:4], "big")
    if stated != len(profile):
        reading.observe("invalid", f"the ICC profile states {stated} bytes and has {len(profile)}",
                        offset)  # fmt: skip
    description = _profile_text(profile, b"desc")
    rows += [("Copyright", _profile_text(profile, b"cprt") or ""),
             ("ProfileDescription", description or "")]  # fmt: skip
    for name, value in rows:
        if value or name not in ("Copyright", "ProfileDescription"):
            reading.add("ICC", name, value, offset=offset, reader="icc")
    return description


def _profile_text(profile: bytes, signature: bytes) -> str | None:
    count = min(int.from_bytes(profile[128:132], "big"), 100)
    for at in range(132, 132 + 12 * count, 12):
        entry = profile[at : at + 12]
        if entry[:4] == signature and len(entry) == 12:
            start, size = (int.from_bytes(entry[i : i + 4], "big") for i in (4, 8))
            body = profile[start : start + min(size, 4096)]
            break
    else:
        return None
    if body[:4] == b"desc":  # version 2: a count, then ASCII
        length = int.from_bytes(body[8:12], "big")
        return decode(body[12 : 12 + length].split(b"\0", 1)[0]) or None
    if body[:4] == b"text":
        return decode(body[8:].split(b"\0", 1)[0]) or None
    if body[:4] == b"mluc":  # version 4: the first of several languages, UTF-16
        size, start = (int.from_bytes(body[i : i + 4], "big") for i in (20, 24))
        text = body[start : start + min(size, 1024)].decode("utf-16-be", "replace")
        return text.split("\0", 1)[0] or None
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One image resource: ``data[offset:offset + length]`` of the bytes that were read."""

    number: int
    offset: int
    length: int


def resources(reading: Reading, start: int, end: int) -> list[Resource]:
    """List the image resources in ``data[start:end]``."""
    return list(_resources(reading, start, min(end, len(reading.data))))


def _resources(reading: Reading, position: int, end: int) -> Iterator[Resource]:
    data = reading.data
    for _ in range(_MAX_RESOURCES):
        if position + 12 > end:
            return
        if data[position : position + 4] not in _SIGNATURES:
            reading.observe("invalid", "no image resource where one should be", position, 4)
            return
        number = int.from_bytes(data[position + 4 : position + 6], "big")
        name = data[position + 6] + 1  # a Pascal string, padded to an even length
        body = position + 6 + name + name % 2
        length = int.from_bytes(data[body : body + 4], "big")
        start = body + 4
        if start + length > end:
            reading.observe(
                "outside", f"image resource 0x{number:04x} reaches out of its block", position
            )
            length = max(0, end - start)
        yield Resource(number=number, offset=start, length=length)
        position = start + length + length % 2


def check_digest(reading: Reading, found: list[Resource]) -> None:
    """Compare the stored digest of the IPTC block with the block."""
    first = {one.number: one for one in reversed(found)}
    stored, block = first.get(_DIGEST_RESOURCE), first.get(IPTC_RESOURCE)
    if stored is None or stored.length != 16:
        return
    digest = reading.take(stored.offset, 16)
    reading.add("Photoshop", "IPTCDigest", digest.hex(), tag=_DIGEST_RESOURCE,
                offset=stored.offset, length=16, reader="8bim")  # fmt: skip
    body = reading.take(block.offset, block.length) if block else b""
    present = hashlib.md5(body, usedforsecurity=False)  # as the format prescribes
    reading.add("Photoshop", "PresentIPTCDigest", present.hexdigest(),
                offset=block.offset if block else None, length=block.length if block else None,
                reader="8bim")  # fmt: skip
    # An all-zero digest means "not computed".
    if any(digest) and digest != present.digest():
        reading.observe("digest", "the IPTC block does not match the digest that Photoshop stored",
                        stored.offset, 16)  # fmt: skip


def read_details(reading: Reading, found: list[Resource]) -> None:
    for one in found:
        raw = reading.data[one.offset : one.offset + min(one.length, 2048)]
        for name, value in _details(reading, one.number, raw):
            reading.add("Photoshop", name, value, tag=one.number, offset=one.offset,
                        length=one.length, reader="8bim")  # fmt: skip


def _details(reading: Reading, number: int, raw: bytes) -> Iterator[tuple[str, Value]]:
    if number == 0x03ED and len(raw) >= 16:  # resolution, 16.16 fixed point
        for name, start in (("XResolution", 0), ("YResolution", 8)):
            yield name, int.from_bytes(raw[start : start + 4], "big") / 65536
    elif number == 0x0406 and len(raw) >= 4:
        # Quality as in the save dialogue, 0 to 12; stored from -4 on.
        yield "JPEGQuality", int.from_bytes(raw[:2], "big", signed=True) + 4
        form = int.from_bytes(raw[2:4], "big")
        yield "JPEGFormat", {0: "standard", 1: "optimised", 0x101: "progressive"}.get(form, form)
    elif number == 0x040A and raw:
        yield "CopyrightFlag", raw[0]
    elif number == 0x040B:
        yield "URL", reading.decode(raw)
    elif number == 0x0421 and len(raw) >= 13:  # version info: two counted UTF-16 texts
        start = 5
        for name in ("WriterName", "ReaderName"):
            size = 2 * int.from_bytes(raw[start : start + 4], "big")
            text = raw[start + 4 : start + 4 + min(size, 512)].decode("utf-16-be", "replace")
            yield name, text.rstrip("\0")
            start += 4 + size


def read_iptc(reading: Reading, start: int, end: int) -> dict[str, Value]:
    """Read the data sets of an IPTC-IIM block; a repeated one becomes a list."""
    sets = list(_data_sets(reading, start, min(end, len(reading.data))))
    named = next((raw for key, raw, _ in sets if key == (1, 90)), None)
    charset = None if named is None else declared(named)
    texts = b"\n".join(raw for key, raw, _ in sets if key not in _NUMBERS and not raw.isascii())
    if charset in (None, "utf-8") and texts:
        charset = guess(texts)  # one program wrote the whole block
    values: dict[str, Value] = {}
    for key, raw, offset in sets:
        name = _IPTC_NAMES.get(key, f"{key[0]}:{key[1]}")
        value = _iptc_value(reading, key, raw, charset, offset)
        reading.add("IPTC", name, value, tag=key[1], offset=offset, length=len(raw), reader="iptc")
        known = values.get(name)
        if known is None:
            values[name] = value
        elif not isinstance(known, list):
            values[name] = [str(known), str(value)]
        elif len(known) < 256:
            values[name] = [*known, str(value)]
    return values


def _data_sets(
    reading: Reading, position: int, end: int
) -> Iterator[tuple[tuple[int, int], bytes, int]]:
    """Walk the data sets of an IPTC block: number, bytes and their place."""
    data = reading.data
    for _ in range(_MAX_RECORDS):
        if position + 5 > end or data[position] != 0x1C:
            return
        record, number = data[position + 1], data[position + 2]
        length = int.from_bytes(data[position + 3 : position + 5], "big")
        body = position + 5
        if length & 0x8000:  # the length of the length
            size = length & 0x7FFF
            if size > 4 or body + size > end:
                reading.observe("invalid", "an IPTC data set has no legal length", position, 5)
                return
            length = int.from_bytes(data[body : body + size], "big")
            body += size
        if body + length > end:
            reading.observe("outside", f"IPTC {record}:{number} reaches out of its block", position)
            return
        if record in range(1, 10):  # IIM 4.2 defines the records 1 to 9
            yield (record, number), reading.take(body, length), body
        position = body + length


def _iptc_value(
    reading: Reading, key: tuple[int, int], raw: bytes, charset: str | None, offset: int
) -> Value:
    if len(raw) > 3 and not any(raw):
        reading.observe(
            "zeroed", f"IPTC {key[0]}:{key[1]} holds {len(raw)} zero bytes", offset, len(raw)
        )
    if key in _NUMBERS:
        return int.from_bytes(raw[:2], "big")
    if key == (1, 90):
        return (declared(raw) or f"({len(raw)} bytes)").upper()
    # Fields of a fixed width are filled with zeros; bytes behind those do not belong to the text.
    head, _, rest = raw.partition(b"\0")
    value = reading.decode(head, charset)
    if rest.strip(b"\0 "):
        reading.observe(
            "hidden-text", f"IPTC {key[0]}:{key[1]} has bytes after the end of its text",
            offset + len(head), len(rest),
        )  # fmt: skip
    return value
