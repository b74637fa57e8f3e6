"""Spans of time in plain words: ``8 to 12 September 2017``."""

from datetime import datetime, timedelta

from imgcheck.model import Window

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_SECOND = timedelta(seconds=1)


def window(span: Window) -> str:
    """Say a span of time; a clock time without a zone is said to have none."""
    start, after = span.start, span.end + _SECOND
    if _midnight(start) and _midnight(after) and span.end > start:
        return _days(start, span.end) + (f", {_zone(start)}" if span.zone_known else "")
    zone = _zone(start) if span.zone_known else "time zone not stated"
    if span.end - start < timedelta(minutes=1):
        return f"{_day(start)}, {_clock(start)} ({zone})"
    if start.date() == span.end.date():
        return f"{_day(start)}, {_clock(start)} to {_clock(span.end)} ({zone})"
    return f"{_day(start)}, {_clock(start)} to {_day(span.end)}, {_clock(span.end)} ({zone})"


def _days(start: datetime, end: datetime) -> str:
    """Say whole days, months or years, as short as they can be said."""
    after = end + _SECOND
    if start.day == 1 and after.day == 1:
        if start.month == 1 and after.month == 1:
            years = (start.year, end.year)
            return str(years[0]) if years[0] == years[1] else f"{years[0]} to {years[1]}"
        first, last = _month(start), _month(end)
        if first == last:
            return first
        return f"{_MONTHS[start.month - 1]} to {last}" if start.year == end.year else (
            f"{first} to {last}"
        )  # fmt: skip
    if start.date() == end.date():
        return _day(start)
    if (start.year, start.month) == (end.year, end.month):
        return f"{start.day} to {_day(end)}"
    if start.year == end.year:
        return f"{start.day} {_MONTHS[start.month - 1]} to {_day(end)}"
    return f"{_day(start)} to {_day(end)}"


def _midnight(moment: datetime) -> bool:
    return (moment.hour, moment.minute, moment.second) == (0, 0, 0)


def _day(moment: datetime) -> str:
    return f"{moment.day} {_month(moment)}"


def _month(moment: datetime) -> str:
    return f"{_MONTHS[moment.month - 1]} {moment.year}"


def _clock(moment: datetime) -> str:
    shown = f"{moment.hour:02d}:{moment.minute:02d}"
    return f"{shown}:{moment.second:02d}" if moment.second not in (0, 59) else shown


def _zone(moment: datetime) -> str:
    offset = moment.utcoffset()
    if not offset:
        return "UTC"
    sign = "+" if offset > timedelta(0) else "−"
    minutes = round(abs(offset).total_seconds() / 60)
    return f"UTC{sign}{minutes // 60:02d}:{minutes % 60:02d}"
