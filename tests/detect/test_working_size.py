"""Large pictures are searched for craters at a bounded size, and that is said."""

import math

import cv2
import numpy as np
import pytest

from imgcheck import detect
from imgcheck.detect import inputs


def test_a_picture_up_to_the_working_size_is_searched_as_it_is() -> None:
    picture = np.zeros((1000, 2000), np.float32)
    usable = np.ones(picture.shape, bool)
    assert picture.size == inputs.WORKING_PIXELS
    same = inputs.working_size(picture, usable, gsd=0.5)
    assert same.picture is picture
    assert (same.gsd, same.factor) == (0.5, (1.0, 1.0))


def test_a_larger_picture_is_shrunk_to_the_working_size_and_its_scale_follows() -> None:
    picture = np.full((2000, 4000), 0.5, np.float32)
    usable = np.ones(picture.shape, bool)
    usable[:, :3] = False
    work = inputs.working_size(picture, usable, gsd=0.5)
    assert work.picture.shape == (1000, 2000)
    assert work.factor == (2.0, 2.0)
    assert work.gsd == pytest.approx(1.0)
    # The second column holds one unusable pixel and one usable.
    assert not work.usable[:, :2].any()
    assert work.usable[:, 2:].all()


def _crater_field(side: int, *, x: float, y: float, diameter: float) -> np.ndarray:
    rng = np.random.default_rng(5)
    ground = cv2.GaussianBlur(rng.normal(0.5, 0.06, (side, side)), (0, 0), 2.0)
    rows, columns = np.mgrid[:side, :side]
    dx, dy = columns + 0.5 - x, rows + 0.5 - y
    radius = np.hypot(dx, dy) / (diameter / 2)
    slope = np.where(radius < 1, radius, 0) * dx / np.maximum(np.hypot(dx, dy), 1e-6)
    shade = cv2.GaussianBlur(0.3 * slope, (0, 0), diameter / 30)
    return np.clip(ground + shade, 0, 1).astype(np.float32)


@pytest.mark.slow
def test_proposals_of_a_large_picture_are_in_its_own_pixels_and_metres() -> None:
    picture = _crater_field(2400, x=1500.0, y=900.0, diameter=240.0)
    found = detect.craters(picture, gsd=0.1, sun_azimuth_deg=270.0)
    assert found.gsd == 0.1
    assert found.working_gsd == pytest.approx(0.1 * 2400 / math.sqrt(2e6), rel=0.001)
    assert found.searched_m is not None
    assert found.searched_m[0] >= 6 * found.working_gsd
    best = found.proposals[0]
    assert (best.cx, best.cy) == pytest.approx((1500, 900), abs=25)
    assert best.length == pytest.approx(240, rel=0.3)
    assert best.measures["diameter_m"].value == pytest.approx(24, rel=0.3)


def test_a_small_picture_has_no_reduced_resolution_to_speak_of() -> None:
    picture = _crater_field(600, x=300.0, y=300.0, diameter=60.0)
    found = detect.craters(picture, gsd=0.5, sun_azimuth_deg=270.0)
    assert found.working_gsd is None
    assert found.proposals
