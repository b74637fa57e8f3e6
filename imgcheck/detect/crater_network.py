"""Candidates for craters: a centre-point network over a pyramid of the picture."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from imgcheck.detect import centres, visible

# Trained on craters of 5.5 to 40 pixels; larger ones are searched for on reductions by half.
SMALLEST_PX = visible.FEWEST_PX
_LARGEST_PX = 40.0
_ON_ONE_LEVEL = 28.0
_AROUND_PX = 65
# Contrast below which ground counts as flat, in [0, 1].
_FLAT = 0.03
# Heat (logit) from which a peak is a candidate.
FLOOR = -2.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """Possible craters; positions and diameters in pixels, ``heat`` the logit of the network."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    diameter: NDArray[np.float64]
    heat: NDArray[np.float64]


def planes(picture: NDArray[np.float32], *, azimuth_deg: float | None) -> NDArray[np.float32]:
    """Return the input (M, N, 4) of the network.

    The picture against its surroundings; its slope of tone towards the sun; whether the sun is
    known (without it, the slope is 0); and the contrast of the surroundings.
    """
    size = (_AROUND_PX, _AROUND_PX)
    mean = cv2.boxFilter(picture, -1, size, borderType=cv2.BORDER_REFLECT_101)
    square = cv2.boxFilter(picture * picture, -1, size, borderType=cv2.BORDER_REFLECT_101)
    spread = np.sqrt(np.maximum(square - mean * mean, 0))
    out = np.zeros((*picture.shape, 4), np.float32)
    tone = np.clip((picture - mean) / (spread + np.float32(_FLAT)), -4, 4)
    out[..., 0] = tone
    if azimuth_deg is not None:
        right, down = (cv2.Sobel(tone, cv2.CV_32F, dx, 1 - dx, scale=0.25) for dx in (1, 0))
        turn = math.radians(azimuth_deg)
        out[..., 1] = math.sin(turn) * right - math.cos(turn) * down
        out[..., 2] = 1
    out[..., 3] = np.minimum(4 * spread / (mean + np.float32(0.05)), 4)
    return out


def candidates(
    picture: NDArray[np.float32],
    *,
    smallest_px: float,
    largest_px: float,
    azimuth_deg: float | None,
    net: cv2.dnn.Net | None = None,
    window: int = centres.WINDOW_PX,
) -> Candidates:
    """Return every peak of the network between two diameters, from all levels of the pyramid.

    ``net`` is the network of the package by default.
    """
    net = net or centres.read("craters.onnx")
    last = max(0, math.ceil(math.log2(max(largest_px / _ON_ONE_LEVEL, 1))))
    level, parts = picture, []
    for k in range(last + 1):
        if k:
            level = _half(level)
        maps = centres.run(net, planes(level, azimuth_deg=azimuth_deg), window=window)
        low = SMALLEST_PX if k == 0 else _ON_ONE_LEVEL / 2
        high = _LARGEST_PX if k == last else _ON_ONE_LEVEL
        peaks = centres.peaks(maps, floor=FLOOR)
        diameter = np.exp(np.clip(peaks.values[0], 0, 5))
        mine = (diameter >= max(low, smallest_px / 2**k)) & (
            diameter < min(high, largest_px / 2**k)
        )
        at = np.column_stack([peaks.x, peaks.y, diameter])[mine] * 2**k
        parts.append(np.column_stack([at, peaks.heat[mine]]))
    x, y, diameter, heat = np.concatenate(parts).T
    return Candidates(x=x, y=y, diameter=diameter, heat=heat)


def _half(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the picture at half its size; an odd border row is repeated."""
    rows, columns = picture.shape
    even = cv2.copyMakeBorder(picture, 0, rows % 2, 0, columns % 2, cv2.BORDER_REPLICATE)
    size = (even.shape[1] // 2, even.shape[0] // 2)
    return np.asarray(cv2.resize(even, size, interpolation=cv2.INTER_AREA), np.float32)
