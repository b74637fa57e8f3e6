import cv2
import numpy as np
import pytest

from imgcheck.hashing import distance, pdq
from imgcheck.hashing.views import NAMES, recover, table
from tests.hashing import copies
from tests.hashing.pictures import ground


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
