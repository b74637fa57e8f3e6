"""The null distributions of scores and of clusters, measured on twins without any change.

A twin is a real picture and a copy of it with another registration error, tone, light, noise and
compression. docs/benchmarks/change.md, no-change twins, names the places and states what the tables
reach on others (``python -m tests.benchmarks.change_twins``).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imgcheck.change.grid import Pixels

# Scores against the bulk of the pair, and for each kind the standard normal scores that unchanged
# ground gives them. Beyond the last node the tail is an extrapolation.
_NODES = (-3.0, -2.0, -1.0, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0, 6.0, 8.0, 12.0)
# fmt: off
_SCORES = {
    "tone": (
        -3.0, -2.39, -1.1, 0.02, 0.5, 0.97, 1.42, 1.78,
        2.06, 2.3, 2.51, 2.72, 2.92, 3.05, 3.37, 4.17,
    ),
    "coarse tone": (
        -3.0, -2.65, -1.24, 0.0, 0.52, 0.97, 1.35, 1.66,
        1.93, 2.17, 2.44, 2.7, 3.11, 3.61, 4.52, 6.34,
    ),
    "structure": (
        -3.0, -2.5, -1.22, 0.18, 0.77, 1.21, 1.53, 1.74,
        1.91, 2.05, 2.18, 2.29, 2.52, 3.3, 4.0, 5.2,
    ),
    "spectrum": (
        -3.0, -2.84, -1.24, 0.01, 0.53, 0.97, 1.33, 1.63,
        1.89, 2.12, 2.29, 2.43, 2.64, 2.79, 3.0, 3.8,
    ),
}

# Score from which a pixel may be part of an object.
_THRESHOLDS = {"tone": 2.33, "coarse tone": 2.33, "structure": 1.4, "spectrum": 1.51}

# Largest false discovery rate of what is reported. Between other dates less is sure: half of the
# objects may be false.
_HIGHEST_Q = {"tone": 0.05, "coarse tone": 0.05, "structure": 0.5, "spectrum": 0.5}

# Weights of clusters (pixels times excess of the score over the square of the length), and the
# share of the clusters of twins that weigh as much and have no innocent cause.
_CLUSTERS = {
    "tone": (
        (0.0, 0.01, 2.0, 6.0, 18.0, 45.0, 400.0),
        (1.0, 0.02, 0.005, 0.0023, 0.0012, 0.0006, 0.0001),
    ),
    "coarse tone": (
        (0.0, 0.01, 2.0, 6.0, 18.0, 45.0, 400.0),
        (1.0, 0.02, 0.005, 0.0023, 0.0012, 0.0006, 0.0001),
    ),
    "structure": (
        (0.0, 0.104, 0.512, 1.26, 3.41, 10.9, 36.7, 64.6, 181.0, 221.0),
        (1.0, 0.5, 0.3, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002),
    ),
    "spectrum": (
        (0.0, 0.256, 0.801, 1.58, 3.97, 8.39, 20.5, 37.8, 69.7, 157.0, 341.0, 822.0),
        (1.0, 0.5, 0.3, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0002),
    ),
}
# fmt: on


@dataclass(frozen=True, slots=True, kw_only=True)
class Null:
    """What unchanged ground shows by one kind of score on one pair.

    ``length`` is the Gaussian smoothing that gives noise the smoothness of the scores.
    """

    kind: str
    length: float

    @property
    def threshold(self) -> float:
        """Score from which a pixel may be part of an object."""
        return _THRESHOLDS[self.kind]

    @property
    def highest_q(self) -> float:
        """Largest false discovery rate of what is reported."""
        return _HIGHEST_Q[self.kind]

    def score(self, raw: NDArray[np.floating]) -> Pixels:
        """Return the standard normal score that unchanged ground gives a score."""
        return np.interp(raw, _NODES, _SCORES[self.kind]).astype(np.float32)

    def p_values(self, weights: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the share of the clusters of twins that are at least as heavy."""
        nodes, chances = self._nodes()
        relative = np.log1p(np.maximum(weights, 0) / self.length**2)
        slope = (chances[-1] - chances[-2]) / (nodes[-1] - nodes[-2])
        tail = chances[-1] + slope * np.maximum(relative - nodes[-1], 0)
        inside = np.interp(relative, nodes, chances)
        return np.exp(np.where(relative > nodes[-1], tail, inside))

    def weight(self, chance: float) -> float:
        """Return the weight that so small a share of the clusters of twins reaches."""
        nodes, chances = self._nodes()
        target = np.log(chance)
        if target < chances[-1]:
            slope = (chances[-1] - chances[-2]) / (nodes[-1] - nodes[-2])
            relative = nodes[-1] + (target - chances[-1]) / slope
        else:
            relative = np.interp(target, chances[::-1], nodes[::-1])
        return float(np.expm1(relative) * self.length**2)

    def _nodes(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the logarithms of relative weights and of their chances."""
        weights, chances = _CLUSTERS[self.kind]
        return np.log1p(weights), np.log(chances)
