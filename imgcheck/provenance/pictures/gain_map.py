"""Gain maps that a JPEG carries behind its picture: what the metadata announces, what is present.

Ultra HDR and ISO 21496-1 put a smaller JPEG behind the main one; XMP lists it with its length in
``Container:Directory``, in the order of the bytes. Apple marks the XMP of the second picture.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from imgcheck.imaging.containers.tree import Node, Structure
from imgcheck.imaging.image import FileContent, file_bytes
from imgcheck.provenance.fields.values import Value

_ITEM = re.compile(r"Container:Directory\[(\d+)\]/(?:.*/)?(?:Item|GContainerItem):(\w+)")
_MAX_ITEMS = 32
_State = Literal["present", "removed", "length differs", "not announced"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GainMap:
    """A gain map that is announced, present, or both.

    Attributes
    ----------
    kinds : tuple of str
        ``Ultra HDR`` (XMP hdrgm), ``ISO 21496-1`` (APP2), ``Apple`` (XMP of a second picture).
    stated_length : int or None
        Length in bytes according to XMP.
    place : tuple of int or None
        Offset and length of the gain map that was found.
    state : str
        ``present``, ``removed`` (announced, but nothing follows the picture), ``length differs``,
        ``not announced`` (present, but not in the main picture's metadata).
    """

    kinds: tuple[str, ...]
    stated_length: int | None
    place: tuple[int, int] | None
    state: _State


def read_gain_map(
    data: FileContent, *, structure: Structure, xmp: Mapping[str, Value]
) -> GainMap | None:
    """Find the gain map of a JPEG, or its announcement; None where there is neither.

    ``xmp`` is that of `metadata`. Losing a gain map is usual: platforms and editors that do not
    support it drop it.

    References
    ----------
    .. [1] ISO 21496-1:2025; Ultra HDR Image Format 1.1; Adobe, Gain Map specification.
    """
    data = file_bytes(data)
    kinds = ["Ultra HDR"] if any(name.startswith("hdrgm:") for name in xmp) else []
    if any(node.note == "gain map" for node in structure.nodes):
        kinds.append("ISO 21496-1")
    end = next((node.offset + 2 for node in structure.nodes if node.kind == "EOI"), None)
    stated = _stated(xmp, end)
    announced = bool(kinds or stated)
    pictures = list(_pictures(structure.nodes))
    marked = [(one, mark) for one in pictures if (mark := _mark(data, one))]
    found = marked[0][0] if marked else None
    if marked and marked[0][1] not in kinds:
        kinds.append(marked[0][1])
    length, place = stated or (None, None)
    if found is None and place is not None and place + (length or 0) <= len(data):
        found = next((one for one in pictures if one.offset == place), None)
    if not announced and found is None:
        return None
    return GainMap(
        kinds=tuple(kinds), stated_length=length,
        place=None if found is None else (found.offset, found.length),
        state=_state(announced, length, found),
    )  # fmt: skip


def gain_map_words(found: GainMap) -> list[str]:
    """Return in plain sentences whether the announced gain map is present."""
    stated = "" if found.stated_length is None else f" of {found.stated_length} bytes"
    name = " / ".join(found.kinds) or "XMP directory"
    if found.state == "removed":
        return [f"The file announces a gain map{stated} ({name}), but none follows the picture.",
                "Platforms and editors that do not support gain maps drop them."]  # fmt: skip
    place = f"{found.place[1]} bytes at {found.place[0]}" if found.place else "not found"
    if found.state == "length differs":
        return [f"The file announces a gain map{stated} ({name}); {place} are there."]
    if found.state == "not announced":
        return [f"A gain map ({name}, {place}) follows a picture that does not announce it."]
    return [f"The file carries a gain map ({name}): {place}."]


def _state(announced: bool, length: int | None, found: Node | None) -> _State:
    if found is None:
        return "removed"
    if not announced:
        return "not announced"
    # The last item of a directory may be followed by padding, which the length may count.
    if length is not None and length != found.length:
        return "length differs"
    return "present"


def _pictures(nodes: tuple[Node, ...]) -> Iterator[Node]:
    for node in nodes:
        if node.kind == "trailer":
            yield from (part for part in node.children if part.kind == "JPEG")


def _mark(data: bytes, picture: Node) -> str:
    """Return the kind of gain map according to a picture's own segments, or nothing."""
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


def _stated(xmp: Mapping[str, Value], end: int | None) -> tuple[int, int | None] | None:
    """Return length and place of the gain map in the directory of XMP; None where it has none."""
    rows: dict[int, dict[str, str]] = {}
    for name, value in xmp.items():
        match = _ITEM.fullmatch(name)
        if match and isinstance(value, str) and int(match[1]) <= _MAX_ITEMS:
            rows.setdefault(int(match[1]), {})[match[2]] = value
    place = end
    for _, row in sorted(rows.items()):
        semantic, length = row.get("Semantic", "").lower(), _bytes(row.get("Length"))
        if semantic == "gainmap":
            return length, place
        length = 0 if semantic == "primary" else length
        place = None if place is None else place + length + _bytes(row.get("Padding"))
    return None


def _bytes(text: str | None) -> int:
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else 0
