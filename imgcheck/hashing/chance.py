"""How many strangers would look this alike: the number of false alarms of a hash distance.

A fixed cut in bits is wrong twice: the published one (31 of 256) loses two thirds of desert
pictures that were only shrunk, and any cut gives more strangers the larger the index is.

What makes strangers alike is not low quality but simple structure. Written as 16 x 16 signs, the
hash of a picture that a few straight edges rule is nearly a product of one row and one column, and
two such hashes agree as soon as those agree. How near a hash is to that is seen in the hash itself
(`PdqHash.pattern`), so it is known for imported hashes too.
"""

import functools
import math

from imgcheck.hashing.perceptual import Pattern

_COINS = 256
_SET = _COINS // 2
# Hashes of noise have 0.11 to 0.13; nothing below adds to the chance.
_NO_STRUCTURE = 0.108
# benchmarks: global_hashes, part "chance". Fitted on six places (half A), reported on the nine
# others: beyond coins stand 10 ** (_AT_88 + _POWER * log10(structure / 0.1)) of the comparisons at
# 88 bits, and a tenth of them each so many bits lower.
_AT_88, _POWER = -4.235, 3.674
_DECADE_BITS = (5.316, 6.37, 376.3)
# Below this fewer than ten pairs were seen in any stratum: the tail is carried on, slower.
_SEEN_TO, _SLOWER = 76, 1.5
# Two hashes of one pattern still differ in which bits are exceptions to it. Those lie where the
# pattern is weak: as if they had this many places. With 128 the nearest 60 pairs of strangers had
# one in 14,000 by chance, with 96 none below 1 in 100.
_PLACES = 96
# Of comparisons between places 94 in 100 have less: what is said if nothing is known of a hash.
CAREFUL_STRUCTURE = 0.06
# What counts as a match: expected once in a hundred searches of an index without the picture.
MATCH_LOG10_NFA = -2.0


def structure(one: Pattern, other: Pattern) -> float:
    """Give how much simple structure two hashes share.

    Returns
    -------
    float
        0 (one of them is like noise) to 0.9 (both are one row times one column).
    """
    return math.sqrt(
        max(0.0, one.concentration - _NO_STRUCTURE) * max(0.0, other.concentration - _NO_STRUCTURE)
    )


def log10_coincidence(distance: int, *, patterns: tuple[Pattern, Pattern] | None = None) -> float:
    """Give log10 of the chance that two unrelated pictures are this near or nearer.

    Parameters
    ----------
    distance : int
        Differing bits, 0 to 256.
    patterns : two Pattern, optional
        `PdqHash.pattern` of both hashes. Without them a careful answer for most pairs is given.

    Notes
    -----
    Two hashes of 128 set bits in random places follow the hypergeometric law; what real pictures
    have beyond it was measured on 2.6e9 comparisons of different places, down to about 76 bits
    and 1e-8. Below that the tail is carried on with half as many bits more a decade, which is far
    more careful than coins, or with the chance that two of one pattern also share its exceptions.
    """
    if patterns is None:
        return _coincidence(distance, CAREFUL_STRUCTURE, None)
    return _coincidence(
        distance, structure(*patterns), (patterns[0].exceptions, patterns[1].exceptions)
    )


def _coincidence(distance: int, shared: float, exceptions: tuple[int, int] | None) -> float:
    if distance >= _COINS:
        return 0.0
    distance = max(0, distance)
    tail = _tail(distance, shared)
    if exceptions is not None and distance < _SEEN_TO:
        tail = min(tail, _tail(_SEEN_TO, shared) * _same_exceptions(distance, *exceptions))
    return math.log10(min(1.0, _by_chance()[distance] + tail))


def _tail(distance: int, shared: float) -> float:
    decade = sum(c * shared**k for k, c in enumerate(_DECADE_BITS))
    power = _AT_88 + _POWER * math.log10(max(shared, 1e-4) / 0.1)
    power += (max(distance, _SEEN_TO) - 88) / decade
    power -= max(0, _SEEN_TO - distance) / (_SLOWER * decade)
    return float(10.0 ** min(0.0, power))


@functools.lru_cache(maxsize=1024)
def _same_exceptions(distance: int, one: int, other: int) -> float:
    """Give the chance that two choices of places differ in at most ``distance`` of them."""
    one, other = min(one, _PLACES), min(other, _PLACES)
    least = math.ceil((one + other - distance) / 2)
    ways = sum(
        math.comb(one, k) * math.comb(_PLACES - one, other - k)
        for k in range(max(0, least), min(one, other) + 1)
        if 0 <= other - k <= _PLACES - one
    )
    return ways / math.comb(_PLACES, other)


@functools.cache
def _by_chance() -> tuple[float, ...]:
    """Give P(distance <= d) for d = 0 to 256 of two random choices of 128 of 256 bits."""
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
    """Give log10 of the number of false alarms of a hash distance.

    Parameters
    ----------
    distance : int
        Differing bits, 0 to 256.
    rows : int
        Hashes that were compared.
    variants : int, default 16
        Ways in which the query was tried: 8 orientations and 2 polarities of every view of it.
    patterns : two Pattern, optional
        `PdqHash.pattern` of both hashes. Without them a careful answer for most pairs is given.

    Returns
    -------
    float
        log10 of how many strangers in such an index are expected to be this near. A match has
        at most `MATCH_LOG10_NFA`.

    References
    ----------
    .. [1] A. Desolneux, L. Moisan, J.-M. Morel, "From Gestalt Theory to Image Analysis", 2008.
    """
    tests = max(1, rows) * max(1, variants)
    return math.log10(tests) + log10_coincidence(distance, patterns=patterns)


def reach(*, rows: int, variants: int = 16) -> int:
    """Give the largest distance at which a pair may match in an index of ``rows``; -1 if none.

    It is that of hashes without structure: candidates up to here are judged one by one.
    """
    tests = math.log10(max(1, rows) * max(1, variants))
    for bits in range(128, -1, -1):
        if tests + _coincidence(bits, 0.0, None) <= MATCH_LOG10_NFA:
            return bits
    return -1
