"""Candidates for a search of parts, from inverted lists: few rows instead of all.

Approximate: what it gives is examined exactly afterwards, what it misses is missed. Its recall
against the comparison with every row is measured (benchmarks: part_index).
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imgcheck.hashing import segments
from imgcheck.hashing.codebook import BITS, shipped
from imgcheck.hashing.postings import unpacked_place
from imgcheck.hashing.screening import HANDLINGS
from imgcheck.hashing.segments import SCHEMA, append, clear, usable
from imgcheck.imaging import features
from imgcheck.imaging.features import Features

__all__ = ["SCHEMA", "Candidate", "append", "candidates", "clear", "usable"]

VOTERS = 1000
PROBES = 16
# Pairs of a voter and a posting that are compared at most: those of short lists and near cells
# first. About 15 ns each; a row that is read costs as much as some pairs (benchmarks: part_index).
BUDGET = 32_000_000
_PAIRS_A_ROW = 300
# Compared at once: the arrays stay in the cache.
_PAIRS_AT_ONCE = 65_536
# Signatures that differ in more bits say nothing for one spot (evidence of the codebook).
MOST_BITS = 18
_MOST = 30
_TURN_DEG = 30.0
_LOG2_SCALE = 0.75
_PLACE_SHARE = 0.125
_CODE_BITS = 16
# Pictures whose votes are counted by place; the others have fewer votes in all.
_SHORT_LIST = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A picture that may share a part with the query.

    ``handling`` is the position in `screening.HANDLINGS`; ``score`` the evidence (log10 of
    likelihood ratios, added up) of the ``votes`` features that agree on how the query lies.
    """

    picture: int
    handling: int
    score: float
    votes: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Probes:
    """Cells to look in, for each feature of the query in each handling; sorted by cell."""

    cells: NDArray[np.uint32]
    signatures: NDArray[np.uint64]
    voters: NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Agreements:
    """Pairs of a voter and a posting of one cell with nearly one signature."""

    voters: NDArray[np.int32]
    pictures: NDArray[np.uint32]
    places: NDArray[np.uint32]
    weights: NDArray[np.float32]


def handled(query: Features, *, width: int) -> list[Features]:
    """Give the voters in each of `HANDLINGS`."""
    kept = Features(
        points=query.points[:VOTERS],
        sizes=query.sizes[:VOTERS],
        angles=query.angles[:VOTERS],
        descriptors=query.descriptors[:VOTERS],
    )
    found = []
    for mirrored, negative in HANDLINGS:
        part = features.flipped(kept, width=width) if mirrored else kept
        found.append(features.inverted(part) if negative else part)
    return found


def candidates(
    connection: sqlite3.Connection,
    query: Features,
    shape: tuple[int, int],
    *,
    most: int = _MOST,
) -> tuple[Candidate, ...]:
    """Give the pictures most likely to share a part with the query, best first.

    Parameters
    ----------
    connection : sqlite3.Connection
        With the tables of `SCHEMA` and ``picture``.
    query : Features
        Strongest first.
    shape : (rows, cols)
        Of the query.
    most : int, default 30

    Raises
    ------
    IndexFileError
        If a list is damaged.
    """
    if len(query) == 0:
        return ()
    parts = handled(query, width=shape[1])
    probes = _affordable(_probes(parts), *segments.lengths(connection))
    found = _agreements(connection, probes)
    return _ranked(connection, found, parts, shape)[:most]


def _probes(parts: list[Features]) -> _Probes:
    descriptors = np.concatenate([part.descriptors for part in parts])
    cells, signatures = shipped().near_words(descriptors, count=PROBES)
    return _Probes(
        cells=cells.ravel(),
        signatures=signatures.ravel(),
        voters=np.arange(cells.size, dtype=np.int32) // PROBES,
    )


def _affordable(probes: _Probes, count: int, lengths: NDArray[np.int64]) -> _Probes:
    """Keep the probes that promise most right pairs for their cost; sort them by cell."""
    cost = lengths[probes.cells] + count * _PAIRS_A_ROW
    promise = np.tile(shipped().shares[:PROBES], len(cost) // PROBES)
    order = np.argsort(cost / promise, kind="stable")
    order = order[: np.searchsorted(np.cumsum(cost[order]), BUDGET)]
    order = order[np.argsort(probes.cells[order], kind="stable")]
    return _Probes(
        cells=probes.cells[order],
        signatures=probes.signatures[order],
        voters=probes.voters[order],
    )


def _agreements(connection: sqlite3.Connection, probes: _Probes) -> _Agreements:
    some = [_none()]
    for lists in segments.read(connection, np.unique(probes.cells)):
        if len(lists.cells):
            some.extend(_compared(probes, lists))
    return _Agreements(
        voters=np.concatenate([a.voters for a in some]),
        pictures=np.concatenate([a.pictures for a in some]),
        places=np.concatenate([a.places for a in some]),
        weights=np.concatenate([a.weights for a in some]),
    )


def _none() -> _Agreements:
    none = np.zeros(0, np.uint32)
    return _Agreements(
        voters=none.astype(np.int32), pictures=none, places=none, weights=none.astype(np.float32)
    )


def _compared(probes: _Probes, lists: segments.Lists) -> Iterator[_Agreements]:
    """Compare each probe with the postings of its list, a bounded part at a time."""
    low = np.searchsorted(probes.cells, lists.cells[0])
    high = np.searchsorted(probes.cells, lists.cells[-1], "right")
    at = np.searchsorted(lists.cells, probes.cells[low:high])
    has = np.flatnonzero(lists.cells[at] == probes.cells[low:high])
    at, own = at[has], low + has
    lengths = lists.lengths[at]
    starts = (np.cumsum(lists.lengths) - lists.lengths)[at]
    ends = np.cumsum(lengths)
    held = np.ascontiguousarray(lists.postings["signature"])
    asked = probes.signatures[own]
    first = 0
    while first < len(own):
        done = int(ends[first] - lengths[first])
        last = max(first + 1, int(np.searchsorted(ends, done + _PAIRS_AT_ONCE, "right")))
        some = slice(first, last)
        # The posting of every pair: lists one after the other, in one go.
        shift = starts[some] - (ends[some] - lengths[some] - done)
        posting = np.arange(int(ends[last - 1]) - done) + np.repeat(shift, lengths[some])
        bits = np.bitwise_count(held[posting] ^ np.repeat(asked[some], lengths[some]))
        near = np.flatnonzero(bits <= MOST_BITS)
        probe = own[first + np.searchsorted(ends[some] - done, near, "right")]
        chosen = lists.postings[posting[near]]
        yield _Agreements(
            voters=probes.voters[probe],
            pictures=chosen["picture"],
            places=chosen["place"],
            weights=shipped().evidence[bits[near]],
        )
        first = last


def _ranked(
    connection: sqlite3.Connection,
    found: _Agreements,
    parts: list[Features],
    shape: tuple[int, int],
) -> tuple[Candidate, ...]:
    """Count by picture, handling, turn, scale and place; each voter once."""
    voters = len(parts[0])
    handling = found.voters // voters
    pair = found.pictures.astype(np.int64) * len(parts) + handling
    pairs, own = np.unique(pair, return_inverse=True)
    total = np.bincount(own, weights=found.weights)
    order = np.argsort(-total, kind="stable")[:_SHORT_LIST]
    pictures = (pairs[order] // len(parts)).astype(np.uint32)
    order = order[segments.living(connection, among=pictures).has(pictures)]
    short = np.full(len(pairs), -1)
    short[order] = np.arange(len(order))
    keep = np.flatnonzero(short[own] >= 0)
    if len(keep) == 0:
        return ()
    bins = _bins(found.places[keep], found.voters[keep], parts, shape)
    code = np.concatenate([short[own[keep]] << 48 | one for one in bins])
    voter = np.tile(found.voters[keep] % voters, len(bins)).astype(np.int64)
    weight = np.tile(found.weights[keep], len(bins))
    names, at = np.unique(code, return_inverse=True)
    # A voter counts once in a bin: with its best pair.
    key = at * voters + voter
    turn = np.lexsort((-weight, key))
    first = turn[np.r_[True, np.diff(key[turn]) > 0]]
    score = np.bincount(at[first], weights=weight[first], minlength=len(names))
    votes = np.bincount(at[first], minlength=len(names))
    best = np.lexsort((-votes, -score, names >> 48))
    group = names[best] >> 48
    best = best[np.r_[True, np.diff(group) > 0]]
    made = []
    for b in best:
        who = int(pairs[order[names[b] >> 48]])
        made.append(
            Candidate(
                picture=who // len(parts),
                handling=who % len(parts),
                score=float(score[b]),
                votes=int(votes[b]),
            )
        )
    made.sort(key=lambda c: (-c.score, c.picture, c.handling))
    taken: set[int] = set()
    return tuple(c for c in made if not (c.picture in taken or taken.add(c.picture)))  # type: ignore


def _bins(
    places: NDArray[np.uint32],
    voters: NDArray[np.int32],
    parts: list[Features],
    shape: tuple[int, int],
) -> list[NDArray[np.int64]]:
    """Give the 16 bins (turn, scale, place of the query's centre) that each pair votes in."""
    side = max(shape)
    points = np.concatenate([p.points for p in parts])[voters] / side
    sizes = np.log2(np.maximum(np.concatenate([p.sizes for p in parts])[voters] / side, 1e-6))
    angles = np.concatenate([p.angles for p in parts])[voters]
    x, y, size, angle = unpacked_place(places)
    turn = np.mod(angle - angles, 360.0)
    log_scale = size - sizes
    scale = np.exp2(log_scale)
    centre = np.array([shape[1] / 2, shape[0] / 2]) / side
    arm = centre - points
    c, s = np.cos(np.radians(turn)) * scale, np.sin(np.radians(turn)) * scale
    there_x = x + c * arm[:, 0] - s * arm[:, 1]
    there_y = y + s * arm[:, 0] + c * arm[:, 1]
    cell = _PLACE_SHARE * np.hypot(*shape) / side * np.exp2(np.round(log_scale))
    coordinates = np.stack(
        [turn / _TURN_DEG, log_scale / _LOG2_SCALE, there_x / cell, there_y / cell]
    )
    low = np.floor(coordinates - 0.5).astype(np.int64)
    made = []
    for corner in range(16):
        t, z, u, v = low + np.array([[corner >> i & 1] for i in range(4)])
        t %= round(360 / _TURN_DEG)
        z = np.clip(z + 32, 0, 63)
        u, v = np.clip(u + 2**18, 0, 2**19 - 1), np.clip(v + 2**18, 0, 2**19 - 1)
        made.append(((t * 64 + z) << 38 | u << 19 | v) & ((1 << 48) - 1))
    return made
