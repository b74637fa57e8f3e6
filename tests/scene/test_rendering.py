"""The picture agrees with the plan and with the sun."""

import math
from dataclasses import replace

import numpy as np
import pytest

from imgcheck import scene
from imgcheck.errors import RefusedError, UsageError

BARE = scene.Terrain(seed=5, relief_m=0, microrelief_m=0, texture=0, wadi_m=0, shrubs_per_ha=0)
ROUGH = scene.Terrain(seed=5)


def plot(size_m: float = 60.0, **objects: object) -> scene.Scene:
    """Make a bare level square with objects."""
    return scene.Scene(width_m=size_m, height_m=size_m, terrain=BARE, **objects)


def render(plan: scene.Scene, **options: object) -> scene.Rendering:
    """Render with the usual sun, unless told otherwise."""
    usual: dict = {"gsd": 0.25, "sun_elevation_deg": 40.0, "sun_azimuth_deg": 135.0, "seed": 1}
    return scene.render(plan, **{**usual, **options})


def shadow_end(result: scene.Rendering, azimuth_deg: float) -> float:
    """Return how far the shadow mask reaches from the centre, metres, along the light."""
    gsd = result.truth.gsd
    rows, cols = np.nonzero(result.shadow)
    dx = (cols + 0.5) * gsd - 30
    dy = (rows + 0.5) * gsd - 30
    angle = math.radians(azimuth_deg)
    along = -dx * math.sin(angle) + dy * math.cos(angle)
    across = dx * math.cos(angle) + dy * math.sin(angle)
    return float(along[np.abs(across) < 0.6].max())


@pytest.mark.slow
@pytest.mark.parametrize("elevation", [20.0, 35.0, 54.0])
@pytest.mark.parametrize("azimuth", [0.0, 100.0, 147.0, 245.0, 330.0])
def test_a_shadow_is_height_over_tangent_long_and_points_away_from_the_sun(elevation, azimuth):
    # A tower turned towards the sun, so that its far wall stands across the light.
    tower = scene.Vehicle(
        x_m=30, y_m=30, length_m=2, width_m=4, height_m=5, heading_deg=azimuth, body=None
    )
    result = render(plot(vehicles=(tower,)), sun_elevation_deg=elevation, sun_azimuth_deg=azimuth)
    expected = tower.length_m / 2 + tower.height_m / math.tan(math.radians(elevation))
    # The last dark pixel's centre lies half a pixel inside.
    assert shadow_end(result, azimuth) == pytest.approx(expected - 0.125, abs=0.2)
    # Nothing lies in shadow on the side of the sun.
    assert shadow_end(result, azimuth + 180) < 1.0


def test_shadow_is_darker_by_the_share_of_the_sky():
    post = scene.Vehicle(x_m=30, y_m=30, length_m=6, width_m=6, height_m=8, body=None)
    result = render(plot(vehicles=(post,)), noise=0, haze=0, sky_share=0.25)
    value = result.rgb.astype(float).mean(axis=2) / 255
    linear = ((value + 0.055) / 1.055) ** 2.4
    inside = result.shadow.copy()
    for axis in (0, 1):
        for step in (-3, 3):
            inside &= np.roll(result.shadow, step, axis)
    rows, cols = np.nonzero(inside)
    away = np.hypot(cols - 120, rows - 120) > 26
    shade = np.median(linear[rows[away], cols[away]])
    lit = np.median(linear[:40, :40])
    assert shade / lit == pytest.approx(0.25, abs=0.05)


def test_noon_overhead_sun_throws_no_shadow():
    box = scene.Vehicle(x_m=30, y_m=30, height_m=4, body=None)
    assert not render(plot(vehicles=(box,)), sun_elevation_deg=90).shadow.any()


@pytest.mark.parametrize("azimuth", [45.0, 147.0, 270.0])
def test_the_wall_of_a_crater_that_faces_the_sun_is_the_far_one(azimuth):
    crater = scene.Crater(x_m=30, y_m=30, radius_m=6, depth_m=2, rim_m=0.5, ejecta=0)
    result = render(plot(craters=(crater,)), sun_azimuth_deg=azimuth)
    grey = result.rgb.astype(float).mean(axis=2)
    angle = math.radians(azimuth)
    reach = 0.75 * crater.radius_m

    def wall(sign: int) -> float:
        x = 30 + sign * reach * math.sin(angle)
        y = 30 - sign * reach * math.cos(angle)
        column, row = int(x / 0.25), int(y / 0.25)
        return float(grey[row - 2 : row + 3, column - 2 : column + 3].mean())

    assert wall(-1) - wall(+1) > 40


def test_crater_depth_and_rim_are_those_of_the_plan():
    crater = scene.Crater(x_m=30, y_m=30, radius_m=6, depth_m=2, rim_m=0.5)
    height = render(plot(craters=(crater,))).height
    assert height.min() == pytest.approx(-2, abs=0.12)
    assert height.max() == pytest.approx(0.5, abs=0.2)
    assert height[0, 0] == pytest.approx(0, abs=0.01)


def test_bright_ejecta_are_brighter_and_dark_ones_darker_than_the_ground():
    def ring(ejecta: float) -> float:
        crater = scene.Crater(x_m=30, y_m=30, radius_m=4, depth_m=1, rim_m=0.2, ejecta=ejecta)
        grey = render(plot(craters=(crater,))).rgb.astype(float).mean(axis=2)
        yy, xx = np.mgrid[0:240, 0:240]
        radius = np.hypot(xx - 119.5, yy - 119.5) * 0.25
        return float(grey[(radius > 4.5) & (radius < 6.5)].mean() - grey[:30, :30].mean())

    assert ring(0.4) > 8
    assert ring(-0.4) < -8


@pytest.mark.parametrize("heading", [0.0, 30.0, 90.0, 215.0])
def test_a_vehicle_lies_where_and_as_large_as_the_truth_says(heading):
    vehicle = scene.Vehicle(
        x_m=27.3, y_m=33.1, length_m=6, width_m=2.5, height_m=2, heading_deg=heading, body=None
    )
    result = render(plot(vehicles=(vehicle,)), gsd=0.2)
    (known,) = result.truth.of("vehicle")
    rows, cols = np.nonzero(result.height > 1)
    assert (cols + 0.5).mean() == pytest.approx(known.x_px, abs=0.2)
    assert (rows + 0.5).mean() == pytest.approx(known.y_px, abs=0.2)
    assert len(rows) * 0.04 == pytest.approx(6 * 2.5, rel=0.05)
    angle = math.radians(heading)
    along = (cols + 0.5 - known.x_px) * math.sin(angle) - (rows + 0.5 - known.y_px) * math.cos(
        angle
    )
    assert np.ptp(along) * 0.2 == pytest.approx(6, abs=0.4)
    # The first edge of the outline is the front.
    front = np.mean(known.corners[:2], axis=0) - [known.x_px, known.y_px]
    assert np.degrees(np.arctan2(front[0], -front[1])) % 360 == pytest.approx(heading % 360)


def test_the_windscreen_is_dark_and_in_the_front_half():
    vehicle = scene.Vehicle(x_m=30, y_m=30, heading_deg=0, color=(0.4, 0.4, 0.4))
    grey = render(plot(vehicles=(vehicle,)), gsd=0.2, sun_azimuth_deg=180).rgb.mean(axis=2)
    along = grey[138:163, 148:152].mean(axis=1)
    assert 138 + int(along.argmin()) < 150


@pytest.mark.slow
def test_same_seeds_give_the_same_bytes():
    plan = scene.arid_plain(seed=3, width_m=80, height_m=60)
    first, second = render(plan, gsd=0.5), render(plan, gsd=0.5)
    assert np.array_equal(first.rgb, second.rgb)
    assert first.truth == second.truth


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Correlate two pictures' grey values."""
    return float(np.corrcoef(a.mean(axis=2).ravel(), b.mean(axis=2).ravel())[0, 1])


@pytest.mark.slow
def test_another_acquisition_shows_the_same_ground_and_another_seed_does_not():
    plan = scene.Scene(width_m=120, height_m=90, terrain=ROUGH)
    first = render(plan, gsd=0.5).rgb
    later = render(
        plan, gsd=0.5, seed=2, sun_elevation_deg=52, sun_azimuth_deg=150, tint=(1, 0.97, 0.9)
    ).rgb
    elsewhere = render(replace(plan, terrain=replace(ROUGH, seed=6)), gsd=0.5).rgb
    assert not np.array_equal(first, later)
    assert correlation(first, later) > 0.85
    assert abs(correlation(first, elsewhere)) < 0.25


@pytest.mark.slow
def test_noise_of_the_stated_size_is_all_that_two_acquisitions_differ_by():
    plan = scene.Scene(width_m=60, height_m=60, terrain=ROUGH)
    one, two = (render(plan, seed=seed, noise=0.02).rgb.astype(float) for seed in (1, 2))
    clean = render(plan, noise=0).rgb.astype(float)
    assert abs((one - two).mean()) < 0.2
    # Coded noise = linear noise times the slope of the transfer curve.
    value = clean / 255
    linear = ((value + 0.055) / 1.055) ** 2.4
    slope = 1.055 / 2.4 * linear ** (1 / 2.4 - 1)
    expected = np.sqrt(np.mean((255 * slope * 0.02) ** 2 * (0.3 + 0.7 * linear)))
    assert (one - clean).std() == pytest.approx(expected, rel=0.1)


@pytest.mark.slow
def test_a_window_shows_the_same_ground_as_the_whole():
    plan = scene.arid_plain(seed=8, width_m=160, height_m=120)
    whole = render(plan, gsd=0.5, noise=0)
    part = render(
        plan,
        gsd=0.5,
        noise=0,
        window=scene.Window(left_m=40, top_m=20, width_m=60, height_m=50),
    )
    expected = whole.rgb[40:140, 80:200]
    assert part.rgb.shape == expected.shape
    assert np.abs(part.rgb.astype(int) - expected.astype(int)).mean() < 2.0
    assert correlation(part.rgb, expected) > 0.99


def test_another_gsd_shows_the_same_ground():
    plan = scene.Scene(width_m=100, height_m=100, terrain=ROUGH)
    fine, coarse = render(plan, gsd=0.5, noise=0).rgb, render(plan, gsd=1.0, noise=0).rgb
    small = fine.reshape(100, 2, 100, 2, 3).mean(axis=(1, 3))
    assert correlation(small, coarse) > 0.95


@pytest.mark.slow
def test_ground_has_structure_at_all_scales_for_matching():
    plan = scene.arid_plain(seed=4, width_m=200, height_m=100)
    grey = render(plan, gsd=0.5).rgb.astype(float).mean(axis=2)
    for size in (1, 2, 4, 8):
        small = grey[: 200 // size * size, :].reshape(200 // size, size, 400 // size, size)
        small = small.mean(axis=(1, 3))
        assert np.abs(np.diff(small, axis=1)).mean() > 1.0


def test_truth_marks_what_lies_outside_the_window():
    vehicles = (scene.Vehicle(x_m=10, y_m=10), scene.Vehicle(x_m=50, y_m=50))
    result = render(
        plot(vehicles=vehicles),
        window=scene.Window(left_m=0, top_m=0, width_m=30, height_m=30),
    )
    assert [item.in_view for item in result.truth.objects] == [True, False]
    assert len(result.truth.of("vehicle")) == 1


def test_a_berm_stands_as_high_as_planned_along_its_line():
    berm = scene.Berm(points=((10, 30), (50, 30)), height_m=2, width_m=6)
    height = render(plot(berms=(berm,))).height
    assert np.median(height[119:121, 60:180]) == pytest.approx(2, abs=0.15)
    assert height[60:80].max() < 0.01


@pytest.mark.parametrize(
    "wrong",
    [{"gsd": 0}, {"gsd": float("nan")}, {"sun_elevation_deg": 0}, {"oversample": 0}, {"haze": 2}],
)
def test_options_without_meaning_are_refused(wrong):
    with pytest.raises(UsageError):
        render(plot(), **wrong)


def test_a_rendering_that_would_fill_the_memory_is_refused():
    with pytest.raises(RefusedError, match="larger gsd"):
        render(plot(5000))
