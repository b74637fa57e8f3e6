"""Every picture inside a file: thumbnails, previews, gain maps, and their agreement.

Pictures are found by their headers; those that are small copies are decoded and compared with the
main picture, all on their stored grids.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from imgcheck.errors import ImgcheckError
from imgcheck.imaging import Image
from imgcheck.imaging.containers import structure as read_structure
from imgcheck.imaging.containers.boxes import header_length
from imgcheck.imaging.containers.heif import items
from imgcheck.imaging.containers.jpeg import PROCESSES
from imgcheck.imaging.containers.mpf import read_mpf
from imgcheck.imaging.containers.tiff import Directory, TiffBlock, integers, read_tiff
from imgcheck.imaging.containers.tree import Node, Structure, Walk, printable
from imgcheck.imaging.image import FileContent, file_bytes
from imgcheck.imaging.reduced import stored_gray
from imgcheck.provenance.fields.blocks import resources
from imgcheck.provenance.fields.carriers import carriers, exif_start
from imgcheck.provenance.fields.values import Reading
from imgcheck.provenance.pictures.agreement import Agreement, thumbnail_agreement

Encoding = Literal["jpeg", "rgb", "bgr", "gray", "palette", "png", "hevc", "av1", "other"]

_ITEMS: dict[str, Encoding] = {"hvc1": "hevc", "av01": "av1", "jpeg": "jpeg"}
_MOST = 64  # pictures of one file; a burst has some 30
_MAX_CONTENT = 32 << 20  # bytes of one picture
_MAX_RAW_SIDE = 1024  # of an uncompressed thumbnail; the standards allow 255 or 160 x 120
_THUMBNAIL_OLD, _THUMBNAIL = 0x0409, 0x040C  # Photoshop 4 (blue first) and 5
_ROLES = {"thmb": "thumbnail", "auxl": "auxiliary"}
_MAX_ROWS = 10_000
# Roles of embedded pictures that are not small copies of the picture.
_NO_COPIES = ("gain map", "depth", "hdrgainmap", "panorama", "disparity", "multi-angle", "original")
_MOST_COMPARED = 8  # pictures of one file that are decoded


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedPicture:
    """One picture inside a file.

    ``source`` is the block that points to it (``IFD1``, ``JFIF``, ``Photoshop``, ``MPF``,
    ``trailer``, ``HEIF thumbnail``...); ``role`` is ``thumbnail``, ``preview``, ``reduced``,
    ``gain map``, or the name of its MPF entry. Width and height are those of its header; the
    offset is None where it is no single run of the file's bytes; ``stated_length`` is that of the
    pointer, where the file holds fewer bytes.
    """

    source: str
    role: str
    encoding: Encoding
    width: int | None
    height: int | None
    offset: int | None
    length: int
    stated_length: int
    content: bytes = field(repr=False)

    def described(self) -> dict[str, Any]:
        return {
            name: getattr(self, name)
            for name in ("source", "role", "encoding", "width", "height", "offset", "length",
                         "stated_length")
        }  # fmt: skip


def embedded_pictures(
    data: FileContent, *, format: str, structure: Structure | None = None
) -> tuple[EmbeddedPicture, ...]:
    """List the pictures inside a file, in the order in which they are pointed to.

    Parameters
    ----------
    data : bytes or path
        The whole file, or where it lies.
    format : str
        What the content was sniffed to be.
    structure : Structure, optional
        The walked file, where the caller has it already.

    Returns
    -------
    tuple of EmbeddedPicture
        At most 64. A pointer out of the file gives no picture or a shortened one, never an
        exception.

    Notes
    -----
    Previews that only a maker note points to are not listed.
    """
    data = file_bytes(data)
    tree = structure if structure is not None else read_structure(data, format=format)
    found: list[EmbeddedPicture] = []
    seen: set[tuple[int | None, int]] = set()
    for one in _all(data, tree):
        key = (one.offset, one.length)
        if one.offset is not None and key in seen:
            continue
        seen.add(key)
        found.append(one)
        if len(found) == _MOST:
            break
    return tuple(found)


def _all(data: bytes, tree: Structure) -> Iterator[EmbeddedPicture]:
    reading = Reading(data=data)
    for node in tree.nodes:
        if node.kind == "APP0":
            yield from _jfif(data, node)
    for carrier in carriers(reading, tree):
        whole = data if carrier.packed is None else carrier.packed
        start = carrier.offset if carrier.packed is None else 0
        end = start + (carrier.length if carrier.packed is None else len(carrier.packed))
        where = carrier.packed is None
        if carrier.kind == "exif":
            yield from _exif(whole, exif_start(whole, start, end), end, where)
        elif carrier.kind == "photoshop":
            yield from _photoshop(Reading(data=whole), start, end, where)
    yield from _mpf(data, tree)
    yield from _behind(data, tree)
    if tree.format in ("heif", "avif"):
        yield from _heif(data, tree)


def jpeg_size(content: bytes) -> tuple[int, int] | None:
    """Return width and height of the first frame header of a JPEG (T.81 B.2.2), or None."""
    position = 2
    for _ in range(200):
        while content[position : position + 2] == b"\xff\xff":
            position += 1
        head = content[position : position + 10]
        if len(head) < 10 or head[0] != 0xFF or head[1] in (0xD9, 0xDA):
            return None
        if head[1] in PROCESSES:
            return int.from_bytes(head[7:9], "big"), int.from_bytes(head[5:7], "big")
        position += 2 + int.from_bytes(head[2:4], "big")
    return None


def _jpeg(
    data: bytes, start: int, length: int, end: int, source: str, role: str, where: bool
) -> Iterator[EmbeddedPicture]:
    """Return a JPEG that a pointer promises, as far as its bytes are there."""
    content = data[start : min(start + min(length, _MAX_CONTENT), end)]
    if start < 0 or content[:3] != b"\xff\xd8\xff":
        return
    size = jpeg_size(content) or (None, None)
    yield EmbeddedPicture(
        source=source, role=role, encoding="jpeg", width=size[0], height=size[1],
        offset=start if where else None, length=len(content), stated_length=length,
        content=content,
    )  # fmt: skip


def _raw(
    data: bytes, start: int, end: int, size: tuple[int, int], encoding: Encoding, source: str,
    where: bool, palette: int = 0,
) -> Iterator[EmbeddedPicture]:  # fmt: skip
    """Return an uncompressed thumbnail; a palette precedes its indices."""
    width, height = size
    depth = 3 if encoding in ("rgb", "bgr") else 1
    length = palette + depth * width * height
    content = data[start : min(start + length, end)]
    if 0 < width <= _MAX_RAW_SIDE and 0 < height <= _MAX_RAW_SIDE and len(content) == length:
        yield EmbeddedPicture(
            source=source, role="thumbnail", encoding=encoding, width=width, height=height,
            offset=start if where else None, length=length, stated_length=length,
            content=content,
        )  # fmt: skip


def _jfif(data: bytes, node: Node) -> Iterator[EmbeddedPicture]:
    """JFIF 1.02: RGB behind the two sizes; the extension JFXX may hold a JPEG or a palette."""
    end = node.offset + node.length
    if node.note == "JFIF" and node.length >= 18:
        size = data[node.offset + 16], data[node.offset + 17]
        yield from _raw(data, node.offset + 18, end, size, "rgb", "JFIF", True)
    elif node.note == "JFXX" and node.length >= 12:
        kind, start = data[node.offset + 9], node.offset + 10
        size = data[start], data[start + 1]
        if kind == 0x10:
            yield from _jpeg(data, start, end - start, end, "JFXX", "thumbnail", True)
        elif kind == 0x11:
            yield from _raw(data, start + 2, end, size, "palette", "JFXX", True, palette=768)
        elif kind == 0x13:
            yield from _raw(data, start + 2, end, size, "rgb", "JFXX", True)


def _exif(data: bytes, start: int, end: int, where: bool) -> Iterator[EmbeddedPicture]:
    block = read_tiff(Walk(data=data), start, end)
    for directory in block.directories if block else ():
        if block is not None:
            yield from _directory(data, block, directory, where)


def _directory(
    data: bytes, block: TiffBlock, directory: Directory, where: bool
) -> Iterator[EmbeddedPicture]:
    fields = {entry.tag: entry for entry in directory.entries}

    def first(tag: int) -> int | None:
        values = integers(data, fields[tag], block.order, 1) if tag in fields else []
        return values[0] if values else None

    offset, length = first(0x0201), first(0x0202)
    if offset and length:
        role = "thumbnail" if directory.name == "IFD1" else "preview"
        yield from _jpeg(data, block.start + offset, length, block.end, directory.name, role, where)
    # TIFF 6.0: bit 0 of NewSubfileType marks a reduced version of another picture of the file.
    reduced = (directory.name == "IFD1" and offset is None) or (first(0x00FE) or 0) & 1
    strip, size = first(0x0111), first(0x0117)
    if not reduced or directory.name == "IFD0" or not strip or not size:
        return
    start = block.start + strip
    width, height = first(0x0100) or 0, first(0x0101) or 0
    if first(0x0103) in (6, 7):
        yield from _jpeg(data, start, size, block.end, directory.name, "reduced", where)
    elif first(0x0103) == 1 and fields[0x0111].count == 1:
        encoding: Encoding = "rgb" if first(0x0106) == 2 else "gray"
        yield from _raw(data, start, block.end, (width, height), encoding, directory.name, where)


def _photoshop(reading: Reading, start: int, end: int, where: bool) -> Iterator[EmbeddedPicture]:
    for block in resources(reading, start, end):
        if block.number not in (_THUMBNAIL, _THUMBNAIL_OLD) or block.length <= 28:
            continue
        head = reading.data[block.offset : block.offset + 28]
        form, width, height = (int.from_bytes(head[i : i + 4], "big") for i in (0, 4, 8))
        place, length = block.offset + 28, block.length - 28
        if form == 1:
            yield from _jpeg(reading.data, place, length, place + length, "Photoshop",
                             "thumbnail", where)  # fmt: skip
        elif form == 0 and int.from_bytes(head[12:16], "big") == 3 * width:
            order: Encoding = "bgr" if block.number == _THUMBNAIL_OLD else "rgb"
            yield from _raw(reading.data, place, place + length, (width, height), order,
                            "Photoshop", where)  # fmt: skip


def _mpf(data: bytes, tree: Structure) -> Iterator[EmbeddedPicture]:
    index = read_mpf(data, structure=tree) if tree.format == "jpeg" else None
    for entry in index.entries if index else ():
        if entry.state == "found":
            yield from _jpeg(data, entry.offset, entry.length, len(data), "MPF", entry.kind, True)


def _behind(data: bytes, tree: Structure) -> Iterator[EmbeddedPicture]:
    for node in tree.nodes:
        for part in node.children if node.kind == "trailer" else ():
            if part.kind == "JPEG":
                yield from _jpeg(data, part.offset, part.length, len(data), "trailer",
                                 "behind the end", True)  # fmt: skip


def _heif(data: bytes, structure: Structure) -> Iterator[EmbeddedPicture]:
    """List thumbnails and auxiliary pictures (gain maps, depth) of the first ``meta`` box.

    ISO/IEC 23008-12: an ``iref`` of type ``thmb`` or ``auxl`` states which item belongs to which;
    ``ipma`` gives each item its properties: ``ispe`` its size, ``auxC`` its kind.
    """
    meta = next((node for node in structure.nodes if node.kind == "meta"), None)
    if meta is None:
        return
    boxes = {node.kind: node for node in meta.children}
    roles = _roles(data, boxes.get("iref"))
    if not roles:
        return
    known = _properties(data, boxes.get("iprp"))
    for item in items(data, structure, Reading(data=data).observe):
        if item.number in roles and item.extents:
            width, height, note = _size_and_kind(data, known.get(item.number, []))
            extents = item.extents[:64]
            parts = (data[at : at + min(size, _MAX_CONTENT)] for at, size in extents)
            content = b"".join(parts)[:_MAX_CONTENT]
            role = roles[item.number]
            yield EmbeddedPicture(
                source=f"HEIF {role}", role=note or role,
                encoding=_ITEMS.get(item.kind, "other"), width=width, height=height,
                offset=extents[0][0] if len(extents) == 1 else None, length=len(content),
                stated_length=sum(size for _, size in item.extents), content=content,
            )  # fmt: skip


def _roles(data: bytes, iref: Node | None) -> dict[int, str]:
    if iref is None:
        return {}
    start = iref.offset + header_length(data, iref)
    wide = 4 if data[start : start + 1] == b"\x01" else 2
    found = {}
    for node in iref.children:
        if node.kind in _ROLES:
            place = node.offset + header_length(data, node)
            found[int.from_bytes(data[place : place + wide], "big")] = _ROLES[node.kind]
    return found


def _properties(data: bytes, iprp: Node | None) -> dict[int, list[Node]]:
    """Return for each item the property boxes that ``ipma`` links to it."""
    known: dict[int, list[Node]] = {}
    ipco = next((n for n in iprp.children if n.kind == "ipco"), None) if iprp else None
    ipma = next((n for n in iprp.children if n.kind == "ipma"), None) if iprp else None
    if ipco is None or ipma is None:
        return known
    position = ipma.offset + header_length(data, ipma)
    end = min(ipma.offset + ipma.length, len(data))
    wide = 4 if data[position : position + 1] != b"\0" else 2
    long = bool(data[position + 3 : position + 4] and data[position + 3] & 1)
    count = int.from_bytes(data[position + 4 : position + 8], "big")
    position += 8
    for _ in range(min(count, _MAX_ROWS)):
        if position + wide + 1 > end:
            break
        number = int.from_bytes(data[position : position + wide], "big")
        rows = data[position + wide]
        position += wide + 1
        step = 2 if long else 1
        for place in range(position, min(position + rows * step, end - step + 1), step):
            # The first bit marks a property that a reader must support.
            index = int.from_bytes(data[place : place + step], "big") & (0x7FFF if long else 0x7F)
            if 0 < index <= len(ipco.children):
                known.setdefault(number, []).append(ipco.children[index - 1])
        position += rows * step
    return known


def _size_and_kind(data: bytes, properties: list[Node]) -> tuple[int | None, int | None, str]:
    width = height = None
    note = ""
    for node in properties:
        start = node.offset + header_length(data, node) + 4
        if node.kind == "ispe" and start + 8 <= len(data):
            width, height = (int.from_bytes(data[i : i + 4], "big") for i in (start, start + 4))
        elif node.kind == "auxC":
            end = node.offset + node.length
            note = printable(data[start:end].split(b"\0", 1)[0], 60)
    return width, height, note


@dataclass(frozen=True, slots=True)
class NotCompared:
    """An embedded picture was not compared with the main one, for this reason."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedComparison:
    """One embedded picture (`EmbeddedPicture.described`) and its comparison with the main one."""

    picture: dict[str, Any]
    result: Agreement | NotCompared


def _gray(picture: EmbeddedPicture) -> NDArray[np.float32] | None:
    """Decode an embedded picture to (M, N) float32 in [0, 1]; None where that is impossible."""
    if picture.encoding in ("jpeg", "png"):
        try:
            return stored_gray(Image.from_bytes(picture.content, name=picture.source))
        except ImgcheckError:
            return None
    width, height = picture.width or 0, picture.height or 0
    raw = np.frombuffer(picture.content, np.uint8)
    if picture.encoding == "palette" and raw.size == 768 + width * height:
        raw = raw[:768].reshape(256, 3)[raw[768:]].ravel()
    if picture.encoding == "gray" and raw.size == width * height:
        return raw.reshape(height, width).astype(np.float32) / np.float32(255)
    if picture.encoding not in ("rgb", "bgr", "palette") or raw.size != 3 * width * height:
        return None
    # BT.601, as the main picture's gray.
    weights = np.array([0.299, 0.587, 0.114], np.float32)
    colours = raw.reshape(height, width, 3).astype(np.float32) / np.float32(255)
    return np.asarray(colours @ (weights[::-1] if picture.encoding == "bgr" else weights))


def compare_embedded(image: Image, *, structure: Structure) -> tuple[EmbeddedComparison, ...]:
    """Compare every embedded picture of a file with the picture itself, as it is stored.

    In the order of `embedded_pictures`. A JPEG is decoded at a reduced scale only. Gain maps and
    frames of other views are listed and not compared.
    """
    found = embedded_pictures(image.data, format=image.format, structure=structure)
    return tuple(
        EmbeddedComparison(picture=one.described(), result=_compared(image, one, index))
        for index, one in enumerate(found)
    )


def _compared(image: Image, picture: EmbeddedPicture, index: int) -> Agreement | NotCompared:
    if any(word in picture.role for word in _NO_COPIES):
        return NotCompared("it is not meant as a copy of the picture")
    if index >= _MOST_COMPARED:
        return NotCompared(f"only the first {_MOST_COMPARED} are compared")
    small = _gray(picture)
    if small is None:
        return NotCompared("it cannot be decoded")
    try:
        return thumbnail_agreement(small, stored_gray(image))
    except ImgcheckError:
        return NotCompared("the picture itself cannot be decoded")
