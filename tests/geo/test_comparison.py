"""A claimed place holds, overlaps or misses a footprint, by the right distance."""

import numpy as np
import pytest

from imgcheck import geo
from imgcheck.errors import UsageError
from imgcheck.geo import earth

# About 0.9 km by 1.1 km near the Euphrates.
_RING = [(40.10, 35.40), (40.11, 35.40), (40.11, 35.41), (40.10, 35.41), (40.10, 35.40)]


def test_a_point_on_the_picture_is_inside():
    seen = geo.compare(_RING, point=(40.105, 35.405))
    assert (seen.relation, seen.inside, seen.distance_km) == ("inside", True, 0.0)


def test_a_point_a_tenth_of_a_degree_east_is_nine_kilometres_away():
    seen = geo.compare(_RING, point=(40.21, 35.405))
    assert seen.relation == "apart" and not seen.inside
    # 0.1 degrees of longitude at 35.405 N on WGS 84: 9.085 km.
    assert seen.distance_km == pytest.approx(9.085, rel=0.004)


def test_a_circle_that_holds_the_footprint():
    seen = geo.compare(_RING, point=(40.0, 35.4), radius_km=30)
    assert seen.inside and seen.overlap_share == 1.0


def test_distance_to_a_circle_is_distance_to_its_middle_less_its_radius():
    bare = geo.compare(_RING, point=(41.0, 35.405))
    seen = geo.compare(_RING, point=(41.0, 35.405), radius_km=50)
    assert seen.distance_km == pytest.approx(bare.distance_km - 50, abs=0.1)


def test_half_of_the_footprint_in_a_box():
    seen = geo.compare(_RING, bbox=(40.105, 35.0, 41.0, 36.0))
    assert seen.relation == "overlaps" and not seen.inside
    assert seen.overlap_share == pytest.approx(0.5, abs=0.01)
    assert seen.distance_km == 0


def test_a_hollow_polygon_shape_does_not_hold_what_lies_in_its_bay():
    bay = [(40.0, 35.3), (40.2, 35.3), (40.2, 35.5), (40.15, 35.5), (40.15, 35.35), (40.05, 35.35)]
    bay += [(40.05, 35.5), (40.0, 35.5)]
    seen = geo.compare(_RING, polygon=bay)
    assert seen.relation == "apart"
    assert seen.distance_km == pytest.approx(0.04 * 90.9, rel=0.02)


def test_direction_of_the_ring_does_not_matter():
    assert geo.compare(_RING[::-1], point=(40.105, 35.405)).inside
    assert geo.compare(_RING, polygon=_RING[::-1]).inside


def test_a_box_over_the_date_line():
    ring = [(179.9, -17.1), (-179.9, -17.1), (-179.9, -16.9), (179.9, -16.9)]
    assert geo.compare(ring, bbox=(179.0, -18.0, -179.0, -16.0)).inside
    assert geo.compare(ring, point=(180.0, -17.0)).inside
    assert geo.compare(ring, point=(-180.0, -17.0)).inside


def test_another_continent_is_thousands_of_kilometres_away():
    seen = geo.compare(_RING, bbox=(-75.0, -9.0, -74.0, -8.0))
    # Great circle from 40.1E 35.4N to 74W 8S on the sphere: 12,700 km.
    assert seen.distance_km == pytest.approx(12_700, rel=0.01)


def test_metres_per_degree_at_the_equator_and_at_60_north():
    # Series of the WGS 84 ellipsoid as tabulated: 111,319.5 and 110,574.3; 55,800 and 111,412.
    assert earth.metres_per_degree(0.0) == pytest.approx((111_319.5, 110_574.3), abs=1)
    assert earth.metres_per_degree(60.0) == pytest.approx((55_800.0, 111_412.2), abs=2)


def test_a_circle_has_its_radius():
    ring = earth.circle(40.0, 35.0, 25.0)
    away = np.hypot(*earth.flat_map(ring, centre=(40.0, 35.0)).T)
    assert away == pytest.approx(25.0, rel=1e-6)


@pytest.mark.parametrize(
    "place",
    [
        {},
        {"point": (40.0, 35.0), "bbox": (0, 0, 1, 1)},
        {"point": (35.0, 95.0)},
        {"point": (35.0, -90.5)},
        {"point": (360.5, 35.0)},
        {"point": (-360.5, 35.0)},
        {"point": (float("nan"), 35.0)},
        {"point": (35.0, float("nan"))},
        {"point": (float("inf"), 35.0)},
        {"point": (40.0, 35.0), "radius_km": -3.0},
        {"bbox": (0, 5, 1, 1)},
        {"bbox": (0, 5, 1)},
        {"bbox": (0, 5, 0, 6)},
        {"bbox": (0, 5, 1, 5)},
        {"point": (40.0, 35.0), "radius_km": 0.0},
        {"polygon": [(0, 0), (1, 1), (1, 0), (0, 1)]},
        {"polygon": [(0, 0), (1, 1), (2, 2)]},
        {"polygon": [(179, 0), (-179, 1), (-179, 0), (179, 1)]},
        {"polygon": [(-180, 80), (-90, 70), (0, 80), (90, 70)]},
        {"polygon": [(0, 0), (1, 1)]},
    ],
)
def test_what_is_no_place_is_refused(place):
    with pytest.raises(UsageError):
        geo.compare(_RING, **place)


def test_a_polygon_over_the_date_line_holds_what_lies_in_it():
    ring = [(179.9, -17.1), (-179.9, -17.1), (-179.9, -16.9), (179.9, -16.9)]
    wide = [(179.0, -18.0), (-179.0, -18.0), (-179.0, -16.0), (179.0, -16.0)]
    for claimed in (wide, wide[::-1], wide[2:] + wide[:2]):
        assert geo.compare(ring, polygon=claimed).inside
    west = [(176.0, -18.0), (179.0, -18.0), (179.0, -16.0), (176.0, -16.0)]
    assert geo.compare(ring, polygon=west).relation == "apart"


@pytest.mark.parametrize(
    ("west", "relation", "share"),
    [(40.10, "inside", 1.0), (40.1001, "overlaps", 0.99), (40.1099, "overlaps", 0.01),
     (40.110001, "apart", 0.0), (40.12, "apart", 0.0)],
)  # fmt: skip
def test_inside_overlaps_and_apart_change_at_the_border(west, relation, share):
    seen = geo.compare(_RING, bbox=(west, 35.0, 41.0, 36.0))
    assert (seen.relation, seen.inside) == (relation, relation == "inside")
    assert seen.overlap_share == pytest.approx(share, abs=1e-3)
    assert (seen.distance_km > 1e-6) == (west > 40.11)


def test_a_point_is_inside_up_to_the_edge_of_the_picture():
    assert geo.compare(_RING, point=(40.100001, 35.405)).inside
    assert not geo.compare(_RING, point=(40.099999, 35.405)).inside


@pytest.mark.parametrize("point", [(360.0, 90.0), (-360.0, -90.0), (200.0, 60.0), (-200.0, -60.0)])
def test_the_ends_of_the_globe_are_places(point):
    assert geo.compare(_RING, point=point).relation == "apart"


def test_a_footprint_without_area_is_refused():
    with pytest.raises(UsageError, match="no area"):
        geo.compare([(40.1, 35.4), (40.1, 35.5), (40.1, 35.6)], point=(40.1, 35.4))


def test_a_footprint_of_metres_is_one():
    seen = geo.compare([(40.1, 35.4), (40.1001, 35.4), (40.1001, 35.4001)], point=(40.11, 35.4))
    assert seen.relation == "apart"
    assert seen.distance_km == pytest.approx(0.0099 * 90.9, rel=0.01)


def test_a_corner_of_the_picture_is_on_it():
    assert geo.compare(_RING, point=_RING[0]).inside


def test_a_triangle_overlaps():
    corner = [(40.105, 35.395), (40.2, 35.405), (40.105, 35.415)]
    assert geo.compare(_RING, polygon=corner).relation == "overlaps"
    # The picture cut to a triangle is the whole overlap, too.
    edge = [(40.105, 35.405), (40.2, 35.405), (40.2, 35.5)]
    assert geo.compare(_RING[:3], polygon=edge).relation == "overlaps"


@pytest.mark.parametrize(
    ("missing", "relation"),
    [(0.7e-6, "inside"), (1.5e-6, "overlaps"), (1 - 1.5e-9, "overlaps"), (1 - 0.7e-9, "apart")],
)
def test_what_rounding_leaves_is_neither_an_overlap_nor_a_lack_of_it(missing, relation):
    west = 40.1 + missing * 0.01
    assert geo.compare(_RING, bbox=(west, 35.3999, 41.0, 35.4101)).relation == relation
