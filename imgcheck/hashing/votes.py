"""Which known pictures may share a part with the query: a fast vote before the slow test.

Each pair of features that are each other's nearest states how the query would lie on the known
picture: rotation, scale, place. Right pairs agree; wrong ones scatter.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imgcheck.imaging import features
from imgcheck.imaging.features import Features

# (mirrored, inverted): all four come from one detection.
VARIANTS = ((False, False), (True, False), (False, True), (True, True))
# The strongest features of the query that vote; all of the known picture's are compared.
VOTERS = 1000
# The vote compares descriptors in the plane of this many main directions of the query's own: half
# the time of all 128, and the votes of true pairs stay.
_DIRECTIONS = 48
# Bins of the vote, each as wide as right pairs scatter; a pair votes in both neighbours.
TURN_DEG = 30.0
LOG2_SCALE = 0.75
PLACE_SHARE = 0.125
# benchmarks: hashing, table "Votes": of comparisons with pictures of other places one in nine is
# at or above 7 + pairs / 100; the cuts that geometry could confirm all were.
_FLOOR, _PAIRS_A_VOTE = 7.0, 100.0
# Percentiles of the agreeing points between which the shared part is stated.
_INNER = (10, 90)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """How well one variant of the query agrees with a known picture.

    ``count`` pairs, of all ``pairs`` of mutually nearest features, agree on rotation, scale and
    place; nearly all of them lie inside ``extent`` (x0, y0, x1, y1) of the query.
    """

    count: int
    pairs: int
    extent: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)

    @property
    def excess(self) -> float:
        """Votes above what unrelated pictures seldom reach; below 0 it is not worth a test."""
        return self.count - _FLOOR - self.pairs / _PAIRS_A_VOTE


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Query:
    """The features of the query in the four variants, ready to be compared."""

    variants: tuple[Features, ...]
    basis: NDArray[np.float32]
    table: NDArray[np.float32]
    shape: tuple[int, int]

    @classmethod
    def of(cls, found: Features, *, shape: tuple[int, int]) -> "Query":
        """Prepare the features of a picture of (rows, cols)."""
        variants = in_variants(found, width=shape[1])
        table = np.concatenate([f.descriptors[:VOTERS] for f in variants]).astype(np.float32)
        # Eigenvalues in rising order: the last directions hold nearly all of the products.
        _, axes = np.linalg.eigh(table.T @ table)
        basis = np.ascontiguousarray(axes[:, -_DIRECTIONS:])
        return cls(variants=variants, basis=basis, table=table @ basis, shape=shape)


def in_variants(found: Features, *, width: int) -> tuple[Features, ...]:
    """Return features in each of `VARIANTS`."""
    variants = []
    for mirrored, negative in VARIANTS:
        part = features.flipped(found, width=width) if mirrored else found
        variants.append(features.inverted(part) if negative else part)
    return tuple(variants)


def count(query: Query, known: Features, *, known_shape: tuple[int, int]) -> tuple[Vote, ...]:
    """Count, for each of `VARIANTS`, the largest number of pairs that agree."""
    if len(known) == 0 or len(query.table) == 0:
        return (Vote(count=0, pairs=0),) * len(VARIANTS)
    # RootSIFT vectors have one length: the largest product is the nearest.
    likeness = query.table @ (known.descriptors.astype(np.float32) @ query.basis).T
    likeness = likeness.reshape(len(VARIANTS), -1, len(known))
    nearest = likeness.argmax(axis=2)
    # Mutual: no other feature of the query is nearer to the known one. (The largest value along
    # this axis costs a tenth of its position.)
    highest = likeness.max(axis=1)
    at = np.arange(likeness.shape[1])
    found = []
    for number, (part, to_known, top) in enumerate(zip(likeness, nearest, highest, strict=True)):
        mutual = at[part[at, to_known] >= top[to_known]]
        variant = query.variants[number]
        agree = mutual[_largest_bin(variant, known, mutual, to_known[mutual], query.shape)]
        # The plain variant has the points as they are in the query.
        extent = _extent(query.variants[0].points[agree])
        found.append(Vote(count=len(agree), pairs=len(mutual), extent=extent))
    return tuple(found)


def _extent(points: NDArray[np.float32]) -> tuple[float, float, float, float]:
    if len(points) == 0:
        return 0.0, 0.0, 0.0, 0.0
    (x0, y0), (x1, y1) = np.percentile(points, _INNER, axis=0)
    return float(x0), float(y0), float(x1), float(y1)


def _largest_bin(
    variant: Features,
    known: Features,
    q: NDArray[np.intp],
    k: NDArray[np.intp],
    shape: tuple[int, int],
) -> NDArray[np.bool_]:
    """Mark the pairs of the largest bin."""
    if len(q) == 0:
        return np.zeros(0, np.bool_)
    turn = np.mod(known.angles[k] - variant.angles[q], 360.0)
    scale = known.sizes[k] / np.maximum(variant.sizes[q], np.float32(1e-3))
    # Where the centre of the query would fall.
    centre = np.array([shape[1] / 2, shape[0] / 2], np.float32)
    arm = centre - variant.points[q]
    c, s = np.cos(np.radians(turn)) * scale, np.sin(np.radians(turn)) * scale
    x = known.points[k, 0] + c * arm[:, 0] - s * arm[:, 1]
    y = known.points[k, 1] + s * arm[:, 0] + c * arm[:, 1]
    # The farther the arm reaches in the known picture, the less well the place is known.
    cell = PLACE_SHARE * np.hypot(*shape) * np.exp2(np.round(np.log2(scale)))
    coordinates = np.stack([turn / TURN_DEG, np.log2(scale) / LOG2_SCALE, x / cell, y / cell])
    low = np.floor(coordinates - 0.5).astype(np.int64)
    corners = []
    for corner in range(16):
        bins = low + np.array([[corner >> i & 1] for i in range(4)])
        bins[0] %= round(360 / TURN_DEG)
        corners.append(((bins[0] * 64 + bins[1] + 32) * 65536 + bins[2] + 32768) * 65536 + bins[3])
    codes = np.stack(corners)
    names, counts = np.unique(codes, return_counts=True)
    return np.asarray((codes == names[counts.argmax()]).any(axis=0))
