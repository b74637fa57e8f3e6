"""Seeded pictures of made-up ground, and pictures cut from them by a known transform."""

import cv2
import numpy as np
from numpy.typing import NDArray


def ground(shape: tuple[int, int], *, seed: int, blocks: int = 120) -> NDArray[np.float32]:
    """Give a gray picture with texture of all sizes and some sharp-edged fields."""
    rng = np.random.default_rng(seed)
    rows, cols = shape
    picture = np.zeros(shape, np.float32)
    for step, strength in ((64, 0.5), (24, 0.35), (9, 0.3), (4, 0.2), (2, 0.12)):
        coarse = rng.normal(0, strength, (rows // step + 3, cols // step + 3)).astype(np.float32)
        full = cv2.resize(coarse, None, fx=step, fy=step, interpolation=cv2.INTER_CUBIC)
        picture += full[:rows, :cols]
    for _ in range(blocks):
        centre = (float(rng.uniform(0, cols)), float(rng.uniform(0, rows)))
        size = (float(rng.uniform(6, 40)), float(rng.uniform(6, 40)))
        box = cv2.boxPoints((centre, size, float(rng.uniform(0, 180)))).astype(np.int32)
        cv2.fillPoly(picture, [box], float(rng.normal(0, 0.8)), lineType=cv2.LINE_AA)
    low, high = np.percentile(picture, [0.5, 99.5])
    return np.clip((picture - low) / (high - low), 0, 1).astype(np.float32)


def view(
    source: NDArray[np.float32],
    *,
    size: int,
    angle: float = 0.0,
    scale: float = 1.0,
    centre: tuple[float, float] | None = None,
    tilt: tuple[float, float] = (0.0, 0.0),
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Cut a square picture; gives it and the matrix picture px -> source px (corner convention).

    ``scale`` is picture pixels per source pixel, ``tilt`` the fall of depth over the picture.
    """
    c, s = np.cos(np.radians(angle)) / scale, np.sin(np.radians(angle)) / scale
    middle = centre or (source.shape[1] / 2, source.shape[0] / 2)
    half = size / 2
    turn = np.array([[c, -s, middle[0]], [s, c, middle[1]], [0, 0, 1.0]])
    shift = np.array([[1, 0, -half], [0, 1, -half], [0, 0, 1.0]])
    lean = np.array([[1, 0, 0], [0, 1, 0], [tilt[0] / size, tilt[1] / size, 1.0]])
    matrix = turn @ lean @ shift
    half_pixel = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1.0]])
    to_source = np.linalg.inv(half_pixel) @ matrix @ half_pixel
    soft = source
    if scale < 1:
        soft = cv2.GaussianBlur(source, (0, 0), 0.5 * np.sqrt(1 / scale**2 - 1) + 1e-3)
    picture = cv2.warpPerspective(
        soft, to_source, (size, size), flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    )
    return np.clip(picture, 0, 1).astype(np.float32), matrix / matrix[2, 2]


def jpeg(picture: NDArray[np.float32], *, quality: int) -> NDArray[np.float32]:
    """Give a gray picture as it is after JPEG."""
    data = np.round(np.clip(picture, 0, 1) * 255).astype(np.uint8)
    stream = cv2.imencode(".jpg", data, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    decoded = cv2.imdecode(stream, cv2.IMREAD_GRAYSCALE)
    return (decoded / np.float32(255)).astype(np.float32)
