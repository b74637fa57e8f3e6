"""Dates of known pictures: their form, and which of two proves more."""

import re
from datetime import UTC, datetime

from imgcheck.errors import UsageError

_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2}(T[0-9:.]+(Z|[+-]\d{2}:\d{2})?)?)?)?")
# What completes a shorter date to its last moment.
_REST = {4: "-12-31T24", 7: "-31T24", 10: "T24"}


def checked(text: str | None) -> str | None:
    """Give the date as it is, if it has the form of one.

    Raises
    ------
    UsageError
        If it is no ISO 8601 date, date and time, or ``from/to``.
    """
    if text is None:
        return None
    parts = text.split("/")
    if len(parts) > 2 or not all(_DATE.fullmatch(part) for part in parts):
        raise UsageError(
            f'"{text}" is not an ISO 8601 date; write "2017-09-24", "2017-09-24T12:30:00Z" '
            'or "2017-09-08/2017-09-12"'
        )
    return text


def order(text: str | None) -> tuple[bool, str, str]:
    """Give a key that sorts first the date which proves the earliest existence.

    A picture dated "2016-05" existed by the end of May, one dated "2016" only by the end of the
    year: the earlier end counts, then the text; no date comes last. This is a total order, so
    that the first of several does not depend on the order in which they come. A time without a
    zone is ordered as if it were UTC.
    """
    if text is None:
        return True, "", ""
    end = text.split("/")[-1]
    return False, _utc(end) if "T" in end else end + _REST.get(len(end), ""), text


def _utc(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    if moment.tzinfo is not None:
        try:
            moment = moment.astimezone(UTC)
        except OverflowError:
            return text
    return moment.replace(tzinfo=None).isoformat()
