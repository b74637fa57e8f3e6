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
    """Apply every rule to the file; report those that fired and their rates on other files."""
    results = case.file.rules
    ids: list[str | None] = [s.id for s in case.claim.of_kind("unaltered")]
    for id in ids or [None]:
        yield _finding(id, results)


def _finding(statement: str | None, results: tuple[provenance.RuleResult, ...]) -> Finding:
    applicable = [one for one in results if one.state != "not applicable"]
    fired = sorted(
        (one for one in applicable if one.fires), key=lambda one: _ORDER.index(one.state)
    )  # fmt: skip
    odd = [one for one in fired if one.state != "explained"]
    return consistency.finding(
        statement=statement,
        outcome=Outcome.INCONCLUSIVE if applicable else Outcome.NOT_APPLICABLE,
        summary=" ".join(_sentences(len(applicable), fired, odd)),
        basis=_BASIS,
        measures=tuple(_measures(fired)),
        evidence=Evidence(bytes=tuple(_places(fired))),
        innocent=tuple(dict.fromkeys(cause for one in odd or fired for cause in one.innocent))[:8],
        limits=(
            *(f"{one.id} does not prove: {one.does_not_prove}" for one in odd),
            "The rates state how often a rule fires on camera files that may have been edited, "
            "not how often it is wrong.",
            *(WRITABLE if applicable else MISSING),
        ),
        would_change=("an earlier copy of the picture in an index of known pictures (--index DB)",),
    )


def _sentences(
    applicable: int, fired: list[provenance.RuleResult], odd: list[provenance.RuleResult]
) -> Iterator[str]:
    if not applicable:
        yield "The file has no fields that can be compared with each other."
        return
    agree = applicable - len(fired)
    yield f"Of {applicable} rules that apply to the file's fields, {agree} find nothing unusual."
    common = len(fired) - len(odd)
    if common:
        yield f"{common} find something that common causes explain."
    for one in odd[:_NAMED]:
        largest = one.largest_rate
        rate = (
            "it was not measured how often the rule fires on other files"
            if largest is None
            else f"the rule {largest.words}"
        )
        yield f"{one.id} is {one.state}: {one.sentence.rstrip('.')} ({rate})."
    if len(odd) > _NAMED:
        yield f"{len(odd) - _NAMED} more are listed among the measures."
    if fired:
        yield "None of this shows that the picture was altered."
    else:
        yield "Fields that agree may have been written together, so this does not confirm them."


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
