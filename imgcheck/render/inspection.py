"""What a file says about itself, on a terminal: what it is, its route, its times, its tags."""

from collections.abc import Iterable, Iterator

from imgcheck.inspection import Inspection
from imgcheck.provenance import Node, say_credentials
from imgcheck.render.numbers import size
from imgcheck.render.plain import line

# Without --all, tags beyond these stay in the JSON.
_CORE_TAGS = (
    "IFD0:Make", "IFD0:Model", "IFD0:Software", "ExifIFD:LensModel", "ExifIFD:FNumber",
    "ExifIFD:ExposureTime", "ExifIFD:ISOSpeedRatings", "ExifIFD:PhotographicSensitivity",
    "XMP:CreatorTool", "XMP:DigitalSourceType", "IPTC:Credit", "IPTC:By-line", "IPTC:Source",
)  # fmt: skip


def terminal(found: Inspection, *, everything: bool = False) -> str:
    """Give an inspection as terminal text, without colours.

    Parameters
    ----------
    everything : bool, default False
        Also every tag and the whole structure.
    """
    rows = [
        *_what(found),
        *_section("Route", _route(found)),
        *_section("Times", _times(found)),
        *_section("Place", _place(found)),
        *_section("Credentials", _credentials(found)),
        *_section("Observations", _observations(found)),
        *_section("Tags", _tags(found, everything)),
    ]
    if everything:
        rows += _section("Structure", _structure(found.structure.nodes, 0))
    return "\n".join(rows) + "\n\n"


def _section(title: str, rows: Iterable[str]) -> list[str]:
    shown = [f"  {row}" for row in rows]
    return ["", title, *shown] if shown else []


def _what(found: Inspection) -> Iterator[str]:
    image = found.image
    yield line(image.name, limit=200)
    yield (f"  {image.format.upper()}, {image.width} x {image.height} px, {size(image.size_bytes)}")
    yield f"  SHA-256 {image.sha256}"
    if not image.pixels_readable:
        yield f"  pixels cannot be read: {line(image.unreadable_reason or 'no reason known')}"
    for damage in image.damage:
        yield f"  damaged: {line(damage.detail)}"


def _route(found: Inspection) -> Iterator[str]:
    metadata = found.metadata
    camera = " ".join(word for word in (metadata.make, metadata.model) if word)
    yield f"camera named: {line(camera)}" if camera else "no camera is named"
    for software in metadata.software:
        yield f"passed through: {line(software, limit=120)}"
    for trace in found.traces:
        yield line(trace.wording)
    if found.fbmd is not None:
        yield f"FBMD field (written by Meta's platforms): {found.fbmd.state}"
    encoding = found.encoding
    if encoding is not None:
        quality = (
            f"standard tables of quality {encoding.ijg_quality}"
            if encoding.ijg_quality is not None
            else "not a standard table"
        )
        chroma = "" if encoding.subsampling is None else f", chroma {encoding.subsampling}"
        way = "progressive" if encoding.progressive else encoding.process
        yield f"last save: {quality}, {way}{chroma}"


def _times(found: Inspection) -> Iterator[str]:
    for time in found.metadata.times:
        zone = "" if time.zone else "  (time zone unknown)"
        yield f"{line(time.value, limit=40)}  {time.role}, {time.source}, {line(time.tag)}{zone}"
    if not found.metadata.times:
        yield "no time is recorded; platforms strip it, so that says nothing"


def _place(found: Inspection) -> Iterator[str]:
    gps = found.metadata.gps
    if gps is None or gps.lat is None or gps.lon is None:
        yield "no position is recorded"
        return
    height = "" if gps.altitude_m is None else f", altitude {gps.altitude_m:.1f} m"
    yield f"{gps.lat:.6f}, {gps.lon:.6f} (latitude, longitude){height}: of the camera"


def _credentials(found: Inspection) -> Iterator[str]:
    for sentence in say_credentials(found.credentials):
        yield line(sentence, limit=300)


def _observations(found: Inspection) -> Iterator[str]:
    for seen in (*found.structure.observations, *found.metadata.observations):
        where = "" if seen.offset is None else f" (byte {seen.offset})"
        yield f"{line(seen.message)}{where}"


def _tags(found: Inspection, everything: bool) -> Iterator[str]:
    for name, value in found.metadata.tags.items():
        if everything or name in _CORE_TAGS:
            yield f"{line(name, limit=60):34} {line(str(value), limit=300 if everything else 80)}"
    hidden = len(found.metadata.tags)
    if not everything and hidden:
        yield f"({hidden} tags in all; --all shows them)"


def _structure(nodes: Iterable[Node], depth: int) -> Iterator[str]:
    for node in nodes:
        indent = "  " * depth
        note = line(node.note, limit=80)
        yield f"{node.offset:10} {node.length:10}  {indent}{node.kind}  {note}"
        yield from _structure(node.children, depth + 1)
