"""Craters of a look of their own: a profile from the literature, traced light, thrown subsoil.

Neither the training of the detector nor `detect.power` uses this. It shares no code with the
renderers that do: light is found from the horizon of every point, in the direction of the sun and
in eight of the sky; the camera looks down at a slant.

H. J. Melosh, "Impact Cratering: A Geologic Process", 1989: parabolic bowl, rim, thrown layer whose
thickness falls with the cube of the distance, block and ray patterns. H. F. Cooper, "A summary of
explosion cratering phenomena relevant to meteor impact events", in: Impact and Explosion Cratering,
1977: apparent depth of explosion craters in soil, 0.1 to 0.3 diameters.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_REACH = 3.5  # radii
_FINE = 36  # samples across a crater, at least
_SKY = 0.25
_GAMMA = 2.2


def draw(
    rgb: NDArray[np.uint8],
    craters: list[tuple[float, float, float]],
    *,
    azimuth_deg: float,
    blur_px: float,
    rng: np.random.Generator,
) -> NDArray[np.uint8]:
    """Draw craters (x, y, diameter in pixels) into a picture, lit from one azimuth."""
    out = (rgb / 255.0) ** _GAMMA
    sun = math.radians(azimuth_deg), math.radians(float(rng.uniform(25, 60)))
    tilt = rng.uniform(0, 2 * math.pi), math.radians(float(rng.uniform(0, 25)))
    median = np.median(out.reshape(-1, 3)[::7], axis=0) + 0.01
    soil = np.clip(median * rng.lognormal(0.1, 0.3) * rng.lognormal(0, 0.08, 3), 0.02, 0.8)
    for x, y, diameter in craters:
        _draw_one(out, (x, y), diameter, sun=sun, tilt=tilt, soil=soil, blur=blur_px, rng=rng)
    return np.rint(255 * np.clip(out, 0, 1) ** (1 / _GAMMA)).astype(np.uint8)


def _draw_one(
    picture: Array,
    at: tuple[float, float],
    diameter: float,
    *,
    sun: tuple[float, float],
    tilt: tuple[float, float],
    soil: Array,
    blur: float,
    rng: np.random.Generator,
) -> None:
    fine = max(1, math.ceil(_FINE / diameter))
    reach = math.ceil(_REACH * diameter / 2)
    column, row = int(at[0]), int(at[1])
    side = (2 * reach + 1) * fine
    axis = ((np.arange(side) + 0.5) / fine - reach) / (diameter / 2)
    x, y = np.meshgrid(axis - (at[0] - column) / (diameter / 2),
                       axis - (at[1] - row) / (diameter / 2))  # fmt: skip
    # The ground is seen at a slant: shorter along the tilt, and high ground leans away.
    lean = math.sin(tilt[0]), -math.cos(tilt[0])
    along = x * lean[0] + y * lean[1]
    stretch = along * (1 / math.cos(tilt[1]) - 1)
    x, y = x + stretch * lean[0], y + stretch * lean[1]
    shape = _Shape(rng, step=float(axis[1] - axis[0]), side=side)
    height, thrown = shape.at(x, y)
    for _ in range(3):
        push = height * math.tan(tilt[1])
        height, thrown = shape.at(x - push * lean[0], y - push * lean[1])
    step = float(axis[1] - axis[0])
    light = _light(height, step, sun)
    # Thrown soil hides what is lower than its thickness.
    cover = np.clip(thrown, 0, 1)[..., None]
    light = light[..., None]
    fade = np.clip((_REACH - np.hypot(x, y)) / 0.4, 0, 1)[..., None]

    def reduced(values: Array) -> Array:
        soft = cv2.GaussianBlur(values * fade, (0, 0), max(blur, 0.35) * fine)
        small = cv2.resize(soft, (2 * reach + 1,) * 2, interpolation=cv2.INTER_AREA)
        return np.asarray(small, float).reshape(2 * reach + 1, 2 * reach + 1, -1)

    own = reduced(cover * (light * soil * shape.tone[..., None] - 0))
    keep = reduced((1 - cover) * light - 1)  # 0 beyond the fading
    top, left = row - reach, column - reach
    rows = slice(max(0, top), min(picture.shape[0], top + 2 * reach + 1))
    columns = slice(max(0, left), min(picture.shape[1], left + 2 * reach + 1))
    part = np.s_[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
    picture[rows, columns] = picture[rows, columns] * (1 + keep[part]) + own[part]


class _Shape:
    """One crater: heights over the plain and thickness of thrown soil, lengths in radii."""

    def __init__(self, rng: np.random.Generator, *, step: float, side: int) -> None:
        self.depth = 2 * float(rng.uniform(0.12, 0.27))
        self.rim = self.depth * float(rng.uniform(0.1, 0.25))
        # Bowls in even soil; flat floors where a firm layer lies below.
        self.floor = float(rng.uniform(0.35, 1.0)) if rng.random() < 0.4 else 1.0
        self.thick = float(rng.uniform(0.6, 3.0))
        self.turn = rng.uniform(0, 2 * math.pi, 6)
        self.lobes = rng.uniform(0, 0.06, 6) / np.sqrt(np.arange(1, 7))
        count = int(rng.integers(5, 18))
        self.rays = rng.uniform(0, 2 * math.pi, count), rng.uniform(0.05, 0.22, count)
        self.ray_strength = float(rng.uniform(0.2, 1.5))
        self.blocks = np.column_stack([
            rng.normal(0, 1.1, (30, 2)), rng.uniform(0.02, 0.09, 30)
        ])  # fmt: skip
        grain = cv2.GaussianBlur(rng.standard_normal((side, side)), (0, 0), max(0.06 / step, 0.5))
        self.grain = grain / max(float(grain.std()), 1e-9)
        self.tone = 1 + 0.06 * self.grain
        self.rough = float(rng.uniform(0.01, 0.05)) * self.depth

    def at(self, x: Array, y: Array) -> tuple[Array, Array]:
        angle = np.arctan2(y, x)
        edge = 1 + sum(
            a * np.cos(k * angle + t)
            for k, (a, t) in enumerate(zip(self.lobes, self.turn, strict=True), 1)
        )
        radius = np.hypot(x, y) / edge
        bowl = self.rim + self.depth * (np.minimum(radius, 1) ** 2 - 1)
        bowl = np.maximum(bowl, self.rim - self.depth * self.floor)
        blanket = np.maximum(radius, 1) ** -3.0
        height = np.where(radius < 1, bowl, self.rim * blanket)
        height = cv2.GaussianBlur(height, (0, 0), max(0.05 * len(x) / (2 * _REACH), 0.5))
        height = height + self.rough * self.grain * np.clip(2 - radius, 0, 1)
        for u, v, size in self.blocks:
            gap2 = ((x - u) ** 2 + (y - v) ** 2) / size**2
            height = height + 0.7 * size * np.sqrt(np.clip(1 - gap2, 0, None))
        streaks = np.zeros_like(x)
        for turn, wide in zip(*self.rays, strict=True):
            gap = np.angle(np.exp(1j * (angle - turn)))
            streaks += np.exp(-((gap / wide) ** 2))
        thrown = self.thick * blanket * (0.6 + self.ray_strength * streaks) + 0.15 * self.grain
        return height, np.where(radius < 1, 1.0, thrown)


def _light(height: Array, step: float, sun: tuple[float, float]) -> Array:
    """Return the light on every point, 1 on level open ground."""
    slope_y, slope_x = np.gradient(height, step)
    steep = np.sqrt(1 + slope_x**2 + slope_y**2)
    towards = math.sin(sun[0]) * math.cos(sun[1]), -math.cos(sun[0]) * math.cos(sun[1])
    facing = (math.sin(sun[1]) - slope_x * towards[0] - slope_y * towards[1]) / steep
    over = np.arctan(_horizon(height, step, sun[0]))
    seen = np.clip((sun[1] - over) / math.radians(3) + 0.5, 0, 1)  # half shade of 3 degrees
    direct = np.maximum(facing, 0) * seen / math.sin(sun[1])
    sky = np.mean([np.cos(np.arctan(_horizon(height, step, k * math.pi / 4))) ** 2
                   for k in range(8)], axis=0)  # fmt: skip
    return np.asarray((1 - _SKY) * direct + _SKY * sky)


def _horizon(height: Array, step: float, azimuth: float) -> Array:
    """Return the tangent of the highest elevation of the relief in a direction, 0 or more."""
    top = np.zeros_like(height)
    surface = height.astype(np.float32)
    for away in np.geomspace(1, 2.2 / step, 14):
        move = np.array([[1, 0, math.sin(azimuth) * away], [0, 1, -math.cos(azimuth) * away]])
        ahead = cv2.warpAffine(surface, move, surface.shape[::-1],
                               flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                               borderMode=cv2.BORDER_REPLICATE)  # fmt: skip
        top = np.maximum(top, (ahead - surface) / (away * step))
    return top
