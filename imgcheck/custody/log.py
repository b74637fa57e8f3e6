"""The log of a case: its entries, its lines on the disk, and the head.

The head holds number and hash of the last line, and is kept beside the log. Without it a log whose
last lines were cut off would still be a valid chain. It is a check, not a seal: who can write in
the folder can write a new head as well. A copy of the hash kept elsewhere, or a signature, is the
seal.
"""

import hashlib
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from imgcheck.custody import canonical
from imgcheck.custody.files import read_small
from imgcheck.custody.layout import HEAD, LOG, is_place, is_sha256
from imgcheck.errors import UnreadableError

_LOG_SCHEMA = "imgcheck-case-log/1"
# The first line has this in place of the hash of a line before it.
NO_LINE = "0" * 64
_TIME_SOURCE = "this machine's clock"
ACTIONS = ("init", "add", "note", "copy", "report", "sign", "recover")
_HEAD_SCHEMA = "imgcheck-case-head/1"
# A head has some 250 bytes; more than this is none.
MOST_HEAD_BYTES = 4096
# A longer line is hashed but not read. The longest that is written names some 10,000 files.
_LONGEST_LINE = 16 << 20
_CHUNK = 1 << 20
# Bounds for a log that was made to fill the memory: some 100,000 additions stay below both.
_LARGEST_LOG = 256 << 20
_MOST_VALUES = 5_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A file that the case keeps: where, how long, and its identity."""

    path: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the log: what was done, when, with what, and the files that resulted.

    Attributes
    ----------
    sequence : int
        Number of the line, from 1.
    previous : str
        SHA-256 of the bytes of the line before, without its line end.
    action : str
        One of `ACTIONS`.
    time : str
        UTC, by the clock of the machine; the log cannot tell whether that clock was right.
    detail : mapping
        What belongs to the action: origin, options, hashes of what went in.
    files : tuple of Kept
        Added to the case by it.
    tool : mapping
        Name, version, Python, system, libraries.
    """

    sequence: int
    previous: str
    case: str
    action: str
    time: str
    operator: str | None
    detail: Mapping[str, Any] = field(default_factory=dict)
    files: tuple[Kept, ...] = ()
    tool: Mapping[str, Any] = field(default_factory=dict)

    def line(self) -> bytes:
        """Return the canonical text of the line, without its line end."""
        return canonical.dumps(
            {
                "action": self.action,
                "case": self.case,
                "detail": dict(self.detail),
                "files": [{"path": k.path, "sha256": k.sha256, "size": k.size} for k in self.files],
                "operator": self.operator,
                "previous": self.previous,
                "schema": _LOG_SCHEMA,
                "sequence": self.sequence,
                "time": self.time,
                "time_source": _TIME_SOURCE,
                "tool": dict(self.tool),
            }
        )

    @classmethod
    def read(cls, line: bytes) -> "Entry":
        """Read a line; raises `canonical.NotCanonical` if it is not as this program writes it."""
        value = canonical.loads(line)
        if not isinstance(value, dict):
            raise canonical.NotCanonical("is not a JSON object")
        if value.get("schema") != _LOG_SCHEMA:
            raise canonical.NotCanonical(f"is not of the form {_LOG_SCHEMA}")
        try:
            entry = cls(
                sequence=value["sequence"],
                previous=value["previous"],
                case=value["case"],
                action=value["action"],
                time=value["time"],
                operator=value["operator"],
                detail=value["detail"],
                files=tuple(Kept(**kept) for kept in value["files"]),
                tool=value["tool"],
            )
        except (KeyError, TypeError) as error:
            raise canonical.NotCanonical(f"lacks a field or has an unknown one: {error}") from None
        entry._check()
        if entry.line() != line:
            raise canonical.NotCanonical("has a field that does not belong there")
        return entry

    def _check(self) -> None:
        """Refuse fields of the wrong kind, and paths outside the layout."""
        right = (
            type(self.sequence) is int
            and is_sha256(self.previous)
            and all(isinstance(text, str) for text in (self.case, self.action, self.time))
            and (self.operator is None or isinstance(self.operator, str))
            and isinstance(self.detail, dict)
            and isinstance(self.tool, dict)
            and self.action in ACTIONS
        )
        if not right:
            raise canonical.NotCanonical("has a field of the wrong kind")
        for kept in self.files:
            if not (isinstance(kept.path, str) and is_place(kept.path)):
                raise canonical.NotCanonical("names a file outside the layout of a case")
            if not is_sha256(kept.sha256) or type(kept.size) is not int or kept.size < 0:
                raise canonical.NotCanonical("has an invalid hash or size")


def now() -> str:
    """Return the time of this machine's clock in UTC, to the millisecond."""
    moment = datetime.now(UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def this_tool(libraries: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return the versions of imgcheck, Python, the system and libraries."""
    return {
        "libraries": dict(libraries or {}),
        "name": "imgcheck",
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "version": version("imgcheck"),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Number and hash of the last line of the log."""

    case: str  # identifier of the case
    lines: int  # number of the last line, from 1
    # Of the bytes of that line, which holds the hash of the line before, and so on.
    sha256: str
    log_bytes: int  # length of the log up to and with the line's end

    def value(self) -> dict[str, str | int]:
        """Return the head as JSON-ready values."""
        return {
            "case": self.case,
            "lines": self.lines,
            "log_bytes": self.log_bytes,
            "schema": _HEAD_SCHEMA,
            "sha256": self.sha256,
        }

    def text(self) -> bytes:
        """Return the bytes of ``case.head.json``."""
        return canonical.dumps(self.value()) + b"\n"

    @classmethod
    def read(cls, data: bytes) -> "Head":
        """Read a head; raises `canonical.NotCanonical` for anything else."""
        if len(data) > MOST_HEAD_BYTES or not data.endswith(b"\n"):
            raise canonical.NotCanonical("is not one line")
        value = canonical.loads(data[:-1])
        try:
            head = cls(
                case=value["case"],
                lines=value["lines"],
                sha256=value["sha256"],
                log_bytes=value["log_bytes"],
            )
            sound = head.text() == data and isinstance(head.case, str)
        except (KeyError, TypeError):
            sound = False
        if not sound or type(head.lines) is not int or type(head.log_bytes) is not int:
            raise canonical.NotCanonical("lacks a field of a head, or has a wrong one")
        return head


def read_head(folder: Path) -> Head | None:
    """Read ``case.head.json``; None where it is missing, a link, or none."""
    try:
        data = read_small(folder / HEAD, MOST_HEAD_BYTES)
        return Head.read(data)
    except (OSError, canonical.NotCanonical):
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the log as it is on the disk.

    ``entry`` is None where the line cannot be read; ``fault`` and ``place`` (a byte of the line)
    then state the reason. ``whole`` is False for a last line without its line end.
    """

    number: int
    offset: int
    length: int
    sha256: str
    whole: bool
    entry: Entry | None = None
    fault: str = ""
    place: int | None = None


def read_lines(descriptor: int) -> tuple[Line, ...]:
    """Read every line of an open log."""
    if os.fstat(descriptor).st_size > _LARGEST_LOG:
        raise UnreadableError(f"{LOG}: has over {_LARGEST_LOG:,} bytes; continue in a new case")
    lines: list[Line] = []
    values = 0
    with os.fdopen(os.dup(descriptor), "rb", buffering=_CHUNK) as stream:
        stream.seek(0)
        offset = 0
        while data := stream.readline(_LONGEST_LINE):
            digest, length, whole = hashlib.sha256(), len(data), data.endswith(b"\n")
            values += sum(data.count(mark) for mark in (b",", b"[", b"{"))
            if values > _MOST_VALUES:
                raise UnreadableError(
                    f"{LOG}: has over {_MOST_VALUES:,} values; it is not a case log"
                )
            if whole or length < _LONGEST_LINE:
                line = _line(len(lines) + 1, offset, data[:-1] if whole else data, whole)
                lines.append(line)
                offset += length
                continue
            digest.update(data)
            while not whole and (more := stream.readline(_CHUNK)):
                whole = more.endswith(b"\n")
                digest.update(more[:-1] if whole else more)
                length += len(more)
            lines.append(
                Line(
                    number=len(lines) + 1,
                    offset=offset,
                    length=length - whole,
                    sha256=digest.hexdigest(),
                    whole=whole,
                    fault=f"is longer than {_LONGEST_LINE:,} bytes",
                )
            )
            offset += length
    return tuple(lines)


def _line(number: int, offset: int, data: bytes, whole: bool) -> Line:
    entry, fault, place = None, "", None
    try:
        entry = Entry.read(data)
    except canonical.NotCanonical as error:
        fault, place = str(error), error.place
    return Line(
        number=number,
        offset=offset,
        length=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        whole=whole,
        entry=entry,
        fault=fault,
        place=place,
    )
