"""ExifTool as a second reader, run on request, and where its values differ from this reader's.

The caller names the executable. Each file is read by a process of its own, from a private copy
under a generated name, with a time limit and limits on memory and output. Versions before 12.38
run commands hidden in file names (CVE-2022-23935) and are refused. ``-config ""`` keeps a
configuration file, which is Perl code, from being run.
"""

import contextlib
import json
import math
import os
import re
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from imgcheck.errors import MissingDependencyError
from imgcheck.imaging.containers import structure as read_structure
from imgcheck.imaging.containers.tree import Structure
from imgcheck.imaging.image import FileContent, file_bytes
from imgcheck.provenance.fields.carriers import carriers, exif_start
from imgcheck.provenance.fields.values import MAX_ENTRIES, MAX_TEXT, Reading, TagEntry, Value

OLDEST = (12, 38)  # CVE-2022-23935 is fixed from here on
MEASURED = (12, 57)  # the version whose agreement with this reader was measured
_MAX_OUTPUT = 16 << 20  # bytes of one answer; 120 camera files gave 1 MB together
_MAX_MEMORY = 2 << 30  # address space of the process
_ENDINGS = {"jpeg": "jpg", "png": "png", "tiff": "tif", "webp": "webp", "gif": "gif",
            "bmp": "bmp", "jp2": "jp2", "heif": "heic", "avif": "avif"}  # fmt: skip
# -n: values as stored; -H: the number of each tag.
_OPTIONS = ("-j", "-G1", "-n", "-H", "-a", "-charset", "filename=UTF8", "--System:all")

_GROUPS = {"IFD0": "IFD0", "IFD1": "IFD1", "ExifIFD": "ExifIFD", "GPS": "GPS",
           "InteropIFD": "Interop"}  # fmt: skip
_OFFSETS = {0x0111, 0x0144, 0x0201}  # printed as places in the file, stored from the header on
_APEX = {0x9201, 0x9202, 0x9205}  # printed as seconds or as an f-number
_POSITIONS = (2, 4, 20, 22)  # degrees, minutes, seconds; printed as degrees
_GPS_TIME = 7

SecondValue: TypeAlias = str | tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondEntry:
    """One value as ExifTool printed it; numbers stay the digits it wrote."""

    group: str
    name: str
    value: SecondValue
    tag: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondReading:
    """The values ExifTool found in one file. Text is untrusted, like everything from a file."""

    version: str
    entries: tuple[SecondEntry, ...]
    reader: str = "exiftool"


@dataclass(frozen=True, slots=True, kw_only=True)
class NoSecondReading:
    """ExifTool gave no usable answer; ``problem`` is the reason."""

    version: str
    problem: str
    reader: str = "exiftool"


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """One field for which two readers give different values; ``ours`` None: not found here.

    ``tag`` is ``group:name`` as in `Metadata.tags`; ``offset`` and ``length`` are the place of the
    raw bytes, where they are one run of the file.
    """

    tag: str
    ours: Value | None
    theirs: str
    our_reader: str
    their_reader: str
    offset: int | None = None
    length: int | None = None


class _Failure(Exception):
    """The process gave no usable answer; the text is the reason."""


class ExifTool:
    """A checked ``exiftool`` executable.

    Parameters
    ----------
    executable : path
        The program; the caller decides which one is trusted.
    timeout_s : float, default 10
        Seconds for one file.

    Attributes
    ----------
    version : str
    warnings : tuple of str
        Sentences to show once, such as that the version is older than the measured one.

    Raises
    ------
    MissingDependencyError
        If the program cannot be started, does not answer, or is older than 12.38.
    """

    def __init__(self, executable: str | os.PathLike[str], *, timeout_s: float = 10.0) -> None:
        self._executable = Path(executable).absolute()
        self._timeout = timeout_s
        self.version = self._check_version()
        older = tuple(map(int, self.version.split("."))) < MEASURED
        note = f"exiftool {self.version} is older than 12.57, the version used to measure agreement"
        self.warnings = (note,) if older else ()

    def read(self, data: bytes, *, format: str) -> SecondReading | NoSecondReading:
        """Read the bytes of one file; never raises for what the file or the process does."""
        try:
            answer = self._run(data, format, *_OPTIONS)
            return SecondReading(version=self.version, entries=_entries(answer))
        except (_Failure, OSError) as failure:
            return NoSecondReading(version=self.version, problem=str(failure)[:200])

    def _check_version(self) -> str:
        try:
            answer = self._run(None, "", "-ver").decode("ascii", "replace").strip()
        except (_Failure, OSError) as failure:
            raise MissingDependencyError(
                f"exiftool at {self._executable} cannot be used ({failure}); "
                "give the path of a working one or leave it out"
            ) from failure
        match = re.fullmatch(r"(\d{1,3})\.(\d{1,3})", answer)
        if match is None:
            raise MissingDependencyError(
                f"{self._executable} does not answer like exiftool; "
                "give the path of a working one or leave it out"
            )
        if (int(match[1]), int(match[2])) < OLDEST:
            raise MissingDependencyError(
                f"exiftool {answer} runs commands hidden in file names (CVE-2022-23935); "
                "update to 12.38 or later, or leave it out"
            )
        return answer

    def _run(self, data: bytes | None, format: str, *options: str) -> bytes:
        """Run the program on a private copy of the bytes and return what it printed."""
        windows = sys.platform == "win32"
        with tempfile.TemporaryDirectory(prefix="imgcheck-second-reader-") as folder:
            arguments = list(options)
            if data is not None:
                copy = Path(folder, f"picture.{_ENDINGS.get(format, 'bin')}")
                copy.write_bytes(data)
                arguments.append(str(copy))
            with Path(folder, "answer").open("w+b") as answer:
                process = subprocess.Popen(
                    [str(self._executable), "-config", "", *arguments],
                    stdin=subprocess.DEVNULL, stdout=answer, stderr=subprocess.DEVNULL,
                    # A fixed environment: no PERL5OPT of the caller, the same output everywhere.
                    env=None if windows else {"PATH": os.defpath, "LC_ALL": "C"},
                    cwd=folder, start_new_session=not windows,
                )  # fmt: skip
                try:
                    _limit_resources(process.pid)
                    process.wait(timeout=self._timeout)
                except subprocess.TimeoutExpired:
                    raise _Failure(f"no answer within {self._timeout:g} s") from None
                finally:
                    _end(process)
                answer.seek(0)
                printed = answer.read(_MAX_OUTPUT + 1)
        if len(printed) >= _MAX_OUTPUT:
            raise _Failure(f"its answer is longer than {_MAX_OUTPUT >> 20} MB")
        return printed


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of the process; a wrapper script may have children."""
    with contextlib.suppress(OSError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=5)


def _limit_resources(pid: int) -> None:
    if sys.platform == "linux":
        import resource

        with contextlib.suppress(OSError, ValueError):
            resource.prlimit(pid, resource.RLIMIT_AS, (_MAX_MEMORY, _MAX_MEMORY))
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (_MAX_OUTPUT, _MAX_OUTPUT))


def _entries(answer: bytes) -> tuple[SecondEntry, ...]:
    try:
        text = answer.decode("utf-8", "replace")
        rows = json.loads(text, parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError) as error:
        raise _Failure("its answer is not JSON") from error
    if not isinstance(rows, list) or len(rows) != 1 or not isinstance(rows[0], dict):
        raise _Failure("its answer is not about one file")
    found: list[SecondEntry] = []
    for key, item in rows[0].items():
        group, mark, name = key.partition(":")
        if not mark or not isinstance(item, dict) or group == "System":
            continue
        if len(found) >= MAX_ENTRIES:
            break
        number = item.get("id")
        hexadecimal = isinstance(number, str) and re.fullmatch(r"0x[0-9a-f]{1,8}", number)
        found.append(SecondEntry(group=group[:80], name=name[:80], value=_plain(item.get("val")),
                                 tag=int(str(number), 16) if hexadecimal else None))  # fmt: skip
    return tuple(found)


def _plain(value: object) -> SecondValue:
    if isinstance(value, list):
        return tuple(str(item)[:MAX_TEXT] for item in value[:1000])
    return str(value)[:MAX_TEXT]


def disagreements(
    data: FileContent, entries: tuple[TagEntry, ...], second: SecondReading, *,
    format: str, structure: Structure | None = None,
) -> tuple[Disagreement, ...]:  # fmt: skip
    """List the standard EXIF fields for which ExifTool gives another value.

    Parameters
    ----------
    data : bytes or path
        The whole file, or where it lies.
    entries : tuple of TagEntry
        ``Metadata.entries`` of the same file.
    second : SecondReading
        Of the same file.
    format, structure
        As for `metadata`.

    Returns
    -------
    tuple of Disagreement
        In the order of ExifTool. Values count as equal up to what it rounds (10 digits of a
        rational) and converts (APEX values, degrees, offsets). Fields found only here are not
        listed: ExifTool follows pointers and maker notes instead of printing them.
    """
    data = file_bytes(data)
    mine: dict[tuple[str, int], list[TagEntry]] = {}
    for entry in entries:
        if entry.reader == "exif" and entry.tag is not None:
            mine.setdefault((entry.group, entry.tag), []).append(entry)
    start = tiff_start(data, format=format, structure=structure)
    found: list[Disagreement] = []
    seen: set[tuple[str, int]] = set()
    for theirs in second.entries:
        group = _GROUPS.get(theirs.group)
        if group is None or theirs.tag is None or (group, theirs.tag) in seen:
            continue
        seen.add((group, theirs.tag))
        # Readers may show either value of a duplicate field; the duplicate is observed elsewhere.
        candidates = mine.get((group, theirs.tag), [])[:16]
        ours = candidates[0] if candidates else None
        written = theirs.value if isinstance(theirs.value, str) else " ".join(theirs.value)
        if ours is not None and _only_counted(ours, written):
            continue
        if not any(same_value(entry, written, start=start) for entry in candidates):
            found.append(Disagreement(
                tag=f"{group}:{ours.name if ours else theirs.name}",
                ours=ours.value if ours else None, theirs=written,
                our_reader=ours.reader if ours else "exif",
                their_reader=f"{second.reader} {second.version}",
                offset=ours.offset if ours else None, length=ours.length if ours else None,
            ))  # fmt: skip
    return tuple(found)


def tiff_start(data: bytes, *, format: str, structure: Structure | None = None) -> int:
    """Return the place of the first TIFF header in the file; 0 where it is packed or absent."""
    tree = structure if structure is not None else read_structure(data, format=format)
    for carrier in carriers(Reading(data=data), tree):
        if carrier.kind == "exif" and carrier.packed is None:
            return exif_start(data, carrier.offset, carrier.offset + carrier.length)
    return 0


def same_value(entry: TagEntry, written: str, *, start: int = 0) -> bool:
    """Return whether what ExifTool prints with ``-n`` is the value of an entry.

    ``start`` is the place of the TIFF header, which ExifTool adds to stored offsets.
    """
    value, tag, gps = entry.value, entry.tag or 0, entry.group == "GPS"
    if not gps and tag in _OFFSETS and isinstance(value, int):
        return written in (str(value + start), str(value))
    if not gps and tag in _APEX and isinstance(value, int | float):
        return _near(_unit(tag, float(value)), written) or written == str(value)
    if written.startswith("(Binary data "):
        return _same_length(entry, int(re.findall(r"\d+", written)[0]))
    if gps and tag in _POSITIONS and isinstance(value, list):
        return _near(sum(_number(part) / 60**i for i, part in enumerate(value)), written)
    if gps and tag == _GPS_TIME and isinstance(value, list):
        parts = written.split(":")
        return len(parts) == len(value) and all(map(_near, value, parts))
    if isinstance(value, str) and not re.fullmatch(r"-?\d+/0", value):
        return _same_text(value.rstrip("\0 "), written.rstrip("\0 "))
    values = value if isinstance(value, list) else [value]
    tokens = written.split()
    return len(values) == len(tokens) and all(map(_near, values, tokens))


def _only_counted(entry: TagEntry, written: str) -> bool:
    """Return whether only the length is kept here of a value that ExifTool prints as text."""
    counted = re.fullmatch(r"\(\d+ (?:bytes|values)\)", str(entry.value))
    return counted is not None and not written.startswith("(Binary data ")


def _unit(tag: int, value: float) -> float:
    exponent = -value if tag == 0x9201 else value / 2
    return 2.0 ** max(-1000.0, min(1000.0, exponent))


def _same_length(entry: TagEntry, length: int) -> bool:
    if isinstance(entry.value, list):  # printed as text there, or as bytes
        return length in (len(" ".join(map(str, entry.value))), entry.length)
    counted = re.fullmatch(r"\((\d+) (bytes|values)\)", str(entry.value))
    if counted is None:
        return length == entry.length
    # A list too long to keep has another length as text than as bytes.
    return counted[2] == "values" or int(counted[1]) == length


def _same_text(mine: str, written: str) -> bool:
    """Compare texts; ExifTool prints a question mark for each byte that is not UTF-8."""
    return mine == written or (
        "?" in written and "".join(c if c < "\x80" else "?" for c in mine) == written
    )


def _number(value: object) -> float:
    try:
        return float(str(value)[:400])
    except (ValueError, OverflowError):
        return math.nan


def _near(value: object, written: str) -> bool:
    if isinstance(value, str) and value.endswith("/0"):
        return written == "undef" if value == "0/0" else written in ("inf", "-inf")
    number, wanted = _number(value), _number(written)
    if math.isnan(number):
        return str(value) == written
    # ExifTool rounds rationals to 10 digits.
    return number == wanted or abs(number - wanted) <= 6e-10 * abs(wanted)
