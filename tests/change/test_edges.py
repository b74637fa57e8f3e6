"""The directions of edges by which dated pictures are compared, with known directions."""

import numpy as np
import pytest

from imgcheck.change.references import _edges

SIDE = 40
KNOWN = np.ones((SIDE, SIDE), bool)


def stripes(degrees: float) -> np.ndarray:
    """Waves whose brightness rises in this direction, clockwise from the right."""
    down, right = np.mgrid[:SIDE, :SIDE]
    angle = np.radians(degrees)
    wave = np.sin((right * np.cos(angle) + down * np.sin(angle)) / 2)
    return wave[..., None].astype(np.float32)


@pytest.mark.parametrize("degrees", [0, 30, 45, 90, 150])
def test_stripes_have_their_direction(degrees: float) -> None:
    middle = _edges(stripes(degrees), KNOWN)[12:-12, 12:-12].reshape(-1, 4)
    twice, four = 2 * np.radians(degrees), 4 * np.radians(degrees)
    shown = np.array([np.cos(twice), np.sin(twice), np.cos(four), np.sin(four)])
    # An even field of edges has 1 / (1 + 0.5) of the full strength.
    np.testing.assert_allclose(middle.mean(axis=0), shown / 1.5, atol=0.03)


def test_what_is_dark_may_become_bright() -> None:
    rng = np.random.default_rng(3)
    ground = rng.normal(0, 1, (SIDE, SIDE, 2)).astype(np.float32)
    np.testing.assert_allclose(_edges(-3 * ground, KNOWN), _edges(ground, KNOWN), atol=1e-5)


def test_weak_edges_count_little_beside_strong_ones() -> None:
    ground = stripes(0)
    ground[:, SIDE // 2 :] *= 0.05
    strength = np.abs(_edges(ground, KNOWN)[..., 0])
    assert strength[:, SIDE // 2 + 8 :].max() < 0.05 < 0.5 < strength[:, : SIDE // 2 - 8].min()


def test_edges_are_pooled_over_two_pixels() -> None:
    ground = stripes(0)
    ground[:, SIDE // 2 :] = stripes(90)[:, SIDE // 2 :]
    # The direction turns over half a pool on either side; 1.5 px gives .82, 2.6 px .55.
    turning = 1.5 * _edges(ground, KNOWN)[8:-8, SIDE // 2 - 2, 0].mean()
    assert turning == pytest.approx(0.67, abs=0.06)


def test_edges_of_pixels_that_are_not_known_do_not_count() -> None:
    ground, known = stripes(0), KNOWN.copy()
    known[:, 20:] = False
    other = ground.copy()
    other[:, 21:] = 7
    np.testing.assert_array_equal(_edges(other, known)[:, :20], _edges(ground, known)[:, :20])


def test_flat_ground_has_no_direction() -> None:
    assert not _edges(np.zeros((SIDE, SIDE, 3), np.float32), KNOWN).any()
