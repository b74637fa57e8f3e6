"""What accepted and rejected objects mean for a claimed count or absence."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from imgcheck.annotation import AnnotatedPicture, Annotation, Dot, Measured
from imgcheck.case import load_case
from imgcheck.checks import _reviewed
from imgcheck.checks._reviewed import Reviewed, decide
from imgcheck.checks.detect_objects import detect_vehicle_count
from imgcheck.errors import UsageError
from imgcheck.model import Absence, Answer, Count, Outcome
from imgcheck.model.claimfile import loads
from imgcheck.verification import verify

S, C, OPEN = Outcome.SUPPORTS, Outcome.CONTRADICTS, Outcome.INCONCLUSIVE


def count(least: int | None, most: int | None, name: str = "vehicle") -> Count:
    return Count(id="n", object_class=name, minimum=least, maximum=most)


@pytest.mark.parametrize(
    ("statement", "accepted", "open", "complete", "outcome"),
    [
        # Accepted objects are a least number, whatever else there is.
        (count(10, None), 10, 0, False, S),
        (count(10, None), 9, 0, False, OPEN),
        (count(10, None), 0, 0, False, OPEN),
        (count(None, 10), 11, 0, False, C),
        (count(None, 10), 10, 0, False, OPEN),
        (count(3, 8), 5, 0, False, OPEN),
        (count(3, 8), 9, 0, False, C),
        # A complete file bounds the number from above, too.
        (count(10, None), 9, 0, True, C),
        (count(10, None), 9, 1, True, OPEN),
        (count(10, None), 7, 2, True, C),
        (count(None, 10), 10, 0, True, S),
        (count(None, 10), 10, 1, True, OPEN),
        (count(3, 8), 3, 5, True, S),
        (count(3, 8), 3, 6, True, OPEN),
        (count(3, 8), 2, 0, True, C),
    ],
)
def test_reviewed_objects_decide_a_claimed_number(
    statement: Count, accepted: int, open: int, complete: bool, outcome: Outcome
) -> None:
    found = Reviewed(accepted=accepted, rejected=4, open=open, complete=complete)
    assert decide(statement, found)[0] is outcome


@pytest.mark.parametrize(
    ("size", "accepted", "large", "complete", "outcome"),
    [
        (None, 1, 0, False, C),
        (None, 0, 0, False, OPEN),
        (None, 0, 0, True, OPEN),
        (3.0, 2, 1, False, C),
        (3.0, 2, 0, True, OPEN),
        (3.0, 0, 0, False, OPEN),
    ],
)
def test_an_accepted_object_contradicts_an_absence(
    size, accepted, large, complete, outcome
) -> None:
    statement = Absence(id="n", object_class="crater", min_size_m=size)
    found = Reviewed(accepted=accepted, rejected=0, open=0, complete=complete, large_enough=large)
    assert decide(statement, found)[0] is outcome


def mark(cls: str, state: str, label: str = "", **rest) -> Annotation:
    who = "" if state == "proposed" else "A. Analyst"
    return Annotation(
        cls=cls, label=label, geometry=Dot(x=5, y=5), state=state, reviewed_by=who, **rest  # type: ignore[arg-type]
    )  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        ("vehicle", (2, 1, 1)),
        ("Vehicles", (2, 1, 1)),
        ("vehicle.light", (1, 0, 0)),
        ("trucks", (1, 0, 0)),
        ("bus", (0, 1, 0)),
        ("Buses", None),
        ("glass", (1, 0, 0)),
        ("glas", None),
        ("tank", None),
        ("crater", None),
    ],
)
def test_a_statement_counts_objects_of_its_class_or_label(wanted: str, numbers) -> None:
    picture = AnnotatedPicture(
        annotations=(
            mark("vehicle.light", "accepted", "car"),
            mark("vehicle.heavy", "accepted", "truck"),
            mark("vehicle.heavy", "rejected", "bus"),
            mark("vehicle", "proposed"),
            mark("crater", "proposed"),
            mark("other", "accepted", "glass"),
        )
    )
    found = _reviewed.finding(detect_vehicle_count, count(1, None, wanted), picture)
    if numbers is None:
        assert found is None
    else:
        assert found is not None
        assert tuple(m.value for m in found.measures) == numbers
        assert found.stated_by == "reviewed by A. Analyst"


@pytest.mark.parametrize(
    ("measures", "outcome"),
    [
        ({"diameter": Measured(value=4.0, sigma=0.5)}, C),
        ({"length": Measured(value=4.0, sigma=0.5)}, C),
        # The diameter comes first.
        ({"length": Measured(value=9.0, sigma=0.5), "diameter": Measured(value=2, sigma=1)}, OPEN),
        ({"diameter": Measured(value=4.0, sigma=0.7)}, OPEN),
        ({"diameter": Measured(value=4.0)}, OPEN),
        ({"diameter": Measured(value=4.0, unit="px", sigma=0.1)}, OPEN),
        ({}, OPEN),
    ],
)
def test_only_a_size_that_is_certain_contradicts_an_absence_with_a_size(measures, outcome) -> None:
    picture = AnnotatedPicture(annotations=(mark("crater", "accepted", measures=measures),))
    statement = Absence(id="n", object_class="craters", min_size_m=3.0)
    found = _reviewed.finding(detect_vehicle_count, statement, picture)
    assert found is not None and found.outcome is outcome


def test_a_review_without_a_name_and_a_case_without_a_file() -> None:
    nobody = AnnotatedPicture(
        annotations=(Annotation(cls="crater", geometry=Dot(x=1, y=1), state="accepted"),)
    )
    statement = Absence(id="n", object_class="crater")
    found = _reviewed.finding(detect_vehicle_count, statement, nobody)
    assert found is not None and "name is not given" in found.stated_by
    assert _reviewed.finding(detect_vehicle_count, statement, None) is None


@pytest.mark.parametrize(("least", "asked"), [(1, False), (9, True)])
def test_an_open_answer_asks_for_a_complete_file(least: int, asked: bool) -> None:
    picture = AnnotatedPicture(annotations=(mark("vehicle", "accepted"),))
    found = _reviewed.finding(detect_vehicle_count, count(least, None), picture)
    assert found is not None
    assert any("complete" in wish for wish in found.would_change) is asked


CLAIM = loads(
    """
statements:
  - {id: many, count: {class: vehicle, min: 3}}
  - {id: none, absence: {class: crater}}
"""
)


@pytest.fixture
def post(tmp_path: Path) -> Path:
    stream = io.BytesIO()
    noise = np.random.default_rng(1).integers(90, 110, (120, 160, 3), dtype=np.uint8)
    Pillow.fromarray(noise).save(stream, "PNG")
    (tmp_path / "post.png").write_bytes(stream.getvalue())
    return tmp_path / "post.png"


def marks(folder: Path, states: str, **picture) -> Path:
    """Write a file of vehicles, one for each letter: a(ccepted), r(ejected), p(roposed)."""
    words = {"a": "accepted", "r": "rejected", "p": "proposed"}
    listed = [
        {
            "class": "vehicle",
            "geometry": {"type": "obb", "cx": 9.0 + 9 * n, "cy": 20.0, "length": 9.0,
                         "width": 4.0, "heading": 0.0},
            "state": words[state],
            "reviewed_by": "" if state == "p" else "A. Analyst",
        }
        for n, state in enumerate(states)
    ]  # fmt: skip
    path = folder / "marks.json"
    whole = {"schema": "imgcheck-annotations/1", "pictures": [{**picture, "annotations": listed}]}
    path.write_text(json.dumps(whole))
    return path


@pytest.mark.parametrize(
    ("states", "complete", "answer"),
    [
        ("aaar", False, Answer.SUPPORTED),
        ("aarr", False, Answer.INCONCLUSIVE),
        ("aarr", True, Answer.CONTRADICTED),
    ],
)
def test_verify_takes_the_review_in_place_of_a_detector(
    states: str, complete: bool, answer: Answer, post: Path
) -> None:
    given = marks(post.parent, states, complete=complete, name="post.png")
    report = verify(post, claim=CLAIM, annotations=given, checks=[detect_vehicle_count])
    assert report.answers()["many"] is answer
    (own,) = [f for f in report.findings if f.statement == "many"]
    assert own.basis == _reviewed.BASIS
    assert {region.layer for region in own.evidence.regions} >= {"objects accepted"}
    (listed,) = [one for one in report.inputs if one.role == "annotations"]
    assert listed.name == "marks.json" and listed.sha256


def test_a_file_of_open_proposals_changes_nothing(post: Path) -> None:
    given = marks(post.parent, "ppp")
    report = verify(post, claim=CLAIM, annotations=given, checks=[detect_vehicle_count])
    assert not [f for f in report.findings if f.basis == _reviewed.BASIS]


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        ({"width": 99}, "marks a picture whose width is 99, and that of post.png is 160"),
        ({"sha256": "0" * 64}, "was made on another file than post.png"),
    ],
)
def test_marks_of_another_picture_are_refused(picture, words: str, post: Path) -> None:
    with pytest.raises(UsageError, match=words):
        load_case(post, annotations=marks(post.parent, "a", **picture))
