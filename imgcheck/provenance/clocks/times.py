"""Every time that a file states, and what the times show of each other's clocks."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from imgcheck.provenance.clocks.comparison import local, moment
from imgcheck.provenance.clocks.stated import (
    Role,
    Stated,
    Time,
    looks_unset,
    parse_time,
    parse_zone,
    with_zone,
)
from imgcheck.provenance.fields.values import Number, Reading, Value

# What is known of the clock of each source.
_CLOCKS = {
    "camera clock": "set by hand or by a phone network; error and drift unknown",
    "camera or software": "clock of the camera, or of the computer that saved the file; error "
    "unknown",
    "GPS": "satellite time of the last fix, which may be older than the picture",
    "drone": "clock of the autopilot, set by GPS if it had a fix",
    "phone": "clock of the phone, usually set by the network; error unknown",
    "XMP": "clock of the computer that wrote the block, or copied from EXIF; error unknown",
    "IPTC": "typed or copied by a person or a program",
    "PNG": "clock of the computer that wrote the file; error unknown",
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
)  # fmt: skip

_PNG: tuple[tuple[str, Role], ...] = (
    ("PNG:Creation Time", "capture"), ("PNG:exif:DateTimeOriginal", "capture"),
    ("PNG:date:create", "written"), ("PNG:date:modify", "written"),
    ("PNG:create-date", "written"), ("PNG:modify-date", "written"),
)  # fmt: skip
# Offsets from UTC in civil use since 1980 (IANA time zone database) that are not whole hours.
_HALVES_H = (-9.5, -3.5, -2.5, 3.5, 4.5, 5.5, 5.75, 6.5, 8.75, 9.5, 10.5, 11.5, 12.75, 13.75)
_OFFSETS_S = tuple(3600.0 * hours for hours in (*range(-12, 15), *_HALVES_H))
# The phone and the autopilot note the shutter itself. A fix may be a minute old, and a camera
# clock drifts by seconds a week: the tolerance of the rule gps-time.zone.
_NEAR_S = {"phone": 2.0, "drone": 120.0, "GPS": 120.0}
_TO_THE_MINUTE_S = 60.0
# GPS counts weeks in ten bits, so that an old receiver falls back by 1024 of them
# (IS-GPS-200, 20.3.3.3.1.1).
_ROLLOVER = timedelta(weeks=1024)
_A_ZONE = timedelta(hours=26)  # between UTC-12 and UTC+14
_CLOCK = re.compile(r"(\d\d)(\d\d)(\d\d(?:\.\d{1,9})?)", re.ASCII)
_BETWEEN = re.compile(r"[:\s,;hm]+(?=\d)")
_NUMBER = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)(?:/(\d{1,9}))?", re.ASCII)


def find_times(reading: Reading, tags: Mapping[str, Value]) -> tuple[Time, ...]:
    """Collect every time among the tags, capture first; impossible dates are observed."""
    found = [*_exif_times(reading, tags)]
    found.extend(_samsung(reading, tags))
    found.extend(_gps_time(reading, tags, "GPS:GPSDateStamp", "GPS:GPSTimeStamp", "GPS"))
    for name, role in _XMP:
        found.extend(_plain(reading, tags, f"XMP:{name}", "XMP", role))
    found.extend(_gps_time(reading, tags, "XMP:exif:GPSDateStamp", "XMP:exif:GPSTimeStamp", "XMP"))
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
    placed = [_placed(time, places.get(time.tag, (None, None))) for time in found]
    return _related(reading, placed)


def _stated(
    reading: Reading, text: str, tag: str, what: str = "", *, zone: str | None = None,
    fraction: str = "",
) -> Stated | None:  # fmt: skip
    """Read the text of a tag, and observe what is odd about it."""
    parsed = parse_time(text, zone=zone, fraction=fraction)
    subject = f"the {what} in {tag}" if what else tag
    if parsed is None:
        unset = not text.strip("0 :-/.TZ")
        kind, words = "unreadable-time", f"{text[:40]!r} is not a possible date"
        if unset:
            kind, words = "clock", "is unset"
        reading.observe(kind, f"{subject} {words}", *reading.place_of(tag))
    elif parsed.note:
        reading.observe("clock", f"{subject} {text[:40]!r}: {parsed.note}", *reading.place_of(tag))
    return parsed


def _time(parsed: Stated | None, source: str, tag: str, role: Role) -> Iterable[Time]:
    if parsed is not None:
        yield Time(value=parsed.value, zone=parsed.zone, source=source, tag=tag,
                   uncertainty_s=parsed.uncertainty_s, role=role)  # fmt: skip


def _placed(time: Time, place: tuple[int | None, int | None]) -> Time:
    clock = _CLOCKS.get(time.source, time.clock)
    return replace(time, offset=place[0], length=place[1], clock=clock)


# Written by the autopilot in UTC: DJI since 2022, senseFly (names as found in their files).
_DRONE = ("XMP:drone-dji:UTCAtExposure", "XMP:sensefly:UTCTime")


def _drone(tags: Mapping[str, Value]) -> Iterable[Time]:
    for tag in _DRONE:
        text = tags.get(tag)
        if isinstance(text, str):
            yield from _time(parse_time(text, zone="UTC"), "drone", tag, "capture")
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
            reading.observe("invalid", f"{offset} {written[:20]!r} is not a time zone")
        part = tags.get(f"ExifIFD:{fraction}")
        parsed = _stated(reading, text, tag, what, zone=zone,
                         fraction=part if isinstance(part, str) else "")  # fmt: skip
        yield from _time(parsed, source, tag, role)


def _samsung(reading: Reading, tags: Mapping[str, Value]) -> Iterable[Time]:
    """Samsung phones note the moment of capture behind the picture: milliseconds since 1970."""
    tag = "Samsung:Image_UTC_Data"
    text = tags.get(tag)
    if text is None:
        return
    milli = _whole(text)
    if milli is None or not 0 < milli < 4_102_444_800_000:  # 1970 to 2100
        reading.observe("unreadable-time", f"{tag} {str(text)[:40]!r} is not a possible time",
                        *reading.place_of(tag))  # fmt: skip
        return
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milli)
    value = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    yield from _time(Stated(value, "UTC", 1e-3), "phone", tag, "capture")


def _gps_time(
    reading: Reading, tags: Mapping[str, Value], date_tag: str, clock_tag: str, source: str
) -> Iterable[Time]:
    """Read a date and a time of day, which are UTC by the standards of EXIF and XMP.

    A time of day without a date is not a time. XMP puts both into one field.
    """
    date, clock = tags.get(date_tag), tags.get(clock_tag)
    if isinstance(clock, str) and _DATED.match(clock.strip()):
        date, date_tag, clock = clock, clock_tag, None
    if not isinstance(date, str):
        return
    parsed = _stated(reading, date, date_tag, zone="UTC")
    if parsed is None:
        return
    if clock is not None and len(parsed.value) == len("2017-09-08"):
        at = _time_of_day(clock)
        if at is None:
            reading.observe("clock", f"{clock_tag} {str(clock)[:40]!r} is not a time of day",
                            *reading.place_of(clock_tag))  # fmt: skip
        else:
            seconds, span = at
            if seconds >= 86_400:
                note = "hour 24 is read as hour 0 of the same day"
                reading.observe("clock", f"{clock_tag} {str(clock)[:40]!r}: {note}",
                                *reading.place_of(clock_tag))  # fmt: skip
            moment = datetime.fromisoformat(parsed.value) + timedelta(seconds=seconds % 86_400)
            form = "microseconds" if moment.microsecond % 1000 else "milliseconds"
            form = form if moment.microsecond else "seconds"
            parsed = Stated(with_zone(moment.isoformat(timespec=form), "UTC"), "UTC", span)
    # Receivers tag a frame with the last fix, not with the shutter: a second at best.
    parsed = parsed._replace(uncertainty_s=max(parsed.uncertainty_s, 1.0))
    yield from _time(parsed, source, date_tag, "position")


_DATED = re.compile(r"\d{4}[:\-/.]|\d{8}")


def _time_of_day(value: Value) -> tuple[float, float] | None:
    """Return seconds since midnight and what the digits leave open; None where it is invalid.

    Three numbers, of which the last ones may be missing or 0/0, and each may have decimals; or
    the same as text.
    """
    if isinstance(value, str):
        text = re.sub(r"\s*(?:Z|UTC|GMT|s)$", "", value.strip())
        packed = _CLOCK.fullmatch(text)
        value = [_fraction(part) for part in (packed.groups() if packed else _BETWEEN.split(text))]
    if not isinstance(value, list) or len(value) > 3:
        return None
    known: list[Number] = []
    for part in value:
        if not isinstance(part, int | float):
            break
        known.append(part)
    if not known or any(isinstance(part, int | float) for part in value[len(known) :]):
        return None
    if any(part < 0 for part in known) or known[0] >= 25 or any(part > 60 for part in known[1:]):
        return None
    fine = len(known) == 3 or known[-1] % 1 != 0
    span = 1.0 if fine else 60.0 if len(known) == 2 else 3600.0
    total = sum(part * unit for part, unit in zip(known, (3600, 60, 1), strict=False))
    return round(total, 6), span


def _fraction(text: str) -> Number | str:
    match = _NUMBER.fullmatch(text)
    if match is None or (match[2] is not None and not int(match[2])):
        return text
    return float(match[1]) / int(match[2] or 1)


def _plain(
    reading: Reading, tags: Mapping[str, Value], tag: str, source: str, role: Role,
    zone: str | None = None,
) -> Iterable[Time]:  # fmt: skip
    text = tags.get(tag)
    if isinstance(text, str) and text.strip():
        yield from _time(_stated(reading, text, tag, zone=zone), source, tag, role)


def _history(tags: Mapping[str, Value]) -> Iterable[Time]:
    for tag, text in tags.items():
        step = tag.startswith("XMP:xmpMM:History[") and tag.endswith("/stEvt:when")
        if step and isinstance(text, str):
            yield from _time(parse_time(text), "XMP", tag, "written")


def _iptc(
    reading: Reading, tags: Mapping[str, Value], date: str, clock: str, role: Role
) -> Iterable[Time]:
    """IPTC writes ``CCYYMMDD`` and ``HHMMSS±HHMM``; the zone belongs to the time of day."""
    day, hour = tags.get(f"IPTC:{date}"), tags.get(f"IPTC:{clock}")
    if not isinstance(day, str) or not day.strip():
        return
    hour = hour.strip() if isinstance(hour, str) else ""
    # Unknown parts are zeros or blanks.
    if re.fullmatch(r"\d{4}[\d ]{4}", day, re.ASCII):
        day = day.replace(" ", "0")
    yield from _time(_stated(reading, f"{day.strip()} {hour}", f"IPTC:{date}"),
                     "IPTC", f"IPTC:{date}", role)  # fmt: skip


def _related(reading: Reading, times: Iterable[Time]) -> tuple[Time, ...]:
    found = tuple(_rolled_over(reading, time, tuple(times)) for time in times)
    shots = [time for time in found if time.role == "capture" and _usable(time)]
    clocks = [time for time in shots if time.zone is None and time.source == "camera clock"]
    exact = [
        time for time in found
        if time.source in _NEAR_S and time.zone == "UTC" and _usable(time)
    ]  # fmt: skip
    exact.sort(key=lambda time: _NEAR_S[time.source])
    offset = next((seconds for clock in clocks[:1] for utc in exact
                   if (seconds := _offset_s(clock, utc)) is not None), None)  # fmt: skip
    if offset is None:
        return found
    members = {id(time) for time in (*clocks, *exact)}
    return tuple(
        replace(time, local_offset_s=offset) if id(time) in members else time for time in found
    )


def _usable(time: Time) -> bool:
    return time.uncertainty_s <= _TO_THE_MINUTE_S and not looks_unset(time)


def _offset_s(clock: Time, utc: Time) -> float | None:
    """Return the civil offset by which a clock differs from UTC; None where none fits."""
    apart = (local(clock.value) - moment(utc.value)).total_seconds()
    near = min(_OFFSETS_S, key=lambda offset: abs(apart - offset))
    slack = max(_NEAR_S[utc.source], clock.uncertainty_s, utc.uncertainty_s)
    return near if abs(apart - near) <= slack else None


def _rolled_over(reading: Reading, time: Time, times: tuple[Time, ...]) -> Time:
    """Mark a GPS date as doubtful that lies 1024 or 2048 weeks before the dates of other clocks."""
    if time.role != "position":
        return time
    for other in times:
        if other.role not in ("capture", "digitised", "written") or other.uncertainty_s > 86_400:
            continue
        for count in (1, 2):
            apart = local(other.value) - moment(time.value) - count * _ROLLOVER
            if abs(apart) <= _A_ZONE:
                doubt = (
                    f"it lies {1024 * count} weeks before {other.tag}, as when a receiver's "
                    "week counter has rolled over"
                )
                reading.observe(
                    "clock", f"{time.tag} {time.value}: {doubt}", time.offset, time.length
                )
                return replace(time, doubt=doubt)
    return time
