"""What was read, in words that can be shown, and where it stands in the file."""

from collections.abc import Iterable
from dataclasses import dataclass

from imgcheck.provenance.containers.tree import Node
from imgcheck.provenance.fields.value import TagEntry

_SHOWN = 60  # characters of a value that a sentence quotes


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRead:
    """A value that was looked at, and the place of its bytes (None: no single place)."""

    name: str
    value: str
    offset: int | None = None
    length: int | None = None


def shown(value: object) -> str:
    """Quote a value of the file: printable, short."""
    text = str(value)[: 4 * _SHOWN]
    text = "".join(one if one.isprintable() else "." for one in text)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def part(node: Node, label: str) -> FieldRead:
    """Give a part of the structure for the record."""
    return FieldRead(name=label, value=node.note, offset=node.offset, length=node.length)


def field(entries: Iterable[TagEntry], tag: str, fallback: object = "") -> FieldRead:
    """Give the first value of "group:name" for the record."""
    for entry in entries:
        if f"{entry.group}:{entry.name}" == tag:
            return FieldRead(
                name=tag, value=shown(entry.value), offset=entry.offset, length=entry.length
            )
    return FieldRead(name=tag, value=shown(fallback))
