"""A step that is cut off at any moment: nothing is lost, and nothing goes on unsaid.

The process is ended at its first, second, … call that changes something on the disk, so that every
state in between is seen. A write may also be cut off in the middle of its bytes.
"""

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from imgcheck import custody
from imgcheck.custody import CustodyFolder

from .conftest import write_report

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes cannot be forked here")
_CALLS = ("write", "fsync", "rename", "replace", "unlink", "mkdir", "open", "fchmod", "rmdir")
ENDED, DONE = 77, 0


def run_until(step: Callable[[], object], number: int, *, torn: bool) -> int:
    """Do a step in a process of its own that ends at its ``number``-th call; give its exit code."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    left = [number]
    write = os.write

    def stopping(name: str, real: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object, **options: object) -> object:
            left[0] -= 1
            if left[0] == 0:
                if name == "write" and torn:
                    data = bytes(arguments[1])  # type: ignore[call-overload]
                    write(arguments[0], data[: len(data) // 2])  # type: ignore[arg-type]
                os._exit(ENDED)
            return real(*arguments, **options)

        return call

    for name in _CALLS:
        setattr(os, name, stopping(name, getattr(os, name)))
    try:
        step()
    except BaseException:
        os._exit(1)
    os._exit(DONE)


def add(case: Path, file: Path) -> None:
    with CustodyFolder(case) as kept:
        kept.add(file)


def report(case: Path) -> None:
    with CustodyFolder(case) as kept:
        kept.record(write_report, command="verify")


def require_sound(case: Path, before: list[bytes]) -> None:
    """Only interrupted steps are found; the next step takes them up; all that was there stays."""
    found = custody.verify(case).problems
    assert {p.kind for p in found} <= {"interrupted"}, found
    with CustodyFolder(case) as kept:
        assert bool(kept.recovered) == bool(found)
        kept.note("gone on")
    assert custody.verify(case).problems == ()
    now = (case / "case.log.jsonl").read_bytes()
    assert now.startswith(b"".join(before))


@pytest.mark.slow
@pytest.mark.parametrize("torn", [False, True], ids=["between", "within"])
@pytest.mark.parametrize("what", ["add", "report"])
def test_a_step_cut_off_at_any_call_is_taken_up(
    case: Path, tmp_path: Path, what: str, torn: bool
) -> None:
    file = tmp_path / "fresh.bin"
    file.write_bytes(b"fresh" * 100)
    before = (case / "case.log.jsonl").read_bytes().splitlines(keepends=True)
    steps = {"add": lambda c: add(c, file), "report": report}
    states = set()
    for number in range(1, 200):
        copy = tmp_path / "copy"
        shutil.copytree(case, copy)
        code = run_until(lambda copy=copy: steps[what](copy), number, torn=torn)
        assert code in (ENDED, DONE)
        if code == DONE:
            break
        states.add(tuple(sorted(p.message[:20] for p in custody.verify(copy).problems)))
        require_sound(copy, before)
        shutil.rmtree(copy)
    assert code == DONE
    assert number > 10
    assert len(states) >= 4  # the trial met states of several kinds


@pytest.mark.slow
def test_a_recovery_that_is_cut_off_is_taken_up_again(case: Path, tmp_path: Path) -> None:
    before = (case / "case.log.jsonl").read_bytes().splitlines(keepends=True)
    with (case / "case.log.jsonl").open("ab") as out:
        out.write(b'{"action":"add","case"')
    (case / "incoming" / "copy.part").write_bytes(b"half a cop")
    number = 0
    for first in range(1, 60):
        copy = tmp_path / "copy"
        shutil.copytree(case, copy)
        code = run_until(lambda copy=copy: CustodyFolder(copy).close(), first, torn=True)
        assert code in (ENDED, DONE)
        if code == ENDED:
            number += 1
            run_until(lambda copy=copy: CustodyFolder(copy).close(), first // 2 + 1, torn=True)
            require_sound(copy, before)
        shutil.rmtree(copy)
        if code == DONE:
            break
    assert number > 5


def test_a_torn_line_is_kept_and_noted(case: Path) -> None:
    log = case / "case.log.jsonl"
    whole = log.read_bytes()
    with log.open("ab") as out:
        out.write(b'{"action":"add","case"')
    (problem,) = custody.verify(case).problems
    assert (problem.kind, problem.line, problem.byte) == ("interrupted", 6, len(whole))
    with CustodyFolder(case) as kept:
        assert "incomplete line" in kept.recovered
    lines = log.read_bytes().split(b"\n")
    assert lines[5] == b'{"action":"add","case"'
    noted = json.loads(lines[6])
    assert noted["action"] == "recover"
    assert noted["detail"]["torn"][0]["bytes"] == len(lines[5])
    assert noted["sequence"] == 7
    assert custody.verify(case).whole
    # The torn line and the line before it are as well guarded as any other.
    for number in (4, 5):
        changed = list(lines)
        changed[number] = changed[number].replace(b"action", b"actiom").replace(b"note", b"note")
        log.write_bytes(b"\n".join(changed))
        assert any(p.line == number + 1 for p in custody.verify(case).problems)
    changed = list(lines)
    changed[4] = changed[4].replace(b"second reader", b"third reader!")
    log.write_bytes(b"\n".join(changed))
    assert any(p.line == 5 for p in custody.verify(case).problems)


def test_a_sound_line_behind_the_head_is_never_taken_for_nothing(case: Path) -> None:
    with CustodyFolder(case) as kept:
        old = (case / "case.head.json").read_bytes()
        kept.note("one more")
    (case / "case.head.json").write_bytes(old)
    (problem,) = custody.verify(case).problems
    assert problem.kind == "interrupted"
    with CustodyFolder(case) as kept:
        assert "line 6" in kept.recovered
    assert custody.verify(case).whole


def test_two_lines_behind_the_head_are_no_accident(case: Path) -> None:
    old = (case / "case.head.json").read_bytes()
    with CustodyFolder(case) as kept:
        kept.note("one more")
        kept.note("and one more")
    (case / "case.head.json").write_bytes(old)
    assert {p.kind for p in custody.verify(case).problems} == {"order"}
    with pytest.raises(custody.CaseDamagedError):
        CustodyFolder(case)


def test_a_foreign_file_in_the_place_of_steps_stops_the_next_one(case: Path) -> None:
    (case / "incoming" / "letter.txt").write_text("x")
    assert {p.kind for p in custody.verify(case).problems} == {"extra"}
    with pytest.raises(custody.CaseDamagedError, match=r"letter\.txt"):
        CustodyFolder(case)


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
def test_a_killed_program_loses_nothing(case: Path, tmp_path: Path) -> None:
    import signal
    import time

    before = (case / "case.log.jsonl").read_bytes().splitlines(keepends=True)
    for trial in range(8):
        child = os.fork()
        if not child:
            with CustodyFolder(case) as kept:
                for number in range(100_000):
                    file = tmp_path / f"{trial}.bin"
                    file.write_bytes(b"%d %d" % (trial, number) * 5000)
                    kept.add(file)
            os._exit(0)
        time.sleep(0.02 + 0.013 * trial)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        require_sound(case, before)
        before = (case / "case.log.jsonl").read_bytes().splitlines(keepends=True)
