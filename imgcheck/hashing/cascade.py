"""The search: file, pixels, hash, parts, and for what these propose the test of the relation."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from imgcheck.hashing import overlap, screening, witnessed
from imgcheck.hashing.answer import STAGES, KnownPicture, Match, NearHash
from imgcheck.hashing.chance import MATCH_LOG10_NFA
from imgcheck.hashing.columns import HashHit
from imgcheck.hashing.perceptual import PdqHash
from imgcheck.hashing.records import Record
from imgcheck.hashing.verification import examine
from imgcheck.imaging.features import Features

Parts = Literal["auto", "every", "likely", "none"]
PARTS: tuple[Parts, ...] = ("auto", "every", "likely", "none")
# Up to this many pictures all are compared without being asked for: some ten seconds.
EXHAUSTIVE_ROWS = 1000
# This far above the votes of strangers every row is examined; of the rows between, this many with
# the most votes: examining costs ten times as much as voting.
_SURE_EXCESS = 12.0
_WEAK_ROWS = 4
# Symmetric ground votes for the wrong handling too: both are examined where it is close.
_RIVAL_SHARE = 0.4


class Source(Protocol):
    """The rows of an index in one consistent state."""

    def count(self) -> int: ...
    def known(self, picture: int) -> KnownPicture: ...
    def same_file(self, sha256: bytes) -> list[int]: ...
    def same_pixels(self, pixels: bytes) -> list[int]: ...
    def hits(self, views: Sequence[dict[str, PdqHash]]) -> list[HashHit]: ...
    def shapes(self) -> dict[int, tuple[int, int]]: ...
    def features(self) -> Iterator[tuple[int, Features]]: ...
    def likely(self, query: Features, shape: tuple[int, int]) -> tuple[int, ...] | None: ...
    def features_of(self, picture: int) -> Features: ...
    def listed(self, *of: str) -> int: ...
    def within(self, words: NDArray[np.uint64], *, kind: str, radius: int) -> list[NearHash]: ...
    def preview(self, picture: int) -> NDArray[np.uint8] | None: ...


def cascade(
    record: Record,
    source: Source,
    *,
    parts: Parts,
    witnesses: Mapping[str, NDArray[np.uint64]],
) -> tuple[tuple[Match, ...], Parts]:
    """Search all rows with all tests.

    Parameters
    ----------
    record : Record
        The query.
    source : Source
        The index.
    parts : {"every", "likely", "none"}
        With which pictures local details are compared.

    witnesses : mapping
        From a kind of hash to the query's words in all handlings (`witnessed.queries`).

    Returns
    -------
    matches : tuple of Match
        One a known picture at most: same file, same pixels, then by number of false alarms.
    parts : {"every", "likely", "none"}
        What was done: "every" also where there are no lists to tell the likely ones.
    """
    found: dict[int, Match] = {}
    for stage, same in (
        ("file", source.same_file(record.sha256)),
        ("pixels", source.same_pixels(record.pixels)),
    ):
        for picture in same:
            if picture not in found:
                found[picture] = _identical(record, source.known(picture), stage)
    near = source.hits([view.hashes for view in record.views])
    found |= {hit.picture: _listed(hit, source.known(hit.picture)) for hit in near if hit.listed}
    for kind, words in witnesses.items():
        found |= _witnessed(source, kind, words)
    # A picture may have several hashes; the surest comes first.
    hits = {hit.picture: hit for hit in reversed(near) if not hit.listed}
    query = screening.Query.of(record.features, shape=record.shape)
    chosen = source.likely(record.features, record.shape) if parts == "likely" else None
    if parts == "likely" and chosen is None:
        parts = "every"
    handlings = {} if parts == "none" else _proposals(query, source, chosen)
    for picture in sorted((hits.keys() | handlings.keys()) - found.keys()):
        hit = hits.get(picture)
        match = examine(
            record,
            query,
            source.known(picture),
            source.features_of(picture),
            source.preview(picture),
            hit=hit,
            handlings=_with_hash(handlings.get(picture, ()), hit),
            rows=source.count(),
        )
        if match is not None:
            found[picture] = match
    order = sorted(found.values(), key=lambda m: (STAGES.index(m.stage) > 1, m.log10_nfa, m.id))
    return tuple(order), parts


def _identical(record: Record, known: KnownPicture, stage: str) -> Match:
    region, known_region, share = overlap.shared(np.eye(3), record.shape, record.shape)
    return Match(
        known=known,
        stage=stage,
        relation="same",
        relation_reason="the same bytes" if stage == "file" else "the same pixels in another file",
        log10_nfa=float("-inf"),
        transform=overlap.as_tuple(np.eye(3)),
        region=region,
        known_region=known_region,
        overlap_share=share,
        distance=0 if record.pdq.hashable else None,
    )


def _listed(hit: HashHit, known: KnownPicture) -> Match:
    return Match(
        known=known,
        stage="hash",
        relation="undetermined",
        relation_reason="only its hash is known",
        log10_nfa=hit.log10_nfa,
        mirrored=hit.orientation.startswith("mirror"),
        inverted=hit.inverted,
        distance=hit.distance,
    )


def _witnessed(source: Source, kind: str, words: NDArray[np.uint64]) -> dict[int, Match]:
    """Search listed hashes of a kind that pictures here do not have."""
    rows = source.listed(kind)
    radius = witnessed.reach(kind, rows=rows, log10_nfa=MATCH_LOG10_NFA)
    tests = math.log10(max(1, rows) * witnessed.VARIANTS)
    near = source.within(words, kind=kind, radius=radius) if radius >= 0 else []
    return {
        one.id: Match(
            known=one.known,
            stage="hash",
            relation="undetermined",
            relation_reason=f"only its {kind} is known",
            log10_nfa=tests + witnessed.log10_coincidence(one.distance, kind=kind),
            distance=one.distance,
            view=kind,
        )
        for one in near
    }


def _proposals(
    query: screening.Query, source: Source, chosen: Sequence[int] | None
) -> dict[int, tuple[int, ...]]:
    """Give the rows worth examining, each with the handlings that its votes speak for."""
    shapes = source.shapes()
    asked = (
        source.features()
        if chosen is None
        else ((picture, source.features_of(picture)) for picture in chosen)
    )
    sure: dict[int, tuple[int, ...]] = {}
    weak: list[tuple[float, int, tuple[int, ...]]] = []
    for picture, known in asked:
        found = screening.votes(query, known, known_shape=shapes[picture])
        best = max(vote.count for vote in found)
        order = sorted(range(len(found)), key=lambda h: (-found[h].excess, h))
        worth = tuple(
            h for h in order if found[h].excess >= 0 and found[h].count >= _RIVAL_SHARE * best
        )
        if not worth:
            continue
        excess = found[worth[0]].excess
        if excess >= _SURE_EXCESS:
            sure[picture] = worth
        else:
            weak.append((-excess, picture, worth[:2]))
    return sure | {picture: worth for _, picture, worth in sorted(weak)[:_WEAK_ROWS]}


def _with_hash(handlings: tuple[int, ...], hit: HashHit | None) -> tuple[int, ...]:
    if hit is None:
        return handlings
    own = screening.HANDLINGS.index((hit.orientation.startswith("mirror"), hit.inverted))
    return (own, *(h for h in handlings if h != own))
