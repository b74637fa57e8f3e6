"""The rule of geo.place, on frozen placements: no picture is searched and nothing decoded."""

import io
import math

import numpy as np
import pytest
from PIL import Image as Pillow

from imgcheck.case import Case, Located, NotLocated, Reference
from imgcheck.case.placing import Candidate
from imgcheck.checks.check import error_rate
from imgcheck.checks.geo_place import geo_place
from imgcheck.geo import NotPlaced, Placed, Prior, locating
from imgcheck.imaging import Image
from imgcheck.imaging.agreement import Agreement, Level
from imgcheck.imaging.registration import Registered
from imgcheck.imaging.relation import Relation
from imgcheck.imaging.transforms import Fit
from imgcheck.model import Claim, Outcome, Place, Window

# The ground shown is a square of 1,000 m: this many degrees around 40.0 E, 35.0 N.
_LON, _LAT = 40.0, 35.0
_EAST, _NORTH = 1 / 91_290, 1 / 110_941
UNDETERMINED = Relation(kind="undetermined", reason="too few blocks")
SUPPORTS, CONTRADICTS, OPEN = Outcome.SUPPORTS, Outcome.CONTRADICTS, Outcome.INCONCLUSIVE


def at(east_m: float, north_m: float) -> tuple[float, float]:
    return _LON + east_m * _EAST, _LAT + north_m * _NORTH


def box(west: float, south: float, east: float, north: float) -> dict[str, object]:
    """A claimed box, metres from the middle of the ground shown."""
    return {"bbox": (*at(west, south), *at(east, north))}


def point(east: float, north: float, radius_km: float | None = None) -> dict[str, object]:
    lon, lat = at(east, north)
    return {"lon": lon, "lat": lat, "radius_km": radius_km}


def placement(
    *, error_m: float = 10.0, path: str = "fast", mirrored: bool = False, searched: int = 1, **more
) -> Placed:
    """A picture of 1,000 m on the ground in pixels of 1 m, known within ``error_m`` at 95 %."""
    matrix = np.array([[_EAST, 0, _LON - 500 * _EAST], [0, -_NORTH, _LAT + 500 * _NORTH],
                       [0, 0, 1.0]])  # fmt: skip
    fit = Fit(
        model="similarity",
        matrix=np.eye(3),
        residuals=np.zeros(4),
        sigma=0.1,
        covariance=np.zeros((4, 4)),
        centre=(500.0, 500.0),
        radius=400.0,
    )
    found = Registered(
        matrix=np.eye(3),
        model="similarity",
        mirrored=mirrored,
        inliers=80,
        distinct=60,
        matches=100,
        picture_points=np.zeros((0, 2)),
        reference_points=np.zeros((0, 2)),
        rms_px=0.3,
        log10_nfa=-80.0,
        sigma_px=0.1,
        corner_sigma_px=0.1,
        shared_sigma_px=error_m / math.sqrt(5.991464547),
        fit=fit,
        picture_shape=(1000, 1000),
    )
    corners = [(-500, -500), (500, -500), (500, 500), (-500, 500), (-500, -500)]
    given = {
        "path": path,
        "crs": "EPSG:4326",
        "matrix": matrix,
        "footprint_lonlat": tuple(at(*corner) for corner in corners),
        "gsd_m": 1.0,
        "north_deg": 0.0,
        "ellipse_m": (error_m, error_m, 0.0),
        "centre_lonlat": (_LON, _LAT),
        "tilt_deg": 0.0,
        "false_match_probability": locating.rate_limit(path, searched),
        "registration": found,
        "tried": (NotPlaced(reason="none", path="fast"),) * searched + (NotPlaced(reason="no"),),
    }
    return Placed(**(given | more))


@pytest.fixture(scope="module")
def image():
    stream = io.BytesIO()
    Pillow.new("RGB", (16, 16)).save(stream, "PNG")
    return Image.from_bytes(stream.getvalue(), name="2017-08-28.tif")


@pytest.fixture
def judged(image, monkeypatch):
    """Run the check with a frozen placement in place of a search."""

    def act(
        *claimed: Place,
        found: Placed | str,
        date="2017-08-28",
        relation=UNDETERMINED,
        seen: Placed | None = None,
    ):
        day = None if date is None else Window.parse(date)
        reference = Reference(id="r", image=image, date=day)
        case = Case(image=image, claim=Claim(statements=claimed), references=(reference,))
        candidate = seen and Candidate(case=case, reference=reference, placement=seen)
        result = NotLocated(
            case=case, prior=Prior(), tried=(), reason=str(found), candidate=candidate
        )
        if isinstance(found, Placed):
            result = Located(
                case=case, prior=Prior(), tried=(), reference=reference, placement=found
            )
            vars(result)["relation"] = relation
        monkeypatch.setattr(Case, "placing", result)
        where, *answers = geo_place.run(case)
        return where, answers

    return act


@pytest.mark.parametrize(
    ("outcome", "relation", "claimed", "words"),
    [
        # The default: what is shown overlaps with the claimed place.
        (SUPPORTS, "overlaps", box(-900, -900, 900, 900), "100% of its footprint"),
        (SUPPORTS, "overlaps", box(0, -900, 900, 900), "50% of its footprint"),
        (SUPPORTS, "overlaps", box(480, -900, 900, 900), "2% of its footprint"),
        (SUPPORTS, "overlaps", box(-20, -20, 20, 20), "of its footprint lies in"),
        (OPEN, "overlaps", box(495, -900, 900, 900), "is smaller than the error of the match"),
        (OPEN, "overlaps", box(501, -900, 900, 900), "less than the error of the match (10 m)"),
        (OPEN, "overlaps", box(508, -900, 900, 900), "ends 8 m from the claimed place"),
        (CONTRADICTS, "overlaps", box(514, -900, 900, 900), "lies 14 m outside"),
        (CONTRADICTS, "overlaps", box(90_000, 0, 99_000, 900), "lies 89 km outside"),
        # All of what is shown lies inside.
        (SUPPORTS, "inside", box(-900, -900, 900, 900), "100% of its footprint"),
        (OPEN, "inside", box(-505, -900, 900, 900), "is smaller than the error of the match"),
        (OPEN, "inside", box(0, -900, 900, 900), "only 50%"),
        (CONTRADICTS, "inside", box(520, -900, 900, 900), "lies 20 m outside"),
        # A circle around a point; near means within it.
        (SUPPORTS, "overlaps", point(1200, 0, 0.9), "of its footprint lies in"),
        (SUPPORTS, "near", point(1200, 0, 0.9), "of its footprint lies in"),
        (OPEN, "near", point(1200, 0, 0.695), "less than the error"),
        (CONTRADICTS, "near", point(1200, 0, 0.5), "lies 200 m outside"),
        (CONTRADICTS, "inside", point(1200, 0, 0.5), "lies 200 m outside"),
        # A bare point says nothing of how near is near: it is shown, or the answer stays open.
        (SUPPORTS, "overlaps", point(400, 0), "contains the claimed point"),
        (OPEN, "overlaps", point(496, 0), "is smaller than the error of the match"),
        (OPEN, "overlaps", point(505, 0), "states no radius"),
        (OPEN, "near", point(90_000, 0), "lies 89 km away"),
        # Latitude and longitude exchanged.
        (OPEN, "overlaps", {"lon": _LAT, "lat": _LON, "radius_km": 3.0}, "longitude exchanged"),
        (OPEN, "inside", {"lon": _LAT, "lat": _LON, "radius_km": 3.0}, "longitude exchanged"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["fast", "structural"])
def test_a_claimed_place_is_answered_by_where_the_picture_lies(
    judged, outcome, relation, claimed, words, path
) -> None:
    statement = Place(id="where", relation=relation, **claimed)
    _, (finding,) = judged(statement, found=placement(path=path))
    assert finding.outcome is outcome, finding.summary
    assert words in finding.summary
    assert finding.statement == "where"
    if outcome is OPEN:
        assert finding.error_rate is None
    else:
        assert finding.error_rate == error_rate("geo.place", f"placed elsewhere, {path} path")


@pytest.mark.parametrize(
    ("gap", "error", "outcome"),
    [(9, 10, OPEN), (11, 10, CONTRADICTS), (11, 12, OPEN), (0.5, 0.2, CONTRADICTS)],
)
def test_only_a_gap_wider_than_the_error_contradicts(judged, gap, error, outcome) -> None:
    statement = Place(id="where", **box(500 + gap, -900, 2000, 900))
    _, (finding,) = judged(statement, found=placement(error_m=error))
    assert finding.outcome is outcome, finding.summary


def test_every_claimed_place_is_answered_for_itself(judged) -> None:
    here = Place(id="here", **box(-900, -900, 900, 900))
    there = Place(id="there", **box(5000, -900, 9000, 900))
    _, answers = judged(here, there, found=placement())
    assert [(a.statement, a.outcome) for a in answers] == [
        ("here", SUPPORTS), ("there", CONTRADICTS),
    ]  # fmt: skip


def test_what_is_said_of_the_place_itself_answers_nothing(judged) -> None:
    where, _ = judged(found=placement(error_m=0.13))
    assert where.statement is None and where.outcome is OPEN and where.error_rate is None
    assert "the reference 2017-08-28.tif (dated 2017-08-28)" in where.summary
    assert "to within one pixel, 1 m (95 %) relative to the reference, whose own" in where.summary
    assert "A pixel is 1 m on the ground" in where.summary
    where, _ = judged(found=placement(error_m=1.3))
    assert "to within 1.3 m (95 %) relative to the reference, whose own error" in where.summary
    where, _ = judged(found=placement(), date=None)
    assert "2017-08-28.tif (date not stated)" in where.summary


@pytest.mark.parametrize("claimed", [box(-900, -900, 900, 900), box(5000, 0, 9000, 900)])
def test_a_candidate_answers_nothing(judged, claimed) -> None:
    statement = Place(id="a", **claimed)
    plain = judged(statement, found="it could be a coincidence")
    with_candidate = judged(statement, found="it could be a coincidence", seen=placement())
    assert with_candidate == plain and plain[0].outcome is OPEN and not plain[1]


def test_a_picture_that_was_not_placed_leaves_the_claim_open(judged) -> None:
    where, answers = judged(Place(id="a", **box(5000, 0, 9000, 9)), found="too few details")
    assert not answers and where.statement == "a"
    assert where.outcome is OPEN and "too few details" in where.summary
    assert "No match is not evidence for or against" in where.summary


@pytest.mark.parametrize(("count", "words"), [(1, "0.1 %."), (4, "0.4 % for 4 references")])
def test_one_rate_stands_in_the_sentence_the_measures_and_the_verdict(judged, count, words) -> None:
    statement = Place(id="a", **box(-900, -900, 900, 900))
    where, (answer,) = judged(statement, found=placement(searched=count))
    measured = {m.name: m.value for m in where.measures}["probability of a false match"]
    assert answer.error_rate.interval.high == pytest.approx(measured)
    assert measured == locating.rate_limit("fast", count)
    assert f"probability of a false match is at most {words}" in where.summary


def test_with_too_many_references_a_match_decides_nothing(judged) -> None:
    statement = Place(id="a", **box(9000, -900, 9900, 900))
    _, (answer,) = judged(statement, found=placement(searched=60))
    assert answer.outcome is OPEN


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("same", "the same pixels"),
        ("derived", "made from that image"),
        ("same-place", "another time"),
        ("undetermined", "could not be determined"),
    ],
)
def test_the_kind_of_agreement_is_said_and_decides_no_place(judged, kind, words) -> None:
    level = Level(level=0, count=40, typical=0.9, low=0.8, lowest=0.7)
    measured = Agreement(fine=level, coarse=level, shift_px=None, aligned=0.0)
    relation = Relation(kind=kind, reason="as measured", blocks=40, agreement=measured)
    statement = Place(id="a", **box(-900, -900, 900, 900))
    where, (answer,) = judged(statement, found=placement(), relation=relation)
    assert words in where.summary
    assert answer.outcome is SUPPORTS


def test_a_mirrored_or_tilted_picture_is_called_so(judged) -> None:
    statement = Place(id="a", **box(-900, -900, 900, 900))
    where, (answer,) = judged(statement, found=placement(mirrored=True))
    for finding in (where, answer):
        assert "left and right are exchanged" in finding.summary
    where, (answer,) = judged(statement, found=placement())
    assert "exchanged" not in where.summary + answer.summary
    where, _ = judged(found=placement(tilt_deg=12.0))
    assert "tilted by about 12 degrees" in where.summary
    where, _ = judged(found=placement(tilt_deg=4.0))
    assert "tilted" not in where.summary


@pytest.mark.parametrize("path", ["fast", "structural"])
def test_the_engine_and_the_verdict_rest_on_the_same_counts(path) -> None:
    rate = error_rate("geo.place", f"placed elsewhere, {path} path")
    assert locating.UNRELATED[path] == (rate.errors, rate.trials)
