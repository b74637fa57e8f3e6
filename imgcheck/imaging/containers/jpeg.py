"""JPEG as a row of marker segments and scans (ITU-T T.81, Annex B).

Every node begins at the 0xFF of its marker; the payload of a segment with a length field begins
four bytes later. Entropy-coded data is a node of its own, kind ``scan``.
"""

import itertools
import math
import re
import struct
from dataclasses import dataclass, field

from imgcheck.errors import RefusedError
from imgcheck.imaging.containers.header import BrokenHeaderError, Header, require_walked, zero_run
from imgcheck.imaging.containers.tiff import orientation_of_exif
from imgcheck.imaging.containers.tree import MOST_PARTS, Node, Walk, comment, embedded, printable
from imgcheck.imaging.limits import Limits

# T.81 B.1.1.5: inside entropy-coded data 0xFF is followed by 0x00 or RSTn, anything else is the
# next marker. Fill bytes (0xFF 0xFF) are skipped. Linear in the data: one byte of look-ahead.
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]", re.DOTALL)
_FILL = re.compile(rb"\xff+")
_PIECE = 1 << 16  # bytes that are copied at once

PROCESSES = {  # T.81 table B.1
    0xC0: "baseline", 0xC1: "extended sequential", 0xC2: "progressive", 0xC3: "lossless",
    0xC5: "differential sequential", 0xC6: "differential progressive",
    0xC7: "differential lossless", 0xC9: "extended sequential, arithmetic",
    0xCA: "progressive, arithmetic", 0xCB: "lossless, arithmetic",
    0xCD: "differential sequential, arithmetic", 0xCE: "differential progressive, arithmetic",
    0xCF: "differential lossless, arithmetic",
}  # fmt: skip
_NAMES = {0xC4: "DHT", 0xC8: "JPG", 0xCC: "DAC", 0xD8: "SOI", 0xD9: "EOI", 0xDA: "SOS",
          0xDB: "DQT", 0xDC: "DNL", 0xDD: "DRI", 0xDE: "DHP", 0xDF: "EXP", 0xFE: "COM",
          0x01: "TEM"}  # fmt: skip
_ALONE = {0x01, 0xD8, 0xD9, *range(0xD0, 0xD8)}  # markers without a length field

_MAX_DAMAGE = 1_000  # reserved markers passed over in one scan

_IDENTIFIERS: tuple[tuple[int, bytes, str], ...] = (
    (0xE0, b"JFIF\0", "JFIF"), (0xE0, b"JFXX\0", "JFXX"), (0xE1, b"Exif\0", "Exif"),
    (0xE1, b"http://ns.adobe.com/xap/1.0/\0", "XMP"),
    (0xE1, b"http://ns.adobe.com/xmp/extension/\0", "extended XMP"),
    (0xE2, b"ICC_PROFILE\0", "ICC"), (0xE2, b"MPF\0", "MPF"), (0xE2, b"FPXR\0", "FlashPix"),
    (0xE2, b"urn:iso:std:iso:ts:21496:-1\0", "gain map"), (0xEB, b"JP", "JUMBF"),
    (0xEC, b"Ducky", "Ducky"), (0xED, b"Photoshop 3.0\0", "Photoshop"), (0xEE, b"Adobe", "Adobe"),
)  # fmt: skip
_KNOWN = {name for _, _, name in _IDENTIFIERS} | {"JUMBF c2pa"}

_DECODED_FRAMES = frozenset({0xC0, 0xC1, 0xC2, 0xC9, 0xCA})
_PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
_MODES = {1: "gray", 3: "rgb", 4: "cmyk"}
# 100 megapixels have 1.6 million blocks.
_MOST_RESTARTS = 2_000_000
_RESTART = re.compile(rb"\xff([\xd0-\xd7])")


@dataclass(slots=True, kw_only=True)
class JpegStream:
    """One JPEG from SOI to EOI: its nodes, its frame and where it stops making sense."""

    #: Whether it is the file's main picture, whose faults are damage.
    main: bool
    nodes: list[Node] = field(default_factory=list)
    #: Where its bytes end.
    stop: int = 0
    #: Offset of the marker EOI, or None where the stream ends before it.
    end: int | None = None
    #: How far a stream without EOI can be used: no cut segment lies before it.
    usable: int = 0
    #: Why its header cannot be used.
    broken: str = ""
    frame: int = 0
    precision: int = 8
    width: int = 0
    height: int = 0
    #: Where the frame header states the height, if that is 0 and stated after the scan.
    height_at: int | None = None
    sampling: tuple[tuple[int, int], ...] = ()
    #: Component number -> place in the frame header.
    components: dict[int, int] = field(default_factory=dict)
    #: From the first EXIF segment; 0 where there is none.
    orientation: int = 0
    #: Coding units between two restart markers; 0 without them.
    restart_interval: int = 0
    #: Class and number of a Huffman table -> the symbol whose code is all zeros.
    zero_codes: dict[int, int] = field(default_factory=dict)
    scans: int = 0
    #: Where the data of each scan end, up to the first at which a decoder gives up.
    scan_ends: list[int] = field(default_factory=list)
    #: Whether a reserved marker stands in a scan.
    reserved: bool = False

    @property
    def progressive(self) -> bool:
        """Whether later scans refine the earlier ones."""
        return self.frame in _PROGRESSIVE

    @property
    def block_height(self) -> int:
        """Rows of one row of coding units."""
        return 8 * max((v for _, v in self.sampling), default=1) if len(self.sampling) > 1 else 8


@dataclass(frozen=True, slots=True, kw_only=True)
class JpegHeader(Header):
    """The header of a JPEG, with what the walk found for its decoder."""

    stream: JpegStream


def walk_picture(walk: Walk, start: int, stop: int) -> Node:
    """Walk a JPEG inside another file; its segments become children of one node."""
    jpeg = walk_stream(walk, start, stop)
    frame = next((node.note for node in jpeg.nodes if node.kind.startswith("SOF")), "no frame")
    return walk.node(start, jpeg.stop - start, "JPEG", frame, tuple(jpeg.nodes))


def walk_stream(walk: Walk, start: int, stop: int) -> JpegStream:
    """Walk one JPEG from SOI to EOI.

    ``stop`` is where the bytes end that may belong to it; a stream without EOI reaches so far.
    """
    jpeg = JpegStream(main=start == 0, stop=stop)
    if walk.data[start : start + 2] != b"\xff\xd8":
        walk.observe("invalid", "does not begin with the JPEG marker SOI", start, 2)
        jpeg.stop = start
        return jpeg
    walk.add(jpeg.nodes, start, start + 2, "SOI")
    position: int | None = start + 2
    for _ in range(MOST_PARTS):
        if position is None or (walk.full and not jpeg.main):
            break
        jpeg.usable = position
        position = _step(walk, jpeg, position, stop)
    else:
        if jpeg.main:
            walk.stop("JPEG segments")
    return jpeg


def _step(walk: Walk, jpeg: JpegStream, position: int, stop: int) -> int | None:
    """Walk one segment, with the scan behind it; return the next position, None at the end."""
    position = _to_marker(walk, jpeg, position, stop)
    following: int | None = None
    if position + 1 < stop:
        code = walk.data[position + 1]
        if code == 0xD9:
            walk.add(jpeg.nodes, position, position + 2, "EOI")
            if not jpeg.scans:
                walk.observe("invalid", "the file ends without a scan", position, 2)
            jpeg.end, jpeg.stop = position, position + 2
            return None
        following = _segment(walk, jpeg, position, code)
        if code == 0xDA and following is not None:
            following = _scan(walk, jpeg, position + 4, following, stop)
    if following is None:
        report = walk.damaged if jpeg.main else walk.observe
        where = "the file ends" if jpeg.main else "a picture inside the file ends"
        report("truncated", f"{where} without the end-of-image marker of the JPEG", stop)
    return following


def _to_marker(walk: Walk, jpeg: JpegStream, position: int, stop: int) -> int:
    """Return the place of the next marker; skipped bytes other than fill are garbage."""
    run = _FILL.match(walk.data, position)
    if run and walk.data[run.end() : run.end() + 1] > b"\x00":
        return run.end() - 1
    found = _NEXT_MARKER.search(walk.data, position, stop)
    place = found.start() if found else stop
    if place > position:
        walk.add(jpeg.nodes, position, place, "garbage")
        message = f"{place - position} bytes between two segments of the JPEG belong to neither"
        _fault(walk, jpeg, message, position, place - position, harmful=found is not None)
    return place


def _fault(
    walk: Walk, jpeg: JpegStream, message: str, offset: int, length: int, *, harmful: bool = True
) -> None:
    """Record what contradicts the format; the first such place of the main picture is damage."""
    if jpeg.main and harmful and not any(one.kind == "structure" for one in walk.damage):
        walk.damaged("structure", message, offset, length)
    else:
        walk.observe("structure", message, offset, length)


def _segment(walk: Walk, jpeg: JpegStream, position: int, code: int) -> int | None:
    """Add one segment; return the place after it, None where the file ends before."""
    name = marker_name(code)
    if code in _ALONE:
        walk.add(jpeg.nodes, position, position + 2, name)
        return position + 2
    length = walk.uint(position + 2, 2)
    if length is None or length < 2:
        walk.add(jpeg.nodes, position, position + 2, name, "no length")
        walk.observe("invalid", f"{name} has no valid length", position, 4)
        if length is None:
            return None
        jpeg.broken = jpeg.broken or (
            f"its JPEG segment at offset {position} has the impossible length {length}"
        )
        return position + 2
    end = position + 2 + length
    there = len(walk.data) - position - 2
    if length > there:
        walk.observe("truncated", f"{name} states {length} bytes, {there} are there",
                     position, length + 2)  # fmt: skip
        end = len(walk.data)
    if not walk.full:
        walk.add(jpeg.nodes, position, end, name, _note(walk, position + 4, end, code))
    if length > there:
        return None
    _read_segment(walk, jpeg, position + 4, end, code)
    return end


def _read_segment(walk: Walk, jpeg: JpegStream, start: int, end: int, code: int) -> None:
    """Read from a segment what the header and the checks of a scan need."""
    if not jpeg.main:
        return
    body = walk.data[start:end]
    if code in PROCESSES and not jpeg.frame:
        try:
            _read_frame(jpeg, code, body)
        except (struct.error, IndexError):
            jpeg.broken = jpeg.broken or f"its JPEG frame header at offset {start - 4} is cut off"
        jpeg.height_at = start + 1 if jpeg.height == 0 else None
    elif code == 0xDC and jpeg.height == 0 and len(body) >= 2:
        # B.2.5: the number of lines may follow the first scan.
        jpeg.height = int.from_bytes(body[:2], "big")
    elif code == 0xE1 and body[:6] == b"Exif\0\0" and not jpeg.orientation:
        jpeg.orientation = orientation_of_exif(walk.data, start, end)
    elif code == 0xDD and len(body) >= 2:
        jpeg.restart_interval = int.from_bytes(body[:2], "big")
    elif code == 0xC4:
        _read_tables(jpeg, body)


def _read_frame(jpeg: JpegStream, code: int, body: bytes) -> None:
    """Read a frame header (B.2.2): precision, size, sampling of each component."""
    jpeg.precision, jpeg.height, jpeg.width, count = struct.unpack_from(">BHHB", body)
    parts = [struct.unpack_from("BBB", body, 6 + 3 * i) for i in range(count)]
    jpeg.sampling = tuple((factor >> 4, factor & 15) for _, factor, _ in parts)
    jpeg.components = {name: place for place, (name, _, _) in enumerate(parts)}
    jpeg.frame = code


def _read_tables(jpeg: JpegStream, body: bytes) -> None:
    """Read from Huffman tables (B.2.4.2) which symbol has the code of zeros: the first one."""
    at = 0
    while at + 17 < len(body):
        count = sum(body[at + 1 : at + 17])
        jpeg.zero_codes[body[at]] = body[at + 17]
        at += 17 + max(1, count)


def _scan(walk: Walk, jpeg: JpegStream, head_at: int, start: int, stop: int) -> int | None:
    """Add entropy-coded data; return the place of the next marker, None where there is none.

    A decoder gives up at a reserved marker, so the checks end there. The walk goes on: one
    flipped bit must not hide the rest of the file.
    """
    found = _NEXT_MARKER.search(walk.data, start, stop)
    reserved = None
    for _ in range(_MAX_DAMAGE):
        if found is None or walk.data[found.start() + 1] >= 0xC0:
            break
        # T.81 B.1.1.3: 0x02 to 0xBF are reserved.
        at = found.start()
        reserved = at if reserved is None else reserved
        _fault(walk, jpeg, f"reserved marker 0x{walk.data[at + 1]:02x} inside a scan", at, 2)
        found = _NEXT_MARKER.search(walk.data, at + 2, stop)
    end = found.start() if found else stop
    walk.add(jpeg.nodes, start, end, "scan")
    following = _before_fill(walk.data, start, end)
    usable = following if reserved is None else _before_fill(walk.data, start, reserved)
    if jpeg.main:
        head = walk.data[head_at:start]
        whole = found is not None or reserved is not None
        _check_restarts(walk, jpeg, head, start, usable, whole=whole)
        if not _may_be_zeros(head, jpeg):
            zero_run(walk, start, usable)
    jpeg.scans += 1
    if not jpeg.reserved:
        jpeg.scan_ends.append(usable)
    jpeg.reserved = jpeg.reserved or reserved is not None
    jpeg.usable = usable
    return following if found else None


def _before_fill(data: bytes, start: int, end: int) -> int:
    """Return where the fill bytes before a marker begin."""
    while end > start and data[end - 1] == 0xFF:
        first = max(start, end - _PIECE)
        end = first + len(data[first:end].rstrip(b"\xff"))
    return end


def _check_restarts(
    walk: Walk, jpeg: JpegStream, head: bytes, start: int, end: int, *, whole: bool
) -> None:
    """Check the order of the restart markers of a scan (F.2.2.4); of a whole one, their number."""
    found = list(itertools.islice(_RESTART.finditer(walk.data, start, end), _MOST_RESTARTS))
    for index, restart in enumerate(found):
        if restart.group(1)[0] != 0xD0 + index % 8:
            walk.damaged(
                "corrupt",
                "the restart markers of the JPEG are out of order: rows are missing or shifted",
                restart.start(),
            )
            return
    expected = _expected_restarts(head, jpeg)
    if whole and len(found) < min(expected, _MOST_RESTARTS):
        walk.damaged(
            "corrupt",
            f"{expected - len(found):,} of {expected + 1:,} restart intervals of the JPEG are "
            "missing: part of the picture is lost, and what follows is shifted",
            start,
        )


def _expected_restarts(head: bytes, jpeg: JpegStream) -> int:
    """Count the restart markers that a scan must have (A.2, E.1.4); 0 where none are used."""
    if not jpeg.restart_interval or not jpeg.height or not jpeg.sampling or not head:
        return 0
    names = head[1 : 1 + 2 * head[0] : 2]
    widest, highest = (max(1, *factors) for factors in zip(*jpeg.sampling, strict=True))
    if len(names) == 1 and names[0] in jpeg.components:
        # A scan of one component counts its own blocks, without those that fill up a unit.
        across, down = jpeg.sampling[jpeg.components[names[0]]]
        columns = math.ceil(math.ceil(jpeg.width * across / widest) / 8)
        rows = math.ceil(math.ceil(jpeg.height * down / highest) / 8)
    else:
        columns = -(-jpeg.width // (8 * widest))
        rows = -(-jpeg.height // (8 * highest))
    return -(-columns * rows // jpeg.restart_interval) - 1


def _may_be_zeros(head: bytes, jpeg: JpegStream) -> bool:
    """Return whether an encoder may write long runs of zeros in a scan, where ground is flat.

    It may where a block like the one before is coded by zeros only: no change of the mean, and
    the end of the block. For arithmetic coding and refinements of the mean this is unknown.
    """
    if jpeg.frame not in (0xC0, 0xC1, 0xC2) or not head or len(head) < 4 + 2 * head[0]:
        return True
    first, _, step = head[1 + 2 * head[0] : 4 + 2 * head[0]]
    tables = head[2 : 2 + 2 * head[0] : 2]
    flat_mean = all(jpeg.zero_codes.get(table >> 4, 0) == 0 for table in tables)
    flat_rest = all(jpeg.zero_codes.get(0x10 | table & 15, 0) == 0 for table in tables)
    if not jpeg.progressive:
        return flat_mean and flat_rest
    if first == 0:
        return bool(step >> 4) or flat_mean
    return flat_rest


def stream_header(walk: Walk, jpeg: JpegStream, limits: Limits) -> JpegHeader:
    """Return the header of the main picture, or refuse it."""
    if jpeg.scans > limits.scans:
        raise RefusedError(
            f"has more than {limits.scans} JPEG scans; each costs a pass over the whole picture "
            "and no camera writes so many (limit: scans)"
        )
    require_walked(walk)
    if jpeg.broken:
        raise BrokenHeaderError(jpeg.broken)
    if not jpeg.frame:
        raise BrokenHeaderError("the JPEG has no frame header, so it contains no picture")
    if not jpeg.scans:
        raise BrokenHeaderError("the JPEG ends before its first scan: it holds no pixels")
    reason = None
    if jpeg.frame not in _DECODED_FRAMES or jpeg.precision != 8:
        reason = (
            f"no decoder for this kind of JPEG (frame type {jpeg.frame:02X}, {jpeg.precision} "
            "bits); baseline, progressive and arithmetic JPEG of 8 bits are decoded"
        )
    bands = len(jpeg.sampling)
    return JpegHeader(
        format="jpeg",
        width=jpeg.width,
        height=jpeg.height,
        bands=bands,
        bits=jpeg.precision,
        mode=_MODES.get(bands, "multiband"),
        orientation=jpeg.orientation or 1,
        scans=jpeg.scans,
        unreadable_reason=reason,
        damage=tuple(walk.damage),
        stream=jpeg,
    )


def marker_name(code: int) -> str:
    """Name a marker code of T.81 table B.1."""
    if 0xE0 <= code <= 0xEF:
        return f"APP{code - 0xE0}"
    if 0xD0 <= code <= 0xD7:
        return f"RST{code - 0xD0}"
    if code in PROCESSES:
        return f"SOF{code - 0xC0}"
    return _NAMES.get(code, f"0x{code:02x}")


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
    for marker, identifier, name in _IDENTIFIERS:
        if marker == code and payload.startswith(identifier):
            # ISO 19566-5: the label of the outermost box stands in the first hundred bytes.
            return "JUMBF c2pa" if name == "JUMBF" and b"c2pa" in payload[:128] else name
    return printable(payload.split(b"\0", 1)[0], 24)
