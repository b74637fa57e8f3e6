"""What proposed vehicles and a person's count mean for a claimed number: frozen proposals."""

import io

import numpy as np
import pytest
from PIL import Image as Pillow

from imgcheck import detect
from imgcheck.case import Case
from imgcheck.checks import _objects, _reviewed
from imgcheck.checks.check import Check
from imgcheck.checks.detect_objects import detect_crater_absence, detect_vehicle_count
from imgcheck.errors import ClaimError
from imgcheck.imaging import Image
from imgcheck.model import Absence, Answer, Count, ErrorRate, Finding, Outcome
from imgcheck.model.claimfile import loads
from imgcheck.report import wording as words
from imgcheck.verification import verify

S, C, OPEN, NOT = (
    Outcome.SUPPORTS,
    Outcome.CONTRADICTS,
    Outcome.INCONCLUSIVE,
    Outcome.NOT_APPLICABLE,
)


def count(least: int | None, most: int | None) -> Count:
    return Count(id="n", object_class="vehicle", minimum=least, maximum=most)


def absence(size: float | None = None) -> Absence:
    return Absence(id="n", object_class="vehicle", min_size_m=size)


@pytest.mark.parametrize(
    ("statement", "counted", "outcome"),
    [
        (count(10, None), [9], C),
        (count(10, None), [10], S),
        (count(None, 10), [10], S),
        (count(None, 10), [11], C),
        (count(3, 8), [2], C),
        (count(3, 8), [3], S),
        (count(3, 8), [8], S),
        (count(3, 8), [9], C),
        (count(3, 8), [0], C),
        (count(3, 8), [4, 5], S),
        (count(3, 8), [1, 12], C),
        (count(3, 8), [4, 9], OPEN),
        (absence(), [1], C),
        (absence(), [0], OPEN),
        (absence(), [0, 3], OPEN),
        (absence(), [2, 3], C),
        (absence(3.0), [2], OPEN),
        (absence(3.0), [0], OPEN),
    ],
)
def test_a_persons_count_decides_a_claimed_number(statement, counted, outcome) -> None:
    assert _objects.decide(statement, counted)[0] is outcome


@pytest.mark.parametrize(
    ("low", "high", "least", "most", "relation"),
    [
        (5, 8, 3, 10, "inside"),
        (3, 10, 3, 10, "inside"),
        (5, 8, 3, None, "inside"),
        (5, 8, None, 8, "inside"),
        (2, 8, 3, 10, "overlaps"),
        (5, 11, 3, 10, "overlaps"),
        (1, 20, 3, 10, "overlaps"),
        (9, 12, 10, None, "overlaps"),
        (1, 2, 3, None, "outside"),  # below the minimum
        (9, 12, None, 8, "outside"),
        (11, 12, 3, 10, "outside"),
        (1, 3, 3, 10, "overlaps"),
        (10, 14, 3, 10, "overlaps"),
    ],
)
def test_a_range_is_inside_outside_or_overlaps(low, high, least, most, relation) -> None:
    assert _objects._relation(low, high, count(least, most)) == relation


def case(text: str) -> Case:
    stream = io.BytesIO()
    Pillow.fromarray(np.zeros((8, 8, 3), np.uint8)).save(stream, "PNG")
    return Case(image=Image.from_bytes(stream.getvalue(), name="dot.png"), claim=loads(text))


def findings(check: Check, text: str) -> list[Finding]:
    return list(check.run(case(text)))


@pytest.mark.parametrize(
    ("claimed", "says"),
    [
        ("{class: vehicle, min: 5}", "lies inside the claimed at least 5"),
        ("{class: Vehicles, min: 9, max: 20}", "lies inside the claimed 9 to 20"),
        ("{class: vehicle, min: 21}", "lies outside the claimed at least 21"),
        ("{class: vehicle, max: 8}", "lies outside the claimed at most 8"),
        ("{class: vehicle, min: 10}", "overlaps the claimed at least 10"),
    ],
)
def test_the_sentence_states_what_the_interval_does_to_the_claim(frozen, claimed, says) -> None:
    frozen("vehicle", 14, (9, 20))
    seen, answered = findings(detect_vehicle_count, f"statements: [count: {claimed}]")
    assert says in answered.summary
    assert "9 to 20 with 90 % probability" in seen.summary
    assert all("p =" not in region.label for region in seen.evidence.regions)
    assert any("person's count" in wish for wish in answered.would_change)


@pytest.mark.parametrize(
    ("statement", "chances", "outcome"),
    [
        (count(10, None), {10: 0.99}, S),
        (count(10, None), {10: 0.98}, None),
        (count(10, None), {10: 0.0}, None),  # hidden ones are possible: never contradicted
        (count(None, 10), {11: 0.99}, C),
        (count(None, 10), {11: 0.98}, None),
        (count(None, 10), {11: 0.0}, None),
        (count(3, 8), {9: 0.99}, C),
        (count(3, 8), {9: 0.0, 3: 1.0}, None),
        (count(10, None), {10: None}, None),
        (absence(), {1: 1.0}, None),
    ],
)
def test_proposals_decide_from_a_probability_of_99_percent(
    monkeypatch, statement, chances, outcome
) -> None:
    monkeypatch.setattr(detect, "probability_of", lambda found, *, least: chances[least])
    assert _objects.decide_by_detector(statement, None) is outcome


def test_a_decision_without_a_small_error_rate_stays_open(frozen, monkeypatch) -> None:
    frozen("vehicle", 14, (12, 20))
    monkeypatch.setattr(detect, "probability_of", lambda found, *, least: 1.0)
    few = ErrorRate(errors=0, trials=10, what="tried", calibration="x")
    many = ErrorRate(errors=0, trials=100, what="tried", calibration="x")
    for rate, outcome in ((few, OPEN), (many, S)):
        monkeypatch.setattr(_objects, "error_rate", lambda check, name, rate=rate: rate)
        text = "statements: [count: {class: vehicle, min: 5}]"
        _, answered = findings(detect_vehicle_count, text)
        assert answered.outcome is outcome
        assert any("does not decide by itself" in x for x in answered.limits) == (outcome is OPEN)


@pytest.mark.parametrize(
    ("name", "meant"),
    [("vehicles", "vehicle"), (" Crater ", "crater"), ("BUS", "bu"), ("glass", "glass"),
     ("as", "a"), ("s", "s"), ("", "")],
)  # fmt: skip
def test_a_class_is_named_in_singular_and_lower_case(name: str, meant: str) -> None:
    assert _reviewed.singular(name) == meant


@pytest.mark.parametrize("name", ["tank", "tanks", "car", "Truck", "bus", "building", "HMMWV"])
@pytest.mark.parametrize("gsd", [0.3, None])
def test_a_class_that_is_not_known_is_named_and_not_tested(frozen, name, gsd) -> None:
    frozen("vehicle", 14, (9, 20), gsd)
    text = f"statements: [count: {{class: {name}, min: 5}}]"
    (answered,) = (f for f in findings(detect_vehicle_count, text) if f.statement is not None)
    assert answered.outcome is NOT
    assert f'"{name}" is not a class that can be detected' in answered.summary
    assert not [f for f in findings(detect_crater_absence, text) if f.statement is not None]


COUNTED = """
statements:
  - count: {class: %s, min: 10}
measurements:
  - count: {class: %s, value: %d, by: A. Analyst, at: 2017-09-20}
"""


@pytest.mark.parametrize(
    ("claimed", "counted", "value", "outcome"),
    [
        ("vehicle", "vehicle", 12, S),
        ("vehicle", "Vehicles", 9, C),
        ("tank", "tank", 12, S),
        ("crater", "craters", 3, C),
    ],
)
@pytest.mark.parametrize("gsd", [0.3, None])
def test_a_persons_count_decides_with_its_name_and_date(
    frozen, claimed, counted, value, outcome, gsd
) -> None:
    frozen("vehicle", 14, (9, 20), gsd)
    check = detect_crater_absence if claimed == "crater" else detect_vehicle_count
    given = findings(check, COUNTED % (claimed, counted, value))
    (decisive,) = (f for f in given if f.outcome in (S, C))
    assert decisive.outcome is outcome
    assert decisive.stated_by == "counted by A. Analyst on 2017-09-20"
    assert decisive.error_rate is None
    assert words.short_strength(decisive) == "counted by A. Analyst on 2017-09-20; no error rate"
    assert words.strength(decisive) == ("counted by A. Analyst on 2017-09-20; no error rate",)
    assert not any("is not a class" in f.summary for f in given)
    assert not any("person's count" in wish for f in given for wish in f.would_change)
    assert Finding.from_json(decisive.to_json()) == decisive


def test_a_count_of_another_class_does_not_decide(frozen) -> None:
    frozen("vehicle", 14, (9, 20))
    given = findings(detect_vehicle_count, COUNTED % ("vehicle", "tank", 12))
    assert not [f for f in given if f.outcome in (S, C)]


def test_two_people_who_disagree_leave_it_open(frozen) -> None:
    frozen("vehicle", 14, (9, 20))
    text = COUNTED % ("vehicle", "vehicle", 12)
    text += "  - count: {class: vehicle, value: 7, by: B. Second, at: 2017-09-21}\n"
    given = [f for f in findings(detect_vehicle_count, text) if f.stated_by]
    assert [f.outcome for f in given] == [OPEN]
    assert "B. Second counted 7 on 2017-09-21" in given[0].summary


def test_the_verdict_rests_on_the_count(frozen) -> None:
    frozen("vehicle", 14, (9, 20))
    report = verify(case(COUNTED % ("vehicle", "vehicle", 12)), checks=[detect_vehicle_count])
    (verdict,) = report.verdicts
    assert verdict.verdict is Answer.SUPPORTED
    assert verdict.because[0].startswith("A. Analyst counted 12 on 2017-09-20")


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("count: {class: vehicle, value: 12, by: A}", '"at"'),
        ("count: {class: vehicle, value: 12, at: 2017}", '"by"'),
        ('count: {class: vehicle, value: 12, by: "", at: 2017}', "name the person"),
        ("count: {class: vehicle, by: A, at: 2017}", '"value"'),
        ("count: {value: 12, by: A, at: 2017}", '"class"'),
        ("count: {class: vehicle, value: -1, by: A, at: 2017}", "whole number"),
        ("count: {class: vehicle, value: 1.5, by: A, at: 2017}", "whole number"),
        ("count: {class: vehicle, value: 1, by: A, at: noon}", "count.at"),
        ("count: 12", "count"),
    ],
)
def test_a_count_names_class_value_person_and_date(line, complaint) -> None:
    with pytest.raises(ClaimError, match=complaint):
        loads(f"statements: [original]\nmeasurements:\n  - {line}\n")
