"""Dates that a file's name states. Names are typed by people and programs: weak evidence."""

import re
from functools import cache

from imgcheck.provenance.platform_data import NameRow, platform_data
from imgcheck.provenance.times import Time, parse_time

_LONGEST = 255


@cache
def _compiled() -> tuple[tuple[re.Pattern[str], NameRow], ...]:
    rows = platform_data().names
    return tuple((re.compile(row.pattern, re.IGNORECASE | re.ASCII), row) for row in rows)


def named_by(name: str) -> tuple[tuple[NameRow, dict[str, str]], ...]:
    """Give every known pattern that a name fits, with the parts it found."""
    if not name or len(name) > _LONGEST:
        return ()
    return tuple(
        (row, {key: text for key, text in match.groupdict().items() if text})
        for pattern, row in _compiled()
        if (match := pattern.fullmatch(name))
    )


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
    found = []
    for row, parts in named_by(name):
        if row.role is None or not {"y", "m", "d"} <= parts.keys():
            continue
        text = "-".join(parts[key] for key in "ymd")
        if "H" in parts and "M" in parts:
            text += f"T{int(parts['H']):02}:{parts['M']}"
            text += f":{parts['S']}" if "S" in parts else ""
        parsed = parse_time(text, fraction=parts.get("f", ""), zone=row.zone)
        if parsed is not None:
            found.append(
                Time(value=parsed[0], zone=parsed[1], source="file name",
                     tag="file name", uncertainty_s=parsed[2], role=row.role,
                     clock="a name that anyone can type")
            )  # fmt: skip
    return tuple(found)
