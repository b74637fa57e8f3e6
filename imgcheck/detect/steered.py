"""A linear template of a vehicle seen from above, turned to any heading.

The template lives in the vehicle's own frame: cells along and across its axis, edge
directions relative to the axis. A vehicle looks alike from its left, right, front and rear at
this resolution, so only one quadrant is stored and mirrored.
"""

import math
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from imgcheck.detect.channels import ORIENTATIONS

ALONG, ACROSS = 8, 6  # cells from the centre outwards: 4.5 m and 3.3 m at 0.6 m a cell
RELATIVE = ORIENTATIONS // 2 + 1  # directions 0, 30, 60, 90 degrees off the axis, mirrored
FOLDED = (ALONG, ACROSS, RELATIVE + 1)  # the last is the tone channel
REACH = 9  # grid cells from the kernel's centre to its border


@lru_cache(maxsize=64)
def unfolding(heading: float) -> NDArray[np.float32]:
    """Linear map from the stored quadrant to a kernel for one heading.

    Returns
    -------
    ndarray of shape (K, K, 7, 8, 6, 5), float32
        ``np.tensordot(unfolding(heading), template, 3)`` is the kernel, K = 2 * REACH + 1.
    """
    side = 2 * REACH + 1
    turn = math.radians(heading)
    y, x = np.mgrid[-REACH : REACH + 1, -REACH : REACH + 1].astype(float)
    along = np.abs(x * math.sin(turn) - y * math.cos(turn))
    across = np.abs(x * math.cos(turn) + y * math.sin(turn))
    spatial = _hat(along, ALONG)[..., :, None] * _hat(across, ACROSS)[..., None, :]
    angular = np.zeros((ORIENTATIONS + 1, RELATIVE + 1))
    angular[ORIENTATIONS, RELATIVE] = 1
    axis = math.atan2(-math.cos(turn), math.sin(turn))
    for k in range(ORIENTATIONS):
        off = (k * math.pi / ORIENTATIONS - axis) % math.pi
        off = min(off, math.pi - off) * ORIENTATIONS / math.pi
        angular[k, :RELATIVE] = _hat(np.array(off), RELATIVE)
    full = spatial[:, :, None, :, :, None] * angular[None, None, :, None, None, :]
    return full.reshape(side, side, ORIENTATIONS + 1, *FOLDED).astype(np.float32)


def _hat(position: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Linear interpolation weights of positions on the grid 0 .. count - 1 (0 beyond it)."""
    return np.maximum(0, 1 - np.abs(position[..., None] - np.arange(count)))


def respond(
    maps: NDArray[np.float32], template: NDArray[np.float32], heading: float
) -> NDArray[np.float32]:
    """Correlate the channels with the template at one heading; (rows, columns) of scores."""
    kernel = np.tensordot(unfolding(heading), template, 3).astype(np.float32)
    total = np.zeros(maps.shape[:2], np.float32)
    for k in range(maps.shape[2]):
        total += cv2.filter2D(
            np.ascontiguousarray(maps[..., k]), -1, kernel[..., k], borderType=cv2.BORDER_REFLECT
        )
    return total
