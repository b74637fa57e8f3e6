"""Where two readers of one file read different values: both are kept.

Compared are the fields of the standard EXIF directories (IFD0, IFD1, ExifIFD, GPS, Interop).
What only the first reader gives is no disagreement: ExifTool follows pointers and maker notes
instead of printing them.
"""

import math
import re
from dataclasses import dataclass

from imgcheck.provenance.containers.layout import structure as read_structure
from imgcheck.provenance.containers.tree import FileContent, Structure, file_bytes
from imgcheck.provenance.fields.carriers import carriers, exif_start
from imgcheck.provenance.fields.second_reader import SecondReading, SecondValue
from imgcheck.provenance.fields.value import Reading, TagEntry, Value

_GROUPS = {"IFD0": "IFD0", "IFD1": "IFD1", "ExifIFD": "ExifIFD", "GPS": "GPS",
           "InteropIFD": "Interop"}  # fmt: skip
_OFFSETS = {0x0111, 0x0144, 0x0201}  # printed as places in the file, stored from the header on
_APEX = {0x9201, 0x9202, 0x9205}  # printed as seconds or as an f-number
_POSITIONS = (2, 4, 20, 22)  # degrees, minutes, seconds; printed as degrees
_GPS_TIME = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """One field of which two readers give different values.

    Attributes
    ----------
    tag : str
        ``group:name`` as in `Metadata.tags`.
    ours, theirs : value or None
        None: that reader does not give the field at all.
    our_reader, their_reader : str
        Name of the reader; the second with its version.
    offset, length : int or None
        Place of the raw bytes, where they are one run of the file.
    """

    tag: str
    ours: Value | None
    theirs: str
    our_reader: str
    their_reader: str
    offset: int | None = None
    length: int | None = None


def disagreements(
    data: FileContent, entries: tuple[TagEntry, ...], second: SecondReading, *,
    format: str, structure: Structure | None = None,
) -> tuple[Disagreement, ...]:  # fmt: skip
    """List the standard EXIF fields that the second reader reads otherwise.

    Parameters
    ----------
    data : bytes or path
        The whole file, or where it lies.
    entries : tuple of TagEntry
        ``Metadata.entries`` of the same file.
    second : SecondReading
        Of the same file; without an answer there are no disagreements.
    format, structure
        As for `metadata`.

    Returns
    -------
    tuple of Disagreement
        In the order of the second reader. Equal up to what it rounds (10 digits of a rational)
        and converts (APEX values, degrees, offsets) counts as equal.
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
        # Of a field that stands twice the readers may show either; that it does is observed.
        candidates = mine.get((group, theirs.tag), [])[:16]
        ours = candidates[0] if candidates else None
        written = _flat(theirs.value)
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
    """Give the place of the first TIFF header in the file; 0 where it is packed or absent."""
    tree = structure if structure is not None else read_structure(data, format=format)
    for carrier in carriers(Reading(data=data), tree):
        if carrier.kind == "exif" and carrier.packed is None:
            return exif_start(data, carrier.offset, carrier.offset + carrier.length)
    return 0


def same_value(entry: TagEntry, written: str, *, start: int = 0) -> bool:
    """Tell whether what ExifTool prints with ``-n`` is the value of an entry.

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
    """Tell whether we keep only the length of a value that the other reader prints as text."""
    counted = re.fullmatch(r"\(\d+ (?:bytes|values)\)", str(entry.value))
    return counted is not None and not written.startswith("(Binary data ")


def _flat(value: SecondValue) -> str:
    return value if isinstance(value, str) else " ".join(value)


def _unit(tag: int, value: float) -> float:
    """Turn an APEX value into seconds or an f-number (Exif 3.0, annex C)."""
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
    """Compare texts; ExifTool prints a question mark for each byte that is no UTF-8."""
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
