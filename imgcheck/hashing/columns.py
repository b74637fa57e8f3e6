"""Exact search among PDQ hashes: every row is compared, in every orientation and polarity."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imgcheck.hashing.answer import Polygon
from imgcheck.hashing.perceptual import ORIENTATIONS, PdqHash
from imgcheck.hashing.probability import MATCH_LOG10_NFA, nfa, reach

# Variants in which a query is compared: 8 orientations, as it is and inverted.
VARIANTS = 2 * len(ORIENTATIONS)
# Rows whose four columns stay in the cache of one core.
_AT_ONCE = 16_384


@dataclass(frozen=True, slots=True, kw_only=True)
class HashHit:
    """A known hash that is near the query's in one of the 16 variants."""

    picture: int  # id of the known picture, or of the listed hash
    distance: int  # differing bits
    # The variant of the query: one of `ORIENTATIONS`, and whether bright and dark are exchanged.
    orientation: str
    inverted: bool
    log10_nfa: float  # number of unrelated hashes expected to be this near
    # The part of the known picture that the hash was made of; empty for the whole.
    region: Polygon = ()
    listed: bool = False  # only the hash is known, from a list
    view: int = 0  # number of the view of the query


def variants(hashes: dict[str, PdqHash]) -> NDArray[np.uint64]:
    """Return the words of a query in its 8 orientations, (8, 4) uint64."""
    return np.array([hashes[name].bits for name in ORIENTATIONS])


def nearest(words: NDArray[np.uint64], queries: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """Return for each row, (4, N), its distance to the nearest of the 16 variants of a query."""
    count = words.shape[1]
    found = np.empty(count, np.uint8)
    differing = np.empty(min(count, _AT_ONCE), np.uint64)
    bits = np.empty(len(differing), np.uint8)
    total = np.empty(len(differing), np.uint8)
    for start in range(0, count, _AT_ONCE):
        block = words[:, start : start + _AT_ONCE]
        size = block.shape[1]
        least, x, b, t = found[start : start + size], differing[:size], bits[:size], total[:size]
        least.fill(128)
        for query in queries:
            # In eight bits 256 becomes 0 and 256 - d becomes -d: the smaller of the two is right.
            np.bitwise_count(np.bitwise_xor(block[0], query[0], out=x), out=t)
            for column, word in zip(block[1:], query[1:], strict=True):
                np.bitwise_count(np.bitwise_xor(column, word, out=x), out=b)
                np.add(t, b, out=t)
            np.minimum(least, t, out=least)
            np.minimum(least, np.negative(t, out=t), out=least)
    return found


def distances(words: NDArray[np.uint64], query: NDArray[np.uint64]) -> NDArray[np.uint16]:
    """Count the differing bits of one hash, (W,), to every row of (W, N)."""
    total = np.zeros(words.shape[1], np.uint16)
    for column, word in zip(words, query, strict=True):
        total += np.bitwise_count(column ^ word)
    return total


def hits(
    ids: NDArray[np.int64],
    words: NDArray[np.uint64],
    hashes: dict[str, PdqHash],
    *,
    rows: int,
    views: int = 1,
) -> list[HashHit]:
    """Return every hash that is nearer than expected by chance, most significant first.

    Parameters
    ----------
    ids, words : (N,), (4, N)
        The nearest hashes, or all.
    hashes : dict
        From `pdq_dihedral`.
    rows : int
        How many hashes were compared.
    views : int, default 1
        In how many views the query is searched; each counts as tests.
    """
    if len(ids) == 0 or not hashes["original"].hashable:
        return []
    widest = reach(rows=rows, variants=VARIANTS * views)
    near = np.flatnonzero(nearest(words, variants(hashes)) <= widest)
    found = [_hit(int(ids[at]), words[:, at], hashes, rows * views) for at in near]
    found = [hit for hit in found if hit.log10_nfa <= MATCH_LOG10_NFA]
    return sorted(found, key=lambda hit: (hit.log10_nfa, hit.picture))


def _hit(
    picture: int, words: NDArray[np.uint64], hashes: dict[str, PdqHash], tests: int
) -> HashHit:
    """Return in which variant the query is nearest to a known hash, and how surprising that is."""
    plain = [int(np.bitwise_count(hashes[name].bits ^ words).sum()) for name in ORIENTATIONS]
    both = [*plain, *(256 - bits for bits in plain)]
    variant = both.index(min(both))
    known = PdqHash(hex="".join(f"{int(w):016x}" for w in words), quality=0)
    return HashHit(
        picture=picture,
        distance=both[variant],
        orientation=ORIENTATIONS[variant % len(ORIENTATIONS)],
        inverted=variant >= len(ORIENTATIONS),
        log10_nfa=nfa(
            both[variant],
            rows=tests,
            variants=VARIANTS,
            patterns=(hashes["original"].pattern, known.pattern),
        ),
    )
