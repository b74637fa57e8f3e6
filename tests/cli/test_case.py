"""Custody from the command line."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from imgcheck import custody
from imgcheck.cli import run


def answer(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> dict:
    capsys.readouterr()
    assert run(["case", *words, "--json"]) == code
    found: dict = json.loads(capsys.readouterr().out)
    return found


@pytest.fixture
def post(tmp_path: Path) -> Path:
    rng = np.random.default_rng(20170924)
    path = tmp_path / "post.jpg"
    Pillow.fromarray(rng.integers(0, 256, (60, 80, 3), dtype=np.uint8)).save(path, quality=80)
    return path


@pytest.fixture
def case(tmp_path: Path) -> str:
    folder = str(tmp_path / "case")
    assert run(["case", "init", folder, "--reference", "2017-114", "--operator", "A. An"]) == 0
    return folder


def test_a_case_from_the_first_line_to_the_last(
    tmp_path: Path, case: str, post: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    added = answer(capsys, "add", case, str(post), "--source-url", "https://example.org/1")
    (item,) = added["added"]
    assert item["name"] == "post.jpg"
    assert added["head"]["line"] == 2
    head = answer(capsys, "note", case, "seen")["head"]
    copied = answer(capsys, "copy", case, item["sha256"][:8], str(tmp_path / "work.jpg"))
    assert copied["sha256"] == item["sha256"]
    found = answer(capsys, "verify", case, "--expect-head", head["sha256"])
    assert found["whole"]
    assert (found["lines"], found["problems"]) == (4, [])
    log = answer(capsys, "log", case)
    assert [e["action"] for e in log["entries"]] == ["init", "add", "note", "copy"]
    assert {e["operator"] for e in log["entries"]} == {"A. An"}
    out = str(tmp_path / "case.jsonld")
    assert answer(capsys, "export", case, "-o", out)["lines"] == 4
    assert json.loads(Path(out).read_text())["@graph"]


def test_every_command_prints_the_head(
    case: str, post: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (["add", case, str(post)], ["note", case, "x"], ["log", case], ["verify", case]):
        assert run(["case", *words]) == 0
        assert "head: line" in capsys.readouterr().out


def test_tampering_gives_1_and_names_file_and_line(
    case: str, post: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["case", "add", case, str(post)])
    log = Path(case) / "case.log.jsonl"
    log.write_bytes(log.read_bytes().replace(b"A. An", b"B. An", 1))
    found = answer(capsys, "verify", case, code=1)
    assert [(p["path"], p["line"]) for p in found["problems"]] == [("case.log.jsonl", 1)]
    assert run(["case", "verify", case]) == 1
    assert "DOES NOT AGREE" in capsys.readouterr().out
    assert answer(capsys, "note", case, "x", code=1)["error"]["code"] == "case-damaged"
    assert run(["case", "log", case]) == 1
    assert run(["case", "export", case, "-o", str(post.parent / "x.jsonld")]) == 2


def test_what_cannot_be_used_has_its_exit_code(
    tmp_path: Path, case: str, post: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words, code in (
        (["verify", str(tmp_path / "none")], 4),
        (["verify", str(tmp_path)], 4),
        (["add", str(tmp_path / "none"), str(post)], 4),
        (["add", case, str(tmp_path / "none.jpg")], 4),
        (["add", case, str(post), "--acquired-at", "soon"], 2),
        (["init", case], 2),
        (["note", case, "  "], 2),
        (["verify", case, "--expect-head", "xyz"], 2),
        (["export", case, "-o", f"{case}/evidence/x"], 2),
    ):
        error = answer(capsys, *words, code=code)["error"]
        assert "\n" not in error["message"]


def test_one_bad_file_among_several_does_not_stop_the_others(
    tmp_path: Path, case: str, post: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = answer(capsys, "add", case, str(tmp_path / "none.jpg"), str(post), code=4)
    assert len(found["added"]) == 1
    assert len(found["refused"]) == 1


def test_hostile_text_does_not_reach_the_terminal(
    tmp_path: Path, case: str, capsys: pytest.CaptureFixture[str]
) -> None:
    name = tmp_path / "\x1b[2Ja\u202eb.txt"
    name.write_text("x")
    run(["case", "add", case, str(name)])
    run(["case", "note", case, "one\x1b]0;title\x07two\u2066"])
    run(["case", "log", case])
    run(["case", "verify", case])
    (Path(case) / "\x1b[31m").write_text("x")
    run(["case", "verify", case])
    shown = capsys.readouterr()
    assert not set(shown.out + shown.err) & set("\x1b\x07\u202e\u2066")


def test_keys_are_made_and_used(
    tmp_path: Path, case: str, capsys: pytest.CaptureFixture[str]
) -> None:
    key = str(tmp_path / "key.pem")
    made = answer(capsys, "keygen", key)
    signed = answer(capsys, "sign", case, "--key", key)
    assert signed["fingerprint"] == made["fingerprint"]
    public = str(tmp_path / "key.pub.pem")
    found = answer(capsys, "verify", case, "--public-key", public)
    assert found["signatures"][0]["valid"] is True
    report, signature = f"{case}/case.head.json", f"{case}/signatures/0001.json"
    words = ("check-report", report, signature, "--public-key", public)
    assert answer(capsys, *words, code=1)["error"]["code"] == "case-damaged"


def test_verify_takes_the_picture_and_the_report_into_the_case(
    tmp_path: Path, case: str, post: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    claim = tmp_path / "claim.yml"
    claim.write_text("statements:\n  - intent: to mislead\n")
    assert run(["verify", str(post), "--case", case, "--claim", str(claim)]) == 0
    assert "head: line 3" in capsys.readouterr().out
    report = Path(case) / "reports" / "0001"
    assert {p.name for p in report.iterdir()} == {"claim.yml", "report.html", "report.json"}
    (entry,) = [e for e in custody.read(Path(case)).entries if e.action == "report"]
    assert [i["role"] for i in entry.detail["inputs"]] == ["picture", "claim"]
    assert entry.detail["outcome"][0]["verdict"] == "not_testable"
    assert "numpy" in entry.tool["libraries"]
    assert run(["verify", str(post), "--case", case, "--json"]) == 0
    json.loads(capsys.readouterr().out)
    assert [e.action for e in custody.read(Path(case)).entries] == [
        "init", "add", "report", "report",
    ]  # fmt: skip
    assert custody.verify(Path(case)).whole
    assert run(["verify", str(post), "--case", case, "-o", f"{case}/out"]) == 2
    assert custody.verify(Path(case)).whole
