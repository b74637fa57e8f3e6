"""``imgcheck annotate``: convert, draw and score, as a user calls them."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from imgcheck.cli import run

from .test_documents import document

LABELS = "0 .3 .5 .1 .2\n0 .7 .5 .1 .2\n"


@pytest.fixture
def labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Pillow.fromarray(np.full((100, 200, 3), 90, np.uint8)).save(tmp_path / "a.png")
    (tmp_path / "classes.txt").write_text("car\n")
    (tmp_path / "a.txt").write_text(LABELS)
    return tmp_path


def size(path: Path) -> tuple[int, int]:
    with Pillow.open(path) as shown:
        return shown.size


def test_convert_writes_a_file_that_reads_back(labels: Path, capsys) -> None:
    found = document(capsys, ["annotate", "convert", "a.txt", "a.xml"], "annotate-convert")
    assert found["written"] == "cvat"
    assert (found["pictures"], found["annotations"], found["files"]) == (1, 2, ["a.xml"])
    assert run(["annotate", "convert", "a.xml", "back", "--to", "yolo"]) == 0
    assert sorted(p.name for p in (labels / "back").iterdir()) == [
        "a.imgcheck.json", "a.txt", "classes.txt",
    ]  # fmt: skip
    numbers = [float(word) for word in (labels / "back" / "a.txt").read_text().split()]
    assert np.allclose(numbers, [float(word) for word in LABELS.split()])


def test_convert_states_a_review(labels: Path, capsys) -> None:
    words = ["--accepted-by", "A. Analyst", "--complete"]
    assert run(["annotate", "convert", "a.txt", "a.json", *words]) == 0
    (picture,) = json.loads((labels / "a.json").read_text())["pictures"]
    assert picture["complete"] is True
    assert {one["state"] for one in picture["annotations"]} == {"accepted"}
    assert {one["reviewed_by"] for one in picture["annotations"]} == {"A. Analyst"}


def test_convert_replaces_neither_its_input_nor_a_file_of_others(labels: Path, capsys) -> None:
    assert run(["annotate", "convert", "a.txt", "a.txt", "--to", "dota", "--force"]) == 2
    assert "is an input of this command" in capsys.readouterr().err
    (labels / "b.xml").write_text("<mine/>")
    assert run(["annotate", "convert", "a.txt", "b.xml"]) == 2
    assert (labels / "b.xml").read_text() == "<mine/>"
    assert (labels / "a.txt").read_text() == LABELS


def test_convert_needs_a_format_it_can_name(labels: Path, capsys) -> None:
    assert run(["annotate", "convert", "a.txt", "b.txt"]) == 2
    assert "--to" in capsys.readouterr().err
    (labels / "a.csv").write_text("class,type\ncar,box\n")
    assert run(["annotate", "convert", ".", "b.json"]) == 2
    assert "several formats (CSV, YOLO)" in capsys.readouterr().err


def test_draw_writes_a_png_and_states_what_is_unknown(labels: Path, capsys) -> None:
    words = ["annotate", "draw", "a.png", "a.txt", "-o", "d.png"]
    found = document(capsys, words, "annotate-draw")
    assert (found["annotations"], found["states"]) == (2, {"proposed": 2})
    assert found["gsd_m"] is found["north_deg"] is None
    first = (labels / "d.png").read_bytes()
    assert run([*words, "--force", "--gsd", "0.3", "--north", "-10"]) == 0
    assert (labels / "d.png").read_bytes() != first
    assert size(labels / "d.png")[0] > 200 * 4


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--gsd", "0"], "above 0"),
        (["--gsd", "nan"], "above 0"),
        (["--gsd-sigma", "0.1"], "needs the scale"),
    ],
)
def test_draw_refuses_a_scale_that_means_nothing(labels: Path, capsys, words, said) -> None:
    assert run(["annotate", "draw", "a.png", "a.txt", "-o", "d.png", *words]) == 2
    assert said in capsys.readouterr().err


def test_score_prints_what_was_missed_and_false(labels: Path, capsys) -> None:
    (labels / "found.txt").write_text("0 .3 .5 .1 .2 .9\n0 .5 .5 .1 .2 .4\n0 .9 .5 .1 .2 .3\n")
    words = ["annotate", "score", "a.txt", "found.txt", "--image", "a.png", "--sheet", "s.png"]
    found = document(capsys, words, "annotate-score")
    (kind,) = found["kinds"]
    assert (kind["kind"], kind["truth"], kind["found"], kind["count_error"]) == ("vehicle", 2, 3, 1)
    assert (kind["precision"]["hits"], kind["recall"]["hits"]) == (1, 1)
    assert kind["ap50_box"] == 0.5
    assert size(labels / "s.png")[1] > 300
    assert run(["annotate", "score", "a.txt", "found.txt", "--image", "a.png"]) == 0
    assert "precision  0.33 [0.01, 0.91] (1 of 3)" in capsys.readouterr().out


def test_score_needs_the_pictures_for_a_sheet(labels: Path, capsys) -> None:
    assert run(["annotate", "score", "a.txt", "a.txt", "--sheet", "s.png"]) == 2
    assert "give --image" in capsys.readouterr().err
