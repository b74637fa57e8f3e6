"""The metadata of a file, read in one pass over its blocks."""

import math
from collections import Counter
from dataclasses import dataclass
from typing import Literal

from imgcheck.imaging.containers import structure as read_structure
from imgcheck.imaging.containers.tiff import Directory, TiffBlock, integers, read_tiff
from imgcheck.imaging.containers.tree import Observation, Structure, Walk
from imgcheck.imaging.image import FileContent, file_bytes
from imgcheck.provenance.clocks.stated import Time
from imgcheck.provenance.clocks.times import find_times
from imgcheck.provenance.fields.blocks import (
    ICC_RESOURCE,
    IPTC_RESOURCE,
    THUMBNAIL_RESOURCE,
    XMP_RESOURCE,
    check_digest,
    read_details,
    read_icc,
    read_iptc,
    resources,
)
from imgcheck.provenance.fields.carriers import Carrier, carriers, exif_start
from imgcheck.provenance.fields.drone import DronePose, drone_position, find_pose
from imgcheck.provenance.fields.exif import read_directory
from imgcheck.provenance.fields.geotiff import GeoReference, read_geotiff
from imgcheck.provenance.fields.maker_notes import MakerNote, read_maker_note
from imgcheck.provenance.fields.origin import (
    DigitalSource,
    Generator,
    Lineage,
    find_digital_source,
    find_generators,
    find_lineage,
)
from imgcheck.provenance.fields.position import Gps, best_position, find_positions
from imgcheck.provenance.fields.values import Reading, TagEntry, Value
from imgcheck.provenance.fields.xmp import joined_extension, read_xmp

# Blocks of a kind that are read. Real files hold one or two; items of a HEIF may all point to the
# same bytes, so that a small file could cost hours.
_MOST = {"exif": 8, "xmp": 16, "icc": 8, "photoshop": 16, "iptc": 16, "extended xmp": 256}
_MOST_OTHERS = 1_000
_MAX_THUMBNAIL = 4 << 20
_SOFTWARE = (
    "IFD0:ProcessingSoftware", "IFD0:Software", "ExifIFD:CameraFirmware",
    "ExifIFD:RAWDevelopingSoftware", "ExifIFD:ImageEditingSoftware",
    "ExifIFD:MetadataEditingSoftware", "XMP:xmp:CreatorTool", "XMP:tiff:Software",
    "IPTC:OriginatingProgram", "PNG:Software", "PNG:parameters", "COM:Software",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Thumbnail:
    """A small picture inside the file: its bytes, where they are, which block points to them."""

    data: bytes
    offset: int | None
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """The metadata of a file. Any of it can have been edited.

    Attributes
    ----------
    tags : dict of str to str, int, float or list
        ``"group:name"`` to value; of a field that occurs twice the first. All can go into JSON.
    entries : tuple of TagEntry
        Every value with tag number, place of its raw bytes and reader; repeated ones too.
    gps : Gps or None
        The first of ``positions`` that is whole: of the GPS directory, XMP, a drone's own fields.
    software : tuple of str
        Programs named anywhere. It means "passed through", never "altered".
    hostile : tuple of str
        The tags whose text holds control characters or marks that turn the reading direction;
        the characters are kept, whoever shows them must escape them.
    fbmd : str or None
        The raw text of IPTC 2:40 where it begins with ``FBMD``.
    """

    tags: dict[str, Value]
    entries: tuple[TagEntry, ...]
    times: tuple[Time, ...]
    gps: Gps | None
    software: tuple[str, ...]
    make: str | None
    model: str | None
    thumbnail: Thumbnail | None
    icc: str | None
    xmp: dict[str, Value]
    iptc: dict[str, Value]
    fbmd: str | None
    comments: tuple[str, ...]
    hostile: tuple[str, ...]
    observations: tuple[Observation, ...]
    maker_note: MakerNote | None = None
    pose: DronePose | None = None
    lineage: Lineage | None = None
    digital_source: DigitalSource | None = None
    generators: tuple[Generator, ...] = ()
    georeference: GeoReference | None = None
    positions: tuple[Gps, ...] = ()


def unreadable(metadata: Metadata, what: Literal["time", "position"]) -> str | None:
    """Return why a recorded time or position could not be read; None where all were read."""
    kind = f"unreadable-{what}"
    return next((seen.message for seen in metadata.observations if seen.kind == kind), None)


def exposure_value(metadata: Metadata) -> float | None:
    """Compute the exposure value at ISO 100 from the stated aperture, time and sensitivity.

    Returns
    -------
    float or None
        ``log2(N^2 / t) - log2(ISO / 100)``. None where one of the three is missing or not positive.

    Notes
    -----
    The classical rule of thumb is 15 for sunlit ground. Filters and deliberate exposure move it:
    120 drone frames of three flights by day have 9.6 to 14.3 (benchmarks: rules).

    References
    ----------
    .. [1] CIPA DC-008-2023, Annex C (APEX units).
    """
    found = []
    for name in ("FNumber", "ExposureTime", "PhotographicSensitivity"):
        value = metadata.tags.get(f"ExifIFD:{name}")
        value = value[0] if isinstance(value, list) and value else value
        # Far beyond any camera; keeps the logarithm finite.
        if not isinstance(value, int | float) or not 1e-9 < value < 1e9:
            return None
        found.append(float(value))
    aperture, time, speed = found
    return math.log2(aperture**2 / time) - math.log2(speed / 100)


def metadata(data: FileContent, *, format: str, structure: Structure | None = None) -> Metadata:
    """Read EXIF, XMP, IPTC, ICC, comments, text chunks and the embedded thumbnail.

    Parameters
    ----------
    data : bytes or path
        The whole file, or where it lies.
    format : str
        The sniffed format of the content: jpeg, png, tiff, webp, gif, bmp, jp2, heif, avif.
    structure : Structure, optional
        The walked file, where the caller has it already.

    Returns
    -------
    Metadata
        Never raises on garbage: a wrong field is an observation and the reading goes on.

    Notes
    -----
    Of maker notes only a few fields are read (see `MakerNote`). Absent metadata is not evidence:
    most platforms remove it. Agreement with other readers is in the benchmarks.

    References
    ----------
    .. [1] CIPA DC-008-2023, Exchangeable image file format for digital still cameras, Exif 3.0.
    .. [2] ISO 16684-1, XMP; IPTC-NAA IIM 4.2; ICC.1:2022; ISO/IEC 23008-12, HEIF.
    """
    data = file_bytes(data)
    tree = structure if structure is not None else read_structure(data, format=format)
    reader = _Reader(Reading(data=data))
    reader.read(tree)
    return reader.result()


class _Reader:
    """Reads the blocks of one file; the first of each kind counts."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.xmp: dict[str, Value] = {}
        self.iptc: dict[str, Value] = {}
        self.comments: list[str] = []
        self.extensions: list[bytes] = []
        self.icc: str | None = None
        self.thumbnail: Thumbnail | None = None
        self.maker_note: MakerNote | None = None
        self.georeference: GeoReference | None = None
        self.main = "IFD0"  # the directory of the picture
        self.counts: Counter[str] = Counter()

    def read(self, tree: Structure) -> None:
        reading = self.reading
        for carrier in carriers(reading, tree):
            if self._allows(carrier.kind):
                self._block(carrier)
        for kind, count in self.counts.items():
            if count > _MOST.get(kind, _MOST_OTHERS):
                reading.observe("limit", f"{count} blocks of kind {kind}; the last were not read")
        self._samsung(tree)
        for packet in joined_extension(reading, self.extensions):
            self._xmp(reading.inside(packet), packet, None)

    def result(self) -> Metadata:
        reading = self.reading
        tags: dict[str, Value] = {}
        repeated: set[str] = set()
        for entry in reading.entries:
            key = f"{entry.group}:{entry.name}"
            if key not in tags:
                tags[key] = entry.value
            elif tags[key] != entry.value and entry.group != "IPTC":
                repeated.add(key)
        for key in sorted(repeated)[:20]:
            reading.observe("duplicate", f"{key} occurs more than once, with different values")
        hostile = tuple(sorted({f"{e.group}:{e.name}" for e in reading.entries if e.hostile}))
        if hostile:
            words = f"control characters in {', '.join(hostile[:10])}"
            reading.observe("hostile-text", words[:400])
        fbmd = self.iptc.get("SpecialInstructions")
        # The picture's own directory fills in what IFD0 lacks.
        own = {key.replace(f"{self.main}:", "IFD0:"): value for key, value in tags.items()
               if key.startswith(f"{self.main}:")}  # fmt: skip
        whole = tags if self.main == "IFD0" else {**own, **tags}
        times, positions = find_times(reading, whole), find_positions(reading, whole)
        make = _word(whole, "IFD0:Make")
        exif = next((one for one in positions if one.source == "EXIF"), None)
        pose = find_pose(reading, gps=exif, make=make or _word(whole, "XMP:tiff:Make"),
                         times=times)  # fmt: skip
        drone = None if pose is None else drone_position(pose)
        positions = positions if drone is None else (*positions, drone)
        return Metadata(
            tags=tags, entries=tuple(reading.entries), times=times,
            gps=best_position(positions), positions=positions,
            software=_software(whole), make=make, model=_word(whole, "IFD0:Model"),
            thumbnail=self.thumbnail, icc=self.icc, xmp=self.xmp, iptc=self.iptc,
            fbmd=fbmd if isinstance(fbmd, str) and fbmd.startswith("FBMD") else None,
            comments=tuple(self.comments), hostile=hostile,
            observations=tuple(reading.observations),
            maker_note=self.maker_note, pose=pose, lineage=find_lineage(self.xmp),
            digital_source=find_digital_source(self.xmp),
            generators=find_generators(reading.entries), georeference=self.georeference,
        )  # fmt: skip

    def _allows(self, kind: str) -> bool:
        """Count a block of a kind; False once there are more than any honest file has."""
        self.counts[kind] += 1
        return self.counts[kind] <= _MOST.get(kind, _MOST_OTHERS)

    def _block(self, carrier: Carrier) -> None:
        inner, start, end = self.reading, carrier.offset, carrier.offset + carrier.length
        if carrier.packed is not None:
            inner, start, end = inner.inside(carrier.packed), 0, len(carrier.packed)
        end = min(end, len(inner.data))
        if carrier.kind == "exif":
            self._exif(inner, exif_start(inner.data, start, end), end)
        elif carrier.kind == "xmp":
            self._xmp(inner, inner.data[start:end], carrier.offset)
        elif carrier.kind == "extended xmp":
            self.extensions.append(inner.take(start, end - start))
        elif carrier.kind == "photoshop":
            self._photoshop(inner, start, end)
        elif carrier.kind == "iptc":
            self._iptc(inner, start, end)
        elif carrier.kind == "icc":
            self.icc = self.icc or read_icc(inner, inner.data[start:end], carrier.offset)
        elif carrier.kind in ("comment", "text"):
            text, comment = inner.decode(inner.take(start, end - start)), carrier.kind == "comment"
            self.comments += [text] if comment else []
            inner.add("COM" if comment else "PNG", "Comment" if comment else carrier.name, text,
                      offset=carrier.offset, length=carrier.length,
                      reader="comment" if comment else "png")  # fmt: skip
        else:
            _header(inner, carrier.kind, start, inner.data[start:end])

    def _xmp(self, reading: Reading, packet: bytes, offset: int | None) -> None:
        for name, value in read_xmp(reading, packet, offset).items():
            self.xmp.setdefault(name, value)

    def _iptc(self, reading: Reading, start: int, end: int) -> None:
        for name, value in read_iptc(reading, start, end).items():
            self.iptc.setdefault(name, value)

    def _photoshop(self, reading: Reading, start: int, end: int) -> None:
        blocks = resources(reading, start, end)
        for block in blocks:
            first, stop = block.offset, block.offset + block.length
            if block.number == IPTC_RESOURCE and self._allows("iptc"):
                self._iptc(reading, first, stop)
            elif block.number == XMP_RESOURCE and self._allows("xmp"):
                self._xmp(reading, reading.data[first:stop], first)
            elif block.number == ICC_RESOURCE and self.icc is None and self._allows("icc"):
                self.icc = read_icc(reading, reading.data[first:stop], first)
            elif block.number == THUMBNAIL_RESOURCE and not self.thumbnail and block.length > 28:
                # 28 bytes of header before the JPEG
                self._thumbnail(reading, first + 28, block.length - 28, stop, "Photoshop")
        read_details(reading, blocks)
        check_digest(reading, blocks)

    def _samsung(self, tree: Structure) -> None:
        blocks = (block for node in tree.nodes if node.kind == "trailer" for block in node.children)
        entries = (entry for block in blocks if block.kind == "Samsung trailer"
                   for entry in block.children if entry.note == "Image_UTC_Data")  # fmt: skip
        entry = next(entries, None)
        if entry is not None:
            start = entry.offset + 8 + len(entry.note)
            length = entry.offset + entry.length - start
            raw = self.reading.take(start, min(length, 32))
            self.reading.add("Samsung", entry.note, self.reading.decode(raw).strip("\0 "),
                             offset=start, length=length, reader="samsung")  # fmt: skip

    def _exif(self, reading: Reading, start: int, end: int) -> None:
        walk = Walk(data=reading.data)
        block = read_tiff(walk, start, end)
        for seen in walk.observations:
            reading.observe(seen.kind, seen.message, seen.offset, seen.length)
        if block is None:
            return
        if self.counts["exif"] == 2:
            reading.observe("duplicate", "the file holds a second Exif block", start)
        for directory in block.directories:
            read_directory(reading, directory, block.order)
        if self.counts["exif"] == 1:
            self.main = _main_directory(reading, block)
        for directory in block.directories:
            if directory.name == self.main:
                self._embedded_blocks(reading, directory)
                self.georeference = self.georeference or read_geotiff(
                    reading, directory, block.order
                )
            elif directory.name == "ExifIFD" and self.maker_note is None:
                self._maker_note(reading, block, directory)
            if self.thumbnail is None and directory.name == "IFD1":
                offset, length = (_integer(reading, block, directory, t) for t in (0x0201, 0x0202))
                if offset is not None and length:
                    self._thumbnail(reading, block.start + offset, length, block.end, "IFD1")

    def _embedded_blocks(self, reading: Reading, directory: Directory) -> None:
        for entry in directory.entries:
            if not entry.inside or entry.length < 4:
                continue
            start, end = entry.offset, entry.offset + entry.length
            if entry.tag == 0x02BC and self._allows("xmp"):
                self._xmp(reading, reading.data[start:end], start)
            elif entry.tag == 0x83BB and self._allows("iptc"):
                self._iptc(reading, start, end)
            elif entry.tag == 0x8649 and self._allows("photoshop"):
                self._photoshop(reading, start, end)
            elif entry.tag == 0x8773 and self.icc is None and self._allows("icc"):
                self.icc = read_icc(reading, reading.data[start:end], start)

    def _maker_note(self, reading: Reading, block: TiffBlock, directory: Directory) -> None:
        make = next((e.value for e in reading.entries if (e.group, e.name) == ("IFD0", "Make")), "")
        for entry in directory.entries:
            if entry.tag == 0x927C and entry.inside and entry.length > 4:
                self.maker_note = read_maker_note(
                    reading, entry.offset, entry.length, tiff_start=block.start, order=block.order,
                    make=make if isinstance(make, str) else None,
                )  # fmt: skip
                return

    def _thumbnail(self, reading: Reading, start: int, length: int, end: int, source: str) -> None:
        if start + length > end:
            reading.observe("outside", f"the thumbnail of {source} reaches out of its block", start)
            length = max(0, end - start)
        raw = reading.take(start, min(length, _MAX_THUMBNAIL))
        if raw[:3] != b"\xff\xd8\xff":
            reading.observe("invalid", f"the thumbnail of {source} is not a JPEG", start, length)
            return
        self.thumbnail = Thumbnail(data=raw, offset=start if reading.place else None, source=source)


def _header(reading: Reading, kind: str, start: int, raw: bytes) -> None:
    rows: tuple[tuple[str, str | int, int, int], ...] = ()
    if kind == "jfif" and len(raw) >= 9:
        rows = (
            ("Version", f"{raw[0]}.{raw[1]:02}", 0, 2), ("Units", raw[2], 2, 1),
            ("XDensity", int.from_bytes(raw[3:5], "big"), 3, 2),
            ("YDensity", int.from_bytes(raw[5:7], "big"), 5, 2),
            ("ThumbnailWidth", raw[7], 7, 1), ("ThumbnailHeight", raw[8], 8, 1),
        )  # fmt: skip
    elif kind == "adobe" and len(raw) >= 7:
        rows = (("DCTEncodeVersion", int.from_bytes(raw[:2], "big"), 0, 2),
                ("ColorTransform", raw[6], 6, 1))  # fmt: skip
    for name, value, place, size in rows:
        reading.add({"jfif": "JFIF", "adobe": "Adobe"}[kind], name, value, offset=start + place,
                    length=size, reader=kind)  # fmt: skip


def _main_directory(reading: Reading, block: TiffBlock) -> str:
    """Return the directory of the picture: the first that is not flagged as a reduced copy."""
    pictures = [one for one in block.directories if one.name.startswith(("IFD", "SubIFD"))]
    # TIFF 6.0: 254, bits 0 (reduced) and 2 (mask); 255 is its predecessor.
    whole = [one for one in pictures if not (_integer(reading, block, one, 0x00FE) or 0) & 0b101
             and _integer(reading, block, one, 0x00FF) != 2]  # fmt: skip
    if not whole or whole[0] is pictures[0]:
        return "IFD0"
    first = pictures[0]
    reading.observe(
        "reduced-copy",
            "the first directory is marked as a reduced copy; the picture itself is in "
        f"{whole[0].name}", first.offset, first.length,
    )  # fmt: skip
    return whole[0].name


def _integer(reading: Reading, block: TiffBlock, directory: Directory, tag: int) -> int | None:
    entry = next((one for one in reversed(directory.entries) if one.tag == tag), None)
    values = [] if entry is None else integers(reading.data, entry, block.order, 1)
    return values[0] if values else None


def _word(tags: dict[str, Value], name: str) -> str | None:
    value = tags.get(name)
    return value.strip() or None if isinstance(value, str) else None


def _software(tags: dict[str, Value]) -> tuple[str, ...]:
    names = [*_SOFTWARE, *(key for key in tags if key.endswith("/stEvt:softwareAgent"))]
    texts = [str(tags[name]).strip() for name in names if name in tags]
    # A generator's "parameters" is a paragraph; only its presence counts here.
    return tuple(dict.fromkeys(text[:200] for text in texts if text))
