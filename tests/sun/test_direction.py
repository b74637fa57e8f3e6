"""The direction of shadows from the picture alone, or an honest refusal."""

import cv2
import numpy as np
import pytest

from imgcheck import sun
from imgcheck.scene import light
from imgcheck.sun.direction import BINS, features


def wood(seed: int) -> np.ndarray:
    """Heights of a dense wood: overlapping round crowns."""
    rng = np.random.default_rng(seed)
    rows, cols = np.mgrid[:260, :260]
    height = np.zeros((260, 260), np.float32)
    for _ in range(300):
        x, y, wide, high = *rng.uniform(0, 260, 2), rng.uniform(4, 9), rng.uniform(5, 12)
        crown = high * np.sqrt(np.maximum(0, 1 - ((cols - x) ** 2 + (rows - y) ** 2) / wide**2))
        height = np.maximum(height, crown.astype(np.float32))
    return height


def lit(height: np.ndarray, azimuth: float, elevation: float) -> np.ndarray:
    rng = np.random.default_rng(1)
    at = {"step_m": 1.0, "elevation_deg": elevation, "azimuth_deg": azimuth}
    shade = light.cast_shadows(height, **at)
    direct = light.slope_light(height, np.zeros_like(height), **at)
    seen = light.irradiance(np.minimum(direct, 3), shade, sky_share=0.25).mean(axis=-1)
    seen = cv2.GaussianBlur(seen, (0, 0), 0.7) * 0.3
    return (seen + rng.normal(0, 0.005, seen.shape)).clip(0, 1).astype(np.float32)


@pytest.mark.parametrize("azimuth", [20.0, 161.0, 275.0])
def test_direction_in_a_wood_is_found_within_its_error(azimuth: float) -> None:
    found = sun.shadow_direction(lit(wood(3), azimuth, 35.0))
    assert isinstance(found, sun.ShadowDirection), found
    off = (found.shadow_deg - azimuth - 180 + 180) % 360 - 180
    assert found.sign_known
    assert abs(off) < 3 * found.sigma_deg


def test_turned_pictures_give_turned_answers() -> None:
    picture = lit(wood(4), 70.0, 30.0)
    first = sun.shadow_direction(picture)
    turned = sun.shadow_direction(np.ascontiguousarray(np.rot90(picture)))
    assert isinstance(first, sun.ShadowDirection) and isinstance(turned, sun.ShadowDirection)
    assert abs((first.shadow_deg - 90 - turned.shadow_deg + 180) % 360 - 180) < 0.5


def test_traits_of_a_turned_picture_move_by_the_same_angle() -> None:
    picture = lit(wood(5), 200.0, 40.0)
    whole = np.ones(picture.shape, bool)
    here = features(picture, whole)
    turned = features(np.ascontiguousarray(np.rot90(picture)), whole)
    moved = np.roll(here, -BINS // 4, axis=0)
    assert np.median(np.abs(turned - moved)) < 0.05 * np.median(np.abs(moved)) + 1e-3


def test_noise_and_smooth_ground_are_refused_with_a_reason() -> None:
    rng = np.random.default_rng(5)
    noise = rng.uniform(0, 1, (300, 300)).astype(np.float32)
    blobs = cv2.GaussianBlur(noise, (0, 0), 3)
    for picture in (noise, blobs, np.full((300, 300), 0.5, np.float32)):
        found = sun.shadow_direction(picture)
        assert isinstance(found, sun.NoDirection) and found.reason


def test_a_wood_under_a_dull_sky_is_refused() -> None:
    rng = np.random.default_rng(6)
    height = wood(6)
    albedo = 0.3 + 0.02 * height + rng.normal(0, 0.01, height.shape)
    found = sun.shadow_direction(albedo.clip(0, 1).astype(np.float32))
    assert isinstance(found, sun.NoDirection) and found.reason


def test_a_small_or_covered_picture_is_refused() -> None:
    assert "smaller" in sun.shadow_direction(np.zeros((50, 400), np.float32)).reason
    covered = sun.shadow_direction(
        np.zeros((300, 300), np.float32), valid=np.zeros((300, 300), bool)
    )
    assert "usable" in covered.reason


def test_values_that_are_no_numbers_do_not_raise() -> None:
    picture = np.full((200, 200), np.nan, np.float32)
    assert isinstance(sun.shadow_direction(picture), sun.NoDirection)
