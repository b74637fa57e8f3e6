"""An XMP packet as a tree of elements, each with its place in the packet.

The parser refuses document types and entities, counts what it builds, and remembers where every
element stands, so that a value can be shown in the bytes of the file.
"""

import re
from dataclasses import dataclass, field
from xml.etree import ElementTree
from xml.parsers import expat

from imgcheck.provenance.fields.charset import guess

_MAX_ELEMENTS = 20_000
_MAX_DEPTH = 24
_FORBIDDEN = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)
# The wrapper of processing instructions carries padding that is no part of the document, and an
# encoding declaration would contradict text that is already decoded.
_WRAPPER = re.compile(rb"<\?(?:xpacket|xml|adobe)\b[^>]{0,400}\?>")
_TAG_NAME = re.compile(rb"<[^\s/>=]{1,400}")
_ATTRIBUTE = re.compile(rb"""\s*([^\s=<>"'/]{1,400})\s*=\s*("[^"]*"|'[^']*')""")
Place = tuple[int, int]


class RefusedPacketError(Exception):
    """The packet is not to be parsed further; the text says why."""


@dataclass(slots=True, kw_only=True)
class XmpTree:
    """Elements of a packet; ``places`` are (offset, length) in it, where its bytes were UTF-8.

    ``source`` is what was parsed: the packet itself with blanks in place of its wrapper.
    """

    source: bytes
    exact: bool
    root: ElementTree.Element
    prefixes: dict[str, str]
    places: dict[ElementTree.Element, Place]

    def element_place(self, element: ElementTree.Element) -> Place | None:
        """Give the place of an element, up to its end tag."""
        return self.places.get(element) if self.exact else None

    def text_place(self, element: ElementTree.Element) -> Place | None:
        """Give the place of an element's text, without its start tag where that is plain."""
        place = self.element_place(element)
        if place is None or element.attrib:
            return place
        start, length = place
        inside = self.source.find(b">", start, start + length) + 1
        return (inside, start + length - inside) if inside else place

    def attribute_places(self, element: ElementTree.Element) -> list[Place | None]:
        """Give the places of all attribute values, in the order of ``element.attrib``."""
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


@dataclass(slots=True)
class _Builder:
    """Build the tree, count it, and stop at the first sign of a document type."""

    parser: expat.XMLParserType
    target: ElementTree.TreeBuilder = field(default_factory=ElementTree.TreeBuilder)
    open: list[tuple[ElementTree.Element, int]] = field(default_factory=list)
    prefixes: dict[str, str] = field(default_factory=dict)
    places: dict[ElementTree.Element, Place] = field(default_factory=dict)

    def namespace(self, prefix: str | None, uri: str | None) -> None:
        self.prefixes.setdefault(uri or "", prefix or "")

    def doctype(self, *_: object) -> None:
        raise RefusedPacketError("it declares a document type")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self.open) >= _MAX_DEPTH or len(self.places) + len(self.open) >= _MAX_ELEMENTS:
            raise RefusedPacketError(
                f"it is deeper than {_MAX_DEPTH} or has over {_MAX_ELEMENTS} elements"
            )
        named = {_braced(key): value for key, value in attributes.items()}
        element = self.target.start(_braced(name), named)
        self.open.append((element, self.parser.CurrentByteIndex))

    def end(self, name: str) -> None:
        element, start = self.open.pop()
        self.places[element] = (start, max(0, self.parser.CurrentByteIndex - start))
        self.target.end(_braced(name))


def _braced(name: str) -> str:
    """Write a name as ElementTree does: the namespace in braces."""
    return "{" + name if "}" in name else name


def parse(packet: bytes) -> XmpTree:
    """Parse one packet.

    Raises
    ------
    RefusedPacketError
        If it declares a document type or an entity, is too deep or too large.
    expat.ExpatError, ValueError, LookupError
        If it is not well-formed.
    """
    source, exact = _source(packet)
    if _FORBIDDEN.search(source):
        raise RefusedPacketError("it declares a document type or an entity")
    parser = expat.ParserCreate("utf-8", "}")
    parser.buffer_text = True
    builder = _Builder(parser)
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.target.data
    parser.StartNamespaceDeclHandler = builder.namespace
    parser.StartDoctypeDeclHandler = builder.doctype
    parser.Parse(source, True)
    root = builder.target.close()
    if root is None:
        raise ValueError("it holds no element")
    return XmpTree(source=source, exact=exact, root=root, prefixes=builder.prefixes,
                   places=builder.places)  # fmt: skip


def _source(packet: bytes) -> tuple[bytes, bool]:
    """Give UTF-8 bytes, and whether places in them are places in the packet."""
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"),
                           (b"<\0", "utf-16-le"), (b"\0<", "utf-16-be")):  # fmt: skip
        if packet.startswith(mark):
            text = packet.decode(encoding, "replace").lstrip("\ufeff")
            return _blanked(text.encode("utf-8", "replace")), False
    try:
        packet.decode("utf-8")
    except UnicodeDecodeError:
        text = packet.decode(guess(_sample(packet)), "replace")
        return _blanked(text.encode("utf-8", "replace")), False
    return _blanked(packet), True


def _sample(packet: bytes) -> bytes:
    """Give the lines of a packet that hold more than ASCII: most of it is markup."""
    lines = packet.replace(b"\xef\xbb\xbf", b"").splitlines()
    return b"\n".join(line for line in lines if not line.isascii())


def _blanked(source: bytes) -> bytes:
    """Put blanks where the wrapper, a byte order mark and padding are; all lengths stay."""
    source = _WRAPPER.sub(lambda found: b" " * len(found[0]), source)
    body = source.lstrip(b"\0 \r\n\t\xef\xbb\xbf")
    return b" " * (len(source) - len(body)) + body.rstrip(b"\0 \r\n\t\xef\xbb\xbf")
