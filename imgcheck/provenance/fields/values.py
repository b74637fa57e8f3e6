"""Values read from one file: text decoded and checked, places of bytes, and the reading budget.

EXIF and older IPTC records do not name the character set of their texts. UTF-8 is recognised by
its form; of the others the most plausible is taken: words of letters of one script, with capitals
at the beginning or throughout and no symbols inside. It is a guess, and short texts can mislead it.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import TypeAlias

from imgcheck.imaging.containers.tree import MAX_OBSERVATIONS, Node, Observation, script_like

Number: TypeAlias = int | float
Value: TypeAlias = str | Number | list[Number | str] | list[Number] | list[str] | list[int]
Location: TypeAlias = tuple[int | None, int | None]

MAX_TEXT = 4096  # characters kept of one value; a caption of the IPTC standard has at most 2,000
MAX_ENTRIES = 20_000
_BUDGET = 16 << 20  # bytes decoded in all: many fields may point to the same bytes
_GUESSES = 100  # texts of one file whose character set is guessed; each costs milliseconds
_NUMBER = re.compile(
    r"\s*([+-]?(?:\d{1,20}(?:\.\d{0,30})?|\.\d{1,30})(?:[eE][+-]?\d{1,2})?)"
    r"(?:\s*/\s*(\d{1,20}))?\s*", re.ASCII,
)  # fmt: skip
_SHOWN = 60  # characters of a value that a sentence quotes

# Control characters but tab and newline, a lone carriage return (it overwrites a terminal line),
# and the marks that turn the reading direction round (Unicode UAX #9).
_HOSTILE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]|\r(?!\n)"
)

# Single-byte sets of Windows, Macintosh and Unix, with what a character beyond ASCII costs: the
# rarer a set is in files, the better its text has to look.
CHARSETS = {"cp1252": 0.0, "cp1251": 0.0, "mac_roman": 0.02, "koi8_r": 0.02, "cp866": 0.04,
            "mac_cyrillic": 0.02, "cp1253": 0.0, "cp1255": 0.0, "cp1256": 0.0, "cp1254": 0.08,
            "cp1250": 0.1}  # fmt: skip
_EAST_ASIAN = ("shift_jis", "gbk", "euc_kr", "big5", "euc_jp")  # only compared, never guessed
_SAMPLE = 1024  # bytes that are weighed, long stretches of ASCII left out
_ASCII = re.compile(rb"([\x00-\x7f]{20})[\x00-\x7f]{24,}([\x00-\x7f]{20})")
_WORD = re.compile(r"[^\W\d_]+")
# Letters that make up most of a Russian or Ukrainian text; those of Serbian and Macedonian, and
# a few of Latin script, stand where other sets have capitals or quotation marks.
_COMMON = frozenset("оеаинтсрвлкмдпуяі")
_RARE = frozenset("ЂЃѓЉЊЌЋЏђљњќћџƒˆˇªºµþÞðÐΩýÝţﬁﬂ")
_PUNCTUATION = frozenset("‘’‚“”„–—…«»‹›•©®°€№™·§£\xa0")
_IN_WORDS = frozenset("’·\xa0")
_OPENING, _CLOSING = frozenset("‘“„‚«‹£§"), frozenset("”›»€°")
# IIM 1:90 names a set by the escape sequences of ISO 2022: these are the registered ones of
# ISO 8859, whichever half they are switched to.
_ISO_2022 = {b"A": "latin_1", b"B": "iso8859_2", b"C": "iso8859_3", b"D": "iso8859_4",
             b"L": "iso8859_5", b"G": "iso8859_6", b"F": "iso8859_7", b"H": "iso8859_8",
             b"M": "iso8859_9", b"b": "iso8859_15"}  # fmt: skip


def declared(raw: bytes) -> str | None:
    """Return the set that the escape sequences of IIM 1:90 name; None where they are unknown."""
    if re.match(rb"\x1b%(?:G|/[GHI])", raw):
        return "utf-8"
    found = re.search(rb"\x1b[-.,/]([A-HLMb])", raw)
    return None if found is None else _ISO_2022.get(found[1])


def guess(raw: bytes) -> str:
    """Return the most plausible character set of a text that is not UTF-8."""
    sample = _ASCII.sub(rb"\1\n\2", raw[: 1 << 16])[:_SAMPLE]
    if _mostly_utf_8(sample):
        return "utf-8"
    costs = {name: cost for name in CHARSETS if (cost := _cost(sample, name)) is not None}
    return min(costs, key=lambda name: costs[name]) if costs else "latin-1"


def _mostly_utf_8(raw: bytes) -> bool:
    """Return whether more characters beyond ASCII are UTF-8 than are not."""
    text = raw.decode("utf-8", "replace")
    beyond = sum(one > "\x7f" for one in text)
    return 2 * text.count("\ufffd") < beyond


def _cost(raw: bytes, name: str) -> float | None:
    """Return how odd a text is in a character set; None where it is invalid in that set."""
    try:
        text = raw.decode(name)
    except UnicodeDecodeError:
        return None
    if any("\x7f" <= one <= "\x9f" for one in text):
        return None
    cost = CHARSETS[name] * sum(one > "\x7f" for one in text)
    cost += sum(_word_cost(match[0]) for match in _WORD.finditer(text))
    for place, one in enumerate(text):
        if one > "\x7f" and not one.isalpha():
            before, behind = text[max(0, place - 1) : place], text[place + 1 : place + 2]
            if one in "¿¡":
                cost += 0.0 if behind.isalpha() and not before.isalpha() else 1.0
            elif one not in _PUNCTUATION:
                cost += 1.0
            else:
                within = before.isalpha() and behind.isalpha() and one not in _IN_WORDS
                wrong_side = before if one in _OPENING else behind if one in _CLOSING else ""
                cost += 0.4 * (within + wrong_side.isalpha() + (behind in _PUNCTUATION))
    return cost


def _word_cost(word: str) -> float:
    beyond = sum(one > "\x7f" for one in word)
    if not beyond:
        return 0.0
    scripts = {_script(one) for one in word}
    has_case = word.lower() != word.upper()
    cased = word.islower() or word.isupper() or word.istitle()
    if len(scripts) > 1 or (has_case and not cased):
        return float(beyond)
    cost = 0.7 * sum(one in _RARE for one in word)
    if scripts == {"LATIN"}:
        # More than half of a word in accents is not a word of a language in Latin script.
        return cost + (beyond if 2 * beyond > len(word) > 1 else 0.0)
    if scripts == {"CYRILLIC"}:
        return cost + sum(0.05 if one in _COMMON else 0.25 for one in word.lower())
    return cost + 0.15 * beyond


@cache
def _script(letter: str) -> str:
    return unicodedata.name(letter, "?").split(" ", 1)[0]


def readings(text: str, raw: bytes | None) -> Iterator[str]:
    """Return what a text would be in other character sets.

    Of its bytes, where they are known and no UTF-8; and of the text itself where a program took
    bytes of one set for another and wrote the result as UTF-8.
    """
    yield text
    sources = [] if raw is None else [raw]
    for wrong in ("cp1252", "latin-1"):
        try:
            sources.append(text.encode(wrong))
        except UnicodeEncodeError:
            continue
    for source in sources:
        if source.isascii():
            continue
        for name in ("utf-8", *CHARSETS, *_EAST_ASIAN):
            try:
                yield source.decode(name)
            except UnicodeDecodeError:
                continue


def decode(raw: bytes, charset: str | None = None) -> str:
    """Decode bytes as UTF-8, else as ``charset`` or a guess; at most MAX_TEXT characters."""
    raw = raw[: 4 * MAX_TEXT]
    try:
        return raw.decode("utf-8")[:MAX_TEXT]
    except UnicodeDecodeError as error:
        # A field that is too short cuts the last character in two; it is still UTF-8.
        if error.reason == "unexpected end of data" and not raw[: error.start].isascii():
            return raw[: error.start].decode("utf-8")[:MAX_TEXT]
    return raw.decode(charset or guess(raw), "replace")[:MAX_TEXT]


def is_utf_8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def number(value: Value | None, limit: float = 1e15) -> float | None:
    """Return a number, also of text ("+5.10", "213/32"); None beyond ``limit`` and for the rest."""
    if isinstance(value, str):
        match = _NUMBER.fullmatch(value[:60])
        divisor = float(match[2] or 1) if match else 0.0
        value = float(match[1]) / divisor if match and divisor else None
    return float(value) if isinstance(value, int | float) and abs(value) < limit else None


def shown(value: object) -> str:
    """Quote a value of the file: printable, short."""
    text = str(value)[: 4 * _SHOWN]
    text = "".join(one if one.isprintable() else "." for one in text)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


@dataclass(frozen=True, slots=True, kw_only=True)
class TagEntry:
    """One value as one reader read it.

    ``offset`` and ``length`` give the place of the raw bytes in the file; None where the value
    came out of a compressed or scattered block. ``tag`` is the number in its directory, None for
    values without a number. ``hostile`` marks text with characters that must be escaped.
    """

    group: str
    name: str
    value: Value
    tag: int | None = None
    offset: int | None = None
    length: int | None = None
    reader: str
    hostile: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRead:
    """A value that was evaluated, and the place of its bytes (None: no single place)."""

    name: str
    value: str
    offset: int | None = None
    length: int | None = None


def part(node: Node, label: str) -> FieldRead:
    return FieldRead(name=label, value=node.note, offset=node.offset, length=node.length)


def field_read(entries: Iterable[TagEntry], tag: str, fallback: object = "") -> FieldRead:
    """Return the first value of "group:name" as evidence."""
    for entry in entries:
        if f"{entry.group}:{entry.name}" == tag:
            return FieldRead(
                name=tag, value=shown(entry.value), offset=entry.offset, length=entry.length
            )
    return FieldRead(name=tag, value=shown(fallback))


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
        """Return a reading of other bytes that shares results and budget."""
        return Reading(data, False, self.entries, self.observations, self.budget, self.guesses)

    def observe(
        self, kind: str, message: str, offset: int | None = None, length: int | None = None
    ) -> None:
        """Record an oddity, with its place where there is one."""
        if len(self.observations) < MAX_OBSERVATIONS:
            place = (offset, length) if self.place else (None, None)
            self.observations.append(
                Observation(kind=kind, message=message, offset=place[0], length=place[1])
            )

    def place_of(self, name: str) -> Location:
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
        """Decode a text; after many guesses an unknown character set is read as Windows-1252."""
        if charset is None and not is_utf_8(raw):
            charset = None if self.guesses[0] > 0 else "cp1252"
            self.guesses[0] -= 1
        return decode(raw, charset)

    def add(
        self, group: str, name: str, value: Value, *, reader: str, tag: int | None = None,
        offset: int | None = None, length: int | None = None,
    ) -> None:  # fmt: skip
        """Keep one value; text is capped, and checked for hostile characters and script."""
        if len(self.entries) >= MAX_ENTRIES:
            if len(self.entries) == MAX_ENTRIES:
                self.observe("limit", f"more than {MAX_ENTRIES} values; the rest was not kept")
            return
        texts = [one for one in (value if isinstance(value, list) else [value])
                 if isinstance(one, str)]  # fmt: skip
        word = script_like("\n".join(texts).encode("utf-8", "replace")) if texts else None
        if word:
            self.observe("script-text", f"the text {word!r} in {group}:{name}", offset)
        if isinstance(value, str):
            if len(value) >= MAX_TEXT:
                self.observe("limit", f"{group}:{name} was cut to {MAX_TEXT} characters", offset)
            value = value[:MAX_TEXT]
            texts = [value]
        self.entries.append(TagEntry(
            group=group, name=name, value=value, tag=tag, reader=reader,
            hostile=any(_HOSTILE.search(one) for one in texts),
            offset=offset if self.place else None, length=length if self.place else None,
        ))  # fmt: skip
