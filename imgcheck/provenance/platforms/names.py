"""Dates that a file's name states. Names are typed by people and programs: weak evidence."""

import re
from functools import cache

from imgcheck.provenance.clocks.times import Time, parse_time
from imgcheck.provenance.platforms.data import NameRow, platform_data

_LONGEST = 255


@cache
def _compiled() -> tuple[tuple[re.Pattern[str], NameRow], ...]:
    rows = platform_data().names
    return tuple((re.compile(row.pattern, re.IGNORECASE | re.ASCII), row) for row in rows)


def named_by(name: str) -> tuple[NameRow, dict[str, str]] | None:
    """Give the first pattern of the data file that a name fits, with the parts it found."""
    if not name or len(name) > _LONGEST:
        return None
    for pattern, row in _compiled():
        match = pattern.fullmatch(name)
        if match is not None:
            return row, {key: text for key, text in match.groupdict().items() if text}
    return None


def name_times(name: str) -> tuple[Time, ...]:
    """Read the date in a file name.

    Parameters
    ----------
    name : str
        Without folders.

    Returns
    -------
    tuple of Time
        ``source`` is ``file name``; ``role`` is ``capture`` where cameras name files so, and
        ``sent`` where messengers and platforms do. Empty where no known pattern fits.
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
    value, zone, span, _ = parsed
    return (
        Time(value=value, zone=zone, source="file name", tag="file name", uncertainty_s=span,
             role=row.role, clock="a name that anyone can type"),
    )  # fmt: skip
