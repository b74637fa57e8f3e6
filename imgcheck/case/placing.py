"""The reference a picture matches: `imgcheck.locate`, and the cached member `placing` of a case."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from imgcheck import geo
from imgcheck.case.ground import claimed_spot
from imgcheck.errors import ImgcheckError, UsageError
from imgcheck.geo import area
from imgcheck.geo.features import footprint_window
from imgcheck.geo.locating import Progress, combined
from imgcheck.imaging import REFERENCE_LIMITS, Image, annotations, relation
from imgcheck.imaging.pixels import Float32, Float64, Mask
from imgcheck.imaging.relation import Relation
from imgcheck.imaging.text import printable
from imgcheck.model import Claim, Place

if TYPE_CHECKING:
    from imgcheck.case.workbench import Case, Reference
    from imgcheck.imaging.intake import FilePath

# A stated pixel size may be rounded, or that of the picture before a small change of scale. It is
# searched within this factor: a wrong size hides the right place.
GSD_TOLERANCE = 1.5
NO_PLACE = (
    "the reference has no georeference; use a GeoTIFF or another raster with a CRS and a transform"
)
NO_AFFINE = (
    "the reference has control points or RPCs only; rectify it first, for example with gdalwarp"
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Attempt:
    """A reference, and the result of the search on it."""

    reference: "Reference"
    found: geo.Placed | geo.NotPlaced


@dataclass(frozen=True, kw_only=True, eq=False)
class Located:
    """A picture that was placed.

    Attributes
    ----------
    case : Case
    prior : geo.Prior
    tried : tuple of Attempt
        Every reference of the case; empty for a search in an index.
    reference : Reference
        The reference that matches best.
    placement : geo.Placed
    """

    case: "Case"
    prior: geo.Prior
    tried: tuple[Attempt, ...]
    reference: "Reference"
    placement: geo.Placed

    @cached_property
    def relation(self) -> Relation:
        """Whether picture and reference are one acquisition."""
        matrix = self.placement.registration.matrix
        gray, valid, to_part = under(self.case, self.reference, matrix)
        return relation.classify(
            self.case.image.gray(), gray, to_part, picture_mask=self.case.clean, known_mask=valid
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidate:
    """The best place of a picture that was not placed, for the eye only; no check uses it.

    ``reference`` is None for a search in an index.
    """

    case: "Case"
    reference: "Reference | None"
    placement: geo.Placed


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NotLocated:
    """A picture that was not placed; this is not evidence against a claimed place."""

    case: "Case"
    prior: geo.Prior
    tried: tuple[Attempt, ...]
    reason: str
    candidate: Candidate | None = None


def locate(
    picture: "Case | FilePath",
    *,
    references: "FilePath | Sequence[FilePath]" = (),
    prior: geo.Prior | None = None,
    index: "FilePath | None" = None,
    progress: Progress | None = None,
) -> Located | NotLocated:
    """Place a picture on georeferenced imagery.

    Parameters
    ----------
    picture : path or Case
    references : path or sequence of path
        Georeferenced images of any size, or folders of them; only with a path.
    prior : geo.Prior, optional
        Pixel size on the ground, area, and whether to search for the mirrored picture (by
        default, yes). What it leaves open is taken from the picture and the claim.
    index : path, optional
        An area index to search in place of the references, from `imgcheck locate --build-index`.
    progress : callable (step, position, total), optional
        Called before each search.

    Returns
    -------
    Located or NotLocated

    Raises
    ------
    UsageError
        If there is neither a reference nor an index.
    IndexFileError
        If the index or a reference of it cannot be used.
    UnreadableError, RefusedError
        If the picture itself cannot be decoded.

    Notes
    -----
    See `imgcheck.geo.locate`; annotations drawn over the picture are masked.
    """
    from imgcheck.case.opening import load_case

    case = load_case(picture, references=references)
    known = prior_of(case)
    if prior is not None:
        prior = replace(prior, gsd_m=prior.gsd_m or known.gsd_m, first=prior.first or known.first)
    if index is not None:
        return _in_area(case, Path(index), prior or known, progress)
    if not case.references:
        raise UsageError("there is no reference to place the picture on; give at least one")
    if prior is None and progress is None:
        return case.placing
    return on_references(case, prior or known, progress)


def under(
    case: "Case", reference: "Reference", matrix: Float64
) -> tuple[Float32, Mask | None, Float64]:
    """Return gray values and mask of a reference under the picture, and the matrix to its pixels.

    ``matrix`` leads from the picture to the pixels of the whole reference.
    """
    image, known = case.image, reference.image
    window = footprint_window(matrix, (image.height, image.width), (known.height, known.width))
    gray, valid = geo.of_image(known, name=known.name).read(window, None)
    to_part = np.array([[1, 0, -window[0]], [0, 1, -window[1]], [0, 0, 1.0]]) @ matrix
    return gray, valid, to_part / to_part[2, 2]


def prior_of(case: "Case") -> geo.Prior:
    """Return the prior that the picture and the claim state."""
    known = case.stated_gsd
    size = None if known is None else (known[0] / GSD_TOLERANCE, known[0] * GSD_TOLERANCE)
    return geo.Prior(gsd_m=size, mirrored=True, first=tuple(_claimed_points(case.claim)))


def _claimed_points(claim: Claim) -> Iterator[tuple[float, float]]:
    """Yield a point (lon, lat) of every claimed place."""
    for place in claim.of_type(Place):
        spot = claimed_spot(place)
        if spot is not None:
            yield spot[0].lon, spot[0].lat
        elif place.polygon:
            yield place.polygon[0]


def on_references(
    case: "Case", prior: geo.Prior, progress: Progress | None = None
) -> Located | NotLocated:
    """Place the picture on the references of its case that have an affine georeference."""
    if not case.references:
        return NotLocated(case=case, prior=prior, tried=(), reason="there is no reference")
    gray = case.image.gray()
    usable = [one for one in case.references if unusable(one) is None]
    found: geo.Placed | geo.NotPlaced = geo.NotPlaced(reason="")
    if usable:
        found = geo.locate(
            gray,
            [geo.of_image(one.image, name=file_and_date(one)) for one in usable],
            picture_mask=case.clean,
            structural_mask=_without_suspects(case),
            prior=prior,
            progress=progress,
        )
    results = {one.id: result for one, result in zip(usable, found.tried, strict=True)}
    tried = tuple(
        Attempt(
            reference=one, found=results.get(one.id) or geo.NotPlaced(reason=unusable(one) or "")
        )
        for one in case.references
    )
    if isinstance(found, geo.Placed):
        reference = usable[found.reference]
        return Located(case=case, prior=prior, tried=tried, reference=reference, placement=found)
    reasons = [one.found.reason for one in tried if isinstance(one.found, geo.NotPlaced)]
    # Two references that disagree both placed the picture.
    reason = found.reason if len(reasons) < len(tried) else combined(reasons)
    candidate = None
    if found.candidate is not None:
        reference = usable[found.candidate.reference]
        candidate = Candidate(case=case, reference=reference, placement=found.candidate)
    return NotLocated(case=case, prior=prior, tried=tried, reason=reason, candidate=candidate)


def _without_suspects(case: "Case") -> Mask:
    """Mask everything that may be drawn; edges need less of the picture than features."""
    return np.asarray(case.image.valid() & ~annotations.suspect(case.image.rgb()))


def _in_area(
    case: "Case", index: Path, prior: geo.Prior, progress: Progress | None
) -> Located | NotLocated:
    """Place the picture in the area of an index; its reference is a file of the area."""
    from imgcheck.case.workbench import Reference

    found = area.search(
        case.image.gray(),
        index,
        picture_mask=_without_suspects(case),
        prior=prior,
        progress=progress,
    )
    if isinstance(found, geo.NotPlaced):
        candidate = None
        if found.candidate is not None:
            candidate = Candidate(case=case, reference=None, placement=found.candidate)
        return NotLocated(
            case=case, prior=prior, tried=(), reason=found.reason, candidate=candidate
        )
    reference = Reference(
        id=found.path.stem,
        image=Image.open(found.path, limits=REFERENCE_LIMITS),
        date_reason="it was found by an index, which keeps no dates",
    )
    return Located(case=case, prior=prior, tried=(), reference=reference, placement=found.placed)


def unusable(reference: "Reference") -> str | None:
    """Return why a picture cannot be placed on a reference, or None."""
    try:
        georeference = reference.image.georeference
        if georeference is None:
            place = [d.message for d in reference.image.damage if d.kind == "georeference"]
            if not place:
                return NO_PLACE
            return (
                f"the georeference of the reference is not usable: {printable(place[0], limit=200)}"
            )
        if georeference.transform is None:
            return NO_AFFINE
    except ImgcheckError as error:
        return error.message
    return None


def name(reference: "Reference") -> str:
    """Return the id of a reference and its date, once if they are equal."""
    day = _day(reference)
    if day is None:
        return f"{reference.id} (date not stated)"
    return reference.id if reference.id == day else f"{reference.id} ({day})"


def file_and_date(reference: "Reference") -> str:
    """Return the file name and the date of a reference, for a sentence."""
    day = _day(reference)
    dated = "date not stated" if day is None else f"dated {day}"
    return f"the reference {reference.image.name} ({dated})"


def _day(reference: "Reference") -> str | None:
    date = reference.date
    if date is None:
        return None
    day = date.start.date().isoformat()
    return day if date.end.date() == date.start.date() else date.text
