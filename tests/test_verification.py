"""Plan, run and assess, with checks made for the purpose."""

import io
from collections.abc import Iterable

import numpy as np
import pytest
from PIL import Image as Pillow

from imgcheck.checks import Check, check
from imgcheck.errors import RefusedError
from imgcheck.imaging import Image
from imgcheck.model import Answer, Case, ErrorRate, Finding, Outcome
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


@pytest.mark.parametrize(
    ("outcomes", "answer"),
    [
        ([("b", Outcome.SUPPORTS)], Answer.SUPPORTED),
        ([("b", Outcome.CONTRADICTS)], Answer.CONTRADICTED),
        ([("b", Outcome.INCONCLUSIVE)], Answer.INCONCLUSIVE),
        ([("b", Outcome.INCONCLUSIVE), ("c", Outcome.SUPPORTS)], Answer.SUPPORTED),
        ([("b", Outcome.CONTRADICTS), ("c", Outcome.SUPPORTS)], Answer.INCONCLUSIVE),
        ([("b", Outcome.NOT_APPLICABLE)], Answer.NOT_RUN),
        ([("b", Outcome.FAILED), ("c", Outcome.SUPPORTS)], Answer.SUPPORTED),
        ([], Answer.NOT_RUN),
    ],
)
def test_a_verdict_weighs_the_strongest_of_each_basis(
    outcomes: list[tuple[str, Outcome]], answer: Answer
) -> None:
    checks = [
        saying(outcome, basis=basis, name=f"test.{n}")
        for n, (basis, outcome) in enumerate(outcomes)
    ]
    (verdict,) = verify(case(), checks=checks).verdicts
    assert verdict.verdict is answer


def test_two_findings_of_one_basis_are_not_two_witnesses() -> None:
    checks = [
        saying(Outcome.CONTRADICTS, basis="file", name="test.a"),
        saying(Outcome.SUPPORTS, basis="file", name="test.b"),
    ]
    (verdict,) = verify(case(), checks=checks).verdicts
    assert verdict.verdict is Answer.CONTRADICTED


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
        needs=(lambda found: "nothing was given",),
    )
    def needy(found: Case) -> Iterable[Finding]:
        raise AssertionError("it must not run")
        yield

    (finding,) = run(plan(case(), checks=[needy]), case())
    assert finding.outcome is Outcome.NOT_APPLICABLE
    assert finding.statement == "new"
    assert finding.summary == "nothing was given"


def test_progress_names_each_question() -> None:
    heard: list[tuple[str, int, int]] = []
    verify(
        case(),
        checks=[saying(Outcome.SUPPORTS)],
        progress=lambda step, position, total: heard.append((step, position, total)),
    )
    assert heard == [("Is it?", 0, 1)]


def test_once_makes_a_thing_once_and_remembers_its_error() -> None:
    made = []

    def fail() -> None:
        made.append(1)
        raise ValueError("planted")

    found = case()
    for _ in range(2):
        with pytest.raises(ValueError, match="planted"):
            found.once("thing", fail)
    assert made == [1]
