"""Rendered places in a look that training never uses: a stand-in for unseen satellite pictures.

Each place has ground of its own (woods, lake shore, dry plain, farmland of another year), one sun,
and one chain of camera and post: wide blur, sharpening with halos, haze, a reduction to 0.35-0.7 m,
enlargement by 2 to 5 as in screenshots, and JPEG of quality 30-60 before and after. The vehicles
are drawn by the same renderer, so what is measured here is an upper bound for real pictures.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from training import pictures as data
from training import vehicle_scenes as scenes
from training.jpeg import saved

TUNED_ON = range(12)
REPORTED_ON = range(12, 24)


class _Ground(scenes.Grounds):
    """Ground of one place: part of a real picture that no weight was trained on, or none."""

    def __init__(self, number: int) -> None:
        names = ("neon", "brighton", "seneca", "niza")
        pool = [data.empty_ground(name, part=1) for name in names]
        pool.append(data.place("naip", most=10)[-3:])
        mine = pool[number % len(pool)]
        self.empty = [mine[(number // len(pool)) % len(mine)]]
        self.streets = []


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """How the pictures of one place were taken and posted."""

    reduce: float
    enlarge: float
    blur_px: float
    sharpen: float
    haze: float
    first: int
    last: int
    grey: bool

    def __call__(self, rgb: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
        """Return the posted picture; its sides are ``enlarge / reduce`` times as long."""
        picture = rgb.astype(np.float32) * (1 - self.haze) + 165 * self.haze
        if self.grey:
            grey = picture @ np.array([0.3, 0.6, 0.1], np.float32)
            picture = np.repeat(grey[..., None], 3, axis=2)
        picture = cv2.GaussianBlur(picture, (0, 0), self.blur_px * self.reduce)
        size = round(rgb.shape[0] / self.reduce)
        picture = cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA)
        soft = cv2.GaussianBlur(picture, (0, 0), 1.0)
        picture = picture + self.sharpen * (picture - soft) + rng.normal(0, 2, picture.shape)
        coded = saved(np.clip(picture, 0, 255).astype(np.uint8), self.first)
        large = round(size * self.enlarge)
        coded = cv2.resize(coded, (large, large), interpolation=cv2.INTER_CUBIC)
        return saved(np.asarray(coded, np.uint8), self.last)


def chain(number: int) -> Chain:
    """Return the chain of a place."""
    rng = np.random.default_rng([55, number])
    return Chain(
        reduce=float(rng.uniform(1.4, 2.8)),
        enlarge=float(rng.uniform(2, 5)),
        blur_px=float(rng.uniform(0.35, 0.7)),
        sharpen=float(rng.uniform(0.3, 1.5)),
        haze=float(rng.uniform(0.1, 0.45)),
        first=int(rng.integers(45, 80)),
        last=int(rng.integers(30, 60)),
        grey=bool(rng.random() < 0.35),
    )


def place(number: int, *, pictures: int = 8) -> list[tuple[NDArray[np.uint8], scenes.Boxes, float]]:
    """Return posted pictures of a place: pixels, boxes in pixels, ground sample distance."""
    ground, how = _Ground(number), chain(number)
    out = []
    for k in range(pictures):
        rng = np.random.default_rng([77, number, k])
        rgb, boxes, _ = scenes.picture(rng, ground, kinds=(0.35, 0.65, 0.0))
        posted = how(rgb, rng)
        factor = posted.shape[0] / rgb.shape[0]
        boxes = boxes.copy()
        boxes[:, :4] *= factor
        out.append((posted, boxes, scenes.GSD / factor))
    return out
