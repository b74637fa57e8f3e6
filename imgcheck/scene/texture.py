"""Multi-scale noise that belongs to the ground: the same at every gsd, window and date."""

import math

import cv2
import numpy as np

from imgcheck.scene.grid import Array, Grid, enlarge

# Standard deviation that cubic interpolation leaves of unit lattice noise, measured once over
# rotated lattices; only the scale of ``amplitude`` depends on it.
_INTERPOLATED_SD = 0.865

# Cells before an octave repeats itself. At 512 the finest octaves (about 0.5 m) repeat after
# 250 m, on a turned lattice and under coarser octaves that have not repeated yet.
_LATTICE = 512

# Enlarging needs neighbours: two pixels of the coarsest level, 2**5 fine pixels each.
_COARSEST_LEVEL = 5
_PAD = 2 * 2**_COARSEST_LEVEL

# Octaves with fewer than this many pixels a lattice cell would alias.
_PIXELS_PER_CELL = 1.5


def _lattice(grid: Grid, spacing_m: float, seed: int, octave: int, *, exact: bool) -> Array:
    """Sample one octave: random values on a turned lattice, interpolated by cubics.

    Each octave has an angle of its own, so that no direction stands out in the sum. OpenCV
    rounds positions to 1/32 cell, which shows as steps where an octave is sampled densely;
    with ``exact`` the lattice is first enlarged, so that the rounding is a quarter of that.
    """
    rng = np.random.default_rng([seed & 0xFFFFFFFF, octave])
    angle = rng.uniform(0, 2 * math.pi)
    phase = rng.uniform(0, 1, 2)
    size = _LATTICE
    values = rng.standard_normal((size, size), dtype=np.float32)
    # pixel (column, row), OpenCV centre = 0  ->  metres  ->  lattice position, wrapped.
    scale = grid.step_m / spacing_m
    c, s = math.cos(angle), math.sin(angle)
    x0 = (grid.left_m + 0.5 * grid.step_m) / spacing_m
    y0 = (grid.top_m + 0.5 * grid.step_m) / spacing_m
    matrix = np.array(
        [
            [c * scale, -s * scale, c * x0 - s * y0 + phase[0]],
            [s * scale, c * scale, s * x0 + c * y0 + phase[1]],
        ]
    )
    corners = matrix @ np.array(
        [[0, grid.cols, 0, grid.cols], [0, 0, grid.rows, grid.rows], [1, 1, 1, 1]]
    )
    low = np.floor(corners.min(axis=1)).astype(int) - 3
    high = np.ceil(corners.max(axis=1)).astype(int) + 4
    window = values[
        np.arange(low[1], high[1])[:, None] % size, np.arange(low[0], high[0])[None, :] % size
    ]
    matrix[:, 2] -= low
    if exact:
        window = cv2.resize(window, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC)
        matrix *= 4
        matrix[:, 2] += 1.5
    sampled = cv2.warpAffine(
        window,
        matrix,
        (grid.cols, grid.rows),
        flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(sampled, np.float32)


def noise(
    grid: Grid, *, seed: int, largest_m: float, smallest_m: float, roughness: float = 0.5
) -> Array:
    """Sum octaves of lattice noise between two scales.

    Mean 0 and standard deviation 1 over areas much larger than ``largest_m``, the lattice spacing
    of the coarsest octave. Amplitude falls as spacing to the power of ``roughness``: 0 is the same
    at all scales, 1 is smooth land. A window of a scene, at any gsd, holds the same ground.
    Octaves too fine for the grid are left out, as averaging over a pixel would remove them.
    """
    count = max(1, int(math.log2(largest_m / smallest_m)) + 1)
    spacings = [largest_m / 2**k for k in range(count)]
    weights = [spacing**roughness for spacing in spacings]
    total = math.sqrt(math.fsum(w * w for w in weights)) * _INTERPOLATED_SD
    inner, grid = grid, grid.padded(_PAD)
    level: int | None = None
    field = np.zeros((grid.rows, grid.cols), np.float32)
    for octave, (spacing, weight) in enumerate(zip(spacings, weights, strict=True)):
        if spacing < _PIXELS_PER_CELL * grid.step_m:
            break
        # A coarse octave is sampled at two to four points a cell and enlarged with the next ones.
        wanted = max(0, int(math.log2(max(1.0, spacing / (2 * grid.step_m)))))
        wanted = min(wanted, _COARSEST_LEVEL)
        if level is None:
            level = wanted
            coarse = grid.coarser(2**level)
            field = np.zeros((coarse.rows, coarse.cols), np.float32)
        while level > wanted:
            level -= 1
            field = enlarge(field, 2, grid.coarser(2**level))
        part = _lattice(grid.coarser(2**level), spacing, seed, octave, exact=level > 0)
        field += part * np.float32(weight / total)
    while level:
        level -= 1
        field = enlarge(field, 2, grid.coarser(2**level))
    return np.ascontiguousarray(field[_PAD : _PAD + inner.rows, _PAD : _PAD + inner.cols])
