"""Numbers with their uncertainty, exact confidence limits, and numbers as text.

Plain Python only, so that every layer can use it.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A closed interval that contains the true value with probability ``level``.

    An open side is ``math.inf`` or ``-math.inf``.
    """

    low: float
    high: float
    level: float = 0.95

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A measured value with its unit and, if known, its interval."""

    value: float
    unit: str = ""
    interval: Interval | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LikelihoodRatio:
    """How many times more probable an observation is under the statement than under its rival.

    ``calibration`` names the benchmark in which the value was measured.
    """

    value: float
    calibration: str

    def __post_init__(self) -> None:
        if not (self.value >= 0 and math.isfinite(self.value)):
            raise ValueError(f"a likelihood ratio must be finite and >= 0, not {self.value}")
        if not self.calibration:
            raise ValueError("a likelihood ratio needs the name of its calibration")


@dataclass(frozen=True, slots=True, kw_only=True)
class LonLat:
    """A point on the ground in WGS 84: longitude and latitude in degrees, east and north > 0."""

    lon: float
    lat: float


def significant(value: float, digits: int = 3) -> str:
    """Return a number with the given significant digits, without exponent.

    Examples
    --------
    >>> significant(679.4), significant(12_680.0), significant(0.0361), significant(4.0)
    ('679', '12,700', '0.0361', '4')
    """
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    decimals = digits - 1 - math.floor(math.log10(abs(value)))
    text = f"{round(value, decimals):,.{max(decimals, 0)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def distance(metres: float, digits: int = 3) -> str:
    """Return a length as text, in metres below a kilometre and in kilometres above.

    Examples
    --------
    >>> distance(4.0), distance(0.0361), distance(679_400.0), distance(1e-9)
    ('4 m', '0.0361 m', '679 km', 'less than 1 mm')
    """
    if 0 < abs(metres) < 0.001:
        return "less than 1 mm"
    if float(f"{abs(metres):.{digits}g}") < 1000:
        return f"{significant(metres, digits)} m"
    return f"{significant(metres / 1000, digits)} km"


def _solve(increasing: Callable[[float], float], target: float, low: float, high: float) -> float:
    """Find x in [low, high] with ``increasing(x) == target`` by bisection."""
    for _ in range(200):
        middle = (low + high) / 2
        if increasing(middle) < target:
            low = middle
        else:
            high = middle
        if high - low <= 1e-12 * max(1.0, abs(high)):
            break
    return (low + high) / 2


def binomial_tail(successes: int, trials: int, probability: float) -> float:
    """Return P(X >= successes) of a binomial variable, summed in log space."""
    if successes <= 0:
        return 1.0
    if successes > trials or probability <= 0:
        return 0.0
    if probability >= 1:
        return 1.0
    log_p, log_q = math.log(probability), math.log1p(-probability)
    log_n = math.lgamma(trials + 1)
    terms = [
        log_n - math.lgamma(k + 1) - math.lgamma(trials - k + 1) + k * log_p + (trials - k) * log_q
        for k in range(successes, trials + 1)
    ]
    top = max(terms)
    return min(1.0, math.exp(top) * math.fsum(math.exp(t - top) for t in terms))


def binomial_interval(successes: int, trials: int, *, level: float = 0.95) -> Interval:
    """Return the exact (Clopper-Pearson) confidence interval of a share.

    Parameters
    ----------
    successes, trials : int
        ``0 <= successes <= trials``. With no trials the interval is [0, 1].
    level : float, default 0.95
        Coverage, two-sided.

    Returns
    -------
    Interval
        Covers the true share at least ``level`` of the time.

    References
    ----------
    .. [1] C. J. Clopper and E. S. Pearson, "The use of confidence or fiducial limits
       illustrated in the case of the binomial", Biometrika 26, 1934.
    """
    if not 0 <= successes <= trials:
        raise ValueError(f"need 0 <= successes <= trials, got {successes} of {trials}")
    tail = (1 - level) / 2
    low, high = 0.0, 1.0
    if successes > 0:
        low = _solve(lambda p: binomial_tail(successes, trials, p), tail, 0.0, 1.0)
    if successes < trials:
        high = _solve(lambda p: binomial_tail(successes + 1, trials, p), 1 - tail, 0.0, 1.0)
    return Interval(low=low, high=high, level=level)


def _poisson_tail(count: int, mean: float) -> float:
    """Return P(X >= count) of a Poisson variable."""
    if count <= 0:
        return 1.0
    if mean <= 0:
        return 0.0
    below = math.fsum(
        math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) for k in range(count)
    )
    return max(0.0, 1.0 - below)


def poisson_interval(count: int, *, level: float = 0.95) -> Interval:
    """Exact (Garwood) interval for a mean count; with ``count == 0`` the low end is 0.

    References
    ----------
    .. [1] F. Garwood, "Fiducial limits for the Poisson distribution", Biometrika 28, 1936.
    """
    if count < 0:
        raise ValueError(f"a count is >= 0, not {count}")
    tail = (1 - level) / 2
    reach = count + 20 * math.sqrt(count + 1) + 20
    low = _solve(lambda m: _poisson_tail(count, m), tail, 0.0, reach) if count else 0.0
    high = _solve(lambda m: _poisson_tail(count + 1, m), 1 - tail, 0.0, reach)
    return Interval(low=low, high=high, level=level)


def poisson_upper(count: int, *, level: float = 0.95) -> float:
    """Return the one-sided upper limit of a mean count: 3.0 at 95 % if nothing was counted."""
    if count < 0:
        raise ValueError(f"a count is >= 0, not {count}")
    reach = count + 20 * math.sqrt(count + 1) + 20
    return _solve(lambda m: _poisson_tail(count + 1, m), level, 0.0, reach)
