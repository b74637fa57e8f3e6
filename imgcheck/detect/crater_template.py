"""The shading of a simple crater in low light, and how well a picture correlates with it."""

import math
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

# R. J. Pike, "Size-dependence in the shape of fresh impact craters on the moon", in: Impact and
# Explosion Cratering, 1977: rim to floor 0.196 D, rim above the plain 0.036 D (simple craters).
# Explosion craters in soil are within a factor of two of it; the shape of the template hardly
# depends on the depth, only on the ratio of rim to depth.
DEPTH = 0.196 * 2  # rim crest to floor, in rim radii
RIM = 0.036 * 2  # rim crest above the plain, in rim radii
_EJECTA_POWER = -3  # thickness of ejecta falls with the cube of the distance (McGetchin 1973)

SUPPORT = 1.7  # the template ends here, in rim radii


def height(radius: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the height over the plain at a distance from the centre, both in rim radii."""
    inside = RIM - DEPTH * (1 - radius**2)
    outside = RIM * np.maximum(radius, 1.0) ** _EJECTA_POWER
    return np.where(radius < 1, inside, outside)


@lru_cache(maxsize=64)
def template(diameter_px: float, blur_px: float) -> tuple[NDArray[np.float32], ...]:
    """Return shading kernels for light from the right (+x) and from below (+y), and their window.

    The window sums to one; each kernel has zero mean and unit weighted square under it, so that
    its sum of products with a picture, divided by the weighted standard deviation of the picture,
    is a correlation in [-1, 1]. Light from azimuth a (clockwise from up) is
    ``sin(a) * right - cos(a) * below``: to first order shading is linear in the slope.
    """
    fine = max(1, math.ceil(24 / diameter_px))
    reach = math.ceil(SUPPORT * diameter_px / 2)
    side = (2 * reach + 1) * fine
    axis = (np.arange(side) + 0.5) / fine - side / (2 * fine)
    x, y = np.meshgrid(axis, axis)
    relief = height(np.hypot(x, y) / (diameter_px / 2))
    relief = np.asarray(cv2.GaussianBlur(relief, (0, 0), max(blur_px, 0.35) * fine), float)
    slope_y, slope_x = np.gradient(relief, 1 / fine)
    size = (2 * reach + 1, 2 * reach + 1)
    radius = np.asarray(
        cv2.resize(np.hypot(x, y) / (diameter_px / 2), size, interpolation=cv2.INTER_AREA), float
    )
    edge = np.clip((SUPPORT - radius) / (SUPPORT - 1.3), 0, 1)
    window = edge * edge * (3 - 2 * edge)
    window /= window.sum()
    kernels = []
    for slope in (np.asarray(slope_x), np.asarray(slope_y)):
        # Ground that rises towards the light is turned away from it, hence the sign.
        shading = -np.asarray(cv2.resize(slope, size, interpolation=cv2.INTER_AREA), float)
        shading -= (window * shading).sum()
        shading /= math.sqrt((window * shading**2).sum())
        kernels.append((window * shading).astype(np.float32))
    return kernels[0], kernels[1], window.astype(np.float32)


# Four sizes an octave: neighbouring templates correlate above 0.95.
PER_OCTAVE = 4
_BASE_PX = 7.0  # template diameters 7 .. 14 px on every level but the first


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One template size on one level of the pyramid."""

    level: int
    diameter_px: float  # in pixels of this level

    @property
    def full_px(self) -> float:
        """Return the diameter in pixels of the full picture."""
        return self.diameter_px * 2**self.level


def layers(smallest_px: float, largest_px: float) -> list[Layer]:
    """Return template sizes from the smallest to the largest diameter, a quarter octave apart."""
    count = max(0, math.floor(PER_OCTAVE * math.log2(max(largest_px / smallest_px, 1)) + 1e-6))
    found = []
    for k in range(count + 1):
        full = smallest_px * 2 ** (k / PER_OCTAVE)
        level = max(0, math.floor(math.log2(full / _BASE_PX)))
        found.append(Layer(level=level, diameter_px=full / 2**level))
    return found


def pyramid(picture: NDArray[np.float32], levels: int) -> list[NDArray[np.float32]]:
    """Return the picture and its reductions by half; an odd border row is repeated."""
    out = [picture]
    for _ in range(levels):
        last = out[-1]
        even = cv2.copyMakeBorder(
            last, 0, last.shape[0] % 2, 0, last.shape[1] % 2, cv2.BORDER_REPLICATE
        )
        size = (even.shape[1] // 2, even.shape[0] // 2)
        out.append(np.asarray(cv2.resize(even, size, interpolation=cv2.INTER_AREA), np.float32))
    return out


def correlate(
    picture: NDArray[np.float32],
    *,
    diameter_px: float,
    blur_px: float,
    azimuth_deg: float | None,
    floor: float,
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    """Return the correlation (M, N) with the template, and the best azimuth where none is given.

    ``floor`` is noise added to the local contrast, so that flat ground matches no template.
    """
    right, below, window = template(round(diameter_px, 3), round(blur_px, 2))

    def filtered(values: NDArray[np.float32], kernel: NDArray[np.float32]) -> NDArray[np.float32]:
        out = cv2.filter2D(values, -1, kernel, borderType=cv2.BORDER_REFLECT)
        return np.asarray(out, np.float32)

    centred = picture - np.float32(picture.mean())
    mean = filtered(centred, window)
    variance = filtered(centred * centred, window) - mean * mean
    spread = np.sqrt(np.maximum(variance, 0) + floor * floor)
    towards_x = filtered(centred, right) / spread
    towards_y = filtered(centred, below) / spread
    if azimuth_deg is None:
        azimuth = np.degrees(np.arctan2(towards_x, -towards_y)) % 360
        return np.hypot(towards_x, towards_y), azimuth
    turn = math.radians(azimuth_deg)
    score = math.sin(turn) * towards_x - math.cos(turn) * towards_y
    return score.astype(np.float32), None
