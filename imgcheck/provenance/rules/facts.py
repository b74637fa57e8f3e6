"""Everything the rules may look at, and the small questions they all ask of it."""

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from imgcheck.imaging.containers.tree import Node, Observation, Structure
from imgcheck.provenance.clocks.times import Time
from imgcheck.provenance.fields.metadata import Metadata
from imgcheck.provenance.fields.position import Gps, Source
from imgcheck.provenance.fields.values import FieldRead, TagEntry, Value, field_read, part, shown
from imgcheck.provenance.platforms.fbmd import Fbmd

if TYPE_CHECKING:
    from imgcheck.forensics import Encoding

_FRACTION = re.compile(r"\s*([+-]?\d{1,15}(?:\.\d{0,15})?)(?:\s*/\s*(\d{1,15}))?\s*", re.ASCII)


_LANGUAGES = 16  # texts of one tag that are compared


__all__ = ["Facts", "part", "shown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One file as the readers gave it. ``name`` and ``thumbnail`` may be unknown (None).

    ``thumbnail`` is the word of `thumbnail_agreement`: what the embedded picture shows.
    ``pictures`` are the (offset, length) in the file that the MPF index states, after the first.
    ``size`` is that of the stored picture where another reader knows it.
    ``times`` and ``entries`` are the first of each "group:name".
    """

    data: bytes
    structure: Structure
    encoding: "Encoding | None"
    metadata: Metadata
    name: str | None = None
    thumbnail: str | None = None
    thumbnail_size: tuple[int, int] | None = None
    fbmd: Fbmd | None = None
    pictures: tuple[tuple[int, int], ...] | None = None
    size: tuple[int, int] | None = None
    times: dict[str, Time]
    entries: dict[str, TagEntry]

    def value(self, tag: str) -> Value | None:
        """Give a tag's value; None where it is absent."""
        return self.metadata.tags.get(tag)

    def text(self, tag: str) -> str | None:
        """Give a tag's text without blanks around it; None where there is none."""
        value = self.value(tag)
        if isinstance(value, list):
            value = value[0] if len(value) == 1 else None
        return value.strip() or None if isinstance(value, str) else None

    def texts(self, tag: str) -> list[str]:
        """Give all texts of a tag, of which XMP may hold one a language; none that are empty."""
        value = self.value(tag)
        values = value if isinstance(value, list) else [value]
        texts = [one.strip() for one in values if isinstance(one, str) and one.strip()]
        return texts[:_LANGUAGES]

    def raw(self, tag: str) -> bytes | None:
        """Give the bytes of a tag's text; None where they have no single place in the file."""
        entry = self.entries.get(tag)
        if entry is None or entry.offset is None or entry.group == "XMP":
            return None
        raw = self.data[entry.offset : entry.offset + (entry.length or 0)]
        return raw.partition(b"\0")[0].strip()

    def number(self, tag: str) -> float | None:
        """Give a tag's value as a finite number: 5, "+5.10", "213/32"."""
        value = self.value(tag)
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if isinstance(value, str):
            match = _FRACTION.fullmatch(value)
            if match is None or (match[2] is not None and not int(match[2])):
                return None
            value = float(match[1]) / int(match[2] or 1)
        if not isinstance(value, int | float) or abs(value) > 1e15:
            return None
        return float(value) if math.isfinite(value) else None

    def time(self, tag: str) -> Time | None:
        """Give the time that a tag states; None where it states none."""
        return self.times.get(tag)

    def position(self, source: Source) -> Gps | None:
        """Give the whole position of one source; None where it states none."""
        stated = (one for one in self.metadata.positions if one.source == source)
        return next((one for one in stated if one.whole), None)

    def field(self, tag: str) -> FieldRead:
        """Give a tag for the record: value, and place of its bytes."""
        entry = self.entries.get(tag)
        return field_read(() if entry is None else (entry,), tag, self.value(tag))

    def node(self, kind: str, note: str | None = None) -> Node | None:
        """Give the first part of the file of that kind."""
        for node in self.structure.nodes:
            if node.kind == kind and (note is None or node.note.startswith(note)):
                return node
        return None

    def observed(self, *kinds: str) -> tuple[Observation, ...]:
        """Give what the readers of structure and metadata observed, of these kinds."""
        seen = (*self.structure.observations, *self.metadata.observations)
        return tuple(one for one in seen if one.kind in kinds)

    def spot(self, seen: Observation) -> FieldRead:
        """Give an observation for the record."""
        return FieldRead(
            name=seen.kind, value=shown(seen.message), offset=seen.offset, length=seen.length
        )

    @property
    def embedded(self) -> tuple[FieldRead, ...]:
        """Give the embedded thumbnail for the record."""
        small = self.metadata.thumbnail
        if small is None:
            return ()
        return (
            FieldRead(name="thumbnail", value=small.source, offset=small.offset,
                      length=len(small.data)),
        )  # fmt: skip

    @property
    def described(self) -> bool:
        """Whether there is more metadata than the header of the coding itself."""
        return any(one.group not in ("JFIF", "Adobe") for one in self.metadata.entries)

    @property
    def camera(self) -> str | None:
        """The maker named in EXIF, or None."""
        return self.metadata.make
