"""How well two pictures on one grid agree, block by block, at the detail that both resolve.

Between a copy and its original stands one loss for all blocks: blur, scaling, noise, compression.
Its blur is estimated and applied to the sharper picture (`imgcheck.imaging.blocks`). What is left
is noise: it is much alike in all blocks, and at half the resolution little of it remains. At
another time some blocks agree as well, but where a shadow, a crop or a vehicle differs they
disagree at every resolution. So the blocks that agree least are held against the typical one.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from imgcheck.imaging import blocks, warp
from imgcheck.imaging.blocks import BLOCK_PX, SEARCH_PX, Blocks
from imgcheck.imaging.pixels import Float32, Float64

_LEVELS = 3
# Fewer blocks than this do not decide.
LEAST_BLOCKS = 12
_ENOUGH_BLOCKS = 30
# Halving takes this much of the noise away; texture may be weaker there.
_NOISE_LEFT = 0.7
# So many blocks of a picture may hold the rest of a drawing.
_SPARE_BLOCKS = 2
# Blocks that agree less have no reliable shift.
_LEAST_CORRELATION = 0.5
_ROUNDS = 6
# Floor of the robust scale: the precision of a peak between pixels.
_READING_PX = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """The blocks of one resolution: the half of them that has more contrast.

    Attributes
    ----------
    level : int
        0: full detail; each level above halves it.
    count : int
        Blocks with texture in both.
    typical, low, lowest : float
        Correlation that 50 %, 90 % and 98 % of the blocks with more contrast reach; of few blocks
        all but two.
    """

    level: int
    count: int
    typical: float
    low: float
    lowest: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Agreement at the two finest resolutions that have texture.

    Attributes
    ----------
    fine, coarse : Level
        The same level where only one has texture.
    shift_px : float or None
        Median shift of the blocks that no projective map and lens explain; None where too few
        agree.
    aligned : float
        Correlation of the shifts of neighbouring blocks, -1 to 1: relief moves neighbours alike,
        noise does not.
    """

    fine: Level
    coarse: Level
    shift_px: float | None
    aligned: float


def measure(picture: Float32, known: Float32) -> Agreement | None:
    """Measure the agreement of two gray pictures on one grid; None without texture in both.

    Parameters
    ----------
    picture, known : (M, N) float32 in [0, 1]
        Registered to a fraction of a pixel, of one polarity. NaN is nodata.
    """
    found: list[Level] = []
    shift_px, together = None, 0.0
    for level, (one, other) in enumerate(_halved(picture, known)):
        compared = blocks.compare(one, other, texture=blocks.TEXTURE * _NOISE_LEFT**level)
        if len(compared) < LEAST_BLOCKS:
            continue
        if not found:
            settled = settle(compared)
            shift_px, together = settled.shift_px, alike(compared, settled)
        found.append(_level(compared, level))
        if len(found) == 2:
            break
    if not found:
        return None
    return Agreement(fine=found[0], coarse=found[-1], shift_px=shift_px, aligned=together)


def _halved(picture: Float32, known: Float32) -> Iterator[tuple[Float32, Float32]]:
    """Yield both pictures at full size and halved, as long as a few blocks fit in."""
    yield picture, known
    for _ in range(1, _LEVELS):
        if min(picture.shape) < 2 * (BLOCK_PX + 2 * SEARCH_PX):
            return
        half = (picture.shape[0] // 2, picture.shape[1] // 2)
        picture, known = warp.resize(picture, half), warp.resize(known, half)
        yield picture, known


def _level(compared: Blocks, level: int) -> Level:
    strong = compared.correlations[compared.contrasts >= np.median(compared.contrasts)]
    order = np.sort(strong)
    low, lowest = (
        min(max(_SPARE_BLOCKS, int(share * len(order))), len(order) - 1) for share in (0.1, 0.02)
    )
    return Level(
        level=level,
        count=len(compared),
        typical=float(np.median(order)),
        low=float(order[low]),
        lowest=float(order[lowest]),
    )


def compare_finest(picture: Float32, known: Float32) -> tuple[Blocks, int]:
    """Compare at the finest level that has enough blocks with texture in both."""
    best, best_level = None, 0
    for level, (one, other) in enumerate(_halved(picture, known)):
        found = blocks.compare(one, other, skip_drawn=True)
        if len(found) >= _ENOUGH_BLOCKS:
            return found, level
        if best is None or len(found) > len(best):
            best, best_level = found, level
    assert best is not None
    return best, best_level


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Settled:
    """The correction of a registration, (3, 3) on the picture's grid, and the residual shift.

    ``left`` (N, 2) are the residual shifts of the blocks that agree, at ``points``; ``shift_px``
    is their median length, None where too few blocks agree.
    """

    matrix: Float64
    shift_px: float | None
    points: Float64
    left: Float64


def settle(blocks: Blocks) -> Settled:
    """Fit a small projective map and a lens to the shifts of the blocks, robustly.

    The lens is left out of the matrix, and of the residual shifts. The identity where fewer than
    12 blocks agree.
    """
    good = blocks.correlations > _LEAST_CORRELATION
    points, shifts = blocks.centres[good], blocks.shifts[good]
    if len(points) < LEAST_BLOCKS:
        return Settled(matrix=np.eye(3), shift_px=None, points=points, left=shifts)
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
    return Settled(
        matrix=_projective(solved, centre, radius),
        shift_px=float(np.median(length)),
        points=points,
        left=left.T,
    )


def alike(compared: Blocks, settled: Settled) -> float:
    """Return the correlation of the residual shifts of blocks that lie side by side."""
    if settled.shift_px is None:
        return 0.0
    length = np.hypot(*settled.left.T)
    # A few wild shifts would drown the rest.
    capped = settled.left * np.minimum(1, 2 * settled.shift_px / np.maximum(length, 1e-9))[:, None]
    at = {(float(x), float(y)): shift for (x, y), shift in zip(settled.points, capped, strict=True)}
    xs = np.unique(compared.centres[:, 0])
    step = min((b - a for a, b in pairwise(xs)), default=float(BLOCK_PX))
    pairs = [
        (shift, at[x + dx, y + dy])
        for (x, y), shift in at.items()
        for dx, dy in ((step, 0.0), (0.0, step))
        if (x + dx, y + dy) in at
    ]
    if len(pairs) < LEAST_BLOCKS:
        return 0.0
    one, other = (np.array(side) for side in zip(*pairs, strict=True))
    return float((one * other).sum() / max((one**2).sum(), (other**2).sum(), 1e-12))


def _design(points: Float64) -> Float64:
    """Return the displacement of points by a small map, linear in its 9 numbers.

    Eight are those of a projective map; the last is the radial distortion of a lens.
    """
    x, y = points.T
    one, none, square = np.ones_like(x), np.zeros_like(x), x * x + y * y
    across = np.stack([one, x, y, none, none, none, x * x, x * y, x * square], axis=1)
    down = np.stack([none, none, none, one, x, y, x * y, y * y, y * square], axis=1)
    return np.concatenate([across, down])


def _projective(q: Float64, centre: Float64, radius: float) -> Float64:
    """Return the first 8 numbers as a matrix on pixels."""
    # The shifts are in pixels, the points in radii.
    p = q / radius
    small = np.array([[1 + p[1], p[2], p[0]], [p[4], 1 + p[5], p[3]], [-p[6], -p[7], 1.0]])
    normal = np.array(
        [[1 / radius, 0, -centre[0] / radius], [0, 1 / radius, -centre[1] / radius], [0, 0, 1.0]]
    )
    return np.asarray(np.linalg.inv(normal) @ small @ normal)
