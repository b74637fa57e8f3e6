"""``imgcheck power``: the document, the folder, and what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imgcheck import detect
from imgcheck.case import detection_power
from imgcheck.cli import run
from imgcheck.model.documents import PowerDocument
from tests.detect.test_craters import ground


@pytest.fixture
def post(tmp_path: Path) -> Path:
    gray = (ground(3, (240, 300)) * 255).astype(np.uint8)
    path = tmp_path / "post.jpg"
    Image.fromarray(gray).convert("RGB").save(path, quality=80)
    return path


@pytest.fixture
def few(monkeypatch) -> None:
    """Plant few craters of two sizes only."""
    whole = detect.power

    def small(*a, **k):
        return whole(*a, **k, sizes_m=(8.0, 20.0), trials=6)

    monkeypatch.setattr(detection_power.detect, "power", small)


def test_the_document_has_curve_and_sizes_in_metres(post, few, capsys) -> None:
    assert run(["power", str(post), "--class", "crater", "--gsd", "0.5", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert PowerDocument.from_json(said).to_json() == said
    assert said["sizes_m"] == [8.0, 20.0] and said["sizes_px"] == [16.0, 40.0]
    assert len(said["recall"]) == len(said["low"]) == len(said["high"]) == 2
    assert all(a <= r <= b for a, r, b in zip(said["low"], said["recall"], said["high"],
                                              strict=True))  # fmt: skip
    assert {"d50_m", "d90_m", "share_of_picture", "missed_upper"} <= said.keys()
    assert said["jpeg_quality"] == 80 and said["object_class"] == "crater"
    assert said["sun_azimuth_deg"] is None and "proposed" in said["says"]


def test_each_row_ends_with_the_look_found_least_often_at_that_size(post, few, capsys) -> None:
    words = ["power", str(post), "--class", "crater", "--gsd", "0.5"]
    assert run([*words, "--json"]) == 0
    looks = json.loads(capsys.readouterr().out)["looks"]
    assert run(words) == 0
    rows = capsys.readouterr().out.split("worst look")[1].splitlines()[1:3]
    for k, row in enumerate(rows):
        least = min(one["recall"][k] for one in looks if one["recall"][k] is not None)
        assert row.split()[-1] == f"{least:.0%}"


def test_without_a_scale_craters_are_measured_in_pixels(post, few, capsys) -> None:
    assert run(["power", str(post), "--class", "crater"]) == 0
    shown = capsys.readouterr().out
    assert "no scale known, sizes in pixels" in shown and "20 px" in shown
    assert " m " not in shown.split("size", 1)[1].split("Measured")[0]
    assert len(shown.splitlines()) < 25


def test_the_folder_holds_page_curve_map_and_document(post, few, tmp_path, capsys) -> None:
    folder = tmp_path / "out"
    words = ["power", str(post), "--class", "crater", "--gsd", "0.5", "--sun", "120"]
    assert run([*words, "-o", str(folder)]) == 0
    assert run([*words, "-o", str(folder)]) == 0  # replaces what it has written
    assert {path.name for path in folder.iterdir()} == {
        "map.png", "power.html", "power.json", "power.svg",
    }  # fmt: skip
    with Image.open(folder / "map.png") as shown:
        assert shown.size == (300, 240)
    assert "<polyline" in (folder / "power.svg").read_text("utf-8")
    assert json.loads((folder / "power.json").read_text("utf-8"))["sun_azimuth_deg"] == 120


def test_a_black_picture_is_answered_in_words(tmp_path, capsys) -> None:
    path = tmp_path / "black.png"
    Image.fromarray(np.zeros((120, 160, 3), np.uint8)).save(path)
    folder = tmp_path / "out"
    assert run(["power", str(path), "--class", "crater", "--gsd", "0.3", "-o", str(folder)]) == 0
    assert "was not measured" in capsys.readouterr().out
    assert {path.name for path in folder.iterdir()} == {"power.html", "power.json"}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--class", "vehicle"], "give --gsd"),
        (["--class", "crater", "--gsd", "0"], "metres above 0"),
        (["--class", "tank", "--gsd", "1"], "crater"),
        ([], "--class"),
    ],
)
def test_what_cannot_be_measured_is_refused_with_the_way_out(post, words, says, capsys) -> None:
    assert run(["power", str(post), *words]) == 2
    assert says in capsys.readouterr().err
