"""How alike a picture is to crater shading, at every pixel and over sizes."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from imgcheck.detect import relief

# Four sizes an octave: neighbouring templates correlate above 0.95.
PER_OCTAVE = 4
_BASE_PX = 7.0  # template diameters 7 .. 14 px on every level but the first


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One size of template on one level of the pyramid."""

    level: int
    diameter_px: float  # in pixels of this level

    @property
    def full_px(self) -> float:
        """The diameter in pixels of the full picture."""
        return self.diameter_px * 2**self.level


def layers(smallest_px: float, largest_px: float) -> list[Layer]:
    """Template sizes from the smallest to the largest diameter, a quarter octave apart."""
    count = max(0, math.floor(PER_OCTAVE * math.log2(max(largest_px / smallest_px, 1)) + 1e-6))
    found = []
    for k in range(count + 1):
        full = smallest_px * 2 ** (k / PER_OCTAVE)
        level = max(0, math.floor(math.log2(full / _BASE_PX)))
        found.append(Layer(level=level, diameter_px=full / 2**level))
    return found


def pyramid(picture: NDArray[np.float32], levels: int) -> list[NDArray[np.float32]]:
    """The picture and its halvings by area; a border row that has no partner is repeated."""
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
    """Correlation with the shading template, and the azimuth that fits best where none is given.

    Parameters
    ----------
    picture : ndarray of shape (M, N), float32
    floor : float
        Noise in picture units, added to the local contrast: flat ground fits no template.

    Returns
    -------
    score : ndarray of shape (M, N), float32 in [-1, 1]
    azimuth : ndarray of shape (M, N), degrees clockwise from up, or None if it was given
    """
    right, below, window = relief.template(round(diameter_px, 3), round(blur_px, 2))

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
