import json
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from imgcheck.checks.catalogue import catalogue
from imgcheck.cli import COMMANDS, run

SAMPLES = Path(__file__).resolve().parents[2] / "samples"


def test_the_list_of_commands_has_one_line_for_each_and_imports_none(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["--help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    widest = max(map(len, COMMANDS))
    for name, words in COMMANDS.items():
        assert f"  {name:{widest}}  {words}" in lines


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([command, "--help"]) == 0
    assert f"imgcheck {command}" in capsys.readouterr().out


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    from importlib.metadata import version

    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"imgcheck {version('imgcheck')}\n"


def test_an_unknown_command_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verfy"]) == 2
    assert "verfy" in capsys.readouterr().err


def test_explain_lists_every_check_and_shows_a_page(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain"]) == 0
    listed = capsys.readouterr().out
    assert all(check.id in listed for check in catalogue())
    assert run(["explain", "geo.place"]) == 0
    assert "What it cannot show" in capsys.readouterr().out


def test_doctor_finds_this_installation_healthy(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["healthy"] is True


def test_the_doctor_says_what_cannot_be_read(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    assert run(["doctor"]) == 0
    *_, last = said = capsys.readouterr().out.splitlines()
    assert "pixels of HEIC" in last and "Nothing missing" not in last
    assert any("HEIC" in one and "pip install 'imgcheck[heif]'" in one for one in said)


def test_inspect_gives_the_fields_of_the_machine_contract(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["inspect", str(SAMPLES / "honest-post" / "post.jpg"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    wanted = {
        "sha256", "format", "width", "height", "damage", "tags", "times", "gps", "fbmd", "c2pa",
        "structure", "observations",
    }  # fmt: skip
    assert wanted <= set(found)
    assert found["gps"]["lat"] == pytest.approx(35.38527, abs=1e-4)
    assert any(time["zone"] == "+03:00" for time in found["times"])


@pytest.mark.slow
def test_index_add_search_and_remove(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(20170924)
    folder = tmp_path / "archive"
    folder.mkdir()
    for name in ("one", "two"):
        small = rng.integers(0, 256, (40, 60, 3), dtype=np.uint8)
        Pillow.fromarray(small).resize((480, 320), Pillow.Resampling.BICUBIC).save(
            folder / f"{name}.png"
        )
    (folder / "notes.txt").write_text("no picture", encoding="utf-8")
    database = str(tmp_path / "known.db")

    assert run(["index", "add", database, str(folder), "--date", "2015-06", "--json"]) == 0
    first = json.loads(capsys.readouterr().out)
    assert (first["added"], first["known"], first["rows"]) == (2, 0, 2)
    assert [r["path"].endswith("notes.txt") for r in first["refused"]] == [True]

    run(["index", "add", database, str(folder), "--json"])
    assert json.loads(capsys.readouterr().out)["known"] == 2

    assert run(["index", "search", database, str(folder / "one.png"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["exact"] is True
    match = found["matches"][0]
    assert (match["stage"], match["relation"], match["date"]) == ("file", "same", "2015-06")
    wanted = {
        "id",
        "path",
        "stage",
        "relation",
        "nfa",
        "mirrored",
        "inverted",
        "transform",
        "region",
    }
    assert wanted <= set(match)

    assert run(["index", "remove", database, str(match["id"]), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == 1
    assert run(["index", "verify", database]) == 0
    assert run(["index", "stats", database, "--json"]) == 0


def test_an_index_that_is_something_else_is_refused_and_stays(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    foreign = tmp_path / "known.db"
    foreign.write_bytes(b"not an index at all" * 100)
    before = foreign.read_bytes()
    picture = str(SAMPLES / "honest-post" / "post.jpg")
    assert run(["index", "add", str(foreign), picture]) == 4
    assert run(["index", "search", str(foreign), picture]) == 4
    assert "known.db" in capsys.readouterr().err
    assert foreign.read_bytes() == before


def test_regress_writes_junit_and_fails_on_an_edited_verdict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = tmp_path / "samples" / "dot"
    case.mkdir(parents=True)
    Pillow.fromarray(np.zeros((20, 20, 3), np.uint8)).save(case / "post.png")
    (case / "claim.yml").write_text("statements:\n  - {id: who, attribution: x}\n")
    (case / "expected.yml").write_text("verdicts: {who: not_testable}\n")
    junit = tmp_path / "results.xml"
    assert run(["regress", str(case.parent), "--junit", str(junit)]) == 0
    assert ET.parse(junit).getroot().get("failures") in ("0", None)

    (case / "expected.yml").write_text("verdicts: {who: supported}\n")
    assert run(["regress", str(case.parent), "--junit", str(junit), "--json"]) == 1
    document = json.loads(capsys.readouterr().out.split("as expected\n")[-1])
    assert document["cases"][0]["passed"] is False
    assert "expected supported" in document["cases"][0]["differences"][0]
    assert "failure" in junit.read_text(encoding="utf-8")


def test_inspect_writes_one_page_about_several_files_and_reports_the_bad_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = SAMPLES / "honest-post" / "post.jpg", tmp_path / "bad.jpg"
    bad.write_bytes(b"no picture")
    page = tmp_path / "files.html"
    assert run(["inspect", str(good), str(bad), "--html", str(page)]) == 4
    said = capsys.readouterr()
    assert "Credentials" in said.out and "bad.jpg" in said.err
    assert "What it is" in page.read_text("utf-8")


def test_inspect_keeps_the_file_and_its_page_in_a_case(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, post = str(tmp_path / "case"), str(SAMPLES / "honest-post" / "post.jpg")
    assert run(["case", "init", folder]) == 0
    assert run(["inspect", post, "--case", folder]) == 0
    assert "inspection.html" in capsys.readouterr().out
    assert run(["case", "verify", folder]) == 0
    page = tmp_path / "case" / "reports" / "0001" / "inspection.json"
    page.chmod(0o644)
    page.write_bytes(page.read_bytes().replace(b"JPEG", b"JPEF") + b" ")
    assert run(["case", "verify", folder]) == 1
    assert "inspection.json" in capsys.readouterr().out
