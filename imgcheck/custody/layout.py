"""The layout of a case folder, and what can be wrong with it.

::

    case.log.jsonl    what was done, one line each, chained by hashes
    case.head.json    number and hash of the last line
    evidence/         untouched copies, named by their SHA-256
    reports/0001/     what was made of them
    signatures/       detached signatures over a state of the log
    incoming/         a step that is being taken; empty between two steps

Every name is made here from digits and hashes. The names that files had elsewhere are data.
"""

import contextlib
import os
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from imgcheck.errors import ImgcheckError, UnreadableError
from imgcheck.imaging.text import printable

LOG = "case.log.jsonl"
HEAD = "case.head.json"
EVIDENCE = "evidence"
REPORTS = "reports"
SIGNATURES = "signatures"
INCOMING = "incoming"
FOLDERS = (EVIDENCE, REPORTS, SIGNATURES, INCOMING)

# Evidence and reports are kept read-only.
READ_ONLY = 0o444

_PART = r"[A-Za-z0-9][A-Za-z0-9._-]{0,120}"
_KEPT = re.compile(
    rf"{EVIDENCE}/[0-9a-f]{{64}}\.[a-z0-9]{{1,5}}"
    rf"|{REPORTS}/[0-9]{{4,9}}(?:/{_PART}){{1,3}}"
    rf"|{SIGNATURES}/[0-9]{{4,9}}\.json"
)
_SHA256 = re.compile(r"[0-9a-f]{64}")


class CaseDamagedError(ImgcheckError, ValueError):
    """A case whose files and log do not agree; nothing is added to it."""

    code = "case-damaged"
    exit_code = 1


class CaseLockedError(UnreadableError):
    """Another program is writing in the case."""

    code = "case-locked"


@contextlib.contextmanager
def explained(shown: str) -> Iterator[None]:
    """Turn an OSError into one sentence that says what to do."""
    try:
        yield
    except OSError as error:
        if isinstance(error, UnreadableError):
            raise
        raise UnreadableError(
            f"{shown}: cannot be written: {error.strerror or error}; check space and permissions, "
            "then repeat the command",
            file=shown,
        ) from error


def is_place(text: str) -> bool:
    """Return whether a path of the log is one that this program would have made."""
    return _KEPT.fullmatch(text) is not None


def is_sha256(text: object) -> bool:
    """Return whether a value is a SHA-256 in lower-case hexadecimal."""
    return isinstance(text, str) and _SHA256.fullmatch(text) is not None


def numbered(number: int) -> str:
    """Return the name of the report or signature of a number."""
    return f"{number:04d}"


def require_folder(folder: Path) -> None:
    """Refuse a path that is not a case folder."""
    shown = printable(str(folder))
    if not folder.is_dir():
        raise UnreadableError(
            f"{shown}: there is no such folder; make a case with: imgcheck case init {shown}",
            file=shown,
        )
    if not os.path.lexists(folder / LOG) and not os.path.lexists(folder / HEAD):
        raise UnreadableError(
            f"{shown}: is not a case folder (it has no {LOG}); make one with: "
            f"imgcheck case init {shown}",
            file=shown,
        )


def require_case(folder: Path) -> None:
    """Refuse a path that is not a case folder, or one with a link in place of a part of it.

    A folder of the case may be missing: archives drop empty ones.
    """
    require_folder(folder)
    for name in (LOG, HEAD):
        _require(folder, name, stat.S_ISREG, "a regular file")
    for name in FOLDERS:
        if os.path.lexists(folder / name):
            _require(folder, name, stat.S_ISDIR, "a folder")


def _require(folder: Path, name: str, right: Callable[[int], bool], words: str) -> None:
    shown = printable(str(folder))
    try:
        mode = (folder / name).lstat().st_mode
    except FileNotFoundError:
        raise CaseDamagedError(
            f"{shown}: {name} is missing; see: imgcheck case verify {shown}", file=shown
        ) from None
    if not right(mode):
        raise CaseDamagedError(
            f"{shown}: {name} is not {words}; links are not followed in a case", file=shown
        )
