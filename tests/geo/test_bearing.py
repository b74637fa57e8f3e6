"""Lines drawn in a placed picture, on the ground."""

import math

import numpy as np
import pytest

from imgcheck import geo
from imgcheck.errors import UsageError
from imgcheck.imaging import transforms
from tests.imaging.ground import ground, jpeg, view

_UTM = (2.0, 0.0, 600_000.0, 0.0, -2.0, 3_918_000.0)


@pytest.fixture(scope="module")
def placed():
    reference = ground((520, 600), seed=31, blocks=220)
    picture, truth = view(reference, size=260, angle=30, scale=0.8, tilt=(0.15, 0.1))
    known = geo.of_arrays(reference, transform=_UTM, crs="EPSG:32637")
    found = geo.locate(jpeg(picture, quality=70), [known])
    assert isinstance(found, geo.Placed), found
    return found, truth


def convergence(found: geo.Placed) -> float:
    lon, lat = found.centre_lonlat
    return (lon - 39.0) * math.sin(math.radians(lat))


def test_direction_and_length_of_lines_are_those_on_the_ground(placed) -> None:
    found, truth = placed
    rng = np.random.default_rng(4)
    off, lengths = [], []
    for _ in range(40):
        start = rng.uniform(40, 220, 2)
        turn = rng.uniform(0, 2 * math.pi)
        end = start + 30 * np.array([math.cos(turn), math.sin(turn)])
        line = geo.bearing(found, tuple(start), tuple(end))
        dx, dy = np.diff(transforms.apply(truth, np.array([start, end])), axis=0)[0]
        expected = math.degrees(math.atan2(dx, -dy)) + convergence(found)
        apart = (line.azimuth_deg - expected + 180) % 360 - 180
        off.append(apart / math.hypot(line.azimuth_sigma_deg, 0.1))
        assert line.azimuth_sigma_deg < 1
        lengths.append(line.length_m / (2 * math.hypot(dx, dy)))
    assert np.sqrt(np.mean(np.square(off))) < 2
    assert np.allclose(lengths, 1, atol=0.02)


def test_a_line_without_length_is_refused(placed) -> None:
    with pytest.raises(UsageError, match="two different points"):
        geo.bearing(placed[0], (10, 10), (10, 10))
