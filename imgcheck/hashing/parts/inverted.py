"""Candidates for a search of parts, from inverted lists: few rows instead of all.

Approximate: what it gives is examined exactly afterwards, what it misses is missed. Its recall
against the comparison with every row is measured (benchmarks: part_index).

References
----------
.. [1] H. Jegou, M. Douze and C. Schmid, "Hamming embedding and weak geometric consistency for
   large scale image search", ECCV 2008.
.. [2] A. Babenko and V. Lempitsky, "The inverted multi-index", CVPR 2012.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imgcheck.errors import IndexFileError
from imgcheck.hashing.parts import ballot, segments
from imgcheck.hashing.parts.ballot import Agreements, Candidate
from imgcheck.hashing.parts.codebook import RANKS, shipped
from imgcheck.hashing.parts.sealing import append, clear, remove, strongest
from imgcheck.hashing.parts.segments import SCHEMA, missing, problems, usable
from imgcheck.hashing.screening import HANDLINGS
from imgcheck.imaging import features
from imgcheck.imaging.features import Features

__all__ = [
    "SCHEMA",
    "Candidate",
    "append",
    "candidates",
    "clear",
    "missing",
    "problems",
    "remove",
    "usable",
]

# The strongest features of the query that vote, as in `screening`.
_VOTERS = 1000
# Pairs of a voter and a posting that are compared at most; those of short lists and near cells
# come first. A row that is read costs as much as some pairs. (benchmarks: part_index; with a
# quarter of it crops to 25 % of the side fall from 1.00 to 0.91 among 100,000 on training ground.)
BUDGET = 32_000_000
_PAIRS_A_ROW = 300
# Compared at once: the arrays stay in the cache.
_PAIRS_AT_ONCE = 65_536
# Signatures of strangers differ in so many bits as often as right ones (evidence of the codebook).
_MOST_BITS = 18
# Of repetitive ground all agrees with all: what is kept in memory, and what is counted.
_MOST_HELD = 3_000_000
_MOST_AGREEMENTS = 250_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Probes:
    """Cells to look in, for each feature of the query in each handling."""

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
    """Give the pictures most likely to share a part with the query, best first.

    Parameters
    ----------
    connection : sqlite3.Connection
        With the tables of `SCHEMA`, and ``picture``: what is not there is not given.
    query : Features
        Strongest first; as given by `imgcheck.imaging.features.detect`.
    shape : (rows, cols)
        Of the query.
    most : int, default 30
        Copies of one picture count each: give more where an index has many.

    Returns
    -------
    tuple of Candidate
        Also where nothing is alike: a score is no proof.

    Raises
    ------
    IndexFileError
        If a list is damaged, or was made with another codebook: `clear` and `append` again.

    Notes
    -----
    Time is bounded by `BUDGET`, so in large indexes common details are compared with fewer
    pictures, and recall falls: 0.5 s of CPU and 150 MB in all among 100,000 pictures.
    """
    if not usable(connection):
        raise IndexFileError(
            "the lists of the part search were made by another version; "
            "they are a cache: let the index build them again"
        )
    if len(query) == 0:
        return ()
    handled = _handled(query, width=shape[1])
    probes = _affordable(_probes(handled), *segments.lengths(connection))
    found = _agreements(connection, probes)
    return tuple(ballot.ranked(connection, found, handled, shape)[:most])


def _handled(query: Features, *, width: int) -> list[Features]:
    """Give the voters in each of `HANDLINGS`."""
    kept = strongest(query, _VOTERS)
    found = []
    for mirrored, negative in HANDLINGS:
        part = features.flipped(kept, width=width) if mirrored else kept
        found.append(features.inverted(part) if negative else part)
    return found


def _probes(handled: list[Features]) -> _Probes:
    descriptors = np.concatenate([part.descriptors for part in handled])
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
    for lists in segments.read(connection, np.unique(probes.cells)):
        for part in _compared(probes, lists):
            found.append(part)
            held += len(part)
            if held > _MOST_HELD:
                found = [_thinned(ballot.joined(found))]
                held = len(found[0])
    return _thinned(ballot.joined(found))


def _thinned(found: Agreements) -> Agreements:
    """Keep those with most evidence; of a voter that agrees with many, one can be right."""
    if len(found) <= _MOST_AGREEMENTS:
        return found
    among = np.bincount(found.voters)[found.voters]
    promise = found.weights - np.log10(among)
    kept = np.argpartition(-promise, _MOST_AGREEMENTS)[:_MOST_AGREEMENTS]
    return found.at(np.sort(kept))


def _compared(probes: _Probes, lists: segments.Lists) -> Iterator[Agreements]:
    """Compare each probe with the postings of its list, a bounded part at a time."""
    if len(lists.cells) == 0:
        return
    low = np.searchsorted(probes.cells, lists.cells[0])
    high = np.searchsorted(probes.cells, lists.cells[-1], "right")
    at = np.searchsorted(lists.cells, probes.cells[low:high])
    has = np.flatnonzero(lists.cells[at] == probes.cells[low:high])
    own, at = probes.at(low + has), at[has]
    lengths = lists.lengths[at]
    starts = (np.cumsum(lists.lengths) - lists.lengths)[at]
    ends = np.cumsum(lengths)
    held = np.ascontiguousarray(lists.postings["signature"])
    first = 0
    while first < len(at):
        done = int(ends[first] - lengths[first])
        last = max(first + 1, int(np.searchsorted(ends, done + _PAIRS_AT_ONCE, "right")))
        some = slice(first, last)
        # The posting of every pair: lists one after the other, in one go.
        shift = starts[some] - (ends[some] - lengths[some] - done)
        posting = np.arange(int(ends[last - 1]) - done) + np.repeat(shift, lengths[some])
        bits = np.bitwise_count(held[posting] ^ np.repeat(own.signatures[some], lengths[some]))
        near = np.flatnonzero(bits <= _MOST_BITS)
        probe = first + np.searchsorted(ends[some] - done, near, "right")
        chosen = lists.postings[posting[near]]
        yield Agreements(
            voters=own.voters[probe],
            pictures=chosen["picture"],
            places=chosen["place"],
            weights=shipped().evidence[bits[near]],
        )
        first = last
