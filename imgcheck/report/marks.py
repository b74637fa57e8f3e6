"""Numbered marks: every region of every finding, by the picture it lies on and its layer."""

import math
from dataclasses import dataclass

from imgcheck.model import Region, Report

#: Outlines drawn on one picture; more of them hide what they mark. All stand in report.json.
MAX_MARKS = 1500
#: Layers that get a switch of their own; the rest share the last.
MAX_LAYERS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One region with its number on the picture and the finding it belongs to."""

    number: int
    finding: int
    region: Region


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """Marks that are switched on and off together."""

    name: str
    marks: tuple[Mark, ...]


def marks_on(report: Report, image: str) -> tuple[Mark, ...]:
    """Number the regions that lie on one input, in the order of the findings."""
    found = [
        (position, region)
        for position, finding in enumerate(report.findings)
        for region in finding.evidence.regions
        if region.image == image and _drawable(region)
    ]
    return tuple(
        Mark(number=number, finding=position, region=region)
        for number, (position, region) in enumerate(found, 1)
    )


def layers(marks: tuple[Mark, ...]) -> tuple[Layer, ...]:
    """Group marks by layer, in the order in which layers appear."""
    names = list(dict.fromkeys(mark.region.layer for mark in marks))
    if len(names) > MAX_LAYERS:
        names = names[: MAX_LAYERS - 1]
    grouped = [
        Layer(name=name, marks=tuple(m for m in marks if m.region.layer == name)) for name in names
    ]
    rest = tuple(m for m in marks if m.region.layer not in names)
    return (*grouped, Layer(name="other layers", marks=rest)) if rest else tuple(grouped)


def numbers(marks: tuple[Mark, ...], finding: int) -> str:
    """Say which numbers a finding has on the picture: ``3``, ``3 to 7``, ``3 and 9``."""
    own = [mark.number for mark in marks if mark.finding == finding]
    if not own:
        return ""
    if own[-1] - own[0] == len(own) - 1 and len(own) > 2:
        return f"{own[0]} to {own[-1]}"
    return " and ".join(str(number) for number in own)


def _drawable(region: Region) -> bool:
    points = region.polygon
    return bool(points) and all(math.isfinite(v) for point in points for v in point)
