"""Reading the log: every line with its place, its hash, and what it says."""

import hashlib
import os
from dataclasses import dataclass

from imgcheck.custody import canonical
from imgcheck.custody.entry import Entry
from imgcheck.custody.layout import LOG
from imgcheck.errors import UnreadableError

#: A longer line is hashed but not read. The longest that is written names some 10,000 files.
LONGEST_LINE = 16 << 20
_CHUNK = 1 << 20
# Bounds for a log that was made to fill the memory: some 100,000 additions stay below both.
LARGEST_LOG = 256 << 20
MOST_VALUES = 5_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the log as it stands on the disk.

    ``entry`` is None where the line cannot be read; ``fault`` and ``place`` (a byte of the line)
    then say why. ``whole`` is False for a last line without its line end.
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
    """Read every line of an open log.

    Lines end with a line feed and nothing else.

    Raises
    ------
    UnreadableError
        If the log is over `LARGEST_LOG` bytes or holds over `MOST_VALUES` values.
    """
    if os.fstat(descriptor).st_size > LARGEST_LOG:
        raise UnreadableError(f"{LOG}: has over {LARGEST_LOG:,} bytes; go on in a new case")
    lines: list[Line] = []
    values = 0
    with os.fdopen(os.dup(descriptor), "rb", buffering=_CHUNK) as stream:
        stream.seek(0)
        offset = 0
        while data := stream.readline(LONGEST_LINE):
            digest, length, whole = hashlib.sha256(), len(data), data.endswith(b"\n")
            values += sum(data.count(mark) for mark in (b",", b"[", b"{"))
            if values > MOST_VALUES:
                raise UnreadableError(f"{LOG}: holds over {MOST_VALUES:,} values; it is no log")
            if whole or length < LONGEST_LINE:
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
                    fault=f"is longer than {LONGEST_LINE:,} bytes",
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
