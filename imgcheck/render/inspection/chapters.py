"""The chapters of an inspection, in the order an analyst asks: both views are made of these.

What it is; the route it took; times; place; credentials; embedded pictures; oddities; tags.
Texts are as they came from the file: whoever shows them makes them safe.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from imgcheck.inspection import Inspection
from imgcheck.provenance import say_credentials
from imgcheck.render.numbers import size

# Without --all, tags beyond these stay in the JSON.
CORE_TAGS = (
    "IFD0:Make", "IFD0:Model", "IFD0:Software", "ExifIFD:LensModel", "ExifIFD:FNumber",
    "ExifIFD:ExposureTime", "ExifIFD:ISOSpeedRatings", "ExifIFD:PhotographicSensitivity",
    "ExifIFD:FocalLength", "IFD0:ImageDescription", "IFD0:Artist", "IFD0:Copyright",
    "XMP:xmp:CreatorTool", "XMP:Iptc4xmpExt:DigitalSourceType", "XMP:dc:description",
    "IPTC:Caption/Abstract", "IPTC:Credit", "IPTC:By-line", "IPTC:Source",
)  # fmt: skip
Place = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line: what, what it says, and the bytes it rests on.

    Attributes
    ----------
    label : str
        A word or two; may be empty.
    text : str
        The statement.
    note : str
        What it does not say, where it stands, which zone is missing.
    places : tuple of (int, int)
        Offset and length in the file.
    odd : bool
        Whether a reader's eye should stop here. Never "bad".
    """

    text: str
    label: str = ""
    note: str = ""
    places: tuple[Place, ...] = ()
    odd: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """A title and its rows; ``remark`` is one sentence on how far the chapter can be trusted."""

    key: str
    title: str
    rows: tuple[Row, ...]
    remark: str = ""


def chapters(found: Inspection, *, everything: bool = False) -> tuple[Chapter, ...]:
    """Arrange an inspection; chapters without a row are left out.

    Parameters
    ----------
    everything : bool, default False
        Also every tag.
    """
    made = (
        Chapter(key="what", title="What it is", rows=tuple(_what(found))),
        Chapter(key="route", title="Route", rows=tuple(_route(found)),
                remark="Names of cameras and programs are written by whoever last saved the file."),
        Chapter(key="times", title="Times", rows=tuple(_times(found)),
                remark="Every one of them can be set at will, unless a signature covers it."),
        Chapter(key="place", title="Place", rows=tuple(_position(found))),
        Chapter(key="credentials", title="Credentials", rows=tuple(_credentials(found))),
        Chapter(key="odd", title="Observations", rows=tuple(_observations(found)),
                remark="An observation is something to look at, not a sign of manipulation."),
        Chapter(key="tags", title="Tags", rows=tuple(_tags(found, everything))),
    )  # fmt: skip
    return tuple(chapter for chapter in made if chapter.rows)


def _what(found: Inspection) -> Iterator[Row]:
    image = found.image
    yield Row(
        label="format",
        text=f"{image.format.upper()}, {image.width} x {image.height} px, {size(image.size_bytes)}",
    )
    yield Row(label="SHA-256", text=image.sha256)
    if not image.pixels_readable:
        reason = image.unreadable_reason or "no reason known"
        yield Row(label="pixels", text=f"cannot be read: {reason}", odd=True)
    for damage in image.damage:
        yield Row(label="damaged", text=damage.detail, odd=True)


def _route(found: Inspection) -> Iterator[Row]:
    metadata = found.metadata
    camera = " ".join(word for word in (metadata.make, metadata.model) if word)
    yield Row(label="camera", text=camera) if camera else Row(label="camera", text="none is named")
    for software in metadata.software:
        yield Row(label="software", text=f"passed through {software}")
    for trace in found.traces:
        yield Row(label="platform", text=trace.wording)
    if found.fbmd is not None:
        yield Row(label="FBMD", text=f"field of Meta's platforms: {found.fbmd.state}")
    if found.encoding is not None:
        yield Row(label="last save", text=_last_save(found))


def _last_save(found: Inspection) -> str:
    encoding = found.encoding
    assert encoding is not None
    quality = (
        f"standard tables of quality {encoding.ijg_quality}"
        if encoding.ijg_quality is not None
        else "not a standard table"
    )
    chroma = "" if encoding.subsampling is None else f", chroma {encoding.subsampling}"
    way = "progressive" if encoding.progressive else encoding.process
    return f"{quality}, {way}{chroma}"


def _times(found: Inspection) -> Iterator[Row]:
    for time in found.metadata.times:
        note = f"{time.source}, {time.tag}"
        note += "" if time.zone else "; time zone unknown"
        yield Row(label=time.role, text=time.value, note=note, places=_first_place(found, time.tag))
    if not found.metadata.times:
        yield Row(text="no time is recorded; platforms strip it, so that says nothing")


def _place(offset: int | None, length: int | None = None) -> tuple[Place, ...]:
    return () if offset is None else ((offset, length or 0),)


def _position(found: Inspection) -> Iterator[Row]:
    gps = found.metadata.gps
    if gps is None or gps.lat is None or gps.lon is None:
        yield Row(text="no position is recorded; platforms strip it, so that says nothing")
        return
    height = "" if gps.altitude_m is None else f", altitude {gps.altitude_m:.1f} m"
    yield Row(
        label="position",
        text=f"{gps.lat:.6f}, {gps.lon:.6f} (latitude, longitude){height}",
        note="of the camera, not of the ground it looks at",
    )


def _credentials(found: Inspection) -> Iterator[Row]:
    for sentence in say_credentials(found.credentials):
        yield Row(text=sentence)


def _observations(found: Inspection) -> Iterator[Row]:
    for seen in (*found.structure.observations, *found.metadata.observations):
        yield Row(label=seen.kind, text=seen.message, places=_place(seen.offset, seen.length))


def _tags(found: Inspection, everything: bool) -> Iterator[Row]:
    tags = found.metadata.tags
    for name, value in tags.items():
        if everything or name in CORE_TAGS:
            yield Row(label=name, text=str(value), places=_first_place(found, name))
    if not everything and tags:
        yield Row(text=f"({len(tags)} tags in all; --all shows them)")


def _first_place(found: Inspection, name: str) -> tuple[Place, ...]:
    group, _, rest = name.partition(":")
    entries: Iterable[tuple[int | None, int | None]] = (
        (entry.offset, entry.length)
        for entry in found.metadata.entries
        if entry.group == group and entry.name == rest
    )
    offset, length = next(iter(entries), (None, None))
    return _place(offset, length)
