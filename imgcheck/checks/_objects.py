"""Counts and absences: a person's count, and proposals of a detector, as findings."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from imgcheck import detect
from imgcheck.case import Case
from imgcheck.checks import _reviewed
from imgcheck.checks.check import Check, error_rate
from imgcheck.model import (
    Absence,
    Count,
    DetectionPower,
    Evidence,
    Finding,
    Measure,
    ObjectCount,
    Outcome,
    Picture,
    Region,
)
from imgcheck.quantity import distance

Span = tuple[float, float]
Gsd = tuple[float, str]
Counted = Count | Absence


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What a detector found; ``decide`` compares it with a statement, with the error ``rate``.

    ``pictures`` are shown with the first statement that it answers, else with the observation.
    """

    found: detect.Detections
    power: DetectionPower
    extra: tuple[Measure, ...] = ()
    decide: Callable[[Counted], Outcome | None] = lambda statement: None
    rate: str = ""
    pictures: tuple[Picture, ...] = ()


Look = Callable[[Gsd], Looked]

BASIS = "objects proposed in the picture"
_COUNTED = "a person's count"
_MOST_SHOWN = 200

# Finer pictures are shrunk to this; a megapixel takes 2 to 4 s, so the search ends in a minute.
_FINEST_M = 0.3
_MOST_MEGAPIXELS = 16

_FINER = "imagery of finer resolution"
_COUNT = "a person's count (count under measurements in the claim file)"

#: Classes that the detectors propose.
KNOWN = ("vehicle", "crater")

LIMITS = (
    "Objects are proposed by their shape alone; a person must check each of them.",
    "The type of a vehicle is not determined, and a type does not prove its operator.",
)
_COUNT_LIMITS = (
    "The result depends on a person's count. The error rate of people who count in such pictures "
    "has not been measured.",
)


def counted_class(statement: object) -> str:
    """Return the class of a statement on objects; empty for other statements."""
    return _reviewed.singular(getattr(statement, "object_class", ""))


def answer(check: Check, case: Case, noun: str, look: Look) -> Iterator[Finding]:
    """Yield findings from a person's count, and from a detector if the picture can be searched.

    Parameters
    ----------
    check : Check
    case : Case
    noun : str
        The class that ``look`` proposes.
    look : callable
        Searches at a ground sample distance, given with its source.
    """
    mine = {s.id for s in check.statements(case.claim)}
    claimed: tuple[Counted, ...] = case.claim.of_type(Count, Absence)
    claimed = tuple(s for s in claimed if s.id in mine)
    counted = {s.id: _person(check, s, case.claim.counts) for s in claimed}
    yield from (finding for finding in counted.values() if finding is not None)
    # What a person accepted and rejected stands in place of the detector's count.
    judged = [_reviewed.finding(check, s, case.annotations) for s in claimed]
    yield from (finding for finding in judged if finding is not None)
    reviewed = {finding.statement for finding in judged if finding is not None}
    known = [s for s in claimed if counted_class(s) == noun and s.id not in reviewed]
    for statement in claimed:
        answered = statement.id in reviewed or counted[statement.id] is not None
        if counted_class(statement) != noun and not answered:
            yield _not_tested(check, statement.id, _unknown(statement), _COUNT)
    gsd = case.gsd
    if gsd is None or _megapixels(case, gsd) > _MOST_MEGAPIXELS:
        for id in [s.id for s in known] if claimed else [None]:
            yield _not_tested(check, id, *_unsearchable(case, gsd))
        return
    looked = look(gsd)
    found, power = looked.found, looked.power
    span = _range(found)
    shared: dict[str, Any] = {
        "basis": BASIS,
        "measures": (*_measures(found, span, gsd), *looked.extra),
        "limits": LIMITS,
        "power": power,
    }
    words = _words(found, span, noun, gsd)
    concerned = known if found.searched_m is not None else []
    seen = Evidence(
        regions=tuple(_regions(found, noun)), pictures=() if concerned else looked.pictures
    )
    yield check.finding(
        statement=None, outcome=Outcome.INCONCLUSIVE, summary=words, evidence=seen, **shared
    )
    for statement in known:
        if found.searched_m is None:
            yield _not_tested(check, statement.id, f"{words} {power.sentence}", _FINER)
            continue
        first = statement is known[0]
        # A number that is not bounded decides nothing; an absence of craters needs no number.
        bounded = span is not None or found.kind == "crater"
        outcome = looked.decide(statement) if bounded else None
        yield check.finding(
            statement=statement.id,
            outcome=outcome or Outcome.INCONCLUSIVE,
            error_rate=None if outcome is None else error_rate(check.id, looked.rate),
            summary=_compared(statement, found, span, noun, power),
            evidence=Evidence(pictures=looked.pictures if first else ()),
            would_change=(*((_COUNT,) if counted[statement.id] is None else ()), _FINER),
            **shared,
        )


def _not_tested(check: Check, statement: str | None, reason: str, wish: str) -> Finding:
    return check.finding(
        statement=statement,
        outcome=Outcome.NOT_APPLICABLE,
        summary=reason,
        basis=check.id,
        would_change=(wish,),
    )


def _unknown(statement: Counted) -> str:
    return (
        f'"{statement.object_class}" is not a class that can be detected; detectors exist for '
        f"{' and '.join(f'{name}s' for name in KNOWN)}, without distinguishing their types"
    )


def _person(check: Check, statement: Counted, counts: Sequence[ObjectCount]) -> Finding | None:
    """Compare a statement with what people counted; None if nobody did."""
    own = [c for c in counts if _reviewed.singular(c.object_class) == counted_class(statement)]
    if not own:
        return None
    outcome, meaning = decide(statement, [c.value for c in own])
    each = "; ".join(f"{c.by} counted {c.value} on {c.at.text}" for c in own)
    return check.finding(
        statement=statement.id,
        outcome=outcome,
        summary=f"{each}. {meaning}.",
        basis=_COUNTED,
        measures=tuple(Measure(name=f"counted by {c.by}", value=c.value) for c in own),
        stated_by="; ".join(f"counted by {c.by} on {c.at.text}" for c in own),
        limits=_COUNT_LIMITS,
    )


def decide(statement: Counted, counted: Sequence[int]) -> tuple[Outcome, str]:
    """Compare what people counted with a claimed count or absence.

    Supports or contradicts if all counts agree about a claimed number. An absence is contradicted
    by objects if no smallest size is claimed, and never supported.
    """
    if isinstance(statement, Absence):
        if any(counted) and statement.min_size_m is not None:
            words = f"How many of them are {statement.min_size_m:g} m or larger is not stated"
            return Outcome.INCONCLUSIVE, words
        if all(counted):
            return Outcome.CONTRADICTS, "The claim states that there is none"
        if any(counted):
            return Outcome.INCONCLUSIVE, "Some counts agree and others disagree with the claim"
        words = "A count of zero does not show that there is none"
        return Outcome.INCONCLUSIVE, words
    inside = [_relation(n, n, statement) == "inside" for n in counted]
    claimed = _bounds(statement)
    if all(inside):
        return Outcome.SUPPORTS, f"That is within the claimed {claimed}"
    if not any(inside):
        return Outcome.CONTRADICTS, f"That is outside the claimed {claimed}"
    return Outcome.INCONCLUSIVE, f"Some counts agree and others disagree with the claimed {claimed}"


# A proposed number decides at this probability only.
_SURE = 0.99


def decide_by_detector(statement: Counted, found: detect.Detections) -> Outcome | None:
    """Compare a claimed number with the distribution of the true one; None leaves it open.

    Vehicles can stand unseen under trees, nets and roofs: more than a claimed most contradicts it,
    fewer than a claimed least contradict nothing.
    """
    if isinstance(statement, Absence):
        return None
    if statement.maximum is not None:
        more = detect.probability_of(found, least=statement.maximum + 1)
        return Outcome.CONTRADICTS if more is not None and more >= _SURE else None
    if statement.minimum is not None:
        enough = detect.probability_of(found, least=statement.minimum)
        return Outcome.SUPPORTS if enough is not None and enough >= _SURE else None
    return None


def _relation(low: float, high: float, statement: Count) -> str:
    """Compare a range of numbers with the claimed one: inside, outside or overlaps."""
    least = 0 if statement.minimum is None else statement.minimum
    most = math.inf if statement.maximum is None else statement.maximum
    if high < least or low > most:
        return "outside"
    return "inside" if low >= least and high <= most else "overlaps"


def _bounds(statement: Count) -> str:
    if statement.minimum is None:
        return f"at most {statement.maximum}"
    if statement.maximum is None:
        return f"at least {statement.minimum}"
    return f"{statement.minimum} to {statement.maximum}"


def _words(found: detect.Detections, span: Span | None, noun: str, gsd: Gsd) -> str:
    if found.searched_m is None:
        return f"This picture cannot show a {noun}: {found.reason}."
    reduced = ""
    if found.working_gsd is not None:
        reduced = f", at a reduced resolution of {distance(found.working_gsd)} per pixel"
    return (
        f"{_proposed(found, noun)}, at {distance(gsd[0])} per pixel ({gsd[1]}); {_number(span)}; "
        f"{found.share_searched:.0%} of the picture could be searched{reduced}."
    )


def _proposed(found: detect.Detections, noun: str) -> str:
    number = len(found.proposals)
    return f"{number} {noun} is proposed" if number == 1 else f"{number} {noun}s are proposed"


def _range(found: detect.Detections) -> Span | None:
    """Return the 90 % interval of the true number, or None where it is not bounded."""
    counted = detect.count(found)
    if found.kind == "crater" or counted.median is None or counted.high is None:
        return None
    return counted.low, counted.high


def _number(span: Span | None) -> str:
    if span is None:
        return "how many are real or were missed is not known"
    return f"the true number is {span[0]:.0f} to {span[1]:.0f} with 90 % probability"


def _compared(
    statement: Counted,
    found: detect.Detections,
    span: Span | None,
    noun: str,
    power: DetectionPower,
) -> str:
    start = f"{_proposed(found, noun)}; {_number(span)}"
    if isinstance(statement, Absence):
        # The power of craters states the proposals itself.
        words = power.sentence if noun == "crater" else f"{start}. {power.sentence}"
        return (
            f"{words} A picture cannot prove an absence; it can only show "
            "which sizes would have been detected."
        )
    claimed = _bounds(statement)
    if span is None:
        return f"{start}. The claimed {claimed} is neither supported nor contradicted."
    relation = _relation(*span, statement)
    lies = {"inside": "lies inside", "outside": "lies outside", "overlaps": "overlaps"}[relation]
    return f"{start}. That range {lies} the claimed {claimed}."


def _measures(found: detect.Detections, span: Span | None, gsd: Gsd) -> Iterator[Measure]:
    why = found.reason or "the share of false and of missed objects is not known for this picture"
    yield Measure(name="proposed", value=len(found.proposals))
    for name, place in (("fewest", 0), ("most", 1)):
        value = None if span is None else int(span[place])
        yield Measure(name=f"{name}, 90 % interval", value=value, reason=why)
    if found.expected_false is not None:
        yield Measure(
            name="expected false proposals on an area of this size",
            value=round(found.expected_false.value, 1),
        )
    yield Measure(name="ground sample distance", value=round(gsd[0], 5), unit="m")
    if found.working_gsd is not None:
        yield Measure(name="resolution searched", value=round(found.working_gsd, 3), unit="m")
    yield Measure(name="share of the picture searched", value=round(found.share_searched, 4))
    reason = found.reason or "no calibration applies to this picture"
    yield Measure(name="calibration", value=found.calibration, reason=reason)


def _regions(found: detect.Detections, noun: str) -> Iterator[Region]:
    for number, one in enumerate(found.proposals[:_MOST_SHOWN], 1):
        yield Region(
            image="picture",
            polygon=_outline(one),
            label=f"{noun} proposed ({number}): {one.length * found.gsd:.1f} m",
            layer=f"proposed {noun}s",
        )


def _megapixels(case: Case, gsd: Gsd) -> float:
    """Return the size at which a picture would be searched."""
    reduced = min(1.0, gsd[0] / _FINEST_M) ** 2
    return case.image.width * case.image.height * reduced / 1e6


def _unsearchable(case: Case, gsd: Gsd | None) -> tuple[str, str]:
    """Return why a picture cannot be searched, and what to give."""
    if gsd is None:
        return (
            "the ground sample distance is not known",
            "a reference that shows the same ground, or gsd_m under measurements in the claim file",
        )
    return (
        f"the picture has {_megapixels(case, gsd):.0f} megapixels to search, over "
        f"{_MOST_MEGAPIXELS}",
        "a crop of the picture that shows the area in the statement",
    )


def _outline(one: detect.Proposal) -> tuple[tuple[float, float], ...]:
    """Return the corners of an oriented box, or a ring of points for a crater."""
    if one.kind == "crater":
        turns = [2 * math.pi * step / 24 for step in range(24)]
        ring = [(one.length / 2 * math.sin(t), -one.length / 2 * math.cos(t)) for t in turns]
    else:
        along = math.radians(one.heading)
        ux, uy = math.sin(along) * one.length / 2, -math.cos(along) * one.length / 2
        vx, vy = math.cos(along) * one.width / 2, math.sin(along) * one.width / 2
        ring = [(ux + vx, uy + vy), (ux - vx, uy - vy), (-ux - vx, -uy - vy), (-ux + vx, -uy + vy)]
    return tuple((round(one.cx + dx, 1), round(one.cy + dy, 1)) for dx, dy in ring)
