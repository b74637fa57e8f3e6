"""The shape of a simple crater and the shading it takes from a low light."""

import math
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

# R. J. Pike, "Size-dependence in the shape of fresh impact craters on the moon", in: Impact and
# Explosion Cratering, 1977: rim to floor 0.196 D, rim above the plain 0.036 D (simple craters).
# Explosion craters in soil are within a factor of two of it; the shape of the template
# hardly depends on the depth, only on the ratio of rim to depth.
DEPTH = 0.196 * 2  # rim crest to floor, in rim radii
RIM = 0.036 * 2  # rim crest above the plain, in rim radii
_EJECTA_POWER = -3  # thickness of ejecta falls with the cube of the distance (McGetchin 1973)

SUPPORT = 1.7  # the template ends here, in rim radii


def height(radius: NDArray[np.float64]) -> NDArray[np.float64]:
    """Height over the plain at a distance from the centre, both in rim radii."""
    inside = RIM - DEPTH * (1 - radius**2)
    outside = RIM * np.maximum(radius, 1.0) ** _EJECTA_POWER
    return np.where(radius < 1, inside, outside)


@lru_cache(maxsize=64)
def template(diameter_px: float, blur_px: float) -> tuple[NDArray[np.float32], ...]:
    """Shading kernels for light from the right (+x) and from below (+y), and their window.

    Parameters
    ----------
    diameter_px : float
        Rim diameter.
    blur_px : float
        Standard deviation of the picture's point spread.

    Returns
    -------
    right, below, window : ndarray of shape (K, K), float32
        The window sums to one; each kernel has no mean under it and unit weighted square, so
        that its sum of products with a picture, divided by the weighted standard deviation of
        the picture, is a correlation in [-1, 1]. Light from azimuth a (clockwise from
        up) is ``sin(a) * right - cos(a) * below``: to first order shading is linear in the
        slope, so that two kernels serve every azimuth.
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
