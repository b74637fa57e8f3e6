"""A check decides only as far as its error rate is known."""

import contextlib

import pytest

from imgcheck.case import Case
from imgcheck.checks import check
from imgcheck.checks.check import Missing
from imgcheck.model import ErrorRate, Finding, Outcome
from imgcheck.model.claimfile import loads
from imgcheck.model.finding import DECISIVE


@check("test.one", question="Is it?", asks="recycled", answers=("original",))
def one(case):
    return ()


def rate(errors: int, trials: int) -> ErrorRate:
    return ErrorRate(
        errors=errors, trials=trials, what="made cases called so", calibration="docs/benchmarks.md"
    )


def say(outcome: Outcome, error_rate: ErrorRate | None):
    return one.finding(
        statement="new", outcome=outcome, summary="seen", basis="b", error_rate=error_rate,
        limits=("first",),
    )  # fmt: skip


@pytest.mark.parametrize("outcome", DECISIVE)
@pytest.mark.parametrize(
    ("errors", "trials", "decides"),
    [(0, 72, True), (0, 71, False), (5, 500, True), (4, 26, False), (0, 0, False)],
)
def test_a_rate_that_may_exceed_a_twentieth_makes_a_finding_inconclusive(
    outcome: Outcome, errors: int, trials: int, decides: bool
) -> None:
    found = say(outcome, rate(errors, trials))
    assert found.outcome is (outcome if decides else Outcome.INCONCLUSIVE)
    assert found.error_rate == rate(errors, trials)
    assert found.limits[0] == "first"
    assert len(found.limits) == (1 if decides else 2)


@pytest.mark.parametrize(
    ("errors", "trials", "says"),
    [
        (0, 10, "as high as 30.9 % (0 of 10 made cases called so)"),
        # 0 of 71 may err in 5.06 %: rounded to 5 % it would look as if it passed.
        (0, 71, "as high as 5.1 %"),
        (0, 0, "was not measured"),
    ],
)
def test_the_limit_that_keeps_it_from_deciding_is_said(errors: int, trials: int, says: str) -> None:
    (_, words) = say(Outcome.SUPPORTS, rate(errors, trials)).limits
    assert says in words
    assert "at most 5% at 95 % confidence" in words


@pytest.mark.parametrize("outcome", DECISIVE)
def test_a_decision_without_any_rate_is_a_fault_of_the_check(outcome: Outcome) -> None:
    with pytest.raises(ValueError, match="error rate"):
        say(outcome, None)


@pytest.mark.parametrize("outcome", list(Outcome))
@pytest.mark.parametrize("error_rate", [None, rate(0, 71), rate(0, 72)])
@pytest.mark.parametrize("stated_by", ["", "counted by A. Analyst"])
def test_a_decision_rests_on_a_rate_or_on_a_person(
    outcome: Outcome, error_rate: ErrorRate | None, stated_by: str
) -> None:
    rests = stated_by != "" or error_rate == rate(0, 72)
    refused = outcome in DECISIVE and not rests
    with pytest.raises(ValueError, match="error rate") if refused else contextlib.nullcontext():
        Finding(
            check="test.one", check_version="1", statement="new", outcome=outcome, summary="seen",
            basis="b", error_rate=error_rate, stated_by=stated_by,
        )  # fmt: skip


@pytest.mark.parametrize("outcome", [o for o in Outcome if o not in DECISIVE])
def test_a_rate_says_nothing_of_a_finding_that_decides_nothing(outcome: Outcome) -> None:
    assert say(outcome, rate(0, 500)).error_rate is None


@pytest.mark.parametrize("wrong", [{"asks": "forged"}, {"stage": "later"}])
def test_a_question_has_one_of_five_kinds_and_one_of_four_stages(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="is one of"):
        check("test.two", question="Is it?", **({"asks": "recycled"} | wrong))(one.run)


def test_a_check_bears_only_on_statements_that_concern_it() -> None:
    @check("test.two", question="Is it?", asks="recycled", answers=("count",),
           concerns=lambda statement: statement.id == "a")  # fmt: skip
    def two(case):
        return ()

    claim = loads("statements: [{id: a, count: {class: x, min: 1}},"
                  " {id: b, count: {class: y, min: 1}}, {id: c, original: true}]")  # fmt: skip
    assert [s.id for s in two.statements(claim)] == ["a"]
    case = Case(image=None, claim=claim)
    assert [f.statement for f in two.without(case, Outcome.FAILED, "it broke")] == ["a"]
    none = Case(image=None, claim=loads("statements: [original]"))
    assert [f.statement for f in two.without(none, Outcome.FAILED, "it broke")] == [None]


def test_the_first_thing_that_is_missing_is_named() -> None:
    first, second = Missing(reason="first"), Missing(reason="second")
    for lacks, expected in (
        ((None, None), None), ((first, second), first), ((None, second), second),
    ):  # fmt: skip
        needs = tuple((lambda case, lack=lack: lack) for lack in lacks)
        made = check("test.two", question="Is it?", asks="recycled", needs=needs)(lambda case: ())
        assert made.missing(Case(image=None)) is expected
