"""What the vehicle and the crater check share: proposals, and a person's count, into findings."""

import math
from collections.abc import Callable, Iterator, Sequence

from imgcheck import detect
from imgcheck.case import Case
from imgcheck.checks.check import Check
from imgcheck.model import (
    Absence,
    Count,
    DetectionPower,
    Evidence,
    Finding,
    Measure,
    ObjectCount,
    Outcome,
    Region,
    Statement,
)
from imgcheck.quantity import distance

Span = tuple[float, float]

BASIS = "objects proposed in the picture"
_COUNTED = "a person's count"
_MOST_SHOWN = 200

# Finer pictures are shrunk to this; a megapixel takes 2 to 4 s, so the search ends in a minute.
_FINEST_M = 0.3
_MOST_MEGAPIXELS = 16

_FINER = "imagery of finer resolution"
_COUNT = "a person's count (count under measurements in the claim file)"

#: What the detectors propose. A class that is not here is named as unknown, not taken for one.
KNOWN = ("vehicle", "crater")

LIMITS = (
    "Every object is proposed by shape alone and marked as such; a person must look at each.",
    "A vehicle's type is not determined, and a type never proves an operator.",
)
_COUNT_LIMITS = (
    "The count is as right as the person who counted. How often people count wrongly on such a "
    "picture has not been measured.",
)


def class_of(name: str) -> str:
    """Give the class that a name means: without case and plural."""
    name = name.strip().lower()
    return name[:-1] if len(name) > 1 and name.endswith("s") and not name.endswith("ss") else name


def looked_for(statement: Statement) -> str:
    """Give the class of a statement on objects."""
    return class_of(getattr(statement, "object_class", ""))


def answer(
    check: Check,
    case: Case,
    noun: str,
    look: Callable[[tuple[float, str]], tuple[detect.Detections, DetectionPower, list[Measure]]],
) -> Iterator[Finding]:
    """Answer each statement from a person's count, and look for objects where it can be done.

    Parameters
    ----------
    check : Check
    case : Case
    noun : str
        The class that ``look`` proposes.
    look : callable
        Gives proposals, power and more measures for a ground sample distance and its source.
    """
    statements = check.statements(case.claim)
    counted = {s.id: _person(check, s, case.claim.counts) for s in statements}
    yield from (finding for finding in counted.values() if finding is not None)
    known = [s for s in statements if looked_for(s) == noun]
    for statement in statements:
        if statement not in known and counted[statement.id] is None:
            yield _not_tested(check, statement, _unknown(statement), _COUNT)
    gsd = case.gsd
    if gsd is None or _megapixels(case, gsd) > _MOST_MEGAPIXELS:
        asked: list[Statement | None] = [*known] if statements else [None]
        for one in asked:
            yield _not_tested(check, one, *_unsearchable(case, gsd))
        return
    found, power, extra = look(gsd)
    span = _range(found)
    measures = (*_measures(found, span, gsd), *extra)
    yield check.finding(
        statement=None,
        outcome=Outcome.INCONCLUSIVE,
        summary=_words(found, span, noun, gsd),
        basis=BASIS,
        measures=measures,
        evidence=Evidence(regions=tuple(_regions(found, noun))),
        limits=LIMITS,
        power=power,
    )
    for statement in known:
        if found.searched_m is None:
            reason = f"{_words(found, span, noun, gsd)} {power.sentence}"
            yield _not_tested(check, statement, reason, _FINER)
            continue
        yield check.finding(
            statement=statement.id,
            outcome=Outcome.INCONCLUSIVE,
            summary=_compared(statement, found, span, noun, power),
            basis=BASIS,
            measures=measures,
            limits=LIMITS,
            power=power,
            would_change=(
                *((_COUNT,) if counted[statement.id] is None else ()),
                _FINER,
            ),
        )


def _not_tested(check: Check, statement: Statement | None, reason: str, wish: str) -> Finding:
    return check.finding(
        statement=None if statement is None else statement.id,
        outcome=Outcome.NOT_APPLICABLE,
        summary=reason,
        basis=check.id,
        would_change=(wish,),
    )


def _unknown(statement: Statement) -> str:
    return (
        f'"{getattr(statement, "object_class", "")}" is not a class that the detectors know; they '
        f"know {' and '.join(KNOWN)}, and not of which kind one is"
    )


def _person(check: Check, statement: Statement, counts: Sequence[ObjectCount]) -> Finding | None:
    """Compare a statement with what people counted, or give ``None`` where nobody did."""
    own = [c for c in counts if class_of(c.object_class) == looked_for(statement)]
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


def decide(statement: Statement, counted: Sequence[int]) -> tuple[Outcome, str]:
    """Say what the numbers that people counted mean for a count or an absence.

    Returns
    -------
    outcome : Outcome
        Supports or contradicts where all counts agree about a claimed number. An absence is
        contradicted by objects, where no smallest size is claimed, and never supported.
    meaning : str
    """
    if isinstance(statement, Absence):
        if any(counted) and statement.min_size_m is not None:
            words = f"How many of them are of {statement.min_size_m:g} m or more is not said"
            return Outcome.INCONCLUSIVE, words
        if all(counted):
            return Outcome.CONTRADICTS, "The claim says that there is none"
        if any(counted):
            return Outcome.INCONCLUSIVE, "The counts do not agree about the claim"
        words = "That none was counted does not show that there is none"
        return Outcome.INCONCLUSIVE, words
    assert isinstance(statement, Count)
    inside = [_relation(n, n, statement) == "inside" for n in counted]
    claimed = _bounds(statement)
    if all(inside):
        return Outcome.SUPPORTS, f"That is within the claimed {claimed}"
    if not any(inside):
        return Outcome.CONTRADICTS, f"That is outside the claimed {claimed}"
    return Outcome.INCONCLUSIVE, f"The counts do not agree about the claimed {claimed}"


def _relation(low: float, high: float, statement: Count) -> str:
    """Say how the numbers from low to high lie to the claimed ones."""
    least = 0 if statement.minimum is None else statement.minimum
    most = math.inf if statement.maximum is None else statement.maximum
    if high < least or low > most:
        return "outside"
    return "inside" if low >= least and high <= most else "overlaps"


def _words(found: detect.Detections, span: Span | None, noun: str, gsd: tuple[float, str]) -> str:
    if found.searched_m is None:
        return f"This picture cannot show a {noun}: {found.reason}."
    return (
        f"{_proposed(found, noun)}, at {distance(gsd[0])} a pixel ({gsd[1]}); {_number(span)}; "
        f"{found.share_searched:.0%} of the picture could be searched{_coarser(found)}."
    )


def _coarser(found: detect.Detections) -> str:
    """Say at what resolution a large picture was searched, if not at its own."""
    if found.working_gsd is None:
        return ""
    return f", at a reduced resolution of {distance(found.working_gsd)} a pixel"


def _proposed(found: detect.Detections, noun: str) -> str:
    number = len(found.proposals)
    return f"{number} {noun} is proposed" if number == 1 else f"{number} {noun}s are proposed"


def _range(found: detect.Detections) -> Span | None:
    """Give the range of the true number by the calibration, or ``None`` where none holds."""
    counted = detect.count(found)
    if found.kind == "crater" or counted.median is None or counted.high is None:
        return None
    return counted.low, counted.high


def _number(span: Span | None) -> str:
    if span is None:
        return "how many of them are real, and how many were missed, is not known"
    return (
        f"by what was measured in one street the true number would be {span[0]:.0f} to "
        f"{span[1]:.0f}, and on another city such a range often missed it"
    )


def _compared(
    statement: Statement,
    found: detect.Detections,
    span: Span | None,
    noun: str,
    power: DetectionPower,
) -> str:
    start = f"{_proposed(found, noun)}; {_number(span)}"
    if isinstance(statement, Absence):
        return f"{start}. {power.sentence} An absence cannot be shown by a picture, only bounded."
    assert isinstance(statement, Count)
    claimed = _bounds(statement)
    if span is None:
        return f"{start}, so the claimed {claimed} is neither supported nor contradicted."
    relation = _relation(*span, statement)
    lies = {"inside": "lies inside", "outside": "lies outside", "overlaps": "overlaps"}[relation]
    return (
        f"{start}. That range {lies} the claimed {claimed}. The proposals are not exact enough to "
        "decide."
    )


def _bounds(statement: Count) -> str:
    if statement.minimum is None:
        return f"at most {statement.maximum}"
    if statement.maximum is None:
        return f"at least {statement.minimum}"
    return f"{statement.minimum} to {statement.maximum}"


def _measures(
    found: detect.Detections, span: Span | None, gsd: tuple[float, str]
) -> Iterator[Measure]:
    why = found.reason or "the share of false and of missed objects is not known for this picture"
    yield Measure(name="proposed", value=len(found.proposals))
    for name, place in (("fewest", 0), ("most", 1)):
        value = None if span is None else int(span[place])
        yield Measure(name=f"{name} by the calibration scene", value=value, reason=why)
    if found.expected_false is not None:
        yield Measure(
            name="false proposals on as much ground elsewhere",
            value=round(found.expected_false.value, 1),
        )
    yield Measure(name="ground sample distance", value=round(gsd[0], 5), unit="m")
    if found.working_gsd is not None:
        yield Measure(name="resolution searched", value=round(found.working_gsd, 3), unit="m")
    yield Measure(name="share of the picture searched", value=round(found.share_searched, 4))
    yield Measure(
        name="calibration",
        value=found.calibration,
        reason=found.reason or "no calibration holds here",
    )


def _regions(found: detect.Detections, noun: str) -> Iterator[Region]:
    for number, one in enumerate(found.proposals[:_MOST_SHOWN], 1):
        size = f"{one.length * found.gsd:.1f} m"
        yield Region(
            image="picture",
            polygon=_outline(one),
            label=f"{noun} proposed ({number}): {size}",
            layer=f"proposed {noun}s",
        )


def _megapixels(case: Case, gsd: tuple[float, str]) -> float:
    """Give the size at which a picture would be searched."""
    reduced = min(1.0, gsd[0] / _FINEST_M) ** 2
    return case.image.width * case.image.height * reduced / 1e6


def _unsearchable(case: Case, gsd: tuple[float, str] | None) -> tuple[str, str]:
    """Say why a picture cannot be searched, and what to give."""
    if gsd is None:
        return (
            "the ground sample distance is unknown",
            "a reference to place the picture on, or gsd_m under measurements in the claim file",
        )
    return (
        f"the picture has {_megapixels(case, gsd):.0f} megapixels to search, over "
        f"{_MOST_MEGAPIXELS}",
        "the part of the picture that the statement is about, cut out",
    )


def _outline(one: detect.Proposal) -> tuple[tuple[float, float], ...]:
    """Give the corners of an oriented box, or a ring of points for a crater."""
    if one.kind == "crater":
        turns = [2 * math.pi * step / 24 for step in range(24)]
        ring = [(one.length / 2 * math.sin(t), -one.length / 2 * math.cos(t)) for t in turns]
    else:
        along = math.radians(one.heading)
        ux, uy = math.sin(along) * one.length / 2, -math.cos(along) * one.length / 2
        vx, vy = math.cos(along) * one.width / 2, math.sin(along) * one.width / 2
        ring = [(ux + vx, uy + vy), (ux - vx, uy - vy), (-ux - vx, -uy - vy), (-ux + vx, -uy + vy)]
    return tuple((round(one.cx + dx, 1), round(one.cy + dy, 1)) for dx, dy in ring)
