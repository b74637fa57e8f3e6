"""Render a scene under a given sun: the way from plan to picture."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imgcheck.errors import RefusedError, UsageError
from imgcheck.scene import boxes, ground, land_use, light, sensor
from imgcheck.scene.canvas import Canvas
from imgcheck.scene.grid import Array, Grid
from imgcheck.scene.objects import Scene
from imgcheck.scene.truth import Truth, locate

# About 25 bytes of working memory a layer and fine pixel: 60 million is 2 GB.
_MOST_FINE_PIXELS = 60_000_000

# Shadows of things outside the picture may fall into it; farther ones are left out.
_WIDEST_MARGIN_M = 60.0


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
    """Paint everything in the order in which it came about."""
    seed = scene.terrain.seed
    canvas = Canvas(grid=grid)
    earth = ground.earth_of(scene.terrain)
    ground.lay(canvas, scene.terrain, size_m=(scene.width_m, scene.height_m), greenness=greenness)
    for field in scene.fields:
        land_use.lay_field(canvas, field, seed=seed, greenness=greenness)
    for river in scene.rivers:
        land_use.lay_river(canvas, river, seed=seed)
    if scene.roads or scene.berms:
        wear = land_use.wear_of(grid, seed=seed)
        for road in scene.roads:
            land_use.lay_road(canvas, road, wear=wear)
        for berm in scene.berms:
            land_use.raise_berm(canvas, berm, wear=wear, soil=earth)
    for crater in scene.craters:
        land_use.dig_crater(canvas, crater, seed=seed, soil=earth)
    for building in scene.buildings:
        boxes.build(canvas, building, seed=seed)
    for vehicle in scene.vehicles:
        boxes.park(canvas, vehicle)
    return canvas


def _highest(scene: Scene) -> float:
    """Give the height of the tallest thing that can throw a shadow."""
    heights = [2.0]
    heights += [building.height_m + 1 for building in scene.buildings]
    heights += [vehicle.height_m for vehicle in scene.vehicles]
    heights += [berm.height_m for berm in scene.berms]
    return max(heights)


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
        Ground sample distance, metres a pixel, > 0.
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
        Fine samples a pixel and axis.
    greenness : float, default 0.3
        Season: 0 all plants dry, 1 all green.
    tint : (red, green, blue), default (1, 1, 1)
        Channel gains.
    haze : float, default 0.03
        Share of air light.
    sky_share : float, default 0.25
        Share of the light on level ground that comes from the sky and reaches into shadows.

    Returns
    -------
    Rendering
        Picture, truth, heights, cast shadows.

    Raises
    ------
    UsageError
        For a gsd, sun, oversample or season that has no meaning.
    RefusedError
        If the picture would need more memory than is reasonable.

    Notes
    -----
    A plan view: roofs do not lean, walls are not seen. Vehicles are boxes of stated size, not
    models of types. Light is reflected once (Lambert): no glints, no light between walls. Relief
    does not distort the picture, and the sensor neither sharpens nor shifts its bands. What is
    measured on renderings is an upper bound for real pictures.
    """
    if not (gsd > 0 and math.isfinite(gsd)):
        raise UsageError(f"gsd is metres a pixel and > 0, not {gsd}")
    if not 0 < sun_elevation_deg <= 90:
        raise UsageError(f"the sun's elevation is in (0, 90] degrees, not {sun_elevation_deg}")
    if oversample < 1:
        raise UsageError(f"oversample is a whole number >= 1, not {oversample}")
    if not (0 <= greenness <= 1 and 0 <= haze <= 1 and 0 <= sky_share <= 1):
        raise UsageError("greenness, haze and sky_share are shares in 0..1")
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
    rgb = sensor.expose(
        radiance,
        oversample=oversample,
        blur_px=blur_px,
        noise=noise,
        haze=haze,
        tint=tint,
        seed=seed,
    )
    inner = (slice(margin, rgb.shape[0] - margin), slice(margin, rgb.shape[1] - margin))
    truth = locate(
        scene,
        gsd=gsd,
        left_m=window.left_m,
        top_m=window.top_m,
        width_px=inner[1].stop - inner[1].start,
        height_px=inner[0].stop - inner[0].start,
        sun_elevation_deg=sun_elevation_deg,
        sun_azimuth_deg=sun_azimuth_deg,
    )
    return Rendering(
        rgb=np.ascontiguousarray(rgb[inner]),
        truth=truth,
        height=np.ascontiguousarray(sensor.block_mean(height, oversample)[inner]),
        shadow=np.ascontiguousarray(sensor.block_mean(shade, oversample)[inner] > 0.5),
    )
