import cv2
import numpy as np
import pytest

from imgcheck.hashing import ORIENTATIONS, distance, pdq
from imgcheck.hashing.views import NAMES, filled, flat_parts, recover, strokes, table, views
from tests.hashing import copies
from tests.hashing.pictures import ground


def nearest(pixels, known):
    found = views(pixels)
    bits = {v.name: min(distance(known, h) for h in v.hashes.values()) for v in found}
    return min(bits, key=bits.get), min(bits.values()), bits["whole"]


def test_whole_picture_comes_first_with_eight_orientations():
    found = views(ground(81))
    assert (found[0].name, found[0].rectangle) == ("whole", None)
    assert tuple(found[0].hashes) == ORIENTATIONS
    assert len(found) <= 12


def test_framed_picture_is_near_its_own_hash_in_a_view():
    picture = ground(82)
    made, _ = copies.letterbox(picture, np.random.default_rng(0))
    name, bits, whole = nearest(made, pdq(picture))
    assert (name, bits <= 16, whole >= 60) == ("letterbox", True, True)


def test_pseudo_coloured_picture_is_near_its_own_hash_in_a_view():
    picture = ground(83)
    made = table("hsv")[cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)]
    name, bits, _ = nearest(copies.saved(made, 80), pdq(picture))
    assert (name, bits <= 24) == ("palette hsv", True)


@pytest.mark.parametrize("seed", [84, 85, 86, 87])
def test_drawn_strokes_are_filled_before_hashing(seed):
    picture = ground(seed, shape=(480, 640))
    drawn = copies.saved(copies.annotated(picture, np.random.default_rng(seed)), 70)
    _, bits, whole = nearest(drawn, pdq(picture))
    assert bits <= min(44, whole)


def test_white_strokes_and_a_filled_box_are_found():
    picture = np.array(ground(88, shape=(480, 640)))
    truth = np.zeros(picture.shape[:2], bool)
    truth[100:106, 80:400] = truth[300:380, 420:560] = True
    picture[100:106, 80:400] = 255
    picture[300:380, 420:560] = (20, 40, 160)
    thin, flat = strokes(picture), flat_parts(picture)
    assert thin[100:106, 80:400].mean() > 0.9
    assert flat[300:380, 420:560].mean() > 0.9
    assert (thin | flat)[~truth].mean() < 0.1


def test_filling_takes_colours_from_beside_the_mask():
    ramp = np.repeat(np.linspace(0, 255, 256)[None, :], 200, axis=0)
    picture = np.repeat(ramp[..., None], 3, axis=2).astype(np.uint8)
    mask = np.zeros(picture.shape[:2], bool)
    mask[80:120, 100:130] = True
    spoilt = picture.copy()
    spoilt[mask] = 0
    assert np.abs(filled(spoilt, mask).astype(int) - picture).max() <= 16


def test_a_picture_masked_all_over_is_left_whole():
    picture = ground(89)
    found = views(picture, drawn=np.ones(picture.shape[:2], bool))
    assert not [v for v in found if v.name.startswith("without")]


@pytest.mark.parametrize("shape", [(1, 1), (3, 500), (40, 40)])
def test_tiny_pictures_have_at_least_one_view(shape):
    pixels = np.random.default_rng(7).integers(0, 256, (*shape, 3)).astype(np.uint8)
    assert views(pixels)[0].name == "whole"


def gray_of(seed):
    return cv2.cvtColor(ground(seed, shape=(480, 640)), cv2.COLOR_RGB2GRAY)


@pytest.mark.parametrize("name", ["jet", "turbo", "viridis", "inferno", "plasma", "magma", "hsv"])
@pytest.mark.parametrize("seed", [61, 62])
def test_scalar_is_recovered_from_a_jpeg_with_halved_chroma(name, seed):
    gray = gray_of(seed)
    found = recover(copies.saved(table(name)[gray], 70))
    assert found is not None
    assert found.name == name
    assert np.median(np.abs(found.gray.astype(int) - gray)) <= 6
    assert distance(pdq(found.gray), pdq(gray)) <= 30


def test_reversed_map_gives_the_inverted_scalar():
    gray = gray_of(63)
    found = recover(table("turbo")[255 - gray])
    assert distance(pdq(found.gray), pdq(gray)) >= 226


@pytest.mark.parametrize("seed", range(64, 70))
def test_ordinary_ground_is_not_a_palette(seed):
    assert recover(ground(seed)) is None


def test_gray_and_flat_pictures_are_not_palettes():
    gray = gray_of(70)
    assert recover(np.repeat(gray[..., None], 3, axis=2)) is None
    assert recover(np.full((90, 90, 3), (0, 0, 128), np.uint8)) is None
    assert recover(np.zeros((0, 5, 3), np.uint8)) is None


def test_every_named_map_is_a_table_of_opencv():
    for name in NAMES:
        assert table(name).shape == (256, 3)
    assert np.array_equal(table("jet")[0], [0, 0, 128])


@pytest.mark.data
def test_no_local_overhead_picture_is_taken_for_a_palette(data_dir):
    from imgcheck.imaging import Image

    paths = sorted((data_dir / "overhead").glob("*/*.jpg"))[::3]
    assert [p.name for p in paths if recover(Image.open(p).rgb())] == []
