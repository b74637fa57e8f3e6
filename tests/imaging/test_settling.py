"""Two pictures are settled on each other from the shifts of their blocks."""

import numpy as np
import pytest

from imgcheck.imaging import agreement, transforms
from imgcheck.imaging.blocks import Blocks


def _blocks(matrix, *, noise=0.0, wild=0, count=150, seed=5):
    rng = np.random.default_rng(seed)
    centres = rng.uniform(0, 500, (count, 2))
    shifts = transforms.apply(matrix, centres) - centres + rng.normal(0, noise, (count, 2))
    shifts[:wild] = rng.uniform(-3, 3, (wild, 2))
    return Blocks(
        centres=centres,
        correlations=np.full(count, 0.95),
        shifts=shifts,
        contrasts=np.ones(count),
        inverted=False,
    )


@pytest.fixture
def matrix():
    return np.array([[1.002, -0.001, 0.6], [0.0015, 0.999, -0.4], [1e-6, -2e-6, 1.0]])


def test_a_small_projective_map_is_found_among_wild_shifts(matrix):
    settled = agreement.settle(_blocks(matrix, noise=0.02, wild=30))
    ring = transforms.corners((500, 500))
    gap = transforms.apply(settled.matrix, ring) - transforms.apply(matrix, ring)
    assert np.abs(gap).max() < 0.1
    assert settled.shift_px < 0.06


def test_what_no_map_explains_is_left(matrix):
    assert agreement.settle(_blocks(matrix, noise=0.5)).shift_px > 0.4


def test_too_few_blocks_correct_nothing(matrix):
    settled = agreement.settle(_blocks(matrix, count=11))
    assert settled.shift_px is None
    assert np.array_equal(settled.matrix, np.eye(3))


def test_the_distortion_of_a_lens_is_no_residual_shift(matrix):
    blocks = _blocks(matrix, noise=0.02)
    away = (blocks.centres - 250) / 250
    blocks.shifts[:] += 0.8 * away * (away**2).sum(axis=1)[:, None]
    assert agreement.settle(blocks).shift_px < 0.06
