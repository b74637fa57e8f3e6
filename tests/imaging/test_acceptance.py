"""Transforms that no view from above has are refused, each in its own words."""

import numpy as np
import pytest

from imgcheck.imaging.acceptance import odd_shape

_SHAPE = (300, 400)


def affine(a, b, c, d):
    return np.array([[a, b, 50.0], [c, d, 60.0], [0, 0, 1.0]])


@pytest.mark.parametrize(
    ("matrix", "words"),
    [
        (affine(1e-9, 0, 0, 1e-9), "scale"),
        (affine(0.05, 0, 0, 0.05), "scale"),
        (affine(20, 0, 0, 20), "scale"),
        (affine(0, 0, 0, 0), "inside out"),
        (affine(-1, 0, 0, 1), "inside out"),
        (affine(1, 3, 0, 1), "squeezes"),
        (affine(1, 0, 0, 0.1), "squeezes"),
        (affine(np.nan, 0, 0, 1), "horizon"),
        (np.array([[1, 0, 0], [0, 1, 0], [-0.004, 0, 1.0]]), "horizon"),
        (np.array([[1, 0, 0], [0, 1, 0], [0.004, 0, 1.0]]), "squeezes|tilts"),
    ],
)
def test_a_transform_that_is_no_view_from_above_is_refused(matrix, words):
    reason = odd_shape(matrix, _SHAPE)
    assert reason is not None
    assert any(word in reason for word in words.split("|"))


@pytest.mark.parametrize("turn", [0, 35, 180, 271])
@pytest.mark.parametrize("scale", [0.12, 1.0, 9.0])
def test_turned_and_scaled_views_are_not_odd(turn, scale):
    c, s = scale * np.cos(np.radians(turn)), scale * np.sin(np.radians(turn))
    assert odd_shape(affine(c, -s, s, c), _SHAPE) is None


def test_a_view_tilted_by_half_is_not_odd():
    assert odd_shape(affine(1, 0, 0, 0.5), _SHAPE) is None
