"""Craters are proposed where they are, with the light from where it comes."""

import math

import numpy as np
import pytest

from imgcheck import detect
from imgcheck.detect import injection
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
    assert found.sun_azimuth_deg is None and "every azimuth" in found.reason


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
    assert found.searched_m[0] >= 4.0
    none = detect.craters(ground(6), gsd=0.5, max_diameter_m=2.0)
    assert none.searched_m is None and none.proposals == () and none.reason


@pytest.mark.parametrize("shape", [(1, 1), (5, 400), (9, 9)])
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
