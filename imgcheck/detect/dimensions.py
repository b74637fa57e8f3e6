"""Compare a measured length and width with the sizes of vehicle types.

A size excludes types; it never determines one. The ratio of length to width is free of the error of
the scale and so is reported first.
"""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from imgcheck.errors import UsageError
from imgcheck.quantity import Interval

# Quantiles of chi-squared at 95 %, by the degrees of freedom.
_REGION = {1: 3.841, 2: 5.991}
#: Two types whose log10 likelihood ratio is below this are not distinguishable.
NOT_DISTINGUISHABLE = 1.0
# Above this quantile of chi-squared objects are not taken for one type (p = 0.01).
_Z_SPREAD = 2.326


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleType:
    """Public dimensions of a type; the spreads are one standard deviation over its variants."""

    name: str
    family: str
    length_m: float
    width_m: float
    height_m: float | None
    length_spread_m: float
    width_spread_m: float
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredSize:
    """Length and width of one object, or the mean of several alike.

    ``length_sigma_m`` and ``width_sigma_m`` are standard errors of the edges (of the mean, where
    ``objects`` is above 1); ``scale_sigma`` is the relative standard error of the scale, which all
    objects of a picture share, and None where the scale is not known: then only the ratio of length
    to width means anything, and the unit may be pixels.
    """

    length_m: float
    width_m: float
    length_sigma_m: float
    width_sigma_m: float
    scale_sigma: float | None
    objects: int = 1

    def __post_init__(self) -> None:
        values = (self.length_m, self.width_m, self.length_sigma_m, self.width_sigma_m)
        if not all(math.isfinite(v) and v > 0 for v in values):
            raise UsageError("length, width and their standard errors must be above 0")
        if self.scale_sigma is not None and not 0 <= self.scale_sigma < 1:
            raise UsageError("the relative error of the scale lies between 0 and 1")

    @property
    def aspect(self) -> float:
        """Length over width."""
        return self.length_m / self.width_m

    @property
    def aspect_interval(self) -> Interval:
        """95 % interval of the aspect; the error of the scale has no part in it."""
        reach = 1.96 * math.sqrt(self._log_aspect_variance)
        return Interval(low=self.aspect * math.exp(-reach), high=self.aspect * math.exp(reach))

    @property
    def _log_aspect_variance(self) -> float:
        length, width = self.length_sigma_m / self.length_m, self.width_sigma_m / self.width_m
        return length**2 + width**2


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A type beside a measured size.

    ``distance`` is that from the measurement in standard deviations, squared; ``inside`` whether
    the type lies in its 95 % region; ``aspect_inside`` whether the ratio of length to width alone
    allows it; ``log10_ratio`` the log10 likelihood ratio of the most likely type to this one.
    """

    type: VehicleType
    distance: float
    inside: bool
    aspect_inside: bool
    log10_ratio: float


def vehicle_types() -> tuple[VehicleType, ...]:
    """Return the table of types, shortest first."""
    return _table()


@cache
def _table() -> tuple[VehicleType, ...]:
    text = (files(__package__) / "vehicle_types.json").read_text("utf-8")
    return tuple(VehicleType(**row) for row in json.loads(text))


def compare(
    size: MeasuredSize, types: Iterable[VehicleType] | None = None
) -> tuple[Candidate, ...]:
    """Return every type with its likelihood, the most likely first.

    Parameters
    ----------
    size : MeasuredSize
    types : iterable of VehicleType, optional
        By default the table of the package.

    Notes
    -----
    Length and width of a type are normal about its public dimensions with its spread; the edges add
    independent errors, and the scale a common relative one. The 95 % region is that of chi-squared
    with two degrees of freedom, or with one for the logarithm of the ratio where there is no scale.
    The table is not complete: a type outside of it may fit as well.
    """
    weighed = [(one, *_weigh(size, one)) for one in (vehicle_types() if types is None else types)]
    best = max((likelihood for _, _, likelihood in weighed), default=0.0)
    degrees = 1 if size.scale_sigma is None else 2
    found = [
        Candidate(
            type=one,
            distance=distance,
            inside=distance <= _REGION[degrees],
            aspect_inside=_aspect_distance(size, one) <= _REGION[1],
            log10_ratio=(best - likelihood) / math.log(10),
        )
        for one, distance, likelihood in weighed
    ]
    return tuple(sorted(found, key=lambda one: (one.log10_ratio, one.type.name)))


def _weigh(size: MeasuredSize, one: VehicleType) -> tuple[float, float]:
    """Return the squared distance of a type from the measurement, and its log likelihood."""
    if size.scale_sigma is None:
        distance = _aspect_distance(size, one)
        return distance, -0.5 * (distance + math.log(_aspect_variance(size, one)))
    sides = np.array([one.length_m, one.width_m])
    covariance = size.scale_sigma**2 * np.outer(sides, sides) + np.diag(
        [
            size.length_sigma_m**2 + one.length_spread_m**2,
            size.width_sigma_m**2 + one.width_spread_m**2,
        ]
    )
    gap = np.array([size.length_m, size.width_m]) - sides
    distance = float(gap @ np.linalg.solve(covariance, gap))
    return distance, -0.5 * (distance + float(np.linalg.slogdet(covariance)[1]))


def _aspect_variance(size: MeasuredSize, one: VehicleType) -> float:
    spread = (one.length_spread_m / one.length_m) ** 2 + (one.width_spread_m / one.width_m) ** 2
    return size._log_aspect_variance + spread


def _aspect_distance(size: MeasuredSize, one: VehicleType) -> float:
    gap = math.log(size.aspect) - math.log(one.length_m / one.width_m)
    return gap**2 / _aspect_variance(size, one)


def pool(sizes: Sequence[MeasuredSize]) -> MeasuredSize | None:
    """Return the mean of objects that are alike, or None if their sizes differ too much.

    The errors of the edges fall with the square root of the number of objects; that of the scale,
    which they share, does not. Objects differ too much where the spread of either side is larger
    than its errors explain (p = 0.01, Wilson and Hilferty's cube root).
    """
    if not sizes:
        raise UsageError("there is no measured object")
    means = []
    for side in ("length", "width"):
        values = np.array([getattr(one, f"{side}_m") for one in sizes])
        weights = np.array([getattr(one, f"{side}_sigma_m") for one in sizes]) ** -2.0
        mean = float((weights * values).sum() / weights.sum())
        freedom = len(sizes) - 1
        if freedom:
            spread = float((weights * (values - mean) ** 2).sum())
            expected = 1 - 2 / (9 * freedom)
            z = ((spread / freedom) ** (1 / 3) - expected) / math.sqrt(2 / (9 * freedom))
            if z > _Z_SPREAD:
                return None
        means.append((mean, float(weights.sum() ** -0.5)))
    scales = [one.scale_sigma for one in sizes if one.scale_sigma is not None]
    (length, length_sigma), (width, width_sigma) = means
    return MeasuredSize(
        length_m=length,
        width_m=width,
        length_sigma_m=length_sigma,
        width_sigma_m=width_sigma,
        scale_sigma=max(scales) if len(scales) == len(sizes) else None,
        objects=sum(one.objects for one in sizes),
    )
