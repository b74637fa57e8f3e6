"""What the vehicle and the crater check share: proposals into findings."""

import math
from collections.abc import Callable, Iterable, Iterator

from imgcheck import detect
from imgcheck.checks import _placed
from imgcheck.checks.check import Check
from imgcheck.model import (
    Absence,
    Case,
    Count,
    DetectionPower,
    Evidence,
    Finding,
    Measure,
    Outcome,
    Region,
    Statement,
)
from imgcheck.quantity import Interval, distance

BASIS = "objects proposed in the picture"
_MOST_SHOWN = 200

# Finer pictures are shrunk to this; a megapixel takes 2 to 4 s, so the search ends in a minute.
_FINEST_M = 0.3
_MOST_MEGAPIXELS = 16

_FINER = "imagery of finer resolution"

LIMITS = (
    "Every object is proposed by shape alone and marked as such; a person must look at each.",
    "Probabilities and bounds were calibrated on one street scene; on another city they were too "
    "high and too narrow (docs/benchmarks.md, detect).",
    "A vehicle's type is not determined, and a type never proves an operator.",
)


def named(*classes: str) -> Callable[[Statement], bool]:
    """Tell whether a count or an absence is about one of these classes."""

    def concerns(statement: Statement) -> bool:
        wanted = getattr(statement, "object_class", "").strip().lower()
        return wanted in classes or wanted.removesuffix("s") in classes

    return concerns


def answer(
    check: Check,
    case: Case,
    found: detect.Detections,
    *,
    noun: str,
    gsd: tuple[float, str],
    power: DetectionPower,
    extra: Iterable[Measure] = (),
) -> Iterator[Finding]:
    """Give the observation, and the answer to each statement the check bears on."""
    counted = detect.count(found)
    measures = (*_measures(found, counted, gsd), *extra)
    words = _words(found, counted, noun, gsd)
    yield check.finding(
        statement=None,
        outcome=Outcome.INCONCLUSIVE,
        summary=words,
        basis=BASIS,
        measures=measures,
        evidence=Evidence(regions=tuple(_regions(found, noun))),
        limits=LIMITS,
        power=power,
    )
    if found.searched_m is None:
        # Nothing was searched, so no statement was tested.
        if check.statements(case.claim):
            reason = f"{words} {power.sentence}"
            yield from check.without(case, Outcome.NOT_APPLICABLE, reason, would_change=(_FINER,))
        return
    for statement in check.statements(case.claim):
        said = _compared(statement, found, counted, noun, power)
        yield check.finding(
            statement=statement.id,
            outcome=Outcome.INCONCLUSIVE,
            summary=said,
            basis=BASIS,
            measures=measures,
            limits=LIMITS,
            power=power,
            would_change=("a person's count of the proposals", _FINER),
        )


def _words(
    found: detect.Detections, counted: detect.CountEstimate, noun: str, gsd: tuple[float, str]
) -> str:
    if found.searched_m is None:
        return f"This picture cannot show a {noun}: {found.reason}."
    number = len(found.proposals)
    many = f"{number} {noun} is" if number == 1 else f"{number} {noun}s are"
    return (
        f"{many} proposed ({_range(counted)}), at {distance(gsd[0])} a pixel ({gsd[1]}); "
        f"{found.share_searched:.0%} of the picture could be searched."
    )


def _range(counted: detect.CountEstimate) -> str:
    level = f"{counted.level:.0%}"
    if counted.high is None:
        return f"true number at least {counted.low:.0f}, not bounded above ({level})"
    return f"true number between {counted.low:.0f} and {counted.high:.0f} ({level})"


def _compared(
    statement: Statement,
    found: detect.Detections,
    counted: detect.CountEstimate,
    noun: str,
    power: DetectionPower,
) -> str:
    if isinstance(statement, Absence):
        return (
            f"{len(found.proposals)} proposed, {_range(counted)}. {power.sentence} "
            "An absence cannot be shown by a picture, only bounded."
        )
    assert isinstance(statement, Count)
    claimed = _bounds(statement)
    low, high = counted.low, counted.high
    apart = (statement.minimum is not None and high is not None and high < statement.minimum) or (
        statement.maximum is not None and low > statement.maximum
    )
    agrees = "does not reach" if apart else "overlaps"
    return (
        f"{len(found.proposals)} proposed, {_range(counted)}; that {agrees} the claimed "
        f"{claimed}. The proposals are not exact enough to decide."
    )


def _bounds(statement: Count) -> str:
    if statement.minimum is None:
        return f"at most {statement.maximum}"
    if statement.maximum is None:
        return f"at least {statement.minimum}"
    return f"{statement.minimum} to {statement.maximum}"


def _measures(
    found: detect.Detections, counted: detect.CountEstimate, gsd: tuple[float, str]
) -> Iterator[Measure]:
    high = float("inf") if counted.high is None else float(counted.high)
    yield Measure(name="proposed", value=len(found.proposals))
    yield Measure(
        name="true number",
        value=counted.median,
        interval=Interval(low=float(counted.low), high=high, level=counted.level),
        reason="no calibration holds at this ground sample distance",
    )
    if found.expected_false is not None:
        yield Measure(
            name="false proposals to expect",
            value=round(found.expected_false.value, 3),
            interval=found.expected_false.interval,
        )
    yield Measure(name="ground sample distance", value=round(gsd[0], 5), unit="m")
    yield Measure(name="share of the picture searched", value=round(found.share_searched, 4))
    yield Measure(
        name="calibration",
        value=found.calibration,
        reason=found.reason or "no calibration holds here",
    )


def _regions(found: detect.Detections, noun: str) -> Iterator[Region]:
    for number, one in enumerate(found.proposals[:_MOST_SHOWN], 1):
        chance = "" if one.p is None else f", p = {one.p:.2f}"
        size = f"{one.length * found.gsd:.1f} m"
        yield Region(
            image="picture",
            polygon=_outline(one),
            label=f"{noun} proposed ({number}): {size}{chance}",
            layer=f"proposed {noun}s",
        )


def searchable(check: Check, case: Case) -> tuple[tuple[float, str] | None, tuple[Finding, ...]]:
    """Give the ground sample distance, or the findings that say why there is none."""
    gsd = _placed.gsd(case)
    if gsd is None:
        reason = (
            "the ground sample distance is unknown: give a reference to place the picture on, or "
            "gsd_m under measurements in the claim"
        )
        return None, check.without(case, Outcome.NOT_APPLICABLE, reason)
    reduced = min(1.0, gsd[0] / _FINEST_M) ** 2
    megapixels = case.image.width * case.image.height * reduced / 1e6
    if megapixels <= _MOST_MEGAPIXELS:
        return gsd, ()
    reason = (
        f"the picture has {megapixels:.0f} megapixels to search, over {_MOST_MEGAPIXELS}: cut out "
        "the part that the statement is about"
    )
    return None, check.without(case, Outcome.NOT_APPLICABLE, reason)


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
