"""Which rows of an index may share a part with the query: a cheap vote before the costly test.

Each pair of keypoints that are each other's nearest says how the query would lie on the known
picture: turn, scale, place. Right pairs say the same; wrong ones scatter.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imgcheck.imaging import features
from imgcheck.imaging.features import Features

# (mirrored, inverted): all four come from one detection.
HANDLINGS = ((False, False), (True, False), (False, True), (True, True))
# The strongest features of the query that vote; all of the known picture's are asked.
_VOTERS = 1000
# The vote compares descriptors in the plane of this many main directions of the query's own: half
# the time of all 128, and the votes of true pairs stay.
_DIRECTIONS = 48
# Bins of the vote, each as wide as right pairs scatter; a pair votes in both neighbours.
_TURN_DEG = 30.0
_LOG2_SCALE = 0.75
_PLACE_SHARE = 0.125
# benchmarks: hashing, table "Votes": of comparisons with pictures of other places one in nine is
# at or above 7 + pairs / 100; the cuts that geometry could confirm all were.
_FLOOR, _PAIRS_A_VOTE = 7.0, 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """How well one handling of the query agrees with a known picture.

    ``count`` pairs, of all ``pairs`` of mutually nearest keypoints, say the same about turn,
    scale and place.
    """

    count: int
    pairs: int

    @property
    def excess(self) -> float:
        """Votes above what strangers with so many pairs seldom reach; below 0: not worth it."""
        return self.count - _FLOOR - self.pairs / _PAIRS_A_VOTE


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Query:
    """The features of the query in the four handlings, ready to be compared."""

    handled: tuple[Features, ...]
    basis: NDArray[np.float32]
    table: NDArray[np.float32]
    shape: tuple[int, int]

    @classmethod
    def of(cls, found: Features, *, shape: tuple[int, int]) -> "Query":
        """Prepare the features of a picture of (rows, cols)."""
        handled = []
        for mirrored, negative in HANDLINGS:
            part = features.flipped(found, width=shape[1]) if mirrored else found
            handled.append(features.inverted(part) if negative else part)
        table = np.concatenate([f.descriptors[:_VOTERS] for f in handled]).astype(np.float32)
        # Eigenvalues in rising order: the last directions hold nearly all of the products.
        _, axes = np.linalg.eigh(table.T @ table)
        basis = np.ascontiguousarray(axes[:, -_DIRECTIONS:])
        return cls(handled=tuple(handled), basis=basis, table=table @ basis, shape=shape)


def votes(query: Query, known: Features, *, known_shape: tuple[int, int]) -> tuple[Vote, ...]:
    """Count, for each handling, the largest number of pairs that agree on how the query lies.

    Parameters
    ----------
    query : Query
    known : Features
    known_shape : (rows, cols)

    Returns
    -------
    tuple of Vote
        One for each of `HANDLINGS`.
    """
    if len(known) == 0 or len(query.table) == 0:
        return (Vote(count=0, pairs=0),) * len(HANDLINGS)
    # RootSIFT vectors have one length: the largest product is the nearest.
    likeness = query.table @ (known.descriptors.astype(np.float32) @ query.basis).T
    likeness = likeness.reshape(len(HANDLINGS), -1, len(known))
    nearest = likeness.argmax(axis=2)
    # Mutual: no other keypoint of the query is nearer to the known one. (The largest value along
    # this axis costs a tenth of its position.)
    highest = likeness.max(axis=1)
    at = np.arange(likeness.shape[1])
    found = []
    for part, handled, to_known, top in zip(likeness, query.handled, nearest, highest, strict=True):
        mutual = at[part[at, to_known] >= top[to_known]]
        count = _largest_bin(handled, known, mutual, to_known[mutual], query, known_shape)
        found.append(Vote(count=count, pairs=len(mutual)))
    return tuple(found)


def _largest_bin(
    handled: Features,
    known: Features,
    q: NDArray[np.intp],
    k: NDArray[np.intp],
    query: Query,
    known_shape: tuple[int, int],
) -> int:
    if len(q) == 0:
        return 0
    turn = np.mod(known.angles[k] - handled.angles[q], 360.0)
    scale = known.sizes[k] / np.maximum(handled.sizes[q], np.float32(1e-3))
    # Where the centre of the query would fall.
    centre = np.array([query.shape[1] / 2, query.shape[0] / 2], np.float32)
    arm = centre - handled.points[q]
    c, s = np.cos(np.radians(turn)) * scale, np.sin(np.radians(turn)) * scale
    x = known.points[k, 0] + c * arm[:, 0] - s * arm[:, 1]
    y = known.points[k, 1] + s * arm[:, 0] + c * arm[:, 1]
    # The farther the arm reaches in the known picture, the less well the place is known.
    cell = _PLACE_SHARE * np.hypot(*query.shape) * np.exp2(np.round(np.log2(scale)))
    coordinates = np.stack([turn / _TURN_DEG, np.log2(scale) / _LOG2_SCALE, x / cell, y / cell])
    low = np.floor(coordinates - 0.5).astype(np.int64)
    codes = []
    for corner in range(16):
        bins = low + np.array([[corner >> i & 1] for i in range(4)])
        bins[0] %= round(360 / _TURN_DEG)
        codes.append(((bins[0] * 64 + bins[1] + 32) * 65536 + bins[2] + 32768) * 65536 + bins[3])
    _, counts = np.unique(np.concatenate(codes), return_counts=True)
    return int(counts.max())
