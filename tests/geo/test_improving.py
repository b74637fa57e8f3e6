"""A transform found by other means is registered anew by patches."""

import numpy as np
import pytest

from imgcheck.geo import structural
from imgcheck.imaging import transforms
from imgcheck.imaging.registration import NotRegistered, Registered
from tests.imaging.ground import ground, view


@pytest.fixture(scope="module")
def shown():
    return ground((360, 400), seed=12, blocks=140)


@pytest.fixture(scope="module")
def pyramid(shown):
    return structural.Pyramid(shown)


def moved(truth, px):
    return np.array([[1, 0, px], [0, 1, -px], [0, 0, 1.0]]) @ truth


@pytest.mark.slow
@pytest.mark.parametrize("px", [1.0, 9.0], ids=["near", "far"])
def test_a_shifted_transform_is_put_right_and_explains_more(shown, pyramid, px):
    picture, truth = view(shown, size=220, angle=30)
    found = structural.improve(1 - picture, pyramid, moved(truth, px))
    assert found is not None and isinstance(found.registration, Registered)
    ring = transforms.corners(picture.shape)
    gap = transforms.apply(found.registration.matrix, ring) - transforms.apply(truth, ring)
    assert np.hypot(*gap.T).max() < 0.5
    assert found.explained > 0.9 and found.log10_tail < -20
    assert (found.explained_before > 0.5) == (px < 2)


@pytest.mark.slow
def test_other_ground_is_not_confirmed(pyramid):
    other = ground((360, 400), seed=13, blocks=140)
    picture, truth = view(other, size=220, angle=30)
    found = structural.improve(picture, pyramid, truth)
    assert found is None or found.log10_tail > -6 or isinstance(found.registration, NotRegistered)


def test_outside_of_the_reference_nothing_is_found(shown, pyramid):
    picture, truth = view(shown, size=220, angle=30)
    assert structural.improve(picture, pyramid, moved(truth, 5000.0)) is None
