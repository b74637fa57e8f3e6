"""Rings become valid GeoJSON wherever on the Earth they lie."""

import numpy as np
import pytest

from imgcheck.report.locate_geojson import box, polygon


def area(ring) -> float:
    x, y = np.asarray(ring, float)[:-1].T
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2


def rings(geometry):
    parts = geometry["coordinates"]
    return [parts[0]] if geometry["type"] == "Polygon" else [part[0] for part in parts]


def valid(geometry) -> None:
    for ring in rings(geometry):
        found = np.asarray(ring)
        assert ring[0] == ring[-1] and len(ring) >= 4
        assert np.abs(found[:, 0]).max() <= 180 and np.abs(found[:, 1]).max() <= 90
        assert area(ring) > 0, "counter-clockwise"


@pytest.mark.parametrize("turn", [1, -1])
def test_a_ring_away_from_the_antimeridian_is_one_polygon(turn: int) -> None:
    found = polygon([(10, 50), (11, 50), (11, 51), (10, 51), (10, 50)][::turn])
    assert found["type"] == "Polygon"
    valid(found)
    assert area(rings(found)[0]) == pytest.approx(1.0)
    assert box(found) == [10, 50, 11, 51]


@pytest.mark.parametrize("first", range(4))
def test_a_ring_across_the_antimeridian_is_cut_there(first: int) -> None:
    ring = [(179.5, -17), (-179.0, -17), (-179.0, -16), (179.5, -16)]
    found = polygon(ring[first:] + ring[:first])
    assert found["type"] == "MultiPolygon"
    valid(found)
    assert sum(map(area, rings(found))) == pytest.approx(1.5)
    assert box(found) == [179.5, -17, -179.0, -16]


def test_longitudes_beyond_half_a_turn_are_understood() -> None:
    found = polygon([(179.5, 60), (181.0, 60), (181.0, 61), (179.5, 61)])
    assert found["type"] == "MultiPolygon"
    valid(found)
    assert sum(map(area, rings(found))) == pytest.approx(1.5)


@pytest.mark.parametrize(("north", "turn"), [(1, 1), (1, -1), (-1, 1), (-1, -1)])
@pytest.mark.parametrize("shift", [0.0, 77.0, 180.0])
def test_a_ring_around_a_pole_holds_the_pole(north: int, turn: int, shift: float) -> None:
    lon = (np.arange(0, 360, 30) + shift + 5 + 180) % 360 - 180
    found = polygon([(x, north * 80.0) for x in lon[::turn]])
    assert found["type"] == "Polygon"
    valid(found)
    # From 80 degrees to the pole, all around.
    assert area(rings(found)[0]) == pytest.approx(3600.0)
    assert box(found) == [-180, min(80 * north, 90 * north), 180, max(80 * north, 90 * north)]
