"""Lay the picture on the reference by a rough transform and match patches of the two."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imgcheck.geo.structural.pyramid import Pyramid
from imgcheck.imaging import orientation, patches, transforms, warp
from imgcheck.imaging.patches import Ties

_MARGIN_PX = 8
# Smaller patches hold too little, nearer peaks cannot be told.
_LEAST_PATCH_PX, _LEAST_REACH_PX = 24, 5
# A transform that lays the picture on more pixels than this is none.
_LARGEST_GRID = 2000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Laid:
    """The maps of both pictures on one grid.

    ``to_grid`` leads from the picture to the grid, ``to_reference`` from the grid to the
    reference; ``span`` is the side of the picture in grid pixels.
    """

    mine: NDArray[np.float32]
    theirs: NDArray[np.float32]
    to_grid: NDArray[np.float64]
    to_reference: NDArray[np.float64]
    span: float


def lay(
    picture: NDArray[np.float32],
    mask: NDArray[np.bool_],
    pyramid: Pyramid,
    matrix: NDArray[np.float64],
    *,
    side: int,
) -> Laid | None:
    """Lay a picture of about ``side`` grid pixels on the reference; None where there is none.

    The grid is neither finer than the reference nor, by much, than the picture.
    """
    scale = transforms.scale(matrix, picture.shape)
    if not (math.isfinite(scale) and 1e-3 < scale < 1e3):
        return None
    extent = scale * math.sqrt(picture.shape[0] * picture.shape[1])
    level = pyramid.level(pyramid.step(max(1.0, scale / 1.2, extent / side)))
    to_level = np.diag([1 / level.factor[0], 1 / level.factor[1], 1.0])
    ring = transforms.apply(to_level @ matrix, transforms.corners(picture.shape))
    if not np.isfinite(ring).all():
        return None
    limit = np.array(level.known.shape[::-1])
    low = np.clip(np.floor(ring.min(axis=0)) - _MARGIN_PX, 0, limit).astype(int)
    high = np.clip(np.ceil(ring.max(axis=0)) + _MARGIN_PX, 0, limit).astype(int)
    shape = (int(high[1] - low[1]), int(high[0] - low[0]))
    if min(shape) < _LEAST_PATCH_PX or max(shape) > _LARGEST_GRID:
        return None
    to_grid = np.array([[1, 0, -low[0]], [0, 1, -low[1]], [0, 0, 1.0]]) @ to_level @ matrix
    laid = warp.warp(picture, to_grid, shape)
    covered = warp.coverage(mask.shape, to_grid, shape, mask=mask)
    return Laid(
        mine=orientation.maps(laid, mask=covered),
        theirs=level.maps[:, low[1] : high[1], low[0] : high[0]],
        to_grid=to_grid,
        to_reference=matrix @ np.linalg.inv(to_grid),
        span=extent / math.sqrt(level.factor[0] * level.factor[1]),
    )


def ties(laid: Laid, *, patch: float, reach: float, across: int) -> Ties:
    """Match patches; their side, their reach and their spacing as shares of the picture's side."""
    side = max(_LEAST_PATCH_PX, 2 * round(patch * laid.span / 2))
    return patches.match(
        laid.mine,
        laid.theirs,
        side=side,
        reach=max(_LEAST_REACH_PX, round(reach * laid.span)),
        step=max(4, round((laid.span - side) / max(1, across - 1))),
    )
