"""Insert a rendered crater into a real picture, by the change of light on its ground."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

# The share of light from the sky on a clear day, which reaches into shadows.
_SKY = 0.2
_GAMMA = 1 / 2.2  # pictures are coded; light multiplies before the coding
_REACH = 3.0  # ejecta end here, in rim radii


@dataclass(frozen=True, slots=True, kw_only=True)
class Bowl:
    """Shape and light of one crater."""

    diameter_px: float
    depth: float  # rim to floor, share of the diameter
    rim: float  # rim above the plain, share of the depth
    steepness: float  # 2 is a parabola; higher: flat floor and steep walls
    flattening: float  # short over long axis
    turn_deg: float
    ejecta: float  # relative change of albedo at the rim
    sun_azimuth_deg: float
    sun_elevation_deg: float


def random_bowl(
    rng: np.random.Generator, *, diameter_px: float, sun_azimuth_deg: float | None
) -> Bowl:
    """Draw a random crater, from worn to fresh (Pike 1977: 0.2 D deep), with or without ejecta."""
    azimuth = rng.uniform(0, 360) if sun_azimuth_deg is None else sun_azimuth_deg
    return Bowl(
        diameter_px=diameter_px,
        depth=rng.uniform(0.10, 0.25),
        rim=rng.uniform(0.08, 0.25),
        steepness=rng.uniform(1.6, 3.2),
        flattening=rng.uniform(0.85, 1.0),
        turn_deg=rng.uniform(0, 180),
        ejecta=rng.uniform(-0.2, 0.3),
        sun_azimuth_deg=azimuth,
        sun_elevation_deg=rng.uniform(25, 60),
    )


def light_ratio(bowl: Bowl, *, rng: np.random.Generator, blur_px: float) -> NDArray[np.float32]:
    """Return the factor on the coded picture for every pixel of a square around the crater.

    Its side is odd; the crater's centre is the centre of the middle pixel.
    """
    fine = max(1, math.ceil(20 / bowl.diameter_px))
    reach = math.ceil(_REACH * bowl.diameter_px / 2) + 1
    side = (2 * reach + 1) * fine
    axis = ((np.arange(side) + 0.5) / fine - side / (2 * fine)) / (bowl.diameter_px / 2)
    x, y = np.meshgrid(axis, axis)
    turn = math.radians(bowl.turn_deg)
    u = x * math.cos(turn) + y * math.sin(turn)
    v = (y * math.cos(turn) - x * math.sin(turn)) / bowl.flattening
    radius = np.hypot(u, v)
    relief = _relief(radius, bowl) + _rough(rng, side, fine, bowl) * (radius < 1.5)
    ratio = _shade(relief, step=2 / bowl.diameter_px / fine, bowl=bowl)
    spread = np.clip((_REACH - radius) / (_REACH - 1), 0, 1) ** 2
    albedo = 1 + bowl.ejecta * spread * _rays(x, y, rng)
    fade = np.clip((_REACH - np.hypot(x, y)) / 0.3, 0, 1)
    ratio = 1 + fade * ((ratio * albedo) ** _GAMMA - 1)
    ratio = np.asarray(cv2.GaussianBlur(ratio, (0, 0), max(blur_px, 0.3) * fine), float)
    size = (2 * reach + 1, 2 * reach + 1)
    return cv2.resize(ratio, size, interpolation=cv2.INTER_AREA).astype(np.float32)


def plant(picture: NDArray[np.float32], ratio: NDArray[np.float32], x: int, y: int) -> None:
    """Multiply a picture by the ratio, in place, around the pixel in column x and row y."""
    reach = ratio.shape[0] // 2
    top, left = max(0, y - reach), max(0, x - reach)
    bottom = min(picture.shape[0], y + reach + 1)
    right = min(picture.shape[1], x + reach + 1)
    part = ratio[top - y + reach : bottom - y + reach, left - x + reach : right - x + reach]
    picture[top:bottom, left:right] = np.clip(picture[top:bottom, left:right] * part, 0, 1)


def _relief(radius: NDArray[np.float64], bowl: Bowl) -> NDArray[np.float64]:
    depth = 2 * bowl.depth
    rim = depth * bowl.rim
    inside = rim - depth * (1 - np.minimum(radius, 1) ** bowl.steepness)
    return np.where(radius < 1, inside, rim * np.maximum(radius, 1) ** -3)


def _rough(rng: np.random.Generator, side: int, fine: int, bowl: Bowl) -> NDArray[np.float64]:
    """Return a rough relief of a few percent of the depth, a sixth of the radius wide."""
    noise = rng.standard_normal((side, side))
    wide = max(bowl.diameter_px * fine / 12, 0.8)
    noise = np.asarray(cv2.GaussianBlur(noise, (0, 0), wide), float)
    return noise * (0.05 * bowl.depth * 2 / max(float(noise.std()), 1e-9))


def _rays(
    x: NDArray[np.float64], y: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return the rays of the ejecta: a smooth random function of the direction, mean 1."""
    angle = np.arctan2(y, x)
    total = np.ones_like(angle)
    for k in (2, 3, 5, 7):
        total += 0.3 * rng.uniform(0, 1) * np.cos(k * angle + rng.uniform(0, 2 * np.pi))
    return np.maximum(total, 0)


def _shade(relief: NDArray[np.float64], *, step: float, bowl: Bowl) -> NDArray[np.float64]:
    """Return Lambert light with cast shadows, 1 on level ground."""
    azimuth, elevation = (math.radians(a) for a in (bowl.sun_azimuth_deg, bowl.sun_elevation_deg))
    towards = (math.sin(azimuth), -math.cos(azimuth))
    slope_y, slope_x = np.gradient(relief, step)
    facing = math.sin(elevation) - math.cos(elevation) * (
        towards[0] * slope_x + towards[1] * slope_y
    )
    direct = np.maximum(facing, 0) / np.sqrt(1 + slope_x**2 + slope_y**2) / math.sin(elevation)
    highest, surface = float(relief.max()), relief.astype(np.float32)
    lit = np.ones_like(surface)
    # Step towards the sun until its ray is above the highest rim.
    farthest = (highest - float(relief.min())) / math.tan(elevation)
    stride = max(step, farthest / 24)
    for k in range(1, 1 + math.ceil(farthest / stride)):
        away = k * stride / step
        move = np.array([[1, 0, -towards[0] * away], [0, 1, -towards[1] * away]], np.float32)
        size = surface.shape[::-1]
        ahead = cv2.warpAffine(surface, move, size, borderMode=cv2.BORDER_REPLICATE)
        lit[ahead > surface + k * stride * math.tan(elevation) + 1e-3] = 0
    return _SKY + (1 - _SKY) * direct * cv2.GaussianBlur(lit, (0, 0), 0.7)
