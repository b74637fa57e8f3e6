"""What was posted: by whom, with which statements, and measurements made by a person."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from imgcheck.model.codec import decode_fields, encode_fields
from imgcheck.model.statement import Statement
from imgcheck.model.window import Window

if TYPE_CHECKING:
    import os

S = TypeVar("S", bound=Statement)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a picture was posted, as written by the analyst."""

    url: str | None = None
    publisher: str | None = None
    platform: str | None = None
    posted: Window | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One value that a person measured in the picture or took from another source.

    Attributes
    ----------
    quantity : str
        ``shadow_azimuth`` (degrees clockwise from north, the way the shadow points),
        ``shadow_ratio`` (length over height), ``gsd_m``, ``north_deg``, ``slope_deg``,
        ``slope_aspect_deg``, ``lean_deg`` or ``view_deg``; docs/claim.md explains each.
    sigma : float, optional
        Standard error of the value, same unit.
    """

    quantity: str
    value: float
    sigma: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectCount:
    """How many objects of a class a person counted in the picture.

    Attributes
    ----------
    object_class : str
    value : int
    by : str
        Who counted.
    at : Window
        When.
    """

    object_class: str
    value: int
    by: str
    at: Window


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectSize:
    """Length and width of an object that a person measured, or the mean of several alike.

    Attributes
    ----------
    object_class : str
    length_m, length_sigma_m, width_m, width_sigma_m : float
        With the standard errors of placing the edges of one object, without that of the scale.
    objects : int
        How many like objects the values are the mean of.
    """

    object_class: str
    length_m: float
    length_sigma_m: float
    width_m: float
    width_sigma_m: float
    objects: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Shadow:
    """A shadow that a person marked in the picture.

    Attributes
    ----------
    base, tip : (x, y)
        Picture pixels, x right, y down: the foot of what casts it, and where its top falls.
    height_m, height_sigma_m : float, optional
        Height of what casts it, and its standard error.
    end_point_px : float, optional
        Standard error of each coordinate of both points.
    """

    base: tuple[float, float]
    tip: tuple[float, float]
    height_m: float | None = None
    height_sigma_m: float | None = None
    end_point_px: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """Another account of the same picture, with which the claim is compared."""

    text: str
    window: Window | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A post, split into statements that can be answered one by one."""

    source: Source = field(default_factory=Source)
    statements: tuple[Statement, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    counts: tuple[ObjectCount, ...] = ()
    sizes: tuple[ObjectSize, ...] = ()
    shadows: tuple[Shadow, ...] = ()
    rivals: tuple[Rival, ...] = ()

    def __post_init__(self) -> None:
        ids = [statement.id for statement in self.statements]
        doubles = sorted({i for i in ids if ids.count(i) > 1})
        if doubles:
            raise ValueError(f"two statements share the id {', '.join(doubles)}")

    def of_kind(self, *kinds: str) -> tuple[Statement, ...]:
        """Return the statements of the named kinds, in the claim's order."""
        return tuple(s for s in self.statements if s.kind in kinds)

    def of_type(self, *types: type[S]) -> tuple[S, ...]:
        """Return the statements of the given classes, in the claim's order."""
        return tuple(s for s in self.statements if isinstance(s, types))

    def measured(self, quantity: str) -> Measurement | None:
        """Return the first measurement of a quantity, or ``None``."""
        return next((m for m in self.measurements if m.quantity == quantity), None)

    def to_json(self) -> dict[str, Any]:
        """Return the claim as JSON-ready values."""
        return encode_fields(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Claim":
        """Rebuild a claim from `to_json`."""
        claim: Claim = decode_fields(cls, value)
        return claim

    @classmethod
    def load(cls, path: "str | os.PathLike[str]") -> "Claim":
        """Read a claim file, YAML or JSON.

        Raises
        ------
        ClaimError
            Naming file, line, what was found and what is accepted.
        """
        from imgcheck.model.claimfile import load

        return load(path)
