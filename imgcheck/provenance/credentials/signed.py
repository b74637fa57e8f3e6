"""What is signed: the bytes under the content hash, and signed times, positions and steps.

Bytes outside the hash can be changed without breaking the signature. Signed statements are
compared with the file's own tags, which anyone can edit.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from imgcheck.imaging.containers.tree import Node, Structure
from imgcheck.provenance.clocks.stated import Time
from imgcheck.provenance.credentials.report import Manifest, Store, items, label_in, mapping, text
from imgcheck.provenance.credentials.result import (
    Action,
    OutsideHash,
    OutsidePart,
    SignedStatement,
)
from imgcheck.provenance.fields.position import Gps

_MOST_RANGES = 100
_MOST_PARTS = 24
_PIXELS = ("scan", "IDAT", "VP8 ", "VP8L")
_PIXEL_BOXES = ("mdat", "idat", "iloc", "SOS", "IDAT", "VP8")  # ISO/IEC 14496-12, JPEG, PNG, WebP
_UPDATES = 16  # update manifests that lean on one another before the one with the hash
_METADATA = ("stds.exif", "c2pa.metadata", "cawg.metadata", "stds.iptc")
_MOST = 100

# Positions written twice differ by rounding: 0.0001 minutes of arc are 0.0000017 degrees, EXIF
# thirds of seconds 0.00028. A receiver's own scatter is larger. 0.0005 degrees are 56 m.
_SAME_DEG = 0.0005
# Cameras and their signing programs read the clock one after the other: the three camera files of
# benchmarks: credentials differ by 0.0, 2.4 and 2.4 s between tag and assertion.
_SAME_S = 5.0

_ARC = re.compile(
    r"\s*(\d{1,3})[,\s](\d{1,2}(?:\.\d{1,12})?)(?:,(\d{1,2}(?:\.\d{1,12})?))?([NSEW])\s*"
)
_CAPTURE = ("DateTimeOriginal", "DateCreated")
_FIX = "GPSTimeStamp"


def outside_hash(store: Store, structure: Structure, size: int) -> OutsideHash:
    """Return what lies outside the hash of the content, named by the parts of the walked file.

    An update manifest has no hash of its own; that of the manifest it updates counts.
    """
    manifest = _with_hash(store)
    if manifest is None:
        return OutsideHash(method=None)
    for _, content in manifest.labelled("c2pa.hash.data"):
        ranges = tuple(_ranges(mapping(content), structure, size))
        return OutsideHash(
            method="data",
            ranges=ranges,
            exif=_lies_in(ranges, structure, "exif"),
            xmp=_lies_in(ranges, structure, "xmp"),
            picture=_lies_in(ranges, structure, "picture"),
        )
    for _, content in manifest.labelled("c2pa.hash.bmff"):
        paths = (text(mapping(e).get("xpath")) for e in items(mapping(content).get("exclusions")))
        rules = tuple(p for p in paths if p)[:_MOST_RANGES]
        return OutsideHash(method="bmff", rules=rules, picture=_names_pixels(rules))
    for _, content in manifest.labelled("c2pa.hash.boxes"):
        rules = tuple(_unhashed(mapping(content)))[:_MOST_RANGES]
        return OutsideHash(method="boxes", rules=rules, picture=_names_pixels(rules))
    return OutsideHash(method=None)


def _names_pixels(rules: tuple[str, ...]) -> bool:
    """Return whether excluded boxes hold pixels, or the places of pixels."""
    return any(box in rule for rule in rules for box in _PIXEL_BOXES)


def _with_hash(store: Store) -> Manifest | None:
    manifest = store.active
    for _ in range(_UPDATES):
        if manifest is None or any(k.startswith("c2pa.hash.") for k in manifest.assertions):
            return manifest
        manifest = _updated(store, manifest)
    return None


def _updated(store: Store, manifest: Manifest) -> Manifest | None:
    for _, content in manifest.labelled("c2pa.ingredient"):
        block = mapping(content)
        if block.get("relationship") == "parentOf":
            named = mapping(block.get("activeManifest", block.get("c2pa_manifest"))).get("url")
            label = label_in(named)
            return None if label is None else store.manifest(label)
    return None


def _ranges(content: dict[str, object], structure: Structure, size: int) -> Iterator[OutsidePart]:
    for item in items(content.get("exclusions"))[:_MOST_RANGES]:
        start, length = mapping(item).get("start"), mapping(item).get("length")
        if not isinstance(start, int) or not isinstance(length, int) or start < 0 or length <= 0:
            continue
        end = min(start + length, size)
        inside = [n for n in _leaves(structure.nodes) if _overlap(n, start, end)]
        named = dict.fromkeys(_words(node, start, end) for node in inside)
        yield OutsidePart(offset=start, length=length, parts=tuple(named)[:_MOST_PARTS])


def _leaves(nodes: tuple[Node, ...]) -> Iterator[Node]:
    for node in nodes:
        if node.children:
            yield from _leaves(node.children)
        else:
            yield node


def _overlap(node: Node, start: int, end: int) -> bool:
    return node.offset < end and node.offset + node.length > start


def _words(node: Node, start: int, end: int) -> str:
    whole = node.offset >= start and node.offset + node.length <= end
    name = f"{node.kind} {node.note}" if node.kind.startswith("APP") else node.kind
    return name.strip() if whole else f"part of {name.strip()}"


def _lies_in(ranges: tuple[OutsidePart, ...], structure: Structure, what: str) -> bool | None:
    """Return whether a block of that kind lies in the ranges; None where the file has none."""
    blocks = [node for node in _leaves(structure.nodes) if _holds(node, what)]
    if not blocks:
        return None
    return any(
        _overlap(node, part.offset, part.offset + part.length) for node in blocks for part in ranges
    )


def _holds(node: Node, what: str) -> bool:
    if what == "picture":
        return node.kind in _PIXELS
    if what == "exif":
        return (node.kind == "APP1" and node.note == "Exif") or node.kind in ("eXIf", "EXIF")
    xmp = node.kind == "APP1" and "XMP" in node.note
    return xmp or node.kind == "XMP " or (node.kind == "iTXt" and "XML:com.adobe.xmp" in node.note)


def _unhashed(content: dict[str, object]) -> Iterator[str]:
    for item in items(content.get("boxes")):
        if mapping(item).get("excluded") is True:
            yield from (str(name)[:40] for name in items(mapping(item).get("names")))


def actions(manifest: Manifest) -> tuple[Action, ...]:
    """Return the steps that the signer states were taken."""
    return tuple(_actions(manifest))[:_MOST]


def _actions(manifest: Manifest) -> Iterator[Action]:
    for _, content in manifest.labelled("c2pa.actions"):
        for item in items(mapping(content).get("actions")):
            block = mapping(item)
            agent = block.get("softwareAgent")
            yield Action(
                action=text(block.get("action")) or "unnamed",
                when=text(block.get("when")),
                software=text(mapping(agent).get("name")) or text(agent),
                source_type=_last_word(text(block.get("digitalSourceType"))),
                description=text(block.get("description"))
                or text(mapping(block.get("parameters")).get("description")),
            )


def source_types(manifest: Manifest, steps: Iterable[Action]) -> tuple[str, ...]:
    """Return the declared kinds of source: ``digitalCapture``, ``trainedAlgorithmicMedia``…"""
    found = [step.source_type for step in steps]
    for name, value in _fields(manifest):
        if name.lower() == "digitalsourcetype":
            found.append(_last_word(text(value)))
    for _, content in manifest.labelled("stds.schema-org.CreativeWork"):
        found.append(_last_word(text(mapping(content).get("digitalSourceType"))))
    return tuple(dict.fromkeys(word for word in found if word))


def _last_word(address: str | None) -> str | None:
    return None if address is None else address.rstrip("/").rsplit("/", 1)[-1] or None


def compare(
    manifest: Manifest, *, gps: Gps | None, times: Iterable[Time]
) -> tuple[SignedStatement, ...]:
    """Compare signed positions and times with the file's tags.

    A difference proves an edit of the tags after signing only if the signer wrote both from one
    reading; two clocks of one camera differ honestly. A time without a zone is compared with a
    time that has one by whether any whole quarter of an hour of offset brings them together.
    """
    signed, times = list(_fields(manifest)), tuple(times)
    found = list(_positions(signed, gps))
    for name, value in signed:
        words = text(value)
        if words is not None and name in (*_CAPTURE, _FIX):
            found.append(_timed(name, words, times, "position" if name == _FIX else "capture"))
    for step in actions(manifest):
        if step.when and step.action in ("c2pa.created", "c2pa.captured"):
            found.append(_timed(f"action {step.action}", step.when, times, "capture"))
    return tuple(found)[:_MOST]


def _fields(manifest: Manifest) -> Iterator[tuple[str, object]]:
    for prefix in _METADATA:
        for _, content in manifest.labelled(prefix):
            for name, value in mapping(content).items():
                yield str(name).rsplit(":", 1)[-1], value


def degrees(value: object) -> float | None:
    """Read an angle as XMP writes it: ``40,44.1861N``, or degrees with a sign."""
    words = text(value)
    if words is None:
        return None
    match = _ARC.fullmatch(words)
    if match is None:
        try:
            plain = float(words)
        except ValueError:
            return None
        return plain if abs(plain) <= 180 else None
    whole = float(match[1]) + float(match[2]) / 60 + float(match[3] or 0) / 3600
    return -whole if match[4] in "SW" else whole


def _positions(signed: list[tuple[str, object]], gps: Gps | None) -> Iterator[SignedStatement]:
    angles = {name: angle for name, value in reversed(signed)
              if (angle := degrees(value)) is not None}  # fmt: skip
    lat, lon = angles.get("GPSLatitude"), angles.get("GPSLongitude")
    own = None if gps is None else gps.point
    unsigned = None if own is None else f"{own.lat:.6f}, {own.lon:.6f}"
    if lat is None or lon is None:
        if unsigned is not None:
            yield SignedStatement(what="position", source="EXIF", signed=None, unsigned=unsigned,
                                  agreement="unsigned only")  # fmt: skip
        return
    agreement, apart = "signed only", None
    if own is not None:
        around = abs((lon - own.lon + 180) % 360 - 180)
        apart = round(max(abs(lat - own.lat), around), 7)
        agreement = "agrees" if apart <= _SAME_DEG else "differs"
    yield SignedStatement(
        what="position", source="metadata assertion", signed=f"{lat:.6f}, {lon:.6f}",
        unsigned=unsigned, agreement=agreement, difference=apart,
    )  # fmt: skip


def _timed(source: str, words: str, times: tuple[Time, ...], role: str) -> SignedStatement:
    own = next((time for time in times if time.role == role), None)
    agreement, apart = ("signed only", None) if own is None else (
        agreement_of_times(words, own.value)
    )  # fmt: skip
    return SignedStatement(
        what="time", source=source, signed=words, unsigned=None if own is None else own.value,
        agreement=agreement, difference=apart,
    )  # fmt: skip


def agreement_of_times(signed: str, unsigned: str) -> tuple[str, float | None]:
    """Compare two ISO times; seconds apart where both, or neither, have a zone.

    Where only one has a zone, times a whole quarter of an hour apart, up to 14 h, agree in all
    that can be compared.
    """
    first, second = _moment(signed), _moment(unsigned)
    if first is None or second is None:
        return "not comparable", None
    if (first.tzinfo is None) == (second.tzinfo is None):
        apart = abs((first - second).total_seconds())
        return ("agrees" if apart <= _SAME_S else "differs"), apart
    bare, zoned = (first, second) if first.tzinfo is None else (second, first)
    local = abs((bare - zoned.replace(tzinfo=None)).total_seconds())
    universal = (bare - zoned.astimezone(UTC).replace(tzinfo=None)).total_seconds()
    off = abs(universal - 900 * round(universal / 900))
    if local <= _SAME_S or (off <= _SAME_S and abs(universal) <= 14 * 3600 + _SAME_S):
        return "agrees", min(local, off)
    if abs(universal) > 14 * 3600 + _SAME_S:
        return "differs", None
    return "not comparable", None


def _moment(words: str) -> datetime | None:
    # Nikon writes hundredths after a comma: 2022-10-25T11:27:32,78-05:00.
    tidy = re.sub(r",(\d{1,6})\d*", r".\1", words.strip().replace(" ", "T"))
    tidy = re.sub(r"^(\d{4}):(\d{2}):(\d{2})", r"\1-\2-\3", tidy)
    try:
        return datetime.fromisoformat(tidy)
    except ValueError:
        return None
