"""Two recorded times against each other, where either may have no zone."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from imgcheck.provenance.clocks.stated_time import Time

#: Zones in civil use lie between UTC-12 and UTC+14 (IANA time zone database).
EARLIEST, LATEST = timedelta(hours=14), timedelta(hours=12)

Order = Literal["before", "after", "same", "undecidable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """How far the second time lies after the first.

    Attributes
    ----------
    order : str
        Of the first against the second, sure whatever the unknown zones are; times without a
        zone of one clock are compared as written.
    written_s : float
        Difference of the digits as written, zones ignored, second minus first, seconds.
    words : str
        How they were compared: ``both with a zone``, ``both without a zone, compared as
        written``, ``one without a zone, compared with every zone from UTC-12 to UTC+14``.
    """

    order: Order
    written_s: float
    words: str


def moment(value: str) -> datetime:
    """Read a ``Time.value`` back; what has no zone is put on the UTC axis as written."""
    text = value.removesuffix("Z")
    parts = text.split("-")
    if len(text) == 4:
        text += "-01-01"
    elif len(text) == 7 and len(parts) == 2:
        text += "-01"
    read = datetime.fromisoformat(text)
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


def local(value: str) -> datetime:
    """Read the digits of a ``Time.value`` as written, its zone left out."""
    text = value.removesuffix("Z")
    if len(text) > 19 and text[-6] in "+-" and text[-3] == ":":
        text = text[:-6]
    return moment(text)


def gap(first: Time, second: Time, *, slack_s: float = 0.0) -> Gap:
    """Compare two times of one file.

    Parameters
    ----------
    first, second : Time
        Each stands for ``[value, value + uncertainty_s)``.
    slack_s : float
        Seconds by which the two may differ and still be called the same.

    Returns
    -------
    Gap
    """
    written = (local(second.value) - local(first.value)).total_seconds()
    known = first.zone is not None, second.zone is not None
    if not any(known):
        words = "both without a zone, compared as written"
    elif all(known):
        words = "both with a zone"
    else:
        words = "one without a zone, compared with every zone from UTC-12 to UTC+14"
    one = _span(first, widen=any(known))
    two = _span(second, widen=any(known))
    slack = timedelta(seconds=slack_s)
    if one[1] + slack <= two[0]:
        order: Order = "before"
    elif two[1] + slack <= one[0]:
        order = "after"
    else:
        order = "undecidable" if known[0] != known[1] else "same"
    return Gap(order=order, written_s=written, words=words)


def _span(time: Time, *, widen: bool) -> tuple[datetime, datetime]:
    """Give the first moment of a time and the one after its last, over all zones it may have."""
    low = moment(time.value)
    high = low + timedelta(seconds=time.uncertainty_s)
    if time.zone is None and widen:
        return low - EARLIEST, high + LATEST
    return low, high
