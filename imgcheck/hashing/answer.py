"""The results of a search of the index: plain frozen data."""

import math
from dataclasses import dataclass

Matrix = tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]
Polygon = tuple[tuple[float, float], ...]

STAGES = ("file", "pixels", "hash", "part")


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPicture:
    """One row of the index: a picture, or a hash from a published list.

    Attributes
    ----------
    id : int
        Never given twice in one index.
    sha256 : str
        Of the file that was added; empty for a listed hash.
    path : str
        As it was given when the picture was added, or the label in the list; only a label.
    width, height : int
        0 for a listed hash.
    date : str or None
        Publication or acquisition date as given (ISO 8601), never guessed.
    note : str or None
        Where it came from.
    listed : str or None
        Name of the list, if only the hash is known; None for a picture.
    """

    id: int
    sha256: str
    path: str
    width: int
    height: int
    date: str | None = None
    note: str | None = None
    listed: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A known picture with the same file or pixels as the query, or one that looks alike.

    Attributes
    ----------
    known : KnownPicture
    stage : {"file", "pixels", "hash", "part"}
        The first test that found it; ``part`` is a match of local features.
    relation : {"same", "derived", "same-capture", "same-place", "undetermined"}
        ``derived`` is a copy that was saved again, cut, rotated or drawn on; ``same-place`` is
        another photograph of the same ground, which is no evidence against the query;
        ``undetermined`` looks alike but could not be registered to the known picture, or the
        pixels do not decide between the kinds.
    relation_reason : str
        The reason for the relation, in one phrase.
    log10_nfa, nfa : float
        Number of false alarms: unrelated pictures expected to match this well in an index of
        this size; -inf and 0 for the same file or pixels.
    mirrored, inverted : bool
        Left and right, or bright and dark, exchanged between query and known picture.
    transform : 3 x 3 tuple or None
        Query pixels to known pixels, (0, 0) = the corner of the top-left pixel; None where
        the pictures could not be registered.
    region, known_region : tuple of (x, y)
        Where the two outlines overlap, in the query and in the known picture; empty without a
        transform.
    overlap_share : float or None
        Share of the query's area inside ``region``.
    distance : int or None
        Differing bits of the hashes, in the nearest of the 16 variants.
    view : str
        What of the query was hashed: "whole", or what is left without a frame, a colour map or
        drawings (`imgcheck.hashing.views`); empty if no hash matched.
    """

    known: KnownPicture
    stage: str
    relation: str
    log10_nfa: float
    relation_reason: str = ""
    mirrored: bool = False
    inverted: bool = False
    transform: Matrix | None = None
    region: Polygon = ()
    known_region: Polygon = ()
    overlap_share: float | None = None
    distance: int | None = None
    view: str = ""

    @property
    def known_share(self) -> float | None:
        """Share of the known picture's area inside `known_region`; None without a transform."""
        if self.transform is None:
            return None
        ring = self.known_region
        turns = zip(ring, (*ring[1:], *ring[:1]), strict=True)
        twice = abs(sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in turns))
        return min(1.0, twice / 2 / (self.known.width * self.known.height))

    @property
    def id(self) -> int:
        """Row of the known picture."""
        return self.known.id

    @property
    def path(self) -> str:
        """Label of the known picture."""
        return self.known.path

    @property
    def nfa(self) -> float:
        """Number of false alarms; 0 for the same file or pixels only."""
        return 0.0 if math.isinf(self.log10_nfa) else float(10.0 ** max(self.log10_nfa, -300.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """The result of one search.

    Attributes
    ----------
    exact : bool
        True: every row was compared in every stage that ran; False: parts were compared only
        with the pictures that approximate lists proposed, or a row was made by another version.
    rows : int
        Pictures of the index that were compared.
    snapshot : str
        Name of the content of the index: equal content, equal text.
    matches : tuple of Match
        Most significant first.
    parts : {"every", "likely", "none"}
        With which pictures local features were compared.
    hashable : bool
        False: the query is constant or two-valued, and was not compared by hash.
    features : int
        Local features of the query; with very few, parts would have been missed.
    listed : int
        Listed hashes that were compared too.
    unexamined : int
        Pictures that look alike and were not compared in detail, because others match the same
        part of the query better. Those found by their hash are among the matches.
    """

    exact: bool
    rows: int
    snapshot: str
    matches: tuple[Match, ...]
    parts: str
    hashable: bool
    features: int
    listed: int = 0
    unexamined: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexStats:
    """What an index holds.

    ``rows`` and what follows it count pictures; ``hashes`` counts all hashes, of which
    ``listed`` come from lists, in ``segments`` sealed segments.
    """

    rows: int
    hashable: int
    low_quality: int
    with_features: int
    dated: int
    first_date: str | None
    last_date: str | None
    bytes: int
    schema: int
    algorithm: str
    snapshot: str
    hashes: int = 0
    listed: int = 0
    lists: tuple[str, ...] = ()
    segments: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """The result of merging another index into one.

    Attributes
    ----------
    added, known : int
        Pictures that were new, and that both had.
    listed_added, listed_known : int
        The same of listed hashes.
    dated : int
        Rows that took an earlier date from the other index.
    """

    added: int = 0
    known: int = 0
    listed_added: int = 0
    listed_known: int = 0
    dated: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class NearHash:
    """A hash of the index within a stated number of bits of a query.

    ``id`` is that of the hash row, ``known`` the picture or listed hash it belongs to.
    """

    id: int
    kind: str
    distance: int
    quality: int
    known: KnownPicture


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexCheck:
    """Whether an index is whole; ``problems`` are sentences."""

    rows: int
    problems: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Nothing is wrong."""
        return not self.problems
