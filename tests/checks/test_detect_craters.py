"""What proposed and planted craters mean for a claimed number: frozen proposals."""

import pytest

from imgcheck import detect
from imgcheck.checks import detect_objects
from imgcheck.checks.detect_objects import detect_craters

from .test_detect_vehicle_count import COUNTED, OPEN, C, findings


@pytest.mark.parametrize(
    "statement", ["count: {class: crater, min: 3}", "absence: {class: crater}"]
)
def test_craters_have_no_bound_on_their_number(frozen, statement) -> None:
    frozen("crater", 328, (300, 400))
    seen, answered = findings(detect_craters, f"statements: [{statement}]")
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
    seen = findings(detect_craters, f"statements: [{{{statements}}}]")[0]
    assert seen.power is not None
    assert ("claimed size" in seen.power.sentence) == (says is not None)
    assert says is None or says in seen.power.sentence


def test_a_persons_count_of_craters_contradicts_a_claimed_number(frozen) -> None:
    frozen("crater", 3, None)
    given = findings(detect_craters, COUNTED % ("crater", "craters", 3))
    assert [f.outcome for f in given] == [C, OPEN, OPEN]


@pytest.mark.parametrize(
    ("recall", "words"),
    [
        ((0.2, 0.6), "at most 60% were detected (those of 5.0 m, half of those of 4.0 m)"),
        ((0.0, 0.0), "craters of any size are missed"),
        ((), "craters of any size are missed"),
    ],
)
def test_a_picture_that_shows_few_planted_craters_says_so(recall, words) -> None:
    sizes = (3.0, 5.0)[: len(recall)]
    planted = detect.Power(
        kind="crater", sizes_m=sizes, recall=recall, low=recall, high=recall,
        trials=(24,) * len(recall), d50_m=4.0, d90_m=None, share_of_picture=0.9,
        missed_upper=1.0, level=0.95,
    )  # fmt: skip
    assert words in detect_objects._power(planted, None).sentence
