"""One marked object in a picture, and all those of one picture: plain data.

Pixels: x right, y down, (0, 0) at the corner of the top-left pixel, whose centre is (0.5, 0.5).
Headings: degrees clockwise from up; `AnnotatedPicture.north_deg` relates up to north.
"""

import math
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Self

from imgcheck.quantity import Interval

#: Every class. A name outside of this list stays in `Annotation.label`; its class is "other".
CLASSES = (
    "vehicle",
    "vehicle.light",
    "vehicle.heavy",
    "vehicle.tracked-like",
    "crater",
    "scorch",
    "earthwork",
    "structure",
    "other",
)
State = Literal["proposed", "accepted", "rejected"]
STATES: tuple[State, ...] = ("proposed", "accepted", "rejected")
Point2 = tuple[float, float]

# What other tools call the classes, singular and in lower case.
_NAMES = {
    "vehicle": "vehicle",
    **dict.fromkeys(
        ("car", "van", "minibus", "pickup", "pick-up", "small-vehicle", "small vehicle", "suv"),
        "vehicle.light",
    ),
    **dict.fromkeys(
        ("truck", "bus", "lorry", "trailer", "large-vehicle", "large vehicle"), "vehicle.heavy"
    ),
    **dict.fromkeys(("tank", "bulldozer", "excavator"), "vehicle.tracked-like"),
    **dict.fromkeys(("berm", "trench", "dug-out", "firing position"), "earthwork"),
    **dict.fromkeys(("building", "tent", "shed", "container"), "structure"),
}


def class_of(name: str) -> str:
    """Return the class that a name of another tool belongs to.

    Examples
    --------
    >>> class_of("Truck"), class_of("crater"), class_of("swimming-pool")
    ('vehicle.heavy', 'crater', 'other')
    """
    name = name.strip().lower().replace("_", "-")
    return name if name in CLASSES else _NAMES.get(name, "other")


@dataclass(frozen=True, slots=True, kw_only=True)
class Obb:
    """A turned rectangle: ``length`` along ``heading``, ``width`` across it."""

    type: Literal["obb"] = "obb"
    cx: float
    cy: float
    length: float
    width: float
    heading: float

    @property
    def points(self) -> tuple[Point2, ...]:
        """Corners clockwise: front left, front right, rear right, rear left."""
        (ax, ay), (bx, by) = _axes(self.length, self.width, self.heading)
        signs = ((1, -1), (1, 1), (-1, 1), (-1, -1))
        return tuple((self.cx + i * ax + j * bx, self.cy + i * ay + j * by) for i, j in signs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ellipse:
    """An ellipse with the full axes ``length``, along ``heading``, and ``width``."""

    type: Literal["ellipse"] = "ellipse"
    cx: float
    cy: float
    length: float
    width: float
    heading: float = 0.0

    @property
    def points(self) -> tuple[Point2, ...]:
        """A ring of 48 points."""
        (ax, ay), (bx, by) = _axes(self.length, self.width, self.heading)
        turns = [(math.cos(t), math.sin(t)) for t in (2 * math.pi * k / 48 for k in range(48))]
        return tuple((self.cx + c * ax + s * bx, self.cy + c * ay + s * by) for c, s in turns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """An upright rectangle from its top left corner."""

    type: Literal["box"] = "box"
    x: float
    y: float
    width: float
    height: float

    @property
    def points(self) -> tuple[Point2, ...]:
        """Corners: top left, top right, bottom right, bottom left."""
        right, bottom = self.x + self.width, self.y + self.height
        return ((self.x, self.y), (right, self.y), (right, bottom), (self.x, bottom))


@dataclass(frozen=True, slots=True, kw_only=True)
class Polygon:
    """An outline of three or more corners, not closed."""

    type: Literal["polygon"] = "polygon"
    points: tuple[Point2, ...]

    def __post_init__(self) -> None:
        if len(self.points) < 3:
            raise ValueError("a polygon has 3 corners or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """A single point."""

    type: Literal["point"] = "point"
    x: float
    y: float

    @property
    def points(self) -> tuple[Point2, ...]:
        """The point itself."""
        return ((self.x, self.y),)


Geometry = Obb | Ellipse | Box | Polygon | Dot


def _axes(length: float, width: float, heading: float) -> tuple[Point2, Point2]:
    """Return the half axes along the heading and to the right of it."""
    turn = math.radians(heading)
    sin, cos = math.sin(turn), math.cos(turn)
    return (sin * length / 2, -cos * length / 2), (cos * width / 2, sin * width / 2)


def bounds(geometry: Geometry) -> Box:
    """Return the smallest upright rectangle around a geometry."""
    if isinstance(geometry, Ellipse):
        (ax, ay), (bx, by) = _axes(geometry.length, geometry.width, geometry.heading)
        wide, high = math.hypot(ax, bx), math.hypot(ay, by)
        return Box(x=geometry.cx - wide, y=geometry.cy - high, width=2 * wide, height=2 * high)
    xs, ys = zip(*geometry.points, strict=True)
    return Box(x=min(xs), y=min(ys), width=max(xs) - min(xs), height=max(ys) - min(ys))


def centre(geometry: Geometry) -> Point2:
    """Return the middle of a geometry: of a polygon, of its upright bounds."""
    if isinstance(geometry, Obb | Ellipse):
        return geometry.cx, geometry.cy
    box = bounds(geometry)
    return box.x + box.width / 2, box.y + box.height / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A measured value with its standard error, split by cause where known.

    ``causes`` holds standard errors such as ``edge``, ``gsd`` and ``obliquity``; ``sigma`` is that
    of all together.
    """

    value: float
    unit: str = "m"
    sigma: float | None = None
    causes: dict[str, float] = field(default_factory=dict)
    interval: Interval | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Who or what made an annotation; ``details`` are a model's hash, parameters and so on."""

    source: Literal["detector", "person", "file"]
    name: str = ""
    version: str = ""
    details: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class MapGeometry:
    """The same object on the ground; ``coordinates`` are nested as in GeoJSON."""

    crs: str
    type: str
    coordinates: Any
    accuracy_m: float | None = None

    def __post_init__(self) -> None:
        if not _are_positions(self.coordinates, depth=5):
            raise ValueError("coordinates on the ground are not positions, nested as in GeoJSON")


def _are_positions(value: Any, *, depth: int) -> bool:
    if not isinstance(value, list) or not value or depth == 0:
        return False
    if all(isinstance(one, int | float) and abs(one) < 1e12 for one in value):
        return 2 <= len(value) <= 4
    return all(_are_positions(one, depth=depth - 1) for one in value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """One object that a detector proposes or a person marked.

    Attributes
    ----------
    cls : str
        One of `CLASSES`; called ``class`` in JSON.
    geometry : Obb, Ellipse, Box, Polygon or Dot
        In pixels of the picture.
    id : str
        Unique in its picture where given.
    label : str
        What the source called the class, or "".
    score : float, optional
        Raw score of the detector, comparable within one model only.
    p : float, optional
        Probability that the object is real, by ``calibration``.
    measures : dict of str to Measured
        Such as ``length``, ``width``, ``diameter`` in metres and ``heading`` in degrees.
    state : str
        ``proposed`` until a person accepts or rejects it.
    reviewed_by, reviewed_at : str
        Who did so, and when (ISO 8601).
    ground : MapGeometry, optional
    extra : dict
        Fields of the source file that have no other place; they are written back.
    """

    cls: str = field(metadata={"name": "class"})
    geometry: Geometry
    id: str = ""
    label: str = ""
    score: float | None = None
    p: float | None = None
    calibration: str = ""
    measures: dict[str, Measured] = field(default_factory=dict)
    state: State = "proposed"
    reviewed_by: str = ""
    reviewed_at: str = ""
    provenance: Provenance | None = None
    ground: MapGeometry | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.cls not in CLASSES:
            raise ValueError(f'"{self.cls}" is not a class; known: {", ".join(CLASSES)}')
        if self.state not in STATES:
            raise ValueError(f'"{self.state}" is not a state; known: {", ".join(STATES)}')

    @property
    def name(self) -> str:
        """What the object is called in a file or a drawing: its label, else its class."""
        return self.label or self.cls

    def reviewed(self, state: State, *, by: str, at: str = "") -> Self:
        """Return the annotation with the decision of a person."""
        return replace(self, state=state, reviewed_by=by, reviewed_at=at)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotatedPicture:
    """A picture with what is marked in it.

    Attributes
    ----------
    name : str
        File name of the picture.
    width, height : int, optional
        Pixels.
    gsd_m, gsd_sigma_m : float, optional
        Metres per pixel and the standard error.
    north_deg : float, optional
        Direction of north, degrees clockwise from up.
    complete : bool
        Whether a person states that no object was left out.
    extra : dict
        Fields of the source file that have no other place.
    """

    name: str = ""
    width: int | None = None
    height: int | None = None
    sha256: str = ""
    gsd_m: float | None = None
    gsd_sigma_m: float | None = None
    north_deg: float | None = None
    complete: bool = False
    annotations: tuple[Annotation, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)
