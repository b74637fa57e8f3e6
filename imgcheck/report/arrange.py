"""A report in reading order: statements, observations, checks that did not run.

Every finding is in exactly one place, so that no output format can lose one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from imgcheck.model import Answer, Finding, Input, Outcome, Report, Statement, Verdict
from imgcheck.report.formatting import sentence
from imgcheck.report.wording import NEXT_STEPS, VERDICTS, reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A finding with its position in ``Report.findings``."""

    position: int
    finding: Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One statement, numbered from 1, with its verdict and every finding that bears on it.

    Its sentences are those of the verdict and of its findings, each once. ``statement`` is
    ``None`` if the claim in the report lacks it.
    """

    number: int
    verdict: Verdict
    statement: Statement | None
    supporting: tuple[Item, ...]
    contradicting: tuple[Item, ...]
    undecided: tuple[Item, ...]
    untested: tuple[str, ...]
    limits: tuple[str, ...]
    innocent: tuple[str, ...]
    would_change: tuple[str, ...]

    @property
    def words(self) -> str:
        """The words of the post; empty if the claim has only a reading."""
        return self.verdict.text

    @property
    def read(self) -> str:
        """How the statement was read."""
        # Of a verdict on a statement that the claim in the report lacks only the id is known.
        return f"{self.verdict.statement if self.statement is None else reading(self.statement)}."

    @property
    def tested(self) -> str:
        """How the statement was read, and that other words of the post were not tested."""
        tested = self.verdict.verdict not in (Answer.NOT_RUN, Answer.NOT_TESTABLE)
        return f"{self.read}{' Only this was tested.' if self.words and tested else ''}"

    @property
    def why(self) -> str:
        """The first reason for the verdict."""
        if self.verdict.because:
            return self.verdict.because[0]
        if self.untested:
            return f"Not tested: {self.untested[0]}"
        return VERDICTS[self.verdict.verdict].meaning

    @property
    def next_step(self) -> str:
        """What to do next about this statement."""
        undecided = self.verdict.verdict in (Answer.INCONCLUSIVE, Answer.NOT_RUN)
        if undecided and self.would_change:
            wish = self.would_change[0].rstrip(".")
            start = wish[:1].lower() if not wish[1:2].isupper() else wish[:1]
            return f"add {start}{wish[1:]}."
        return NEXT_STEPS[self.verdict.verdict]

    @property
    def reasons(self) -> tuple[str, ...]:
        """The reasons for the verdict that no finding states as its summary."""
        shown = {item.finding.summary for item in self.heard}
        return tuple(reason for reason in self.verdict.because if reason not in shown)

    @property
    def own_limits(self) -> tuple[str, ...]:
        """The limits of the verdict that no finding lists."""
        listed = {limit for item in self.heard for limit in item.finding.limits}
        return tuple(limit for limit in self.limits if limit not in listed)

    @property
    def heard(self) -> tuple[Item, ...]:
        """The findings with a result, contradicting ones first."""
        return self.contradicting + self.supporting + self.undecided


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrangement:
    """The whole report in reading order."""

    picture: Input | None
    sections: tuple[Section, ...]
    observations: tuple[Item, ...]
    skipped: tuple[Item, ...]
    failed: tuple[Item, ...]


def arrange(report: Report) -> Arrangement:
    """Return a report in reading order."""
    items = [Item(position=i, finding=f) for i, f in enumerate(report.findings)]
    typed = {s.id: s for s in report.claim.statements}
    known = {v.statement for v in report.verdicts}
    loose = [item for item in items if item.finding.statement not in known]
    return Arrangement(
        picture=picture(report),
        sections=tuple(
            _section(number, verdict, typed.get(verdict.statement), items)
            for number, verdict in enumerate(report.verdicts, 1)
        ),
        observations=tuple(i for i in loose if not _silent(i)),
        skipped=tuple(i for i in loose if i.finding.outcome is Outcome.NOT_APPLICABLE),
        failed=_each_once(i for i in items if i.finding.outcome is Outcome.FAILED),
    )


def wanted(sections: Iterable[Section], *, most: int = 3) -> list[tuple[str, list[int]]]:
    """Return the inputs that bear on most undecided statements, with the numbers of those."""
    found: dict[str, list[int]] = {}
    for section in sections:
        if section.verdict.verdict in (Answer.INCONCLUSIVE, Answer.NOT_RUN):
            for wish in section.would_change:
                found.setdefault(sentence(wish), []).append(section.number)
    return sorted(found.items(), key=lambda item: -len(item[1]))[:most]


def picture(report: Report) -> Input | None:
    """Return the input that is the posted picture."""
    chosen = [item for item in report.inputs if item.role == "picture"]
    return next(iter([*chosen, *report.inputs]), None)


def tally(report: Report) -> list[tuple[Answer, int]]:
    """Count the verdicts, contradicted ones first."""
    order = (
        Answer.CONTRADICTED,
        Answer.SUPPORTED,
        Answer.INCONCLUSIVE,
        Answer.NOT_TESTABLE,
        Answer.NOT_RUN,
    )
    found = [v.verdict for v in report.verdicts]
    return [(answer, found.count(answer)) for answer in order if answer in found]


def _section(
    number: int, verdict: Verdict, statement: Statement | None, items: Sequence[Item]
) -> Section:
    own = [item for item in items if item.finding.statement == verdict.statement]
    heard = [item for item in own if not _silent(item)]

    def of(outcome: Outcome, order: Sequence[int]) -> tuple[Item, ...]:
        rank = {position: place for place, position in enumerate(order)}
        chosen = [item for item in heard if item.finding.outcome is outcome]
        return tuple(sorted(chosen, key=lambda i: (rank.get(i.position, len(rank)), i.position)))

    listed = " ".join(verdict.untested)
    left_out = [
        f"{item.finding.check}: {item.finding.summary}"
        for item in own
        if _silent(item) and item.finding.summary not in listed
    ]
    return Section(
        number=number,
        verdict=verdict,
        statement=statement,
        supporting=of(Outcome.SUPPORTS, verdict.supporting),
        contradicting=of(Outcome.CONTRADICTS, verdict.contradicting),
        undecided=of(Outcome.INCONCLUSIVE, verdict.undecided),
        untested=_unique([*verdict.untested, *left_out]),
        limits=_unique([*verdict.limits, *(s for i in heard for s in i.finding.limits)]),
        innocent=_unique(s for i in heard for s in i.finding.innocent),
        would_change=_unique(
            [*verdict.would_change, *(s for i in own for s in i.finding.would_change)]
        ),
    )


def _silent(item: Item) -> bool:
    return item.finding.outcome in (Outcome.NOT_APPLICABLE, Outcome.FAILED)


def _unique(sentences: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(sentences))


def _each_once(items: Iterable[Item]) -> tuple[Item, ...]:
    """Keep one of the findings of one failed check for several statements."""
    first: dict[tuple[str, str], Item] = {}
    for item in items:
        first.setdefault((item.finding.check, item.finding.summary), item)
    return tuple(first.values())
