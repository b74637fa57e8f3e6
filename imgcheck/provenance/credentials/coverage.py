"""What the hash of the content leaves out: those bytes can be changed and nothing will say so."""

from collections.abc import Iterator

from imgcheck.imaging.containers.tree import Node, Structure
from imgcheck.provenance.credentials.manifests import (
    Manifest,
    Store,
    items,
    label_in,
    mapping,
    text,
)
from imgcheck.provenance.credentials.result import OutsideHash, OutsidePart

_MOST_RANGES = 100
_MOST_PARTS = 24
_PIXELS = ("scan", "IDAT", "VP8 ", "VP8L")
_PIXEL_BOXES = ("mdat", "idat", "iloc", "SOS", "IDAT", "VP8")  # ISO/IEC 14496-12, JPEG, PNG, WebP
_UPDATES = 16  # update manifests that lean on one another before the one with the hash


def outside_hash(store: Store, structure: Structure, size: int) -> OutsideHash:
    """Name what lies outside the hash of the content.

    Parameters
    ----------
    structure : Structure
        The walked file; its parts give the names.
    size : int
        Length of the file in bytes.

    Notes
    -----
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
    """Tell whether excluded boxes are such as hold pixels, or say where pixels lie."""
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
    """Tell whether any block of that kind lies in the ranges; None where the file has none."""
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
