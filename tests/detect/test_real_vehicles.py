"""Real vehicles are cut out upright, and pasted where and as they should stand."""

import itertools
import math

import cv2
import numpy as np
import pytest

from imgcheck import scene
from training import real_vehicles, vehicle_scenes

RED = np.array([200, 30, 20])


def painted(heading: float) -> np.ndarray:
    """Draw a red rectangle of 60 x 24 pixels on gray, and a white bar across its front."""
    picture = np.full((160, 200, 3), 90, np.uint8)
    turn = math.radians(heading)
    ahead = np.array([math.sin(turn), -math.cos(turn)])
    for middle, size, tone in (
        (np.array([100.0, 80.0]), (24, 60), RED.tolist()),
        (np.array([100.0, 80.0]) + 26 * ahead, (24, 8), (255, 255, 255)),
    ):
        corners = cv2.boxPoints(((float(middle[0]), float(middle[1])), size, heading))
        cv2.fillPoly(picture, [np.round(corners).astype(np.int32)], tone)
    return picture


@pytest.mark.parametrize("heading", [0.0, 35.0, 90.0, 200.0])
def test_a_vehicle_is_cut_out_pointing_up(heading: float) -> None:
    car = real_vehicles.cut_out(painted(heading), (100, 80), 60, 24, heading, gsd=0.075)
    assert (car.length_m, car.width_m) == pytest.approx((4.5, 1.8))
    high, wide = car.opacity.shape
    body, front = car.rgb[high // 2, wide // 2], car.rgb[high // 2 - 19, wide // 2]
    assert np.abs(body - RED).max() < 25 and front.min() > 200
    assert car.opacity[high // 2, wide // 2] > 0.95 and car.opacity[0].max() < 0.1


@pytest.mark.parametrize("heading", [0.0, 60.0, 270.0])
def test_a_vehicle_is_pasted_at_its_place_with_its_heading(heading: float) -> None:
    car = real_vehicles.cut_out(painted(20.0), (100, 80), 60, 24, 20.0, gsd=0.075)
    ground = np.full((128, 128, 3), 120, np.float32)
    tile = real_vehicles.paste(ground, car, at=(70, 50), heading_deg=heading, scale=1.0, gsd=0.25,
                               rng=np.random.default_rng(0))  # fmt: skip
    redness = np.clip(tile[..., 0] - tile[..., 1], 0, None)
    y, x = np.mgrid[0:128, 0:128] + 0.5
    weight = redness / redness.sum()
    turn = math.radians(heading)
    # The bar at the front is white, so the red lies 0.4 m behind the middle.
    behind = np.array([-math.sin(turn), math.cos(turn)]) * 0.3 / 0.25
    assert (float((x * weight).sum()), float((y * weight).sum())) == pytest.approx(
        (70 + behind[0], 50 + behind[1]), abs=1.0
    )
    long = (x - 70) * math.sin(turn) - (y - 50) * math.cos(turn)
    across = (x - 70) * math.cos(turn) + (y - 50) * math.sin(turn)
    assert (long**2 * weight).sum() > 3 * (across**2 * weight).sum()
    assert ground.min() == ground.max() == 120


def test_the_rows_of_a_yard_stand_apart_and_close() -> None:
    for seed in range(5):
        placed, pad = vehicle_scenes._yard(np.random.default_rng(seed))
        kept = vehicle_scenes._apart(placed, [])
        assert len(kept) > 0.4 * sum(-3 < v.x_m < 67 and -3 < v.y_m < 67 for v in placed)
        assert 20 <= pad.width_m <= 60
        gaps = [math.hypot(a.x_m - b.x_m, a.y_m - b.y_m) for a, b in itertools.pairwise(placed)]
        assert np.median(gaps) < 5


def test_scenes_say_whether_their_ground_is_a_street() -> None:
    grounds = object.__new__(vehicle_scenes.Grounds)
    grounds.empty = []
    grounds.streets = [(np.full((900, 900, 3), 90, np.uint8), np.zeros((0, 5)))]
    rng = np.random.default_rng(1)
    rgb, boxes, street = vehicle_scenes.picture(rng, grounds, kinds=(0, 0, 1))
    assert street and rgb.shape == (256, 256, 3) and boxes.shape[1] == 5
    assert not vehicle_scenes.picture(rng, grounds, kinds=(1, 0, 0), yards=1.0)[2]
    assert scene.BODIES
