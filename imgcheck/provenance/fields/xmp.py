"""XMP packets (ISO 16684-1), read by a parser that refuses document types and entities.

The names in the result are ``prefix:name`` with the usual prefix of each namespace, whatever the
file calls it; nested fields are ``outer/inner``, items of a list of structures
``outer[1]/inner``. The parser keeps the place of every element, so that a value can be shown in
the bytes of the file.
"""

import hashlib
import re
from collections.abc import Iterator
from xml.etree import ElementTree
from xml.parsers import expat

from imgcheck.provenance.fields.values import MAX_TEXT, Reading, Value, guess

MAX_XMP = 4 << 20  # bytes; the packets of 10,000-step histories stay below
_MAX_PROPERTIES = 4_000
_MAX_ITEMS = 256
_MAX_ELEMENTS = 20_000
_MAX_DEPTH = 24
_FORBIDDEN = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)
# The wrapper of processing instructions carries padding that is not part of the document, and an
# encoding declaration would contradict text that is already decoded.
_WRAPPER = re.compile(rb"<\?(?:xpacket|xml|adobe)\b[^>]{0,400}\?>")
_TAG_NAME = re.compile(rb"<[^\s/>=]{1,400}")
_ATTRIBUTE = re.compile(rb"""\s*([^\s=<>"'/]{1,400})\s*=\s*("[^"]*"|'[^']*')""")
_BLANK = b"\0 \r\n\t\xef\xbb\xbf"

_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
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
    "http://ns.sensefly.com/Camera/1.0/": "Camera",
    "http://pix4d.com/camera/1.0": "Camera",
    "http://pix4d.com/camera/1.0/": "Camera",
}


Place = tuple[int, int]


class _RefusedError(Exception):
    """The packet is not to be parsed further; the text is the reason."""


class _Tree:
    """A packet as elements with their places in it.

    ``places`` are (offset, length) where the packet's bytes were UTF-8 (``exact``); ``source`` is
    what was parsed: the packet itself with blanks in place of its wrapper.
    """

    def __init__(self, packet: bytes) -> None:
        self.source, self.exact = _source(packet)
        if _FORBIDDEN.search(self.source):
            raise _RefusedError("it declares a document type or an entity")
        self.prefixes: dict[str, str] = {}
        self.places: dict[ElementTree.Element, Place] = {}
        self._found: dict[str, tuple[Value, Place | None]] = {}
        self._open: list[tuple[ElementTree.Element, int]] = []
        self._target = ElementTree.TreeBuilder()
        self._parser = expat.ParserCreate("utf-8", "}")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._target.data
        self._parser.StartNamespaceDeclHandler = self._namespace
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.Parse(self.source, True)
        self.root: ElementTree.Element = self._target.close()
        if self.root is None:
            raise ValueError("it holds no element")

    def _namespace(self, prefix: str | None, uri: str | None) -> None:
        self.prefixes.setdefault(uri or "", prefix or "")

    def _doctype(self, *_: object) -> None:
        raise _RefusedError("it declares a document type")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._open) >= _MAX_DEPTH or len(self.places) + len(self._open) >= _MAX_ELEMENTS:
            raise _RefusedError(
                f"it is nested deeper than {_MAX_DEPTH} or has over {_MAX_ELEMENTS} elements"
            )
        named = {_braced(key): value for key, value in attributes.items()}
        element = self._target.start(_braced(name), named)
        self._open.append((element, self._parser.CurrentByteIndex))

    def _end(self, name: str) -> None:
        element, start = self._open.pop()
        self.places[element] = (start, max(0, self._parser.CurrentByteIndex - start))
        self._target.end(_braced(name))

    def element_place(self, element: ElementTree.Element) -> Place | None:
        return self.places.get(element) if self.exact else None

    def text_place(self, element: ElementTree.Element) -> Place | None:
        """Return the place of an element's text, without its start tag where that is plain."""
        place = self.element_place(element)
        if place is None or element.attrib:
            return place
        start, length = place
        inside = self.source.find(b">", start, start + length) + 1
        return (inside, start + length - inside) if inside else place

    def attribute_places(self, element: ElementTree.Element) -> list[Place | None]:
        """Return the places of all attribute values, in the order of ``element.attrib``."""
        place = self.element_place(element)
        if place is None or not element.attrib:
            return [None] * len(element.attrib)
        start = _TAG_NAME.match(self.source, place[0])
        position = start.end() if start else place[0]
        found: list[Place | None] = []
        while (match := _ATTRIBUTE.match(self.source, position)) is not None:
            position = match.end()
            if match[1] != b"xmlns" and not match[1].startswith(b"xmlns:"):
                found.append((match.start(2) + 1, match.end(2) - match.start(2) - 2))
        # The parser gives attributes in the order of the document.
        return found if len(found) == len(element.attrib) else [place] * len(element.attrib)

    def read(self) -> dict[str, tuple[Value, Place | None]]:
        """Return the properties of the packet with their places in it, the first of each name."""
        rdf = self.root if self.root.tag == f"{_RDF}RDF" else self.root.find(f".//{_RDF}RDF")
        one = self.root.tag == f"{_RDF}Description"
        blocks = [self.root] if one else list(rdf if rdf is not None else ())
        for block in blocks:
            if block.tag == f"{_RDF}Description":
                self._properties(block, "")
        return self._found

    def _put(self, name: str, value: Value, place: Place | None) -> None:
        if len(self._found) < _MAX_PROPERTIES and name not in self._found:
            value = value.strip()[:MAX_TEXT] if isinstance(value, str) else value
            self._found[name] = (value, place)

    def _properties(self, element: ElementTree.Element, path: str) -> None:
        places = self.attribute_places(element)
        for (key, text), place in zip(element.attrib.items(), places, strict=True):
            if not key.startswith((_RDF, "{http://www.w3.org/XML/")):
                self._put(path + _name(key, self.prefixes), text, place)
        for child in element:
            if child.tag == f"{_RDF}Description":  # a wrapper without a name of its own
                self._properties(child, path)
            else:
                self._property(child, path + _name(child.tag, self.prefixes))

    def _property(self, element: ElementTree.Element, name: str) -> None:
        inner = list(element)
        if not inner:
            resource = element.get(f"{_RDF}resource")
            plain = [key for key in element.attrib if not key.startswith("{http://www.w3.org/")]
            if plain:
                self._properties(element, name + "/")
            else:
                text = resource if resource is not None else (element.text or "")
                self._put(name, text, self.text_place(element))
            return
        if inner[0].tag in (f"{_RDF}Bag", f"{_RDF}Seq", f"{_RDF}Alt"):
            self._items(element, list(inner[0])[:_MAX_ITEMS], name)
        else:
            self._properties(element, name + "/")

    def _items(
        self, element: ElementTree.Element, items: list[ElementTree.Element], name: str
    ) -> None:
        texts: list[str] = []
        for number, item in enumerate(items, 1):
            if len(item) or any(not key.startswith("{http://www.w3.org/") for key in item.attrib):
                self._properties(item, f"{name}[{number}]/")
            else:
                texts.append((item.text or item.get(f"{_RDF}resource") or "")[:MAX_TEXT])
        place = self.element_place(element)
        if len(texts) == 1 and items[0].get(_LANG):
            self._put(name, texts[0], place)
        elif texts:
            self._put(name, texts, place)


def _braced(name: str) -> str:
    """Write a name as ElementTree does: the namespace in braces."""
    return "{" + name if "}" in name else name


def _source(packet: bytes) -> tuple[bytes, bool]:
    """Return UTF-8 bytes, and whether places in them are places in the packet."""
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"),
                           (b"<\0", "utf-16-le"), (b"\0<", "utf-16-be")):  # fmt: skip
        if packet.startswith(mark):
            text = packet.decode(encoding, "replace").lstrip("\ufeff")
            return _blanked(text.encode("utf-8", "replace")), False
    try:
        packet.decode("utf-8")
    except UnicodeDecodeError:
        # Most of a packet is markup: only lines that hold more than ASCII show its character set.
        lines = packet.replace(b"\xef\xbb\xbf", b"").splitlines()
        sample = b"\n".join(line for line in lines if not line.isascii())
        return _blanked(packet.decode(guess(sample), "replace").encode("utf-8", "replace")), False
    return _blanked(packet), True


def _blanked(source: bytes) -> bytes:
    """Replace the wrapper, a byte order mark and padding by blanks; all lengths stay."""
    source = _WRAPPER.sub(lambda found: b" " * len(found[0]), source)
    body = source.lstrip(_BLANK)
    return b" " * (len(source) - len(body)) + body.rstrip(_BLANK)


def read_xmp(reading: Reading, packet: bytes, offset: int | None) -> dict[str, Value]:
    """Read one packet into ``{"prefix:name": text, number-like text or list}``."""
    if len(packet) > MAX_XMP:
        reading.observe("limit", f"an XMP packet of {len(packet)} bytes was not read", offset)
        return {}
    if not packet.strip(b"\0 \r\n\t"):
        reading.observe("invalid", "an XMP packet is empty", offset)
        return {}
    try:
        found = _Tree(packet).read()
    except _RefusedError as refused:
        reading.observe("refused", f"an XMP packet was not read: {refused}", offset, len(packet))
        return {}
    except (expat.ExpatError, UnicodeError, ValueError, LookupError) as error:
        reading.observe("invalid", f"an XMP packet is not well-formed: {error}"[:200], offset)
        return {}
    for name, (value, span) in found.items():
        start, length = span or (0, len(packet))
        place = None if offset is None else offset + start
        reading.add("XMP", name, value, offset=place, length=length, reader="xmp")
    return {name: value for name, (value, _) in found.items()}


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


def joined_extension(reading: Reading, parts: list[bytes]) -> Iterator[bytes]:
    """Combine the segments of each extended packet (XMP part 3, 1.1.3.1).

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
            reading.observe("invalid", f"extended XMP states {total} bytes and has {len(whole)}")
        elif hashlib.md5(whole, usedforsecurity=False).hexdigest().upper().encode() != digest:
            reading.observe("digest", "extended XMP does not match its stored digest")
        else:
            yield whole
