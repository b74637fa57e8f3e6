"""Which rules on the fields of a file fired, and how that is reported."""

import numpy as np
import pytest
from PIL import Image as Pillow

from imgcheck.case import Case
from imgcheck.checks.provenance_consistency import consistency
from imgcheck.imaging import Image
from imgcheck.model import Claim, Finding, Outcome
from imgcheck.model.claimfile import loads
from imgcheck.provenance import FireRate, RuleResult
from imgcheck.quantity import Interval
from tests.checks.frozen import case_of
from tests.provenance import build
from tests.provenance.test_rules import camera, two_pictures


def answer(data: bytes, claim: Claim | None = None, name: str = "post.jpg") -> Finding:
    case = Case(image=Image.from_bytes(data, name=name), claim=claim or Claim())
    (finding,) = consistency.run(case)
    return finding


def test_what_fires_is_told_with_its_rate_and_what_it_does_not_prove() -> None:
    sizes = [build.short(0xA002, 64), build.short(0xA003, 32)]
    finding = answer(camera(exif=sizes))
    assert finding.outcome is Outcome.INCONCLUSIVE
    assert "size.exif is anomalous" in finding.summary
    assert "camera files that it applies to (set metadata-extractor;" in finding.summary
    assert "None of this shows that the picture was altered" in finding.summary
    assert any(limit.startswith("size.exif does not prove") for limit in finding.limits)
    rates = [m for m in finding.measures if m.name.startswith("size.exif fires on")]
    assert rates and all(m.interval is not None for m in rates)
    assert any(place.label.startswith("size.exif") for place in finding.evidence.bytes)


def test_a_failed_offset_is_told_first_and_still_contradicts_nothing() -> None:
    finding = answer(two_pictures(shift=9), loads("statements:\n  - unaltered\n"))
    assert finding.outcome is Outcome.INCONCLUSIVE
    assert finding.statement is not None
    assert "offset.mpf is contradictory" in finding.summary
    assert "lossless crop" in " ".join(finding.innocent)


def test_common_causes_are_counted_and_not_quoted() -> None:
    finding = answer(camera() + b"some bytes behind the end")
    assert "common causes explain" in finding.summary
    assert "structure.trailer" not in finding.summary
    assert any(m.name == "structure.trailer" for m in finding.measures)


def test_a_file_without_fields_has_nothing_to_compare() -> None:
    finding = answer(build.jpeg())
    assert finding.outcome is Outcome.NOT_APPLICABLE
    assert "no fields" in finding.summary
    assert finding.statement is None


def test_the_thumbnail_of_another_picture_is_noticed() -> None:
    whole = build.jpeg(blocks(480, 320, seed=1))
    data = camera(thumbnail=build.jpeg(blocks(160, 107, seed=8)), data=whole)
    assert "thumbnail.picture is anomalous" in answer(data).summary
    data = camera(thumbnail=build.jpeg(blocks(160, 107, seed=1)), data=whole)
    assert "thumbnail.picture" not in answer(data).summary


def blocks(width: int, height: int, seed: int) -> Pillow.Image:
    """Make a picture with texture that no other seed has."""
    rng = np.random.default_rng(seed)
    small = Pillow.fromarray(rng.integers(0, 255, (16, 24, 3), np.uint8))
    return small.resize((width, height), Pillow.Resampling.BICUBIC)


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
        (
            ["consistent"],
            "Of 1 rules that apply to the file's fields, 1 find nothing unusual. Fields",
        ),
        (["consistent", "not applicable"], "Of 1 rules"),
        (
            ["explained", "consistent"],
            "unusual. 1 find something that common causes explain. None",
        ),
        (
            ["anomalous", "consistent"],
            "unusual. a is anomalous: sentence of a (the rule",
        ),
        (["contradictory"], "0 find nothing unusual. a is contradictory: sentence of a (the rule"),
        (["not applicable"], "no fields that can be compared"),
        ([], "no fields that can be compared"),
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
    assert "2 more are listed among the measures." in summary
    assert "None of this shows that the picture was altered." in summary


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
