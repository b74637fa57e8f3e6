"""XMP packets (ISO 16684-1), read by a parser that refuses document types and entities.

The names in the result are ``prefix:name`` with the usual prefix of each namespace, whatever the
file calls it; nested fields are ``outer/inner``, items of a list of structures
``outer[1]/inner``.
"""

import hashlib
import re
from collections.abc import Iterator
from xml.etree import ElementTree

from imgcheck.provenance.text import MAX_TEXT
from imgcheck.provenance.value import Reading, Value

MAX_XMP = 4 << 20  # bytes; the packets of 10,000-step histories stay below
_MAX_ELEMENTS = 20_000
_MAX_DEPTH = 24
_MAX_PROPERTIES = 4_000
_MAX_ITEMS = 256

_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_FORBIDDEN = re.compile(r"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)
_PREFIXES = {
    "http://ns.adobe.com/xap/1.0/": "xmp",
    "http://ns.adobe.com/xap/1.0/mm/": "xmpMM",
    "http://ns.adobe.com/xap/1.0/rights/": "xmpRights",
    "http://ns.adobe.com/xap/1.0/sType/ResourceEvent#": "stEvt",
    "http://ns.adobe.com/xap/1.0/sType/ResourceRef#": "stRef",
    "http://ns.adobe.com/xmp/note/": "xmpNote",
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://purl.org/dc/terms/": "dcterms",
    "http://ns.adobe.com/photoshop/1.0/": "photoshop",
    "http://ns.adobe.com/camera-raw-settings/1.0/": "crs",
    "http://ns.adobe.com/tiff/1.0/": "tiff",
    "http://ns.adobe.com/exif/1.0/": "exif",
    "http://ns.adobe.com/exif/1.0/aux/": "aux",
    "http://cipa.jp/exif/1.0/": "exifEX",
    "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/": "Iptc4xmpCore",
    "http://iptc.org/std/Iptc4xmpExt/2008-02-29/": "Iptc4xmpExt",
    "http://ns.google.com/photos/1.0/camera/": "GCamera",
    "http://ns.google.com/photos/1.0/container/": "Container",
    "http://ns.google.com/photos/1.0/container/item/": "Item",
    "http://ns.adobe.com/hdr-gain-map/1.0/": "hdrgm",
    "http://www.dji.com/drone-dji/1.0/": "drone-dji",
    "http://www.parrot.com/drone-parrot/1.0/": "drone-parrot",
    "https://www.skydio.com/drone-skydio/1.0/": "drone-skydio",
    "http://ns.sensefly.com/sensefly/1.0/": "sensefly",
    "http://ns.google.com/photos/1.0/panorama/": "GPano",
    "http://ns.adobe.com/xap/1.0/sType/Dimensions#": "stDim",
    "http://pix4d.com/camera/1.0": "Camera",
    "http://pix4d.com/camera/1.0/": "Camera",
}


class _Refused(Exception):
    """The packet is not to be parsed further; the text says why."""


class _Guard(ElementTree.TreeBuilder):
    """Build the tree, count it, and stop at the first sign of a document type."""

    def __init__(self) -> None:
        super().__init__()
        self.depth = self.elements = 0
        self.prefixes: dict[str, str] = {}

    def start_ns(self, prefix: str, uri: str) -> None:
        self.prefixes.setdefault(uri, prefix)

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise _Refused("it declares a document type")

    def start(self, tag: str, attrs: dict[str, str]) -> ElementTree.Element:
        self.depth += 1
        self.elements += 1
        if self.depth > _MAX_DEPTH or self.elements > _MAX_ELEMENTS:
            raise _Refused(f"it is deeper than {_MAX_DEPTH} or has over {_MAX_ELEMENTS} elements")
        return super().start(tag, attrs)

    def end(self, tag: str) -> ElementTree.Element:
        self.depth -= 1
        return super().end(tag)


def read_xmp(reading: Reading, packet: bytes, offset: int | None) -> dict[str, Value]:
    """Read one packet into ``{"prefix:name": text, number-like text or list}``."""
    if len(packet) > MAX_XMP:
        reading.observe("limit", f"an XMP packet of {len(packet)} bytes was not read", offset)
        return {}
    if not packet.strip(b"\0 \r\n\t"):
        reading.observe("invalid", "an XMP packet is empty", offset)
        return {}
    try:
        properties = _parse(packet)
    except _Refused as refused:
        reading.observe("refused", f"an XMP packet was not read: {refused}", offset, len(packet))
        return {}
    except (ElementTree.ParseError, UnicodeError, ValueError, LookupError) as error:
        reading.observe("invalid", f"an XMP packet is not well-formed: {error}"[:200], offset)
        return {}
    for name, value in properties.items():
        reading.add("XMP", name, value, offset=offset, length=len(packet), reader="xmp")
    return properties


def _parse(packet: bytes) -> dict[str, Value]:
    text = _decode(packet)
    if _FORBIDDEN.search(text):
        raise _Refused("it declares a document type or an entity")
    # The wrapper of processing instructions carries padding that is no part of the document,
    # and an encoding declaration would contradict text that is already decoded.
    text = re.sub(r"<\?(xpacket|xml|adobe)\b[^>]{0,400}\?>", "", text).strip("\0 \r\n\t\ufeff")
    guard = _Guard()
    parser = ElementTree.XMLParser(target=guard)
    parser.feed(text.encode("utf-8", "replace"))
    root = parser.close()
    rdf = root if root.tag == f"{_RDF}RDF" else root.find(f".//{_RDF}RDF")
    blocks = [root] if root.tag == f"{_RDF}Description" else list(rdf if rdf is not None else ())
    found: dict[str, Value] = {}
    for block in blocks:
        if block.tag == f"{_RDF}Description":
            _properties(block, "", guard.prefixes, found)
    return found


def _decode(packet: bytes) -> str:
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"),
                           (b"<\0", "utf-16-le"), (b"\0<", "utf-16-be")):  # fmt: skip
        if packet.startswith(mark):
            return packet.decode(encoding, "replace")
    try:
        return packet.decode("utf-8-sig")
    except UnicodeDecodeError:
        return packet.decode("latin-1")


def _name(tag: str, prefixes: dict[str, str]) -> str:
    if not tag.startswith("{"):
        return tag[:80]
    uri, _, local = tag[1:].partition("}")
    prefix = _PREFIXES.get(uri)
    if prefix is None:
        prefix = prefixes.get(uri) or "ns"
        if prefix in _PREFIXES.values():  # a foreign namespace under a well-known prefix
            prefix += "?"
    return f"{prefix[:40]}:{local[:80]}"


def _properties(
    element: ElementTree.Element, path: str, prefixes: dict[str, str], found: dict[str, Value]
) -> None:
    """Flatten the attributes and children of a structure."""
    for key, text in element.attrib.items():
        if not key.startswith((_RDF, "{http://www.w3.org/XML/")):
            _put(found, path + _name(key, prefixes), text)
    for child in element:
        if child.tag == f"{_RDF}Description":  # a wrapper without a name of its own
            _properties(child, path, prefixes, found)
        else:
            _property(child, path + _name(child.tag, prefixes), prefixes, found)


def _property(
    element: ElementTree.Element, name: str, prefixes: dict[str, str], found: dict[str, Value]
) -> None:
    inner = list(element)
    if not inner:
        resource = element.get(f"{_RDF}resource")
        plain = [key for key in element.attrib if not key.startswith("{http://www.w3.org/")]
        if plain:
            _properties(element, name + "/", prefixes, found)
        else:
            _put(found, name, resource if resource is not None else (element.text or ""))
        return
    if inner[0].tag in (f"{_RDF}Bag", f"{_RDF}Seq", f"{_RDF}Alt"):
        _items(list(inner[0])[:_MAX_ITEMS], name, prefixes, found)
    else:
        _properties(element, name + "/", prefixes, found)


def _items(
    items: list[ElementTree.Element], name: str, prefixes: dict[str, str], found: dict[str, Value]
) -> None:
    texts: list[str] = []
    for number, item in enumerate(items, 1):
        if len(item) or any(not key.startswith("{http://www.w3.org/") for key in item.attrib):
            _properties(item, f"{name}[{number}]/", prefixes, found)
        else:
            texts.append((item.text or item.get(f"{_RDF}resource") or "")[:MAX_TEXT])
    if len(texts) == 1 and items[0].get(_LANG):
        _put(found, name, texts[0])
    elif texts:
        _put(found, name, texts)


def _put(found: dict[str, Value], name: str, value: Value) -> None:
    if len(found) < _MAX_PROPERTIES and name not in found:
        found[name] = value.strip()[:MAX_TEXT] if isinstance(value, str) else value


def joined_extension(reading: Reading, parts: list[bytes]) -> Iterator[bytes]:
    """Put the segments of each extended packet together (XMP part 3, 1.1.3.1).

    A segment is a 32-digit MD5 digest of the whole, its length, an offset, and a piece.
    """
    groups: dict[bytes, list[tuple[int, int, bytes]]] = {}
    for part in parts:
        if len(part) > 40:
            total, start = (int.from_bytes(part[i : i + 4], "big") for i in (32, 36))
            groups.setdefault(part[:32], []).append((start, total, part[40:]))
    for digest, pieces in groups.items():
        whole = b"".join(piece for _, _, piece in sorted(pieces, key=lambda piece: piece[0]))
        total = pieces[0][1]
        if len(whole) != total or total > MAX_XMP:
            reading.observe("invalid", f"extended XMP says {total} bytes, {len(whole)} are there")
        elif hashlib.md5(whole, usedforsecurity=False).hexdigest().upper().encode() != digest:
            reading.observe("digest", "extended XMP does not have the digest it is filed under")
        else:
            yield whole
