"""Do the fields of the file agree with each other?"""

from collections.abc import Iterable, Iterator

from imgcheck import provenance
from imgcheck.case import Case
from imgcheck.checks.check import MISSING, WRITABLE, check
from imgcheck.model import ByteRange, Evidence, Finding, Measure, Outcome
from imgcheck.quantity import Interval

_BASIS = "file metadata"
_ORDER = ("contradictory", "anomalous", "explained")
_NAMED = 3  # rules quoted in the sentence; all that fire are among the measures


@check(
    "provenance.consistency",
    question="Do the fields of the file agree with each other?",
    asks="manipulated",
    analysis="technical",
    stage="bytes",
    answers=("unaltered",),
)
def consistency(case: Case) -> Iterable[Finding]:
    """Ask every rule of the file; say what fired, how often it does on others, and what not."""
    results = case.file.rules
    statements = [statement.id for statement in case.claim.of_kind("unaltered")]
    concerned: list[str | None] = [*statements] or [None]
    for statement in concerned:
        yield _finding(statement, results)


def _finding(statement: str | None, results: tuple[provenance.RuleResult, ...]) -> Finding:
    asked = [one for one in results if one.state != "not applicable"]
    fired = sorted(
        (one for one in asked if one.fires), key=lambda one: _ORDER.index(one.state)
    )  # fmt: skip
    odd = [one for one in fired if one.state != "explained"]
    return consistency.finding(
        statement=statement,
        outcome=Outcome.INCONCLUSIVE if asked else Outcome.NOT_APPLICABLE,
        summary=" ".join(_sentences(len(asked), fired, odd)),
        basis=_BASIS,
        measures=tuple(_measures(fired)),
        evidence=Evidence(bytes=tuple(_places(fired))),
        innocent=tuple(dict.fromkeys(cause for one in odd or fired for cause in one.innocent))[:8],
        limits=(
            *(f"{one.id} does not prove: {one.does_not_prove}" for one in odd),
            "The rates are of camera files that nobody certified untouched: they are fire rates, "
            "not false-alarm rates.",
            *(WRITABLE if asked else MISSING),
        ),
        would_change=("an earlier copy of the picture (an index of known pictures)",),
    )


def _sentences(
    asked: int, fired: list[provenance.RuleResult], odd: list[provenance.RuleResult]
) -> Iterator[str]:
    if not asked:
        yield "The file has no fields that could be compared with each other."
        return
    agree = asked - len(fired)
    yield f"Of {asked} rules that apply to the file's fields, {agree} find nothing."
    common = len(fired) - len(odd)
    if common:
        yield f"{common} find what common causes explain."
    for one in odd[:_NAMED]:
        largest = one.largest_rate
        rate = (
            "how often the rule fires elsewhere was not measured"
            if largest is None
            else f"the rule {largest.words}"
        )
        yield f"{one.id} is {one.state}: {one.sentence.rstrip('.')} ({rate})."
    if len(odd) > _NAMED:
        yield f"Odd rules that are only listed: {len(odd) - _NAMED}."
    if fired:
        yield "None of this says that the picture was altered."
    else:
        yield "Fields that agree can have been written together, so this does not confirm them."


def _measures(fired: list[provenance.RuleResult]) -> Iterator[Measure]:
    for one in fired:
        yield Measure(name=one.id, value=f"{one.state}: {one.sentence}")
        for rate in one.rates:
            limits = Interval(low=rate.interval.low, high=rate.interval.high)
            yield Measure(
                name=f"{one.id} fires on, {rate.data}",
                value=rate.fired / rate.applicable,
                unit=f"of {rate.applicable} files",
                interval=limits,
            )


def _places(fired: list[provenance.RuleResult]) -> Iterator[ByteRange]:
    for one in fired:
        for read in one.read[:4]:
            if read.offset is not None:
                label = f"{one.id}: {read.name} {read.value}"[:80]
                yield ByteRange(offset=read.offset, length=read.length or 0, label=label)
