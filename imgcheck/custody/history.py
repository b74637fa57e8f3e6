"""Reading the log of a case for people: what was done, line by line."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from imgcheck.custody import layout
from imgcheck.custody.chain import examine
from imgcheck.custody.entry import Entry
from imgcheck.custody.head import read_head
from imgcheck.custody.lock import open_locked
from imgcheck.custody.log import Line, read_lines
from imgcheck.custody.problem import Problem
from imgcheck.imaging.text import printable


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The log of a case, as it stands; ``problems`` are those of log and head alone."""

    lines: tuple[Line, ...]
    problems: tuple[Problem, ...]
    head: str | None

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Give the lines that can be read."""
        return tuple(line.entry for line in self.lines if line.entry is not None)


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
    descriptor = open_locked(folder / layout.LOG, writable=False)
    try:
        head = read_head(folder)
        chain = examine(read_lines(descriptor), head)
    finally:
        os.close(descriptor)
    return History(
        lines=chain.lines,
        problems=chain.problems,
        head=None if head is None else head.sha256,
    )


def told(entry: Entry) -> Iterator[str]:
    """Say in lines that are safe to print what an entry of the log says."""
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
        "torn": "an interrupted line is kept above" if detail.get("torn") else None,
    }
    for name, value in facts.items():
        if value:
            yield f"         {name}: {printable(str(value), limit=400)}"
    if entry.action != "add" and entry.files:
        total = sum(kept.size for kept in entry.files)
        yield f"         files: {len(entry.files)} ({total:,} bytes), {entry.files[0].path} …"


def _inner(detail: "object", outer: str, name: str) -> object:
    found = detail.get(outer) if isinstance(detail, dict) else None
    return found.get(name) if isinstance(found, dict) else None
