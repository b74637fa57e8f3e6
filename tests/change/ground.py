"""Invented ground for the tests: fields, roads and texture, with things put on it."""

import cv2
import numpy as np


def ground(seed: int, size: int = 240) -> np.ndarray:
    """Colour ground in [0, 1]: smooth land, fields with straight borders, a road, fine texture."""
    rng = np.random.default_rng(seed)
    land = cv2.GaussianBlur(rng.standard_normal((size, size)).astype(np.float32), (0, 0), 25)
    picture = np.repeat((0.45 + 0.08 * land / land.std())[..., None], 3, axis=2)
    for _ in range(14):
        corner = rng.integers(0, size - 30, 2)
        reach = rng.integers(20, 70, 2)
        tint = rng.normal(0, 0.06, 3)
        picture[corner[0] : corner[0] + reach[0], corner[1] : corner[1] + reach[1]] += tint
    cv2.line(
        picture,
        (0, int(rng.integers(size))),
        (size, int(rng.integers(size))),
        (0.75, 0.72, 0.68),
        4,
    )
    fine = cv2.GaussianBlur(rng.standard_normal((size, size, 3)).astype(np.float32), (0, 0), 0.8)
    return np.clip(picture + 0.025 * fine / fine.std(), 0.02, 0.98).astype(np.float32)


def seen(picture: np.ndarray, seed: int, *, noise: float = 0.008) -> np.ndarray:
    """One more look at the same ground: fresh sensor noise."""
    rng = np.random.default_rng(seed)
    return np.clip(picture + rng.normal(0, noise, picture.shape), 0, 1).astype(np.float32)


def moved(picture: np.ndarray, dx: float, dy: float) -> np.ndarray:
    """Shift a picture to the right and down."""
    matrix = np.array([[1, 0, dx], [0, 1, dy]])
    size = picture.shape[1::-1]
    return cv2.warpAffine(
        picture, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT
    )


def with_square(picture: np.ndarray, left: int, top: int, side: int, contrast: float) -> np.ndarray:
    """Put a square on the ground that is brighter or darker than what it covers."""
    result = picture.copy()
    part = result[top : top + side, left : left + side]
    part[:] = np.clip(np.median(part) + contrast + 0.3 * (part - np.median(part)), 0, 1)
    return result
