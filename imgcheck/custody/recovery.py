"""Recover a case whose last step was interrupted, and log what was found.

Nothing of the log is ever removed: a torn last line stays, is ended by a line feed, and the
recovery line after it names its bytes by their hash, as well as the valid line before it.
"""

import contextlib
import os
import re
import shutil
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imgcheck.custody import layout
from imgcheck.custody.chain import History
from imgcheck.custody.files import hash_file
from imgcheck.custody.layout import CaseDamagedError
from imgcheck.custody.log import Entry
from imgcheck.imaging.text import printable

if TYPE_CHECKING:
    from imgcheck.custody.folder import CustodyFolder

_OURS = re.compile(
    rf"(?:copy|head|report)\.part"
    rf"|{layout.EVIDENCE}\+[0-9a-f]{{64}}\.[a-z0-9]{{1,5}}"
    rf"|{layout.REPORTS}\+[0-9]{{4,9}}(?:\+[A-Za-z0-9._-]{{1,121}}){{1,3}}"
    rf"|{layout.SIGNATURES}\+[0-9]{{4,9}}\.json"
)


def is_leftover(name: str) -> bool:
    """Return whether a name in ``incoming/`` is one that a step of this program leaves there."""
    return _OURS.fullmatch(name) is not None


def recover(case: "CustodyFolder", chain: History) -> str:
    """Complete or undo the interrupted step, log that, and return a sentence on it."""
    done: list[str] = []
    detail: dict[str, Any] = {}
    if chain.unfinished is not None:
        number = chain.unfinished.sequence
        moved = _finish(case, chain.unfinished)
        done.append(
            f"the step of line {number} was interrupted after the line was written; it was "
            "completed"
        )
        detail["ended"] = {"files_placed": moved, "line": number}
    leftovers = _leftovers(case)
    if leftovers:
        done.append(f"{len(leftovers)} unfinished file(s) in incoming/ were removed")
        detail["removed"] = [_describe(path) for path in leftovers]
    if chain.torn:
        done.append(f"{len(chain.torn)} incomplete line(s) were kept and logged")
        detail["after"] = {"line": case.head.lines, "sha256": case.head.sha256}
        detail["torn"] = [
            {"bytes": t.length, "line": t.number, "sha256": t.sha256} for t in chain.torn
        ]
    if not done:
        return ""
    last = chain.torn[-1] if chain.torn else None
    case.commit(
        "recover",
        detail,
        torn=b"" if last is None or last.whole else b"\n",
        skipped=len(chain.torn),
        previous=None if last is None else last.sha256,
        before_head=lambda: _remove(leftovers),
    )
    return "; ".join(done)


def _finish(case: "CustodyFolder", entry: Entry) -> int:
    """Put the files of a line that the head does not know in place, then name it in the head."""
    waiting = []
    for kept in entry.files:
        staged, target = case.staged(kept.path), case.folder / kept.path
        there = staged if os.path.lexists(staged) else target
        try:
            found = hash_file(there)
        except OSError:
            found = ("", -1)
        if found != (kept.sha256, kept.size):
            raise CaseDamagedError(
                f"{printable(str(case.folder))}: {kept.path} of the interrupted line "
                f"{entry.sequence} is missing or changed; nothing is added to the case"
            )
        if there == staged:
            waiting.append(kept)
    case.place(waiting)
    # A half-written head of the interrupted run may be in the way.
    (case.folder / layout.INCOMING / "head.part").unlink(missing_ok=True)
    case.write_head(entry, entry.line())
    return len(waiting)


def _leftovers(case: "CustodyFolder") -> list[Path]:
    found = sorted((case.folder / layout.INCOMING).iterdir())
    for path in found:
        if not is_leftover(path.name):
            raise CaseDamagedError(
                f"{printable(str(case.folder))}: {layout.INCOMING}/{printable(path.name)} was "
                "not written by imgcheck; move it out of the case first"
            )
    return found


def _describe(path: Path) -> dict[str, Any]:
    mode = path.lstat().st_mode
    if not stat.S_ISREG(mode):
        return {"kind": "folder" if stat.S_ISDIR(mode) else "other", "name": path.name}
    digest, size = hash_file(path)
    return {"kind": "file", "name": path.name, "sha256": digest, "size": size}


def clear(folder: Path) -> None:
    """Remove what a failed step left in ``incoming/``, and nothing else; never fails."""
    with contextlib.suppress(OSError):
        ours = [p for p in (folder / layout.INCOMING).iterdir() if is_leftover(p.name)]
        _remove(ours)


def _remove(paths: list[Path]) -> None:
    for path in paths:
        if stat.S_ISDIR(path.lstat().st_mode):
            shutil.rmtree(path)
        else:
            path.unlink()
