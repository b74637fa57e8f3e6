"""Planted craters: light from the right side, strength by look, soil over the ground."""

from dataclasses import replace

import numpy as np
import pytest

from imgcheck.detect import injection

SIDE = 121


def planted(look: injection.Look, ground: np.ndarray | None = None) -> np.ndarray:
    picture = np.full((SIDE, SIDE), 0.4, np.float32) if ground is None else ground.copy()
    change = injection.render(look, rng=np.random.default_rng(1), blur_px=0.6)
    injection.plant(picture, change, SIDE // 2, SIDE // 2)
    return picture


def drawn(name: str, seed: int = 2, **changed: float) -> injection.Look:
    rng = np.random.default_rng(seed)
    look = injection.random_look(rng, name, diameter_px=30, sun_azimuth_deg=90)
    return replace(look, **changed)


@pytest.mark.parametrize("name", injection.LOOKS)
@pytest.mark.parametrize("seed", range(3))
def test_the_wall_towards_the_sun_lies_in_shade(name: str, seed: int) -> None:
    picture = planted(drawn(name, seed, bare=0.0, ejecta=0.0))
    middle = picture[SIDE // 2 - 4 : SIDE // 2 + 5]
    right, left = middle[:, 62:74].mean(), middle[:, 47:59].mean()
    assert right < left - 0.01
    # Far from the crater the picture is as it was.
    assert picture[0, 0] == np.float32(0.4) and picture[60, 2] == np.float32(0.4)


@pytest.mark.parametrize("family", ["relief", "drawn"])
def test_strong_walls_have_more_contrast_than_faint_ones(family: str) -> None:
    def contrast(strength: str) -> float:
        looks = [drawn(f"{family}, {strength}", s, bare=0.0, ejecta=0.0) for s in range(8)]
        return float(np.mean([planted(look).std() for look in looks]))

    assert contrast("strong") > 1.3 * contrast("faint")


def test_thrown_soil_hides_the_texture_of_the_ground() -> None:
    noise = 0.4 + 0.1 * np.random.default_rng(3).standard_normal((SIDE, SIDE)).astype(np.float32)
    look = drawn("drawn, faint", ejecta=0.0, speckle=0.0, shade=1.0, light=1.0, floor=1.0)
    ring = np.s_[SIDE // 2 - 3 : SIDE // 2 + 4, 82:88]
    open_ground = planted(replace(look, bare=0.0), noise)
    covered = planted(replace(look, bare=1.0), noise)
    assert np.allclose(open_ground, np.clip(noise, 0, 1), atol=1e-3)
    assert covered[ring].std() < 0.5 * open_ground[ring].std()


def test_a_dark_floor_and_water_change_the_inside_only() -> None:
    look = drawn("relief, faint", bare=0.0, ejecta=0.0, floor=1.0, rim=0.1)
    dark = planted(replace(look, floor=0.5))
    plain = planted(look)
    assert dark[60, 60] < 0.85 * plain[60, 60]
    assert np.allclose(dark[60, 82:], plain[60, 82:], atol=1e-3)
    wet = planted(replace(look, water=0.5, water_tone=0.3))
    assert abs(wet[60, 60] - 0.4 * 0.3 ** (1 / 2.2)) < 0.01


def test_a_worn_crater_has_less_contrast() -> None:
    look = drawn("relief, strong", bare=0.0, ejecta=0.0)
    assert planted(replace(look, worn=0.3)).std() < 0.9 * planted(look).std()


def test_a_crater_at_the_border_is_cut_off() -> None:
    picture = np.full((40, 40), 0.4, np.float32)
    change = injection.render(drawn("drawn, strong"), rng=np.random.default_rng(1), blur_px=0.6)
    injection.plant(picture, change, 0, 39)
    assert picture.shape == (40, 40) and picture[39, 0] != np.float32(0.4)
