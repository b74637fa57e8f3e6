"""What provenance.consistency says of frozen rule results: in order, with rates, no verdict."""

import pytest

from imgcheck.checks.provenance_consistency import consistency
from imgcheck.model import Finding, Outcome
from imgcheck.provenance import FireRate, RuleResult
from imgcheck.quantity import Interval
from tests.checks.frozen import case_of

RATE = FireRate(data="set", what="camera files", fired=3, applicable=60,
                interval=Interval(low=0.01, high=0.14))  # fmt: skip


def result(id: str, state: str, rates: tuple[FireRate, ...] = (RATE,)) -> RuleResult:
    return RuleResult(id=id, state=state, sentence=f"sentence of {id}.", read=(), proves="p",
                      does_not_prove="d", innocent=(f"cause of {id}",), rates=rates)  # fmt: skip


def say(*rules: RuleResult) -> Finding:
    (finding,) = consistency.run(case_of("  - unaltered\n", rules=rules))
    assert finding.outcome not in (Outcome.SUPPORTS, Outcome.CONTRADICTS)
    return finding


@pytest.mark.parametrize(
    ("states", "words"),
    [
        (["consistent"], "Of 1 rules that apply to the file's fields, 1 find nothing. Fields"),
        (["consistent", "not applicable"], "Of 1 rules"),
        (["explained", "consistent"], "1 find nothing. 1 find what common causes explain. None"),
        (["anomalous", "consistent"], "1 find nothing. a is anomalous: sentence of a (the rule"),
        (["contradictory"], "0 find nothing. a is contradictory: sentence of a (the rule"),
        (["not applicable"], "no fields that could be compared"),
        ([], "no fields that could be compared"),
    ],
)
def test_what_the_rules_find_is_counted_and_the_odd_ones_are_quoted(states, words) -> None:
    rules = [result(name, state) for name, state in zip("abcd", states, strict=False)]
    finding = say(*rules)
    assert words in finding.summary
    asked = any(state != "not applicable" for state in states)
    assert finding.outcome is (Outcome.INCONCLUSIVE if asked else Outcome.NOT_APPLICABLE)


def test_contradictory_goes_before_anomalous_and_three_are_quoted() -> None:
    rules = [result(f"r{n}", "anomalous") for n in range(4)] + [result("z", "contradictory")]
    summary = say(*rules, result("e", "explained")).summary
    assert summary.index("z is contradictory") < summary.index("r0 is anomalous")
    assert "r1 is anomalous" in summary and "r2 is" not in summary
    assert "Odd rules that are only listed: 2." in summary
    assert "None of this says that the picture was altered." in summary


def test_agreement_is_never_called_a_confirmation() -> None:
    assert "does not confirm them" in say(result("a", "consistent")).summary
    assert "does not confirm" not in say(result("a", "explained")).summary


def test_a_rule_without_a_measured_rate_says_so() -> None:
    assert "was not measured" in say(result("a", "anomalous", rates=())).summary
    assert "3 of 60 camera files" in say(result("a", "anomalous")).summary


def test_the_causes_of_odd_rules_go_before_those_of_explained_ones() -> None:
    assert say(result("a", "anomalous"), result("b", "explained")).innocent == ("cause of a",)
    assert say(result("b", "explained")).innocent == ("cause of b",)


def test_limits_name_what_an_odd_rule_does_not_prove() -> None:
    limits = say(result("a", "anomalous"), result("b", "explained")).limits
    assert "a does not prove: d" in limits
    assert not any(limit.startswith("b does") for limit in limits)
    assert any("Anyone can write" in limit for limit in limits)
    assert any("Platforms strip" in limit for limit in say().limits)


def test_without_a_statement_it_is_an_observation() -> None:
    (finding,) = consistency.run(case_of(rules=(result("a", "anomalous"),)))
    assert finding.statement is None
