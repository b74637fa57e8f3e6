import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import imgcheck.model
from imgcheck.model import (
    Acquired,
    Answer,
    Claim,
    ErrorRate,
    Evidence,
    Finding,
    Input,
    Measure,
    Outcome,
    Picture,
    Report,
    Tool,
    Verdict,
    Window,
)
from imgcheck.model.schema import schemas
from imgcheck.quantity import Interval, LikelihoodRatio

SCHEMAS = Path(imgcheck.model.__file__).parent / "schemas"


def finding(**changes: Any) -> Finding:
    fields: dict[str, Any] = {
        "check": "geo.place",
        "check_version": "1",
        "statement": "when",
        "outcome": Outcome.INCONCLUSIVE,
        "summary": "seen",
        "basis": "file",
    }
    return Finding(**{**fields, **changes})


def report() -> Report:
    full = finding(
        measures=(
            Measure(name="n", value=3, interval=Interval(low=1.0, high=float("inf"))),
            Measure(name="gsd", value=None, reason="no reference"),
            Measure(name="share", value=0.25),
        ),
        weight=LikelihoodRatio(value=2.0, calibration="benchmarks"),
        evidence=Evidence(pictures=(Picture(name="a.jpg", label="before", data=b"\xff\xd8"),)),
    )
    claim = Claim(statements=(Acquired(id="when", window=Window.parse("2017-09-08")),))
    return Report(
        tool=Tool(name="imgcheck", version="0", checks={"geo.place": "1"}, libraries={}),
        inputs=(Input(id="picture", role="picture", name="p.jpg", sha256="0" * 64),),
        claim=claim,
        parameters={"index": None},
        findings=(full,),
        verdicts=(
            Verdict(
                statement="when",
                kind="acquired",
                text="",
                verdict=Answer.INCONCLUSIVE,
                undecided=(0,),
            ),
        ),
    )


def test_a_report_survives_json_to_the_byte() -> None:
    text = report().dumps()
    back = Report.from_json(json.loads(text))
    assert back == report()
    assert back.dumps() == text


def test_evidence_pictures_are_named_by_hash_and_stay_out_of_the_json() -> None:
    picture = report().to_json()["findings"][0]["evidence"]["pictures"][0]
    assert "data" not in picture
    assert len(picture["sha256"]) == 64


@pytest.mark.parametrize("name", sorted(schemas()))
def test_the_published_schema_is_the_one_of_the_model(name: str) -> None:
    published = json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(published)
    assert published == schemas()[name], "run: python -m imgcheck.model.schema"


def test_no_schema_is_published_without_a_document() -> None:
    assert {path.stem for path in SCHEMAS.iterdir()} == set(schemas())


def test_a_report_conforms_to_the_schema_and_a_made_up_verdict_does_not() -> None:
    value = report().to_json()
    jsonschema.validate(value, schemas()["report"])
    value["verdicts"][0]["verdict"] = "fake"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(value, schemas()["report"])


@pytest.mark.parametrize("outcome", [Outcome.CONTRADICTS, Outcome.SUPPORTS])
@pytest.mark.parametrize(
    ("errors", "trials", "decides"),
    [(0, 71, False), (0, 72, True), (0, 10, False), (4, 26, False), (5, 500, True), (0, 0, False)],
)
def test_only_an_error_rate_surely_below_a_twentieth_decides(
    outcome: Outcome, errors: int, trials: int, decides: bool
) -> None:
    rate = ErrorRate(errors=errors, trials=trials, what="made cases", calibration="benchmarks")
    with pytest.raises(ValueError, match="error rate"):
        finding(outcome=outcome)
    if decides:
        assert finding(outcome=outcome, error_rate=rate)
    else:
        with pytest.raises(ValueError, match="error rate"):
            finding(outcome=outcome, error_rate=rate)


def test_an_unknown_measure_needs_a_reason() -> None:
    with pytest.raises(ValueError, match="no reason"):
        Measure(name="gsd", value=None)


def test_not_a_number_cannot_enter_a_report() -> None:
    with pytest.raises(TypeError, match="not a JSON number"):
        finding(measures=(Measure(name="x", value=float("nan")),)).to_json()


def test_another_schema_or_an_unknown_field_is_refused_by_name() -> None:
    value = report().to_json()
    with pytest.raises(ValueError, match="imgcheck-report/1"):
        Report.from_json({**value, "schema": "other/9"})
    with pytest.raises(ValueError, match="unknown field extra"):
        Report.from_json({**value, "extra": 1})


def test_two_statements_of_one_id_are_refused() -> None:
    one = Acquired(id="a", window=Window.parse("2017"))
    with pytest.raises(ValueError, match="share the id a"):
        Claim(statements=(one, one))


def test_the_page_on_json_names_every_kind_of_document() -> None:
    page = (Path(__file__).parents[2] / "docs" / "json.md").read_text(encoding="utf-8")
    for name in schemas():
        group, _, command = name.partition("-")
        assert f"imgcheck-{name}/1" in page or (f"`{group} " in page and f"`{command}`" in page)
