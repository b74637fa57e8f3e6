"""A span of time as somebody stated it, with or without a time zone.

A date without a zone is not taken for UTC: it is a span that may lie anywhere between
UTC-12 and UTC+14, and every comparison widens by that.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from imgcheck.model.languages import in_english

# The easternmost and westernmost civil time zones: +14 h (Line Islands), -12 h (Baker Island).
EASTERNMOST = timedelta(hours=14)
WESTERNMOST = timedelta(hours=-12)

# No photograph is older, and no claim is about a later year. Inside these years no time zone can
# push a moment over the ends of the calendar (years 1 and 9999).
FIRST_YEAR, LAST_YEAR = 1800, 2199

_LONGEST = 200  # characters of a date or interval in words

_QUARTER = timedelta(minutes=15)  # civil zones differ from UTC by multiples of it

ACCEPTED_FORMS = (
    'an ISO 8601 date ("2017-09-08"), month ("2017-09"), year ("2017"), time with or without '
    'zone ("2017-09-08T12:30Z"), or an interval of two of them ("2017-09-08/2017-09-12"); '
    'or words ("8 September 2017", "8-12 сентября 2017"), a date-time group ("081200ZSEP17")'
)

_FORM = re.compile(
    r"(?P<year>\d{4})(-(?P<month>\d{2})(-(?P<day>\d{2})"
    r"([T ](?P<hour>\d{2}):(?P<minute>\d{2})(:(?P<second>\d{2})(\.\d+)?)?)?"
    r"(?P<zone>Z|[+-]\d{2}:?\d{2})?)?)?",
    re.ASCII,
)
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_SECOND = timedelta(seconds=1)
A_DAY = timedelta(days=1) - _SECOND

_BY_NAME = {name[:3].lower(): number for number, name in enumerate(_MONTHS, 1)} | {"sept": 9}
_NAMES = "|".join([*(name.lower() for name in _MONTHS), *_BY_NAME])
_DAY = r"(\d{1,2})(?:st|nd|rd|th|\.(?=[\s-]))?"
_TO = r"\s*(?:-|–|—|to|and|until)\s*"
# A name of a zone but UTC is none: EST, IST and others stand for several.
_OFFSET = r"(?:(?:utc|gmt)\s?)?[+-]\d{1,2}(?::?\d{2})?|utc|gmt|z"
_TIME = (
    r"(?:,?\s*(?:at\s+)?(\d{1,2}:\d{2}(?::\d{2})?)\s*(am|pm|a\.m\.|p\.m\.)?"
    rf"\s*\(?({_OFFSET})?\)?)?"
)
_TIMED = "time half zone"
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WEEKDAY = re.compile(rf"({'|'.join(_WEEKDAYS)}|{'|'.join(d[:3] for d in _WEEKDAYS)})\.?,?\s+(.*)")
# Letters of the time zones of the armed forces: A is UTC+1, M UTC+12, N UTC-1, Y UTC-12; J is none.
_ZONE_LETTERS = {letter: hours for hours, letter in enumerate("abcdefghiklm", 1)} | {
    letter: -hours for hours, letter in enumerate("nopqrstuvwxy", 1)
}
_DIGITS = r"(\d{4})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])"
# Other ways to write a date, each with the names of its parts.
_WORDED = tuple(
    (re.compile(pattern, re.ASCII), names.split())
    for pattern, names in (
        (r"(\d{1,2})\.(\d{1,2})\.(\d{4})" + _TIME, f"a b year {_TIMED}"),
        (r"(\d{1,2})/(\d{1,2})/(\d{4})" + _TIME, f"a b year {_TIMED}"),
        (r"(\d{1,2})-(\d{1,2})-(\d{4})" + _TIME, f"a b year {_TIMED}"),
        (r"(\d{4})[/.:-](\d{1,2})[/.:-](\d{1,2})" + _TIME, f"year month day {_TIMED}"),
        (r"(\d{4})(\d{2})(\d{2})", "year month day"),
        (rf"{_DIGITS}[t_ ]?((?:[01]\d|2[0-3])[0-5]\d(?:[0-5]\d)?)(z)?",
         "year month day clock zone"),
        (rf"{_DAY}\s+(?:of\s+)?({_NAMES})\.?,?\s+(\d{{4}}){_TIME}", f"day name year {_TIMED}"),
        (rf"{_DAY}[-/. ]?({_NAMES})[-/. ]?(\d{{4}})", "day name year"),
        (rf"({_NAMES})\.?\s+{_DAY},?\s+(\d{{4}}){_TIME}", f"name day year {_TIMED}"),
        (rf"({_NAMES})\.?,?\s+(\d{{4}})", "name year"),
        # A date-time group, as the armed forces write it: 101045ZSEP17.
        (rf"(\d{{2}})\s?(\d{{4}})\s?([a-z])\s?({_NAMES})\s?(\d{{2}}|\d{{4}})",
         "day clock letter name short"),
    )
)  # fmt: skip
_WEEK = re.compile(r"(\d{4})-?w(\d{2})(?:-?([1-7]))?", re.ASCII)
# Seconds or milliseconds since 1970.
_UNIX = re.compile(r"(\d{10})(\d{3})?", re.ASCII)
_RANGES = tuple(
    (re.compile(pattern, re.ASCII), first, last)
    for pattern, first, last in (
        (rf"{_DAY}{_TO}{_DAY}\s+(?:of\s+)?({_NAMES})\.?,?\s+(\d{{4}})",
         "{0} {2} {3}", "{1} {2} {3}"),
        (rf"({_NAMES})\.?\s+{_DAY}{_TO}{_DAY},?\s+(\d{{4}})", "{1} {0} {3}", "{2} {0} {3}"),
        (rf"{_DAY}\s+({_NAMES})\.?{_TO}{_DAY}\s+({_NAMES})\.?,?\s+(\d{{4}})",
         "{0} {1} {4}", "{2} {3} {4}"),
        (rf"({_NAMES})\.?\s+{_DAY}{_TO}({_NAMES})\.?\s+{_DAY},?\s+(\d{{4}})",
         "{1} {0} {4}", "{3} {2} {4}"),
        (rf"({_NAMES})\.?{_TO}({_NAMES})\.?,?\s+(\d{{4}})", "{0} {2}", "{1} {2}"),
        (r"(\S.*?)\s+(?:-|–|—|to|and|until)\s+(\S.*)", "{0}", "{1}"),
    )
)  # fmt: skip


_YEARLESS = tuple(
    re.compile(pattern, re.ASCII)
    for pattern in (
        rf"({_NAMES})\.?\s+{_DAY}(?:{_TO}{_DAY})?",
        rf"{_DAY}(?:{_TO}{_DAY})?\s+(?:of\s+)?({_NAMES})",
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A closed span of time.

    Attributes
    ----------
    start, end : datetime
        First and last moment. Both carry a zone, or neither does.

    Raises
    ------
    ValueError
        If the span is upside down, has a zone at one end only, or leaves the years 1800 to 2199.
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        _check_year(self.start.year)
        _check_year(self.end.year)
        if (self.start.tzinfo is None) != (self.end.tzinfo is None):
            raise ValueError("give both ends of an interval a time zone, or neither")
        if self.end < self.start:
            raise ValueError(f"the interval ends ({self.end}) before it starts ({self.start})")

    @property
    def zone_known(self) -> bool:
        """Return whether the span is tied to a time zone."""
        return self.start.tzinfo is not None

    @property
    def earliest(self) -> datetime:
        """Return the first moment in UTC that can belong to the span."""
        if self.zone_known:
            return self.start.astimezone(UTC)
        return self.start.replace(tzinfo=UTC) - EASTERNMOST

    @property
    def latest(self) -> datetime:
        """Return the last moment in UTC that can belong to the span."""
        if self.zone_known:
            return self.end.astimezone(UTC)
        return self.end.replace(tzinfo=UTC) - WESTERNMOST

    def before(self, other: "Window") -> bool:
        """Return whether this span surely ends before ``other`` begins."""
        return self.latest < other.earliest

    @property
    def text(self) -> str:
        """Return the span as ISO 8601, as short as it can be said."""
        if self.start == self.end:
            return _short(self.start)
        day = timedelta(days=1) - timedelta(seconds=1)
        if not self.zone_known and self.start.time() == datetime.min.time():
            if self.end == self.start + day:
                return self.start.date().isoformat()
            if (self.end + timedelta(seconds=1)).time() == datetime.min.time():
                return f"{self.start.date().isoformat()}/{self.end.date().isoformat()}"
        return f"{_short(self.start)}/{_short(self.end)}"

    @property
    def words(self) -> str:
        """The span in plain English: ``8 to 12 September 2017``, ``8 June 2016, 08:11 UTC``."""
        start, after = self.start, self.end + _SECOND
        if _midnight(start) and _midnight(after) and self.end > start:
            return _days(start, self.end) + (f", {_zone(start)}" if self.zone_known else "")
        zone = f" {_zone(start)}" if self.zone_known else " (time zone not stated)"
        first, last = f"{_day_words(start)}, {_clock(start)}", _clock(self.end)
        if self.end - start < timedelta(minutes=1):
            return f"{first}{zone}"
        if start.date() == self.end.date():
            return f"{first} to {last}{zone}"
        return f"{first} to {_day_words(self.end)}, {last}{zone}"

    def to_json(self) -> dict[str, Any]:
        """Return start and end as ISO 8601, and whether a zone is known."""
        return {
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
            "zone": "stated" if self.zone_known else None,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Window":
        """Rebuild a window from `to_json`."""
        return cls(
            start=datetime.fromisoformat(value["start"]), end=datetime.fromisoformat(value["end"])
        )

    @classmethod
    def parse(cls, text: str) -> "Window":
        """Read a date, a time, or an interval of two, as ISO 8601 or in words.

        Where day and month may be exchanged ("08.09.2017"), both readings are named in the error.

        A leap second, such as 2016-12-31T23:59:60Z, is read as the second before it, because
        a `datetime` cannot hold it.

        Raises
        ------
        ValueError
            If the text is none of the accepted forms; they are listed.
        """
        parts = _as_iso(text).split("/")
        if len(parts) > 2 or not all(parts):
            raise ValueError(f'"{text}" is not {ACCEPTED_FORMS}')
        first, last = _span(parts[0], text), _span(parts[-1], text)
        return cls(start=first[0], end=last[1])


def _as_iso(text: str) -> str:
    """Write a date or an interval in words, or with the year last, as ISO 8601.

    Anything else is returned as it is.
    """
    if len(text) > _LONGEST:
        return text.strip()
    said = re.sub(r"^(between|from|on)\s", "", in_english(text))
    if found := _WEEKDAY.fullmatch(said):
        return _on_weekday(found[1], found[2], text.strip())
    if found := _WEEK.fullmatch(said):
        return _week(found, text.strip())
    if found := _UNIX.fullmatch(said):
        return _since_1970(found)
    for pattern, names in _WORDED:
        if found := pattern.fullmatch(said):
            return _dated(dict(zip(names, found.groups(), strict=True)), text.strip())
    for pattern, first, last in _RANGES:
        if found := pattern.fullmatch(said):
            ends = [_as_iso(form.format(*found.groups())) for form in (first, last)]
            return "/".join(ends)
    return text.strip()


def _on_weekday(name: str, rest: str, text: str) -> str:
    """Return the date behind the name of a weekday, which must be that of the date."""
    iso = _as_iso(rest)
    try:
        day = datetime.fromisoformat(iso[:10])
    except ValueError:
        return text
    own = _WEEKDAYS[day.weekday()]
    if not own.startswith(name):
        raise ValueError(f'"{text}": {iso[:10]} is a {own.capitalize()}; write the date alone')
    return iso


def _week(found: re.Match[str], text: str) -> str:
    try:
        days = [
            date.fromisocalendar(int(found[1]), int(found[2]), int(found[3] or d)) for d in (1, 7)
        ]
    except ValueError:
        raise ValueError(f'"{text}" is not a week of {found[1]}; write {ACCEPTED_FORMS}') from None
    return "/".join(day.isoformat() for day in days)


def _since_1970(found: re.Match[str]) -> str:
    text = found[0]
    moment = datetime.fromtimestamp(int(found[1]), UTC)
    hour = re.fullmatch(rf"{_DIGITS}(?:[01]\d|2[0-3])", text, re.ASCII)
    if hour and not found[2] and text[:2] in ("19", "20"):
        day = f"{text[:4]}-{text[4:6]}-{text[6:8]}"
        raise ValueError(
            f'"{text}" can be {day}, {text[8:]}:00, or seconds since 1970, {moment:%Y-%m-%d %H:%M} '
            f'UTC; write "{day}T{text[8:]}:00" or "{moment:%Y-%m-%dT%H:%M:%SZ}"'
        )
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _dated(parts: dict[str, str | None], text: str) -> str:
    if parts.get("short"):
        short = str(parts["short"])
        parts["year"] = short if len(short) == 4 else f"20{short}"
        letter = str(parts["letter"])
        if letter == "j":
            raise ValueError(
                f'"{text}": the letter J is the local time of the writer; name its zone'
            )
        parts["zone"] = f"{_ZONE_LETTERS.get(letter, 0):+03d}:00" if letter != "z" else "z"
    if clock := parts.get("clock"):
        parts["time"] = ":".join(clock[k : k + 2] for k in range(0, len(clock), 2))
    year = parts["year"]
    if "a" in parts:
        day, month = int(str(parts["a"])), int(str(parts["b"]))
        if day <= 12 and month <= 12 and day != month:
            raise ValueError(
                f'"{text}" can be {day} {_MONTHS[month - 1]} or {month} {_MONTHS[day - 1]} {year}; '
                f"write {year}-{month:02d}-{day:02d} or {year}-{day:02d}-{month:02d}"
            )
        if month > 12:
            day, month = month, day
    else:
        name = parts.get("name")
        month = _BY_NAME[name[:3]] if name else int(str(parts["month"]))
        if parts.get("day") is None:
            return f"{year}-{month:02d}"
        day = int(str(parts["day"]))
    time = _clock_time(parts.get("time"), parts.get("half"), text)
    return f"{year}-{month:02d}-{day:02d}{time}{_offset(parts.get('zone')) if time else ''}"


def _clock_time(time: str | None, half: str | None, text: str) -> str:
    """Return a time of day as ISO 8601; that of twelve hours with am or pm."""
    if not time:
        return ""
    hour, _, rest = time.partition(":")
    number = int(hour)
    if half:
        if not 1 <= number <= 12:
            raise ValueError(f'"{text}": {time} has no am or pm; write the hour from 0 to 23')
        number = number % 12 + 12 * half.startswith("p")
    return f"T{number:02d}:{rest}"


def _offset(zone: str | None) -> str:
    """Return a zone as ISO 8601: Z, or hours and minutes."""
    if not zone:
        return ""
    found = re.search(r"([+-])(\d{1,2}):?(\d{2})?$", zone)
    return "Z" if found is None else f"{found[1]}{int(found[2]):02d}:{found[3] or '00'}"


def find(text: str) -> Iterator[tuple[str, Window | None, str]]:
    """Find dates and intervals in running text.

    Yields
    ------
    str, Window or None, str
        The words found; the window, or ``None`` and the reason why they are none.
    """
    said, taken = text.lower(), [False] * len(text)
    # The last range joins any two texts; in running text the words around a date would be one.
    dated = (*(one for one, *_ in _RANGES[:-1]), *(one for one, _ in _WORDED), _FORM)
    for pattern in (*dated, *_YEARLESS):
        for found in re.finditer(
            rf"(?<![\w.-])(?:{pattern.pattern})(?![\w-])", said, pattern.flags
        ):
            first, last = found.span()
            bare = found[0].isdigit()  # a number of four or eight digits is rarely a date
            if any(taken[first:last]) or bare:
                continue
            taken[first:last] = [True] * (last - first)
            words = " ".join(text[first:last].split())
            if pattern in _YEARLESS:
                yield words, None, f'"{words}" has no year'
                continue
            try:
                yield words, Window.parse(words), ""
            except ValueError as error:
                yield words, None, str(error)


def _check_year(year: int) -> None:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ValueError(f"the year {year} is outside {FIRST_YEAR} to {LAST_YEAR}")


def _short(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _span(part: str, whole: str) -> tuple[datetime, datetime]:
    """Return the first and the last moment that one date or time covers."""
    match = _FORM.fullmatch(part.strip())
    if match is None:
        raise ValueError(f'"{whole}" is not {ACCEPTED_FORMS}')
    try:
        return _covered(part.strip(), match)
    except ValueError as error:
        raise ValueError(f'"{whole}" is not a real date: {error}') from error


def _covered(part: str, match: re.Match[str]) -> tuple[datetime, datetime]:
    second = timedelta(seconds=1)
    year = int(match["year"])
    _check_year(year)
    if match["hour"]:
        moment = _moment(part, match)
        unit = second if match["second"] else timedelta(minutes=1)
        return moment, moment + unit - second
    if match["day"]:
        moment = datetime.fromisoformat(f"{part[:10]}T00:00{match['zone'] or ''}")
        return moment, moment + timedelta(days=1) - second
    if match["month"]:
        month = int(match["month"])
        start = datetime(year, month, 1)
        following = datetime(year + month // 12, month % 12 + 1, 1)
        return start, following - second
    return datetime(year, 1, 1), datetime(year, 12, 31, 23, 59, 59)


def _moment(part: str, match: re.Match[str]) -> datetime:
    if match["second"] != "60":
        return datetime.fromisoformat(part)
    start = match.start("second")
    before = datetime.fromisoformat(f"{part[:start]}59{part[match.end('second') :]}")
    # Leap seconds are inserted at the end of June or December, UTC (ITU-R TF.460-6, 2.1). A time
    # without a zone has one if it can be the last second of such a month in some zone.
    offsets = [timedelta(0)]
    if before.tzinfo is None:
        quarters = range(WESTERNMOST // _QUARTER, EASTERNMOST // _QUARTER + 1)
        offsets = [quarter * _QUARTER for quarter in quarters]
    utc = before if before.tzinfo is None else before.astimezone(UTC)
    if not any(_ends_half_year(utc - offset) for offset in offsets):
        raise ValueError("second must be in 0..59, as no leap second was inserted then")
    return before


def _ends_half_year(utc: datetime) -> bool:
    following = utc.replace(microsecond=0) + timedelta(seconds=1)
    return (following.day, following.hour, following.minute, following.second) == (
        1, 0, 0, 0,
    ) and following.month in (1, 7)  # fmt: skip


def _days(start: datetime, end: datetime) -> str:
    """Return whole days, months or years in the shortest words."""
    after = end + _SECOND
    if start.day == 1 and after.day == 1:
        if start.month == 1 and after.month == 1:
            years = (start.year, end.year)
            return str(years[0]) if years[0] == years[1] else f"{years[0]} to {years[1]}"
        first, last = _month(start), _month(end)
        if first == last:
            return first
        if start.year == end.year:
            first = _MONTHS[start.month - 1]
        return f"{first} to {last}"
    if start.date() == end.date():
        return _day_words(start)
    if (start.year, start.month) == (end.year, end.month):
        return f"{start.day} to {_day_words(end)}"
    if start.year == end.year:
        return f"{start.day} {_MONTHS[start.month - 1]} to {_day_words(end)}"
    return f"{_day_words(start)} to {_day_words(end)}"


def _midnight(moment: datetime) -> bool:
    return (moment.hour, moment.minute, moment.second) == (0, 0, 0)


def _day_words(moment: datetime) -> str:
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
