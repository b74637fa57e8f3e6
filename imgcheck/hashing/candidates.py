"""The pictures most likely to share a part with a query, from inverted lists: few rows, not all.

Approximate: what it proposes is examined exactly afterwards, what it misses is missed. Its recall
against the comparison with every row is measured (benchmarks: part_index). The vote is that of
`imgcheck.hashing.votes`, for all pictures of an index at once.

References
----------
.. [1] H. Jegou, M. Douze and C. Schmid, "Hamming embedding and weak geometric consistency for
   large scale image search", ECCV 2008.
.. [2] A. Babenko and V. Lempitsky, "The inverted multi-index", CVPR 2012.
"""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imgcheck.errors import IndexFileError
from imgcheck.hashing import part_lists
from imgcheck.hashing.codebook import RANKS, shipped, unpacked_place
from imgcheck.hashing.votes import LOG2_SCALE, PLACE_SHARE, TURN_DEG, VOTERS, in_variants
from imgcheck.imaging.features import Features

# Pairs of a voter and a posting that are compared at most; those of short lists and near cells
# come first. A row that is read costs as much as some pairs. (benchmarks: part_index; with a
# quarter of it crops to 25 % of the side fall from 1.00 to 0.91 among 100,000 on training ground.)
BUDGET = 32_000_000
_PAIRS_A_ROW = 300
# Compared at once: the arrays stay in the cache.
_PAIRS_AT_ONCE = 65_536
# Signatures of unrelated features differ in so many bits as often as right ones (see the codebook).
_MOST_BITS = 18
# Of repetitive ground all agrees with all: what is kept in memory, and what is counted.
_MOST_HELD = 3_000_000
_MOST_AGREEMENTS = 250_000
# Pictures and variants whose votes are counted by place; the others have less evidence in all.
_SHORT_LIST = 2000
# A bin in 48 bits: 10 for turn and scale, 19 each for x and y.
_PLACE_BITS, _BIN_BITS = 19, 48


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A picture that may share a part with the query.

    ``variant`` is the position in `votes.VARIANTS`; ``score`` the evidence (log10 of
    likelihood ratios, added up) of the ``votes`` features that agree on how the query lies.
    """

    picture: int
    variant: int
    score: float
    votes: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Agreements:
    """Pairs of a feature of the query and a posting, of one cell and nearly one signature."""

    # (N,): row among the features of all variants, one variant after the other
    voters: NDArray[np.int32]
    pictures: NDArray[np.uint32]  # (N,): of the posting
    places: NDArray[np.uint32]  # (N,): of the posting
    weights: NDArray[np.float32]  # (N,): evidence of the signatures

    def __len__(self) -> int:
        return len(self.voters)

    def at(self, rows: NDArray[np.intp]) -> "Agreements":
        return Agreements(
            voters=self.voters[rows],
            pictures=self.pictures[rows],
            places=self.places[rows],
            weights=self.weights[rows],
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Probes:
    """Cells to look in, for each feature of the query in each variant."""

    cells: NDArray[np.uint32]
    signatures: NDArray[np.uint64]
    voters: NDArray[np.int32]

    def at(self, rows: NDArray[np.intp]) -> "_Probes":
        return _Probes(
            cells=self.cells[rows], signatures=self.signatures[rows], voters=self.voters[rows]
        )


def candidates(
    connection: sqlite3.Connection, query: Features, shape: tuple[int, int], *, most: int = 30
) -> tuple[Candidate, ...]:
    """Return the pictures most likely to share a part with the query, best first.

    Parameters
    ----------
    connection : sqlite3.Connection
        With the tables of `part_lists.SCHEMA`, and ``picture``: what is not there is not returned.
    query : Features
        Strongest first, of a picture of ``shape`` (rows, cols).
    most : int, default 30
        Copies of one picture count each.

    Returns
    -------
    tuple of Candidate
        Also where nothing is alike: a score is no evidence.

    Raises
    ------
    IndexFileError
        If a list is damaged or of another codebook: `part_lists.clear` and `append` again.

    Notes
    -----
    Time is bounded by `BUDGET`, so in large indexes common details are compared with fewer
    pictures, and recall falls: 0.5 s of CPU and 150 MB in all among 100,000 pictures.
    """
    if not part_lists.usable(connection):
        raise IndexFileError(
            "the lists for searching parts were made by another version; "
            "rebuild them with 'imgcheck index verify --relist'"
        )
    if len(query) == 0:
        return ()
    variants = in_variants(part_lists.strongest(query, VOTERS), width=shape[1])
    probes = _affordable(_probes(variants), *part_lists.lengths(connection))
    found = _agreements(connection, probes)
    return tuple(_ranked(connection, found, variants, shape)[:most])


def _probes(variants: tuple[Features, ...]) -> _Probes:
    descriptors = np.concatenate([part.descriptors for part in variants])
    cells, signatures = shipped().near_words(descriptors, count=RANKS)
    return _Probes(
        cells=cells.ravel(),
        signatures=signatures.ravel(),
        voters=np.arange(cells.size, dtype=np.int32) // np.int32(RANKS),
    )


def _affordable(probes: _Probes, rows: NDArray[np.int64], lengths: NDArray[np.int64]) -> _Probes:
    """Keep the probes that promise most right pairs for their cost; sort them by cell."""
    cost = lengths[probes.cells] + rows[probes.cells] * _PAIRS_A_ROW
    promise = np.tile(shipped().shares, len(cost) // RANKS)
    order = np.argsort(cost / promise, kind="stable")
    order = order[: np.searchsorted(np.cumsum(cost[order]), BUDGET)]
    return probes.at(order[np.argsort(probes.cells[order], kind="stable")])


def _agreements(connection: sqlite3.Connection, probes: _Probes) -> Agreements:
    found: list[Agreements] = []
    held = 0
    for held_lists in part_lists.read(connection, np.unique(probes.cells)):
        for part in _compared(probes, held_lists):
            found.append(part)
            held += len(part)
            if held > _MOST_HELD:
                found = [_thinned(_joined(found))]
                held = len(found[0])
    return _thinned(_joined(found))


def _thinned(found: Agreements) -> Agreements:
    """Keep those with most evidence; of a voter that agrees with many, one can be right."""
    if len(found) <= _MOST_AGREEMENTS:
        return found
    among = np.bincount(found.voters)[found.voters]
    promise = found.weights - np.log10(among)
    kept = np.argpartition(-promise, _MOST_AGREEMENTS)[:_MOST_AGREEMENTS]
    return found.at(np.sort(kept))


def _compared(probes: _Probes, some: part_lists.Lists) -> Iterator[Agreements]:
    """Compare each probe with the postings of its list, a bounded part at a time."""
    if len(some.cells) == 0:
        return
    low = np.searchsorted(probes.cells, some.cells[0])
    high = np.searchsorted(probes.cells, some.cells[-1], "right")
    at = np.searchsorted(some.cells, probes.cells[low:high])
    has = np.flatnonzero(some.cells[at] == probes.cells[low:high])
    own, at = probes.at(low + has), at[has]
    lengths = some.lengths[at]
    starts = (np.cumsum(some.lengths) - some.lengths)[at]
    ends = np.cumsum(lengths)
    signatures = np.ascontiguousarray(some.postings["signature"])
    first = 0
    while first < len(at):
        done = int(ends[first] - lengths[first])
        last = max(first + 1, int(np.searchsorted(ends, done + _PAIRS_AT_ONCE, "right")))
        part = slice(first, last)
        # The posting of every pair: lists one after the other, in one go.
        shift = starts[part] - (ends[part] - lengths[part] - done)
        posting = np.arange(int(ends[last - 1]) - done) + np.repeat(shift, lengths[part])
        bits = np.bitwise_count(
            signatures[posting] ^ np.repeat(own.signatures[part], lengths[part])
        )
        near = np.flatnonzero(bits <= _MOST_BITS)
        probe = first + np.searchsorted(ends[part] - done, near, "right")
        chosen = some.postings[posting[near]]
        yield Agreements(
            voters=own.voters[probe],
            pictures=chosen["picture"],
            places=chosen["place"],
            weights=shipped().evidence[bits[near]],
        )
        first = last


def _joined(parts: list[Agreements]) -> Agreements:
    """Put pairs end to end."""
    return Agreements(
        voters=np.concatenate([np.zeros(0, np.int32), *(p.voters for p in parts)]),
        pictures=np.concatenate([np.zeros(0, np.uint32), *(p.pictures for p in parts)]),
        places=np.concatenate([np.zeros(0, np.uint32), *(p.places for p in parts)]),
        weights=np.concatenate([np.zeros(0, np.float32), *(p.weights for p in parts)]),
    )


def _ranked(
    connection: sqlite3.Connection,
    found: Agreements,
    variants: tuple[Features, ...],
    shape: tuple[int, int],
) -> list[Candidate]:
    """Return pictures by the evidence that agrees on one turn, scale and place."""
    voters = len(variants[0])
    whose = found.pictures.astype(np.int64) * len(variants) + found.voters // voters
    names, own = np.unique(whose, return_inverse=True)
    evidence = np.bincount(own, weights=found.weights, minlength=len(names))
    order = np.argsort(-evidence, kind="stable")[:_SHORT_LIST]
    pictures = (names[order] // len(variants)).astype(np.uint32)
    sql = "SELECT id FROM picture WHERE id IN (SELECT value FROM json_each(?))"
    held = connection.execute(sql, (json.dumps(pictures.tolist()),))
    order = order[np.isin(pictures, [row[0] for row in held])]
    short = np.full(len(names), -1)
    short[order] = np.arange(len(order))
    keep = np.flatnonzero(short[own] >= 0)
    if len(keep) == 0:
        return []
    counted = _largest_bins(found.at(keep), short[own[keep]], variants, shape)
    made: dict[int, Candidate] = {}
    for number, score, votes in sorted(counted, key=lambda c: (-c[1], int(names[order[c[0]]]))):
        picture, variant = divmod(int(names[order[number]]), len(variants))
        made.setdefault(
            picture, Candidate(picture=picture, variant=variant, score=score, votes=votes)
        )
    return list(made.values())


def _largest_bins(
    found: Agreements,
    numbers: NDArray[np.int64],
    variants: tuple[Features, ...],
    shape: tuple[int, int],
) -> list[tuple[int, float, int]]:
    """Return for each number its best bin's evidence and voters; a voter counts once in a bin."""
    voters = len(variants[0])
    bins = _bins(found, variants, shape)
    codes = (numbers[None, :] << _BIN_BITS | bins).ravel()
    voter = np.tile(found.voters % voters, len(bins)).astype(np.int64)
    weight = np.tile(found.weights, len(bins))
    names, at = np.unique(codes, return_inverse=True)
    key = at * voters + voter
    turn = np.lexsort((-weight, key))
    first = turn[np.r_[True, np.diff(key[turn]) > 0]]
    score = np.bincount(at[first], weights=weight[first], minlength=len(names))
    votes = np.bincount(at[first], minlength=len(names))
    group = names >> _BIN_BITS
    best = np.lexsort((names, -votes, -score, group))
    best = best[np.r_[True, np.diff(group[best]) > 0]]
    return [(int(group[b]), float(score[b]), int(votes[b])) for b in best]


def _bins(
    found: Agreements, variants: tuple[Features, ...], shape: tuple[int, int]
) -> NDArray[np.int64]:
    """Return the 16 bins that each pair votes in, (16, N): both neighbours on four axes."""
    side = max(shape)
    points = np.concatenate([h.points for h in variants])[found.voters] / side
    sizes = np.concatenate([h.sizes for h in variants])[found.voters] / side
    angles = np.concatenate([h.angles for h in variants])[found.voters]
    x, y, log_size, angle = unpacked_place(found.places)
    turn = np.mod(angle - angles, 360.0)
    log_scale = log_size - np.log2(np.maximum(sizes, 1e-6))
    scale = np.exp2(log_scale)
    # Where the centre of the query would fall.
    arm = np.array([shape[1], shape[0]]) / (2 * side) - points
    c, s = np.cos(np.radians(turn)) * scale, np.sin(np.radians(turn)) * scale
    there = (x + c * arm[:, 0] - s * arm[:, 1], y + s * arm[:, 0] + c * arm[:, 1])
    # The farther the arm reaches in the known picture, the less well the place is known.
    cell = PLACE_SHARE * np.hypot(*shape) / side * np.exp2(np.round(log_scale))
    axes = (turn / TURN_DEG, log_scale / LOG2_SCALE, there[0] / cell, there[1] / cell)
    low = np.floor(np.stack(axes) - 0.5).astype(np.int64)
    half = 1 << (_PLACE_BITS - 1)
    made = []
    for corner in range(16):
        t, z, u, v = low + np.array([[corner >> i & 1] for i in range(4)])
        t, z = t % round(360 / TURN_DEG), np.clip(z + 32, 0, 63)
        u, v = (np.clip(w + half, 0, 2 * half - 1) for w in (u, v))
        made.append((t * 64 + z) << 2 * _PLACE_BITS | u << _PLACE_BITS | v)
    return np.stack(made)
