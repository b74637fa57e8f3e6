"""Everything a file says about itself, in one pass over its metadata blocks."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

from imgcheck.provenance.clocks.times import Time, find_times
from imgcheck.provenance.containers.layout import structure as read_structure
from imgcheck.provenance.containers.tiff_ifd import Directory, TiffBlock, integers, read_tiff
from imgcheck.provenance.containers.tree import (
    FileContent,
    Observation,
    Structure,
    Walk,
    file_bytes,
)
from imgcheck.provenance.fields.carriers import Carrier, carriers, exif_start
from imgcheck.provenance.fields.drone import DronePose, drone_position, find_pose
from imgcheck.provenance.fields.exif import read_directory
from imgcheck.provenance.fields.generators import Generator, find_generators
from imgcheck.provenance.fields.geotiff import GeoReference, read_geotiff
from imgcheck.provenance.fields.icc import read_icc
from imgcheck.provenance.fields.iptc import (
    ICC_RESOURCE,
    IPTC_RESOURCE,
    THUMBNAIL_RESOURCE,
    XMP_RESOURCE,
    check_digest,
    read_details,
    read_iptc,
    resources,
)
from imgcheck.provenance.fields.lineage import (
    DigitalSource,
    Lineage,
    find_digital_source,
    find_lineage,
)
from imgcheck.provenance.fields.maker_notes import MakerNote, read_maker_note
from imgcheck.provenance.fields.position import Gps, best_position, find_positions
from imgcheck.provenance.fields.value import Reading, TagEntry, Value
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
    """A small picture inside the file: its bytes, where they are, who points to them."""

    data: bytes
    offset: int | None
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What a file says about itself. Every word of it can have been edited.

    Attributes
    ----------
    tags : dict of str to str, int, float or list
        ``"group:name"`` to value; where a field occurs twice the first stands here, and
        ``observations`` says so. All values can go into JSON.
    entries : tuple of TagEntry
        Every value with tag number, place of its raw bytes and reader; repeated ones too.
    times, gps : what the tags say about when and where.
    positions : tuple of Gps
        Every position: of the GPS directory, of XMP, of a drone's own fields. ``gps`` is the first
        of them that is whole.
    software : tuple of str
        Programs named anywhere. It means "passed through", never "altered".
    hostile : tuple of str
        The tags whose text holds control characters or marks that turn the reading direction;
        the characters are kept, whoever shows them must escape them.
    fbmd : str or None
        The raw text of IPTC 2:40 where it begins with ``FBMD``.
    maker_note : MakerNote or None
        Whose maker note it is and whether its offsets stand; the few fields that are read are
        tags of the group ``MakerNote``.
    pose : DronePose or None
        Where a drone says it was and where it looked.
    lineage, digital_source : what XMP tells of earlier versions and of the kind of source.
    generators : tuple of Generator
        Fields that declare a generative program.
    georeference : GeoReference or None
        GeoTIFF keys, tie points and scale.
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
    """Say why a recorded time or position could not be read; None where none was left unread."""
    kind = f"unreadable-{what}"
    return next((seen.message for seen in metadata.observations if seen.kind == kind), None)


@dataclass(slots=True)
class _Found:
    """Parts that the blocks of one file have given so far; the first of each kind counts."""

    xmp: dict[str, Value]
    iptc: dict[str, Value]
    comments: list[str]
    extensions: list[bytes]
    icc: str | None = None
    thumbnail: Thumbnail | None = None
    maker_note: MakerNote | None = None
    georeference: GeoReference | None = None
    main: str = "IFD0"  # the directory of the picture
    counts: Counter[str] = field(default_factory=Counter)

    def allows(self, kind: str) -> bool:
        """Count a block of a kind; False once there are more than any honest file has."""
        self.counts[kind] += 1
        return self.counts[kind] <= _MOST.get(kind, _MOST_OTHERS)


def metadata(data: FileContent, *, format: str, structure: Structure | None = None) -> Metadata:
    """Read EXIF, XMP, IPTC, ICC, comments, text chunks and the embedded thumbnail.

    Parameters
    ----------
    data : bytes or path
        The whole file, or where it lies.
    format : str
        What the content was sniffed to be: jpeg, png, tiff, webp, gif, bmp, jp2, heif, avif.
    structure : Structure, optional
        The walked file, where the caller has it already.

    Returns
    -------
    Metadata
        Never raises on garbage: a field that lies is an observation and the reading goes on.

    Notes
    -----
    Of maker notes only a few fields are read (see `MakerNote`). Absent metadata is no evidence:
    most platforms remove it. Agreement with other readers is in the benchmarks.

    References
    ----------
    .. [1] CIPA DC-008-2023, Exchangeable image file format for digital still cameras, Exif 3.0.
    .. [2] ISO 16684-1, XMP; IPTC-NAA IIM 4.2; ICC.1:2022; ISO/IEC 23008-12, HEIF.
    """
    data = file_bytes(data)
    tree = structure if structure is not None else read_structure(data, format=format)
    reading = Reading(data=data)
    found = _Found(xmp={}, iptc={}, comments=[], extensions=[])
    for carrier in carriers(reading, tree):
        if found.allows(carrier.kind):
            _read(reading, carrier, found)
    for kind, count in found.counts.items():
        if count > _MOST.get(kind, _MOST_OTHERS):
            reading.observe("limit", f"{count} blocks of kind {kind}; the last were not read")
    _samsung(reading, tree)
    for packet in joined_extension(reading, found.extensions):
        for name, value in read_xmp(reading.inside(packet), packet, None).items():
            found.xmp.setdefault(name, value)
    return _assemble(reading, found)


def _picture_tags(reading: Reading, tags: dict[str, Value], main: str) -> dict[str, Value]:
    """Give the tags with those of the picture's own directory where IFD0 lacks them."""
    own = {key.replace(f"{main}:", "IFD0:"): value for key, value in tags.items()
           if key.startswith(f"{main}:")}  # fmt: skip
    return {**own, **tags}


def _assemble(reading: Reading, found: _Found) -> Metadata:
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
        reading.observe("hostile-text", f"control characters in {', '.join(hostile[:10])}"[:400])
    fbmd = found.iptc.get("SpecialInstructions")
    told = tags if found.main == "IFD0" else _picture_tags(reading, tags, found.main)
    times, positions = find_times(reading, told), find_positions(reading, told)
    make = _word(told, "IFD0:Make")
    exif = next((one for one in positions if one.source == "EXIF"), None)
    pose = find_pose(reading, gps=exif, make=make or _word(told, "XMP:tiff:Make"))
    drone = None if pose is None else drone_position(pose)
    positions = positions if drone is None else (*positions, drone)
    return Metadata(
        tags=tags, entries=tuple(reading.entries), times=times,
        gps=best_position(positions), positions=positions,
        software=_software(told), make=make, model=_word(told, "IFD0:Model"),
        thumbnail=found.thumbnail, icc=found.icc, xmp=found.xmp, iptc=found.iptc,
        fbmd=fbmd if isinstance(fbmd, str) and fbmd.startswith("FBMD") else None,
        comments=tuple(found.comments), hostile=hostile, observations=tuple(reading.observations),
        maker_note=found.maker_note, pose=pose, lineage=find_lineage(found.xmp),
        digital_source=find_digital_source(found.xmp),
        generators=find_generators(reading.entries), georeference=found.georeference,
    )  # fmt: skip


def _word(tags: dict[str, Value], name: str) -> str | None:
    value = tags.get(name)
    return value.strip() or None if isinstance(value, str) else None


def _software(tags: dict[str, Value]) -> tuple[str, ...]:
    names = [*_SOFTWARE, *(key for key in tags if key.endswith("/stEvt:softwareAgent"))]
    texts = [str(tags[name]).strip() for name in names if name in tags]
    # A generator's "parameters" is a paragraph; its presence is what counts here.
    return tuple(dict.fromkeys(text[:200] for text in texts if text))


def _read(reading: Reading, carrier: Carrier, found: _Found) -> None:
    inner = reading if carrier.packed is None else reading.inside(carrier.packed)
    start = carrier.offset if carrier.packed is None else 0
    end = start + (carrier.length if carrier.packed is None else len(carrier.packed))
    end = min(end, len(inner.data))
    if carrier.kind == "exif":
        _exif(inner, exif_start(inner.data, start, end), end, found)
    elif carrier.kind == "xmp":
        _xmp(inner, inner.data[start:end], carrier.offset, found)
    elif carrier.kind == "extended xmp":
        found.extensions.append(inner.take(start, end - start))
    elif carrier.kind == "photoshop":
        _photoshop(inner, start, end, found)
    elif carrier.kind == "iptc":
        _iptc(inner, start, end, found)
    elif carrier.kind == "icc":
        found.icc = found.icc or read_icc(inner, inner.data[start:end], carrier.offset)
    elif carrier.kind in ("comment", "text"):
        _text(inner, carrier, inner.decode(inner.take(start, end - start)), found)
    elif carrier.kind == "jfif":
        _jfif(inner, start, end)
    elif carrier.kind == "adobe":
        _adobe(inner, start, end)


def _xmp(reading: Reading, packet: bytes, offset: int, found: _Found) -> None:
    for name, value in read_xmp(reading, packet, offset).items():
        found.xmp.setdefault(name, value)


def _iptc(reading: Reading, start: int, end: int, found: _Found) -> None:
    for name, value in read_iptc(reading, start, end).items():
        found.iptc.setdefault(name, value)


def _text(reading: Reading, carrier: Carrier, text: str, found: _Found) -> None:
    if carrier.kind == "comment":
        found.comments.append(text)
        reading.add("COM", "Comment", text, offset=carrier.offset, length=carrier.length,
                    reader="comment")  # fmt: skip
    else:
        reading.add("PNG", carrier.name, text, offset=carrier.offset, length=carrier.length,
                    reader="png")  # fmt: skip


def _photoshop(reading: Reading, start: int, end: int, found: _Found) -> None:
    blocks = resources(reading, start, end)
    for block in blocks:
        stop = block.offset + block.length
        if block.number == IPTC_RESOURCE and found.allows("iptc"):
            _iptc(reading, block.offset, stop, found)
        elif block.number == XMP_RESOURCE and found.allows("xmp"):
            _xmp(reading, reading.data[block.offset : stop], block.offset, found)
        elif block.number == ICC_RESOURCE and found.icc is None and found.allows("icc"):
            found.icc = read_icc(reading, reading.data[block.offset : stop], block.offset)
        elif block.number == THUMBNAIL_RESOURCE and found.thumbnail is None and block.length > 28:
            # 28 bytes of header before the JPEG
            _thumbnail(reading, block.offset + 28, block.length - 28, stop, "Photoshop", found)
    read_details(reading, blocks)
    check_digest(reading, blocks)


def _samsung(reading: Reading, tree: Structure) -> None:
    """Read the moment of capture that Samsung phones write behind the picture, as text."""
    blocks = (block for node in tree.nodes if node.kind == "trailer" for block in node.children)
    entries = (entry for block in blocks if block.kind == "Samsung trailer"
               for entry in block.children)  # fmt: skip
    for entry in entries:
        if entry.note == "Image_UTC_Data":
            start = entry.offset + 8 + len(entry.note)
            length = entry.offset + entry.length - start
            text = reading.decode(reading.take(start, min(length, 32))).strip("\0 ")
            reading.add("Samsung", entry.note, text, offset=start, length=length,
                        reader="samsung")  # fmt: skip
            return


def _jfif(reading: Reading, start: int, end: int) -> None:
    raw = reading.data[start:end]
    if len(raw) < 9:
        return
    for name, value, place, size in (
        ("Version", f"{raw[0]}.{raw[1]:02}", 0, 2), ("Units", raw[2], 2, 1),
        ("XDensity", int.from_bytes(raw[3:5], "big"), 3, 2),
        ("YDensity", int.from_bytes(raw[5:7], "big"), 5, 2),
        ("ThumbnailWidth", raw[7], 7, 1), ("ThumbnailHeight", raw[8], 8, 1),
    ):  # fmt: skip
        reading.add("JFIF", name, value, offset=start + place, length=size, reader="jfif")


def _adobe(reading: Reading, start: int, end: int) -> None:
    raw = reading.data[start:end]
    if len(raw) < 7:
        return
    version, transform = int.from_bytes(raw[:2], "big"), raw[6]
    reading.add("Adobe", "DCTEncodeVersion", version, offset=start, length=2, reader="adobe")
    reading.add("Adobe", "ColorTransform", transform, offset=start + 6, length=1, reader="adobe")


def _exif(reading: Reading, start: int, end: int, found: _Found) -> None:
    walk = Walk(data=reading.data)
    block = read_tiff(walk, start, end)
    for seen in walk.observations:
        reading.observe(seen.kind, seen.message, seen.offset, seen.length)
    if block is None:
        return
    if found.counts["exif"] == 2:
        reading.observe("duplicate", "the file holds a second Exif block", start)
    for directory in block.directories:
        read_directory(reading, directory, block.order)
    if found.counts["exif"] == 1:
        found.main = _main_directory(reading, block)
    for directory in block.directories:
        if directory.name == found.main:
            _blobs(reading, directory, found)
            found.georeference = found.georeference or read_geotiff(reading, directory, block.order)
        elif directory.name == "ExifIFD" and found.maker_note is None:
            _maker_note(reading, block, directory, found)
        if found.thumbnail is None and directory.name == "IFD1":
            _exif_thumbnail(reading, block, directory, found)


def _main_directory(reading: Reading, block: TiffBlock) -> str:
    """Name the directory of the picture: the first that is not flagged as a reduced copy."""
    pictures = [one for one in block.directories if one.name.startswith(("IFD", "SubIFD"))]
    whole = [one for one in pictures if not _reduced(reading, block, one)]
    if not whole or whole[0] is pictures[0]:
        return "IFD0"
    first = pictures[0]
    reading.observe(
        "reduced-copy", f"the first directory is flagged as a reduced copy; the picture is that of "
        f"{whole[0].name}", first.offset, first.length,
    )  # fmt: skip
    return whole[0].name


def _reduced(reading: Reading, block: TiffBlock, directory: Directory) -> bool:
    """Tell whether a directory is flagged as a reduced copy or a mask (TIFF 6.0: 254; 255)."""
    fields = {entry.tag: entry for entry in directory.entries}
    flags = integers(reading.data, fields[0x00FE], block.order, 1) if 0x00FE in fields else []
    old = integers(reading.data, fields[0x00FF], block.order, 1) if 0x00FF in fields else []
    return bool(flags and flags[0] & 0b101) or old[:1] == [2]


def _blobs(reading: Reading, directory: Directory, found: _Found) -> None:
    """Read XMP, IPTC, Photoshop and ICC blocks that stand in a TIFF directory."""
    for entry in directory.entries:
        if not entry.inside or entry.length < 4:
            continue
        start, end = entry.offset, entry.offset + entry.length
        if entry.tag == 0x02BC and found.allows("xmp"):
            _xmp(reading, reading.data[start:end], start, found)
        elif entry.tag == 0x83BB and found.allows("iptc"):
            _iptc(reading, start, end, found)
        elif entry.tag == 0x8649 and found.allows("photoshop"):
            _photoshop(reading, start, end, found)
        elif entry.tag == 0x8773 and found.icc is None and found.allows("icc"):
            found.icc = read_icc(reading, reading.data[start:end], start)


def _maker_note(reading: Reading, block: TiffBlock, directory: Directory, found: _Found) -> None:
    make = next((e.value for e in reading.entries if (e.group, e.name) == ("IFD0", "Make")), None)
    for entry in directory.entries:
        if entry.tag == 0x927C and entry.inside and entry.length > 4:
            found.maker_note = read_maker_note(
                reading, entry.offset, entry.length, tiff_start=block.start, order=block.order,
                make=make if isinstance(make, str) else None,
            )  # fmt: skip
            return


def _exif_thumbnail(
    reading: Reading, block: TiffBlock, directory: Directory, found: _Found
) -> None:
    fields = {entry.tag: entry for entry in directory.entries}
    if 0x0201 not in fields or 0x0202 not in fields:
        return
    offset = integers(reading.data, fields[0x0201], block.order, 1)
    length = integers(reading.data, fields[0x0202], block.order, 1)
    if offset and length and length[0]:
        _thumbnail(reading, block.start + offset[0], length[0], block.end, "IFD1", found)


def _thumbnail(
    reading: Reading, start: int, length: int, end: int, source: str, found: _Found
) -> None:
    if start + length > end:
        reading.observe("outside", f"the thumbnail of {source} reaches out of its block", start)
        length = max(0, end - start)
    raw = reading.take(start, min(length, _MAX_THUMBNAIL))
    if raw[:3] != b"\xff\xd8\xff":
        reading.observe("invalid", f"what {source} calls a thumbnail is no JPEG", start, length)
        return
    found.thumbnail = Thumbnail(data=raw, offset=start if reading.place else None, source=source)
