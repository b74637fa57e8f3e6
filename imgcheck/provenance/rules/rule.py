"""Rules: id, meaning in words, a function of the facts of one file, measured fire rates."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Literal

from imgcheck.imaging.containers.tree import Node, Observation, Structure
from imgcheck.provenance.clocks.stated import Time
from imgcheck.provenance.fields.metadata import Metadata
from imgcheck.provenance.fields.position import Gps, Source
from imgcheck.provenance.fields.values import (
    FieldRead,
    TagEntry,
    Value,
    field_read,
    number,
    part,
    shown,
)
from imgcheck.provenance.platforms.fbmd import Fbmd
from imgcheck.quantity import Interval, binomial_interval

if TYPE_CHECKING:
    from imgcheck.forensics import Encoding

#: ``explained``: the fields differ or a mark is present, and a common innocent cause accounts for
#: it. ``anomalous``: they differ and no common cause was recognised. ``contradictory``: physically
#: impossible, or an offset or digest fails. None of them shows that the picture was altered.
State = Literal["consistent", "explained", "anomalous", "contradictory", "not applicable"]

_LANGUAGES = 16  # texts of one tag that are compared
_LONGEST = 400  # characters of a sentence: it quotes fields of the file
_RATES_FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class FireRate:
    """How often a rule fired (was explained, anomalous or contradictory) on one set of files.

    The sets are files that name a camera. They are not certified untouched, so this is not a
    false-alarm rate: it shows how little a rule that fires often can mean. ``interval`` is the
    exact 95 % interval of ``fired / applicable``.
    """

    data: str
    what: str
    fired: int
    applicable: int
    interval: Interval

    @property
    def words(self) -> str:
        """The rate in one sentence without a full stop."""
        low, high = self.interval.low, self.interval.high
        return (
            f"fires on {self.fired} of {self.applicable} {self.what} that it applies to "
            f"(set {self.data}; 95 %: {low:.1%} to {high:.1%})"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleResult:
    """One rule, applied to one file.

    ``sentence`` is what was read and how it compares, or what is missing; ``read`` are the values
    with their byte places; ``proves`` and ``does_not_prove`` hold where the rule fires;
    ``innocent`` are ordinary causes; ``rates`` are empty where none was measured.
    """

    id: str
    state: State
    sentence: str
    read: tuple[FieldRead, ...]
    proves: str
    does_not_prove: str
    innocent: tuple[str, ...]
    rates: tuple[FireRate, ...] = ()

    @property
    def fires(self) -> bool:
        return self.state in ("explained", "anomalous", "contradictory")

    @property
    def largest_rate(self) -> FireRate | None:
        """The rate of the set with most files that the rule applies to."""
        return max(self.rates, key=lambda rate: rate.applicable, default=None)


@cache
def fire_rates() -> dict[str, tuple[FireRate, ...]]:
    """Return the fire rates of each rule, as the benchmark wrote them.

    Raises
    ------
    ValueError
        If the file of rates has another format, or impossible counts.
    """
    text = resources.files("imgcheck.provenance.rules").joinpath("rates.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    if found.get("format") != _RATES_FORMAT:
        raise ValueError(f"rates.json has the format {found.get('format')}, not {_RATES_FORMAT}")
    return {
        id: tuple(
            FireRate(data=name, what=found["sets"][name]["what"], **counts,
                     interval=binomial_interval(counts["fired"], counts["applicable"]))
            for name, counts in rows.items()
        )
        for id, rows in found["rules"].items()
    }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One file as the readers returned it. ``name`` and ``thumbnail`` may be unknown (None).

    ``thumbnail`` is the kind of `thumbnail_agreement`; ``times`` and ``entries`` are the first of
    each "group:name".
    """

    data: bytes
    structure: Structure
    encoding: "Encoding | None"
    metadata: Metadata
    name: str | None = None
    thumbnail: str | None = None
    fbmd: Fbmd | None = None
    times: dict[str, Time] = field(init=False)
    entries: dict[str, TagEntry] = field(init=False)

    def __post_init__(self) -> None:
        times = {time.tag: time for time in reversed(self.metadata.times)}
        entries = {f"{one.group}:{one.name}": one for one in reversed(self.metadata.entries)}
        object.__setattr__(self, "times", times)
        object.__setattr__(self, "entries", entries)

    def value(self, tag: str) -> Value | None:
        return self.metadata.tags.get(tag)

    def text(self, tag: str) -> str | None:
        value = self.value(tag)
        if isinstance(value, list):
            value = value[0] if len(value) == 1 else None
        return value.strip() or None if isinstance(value, str) else None

    def texts(self, tag: str) -> list[str]:
        """Return all texts of a tag that are not empty: XMP may hold one a language."""
        value = self.value(tag)
        values = value if isinstance(value, list) else [value]
        texts = [one.strip() for one in values if isinstance(one, str) and one.strip()]
        return texts[:_LANGUAGES]

    def raw(self, tag: str) -> bytes | None:
        """Return the bytes of a tag's text; None where they have no single place in the file."""
        entry = self.entries.get(tag)
        if entry is None or entry.offset is None or entry.group == "XMP":
            return None
        raw = self.data[entry.offset : entry.offset + (entry.length or 0)]
        return raw.partition(b"\0")[0].strip()

    def number(self, tag: str) -> float | None:
        """Return a tag's value as a finite number: 5, "+5.10", "213/32"."""
        value = self.value(tag)
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        return number(value)

    def time(self, tag: str) -> Time | None:
        return self.times.get(tag)

    def position(self, source: Source) -> Gps | None:
        """Return the whole position of one source; None where it states none."""
        stated = (one for one in self.metadata.positions if one.source == source)
        return next((one for one in stated if one.whole), None)

    def field(self, tag: str) -> FieldRead:
        """Return a tag as evidence: value, and place of its bytes."""
        entry = self.entries.get(tag)
        return field_read(() if entry is None else (entry,), tag, self.value(tag))

    def parts(self, kind: str, most: int = 1) -> list[FieldRead]:
        """Return the first parts of the file of that kind as evidence."""
        return [part(one, one.kind) for one in self.structure.nodes
                if one.kind.startswith(kind)][:most]  # fmt: skip

    def node(self, kind: str, note: str) -> Node | None:
        """Return the first part of the file of that kind and note."""
        return next((one for one in self.structure.nodes
                     if one.kind == kind and one.note.startswith(note)), None)  # fmt: skip

    def observed(self, *kinds: str) -> tuple[Observation, ...]:
        seen = (*self.structure.observations, *self.metadata.observations)
        return tuple(one for one in seen if one.kind in kinds)

    @property
    def camera(self) -> str | None:
        return self.metadata.make

    @property
    def described(self) -> bool:
        """Whether there is more metadata than the header of the coding itself."""
        return any(one.group not in ("JFIF", "Adobe") for one in self.metadata.entries)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The result of a rule's function."""

    state: State
    sentence: str
    read: tuple[FieldRead, ...] = ()


def absent(what: str) -> Answer:
    return Answer(state="not applicable", sentence=what)


def answer(state: State, sentence: str, *read: FieldRead) -> Answer:
    return Answer(state=state, sentence=sentence[:_LONGEST], read=read)


def seen(state: State, found: Sequence[Observation], *read: FieldRead) -> Answer:
    """Return a state that rests on observations; the first of them are evidence."""
    spots = (FieldRead(name=one.kind, value=shown(one.message), offset=one.offset,
                       length=one.length) for one in found[:5])  # fmt: skip
    return answer(state, found[0].message, *read, *spots)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A named test of whether the fields of one file agree with each other."""

    id: str
    proves: str
    does_not_prove: str
    innocent: tuple[str, ...]
    ask: Callable[[Facts], Answer]

    def result(self, facts: Facts, rates: tuple[FireRate, ...] = ()) -> RuleResult:
        given = self.ask(facts)
        return RuleResult(
            id=self.id, state=given.state, sentence=given.sentence, read=given.read,
            proves=self.proves, does_not_prove=self.does_not_prove, innocent=self.innocent,
            rates=rates,
        )  # fmt: skip


def rule(
    id: str, *, proves: str, does_not_prove: str, innocent: tuple[str, ...]
) -> Callable[[Callable[[Facts], Answer]], Rule]:
    """Make a `Rule` of a function from the facts of a file to an `Answer`."""

    def make(ask: Callable[[Facts], Answer]) -> Rule:
        return Rule(id=id, proves=proves, does_not_prove=does_not_prove, innocent=innocent, ask=ask)

    return make
