"""Number of false alarms (NFA) of a hash distance, and the probability of a match by parts.

A fixed threshold in bits is wrong twice: the published one (31 of 256) loses two thirds of desert
pictures that were only shrunk, and any threshold gives more false matches in a larger index.

What makes unrelated pictures alike is not low quality but simple structure. Written as 16 x 16
signs, the hash of a picture with a few straight edges is nearly a product of one row and one
column, and two such hashes agree as soon as those agree. How near a hash is to that is seen in the
hash itself (`PdqHash.pattern`), so it is known for imported hashes too.

The NFA of a registration assumes that wrong pairs of features fall anywhere. On real ground they do
not quite: rows of vehicles and roofs agree in small groups, and most pictures agree far less than
the formula expects. So its value is read through what unrelated pairs were measured to reach.
"""

import functools
import math
from typing import TYPE_CHECKING

import numpy as np

from imgcheck.hashing.perceptual import Pattern

if TYPE_CHECKING:
    from imgcheck.imaging.features import Features

_COINS = 256
_SET = _COINS // 2
# Hashes of noise have 0.11 to 0.13; nothing below adds to the probability.
_NO_STRUCTURE = 0.108
# benchmarks: global_hashes, part "chance". Fitted on six places (half A), reported on the nine
# others: beyond coins come 10 ** (_AT_88 + _POWER * log10(structure / 0.1)) of the comparisons at
# 88 bits, and a tenth of them each so many bits lower.
_AT_88, _POWER = -4.235, 3.674
_DECADE_BITS = (5.316, 6.37, 376.3)
# Below this fewer than ten pairs were seen in any stratum: the tail is carried on, slower.
_SEEN_TO, _SLOWER = 76, 1.5
# Two hashes of one pattern still differ in which bits are exceptions to it. Those lie where the
# pattern is weak: as if they had this many places. With 128 the nearest 60 unrelated pairs had
# a probability of one in 14,000, with 96 none below 1 in 100.
_PLACES = 96
# Of comparisons between places 94 in 100 have less: used if nothing is known of a hash.
CAREFUL_STRUCTURE = 0.06
# What counts as a match: expected once in a hundred searches of an index without the picture.
MATCH_LOG10_NFA = -2.0

# Features compared with each other to see how distinct they are.
_COMPARED = 500
# Two descriptors this alike (cosine), this far apart in the picture, are twins.
_TWIN, _APART_PX = 0.8, 12.0
# Pictures with this share of features without a twin show built objects: vehicles, roofs, markings.
_DISTINCT_SHARE = 0.03
# The probability grows with the number of possible pairs; measured with so many features in both.
_DETAILS = 1500
# benchmarks: parts, strangers. Set on 6,000 pairs of 15 places and on 3,000 pairs of streets,
# reported on others. log10 of the share of unrelated pairs whose best arrangement reaches a
# log10 NFA of 3, and what each unit less takes off; below 1 ordered ground rules everywhere.
_AT = 3.0
_PLAIN, _PLAIN_SLOPE, _PLAIN_TO = -2.1, 0.75, 1.0
_DISTINCT, _SLOPE = -1.35, 0.5


def structure(one: Pattern, other: Pattern) -> float:
    """Return how much simple structure two hashes share, 0 (noise) to 0.9 (row times column)."""
    return math.sqrt(
        max(0.0, one.concentration - _NO_STRUCTURE) * max(0.0, other.concentration - _NO_STRUCTURE)
    )


def log10_probability(distance: int, *, patterns: tuple[Pattern, Pattern] | None = None) -> float:
    """Return log10 of the probability that two unrelated pictures are this near or nearer.

    Parameters
    ----------
    distance : int
        Differing bits, 0 to 256.
    patterns : two Pattern, optional
        `PdqHash.pattern` of both hashes. Without them a value that is safe for most pairs.

    Notes
    -----
    Two hashes of 128 set bits in random places follow the hypergeometric law; what real pictures
    have beyond it was measured on 2.6e9 comparisons of different places, down to about 76 bits
    and 1e-8. Below that the tail is extrapolated with half as many bits more a decade, or with the
    probability that two of one pattern also share its exceptions.
    """
    if patterns is None:
        return _log10_of(distance, CAREFUL_STRUCTURE)
    one, other = patterns
    return _log10_of(distance, structure(one, other), (one.exceptions, other.exceptions))


def _log10_of(distance: int, shared: float, exceptions: tuple[int, int] | None = None) -> float:
    if distance >= _COINS:
        return 0.0
    distance = max(0, distance)
    tail = _tail(distance, shared)
    if exceptions is not None and distance < _SEEN_TO:
        tail = min(tail, _tail(_SEEN_TO, shared) * _same_exceptions(distance, *exceptions))
    return math.log10(min(1.0, _independent()[distance] + tail))


def _tail(distance: int, shared: float) -> float:
    decade = sum(c * shared**k for k, c in enumerate(_DECADE_BITS))
    power = _AT_88 + _POWER * math.log10(max(shared, 1e-4) / 0.1)
    power += (max(distance, _SEEN_TO) - 88) / decade
    power -= max(0, _SEEN_TO - distance) / (_SLOWER * decade)
    return float(10.0 ** min(0.0, power))


@functools.lru_cache(maxsize=1024)
def _same_exceptions(distance: int, one: int, other: int) -> float:
    """Return the probability that two choices of places differ in at most ``distance`` of them."""
    one, other = min(one, _PLACES), min(other, _PLACES)
    least = math.ceil((one + other - distance) / 2)
    ways = sum(
        math.comb(one, k) * math.comb(_PLACES - one, other - k)
        for k in range(max(0, least), min(one, other) + 1)
        if 0 <= other - k <= _PLACES - one
    )
    return ways / math.comb(_PLACES, other)


@functools.cache
def _independent() -> tuple[float, ...]:
    """Return P(distance <= d) for d = 0 to 256 of two random choices of 128 of 256 bits."""
    ways = [math.comb(_SET, k) ** 2 for k in range(_SET + 1)]
    total, upto, below = math.comb(_COINS, _SET), 0, [0.0] * (_COINS + 1)
    for half, count in enumerate(ways):
        upto += count
        # Such distances are even; an odd one, of hashes with some bits more, counts as the next.
        below[2 * half] = upto / total
        below[max(0, 2 * half - 1)] = upto / total
    return tuple(below)


def nfa(
    distance: int,
    *,
    rows: int,
    variants: int = 16,
    patterns: tuple[Pattern, Pattern] | None = None,
) -> float:
    """Return log10 of the number of false alarms (NFA) of a hash distance.

    Parameters
    ----------
    distance : int
        Differing bits, 0 to 256.
    rows : int
        Hashes that were compared.
    variants : int, default 16
        Ways in which the query was tried: 8 orientations and 2 polarities of every view of it.
    patterns : two Pattern, optional
        `PdqHash.pattern` of both hashes. Without them a value that is safe for most pairs.

    Returns
    -------
    float
        log10 of how many unrelated hashes in such an index are expected to be this near. A match
        has at most `MATCH_LOG10_NFA`.

    References
    ----------
    .. [1] A. Desolneux, L. Moisan, J.-M. Morel, "From Gestalt Theory to Image Analysis", 2008.
    """
    tests = max(1, rows) * max(1, variants)
    return math.log10(tests) + log10_probability(distance, patterns=patterns)


def reach(*, rows: int, variants: int = 16) -> int:
    """Return the largest distance at which a pair may match in an index of ``rows``; -1 if none.

    It is that of hashes without structure: candidates up to here are judged one by one.
    """
    tests = math.log10(max(1, rows) * max(1, variants))
    for bits in range(128, -1, -1):
        if tests + _log10_of(bits, 0.0) <= MATCH_LOG10_NFA:
            return bits
    return -1


def distinct_share(found: "Features") -> float:
    """Return the share of the first 500 features of a picture without a twin elsewhere in it."""
    table = found.descriptors[:_COMPARED].astype(np.float32)
    if len(table) < 2:
        return 1.0
    lengths = np.maximum(np.linalg.norm(table, axis=1, keepdims=True), 1e-6)
    alike = (table / lengths) @ (table / lengths).T
    x, y = found.points[:_COMPARED].T
    near = (x[:, None] - x) ** 2 + (y[:, None] - y) ** 2 <= _APART_PX**2
    alike[near] = -1.0
    return float((alike.max(axis=1) <= _TWIN).mean())


def log10_part_probability(log10_nfa: float, one: "Features", other: "Features") -> float:
    """Return log10 of the probability that two unrelated pictures agree as well.

    Parameters
    ----------
    log10_nfa : float
        Of the best registration in any of the four variants, from `imaging.registration.align`.
    one, other : Features
        Of the two pictures.

    Notes
    -----
    Measured down to about 1e-4 a pair; beyond, half a decade a unit as on ordered ground, which
    is the slowest fall that was seen.
    """
    share = math.sqrt(distinct_share(one) * distinct_share(other))
    pairs = max(1, min(len(one), _DETAILS)) * max(1, min(len(other), _DETAILS))
    if share >= _DISTINCT_SHARE:
        power = _DISTINCT + _SLOPE * (log10_nfa - _AT)
    else:
        power = _PLAIN + _PLAIN_SLOPE * (max(log10_nfa, _PLAIN_TO) - _AT)
        power += _SLOPE * min(0.0, log10_nfa - _PLAIN_TO)
    return min(0.0, power + math.log10(pairs / _DETAILS**2))
