"""How many strangers would look this alike: the number of false alarms of a hash distance.

A fixed cut in bits is wrong twice: the published one (31 of 256) loses two thirds of desert
pictures that were only shrunk, and any cut gives more strangers the larger the index is.
"""

import math

# Two hashes of 128 set bits each would agree like fair coins: mean 128, deviation 8.02.
_COINS = 256
_MEAN = _COINS / 2
# benchmarks: hashing, table "Chance". 36 million comparisons of overhead pictures and cuts of
# them from different places: the deviation is 8.24, and beyond 40 bits from the mean stands a
# tail of pictures that are ruled by few strong edges; in hashes of low quality it is heavier.
_DEVIATION = 8.24
_TAIL_AT = 88
_LOW_QUALITY = 50
_TAIL = {False: (1.5e-6, 10.0), True: (3e-5, 18.0)}
# What counts as a match: expected once in a hundred searches of an index without the picture.
MATCH_LOG10_NFA = -2.0


def log10_coincidence(distance: int, *, quality: int = 100) -> float:
    """Give log10 of the chance that two unrelated pictures are this near or nearer.

    Parameters
    ----------
    distance : int
        Differing bits, 0 to 256.
    quality : int, default 100
        The lower of the two qualities.

    Notes
    -----
    Measured down to about 1e-7; below that the tail is carried on as measured, ten bits a
    decade (eighteen below quality 50), which is far more careful than coins: at 31 bits coins
    would say 1e-37, this says 3e-12.
    """
    if distance >= _COINS:
        return 0.0
    share, bits = _TAIL[quality < _LOW_QUALITY]
    # Distances of such hashes are even, hence the half step of one bit.
    body = 0.5 * math.erfc((_MEAN - distance - 1) / _DEVIATION / math.sqrt(2))
    tail = share * 10 ** ((distance - _TAIL_AT) / bits)
    return math.log10(min(1.0, body + tail))


def nfa(distance: int, *, rows: int, variants: int = 16, quality: int = 100) -> float:
    """Give log10 of the number of false alarms of a hash distance.

    Parameters
    ----------
    distance : int
        Differing bits, 0 to 256.
    rows : int
        Hashes that were compared.
    variants : int, default 16
        Ways in which the query was tried: 8 orientations and 2 polarities.
    quality : int, default 100
        The lower quality of the two hashes.

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
    return math.log10(tests) + log10_coincidence(distance, quality=quality)


def reach(*, rows: int, variants: int = 16, quality: int = 100) -> int:
    """Give the largest distance that is a match in an index of ``rows``; -1 if none is."""
    for bits in range(128, -1, -1):
        if nfa(bits, rows=rows, variants=variants, quality=quality) <= MATCH_LOG10_NFA:
            return bits
    return -1
