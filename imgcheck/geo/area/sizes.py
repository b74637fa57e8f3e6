"""Which sizes of the picture are tried on which references, and where."""

import math
from dataclasses import dataclass

from imgcheck.errors import UsageError
from imgcheck.geo.area.store import Source
from imgcheck.geo.area.sweep import Circle
from imgcheck.geo.locating import Prior, circle
from imgcheck.geo.placement import affine_of, system_of
from imgcheck.geo.structural import coarse
from imgcheck.geo.structural.engine import LARGEST_SCALE, LEAST_FOOTPRINT, SMALLEST_SCALE

# Long strips are reduced further: a longer template would need larger transforms, and memory.
_LARGEST_DIAGONAL = 190.0
# References whose pixels differ by less are searched with one template.
_ALIKE = 1.02
# Finer sizes are left out beyond so many pixels of the search, all sizes together: 3e7 are 54 km
# at 5 m and a size known within 20 %, 3.5e8 the same with a size of 0.25 to 4.
_MOST_WORK = 4e8


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One size on references of about one pixel size.

    ``scale`` in reference pixels per picture pixel; ``factor``: reduction of the reference.
    """

    scale: float
    factor: float
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is searched.

    ``circles`` by the number of the reference, ``work`` in pixels of the search, ``reason`` if
    anything was left out.
    """

    steps: tuple[Step, ...]
    circles: dict[int, Circle]
    work: float = 0.0
    reason: str | None = None


def plan(shape: tuple[int, ...], sources: list[Source], prior: Prior | None) -> Plan:
    """Say what to search.

    Raises
    ------
    UsageError
        If the prior cannot be understood.
    """
    circles: dict[int, Circle] = {}
    if prior is not None and prior.near is not None:
        circles = {s.id: c for s in sources if (c := _circle(s, prior.near)) is not None}
        sources = [s for s in sources if s.id in circles]
        if not sources:
            return Plan(
                steps=(), circles={}, reason="the claimed place lies outside of the indexed area"
            )
    steps: list[Step] = []
    reason = None
    work = 0.0
    for group in _groups(sources):
        some, left_out, pixels = _sizes(shape, group, prior, circles)
        steps += some
        work += pixels
        reason = reason or left_out
    return Plan(steps=tuple(steps), circles=circles, work=work, reason=reason)


def _groups(sources: list[Source]) -> list[list[Source]]:
    groups: list[list[Source]] = []
    for source in sorted(sources, key=lambda s: (s.gsd_m, s.id)):
        if groups and source.gsd_m < groups[-1][0].gsd_m * _ALIKE:
            groups[-1].append(source)
        else:
            groups.append([source])
    return groups


def _sizes(
    shape: tuple[int, ...],
    group: list[Source],
    prior: Prior | None,
    circles: dict[int, Circle],
) -> tuple[list[Step], str | None, float]:
    """Give the sizes for references of one pixel size, coarse ones first."""
    least, most = SMALLEST_SCALE, LARGEST_SCALE
    if prior is not None and prior.gsd_m is not None:
        low, high = prior.gsd_m
        if not 0 < low <= high < math.inf:
            raise UsageError(
                f"a prior of {low} to {high} m a pixel is none; give 0 < least <= most"
            )
        least, most = low / group[0].gsd_m, high / group[0].gsd_m
    side = math.sqrt(shape[0] * shape[1])
    low = max(least, LEAST_FOOTPRINT / side)
    high = min(most, 1.3 * max(max(s.width, s.height) for s in group) / side)
    if low > high:
        return [], "the picture is too small or too large for a reference", 0.0
    count = max(1, math.ceil(math.log(high / low) / math.log(coarse.SCALE_STEP) - 1e-9))
    steps: list[Step] = []
    work = 0.0
    for number in reversed(range(count)):
        scale = low * (high / low) ** ((number + 0.5) / count)
        factor = _factor(shape, scale)
        work += sum(_area(s, circles.get(s.id)) for s in group) / factor**2
        if work > _MOST_WORK:
            return steps, "sizes finer than the search could afford were left out", work
        steps.append(Step(scale=scale, factor=factor, sources=tuple(group)))
    return steps, None, work


def joined(steps: tuple[Step, ...]) -> list[Step]:
    """Give one size for each two neighbours."""
    found: list[Step] = []
    waiting: Step | None = None
    for step in (*steps, None):
        if waiting is None:
            waiting = step
            continue
        pair = step if step is not None and step.sources == waiting.sources else waiting
        scale = math.sqrt(waiting.scale * pair.scale)
        found.append(Step(scale=scale, factor=waiting.factor, sources=waiting.sources))
        waiting = None if pair is step else step
    return found


def _factor(shape: tuple[int, ...], scale: float) -> float:
    side = math.sqrt(shape[0] * shape[1])
    longest = scale * math.hypot(shape[0], shape[1]) / _LARGEST_DIAGONAL
    wanted = max(2.0, scale, scale * side / coarse.TEMPLATE_SIDE, longest)
    return float(2.0 ** (round(2 * math.log2(wanted)) / 2))


def _area(source: Source, circle: Circle | None) -> float:
    whole = float(source.width * source.height)
    return whole if circle is None else min(whole, (2 * circle.radius + 1000.0) ** 2)


def _circle(source: Source, near: tuple[float, float, float]) -> Circle | None:
    """Put a claimed place on a reference; None where it does not touch it."""
    found = circle(near, affine_of(source.transform), system_of(source.crs))
    if found is None:
        return None
    x, y, radius = found
    if not (-radius <= x <= source.width + radius and -radius <= y <= source.height + radius):
        return None
    return Circle(x=x, y=y, radius=radius)
