"""JPEG as a row of marker segments (ITU-T T.81, Annex B).

Every node begins at the 0xFF of its marker; the payload of a segment with a length field begins
four bytes later. Entropy-coded data is a node of its own, kind ``scan``.
"""

import re

from imgcheck.imaging.header.jpeg import PROCESSES
from imgcheck.provenance.containers.magics import comment, embedded
from imgcheck.provenance.containers.tree import Node, Walk, printable

# T.81 B.1.1.5: inside entropy-coded data 0xFF is followed by 0x00 or RSTn, anything else is the
# next marker. Fill bytes (0xFF 0xFF) are skipped. Linear in the data: one byte of look-ahead.
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]", re.DOTALL)

_NAMES = {0xC4: "DHT", 0xC8: "JPG", 0xCC: "DAC", 0xD8: "SOI", 0xD9: "EOI", 0xDA: "SOS",
          0xDB: "DQT", 0xDC: "DNL", 0xDD: "DRI", 0xDE: "DHP", 0xDF: "EXP", 0xFE: "COM",
          0x01: "TEM"}  # fmt: skip
_ALONE = {0x01, 0xD8, 0xD9, *range(0xD0, 0xD8)}  # markers without a length field

_MAX_DAMAGE = 1_000  # reserved markers passed over in one scan

IDENTIFIERS: tuple[tuple[int, bytes, str], ...] = (
    (0xE0, b"JFIF\0", "JFIF"),
    (0xE0, b"JFXX\0", "JFXX"),
    (0xE1, b"Exif\0", "Exif"),
    (0xE1, b"http://ns.adobe.com/xap/1.0/\0", "XMP"),
    (0xE1, b"http://ns.adobe.com/xmp/extension/\0", "extended XMP"),
    (0xE2, b"ICC_PROFILE\0", "ICC"),
    (0xE2, b"MPF\0", "MPF"),
    (0xE2, b"FPXR\0", "FlashPix"),
    (0xE2, b"urn:iso:std:iso:ts:21496:-1\0", "gain map"),
    (0xEB, b"JP", "JUMBF"),
    (0xEC, b"Ducky", "Ducky"),
    (0xED, b"Photoshop 3.0\0", "Photoshop"),
    (0xEE, b"Adobe", "Adobe"),
)


_KNOWN = {name for _, _, name in IDENTIFIERS} | {"JUMBF c2pa"}


def marker_name(code: int) -> str:
    """Name a marker code of T.81 table B.1."""
    if 0xE0 <= code <= 0xEF:
        return f"APP{code - 0xE0}"
    if 0xD0 <= code <= 0xD7:
        return f"RST{code - 0xD0}"
    if code in PROCESSES:
        return f"SOF{code - 0xC0}"
    return _NAMES.get(code, f"0x{code:02x}")


def walk_stream(walk: Walk, start: int, stop: int) -> tuple[tuple[Node, ...], int]:
    """Walk one JPEG from SOI to EOI; return its nodes and the place after it.

    ``stop`` is where the bytes end that may belong to it; a stream without EOI reaches so far.
    """
    data = walk.data
    if data[start : start + 2] != b"\xff\xd8":
        walk.observe("invalid", "does not begin with the JPEG marker SOI", start, 2)
        return (), start
    nodes = [walk.node(start, 2, "SOI")]
    position, scans = start + 2, 0
    while not walk.full:
        position = _to_marker(walk, nodes, position)
        if position + 1 >= stop:
            where = "the file ends" if start == 0 else f"the picture at {start} ends"
            walk.observe("truncated", f"{where} without the marker EOI", stop)
            return tuple(nodes), stop
        code = data[position + 1]
        if code == 0xD9:
            nodes.append(walk.node(position, 2, "EOI"))
            if not scans:
                walk.observe("invalid", "the file ends without a scan", position, 2)
            return tuple(nodes), position + 2
        position = _segment(walk, nodes, position, code)
        if code == 0xDA:
            scans += 1
            position = _scan(walk, nodes, position)
    return tuple(nodes), position


def _to_marker(walk: Walk, nodes: list[Node], position: int) -> int:
    """Give the place of the next marker; skipped bytes other than fill are garbage."""
    data = walk.data
    if data[position : position + 1] == b"\xff" and data[position + 1 : position + 2] > b"\x00":
        if data[position + 1] != 0xFF:
            return position
        run = re.compile(rb"\xff+").match(data, position)
        end = run.end() if run else position
        if data[end : end + 1] > b"\x00":
            return end - 1
    found = _NEXT_MARKER.search(data, position)
    place = found.start() if found else len(data)
    if place > position:
        nodes.append(walk.node(position, place - position, "garbage"))
        walk.observe(
            "invalid", f"{place - position} bytes between two segments", position, place - position
        )
    return place


def _segment(walk: Walk, nodes: list[Node], position: int, code: int) -> int:
    """Add one segment; return the place after it."""
    name = marker_name(code)
    if code in _ALONE:
        nodes.append(walk.node(position, 2, name))
        if code == 0xD8:
            walk.observe("invalid", "a second SOI before EOI", position, 2)
        return position + 2
    length = walk.uint(position + 2, 2)
    if length is None or length < 2:
        nodes.append(walk.node(position, 2, name, "no length"))
        walk.observe("invalid", f"{name} has no valid length", position, 4)
        return position + 2
    end = position + 2 + length
    if end > len(walk.data):
        walk.observe(
            "truncated", f"{name} says {length} bytes, {len(walk.data) - position - 2} are there",
            position, length + 2,
        )  # fmt: skip
        end = len(walk.data)
    nodes.append(walk.node(position, end - position, name, _note(walk, position + 4, end, code)))
    return end


def _scan(walk: Walk, nodes: list[Node], position: int) -> int:
    """Add the entropy-coded data that follows SOS; return the place of the next marker."""
    found = _NEXT_MARKER.search(walk.data, position)
    for _ in range(_MAX_DAMAGE):
        if found is None or walk.data[found.start() + 1] >= 0xC0:
            break
        # T.81 B.1.1.3: 0x02 to 0xBF are reserved. A decoder goes on, so does the walk: one
        # flipped bit must not hide the rest of the file.
        walk.observe(
            "invalid", f"reserved marker 0x{walk.data[found.start() + 1]:02x} inside a scan",
            found.start(), 2,
        )  # fmt: skip
        found = _NEXT_MARKER.search(walk.data, found.start() + 2)
    end = found.start() if found else len(walk.data)
    nodes.append(walk.node(position, end - position, "scan"))
    return end


def _note(walk: Walk, start: int, end: int, code: int) -> str:
    payload = walk.data[start:end]
    if 0xE0 <= code <= 0xEF:
        note = _app_note(payload, code)
        # The values of a sound XMP packet are looked at when they are read; a broken packet is
        # not read, and a segment of unknown kind neither.
        if note == "XMP" or note not in _KNOWN:
            comment(walk, start, end, where=f"in a segment {marker_name(code)}")
        return note
    if code in PROCESSES and len(payload) >= 6:
        height, width = int.from_bytes(payload[1:3], "big"), int.from_bytes(payload[3:5], "big")
        size = f"{width} x {height}, {payload[5]} components, {payload[0]} bit"
        return f"{PROCESSES[code]}, {size}"
    if code == 0xDC and len(payload) >= 2:
        return f"{int.from_bytes(payload[:2], 'big')} lines"
    if code == 0xDD and len(payload) >= 2:
        return f"every {int.from_bytes(payload[:2], 'big')} MCU"
    if code == 0xDA and payload and len(payload) >= 4 + 2 * payload[0]:
        parts = ",".join(str(payload[1 + 2 * i]) for i in range(payload[0]))
        first, last, bits = payload[1 + 2 * payload[0] : 4 + 2 * payload[0]]
        return f"components {parts}, coefficients {first}-{last}, bits {bits >> 4}/{bits & 15}"
    if code == 0xFE:
        embedded(walk, start, end, where="in a comment")
        return f"{len(payload)} bytes"
    return f"{len(payload)} bytes"


def _app_note(payload: bytes, code: int) -> str:
    for marker, identifier, name in IDENTIFIERS:
        if marker == code and payload.startswith(identifier):
            # ISO 19566-5: the label of the outermost box stands in the first hundred bytes.
            return "JUMBF c2pa" if name == "JUMBF" and b"c2pa" in payload[:128] else name
    return printable(payload.split(b"\0", 1)[0], 24)
