"""Pictures with known truth: random ground with structure at every scale."""

import functools

import numpy as np
from numpy.typing import NDArray


@functools.cache
def ground(seed: int, *, shape: tuple[int, int] = (360, 480)) -> NDArray[np.uint8]:
    """Give RGB ground: a random field with a falling spectrum, and some bright roofs."""
    rng = np.random.default_rng(seed)
    rows, cols = shape
    fy = np.fft.fftfreq(rows)[:, None]
    fx = np.fft.rfftfreq(cols)[None, :]
    fall = 1.0 / np.maximum(np.hypot(fy, fx), 1.0 / max(shape)) ** 1.3
    phase = np.exp(2j * np.pi * rng.random(fall.shape))
    field = np.fft.irfft2(fall * phase, s=shape)
    field = (field - field.mean()) / field.std()
    gray = 120 + 32 * field
    for _ in range(40):
        y, x = rng.integers(0, rows - 24), rng.integers(0, cols - 24)
        h, w = rng.integers(6, 24, 2)
        gray[y : y + h, x : x + w] += rng.integers(25, 70)
    tint = np.array([1.05, 1.0, 0.85])
    picture = np.clip(np.round(gray[..., None] * tint), 0, 255).astype(np.uint8)
    picture.setflags(write=False)
    return picture


def dihedral(picture: NDArray[np.generic], number: int) -> NDArray[np.generic]:
    """Turn pixels: 0 to 3 quarter turns clockwise, 4 to 7 the same after mirroring."""
    start = picture[:, ::-1] if number >= 4 else picture
    return np.ascontiguousarray(np.rot90(start, -(number % 4)))
