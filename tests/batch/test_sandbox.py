"""What a process of a batch cannot do, whatever a picture makes it try."""

import errno
import json
import multiprocessing
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from imgcheck import sandbox
from imgcheck.batch import read_source, run, running, workers
from imgcheck.batch.jobs import Job, Settings
from imgcheck.cli import run as cli
from imgcheck.known import add_to_index
from tests.batch.test_jobs import settings

needed = pytest.mark.skipif(sandbox.version() == 0, reason="this kernel has no Landlock")


def attack(job: Job, settings: Settings) -> dict[str, Any]:
    """Try what a taken-over decoder would, and say what became of it."""
    secret, evidence = Path(job.path).parents[1] / "secret", Path(job.path)
    tried: dict[str, Any] = {
        "read another file": lambda: secret.read_bytes(),
        "write the evidence": lambda: evidence.write_bytes(b"x"),
        "write beside the evidence": lambda: evidence.with_suffix(".xml").write_bytes(b"x"),
        "remove the evidence": evidence.unlink,
        "start a program": lambda: os.execv("/bin/true", ["true"]),
        "read the picture": evidence.read_bytes,
        "write a result": lambda: Path(settings.output, "mine").write_bytes(b"x"),
    }
    if sandbox.version() >= 4:
        tried["connect"] = lambda: socket.create_connection(("127.0.0.1", 9), timeout=1)
    said = {}
    for name, act in tried.items():
        try:
            act()
            said[name] = 0
        except OSError as error:
            said[name] = error.errno or -1
    return {"path": job.name, "sha256": None, "state": "done", "said": said}


@needed
@pytest.mark.slow
def test_attacks_from_inside_are_denied_and_the_work_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "a.jpg").write_bytes(b"picture")
    (tmp_path / "secret").write_bytes(b"secret")
    monkeypatch.setattr(running, "work", attack)
    (result,) = run(read_source(tmp_path / "p"), settings(tmp_path / "out"), jobs=1)
    said = result["said"]
    assert said.pop("read the picture") == said.pop("write a result") == 0
    assert set(said.values()) == {errno.EACCES}, said
    assert (tmp_path / "p" / "a.jpg").read_bytes() == b"picture"
    assert not (tmp_path / "out" / "temporary").exists()


class Planted:
    """Creates a file where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def test_an_answer_of_a_process_that_was_taken_over_is_not_run(tmp_path: Path) -> None:
    ours, theirs = multiprocessing.Pipe()
    worker = workers._Worker(process=None, pipe=ours)
    theirs.send(Planted(tmp_path / "ran"))
    assert worker.received() is None
    theirs.send_bytes(b"[1]")
    assert worker.received() is None
    theirs.send_bytes(b'{"state": "done"}')
    assert worker.received() == {"state": "done"}
    assert not (tmp_path / "ran").exists()


@needed
def test_a_process_restricts_itself_to_the_folders_it_was_given(tmp_path: Path) -> None:
    for name in ("read", "write", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x").write_bytes(b"x")
    script = f"""
import json
from pathlib import Path
from imgcheck.sandbox import restrict
root = Path({str(tmp_path)!r})
done = restrict(readable=[root / "read"], writable=[root / "write"])
said = []
for name in ("read", "write", "other"):
    for act in (Path.read_bytes, lambda path: path.write_bytes(b"y")):
        try:
            act(root / name / "x")
            said.append(True)
        except PermissionError:
            said.append(False)
print(json.dumps([done, said]))
"""
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    done, said = json.loads(out.stdout)
    assert done and said == [True, False, True, True, False, False]


@needed
@pytest.mark.slow
def test_a_verification_with_every_input_gives_the_same_inside(tmp_path: Path) -> None:
    sample = Path(__file__).resolve().parents[2] / "samples" / "older-image"
    known = tmp_path / "known" / "index.db"
    known.parent.mkdir()
    add_to_index(known, sample / "post.jpg")
    listed = tmp_path / "list.csv"
    listed.write_text(f"path,claim\n{sample / 'post.jpg'},{sample / 'claim.yml'}\n", "utf-8")
    given = {
        "inspect": False, "references": (str(sample / "reference"),), "index": str(known),
    }  # fmt: skip
    (inside,) = run(read_source(listed), settings(tmp_path / "inside", **given), jobs=1)
    job = Job(path=str(sample / "post.jpg"), name=inside["path"], attempts=0,
              claim=str(sample / "claim.yml"))  # fmt: skip
    outside = running.work(job, settings(tmp_path / "outside", **given))
    assert inside == outside and inside["state"] == "done" and inside["failed_checks"] == []
    reports = [
        json.loads((tmp_path / place / inside["report"]).read_bytes())
        for place in ("inside", "outside")
    ]
    assert [one.pop("sandbox") for one in reports] == ["landlock", "partial"]
    assert reports[0] == reports[1]


@pytest.mark.slow
def test_a_system_without_landlock_works_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sandbox, "version", lambda: 0)
    assert sandbox.restrict(readable=(), writable=()) is False
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "a.jpg").write_text("no picture", encoding="utf-8")
    given = [str(tmp_path / "p"), "--inspect", "--jobs", "1", "-o", str(tmp_path / "out")]
    assert cli(["batch", *given]) == 4
    assert "sandbox: partial" in capsys.readouterr().err
