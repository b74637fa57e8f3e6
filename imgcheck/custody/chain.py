"""Follow the chain of the log, tell an interruption from a change, and read it for people."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from imgcheck.custody import layout
from imgcheck.custody.files import open_locked
from imgcheck.custody.layout import HEAD, LOG
from imgcheck.custody.log import NO_LINE, Entry, Head, Line, read_head, read_lines
from imgcheck.imaging.text import printable
from imgcheck.model.documents import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The log of a case, as read.

    Attributes
    ----------
    lines : tuple of Line
    problems : tuple of Problem
        Of log and head alone; those of kind ``interrupted`` can be recovered from.
    head : str or None
        SHA-256 of the last line, as the head states it.
    unfinished : Entry or None
        A last line that is in the log but not yet in the head.
    torn : tuple of Line
        Pieces of lines after the head that no recovery line names yet.
    """

    lines: tuple[Line, ...]
    problems: tuple[Problem, ...]
    head: str | None = None
    unfinished: Entry | None = None
    torn: tuple[Line, ...] = ()

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The lines that can be read."""
        return tuple(line.entry for line in self.lines if line.entry is not None)

    @property
    def broken(self) -> tuple[Problem, ...]:
        """The problems that are more than an interrupted step."""
        return tuple(p for p in self.problems if p.kind != "interrupted")


def read(folder: Path) -> History:
    """Read the log of a case.

    Raises
    ------
    UnreadableError
        If there is no case, or another program is writing in it.
    CaseDamagedError
        If a part of the folder is missing.
    """
    layout.require_case(folder)
    descriptor = open_locked(folder / LOG, writable=False)
    try:
        return examine(read_lines(descriptor), read_head(folder))
    finally:
        os.close(descriptor)


def examine(lines: tuple[Line, ...], head: Head | None) -> History:
    """Follow the chain from the head back to the first line.

    The head holds the hash of the last line, each line the hash of the one before. So the first
    disagreement from the end is where the change was made, as long as the head was left alone.
    """
    tail = () if head is None or head.lines < 1 else lines[head.lines :]
    inner = lines[: len(lines) - len(tail)]
    known, anchors = _torn_lines(lines)
    problems = [
        *_hashes(inner, head, known, anchors),
        *_order(inner),
        *_cases(inner),
        *_length(lines, head, inner),
    ]
    if not lines:
        problems.append(Problem(kind="missing", path=LOG, message="the log is empty", byte=0))
    unfinished, torn, more = _interrupted(tail, inner, known)
    return History(
        lines=lines,
        problems=(*reversed(problems), *more),
        head=None if head is None else head.sha256,
        unfinished=unfinished,
        torn=torn,
    )


def _problem(kind: str, line: Line, words: str, *, byte: int | None = None) -> Problem:
    at = line.offset if byte is None else byte
    return Problem(kind=kind, path=LOG, line=line.number, byte=at, message=words)


def _torn_lines(lines: tuple[Line, ...]) -> tuple[set[str], dict[int, str]]:
    """Return the torn pieces that recovery lines name, and the valid lines before them."""
    known: set[str] = set()
    anchors: dict[int, str] = {}
    for line in lines:
        if line.entry is None or line.entry.action != "recover":
            continue
        torn, after = line.entry.detail.get("torn"), line.entry.detail.get("after")
        if isinstance(torn, list) and isinstance(after, dict):
            known |= {str(t.get("sha256")) for t in torn if isinstance(t, dict)}
            if isinstance(after.get("line"), int):
                anchors[after["line"]] = str(after.get("sha256"))
    return known, anchors


def _hashes(
    lines: tuple[Line, ...], head: Head | None, known: set[str], anchors: dict[int, str]
) -> Iterator[Problem]:
    """Compare each line, from the last, with the hash that the line after it holds."""
    expected = None if head is None else head.sha256
    for line in reversed(lines):
        if expected is not None and line.sha256 != expected:
            yield _changed(line, last=line is lines[-1])
        elif line.entry is None and line.sha256 not in known:
            yield _changed(line, last=False)
        if line.entry is not None:
            expected = line.entry.previous
        elif line.number > 1 and line.sha256 in known:
            # A torn piece holds no hash of the line before it; the recovery line does.
            expected = anchors.get(line.number - 1)
        else:
            expected = None  # it was reported; its hash of the line before is lost


def _changed(line: Line, *, last: bool) -> Problem:
    why = f": it {line.fault}" if line.fault else ""
    if last and not why:
        words = f"line {line.number} does not match the head of the log: one of them was changed"
        return _problem("line", line, words)
    what = "the head" if last else f"line {line.number + 1}"
    words = (
        f"line {line.number} does not have the hash that {what} records{why}; its content is not "
        f"reliable (bytes {line.offset} to {line.offset + line.length})"
    )
    return _problem("line", line, words, byte=line.offset + (line.place or 0))


def _order(lines: tuple[Line, ...]) -> Iterator[Problem]:
    """Compare the numbers in the lines with their places."""
    last = 0
    for line in lines:
        number = last + 1 if line.entry is None else line.entry.sequence
        if number == last:
            words = f"line {line.number} carries number {number} again: a line was repeated"
            yield _problem("order", line, words)
        elif number > last + 1:
            words = f"number {number} follows {last}: lines between them are missing"
            yield _problem("order", line, words)
        elif number < last:
            words = f"number {number} follows {last}: the order of lines was changed"
            yield _problem("order", line, words)
        last = number


def _cases(lines: tuple[Line, ...]) -> Iterator[Problem]:
    """Find lines of another case, and a first line that does not begin one."""
    case = next((line.entry.case for line in lines if line.entry is not None), None)
    for line in lines:
        if line.entry is not None and line.entry.case != case:
            words = f"line {line.number} belongs to another case"
            yield Problem(kind="line", path=LOG, line=line.number, message=words)
    first = lines[0].entry if lines else None
    if first is not None and not (first.previous == NO_LINE and first.action == "init"):
        words = "the first line is not the beginning of a case: lines before it are missing"
        yield _problem("order", lines[0], words, byte=0)


def _length(
    lines: tuple[Line, ...], head: Head | None, inner: tuple[Line, ...]
) -> Iterator[Problem]:
    """Compare the length of the log with the length that the head states."""
    if head is None or not lines:
        return
    last = inner[-1]
    end = last.offset + last.length + last.whole
    if len(inner) < head.lines:
        words = (
            f"the log ends after line {last.number}, and the head names line {head.lines}: the end "
            "of the log was cut off, or the head was exchanged"
        )
        yield _problem("order", last, words, byte=end)
    elif last.entry is not None and last.entry.case != head.case:
        yield Problem(kind="head", path=HEAD, message="the head is that of another case")
    elif not last.whole or end != head.log_bytes:
        words = (
            f"the log has {end} bytes up to line {last.number}, and the head states "
            f"{head.log_bytes}: bytes were inserted or removed"
        )
        yield _problem("line", last, words, byte=end)


def _interrupted(
    tail: tuple[Line, ...], inner: tuple[Line, ...], known: set[str]
) -> tuple[Entry | None, tuple[Line, ...], list[Problem]]:
    """Tell a step that was cut short from lines that somebody added after the head."""
    if not tail:
        return None, (), []
    readable = [line for line in tail if line.entry is not None and line.whole]
    if not readable:
        words = (
            f"{len(tail)} unfinished line(s) after the head: a step was interrupted while its line "
            "was written; the next command that writes to the case logs this and continues"
        )
        return None, tail, [_problem("interrupted", tail[0], words)]
    last = tail[-1]
    before = tail[-2] if len(tail) > 1 else inner[-1] if inner else None
    if (
        readable == [last]
        and last.entry is not None
        and before is not None
        and last.entry.previous == before.sha256
        and last.entry.sequence == last.number
        and all(piece.sha256 in known for piece in tail[:-1])
    ):
        words = (
            f"line {last.number} is in the log but not in the head: a step was interrupted, or a "
            "line was added; the next command that writes to the case logs this and continues"
        )
        return last.entry, (), [_problem("interrupted", last, words)]
    words = f"{len(tail)} line(s) follow the last line that the head of the log names"
    return None, (), [_problem("order", tail[0], words)]


def describe(entry: Entry) -> Iterator[str]:
    """Return an entry of the log as lines that are safe to print."""
    by = f" by {printable(entry.operator, limit=80)}" if entry.operator else ""
    yield f"{entry.sequence:5}  {printable(entry.time, limit=40)}  {entry.action}{by}"
    detail = entry.detail
    facts = {
        "title": detail.get("title"),
        "reference": detail.get("reference"),
        "name": _inner(detail, "origin", "name") or detail.get("name"),
        "sha256": detail.get("sha256"),
        "source": _inner(detail, "stated", "source_url"),
        "acquired": _inner(detail, "stated", "acquired_at"),
        "note": _inner(detail, "stated", "note") or detail.get("text"),
        "command": detail.get("command"),
        "key": detail.get("public_key_sha256"),
        "known": "these bytes were in the case before" if detail.get("known") else None,
        "torn": "the incomplete line before this one was kept" if detail.get("torn") else None,
    }
    for name, value in facts.items():
        if value:
            yield f"         {name}: {printable(str(value), limit=400)}"
    if entry.action != "add" and entry.files:
        total = sum(kept.size for kept in entry.files)
        yield f"         files: {len(entry.files)} ({total:,} bytes), {entry.files[0].path} …"


def _inner(detail: object, outer: str, name: str) -> object:
    found = detail.get(outer) if isinstance(detail, dict) else None
    return found.get(name) if isinstance(found, dict) else None
