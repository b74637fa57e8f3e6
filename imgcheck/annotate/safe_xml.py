"""Parse XML of a stranger: no entities, no document type, limited depth and number of elements."""

import xml.etree.ElementTree as ElementTree
from typing import Any

_MOST_ELEMENTS, _DEEPEST = 2_000_000, 200


class _Builder(ElementTree.TreeBuilder):
    def __init__(self) -> None:
        super().__init__()
        self.depth = self.count = 0

    def start(self, tag: Any, attrs: Any) -> ElementTree.Element:
        self.depth, self.count = self.depth + 1, self.count + 1
        if self.depth > _DEEPEST or self.count > _MOST_ELEMENTS:
            raise ValueError("has too many XML elements, or nests them too deeply")
        return super().start(tag, attrs)

    def end(self, tag: str) -> ElementTree.Element:
        self.depth -= 1
        return super().end(tag)

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise ValueError("has an XML document type, which is not accepted")


def parse(data: bytes) -> ElementTree.Element:
    """Return the root element.

    Raises
    ------
    ValueError
        If the file is no XML, defines a document type (and so entities), or is too large.
    """
    # Expat resolves no external entity by itself; without a document type there are none at all.
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise ValueError("has an XML document type, which is not accepted")
    parser = ElementTree.XMLParser(target=_Builder())
    try:
        parser.feed(data)
        root: ElementTree.Element = parser.close()
    except (ElementTree.ParseError, LookupError) as error:  # LookupError: an unknown encoding
        raise ValueError(f"is not well-formed XML: {error}") from None
    return root


def text(root: ElementTree.Element) -> bytes:
    """Return an XML file, indented."""
    ElementTree.indent(root, " ")
    made: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return made + b"\n"


def source(element: ElementTree.Element) -> str:
    """Return the text of an element as it can be parsed again, without indentation."""
    copy = ElementTree.fromstring(ElementTree.tostring(element))
    for one in copy.iter():
        one.tail = None
        if len(one):
            one.text = (one.text or "").strip() or None
    return ElementTree.tostring(copy, encoding="unicode")


def writable(words: str) -> str:
    """Replace characters that XML 1.0 cannot hold, and carriage returns, which readers change."""
    return "".join(c if c in "\t\n" or _is_character(ord(c)) else "\ufffd" for c in words)


def _is_character(code: int) -> bool:
    return 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or code >= 0x10000
