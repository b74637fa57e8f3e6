"""The null distributions of scores and of clusters, measured on twins without any change.

A twin is a real picture and a copy of it with another registration error, tone, light, noise and
compression. docs/benchmarks/change.md, no-change twins, names the places and states what the tables
reach on others (``python -m tests.benchmarks.change_twins``).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from imgcheck.change.grid import Pixels, blurred

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

# Pixels of a twin above a score from which their share is known.
_LEAST_ABOVE = 40.0

# A pair differs a little more than its own twins: how many times as often its scores pass a border.
# From the same places as the tables.
_SPREAD = {"tone": 1.7, "coarse tone": 1.2, "spectrum": 1.0}

# How far the score by own twins may exceed that of the tables.
_MOST_ABOVE_USUAL = 0.35

# Deviation of the brightness of covers in a twin, and how many waves of colour it is made of.
_TONES = 0.03
_WAVES = 6

# Score from which a pixel may be part of an object.
_THRESHOLDS = {"tone": 2.33, "coarse tone": 2.33, "structure": 1.4, "spectrum": 1.51}

# Largest false discovery rate of what is reported. Between other dates less is sure: half of the
# objects may be false.
_HIGHEST_Q = {"tone": 0.2, "coarse tone": 0.2, "structure": 0.5, "spectrum": 0.8}

# Weights of clusters (pixels times excess of the score over the square of the length), and the
# share of the clusters of twins that weigh as much and have no innocent cause.
_CLUSTERS = {
    "tone": (
        (0.0, 0.01, 0.5, 2.0, 6.0, 18.0, 45.0, 100.0, 400.0, 1200.0),
        (1.0, 0.042, 0.028, 0.018, 0.014, 0.0088, 0.005, 0.0036, 0.0014, 0.0004),
    ),
    "coarse tone": (
        (0.0, 0.01, 0.5, 2.0, 6.0, 18.0, 45.0, 100.0, 400.0, 1200.0),
        (1.0, 0.042, 0.028, 0.018, 0.014, 0.0088, 0.005, 0.0036, 0.0014, 0.0004),
    ),
    # Of objects by tone with a clear contrast: what tones of covers leave over is faint.
    "clear tone": (
        (0.0, 0.01, 0.5, 2.0, 5.0, 10.0, 18.0, 30.0, 45.0, 100.0, 400.0),
        (1.0, 0.0032, 0.0026, 0.0021, 0.002, 0.0018, 0.0017, 0.0014, 0.0009, 0.0006, 0.0003),
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

# Contrast from which an object of pixels below 5 m is clear, share of full scale.
_CLEAR = 0.09

# Pixels of twins for one of their clusters.
_PIXELS_A_CLUSTER = {
    "tone": 1350.0,
    "coarse tone": 1350.0,
    "structure": np.inf,
    "spectrum": np.inf,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Null:
    """What unchanged ground shows by one kind of score on one pair.

    ``length`` is the Gaussian smoothing that gives noise the smoothness of the scores.
    """

    kind: str
    length: float
    scores: tuple[float, ...]

    @classmethod
    def of(cls, kind: str, length: float, raws: Sequence[NDArray[np.floating]] = ()) -> "Null":
        """Return the law of the tables, or where there are scores of own twins, that of these."""
        scores: tuple[float, ...] = _SCORES[kind]
        if raws:
            scores = _own(raws, scores, _SPREAD[kind])
        return cls(kind=kind, length=length, scores=scores)

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
        return np.interp(raw, _NODES, self.scores).astype(np.float32)

    def p_values(
        self, weights: NDArray[np.floating], contrasts: NDArray[np.floating] | float = 0.0
    ) -> NDArray[np.float64]:
        """Return the share of the clusters of twins that are at least as heavy, and as clear."""
        faint = self._p_values(weights, self.kind)
        if self.kind != "tone":
            return faint
        clear = np.asarray(contrasts) >= _CLEAR
        return np.where(clear, self._p_values(weights, "clear tone"), faint)

    def _p_values(self, weights: NDArray[np.floating], table: str) -> NDArray[np.float64]:
        nodes, chances = _logarithms(table)
        relative = np.log1p(np.maximum(weights, 0) / self.length**2)
        slope = (chances[-1] - chances[-2]) / (nodes[-1] - nodes[-2])
        tail = chances[-1] + slope * np.maximum(relative - nodes[-1], 0)
        inside = np.interp(relative, nodes, chances)
        return np.exp(np.where(relative > nodes[-1], tail, inside))

    def weight(self, chance: float, contrast: float = 0.0) -> float:
        """Return the weight that so small a share of the clusters of twins reaches."""
        clear = self.kind == "tone" and contrast >= _CLEAR
        nodes, chances = _logarithms("clear tone" if clear else self.kind)
        target = np.log(chance)
        if target < chances[-1]:
            slope = (chances[-1] - chances[-2]) / (nodes[-1] - nodes[-2])
            relative = nodes[-1] + (target - chances[-1]) / slope
        else:
            relative = np.interp(target, chances[::-1], nodes[::-1])
        return float(np.expm1(relative) * self.length**2)

    def tests(self, clusters: float, pixels: float) -> float:
        """Return how many clusters count as tested: at least those of a twin of so many pixels.

        The heavy clusters of twins gather in few of them, and these have few others.
        """
        return max(clusters, pixels / _PIXELS_A_CLUSTER[self.kind])


def _logarithms(table: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the logarithms of relative weights and of their chances."""
    weights, chances = _CLUSTERS[table]
    return np.log1p(weights), np.log(chances)


def _own(
    raws: Sequence[NDArray[np.floating]], usual: tuple[float, ...], spread: float
) -> tuple[float, ...]:
    """Return the score that the twins of one pair give each node; beyond them, the usual steps."""
    above = np.mean([[(raw > node).mean() for node in _NODES] for raw in raws], axis=0)
    least = _LEAST_ABOVE / min(raw.size for raw in raws)
    scores: list[float] = []
    for share, before, score in zip(above, (usual[0], *usual), usual, strict=False):
        if least <= share <= 1 - least:
            scores.append(float(-ndtri(1 - (1 - share) ** spread)))
        else:
            scores.append(scores[-1] + score - before if scores else usual[0])
    # On ground without any texture a twin shows less than what happens.
    bounded = np.minimum(scores, np.add(usual, _MOST_ABOVE_USUAL))
    return tuple(np.maximum.accumulate(bounded).tolist())


def twin(picture: Pixels, seed: int) -> Pixels:
    """Return a copy of a picture in which the ground is unchanged.

    Its tones change with the colour of the cover (a smooth random function of it) and over the
    picture, by a tone curve, a shift of a fraction of a pixel, blur, noise and, of three bands at
    most, JPEG.
    """
    rng = np.random.default_rng(seed)
    bands = picture.shape[2]
    soft = blurred(picture, 2.0).reshape(picture.shape)
    spread = np.maximum(soft.std(axis=(0, 1)), 1e-3)
    gain = np.zeros(picture.shape, np.float32)
    for _ in range(_WAVES):
        wave = np.cos(
            soft @ (rng.normal(0, 1.5, bands) / spread).astype(np.float32)
            + rng.uniform(0, 2 * np.pi)
        )
        gain += wave[..., None] * np.float32(rng.normal(0, 1, 1) + rng.normal(0, 0.33, bands))
    gain *= np.float32(_TONES * np.sqrt(2 / _WAVES))
    down = np.linspace(-1, 1, picture.shape[0], dtype=np.float32)[:, None, None]
    right = np.linspace(-1, 1, picture.shape[1], dtype=np.float32)[:, None]
    a, b = rng.normal(0, 0.05, 2).astype(np.float32)
    copy = picture * np.exp(gain) * (1 + a * right + b * down)
    copy = np.clip(copy, 0, 1.5) ** np.float32(rng.uniform(0.8, 1.25))
    matrix = np.array([[1, 0, rng.normal(0, 0.4)], [0, 1, rng.normal(0, 0.4)]])
    size = picture.shape[1::-1]
    noise = rng.uniform(0, 3) / 255
    blur = rng.uniform(0.3, 0.9)
    layers = []
    for k in range(bands):
        layer = cv2.warpAffine(
            np.ascontiguousarray(copy[..., k]), matrix, size,
            flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT,
        )  # fmt: skip
        layer = blurred(np.asarray(layer, dtype=np.float32), blur)
        layers.append(layer + noise * rng.standard_normal(layer.shape, dtype=np.float32))
    copy = np.round(np.clip(np.dstack(layers), 0, 1) * 255)
    if bands in (1, 3):
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(50, 92))]
        saved = cv2.imencode(".jpg", copy.astype(np.uint8), quality)[1]
        copy = np.reshape(np.asarray(cv2.imdecode(saved, cv2.IMREAD_UNCHANGED)), picture.shape)
    return np.asarray(copy / 255, dtype=np.float32)
