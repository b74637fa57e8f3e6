"""Exactly known ground, sampled at pixel centres: registration has no bias of half a pixel."""

import numpy as np
import pytest

from imgcheck.imaging import registration, transforms

_SIDE = 300
# Point spread of both cameras, in pixels of each.
_SPREAD = 0.6


def blobs(seed):
    """Draw Gaussian spots: a blurred sum of them is known without any resampling."""
    rng = np.random.default_rng(seed)
    count = 1800
    return np.stack([
        *rng.uniform(-10, _SIDE + 10, (2, count)),
        np.exp(rng.uniform(np.log(0.6), np.log(10), count)),
        rng.normal(0, 1, count),
    ], axis=1)  # fmt: skip


def seen(spots, matrix, size):
    """Give the picture that a camera takes: the value at each pixel's centre, in closed form."""
    scale = transforms.scale(matrix, (size, size))
    bright = np.zeros((size, size))
    centres = transforms.apply(np.linalg.inv(matrix), spots[:, :2])
    for (x, y), (_, _, sigma, height) in zip(centres, spots, strict=True):
        wide = np.hypot(sigma / scale, _SPREAD)
        reach = 4 * wide + 1
        left, right = (int(np.clip(v, 0, size)) for v in (x - reach, x + reach))
        top, bottom = (int(np.clip(v, 0, size)) for v in (y - reach, y + reach))
        across = np.exp(-0.5 * ((np.arange(left, right) + 0.5 - x) / wide) ** 2)
        down = np.exp(-0.5 * ((np.arange(top, bottom) + 0.5 - y) / wide) ** 2)
        share = (sigma / scale / wide) ** 2
        bright[top:bottom, left:right] += height * share * down[:, None] * across
    return np.asarray(np.round(np.clip(0.5 + 0.12 * bright, 0, 1) * 255) / 255, np.float32)


@pytest.mark.slow
@pytest.mark.parametrize("scale", [0.6, 1.0, 2.0])
@pytest.mark.parametrize("angle", [0.0, 33.0, 180.0])
def test_exactly_known_views_are_registered_without_bias(scale, angle):
    size = int(170 * scale)
    c, s = np.cos(np.radians(angle)) / scale, np.sin(np.radians(angle)) / scale
    x, y = 148.3, 152.9
    matrix = np.array([
        [c, -s, x - (c - s) * size / 2], [s, c, y - (s + c) * size / 2], [0, 0, 1.0],
    ])  # fmt: skip
    middle = np.array([[size / 2, size / 2]])
    gaps = []
    for seed in (1, 2, 3):
        spots = blobs(seed)
        found = registration.register(seen(spots, matrix, size), seen(spots, np.eye(3), _SIDE))
        assert isinstance(found, registration.Registered), found
        gaps.append(transforms.apply(found.matrix, middle)[0] - [x, y])
    # Half a pixel of either picture would be 0.25 reference pixels and more.
    assert np.abs(np.mean(gaps, axis=0)).max() < 0.05
