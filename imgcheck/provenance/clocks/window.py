"""Recorded times against a claimed window, with the zones nobody wrote down."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from imgcheck.provenance.clocks.between import EARLIEST, LATEST, moment
from imgcheck.provenance.clocks.times import Role, Time

Relation = Literal["inside", "before", "after", "undecidable"]

_ORDER: tuple[Role, ...] = (
    "capture", "position", "digitised", "signed", "written", "metadata", "sent"
)  # fmt: skip
# Times by which the picture existed, however long before it may have been taken.
_BOUNDS = ("signed", "written", "metadata", "sent")
_MEANING: dict[Role, str] = {
    "capture": "said to be the moment of capture",
    "position": "the moment of the GPS fix the camera attached",
    "digitised": "the moment the picture became digital",
    "written": "the moment a program last saved the picture, which can be long after capture",
    "metadata": "the moment the tags were last changed, which can be long after capture",
    "sent": "the day on which a messenger or a platform named the file, after capture",
    "signed": "the moment of a signed time stamp: the file existed then",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeFit:
    """One recorded time against the window.

    Attributes
    ----------
    relation : str
        ``inside``, ``before``, ``after`` or ``undecidable``, whatever the unknown zones are.
    if_same_zone : str
        The relation if every time without a zone, in the file and in the claim, is in one and
        the same zone. A lead where ``relation`` is undecidable, no result.
    margin_h : float
        Hours by which the clock would have to be wrong, beyond all zones, before the relation
        changes; 0.0 where it is undecidable.
    basis : str
        The sentence behind it.
    """

    time: Time
    relation: Relation
    if_same_zone: Relation
    margin_h: float
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeComparison:
    """Every recorded time against the window; ``capture`` is the one nearest to the shutter.

    A recorded time is what a clock said and what nobody edited since; ``before`` and ``after``
    are not yet a contradiction. A picture can be *saved* after the window and be right.
    """

    fits: tuple[TimeFit, ...]
    capture: TimeFit | None


def compare_times(
    times: Sequence[Time], *, start: date | datetime, end: date | datetime
) -> TimeComparison:
    """Compare the times a file states with a claimed window.

    Parameters
    ----------
    times : sequence of Time
        As ``metadata(...).times`` gives them.
    start, end : datetime or date
        The claimed window. An aware datetime is that moment. A ``date`` is the whole day, and a
        naive datetime that reading, in a zone nobody named: both are widened like the file's
        own times without a zone. ``end`` is inclusive for a date.

    Returns
    -------
    TimeComparison

    Raises
    ------
    ValueError
        If ``end`` lies before ``start``, or a year is not between 1001 and 8999.

    Notes
    -----
    A time without a zone may lie anywhere from UTC-12 to UTC+14, so it covers 26 hours. It is
    ``inside`` only if all of them are, and ``before`` or ``after`` only if none touches the
    window. One claimed day and a camera clock without a zone are therefore always undecidable
    at best; ``if_same_zone`` says what they would be in one common zone.
    """
    first, last = _edge(start), _edge(end)
    if last.over < first.moment:
        raise ValueError(f"the window ends ({end}) before it starts ({start})")
    fits = tuple(_fit(time, first, last) for time in times)
    ranked = sorted(fits, key=lambda fit: _ORDER.index(fit.time.role))
    near = ranked and ranked[0].time.role in ("capture", "position", "digitised")
    return TimeComparison(fits=fits, capture=ranked[0] if near else None)


@dataclass(frozen=True, slots=True)
class _Edge:
    """One side of the window: as written, and whether its zone is known."""

    moment: datetime
    zoned: bool
    whole_day: bool

    @property
    def over(self) -> datetime:
        """The moment after which the side is over."""
        return self.moment + timedelta(days=1) if self.whole_day else self.moment


def _edge(value: date | datetime) -> _Edge:
    if not 1000 < value.year < 9000:  # room for the zones on both sides
        raise ValueError(f"a window with the year {value.year} is none that a picture can meet")
    if not isinstance(value, datetime):
        return _Edge(datetime(value.year, value.month, value.day, tzinfo=UTC), False, True)
    if value.tzinfo is None:
        return _Edge(value.replace(tzinfo=UTC), False, False)
    return _Edge(value.astimezone(UTC), True, False)


def _fit(time: Time, first: _Edge, last: _Edge) -> TimeFit:
    low = moment(time.value)
    high = low + timedelta(seconds=time.uncertainty_s)
    opening, closing = first.moment, last.over
    spread = (EARLIEST, LATEST) if time.zone is None else (timedelta(0), timedelta(0))
    outer = (
        opening - (timedelta(0) if first.zoned else EARLIEST),
        closing + (timedelta(0) if last.zoned else LATEST),
    )
    inner = (
        opening + (timedelta(0) if first.zoned else LATEST),
        closing - (timedelta(0) if last.zoned else EARLIEST),
    )
    relation, margin = _relate(low - spread[0], high + spread[1], outer, inner)
    plain, _ = _relate(low, high, (opening, closing), (opening, closing))
    return TimeFit(
        time=time, relation=relation, if_same_zone=plain, margin_h=round(margin, 2),
        basis=_sentence(time, relation, plain, margin, first.zoned and last.zoned),
    )  # fmt: skip


def _relate(
    low: datetime, high: datetime, outer: tuple[datetime, datetime],
    inner: tuple[datetime, datetime],
) -> tuple[Relation, float]:  # fmt: skip
    """Relate [low, high) to a window that is at least ``inner`` and at most ``outer``."""
    if high <= outer[0]:
        return "before", _hours(outer[0] - high)
    if low >= outer[1]:
        return "after", _hours(low - outer[1])
    if low >= inner[0] and high <= inner[1]:
        return "inside", _hours(min(low - inner[0], inner[1] - high))
    return "undecidable", 0.0


def _hours(gap: timedelta) -> float:
    return gap / timedelta(hours=1)


def _sentence(time: Time, relation: Relation, plain: Relation, margin: float, zoned: bool) -> str:
    zone = "no zone" if time.zone is None else f"the zone {time.zone}"
    head = f"{time.tag} ({time.source}) reads {time.value} with {zone}, {_MEANING[time.role]}"
    unknown = [
        word for word, absent in (("its zone", time.zone is None), ("the claim's zone", not zoned))
        if absent
    ]  # fmt: skip
    whatever = f", whatever {' and '.join(unknown)} may be" if unknown else ""
    if relation == "undecidable":
        why = f" because {' and '.join(unknown)} is unknown" if unknown else " at its precision"
        lead = f"; in one common zone it would be {plain}" if unknown else ""
        return f"{head}; against the window it is undecidable{why}{lead}."
    where = {"inside": "inside the window", "before": "before the window",
             "after": "after the window"}[relation]  # fmt: skip
    bound = ""
    if time.role in _BOUNDS and relation == "before":
        bound = "; if that is right, the picture existed before the window"
    elif time.role in _BOUNDS and relation == "after":
        bound = "; that is no conflict, the picture may be older"
    by = f"{margin:.1f} h" if margin < 72 else f"{margin / 24:.0f} days"
    return f"{head}; it is {where} by {by} or more{whatever}{bound}."
