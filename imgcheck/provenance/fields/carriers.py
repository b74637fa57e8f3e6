"""Where in a file metadata lives: every block, whatever the container calls it."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from imgcheck.imaging.containers.boxes import header_length
from imgcheck.imaging.containers.gif import sub_block_bytes
from imgcheck.imaging.containers.heif import items
from imgcheck.imaging.containers.tree import Node, Structure
from imgcheck.provenance.fields.values import Reading

Kind = Literal["exif", "xmp", "extended xmp", "photoshop", "iptc", "icc", "comment", "text",
               "jfif", "adobe"]  # fmt: skip

# A profile or a packet of this size unpacked is a bomb, not metadata.
_MAX_UNPACKED = 4 << 20
_MAX_TEXTS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """One block of metadata.

    ``packed`` holds the bytes where they are not a single run of the file (compressed,
    scattered); then ``offset`` is only the beginning of the block in the file.
    """

    kind: Kind
    offset: int
    length: int
    packed: bytes | None = None
    name: str = ""


def carriers(reading: Reading, structure: Structure) -> list[Carrier]:
    """List the metadata blocks of a walked file, in the order of its bytes."""
    finder = {
        "jpeg": _jpeg, "png": _png, "tiff": _tiff, "webp": _webp, "gif": _gif, "jp2": _jp2,
        "heif": _heif, "avif": _heif,
    }.get(structure.format)  # fmt: skip
    return list(finder(reading, structure)) if finder else []


def _joined(reading: Reading, kind: Kind, parts: list[tuple[int, int]]) -> Iterator[Carrier]:
    """Return one carrier for bytes that may be scattered over several runs."""
    if len(parts) == 1:
        yield Carrier(kind=kind, offset=parts[0][0], length=parts[0][1])
    elif parts:
        packed = b"".join(reading.take(offset, length) for offset, length in parts)
        yield Carrier(kind=kind, offset=parts[0][0], length=len(packed), packed=packed)


def _payload(node: Node, header: int) -> tuple[int, int]:
    return node.offset + header, max(0, node.length - header)


def _jpeg(reading: Reading, structure: Structure) -> Iterator[Carrier]:
    headers: dict[str, tuple[Kind, int]] = {
        "Exif": ("exif", 10), "XMP": ("xmp", 33), "extended XMP": ("extended xmp", 39),
        "JFIF": ("jfif", 9), "Adobe": ("adobe", 9),
    }  # fmt: skip
    profile: list[tuple[int, int, int]] = []
    resources: list[tuple[int, int]] = []
    for node in structure.nodes:
        if node.kind == "COM":
            yield Carrier(kind="comment", offset=node.offset + 4, length=max(0, node.length - 4))
        elif not node.kind.startswith("APP"):
            continue
        elif node.note in headers:
            kind, header = headers[node.note]
            offset, length = _payload(node, header)
            yield Carrier(kind=kind, offset=offset, length=length)
        elif node.note == "ICC" and node.length > 18:
            offset, length = _payload(node, 18)
            profile.append((reading.data[offset - 2], offset, length))
        elif node.note == "Photoshop":
            resources.append(_payload(node, 18))
    yield from _joined(reading, "icc", [part[1:] for part in sorted(profile)])
    yield from _joined(reading, "photoshop", resources)


def _tiff(reading: Reading, structure: Structure) -> Iterator[Carrier]:
    yield Carrier(kind="exif", offset=0, length=len(reading.data))


def _webp(reading: Reading, structure: Structure) -> Iterator[Carrier]:
    kinds: dict[str, Kind] = {"EXIF": "exif", "XMP ": "xmp", "ICCP": "icc"}
    for root in structure.nodes:
        for node in root.children:
            if node.kind in kinds:
                offset, length = _payload(node, 8)
                yield Carrier(kind=kinds[node.kind], offset=offset, length=length)


def _gif(reading: Reading, structure: Structure) -> Iterator[Carrier]:
    for node in structure.nodes:
        end = node.offset + node.length
        if node.kind == "comment":
            packed = sub_block_bytes(reading.data, node.offset + 2, end, 1 << 16)
            yield Carrier(kind="comment", offset=node.offset, length=node.length, packed=packed)
        elif node.kind == "application" and node.note.startswith("XMP DataXMP"):
            # The packet is stored raw; 257 bytes of falling numbers after it make a reader
            # of sub-blocks land on the terminator.
            offset = node.offset + 14
            yield Carrier(kind="xmp", offset=offset, length=max(0, end - 258 - offset))


def _jp2(reading: Reading, structure: Structure) -> Iterator[Carrier]:
    kinds: dict[str, Kind] = {"XMP": "xmp", "Exif": "exif", "GeoTIFF": "exif"}
    for node in structure.nodes:
        if node.kind == "uuid" and node.note in kinds:
            offset, length = _payload(node, header_length(reading.data, node) + 16)
            yield Carrier(kind=kinds[node.note], offset=offset, length=length)
        for child in node.children:
            if child.kind == "colr":
                offset, length = _payload(child, header_length(reading.data, child) + 3)
                if reading.data[offset - 3 : offset - 2] == b"\x02":
                    yield Carrier(kind="icc", offset=offset, length=length)


def _heif(reading: Reading, structure: Structure) -> Iterator[Carrier]:
    for item in items(reading.data, structure, reading.observe):
        if item.kind == "Exif" and item.extents:
            yield from _heif_exif(reading, item.extents)
        elif item.kind == "mime" and item.content.startswith(b"application/rdf+xml"):
            yield from _joined(reading, "xmp", list(item.extents))
    yield from _heif_profiles(reading, structure)


def _heif_exif(reading: Reading, extents: tuple[tuple[int, int], ...]) -> Iterator[Carrier]:
    """Skip the four bytes that state where the TIFF header begins, and what lies before it."""
    offset, length = extents[0]
    skip = 4 + int.from_bytes(reading.data[offset : offset + 4], "big")
    if skip > length:
        reading.observe("outside", "the Exif item points outside itself", offset, 4)
        return
    parts = [(offset + skip, length - skip), *extents[1:]]
    yield from _joined(reading, "exif", parts)


def _heif_profiles(reading: Reading, structure: Structure) -> Iterator[Carrier]:
    boxes = [
        box
        for meta in structure.nodes if meta.kind == "meta"
        for iprp in meta.children if iprp.kind == "iprp"
        for ipco in iprp.children if ipco.kind == "ipco"
        for box in ipco.children if box.kind == "colr"
    ]  # fmt: skip
    for box in boxes:
        if box.note in ("prof", "rICC"):
            offset, length = _payload(box, header_length(reading.data, box) + 4)
            yield Carrier(kind="icc", offset=offset, length=length)
            return


def _png(reading: Reading, structure: Structure) -> Iterator[Carrier]:
    for count, node in enumerate(structure.nodes):
        offset, length = node.offset + 8, max(0, node.length - 12)
        if node.kind == "eXIf":
            yield Carrier(kind="exif", offset=offset, length=length)
        elif node.kind in ("tEXt", "zTXt", "iTXt", "iCCP") and count < _MAX_TEXTS:
            yield from _png_text(reading, node.kind, offset, length)
        elif node.kind == "tIME" and length == 7:
            raw = reading.data[offset : offset + 7]
            date = (int.from_bytes(raw[:2], "big"), *raw[2:])
            text = "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z".format(*date)
            yield Carrier(kind="text", offset=offset, length=7, packed=text.encode(), name="tIME")


def _png_text(reading: Reading, kind: str, offset: int, length: int) -> Iterator[Carrier]:
    raw = reading.take(offset, length)
    keyword, _, body = raw.partition(b"\0")
    name = reading.decode(keyword[:79])
    packed: bytes | None = body
    if kind == "iTXt":
        flags, _, rest = body[:2], b"", body[2:]
        packed = rest.split(b"\0", 2)[2] if rest.count(b"\0") >= 2 else None
        if packed is not None and flags[:1] == b"\x01":
            packed = _inflate(reading, packed, offset)
    elif kind in ("zTXt", "iCCP"):
        packed = _inflate(reading, body[1:], offset)
    if packed is None:
        reading.observe("invalid", f"a {kind} chunk holds no readable text", offset, length)
    elif kind == "iCCP":
        yield Carrier(kind="icc", offset=offset, length=length, packed=packed, name=name)
    elif name == "XML:com.adobe.xmp":
        yield Carrier(kind="xmp", offset=offset, length=length, packed=packed)
    elif name.startswith("Raw profile type "):
        yield from _raw_profile(reading, name[17:], packed, offset, length)
    else:
        yield Carrier(kind="text", offset=offset, length=length, packed=packed, name=name)


def _inflate(reading: Reading, raw: bytes, offset: int) -> bytes | None:
    """Unpack at most 4 MB; a bomb or garbage gives None."""
    limit = min(_MAX_UNPACKED, reading.budget[0])
    stream = zlib.decompressobj()
    try:
        unpacked = stream.decompress(raw, limit)
    except zlib.error:
        return None
    reading.budget[0] -= len(unpacked)
    if stream.unconsumed_tail:
        reading.observe("limit", f"a compressed block decompresses to over {limit} bytes", offset)
        return None
    return unpacked


def _raw_profile(
    reading: Reading, kind: str, text: bytes, offset: int, length: int
) -> Iterator[Carrier]:
    """Decode what ImageMagick writes: the name, the length, then hexadecimal digits in lines."""
    lines = text.strip(b"\n").split(b"\n", 2)
    digits = b"".join(lines[2].split()) if len(lines) == 3 else b""
    try:
        packed = bytes.fromhex(digits.decode("ascii"))
    except (ValueError, UnicodeDecodeError):
        reading.observe("invalid", "a raw profile in a PNG text is not hexadecimal", offset, length)
        return
    kinds: dict[str, Kind] = {
        "exif": "exif", "APP1": "exif", "iptc": "photoshop", "8bim": "photoshop", "xmp": "xmp",
        "icc": "icc", "icm": "icc",
    }  # fmt: skip
    if kind not in kinds:
        reading.observe("invalid", f"a raw profile of unknown kind {kind[:20]!r}", offset, length)
        return
    found = kinds[kind]
    if kind == "APP1" and packed.startswith(b"http://ns.adobe.com/xap/1.0/\0"):
        found, packed = "xmp", packed[29:]
    yield Carrier(kind=found, offset=offset, length=length, packed=packed)


def exif_start(data: bytes, start: int, end: int) -> int:
    """Skip the "Exif" mark that some writers put before the TIFF header."""
    if data[start : start + 4] == b"Exif" and end - start > 6:
        return start + 6
    return start
