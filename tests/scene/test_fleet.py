"""Kinds of vehicles, how they stand, and real pictures as ground."""

import itertools
import math

import numpy as np
import pytest

from imgcheck import scene


def plot(**things) -> scene.Scene:
    """Return an even plot of 40 x 40 m."""
    ground = scene.Terrain(seed=1, relief_m=0, microrelief_m=0, texture=0, wadi_m=0,
                           shrubs_per_ha=0)  # fmt: skip
    return scene.Scene(width_m=40, height_m=40, terrain=ground, **things)


@pytest.mark.parametrize("body", sorted(scene.BODIES))
def test_each_kind_has_a_size_that_occurs_and_covers_its_box(body):
    rng = np.random.default_rng(5)
    kind = scene.BODIES[body]
    vehicle = scene.random_vehicle(rng, body=body, x_m=20, y_m=20, heading_deg=30)
    assert kind.length_m[0] <= vehicle.length_m <= kind.length_m[1]
    assert kind.width_m[0] <= vehicle.width_m <= kind.width_m[1]
    result = scene.render(
        plot(vehicles=(vehicle,)), gsd=0.25, sun_elevation_deg=45, sun_azimuth_deg=90, seed=1
    )
    covered = (result.height > 0.15 * vehicle.height_m).sum() * 0.25**2
    assert covered == pytest.approx(vehicle.length_m * vehicle.width_m, rel=0.25)
    assert result.height.max() == pytest.approx(vehicle.height_m, rel=0.2)


def test_at_least_twelve_kinds_of_five_to_fourteen_metres():
    assert len(scene.BODIES) >= 12
    lengths = [kind.length_m for kind in scene.BODIES.values()]
    assert min(low for low, _ in lengths) <= 4 and max(high for _, high in lengths) >= 14


@pytest.mark.parametrize("side_by_side", [True, False])
def test_vehicles_of_a_formation_stand_close_and_do_not_overlap(side_by_side):
    rng = np.random.default_rng(3)
    row = scene.formation(
        rng, bodies=["saloon", "van"], at=(5, 20), count=6, heading_deg=40,
        side_by_side=side_by_side,
    )  # fmt: skip
    for one, two in itertools.pairwise(row):
        apart = math.hypot(one.x_m - two.x_m, one.y_m - two.y_m)
        sizes = [v.width_m if side_by_side else v.length_m for v in (one, two)]
        assert sum(sizes) / 2 < apart < sum(sizes) / 2 + 2.5


def test_a_real_picture_as_ground_looks_as_before_and_a_vehicle_shades_it():
    rng = np.random.default_rng(1)
    coarse = rng.integers(60, 180, (8, 8, 3)).astype(np.float32)
    picture = np.kron(coarse, np.ones((20, 20, 1), np.float32)).astype(np.uint8)
    ground = scene.Backdrop(rgb=picture, gsd=0.25)
    options = {"gsd": 0.25, "sun_elevation_deg": 40, "sun_azimuth_deg": 180, "seed": 1,
               "haze": 0, "noise": 0, "blur_px": 0}  # fmt: skip
    empty = scene.render(scene.Scene(width_m=40, height_m=40, terrain=ground), **options)
    gap = np.abs(empty.rgb.astype(int) - picture)
    assert np.median(gap) <= 2 and np.quantile(gap, 0.9) <= 6
    lorry = scene.Vehicle(x_m=20, y_m=20, length_m=8, width_m=2.5, height_m=3, heading_deg=90,
                          body="lorry 4x4")  # fmt: skip
    plan = scene.Scene(width_m=40, height_m=40, terrain=ground, vehicles=(lorry,))
    result = scene.render(plan, **options)
    # The sun stands in the south: the shadow lies north of the vehicle, 3.6 m long.
    north = result.rgb[66:72, 70:90].mean() / picture[66:72, 70:90].mean()
    south = result.rgb[92:98, 70:90].mean() / picture[92:98, 70:90].mean()
    assert north < 0.75 and south == pytest.approx(1, abs=0.06)


def test_the_same_seed_draws_the_same_vehicle():
    pair = [
        scene.random_vehicle(np.random.default_rng(9), body="van", x_m=1, y_m=2, heading_deg=3)
        for _ in range(2)
    ]
    assert pair[0] == pair[1]
