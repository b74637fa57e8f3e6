"""Walk the segments and scans of a JPEG (ITU-T T.81) without decoding them."""

import itertools
import math
import re
from dataclasses import dataclass, field

from imgcheck.errors import RefusedError
from imgcheck.imaging.header.exif import orientation_of_exif
from imgcheck.imaging.header.fields import MOST_PARTS, take, too_many_parts, unpack
from imgcheck.imaging.header.gaps import zero_run
from imgcheck.imaging.header.model import BrokenHeaderError, Damage, Header
from imgcheck.imaging.limits import Limits

# Table B.1 of ITU-T T.81: the frame headers; C4, C8 and CC are no frames.
PROCESSES = {  # T.81 table B.1
    0xC0: "baseline", 0xC1: "extended sequential", 0xC2: "progressive", 0xC3: "lossless",
    0xC5: "differential sequential", 0xC6: "differential progressive",
    0xC7: "differential lossless", 0xC9: "extended sequential, arithmetic",
    0xCA: "progressive, arithmetic", 0xCB: "lossless, arithmetic",
    0xCD: "differential sequential, arithmetic", 0xCE: "differential progressive, arithmetic",
    0xCF: "differential lossless, arithmetic",
}  # fmt: skip
_DECODED_FRAMES = frozenset({0xC0, 0xC1, 0xC2, 0xC9, 0xCA})
_PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
_MODES = {1: "gray", 3: "rgb", 4: "cmyk"}
# Inside a scan FF00 is a data byte and FFD0 to FFD7 restart markers; all else ends it.
_END_OF_SCAN = re.compile(rb"\xff+[\x01-\xcf\xd8-\xfe]")
# 100 megapixels have 1.6 million blocks.
_MOST_RESTARTS = 2_000_000
_RESTART = re.compile(rb"\xff([\xd0-\xd7])")


@dataclass(slots=True, kw_only=True)
class JpegStructure:
    """The skeleton of a JPEG: its frame, its scans and where it stops making sense."""

    frame: int = 0
    precision: int = 8
    width: int = 0
    height: int = 0
    #: Where the frame header states the height, if that is 0 and stated after the scan.
    height_at: int | None = None
    sampling: tuple[tuple[int, int], ...] = ()
    scans: int = 0
    #: From the first EXIF segment; 0 where there is none.
    orientation: int = 0
    #: Offset of the end-of-image marker, or None where the file stops before it.
    end: int | None = None
    #: How far the file can be used if it stops early: no cut segment lies before it.
    usable: int = 0
    #: Where the data of each scan end.
    scan_ends: list[int] = field(default_factory=list)
    damage: list[Damage] = field(default_factory=list)
    #: Coding units between two restart markers; 0 without them.
    restart_interval: int = 0
    #: Component number -> place in the frame header.
    components: dict[int, int] = field(default_factory=dict)
    #: Class and number of a Huffman table -> the symbol whose code is all zeros.
    zero_codes: dict[int, int] = field(default_factory=dict)

    @property
    def progressive(self) -> bool:
        """Whether later scans refine the earlier ones."""
        return self.frame in _PROGRESSIVE

    @property
    def block_height(self) -> int:
        """Rows of one row of coding units."""
        return 8 * max((v for _, v in self.sampling), default=1) if len(self.sampling) > 1 else 8


def walk(data: bytes, limits: Limits) -> JpegStructure:
    """Walk a JPEG from its first marker to its end-of-image marker.

    Raises
    ------
    RefusedError
        As soon as there are more scans than ``limits.scans``.
    """
    jpeg = JpegStructure()
    position: int | None = 2
    parts = 0
    while position is not None:
        jpeg.usable = position
        parts += 1
        if parts > MOST_PARTS:
            raise too_many_parts("JPEG segments")
        position = _step(data, position, jpeg, limits)
    if jpeg.end is None:
        jpeg.damage.append(
            Damage(
                kind="truncated",
                detail="the file ends before the end-of-image marker of the JPEG",
                offset=len(data),
            )
        )
    return jpeg


def _step(data: bytes, position: int, jpeg: JpegStructure, limits: Limits) -> int | None:
    """Read one marker with its segment; give the next position, None at the end."""
    marker_at = data.find(b"\xff", position)
    if marker_at < 0:
        return None
    if marker_at > position:
        _note_stray_bytes(jpeg, position, marker_at)
    while marker_at < len(data) and data[marker_at] == 0xFF:
        marker_at += 1
    if marker_at >= len(data):
        return None
    marker, start = data[marker_at], marker_at + 1
    if marker == 0xD9:
        jpeg.end = marker_at - 1
        return None
    if marker in (0x00, 0x01) or 0xD0 <= marker <= 0xD8:
        return start
    try:
        (length,) = unpack(data, start, ">H")
        body = take(data, start + 2, length - 2)
    except BrokenHeaderError:
        if start + 1 < len(data) and length < 2:
            raise BrokenHeaderError(
                f"its JPEG segment at offset {start - 2} has the impossible length {length}"
            ) from None
        return None
    end = start + length
    if marker in PROCESSES and not jpeg.frame:
        _read_frame(jpeg, marker, body)
        jpeg.height_at = start + 3 if jpeg.height == 0 else None
    elif marker == 0xDC and jpeg.height == 0 and len(body) >= 2:
        # B.2.5: the number of lines may follow the first scan.
        (jpeg.height,) = unpack(body, 0, ">H")
    elif marker == 0xE1 and body[:6] == b"Exif\0\0" and not jpeg.orientation:
        jpeg.orientation = orientation_of_exif(body)
    elif marker == 0xDD and len(body) >= 2:
        (jpeg.restart_interval,) = unpack(body, 0, ">H")
    elif marker == 0xC4:
        _read_tables(jpeg, body)
    elif marker == 0xDA:
        return _skip_scan(data, body, end, jpeg, limits)
    return end


def _note_stray_bytes(jpeg: JpegStructure, start: int, end: int) -> None:
    if not any(one.kind == "structure" for one in jpeg.damage):
        detail = f"{end - start} bytes between two segments of the JPEG belong to neither"
        jpeg.damage.append(Damage(kind="structure", detail=detail, offset=start))


def _read_frame(jpeg: JpegStructure, marker: int, body: bytes) -> None:
    """Read a frame header (B.2.2): precision, size, sampling of each component."""
    jpeg.precision, jpeg.height, jpeg.width, count = unpack(body, 0, ">BHHB")
    parts = [unpack(body, 6 + 3 * i, ">BBB") for i in range(count)]
    jpeg.sampling = tuple((factor >> 4, factor & 15) for _, factor, _ in parts)
    jpeg.components = {name: place for place, (name, _, _) in enumerate(parts)}
    jpeg.frame = marker


def _read_tables(jpeg: JpegStructure, body: bytes) -> None:
    """Read from Huffman tables (B.2.4.2) which symbol has the code of zeros: the first one."""
    at = 0
    while at + 17 < len(body):
        count = sum(body[at + 1 : at + 17])
        jpeg.zero_codes[body[at]] = body[at + 17]
        at += 17 + max(1, count)


def _skip_scan(
    data: bytes, head: bytes, start: int, jpeg: JpegStructure, limits: Limits
) -> int | None:
    """Pass over entropy-coded data; check its restart markers (F.2.2.4) and what is in it."""
    jpeg.scans += 1
    if jpeg.scans > limits.scans:
        raise RefusedError(
            f"has more than {limits.scans} JPEG scans; each costs a pass over the whole picture "
            "and no camera writes so many (limit: scans)"
        )
    found = _END_OF_SCAN.search(data, start)
    end = found.start() if found else len(data)
    fault = _restart_fault(data, start, end, head, jpeg, whole=found is not None)
    jpeg.damage += [fault] if fault else []
    if not _may_be_zeros(head, jpeg):
        run = zero_run(data, start, end)
        jpeg.damage += [run] if run else []
    jpeg.scan_ends.append(end)
    if found:
        return end
    jpeg.usable = end - 1 if data[end - 1] == 0xFF else end
    return None


def _restart_fault(
    data: bytes, start: int, end: int, head: bytes, jpeg: JpegStructure, *, whole: bool
) -> Damage | None:
    """Check the order of the restart markers of a scan, and of a whole one their number."""
    found = list(itertools.islice(_RESTART.finditer(data, start, end), _MOST_RESTARTS))
    for index, restart in enumerate(found):
        if restart.group(1)[0] != 0xD0 + index % 8:
            return Damage(
                kind="corrupt",
                detail="the restart markers of the JPEG are out of order: rows are missing or "
                "shifted",
                offset=restart.start(),
            )
    expected = _expected_restarts(head, jpeg)
    if not whole or len(found) >= min(expected, _MOST_RESTARTS):
        return None
    return Damage(
        kind="corrupt",
        detail=f"{expected - len(found):,} of {expected + 1:,} restart intervals of the JPEG are "
        "missing: part of the picture is lost, and what follows is shifted",
        offset=start,
    )


def _expected_restarts(head: bytes, jpeg: JpegStructure) -> int:
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


def _may_be_zeros(head: bytes, jpeg: JpegStructure) -> bool:
    """Tell whether an encoder may write long runs of zeros in a scan: on flat ground.

    It may where a block like the one before is coded by zeros only: no change of the mean, and
    the end of the block. Arithmetic coding and refinements of the mean do not say.
    """
    if jpeg.frame not in (0xC0, 0xC1, 0xC2) or len(head) < 1 + 2 * head[0] + 3:
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


def read(data: bytes, limits: Limits) -> Header:
    """Read the header of a JPEG."""
    jpeg = walk(data, limits)
    if not jpeg.frame:
        raise BrokenHeaderError("the JPEG has no frame header, so no picture")
    if not jpeg.scans:
        raise BrokenHeaderError("the JPEG ends before its first scan: it holds no pixels")
    reason = None
    if jpeg.frame not in _DECODED_FRAMES or jpeg.precision != 8:
        reason = (
            f"no decoder for this kind of JPEG (frame type {jpeg.frame:02X}, {jpeg.precision} "
            "bits); baseline, progressive and arithmetic JPEG of 8 bits are decoded"
        )
    bands = len(jpeg.sampling)
    return Header(
        format="jpeg",
        width=jpeg.width,
        height=jpeg.height,
        bands=bands,
        bits=jpeg.precision,
        mode=_MODES.get(bands, "multiband"),
        orientation=jpeg.orientation or 1,
        scans=jpeg.scans,
        unreadable_reason=reason,
        damage=tuple(jpeg.damage),
    )
