"""What happens to a picture before it is posted: cut, turned, tilted, drawn on, saved again."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from imgcheck.imaging import transforms
from tests.benchmarks.geo_place import Scene, jpeg

_WEIGHTS = np.array([0.299, 0.587, 0.114], np.float32)
_COLOURS = ((255, 0, 0), (255, 255, 0), (0, 255, 0), (255, 0, 255))


@dataclass(frozen=True, slots=True, kw_only=True)
class Handling:
    """How a cut is handled.

    ``extent`` is its side in pixels of the scene, ``columns`` the part of the scene that it lies in
    (shares of the width), ``tilt`` the jitter of a corner as a share of the side (each way half of
    it), ``drawn`` whether a third of it is drawn over, ``scale`` picture pixels a scene pixel.
    """

    extent: int = 300
    columns: tuple[float, float] = (0.0, 1.0)
    tilt: float = 0.0
    drawn: bool = False
    quality: tuple[int, int] = (35, 75)
    scale: tuple[float, float] = (0.6, 1.6)


def post(
    scene: Scene, rng: np.random.Generator, how: Handling
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Give a posted picture and the matrix picture px -> scene px.

    Any turn, tilt, blur, gamma, half of them gray, JPEG.
    """
    rows, cols = scene.rgb.shape[:2]
    scale = float(rng.uniform(*how.scale))
    size = round(how.extent * scale)
    turn = rng.uniform(0, 2 * np.pi)
    c, s = np.cos(turn) / scale, np.sin(turn) / scale
    half = size / 2 * (abs(c) + abs(s))
    left, right = cols * how.columns[0], cols * how.columns[1]
    half_x, half_y = min(half, (right - left) / 2 - 1), min(half, rows / 2 - 1)
    x = rng.uniform(left + half_x, right - half_x)
    y = rng.uniform(half_y, rows - half_y)
    middle = size / 2
    matrix = np.array(
        [[c, -s, x - (c - s) * middle], [s, c, y - (s + c) * middle], [0.0, 0.0, 1.0]]
    )
    if how.tilt:
        ring = transforms.corners((size, size)).astype(np.float32)
        jitter = rng.uniform(-how.tilt / 2, how.tilt / 2, (4, 2)) * size
        matrix = matrix @ cv2.getPerspectiveTransform(ring, (ring + jitter).astype(np.float32))
    shift = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1.0]])
    soft = scene.rgb
    if scale < 1:
        soft = cv2.GaussianBlur(soft, (0, 0), 0.5 * np.sqrt(1 / scale**2 - 1) + 1e-3)
    picture = cv2.warpPerspective(
        soft,
        np.linalg.inv(shift) @ matrix @ shift,
        (size, size),
        flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
    )
    picture = cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(0.3, 1.0)))
    bright = 255 * (picture / 255.0) ** rng.uniform(0.7, 1.4)
    if rng.random() < 0.5:
        bright = np.repeat((bright @ _WEIGHTS)[..., None], 3, axis=2)
    rgb = np.ascontiguousarray(bright.astype(np.uint8))
    if how.drawn:
        draw(rgb, rng)
    quality = int(rng.integers(how.quality[0], how.quality[1] + 1))
    return jpeg(rgb, quality), matrix / matrix[2, 2]


def draw(rgb: NDArray[np.uint8], rng: np.random.Generator) -> None:
    """Draw over about a third: bars with captions, filled labels, boxes, arrows."""
    side = rgb.shape[0]
    thick = max(2, side // 90)
    for top, text in ((0, "POSITIONS 10.09.2017"), (side - side // 9, "SECTOR 4  1:5000")):
        cv2.rectangle(rgb, (0, top), (side, top + side // 9), (0, 0, 0), -1)
        _write(rgb, text, (side // 30, top + side // 13), side / 420)
    for number in range(4):
        colour = _COLOURS[int(rng.integers(len(_COLOURS)))]
        x, y = (int(v) for v in rng.integers(side // 10, side * 7 // 10, 2))
        wide = int(rng.integers(side // 8, side // 4))
        cv2.rectangle(rgb, (x, y), (x + wide, y + wide), colour, thick)
        cv2.rectangle(rgb, (x, y - side // 18), (x + wide, y), (0, 0, 0), -1)
        _write(rgb, f"OBJ {number}", (x + 3, y - side // 70), side / 520)
        ends = [(int(a), int(b)) for a, b in rng.integers(side // 10, side * 9 // 10, (2, 2))]
        cv2.arrowedLine(rgb, ends[0], ends[1], colour, 2 * thick, tipLength=0.15)


def _write(rgb: NDArray[np.uint8], text: str, at: tuple[int, int], size: float) -> None:
    cv2.putText(rgb, text, at, cv2.FONT_HERSHEY_SIMPLEX, size, (255, 255, 255), 1, cv2.LINE_AA)


def gray(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Give luma in [0, 1]."""
    return np.asarray(rgb.astype(np.float32) @ _WEIGHTS / np.float32(255), np.float32)
