"""Render a scene under a given sun, with the truth about every object in it."""

import itertools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imgcheck.errors import RefusedError, UsageError
from imgcheck.scene import boxes, ground, light
from imgcheck.scene.grid import Array, Canvas, Grid
from imgcheck.scene.objects import Backdrop, Building, PointM, Scene, Vehicle

# About 25 bytes of working memory a layer and fine pixel: 60 million is 2 GB.
_MOST_FINE_PIXELS = 60_000_000

# Shadows of things outside the picture may fall into it; farther ones are left out.
_WIDEST_MARGIN_M = 60.0


PointPx = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedObject:
    """One object of the scene in the pixels of the rendering (corner of first pixel = (0, 0)).

    ``corners`` are those of the oriented box, clockwise from the front left; for a crater those
    of the square round its rim crest, for a bank its line. ``heading_deg`` is None where the
    object has none. ``in_view`` is true when its centre lies in the picture.
    """

    label: str
    x_px: float
    y_px: float
    length_m: float
    width_m: float
    height_m: float
    heading_deg: float | None
    corners: tuple[PointPx, ...]
    in_view: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """The conditions of a rendering and all objects in it."""

    gsd: float
    width_px: int
    height_px: int
    left_m: float
    top_m: float
    sun_elevation_deg: float
    sun_azimuth_deg: float
    objects: tuple[PlacedObject, ...]

    def of(self, label: str) -> tuple[PlacedObject, ...]:
        """Return the objects of one label whose centre is in the picture."""
        return tuple(item for item in self.objects if item.label == label and item.in_view)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendering:
    """A picture with its truth.

    ``rgb`` (M, N, 3) uint8; ``height`` (M, N) float32, metres, with everything that stands on
    the ground; ``shadow`` (M, N) bool, true where more than half of a pixel is in cast shadow.
    """

    rgb: NDArray[np.uint8]
    truth: Truth
    height: Array
    shadow: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The part of a scene that a picture shows, metres from the scene's north-west corner."""

    left_m: float
    top_m: float
    width_m: float
    height_m: float


def _fine_grid(window: Window, *, gsd: float, oversample: int, margin_px: int) -> Grid:
    cols = round(window.width_m / gsd) + 2 * margin_px
    rows = round(window.height_m / gsd) + 2 * margin_px
    if min(cols, rows) < 2 * margin_px + 2:
        raise UsageError(
            f"a scene of {window.width_m} x {window.height_m} m has no pixels at gsd {gsd}; "
            "choose a smaller gsd"
        )
    if rows * cols * oversample**2 > _MOST_FINE_PIXELS:
        raise RefusedError(
            f"{rows} x {cols} pixels at oversample {oversample} are more than "
            f"{_MOST_FINE_PIXELS:,} samples; choose a larger gsd, a window or oversample=1"
        )
    return Grid(
        left_m=window.left_m - margin_px * gsd,
        top_m=window.top_m - margin_px * gsd,
        step_m=gsd / oversample,
        rows=rows * oversample,
        cols=cols * oversample,
    )


def _compose(scene: Scene, grid: Grid, *, greenness: float) -> Canvas:
    """Draw everything in the order in which it would have come about."""
    seed = scene.terrain.seed
    canvas = Canvas(grid=grid)
    earth = ground.earth_of(scene.terrain)
    if isinstance(scene.terrain, Backdrop):
        ground.draw_backdrop(canvas, scene.terrain)
    else:
        ground.draw_terrain(
            canvas, scene.terrain, size_m=(scene.width_m, scene.height_m), greenness=greenness
        )
    for field in scene.fields:
        ground.draw_field(canvas, field, seed=seed, greenness=greenness)
    for river in scene.rivers:
        ground.draw_river(canvas, river, seed=seed)
    if scene.roads or scene.berms:
        wear = ground.wear_of(grid, seed=seed)
        for road in scene.roads:
            ground.draw_road(canvas, road, wear=wear)
        for berm in scene.berms:
            ground.draw_berm(canvas, berm, wear=wear, soil=earth)
    for crater in scene.craters:
        ground.draw_crater(canvas, crater, seed=seed, soil=earth)
    for building in scene.buildings:
        boxes.draw_building(canvas, building, seed=seed)
    for vehicle in scene.vehicles:
        boxes.draw_vehicle(canvas, vehicle, seed=seed)
    return canvas


def _highest(scene: Scene) -> float:
    """Return the height of the tallest thing that can throw a shadow."""
    heights = [2.0]
    heights += [building.height_m + 1 for building in scene.buildings]
    heights += [vehicle.height_m for vehicle in scene.vehicles]
    heights += [berm.height_m for berm in scene.berms]
    return max(heights)


def _corners(item: Vehicle | Building) -> tuple[PointM, ...]:
    """Return the corners of an oriented box, metres, clockwise from the front left."""
    angle = math.radians(item.heading_deg)
    forward, right = (math.sin(angle), -math.cos(angle)), (math.cos(angle), math.sin(angle))
    u, v = item.length_m / 2, item.width_m / 2
    return tuple(
        (
            item.x_m + a * u * forward[0] + b * v * right[0],
            item.y_m + a * u * forward[1] + b * v * right[1],
        )
        for a, b in ((1, -1), (1, 1), (-1, 1), (-1, -1))
    )


def _objects(
    scene: Scene, window: Window, gsd: float, size_px: tuple[int, int]
) -> list[PlacedObject]:
    """List every object of a scene in the pixels of one rendering."""
    found: list[PlacedObject] = []

    def add(
        label: str,
        at: PointM,
        size: tuple[float, float, float],
        corners: tuple[PointM, ...],
        heading: float | None = None,
    ) -> None:
        def pixel(point: PointM) -> PointPx:
            return (point[0] - window.left_m) / gsd, (point[1] - window.top_m) / gsd

        x, y = pixel(at)
        found.append(
            PlacedObject(
                label=label,
                x_px=x,
                y_px=y,
                length_m=size[0],
                width_m=size[1],
                height_m=size[2],
                heading_deg=heading,
                corners=tuple(pixel(corner) for corner in corners),
                in_view=0 <= x < size_px[0] and 0 <= y < size_px[1],
            )
        )

    blocks: tuple[Vehicle | Building, ...] = (*scene.vehicles, *scene.buildings)
    for item in blocks:
        label = "vehicle" if isinstance(item, Vehicle) else "building"
        size = (item.length_m, item.width_m, item.height_m)
        add(label, (item.x_m, item.y_m), size, _corners(item), item.heading_deg % 360)
    for crater in scene.craters:
        x, y, r = crater.x_m, crater.y_m, crater.radius_m
        square = ((x - r, y - r), (x + r, y - r), (x + r, y + r), (x - r, y + r))
        add("crater", (x, y), (2 * r, 2 * r, -crater.depth_m), square)
    for berm in scene.berms:
        x, y = (math.fsum(p[k] for p in berm.points) / len(berm.points) for k in (0, 1))
        length = math.fsum(math.dist(a, b) for a, b in itertools.pairwise(berm.points))
        add("berm", (x, y), (length, berm.width_m, berm.height_m), berm.points)
    return found


def render(
    scene: Scene,
    *,
    gsd: float,
    sun_elevation_deg: float,
    sun_azimuth_deg: float,
    seed: int,
    window: Window | None = None,
    blur_px: float = 0.6,
    noise: float = 0.01,
    oversample: int = 2,
    greenness: float = 0.3,
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0),
    haze: float = 0.03,
    sky_share: float = 0.25,
) -> Rendering:
    """Render a scene from straight above, north up.

    Parameters
    ----------
    scene : Scene
        Ground and objects. What the ground looks like follows from ``scene.terrain.seed``.
    gsd : float
        Ground sample distance, metres per pixel.
    sun_elevation_deg, sun_azimuth_deg : float
        Elevation in (0, 90]; azimuth clockwise from north.
    seed : int
        Seed of this acquisition: sensor noise only.
    window : Window, optional
        Part of the scene; the whole by default. The ground does not depend on it.
    blur_px : float, default 0.6
        Point spread, standard deviation in pixels.
    noise : float, default 0.01
        Sensor noise at white, share of full scale.
    oversample : int, default 2
        Fine samples per pixel and axis.
    greenness : float, default 0.3
        Season: 0 all plants dry, 1 all green.
    tint : (red, green, blue), default (1, 1, 1)
        Channel gains.
    haze, sky_share : float
        Shares of air light, and of the light on level ground that comes from the sky.

    Raises
    ------
    UsageError, RefusedError
        For a number that has no meaning; for a picture that needs too much memory.

    Notes
    -----
    A plan view: roofs do not lean, walls are not seen. Vehicles are blocks of stated size that
    look like a kind of vehicle, not models of types. Light is reflected once (Lambert): no
    glints, no light between walls. Relief does not distort the picture, and the sensor neither
    sharpens nor shifts its bands. What is measured on renderings is an upper bound for real
    pictures.
    """
    if not (gsd > 0 and math.isfinite(gsd)):
        raise UsageError(f"gsd must be metres per pixel, above 0, not {gsd}")
    if not 0 < sun_elevation_deg <= 90:
        raise UsageError(
            f"the sun's elevation must be above 0 and at most 90 degrees, not {sun_elevation_deg}"
        )
    if oversample < 1:
        raise UsageError(f"oversample must be a whole number of at least 1, not {oversample}")
    if not (0 <= greenness <= 1 and 0 <= haze <= 1 and 0 <= sky_share <= 1):
        raise UsageError("greenness, haze and sky_share must be between 0 and 1")
    window = window or Window(left_m=0, top_m=0, width_m=scene.width_m, height_m=scene.height_m)
    reach = _highest(scene) / math.tan(math.radians(min(sun_elevation_deg, 80))) + 2
    margin = math.ceil(min(reach, _WIDEST_MARGIN_M) / gsd)
    grid = _fine_grid(window, gsd=gsd, oversample=oversample, margin_px=margin)
    canvas = _compose(scene, grid, greenness=greenness)

    height = canvas.ground + canvas.above
    sun = {"elevation_deg": sun_elevation_deg, "azimuth_deg": sun_azimuth_deg}
    shade = light.cast_shadows(height, step_m=grid.step_m, **sun)
    direct = light.slope_light(canvas.ground, canvas.level, step_m=grid.step_m, **sun)
    radiance = canvas.albedo * light.irradiance(direct, shade, sky_share=sky_share)
    rgb = light.expose(
        radiance,
        oversample=oversample,
        blur_px=blur_px,
        noise=noise,
        haze=haze,
        tint=tint,
        seed=seed,
    )
    inner = (slice(margin, rgb.shape[0] - margin), slice(margin, rgb.shape[1] - margin))
    rows, cols = rgb[inner].shape[:2]
    truth = Truth(
        gsd=gsd,
        width_px=cols,
        height_px=rows,
        left_m=window.left_m,
        top_m=window.top_m,
        sun_elevation_deg=sun_elevation_deg,
        sun_azimuth_deg=sun_azimuth_deg,
        objects=tuple(_objects(scene, window, gsd, (cols, rows))),
    )
    return Rendering(
        rgb=np.ascontiguousarray(rgb[inner]),
        truth=truth,
        height=np.ascontiguousarray(light.block_mean(height, oversample)[inner]),
        shadow=np.ascontiguousarray(light.block_mean(shade, oversample)[inner] > 0.5),
    )
