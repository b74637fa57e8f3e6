"""Similarities worth testing: every pair of keypoints knows a turn and a scale, so pairs vote."""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from imgcheck.imaging import transforms
from imgcheck.imaging.features import Features, Matches

# SIFT directions of right pairs scatter by about 5 degrees, sizes by about 15 %, with longer
# tails under other light; wide enough for a view tilted by 45 degrees.
_TURN_DEG = 25.0
_LOG2_SIZE = 0.75
_SEEDS = 60
_PARTNERS = 16
_KEEP = 6
_AT_ONCE = 4_000_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pairs:
    """Matched keypoints with what each says about turn and scale.

    ``turn`` (degrees) and ``log2_scale`` lead from the query to the known picture; ``trust`` is
    a relative inverse variance: large keypoints are placed less well.
    """

    query_points: NDArray[np.float64]
    known_points: NDArray[np.float64]
    turn: NDArray[np.float64]
    log2_scale: NDArray[np.float64]
    trust: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.query_points)

    @classmethod
    def of(cls, query: Features, known: Features, matched: Matches) -> Self:
        """Gather the pairs of a matching."""
        q, k = matched.query_index, matched.known_index
        sizes = known.sizes[k].astype(np.float64)
        typical = float(np.median(sizes)) if len(sizes) else 1.0
        return cls(
            query_points=matched.query_points.astype(np.float64),
            known_points=matched.known_points.astype(np.float64),
            turn=(known.angles[k] - query.angles[q]).astype(np.float64),
            log2_scale=np.log2(sizes / np.maximum(query.sizes[q], 1e-3)),
            trust=1.0 / np.maximum(sizes / max(typical, 1e-3), 0.7) ** 2,
        )

    def agree_with(self, matrix: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Say which pairs turn and scale as ``matrix`` does at their place."""
        slopes = transforms.jacobian(matrix, self.query_points)
        turn = np.degrees(np.arctan2(slopes[:, 1, 0] - slopes[:, 0, 1], np.trace(slopes.T)))
        area = np.abs(np.linalg.det(np.nan_to_num(slopes, nan=0.0, posinf=0.0, neginf=0.0)))
        size = 0.5 * np.log2(np.maximum(area, 1e-12))
        return np.asarray(
            (np.abs(_wrapped(self.turn - turn)) < _TURN_DEG)
            & (np.abs(self.log2_scale - size) < _LOG2_SIZE)
        )


def _wrapped(degrees: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray((degrees + 180.0) % 360.0 - 180.0)


def proposals(pairs: Pairs, query_shape: tuple[int, ...]) -> list[NDArray[np.float64]]:
    """Give the similarities that most pairs agree with, best first.

    Each pair alone is a rough similarity, and the pairs that it predicts roughly vote for it.
    The best-voted pairs are joined with their voters: two pairs fix a similarity well. No
    sampling, so nothing depends on a seed.
    """
    z = pairs.query_points[:, 0] + 1j * pairs.query_points[:, 1]
    w = pairs.known_points[:, 0] + 1j * pairs.known_points[:, 1]
    seeds, voters = _votes(pairs, z, w)
    first, second = _join(seeds, voters)
    if len(first) == 0:
        return []
    apart = z[second] - z[first]
    keep = np.abs(apart) > 0.02 * math.hypot(*query_shape[:2])
    first, second, apart = first[keep], second[keep], apart[keep]
    a = (w[second] - w[first]) / apart
    keep = (np.abs(a) > 0.05) & (np.abs(a) < 20)
    first, a = first[keep], a[keep]
    b = w[first] - a * z[first]
    return _best(pairs, z, w, a, b, query_shape)


def _votes(
    pairs: Pairs, z: NDArray[np.complex128], w: NDArray[np.complex128]
) -> tuple[NDArray[np.intp], list[NDArray[np.intp]]]:
    count = len(pairs)
    scale = 2.0**pairs.log2_scale
    a = scale * np.exp(1j * np.radians(pairs.turn))
    score = np.zeros(count)
    kept: dict[int, NDArray[np.intp]] = {}
    step = max(1, _AT_ONCE // count)
    for start in range(0, count, step):
        part = slice(start, min(start + step, count))
        # Pairs of similar turn and scale whose place is predicted to about a third.
        off = np.abs(w[None, :] - w[part, None] - a[part, None] * (z[None, :] - z[part, None]))
        away = scale[part, None] * np.abs(z[None, :] - z[part, None])
        good = (off < 0.3 * away + 3.0) & (away > 1.0)
        good &= np.abs(_wrapped(pairs.turn[None, :] - pairs.turn[part, None])) < _TURN_DEG
        good &= np.abs(pairs.log2_scale[None, :] - pairs.log2_scale[part, None]) < _LOG2_SIZE
        # A near voter that is met exactly says more than a far one that is met roughly.
        weight = good / (1.0 + away / (np.median(away) + 1e-9))
        score[part] = weight.sum(axis=1)
        for row in np.flatnonzero(good.sum(axis=1) >= 2):
            kept[start + int(row)] = np.flatnonzero(good[row])
    order = np.argsort(-score, kind="stable")
    seeds = np.array([i for i in order if int(i) in kept][:_SEEDS], np.intp)
    return seeds, [kept[int(i)] for i in seeds]


def _join(
    seeds: NDArray[np.intp], voters: list[NDArray[np.intp]]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    first, second = [], []
    for seed, group in zip(seeds, voters, strict=True):
        # Evenly through the group, which is in order of likeness.
        take = group[np.unique(np.linspace(0, len(group) - 1, _PARTNERS).astype(np.intp))]
        first.append(np.full(len(take), seed))
        second.append(take)
    if not first:
        return np.zeros(0, np.intp), np.zeros(0, np.intp)
    return np.concatenate(first), np.concatenate(second)


def _best(
    pairs: Pairs,
    z: NDArray[np.complex128],
    w: NDArray[np.complex128],
    a: NDArray[np.complex128],
    b: NDArray[np.complex128],
    query_shape: tuple[int, ...],
) -> list[NDArray[np.float64]]:
    diagonal = math.hypot(*query_shape[:2])
    score = np.zeros(len(a))
    step = max(1, _AT_ONCE // len(pairs))
    for start in range(0, len(a), step):
        part = slice(start, start + step)
        reach = np.maximum(2.0, 0.01 * diagonal * np.abs(a[part, None]))
        off = np.abs(a[part, None] * z[None, :] + b[part, None] - w[None, :]) / reach
        good = np.abs(_wrapped(pairs.turn[None, :] - np.degrees(np.angle(a[part, None])))) < (
            _TURN_DEG
        )
        good &= np.abs(pairs.log2_scale[None, :] - np.log2(np.abs(a[part, None]))) < _LOG2_SIZE
        score[part] = (np.maximum(0.0, 1.0 - off**2) * good).sum(axis=1)
    chosen: list[NDArray[np.float64]] = []
    corners = transforms.corners(query_shape)
    for i in np.argsort(-score, kind="stable"):
        matrix = np.array(
            [[a[i].real, -a[i].imag, b[i].real], [a[i].imag, a[i].real, b[i].imag], [0, 0, 1.0]]
        )
        place = transforms.apply(matrix, corners)
        near = 0.02 * diagonal * abs(a[i])
        if any(np.abs(transforms.apply(m, corners) - place).max() < near for m in chosen):
            continue
        chosen.append(matrix)
        if len(chosen) == _KEEP:
            break
    return chosen
