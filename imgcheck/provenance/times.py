"""Every time a file states, with its zone or without one, and who wrote it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

from imgcheck.provenance.value import Reading, Value

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


# What the source of a time says of its clock.
_CLOCKS = {
    "camera clock": "set by hand or by a phone network; error and drift unknown",
    "camera or software": "of the camera, or of the computer that saved the file; error unknown",
    "GPS": "satellite time of the last fix, which may be older than the picture",
    "drone": "the autopilot's, set by satellites where there was a fix",
    "XMP": "of the computer that wrote the block, or copied from EXIF; error unknown",
    "IPTC": "typed or copied by a person or a program",
    "PNG": "of the computer that wrote the file; error unknown",
}


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


_EXIF: tuple[tuple[str, str, str, str, str, Role], ...] = (
    ("ExifIFD:DateTimeOriginal", "SubSecTimeOriginal", "OffsetTimeOriginal", "camera clock",
     "capture date", "capture"),
    ("ExifIFD:DateTimeDigitized", "SubSecTimeDigitized", "OffsetTimeDigitized", "camera clock",
     "digitising date", "digitised"),
    ("IFD0:DateTime", "SubSecTime", "OffsetTime", "camera or software", "saving date", "written"),
)  # fmt: skip

_XMP: tuple[tuple[str, Role], ...] = (
    ("exif:DateTimeOriginal", "capture"), ("photoshop:DateCreated", "capture"),
    ("exif:DateTimeDigitized", "digitised"), ("xmp:CreateDate", "digitised"),
    ("xmp:ModifyDate", "written"), ("tiff:DateTime", "written"), ("xmp:MetadataDate", "metadata"),
    ("exif:GPSTimeStamp", "position"),
)  # fmt: skip

_PNG: tuple[tuple[str, Role], ...] = (
    ("PNG:Creation Time", "capture"), ("PNG:date:create", "written"),
    ("PNG:date:modify", "written"),
    ("PNG:create-date", "written"), ("PNG:modify-date", "written"),
)  # fmt: skip


def find_times(reading: Reading, tags: Mapping[str, Value]) -> tuple[Time, ...]:
    """Collect every time among the tags, capture first; what is no date is observed."""
    found = [*_exif_times(reading, tags), *_gps_time(reading, tags)]
    for name, role in _XMP:
        found.extend(_plain(reading, tags, f"XMP:{name}", "XMP", role))
    found.extend(_history(tags))
    found.extend(_iptc(reading, tags, "DateCreated", "TimeCreated", "capture"))
    found.extend(_iptc(reading, tags, "DigitalCreationDate", "DigitalCreationTime", "digitised"))
    found.extend(_plain(reading, tags, "PNG:tIME", "PNG", "written", zone="UTC"))
    for name, role in _PNG:
        found.extend(_plain(reading, tags, name, "PNG", role))
    found.extend(_drone(tags))
    places: dict[str, tuple[int | None, int | None]] = {}
    for entry in reading.entries:
        places.setdefault(f"{entry.group}:{entry.name}", (entry.offset, entry.length))
    return tuple(_placed(time, places.get(time.tag, (None, None))) for time in found)


def _placed(time: Time, place: tuple[int | None, int | None]) -> Time:
    """Add the place of the raw bytes and what is known of the clock."""
    clock = _CLOCKS.get(time.source, time.clock)
    return replace(time, offset=place[0], length=place[1], clock=clock)


# Written by the autopilot in UTC: DJI since 2022, senseFly (names as found in their files).
_DRONE = ("XMP:drone-dji:UTCAtExposure", "XMP:sensefly:UTCTime")


def _drone(tags: Mapping[str, Value]) -> Iterable[Time]:
    for tag in _DRONE:
        text = tags.get(tag)
        parsed = parse_time(text, zone="UTC") if isinstance(text, str) else None
        if parsed is not None:
            yield Time(value=parsed[0], zone=parsed[1], source="drone", tag=tag,
                       uncertainty_s=parsed[2], role="capture")  # fmt: skip
    start, shot, zero = (
        _whole(tags.get(f"XMP:drone-skydio:{name}"))
        for name in ("TakeoffUclock", "CaptureUtime", "TakeoffUtime")
    )
    if start is None or shot is None or zero is None:
        return
    micro = start + shot - zero  # Skydio counts microseconds: UTC at take-off, uptime since
    if 0 < micro < 4_102_444_800_000_000:  # 1970 to 2100
        moment = datetime.fromtimestamp(micro / 1e6, UTC)
        yield Time(value=moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ"), zone="UTC", source="drone",
                   tag="XMP:drone-skydio:TakeoffUclock", uncertainty_s=1e-6,
                   role="capture")  # fmt: skip


def _whole(value: Value | None) -> int | None:
    text = str(value).strip()[:24]
    return int(text) if text.isascii() and text.isdigit() else None


def _exif_times(reading: Reading, tags: Mapping[str, Value]) -> Iterable[Time]:
    for tag, fraction, offset, source, what, role in _EXIF:
        text = tags.get(tag)
        if text is None and tag.startswith("IFD0"):  # some writers file it under ExifIFD
            tag = tag.replace("IFD0", "ExifIFD")
            text = tags.get(tag)
        if not isinstance(text, str):
            continue
        written = tags.get(f"ExifIFD:{offset}")
        zone = parse_zone(written) if isinstance(written, str) else None
        if zone is None and isinstance(written, str) and written.strip(" :"):
            reading.observe("invalid", f"{offset} {written[:20]!r} is no zone")
        part = tags.get(f"ExifIFD:{fraction}")
        parsed = parse_time(text, fraction=part if isinstance(part, str) else "", zone=zone)
        if parsed is None:
            unset = not any(digit in text for digit in "123456789")
            said = "is unset" if unset else f"{text[:40]!r} is no possible date"
            reading.observe("clock", f"the {what} in {tag} {said}", *reading.place_of(tag))
            continue
        value, zone, span = parsed
        yield Time(value=value, zone=zone, source=source, tag=tag, uncertainty_s=span, role=role)


def _gps_time(reading: Reading, tags: Mapping[str, Value]) -> Iterable[Time]:
    """GPSDateStamp and GPSTimeStamp are UTC by the standard; a time without a date is no time."""
    date, clock = tags.get("GPS:GPSDateStamp"), tags.get("GPS:GPSTimeStamp")
    if not isinstance(date, str):
        return
    text = date
    if isinstance(clock, list) and len(clock) == 3:
        numbers = [part for part in clock if isinstance(part, int | float)]
        if len(numbers) == 3 and all(0 <= part < 100 for part in numbers):
            hour, minute, second = numbers
            text = f"{date} {int(hour):02}:{int(minute):02}:{second:06.3f}"
    parsed = parse_time(text, zone="UTC") or parse_time(date, zone="UTC")
    if parsed is None:
        reading.observe("clock", f"GPS:GPSDateStamp {date[:40]!r} is no possible date",
                        *reading.place_of("GPS:GPSDateStamp"))  # fmt: skip
        return
    value, zone, span = parsed
    # Receivers tag a frame with the last fix, not with the shutter: a second at best.
    yield Time(value=value, zone=zone, source="GPS", tag="GPS:GPSDateStamp",
               uncertainty_s=max(span, 1.0), role="position")  # fmt: skip


def _plain(
    reading: Reading, tags: Mapping[str, Value], tag: str, source: str, role: Role,
    zone: str | None = None,
) -> Iterable[Time]:  # fmt: skip
    text = tags.get(tag)
    if not isinstance(text, str) or not text.strip():
        return
    parsed = parse_time(text, zone=zone)
    if parsed is None:
        reading.observe("clock", f"{tag} {text[:40]!r} is no possible date", *reading.place_of(tag))
        return
    value, zone, span = parsed
    yield Time(value=value, zone=zone, source=source, tag=tag, uncertainty_s=span, role=role)


def _history(tags: Mapping[str, Value]) -> Iterable[Time]:
    for tag, text in tags.items():
        if tag.startswith("XMP:xmpMM:History[") and tag.endswith("/stEvt:when"):
            parsed = parse_time(text) if isinstance(text, str) else None
            if parsed is not None:
                yield Time(value=parsed[0], zone=parsed[1], source="XMP", tag=tag,
                           uncertainty_s=parsed[2], role="written")  # fmt: skip


def _iptc(
    reading: Reading, tags: Mapping[str, Value], date: str, clock: str, role: Role
) -> Iterable[Time]:
    """IPTC writes ``CCYYMMDD`` and ``HHMMSS±HHMM``; the zone belongs to the time of day."""
    day, hour = tags.get(f"IPTC:{date}"), tags.get(f"IPTC:{clock}")
    if not isinstance(day, str):
        return
    match = re.fullmatch(r"(\d{4})(\d\d)(\d\d)", day.strip(), re.ASCII)
    text = "-".join(match.groups()) if match else day
    if isinstance(hour, str):
        at = re.fullmatch(r"(\d\d)(\d\d)(\d\d)([+-]\d{4})?", hour.strip(), re.ASCII)
        if at:
            text += f"T{at[1]}:{at[2]}:{at[3]}{at[4] or ''}"
    if not text.strip("0- "):
        return
    parsed = parse_time(text)
    if parsed is None:
        reading.observe(
            "clock", f"IPTC:{date} {day[:40]!r} is no possible date",
            *reading.place_of(f"IPTC:{date}"),
        )  # fmt: skip
        return
    yield Time(value=parsed[0], zone=parsed[1], source="IPTC", tag=f"IPTC:{date}",
               uncertainty_s=parsed[2], role=role)  # fmt: skip
