"""Two recorded times against each other, where either may have no zone."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from imgcheck.provenance.times import Time

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
    one, two = first.zone is not None, second.zone is not None
    if one and two:
        low, high = moment(first.value), moment(second.value)
        spread, words = timedelta(0), "both with a zone"
    elif one or two:
        low, high = moment(first.value), moment(second.value)
        # The one without a zone may be up to 14 h earlier or 12 h later than its digits in UTC.
        words = "one without a zone, compared with every zone from UTC-12 to UTC+14"
        spread = EARLIEST
    else:
        low, high = local(first.value), local(second.value)
        spread, words = timedelta(0), "both without a zone, compared as written"
    difference = (high - low).total_seconds()
    wide = spread.total_seconds() + slack_s
    if difference - first.uncertainty_s >= wide:
        order: Order = "before"
    elif -difference - second.uncertainty_s >= wide:
        order = "after"
    elif spread:
        order = "undecidable"
    else:
        order = "same"
    return Gap(order=order, written_s=written, words=words)
