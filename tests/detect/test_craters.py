"""Craters are proposed where they are, with the light from where it comes."""

import hashlib
import json
import math

import numpy as np
import pytest

from imgcheck import detect
from imgcheck.detect import centres, crater_network, crater_search, injection, shipped
from imgcheck.errors import GridMismatchError, UsageError


def ground(seed: int, shape: tuple[int, int] = (300, 360)) -> np.ndarray:
    """Soft soil: noise with a spectrum that falls with frequency."""
    rng = np.random.default_rng(seed)
    rows, columns = shape
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(columns), np.fft.fftfreq(rows)))
    frequency[0, 0] = 1
    spectrum = np.fft.fft2(rng.standard_normal(shape)) / frequency**0.9
    spectrum[0, 0] = 0
    soil = np.real(np.fft.ifft2(spectrum))
    soil = 0.5 + 0.02 * soil / soil.std() + 0.004 * rng.standard_normal(shape)
    return np.clip(soil, 0, 1).astype(np.float32)


def dig(
    picture: np.ndarray, x: int, y: int, diameter: float, *, azimuth: float, seed: int = 3
) -> None:
    """Plant one fresh crater."""
    bowl = injection.Bowl(
        diameter_px=diameter,
        depth=0.2,
        rim=0.15,
        steepness=2.0,
        flattening=1.0,
        turn_deg=0.0,
        ejecta=0.0,
        sun_azimuth_deg=azimuth,
        sun_elevation_deg=40.0,
    )
    rng = np.random.default_rng(seed)
    injection.plant(picture, injection.render(bowl, rng=rng, blur_px=0.6), x, y)


@pytest.mark.parametrize("azimuth", [30.0, 140.0, 275.0])
def test_a_fresh_crater_is_proposed_at_its_place_and_size(azimuth: float) -> None:
    picture = ground(1)
    dig(picture, 180, 150, 24, azimuth=azimuth)
    found = detect.craters(picture, gsd=0.5, sun_azimuth_deg=azimuth)
    best = found.proposals[0]
    assert math.hypot(best.cx - 180.5, best.cy - 150.5) < 3
    assert 12 / 1.3 < best.measures["diameter_m"].value < 12 * 1.3
    assert 12.0 in best.measures["diameter_m"].interval
    assert best.state == "proposed"
    assert best.p is None and "real craters" in found.reason


def test_without_an_azimuth_the_light_is_found_from_the_crater_itself() -> None:
    picture = ground(2)
    dig(picture, 120, 100, 30, azimuth=200)
    found = detect.craters(picture, gsd=0.5)
    best = found.proposals[0]
    assert math.hypot(best.cx - 120.5, best.cy - 100.5) < 4
    gap = abs(best.measures["sun_azimuth_deg"].value - 200 + 180) % 360 - 180
    assert abs(gap) < 25
    assert found.sun_azimuth_deg is None and "azimuth of the sun is not known" in found.reason


def test_a_mound_is_no_crater_when_the_azimuth_is_known() -> None:
    picture = ground(3)
    dig(picture, 180, 150, 28, azimuth=100)
    lit_from_the_other_side = detect.craters(picture, gsd=0.5, sun_azimuth_deg=280)
    near = [p for p in lit_from_the_other_side.proposals if abs(p.cx - 180) + abs(p.cy - 150) < 20]
    assert near == []


def test_a_shadow_edge_and_bare_soil_give_no_proposal() -> None:
    picture = ground(4)
    picture[:, 180:] *= 0.5
    assert detect.craters(picture, gsd=0.5, sun_azimuth_deg=90).proposals == ()
    assert detect.craters(np.full((200, 200), 0.5), gsd=0.5, sun_azimuth_deg=90).proposals == ()


def test_the_number_of_false_proposals_to_expect_grows_with_the_picture() -> None:
    small = detect.craters(ground(5, (200, 200)), gsd=0.5, sun_azimuth_deg=90)
    large = detect.craters(ground(5, (400, 400)), gsd=0.5, sun_azimuth_deg=90)
    assert small.expected_false is not None and large.expected_false is not None
    assert large.expected_false.value == pytest.approx(4 * small.expected_false.value)


def test_a_crater_on_unusable_ground_is_not_proposed() -> None:
    picture = ground(1)
    dig(picture, 180, 150, 24, azimuth=90)
    valid = np.ones(picture.shape, bool)
    valid[120:180, 150:210] = False
    found = detect.craters(picture, gsd=0.5, sun_azimuth_deg=90, valid=valid)
    assert all(abs(p.cx - 180) > 20 or abs(p.cy - 150) > 20 for p in found.proposals)
    assert found.share_searched == pytest.approx(valid.mean())


def test_sizes_below_the_limit_of_the_picture_are_not_searched() -> None:
    found = detect.craters(ground(6), gsd=0.5, min_diameter_m=0.5)
    assert found.searched_m is not None
    assert found.searched_m[0] >= 3.0
    none = detect.craters(ground(6), gsd=0.5, max_diameter_m=2.0)
    assert none.searched_m is None and none.proposals == () and none.reason


@pytest.mark.parametrize("shape", [(1, 1), (5, 400), (7, 7)])
def test_a_picture_too_small_for_any_crater_is_answered_with_a_reason(
    shape: tuple[int, int],
) -> None:
    found = detect.craters(np.full(shape, 0.4, np.float32), gsd=0.5)
    assert found.proposals == () and found.searched_m is None and found.reason


def test_nan_pixels_are_ground_that_cannot_be_used() -> None:
    picture = ground(7)
    picture[:40] = np.nan
    found = detect.craters(picture, gsd=0.5, sun_azimuth_deg=10)
    assert found.share_searched == pytest.approx(1 - 40 / 300)


def test_input_without_meaning_is_refused_in_a_sentence() -> None:
    with pytest.raises(UsageError, match="gsd"):
        detect.craters(ground(1), gsd=0)
    with pytest.raises(UsageError, match="shape"):
        detect.craters(np.zeros((4, 4, 3)), gsd=1)
    with pytest.raises(UsageError, match="sun_azimuth_deg"):
        detect.craters(ground(1), gsd=1, sun_azimuth_deg=math.nan)
    with pytest.raises(UsageError, match="false_per_megapixel"):
        detect.craters(ground(1), gsd=1, false_per_megapixel=0)
    with pytest.raises(GridMismatchError):
        detect.craters(ground(1), gsd=1, valid=np.ones((3, 3), bool))


def test_same_picture_same_proposals() -> None:
    picture = ground(8)
    dig(picture, 90, 90, 20, azimuth=45)
    first = detect.craters(picture, gsd=0.3)
    assert first == detect.craters(picture, gsd=0.3)


def test_the_input_shows_tone_slope_towards_the_sun_and_contrast() -> None:
    flat = crater_network.planes(np.full((40, 50), 0.4, np.float32), azimuth_deg=30)
    assert flat.shape == (40, 50, 4)
    assert np.abs(flat[..., [0, 1, 3]]).max() < 1e-3 and (flat[..., 2] == 1).all()
    rises = np.tile(0.5 + 0.2 * np.sin(np.arange(200) / 6), (200, 1)).astype(np.float32)
    inner = np.s_[5:-5, 5:-5]
    for picture, azimuth, axis, sign in (
        (rises, 90, 1, 1), (rises, 270, 1, -1), (rises, 45, 1, math.sqrt(0.5)), (rises, 0, 1, 0),
        (np.ascontiguousarray(rises.T), 180, 0, 1), (np.ascontiguousarray(rises.T), 0, 0, -1),
    ):  # fmt: skip
        planes = crater_network.planes(picture, azimuth_deg=azimuth)
        slope = 2 * np.gradient(planes[..., 0], axis=axis)
        np.testing.assert_allclose(planes[..., 1][inner], sign * slope[inner], atol=1e-3)
    unknown = crater_network.planes(rises, azimuth_deg=None)
    assert (unknown[..., 1:3] == 0).all()
    assert (unknown[..., 0] == crater_network.planes(rises, azimuth_deg=10)[..., 0]).all()


def test_contrast_and_light_do_not_change_the_tone_that_is_seen() -> None:
    picture = ground(3)
    one = crater_network.planes(picture * 4 - 1.6, azimuth_deg=None)[..., 0]
    two = crater_network.planes(picture * 3.6 - 1.3, azimuth_deg=None)[..., 0]
    assert np.corrcoef(one.ravel(), two.ravel())[0, 1] > 0.999


@pytest.mark.parametrize("window", [64, 128, 256])
def test_windows_give_the_candidates_of_the_whole_picture(window: int) -> None:
    picture = ground(4, (230, 310))
    dig(picture, 90, 90, 20, azimuth=45)
    dig(picture, 210, 120, 60, azimuth=45)
    area = {"smallest_px": 6.0, "largest_px": 80.0, "azimuth_deg": 45.0}
    whole = crater_network.candidates(picture, **area, window=4096)
    parts = crater_network.candidates(picture, **area, window=window)
    assert len(whole.heat) == len(parts.heat) > 0
    assert np.abs(whole.heat - parts.heat).max() < 1e-4
    for name in ("x", "y", "diameter"):
        assert np.abs(getattr(whole, name) - getattr(parts, name)).max() < 1e-3


class OnePeak:
    """A network with one peak in the middle, of one diameter in pixels of every level."""

    def __init__(self, diameter: float) -> None:
        self.diameter = diameter

    def setInput(self, blob: np.ndarray) -> None:
        self.cells = (blob.shape[2] // 2, blob.shape[3] // 2)

    def forward(self) -> np.ndarray:
        maps = np.full((1, 4, *self.cells), -9.0, np.float32)
        maps[0, 1:3] = 0
        maps[0, 3] = math.log(self.diameter)
        # Four cells, so that turned and mirrored views have it in the same place.
        row, column = self.cells[0] // 2, self.cells[1] // 2
        maps[0, 0, row - 1 : row + 1, column - 1 : column + 1] = 1.0
        return maps


@pytest.mark.parametrize(
    ("diameter", "largest", "found"),
    [
        (5.9, 20.0, []),
        (6.1, 20.0, [6.1]),
        (20.0, 20.0, []),
        (27.0, 28.0, [27.0]),
        (29.0, 28.0, []),
        (13.5, 56.0, [13.5]),  # too small for the next level
        (27.9, 56.0, [27.9, 55.8]),
    ],
)
def test_every_size_is_read_from_the_level_that_shows_it_best(
    diameter: float, largest: float, found: list[float]
) -> None:
    picture = np.full((64, 64), 0.5, np.float32)
    net = OnePeak(diameter)
    got = crater_network.candidates(
        picture, smallest_px=1.0, largest_px=largest, azimuth_deg=None,
        net=net,  # type: ignore[arg-type]
    )  # fmt: skip
    assert sorted({round(float(d), 1) for d in got.diameter}) == found


def test_scores_count_false_proposals_of_the_size() -> None:
    model = shipped.CraterModel(
        calibration="x", tails=((0.0, 1.0, 1.0), (10.0, 0.0, 2.0)),
        false_per_megapixel=(1, 0, 2), diameter=(0.8, 1.2),
    )  # fmt: skip
    zero = np.zeros(4)
    found = crater_network.Candidates(
        x=zero, y=zero, diameter=np.array([6.0, 9.99, 10.0, 50.0]),
        heat=np.array([1.0, 3.0, 1.0, -1.0]),
    )  # fmt: skip
    assert crater_search.calibrated(found, model).tolist() == [0.0, 2.0, 2.0, -2.0]


def test_of_discs_within_one_another_the_best_stays() -> None:
    found = crater_network.Candidates(
        x=np.array([50.0, 57.9, 58.1, 90.0]), y=np.full(4, 50.0),
        diameter=np.array([20.0, 10.0, 10.0, 20.0]), heat=np.array([1.0, 2.0, 0.5, 0.2]),
    )  # fmt: skip
    every = np.ones(4, bool)
    assert crater_search.best_discs(found, found.heat, every).tolist() == [1, 3]
    every[1] = False
    assert crater_search.best_discs(found, found.heat, every).tolist() == [0, 2, 3]


def test_the_weights_of_the_package_are_small_and_the_calibrated_ones() -> None:
    weights = centres.content("craters.onnx")
    assert len(weights) <= 1_500_000
    raw = json.loads(centres.content("craters.json"))
    assert raw["origin"]["weights_sha256"] == hashlib.sha256(weights).hexdigest()
    for known in (True, False):
        model = shipped.crater_model(azimuth_known=known)
        assert len(model.tails) == 3 and all(b > 0 for _, _, b in model.tails)
        assert model.diameter[0] < 1 < model.diameter[1]
