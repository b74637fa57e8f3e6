"""Exact search among hashes: every row is compared, in every orientation and polarity."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imgcheck.hashing.chance import MATCH_LOG10_NFA, nfa, reach
from imgcheck.hashing.perceptual import ORIENTATIONS, PdqHash

VARIANTS = 2 * len(ORIENTATIONS)
# Rows whose four columns stay in the cache of one core.
_AT_ONCE = 16_384


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HashColumns:
    """The hashes of an index as four columns of 64 bits, the layout that scans fastest.

    Attributes
    ----------
    pictures : (N,) int64
        Row of the picture of each hash.
    words : (4, N) uint64
    quality : (N,) int
    """

    pictures: NDArray[np.int64]
    words: NDArray[np.uint64]
    quality: NDArray[np.int64]

    @classmethod
    def of(cls, hashes: list[PdqHash]) -> "HashColumns":
        """Gather hashes; their pictures are numbered from 0."""
        table = np.array([hashed.bits for hashed in hashes], np.uint64).reshape(-1, 4)
        return cls(
            pictures=np.arange(len(hashes)),
            words=np.ascontiguousarray(table.T),
            quality=np.array([hashed.quality for hashed in hashes], np.int64),
        )

    def __len__(self) -> int:
        return len(self.pictures)

    def distances(self, hashed: PdqHash, *, rows: slice = slice(None)) -> NDArray[np.uint16]:
        """Count the differing bits to every row, (N,) uint16."""
        total = np.zeros(len(self.pictures[rows]), np.uint16)
        for column, word in zip(self.words, hashed.bits, strict=True):
            total += np.bitwise_count(column[rows] ^ word)
        return total


@dataclass(frozen=True, slots=True, kw_only=True)
class HashHit:
    """A known picture that looks like the query in one of the 16 handlings."""

    picture: int
    distance: int
    orientation: str
    inverted: bool
    log10_nfa: float


def nearest(columns: HashColumns, hashes: dict[str, PdqHash]) -> NDArray[np.uint16]:
    """Give for each row its distance to the nearest of the 16 handlings of the query.

    Parameters
    ----------
    columns : HashColumns
    hashes : dict
        From `pdq_dihedral`.

    Returns
    -------
    (N,) uint16
    """
    found = np.empty(len(columns), np.uint16)
    for start in range(0, len(columns), _AT_ONCE):
        rows = slice(start, start + _AT_ONCE)
        low = np.full(len(columns.pictures[rows]), 256, np.uint16)
        high = np.zeros_like(low)
        for name in ORIENTATIONS:
            bits = columns.distances(hashes[name], rows=rows)
            np.minimum(low, bits, out=low)
            np.maximum(high, bits, out=high)
        # The negative's hash is the complement.
        found[rows] = np.minimum(low, 256 - high)
    return found


def hits(columns: HashColumns, hashes: dict[str, PdqHash]) -> list[HashHit]:
    """Give every row whose hash is nearer than chance explains, surest first."""
    if len(columns) == 0 or not hashes["original"].hashable:
        return []
    widest = reach(rows=len(columns), variants=VARIANTS)
    near = np.flatnonzero(nearest(columns, hashes) <= widest)
    found = [_hit(columns, hashes, int(at)) for at in near]
    found = [hit for hit in found if hit.log10_nfa <= MATCH_LOG10_NFA]
    return sorted(found, key=lambda hit: (hit.log10_nfa, hit.picture))


def _hit(columns: HashColumns, hashes: dict[str, PdqHash], at: int) -> HashHit:
    """Say in which handling the query is nearest to a row, and how surprising that is."""
    row = slice(at, at + 1)
    plain = [int(columns.distances(hashes[name], rows=row)[0]) for name in ORIENTATIONS]
    both = [*plain, *(256 - bits for bits in plain)]
    handling = both.index(min(both))
    known = PdqHash(hex="".join(f"{int(w):016x}" for w in columns.words[:, at]), quality=0)
    return HashHit(
        picture=int(columns.pictures[at]),
        distance=both[handling],
        orientation=ORIENTATIONS[handling % len(ORIENTATIONS)],
        inverted=handling >= len(ORIENTATIONS),
        log10_nfa=nfa(
            both[handling],
            rows=len(columns),
            variants=VARIANTS,
            patterns=(hashes["original"].pattern, known.pattern),
        ),
    )
