"""A claimed place against footprints, and with latitude and longitude exchanged."""

from types import SimpleNamespace

import pytest

from imgcheck.case import Case, Reference
from imgcheck.checks import _places
from imgcheck.checks.change_since_reference import change_since_reference
from imgcheck.errors import UsageError
from imgcheck.model import Outcome, Place
from imgcheck.model.claimfile import loads

# A few hundred metres at the Euphrates.
RING = ((40.15, 35.40), (40.153, 35.40), (40.153, 35.403), (40.15, 35.403), (40.15, 35.40))


def place(**fields) -> Place:
    return Place(id="where", **fields)


def square(lon: float, lat: float, half: float) -> tuple[tuple[float, float], ...]:
    return (
        (lon - half, lat - half), (lon + half, lat - half),
        (lon + half, lat + half), (lon - half, lat + half),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("claimed", "relation"),
    [
        (place(lat=35.40, lon=40.15, radius_km=5.0), "inside"),
        (place(lat=35.4015, lon=40.1515), "inside"),
        (place(lat=35.41, lon=40.15), "apart"),
        (place(lat=35.41, lon=40.15, radius_km=1.0), "overlaps"),
        (place(lat=36.0, lon=40.15, radius_km=5.0), "apart"),
        (place(bbox=(40.0, 35.0, 41.0, 36.0)), "inside"),
        (place(bbox=(40.151, 35.0, 41.0, 36.0)), "overlaps"),
        (place(polygon=square(40.15, 35.40, 0.1)), "inside"),
        (place(polygon=square(40.15, 35.40, 0.001)), "overlaps"),
        (place(polygon=square(41.15, 35.40, 0.1)), "apart"),
    ],
)
def test_every_form_of_a_place_is_compared(claimed: Place, relation: str) -> None:
    assert _places.compare(claimed, RING).relation == relation


@pytest.mark.parametrize("half", [{"lat": 35.40}, {"lon": 40.15}, {}])
def test_half_a_point_is_no_place(half: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="give one of point, bbox and polygon"):
        _places.compare(place(**half), RING)


@pytest.mark.parametrize(
    ("claimed", "exchanged"),
    [
        # Written the wrong way round: 679 km off as written, at the spot when exchanged.
        (place(lat=40.15, lon=35.40, radius_km=5.0), True),
        (place(lat=40.15, lon=35.40), True),
        (place(bbox=(35.3, 40.1, 35.5, 40.2)), True),
        (place(polygon=square(35.40, 40.15, 0.1)), True),
        # To the limits of a latitude, and not beyond them.
        (place(bbox=(-90.0, 40.1, 35.5, 40.2)), True),
        (place(bbox=(-100.0, 40.1, 35.5, 40.2)), False),
        (place(bbox=(35.3, 40.1, 90.0, 40.2)), True),
        (place(bbox=(35.3, 40.1, 100.0, 40.2)), False),
        (place(polygon=((35.3, 40.1), (90.0, 40.1), (90.0, 40.2), (35.3, 40.2))), True),
        (place(polygon=((35.3, 40.1), (91.0, 40.1), (91.0, 40.2), (35.3, 40.2))), False),
        # Within a twentieth of the distance.
        (place(lat=40.15, lon=35.68, radius_km=5.0), True),
        # The nearest town, the wrong way round.
        (place(lat=40.15, lon=35.60, radius_km=5.0), True),
        # Written rightly, and the picture is there, near it, or far from both.
        (place(lat=35.40, lon=40.15, radius_km=5.0), False),
        (place(lat=35.50, lon=40.15, radius_km=5.0), False),
        (place(lat=33.0, lon=44.0, radius_km=5.0), False),
        # Exchanged it is nearer, but not at the spot.
        (place(lat=40.15, lon=36.40, radius_km=5.0), False),
        (place(lat=40.15, lon=35.90, radius_km=5.0), False),
        # So large that both ways hold the spot: nothing needs explaining.
        (place(lat=35.40, lon=40.15, radius_km=900.0), False),
        (place(bbox=(44.0, 33.0, 44.1, 33.1)), False),
        (place(polygon=square(44.0, 33.0, 0.1)), False),
        # Exchanged it would be no place, or a box across the date line.
        (place(lat=35.40, lon=140.15, radius_km=5.0), False),
        (place(bbox=(139.0, 35.0, 140.0, 36.0)), False),
        (place(bbox=(80.0, 35.0, -80.0, 36.0)), False),
        (place(polygon=square(139.0, 35.0, 0.1)), False),
    ],
)
def test_an_exchange_is_seen_only_where_it_explains_the_distance(
    claimed: Place, exchanged: bool
) -> None:
    assert _places.exchanged(claimed, RING) is exchanged


@pytest.mark.parametrize(("lon", "exchanged"), [(90.0, True), (-90.0, False), (90.5, False)])
def test_a_pole_is_a_place_after_the_exchange(lon: float, exchanged: bool) -> None:
    ring = ((39.0, 89.9), (41.0, 89.9), (41.0, 89.95), (39.0, 89.95))
    assert _places.exchanged(place(lat=40.0, lon=lon), ring) is exchanged


def test_the_distance_of_a_point_is_that_to_the_border_and_nothing_inside() -> None:
    assert _places.distance_km(place(lat=35.4, lon=40.15, radius_km=5.0), lon=40.15, lat=35.4) == 0
    # 0.1 degrees of latitude at 35.45 N on WGS 84: 11.095 km, less the radius.
    away = _places.distance_km(place(lat=35.4, lon=40.15, radius_km=5.0), lon=40.15, lat=35.5)
    assert away == pytest.approx(6.095, abs=0.03)


def test_where_the_picture_was_not_placed_nothing_was_tested() -> None:
    image = SimpleNamespace(georeference="a map", name="ref.tif")
    claim = loads("statements: [changed: 2012/2016]")
    case = Case(image=image, claim=claim, references=(Reference(id="r", image=image),))  # type: ignore[arg-type]
    (finding,) = _places.unplaced(change_since_reference, case)
    assert finding.outcome is Outcome.NOT_APPLICABLE
    assert finding.statement == claim.statements[0].id
    assert finding.would_change == (_places.NEARER,)
    assert [one.input for one in finding.evidence.citations] == ["r"]
