"""What a case takes from the registration and from the claim, on frozen registrations."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from imgcheck import geo
from imgcheck.case import Case, Located, NotLocated, Reference, ground, placing
from imgcheck.checks import _places
from imgcheck.checks.geo_place import geo_place
from imgcheck.model import Outcome
from imgcheck.model.claimfile import loads
from imgcheck.quantity import LonLat

REFERENCE = Reference(id="r", image=SimpleNamespace(georeference="a map"))  # type: ignore[arg-type]


def case(claim: str = "{}", gsd_m: float | None = None) -> Case:
    image: Any = SimpleNamespace(
        pixels_readable=True,
        gsd_m=gsd_m,
        width=9,
        height=9,
        rgb=lambda: np.zeros((9, 9, 3), np.uint8),
    )
    return Case(image=image, claim=loads(claim), references=(REFERENCE,))


def measured(**values: float) -> str:
    sigma = {"shadow_azimuth": 3}
    each = [
        f"{{{k}: {{value: {v}, sigma: {sigma[k]}}}}}" if k in sigma else f"{{{k}: {v}}}"
        for k, v in values.items()
    ]
    return f"measurements: [{', '.join(each)}]"


@pytest.fixture
def placed(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Freeze the result of the search."""

    def freeze(*, there: bool = True, **fields: Any) -> None:
        given = {"gsd_m": 0.5, "north_deg": 10.0, "mirrored": False, "matrix": np.eye(3), **fields}
        on: Any = SimpleNamespace(**given)
        found: Any = NotLocated(case=case(), prior=geo.Prior(), tried=(), reason="no match")
        if there:
            found = Located(
                case=case(), prior=geo.Prior(), tried=(), reference=REFERENCE, placement=on
            )
            vars(found)["relation"] = "as measured"
        monkeypatch.setattr(Case, "placing", found)

    return freeze


def test_reference_relation_and_ground_are_those_of_the_match(placed) -> None:
    placed()
    found = case().placed
    assert found is not None and found[0] is REFERENCE
    assert case().relation == "as measured"
    placed(there=False)
    assert case().placed is None
    assert case().relation is None
    assert case().ground is None


def test_a_check_that_rests_on_the_placing_tests_nothing_without_one() -> None:
    (finding,) = _places.unplaced(geo_place, case("statements: [place: {lat: 1, lon: 1}]"))
    assert finding.outcome is Outcome.NOT_APPLICABLE
    assert [c.input for c in finding.evidence.citations] == ["r"]
    assert finding.would_change


@pytest.mark.parametrize(
    ("image", "claim", "expected"),
    [
        (None, "{}", None),
        (0.3, "{}", (0.3, "the picture's own georeference")),
        (0.3, measured(gsd_m=0.5), (0.3, "the picture's own georeference")),
        (None, measured(gsd_m=0.5), (0.5, "the claim")),
        (0.0, measured(gsd_m=0.5), (0.5, "the claim")),
        (0.0, "{}", None),
        (None, measured(lean_deg=5), None),
    ],
)
def test_the_size_of_the_pixels_comes_from_the_picture_then_from_the_claim(
    placed, image, claim, expected
) -> None:
    placed(there=False)
    assert case(claim, image).stated_gsd == expected
    words = {"the claim": "stated in the claim file"}
    shown = None if expected is None else (expected[0], words.get(expected[1], expected[1]))
    assert case(claim, image).gsd == shown


@pytest.mark.parametrize("value", [0.0, -1.0])
def test_a_size_that_is_none_is_not_used(value: float) -> None:
    claim = SimpleNamespace(measured=lambda name: SimpleNamespace(value=value))
    for own in (None, value):
        assert ground.stated_gsd(SimpleNamespace(image=case(gsd_m=own).image, claim=claim)) is None


def test_a_placing_gives_the_size_before_anything_stated(placed) -> None:
    placed()
    assert case(measured(gsd_m=0.7), 0.3).gsd == (0.5, "placed on r")


@pytest.mark.parametrize(
    ("place", "points"),
    [
        ("{lat: 10, lon: 20}", ((20.0, 10.0),)),
        ("{lat: 10, lon: 20, radius_km: 5}", ((20.0, 10.0),)),
        ("{bbox: [20, 10, 30, 12]}", ((25.0, 11.0),)),
        ("{bbox: [170, 10, -170, 12]}", ((180.0, 11.0),)),
        ("{polygon: [[20, 10], [30, 10], [30, 12]]}", ((20.0, 10.0),)),
    ],
)
def test_the_search_begins_at_the_claimed_place(place, points) -> None:
    wanted = placing.prior_of(case(f"statements: [place: {place}]"))
    assert wanted.first == points
    assert wanted.mirrored
    assert wanted.gsd_m is None


def test_half_a_point_is_no_place() -> None:
    (place,) = loads("statements: [place: {lat: 10, lon: 20}]").statements
    assert ground.claimed_spot(place) == (LonLat(lon=20.0, lat=10.0), "the claimed place")
    for half in ({"lat": None}, {"lon": None}):
        assert ground.claimed_spot(replace(place, **half)) is None


def test_a_stated_size_is_searched_within_half_as_much_again() -> None:
    wanted = placing.prior_of(case(measured(gsd_m=0.6)))
    assert wanted.gsd_m == pytest.approx((0.4, 0.9))


@pytest.mark.parametrize(
    ("given", "claim", "expected"),
    [
        ({}, "{}", None),
        ({}, measured(shadow_azimuth=300), 130.0),
        ({"mirrored": True}, measured(shadow_azimuth=300), 250.0),
        # North found goes before north stated.
        ({}, measured(shadow_azimuth=300, north_deg=50), 130.0),
        ({"mirrored": True}, measured(shadow_azimuth=300, north_deg=50), 250.0),
        ({"there": False}, measured(shadow_azimuth=300, north_deg=50), 170.0),
        ({"there": False}, measured(shadow_azimuth=300), None),
        ({"there": False}, measured(north_deg=50), None),
    ],
)
def test_the_sun_in_the_picture_needs_a_shadow_and_north(placed, given, claim, expected) -> None:
    placed(**given)
    assert case(claim).sun_in_picture == expected


def test_ground_outside_the_reference_is_no_ground(placed, monkeypatch) -> None:
    placed(gsd_m=0.5)
    sizes = []

    def over(image: Any, corners: Any, *, gsd_m: float) -> None:
        sizes.append(gsd_m)

    monkeypatch.setattr(ground.grid, "over", over)
    assert case().ground is None
    assert sizes == [0.5]


@pytest.mark.parametrize("usable", [True, False])
def test_the_ground_is_what_can_be_seen_on_the_reference(placed, monkeypatch, usable) -> None:
    placed()
    cut = SimpleNamespace(transform=np.eye(3), shape=(9, 9))
    monkeypatch.setattr(ground.grid, "over", lambda image, corners, *, gsd_m: cut)
    monkeypatch.setattr(Case, "clean", np.full((9, 9), usable))
    found = case().ground
    assert (found is not None) == usable
    if found is not None:
        assert found.grid is cut and found.valid.any()


_MAP = SimpleNamespace(transform=np.eye(3))


@pytest.mark.parametrize(
    ("on", "georeference", "seen", "there"),
    [
        (SimpleNamespace(grid="g"), _MAP, True, True),
        (SimpleNamespace(grid="g"), _MAP, False, False),
        (None, _MAP, True, False),
        (SimpleNamespace(grid="g"), None, True, False),
        (SimpleNamespace(grid="g"), SimpleNamespace(transform=None), True, False),
    ],
)
def test_a_layer_is_a_reference_that_shows_the_ground(
    monkeypatch, on: Any, georeference: Any, seen: bool, there: bool
) -> None:
    monkeypatch.setattr(Case, "ground", on)
    monkeypatch.setattr(ground.grid, "sample", lambda image, grid: ("rgb", np.full((2, 2), seen)))
    one = Reference(id="r", image=SimpleNamespace(georeference=georeference))  # type: ignore[arg-type]
    assert (case().layer(one) is not None) == there


@pytest.mark.parametrize(
    ("place", "spot"),
    [
        ("{lat: 10, lon: 20}", (LonLat(lon=20.0, lat=10.0), "the claimed place")),
        ("{bbox: [20, 10, 30, 12]}", (LonLat(lon=25.0, lat=11.0), "the middle of the claimed box")),
        (
            "{bbox: [170, 10, -170, 12]}",
            (LonLat(lon=180.0, lat=11.0), "the middle of the claimed box"),
        ),
        ("{polygon: [[20, 10], [30, 10], [30, 12]]}", None),
    ],
)
@pytest.mark.parametrize(
    ("references", "centre", "placed"),
    [
        ((REFERENCE,), None, False),
        ((REFERENCE,), SimpleNamespace(centre_lonlat=(1.0, 2.0)), True),
    ],
)
def test_the_sun_is_that_of_the_place_found_then_of_the_one_claimed(
    monkeypatch, place, spot, references, centre, placed
) -> None:
    monkeypatch.setattr(Case, "placed", centre and (REFERENCE, centre))
    found = case(f"statements: [place: {place}]").spot
    assert found == ((LonLat(lon=1.0, lat=2.0), "the place found on r") if placed else spot)
