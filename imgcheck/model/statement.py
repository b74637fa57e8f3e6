"""The kinds of statement a claim can make, each with what is needed to test it."""

from dataclasses import dataclass
from typing import Any, ClassVar

from imgcheck.model.codec import decode_fields, encode_fields
from imgcheck.model.window import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement of a claim about a picture.

    Attributes
    ----------
    id : str
        Short name, unique within the claim; verdicts refer to it.
    text : str
        The words of the post, as the analyst wrote them down.
    """

    kind: ClassVar[str] = ""
    testable: ClassVar[bool] = True

    id: str
    text: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the fields and the kind."""
        return {"kind": self.kind, **encode_fields(self)}

    @staticmethod
    def from_json(value: dict[str, Any]) -> "Statement":
        """Rebuild a statement of the right kind."""
        kind = value.get("kind")
        if kind not in KINDS:
            raise ValueError(f"{kind!r} is not a kind of statement; known: {', '.join(KINDS)}")
        fields = {name: item for name, item in value.items() if name != "kind"}
        statement: Statement = decode_fields(KINDS[kind], fields)
        return statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Acquired(Statement):
    """The picture was taken within ``window``."""

    kind = "acquired"
    window: Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Place(Statement):
    """The picture shows a place: a point with a radius, a box, or a polygon.

    Attributes
    ----------
    lon, lat : float, optional
        Point, degrees, WGS 84.
    radius_km : float, optional
        How far from the point still counts as "there".
    named : str
        The town by whose name the point was given, with the source of its position.
    bbox : tuple of 4 float, optional
        West, south, east, north, degrees.
    polygon : tuple of (lon, lat), optional
        Outer ring, closed or not.
    relation : str
        ``inside`` (the whole footprint lies in it), ``overlaps``, or ``near``.
    """

    kind = "place"
    lon: float | None = None
    lat: float | None = None
    radius_km: float | None = None
    named: str = ""
    bbox: tuple[float, float, float, float] | None = None
    polygon: tuple[tuple[float, float], ...] | None = None
    relation: str = "overlaps"


@dataclass(frozen=True, slots=True, kw_only=True)
class Count(Statement):
    """The picture shows at least ``minimum`` and at most ``maximum`` objects of a class."""

    kind = "count"
    object_class: str
    minimum: int | None = None
    maximum: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence(Statement):
    """The picture shows no object of a class, of ``min_size_m`` metres and more if given."""

    kind = "absence"
    object_class: str
    min_size_m: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unchanged(Statement):
    """Nothing changed on the ground over ``window``."""

    kind = "unchanged"
    window: Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed(Statement):
    """Something changed on the ground over ``window``."""

    kind = "changed"
    window: Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensor(Statement):
    """The picture comes from a named sensor, or a class of sensors."""

    kind = "sensor"
    sensor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Original(Statement):
    """The picture had not been published before."""

    kind = "original"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unaltered(Statement):
    """Nothing was added to, removed from or changed in the picture."""

    kind = "unaltered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dimensions(Statement):
    """Objects in the picture have the size of a named type."""

    kind = "dimensions"
    object_class: str
    length_m: float
    width_m: float | None = None
    tolerance_m: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution(Statement):
    """Somebody owns, operates or did what is shown: never testable from a picture."""

    kind = "attribution"
    testable = False
    actor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent(Statement):
    """Somebody had an intention: never testable from a picture."""

    kind = "intent"
    testable = False


KINDS: dict[str, type[Statement]] = {
    cls.kind: cls
    for cls in (
        Acquired, Place, Count, Absence, Unchanged, Changed, Sensor, Original, Unaltered,
        Dimensions, Attribution, Intent,
    )
}  # fmt: skip
