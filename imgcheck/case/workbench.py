"""The workbench: inputs of a case, and what is computed from them once for every check."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from imgcheck import geo, hashing
from imgcheck.annotation import AnnotatedPicture
from imgcheck.case import acquisition, dating, ground, placing, shadows
from imgcheck.case.acquisition import Acquisition
from imgcheck.case.dating import Dated, NotDated
from imgcheck.case.ground import Ground, Layer, Spot
from imgcheck.case.placing import Located, NotLocated
from imgcheck.case.reading import Inspection, read
from imgcheck.case.shadows import MeasuredShadow, NoShadow
from imgcheck.errors import UsageError
from imgcheck.imaging import Image, annotations
from imgcheck.imaging.relation import Relation
from imgcheck.model import Claim, Window

T = TypeVar("T")


class Once(Generic[T]):
    """A member that is computed on first use; an error is remembered and raised again."""

    def __init__(self, make: Callable[[Any], T]) -> None:
        self.make = make
        self.__doc__ = make.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, case: None, owner: type) -> "Once[T]": ...

    @overload
    def __get__(self, case: object, owner: type) -> T: ...

    def __get__(self, case: object | None, owner: type) -> "T | Once[T]":
        if case is None:
            return self
        made = vars(case)  # where a value is found before this descriptor
        trouble = f"{self.name} failed"
        if trouble in made:
            raise made[trouble]
        try:
            value = made[self.name] = self.make(case)
        except Exception as error:
            made[trouble] = error
            raise
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """An image whose place is known, and its date if one is stated.

    Attributes
    ----------
    id : str
        Name within the case, used in findings.
    date_source : str or None
        Where the date was read: ``sidecar``, ``tag`` or ``option``; never a guess.
    date_reason : str or None
        Why there is no date.
    notes : tuple of str
        What else the report states about it, such as who placed it.
    """

    id: str
    image: Image
    date: Window | None = None
    date_source: str | None = None
    date_reason: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """A posted picture and everything given to test it with.

    Attributes
    ----------
    image : Image
    claim : Claim
    references : tuple of Reference
    index : Path or None
        Index of known pictures.
    annotations : AnnotatedPicture or None
        What is marked in the picture, and what a person decided about it.
    annotations_file : (name, sha256) or None
        The file that they come from.
    """

    image: Image
    claim: Claim = field(default_factory=Claim)
    references: tuple[Reference, ...] = ()
    index: Path | None = None
    annotations: AnnotatedPicture | None = None
    annotations_file: tuple[str, str] | None = None

    @Once
    def file(self) -> Inspection:
        """What the posted file says about itself."""
        return read(self.image)

    @Once
    def known(self) -> "hashing.SearchResult":
        """Matches of the picture in the index of known pictures."""
        with self.open_index() as index:
            return index.search(self.image)

    def open_index(self) -> "hashing.HashIndex":
        """Open the index of known pictures; a `UsageError` if the case has none."""
        if self.index is None:
            raise UsageError("no index of known pictures was given")
        return hashing.HashIndex.open(self.index)

    @Once
    def clean(self) -> NDArray[np.bool_]:
        """Pixels of the picture that are neither nodata nor drawn over."""
        drawn: NDArray[np.bool_] = annotations.find(self.image.rgb())
        return self.image.valid() & ~drawn

    @Once
    def placing(self) -> Located | NotLocated:
        """The reference that the picture matches, or why there is none."""
        return placing.on_references(self, placing.prior_of(self))

    @property
    def placed(self) -> tuple[Reference, geo.Placed] | None:
        """The reference that the picture matches, and its place; None if there is none."""
        if all(one.image.georeference is None for one in self.references):
            return None
        if not self.image.pixels_readable:
            return None
        found = self.placing
        return (found.reference, found.placement) if isinstance(found, Located) else None

    @property
    def relation(self) -> Relation | None:
        """Whether the picture and the reference it matches are one acquisition."""
        found = None if self.placed is None else self.placing
        return found.relation if isinstance(found, Located) else None

    @Once
    def ground(self) -> Ground | None:
        """The picture on the map grid of the reference it matches."""
        return None if self.placed is None else ground.on_grid(self, *self.placed)

    @Once
    def _layers(self) -> dict[str, Layer | None]:
        return {}

    def layer(self, reference: Reference) -> Layer | None:
        """Resample a reference to the grid of `ground`; None if they share no area."""
        if reference.id not in self._layers:
            self._layers[reference.id] = ground.layer(self, reference)
        return self._layers[reference.id]

    @Once
    def dating(self) -> Dated | NotDated:
        """The dates between which the picture fits, by the dated references, or why not known."""
        return dating.by_references(self)

    @Once
    def acquisition(self) -> Acquisition | NotLocated:
        """The reference that the picture was made from, or why it was compared with none."""
        return acquisition.by_references(self)

    @property
    def stated_gsd(self) -> tuple[float, str] | None:
        """Ground sample distance as the picture or the claim states it, and which of the two."""
        return ground.stated_gsd(self)

    @property
    def gsd(self) -> tuple[float, str] | None:
        """Ground sample distance of the picture in metres, and its source."""
        return ground.gsd(self)

    @property
    def sun_in_picture(self) -> float | None:
        """Azimuth of the sun clockwise from up, from a measured shadow and north."""
        return ground.sun_in_picture(self)

    @property
    def spot(self) -> Spot | None:
        """Latitude and longitude of the picture, and their source."""
        return ground.spot(self)

    @Once
    def shadows(self) -> MeasuredShadow | NoShadow:
        """The shadow that a person measured, or the reason why there is none."""
        return shadows.measured(self)
