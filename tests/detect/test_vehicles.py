"""Vehicles are proposed where they stand, turned as they are, with an honest count."""

import dataclasses
import math

import cv2
import numpy as np
import pytest

from imgcheck import detect, scene
from imgcheck.detect import centres, shipped, vehicle_search
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
        scene.Vehicle(
            x_m=15 + 20 * k,
            y_m=30,
            heading_deg=h,
            length_m=4.6,
            width_m=2.0,
            body="saloon",
            color=(0.03, 0.03, 0.04),
        )
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


def test_heading_and_size_are_those_of_the_car(parade: scene.Rendering) -> None:
    found = detect.vehicles(parade.rgb, gsd=0.3)
    turns, sizes = [], []
    for car in parade.truth.of("vehicle"):
        for p in found.proposals:
            if math.hypot(p.cx - car.x_px, p.cy - car.y_px) * 0.3 < 1.5:
                gap = abs(p.heading - car.heading_deg) % 180
                turns.append(min(gap, 180 - gap))
                sizes.append((p.length * 0.3 / 4.6, p.width * 0.3 / 2.0))
                low_high = p.measures["length_m"].interval
                assert low_high is not None and low_high.low < 4.6 < low_high.high
    assert len(turns) >= 4 and np.median(turns) <= 6
    assert np.allclose(np.median(sizes, axis=0), 1, atol=0.2)
    assert all(0 <= p.heading < 180 for p in found.proposals)


def test_p_names_its_calibration_and_is_unknown_beyond_the_calibrated_sharpness(
    parade: scene.Rendering,
) -> None:
    inside = detect.vehicles(parade.rgb, gsd=0.3)
    assert all(p.p is not None and 0 < p.p < 1 and p.calibration for p in inside.proposals)
    # The same pixels at a stated 1.1 m: beyond what was measured.
    beyond = detect.vehicles(parade.rgb, gsd=1.1)
    assert beyond.calibration is None and beyond.reason
    assert all(p.p is None for p in beyond.proposals)
    number = detect.count(beyond)
    assert number.median is None and number.high is None and number.low == 0


def test_a_coarse_picture_is_answered_with_the_scale_that_is_needed() -> None:
    found = detect.vehicles(np.zeros((50, 50, 3), np.uint8), gsd=5.0)
    assert found.searched_m is None and "1.2 m" in found.reason
    assert detect.count(found).high is None


def test_even_ground_gives_no_vehicle_but_no_certain_zero() -> None:
    found = detect.vehicles(np.full((200, 200, 3), 120, np.uint8), gsd=0.3)
    number = detect.count(found)
    assert found.proposals == ()
    assert number.low == 0 and (number.high is None or number.high >= 1)


def test_the_count_covers_the_truth_and_grows_with_the_level(parade: scene.Rendering) -> None:
    found = detect.vehicles(parade.rgb, gsd=0.3)
    wide = detect.count(found, level=0.9)
    narrow = detect.count(found, level=0.5)
    assert wide.high is not None and narrow.high is not None
    assert wide.low <= 5 <= wide.high
    assert wide.high - wide.low > narrow.high - narrow.low
    assert detect.count(found) == detect.count(found)


def test_the_number_of_craters_is_not_bounded_even_from_below() -> None:
    rng = np.random.default_rng(1)
    found = detect.craters(rng.random((200, 200)), gsd=0.5)
    assert found.calibration is not None
    for counted in (detect.count(found), detect.count(found, recall=Interval(low=0.6, high=0.9))):
        assert (counted.median, counted.low, counted.high) == (None, 0, None)
        assert counted.reason and counted.calibration is None


def test_vehicles_on_unusable_ground_are_not_proposed(parade: scene.Rendering) -> None:
    valid = np.ones(parade.rgb.shape[:2], bool)
    valid[:, 150:] = False
    found = detect.vehicles(parade.rgb, gsd=0.3, valid=valid)
    assert all(p.cx < 155 for p in found.proposals)


@pytest.mark.parametrize("factor", [1, 2, 4])
def test_an_enlarged_picture_has_the_sharpness_of_the_original(
    parade: scene.Rendering, factor: int
) -> None:
    large = cv2.resize(
        parade.rgb, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC
    ).astype(np.float32) / 255  # fmt: skip
    usable = np.ones(large.shape[:2], bool)
    effective = vehicle_search.effective_gsd(large, usable, gsd=0.3 / factor)
    assert effective == pytest.approx(0.3, rel=0.35)


def test_parts_of_a_large_picture_are_three_a_side() -> None:
    assert vehicle_search._parts(1008) == [slice(0, 1008)]
    starts = [part.start for part in vehicle_search._parts(3000)]
    assert starts == [0, 1332, 2664]


@pytest.mark.parametrize("window", [64, 128, 256])
def test_windows_give_the_maps_of_the_whole_picture(window: int) -> None:
    rng = np.random.default_rng(4)
    picture = rng.random((300, 410, 3)).astype(np.float32)
    net = centres.read("vehicles.onnx")
    whole = centres.run(net, picture, window=4096)
    parts = centres.run(net, picture, window=window)
    assert whole.shape == parts.shape == (7, 150, 205)
    assert np.abs(whole - parts).max() < 1e-4


class Slopes:
    """A network whose maps turn with the picture: brightness, its slope, and the way it points."""

    def setInput(self, blob: np.ndarray) -> None:
        self.blob = blob

    def forward(self) -> np.ndarray:
        rows, columns = self.blob.shape[2:]
        cells = self.blob[0].mean(axis=0).reshape(rows // 2, 2, columns // 2, 2).mean(axis=(1, 3))
        down, right = np.gradient(cells)
        maps = np.zeros((1, 7, *cells.shape), np.float32)
        maps[0, :3] = cells, right, down
        maps[0, 3:5] = cells  # sizes
        maps[0, 5:] = -2 * right * down, down**2 - right**2
        return maps


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_a_turned_or_mirrored_view_gives_the_maps_of_the_picture(
    quarters: int, mirrored: bool
) -> None:
    part = np.random.default_rng(0).random((64, 96, 3)).astype(np.float32)
    plain = Slopes()
    plain.setInput(part.transpose(2, 0, 1)[None])
    maps = centres._seen(Slopes(), part, quarters, mirrored)  # type: ignore[arg-type]
    np.testing.assert_allclose(maps, plain.forward()[0], atol=1e-6)
    assert (0, False) in centres.VIEWS and len(set(centres.VIEWS)) == len(centres.VIEWS)


def test_a_peak_is_read_as_centre_size_and_heading() -> None:
    maps = np.zeros((7, 20, 30), np.float32)
    maps[0] = -9
    maps[0, 8, 11], maps[0, 8, 12], maps[0, 15, 3] = 2.0, 1.0, -1.0
    maps[1:, 8, 11] = (0.25, -0.5, math.log(5.0), math.log(2.0), 0.0, -1.0)
    found = centres.boxes(maps, floor=-0.5)
    assert found.heat.tolist() == [2.0]
    assert (found.x[0], found.y[0]) == pytest.approx((23.5, 16.0))
    assert (found.length[0], found.width[0]) == pytest.approx((5.0, 2.0))
    assert found.heading[0] == pytest.approx(90.0)
    assert len(centres.boxes(maps, floor=-1.0).heat) == 2


def test_cars_side_by_side_both_stay_and_a_double_goes() -> None:
    one = np.ones(3)
    found = centres.Boxes(
        x=np.array([50.0, 50.0, 54.0]), y=np.array([50.0, 59.0, 50.0]), length=4.5 * one,
        width=2 * one, heading=90 * one, heat=np.array([3.0, 2.0, 1.0]),
    )  # fmt: skip
    assert centres.best_boxes(found, gsd=0.25).tolist() == [0, 1]


def test_the_network_of_the_package_is_the_calibrated_one() -> None:
    import hashlib
    import json
    from importlib import resources

    folder = resources.files("imgcheck.detect") / "models"
    weights = (folder / "vehicles.onnx").read_bytes()
    origin = json.loads((folder / "vehicles.json").read_text("utf-8"))["origin"]
    assert hashlib.sha256(weights).hexdigest() == origin["weights_sha256"]
    assert len(weights) <= 1_500_000


def test_odds_fall_with_a_lower_score_and_count_each_octave() -> None:
    model = shipped.vehicle_model()
    high, low = model.odds(np.array([2.0, 0.0]), effective=0.25)
    assert high - low == pytest.approx(2 * model.slope)
    coarse = model.odds(np.array([2.0]), effective=0.5)[0]
    assert coarse - high == pytest.approx(model.coarser)
    assert model.odds(np.array([2.0]), effective=0.1)[0] == high


@pytest.mark.parametrize("shape", [(1, 1, 3), (3, 700, 3), (700, 3), (2, 2)])
def test_tiny_pictures_are_searched_without_harm(shape: tuple[int, ...]) -> None:
    assert detect.vehicles(np.zeros(shape, np.uint8), gsd=0.3).proposals == ()


def test_a_length_that_the_network_does_not_know_is_refused() -> None:
    for wrong in ((9.0, 3.5), (30.0, 60.0), (0.0, -1.0)):
        with pytest.raises(UsageError, match="length_m"):
            detect.vehicles(np.zeros((9, 9, 3), np.uint8), gsd=0.3, length_m=wrong)


@pytest.mark.data
def test_cars_of_a_street_are_found(data_dir) -> None:  # type: ignore[no-untyped-def]
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
    assert len(inside) >= 30 and np.mean(inside) > 0.65
    number = detect.count(found)
    assert number.high is not None and number.low <= len(boxes) <= number.high


def test_a_caption_bar_holds_no_vehicles(
    parade: scene.Rendering, monkeypatch: pytest.MonkeyPatch
) -> None:
    from PIL import Image as Pillow
    from PIL import ImageDraw

    # At the threshold of the package letters are no vehicles anyway.
    low = dataclasses.replace(shipped.vehicle_model(), threshold=-2.0)
    monkeypatch.setattr(shipped, "vehicle_model", lambda: low)
    posted = Pillow.fromarray(np.vstack([parade.rgb, np.zeros((60, parade.rgb.shape[1], 3))
                                         .astype(np.uint8)]))  # fmt: skip
    draw = ImageDraw.Draw(posted)
    for row in range(3):
        draw.text((6, 200 + 18 * row), "MINISTRY OF DEFENCE 12 HUMMERS 10:32 " * 3, fill="white")
    rgb = np.asarray(posted)
    everywhere = detect.vehicles(rgb, gsd=0.3, valid=np.ones(rgb.shape[:2], bool))
    assert any(p.cy > 200 for p in everywhere.proposals)  # what the bar looks like unmasked
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
