"""One line of the log as data."""

import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from imgcheck.custody import canonical
from imgcheck.custody.layout import is_place, is_sha256

SCHEMA = "imgcheck-case-log/1"
#: What stands in the first line for the hash of a line before it.
NO_LINE = "0" * 64
TIME_SOURCE = "this machine's clock"
ACTIONS = ("init", "add", "note", "copy", "report", "sign", "recover")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A file that the case keeps: where, how long, and its identity."""

    path: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the log: what was done, when, with what, and which files came of it.

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
        What was put into the case by it.
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
        """Give the canonical text of the line, without its line end."""
        return canonical.dumps(
            {
                "action": self.action,
                "case": self.case,
                "detail": dict(self.detail),
                "files": [{"path": k.path, "sha256": k.sha256, "size": k.size} for k in self.files],
                "operator": self.operator,
                "previous": self.previous,
                "schema": SCHEMA,
                "sequence": self.sequence,
                "time": self.time,
                "time_source": TIME_SOURCE,
                "tool": dict(self.tool),
            }
        )

    @classmethod
    def read(cls, line: bytes) -> "Entry":
        """Read a line.

        Raises
        ------
        canonical.NotCanonical
            If it is not one that this program would have written.
        """
        value = canonical.loads(line)
        if not isinstance(value, dict):
            raise canonical.NotCanonical("is no JSON object")
        if value.get("schema") != SCHEMA:
            raise canonical.NotCanonical(f"is not of the form {SCHEMA}")
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
            raise canonical.NotCanonical(f"lacks a field or has one too many: {error}") from None
        entry._check()
        if entry.line() != line:
            raise canonical.NotCanonical("has a field that does not belong there")
        return entry

    def _check(self) -> None:
        """Refuse fields that are not of their kind, and paths outside the layout."""
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
                raise canonical.NotCanonical("has a hash or a size that is none")


def now() -> str:
    """Give the time of this machine's clock in UTC, to the millisecond."""
    moment = datetime.now(UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def this_tool(libraries: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Say what is at work: versions of imgcheck, Python, the system and libraries."""
    return {
        "libraries": dict(libraries or {}),
        "name": "imgcheck",
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "version": version("imgcheck"),
    }
