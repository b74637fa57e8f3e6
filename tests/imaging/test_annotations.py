"""What was drawn is found; what was not drawn stays."""

import numpy as np
import pytest

from imgcheck import scene
from imgcheck.imaging import annotations
from imgcheck.scene.posting import decode

GROUND = scene.render(
    scene.arid_plain(seed=5, width_m=300, height_m=240),
    gsd=0.5,
    sun_elevation_deg=50,
    sun_azimuth_deg=140,
    seed=1,
)


def test_bare_ground_is_left_alone() -> None:
    found = annotations.find(GROUND.rgb)
    assert found.mean() < 0.001


@pytest.mark.parametrize("quality", [90, 60])
def test_arrows_boxes_and_bars_are_found_after_jpeg(quality: int) -> None:
    posted = scene.post(
        GROUND.rgb,
        annotations=(
            scene.Arrow(x=160, y=140),
            scene.Frame(x0=200, y0=80, x1=320, y1=160),
            scene.Caption(text="8-12 SEPTEMBER"),
        ),
        history=(scene.Save(quality=quality),),
    )
    found = annotations.find(decode(posted.data))
    drawn = posted.annotation_mask
    assert np.mean(found[drawn]) > 0.9
    assert np.mean(found[~drawn]) < 0.02


def test_vivid_all_over_is_false_colour_and_not_masked() -> None:
    rng = np.random.default_rng(20170924)
    red = np.stack(
        [rng.integers(180, 256, (200, 300)), rng.integers(0, 60, (200, 300)),
         rng.integers(0, 60, (200, 300))], -1
    ).astype(np.uint8)  # fmt: skip
    found = annotations.find(red)
    assert found.mean() < 0.01


def test_a_label_with_letters_is_found_and_a_dark_roof_is_not() -> None:
    labelled = GROUND.rgb.copy()
    labelled[50:80, 60:160] = 0
    labelled[58:72, 70:150:6] = 255
    assert annotations.find(labelled)[50:80, 60:160].all()
    roofed = GROUND.rgb.copy()
    roofed[50:80, 60:160] = 5
    assert annotations.find(roofed).mean() < 0.001


def with_label(share: float) -> np.ndarray:
    """Return ground of 480 x 600 pixels with a black label of letters over a share of it."""
    rgb = GROUND.rgb.copy()
    high = round(0.4 * rgb.shape[0])
    wide = round(share * rgb.shape[0] * rgb.shape[1] / high)
    rgb[100 : 100 + high, 60 : 60 + wide] = 0
    rgb[108 : 92 + high, 70 : 50 + wide : 6] = 255
    return rgb


@pytest.mark.parametrize(("share", "masked"), [(0.05, True), (0.14, True), (0.16, False)])
def test_a_label_takes_no_more_than_an_eighth_of_a_picture(share: float, masked: bool) -> None:
    for mask in (annotations.find, annotations.suspect):
        found = mask(with_label(share)).mean()
        assert found == pytest.approx(share, abs=0.03) if masked else found < 0.01


@pytest.mark.parametrize(("high", "share"), [(22, 0.45), (24, 0.48), (26, 0.51), (36, 0.67)])
def test_a_mask_of_more_than_half_is_dropped_and_its_share_stated(high: int, share: float) -> None:
    rng = np.random.default_rng(7)
    rgb = rng.integers(90, 150, (300, 400, 1)).astype(np.uint8).repeat(3, axis=2)
    for top in range(4, 300, 59):  # five labels, each masked with a margin of 3 pixels
        rgb[top : top + high, 10:390] = 0
        rgb[top + 6 : top + high - 6, 20:380:6] = 255
    kept = share < 0.5
    for mask in (annotations.find, annotations.suspect):
        assert mask(rgb).mean() == pytest.approx(share if kept else 0, abs=0.01)
    assert annotations.dropped(rgb) == pytest.approx(0 if kept else share, abs=0.01)


def test_what_is_less_sure_is_dropped_first() -> None:
    rng = np.random.default_rng(8)
    rgb = rng.integers(90, 150, (300, 400, 1)).astype(np.uint8).repeat(3, axis=2)
    for top in range(4, 240, 59):  # four labels, 0.36 of the picture with their margins
        rgb[top : top + 22, 10:390] = 0
        rgb[top + 6 : top + 16, 20:380:6] = 255
    sure = annotations.suspect(rgb)
    assert sure.mean() == pytest.approx(0.36, abs=0.01)
    # Reddish ground, not vivid, over another 0.2.
    tint = np.array([40, -20, -20])
    rgb[240:300] = np.clip(rgb[240:300] + tint, 0, 255).astype(np.uint8)
    assert np.array_equal(annotations.suspect(rgb), sure)
    assert annotations.dropped(rgb) == pytest.approx(0.57, abs=0.03)
