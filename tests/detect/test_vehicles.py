"""Vehicles are proposed where they stand, turned as they are, with an honest count."""

import dataclasses
import math

import cv2
import numpy as np
import pytest

from imgcheck import detect, scene
from imgcheck.detect import vehicle_search, vehicle_template
from imgcheck.errors import UsageError, WrongTypeError
from imgcheck.quantity import Interval

HEADINGS = (0.0, 35.0, 80.0, 120.0, 155.0)


@pytest.fixture(scope="module")
def parade() -> scene.Rendering:
    """Five dark cars on an even plain, each with another heading."""
    plain = scene.Scene(
        width_m=110,
        height_m=60,
        terrain=scene.Terrain(seed=5, texture=0.4, shrubs_per_ha=0, relief_m=0.3),
    )
    cars = tuple(
        scene.Vehicle(x_m=15 + 20 * k, y_m=30, heading_deg=h, length_m=4.6, width_m=2.0)
        for k, h in enumerate(HEADINGS)
    )
    return scene.render(
        dataclasses.replace(plain, vehicles=cars),
        gsd=0.3,
        sun_elevation_deg=50,
        sun_azimuth_deg=160,
        seed=1,
    )


def test_most_cars_of_a_parade_are_proposed_at_their_place(parade: scene.Rendering) -> None:
    found = detect.vehicles(parade.rgb, gsd=0.3)
    hits = 0
    for car in parade.truth.of("vehicle"):
        near = [
            p for p in found.proposals if math.hypot(p.cx - car.x_px, p.cy - car.y_px) * 0.3 < 1.5
        ]
        hits += bool(near)
    assert hits >= 4


def test_the_heading_is_that_of_the_long_side(parade: scene.Rendering) -> None:
    found = detect.vehicles(parade.rgb, gsd=0.3)
    errors = []
    for car in parade.truth.of("vehicle"):
        for p in found.proposals:
            if math.hypot(p.cx - car.x_px, p.cy - car.y_px) * 0.3 < 1.5:
                gap = abs(p.heading - car.heading_deg) % 180
                errors.append(min(gap, 180 - gap))
    assert len(errors) >= 4 and np.median(errors) <= 12
    assert all(0 <= p.heading < 180 for p in found.proposals)


def test_p_names_its_calibration_and_is_unknown_beyond_the_calibrated_scales(
    parade: scene.Rendering,
) -> None:
    inside = detect.vehicles(parade.rgb, gsd=0.3)
    assert all(p.p is not None and 0 < p.p < 1 and p.calibration for p in inside.proposals)
    beyond = detect.vehicles(parade.rgb, gsd=0.7)
    assert beyond.calibration is None and beyond.reason
    assert all(p.p is None for p in beyond.proposals)
    number = detect.count(beyond)
    assert number.median is None and number.high is None and number.low == 0


def test_a_coarse_picture_is_answered_with_the_scale_that_is_needed() -> None:
    found = detect.vehicles(np.zeros((50, 50, 3), np.uint8), gsd=5.0)
    assert found.searched_m is None and "0.8 m" in found.reason
    assert detect.count(found).high is None


def test_even_ground_gives_no_vehicle_but_no_certain_zero() -> None:
    found = detect.vehicles(np.full((200, 200, 3), 120, np.uint8), gsd=0.3)
    number = detect.count(found)
    assert found.proposals == ()
    assert number.low == 0 and number.high is not None and number.high >= 1


def test_the_count_covers_the_truth_and_grows_with_the_level(parade: scene.Rendering) -> None:
    found = detect.vehicles(parade.rgb, gsd=0.3)
    wide = detect.count(found, level=0.95)
    narrow = detect.count(found, level=0.5)
    assert wide.high is not None and narrow.high is not None
    assert wide.low <= 5 <= wide.high
    assert wide.high - wide.low > narrow.high - narrow.low
    assert detect.count(found) == detect.count(found)


def test_a_known_recall_makes_the_count_of_craters_an_interval() -> None:
    rng = np.random.default_rng(1)
    found = detect.craters(rng.random((200, 200)), gsd=0.5)
    assert detect.count(found).high is None
    known = detect.count(found, recall=Interval(low=0.6, high=0.9))
    assert known.high is not None


def test_vehicles_on_unusable_ground_are_not_proposed(parade: scene.Rendering) -> None:
    valid = np.ones(parade.rgb.shape[:2], bool)
    valid[:, 150:] = False
    found = detect.vehicles(parade.rgb, gsd=0.3, valid=valid)
    assert all(p.cx < 155 for p in found.proposals)


def test_a_large_picture_gives_the_same_as_its_parts(
    parade: scene.Rendering, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = detect.vehicles(parade.rgb, gsd=0.3)
    monkeypatch.setattr(vehicle_search, "WINDOW_PX", 160)
    parts = detect.vehicles(parade.rgb, gsd=0.3)
    sure = [p for p in whole.proposals if p.score > whole.threshold + 0.5]
    for p in sure:
        assert any(math.hypot(p.cx - q.cx, p.cy - q.cy) < 3 for q in parts.proposals)


@pytest.mark.parametrize("shape", [(1, 1, 3), (3, 700, 3), (700, 3), (2, 2)])
def test_tiny_pictures_are_searched_without_harm(shape: tuple[int, ...]) -> None:
    assert detect.vehicles(np.zeros(shape, np.uint8), gsd=0.3).proposals == ()


def test_a_length_that_no_template_answers_to_is_refused() -> None:
    for wrong in ((9.0, 3.5), (30.0, 60.0), (0.0, -1.0)):
        with pytest.raises(UsageError, match="length_m"):
            detect.vehicles(np.zeros((9, 9, 3), np.uint8), gsd=0.3, length_m=wrong)


def _respond(maps: np.ndarray, template: np.ndarray, heading: float) -> np.ndarray:
    """Correlate by sums of products, the slow way that needs no explanation."""
    kernel = np.tensordot(vehicle_template.unfolding(heading), template, 3).astype(np.float32)
    parts = [
        cv2.filter2D(np.ascontiguousarray(maps[..., k]), -1, kernel[..., k],
                     borderType=cv2.BORDER_REFLECT)
        for k in range(maps.shape[2])
    ]  # fmt: skip
    return np.sum(parts, axis=0)


@pytest.mark.parametrize("shape", [(41, 41), (20, 9), (300, 260), (238, 239)])
def test_responses_block_by_block_equal_plain_correlation(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    template = rng.random(vehicle_template.FOLDED).astype(np.float32)
    maps = rng.random((*shape, 7)).astype(np.float32)
    headings = (0.0, 75.0)
    got = np.full((2, *shape), np.nan, np.float32)
    for block, scores in vehicle_template.responses(maps, template, headings):
        got[:, block[0], block[1]] = scores
    for k, heading in enumerate(headings):
        np.testing.assert_allclose(got[k], _respond(maps, template, heading), rtol=1e-4)


def test_the_turned_template_answers_to_its_own_heading_most() -> None:
    rng = np.random.default_rng(0)
    template = rng.random(vehicle_template.FOLDED).astype(np.float32)
    kernel = np.tensordot(vehicle_template.unfolding(30.0), template, 3)
    maps = np.zeros((41, 41, kernel.shape[2]), np.float32)
    maps[
        20 - vehicle_template.REACH : 21 + vehicle_template.REACH,
        20 - vehicle_template.REACH : 21 + vehicle_template.REACH,
    ] = kernel
    scores = {h: _respond(maps, template, h)[20, 20] for h in (0.0, 30.0, 60.0, 120.0)}
    assert max(scores, key=scores.__getitem__) == 30.0


def test_cars_side_by_side_both_stay() -> None:
    x, y = np.array([50.0, 50.0, 51.0]), np.array([50.0, 59.0, 50.0])
    kept = vehicle_search.best_boxes(
        x, y, np.full(3, 90.0), np.full(3, 15.0), np.full(3, 6.5), np.array([3.0, 2.0, 1.0])
    )
    assert kept.tolist() == [0, 1]


@pytest.mark.data
def test_cars_of_a_street_are_found_well_above_chance(data_dir) -> None:  # type: ignore[no-untyped-def]
    import cv2
    from PIL import Image

    path = data_dir / "vehicles" / "kit_munichstreet02" / "MunichStreet02-MOS74.png"
    picture = np.asarray(Image.open(path).convert("RGB"))
    small = cv2.resize(picture, None, fx=0.118 / 0.3, fy=0.118 / 0.3, interpolation=cv2.INTER_AREA)
    lines = path.with_suffix(".txt").read_text("ascii").splitlines()
    boxes = np.array([[float(v) for v in line.split()] for line in lines])
    boxes[:, [1, 3]] *= small.shape[1]
    boxes[:, [2, 4]] *= small.shape[0]
    found = detect.vehicles(small, gsd=0.3)
    inside = [
        any(abs(p.cx - b[1]) < b[3] / 2 and abs(p.cy - b[2]) < b[4] / 2 for b in boxes)
        for p in found.proposals
    ]
    assert len(inside) >= 15 and np.mean(inside) > 0.4
    number = detect.count(found)
    assert number.high is not None and number.low <= len(boxes) <= number.high


def test_a_caption_bar_holds_no_vehicles(parade: scene.Rendering) -> None:
    from PIL import Image as Pillow
    from PIL import ImageDraw

    posted = Pillow.fromarray(np.vstack([parade.rgb, np.zeros((60, parade.rgb.shape[1], 3))
                                         .astype(np.uint8)]))  # fmt: skip
    draw = ImageDraw.Draw(posted)
    for row in range(3):
        draw.text((6, 200 + 18 * row), "MINISTRY OF DEFENCE 12 HUMMERS 10:32 " * 3, fill="white")
    rgb = np.asarray(posted)
    everywhere = detect.vehicles(rgb, gsd=0.3, valid=np.ones(rgb.shape[:2], bool))
    assert sum(p.cy > 200 for p in everywhere.proposals) >= 5  # what the bar looks like unmasked
    assert not [p for p in detect.vehicles(rgb, gsd=0.3).proposals if p.cy > 200]


@pytest.mark.parametrize("dtype", [np.uint16, np.int16, np.int64, bool, np.complex64, object])
def test_samples_of_another_type_are_refused_not_scaled(dtype: type) -> None:
    for picture in (np.ones((60, 60, 3), dtype), np.ones((60, 60), dtype)):
        with pytest.raises(WrongTypeError, match="give uint8, or float in"):
            detect.vehicles(picture, gsd=0.3)
    with pytest.raises(TypeError, match="give uint8"):
        detect.craters(np.ones((60, 60), dtype), gsd=0.3)


def test_floats_on_the_scale_of_bytes_are_refused() -> None:
    with pytest.raises(UsageError, match=r"values from 0 to 200"):
        detect.vehicles(np.linspace(0, 200, 3600).reshape(60, 60), gsd=0.3)


def test_a_mask_of_shares_is_refused() -> None:
    with pytest.raises(WrongTypeError, match="must be bool, not float64"):
        detect.vehicles(np.zeros((60, 60, 3), np.uint8), gsd=0.3, valid=np.ones((60, 60)))
