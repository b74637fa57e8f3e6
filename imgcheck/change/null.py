"""The null distribution of a statistic, from the part of the pair that did not change.

The bulk of the ordered values is assumed to be unchanged ground. Its shape, continued as a Weibull
law, turns a value into the standard normal score with the same tail probability.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr

from imgcheck.change.grid import Pixels

# Pixels sampled for quantiles.
_MOST_SAMPLES = 200_000

# Part of the ordered scores that represents unchanged ground. Where more than 25 % has changed, the
# null distribution becomes wider: changes are then missed, not invented.
BULK = (0.30, 0.75)

# Least shape where the bulk of the pair is no null. docs/benchmarks/change.md, structure.
_USUAL_SHAPE = 1.5

# Scores are capped here: the tail is an extrapolation.
LOWEST_Z, HIGHEST_Z = -3.0, 12.0

QUANTILES = np.linspace(LOWEST_Z, HIGHEST_Z, 1501)
EXPONENTS = -log_ndtr(-QUANTILES)

# Entries of a table: neighbours differ by less than 0.005 of a standard normal score.
_ENTRIES = 8192


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A function of one number, evaluated beforehand: a pixel takes the nearest entry."""

    low: float
    step: float
    values: Pixels

    @classmethod
    def of(
        cls,
        function: Callable[[NDArray[np.float64]], NDArray[np.floating]],
        low: float,
        high: float,
    ) -> "Table":
        """Evaluate a function between two numbers; beyond them it is constant."""
        nodes, step = np.linspace(low, high, _ENTRIES, retstep=True)
        return cls(low, float(step), np.asarray(function(nodes), dtype=np.float32))

    def __call__(self, numbers: Pixels) -> Pixels:
        """Return the values of finite numbers."""
        place = numbers - np.float32(self.low - self.step / 2)
        place *= np.float32(1 / self.step)
        np.clip(place, 0, _ENTRIES - 1, out=place)
        return np.asarray(self.values[place.astype(np.int32)])


def normal_score(exponent: NDArray[np.floating]) -> Pixels:
    """Return the standard normal quantile of -log of a tail probability, from a table."""
    return np.interp(exponent, EXPONENTS, QUANTILES).astype(np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tail:
    """Null distribution of a statistic: P(T > t) = exp(-(t / scale)^shape), a Weibull law."""

    scale: float
    shape: float

    def quantile(self, share: float) -> float:
        """Return the value that this share stays below."""
        return float(self.scale * (-np.log1p(-share)) ** (1 / self.shape))

    def z(self, values: Pixels) -> Pixels:
        """Return the standard normal score with the same tail probability, between -3 and 12."""
        highest = self.scale * EXPONENTS[-1] ** (1 / self.shape)

        def by_root(root: NDArray[np.float64]) -> Pixels:
            return normal_score(np.power(root**2 / self.scale, self.shape))

        return Table.of(by_root, 0.0, float(np.sqrt(highest)))(np.sqrt(np.maximum(values, 0)))


def thinned(values: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return evenly spread members of a long list, for its quantiles."""
    return values[:: max(1, values.size // _MOST_SAMPLES)]


def fit_tail(
    values: NDArray[np.floating],
    *,
    bulk: tuple[float, float] = BULK,
    least_scale: float = 0.0,
    most_median: float = np.inf,
) -> Tail:
    """Fit a Weibull law to the bulk of a statistic by its quantiles.

    Its median is at most ``most_median``, what unchanged ground reaches: where most of the ground
    has changed, the bulk is no null.
    """
    values = thinned(values)
    shares = np.linspace(*bulk, 24)
    quantiles = np.maximum(np.quantile(values, shares), 1e-9)
    x, y = np.log(quantiles), np.log(-np.log1p(-shares))
    if np.ptp(x) < 1e-6:
        return Tail(scale=max(float(quantiles.max()), least_scale), shape=2.0)
    slope, _ = np.polyfit(x, y, 1)
    # Sums of squares of Gaussian noise end in shape 2, whatever their bulk looks like.
    shape = float(np.clip(slope, 0.6, 2.0))
    scale = float(np.exp(np.mean(x) - np.mean(y) / shape))
    if scale * np.log(2) ** (1 / shape) > most_median:
        # The bulk holds changed ground, which also flattens the shape.
        shape = max(shape, _USUAL_SHAPE)
        scale = most_median / float(np.log(2) ** (1 / shape))
    return Tail(scale=max(scale, least_scale), shape=shape)


def between_classes(values: NDArray[np.floating]) -> float:
    """Return the value that parts two classes best.

    N. Otsu, "A threshold selection method from gray-level histograms", IEEE Trans. SMC 9, 1979.
    """
    values = thinned(values)
    low, high = np.quantile(values, [0.001, 0.999])
    counts, borders = np.histogram(np.clip(values, low, high), 256)
    share = np.cumsum(counts) / counts.sum()
    middle = (borders[1:] + borders[:-1]) / 2
    mean = np.cumsum(counts * middle) / counts.sum()
    between = (mean[-1] * share - mean) ** 2 / np.maximum(share * (1 - share), 1e-9)
    return float(borders[int(np.argmax(between)) + 1])
