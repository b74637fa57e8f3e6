"""Settle two pictures on each other to a fraction of a pixel, from the shifts of their blocks.

What remains after the best projective map is parallax: ground that a camera saw from another
place. A copy leaves next to nothing, whatever was done to it.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imgcheck.imaging.blocks import Blocks

# Blocks that agree less have no trustworthy shift.
_LEAST_CORRELATION = 0.5
_LEAST_BLOCKS = 12
_ROUNDS = 6
# Floor of the robust scale: what a peak between pixels is read to.
_READING_PX = 0.02


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Settled:
    """The correction of a registration, and what it leaves.

    Attributes
    ----------
    matrix : (3, 3) float64
        Pixels of the picture's grid to where the known one shows the same, same grid.
    shift_px : float or None
        Median length of the shifts that are left; None where too few blocks tell.
    """

    matrix: NDArray[np.float64]
    shift_px: float | None


def settle(blocks: Blocks) -> Settled:
    """Fit a small projective map to the shifts of the blocks, robustly.

    Parameters
    ----------
    blocks : Blocks

    Returns
    -------
    Settled
        The identity where fewer than 12 blocks agree.
    """
    good = blocks.correlations > _LEAST_CORRELATION
    if int(good.sum()) < _LEAST_BLOCKS:
        return Settled(matrix=np.eye(3), shift_px=None)
    points, shifts = blocks.centres[good], blocks.shifts[good]
    centre = points.mean(axis=0)
    radius = math.sqrt(float(((points - centre) ** 2).sum(axis=1).mean())) + 1e-6
    design = _design((points - centre) / radius)
    target = np.concatenate([shifts[:, 0], shifts[:, 1]])
    trust = np.tile(blocks.correlations[good] ** 2, 2)
    weight = trust
    for _ in range(_ROUNDS):
        root = np.sqrt(weight)
        solved = np.linalg.lstsq(design * root[:, None], target * root, rcond=1e-9)[0]
        left = (target - design @ solved).reshape(2, -1)
        length = np.hypot(left[0], left[1])
        spread = 1.4826 * float(np.median(length)) + _READING_PX
        weight = trust * np.tile(1 / (1 + (length / (2 * spread)) ** 2) ** 2, 2)
    return Settled(matrix=_projective(solved, centre, radius), shift_px=float(np.median(length)))


def _design(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the displacement of points by a small projective map, linear in its 8 numbers."""
    x, y = points.T
    one, none = np.ones_like(x), np.zeros_like(x)
    across = np.stack([one, x, y, none, none, none, x * x, x * y], axis=1)
    down = np.stack([none, none, none, one, x, y, x * y, y * y], axis=1)
    return np.concatenate([across, down])


def _projective(
    q: NDArray[np.float64], centre: NDArray[np.float64], radius: float
) -> NDArray[np.float64]:
    """Write the 8 numbers as a matrix on pixels."""
    # The shifts are in pixels, the points in radii.
    p = q / radius
    small = np.array([[1 + p[1], p[2], p[0]], [p[4], 1 + p[5], p[3]], [-p[6], -p[7], 1.0]])
    normal = np.array(
        [[1 / radius, 0, -centre[0] / radius], [0, 1 / radius, -centre[1] / radius], [0, 0, 1.0]]
    )
    return np.asarray(np.linalg.inv(normal) @ small @ normal)
