"""What measured sizes mean for a claimed one: frozen measurements and the words about them."""

import io
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image as Pillow

from imgcheck.annotation import Annotation, Dot, Measured
from imgcheck.case import load_case
from imgcheck.checks import detect_dimensions as module
from imgcheck.checks.detect_dimensions import detect_dimensions, size_of
from imgcheck.errors import ClaimError
from imgcheck.model import Answer, Finding, Outcome
from imgcheck.model.claimfile import loads
from imgcheck.verification import plan, run, verify

CLAIM = """
statements:
  - {{id: type, dimensions: {{class: {name}, length_m: 4.57, width_m: 2.16}}}}
measurements:
  - gsd_m: {{value: 0.25, sigma: {sigma}}}
  - size: {{class: HMMWV, length_m: {{value: {length}, sigma: {edge}}}, width_m: {{value: {width},
            sigma: {edge}}}, objects: {objects}}}
"""


@pytest.fixture(scope="module")
def post(tmp_path_factory: pytest.TempPathFactory) -> Path:
    stream = io.BytesIO()
    Pillow.fromarray(np.full((40, 60, 3), 120, np.uint8)).save(stream, "PNG")
    path = tmp_path_factory.mktemp("post") / "post.png"
    path.write_bytes(stream.getvalue())
    return path


def finding(post: Path, **fields) -> Finding:
    given = {"name": "HMMWV", "sigma": 0.01, "length": 4.6, "width": 2.1, "edge": 0.2,
             "objects": 1, **fields}  # fmt: skip
    case = load_case(post, claim=loads(CLAIM.format(**given)))
    (found,) = run(plan(case, checks=[detect_dimensions]), case)
    return found


def value(found: Finding, name: str):
    return next(one.value for one in found.measures if one.name == name)


@pytest.mark.parametrize(
    ("fields", "inside", "words"),
    [
        ({}, True, "not distinguishable from"),
        ({"objects": 25}, True, "Toyota|HMMWV|UAZ|No other type"),
        ({"length": 7.0, "width": 3.5}, False, "outside the 95 % region"),
        ({"length": 4.55, "width": 1.75, "edge": 0.05}, False, "outside the 95 % region"),
    ],
)
def test_a_measured_size_never_decides_and_names_its_rivals(post, fields, inside, words) -> None:
    found = finding(post, **fields)
    assert found.outcome is Outcome.INCONCLUSIVE
    assert value(found, "claimed size inside the 95 % region") is inside
    assert any(part in found.summary for part in words.split("|"))
    assert " is a " not in found.summary and " are " not in found.summary.split("nearest are")[0]
    assert found.summary.startswith("Length over width is")
    assert "does not prove who operates it" in " ".join(found.limits)


def test_sedans_are_not_taken_for_the_claimed_type_alone(post: Path) -> None:
    found = finding(post, length=4.6, width=1.9, edge=0.25, sigma=0.0125)
    ratios = [m for m in found.measures if m.name.startswith("log10 likelihood ratio")]
    assert len(ratios) > 10
    assert any("Corolla" in m.name for m in ratios)
    assert not any("HMMWV M998" in m.name for m in ratios)


def test_the_error_of_the_edges_falls_with_the_objects(post: Path) -> None:
    one, many = finding(post), finding(post, objects=16)
    assert "4.60 ± 0.53" in one.summary and "4.60 ± 0.37" in many.summary
    assert value(many, "objects measured") == 16
    assert value(one, "relative error of the scale") == 0.04


def test_hummer_and_humvee_are_other_names_of_one_type(post: Path) -> None:
    assert finding(post, name="Hummers").summary == finding(post, name="humvee").summary


def test_without_the_error_of_the_scale_only_the_ratio_is_compared(post: Path) -> None:
    text = CLAIM.replace("{{value: 0.25, sigma: {sigma}}}", "0.25").format(
        name="HMMWV", length=4.6, width=2.1, edge=0.2, objects=1
    )
    case = load_case(post, claim=loads(text))
    (found,) = run(plan(case, checks=[detect_dimensions]), case)
    assert "lengths are not compared" in found.summary
    assert value(found, "length") is None and value(found, "relative error of the scale") is None
    assert value(found, "length over width") == 2.19


def test_objects_of_another_name_are_not_compared(post: Path) -> None:
    found = finding(post, name="Cougar")
    assert found.outcome is Outcome.NOT_APPLICABLE
    assert 'objects called "Cougar"' in found.summary


def annotated(folder: Path, lengths: list[float], **rest) -> Path:
    marks = [
        {
            "class": "vehicle.light", "label": "HMMWV", "state": "accepted", "reviewed_by": "A",
            "geometry": {"type": "point", "x": 5.0, "y": 5.0},
            "measures": {
                "length": {"value": length, "sigma": 0.3, "causes": {"edge": 0.2, "gsd": 0.2}},
                "width": {"value": 2.1, "sigma": 0.25, "causes": {"edge": 0.2}},
            },
            **rest,
        }
        for length in lengths
    ]  # fmt: skip
    path = folder / "marks.json"
    path.write_text(json.dumps({"pictures": [{"annotations": marks}]}))
    return path


TYPE = loads("statements: [{id: type, dimensions: {class: HMMWV, length_m: 4.57, width_m: 2.16}}]")


@pytest.mark.parametrize(
    ("lengths", "rest", "answer", "words"),
    [
        ([4.6, 4.7, 4.5, 4.6], {}, Answer.INCONCLUSIVE, "4 objects, from accepted annotations"),
        ([4.6, 7.5], {}, Answer.NOT_RUN, "differ in size by more than their errors"),
        ([4.6], {"state": "proposed"}, Answer.NOT_RUN, "no size is measured"),
        ([4.6], {"label": "car"}, Answer.NOT_RUN, "no size is measured"),
    ],
)
def test_accepted_annotations_give_the_size(post, tmp_path, lengths, rest, answer, words) -> None:
    report = verify(
        post, claim=TYPE, annotations=annotated(tmp_path, lengths, **rest),
        checks=[detect_dimensions],
    )  # fmt: skip
    assert report.answers()["type"] is answer
    assert any(words in reason for reason in report.verdicts[0].because)


def test_without_any_size_the_check_asks_for_one(post: Path) -> None:
    report = verify(post, claim=TYPE, checks=[detect_dimensions])
    assert report.answers()["type"] is Answer.NOT_RUN
    assert "size under measurements" in report.verdicts[0].because[0]


@pytest.mark.parametrize(
    ("length", "width", "expected"),
    [
        (Measured(value=4.0, sigma=0.3, causes={"edge": 0.2, "gsd": 0.1}),
         Measured(value=2.0, sigma=0.1), (0.2, 0.1, 0.025)),
        (Measured(value=4.0, sigma=0.3), Measured(value=2.0, sigma=0.1), (0.3, 0.1, 0.01)),
        (Measured(value=40, unit="px", sigma=3), Measured(value=20, unit="px", sigma=1),
         (3, 1, None)),
        (Measured(value=4.0), Measured(value=2.0, sigma=0.1), None),
        (Measured(value=4.0, sigma=0.3), Measured(value=2.0), None),
        (Measured(value=4.0, sigma=0.3), None, None),
        (Measured(value=4.0, sigma=0.3), Measured(value=20, unit="px", sigma=1), None),
    ],
)  # fmt: skip
def test_errors_of_an_annotation(length: Measured, width: Measured | None, expected) -> None:
    sides = {"length": length} | ({} if width is None else {"width": width})
    found = size_of(Annotation(cls="vehicle", geometry=Dot(x=0, y=0), measures=sides), 0.01)
    if expected is None:
        assert found is None
    else:
        assert found is not None
        assert (found.length_sigma_m, found.width_sigma_m, found.scale_sigma) == expected


def test_the_scale_of_a_placed_picture_has_the_error_of_its_diagonal(monkeypatch) -> None:
    lines = []

    def bearing(placed, start, end):
        lines.append((placed, start, end))
        return SimpleNamespace(length_m=200.0, length_sigma_m=1.0)

    monkeypatch.setattr(module, "bearing", bearing)
    image = SimpleNamespace(width=60, height=40)
    stated = loads("measurements: [{gsd_m: {value: 0.5, sigma: 0.05}}]")
    placed = SimpleNamespace(image=image, claim=stated, placed=("reference", "placement"))
    assert module._scale_error(placed) == 0.005
    assert lines == [("placement", (0.0, 0.0), (60.0, 40.0))]
    assert module._scale_error(SimpleNamespace(claim=stated, placed=None)) == 0.1


def test_a_claimed_size_without_a_tolerance_has_a_spread_of_two_percent(post: Path) -> None:
    sharp = {"edge": 0.01, "sigma": 0.00001, "width": 2.16}
    inside = "claimed size inside the 95 % region"
    assert value(finding(post, **sharp, length=4.57 * (1 + 0.02 * 2.4)), inside)
    assert not value(finding(post, **sharp, length=4.57 * (1 + 0.02 * 2.55)), inside)


@pytest.mark.parametrize(
    ("size", "words"),
    [
        ("{class: a, length_m: 4, width_m: 2}", "sigma: STANDARD_ERROR"),
        ("{class: a, length_m: {value: 4, sigma: .1}}", "size needs width_m"),
        ("{class: a, length_m: {value: 4}, width_m: {value: 2, sigma: .1}}", "length_m: write"),
        (
            "{class: a, objects: 0, length_m: {value: 4, sigma: 1}, width_m: {value: 2, sigma: 1}}",
            "at least one object",
        ),
        ("{length_m: {value: 4, sigma: .1}, width_m: {value: 2, sigma: .1}}", "class"),
    ],
)
def test_a_measured_size_needs_its_errors(size: str, words: str) -> None:
    with pytest.raises(ClaimError, match=words):
        loads(f"measurements:\n  - size: {size}\n")
