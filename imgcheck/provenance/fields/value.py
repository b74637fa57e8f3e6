"""What the readers of one file share: the bytes, the values found so far, the budget."""

from dataclasses import dataclass, field
from typing import TypeAlias

from imgcheck.provenance.containers.tree import MAX_OBSERVATIONS, Observation
from imgcheck.provenance.fields.text import MAX_TEXT, decode, is_hostile, is_utf_8, script_like

Number: TypeAlias = int | float
Value: TypeAlias = str | Number | list[Number | str] | list[Number] | list[str] | list[int]

MAX_ENTRIES = 20_000
# Many fields may point to the same bytes: what is decoded in all is bounded, too.
_BUDGET = 16 << 20
_GUESSES = 100  # texts of one file whose character set is guessed; each costs milliseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class TagEntry:
    """One value as one reader read it.

    ``offset`` and ``length`` give the place of the raw bytes in the file; None where the value
    came out of a compressed or scattered block. ``tag`` is the number in its directory, None for
    values that have no number. ``hostile`` marks text with characters that a face must escape.
    """

    group: str
    name: str
    value: Value
    tag: int | None = None
    offset: int | None = None
    length: int | None = None
    reader: str
    hostile: bool = False


@dataclass(slots=True)
class Reading:
    """The state of reading one file's metadata.

    ``place`` is False while ``data`` is not the file itself but something unpacked from it.
    """

    data: bytes
    place: bool = True
    entries: list[TagEntry] = field(default_factory=list)
    observations: list[Observation] = field(default_factory=list)
    budget: list[int] = field(default_factory=lambda: [_BUDGET])
    guesses: list[int] = field(default_factory=lambda: [_GUESSES])

    def inside(self, data: bytes) -> "Reading":
        """Share the results and the budget, but read other bytes."""
        return Reading(
            data=data, place=False, entries=self.entries, observations=self.observations,
            budget=self.budget, guesses=self.guesses,
        )  # fmt: skip

    def observe(
        self, kind: str, message: str, offset: int | None = None, length: int | None = None
    ) -> None:
        """Remember an oddity, with its place where there is one."""
        if len(self.observations) < MAX_OBSERVATIONS:
            place = (offset, length) if self.place else (None, None)
            self.observations.append(
                Observation(kind=kind, message=message, offset=place[0], length=place[1])
            )

    def place_of(self, name: str) -> tuple[int | None, int | None]:
        """Give the place of the first value of that "group:name"."""
        for entry in self.entries:
            if f"{entry.group}:{entry.name}" == name:
                return entry.offset, entry.length
        return None, None

    def take(self, offset: int, length: int) -> bytes:
        """Copy bytes, up to the budget of the file."""
        length = max(0, min(length, self.budget[0]))
        self.budget[0] -= length
        return self.data[offset : offset + length]

    def decode(self, raw: bytes, charset: str | None = None) -> str:
        """Decode a text; after many whose character set is unknown it is taken for Windows'."""
        if charset is None and not is_utf_8(raw):
            charset = None if self.guesses[0] > 0 else "cp1252"
            self.guesses[0] -= 1
        return decode(raw, charset)

    def add(
        self, group: str, name: str, value: Value, *, reader: str, tag: int | None = None,
        offset: int | None = None, length: int | None = None,
    ) -> None:  # fmt: skip
        """Keep one value; text is capped and looked at."""
        if len(self.entries) >= MAX_ENTRIES:
            if len(self.entries) == MAX_ENTRIES:
                self.observe("limit", f"more than {MAX_ENTRIES} values; the rest was not kept")
            return
        hostile = False
        if isinstance(value, str):
            value = self._text(f"{group}:{name}", value, offset)
            hostile = is_hostile(value)
        elif isinstance(value, list):
            texts = [item for item in value if isinstance(item, str)]
            hostile = any(is_hostile(item) for item in texts)
            word = script_like("\n".join(texts).encode("utf-8", "replace")) if texts else None
            if word:
                self.observe("script-text", f"the text {word!r} in {group}:{name}", offset)
        self.entries.append(
            TagEntry(
                group=group,
                name=name,
                value=value,
                tag=tag,
                reader=reader,
                hostile=hostile,
                offset=offset if self.place else None,
                length=length if self.place else None,
            )
        )

    def _text(self, name: str, value: str, offset: int | None) -> str:
        word = script_like(value.encode("utf-8", "replace"))
        if word:
            self.observe("script-text", f"the text {word!r} in {name}", offset)
        if len(value) >= MAX_TEXT:
            self.observe("limit", f"{name} was cut to {MAX_TEXT} characters", offset)
        return value[:MAX_TEXT]
