"""Marks on a picture: every region of every finding, numbered and in layers."""

import math
from dataclasses import dataclass

from markupsafe import Markup

from imgcheck.model import Finding, Region, Report
from imgcheck.quantity import distance

#: Outlines drawn on one picture; more of them hide what they mark. All are in report.json.
MAX_MARKS = 1500
#: Layers that get a switch of their own; the rest share the last.
MAX_LAYERS = 12
# Numbers are drawn beside outlines only while there are few enough to be read.
_NUMBERED = 40
# Each layer has a side of its own, so that the numbers of two layers over one thing differ.
_SIDES = ("above", "below", "right", "left")
_OPPOSITE = {"above": "below", "below": "above", "right": "left", "left": "right"}
_EDGE = 5.0  # per cent of the picture from its edge within which a number would be cut off


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One region with its number on the picture, its finding and the numbers of its statements."""

    number: int
    finding: int
    statements: tuple[int, ...]
    region: Region

    @property
    def classes(self) -> str:
        """The classes by which an open statement shows its marks: ``s1 s7``."""
        return " ".join(f"s{number}" for number in self.statements)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One outline: a dot where it has no ``points``, and the SVG attributes of its number."""

    mark: Mark
    element: str
    points: str
    x: float
    y: float
    number: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """Marks that are switched on and off together."""

    key: str
    name: str
    colour: str
    shapes: tuple[Shape, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Where a placed picture lies: metres per pixel, north, and its centre in words."""

    gsd_m: float
    north_deg: float | None
    centre: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """A picture with its marks, as ``viewer.html`` draws it.

    ``key`` is unique on the page; without an ``address`` the outlines are drawn on an empty frame
    of ``size`` (width, height), in which the marks are given.
    """

    key: str
    address: Markup | None
    size: tuple[int, int]
    alt: str
    caption: str
    marks: tuple[Mark, ...]
    ground: "Ground | None" = None

    @property
    def layers(self) -> tuple[Layer, ...]:
        return layers(self.marks, self.key, self.size)

    @property
    def scale(self) -> tuple[float, str] | None:
        """Length of the scale bar in pixels of the picture, and in words."""
        if self.ground is None:
            return None
        length = scale_length(self.size[0], self.ground.gsd_m)
        return length / self.ground.gsd_m, distance(length)

    @property
    def numbered(self) -> bool:
        return len(self.marks) <= _NUMBERED

    @property
    def left_out(self) -> int:
        return len(self.marks) - MAX_MARKS

    @property
    def rules(self) -> str:
        """Style rules: a mark shows if its layer is switched on or its statement is open."""
        hidden = "".join(
            f".viewer:has(#{one.key}:not(:checked)) g.{one.key}>*{{display:none}}\n"
            for one in self.layers
        )
        # These follow, and are more specific than, the ones above.
        numbers = sorted({n for mark in self.marks for n in mark.statements})
        return hidden + "".join(
            f"main:has(#s{n}[open]) #{self.key} g .s{n}{{display:inline}}\n" for n in numbers
        )


def ground_of(report: Report) -> Ground | None:
    """Return where the posted picture lies, from the finding that carries its footprint."""
    for finding in report.findings:
        values = {m.name: m.value for m in finding.measures}
        gsd, north = values.get("ground sample distance"), values.get("direction of north")
        if finding.evidence.footprints and isinstance(gsd, float) and gsd > 0:
            ring = finding.evidence.footprints[0].ring[:-1]
            lon, lat = (sum(point[k] for point in ring) / len(ring) for k in (0, 1))
            return Ground(
                gsd_m=gsd,
                north_deg=north if isinstance(north, float) else None,
                centre=f"{lat:.5f}, {lon:.5f}",
            )
    return None


def scale_length(width: int, gsd_m: float) -> float:
    """Return a round length on the ground, in metres, that fits a quarter of a picture's width."""
    room = 0.25 * width * gsd_m
    power = 10.0 ** math.floor(math.log10(room))
    return max(n for n in (power, 2 * power, 5 * power) if n <= room)


def marks_on(report: Report, image: str) -> tuple[Mark, ...]:
    """Number the regions of one input, in the order of the findings."""
    found = [
        (position, region)
        for position, finding in enumerate(report.findings)
        for region in finding.evidence.regions
        if region.image == image and _drawable(region)
    ]
    return tuple(
        Mark(
            number=number,
            finding=position,
            statements=_statements(report, report.findings[position]),
            region=region,
        )
        for number, (position, region) in enumerate(found, 1)
    )


def _statements(report: Report, finding: Finding) -> tuple[int, ...]:
    """Return the numbers of the statements that a finding bears on.

    What a check observes apart from the statements bears on those for which it has a finding.
    """
    ids = {finding.statement}
    if finding.statement is None:
        ids = {f.statement for f in report.findings if f.check == finding.check}
    return tuple(n for n, verdict in enumerate(report.verdicts, 1) if verdict.statement in ids)


def layers(marks: tuple[Mark, ...], key: str, size: tuple[int, int]) -> tuple[Layer, ...]:
    """Return the marks to draw, grouped by layer in the order in which layers appear."""
    drawn = marks[:MAX_MARKS]
    names = list(dict.fromkeys(mark.region.layer for mark in drawn))
    if len(names) > MAX_LAYERS:
        names = names[: MAX_LAYERS - 1]
    groups = [(name, [m for m in drawn if m.region.layer == name]) for name in names]
    rest = [m for m in drawn if m.region.layer not in names]
    if rest:
        groups.append(("other layers", rest))
    return tuple(
        Layer(
            key=f"{key}-l{i}",
            name=name,
            colour=f"k{i % 6}",
            shapes=tuple(_shape(mark, size, side=_SIDES[i % 4]) for mark in group),
        )
        for i, (name, group) in enumerate(groups)
    )


def numbers(marks: tuple[Mark, ...], finding: int) -> str:
    """Return the numbers of a finding on the picture: ``3``, ``3 to 7``, ``3 and 9``."""
    own = [mark.number for mark in marks if mark.finding == finding]
    if not own:
        return ""
    if own[-1] - own[0] == len(own) - 1 and len(own) > 2:
        return f"{own[0]} to {own[-1]}"
    return " and ".join(str(number) for number in own)


def _drawable(region: Region) -> bool:
    points = region.polygon
    return bool(points) and all(math.isfinite(v) for point in points for v in point)


def _shape(mark: Mark, size: tuple[int, int], *, side: str) -> Shape:
    points = mark.region.polygon
    joined = " ".join(f"{_at(x)},{_at(y)}" for x, y in points) if len(points) > 1 else ""
    return Shape(
        mark=mark,
        element="polygon" if len(points) > 2 else "polyline",
        points=joined,
        x=points[0][0],
        y=points[0][1],
        number=_number(mark, size, side=side),
    )


def _number(mark: Mark, size: tuple[int, int], *, side: str) -> dict[str, str]:
    """Put a number on one side of its outline, inside the picture."""
    xs = [_percent(x, size[0]) for x, _ in mark.region.polygon]
    ys = [_percent(y, size[1]) for _, y in mark.region.polygon]
    edges = {"left": min(xs), "right": max(xs), "above": min(ys), "below": max(ys)}
    room = edges[side] if side in ("left", "above") else 100 - edges[side]
    side = _OPPOSITE[side] if room < _EDGE else side
    found = {
        "class": mark.classes,
        "x": f"{edges[side] if side in ('left', 'right') else (min(xs) + max(xs)) / 2:.2f}%",
        "y": f"{edges[side] if side in ('above', 'below') else (min(ys) + max(ys)) / 2:.2f}%",
        "dy": {"above": "-0.35em", "below": "1.15em"}.get(side, "0.35em"),
    }
    if side in ("left", "right"):
        found["dx"] = "-0.4em" if side == "left" else "0.4em"
        found["class"] += f" beside-{side}"
    return found


def _at(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _percent(value: float, whole: int) -> float:
    return min(100.0, max(0.0, 100 * value / max(1, whole)))
