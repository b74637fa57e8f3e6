"""A search near a point reaches as far as the picture, and accepts no centre farther away."""

import math
from types import SimpleNamespace

import pytest

from imgcheck import geo
from imgcheck.geo import NotPlaced, Placed, earth, locating
from imgcheck.geo import reference as ref
from tests.imaging.ground import ground, view

# 1 m pixels.
_UTM = (1.0, 0.0, 600_000.0, 0.0, -1.0, 3_918_000.0)


def lonlat(x, y):
    """Return the longitude and latitude of a pixel."""
    at = [_UTM[2] + x, _UTM[5] - y]
    lon, lat = earth.to_lonlat(earth.system_of("EPSG:32637"), [at])[0]
    return float(lon), float(lat)


def blank(rows, cols):
    return geo.of_arrays(
        ground((rows, cols), seed=1, blocks=1), transform=_UTM, crs="EPSG:32637", name="a"
    )


@pytest.mark.parametrize(
    ("gsd_m", "largest_scale", "reach"),
    [
        # Half the diagonal of 60 x 80 pixels is 50 of them; the stated size counts first.
        (None, 1.0, 50), (None, 2.0, 100), ((0.5, 1.0), 4.0, 50), ((1.0, 1.4), 4.0, 70),
    ],
)  # fmt: skip
def test_the_window_holds_the_whole_picture_around_any_centre(gsd_m, largest_scale, reach):
    prior = geo.Prior(gsd_m=gsd_m, near=(*lonlat(300, 250), 0.04))
    x, y, width, height = ref.around(blank(500, 600), prior, (60, 80), largest_scale=largest_scale)
    assert (x, y) == pytest.approx((260 - reach, 210 - reach), abs=1)
    assert (width, height) == pytest.approx((80 + 2 * reach,) * 2, abs=2)


def test_a_circle_beside_the_reference_leaves_nothing_however_large_the_picture():
    prior = geo.Prior(near=(*lonlat(800, 250), 0.04))
    assert ref.around(blank(500, 600), prior, (600, 800), largest_scale=4.0) is None


def test_without_a_circle_the_whole_reference_is_searched():
    window = ref.around(blank(500, 600), geo.Prior(), (60, 80), largest_scale=4.0)
    assert window == (0, 0, 600, 500)


@pytest.mark.parametrize(
    ("metres", "radius_km", "away"), [(0, 0.1, 0.0), (90, 0.1, 0.0), (150, 0.1, 0.05)]
)
def test_the_distance_counts_from_the_border_of_the_circle(metres, radius_km, away):
    near = geo.Prior(near=(*lonlat(300, 250), radius_km))
    assert near.away_km(lonlat(300 + metres, 250)) == pytest.approx(away, abs=2e-3)


def test_without_a_circle_nothing_is_outside():
    assert geo.Prior().away_km((0.0, 0.0)) == 0.0


@pytest.fixture(scope="module")
def shown():
    return ground((400, 460), seed=31, blocks=160)


@pytest.mark.slow
@pytest.mark.parametrize("radius_km", [0.02, 0.2])
def test_a_radius_smaller_than_the_picture_still_finds_it(shown, radius_km):
    picture, _ = view(shown, size=220, angle=40, centre=(230, 200))
    known = geo.of_arrays(shown, transform=_UTM, crs="EPSG:32637")
    found = geo.locate(picture, [known], prior=geo.Prior(near=(*lonlat(232, 203), radius_km)))
    assert isinstance(found, Placed), found.reason
    lon, lat = lonlat(230, 200)
    assert found.centre_lonlat == pytest.approx((lon, lat), abs=1e-5)
    assert math.isclose(found.gsd_m, 1.0, rel_tol=0.01)


@pytest.mark.slow
def test_a_centre_outside_of_the_circle_is_refused_with_its_distance(shown):
    picture, _ = view(shown, size=220, angle=40, centre=(230, 200))
    known = geo.of_arrays(shown, transform=_UTM, crs="EPSG:32637")
    found = geo.locate(picture, [known], prior=geo.Prior(near=(*lonlat(300, 200), 0.02)))
    assert isinstance(found, NotPlaced)
    assert "km outside of the area" in found.reason and "larger radius" in found.reason


def attempted(found, *, radius_km, monkeypatch):
    """Search a window of a reference whose search gives an answer as it stands."""
    known = blank(500, 600)
    monkeypatch.setattr(locating, "in_larger", lambda answer, matrix: (answer, matrix[:2, 2]))
    prior = geo.Prior(gsd_m=(1.0, 1.0), near=(*lonlat(300, 250), radius_km))
    return locating._attempt(lambda *_: found, known, prior, (60, 80))


@pytest.mark.parametrize(("metres", "accepted"), [(0, True), (39, True), (45, False)])
@pytest.mark.parametrize("only_candidate", [False, True])
def test_a_place_outside_of_the_circle_is_no_answer_and_no_candidate(
    metres, accepted, only_candidate, monkeypatch
):
    blank_fields = dict.fromkeys(Placed.__slots__)
    there = Placed(
        **{
            **blank_fields,
            "path": "structural",
            "centre_lonlat": lonlat(300 + metres, 250),
            "registration": SimpleNamespace(log10_nfa=-9.0),
        }
    )
    found = NotPlaced(reason="chance", candidate=there) if only_candidate else there
    answer = attempted(found, radius_km=0.04, monkeypatch=monkeypatch)
    if not accepted and not only_candidate:
        assert "outside of the area" in answer.reason and answer.path == "structural"
        return
    answer, shift = answer
    # The window begins at the circle less half the diagonal of the picture.
    assert shift == pytest.approx([300 - 40 - 50, 250 - 40 - 50], abs=1)
    if only_candidate:
        assert (answer.candidate is there) == accepted and answer.reason == "chance"
    else:
        assert answer is there


def test_nothing_is_searched_where_the_reference_lies_beside_the_circle():
    prior = geo.Prior(gsd_m=(1.0, 1.0), near=(*lonlat(5000, 250), 0.04))
    found = locating._attempt(lambda *_: pytest.fail("searched"), blank(50, 60), prior, (60, 80))
    assert isinstance(found, NotPlaced) and found.path is None
    assert found.reason == "the reference does not show the area to which the search was limited"
