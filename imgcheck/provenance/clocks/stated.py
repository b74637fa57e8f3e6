"""One time as a file states it, and how the texts of dates are read."""

import re
from calendar import isleap, monthrange
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

Role = Literal["capture", "digitised", "written", "metadata", "position", "sent", "signed"]

# Exif 3.0, 4.6.5: blanks stand for parts that are not known; IIM 4.2 and many writers put zeros.
_PART = r"(?: ?\d{1,2}|[ ?xX*_]{2})"
_DATE = re.compile(
    rf"(?P<y>\d{{4}})(?:(?P<mo>\d\d)(?P<d>\d\d)(?=$|[ T:])|(?P<mo2>\d\d)(?P<d2>\d\d)(?=\d{{6}})"
    rf"|[:\-/.](?P<mo3>{_PART})(?:[:\-/.](?P<d3>{_PART}))?)?",
    re.ASCII,
)
_ZONED = r"(?:Z|(?:UTC|GMT)?[+-]\d{1,2}(?::?\d{2})?|UTC|GMT)"
# Morning and afternoon, also in Chinese, Japanese and Korean.
_AFTERNOON = ("p", "P", "\u4e0b\u5348", "\u5348\u5f8c", "\uc624\ud6c4")
_HALF = rf"[AaPp]\.?\s?[Mm]\.?|\u4e0a\u5348|\u5348\u524d|\uc624\uc804|{'|'.join(_AFTERNOON[2:])}"
_CLOCK = re.compile(
    rf"(?P<half1>{_HALF})?\s*"
    rf"(?:(?P<h>\d{{1,2}}):(?P<mi>{_PART})(?::(?P<s>{_PART})(?:[.,:](?P<f>\d{{1,9}})\d*)?)?"
    r"|(?P<h2>\d\d)(?P<mi2>\d\d)(?P<s2>\d\d)?|(?P<h3>\d\d)[: ?xX*_]*)"
    rf"\s*(?P<half2>{_HALF})?\s*(?P<z>{_ZONED})?"
)
# 12.30.15, 12-30-15 and 12h30m15s.
_OTHER_CLOCK = re.compile(r"(\d{1,2})[.h-](\d\d)[.m-](\d\d)s?", re.ASCII)
_DATE_SIGNS = str.maketrans({"\u5e74": ":", "\u6708": ":", "\u65e5": " "})  # year, month, day
_NO_CLOCK = re.compile(r"[ :?xX*_TZ]*")
# RFC 1123 (what PNG recommends for "Creation Time"), and the same as C and Java print it.
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAMED = re.compile(
    r"(?:[A-Za-z]{3,9},? +)?"
    r"(?:(?P<d>\d{1,2})[ -](?P<mo>[A-Za-z]{3,9})\.?[ -](?P<y>\d{4})(?P<rest> .*)?"
    r"|(?P<mo2>[A-Za-z]{3,9})\.? +(?P<d2>\d{1,2}),? +(?P<rest2>\d{1,2}:\d\d.*?) +(?P<y2>\d{4}))",
    re.ASCII,
)
_YEAR_LAST = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})(?P<rest>[ T].*)?", re.ASCII)
_ZONE = re.compile(
    r"\s*(?:Z|(?:UTC|GMT)?(?P<sign>[+-])(?P<h>\d{1,2})(?::?(?P<m>\d{2}))?|UTC|GMT)\s*", re.ASCII
)
_LONGEST = 48  # characters of the longest date any of the standards writes, with room
# No photograph is older (Niepce, 1826), and a later time is a wrong clock.
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
        (the autopilot's clock), ``phone`` (its own note behind the picture), ``file name``,
        ``signed`` (a time stamp that was validated).
    uncertainty_s : float
        The stated time is ``[value, value + uncertainty_s)``: what the written digits leave open,
        not how wrong the clock is.
    role : str
        ``capture``, ``digitised``, ``written`` (last save of the picture), ``metadata`` (last
        save of the tags), ``position`` (fix of the GPS receiver), ``sent`` (a messenger or a
        platform named the file), ``signed`` (the file existed then).
    clock : str
        What is known of the clock itself, in words.
    local_offset_s : float or None
        Local time minus UTC, where another time in the same file shows it.
    doubt : str
        Why the clock is probably wrong, where the file itself shows it; empty otherwise.
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
    local_offset_s: float | None = None
    doubt: str = ""
    offset: int | None = None
    length: int | None = None


def parse_zone(text: str) -> str | None:
    """Read an offset such as ``+02:00`` or ``Z``; None unless it is between -12 and +14 h."""
    match = _ZONE.fullmatch(text)
    if match is None:
        return None
    if match["sign"] is None:
        return "UTC"
    minutes = int(match["h"]) * 60 + int(match["m"] or 0)
    signed = -minutes if match["sign"] == "-" else minutes
    if int(match["m"] or 0) > 59 or not -12 * 60 <= signed <= 14 * 60:
        return None
    return f"{match['sign']}{minutes // 60:02}:{minutes % 60:02}"


class Stated(NamedTuple):
    """A date that was read: ISO 8601, its zone, what its digits leave open, and what was odd."""

    value: str
    zone: str | None
    uncertainty_s: float
    note: str = ""


def parse_time(text: str, *, fraction: str = "", zone: str | None = None) -> Stated | None:
    """Read a date as EXIF, XMP, IPTC or PNG write it.

    Parts that are not stated (blanks, zeros) are left out: ``2021:06:00`` is June 2021. An
    impossible time of day is left out, too, and ``note`` records it. None where the text is not a
    possible date; an unset clock (``0000:00:00``, blanks) is not a date either.
    """
    text = text.strip()
    if len(text) > _LONGEST:
        return None
    text = text.translate(_DATE_SIGNS)
    text = _numeric(text) or text
    match = _DATE.match(text)
    if match is None or int(match["y"]) not in _YEARS:
        return None
    year = int(match["y"])
    month, day = _known(match, "mo"), _known(match, "d")
    rest = text[match.end() :]
    if rest and rest[0] not in " T:" and not (rest[0].isdigit() and match["mo2"]):
        return None
    rest = _OTHER_CLOCK.sub(r"\1:\2:\3", rest.strip(" T:"), count=1)
    if not month or not day:
        return _part_of_a_year(year, month, zone)
    try:
        midnight = datetime(year, month, day)
    except ValueError:
        return None
    whole_day = Stated(midnight.strftime("%Y-%m-%d"), zone, 86_400.0)
    if _NO_CLOCK.fullmatch(rest):
        return whole_day
    clock = _CLOCK.fullmatch(rest)
    read = None if clock is None else _at(midnight, clock, fraction, zone)
    return read or whole_day._replace(note=f"the time of day {rest[:20]!r} cannot be read")


def _known(match: re.Match[str], name: str) -> int:
    text = next((match[key] for key in (name, f"{name}2", f"{name}3") if match[key]), "")
    return int(text) if text.strip().isdigit() else 0


def _part_of_a_year(year: int, month: int, zone: str | None) -> Stated | None:
    """Return a year, or a month of it; a day and a time of day without them mean nothing."""
    if month > 12:
        return None
    if not month:
        return Stated(f"{year:04}", zone, (366 if isleap(year) else 365) * 86_400.0)
    return Stated(f"{year:04}-{month:02}", zone, monthrange(year, month)[1] * 86_400.0)


def _at(midnight: datetime, match: re.Match[str], fraction: str, zone: str | None) -> Stated | None:
    """Add the time of day; None where it is impossible."""
    hour = int(match["h"] or match["h2"] or match["h3"])
    written = match["mi"] or match["mi2"] or "", match["s"] or match["s2"] or ""
    minute, second = (int(part) if part.strip().isdigit() else None for part in written)
    second = None if minute is None else second
    half, note = match["half1"] or match["half2"], ""
    span = 3600.0 if minute is None else 60.0 if second is None else 1.0
    if half is not None:
        afternoon = half.startswith(_AFTERNOON)
        if hour > 12 and not afternoon:
            return None
        hour = hour % 12 + 12 * afternoon if hour <= 12 else hour
    elif hour == 24:
        # Android writes the first hour of a day so; ISO 8601 its last moment, at 24:00:00 only.
        hour, note = 0, "hour 24 is read as hour 0 of the same day"
        if not minute and not second:
            span, note = 86_401.0, "24:00:00 may be the first or the last moment of the day"
    # A second of 60 is a leap second; datetime knows none.
    if hour > 23 or (minute or 0) > 59 or (second or 0) > 60:
        return None
    moment = midnight.replace(hour=hour, minute=minute or 0, second=min(second or 0, 59))
    digits = (match["f"] or fraction).strip() if span == 1.0 else ""
    digits = digits[:6] if digits.isascii() and digits.isdigit() else ""
    zone = parse_zone(match["z"]) if match["z"] else zone
    return Stated(
        with_zone(moment.isoformat(timespec="seconds") + (f".{digits}" if digits else ""), zone),
        zone, 10.0 ** -len(digits) if span == 1.0 else span, note,
    )  # fmt: skip


def with_zone(digits: str, zone: str | None) -> str:
    return digits + ("" if zone is None else "Z" if zone == "UTC" else zone)


def _numeric(text: str) -> str | None:
    """Rewrite a date that names its month, or puts the year last, with the year first."""
    match = _NAMED.fullmatch(text)
    if match is not None:
        name = (match["mo"] or match["mo2"])[:3].lower()
        if name not in _MONTHS:
            return None
        day, year = match["d"] or match["d2"], match["y"] or match["y2"]
        rest = match["rest"] or match["rest2"] or ""
        return f"{year}-{_MONTHS.index(name) + 1:02}-{int(day):02} {rest.strip()}"
    match = _YEAR_LAST.fullmatch(text)
    if match is None:
        return None
    one, two = int(match[1]), int(match[2])
    if one == two or one > 12:
        day, month = one, two
    elif two > 12:
        day, month = two, one
    else:
        return None  # 01/06 is January or June, by the country of whoever wrote it
    return f"{match[3]}-{month:02}-{day:02} {(match['rest'] or '').strip()}"


# Start values of clocks: the POSIX, FAT and GPS epochs, and the first day that cameras without
# a battery have been seen to count from (1 January of a year, midnight).
_EPOCHS = ("1970-01-01", "1980-01-01", "1980-01-06")


def looks_unset(time: Time) -> bool:
    """Return whether a time is a start value of unset clocks: an epoch, or 1 January, 0 h.

    A real picture of that hour is taken for unset, too.
    """
    return time.value[:10] in _EPOCHS or time.value[4:13] == "-01-01T00"


def signed_time(text: str, *, tag: str) -> Time | None:
    """Make a `Time` of a validated time stamp; None unless it is ISO 8601 with a zone.

    ``tag`` is its place as shown to the reader: ``C2PA:time stamp``.
    """
    parsed = parse_time(text)
    if parsed is None or parsed.zone is None:
        return None
    return Time(value=parsed.value, zone=parsed.zone, source="signed", tag=tag, role="signed",
                uncertainty_s=parsed.uncertainty_s,
                clock="of the time-stamp authority")  # fmt: skip
