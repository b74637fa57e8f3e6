"""Insert rendered craters into a real picture, by the change of light on its ground.

Two families of looks share nothing but their outline in the picture: *relief* is a height field
under the sun, *drawn* paints the lit and the shaded wall as crescents. What is found of one says
little about the other; recall on a look that neither shows is what counts.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

# The share of light from the sky on a clear day, which reaches into shadows.
_SKY = 0.2
_GAMMA = 1 / 2.2  # pictures are coded; light multiplies before the coding
_REACH = 3.0  # ejecta end here, in rim radii

#: Looks that power is measured with: two families, each with faint and with strong walls.
LOOKS = ("relief, faint", "relief, strong", "drawn, faint", "drawn, strong")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bowl:
    """Shape and light of one crater of the relief family."""

    diameter_px: float
    depth: float  # rim to floor, share of the diameter; negative for a mound
    rim: float  # rim above the plain, share of the depth
    steepness: float  # 2 is a parabola; higher: flat floor and steep walls
    flattening: float  # short over long axis
    turn_deg: float
    ejecta: float  # relative change of albedo at the rim
    sun_azimuth_deg: float
    sun_elevation_deg: float
    worn: float = 0.0  # relief smoothed over this share of the radius
    water: float = 0.0  # level of water, share of the depth
    water_tone: float = 0.5  # light from water, share of that from level ground
    bare: float = 0.0  # share of plants and texture that thrown soil hides
    even: float = 0.2  # thrown soil evens out the ground over this share of the diameter
    floor: float = 1.0  # albedo of the floor, share of that of the ground


@dataclass(frozen=True, slots=True, kw_only=True)
class Crescents:
    """One crater of the drawn family: crescents of shade and light in a ragged outline."""

    diameter_px: float
    shade: float  # tone of the shaded wall, share of that of the ground
    light: float  # tone of the lit wall
    floor: float
    width: float  # of the crescents, in radii
    soft: float  # of their edges, in radii
    ragged: float  # roughness of the outline
    ejecta: float  # relative change of tone at the rim
    speckle: float  # contrast of thrown clods
    sun_azimuth_deg: float
    bare: float = 0.0  # share of plants and texture that thrown soil hides
    even: float = 0.2  # thrown soil evens out the ground over this share of the diameter


Look = Bowl | Crescents


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a crater does to a picture: squares of odd side around the pixel of its centre.

    ``ratio`` is the factor on the coded picture; ``bare`` the share of the texture that is hidden.
    """

    ratio: NDArray[np.float32]
    bare: NDArray[np.float32]
    smooth_px: float


def random_look(
    rng: np.random.Generator, look: str, *, diameter_px: float, sun_azimuth_deg: float | None
) -> Look:
    """Draw a random crater of one of `LOOKS`.

    Explosion craters are from 0.1 (worn) to 0.3 diameters deep; R. J. Pike (1977) gives 0.2 for
    fresh simple craters.
    """
    family, strength = look.split(", ")
    azimuth = float(rng.uniform(0, 360) if sun_azimuth_deg is None else sun_azimuth_deg)
    strong = strength == "strong"
    bare = float(rng.uniform(0.4, 1.0)) if rng.random() < 0.75 else 0.0
    even = float(rng.choice([0.2, 0.5, 1.0]))
    if family == "relief":
        return Bowl(
            diameter_px=diameter_px,
            depth=float(rng.uniform(0.19, 0.27) if strong else rng.uniform(0.11, 0.19)),
            rim=float(rng.uniform(0.08, 0.25)),
            steepness=float(rng.uniform(1.6, 3.2)),
            flattening=float(rng.uniform(0.85, 1.0)),
            turn_deg=float(rng.uniform(0, 180)),
            ejecta=float(rng.uniform(-0.3, 0.5)),
            sun_azimuth_deg=azimuth,
            sun_elevation_deg=float(rng.uniform(25, 50) if strong else rng.uniform(25, 60)),
            bare=bare,
            even=even,
            floor=float(rng.uniform(0.65, 1.0)),
        )
    return Crescents(
        diameter_px=diameter_px,
        shade=float(rng.uniform(0.45, 0.65) if strong else rng.uniform(0.65, 0.8)),
        light=float(rng.uniform(1.1, 1.35) if strong else rng.uniform(1.04, 1.16)),
        floor=float(rng.uniform(0.8, 1.0)),
        width=float(rng.uniform(0.6, 1.0)),
        soft=float(rng.uniform(0.08, 0.25)),
        ragged=float(rng.uniform(0.02, 0.08)),
        ejecta=float(rng.uniform(-0.2, 0.35)),
        speckle=float(rng.uniform(0.0, 0.12)),
        sun_azimuth_deg=azimuth,
        bare=bare,
        even=even,
    )


def render(look: Look, *, rng: np.random.Generator, blur_px: float) -> Change:
    """Return what a crater does to the picture around the middle of its centre pixel."""
    fine = max(1, math.ceil(20 / look.diameter_px))
    reach = math.ceil(_REACH * look.diameter_px / 2) + 1
    side = (2 * reach + 1) * fine
    axis = ((np.arange(side) + 0.5) / fine - side / (2 * fine)) / (look.diameter_px / 2)
    x, y = np.meshgrid(axis, axis)
    if isinstance(look, Bowl):
        ratio = _relief_light(x, y, look, rng, fine=fine) ** _GAMMA
    else:
        ratio = _crescent_tone(x, y, look, rng)
    radius = np.hypot(x, y)
    fade = np.clip((_REACH - radius) / 0.3, 0, 1)
    ratio = 1 + fade * (ratio - 1)
    ratio = np.asarray(cv2.GaussianBlur(ratio, (0, 0), max(blur_px, 0.3) * fine), float)
    bare = look.bare * np.clip((2.9 - radius * _rays(x, y, rng)) / 1.3, 0, 1)
    bare[radius < 1] = look.bare
    size = (2 * reach + 1, 2 * reach + 1)
    return Change(
        ratio=cv2.resize(ratio, size, interpolation=cv2.INTER_AREA).astype(np.float32),
        bare=cv2.resize(bare, size, interpolation=cv2.INTER_AREA).astype(np.float32),
        smooth_px=max(look.even * look.diameter_px, 1.0),
    )


def plant(picture: NDArray[np.float32], change: Change, x: int, y: int) -> None:
    """Change a picture in place, around the pixel in column x and row y."""
    reach = change.ratio.shape[0] // 2
    top, left = max(0, y - reach), max(0, x - reach)
    bottom = min(picture.shape[0], y + reach + 1)
    right = min(picture.shape[1], x + reach + 1)
    inner = np.s_[top - y + reach : bottom - y + reach, left - x + reach : right - x + reach]
    part = picture[top:bottom, left:right]
    soil = part
    if change.bare.any():
        soft = cv2.GaussianBlur(part, (0, 0), change.smooth_px)
        # Soil has some texture of its own: a fifth of that of the ground.
        soil = part + 0.8 * change.bare[inner] * (soft - part)
    picture[top:bottom, left:right] = np.clip(soil * change.ratio[inner], 0, 1)


def _relief_light(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    bowl: Bowl,
    rng: np.random.Generator,
    *,
    fine: int,
) -> NDArray[np.float64]:
    """Return the light from a bowl, 1 on level ground of unchanged albedo."""
    turn = math.radians(bowl.turn_deg)
    u = x * math.cos(turn) + y * math.sin(turn)
    v = (y * math.cos(turn) - x * math.sin(turn)) / bowl.flattening
    radius = np.hypot(u, v)
    relief = _relief(radius, bowl)
    if bowl.worn > 0:
        wide = max(bowl.worn * bowl.diameter_px / 2 * fine, 0.3)
        relief = np.asarray(cv2.GaussianBlur(relief, (0, 0), wide), float)
    relief = relief + _rough(rng, len(x), fine, bowl) * (radius < 1.5)
    wet = np.zeros_like(relief, bool)
    if bowl.water > 0:
        level = 2 * bowl.depth * (bowl.rim - 1 + bowl.water)
        wet = (radius < 1) & (relief < level)
        relief = np.where(wet, level, relief)
    ratio = shade(relief, step=2 / bowl.diameter_px / fine, bowl=bowl)
    spread = np.clip((_REACH - radius) / (_REACH - 1), 0, 1) ** 2
    ratio = ratio * (1 + bowl.ejecta * spread * _rays(x, y, rng))
    ratio = ratio * (1 + (bowl.floor - 1) * np.clip((0.95 - radius) / 0.4, 0, 1))
    return np.asarray(np.where(wet, bowl.water_tone, ratio))


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
    return noise * (0.05 * abs(bowl.depth) * 2 / max(float(noise.std()), 1e-9))


def _rays(
    x: NDArray[np.float64], y: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return the rays of the ejecta: a smooth random function of the direction, mean 1."""
    angle = np.arctan2(y, x)
    total = np.ones_like(angle)
    for k in (2, 3, 5, 7):
        total += 0.3 * rng.uniform(0, 1) * np.cos(k * angle + rng.uniform(0, 2 * np.pi))
    return np.maximum(total, 0)


def shade(relief: NDArray[np.float64], *, step: float, bowl: Bowl) -> NDArray[np.float64]:
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


def _crescent_tone(
    x: NDArray[np.float64], y: NDArray[np.float64], look: Crescents, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return the tone of a drawn crater, 1 on unchanged ground.

    The shaded wall is what lies in the outline and not in the outline moved away from the sun;
    the lit wall is its mirror image.
    """
    azimuth = math.radians(look.sun_azimuth_deg)
    sun_x, sun_y = math.sin(azimuth), -math.cos(azimuth)
    orders = np.arange(2, 8)
    weight = look.ragged * rng.normal(size=len(orders)) / np.sqrt(orders)
    phase = rng.uniform(0, 2 * math.pi, len(orders))

    def inside(shift: float) -> NDArray[np.float64]:
        dx, dy = x + shift * sun_x, y + shift * sun_y
        angle = np.arctan2(dy, dx)
        edge = np.ones_like(angle)
        for order, w, p in zip(orders, weight, phase, strict=True):
            edge += w * np.cos(order * angle + p)
        return np.asarray(1 / (1 + np.exp((np.hypot(dx, dy) - edge) / (look.soft / 3))))

    body = inside(0.0)
    shaded = body * (1 - inside(look.width))
    lit = body * (1 - inside(-look.width)) * (1 - shaded)
    radius = np.hypot(x, y)
    thrown = np.exp(-np.maximum(radius - 1, 0) / 0.6) * (1 - body)
    noise = np.asarray(cv2.GaussianBlur(rng.standard_normal(x.shape), (0, 0), 1.2), float)
    noise /= max(float(noise.std()), 1e-9)
    tone = 1 + (look.floor - 1) * body * (1 - shaded) * (1 - lit)
    tone = tone + (look.shade - 1) * shaded + (look.light - 1) * lit
    return np.asarray(tone + thrown * (look.ejecta * _rays(x, y, rng) + look.speckle * noise))
