"""Plan, run and assess, with checks made for the purpose."""

import io
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from imgcheck.case import Case, Reference
from imgcheck.case.workbench import Once
from imgcheck.checks import Check, check
from imgcheck.checks.check import Missing
from imgcheck.errors import RefusedError
from imgcheck.imaging import Image
from imgcheck.model import (
    Answer,
    ByteRange,
    Citation,
    ErrorRate,
    Evidence,
    Finding,
    Measure,
    Outcome,
    Verdict,
)
from imgcheck.model.claimfile import loads
from imgcheck.verification import assess, plan, run, verify

RATE = ErrorRate(errors=1, trials=500, what="made cases", calibration="docs/benchmarks.md, test")


def case(claim: str = "statements: [{id: new, original: true}]") -> Case:
    stream = io.BytesIO()
    Pillow.fromarray(np.zeros((9, 9, 3), np.uint8)).save(stream, "PNG")
    return Case(image=Image.from_bytes(stream.getvalue(), name="dot.png"), claim=loads(claim))


def saying(outcome: Outcome, *, basis: str = "b", name: str = "test.one") -> Check:
    """Make a check that says one thing of every statement."""

    @check(name, question="Is it?", asks="recycled", answers=("original",))
    def one(found: Case) -> Iterable[Finding]:
        for statement in found.claim.of_kind("original"):
            yield one.finding(
                statement=statement.id,
                outcome=outcome,
                summary=f"{name} says {outcome}",
                basis=basis,
                error_rate=RATE,
            )

    return one


FOR, AGAINST, OPEN = Outcome.SUPPORTS, Outcome.CONTRADICTS, Outcome.INCONCLUSIVE
SKIPPED, BROKEN = Outcome.NOT_APPLICABLE, Outcome.FAILED


def found(
    outcome: Outcome,
    summary: str = "seen",
    *,
    basis: str = "b",
    statement: str = "new",
    **rest: Any,
) -> Finding:
    """Make a finding as a check would."""
    if outcome in (FOR, AGAINST):
        rest.setdefault("error_rate", RATE)
    return Finding(
        check="test.one",
        check_version="1",
        statement=statement,
        outcome=outcome,
        summary=summary,
        basis=basis,
        **rest,
    )


def verdict(*findings: Finding, claim: str = "statements: [{id: new, original: true}]") -> Verdict:
    (one,) = assess(loads(claim), findings)
    return one


@pytest.mark.parametrize(
    ("outcomes", "answer"),
    [
        ([], Answer.NOT_RUN),
        ([("b", FOR)], Answer.SUPPORTED),
        ([("b", AGAINST)], Answer.CONTRADICTED),
        ([("b", OPEN)], Answer.INCONCLUSIVE),
        ([("b", SKIPPED)], Answer.NOT_RUN),
        ([("b", BROKEN)], Answer.NOT_RUN),
        ([("b", SKIPPED), ("c", BROKEN)], Answer.NOT_RUN),
        # What tested nothing weighs nothing.
        ([("b", BROKEN), ("c", FOR)], Answer.SUPPORTED),
        ([("b", SKIPPED), ("c", AGAINST)], Answer.CONTRADICTED),
        ([("b", SKIPPED), ("c", OPEN)], Answer.INCONCLUSIVE),
        # An open finding takes nothing from a decisive one, whatever its basis.
        ([("b", OPEN), ("c", FOR)], Answer.SUPPORTED),
        ([("b", OPEN), ("b", FOR)], Answer.SUPPORTED),
        ([("b", OPEN), ("c", AGAINST)], Answer.CONTRADICTED),
        ([("b", AGAINST), ("b", OPEN)], Answer.CONTRADICTED),
        # Two bases that disagree decide nothing, however many findings each has.
        ([("b", AGAINST), ("c", FOR)], Answer.INCONCLUSIVE),
        ([("b", FOR), ("c", AGAINST)], Answer.INCONCLUSIVE),
        ([("b", AGAINST), ("c", AGAINST), ("d", FOR)], Answer.INCONCLUSIVE),
        ([("b", AGAINST), ("c", FOR), ("d", FOR)], Answer.INCONCLUSIVE),
        # Of one basis the finding against the statement counts, in any order.
        ([("b", AGAINST), ("b", FOR)], Answer.CONTRADICTED),
        ([("b", FOR), ("b", AGAINST)], Answer.CONTRADICTED),
        ([("b", FOR), ("b", AGAINST), ("c", FOR)], Answer.INCONCLUSIVE),
        ([("b", FOR), ("b", AGAINST), ("c", AGAINST)], Answer.CONTRADICTED),
        ([("b", FOR), ("c", FOR)], Answer.SUPPORTED),
    ],
)
def test_a_verdict_weighs_the_strongest_of_each_basis(
    outcomes: list[tuple[str, Outcome]], answer: Answer
) -> None:
    given = verdict(*(found(outcome, basis=basis) for basis, outcome in outcomes))
    assert given.verdict is answer


def test_a_finding_on_another_statement_or_on_none_weighs_nothing() -> None:
    other = found(AGAINST, statement="other")
    loose = found(OPEN, statement=None)  # type: ignore[arg-type]
    assert verdict(other, loose).verdict is Answer.NOT_RUN
    assert verdict(other, loose).contradicting == ()


def test_findings_stand_by_their_position_in_the_report() -> None:
    given = verdict(
        found(OPEN),
        found(SKIPPED),
        found(FOR),
        found(AGAINST),
        found(BROKEN),
        found(FOR),
        found(AGAINST),
    )
    assert given.contradicting == (3, 6)
    assert given.supporting == (2, 5)
    assert given.undecided == (0,)


def test_only_findings_that_observed_something_give_limits() -> None:
    given = verdict(
        found(FOR, limits=("a", "b")), found(OPEN, limits=("b", "c")), found(SKIPPED, limits=("d",))
    )
    assert given.limits == ("a", "b", "c")


def test_every_wish_is_named_once_those_of_the_first_reason_first() -> None:
    given = verdict(found(SKIPPED, would_change=("x", "y")), found(OPEN, would_change=("y", "z")))
    assert given.would_change == ("y", "z", "x")


LEANING = Evidence(citations=(Citation(input="r", label="reference"),))
MARKED = Evidence(bytes=(ByteRange(offset=0, length=1, label="tag"),))
NUMBER = (Measure(name="n", value=1),)
UNSURE = ErrorRate(errors=0, trials=10, what="made cases", calibration="docs/benchmarks.md")

#: The order of the reasons of a verdict, the most informative first.
ORDER = [
    found(AGAINST, "against"),
    found(FOR, "for"),
    found(OPEN, "would decide, were its error rate known better", error_rate=UNSURE),
    found(OPEN, "measured something", measures=NUMBER),
    found(OPEN, "only looked"),
    found(BROKEN, "broke"),
    found(SKIPPED, "tried on a reference, without success", evidence=LEANING, would_change=("w",)),
    found(SKIPPED, "an input is to be given", would_change=("w",)),
    found(SKIPPED, "the file records nothing", evidence=MARKED),
]


@pytest.mark.parametrize("place", range(len(ORDER) - 1))
def test_the_most_informative_reason_comes_first(place: int) -> None:
    better, worse = ORDER[place : place + 2]
    for both in ((better, worse), (worse, better)):
        given = verdict(*both)
        said = [*given.because, *given.untested]
        at = [next(i for i, words in enumerate(said) if f.summary in words) for f in both]
        assert at[both.index(better)] < at[both.index(worse)]


def test_every_reason_of_a_verdict_is_given_in_the_defined_order() -> None:
    given = verdict(*reversed(ORDER))
    # The note on the disagreement, which no finding says, stands before all of them.
    assert "disagree" not in given.because[0]  # one basis: nothing disagrees
    assert list(given.because) == [f.summary for f in ORDER[:5]]
    assert list(given.untested) == [f"test.one: {f.summary}" for f in ORDER[5:]]


def test_of_equal_reasons_the_cheap_one_that_ran_and_the_deep_one_that_did_not_come_first() -> None:
    given = verdict(
        found(OPEN, "first"),
        found(SKIPPED, "third"),
        found(OPEN, "second"),
        found(SKIPPED, "fourth"),
    )
    assert given.because == ("first", "second")
    assert given.untested == ("test.one: fourth", "test.one: third")


def test_a_disagreement_is_said_before_the_findings_that_disagree() -> None:
    given = verdict(found(FOR, "for", basis="b"), found(AGAINST, "against", basis="c"))
    assert "disagree" in given.because[0]
    assert given.because[1:] == ("against", "for")


def test_what_was_not_run_says_its_best_reason_and_what_to_give() -> None:
    given = verdict(
        found(SKIPPED, "no reference was given", would_change=("a reference (--reference PATH)",)),
        found(SKIPPED, "The file records no position; that says nothing."),
    )
    assert given.verdict is Answer.NOT_RUN
    assert len(given.untested) == 2 and "no reference was given" in given.untested[0]
    assert given.because == (
        "Not tested: no reference was given. To test it, give a reference (--reference PATH).",
    )
    alone = verdict(found(SKIPPED, "The file records no position; that says nothing."))
    assert alone.because == ("Not tested: The file records no position; that says nothing.",)


def test_a_statement_that_no_check_tests_says_so() -> None:
    given = verdict(claim="statements: [{id: new, sensor: a drone}]")
    assert given.verdict is Answer.NOT_RUN
    assert given.because == ("Not tested: no check tests a statement of the kind sensor yet.",)
    assert given.untested == ("no check tests a statement of the kind sensor yet",)


@pytest.mark.parametrize("kind", ["acquired", "unchanged", "changed"])
@pytest.mark.parametrize(
    ("posted", "window", "against_itself"),
    [
        ("2024-03-02", "2024-03-05", True),
        ("2024-03-02", "2024-03-05/2024-03-09", True),
        ("2024-03-02T12:00:00Z", "2024-03-02T12:00:01Z", True),
        ("2024-03-02T12:00:00Z", "2024-03-02T12:00:00Z", False),
        ("2024-03-02T12:00:00+03:00", "2024-03-02T09:00:00Z", False),
        ("2024-03-02T12:00:00+03:00", "2024-03-02T09:00:01Z", True),
        # Days without a zone overlap by up to 26 hours.
        ("2024-03-02", "2024-03-03", False),
        ("2024-03-02", "2024-03-01/2024-03-05", False),
        ("2024-03-05", "2024-03-02", False),
    ],
)
def test_a_time_after_the_post_is_said(
    kind: str, posted: str, window: str, against_itself: bool
) -> None:
    claim = f"source: {{posted: '{posted}'}}\nstatements: [{{id: new, {kind}: '{window}'}}]"
    for outcome, before, after in (
        (FOR, Answer.SUPPORTED, Answer.INCONCLUSIVE),
        (OPEN, Answer.INCONCLUSIVE, Answer.INCONCLUSIVE),
        (SKIPPED, Answer.NOT_RUN, Answer.INCONCLUSIVE),
        (AGAINST, Answer.CONTRADICTED, Answer.CONTRADICTED),
    ):
        given = verdict(found(outcome), claim=claim)
        assert given.verdict is (after if against_itself else before)
        assert ("contradicts itself" in given.because[0]) is against_itself
        assert ("source.posted" in "".join(given.would_change)) is against_itself


def test_a_claim_without_a_date_of_the_post_cannot_contradict_itself() -> None:
    given = verdict(found(FOR), claim="statements: [{id: new, acquired: 2199}]")
    assert given.verdict is Answer.SUPPORTED


def test_attribution_and_intent_stay_untestable_whatever_is_found() -> None:
    claim = loads("statements: [{id: who, attribution: x}, {id: why, intent: y}]")
    finding = Finding(
        check="test.one",
        check_version="1",
        statement="who",
        outcome=Outcome.SUPPORTS,
        error_rate=RATE,
        summary="a type was seen",
        basis="b",
    )
    who, why = assess(claim, [finding])
    assert who.verdict is why.verdict is Answer.NOT_TESTABLE
    assert "does not prove its operator" in who.because[0]


@pytest.mark.parametrize("error", [RuntimeError("planted"), RefusedError("over a limit")])
def test_a_check_that_raises_fails_alone(error: Exception) -> None:
    @check("test.broken", question="Is it?", asks="recycled", answers=("original",))
    def broken(found: Case) -> Iterable[Finding]:
        raise error
        yield

    report = verify(case(), checks=[broken, saying(Outcome.SUPPORTS)])
    assert [f.check for f in report.failed] == ["test.broken"]
    assert report.answers()["new"] is Answer.SUPPORTED
    (verdict,) = report.verdicts
    assert any("test.broken" in words for words in verdict.untested)


def test_a_check_whose_need_is_unmet_gives_its_reason_for_each_statement() -> None:
    @check(
        "test.needy",
        question="Is it?",
        asks="recycled",
        answers=("original",),
        needs=(lambda found: Missing(reason="nothing was given", give="something (--some PATH)"),),
    )
    def needy(found: Case) -> Iterable[Finding]:
        raise AssertionError("it must not run")
        yield

    (finding,) = run(plan(case(), checks=[needy]), case())
    assert finding.outcome is Outcome.NOT_APPLICABLE
    assert finding.statement == "new"
    assert finding.summary == "nothing was given"
    assert finding.would_change == ("something (--some PATH)",)
    (verdict,) = assess(case().claim, [finding])
    assert verdict.verdict is Answer.NOT_RUN
    assert verdict.because == (
        "Not tested: nothing was given. To test it, give something (--some PATH).",
    )
    assert verdict.would_change == ("something (--some PATH)",)


def test_progress_names_each_question() -> None:
    heard: list[tuple[str, int, int]] = []
    verify(
        case(),
        checks=[saying(Outcome.SUPPORTS)],
        progress=lambda step, position, total: heard.append((step, position, total)),
    )
    assert heard == [("Is it?", 0, 1)]


@pytest.mark.parametrize(("reason", "notes"), [(None, ()), ("it is no date", ("it is no date",))])
def test_why_a_reference_has_no_date_is_noted(reason: str | None, notes: tuple[str, ...]) -> None:
    given = case()
    reference = Reference(id="r", image=given.image, date_reason=reason)
    report = verify(replace(given, references=(reference,)), checks=[])
    assert [one.role for one in report.inputs] == ["picture", "reference"]
    assert report.inputs[1].notes == notes


def test_once_makes_a_thing_once_and_remembers_its_error() -> None:
    made = []

    def fail() -> None:
        made.append(1)
        raise ValueError("planted")

    class Desk(Case):
        @Once
        def thing(self) -> None:
            fail()

    found = Desk(image=case().image)
    for _ in range(2):
        with pytest.raises(ValueError, match="planted"):
            _ = found.thing
    assert made == [1]
