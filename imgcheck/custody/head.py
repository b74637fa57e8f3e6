"""The head: number and hash of the last line, kept beside the log.

Without it a log whose last lines were cut off would still be a sound chain. It is a check, not a
seal: who can write in the folder can write a new head as well. A copy of the hash kept elsewhere,
or a signature, is the seal.
"""

from dataclasses import dataclass
from pathlib import Path

from imgcheck.custody import canonical, layout
from imgcheck.custody.copying import read_small

SCHEMA = "imgcheck-case-head/1"
#: A head is of some 250 bytes; more than this is none.
MOST_BYTES = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """How far the log goes.

    Attributes
    ----------
    case : str
        Identifier of the case.
    lines : int
        Number of the last line, from 1.
    sha256 : str
        Hash of the bytes of that line, which holds the hash of the line before, and so on.
    log_bytes : int
        Length of the log up to and with the line's end.
    """

    case: str
    lines: int
    sha256: str
    log_bytes: int

    def value(self) -> dict[str, str | int]:
        """Give the head as JSON-ready values."""
        return {
            "case": self.case,
            "lines": self.lines,
            "log_bytes": self.log_bytes,
            "schema": SCHEMA,
            "sha256": self.sha256,
        }

    def text(self) -> bytes:
        """Give the bytes of ``case.head.json``."""
        return canonical.dumps(self.value()) + b"\n"

    @classmethod
    def read(cls, data: bytes) -> "Head":
        """Read a head; raises `canonical.NotCanonical` for anything else."""
        if len(data) > MOST_BYTES or not data.endswith(b"\n"):
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
            raise canonical.NotCanonical("is not of its form")
        return head


def read_head(folder: Path) -> Head | None:
    """Read ``case.head.json``; None where it is missing, a link, or none."""
    try:
        data = read_small(folder / layout.HEAD, MOST_BYTES)
        return Head.read(data)
    except (OSError, canonical.NotCanonical):
        return None
