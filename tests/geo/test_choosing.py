"""One picture, many references: the surest placing is chosen, and the others say why not."""

import numpy as np
import pytest

from imgcheck import geo
from imgcheck.geo import choosing
from imgcheck.geo.placement import Placement
from imgcheck.imaging import warp
from imgcheck.imaging.registration import Registration
from tests.imaging.ground import ground, view

_UTM = (2.0, 0.0, 600_000.0, 0.0, -2.0, 3_918_000.0)
_FAR = (2.0, 0.0, 600_000.0, 0.0, -2.0, 3_818_000.0)


def sheet(name, gray, *, transform=_UTM, crs="EPSG:32637"):
    return geo.Sheet(name=name, shape=gray.shape, transform=transform, crs=crs, gray=lambda: gray)


@pytest.fixture(scope="module")
def shown():
    return ground((420, 480), seed=31, blocks=200)


@pytest.fixture(scope="module")
def other():
    return ground((420, 480), seed=32, blocks=200)


@pytest.fixture(scope="module")
def picture(shown):
    return view(shown, size=260, angle=40)[0]


def test_the_reference_that_shows_the_picture_is_chosen(picture, shown, other):
    told = []
    found = geo.choose(
        picture,
        [sheet("other", other), sheet("shown", shown)],
        progress=told.append,
    )
    assert found.best == 1 and found.placement.placed
    assert not found.placements[0].placed and found.reasons[0]
    assert told == ["comparing details with other", "comparing details with shown"]


def test_the_claimed_place_sets_the_order_and_excludes_nothing(picture, shown, other):
    near = _lonlat(shown)
    told = []
    found = geo.choose(
        picture,
        [sheet("far", shown, transform=_FAR), sheet("near", other)],
        near=[near],
        progress=told.append,
    )
    assert told[0].endswith("near")
    assert found.best == 0


def test_references_of_other_ground_are_left_out_once_the_ground_is_sure(picture, shown):
    opened = []

    def never():
        opened.append(True)
        return shown

    far = geo.Sheet(name="far", shape=shown.shape, transform=_FAR, crs="EPSG:32637", gray=never)
    found = geo.choose(picture, [sheet("shown", shown), far])
    assert found.best == 0 and not opened
    assert "does not show the ground" in found.reasons[1]


def test_a_reference_without_a_place_is_passed_over_with_its_reason(picture, shown):
    found = geo.choose(picture, [sheet("odd", shown, crs="no such"), sheet("shown", shown)])
    assert found.best == 1
    assert "not understood" in found.reasons[0]


def test_two_placings_on_other_ground_are_said_to_disagree(picture, shown):
    found = geo.choose(
        picture,
        [sheet("a", shown), sheet("b", warp.resize(shown, shown.shape), transform=_moved(300.0))],
    )
    assert found.best is not None
    assert len(found.disagreeing) == 1 and found.disagreeing[0] != found.best


def test_edges_are_compared_first_where_details_are_most_alike_and_no_further_than_sure():
    tried = []

    def by_edges(asked):
        tried.append(asked.name)
        return result(placed=asked.name == "b", chance=1e-6)

    blank = np.zeros((60, 60), np.float32)
    sheets = [sheet(name, blank) for name in "abc"]
    results = [result(log10_nfa=v) for v in (-1.0, -2.0, -3.0)]
    reasons = [None, None, None]
    choosing._until_sure(by_edges, sheets, [0, 1, 2], results, reasons, progress=lambda words: None)
    assert tried == ["c", "b"]
    assert results[1].placed and results[0] is None and "not needed" in reasons[0]


def result(*, placed=False, log10_nfa=None, chance=None):
    none = np.zeros((0, 2))
    laid = Registration(
        found=placed, picture_points=none, reference_points=none, picture_shape=(60, 60)
    )
    return Placement(
        placed=placed,
        reason=None,
        crs="EPSG:32637",
        log10_nfa=log10_nfa,
        false_match_probability=chance,
        registration=laid,
    )


def _moved(metres):
    return (*_UTM[:2], _UTM[2] + metres, *_UTM[3:])


def _lonlat(gray):
    from imgcheck.geo.placement import system_of, to_lonlat

    at = [_UTM[2] + gray.shape[1], _UTM[5] - gray.shape[0]]
    lon, lat = to_lonlat(system_of("EPSG:32637"), [at])[0]
    return float(lon), float(lat)
