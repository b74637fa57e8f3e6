"""Plan the search of an area, and select its candidates."""

import math
from dataclasses import dataclass

import numpy as np

from imgcheck.geo import earth
from imgcheck.geo.area.store import Source
from imgcheck.geo.area.sweep import Circle, Peak
from imgcheck.geo.reference import Prior
from imgcheck.geo.structural import coarse
from imgcheck.geo.structural.engine import LARGEST_SCALE, LEAST_FOOTPRINT, SMALLEST_SCALE
from imgcheck.imaging import transforms
from imgcheck.imaging.pixels import Float64

# Long strips are reduced further: a longer template would need larger transforms, and memory.
_LARGEST_DIAGONAL = 190.0
# References whose pixels differ by less are searched with one template.
_ALIKE = 1.02
# Finer sizes are left out beyond so many pixels of the search, all sizes together: 3e7 are 54 km
# at 5 m and a size known within 20 %, 3.5e8 the same with a size of 0.25 to 4.
_MOST_WORK = 4e8
# Places kept; of those elsewhere, so many weigh against the best.
_KEPT, _RIVALS = 64, 24
# Middles nearer than this share of the picture's side show much of the same ground.
_ELSEWHERE = 0.7


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
    """Sizes and places of a search.

    ``circles`` by the number of the reference, ``work`` in pixels of the search, ``reason`` if
    anything was left out.
    """

    steps: tuple[Step, ...]
    circles: dict[int, Circle]
    work: float = 0.0
    reason: str | None = None


def plan(shape: tuple[int, ...], sources: list[Source], prior: Prior | None) -> Plan:
    """Plan sizes and places of the search."""
    circles: dict[int, Circle] = {}
    if prior is not None and prior.near is not None:
        circles = {s.id: c for s in sources if (c := _circle(s, prior)) is not None}
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
    shape: tuple[int, ...], group: list[Source], prior: Prior | None, circles: dict[int, Circle]
) -> tuple[list[Step], str | None, float]:
    """Return the sizes for references of one pixel size, coarse ones first."""
    least, most = SMALLEST_SCALE, LARGEST_SCALE
    if prior is not None and prior.gsd_m is not None:
        least, most = (size / group[0].gsd_m for size in prior.gsd_m)
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
            return (
                steps,
                ("the finest pixel sizes were not searched, to limit the computing time"),
                work,
            )
        steps.append(Step(scale=scale, factor=factor, sources=tuple(group)))
    return steps, None, work


def joined(steps: tuple[Step, ...]) -> list[Step]:
    """Return one size for each two neighbours."""
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


def _circle(source: Source, prior: Prior) -> Circle | None:
    """Return the claimed place on a reference; None where it does not touch it."""
    found = prior.circle(source.transform, source.crs)
    if found is None:
        return None
    x, y, radius = found
    if not (-radius <= x <= source.width + radius and -radius <= y <= source.height + radius):
        return None
    return Circle(x=x, y=y, radius=radius)


def distinct(peaks: list[Peak], shape: tuple[int, ...], *, most: int = _KEPT) -> list[Peak]:
    """Keep the best of peaks that are nearly equal, highest first."""
    chosen: list[Peak] = []
    for peak in sorted(peaks, key=lambda p: -p.surprise):
        rivals = [other for other in chosen if other.source.id == peak.source.id]
        if not any(coarse.nearly_equal(peak, other, shape) for other in rivals):
            chosen.append(peak)
        if len(chosen) == most:
            break
    return chosen


def rivals(best: Peak, peaks: list[Peak], shape: tuple[int, ...]) -> list[Peak]:
    """Return the best peaks elsewhere: all of them are wrong if this one is right.

    Two places on overlapping ground, of one reference or two, count once.
    """
    side = math.sqrt(shape[0] * shape[1])
    ground = _lonlat(peaks)
    away_m = _ELSEWHERE * side * best.scale * best.source.gsd_m
    taken = [_lonlat([best])[0]]
    found = []
    for peak, place in zip(peaks, ground, strict=True):
        if all(_metres(place, other) > away_m for other in taken):
            taken.append(place)
            found.append(peak)
        if len(found) == _RIVALS:
            break
    return found


def _lonlat(peaks: list[Peak]) -> Float64:
    places = []
    for peak in peaks:
        at = transforms.apply(earth.affine_of(peak.source.transform), [[peak.x, peak.y]])
        places.append(earth.to_lonlat(earth.system_of(peak.source.crs), at)[0])
    return np.array(places).reshape(-1, 2)


def _metres(a: Float64, b: Float64) -> float:
    east, north = earth.metres_per_degree(float(a[1] + b[1]) / 2)
    turn = (float(a[0] - b[0]) + 180) % 360 - 180
    return math.hypot(turn * east, float(a[1] - b[1]) * north)
