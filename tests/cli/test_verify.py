import json
import os
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from PIL import Image as Pillow

from imgcheck.cli import run
from imgcheck.model import Report
from imgcheck.model.schema import schemas
from tests.imaging.files import encode, scene

CONTRADICTED = """
statements:
  - acquired: 2022-04-01T11:57Z
  - place: {lat: 50.541771, lon: 30.230175}
measurements:
  - shadow_azimuth: {value: 341, sigma: 1.5}
"""


@pytest.fixture
def post(tmp_path: Path) -> Path:
    rng = np.random.default_rng(20170924)
    pixels = rng.integers(0, 256, (60, 80, 3), dtype=np.uint8)
    path = tmp_path / "post.jpg"
    Pillow.fromarray(pixels).save(path, quality=80)
    return path


@pytest.fixture
def claim(tmp_path: Path) -> Path:
    path = tmp_path / "claim.yml"
    path.write_text(CONTRADICTED, encoding="utf-8")
    return path


def test_a_picture_alone_gives_observations_and_exit_code_0(
    post: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["verify", str(post)]) == 0
    shown = capsys.readouterr().out
    assert "quality 80" in shown
    assert "no claim" in shown.lower()


@pytest.mark.slow
def test_a_contradicted_statement_gives_1_and_exit_zero_gives_0(post: Path, claim: Path) -> None:
    assert run(["verify", str(post), "--claim", str(claim)]) == 1
    assert run(["verify", str(post), "--claim", str(claim), "--exit-zero"]) == 0


@pytest.mark.slow
def test_json_is_one_report_that_keeps_the_schema(
    post: Path, claim: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["verify", str(post), "--claim", str(claim), "--json"])
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, schemas()["report"])
    report = Report.from_json(document)
    assert report.inputs[0].sha256 is not None
    assert report.contradicted


@pytest.mark.slow
def test_the_output_folder_holds_whole_files_and_the_same_bytes_twice(
    post: Path, claim: Path, tmp_path: Path
) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        run(["verify", str(post), "--claim", str(claim), "-o", str(folder)])
    first, second = ((f / "report.json").read_bytes() for f in folders)
    assert first == second
    assert (folders[0] / "report.html").read_bytes() == (folders[1] / "report.html").read_bytes()


def test_a_failed_run_leaves_an_older_report_alone(
    post: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "report"
    assert run(["verify", str(post), "-o", str(folder)]) == 0
    before = {p.name: p.read_bytes() for p in folder.iterdir()}
    post.write_bytes(b"no picture any more")
    assert run(["verify", str(post), "-o", str(folder)]) == 4
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == before
    assert "post.jpg" in capsys.readouterr().err


@pytest.mark.slow
def test_nothing_is_written_beside_the_input(post: Path, claim: Path) -> None:
    before = sorted(p.name for p in post.parent.iterdir())
    run(["verify", str(post), "--claim", str(claim)])
    assert sorted(p.name for p in post.parent.iterdir()) == before


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["verify", "absent.jpg"], 4, "absent.jpg"),
        (["verify"], 2, "--help"),
        (["verify", "{post}", "--nonsense"], 2, "--nonsense"),
        (["verify", "{post}", "--claim", "absent.yml"], 2, "absent.yml"),
        (["verify", "{post}", "--reference", "absent.tif"], 4, "absent.tif"),
        (["verify", "{post}", "--index", "absent.db"], 4, "imgcheck index add"),
        (["explain", "no.such"], 2, "known:"),
        (["regress", "{folder}"], 4, "holds no case"),
    ],
)
def test_a_failure_is_one_sentence_with_a_way_out(
    arguments: list[str], code: int, says: str, post: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    filled = [a.format(post=post, folder=post.parent) for a in arguments]
    assert run(filled) == code
    shown = capsys.readouterr()
    assert shown.out == ""
    assert says in shown.err
    assert "Traceback" not in shown.err
    assert len(shown.err.strip().splitlines()) == 1

    assert run([*filled, "--json"]) == code
    error = json.loads(capsys.readouterr().out)["error"]
    assert set(error) == {"code", "message", "file"}


def test_one_bad_picture_among_many_costs_the_others_nothing(
    post: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"\xff\xd8\xff")
    assert run(["verify", str(bad), str(post), "--json"]) == 4
    first, second = json.loads(capsys.readouterr().out)["reports"]
    assert "error" in first
    assert second["schema"] == "imgcheck-report/1"


def test_a_check_that_breaks_fails_alone_and_gives_3(
    post: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from imgcheck import forensics

    def broken(*arguments: object, **options: object) -> None:
        raise RuntimeError("planted")

    monkeypatch.setattr(forensics, "encoding", broken)
    assert run(["verify", str(post), "--json"]) == 3
    findings = json.loads(capsys.readouterr().out)["findings"]
    outcomes = {f["check"]: f["outcome"] for f in findings}
    assert outcomes["provenance.file"] == "failed"
    assert outcomes["detect.crater-absence"] != "failed"


def test_a_hostile_name_cannot_steer_the_terminal(
    post: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evil = post.with_name("a\x1b]0;owned\x07\u202egpj.jpg")
    post.rename(evil)
    assert run(["verify", str(evil)]) == 0
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "\u202e" not in shown


def test_a_name_that_is_not_utf_8_works(post: Path) -> None:
    odd = bytes(post.parent) + b"/\xff\xfe.jpg"
    post.rename(odd.decode("utf-8", "surrogateescape"))
    assert run(["verify", odd.decode("utf-8", "surrogateescape"), "--json"]) == 0


@pytest.mark.slow
def test_markdown_and_sarif_can_be_printed(
    post: Path, claim: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["verify", str(post), "--claim", str(claim), "--format", "markdown"]) == 1
    assert capsys.readouterr().out.startswith("# ")
    assert run(["verify", str(post), "--claim", str(claim), "--format", "sarif"]) == 1
    assert json.loads(capsys.readouterr().out)["version"] == "2.1.0"
    assert run(["verify", str(post), str(claim), "--format", "sarif"]) == 2


def test_budget_of_one_command_is_an_option_and_ends_with_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("IMGCHECK_MAX_MEGAPIXELS", raising=False)
    path = tmp_path / "post.png"
    path.write_bytes(encode(scene(300, 200), "PNG"))
    assert run(["verify", str(path), "--max-megapixels", "0.05"]) == 4
    said = capsys.readouterr().err
    assert "has 300 x 200 = 0.06 megapixels; the limit is 0.05 (limit: pixels)" in said
    assert "--max-megapixels 1 (IMGCHECK_MAX_MEGAPIXELS=1)" in said
    assert "IMGCHECK_MAX_MEGAPIXELS" not in os.environ
    assert run(["verify", str(path), "--max-megapixels", "1"]) == 0
    assert run(["inspect", str(path), "--max-megapixels", "0.05"]) == 0
    monkeypatch.setenv("IMGCHECK_MAX_MEGAPIXELS", "0.05")
    assert run(["verify", str(path)]) == 4


def test_corners_place_the_reference_and_the_report_says_whose_they_are(
    post: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    screen = tmp_path / "screen.png"
    Pillow.fromarray(np.full((100, 200, 3), 90, np.uint8)).save(screen)
    corners = "35.41,40.14 35.41,40.1645 35.40,40.1645 35.40,40.14"
    given = ["--reference", f"{screen}@2017-09-01", "--corners", corners]
    assert run(["verify", str(post), *given, "--json"]) == 0
    _, reference = json.loads(capsys.readouterr().out)["inputs"]
    assert reference["notes"] == ["placed by the four corners that its user gave"]
    assert run(["verify", str(post), "--reference", str(screen), "--corners", "35.4,40.1 35"]) == 2
    assert "clockwise from the top left corner" in capsys.readouterr().err


@pytest.mark.slow
def test_a_tested_time_leaves_the_path_of_the_sun_and_a_review_beside_the_page(
    post: Path, claim: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert run(["verify", str(post), "--claim", str(claim), "-o", str(out), "--exit-zero"]) == 0
    drawn = (out / "sun-1.svg").read_text(encoding="utf-8")
    assert "claimed: 1 Apr 2022 11:57" in drawn and drawn.rstrip() in (
        out / "report.html"
    ).read_text(encoding="utf-8")
    review = json.loads((out / "claim-review.jsonld").read_text(encoding="utf-8"))
    ratings = [one["reviewRating"]["alternateName"] for one in review["@graph"]]
    assert ratings == ["contradicted"]  # the place was not tested


@pytest.mark.slow
def test_nine_statements_take_at_most_forty_lines(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    sample = Path(__file__).resolve().parents[2] / "samples" / "deir-ez-zor-2017"
    given = ["--claim", str(sample / "claim.yml"), "--reference", str(sample / "reference")]
    assert run(["verify", str(sample / "post.jpg"), *given]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= 40
    assert sum(line.lstrip()[:1].isdigit() and line[:4].strip().isdigit() for line in lines) >= 9
