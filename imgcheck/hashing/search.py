"""The search: file, pixels, hash, parts; and for what these propose the test of the relation."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from imgcheck.hashing import examination, phash, votes
from imgcheck.hashing.answer import STAGES, KnownPicture, Match, NearHash
from imgcheck.hashing.columns import HashHit
from imgcheck.hashing.perceptual import PdqHash
from imgcheck.hashing.probability import MATCH_LOG10_NFA
from imgcheck.hashing.records import Record

if TYPE_CHECKING:
    from imgcheck.hashing.store.rows import Rows

Parts = Literal["auto", "every", "likely", "none"]
PARTS: tuple[Parts, ...] = ("auto", "every", "likely", "none")
# Up to this many pictures all are compared by default: some ten seconds.
EXHAUSTIVE_ROWS = 1000
# This far above the votes of unrelated pictures every row is examined; of the rows between, this
# many with the most votes: examining costs ten times as much as voting.
_CONFIDENT_EXCESS = 12.0
_WEAK_ROWS = 4
# Symmetric ground votes for the wrong variant too: both are examined where it is close.
_RIVAL_SHARE = 0.4
# Of known pictures that match one part of the query the best are examined, and not more in all:
# each takes half the time of OpenCV's SIFT on 2 megapixels (benchmarks: cost).
_OF_ONE_PART, _IN_ALL = 3, 40
# The parts of the query are counted on a grid of so many cells a side.
_CELLS = 32


class HashSource(Protocol):
    """What can be searched by hash: the rows of an index, or an exported table."""

    def known(self, number: int) -> KnownPicture: ...
    def hits(self, views: Sequence[dict[str, PdqHash]]) -> list[HashHit]: ...
    def listed(self, *of: str) -> int: ...
    def within(self, words: NDArray[np.uint64], *, kind: str, radius: int) -> list[NearHash]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a search found.

    ``matches``: at most one a known picture: same file, same pixels, then by number of false
    alarms; ``parts`` that were compared, "every" also where no lists tell the likely pictures;
    ``unexamined``: pictures that look alike and were not compared in detail.
    """

    matches: tuple[Match, ...]
    parts: Parts
    unexamined: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    """A picture that hash or votes propose, and the part of the query that it seems to share."""

    picture: int
    hit: HashHit | None
    variants: tuple[int, ...]
    extent: tuple[float, float, float, float]
    strength: float

    @classmethod
    def of(
        cls, picture: int, record: Record, hit: HashHit | None, proposed: "_Proposal | None"
    ) -> "_Candidate":
        inside = None if hit is None else record.views[hit.view].rectangle
        extent = (0.0, 0.0, float(record.shape[1]), float(record.shape[0]))
        if proposed is not None:
            extent = proposed.extent
        elif inside is not None:
            extent = (inside.x0, inside.y0, inside.x1, inside.y1)
        return cls(
            picture=picture,
            hit=hit,
            variants=_with_hash(() if proposed is None else proposed.variants, hit),
            extent=extent,
            strength=(0.0 if proposed is None else proposed.excess)
            - (0.0 if hit is None else hit.log10_nfa),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Proposal:
    """The variants that the votes favour, the votes above chance, and where they lie."""

    variants: tuple[int, ...]
    excess: float
    extent: tuple[float, float, float, float]


class _Covered:
    """How many matches share each part of the query."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self._counts = np.zeros((_CELLS, _CELLS), np.uint8)
        self._scale = np.array([_CELLS / shape[1], _CELLS / shape[0]])

    def add(self, match: Match) -> None:
        if match.region:
            ring = np.round(np.array(match.region) * self._scale - 0.5).astype(np.int32)
            inside = cv2.fillConvexPoly(np.zeros_like(self._counts), ring, (1,))
            self._counts += np.asarray(inside, np.uint8)

    def is_full(self, extent: tuple[float, float, float, float]) -> bool:
        """Return whether most of a part is shared by as many matches as are examined."""
        box = np.array(extent).reshape(2, 2) * self._scale
        (x0, y0), (x1, y1) = np.clip(np.floor(box), 0, _CELLS - 1).astype(int)
        return bool(np.median(self._counts[y0 : y1 + 1, x0 : x1 + 1]) >= _OF_ONE_PART)


def search(
    record: Record, source: "Rows", *, parts: Parts, others: Mapping[str, NDArray[np.uint64]]
) -> Found:
    """Search all rows with all tests.

    Parameters
    ----------
    record : Record
        The query.
    source : Rows
    parts : {"every", "likely", "none"}
        With which pictures local features are compared.
    others : mapping
        From a kind of hash other than PDQ to the query's words in all variants (`phash.queries`).

    Notes
    -----
    Of the known pictures that match one part of the query only the best are examined, those with
    most votes and the nearest hashes, and the earliest dated of the others. What is found by its
    hash and not examined is a match whose relation is undetermined.
    """
    found: dict[int, Match] = {}
    for number in source.same("sha256", record.sha256):
        found[number] = examination.identical(record, source.known(number), "file")
    for number in source.same("pixels", record.pixels):
        known = source.known(number)
        found.setdefault(number, examination.identical(record, known, "pixels"))
    near = source.hits([view.hashes for view in record.views])
    found |= _by_hash_alone(source, [hit for hit in near if hit.listed], others)
    # A picture may have several hashes; the most significant comes first.
    hits = {hit.picture: hit for hit in reversed(near) if not hit.listed}
    query = votes.Query.of(record.features, shape=record.shape)
    chosen = source.likely(record.features, record.shape) if parts == "likely" else None
    if parts == "likely" and chosen is None:
        parts = "every"
    proposed = {} if parts == "none" else _proposals(query, source, chosen)
    waiting = [
        _Candidate.of(number, record, hits.get(number), proposed.get(number))
        for number in (hits.keys() | proposed.keys()) - found.keys()
    ]
    left = _examine_best(waiting, found, record, query, source)
    for candidate in left:
        if candidate.hit is not None:
            known = source.known(candidate.picture)
            found[candidate.picture] = examination.unexamined(record, known, candidate.hit)
    return Found(matches=_in_order(found), parts=parts, unexamined=len(left))


def _examine_best(
    waiting: Sequence[_Candidate],
    found: dict[int, Match],
    record: Record,
    query: votes.Query,
    source: "Rows",
) -> list[_Candidate]:
    """Add the matches of the best candidates to ``found``; return those not examined."""
    covered, examined = _Covered(record.shape), 0
    left: list[_Candidate] = []
    for match in found.values():
        covered.add(match)
    for candidate in sorted(waiting, key=lambda c: (-c.strength, c.picture)):
        if examined == _IN_ALL or covered.is_full(candidate.extent):
            left.append(candidate)
            continue
        examined += 1
        other = _examined(record, query, source, candidate)
        if other is not None:
            found[candidate.picture] = other
            covered.add(other)
    first = _earliest(left, source, found)
    if first is not None:
        left.remove(first)
        other = _examined(record, query, source, first)
        found |= {} if other is None else {first.picture: other}
    return left


def _examined(
    record: Record, query: votes.Query, source: "Rows", candidate: _Candidate
) -> Match | None:
    return examination.examine(
        record,
        query,
        source.known(candidate.picture),
        source.features_of(candidate.picture),
        source.preview(candidate.picture),
        hit=candidate.hit,
        variants=candidate.variants,
        rows=source.count(),
    )


def _earliest(
    left: Sequence[_Candidate], source: "Rows", found: Mapping[int, Match]
) -> _Candidate | None:
    """Return the candidate that is dated before all matches, if one is."""
    dates = [(source.known(c.picture).date, c) for c in left]
    # ISO dates sort as text.
    dated = sorted(((date, -c.strength, c) for date, c in dates if date), key=lambda d: d[:2])
    known = min((m.known.date for m in found.values() if m.known.date), default="")
    return dated[0][2] if dated and (not known or dated[0][0] < known) else None


def by_hash_alone(
    record: Record, source: HashSource, others: Mapping[str, NDArray[np.uint64]]
) -> tuple[Match, ...]:
    """Search where only hashes are known; the relation of every match is undetermined."""
    near = source.hits([view.hashes for view in record.views])
    return _in_order(_by_hash_alone(source, near, others))


def _in_order(found: dict[int, Match]) -> tuple[Match, ...]:
    order = sorted(found.values(), key=lambda m: (STAGES.index(m.stage) > 1, m.log10_nfa, m.id))
    return tuple(order)


def _by_hash_alone(
    source: HashSource, hits: Sequence[HashHit], others: Mapping[str, NDArray[np.uint64]]
) -> dict[int, Match]:
    found = {
        hit.picture: Match(
            known=source.known(hit.picture),
            stage="hash",
            relation="undetermined",
            relation_reason="the index contains only its hash",
            log10_nfa=hit.log10_nfa,
            mirrored=hit.orientation.startswith("mirror"),
            inverted=hit.inverted,
            distance=hit.distance,
        )
        # Several views may hit one hash; the most significant comes first and stays.
        for hit in reversed(hits)
    }
    for kind, words in others.items():
        rows = source.listed(kind)
        radius = phash.reach(kind, rows=rows, log10_nfa=MATCH_LOG10_NFA)
        tests = math.log10(max(1, rows) * phash.VARIANTS)
        for one in source.within(words, kind=kind, radius=radius) if radius >= 0 else ():
            found[one.id] = Match(
                known=one.known,
                stage="hash",
                relation="undetermined",
                relation_reason=f"only its {kind} is known",
                log10_nfa=tests + phash.log10_probability(one.distance, kind=kind),
                distance=one.distance,
                view=kind,
            )
    return found


def _proposals(
    query: votes.Query, source: "Rows", chosen: Sequence[int] | None
) -> dict[int, _Proposal]:
    """Return the rows worth examining."""
    shapes = source.shapes()
    compared = (
        source.features()
        if chosen is None
        else ((picture, source.features_of(picture)) for picture in chosen)
    )
    confident: dict[int, _Proposal] = {}
    weak: list[tuple[float, int, _Proposal]] = []
    for picture, known in compared:
        found = votes.count(query, known, known_shape=shapes[picture])
        best = max(vote.count for vote in found)
        order = sorted(range(len(found)), key=lambda h: (-found[h].excess, h))
        worth = tuple(
            h for h in order if found[h].excess >= 0 and found[h].count >= _RIVAL_SHARE * best
        )
        if not worth:
            continue
        first = found[worth[0]]
        sure = first.excess >= _CONFIDENT_EXCESS
        proposal = _Proposal(
            variants=worth if sure else worth[:2], excess=first.excess, extent=first.extent
        )
        if sure:
            confident[picture] = proposal
        else:
            weak.append((-first.excess, picture, proposal))
    chosen_weak = sorted(weak, key=lambda w: w[:2])[:_WEAK_ROWS]
    return confident | {picture: proposal for _, picture, proposal in chosen_weak}


def _with_hash(variants: tuple[int, ...], hit: HashHit | None) -> tuple[int, ...]:
    if hit is None:
        return variants
    own = votes.VARIANTS.index((hit.orientation.startswith("mirror"), hit.inverted))
    return (own, *(h for h in variants if h != own))
