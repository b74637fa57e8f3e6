"""Pseudo-coloured copies: the scalar behind a picture that was shown through a colour map.

Thermal and height pictures are posted in jet, turbo, inferno and their like. Where brightness
along the map rises and falls (jet, turbo, hsv), the hash of the coloured picture is that of
another picture; so the colours are read back into the one number that made them.
"""

import functools
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

# The tables that OpenCV 4.10 and 5.0 have in common, but for "pink", which is the colour of bare
# ground and only a change of tone, and "twilight_shifted", which has the colours of "twilight".
NAMES = (
    "autumn", "bone", "jet", "winter", "rainbow", "ocean", "summer", "spring", "cool", "hsv",
    "hot", "parula", "magma", "inferno", "plasma", "viridis", "cividis", "twilight",
    "turbo", "deepgreen",
)  # fmt: skip
# Pixels looked at along the longer side, and the flattest share of them that is asked: at edges
# halved chroma and shrinking mix colours that lie far apart on the map.
_SAMPLES, _FLATTEST, _ASKED = 320, 0.1, 2000
_FIRST_LOOK = 128
# benchmarks: global_hashes, part "palettes". Distances in grey levels (root mean square of the
# three channels) of pictures saved as JPEG 70 with halved chroma from their own map; of ordinary
# pictures the nearest stays above.
_MIDDLE, _MOST = 6.0, 16.0
# Nearer to the map than to plain gray by this factor, or it is a gray or tinted picture; and by
# more if only a short part of the map is used, which may be a tint by chance.
_WIDE, _NARROW, _WIDE_RANGE, _LEAST_RANGE = 4.0, 10.0, 40, 8
_CELLS = 32


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Palette:
    """The scalar behind a pseudo-coloured picture.

    Attributes
    ----------
    name : str
        One of `NAMES`.
    gray : (M, N) uint8
        Position of each pixel's colour along the map. Whether the map was laid on upright or
        reversed cannot be told: a search tries both polarities anyway.
    residual : float
        Median distance of the colours from the map, grey levels.
    """

    name: str
    gray: NDArray[np.uint8]
    residual: float


def recover(rgb: NDArray[np.uint8]) -> Palette | None:
    """Read a pseudo-coloured picture back into its scalar."""
    if rgb.size == 0:
        return None
    flat, mixed = _colours(rgb)
    if not len(flat):  # a picture one pixel high has no flat places
        return None
    off_gray = float(np.median(flat.std(axis=1)))
    if off_gray < _MIDDLE:
        return None
    few = flat[:: max(1, len(flat) // _FIRST_LOOK)]
    near = [n for n in NAMES if np.median(_nearest(few, n)[0]) <= min(2 * _MIDDLE, off_gray / 3)]
    # Maps share parts (jet, hot and autumn go from red to yellow): all colours decide.
    fits = {n: float(np.minimum(_nearest(mixed, n)[0], 4 * _MIDDLE).mean()) for n in near}
    if not fits:
        return None
    name = min(fits, key=lambda n: fits[n])
    distances, at = _nearest(flat, name)
    middle, most = np.percentile(distances, [50, 90])
    low, high = np.percentile(at, [5, 95])
    wanted = off_gray / (_WIDE if high - low >= _WIDE_RANGE else _NARROW)
    if middle > min(_MIDDLE, wanted) or most > _MOST or high - low < _LEAST_RANGE:
        return None
    cell = rgb.astype(np.uint16) // (256 // _CELLS)
    gray = _lookup(name)[(cell[..., 0] * _CELLS + cell[..., 1]) * _CELLS + cell[..., 2]]
    return Palette(name=name, gray=gray, residual=float(middle))


def _colours(rgb: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return colours, (K, 3), where a picture changes least from pixel to pixel, and all over."""
    step = max(1, max(rgb.shape[:2]) // _SAMPLES)
    kernel = np.ones((3, 3), np.uint8)
    pixels = np.ascontiguousarray(rgb)
    spread = cv2.subtract(cv2.dilate(pixels, kernel), cv2.erode(pixels, kernel))
    look = np.s_[step // 2 :: step, step // 2 :: step]
    # The mean of few neighbours averages the noise of JPEG.
    colours = cv2.blur(pixels, (3, 3))[look].reshape(-1, 3)
    order = np.argsort(spread[look].max(axis=2).ravel(), kind="stable")
    flattest = order[: max(16, int(_FLATTEST * len(order)))]
    flat = colours[flattest[:: max(1, len(flattest) // _ASKED)]].astype(np.float32)
    return flat, colours[:: max(1, len(colours) // _ASKED)].astype(np.float32)


@functools.cache
def table(name: str) -> NDArray[np.uint8]:
    """Return a colour map as (256, 3) RGB."""
    ramp = np.arange(256, dtype=np.uint8)[:, None]
    number = getattr(cv2, f"COLORMAP_{name.upper()}")
    return np.ascontiguousarray(cv2.applyColorMap(ramp, number)[:, 0, ::-1])


def _nearest(
    colours: NDArray[np.float32], name: str
) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Return distance (root mean square of three channels) and position of the nearest entry."""
    entries = table(name).astype(np.float32)
    squares = (
        (colours**2).sum(axis=1)[:, None] + (entries**2).sum(axis=1) - 2 * (colours @ entries.T)
    )
    at = squares.argmin(axis=1)
    near = np.maximum(squares[np.arange(len(at)), at], 0)
    return np.sqrt(near / 3), at


@functools.lru_cache(maxsize=4)
def _lookup(name: str) -> NDArray[np.uint8]:
    """Return for each cell of colour, 32 a channel, its position along a map."""
    width = 256 // _CELLS
    middles = np.arange(_CELLS, dtype=np.float32) * width + (width - 1) / 2
    grid = np.stack(np.meshgrid(middles, middles, middles, indexing="ij"), axis=-1).reshape(-1, 3)
    return _nearest(grid, name)[1].astype(np.uint8)
