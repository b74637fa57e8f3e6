"""What the process of a single command cannot do, whatever a picture makes it try."""

import errno
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from imgcheck import sandbox
from tests.imaging.files import encode, scene

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "samples" / "older-image"

needed = pytest.mark.skipif(sandbox.version() < 6, reason="this kernel has no Landlock 6")

# Runs the command line with a decoder that a picture has taken over: it tries everything once the
# first file is opened, says what became of it, and ends the process.
TAKEN_OVER = """
import json, os, socket, subprocess, sys, tempfile
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # as the command line does before anything is imported

def attack(*given, **rest):
    here = Path({here!r})
    evidence = here / "evidence" / "post.png"
    tried = {{
        "read a file beside the picture": (here / "evidence" / "notes.txt").read_bytes,
        "read another file": (here / "secret").read_bytes,
        "list another folder": lambda: os.listdir(here / "other"),
        "write the evidence": lambda: evidence.write_bytes(b"x"),
        "write beside the evidence": lambda: (evidence.parent / "made").write_bytes(b"x"),
        "write beside the results": lambda: (here / "made").write_bytes(b"x"),
        "remove the evidence": evidence.unlink,
        "rename the evidence": lambda: evidence.rename(here / "out" / "post.png"),
        "start a program": lambda: subprocess.run(["/bin/true"], check=True),
        "signal another process": lambda: os.kill(os.getppid(), 0),
        "connect": lambda: socket.create_connection(("127.0.0.1", 9), timeout=1),
        "read the picture": evidence.read_bytes,
        "write a result": lambda: (here / "out" / "mine").write_bytes(b"x"),
        "write a temporary file": lambda: tempfile.TemporaryFile().write(b"x"),
    }}
    said = {{}}
    for name, act in tried.items():
        try:
            act()
            said[name] = 0
        except OSError as error:
            said[name] = error.errno
    os.write(2, json.dumps(said).encode())
    os._exit(0)

from imgcheck.imaging import intake
intake.open_regular = attack
import importlib
for name in ("imgcheck.imaging.image", "imgcheck.imaging.output"):
    importlib.import_module(name)
sys.argv = ["imgcheck", *json.loads({words!r})]
from imgcheck.cli import main
main()
"""

COMMANDS = [
    ["verify", "{picture}", "-o", "{out}"],
    ["inspect", "{picture}"],
    ["locate", "{picture}", "--reference", "{picture}", "-o", "{out}"],
    ["date", "{picture}", "--stack", "{picture}@2017-01-01"],
    ["detect", "{picture}", "--gsd", "0.3", "-o", "{out}"],
    ["power", "{picture}", "--gsd", "0.3", "--class", "crater", "-o", "{out}"],
    ["change", "{picture}", "{picture}", "-o", "{out}"],
    ["index", "add", "{out}/known.db", "{picture}"],
    ["annotate", "draw", "{picture}", "{picture}", "-o", "{out}/drawn.png"],
]


@pytest.fixture
def here(tmp_path: Path) -> Path:
    for name in ("evidence", "other", "out"):
        (tmp_path / name).mkdir()
    (tmp_path / "evidence" / "post.png").write_bytes(encode(scene(64, 64), "PNG"))
    (tmp_path / "evidence" / "notes.txt").write_bytes(b"of somebody else")
    (tmp_path / "secret").write_bytes(b"secret")
    return tmp_path


def tried(words: list[str], here: Path, **environment: str) -> dict[str, int]:
    named = [
        word.format(picture=here / "evidence" / "post.png", out=here / "out") for word in words
    ]
    program = TAKEN_OVER.format(here=str(here), words=json.dumps(named))
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT,
        env={**os.environ, **environment},
    )  # fmt: skip
    assert done.stderr.startswith("{"), done.stderr
    found: dict[str, int] = json.loads(done.stderr)
    return found


ALLOWED = ("read the picture", "write a result", "write a temporary file")


@needed
@pytest.mark.slow
@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_a_decoder_that_was_taken_over_reaches_nothing_else(here: Path, words: list[str]) -> None:
    said = tried(words, here)
    before = {name: said.pop(name) for name in ALLOWED}
    assert before.pop("write a result") == (0 if "{out}" in " ".join(words) else errno.EACCES)
    assert set(before.values()) == {0}
    escaped = {n: e for n, e in said.items() if e not in (errno.EACCES, errno.EPERM, errno.EXDEV)}
    assert not escaped
    assert (here / "evidence" / "post.png").exists()
    assert sorted(one.name for one in here.iterdir())[-3:] == ["other", "out", "secret"]


@needed
@pytest.mark.slow
def test_the_same_attacks_succeed_where_the_sandbox_is_switched_off(here: Path) -> None:
    said = tried(["verify", "{picture}"], here, IMGCHECK_SANDBOX="off")
    assert said["read another file"] == said["write the evidence"] == 0


def run(words: list[str], folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    program = "from imgcheck.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", program, *words], capture_output=True, text=True, cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
    )  # fmt: skip


@needed
@pytest.mark.slow
def test_a_report_is_the_same_inside_and_says_where_it_was_made(tmp_path: Path) -> None:
    words = ["verify", str(SAMPLE / "post.jpg"), "--claim", str(SAMPLE / "claim.yml")]
    words += ["--reference", str(SAMPLE / "reference"), "-v", "-o"]
    inside = run([*words, "inside"], tmp_path)
    outside = run([*words, "outside"], tmp_path, IMGCHECK_SANDBOX="off")
    assert inside.returncode == outside.returncode == 1
    assert "Sandbox: Landlock" in inside.stdout and "Sandbox: partial" in outside.stdout
    reports = [json.loads((tmp_path / p / "report.json").read_bytes()) for p in
               ("inside", "outside")]  # fmt: skip
    assert [one.pop("sandbox") for one in reports] == ["landlock", "partial"]
    assert reports[0] == reports[1]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["inside", "outside"]


@needed
@pytest.mark.slow
def test_several_processes_add_to_an_index_and_nothing_is_left_over(tmp_path: Path) -> None:
    words = ["index", "add", "known.db", str(SAMPLE / "post.jpg"), "--jobs", "2"]
    with tempfile.TemporaryDirectory() as short:  # the path of a socket has 107 characters
        done = run(words, tmp_path, TMPDIR=short)
        left = list(Path(short).iterdir())
    assert done.returncode == 0 and "Traceback" not in done.stderr and "1 added" in done.stdout
    assert not left


@needed
@pytest.mark.slow
def test_a_refused_command_leaves_no_folder_that_was_made_for_it(tmp_path: Path) -> None:
    (tmp_path / "post.jpg").write_text("no picture", encoding="utf-8")
    done = run(["verify", "post.jpg", "-o", "deep/out"], tmp_path)
    assert done.returncode == 4 and "is text" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["post.jpg"]


@needed
@pytest.mark.slow
def test_links_to_pictures_elsewhere_are_read(tmp_path: Path) -> None:
    (tmp_path / "refs").mkdir()
    for one in (SAMPLE / "reference").iterdir():
        (tmp_path / "refs" / one.name).symlink_to(one)
    (tmp_path / "post.jpg").symlink_to(SAMPLE / "post.jpg")
    done = run(["locate", "post.jpg", "--reference", "refs", "--json"], tmp_path)
    assert done.returncode == 0 and json.loads(done.stdout)["placed"]


def test_a_call_from_python_is_not_restricted(capsys: pytest.CaptureFixture[str]) -> None:
    from imgcheck.cli import run as cli

    assert cli(["claim", "check", str(SAMPLE / "claim.yml")]) == 0
    assert sandbox.state() == "partial"


@needed
@pytest.mark.slow
def test_a_second_reader_and_a_detector_of_the_user_still_run(tmp_path: Path) -> None:
    done = run(["inspect", str(SAMPLE / "post.jpg"), "--second-reader", "--json"], tmp_path)
    assert done.returncode == 0 or "exiftool is not installed" in done.stderr
