"""One time as a file states it, and how the texts of dates are read."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Role = Literal["capture", "digitised", "written", "metadata", "position", "sent", "signed"]

_FORM = re.compile(
    r"(?P<y>\d{4})(?:[:\-/.](?P<mo>\d{1,2})(?:[:\-/.](?P<d>\d{1,2})"
    r"(?:[ T]+(?P<h>\d{1,2}):(?P<mi>\d{2})(?::(?P<s>\d{2})(?:[.,](?P<f>\d{1,9})\d*)?)?"
    r"[ ]?(?P<z>Z|UTC|[+-]\d{1,2}:\d{2}|[+-]\d{4})?)?)?)?",
    re.ASCII,
)
_ZONE = re.compile(r"\s*(?:Z|UTC|(?P<sign>[+-])(?P<h>\d{1,2}):?(?P<m>\d{2}))\s*", re.ASCII)
_LONGEST = 48  # characters of the longest date any of the standards writes, with room
# No photograph is older (Niepce, 1826), and no clock that says later is right.
_YEARS = range(1826, 2101)


@dataclass(frozen=True, slots=True, kw_only=True)
class Time:
    """One time as a file states it. A clock can be wrong; a tag can be edited.

    Attributes
    ----------
    value : str
        ISO 8601, as precise as the file: ``2017-09-12T10:03:11``, ``2017-09``; with the zone
        where there is one (``+03:00`` or ``Z``).
    zone : str or None
        ``UTC``, ``+03:00``, or None: unknown, and never guessed.
    source : str
        ``camera clock``, ``GPS``, ``camera or software``, ``XMP``, ``IPTC``, ``PNG``, ``drone``
        (the autopilot's clock), ``file name``, ``signed`` (a time stamp that another reader
        validated).
    tag : str
        The field, ``group:name``.
    uncertainty_s : float
        The stated time is ``[value, value + uncertainty_s)``: what the written digits leave open,
        not how wrong the clock is.
    role : str
        ``capture``, ``digitised``, ``written`` (last save of the picture), ``metadata`` (last
        save of the tags), ``position`` (fix of the GPS receiver), ``sent`` (a messenger or a
        platform named the file), ``signed`` (the file existed then).
    clock : str
        What is known of the clock itself, in words: usually that its error is not known.
    offset, length : int or None
        Place of the raw bytes; for XMP that of its packet. None: no single place.
    """

    value: str
    zone: str | None
    source: str
    tag: str
    uncertainty_s: float
    role: Role
    clock: str = "error unknown"
    offset: int | None = None
    length: int | None = None


def parse_zone(text: str) -> str | None:
    """Read an offset such as ``+02:00`` or ``Z``; None where it is none between -12 and +14 h."""
    match = _ZONE.fullmatch(text)
    if match is None:
        return None
    if match["sign"] is None:
        return "UTC"
    minutes = int(match["h"]) * 60 + int(match["m"])
    signed = -minutes if match["sign"] == "-" else minutes
    if int(match["m"]) > 59 or not -12 * 60 <= signed <= 14 * 60:
        return None
    return f"{match['sign']}{minutes // 60:02}:{minutes % 60:02}"


def parse_time(text: str, *, fraction: str = "", zone: str | None = None) -> (
    tuple[str, str | None, float] | None
):  # fmt: skip
    """Read a date as EXIF, XMP or PNG write it.

    Returns
    -------
    (value, zone, uncertainty_s), or None where the text is no possible date. An unset clock
    (``0000:00:00``, blanks) is no date either.
    """
    text = text.strip()
    match = _FORM.fullmatch(text) if len(text) <= _LONGEST else None
    if match is None or int(match["y"]) not in _YEARS:
        return None
    part = match.groupdict()
    month, day = int(part["mo"] or 1), int(part["d"] or 1)
    clock = [int(part[key] or 0) for key in ("h", "mi", "s")]
    try:
        # A second of 60 is a leap second; datetime knows none.
        moment = datetime(int(part["y"]), month, day, clock[0], clock[1], min(clock[2], 59))
    except ValueError:
        return None
    if clock[2] > 60:
        return None
    zone = parse_zone(part["z"]) if part["z"] else zone
    if part["h"] is None:
        form, span = next(
            (form, span)
            for key, form, span in (("d", "%Y-%m-%d", 86_400.0), ("mo", "%Y-%m", 31 * 86_400.0),
                                    ("y", "%Y", 366 * 86_400.0))
            if part[key] is not None
        )  # fmt: skip
        return moment.strftime(form).zfill(4), zone, span
    digits = (part["f"] or fraction).strip()
    digits = digits[:6] if digits.isascii() and digits.isdigit() else ""
    value = moment.isoformat(timespec="seconds") + (f".{digits}" if digits else "")
    span = 60.0 if part["s"] is None else 10.0 ** -len(digits)
    suffix = "" if zone is None else "Z" if zone == "UTC" else zone
    return value + suffix, zone, span


# First moments of clocks: the POSIX, FAT and GPS epochs, and the first day that cameras without
# a battery have been seen to count from (1 January of a year, midnight).
_EPOCHS = ("1970-01-01", "1980-01-01", "1980-01-06")


def looks_unset(time: Time) -> bool:
    """Tell whether a time stands where clocks stand that nobody set.

    An epoch, or the first hour of a year. A real picture of that hour is taken for unset, too.
    """
    return time.value[:10] in _EPOCHS or time.value[4:13] == "-01-01T00"


def signed_time(text: str, *, tag: str, role: Role = "signed") -> Time | None:
    """Make a `Time` of one that another reader took from a valid signature.

    Parameters
    ----------
    text : str
        ISO 8601 with a zone; None is returned for anything else.
    tag : str
        Where it stands, as shown to the reader: ``C2PA:time stamp``.
    role : str
        ``signed`` for a time stamp (the file existed then); ``capture`` for a signed statement
        of when the picture was taken.
    """
    parsed = parse_time(text)
    if parsed is None or parsed[1] is None:
        return None
    clock = "of the time-stamp authority" if role == "signed" else "of whoever signed"
    return Time(value=parsed[0], zone=parsed[1], source="signed", tag=tag,
                uncertainty_s=parsed[2], role=role, clock=clock)  # fmt: skip
