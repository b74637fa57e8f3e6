"""One picture, many references: the best match is selected, and the others have a reason."""

import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from imgcheck import geo
from imgcheck.geo import NotPlaced, Placed, earth, locating
from imgcheck.imaging import warp
from tests.imaging.ground import ground, view

_UTM = (2.0, 0.0, 600_000.0, 0.0, -2.0, 3_918_000.0)
_FAR = (2.0, 0.0, 600_000.0, 0.0, -2.0, 3_818_000.0)


def reference(name, gray, *, transform=_UTM, crs="EPSG:32637"):
    return geo.of_arrays(gray, transform=transform, crs=crs, name=name)


def placed(*, path="fast", nfa=-40.0, east_m=0.0, error_m=2.5, probability=1e-6):
    """Return a placement of a picture of 100 m a side, so far east of a point of the equator."""
    lon = math.degrees(east_m / 6_378_137.0)
    return Placed(
        path=path, crs="EPSG:4326", matrix=None, footprint_lonlat=(), gsd_m=0.5, north_deg=0.0,
        ellipse_m=(error_m, error_m, 0.0), centre_lonlat=(lon, 0.0), tilt_deg=0.0,
        false_match_probability=probability,
        registration=SimpleNamespace(log10_nfa=nfa, picture_shape=(400, 100)),
    )  # fmt: skip


_NOT = NotPlaced(reason="too few", path="fast", log10_nfa=-1.0)


@pytest.mark.parametrize(
    ("east_m", "error_m", "different"),
    [
        # A tenth of the side, and the larger semi-axes of both.
        (0.0, 2.5, False), (14.5, 2.5, False), (15.5, 2.5, True), (10.5, 0.0, True),
        (9.5, 0.0, False), (-15.5, 2.5, True),
    ],
)  # fmt: skip
def test_placements_disagree_beyond_a_tenth_of_the_side_and_their_errors(
    east_m, error_m, different
):
    pair = placed(error_m=error_m), placed(east_m=east_m, error_m=error_m)
    assert locating._disagree(*pair) == different
    found = locating._best(pair, [SimpleNamespace(name="a"), SimpleNamespace(name="b")])
    assert isinstance(found, NotPlaced) == different
    assert not different or found.reason.startswith("a and b place it on different ground")


@pytest.mark.parametrize(
    ("results", "number"),
    [
        ((placed(), _NOT), 0),
        ((_NOT, placed()), 1),
        ((placed(nfa=-9.0), placed(nfa=-12.0), placed(nfa=-10.0)), 1),
        # Features count before edges, whose numbers do not compare.
        ((placed(path="structural", nfa=-50.0), placed(nfa=-12.0)), 1),
        ((_NOT, _NOT), None),
    ],
)
def test_the_strongest_match_is_the_best_and_features_come_before_edges(results, number):
    found = locating._best(results, [SimpleNamespace(name=name) for name in "abc"])
    assert found.tried == results
    if number is None:
        assert isinstance(found, NotPlaced)
    else:
        assert isinstance(found, Placed) and found.reference == number


def refused(probability):
    candidate = placed(path="structural", probability=probability)
    return NotPlaced(reason="chance", path="structural", candidate=candidate)


@pytest.mark.parametrize(
    ("results", "number", "chance"),
    [
        ((_NOT, _NOT), None, None),
        ((refused(0.02), _NOT), 0, 0.04),
        # Any of the references searched may be the wrong one.
        ((_NOT, refused(0.03), refused(0.01)), 2, 0.03),
        ((refused(0.026), _NOT), None, None),
        ((refused(0.025), _NOT), 0, 0.05),
        ((refused(0.04), NotPlaced(reason="not searched")), 0, 0.04),
        # Nothing is shown beside a place that was accepted.
        ((placed(), refused(0.01)), None, None),
    ],
)
def test_the_least_improbable_candidate_is_kept_where_nothing_was_placed(results, number, chance):
    found = locating._best(results, [SimpleNamespace(name=name) for name in "abc"])
    candidate = getattr(found, "candidate", None)
    if number is None:
        assert candidate is None
    else:
        assert candidate.reference == number
        assert candidate.false_match_probability == pytest.approx(chance)


@pytest.mark.parametrize(
    ("results", "confident"),
    [
        ((), False), ((_NOT,), False), ((replace(_NOT, log10_nfa=-40.0),), False),
        ((placed(nfa=-29.9),), False), ((placed(nfa=-30.0),), True),
        ((placed(nfa=-9.0), _NOT, placed(nfa=-31.0)), True),
    ],
)  # fmt: skip
def test_a_place_is_confident_from_a_limit_on(results, confident):
    assert (locating._confident_place(results) is not None) == confident


@pytest.mark.parametrize(
    ("first", "tried"),
    [
        (_NOT, "ba"),
        (replace(_NOT, false_match_probability=1e-9), "ba"),
        (placed(path="structural", probability=1.01e-4), "ba"),
        (placed(path="structural", probability=1e-4), "b"),
    ],
)
def test_edges_are_compared_until_a_place_is_confident(first, tried, monkeypatch):
    names = []

    def attempt(search, one, prior, *picture):
        names.append(one.name)
        return first if one.name == "b" else _NOT

    monkeypatch.setattr(locating, "_attempt", attempt)
    # The third was not searched, and is not searched by its edges either.
    results = [_NOT, replace(_NOT, log10_nfa=-2.0), NotPlaced(reason="unreadable")]
    references = [SimpleNamespace(name=name) for name in "abc"]
    locating._by_edges_until_confident(
        np.zeros((4, 4)), None, references, None, results, locating._Steps(None, 6)
    )
    assert "".join(names) == tried
    assert ("not needed" in results[0].reason) == (tried == "b")
    assert results[2].reason == "unreadable"


@pytest.fixture(scope="module")
def shown():
    return ground((420, 480), seed=31, blocks=200)


@pytest.fixture(scope="module")
def other():
    return ground((420, 480), seed=32, blocks=200)


@pytest.fixture(scope="module")
def picture(shown):
    return view(shown, size=260, angle=40)[0]


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
def test_an_unreadable_reference_is_skipped_with_its_reason(picture, shown):
    odd = replace(reference("odd", shown), crs="no such")
    found = geo.locate(picture, [odd, reference("shown", shown)])
    assert isinstance(found, Placed) and found.reference == 1
    assert "not understood" in found.tried[0].reason


@pytest.mark.slow
def test_two_matches_on_different_ground_place_nothing(picture, shown):
    copy = warp.resize(shown, shown.shape)
    found = geo.locate(
        picture, [reference("a", shown), reference("b", copy, transform=_moved(300.0))]
    )
    assert isinstance(found, NotPlaced)
    assert "a and b place it on different ground" in found.reason.replace("b and a", "a and b")
    assert all(isinstance(one, Placed) for one in found.tried)


@pytest.mark.slow
def test_edges_are_compared_first_where_features_match_best_until_confident(
    picture, shown, monkeypatch
):
    sure = geo.locate(picture, [reference("sure", shown)])
    nfa = {"a": -1.0, "b": -2.0, "c": -3.0}
    tried = []

    def by_features(one, prior, gray, mask, query):
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
