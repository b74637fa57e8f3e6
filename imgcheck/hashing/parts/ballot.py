"""Count which pictures agree with a query, and how the query would lie on them.

The same vote as `screening` takes (turn, scale, place of the query's centre), for all pictures of
an index at once, from pairs of features that inverted lists propose.
"""

import sqlite3
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imgcheck.hashing.parts import segments
from imgcheck.hashing.parts.postings import unpacked_place
from imgcheck.imaging.features import Features

# The bins of `screening`: as wide as right pairs scatter.
_TURN_DEG = 30.0
_LOG2_SCALE = 0.75
_PLACE_SHARE = 0.125
# Pictures and handlings whose votes are counted by place; the others have less evidence in all.
_SHORT_LIST = 2000
# A bin in 48 bits: 10 for turn and scale, 19 each for x and y.
_PLACE_BITS, _BIN_BITS = 19, 48


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
class Agreements:
    """Pairs of a feature of the query and a posting, of one cell and nearly one signature.

    Attributes
    ----------
    voters : (N,) int32
        Row among the features of all handlings, one handling after the other.
    pictures, places : (N,) uint32
        Of the posting.
    weights : (N,) float32
        Evidence of the signatures.
    """

    voters: NDArray[np.int32]
    pictures: NDArray[np.uint32]
    places: NDArray[np.uint32]
    weights: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.voters)

    def at(self, rows: NDArray[np.intp]) -> "Agreements":
        """Give some of the pairs."""
        return Agreements(
            voters=self.voters[rows],
            pictures=self.pictures[rows],
            places=self.places[rows],
            weights=self.weights[rows],
        )


def joined(parts: list[Agreements]) -> Agreements:
    """Put pairs end to end."""
    return Agreements(
        voters=np.concatenate([np.zeros(0, np.int32), *(p.voters for p in parts)]),
        pictures=np.concatenate([np.zeros(0, np.uint32), *(p.pictures for p in parts)]),
        places=np.concatenate([np.zeros(0, np.uint32), *(p.places for p in parts)]),
        weights=np.concatenate([np.zeros(0, np.float32), *(p.weights for p in parts)]),
    )


def ranked(
    connection: sqlite3.Connection,
    found: Agreements,
    handled: list[Features],
    shape: tuple[int, int],
) -> list[Candidate]:
    """Give pictures by the evidence that agrees on one turn, scale and place.

    Parameters
    ----------
    connection : sqlite3.Connection
        Pictures that are not in its table ``picture`` are left out.
    found : Agreements
    handled : list of Features
        The query in each handling, all of one length.
    shape : (rows, cols)
        Of the query.

    Returns
    -------
    list of Candidate
        Best first, each picture once.
    """
    voters = len(handled[0])
    whose = found.pictures.astype(np.int64) * len(handled) + found.voters // voters
    names, own = np.unique(whose, return_inverse=True)
    evidence = np.bincount(own, weights=found.weights, minlength=len(names))
    order = np.argsort(-evidence, kind="stable")[:_SHORT_LIST]
    pictures = (names[order] // len(handled)).astype(np.uint32)
    order = order[segments.living(connection, among=pictures).has(pictures)]
    short = np.full(len(names), -1)
    short[order] = np.arange(len(order))
    keep = np.flatnonzero(short[own] >= 0)
    if len(keep) == 0:
        return []
    counted = _largest_bins(found.at(keep), short[own[keep]], handled, shape)
    made: dict[int, Candidate] = {}
    for number, score, votes in sorted(counted, key=lambda c: (-c[1], int(names[order[c[0]]]))):
        picture, handling = divmod(int(names[order[number]]), len(handled))
        made.setdefault(
            picture, Candidate(picture=picture, handling=handling, score=score, votes=votes)
        )
    return list(made.values())


def _largest_bins(
    found: Agreements, numbers: NDArray[np.int64], handled: list[Features], shape: tuple[int, int]
) -> list[tuple[int, float, int]]:
    """Give for each number its best bin's evidence and voters; a voter counts once in a bin."""
    voters = len(handled[0])
    bins = _bins(found, handled, shape)
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


def _bins(found: Agreements, handled: list[Features], shape: tuple[int, int]) -> NDArray[np.int64]:
    """Give the 16 bins that each pair votes in, (16, N): both neighbours on four axes."""
    side = max(shape)
    points = np.concatenate([h.points for h in handled])[found.voters] / side
    sizes = np.concatenate([h.sizes for h in handled])[found.voters] / side
    angles = np.concatenate([h.angles for h in handled])[found.voters]
    x, y, log_size, angle = unpacked_place(found.places)
    turn = np.mod(angle - angles, 360.0)
    log_scale = log_size - np.log2(np.maximum(sizes, 1e-6))
    scale = np.exp2(log_scale)
    # Where the centre of the query would fall.
    arm = np.array([shape[1], shape[0]]) / (2 * side) - points
    c, s = np.cos(np.radians(turn)) * scale, np.sin(np.radians(turn)) * scale
    there = (x + c * arm[:, 0] - s * arm[:, 1], y + s * arm[:, 0] + c * arm[:, 1])
    # The farther the arm reaches in the known picture, the less well the place is known.
    cell = _PLACE_SHARE * np.hypot(*shape) / side * np.exp2(np.round(log_scale))
    axes = (turn / _TURN_DEG, log_scale / _LOG2_SCALE, there[0] / cell, there[1] / cell)
    low = np.floor(np.stack(axes) - 0.5).astype(np.int64)
    half = 1 << (_PLACE_BITS - 1)
    made = []
    for corner in range(16):
        t, z, u, v = low + np.array([[corner >> i & 1] for i in range(4)])
        t, z = t % round(360 / _TURN_DEG), np.clip(z + 32, 0, 63)
        u, v = (np.clip(w + half, 0, 2 * half - 1) for w in (u, v))
        made.append((t * 64 + z) << 2 * _PLACE_BITS | u << _PLACE_BITS | v)
    return np.stack(made)
