"""The search: file, pixels, hash, parts; and for what these propose the test of the relation."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal, Protocol

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


class HashSource(Protocol):
    """What can be searched by hash: the rows of an index, or an exported table."""

    def known(self, number: int) -> KnownPicture: ...
    def hits(self, views: Sequence[dict[str, PdqHash]]) -> list[HashHit]: ...
    def listed(self, *of: str) -> int: ...
    def within(self, words: NDArray[np.uint64], *, kind: str, radius: int) -> list[NearHash]: ...


def search(
    record: Record, source: "Rows", *, parts: Parts, others: Mapping[str, NDArray[np.uint64]]
) -> tuple[tuple[Match, ...], Parts]:
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

    Returns
    -------
    matches : tuple of Match
        At most one a known picture: same file, same pixels, then by number of false alarms.
    parts : {"every", "likely", "none"}
        What was done: "every" also where no lists tell the likely pictures.
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
    for picture in sorted((hits.keys() | proposed.keys()) - found.keys()):
        hit = hits.get(picture)
        match = examination.examine(
            record,
            query,
            source.known(picture),
            source.features_of(picture),
            source.preview(picture),
            hit=hit,
            variants=_with_hash(proposed.get(picture, ()), hit),
            rows=source.count(),
        )
        if match is not None:
            found[picture] = match
    return _in_order(found), parts


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
) -> dict[int, tuple[int, ...]]:
    """Return the rows worth examining, each with the variants that its votes favour."""
    shapes = source.shapes()
    compared = (
        source.features()
        if chosen is None
        else ((picture, source.features_of(picture)) for picture in chosen)
    )
    confident: dict[int, tuple[int, ...]] = {}
    weak: list[tuple[float, int, tuple[int, ...]]] = []
    for picture, known in compared:
        found = votes.count(query, known, known_shape=shapes[picture])
        best = max(vote.count for vote in found)
        order = sorted(range(len(found)), key=lambda h: (-found[h].excess, h))
        worth = tuple(
            h for h in order if found[h].excess >= 0 and found[h].count >= _RIVAL_SHARE * best
        )
        if not worth:
            continue
        excess = found[worth[0]].excess
        if excess >= _CONFIDENT_EXCESS:
            confident[picture] = worth
        else:
            weak.append((-excess, picture, worth[:2]))
    return confident | {picture: worth for _, picture, worth in sorted(weak)[:_WEAK_ROWS]}


def _with_hash(variants: tuple[int, ...], hit: HashHit | None) -> tuple[int, ...]:
    if hit is None:
        return variants
    own = votes.VARIANTS.index((hit.orientation.startswith("mirror"), hit.inverted))
    return (own, *(h for h in variants if h != own))
