"""Gain maps and films that a JPEG carries behind its picture: what XMP says, and what is there.

Ultra HDR and ISO 21496-1 put a smaller JPEG behind the main one; XMP lists it with its length in
``Container:Directory``, in the order of the bytes. Apple marks the XMP of the second picture.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from imgcheck.imaging.containers.tree import Node, Structure
from imgcheck.imaging.image import FileContent, file_bytes
from imgcheck.provenance.fields.values import Reading, Value
from imgcheck.provenance.fields.xmp import read_xmp

_ITEM = re.compile(r"Container:Directory\[(\d+)\]/(?:.*/)?(?:Item|GContainerItem):(\w+)")
_MAX_ITEMS = 32
_MAX_PACKETS = 8
_XMP_HEAD = 33  # marker, length and the name of the namespace
_ISO = b"urn:iso:std:iso:ts:21496:-1\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedItem:
    """Something XMP says lies behind the picture.

    ``state``: ``there``, ``gone`` (the file ends before it), ``cut off``, ``other bytes``.
    """

    semantic: str
    mime: str
    length: int
    offset: int | None
    state: Literal["there", "gone", "cut off", "other bytes", "unplaced"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GainMap:
    """What says that a gain map should be there, and whether it is.

    Attributes
    ----------
    kinds : tuple of str
        ``Ultra HDR`` (XMP hdrgm), ``ISO 21496-1`` (APP2), ``Apple`` (XMP of a second picture).
    stated_length : int or None
        Bytes that XMP says it has.
    place : tuple of int or None
        Offset and length of the gain map that was found.
    state : str
        ``present``, ``removed`` (announced, but nothing is behind the picture), ``length
        differs``, ``not announced`` (there, but the main picture's metadata does not say so).
    """

    kinds: tuple[str, ...]
    stated_length: int | None
    place: tuple[int, int] | None
    state: Literal["present", "removed", "length differs", "not announced"]


def stated_items(
    data: FileContent, *, structure: Structure, xmp: dict[str, Value] | None = None
) -> tuple[StatedItem, ...]:
    """List what XMP says lies behind the main picture, and whether it does.

    Parameters
    ----------
    data, structure
        The whole file and its walk.
    xmp : dict, optional
        The XMP as `metadata` reads it; read from the main picture's APP1 where absent.

    Notes
    -----
    Covers ``Container:Directory`` (Ultra HDR, motion photo of format 1) and
    ``GCamera:MicroVideoOffset``, which counts from the end of the file.
    """
    data = file_bytes(data)
    known = _packets(data, structure.nodes) if xmp is None else xmp
    end = next((n.offset + 2 for n in structure.nodes if n.kind == "EOI"), None)
    return (*_directory(data, known, end), *_micro_video(data, known))


def read_gain_map(
    data: FileContent, *, structure: Structure, xmp: dict[str, Value] | None = None
) -> GainMap | None:
    """Find the gain map of a JPEG, or what is left of its announcement.

    Returns
    -------
    GainMap or None
        None where nothing speaks of one.

    Notes
    -----
    Losing a gain map is usual: platforms and editors that do not know it drop it.

    References
    ----------
    .. [1] ISO 21496-1:2025; Ultra HDR Image Format 1.1; Adobe, Gain Map specification.
    """
    data = file_bytes(data)
    known = _packets(data, structure.nodes) if xmp is None else xmp
    kinds = []
    if any(name.startswith("hdrgm:") for name in known):
        kinds.append("Ultra HDR")
    if any(node.note == "gain map" for node in structure.nodes):
        kinds.append("ISO 21496-1")
    stated = next((item for item in stated_items(data, structure=structure, xmp=known)
                   if item.semantic.lower() == "gainmap"), None)  # fmt: skip
    announced = bool(kinds or stated)
    found = None
    for picture in _pictures(structure.nodes):
        mark = _marks(data, picture)
        if mark and found is None:
            found = picture
            kinds += [mark] if mark not in kinds else []
    if found is None and stated is not None and stated.state == "there":
        found = next((one for one in _pictures(structure.nodes) if one.offset == stated.offset),
                     None)  # fmt: skip
    if not announced and found is None:
        return None
    length = stated.length if stated else None
    return GainMap(
        kinds=tuple(kinds), stated_length=length,
        place=None if found is None else (found.offset, found.length),
        state=_state(announced, length, found),
    )  # fmt: skip


def gain_map_words(found: GainMap) -> list[str]:
    """Say in plain sentences whether the gain map that should be there is there."""
    said = "" if found.stated_length is None else f" of {found.stated_length} bytes"
    name = " / ".join(found.kinds) or "XMP directory"
    if found.state == "removed":
        return [f"The file announces a gain map{said} ({name}), but none follows the picture.",
                "Platforms and editors that do not know gain maps drop them."]  # fmt: skip
    place = f"{found.place[1]} bytes at {found.place[0]}" if found.place else "not found"
    if found.state == "length differs":
        return [f"The file announces a gain map{said} ({name}); {place} are there."]
    if found.state == "not announced":
        return [f"A gain map ({name}, {place}) follows a picture that does not announce it."]
    return [f"The file carries a gain map ({name}): {place}."]


def _state(
    announced: bool, length: int | None, found: Node | None
) -> Literal["present", "removed", "length differs", "not announced"]:
    if found is None:
        return "removed"
    if not announced:
        return "not announced"
    # The last item of a directory may be followed by padding, which the length may count.
    if length is not None and length != found.length:
        return "length differs"
    return "present"


def _packets(data: bytes, nodes: tuple[Node, ...]) -> dict[str, Value]:
    reading = Reading(data=data)
    known: dict[str, Value] = {}
    packets = [node for node in nodes if node.kind == "APP1" and node.note == "XMP"]
    for node in packets[:_MAX_PACKETS]:
        start = node.offset + _XMP_HEAD
        packet = data[start : node.offset + node.length]
        for name, value in read_xmp(reading, packet, start).items():
            known.setdefault(name, value)
    return known


def _pictures(nodes: tuple[Node, ...]) -> Iterator[Node]:
    for node in nodes:
        if node.kind == "trailer":
            yield from (part for part in node.children if part.kind == "JPEG")


def _marks(data: bytes, picture: Node) -> str:
    """Tell whether a picture's own segments call it a gain map."""
    for node in picture.children:
        if node.kind == "APP2" and node.note == "gain map":
            return "ISO 21496-1"
        if node.kind == "APP1" and node.note == "XMP":
            packet = data[node.offset : node.offset + min(node.length, 1 << 16)]
            if b"hdrgainmap" in packet.lower():
                return "Apple"
            if b"hdr-gain-map/1.0/" in packet and b"GainMapM" in packet:
                return "Ultra HDR"
    return ""


def _directory(data: bytes, known: dict[str, Value], end: int | None) -> Iterator[StatedItem]:
    rows: dict[int, dict[str, str]] = {}
    for name, value in known.items():
        match = _ITEM.fullmatch(name)
        if match and isinstance(value, str) and int(match[1]) <= _MAX_ITEMS:
            rows.setdefault(int(match[1]), {})[match[2]] = value
    place = end
    for number in sorted(rows):
        row = rows[number]
        if row.get("Semantic", "").lower() == "primary":
            place = None if place is None else place + _whole(row.get("Padding"))
            continue
        length = _whole(row.get("Length"))
        yield StatedItem(semantic=row.get("Semantic", "")[:40], mime=row.get("Mime", "")[:60],
                         length=length, offset=place,
                         state=_stands(data, place, length, row.get("Mime", "")))  # fmt: skip
        place = None if place is None else place + length + _whole(row.get("Padding"))


def _micro_video(data: bytes, known: dict[str, Value]) -> Iterator[StatedItem]:
    back = _whole(known.get("GCamera:MicroVideoOffset"))
    if back:
        place = len(data) - back
        state = _stands(data, place, back, "video/mp4") if place > 0 else "gone"
        yield StatedItem(semantic="MicroVideo", mime="video/mp4", length=back,
                         offset=max(0, place), state=state)  # fmt: skip


def _stands(
    data: bytes, place: int | None, length: int, mime: str
) -> Literal["there", "gone", "cut off", "other bytes", "unplaced"]:
    if place is None:
        return "unplaced"
    if place >= len(data) or not data[place:].strip(b"\xff\xd9"):
        return "gone"
    head = data[place : place + 8]
    fits = {"image/jpeg": head[:3] == b"\xff\xd8\xff", "video/mp4": head[4:] == b"ftyp"}
    if not fits.get(mime, True):
        return "other bytes"
    return "there" if place + length <= len(data) else "cut off"


def _whole(value: Value | None) -> int:
    """Read a number of bytes; 0 for what is none."""
    text = value.strip() if isinstance(value, str) else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else 0
