"""Ground: relief, soils and plants, then rivers, fields, roads, banks and craters."""

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from imgcheck.scene.grid import (
    Array,
    Canvas,
    Grid,
    distance_to_line,
    enlarge,
    inside_polygon,
    offset_line,
    smoothstep,
)
from imgcheck.scene.light import radiance_of
from imgcheck.scene.objects import (
    Backdrop,
    Berm,
    Crater,
    Field,
    PointM,
    Rgb,
    River,
    Road,
    Terrain,
)
from imgcheck.scene.texture import noise

# Streams of the ground seed, one a layer, so that a new layer moves no old one.
_RELIEF, _MICRO, _WADI, _WADI_GATE, _SOIL, _PATCH, _GRAIN, _PLANTS = range(8)

_SAND = (0.47, 0.40, 0.31)
_GRAVEL = (0.33, 0.285, 0.235)
_DRY_GRASS = (0.27, 0.235, 0.13)
_GREEN_GRASS = (0.13, 0.17, 0.075)
_SHRUB = (0.085, 0.095, 0.055)


def _layer(grid: Grid, terrain: Terrain, stream: int, **scales: float) -> Array:
    return noise(
        grid,
        seed=terrain.seed * 64 + stream,
        largest_m=scales["largest_m"],
        smallest_m=scales["smallest_m"],
        roughness=scales["roughness"],
    )


def _wadi_bed(grid: Grid, terrain: Terrain) -> Array:
    """Return 1 on the floor of a dry stream, 0 away from it.

    A stream follows the zero line of a noise field; value over slope is the distance to it.
    """
    # Nothing of a stream is finer than a metre.
    factor = max(1, int(1.0 / grid.step_m))
    whole, grid = grid, grid.coarser(factor)
    field = _layer(grid, terrain, _WADI, largest_m=220, smallest_m=5, roughness=1.1)
    slope_y, slope_x = np.gradient(field, grid.step_m)
    distance = np.abs(field) / np.maximum(np.hypot(slope_x, slope_y), 1e-4)
    gate = _layer(grid, terrain, _WADI_GATE, largest_m=160, smallest_m=20, roughness=1.0)
    width = 1.2 + 2.2 * smoothstep(gate, -0.5, 1.5)
    bed = np.exp(-((distance / width) ** 2)) * smoothstep(gate, -0.6, 0.3)
    return np.clip(enlarge(np.asarray(bed, np.float32), factor, whole), 0, 1)


def _shrub_layer(grid: Grid, terrain: Terrain, liking: Array, seed_x: Array) -> Array:
    """Draw round shrubs where ``liking`` (0..1) allows, as coverage 0..1."""
    mask = np.zeros((grid.rows, grid.cols), np.uint8)
    for x, y, radius, need in seed_x:
        column, row = (x - grid.left_m) / grid.step_m - 0.5, (y - grid.top_m) / grid.step_m - 0.5
        at = (round(row), round(column))
        if not (0 <= at[0] < grid.rows and 0 <= at[1] < grid.cols) or liking[at] < need:
            continue
        center = (round(column * 16), round(row * 16))
        cv2.circle(mask, center, max(8, round(radius / grid.step_m * 16)), 255, -1, cv2.LINE_AA, 4)
    return mask.astype(np.float32) / np.float32(255)


def _shrub_table(terrain: Terrain, width_m: float, height_m: float) -> Array:
    """Place candidate shrubs over the whole scene: x, y, radius, and how good a soil they need."""
    rng = np.random.default_rng([terrain.seed & 0xFFFFFFFF, 99])
    # Three candidates for each one that grows on average: soil decides.
    count = round(3 * terrain.shrubs_per_ha * width_m * height_m / 1e4)
    table = np.empty((count, 4), np.float32)
    table[:, 0] = rng.uniform(0, width_m, count)
    table[:, 1] = rng.uniform(0, height_m, count)
    table[:, 2] = np.clip(rng.lognormal(np.log(0.5), 0.45, count), 0.25, 2.2)
    table[:, 3] = rng.uniform(0.02, 1, count)
    return table


def earth_of(terrain: Terrain | Backdrop) -> Rgb:
    """Return the colour of soil from below the crust: where people or blasts have turned it."""
    if isinstance(terrain, Backdrop):
        red, green, blue = (float(v) for v in radiance_of(terrain.rgb).mean(axis=(0, 1)))
        return red, green, blue
    red, green, blue = (
        (light + 2 * dark) / 3
        for light, dark in zip(terrain.light_soil, terrain.dark_soil, strict=True)
    )
    return red, green, blue


def draw_backdrop(canvas: Canvas, backdrop: Backdrop) -> None:
    """Draw the light of a real picture as the albedo of level ground."""
    scale = canvas.grid.step_m / backdrop.gsd
    # Fine pixel (OpenCV, centre = 0) -> metres -> pixel of the picture.
    left, top = (
        (edge + 0.5 * canvas.grid.step_m) / backdrop.gsd - 0.5
        for edge in (canvas.grid.left_m, canvas.grid.top_m)
    )
    picture = radiance_of(backdrop.rgb)
    if scale > 1:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), 0.5 * scale), np.float32)
    canvas.albedo[:] = cv2.warpAffine(
        picture,
        np.array([[scale, 0, left], [0, scale, top]]),
        (canvas.grid.cols, canvas.grid.rows),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REFLECT_101,
    )


def draw_terrain(
    canvas: Canvas, terrain: Terrain, *, size_m: tuple[float, float], greenness: float
) -> None:
    """Draw relief, soil and plants on an empty canvas.

    ``size_m`` (width, height) is that of the whole scene, whatever part of it the canvas shows;
    ``greenness`` is 0 in the dry season and 1 in the wet one.
    """
    grid = canvas.grid
    texture = terrain.texture
    relief = _layer(grid, terrain, _RELIEF, largest_m=400, smallest_m=12, roughness=1.4)
    micro = _layer(grid, terrain, _MICRO, largest_m=8, smallest_m=0.6, roughness=0.9)
    soil = _layer(grid, terrain, _SOIL, largest_m=180, smallest_m=1.0, roughness=0.55)
    patch = _layer(grid, terrain, _PATCH, largest_m=30, smallest_m=0.5, roughness=0.45)
    grain = _layer(grid, terrain, _GRAIN, largest_m=6, smallest_m=0.3, roughness=0.1)

    canvas.ground += np.float32(terrain.relief_m) * relief
    # Stony patches are rougher than dust.
    canvas.ground += np.float32(terrain.microrelief_m) * micro * (0.5 + smoothstep(patch, -1, 2))

    light, dark = np.asarray(terrain.light_soil, np.float32), np.asarray(terrain.dark_soil)
    middle = (light + dark) / 2
    tone = smoothstep(soil + 0.45 * patch, -1.4, 1.4)[..., None] - np.float32(0.5)
    canvas.albedo[:] = middle + np.float32(min(1.0, texture)) * tone * (light - dark)
    canvas.paint(_GRAVEL, np.float32(0.55 * min(1, texture)) * smoothstep(patch - soil, 0.7, 2.4))
    canvas.scale(np.exp(np.float32(0.17 * texture) * grain + np.float32(0.11 * texture) * patch))

    bed = np.zeros_like(relief)
    if terrain.wadi_m > 0:
        bed = _wadi_bed(grid, terrain)
        canvas.ground -= np.float32(terrain.wadi_m) * bed
        canvas.paint(_SAND, np.float32(0.6) * bed)
    if terrain.shrubs_per_ha > 0:
        _grow(canvas, terrain, size_m=size_m, greenness=greenness, bed=bed, soil=soil)


def _grow(
    canvas: Canvas,
    terrain: Terrain,
    *,
    size_m: tuple[float, float],
    greenness: float,
    bed: Array,
    soil: Array,
) -> None:
    """Add grass and shrubs: denser beside the stream beds and on dark soil."""
    grid = canvas.grid
    plants = _layer(grid, terrain, _PLANTS, largest_m=60, smallest_m=0.7, roughness=0.5)
    beside = bed * (1 - bed) * 4
    liking = np.clip(0.6 * smoothstep(plants - 0.6 * soil, -0.8, 2.0) + 0.8 * beside, 0, 1)
    grass = (1 - greenness) * np.asarray(_DRY_GRASS) + greenness * np.asarray(_GREEN_GRASS)
    canvas.paint(
        np.asarray(grass, np.float32),
        np.float32(0.25 + 0.55 * greenness) * smoothstep(plants + 1.2 * beside, 0.8, 2.6),
    )
    cover = _shrub_layer(grid, terrain, liking, _shrub_table(terrain, *size_m))
    green = np.asarray(_SHRUB) * (1.15 - 0.35 * greenness)
    green[1] *= 1 + 0.25 * greenness
    canvas.paint(np.asarray(green, np.float32), np.float32(0.85) * cover)
    # Bushes of about a metre: domes, so that the small ones throw small shadows.
    dome = cv2.GaussianBlur(cover, (0, 0), max(0.5, 0.35 / grid.step_m))
    canvas.above = np.maximum(canvas.above, 1.1 * dome * cover)


Pixels = tuple[NDArray[np.intp], ...]

_REEDS = (0.095, 0.125, 0.055)
_MUD = (0.30, 0.25, 0.185)
_BARE_RING = (0.42, 0.36, 0.28)


def place_seed(seed: int, x_m: float, y_m: float) -> list[int]:
    """Seed an object from the ground's seed and its place, so that its neighbours do not matter."""
    return [seed & 0xFFFFFFFF, round(x_m * 100) & 0xFFFFFFFF, round(y_m * 100) & 0xFFFFFFFF]


def wear_of(grid: Grid, *, seed: int) -> Array:
    """Return the unevenness of worn and pushed-up earth, shared by all roads and banks."""
    return noise(grid, seed=seed * 64 + 30, largest_m=24, smallest_m=0.6, roughness=0.5)


def _near(grid: Grid, points: Sequence[PointM], reach_m: float) -> tuple[Pixels, Array]:
    """Return the pixels within reach of a line, and their distances to it."""
    distance = distance_to_line(grid, points, reach_m=reach_m)
    pixels = np.nonzero(distance < reach_m)
    return pixels, distance[pixels]


def draw_river(canvas: Canvas, river: River, *, seed: int) -> None:
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


def draw_field(canvas: Canvas, field: Field, *, seed: int, greenness: float) -> None:
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


def draw_road(canvas: Canvas, road: Road, *, wear: Array) -> None:
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


def draw_berm(canvas: Canvas, berm: Berm, *, wear: Array, soil: Rgb) -> None:
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


def draw_crater(canvas: Canvas, crater: Crater, *, seed: int, soil: Rgb) -> None:
    """Draw a bowl with a rim, and the soil thrown out of it.

    Inside, height rises with the power 2.5 of the radius from ``-depth_m`` to ``rim_m`` at the
    crest; outside, the rim falls off with the cube, as in ejecta blankets (T. R. McGetchin et al.,
    Earth and Planetary Science Letters 20, 1973).
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
