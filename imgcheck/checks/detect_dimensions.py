"""Do measured objects have the size that is claimed, and what else has that size?"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from imgcheck.annotation import Annotation
from imgcheck.case import Case
from imgcheck.checks import needs
from imgcheck.checks._reviewed import singular
from imgcheck.checks.check import check
from imgcheck.detect import dimensions
from imgcheck.detect.dimensions import Candidate, MeasuredSize, VehicleType
from imgcheck.geo.measures import bearing
from imgcheck.model import Dimensions, Finding, Measure, Outcome
from imgcheck.quantity import significant

# Spread of a claimed size without a tolerance: variants of one type differ by about this much.
_TOLERANCE = 0.02
_MOST_NAMED = 6
# Names that one type goes by.
_ALSO = {"hummer": "hmmwv", "humvee": "hmmwv"}

LIMITS = (
    "A size excludes types and determines none: the table is not complete, and vehicles that are "
    "not in it have the same sizes.",
    "A type of vehicle does not prove who operates it.",
    "The measurement is as good as its stated errors: a shadow, a load or a net on an edge changes "
    "it. How often people misjudge these errors has not been measured, so this check does not "
    "decide.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A measured size, and where it comes from."""

    size: MeasuredSize
    source: str


@check(
    "detect.dimensions",
    question="Do the measured objects have the claimed size, and what else has it?",
    asks="misrepresented",
    analysis="content",
    stage="pixels",
    answers=("dimensions",),
    needs=(needs.measured_size,),
)
def detect_dimensions(case: Case) -> Iterable[Finding]:
    """Compare measured lengths and widths with the claimed ones and with a table of types."""
    scale = _scale_error(case)
    for statement in case.claim.of_type(Dimensions):
        found = _measured(case, statement, scale)
        if isinstance(found, str):
            yield detect_dimensions.finding(
                statement=statement.id,
                outcome=Outcome.NOT_APPLICABLE,
                summary=found,
                basis=detect_dimensions.id,
                would_change=(needs.SIZE,),
            )
        else:
            yield _compared(statement, found)


def _compared(statement: Dimensions, found: Measured) -> Finding:
    claimed = _claimed(statement, found.size)
    own = _named(statement.object_class)
    rivals = [one for one in dimensions.vehicle_types() if own not in one.name.lower().split()]
    ranked = dimensions.compare(found.size, [claimed, *rivals])
    mine = next(one for one in ranked if one.type is claimed)
    others = [one for one in ranked if one.type is not claimed]
    return detect_dimensions.finding(
        statement=statement.id,
        outcome=Outcome.INCONCLUSIVE,
        summary=words(statement, found, mine, others),
        basis="measured sizes of objects",
        measures=tuple(_measures(found.size, mine, others)),
        limits=LIMITS,
        would_change=("imagery of finer resolution", "more of the like objects measured"),
    )


def _named(name: str) -> str:
    name = singular(name)
    return _ALSO.get(name, name)


def _claimed(statement: Dimensions, size: MeasuredSize) -> VehicleType:
    """Return the claimed size as a type; without a claimed width, with any width."""
    spread = statement.tolerance_m
    width, width_spread = statement.width_m, spread
    if width is None:
        width, width_spread = size.width_m, 10 * size.width_m
    return VehicleType(
        name=f"the claimed {statement.object_class}",
        family="claimed",
        length_m=statement.length_m,
        width_m=width,
        height_m=None,
        length_spread_m=spread or _TOLERANCE * statement.length_m,
        width_spread_m=width_spread or _TOLERANCE * width,
        source="the claim",
    )


def words(
    statement: Dimensions, found: Measured, mine: Candidate, others: Sequence[Candidate]
) -> str:
    """Return what a measured size means for a claimed one; the rivals are always named."""
    size = found.size
    aspect = f"{size.aspect:.2f} [{size.aspect_interval.low:.2f}, {size.aspect_interval.high:.2f}]"
    claimed = f"{statement.length_m:g}"
    if statement.width_m is not None:
        claimed += f" x {statement.width_m:g}"
        ratio = statement.length_m / statement.width_m
        allows = "allows" if mine.aspect_inside else "excludes"
        first = f"Length over width is {aspect}, which {allows} the claimed {ratio:.2f}"
    else:
        first = f"Length over width is {aspect}; no width is claimed"
    if size.scale_sigma is None:
        second = "the error of the scale is not known, so lengths are not compared"
    else:
        second = (
            f"the size is {_side(size.length_m, size.length_sigma_m, size)} x "
            f"{_side(size.width_m, size.width_sigma_m, size)} m (95 %; {found.source})"
        )
    lies = "inside" if mine.inside else "outside"
    return (
        f"{first}; {second}. The claimed {claimed} m lies {lies} the 95 % region of the "
        f"measurement. {_rivals(mine, others)}"
    )


def _side(value: float, sigma: float, size: MeasuredSize) -> str:
    whole = math.hypot(sigma, (size.scale_sigma or 0.0) * value)
    error = significant(1.96 * whole, 2)
    # The value ends where its error does.
    decimals = len(error.partition(".")[2])
    return f"{value:.{decimals}f} ± {error}"


def _rivals(mine: Candidate, others: Sequence[Candidate]) -> str:
    inside = [one for one in others if one.inside]
    if not inside:
        names = _listed(others[:3])
        return f"No other type of the table lies inside; the nearest are {names}."
    close = [
        one
        for one in inside
        if abs(one.log10_ratio - mine.log10_ratio) < dimensions.NOT_DISTINGUISHABLE
    ]
    count = "1 other type lies" if len(inside) == 1 else f"{len(inside)} other types lie"
    start = f"{count} inside: {_listed(inside)}"
    if not mine.inside:
        return f"{start}."
    if not close:
        return f"{start}. Each of their likelihoods differs from its own by a factor above 10."
    many = "any of them" if len(close) == len(inside) else f"{len(close)} of them"
    return f"{start}. By size it is not distinguishable from {many} (likelihood ratio below 10)."


def _listed(some: Sequence[Candidate]) -> str:
    names = [one.type.name for one in some[:_MOST_NAMED]]
    more = len(some) - len(names)
    return "; ".join(names) + (f"; and {more} more" if more > 0 else "")


def _measures(
    size: MeasuredSize, mine: Candidate, others: Sequence[Candidate]
) -> Iterator[Measure]:
    unknown = "the error of the scale is not known"
    yield Measure(
        name="length over width", value=round(size.aspect, 3), interval=size.aspect_interval
    )
    known = size.scale_sigma is not None
    for name, value in (("length", size.length_m), ("width", size.width_m)):
        shown = round(value, 3) if known else None
        yield Measure(name=name, value=shown, unit="m", reason=unknown)
    yield Measure(name="objects measured", value=size.objects)
    yield Measure(
        name="relative error of the scale",
        value=None if size.scale_sigma is None else round(size.scale_sigma, 4),
        reason=unknown,
    )
    yield Measure(name="claimed size inside the 95 % region", value=mine.inside)
    for one in others:
        if one.inside:
            yield Measure(
                name=f"log10 likelihood ratio of the claimed size to {one.type.name}",
                value=round(one.log10_ratio - mine.log10_ratio, 2),
            )


def _scale_error(case: Case) -> float | None:
    """Return the relative standard error of the scale: stated in the claim, or of the placing."""
    if case.placed is not None:
        wide, high = float(case.image.width), float(case.image.height)
        line = bearing(case.placed[1], (0.0, 0.0), (wide, high))
        return line.length_sigma_m / line.length_m
    stated = case.claim.measured("gsd_m")
    if stated is not None and stated.sigma is not None:
        return stated.sigma / stated.value
    return None


def _measured(case: Case, statement: Dimensions, scale: float | None) -> Measured | str:
    """Return the size of the objects that a statement is about, or why there is none."""
    own = _named(statement.object_class)
    stated = [one for one in case.claim.sizes if _named(one.object_class) == own]
    if stated:
        sizes = [
            MeasuredSize(
                length_m=one.length_m,
                width_m=one.width_m,
                length_sigma_m=one.length_sigma_m / math.sqrt(one.objects),
                width_sigma_m=one.width_sigma_m / math.sqrt(one.objects),
                scale_sigma=scale,
                objects=one.objects,
            )
            for one in stated
        ]
        return _pooled(sizes, "measured by a person")
    marked = () if case.annotations is None else case.annotations.annotations
    accepted = [one for one in marked if one.state == "accepted" and _named(one.label) == own]
    sizes = [size for one in accepted if (size := size_of(one, scale)) is not None]
    if not sizes:
        return (
            f'no size is measured of objects called "{statement.object_class}": a measurement or '
            "an accepted annotation must have that name"
        )
    return _pooled(sizes, "from accepted annotations")


def _pooled(sizes: Sequence[MeasuredSize], source: str) -> Measured | str:
    pooled = dimensions.pool(sizes)
    if pooled is None:
        return (
            f"the {len(sizes)} measured objects differ in size by more than their errors, so they "
            "are not of one type"
        )
    noun = "object" if pooled.objects == 1 else "objects"
    return Measured(size=pooled, source=f"{pooled.objects} {noun}, {source}")


def size_of(one: Annotation, scale: float | None) -> MeasuredSize | None:
    """Return the measured size of an annotation; None if a side or its error is missing."""
    length, width = one.measures.get("length"), one.measures.get("width")
    if length is None or width is None or length.unit != width.unit or length.unit not in "m px":
        return None
    edges = [side.causes.get("edge", side.sigma) for side in (length, width)]
    if edges[0] is None or edges[1] is None:
        return None
    stated = length.causes.get("gsd")
    known = scale if stated is None else stated / length.value
    return MeasuredSize(
        length_m=length.value,
        width_m=width.value,
        length_sigma_m=edges[0],
        width_sigma_m=edges[1],
        scale_sigma=known if length.unit == "m" else None,
    )
