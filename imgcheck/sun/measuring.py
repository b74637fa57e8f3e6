"""Measure the direction and relative length of a shadow from points in a picture."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imgcheck.errors import UsageError

PointPx = tuple[float, float]
Floats = NDArray[np.float64]

# Standard error of a point marked by a person: 0.7 pixels along each axis.
END_POINT_PX = 0.7

# A shadow farther than this many standard errors from the median is an outlier.
_OUTLIER = 3.0

# Scale of the median absolute deviation of Gaussian numbers.
_MAD = 1.4826


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowMeasurement:
    """Direction and, where the height is known, relative length of one shadow.

    ``sun_azimuth`` is the direction towards the sun, ``shadow_azimuth`` the way the shadow
    points; both (value, sigma) in degrees. ``ratio`` is (length / height, sigma) or ``None``.
    """

    sun_azimuth: tuple[float, float]
    shadow_azimuth: tuple[float, float]
    ratio: tuple[float, float] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pooled:
    """Combined measurements of one direction or ratio."""

    #: `sigma` includes the observed spread where it is larger than the stated errors explain, and
    #: the shared error.
    value: float
    sigma: float
    #: Which measurements were used; the others are outliers.
    used: tuple[bool, ...]


def from_points(
    base: PointPx,
    tip: PointPx,
    *,
    north: tuple[float, float],
    gsd_m: float | None = None,
    height_m: tuple[float, float] | None = None,
    end_point_px: float = END_POINT_PX,
) -> ShadowMeasurement:
    """Measure a shadow from its foot and the point where the top of its object falls.

    Parameters
    ----------
    base, tip : (x, y)
        Picture pixels, x right and y down. ``base`` is the foot of the object on the ground, not
        its top: tops lean in an oblique view.
    north : (value, sigma)
        Direction of north in the picture, degrees clockwise from up, and its standard error.
    gsd_m : float, optional
        Metres per pixel.
    height_m : (value, sigma), optional
        Height of the object; with ``gsd_m`` it allows a ratio.
    end_point_px : float, default 0.7
        Standard error of each coordinate of each end.

    Raises
    ------
    UsageError
        If the points coincide or are closer than their errors, or a number has no meaning.

    Notes
    -----
    With the length l in pixels and the end-point noise s, the direction has the standard error
    sqrt(2) s / l radian, and the length sqrt(2) s. The error of north is added in quadrature, but
    it is the same for all shadows of a picture: pool directions with ``north`` sigma 0 and give
    the error to `pool` as ``shared``.
    """
    dx, dy = tip[0] - base[0], tip[1] - base[1]
    length = math.hypot(dx, dy)
    noise = math.sqrt(2) * end_point_px
    numbers = (length, end_point_px, north[0], north[1])
    if not all(math.isfinite(n) for n in numbers) or end_point_px <= 0 or north[1] < 0:
        raise UsageError("points, north and errors must be finite, and errors not negative")
    if length <= 2 * noise:
        raise UsageError(
            f"a shadow of {length:.1f} px is not longer than the error of its ends; "
            "measure a longer one"
        )
    along = math.degrees(math.atan2(dx, -dy)) - north[0]
    sigma = math.hypot(math.degrees(noise / length), north[1])
    ratio = None
    if height_m is not None:
        if gsd_m is None:
            raise UsageError("a ratio needs the ground sample distance: give gsd_m")
        value = length * _above("gsd_m", gsd_m) / _above("the height", height_m[0])
        ratio = (value, value * math.hypot(noise / length, height_m[1] / height_m[0]))
    return ShadowMeasurement(
        sun_azimuth=((along + 180) % 360, sigma),
        shadow_azimuth=(along % 360, sigma),
        ratio=ratio,
    )


def _above(name: str, value: float) -> float:
    if not (value > 0 and math.isfinite(value)):
        raise UsageError(f"{name} must be in metres and above 0, not {value}")
    return value


def pool(
    measured: Sequence[tuple[float, float]], *, circular: bool = True, shared: float = 0.0
) -> Pooled:
    """Combine measurements of one quantity, leaving out outliers.

    Parameters
    ----------
    measured : sequence of (value, sigma)
        Directions in degrees, or with ``circular=False`` plain numbers such as ratios.
    circular : bool, default True
        Whether 359 and 1 are 2 apart.
    shared : float, default 0
        Standard error that all have in common (of north, of the GSD).

    Raises
    ------
    UsageError
        If there is nothing to pool, or a sigma is not above 0.

    Notes
    -----
    Values more than 3 scales from the weighted median are left out, the scale being the larger of
    the stated error and the median absolute deviation; the rest is averaged with weights of
    1/sigma^2. Where it scatters more than the stated errors allow, the error is multiplied by
    sqrt(chi^2 / (n - 1)) (the scale factor of the Particle Data Group).
    """
    if not measured:
        raise UsageError("nothing to pool: give at least one (value, sigma)")
    values = np.array([value for value, _ in measured], np.float64)
    sigmas = np.array([sigma for _, sigma in measured], np.float64)
    if not (np.isfinite(values).all() and np.isfinite(sigmas).all() and (sigmas > 0).all()):
        raise UsageError("every value must be finite and every sigma above 0")
    weights = sigmas**-2
    origin = _mean_direction(values, weights) if circular else 0.0
    off = np.mod(values - origin + 180, 360) - 180 if circular else values
    middle = _weighted_median(off, weights)
    away = np.abs(off - middle)
    scale = np.maximum(sigmas, _MAD * float(np.median(away)))
    used = away <= _OUTLIER * scale
    mean = float(np.sum(off[used] * weights[used]) / np.sum(weights[used]))
    count = int(used.sum())
    chi2 = float(np.sum((off[used] - mean) ** 2 * weights[used]))
    scatter = math.sqrt(chi2 / (count - 1)) if count > 1 else 1.0
    sigma = max(1.0, scatter) / math.sqrt(float(np.sum(weights[used])))
    value = origin + mean
    return Pooled(
        value=value % 360 if circular else value,
        sigma=math.hypot(sigma, shared),
        used=tuple(bool(one) for one in used),
    )


def _mean_direction(degrees: Floats, weights: Floats) -> float:
    """Return the circular median: the direction with the smallest sum of turns to all."""
    turns = np.abs(np.mod(degrees[:, None] - degrees[None, :] + 180, 360) - 180)
    return float(degrees[int(np.argmin((turns * weights[:, None]).sum(axis=0)))])


def _weighted_median(values: Floats, weights: Floats) -> float:
    order = np.argsort(values)
    total = np.cumsum(weights[order])
    return float(values[order][int(np.searchsorted(total, total[-1] / 2))])
