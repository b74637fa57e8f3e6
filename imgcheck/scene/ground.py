"""Natural ground: relief, soils, dry stream beds, shrubs. All of it follows from the seed."""

import cv2
import numpy as np

from imgcheck.scene.canvas import Canvas
from imgcheck.scene.grid import Array, Grid, enlarge, smoothstep
from imgcheck.scene.objects import Rgb, Terrain
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
    """Give 1 on the floor of a dry stream, 0 away from it.

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


def earth_of(terrain: Terrain) -> Rgb:
    """Give the colour of soil from below the crust: where people or blasts have turned it."""
    red, green, blue = (
        (light + 2 * dark) / 3
        for light, dark in zip(terrain.light_soil, terrain.dark_soil, strict=True)
    )
    return red, green, blue


def lay(canvas: Canvas, terrain: Terrain, *, size_m: tuple[float, float], greenness: float) -> None:
    """Lay relief, soil and plants on an empty canvas.

    Parameters
    ----------
    canvas : Canvas
        Changed in place.
    terrain : Terrain
        Seed and amounts.
    size_m : (width, height)
        Size of the whole scene, whatever part of it the canvas shows.
    greenness : float
        0 for the dry season, 1 for the wet one: the one thing here that depends on the date.
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
