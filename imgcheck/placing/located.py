"""Where a picture lies, on which reference, and what was tried: `imgcheck.locate`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from imgcheck import geo
from imgcheck.case import Case, Reference, load_case
from imgcheck.case.opening import FilePath
from imgcheck.errors import UsageError
from imgcheck.imaging import Image
from imgcheck.imaging.relation import Relation
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
        See `imgcheck.geo.Choice`; of a search in an area, of the placement.
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
    picture: Case | FilePath,
    *,
    references: FilePath | Sequence[FilePath] = (),
    search: Search | None = None,
    progress: Progress | None = None,
) -> Located:
    """Place a picture on georeferenced imagery.

    Parameters
    ----------
    picture : path or Case
    references : path or sequence of path
        Georeferenced images, or folders of them; only with a path.
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
    case = load_case(picture, references=references)
    if not case.references:
        raise UsageError("there is no reference to place the picture on; give at least one")
    search = search or Search()
    case.image.gray()
    tried_on, choice = searching.choice(case, search, progress=_told(case, progress))
    tried = _tried(case, search, tried_on, choice)
    if choice.best is None or choice.placement is None:
        return Located(image=case.image, reason=_reason(tried), tried=tried, search=search)
    reference = tried_on[choice.best]
    if choice.disagreeing:
        return Located(
            image=case.image,
            reason=f"{searching.file_and_date(reference)} and "
            f"{searching.file_and_date(tried_on[choice.disagreeing[0]])} place it on different "
            "ground: at least one of them is wrong",
            tried=tried,
            search=search,
        )
    return Located(
        image=case.image,
        reason=None,
        reference=reference,
        placement=choice.placement,
        relation=searching.related(case, reference, choice.placement),
        false_match_probability=choice.false_match_probability,
        tried=tried,
        search=search,
    )


def _told(case: Case, progress: Progress | None) -> Callable[[str], None]:
    """Count the searches, of which there are at most two a reference."""
    count = 0

    def tell(words: str) -> None:
        nonlocal count
        if progress is not None:
            progress(words, count, 2 * len(case.references))
        count += 1

    return tell


def _tried(
    case: Case, search: Search, references: tuple[Reference, ...], choice: geo.Choice
) -> tuple[Attempt, ...]:
    """Say of each reference what came of it."""
    came = {
        reference.id: (placement, reason)
        for reference, placement, reason in zip(
            references, choice.placements, choice.reasons, strict=True
        )
    }
    return tuple(
        Attempt(
            reference=r,
            placement=came[r.id][0] if r.id in came else None,
            reason=came[r.id][1] if r.id in came else searching.unusable(r, search),
        )
        for r in case.references
    )


def _reason(tried: tuple[Attempt, ...]) -> str:
    """Say why no reference served, each reason once."""
    reasons = list(dict.fromkeys(one.reason for one in tried if one.reason))
    if len(tried) == 1:
        return reasons[0]
    shown = "; ".join(reasons[:3])
    more = f"; and {len(reasons) - 3} other reasons" if len(reasons) > 3 else ""
    return f"on none of {len(tried)} references: {shown}{more}"
