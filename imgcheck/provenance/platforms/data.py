"""Marks and file names of platforms: a data file with its counts, dates and sources.

Dates in file names are weak evidence: names are typed by people and programs.
"""

import json
import re
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, Literal, TypeVar

from imgcheck.provenance.clocks.stated import Time, parse_time

FORMAT = 1
_Row = TypeVar("_Row")
#: A mark that rests on fewer files of one platform is only "consistent with" it.
LEAST_FILES = 20
_LONGEST_NAME = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """Traits that a file must have; None is "any".

    ``order`` is a regular expression for the kinds of segments from SOI to the first SOS, one
    blank after each; ``luma_first`` and ``chroma_first`` are the first eight values of the table,
    row by row or in zigzag order; ``quality`` are the IJG qualities that occurred.
    """

    order: str | None = None
    progressive: bool | None = None
    scans: int | None = None
    luma_first: tuple[int, ...] | None = None
    chroma_first: tuple[int, ...] | None = None
    quality: tuple[int, ...] | None = None
    components: tuple[int, ...] | None = None
    sampling: str | None = None
    icc: str | None = None
    fbmd: bool | None = None
    token: bool | None = None
    camera: bool | None = None
    longest_side: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformRow:
    """Marks seen together in files of one platform.

    ``files`` of that platform were examined, ``matching`` of them have all traits of the row;
    ``first_seen`` and ``last_seen`` are their dates. ``background`` counts the files of other
    origin that match, of how many; None: not measured.
    """

    id: str
    platform: str
    mark: str
    traits: Traits
    files: int
    matching: int
    first_seen: str | None
    last_seen: str | None
    source: str
    note: str
    background: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NameRow:
    """A pattern of file names. ``files``: how many were seen; None: not measured."""

    platform: str
    pattern: str
    role: Literal["capture", "sent"] | None
    zone: str | None
    files: int | None
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformData:
    """The whole data file, validated."""

    version: str
    rows: tuple[PlatformRow, ...]
    names: tuple[NameRow, ...] = field(default=())


@cache
def platform_data() -> PlatformData:
    """Load the rows of the package; raises ValueError if the data file breaks its schema."""
    folder = resources.files("imgcheck.provenance.platforms")
    rates = json.loads(folder.joinpath("rates.json").read_text("utf-8"))
    return parse(json.loads(folder.joinpath("platforms.json").read_text("utf-8")), rates["rows"])


def parse(found: Any, background: dict[str, Any]) -> PlatformData:
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise ValueError(f"platforms: the format is {FORMAT}")
    rows = tuple(_row(row, background) for row in found.get("rows", ()))
    if len({row.id for row in rows}) != len(rows):
        raise ValueError("platforms: two rows have one id")
    names = tuple(_name(row) for row in found.get("names", ()))
    return PlatformData(version=str(found.get("version")), rows=rows, names=names)


def _row(row: dict[str, Any], background: dict[str, Any]) -> PlatformRow:
    where = f"platforms: row {row.get('id')!r}"
    listed = {key: tuple(value) if isinstance(value, list) else value
              for key, value in row["traits"].items()}  # fmt: skip
    traits = _made(Traits, where, listed)
    count = background.get(row["id"])
    known = None if count is None else (int(count["matched"]), int(count["files"]))
    made = _made(PlatformRow, where, {**row, "traits": traits, "background": known})
    if traits == Traits():
        raise ValueError(f"{where} has no trait: it would fit every file")
    if not 0 < row["matching"] <= row["files"]:
        raise ValueError(f"{where}: 0 < matching <= files")
    for year in (row["first_seen"], row["last_seen"]):
        if year is not None and not re.fullmatch(r"\d{4}(-\d\d){0,2}", year):
            raise ValueError(f"{where}: {year!r} is not a date; write 2021, 2021-03 or null")
    if traits.order is not None:
        re.compile(traits.order)
    return made


def _name(row: dict[str, Any]) -> NameRow:
    where = f"platforms: name {row.get('pattern')!r}"
    made = _made(NameRow, where, row)
    re.compile(row["pattern"])
    if row["role"] not in (None, "capture", "sent"):
        raise ValueError(f"{where}: role is capture, sent or null")
    if re.search(r"[^\\][*+]", row["pattern"]):
        raise ValueError(f"{where}: every repetition has an upper limit, as in .{{0,20}}")
    return made


def _made(kind: type[_Row], where: str, row: dict[str, Any]) -> _Row:
    try:
        return kind(**row)
    except TypeError as error:  # it names the unknown or missing field
        raise ValueError(f"{where}: {error}") from error


@cache
def _compiled() -> tuple[tuple[re.Pattern[str], NameRow], ...]:
    rows = platform_data().names
    return tuple((re.compile(row.pattern, re.IGNORECASE | re.ASCII), row) for row in rows)


def named_by(name: str) -> tuple[NameRow, dict[str, str]] | None:
    """Return the first pattern of the data file that a name fits, with its parts."""
    if not name or len(name) > _LONGEST_NAME:
        return None
    for pattern, row in _compiled():
        match = pattern.fullmatch(name)
        if match is not None:
            return row, {key: text for key, text in match.groupdict().items() if text}
    return None


def name_times(name: str) -> tuple[Time, ...]:
    """Read the date in a file name without folders; empty where no known pattern fits.

    The role is ``capture`` for name patterns of cameras, and ``sent`` for those of messengers and
    platforms.
    """
    found = named_by(name)
    if found is None or found[0].role is None or not {"y", "m", "d"} <= found[1].keys():
        return ()
    row, parts = found
    text = "-".join(parts[key] for key in "ymd")
    if "H" in parts and "M" in parts:
        text += f"T{int(parts['H']):02}:{parts['M']}"
        text += f":{parts['S']}" if "S" in parts else ""
    parsed = parse_time(text, fraction=parts.get("f", ""), zone=row.zone)
    if parsed is None or row.role is None or parsed.uncertainty_s > 86_400:
        return ()
    return (
        Time(value=parsed.value, zone=parsed.zone, source="file name", tag="file name",
             uncertainty_s=parsed.uncertainty_s, role=row.role,
             clock="a name that anyone can type"),
    )  # fmt: skip
