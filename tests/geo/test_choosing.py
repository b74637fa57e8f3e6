"""One picture, many references: the best match is selected, and the others have a reason."""

from dataclasses import replace

import pytest

from imgcheck import geo
from imgcheck.geo import NotPlaced, Placed, earth, locating
from imgcheck.imaging import warp
from tests.imaging.ground import ground, view

_UTM = (2.0, 0.0, 600_000.0, 0.0, -2.0, 3_918_000.0)
_FAR = (2.0, 0.0, 600_000.0, 0.0, -2.0, 3_818_000.0)


def reference(name, gray, *, transform=_UTM, crs="EPSG:32637"):
    return geo.of_arrays(gray, transform=transform, crs=crs, name=name)


@pytest.fixture(scope="module")
def shown():
    return ground((420, 480), seed=31, blocks=200)


@pytest.fixture(scope="module")
def other():
    return ground((420, 480), seed=32, blocks=200)


@pytest.fixture(scope="module")
def picture(shown):
    return view(shown, size=260, angle=40)[0]


def test_the_reference_that_shows_the_picture_is_selected(picture, shown, other):
    steps = []
    found = geo.locate(
        picture,
        [reference("other", other), reference("shown", shown)],
        progress=lambda step, position, total: steps.append((step, position, total)),
    )
    assert isinstance(found, Placed) and found.reference == 1
    assert isinstance(found.tried[0], NotPlaced) and found.tried[0].reason
    assert steps == [("comparing features with other", 0, 4),
                     ("comparing features with shown", 1, 4)]  # fmt: skip
    assert found.searched == 2
    assert found.false_match_probability > found.tried[1].false_match_probability


def test_the_claimed_place_sets_the_order_and_excludes_nothing(picture, shown, other):
    steps = []
    found = geo.locate(
        picture,
        [reference("far", shown, transform=_FAR), reference("near", other)],
        prior=geo.Prior(first=(_lonlat(shown),)),
        progress=lambda step, position, total: steps.append(step),
    )
    assert steps[0].endswith("near")
    assert isinstance(found, Placed) and found.reference == 0


def test_references_of_other_ground_are_skipped_after_a_confident_match(picture, shown):
    opened = []

    def never(window, shape):
        opened.append(True)
        return shown, None

    far = replace(reference("far", shown, transform=_FAR), read=never)
    found = geo.locate(picture, [reference("shown", shown), far])
    assert isinstance(found, Placed) and found.reference == 0 and not opened
    assert "does not show the ground" in found.tried[1].reason
    assert found.searched == 1


def test_an_unreadable_reference_is_skipped_with_its_reason(picture, shown):
    odd = replace(reference("odd", shown), crs="no such")
    found = geo.locate(picture, [odd, reference("shown", shown)])
    assert isinstance(found, Placed) and found.reference == 1
    assert "not understood" in found.tried[0].reason


def test_two_matches_on_different_ground_place_nothing(picture, shown):
    copy = warp.resize(shown, shown.shape)
    found = geo.locate(
        picture, [reference("a", shown), reference("b", copy, transform=_moved(300.0))]
    )
    assert isinstance(found, NotPlaced)
    assert "a and b place it on different ground" in found.reason.replace("b and a", "a and b")
    assert all(isinstance(one, Placed) for one in found.tried)


def test_edges_are_compared_first_where_features_match_best_until_confident(
    picture, shown, monkeypatch
):
    sure = geo.locate(picture, [reference("sure", shown)])
    nfa = {"a": -1.0, "b": -2.0, "c": -3.0}
    tried = []

    def by_features(one, prior, query, shape):
        return NotPlaced(reason="too few", path="fast", log10_nfa=nfa[one.name])

    def by_edges(one, prior, gray, mask):
        tried.append(one.name)
        if one.name == "b":
            return replace(sure, path="structural", false_match_probability=1e-6)
        return NotPlaced(reason="none", path="structural")

    monkeypatch.setattr(locating, "_by_features", by_features)
    monkeypatch.setattr(locating, "_by_edges", by_edges)
    found = geo.locate(picture, [reference(name, shown) for name in "abc"])
    assert tried == ["c", "b"]
    assert isinstance(found, Placed) and found.reference == 1
    assert "not needed" in found.tried[0].reason


def _moved(metres):
    return (*_UTM[:2], _UTM[2] + metres, *_UTM[3:])


def _lonlat(gray):
    at = [_UTM[2] + gray.shape[1], _UTM[5] - gray.shape[0]]
    lon, lat = earth.to_lonlat(earth.system_of("EPSG:32637"), [at])[0]
    return float(lon), float(lat)
