"""Photoshop image resources (8BIM) and the IPTC-IIM records inside them.

Adobe Photoshop File Formats Specification; IPTC-NAA Information Interchange Model 4.2.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from imgcheck.provenance.fields.charset import declared, guess
from imgcheck.provenance.fields.tags import IPTC
from imgcheck.provenance.fields.value import Reading, Value

_MAX_RESOURCES = 2_000
_MAX_RECORDS = 4_000
IPTC_RESOURCE, THUMBNAIL_RESOURCE, ICC_RESOURCE, XMP_RESOURCE = 0x0404, 0x040C, 0x040F, 0x0424
DIGEST_RESOURCE = 0x0425
_NUMBERS = {(1, 0), (1, 20), (1, 22), (2, 0)}
_SIGNATURES = (b"8BIM", b"MeSa", b"AgHg", b"PHUT", b"DCSR")


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
    stored = next((one for one in found if one.number == DIGEST_RESOURCE), None)
    block = next((one for one in found if one.number == IPTC_RESOURCE), None)
    if stored is None or stored.length != 16:
        return
    digest = reading.take(stored.offset, 16)
    reading.add("Photoshop", "IPTCDigest", digest.hex(), tag=DIGEST_RESOURCE,
                offset=stored.offset, length=16, reader="8bim")  # fmt: skip
    body = reading.take(block.offset, block.length) if block else b""
    # An all-zero digest means "not computed"; MD5 is what the format prescribes.
    present = hashlib.md5(body, usedforsecurity=False)
    reading.add("Photoshop", "PresentIPTCDigest", present.hexdigest(),
                offset=block.offset if block else None, length=block.length if block else None,
                reader="8bim")  # fmt: skip
    if any(digest) and digest != present.digest():
        reading.observe(
            "digest", "the IPTC block is not the one whose digest Photoshop stored",
            stored.offset, 16,
        )  # fmt: skip


def read_details(reading: Reading, found: list[Resource]) -> None:
    """Add what the resources say in a few bytes: programs, quality, flags, names."""
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
        yield (
            "JPEGFormat",
            {0: "standard", 1: "optimised", 0x101: "progressive"}.get(
                int.from_bytes(raw[2:4], "big"), int.from_bytes(raw[2:4], "big")
            ),
        )
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
        charset = guess(texts)  # what is no UTF-8 after all; one program wrote the whole block
    values: dict[str, Value] = {}
    for key, raw, offset in sets:
        _keep(reading, values, key, raw, charset, offset)
    return values


def _data_sets(
    reading: Reading, position: int, end: int
) -> Iterator[tuple[tuple[int, int], bytes, int]]:
    """Walk the data sets: number, bytes and their place."""
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


def _keep(
    reading: Reading, values: dict[str, Value], key: tuple[int, int], raw: bytes,
    charset: str | None, offset: int,
) -> None:  # fmt: skip
    name = IPTC.get(key, f"{key[0]}:{key[1]}")
    value: Value
    if len(raw) > 3 and not any(raw):
        reading.observe(
            "zeroed", f"IPTC {key[0]}:{key[1]} holds {len(raw)} zero bytes", offset, len(raw)
        )
    if key in _NUMBERS:
        value = int.from_bytes(raw[:2], "big")
    elif key == (1, 90):
        value = (declared(raw) or f"({len(raw)} bytes)").upper()
    else:
        # Fields of a fixed width are filled with zeros; what stands behind those is not theirs.
        head, _, rest = raw.partition(b"\0")
        value = reading.decode(head, charset)
        if rest.strip(b"\0 "):
            reading.observe(
                "hidden-text", f"IPTC {key[0]}:{key[1]} holds bytes behind the end of its text",
                offset + len(head), len(rest),
            )  # fmt: skip
    reading.add("IPTC", name, value, tag=key[1], offset=offset, length=len(raw), reader="iptc")
    known = values.get(name)
    if known is None:
        values[name] = value
    elif isinstance(known, list):
        if len(known) < 256:
            values[name] = [*known, str(value)]
    else:
        values[name] = [str(known), str(value)]
