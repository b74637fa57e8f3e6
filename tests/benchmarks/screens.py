"""A picture as it comes back from a film, from a phone that photographed a screen, from a page."""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from imgcheck.imaging import warp
from tests.benchmarks.geo_place import jpeg
from tests.benchmarks.hashing import resized

Pixels = NDArray[np.uint8]
Matrix = NDArray[np.float64]
Made = tuple[Pixels, Matrix]
# Pictures keep at least this many pixels on their shorter side.
_LEAST = 220


def _cut(rgb: Pixels, rng: np.random.Generator, low: float, high: float = 1.0) -> Made:
    """Cut ``low`` to ``high`` of both sides, 900 px at most; the matrix leads back."""
    most = min(high, 900 / max(rgb.shape[:2]))
    rows, cols = (
        min(n, max(_LEAST, round(n * float(rng.uniform(min(low, most), most)))))
        for n in rgb.shape[:2]
    )
    top, left = (
        int(rng.integers(0, n - m + 1)) for n, m in zip(rgb.shape[:2], (rows, cols), strict=True)
    )
    return rgb[top : top + rows, left : left + cols], np.array(
        [[1.0, 0, left], [0, 1, top], [0, 0, 1]]
    )


def _scaled(made: Made, factor: float) -> Made:
    small = resized(made[0], factor)
    back = [made[0].shape[1] / small.shape[1], made[0].shape[0] / small.shape[0], 1.0]
    return small, made[1] @ np.diag(back)


def _least(rgb: Pixels) -> float:
    return min(0.8, max(0.4, _LEAST / min(rgb.shape[:2])))


def toned(rgb: Pixels, rng: np.random.Generator) -> Pixels:
    """Change gamma, contrast and brightness; the ends may be clipped."""
    share = rgb.astype(np.float32) / 255
    curve = float(rng.uniform(0.75, 1.15)) * share ** float(rng.uniform(0.6, 1.7))
    return np.clip(255 * (curve + float(rng.uniform(-0.06, 0.08))), 0, 255).astype(np.uint8)


def plain(rgb: Pixels, rng: np.random.Generator) -> Made:
    """Cut, scale to 0.4 to 1.2, half of them toned, some blurred, JPEG 30 to 92."""
    made = _cut(rgb, rng, 0.5)
    if rng.random() < 0.7:
        made = _scaled(made, float(rng.uniform(_least(made[0]), 1.2)))
    picture = toned(made[0], rng) if rng.random() < 0.5 else made[0]
    if rng.random() < 0.25:
        sigma = float(rng.uniform(0.5, 1.2))
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.uint8)
    return jpeg(np.ascontiguousarray(picture), int(rng.integers(30, 93))), made[1]


def film(rgb: Pixels, rng: np.random.Generator) -> Made:
    """Reduce to 0.4 to 0.9, blur, save at quality 22 to 44; half are enlarged and saved again."""
    made = _cut(rgb, rng, 0.5)
    made = _scaled(made, float(rng.uniform(_least(made[0]), 0.9)))
    soft = cv2.GaussianBlur(made[0], (0, 0), float(rng.uniform(0.6, 1.1)))
    picture = toned(soft, rng) if rng.random() < 0.5 else np.asarray(soft, np.uint8)
    made = jpeg(np.ascontiguousarray(picture), int(rng.integers(22, 45))), made[1]
    if rng.random() < 0.5:
        made = _scaled(made, float(rng.uniform(1.1, 1.5)))
    return jpeg(made[0], int(rng.integers(60, 85))), made[1]


def phone(rgb: Pixels, rng: np.random.Generator) -> Made:
    """Photograph a screen: perspective, moire, glare, dark corners, blur, noise, tone, JPEG."""
    piece, to_known = _cut(rgb, rng, 0.6)
    rows, cols = piece.shape[:2]
    grow = float(np.clip(rng.uniform(700, 1100) / max(rows, cols), 0.7, 2.5))
    high, wide = round(rows * grow), round(cols * grow)
    ring = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    seen = (ring + rng.uniform(-0.06, 0.06, (4, 2)).astype(np.float32)) * np.float32([cols, rows])
    matrix = np.asarray(
        cv2.getPerspectiveTransform(ring * np.float32([wide, high]), seen), np.float64
    )
    padded = np.nan_to_num(warp.warp(piece, matrix, (high, wide), inverse=True), nan=0.0)
    picture = padded.astype(np.float32)
    y, x = np.mgrid[:high, :wide].astype(np.float32)
    period, angle = float(rng.uniform(2.2, 6)), float(rng.uniform(0, np.pi))
    for turn in (0.0, 1.4):
        along = x * np.cos(angle + turn) + y * np.sin(angle + turn)
        wave = float(rng.uniform(1, 5)) * np.sin(2 * np.pi * along / period)
        picture += wave[..., None].astype(np.float32)
    picture = cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(0.7, 1.3)))
    far = (x - rng.uniform(0, wide)) ** 2 + (y - rng.uniform(0, high)) ** 2
    glare = float(rng.uniform(10, 60)) * np.exp(-far / (2 * (rng.uniform(0.1, 0.3) * wide) ** 2))
    corners = 1 - 0.5 * (((x - wide / 2) / wide) ** 2 + ((y - high / 2) / high) ** 2)
    picture = (picture + glare[..., None]) * corners[..., None]
    picture += rng.normal(0, rng.uniform(1, 4), picture.shape)
    out = toned(np.clip(picture, 0, 255).astype(np.uint8), rng)
    return jpeg(np.ascontiguousarray(out), int(rng.integers(60, 90))), to_known @ matrix


def screenshot(rgb: Pixels, rng: np.random.Generator) -> Made:
    """Show it saved at 50 to 84 and reduced to 0.4 to 0.85, and save what is shown."""
    made = _cut(rgb, rng, 0.8)
    shown = jpeg(np.ascontiguousarray(made[0]), int(rng.integers(50, 85)))
    made = _scaled((shown, made[1]), float(rng.uniform(_least(shown), 0.85)))
    return jpeg(made[0], int(rng.integers(60, 90))), made[1]


LOOKS: dict[str, Callable[[Pixels, np.random.Generator], Made]] = {
    "film": film,
    "phone": phone,
    "screenshot": screenshot,
}
