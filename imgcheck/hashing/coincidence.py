"""How often details of two unrelated pictures agree this well: the measured chance of a part.

The number of false alarms of a registration assumes that wrong pairs fall anywhere. On real ground
they do not quite: rows of vehicles and roofs agree in small groups, and most pictures agree far
less than the formula fears. So its value is read through what unrelated pairs were seen to reach.
"""

import math

import numpy as np

from imgcheck.imaging.features import Features

# Details that look at each other when a picture is asked how distinct they are.
_ASKED = 500
# Two descriptors this alike (cosine), this far apart in the picture, are twins.
_TWIN, _APART_PX = 0.8, 12.0
# Pictures with this share of details without a twin show made things: vehicles, roofs, markings.
_DISTINCT_SHARE = 0.03
# The chance grows with the number of possible pairs; measured with so many details in both.
_DETAILS = 1500
# benchmarks: parts, strangers. Set on 6,000 pairs of 15 places and on 3,000 pairs of streets,
# reported on others. log10 of the share of unrelated pairs whose best arrangement reaches a
# log10 NFA of 3, and what each unit less takes off; below 1 ordered ground rules everywhere.
_AT = 3.0
_PLAIN, _PLAIN_SLOPE, _PLAIN_TO = -2.1, 0.75, 1.0
_DISTINCT, _SLOPE = -1.35, 0.5


def distinct_share(found: Features) -> float:
    """Give the share of a picture's details that have no twin elsewhere in it.

    Parameters
    ----------
    found : Features
        Spread over the picture; the first 500 are asked.

    Returns
    -------
    float
        0 (texture: fields, forest, water) to some 0.1 (streets with vehicles).
    """
    table = found.descriptors[:_ASKED].astype(np.float32)
    if len(table) < 2:
        return 1.0
    lengths = np.maximum(np.linalg.norm(table, axis=1, keepdims=True), 1e-6)
    alike = (table / lengths) @ (table / lengths).T
    x, y = found.points[:_ASKED].T
    near = (x[:, None] - x) ** 2 + (y[:, None] - y) ** 2 <= _APART_PX**2
    alike[near] = -1.0
    return float((alike.max(axis=1) <= _TWIN).mean())


def log10_chance(log10_nfa: float, one: Features, other: Features) -> float:
    """Give log10 of the chance that two unrelated pictures agree as well.

    Parameters
    ----------
    log10_nfa : float
        Of the best arrangement in any of the four handlings, from `imaging.registration.align`.
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
        chance = _DISTINCT + _SLOPE * (log10_nfa - _AT)
    else:
        chance = _PLAIN + _PLAIN_SLOPE * (max(log10_nfa, _PLAIN_TO) - _AT)
        chance += _SLOPE * min(0.0, log10_nfa - _PLAIN_TO)
    return min(0.0, chance + math.log10(pairs / _DETAILS**2))
