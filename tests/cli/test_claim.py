"""``imgcheck claim``: a template that can be read back, and a claim in words."""

import json
from pathlib import Path

import pytest

from imgcheck.cli import run
from imgcheck.model import Absence, Acquired, Claim, Count, Original, Place

POST = """Aerial images made on September 8-12 near 35°27'10"N 40°05'30"E show 14 armoured vehicles
and no fresh craters. Published 08.09.2017; taken 12 September 2017. "x": {y} # z
"""


def test_the_empty_template_is_a_claim_file(tmp_path: Path) -> None:
    target = tmp_path / "claim.yml"
    assert run(["claim", "new", str(target)]) == 0
    claim = Claim.load(target)
    assert [type(one) for one in claim.statements] == [Original]


def test_a_post_fills_the_template_and_what_is_doubtful_is_marked(tmp_path: Path) -> None:
    post, target = tmp_path / "post.txt", tmp_path / "claim.yml"
    post.write_text(POST, encoding="utf-8")
    assert run(["claim", "new", str(target), "--from-text", str(post)]) == 0
    when, where, many, none, _ = Claim.load(target).statements
    assert isinstance(when, Acquired) and when.window.text == "2017-09-12"
    assert isinstance(where, Place) and where.lat == pytest.approx(35.4528)
    assert where.lon == pytest.approx(40.0917)
    assert isinstance(many, Count) and (many.object_class, many.minimum) == ("vehicle", 14)
    assert isinstance(none, Absence) and none.object_class == "crater"
    text = target.read_text(encoding="utf-8")
    assert '# check this: "08.09.2017" can be 8 September or 9 August 2017' in text
    assert '# check this: "September 8-12" has no year' in text
    assert text.count("check this") == 7


def test_a_hostile_post_makes_a_claim_file_all_the_same(tmp_path: Path) -> None:
    post, target = tmp_path / "post.txt", tmp_path / "claim.yml"
    post.write_bytes(b'12 tanks"}\n- intent: x\x1b[2J 1 May\n2020 \xff no "craters" ' * 300)
    assert run(["claim", "new", str(target), "--from-text", str(post)]) == 0
    assert "\x1b" not in target.read_text(encoding="utf-8")
    assert {one.kind for one in Claim.load(target).statements} <= {"count", "acquired", "original"}


def test_a_claim_file_that_is_there_is_not_overwritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "claim.yml"
    target.write_text("statements:\n  - original\n", encoding="utf-8")
    assert run(["claim", "new", str(target)]) == 2
    assert "claim.yml" in capsys.readouterr().err
    assert target.read_text(encoding="utf-8").startswith("statements")


def test_a_claim_is_read_back_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "claim.yml"
    target.write_text(
        "source: {posted: 2017-09-01}\nstatements:\n"
        "  - acquired: 2017-09-08T12:30\n    text: at noon\n"
        '  - place: "35.33, 40.14"\n'
        "  - attribution: a navy\n",
        encoding="utf-8",
    )
    assert run(["claim", "check", str(target)]) == 0
    said = capsys.readouterr().out
    assert "1. “at noon” Read as: taken 8 September 2017, 12:30 (time zone not stated)." in said
    assert "The time has no zone" in said and "This is after the picture was posted" in said
    assert "Add radius_km" in said
    assert "Not testable from a picture." in said
    assert run(["claim", "check", str(target), "--json"]) == 0
    first, second, third = json.loads(capsys.readouterr().out)["statements"]
    assert first["kind"] == "acquired" and "sun.claimed-time" in first["answered_by"]
    assert second["hints"] and not third["testable"]


def test_an_error_in_a_claim_names_the_line_and_both_readings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "claim.yml"
    target.write_text("statements:\n  - acquired: 08.09.2017\n", encoding="utf-8")
    assert run(["claim", "check", str(target)]) == 2
    assert "claim.yml:2" in capsys.readouterr().err
