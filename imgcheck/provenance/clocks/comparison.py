"""Recorded times against each other and against a claimed window, where zones may be missing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from imgcheck.provenance.clocks.stated import Role, Time

#: Zones in civil use lie between UTC-12 and UTC+14 (IANA time zone database).
EARLIEST, LATEST = timedelta(hours=14), timedelta(hours=12)

Order = Literal["before", "after", "same", "undecidable"]
Relation = Literal["inside", "before", "after", "undecidable"]
LocalRelation = Literal["inside", "earlier", "later", "overlaps", "unknown"]

_ORDER: tuple[Role, ...] = (
    "capture", "position", "digitised", "signed", "written", "metadata", "sent"
)  # fmt: skip
# Times by which the picture existed, however long before it may have been taken.
_BOUNDS = ("signed", "written", "metadata", "sent")
_MEANING: dict[Role, str] = {
    "capture": "recorded as the moment of capture",
    "position": "the time of the GPS fix that the camera recorded",
    "digitised": "the time at which the picture was digitised",
    "written": "the moment a program last saved the picture, which can be long after capture",
    "metadata": "the moment the tags were last changed, which can be long after capture",
    "sent": "the day on which a messenger or a platform named the file, after capture",
    "signed": "the time of a signed time stamp: the file existed then",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """The second time relative to the first.

    ``order`` is that of the first against the second, whatever the unknown zones are; two times
    without a zone are compared as written. ``written_s`` is the difference of the digits, second
    minus first; ``words`` name how the two were compared.
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
    """Compare two times of one file, which are the same within ``slack_s`` seconds."""
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
    """Return the first moment of a time and the one after its last, over all possible zones."""
    low = moment(time.value)
    high = low + timedelta(seconds=time.uncertainty_s)
    if time.zone is None and widen:
        return low - EARLIEST, high + LATEST
    return low, high


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeFit:
    """One recorded time against the window.

    Attributes
    ----------
    relation : str
        ``inside``, ``before``, ``after`` or ``undecidable``, whatever the unknown zones are.
    local : str
        The two compared as local times: ``inside``, ``earlier``, ``later``, ``overlaps`` (the
        recorded time is coarser), or ``unknown`` (a time in UTC against a window without a zone).
        A lead where ``relation`` is undecidable, not a result: the clock may run in another zone.
    local_gap_h : float
        Hours between the two as local times; 0.0 unless earlier or later.
    margin_h : float
        Hours by which the clock would have to be wrong, beyond all zones, to change the relation.
    """

    time: Time
    relation: Relation
    local: LocalRelation
    local_gap_h: float
    margin_h: float
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeComparison:
    """Every recorded time against the window; ``capture`` is the one nearest to the shutter.

    Clocks can be wrong and tags edited: ``before`` and ``after`` are not yet a contradiction. A
    picture can be *saved* after the window and be right.
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
        naive datetime that reading, in an unknown zone: both are widened like the file's own
        times without a zone. ``end`` is inclusive for a date.

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
    at best; ``local`` compares what the two clocks show. A clock that shows UTC, or an offset of
    zero, which many programs write for UTC, shows no local time, unless another time of the file
    gives the offset.
    """
    first, last = _edge(start), _edge(end)
    if last.over < first.moment:
        raise ValueError(f"the window ends ({end}) before it starts ({start})")
    fits = tuple(_fit(time, first, last) for time in times)
    ranked = sorted(fits, key=lambda fit: (bool(fit.time.doubt), _ORDER.index(fit.time.role)))
    near = ranked and ranked[0].time.role in ("capture", "position", "digitised")
    return TimeComparison(fits=fits, capture=ranked[0] if near else None)


@dataclass(frozen=True, slots=True)
class _Edge:
    """One side of the window: the moment, its local time, and whether its zone is known.

    A side without a zone is put on the UTC axis as written.
    """

    moment: datetime
    face: datetime
    zoned: bool
    length: timedelta

    @property
    def over(self) -> datetime:
        return self.moment + self.length


def _edge(value: date | datetime) -> _Edge:
    if not 1000 < value.year < 9000:  # room for the zones on both sides
        raise ValueError(f"the year {value.year} of the window is impossible for a picture")
    if not isinstance(value, datetime):
        day = datetime(value.year, value.month, value.day, tzinfo=UTC)
        return _Edge(day, day, False, timedelta(days=1))
    face = value.replace(tzinfo=UTC)
    if value.tzinfo is None:
        return _Edge(face, face, False, timedelta(0))
    return _Edge(value.astimezone(UTC), face, True, timedelta(0))


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
    faces, gap_h = _compare_faces(time, first, last)
    return TimeFit(
        time=time, relation=relation, local=faces, local_gap_h=round(gap_h, 2),
        margin_h=round(margin, 2),
        basis=_sentence(time, relation, faces, gap_h, margin, first.zoned and last.zoned),
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


def _compare_faces(time: Time, first: _Edge, last: _Edge) -> tuple[LocalRelation, float]:
    """Compare the camera's local time with the window as it is written."""
    face = _face(time)
    if face is None:
        return "unknown", 0.0
    if first.zoned and time.local_offset_s is not None:  # then both are moments
        face = face - timedelta(seconds=time.local_offset_s)
        opening, closing = first.moment, last.over
    else:
        opening, closing = first.face, last.face + last.length
    over = face + timedelta(seconds=time.uncertainty_s)
    if over <= opening:
        return "earlier", _hours(opening - over)
    if face >= closing:
        return "later", _hours(face - closing)
    return ("inside" if opening <= face and over <= closing else "overlaps"), 0.0


def _face(time: Time) -> datetime | None:
    """Return the local time of a clock; None where it ran in UTC and the offset is unknown."""
    if time.zone is None:
        return local(time.value)
    if moment(time.value) != local(time.value):
        return local(time.value)
    if time.local_offset_s is None:
        return None
    return moment(time.value) + timedelta(seconds=time.local_offset_s)


def _hours(gap: timedelta) -> float:
    return gap / timedelta(hours=1)


def _sentence(
    time: Time, relation: Relation, faces: LocalRelation, gap_h: float, margin: float, zoned: bool
) -> str:
    zone = "no zone" if time.zone is None else f"the zone {time.zone}"
    head = f"{time.tag} ({time.source}) reads {time.value} with {zone}, {_MEANING[time.role]}"
    unknown = [
        word for word, absent in (("its zone", time.zone is None), ("the claim's zone", not zoned))
        if absent
    ]  # fmt: skip
    if relation == "undecidable" and unknown:
        return f"{head}; {_as_local_times(time, faces, gap_h)}."
    if relation == "undecidable":
        return f"{head}; it is too coarse to decide whether it lies inside the window."
    whatever = f", whatever {' and '.join(unknown)} may be" if unknown else ""
    where = {"inside": "inside the window", "before": "before the window",
             "after": "after the window"}[relation]  # fmt: skip
    bound = ""
    if time.role in _BOUNDS and relation == "before":
        bound = "; if that is right, the picture existed before the window"
    elif time.role in _BOUNDS and relation == "after":
        bound = "; that is not a conflict, the picture may be older"
    return f"{head}; it is {where} by {_duration(margin)} or more{whatever}{bound}."


def _as_local_times(time: Time, faces: LocalRelation, gap_h: float) -> str:
    if faces == "unknown":
        return (
            "the claim names no time zone, so this time in UTC cannot be placed inside or outside "
            "the window"
        )
    offset = time.local_offset_s
    shown = "" if offset is None else f" (UTC{offset / 3600:+.4g} h, by the file's time in UTC)"
    if faces == "inside":
        return f"as local times{shown} it is inside the window"
    if faces == "overlaps":
        return f"as local times{shown} it is too coarse to decide whether it lies inside the window"
    return (
        f"as local times{shown} it is {_duration(gap_h)} {faces} than the window, which a clock in "
        "another time zone can explain"
    )


def _duration(hours: float) -> str:
    if hours < 1:
        return f"{60 * hours:.0f} min"
    return f"{hours:.1f} h" if hours < 72 else f"{hours / 24:.0f} days"
