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
        return distances(self.words[:, rows], hashed.bits)


@dataclass(frozen=True, slots=True, kw_only=True)
class HashHit:
    """A known hash that is near the query's in one of the 16 handlings.

    Attributes
    ----------
    picture : int
        Id of the known picture, or of the listed hash.
    distance : int
        Differing bits.
    orientation, inverted
        The handling: one of `ORIENTATIONS`, and whether bright and dark are exchanged.
    log10_nfa : float
        Strangers expected to be this near.
    region : tuple of (x, y)
        The part of the known picture that the hash was made of; empty for the whole.
    listed : bool
        Only the hash is known, from somebody's list.
    view : int
        Which view of the query it was, in their order.
    """

    picture: int
    distance: int
    orientation: str
    inverted: bool
    log10_nfa: float
    region: tuple[tuple[float, float], ...] = ()
    listed: bool = False
    view: int = 0


def variants(hashes: dict[str, PdqHash]) -> NDArray[np.uint64]:
    """Give the words of a query in its 8 orientations, (8, 4) uint64."""
    return np.array([hashes[name].bits for name in ORIENTATIONS])


def nearest(
    words: NDArray[np.uint64], laid: NDArray[np.uint64], *, out: NDArray[np.uint8] | None = None
) -> NDArray[np.uint8]:
    """Give for each row its distance to the nearest of the 16 handlings of the query.

    Parameters
    ----------
    words : (4, N) uint64
    laid : (8, 4) uint64
        From `variants`; the negative's hash is the complement, which costs no comparison.
    out : (N,) uint8, optional

    Returns
    -------
    (N,) uint8
        At most 128: of a hash and its complement one is that near.
    """
    count = words.shape[1]
    found = np.empty(count, np.uint8) if out is None else out
    differing = np.empty(min(count, _AT_ONCE), np.uint64)
    bits = np.empty(len(differing), np.uint8)
    total = np.empty(len(differing), np.uint8)
    for start in range(0, count, _AT_ONCE):
        block = words[:, start : start + _AT_ONCE]
        size = block.shape[1]
        least, x, b, t = found[start : start + size], differing[:size], bits[:size], total[:size]
        least.fill(128)
        for query in laid:
            # In eight bits 256 becomes 0 and 256 - d becomes -d: the smaller of the two is right.
            np.bitwise_count(np.bitwise_xor(block[0], query[0], out=x), out=t)
            for column, word in zip(block[1:], query[1:], strict=True):
                np.bitwise_count(np.bitwise_xor(column, word, out=x), out=b)
                np.add(t, b, out=t)
            np.minimum(least, t, out=least)
            np.minimum(least, np.negative(t, out=t), out=least)
    return found


def distances(words: NDArray[np.uint64], query: NDArray[np.uint64]) -> NDArray[np.uint16]:
    """Count the differing bits of one hash, (W,) uint64, to every row of (W, N)."""
    total = np.zeros(words.shape[1], np.uint16)
    for column, word in zip(words, query, strict=True):
        total += np.bitwise_count(column ^ word)
    return total


def hits(
    columns: HashColumns,
    hashes: dict[str, PdqHash],
    *,
    rows: int | None = None,
    views: int = 1,
) -> list[HashHit]:
    """Give every row whose hash is nearer than chance explains, surest first.

    Parameters
    ----------
    columns : HashColumns
    hashes : dict
        From `pdq_dihedral`.
    rows : int, optional
        How many hashes were compared, if ``columns`` holds only the nearest of them.
    views : int, default 1
        In how many views of the picture it is searched in all: each had its chance.
    """
    rows = len(columns) if rows is None else rows
    if len(columns) == 0 or not hashes["original"].hashable:
        return []
    widest = reach(rows=rows, variants=VARIANTS * views)
    near = np.flatnonzero(nearest(columns.words, variants(hashes)) <= widest)
    found = [_hit(columns, hashes, int(at), rows * views) for at in near]
    found = [hit for hit in found if hit.log10_nfa <= MATCH_LOG10_NFA]
    return sorted(found, key=lambda hit: (hit.log10_nfa, hit.picture))


def _hit(columns: HashColumns, hashes: dict[str, PdqHash], at: int, tests: int) -> HashHit:
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
            rows=tests,
            variants=VARIANTS,
            patterns=(hashes["original"].pattern, known.pattern),
        ),
    )
