"""Where a picture lies, on which reference, and what was tried: `imgcheck.locate`."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from imgcheck import geo
from imgcheck.errors import ImgcheckError, UsageError
from imgcheck.geo.placement import affine_of
from imgcheck.imaging import Image, relation
from imgcheck.imaging.relation import Relation
from imgcheck.model import Case, Reference
from imgcheck.placing import search as searching
from imgcheck.placing.search import Search

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Attempt:
    """One reference that was tried.

    Attributes
    ----------
    reference : Reference
    placement : Placement or None
        None where nothing could be searched.
    reason : str or None
        Why not placed on it; None if placed.
    """

    reference: Reference
    placement: geo.Placement | None
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Located:
    """Where a picture lies, or why that is not known.

    Attributes
    ----------
    image : Image
        The picture.
    reason : str or None
        Why it was not placed; None if placed.
    reference : Reference or None
        The one on which it was placed most surely.
    placement : Placement or None
        See `imgcheck.geo.Placement`; None if not placed.
    relation : Relation or None
        What the picture is to that reference: see `imgcheck.imaging.relation`.
    false_match_probability : float or None
        Of the placement, times the references searched: none of them may be wrong.
    tried : tuple of Attempt
    search : Search
    """

    image: Image
    reason: str | None
    reference: Reference | None = None
    placement: geo.Placement | None = None
    relation: Relation | None = None
    false_match_probability: float | None = None
    tried: tuple[Attempt, ...]
    search: Search

    @property
    def placed(self) -> bool:
        """Whether the place is known."""
        return self.placement is not None


def locate(
    case: Case, *, search: Search | None = None, progress: Progress | None = None
) -> Located:
    """Place the picture of a case on its references.

    Parameters
    ----------
    case : Case
        As `imgcheck.load_case` makes it.
    search : Search, optional
        What is known before: ground pixel size, a place, whether it may be mirrored.
    progress : callable, optional
        Told (step, position, total) before each search.

    Returns
    -------
    Located
        Not being placed is a result and says nothing against a claimed place.

    Raises
    ------
    UsageError
        If the case has no reference.
    UnreadableError, RefusedError
        If the picture itself cannot be decoded.

    Notes
    -----
    All references are tried by local features, then, where none shows the same details, by the
    directions of edges. What was drawn over the picture is left out. Ground is taken as flat.
    """
    if not case.references:
        raise UsageError("there is no reference to place the picture on; give at least one")
    search = search or Search()
    case.image.gray()
    tried = _try(case, search, progress)
    placed = [one for one in tried if one.placement is not None and one.placement.placed]
    chosen = min(placed, key=lambda one: _nfa(one.placement), default=None)
    if chosen is None or chosen.placement is None:
        return Located(image=case.image, reason=_reason(tried), tried=tried, search=search)
    return Located(
        image=case.image,
        reason=None,
        reference=chosen.reference,
        placement=chosen.placement,
        relation=related(case, chosen.reference, chosen.placement),
        false_match_probability=_together(tried, chosen.placement),
        tried=tried,
        search=search,
    )


def _try(case: Case, search: Search, progress: Progress | None) -> tuple[Attempt, ...]:
    usable: list[Reference] = []
    tried: dict[str, Attempt] = {}
    for reference in case.references:
        reason = searching.unusable(reference, search)
        tried[reference.id] = Attempt(reference=reference, placement=None, reason=reason)
        if reason is None:
            usable.append(reference)
    for path in (searching.fast, searching.structural):
        for position, reference in enumerate(usable):
            if progress is not None:
                progress(f"{reference.id} by its {_WORDS[path is searching.fast]}", position,
                         len(usable))  # fmt: skip
            tried[reference.id] = _attempt(case, reference, search, path)
        if any(one.reason is None for one in tried.values()):
            break
    return tuple(tried.values())


_WORDS = ("edges", "details")


def _attempt(
    case: Case,
    reference: Reference,
    search: Search,
    path: Callable[[Case, Reference, Search], geo.Placement | None],
) -> Attempt:
    try:
        found = path(case, reference, search)
    except ImgcheckError as error:
        return Attempt(reference=reference, placement=None, reason=error.message)
    reason = "nothing of it can be searched" if found is None else found.reason
    return Attempt(reference=reference, placement=found, reason=reason)


def _nfa(found: geo.Placement | None) -> float:
    return 0.0 if found is None or found.log10_nfa is None else found.log10_nfa


def _reason(tried: tuple[Attempt, ...]) -> str:
    """Say why no reference served, each reason once."""
    reasons = list(dict.fromkeys(one.reason for one in tried if one.reason))
    if len(tried) == 1:
        return reasons[0]
    shown = "; ".join(reasons[:3])
    more = f"; and {len(reasons) - 3} other reasons" if len(reasons) > 3 else ""
    return f"on none of {len(tried)} references: {shown}{more}"


def _together(tried: tuple[Attempt, ...], found: geo.Placement) -> float | None:
    if found.false_match_probability is None:
        return None
    searched = sum(1 for one in tried if one.placement is not None)
    return min(1.0, found.false_match_probability * searched)


def related(case: Case, reference: Reference, found: geo.Placement) -> Relation | None:
    """Ask whether it is the reference's own acquisition or the place at another time."""
    georeference = reference.image.georeference
    if georeference is None or georeference.transform is None or found.matrix is None:
        return None
    to_reference = np.linalg.inv(affine_of(georeference.transform)) @ found.matrix
    return relation.classify(
        case.image.gray(),
        reference.image.gray(),
        to_reference / to_reference[2, 2],
        picture_mask=searching.clean(case),
        known_mask=reference.image.valid(),
    )
