"""What proposed and planted craters mean for a claimed number: frozen proposals."""

import pytest

from imgcheck import detect
from imgcheck.checks import _power, detect_objects
from imgcheck.checks.detect_objects import detect_crater_absence
from imgcheck.model import Absence, Count, Outcome

from .test_detect_vehicle_count import COUNTED, OPEN, C, findings


@pytest.mark.parametrize(
    "statement", ["count: {class: crater, min: 3}", "absence: {class: crater}"]
)
def test_craters_have_no_bound_on_their_number(frozen, statement) -> None:
    frozen("crater", 328, (300, 400))
    seen, answered = findings(detect_crater_absence, f"statements: [{statement}]")
    assert answered.outcome is OPEN
    for each in (seen, answered):
        assert "at least 328" not in each.summary and "95" not in each.summary
        assert all(m.interval is None for m in each.measures)
        values = {m.name: m.value for m in each.measures}
        assert values["fewest, 90 % interval"] is None
        assert values["most, 90 % interval"] is None
    assert "is not known" in answered.summary


@pytest.mark.parametrize(
    ("statements", "says"),
    [
        ("absence: {class: crater, min_size_m: 2}", "claimed size of 2 m is below"),
        ("absence: {class: crater, min_size_m: 3}", None),
        ("absence: {class: crater}", None),
        ("count: {class: crater, min: 2}", None),
        # A size claimed of other objects is not that of craters.
        ("absence: {class: vehicle, min_size_m: 1}}, {absence: {class: crater}", None),
        ("absence: {class: crater}}, {absence: {class: crater, min_size_m: 1}",
         "claimed size of 1 m"),
        ("count: {class: crater, min: 2}}, {absence: {class: crater, min_size_m: 1}",
         "claimed size of 1 m"),
    ],
)  # fmt: skip
def test_a_claimed_size_below_what_would_be_found_is_said(frozen, statements, says) -> None:
    frozen("crater", 0, None)
    seen = findings(detect_crater_absence, f"statements: [{{{statements}}}]")[0]
    assert seen.power is not None
    assert ("claimed size" in seen.power.sentence) == (says is not None)
    assert says is None or says in seen.power.sentence


def test_a_persons_count_of_craters_contradicts_a_claimed_number(frozen) -> None:
    frozen("crater", 3, None)
    given = findings(detect_crater_absence, COUNTED % ("crater", "craters", 3))
    assert [f.outcome for f in given] == [C, OPEN, OPEN]


def planted(**changed) -> detect.Power:
    """Power of a picture of open ground, in which nothing is proposed."""
    part = detect.Part(name="drawn, faint", recall=(0.2, 0.9, 0.95), trials=(20, 20, 20))
    given = {
        "kind": "crater", "gsd": 0.3, "sizes_m": (2.0, 4.0, 8.0), "recall": (0.3, 0.94, 0.97),
        "low": (0.2, 0.85, 0.9), "high": (0.5, 0.98, 1.0), "trials": (36, 36, 36),
        "looks": (part,), "d50_m": 2.6, "d90_m": 4.0, "at_d90": (0.94, 0.85, 0.98),
        "share_of_picture": 0.95, "worst": "drawn, faint", "missed_upper": 4.4, "level": 0.95,
    }  # fmt: skip
    return detect.Power(**{**given, **changed})  # type: ignore[arg-type]


FAINT = detect.Part(name="drawn, faint", recall=(0.2, 0.8, 0.78), trials=(20, 20, 20))
BORDER = detect.Part(name="drawn, faint", recall=(0.0, 0.8, 0.8), trials=(20, 20, 20))


@pytest.mark.parametrize(
    ("claimed", "changed", "outcome"),
    [
        (None, {}, Outcome.SUPPORTS),
        (4.0, {}, Outcome.SUPPORTS),
        (3.9, {}, None),  # below the size found 9 times in 10
        (8.0, {"proposed": 1}, None),  # a proposal must be looked at first
        (8.0, {"d90_m": None}, None),
        (8.0, {"share_of_picture": 0.899}, None),
        (8.0, {"share_of_picture": 0.9}, Outcome.SUPPORTS),
        (8.0, {"looks": (FAINT,)}, None),
        (8.0, {"looks": (BORDER,)}, Outcome.SUPPORTS),
        (8.0, {"looks": (BORDER, FAINT)}, None),
    ],
)
def test_an_absence_is_supported_only_where_a_crater_would_have_been_found(
    claimed, changed, outcome
) -> None:
    statement = Absence(id="none", object_class="crater", min_size_m=claimed)
    assert detect_objects.decide(statement, planted(**changed)) is outcome


def test_a_number_of_craters_is_never_decided_by_the_detector() -> None:
    statement = Count(id="many", object_class="crater", minimum=3)
    assert detect_objects.decide(statement, planted()) is None


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({}, "No crater is proposed; one of D >= 4 m (to 8 m) would have been found with at least "
         "90 % probability (measured 94%, 85-98) on 95% of the picture"),
        ({}, '("drawn, faint") 68% were found, of all 74%. At most 4 of these sizes were missed'),
        ({"missed_upper": None}, "How many may have been missed there is not bounded."),
        ({"d90_m": None, "at_d90": None}, "more often than not on 95% of the picture, and no size"),
        ({"d50_m": None, "d90_m": None, "recall": (0.2, 0.4, 0.3)},
         "at most 40% were found (those of 4 m). Craters of any size may have been missed."),
        ({"d50_m": None, "d90_m": None, "recall": (0.0, 0.0, 0.0)},
         "no crater planted into the picture was found. Craters of any size"),
        ({"proposed": 1}, "1 crater is proposed, to be checked (how many are real is not"),
        ({"proposed": 3}, "3 craters are proposed, to be checked (how many are real is not"),
        ({"gsd": None}, "D >= 4 px (to 8 px)"),
        ({"sizes_m": (), "reason": "it is black"}, "was not measured: it is black."),
    ],
)  # fmt: skip
def test_the_sentence_says_what_would_have_been_found(changed, words) -> None:
    said = _power.sentence(planted(**changed))
    assert words in said


def test_what_was_missed_is_bounded_only_where_nothing_is_proposed() -> None:
    assert "At most 4 of these sizes" in _power.sentence(planted())
    assert "At most" not in _power.sentence(planted(proposed=2))


@pytest.mark.parametrize(
    "statements", ["", "{absence: {class: crater}}, {absence: {class: crater, min_size_m: 9}}"]
)
def test_the_map_of_what_would_be_found_is_shown_once(frozen, statements) -> None:
    frozen("crater", 0, None)
    found = findings(detect_crater_absence, f"statements: [{statements}]")
    shown = [[picture.name for picture in one.evidence.pictures] for one in found]
    # With the first statement, else with the observation.
    wanted = [["crater-power.jpg"]] if not statements else [[], ["crater-power.jpg"], []]
    assert shown == wanted
    (picture,) = found[min(1, len(found) - 1)].evidence.pictures
    assert picture.role == "power" and "craters of" in picture.label
