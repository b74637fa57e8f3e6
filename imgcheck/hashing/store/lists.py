"""Reading published hash lists line by line, with an error that names every unreadable line.

Text and CSV as the PDQ tools and ThreatExchange write them (one hash a line; ``hash,quality,name``
with or without a header), strings of ImageHash of a stated kind, and what auto-archiver leaves:
its CSV database (``status, metadata, media``), its sheet saved as CSV (a column ``pdq_hash`` or
``perceptual hashes``), and metadata in JSON.
"""

import ast
import csv
import json
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imgcheck.errors import ImgcheckError, RefusedError, UnreadableError, UsageError
from imgcheck.hashing.store import arguments

AUTO_ARCHIVER = "auto-archiver"
FORMATS = ("auto", *arguments.BITS, AUTO_ARCHIVER)

# Names of columns in the headers of published lists, in lower case.
_HASH = ("hash", "pdq", "pdq_hash", "pdqhash", "pdq hash", "phash", "dhash", "hex", "value")
_SHEET = ("pdq_hash", "perceptual hashes", "perceptual_hashes")
_LABEL = ("filename", "file", "name", "label", "path", "url", "link", "image", "id")
_QUALITY = ("quality", "pdq_quality")
_DATE = ("date", "timestamp", "upload timestamp")

# A metadata record of one post with hundreds of media; longer fields are no such thing.
_LONGEST_FIELD = 16 * 2**20
_LARGEST_JSON = 512 * 2**20
_MOST_NAMED = 10
_HEX = re.compile(r"[0-9a-fA-F]{16}([0-9a-fA-F]{48})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class HashList:
    """The content of a list, in its order."""

    kind: str  # one of `arguments.BITS`
    digits: tuple[str, ...]  # lower-case hexadecimal digits
    quality: tuple[int, ...]  # 100 where the list states none
    labels: tuple[str, ...]  # the name in the file, or its line number
    dates: tuple[str | None, ...]

    def __len__(self) -> int:
        return len(self.digits)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    digits: str
    line: int
    quality: int = 100
    label: str = ""
    date: str | None = None


class _BadLine(Exception):
    """Why a line cannot be read."""


def read(path: Path, *, format: str = "auto", date: str | None = None) -> HashList:
    """Read a list of hashes.

    Parameters
    ----------
    path : Path
    format : str, default "auto"
        One of `FORMATS`: a kind of hash, "auto-archiver", or "auto": PDQ, unless the file is one
        of auto-archiver. The kind of 64-bit hashes must be stated: the digits do not show it.
    date : str, optional
        For entries without a date of their own.

    Returns
    -------
    HashList

    Raises
    ------
    UnreadableError
        If the file cannot be opened.
    RefusedError
        If a line cannot be read; the first ten are named with their numbers.
    UsageError
        If the format is unknown.
    """
    if format not in FORMATS:
        raise UsageError(f'"{format}" is not a format of a list; write one of {", ".join(FORMATS)}')
    arguments.checked_date(date)
    problems: list[str] = []
    found: list[_Entry] = []
    kind = "pdq" if format in ("auto", AUTO_ARCHIVER) else format
    for entry in _entries(path, format, kind):
        if isinstance(entry, str):
            problems.append(entry)
            if len(problems) > _MOST_NAMED:
                break
        else:
            found.append(entry)
    if problems:
        more = "; and more" if len(problems) > _MOST_NAMED else ""
        raise RefusedError(
            f"{path.name}: nothing was imported: " + "; ".join(problems[:_MOST_NAMED]) + more,
            file=str(path),
        )
    if not found:
        raise RefusedError(
            f"{path.name} holds no hashes; a list has one hash a line, or a column "
            "named hash or pdq_hash",
            file=str(path),
        )
    return HashList(
        kind=kind,
        digits=tuple(e.digits.lower() for e in found),
        quality=tuple(e.quality for e in found),
        labels=tuple(e.label or f"{path.name}:{e.line}" for e in found),
        dates=tuple(e.date or date for e in found),
    )


def _entries(path: Path, format: str, kind: str) -> Iterator[_Entry | str]:
    """Return each entry, or the reason why a line is none."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise UnreadableError(f"{path.name} is not a regular file", file=str(path))
        if format in ("auto", AUTO_ARCHIVER) and path.suffix.lower() in (".json", ".jsonl"):
            yield from _from_json(path)
            return
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
            yield from _from_table(path, lines, format, kind)
    except ImgcheckError:
        raise
    except OSError as error:
        raise UnreadableError(
            f"{path.name} cannot be read: {error.strerror}", file=str(path)
        ) from error


def _from_table(path: Path, lines: Iterable[str], format: str, kind: str) -> Iterator[_Entry | str]:
    rows = csv.reader(lines, skipinitialspace=True)
    csv.field_size_limit(_LONGEST_FIELD)
    header: dict[str, int] | None = None
    first = True
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield f"{path.name}:{rows.line_num}: {error}"
            return
        if not any(cell.strip() for cell in row) or row[0].startswith("#"):
            continue
        try:
            if first and (header := _header(row)) is not None:
                continue
            yield from _of_row(row, header, format, kind, rows.line_num)
        except (_BadLine, UsageError) as error:
            yield f"{path.name}:{rows.line_num}: {error}"
        finally:
            first = False


def _header(row: list[str]) -> dict[str, int] | None:
    """Return the columns by their names, if the row names a column of hashes."""
    names = {cell.strip().lower(): at for at, cell in enumerate(row)}
    known = {*_HASH, *_SHEET, "media"}
    return names if known & names.keys() else None


def _of_row(
    row: list[str], header: dict[str, int] | None, format: str, kind: str, line: int
) -> Iterator[_Entry]:
    if header is None:
        yield _plain(row, kind, line)
        return
    if "media" in header and "metadata" in header:
        yield from _archived(
            _cell(row, header, ("media",)), _cell(row, header, ("metadata",)), line
        )
        return
    sheet = format == AUTO_ARCHIVER or not set(_HASH[:2]) & header.keys()
    text = _cell(row, header, _SHEET if sheet and set(_SHEET) & header.keys() else _HASH)
    date = _cell(row, header, _DATE) or None
    for digits in re.split(r"[,\s]+", text.strip()):
        if not digits and sheet:
            continue  # a row of the sheet whose post has no picture
        yield _Entry(
            digits=_digits(digits, kind),
            line=line,
            quality=_quality(_cell(row, header, _QUALITY)),
            label=_cell(row, header, _LABEL),
            date=_moment(date),
        )


def _plain(row: list[str], kind: str, line: int) -> _Entry:
    """Read a row without header: a hash, perhaps its quality, perhaps a name."""
    cells = [cell.strip() for cell in row]
    if len(cells) == 1:
        # Some tools put blanks or tabs between hash, quality and name.
        cells = cells[0].split(None, 2)
    digits, rest = cells[0], cells[1:]
    quality = _quality(rest.pop(0)) if rest and re.fullmatch(r"\d{1,3}", rest[0]) else 100
    return _Entry(
        digits=_digits(digits, kind), line=line, quality=quality, label=",".join(rest).strip()
    )


def _digits(text: str, kind: str) -> str:
    text = text.strip()
    length = 16 * arguments.width(kind)
    if not _HEX.fullmatch(text) or len(text) != length:
        wish = " (state the kind of a 64-bit hash: phash64 or dhash64)" if len(text) == 16 else ""
        raise _BadLine(
            f"a {kind} hash must have {length} hexadecimal digits, not {text[:80]!r}{wish}"
        )
    return text


def _quality(text: str) -> int:
    if not text:
        return 100
    if not re.fullmatch(r"\d{1,3}", text) or int(text) > 100:
        raise _BadLine(f"the quality must be a number from 0 to 100, not {text[:40]!r}")
    return int(text)


def _cell(row: list[str], header: dict[str, int], names: tuple[str, ...]) -> str:
    at = next((header[name] for name in names if name in header), None)
    return "" if at is None or at >= len(row) else row[at].strip()


def _moment(text: object) -> str | None:
    """Return a date as imgcheck writes it, also from ``2017-09-24 12:30:00+00:00``."""
    if not isinstance(text, str) or not text:
        return None
    written = re.sub(r"^(\d{4}-\d{2}-\d{2}) (?=\d)", r"\1T", text.strip())
    return arguments.checked_date(written)


def _from_json(path: Path) -> Iterator[_Entry | str]:
    if path.stat().st_size > _LARGEST_JSON:
        raise RefusedError(
            f"{path.name} is larger than {_LARGEST_JSON >> 20} MB; cut the list in parts",
            file=str(path),
        )
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    by_line = path.suffix.lower() == ".jsonl"
    for line, part in enumerate(text.splitlines() if by_line else [text], 1):
        try:
            if part.strip():
                yield from _media(json.loads(part), line, None)
        except (ValueError, RecursionError) as error:
            yield f"{path.name}:{getattr(error, 'lineno', line)}: is not JSON ({error})"
        except _BadLine as error:
            yield f"{path.name}:{line}: {error}"


def _archived(media: str, metadata: str, line: int) -> Iterator[_Entry]:
    """Read a row of auto-archiver's CSV database: Python's own way of writing lists."""
    try:
        found = ast.literal_eval(media)
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        raise _BadLine("the column media is not a list as auto-archiver writes it") from None
    stated = re.search(r"'timestamp': '([^']{4,40})'", metadata)
    yield from _media({"media": found}, line, stated.group(1) if stated else None)


def _media(value: Any, line: int, date: str | None, *, depth: int = 0) -> Iterator[_Entry]:
    """Find the media with a hash in metadata, also media inside of media."""
    if depth > 40:
        raise _BadLine("the metadata is nested too deeply")
    if isinstance(value, list):
        for one in value:
            yield from _media(one, line, date, depth=depth + 1)
    if not isinstance(value, dict):
        return
    metadata = value.get("metadata")
    stated = metadata.get("timestamp") if isinstance(metadata, dict) else None
    date = stated if isinstance(stated, str) else date
    properties = value.get("properties")
    holder = properties if isinstance(properties, dict) else value
    digits = holder.get("pdq_hash")
    if isinstance(digits, str) and digits:
        yield _Entry(
            digits=_digits(digits, "pdq"), line=line, label=_name(value), date=_moment(date)
        )
    for inner in (*value.values(), *(holder.values() if holder is not value else ())):
        if isinstance(inner, list) or (isinstance(inner, dict) and inner is not holder):
            yield from _media(inner, line, date, depth=depth + 1)


def _name(media: dict[str, Any]) -> str:
    urls = media.get("urls")
    candidates = [
        *(urls if isinstance(urls, list) else ()),
        media.get("key"),
        media.get("filename"),
    ]
    return next((text for text in candidates if isinstance(text, str) and text), "")
