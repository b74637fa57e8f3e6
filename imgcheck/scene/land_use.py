"""What people and water make of the ground: rivers, fields, roads, banks, craters."""

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from imgcheck.scene.canvas import Canvas
from imgcheck.scene.grid import (
    Array,
    Grid,
    distance_to_line,
    inside_polygon,
    offset_line,
    smoothstep,
)
from imgcheck.scene.objects import Berm, Crater, Field, PointM, Rgb, River, Road
from imgcheck.scene.texture import noise

Pixels = tuple[NDArray[np.intp], ...]

_REEDS = (0.095, 0.125, 0.055)
_MUD = (0.30, 0.25, 0.185)
_BARE_RING = (0.42, 0.36, 0.28)


def place_seed(seed: int, x_m: float, y_m: float) -> list[int]:
    """Seed an object from the ground's seed and its place, so that its neighbours do not matter."""
    return [seed & 0xFFFFFFFF, round(x_m * 100) & 0xFFFFFFFF, round(y_m * 100) & 0xFFFFFFFF]


def wear_of(grid: Grid, *, seed: int) -> Array:
    """Give the unevenness of worn and pushed-up earth, shared by all roads and banks."""
    return noise(grid, seed=seed * 64 + 30, largest_m=24, smallest_m=0.6, roughness=0.5)


def _near(grid: Grid, points: Sequence[PointM], reach_m: float) -> tuple[Pixels, Array]:
    """Give the pixels within reach of a line, and their distances to it."""
    distance = distance_to_line(grid, points, reach_m=reach_m)
    pixels = np.nonzero(distance < reach_m)
    return pixels, distance[pixels]


def lay_river(canvas: Canvas, river: River, *, seed: int) -> None:
    """Cut a bank, fill it with water, and grow reeds beside it."""
    reach = river.width_m / 2 + 4 * river.reeds_m + 20
    line = np.asarray(river.points)
    box = canvas.grid.around(*(line.min(axis=0) - reach), *(line.max(axis=0) + reach))
    if box is None:
        return
    grid = canvas.grid.part(box)
    distance = distance_to_line(grid, river.points, reach_m=reach)
    ragged = noise(grid, seed=seed * 64 + 20, largest_m=50, smallest_m=1.5, roughness=0.7)
    edge = distance - np.float32(river.width_m / 2) + 3 * ragged
    water = smoothstep(edge, 0.3, -0.3)
    inland = smoothstep(edge, -2.0, river.reeds_m)
    canvas.ground[box] *= np.maximum(inland, np.float32(0.05))
    canvas.ground[box] -= np.float32(river.bank_m) * (1 - inland)
    canvas.above[box] *= smoothstep(edge, 0.0, 2.0)
    stand = noise(grid, seed=seed * 64 + 21, largest_m=25, smallest_m=0.6, roughness=0.4)
    reeds = smoothstep(edge, river.reeds_m * 1.6, river.reeds_m * 0.3) * smoothstep(stand, -1, 0.5)
    canvas.paint(_MUD, np.float32(0.7) * smoothstep(edge, 9.0, 0.0), box)
    canvas.paint(_REEDS, np.float32(0.85) * reeds, box)
    canvas.scale(1 + np.float32(0.18) * reeds * np.clip(stand, -2, 2), box)
    silt = noise(grid, seed=seed * 64 + 22, largest_m=90, smallest_m=6, roughness=0.8)
    shallow = smoothstep(edge, -9.0, 0.0)
    tone = 1 + np.float32(0.10) * np.clip(silt, -2, 2) + np.float32(0.5) * shallow
    canvas.paint(np.asarray(river.color, np.float32) * tone[..., None], water, box)
    canvas.level[box] = np.maximum(canvas.level[box], water)


def lay_field(canvas: Canvas, field: Field, *, seed: int, greenness: float) -> None:
    """Plough a polygon in rows, sow it, and put a low bank round it."""
    corners = np.asarray(field.points)
    box = canvas.grid.around(*(corners.min(axis=0) - 6), *(corners.max(axis=0) + 6))
    if box is None:
        return
    grid = canvas.grid.part(box)
    inside = inside_polygon(grid, field.points)
    own_seed = int(np.random.default_rng(place_seed(seed, *field.points[0])).integers(2**31))
    angle = math.radians(field.row_heading_deg)
    across = grid.x() * np.float32(math.cos(angle)) + grid.y() * np.float32(math.sin(angle))
    wave = noise(grid, seed=own_seed, largest_m=40, smallest_m=0.5, roughness=0.45)
    rows = np.cos(np.float32(2 * math.pi) * (across / field.row_spacing_m + 0.12 * wave))
    cover = np.clip(field.crop * (0.35 + 0.65 * greenness) * (1 + 0.3 * rows + 0.35 * wave), 0, 1)
    soil = np.asarray(field.soil, np.float32) * (1 + 0.10 * wave + 0.10 * rows)[..., None]
    plants = np.asarray(field.color, np.float32) * (1 + 0.15 * wave)[..., None]
    mixed = soil + np.float32(0.95) * cover[..., None] * (plants - soil)
    canvas.paint(np.asarray(mixed, np.float32), np.float32(0.93) * inside, box)
    canvas.above[box] *= 1 - inside
    # Ploughing has levelled what relief there was.
    flat = cv2.GaussianBlur(canvas.ground[box], (0, 0), 6.0 / grid.step_m / 4)
    canvas.ground[box] += inside * (flat - canvas.ground[box])
    canvas.ground[box] += np.asarray(0.06 * rows * inside, np.float32)
    pixels, bund = _near(canvas.grid, (*field.points, field.points[0]), 3.0)
    ridge = np.exp(-((bund / np.float32(0.9)) ** 2))
    canvas.ground[pixels] += np.float32(0.35) * ridge
    canvas.paint(_BARE_RING, np.float32(0.5) * ridge, pixels)


def lay_road(canvas: Canvas, road: Road, *, wear: Array) -> None:
    """Wear a road, or the two ruts of a track, into the ground."""
    lines = [road.points]
    half, soft = road.width_m / 2, 0.6
    if road.ruts:
        lines = [offset_line(road.points, side * half) for side in (-1, 1)]
        half, soft = 0.28, 0.25
    for line in lines:
        pixels, distance = _near(canvas.grid, line, half + 3.0)
        worn = wear[pixels]
        opacity = np.float32(road.opacity) * np.clip(1 + np.float32(0.3) * worn, 0.1, 1.25)
        cover = smoothstep(distance + np.float32(0.18) * worn, half + soft, half - soft) * opacity
        canvas.paint(road.albedo, np.clip(cover, 0, 1), pixels)
        canvas.above[pixels] *= 1 - smoothstep(distance, half + 0.8, half)
        canvas.ground[pixels] -= np.float32(0.05) * cover
    if not road.ruts:
        pixels, distance = _near(canvas.grid, road.points, half + 4)
        shoulder = np.exp(-(((distance - np.float32(half)) / np.float32(0.9)) ** 2))
        canvas.ground[pixels] += np.float32(0.12) * shoulder
        canvas.paint(_BARE_RING, np.float32(0.25) * shoulder, pixels)


def raise_berm(canvas: Canvas, berm: Berm, *, wear: Array, soil: Rgb) -> None:
    """Push up a bank of loose, brighter earth."""
    half = berm.width_m / 2
    pixels, distance = _near(canvas.grid, berm.points, half + 4.0)
    lumps = wear[pixels]
    ragged = np.asarray(distance + np.float32(0.10 * half) * lumps, np.float32)
    crest = smoothstep(ragged, half, 0) * (1 + np.float32(0.06) * lumps)
    canvas.ground[pixels] += np.float32(berm.height_m) * crest
    foot = smoothstep(distance, half + 1.2, half - 0.3)
    canvas.above[pixels] *= 1 - foot
    canvas.paint(soil, np.float32(0.75) * foot, pixels)
    canvas.scale(1 + (np.float32(berm.brightness - 1) + np.float32(0.08) * lumps) * foot, pixels)


def dig_crater(canvas: Canvas, crater: Crater, *, seed: int, soil: Rgb) -> None:
    """Dig a bowl with a rim, and spread what was in it.

    Inside, height rises with the power 2.5 of the radius from ``-depth_m`` to ``rim_m`` at the
    crest; outside, the rim falls off with the cube, as in ejecta blankets.

    References
    ----------
    .. [1] T. R. McGetchin, M. Settle, J. W. Head, "Radial thickness variation in impact crater
       ejecta", Earth and Planetary Science Letters 20, 1973 (the power -3).
    """
    grid = canvas.grid
    reach = crater.radius_m * max(2.5, crater.ejecta_reach + 1)
    box = grid.around(
        crater.x_m - reach, crater.y_m - reach, crater.x_m + reach, crater.y_m + reach
    )
    if box is None:
        return
    rng = np.random.default_rng(place_seed(seed, crater.x_m, crater.y_m))
    dx, dy = grid.x(box[1]) - crater.x_m, grid.y(box[0]) - crater.y_m
    angle = np.arctan2(dy, dx)
    ragged, rays = np.zeros_like(angle), np.zeros_like(angle)
    for order in range(2, 24):
        phase, weight = rng.uniform(0, 2 * math.pi), rng.normal()
        if order < 9:
            ragged += 0.05 * weight / order * np.cos(order * angle + phase)
        if order > 4:
            rays += 0.22 * rng.normal() * np.cos(order * angle + 2 * phase)
    radius = np.asarray(np.hypot(dx, dy) / crater.radius_m * (1 + ragged), np.float32)
    clods = noise(
        grid.part(box), seed=int(rng.integers(2**31)), largest_m=2, smallest_m=0.3, roughness=0.5
    )
    bowl = -crater.depth_m + (crater.depth_m + crater.rim_m) * radius**2.5
    rim = crater.rim_m * np.maximum(radius, 1) ** -3 * smoothstep(radius, 3.0, 1.5)
    canvas.ground[box] += np.where(radius < 1, bowl, rim).astype(np.float32)
    streaks = np.clip(1 + rays * smoothstep(radius, 0.9, 1.8), 0.1, 2.2)
    thrown = np.exp(-np.maximum(radius - 1, 0) / 0.9) * streaks
    thrown *= smoothstep(radius, crater.ejecta_reach, 0.6 * crater.ejecta_reach)
    canvas.ground[box] += np.float32(0.04) * clods * np.clip(thrown, 0, 1)
    # Turned soil covers crust and plants; what lies deeper is darker and moister.
    canvas.paint(soil, np.asarray(np.clip(0.8 * thrown, 0, 0.8), np.float32), box)
    canvas.scale(1 + np.float32(0.10) * clods * np.clip(thrown, 0, 1), box)
    outside = smoothstep(radius, 0.55, 0.95)
    canvas.scale(np.asarray(1 + crater.ejecta * thrown * outside, np.float32), box)
    canvas.scale(1 - np.float32(0.3) * (1 - outside), box)
    canvas.above[box] *= smoothstep(radius, 1.0, 1.8)
