"""Every time a file states, with its zone or without one, and who wrote it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from imgcheck.provenance.clocks.stated_time import (
    Role,
    Time,
    looks_unset,
    parse_time,
    parse_zone,
    signed_time,
)
from imgcheck.provenance.fields.value import Reading, Value

__all__ = ["Role", "Time", "find_times", "looks_unset", "parse_time", "parse_zone", "signed_time"]

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
