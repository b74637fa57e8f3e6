"""What the file says of itself is told in full, and never for or against the claim."""

from types import SimpleNamespace

import pytest

from imgcheck import provenance
from imgcheck.checks.provenance_file import provenance_file
from imgcheck.imaging.containers import Observation
from imgcheck.model import Finding, Outcome
from imgcheck.provenance import Agreement, Gps
from tests.checks.frozen import case_of, tags

PLACE = "  - place: {lat: 50.45, lon: 30.52, radius_km: 5}\n"


def agreement(kind: str) -> Agreement:
    return Agreement(kind=kind, ncc=None)


def of(claim: str, **inspection: object) -> Finding:
    case = case_of(claim, **inspection)
    (named,) = case.claim.statements
    (finding,) = (f for f in provenance_file.run(case) if f.statement == named.id)
    assert finding.outcome not in (Outcome.SUPPORTS, Outcome.CONTRADICTS)
    return finding


def at(lat: float | None, lon: float | None, source: str = "EXIF") -> Gps:
    return Gps(lat=lat, lon=lon, source=source)


def placed(*positions: Gps, unread: str = "") -> provenance.Metadata:
    seen = (Observation(kind="unreadable-position", message=unread),) if unread else ()
    best = positions[0] if positions else None
    return tags(gps=best, positions=positions, observations=seen)


@pytest.mark.parametrize(
    ("metadata", "words", "measured"),
    [
        (placed(at(50.45, 30.52)), "records the position 50.45000, 30.52000, inside", 1),
        (placed(at(50.45, 30.60)), ", 674 m from it", 1),
        (placed(at(50.45, 30.72)), ", 9.19 km from it", 1),
        (placed(at(-36.8, 174.72)), "km from it", 1),
        (placed(at(50.45, 30.52, "XMP")), "records in XMP the position", 1),
        (placed(at(50.45, 30.52, "drone")), "in the drone's own fields the position", 1),
        (placed(at(0, 0)), "write when they have no position", 0),
        (placed(at(None, 30.52), unread="latitude: why"), "cannot be used: latitude: why", 0),
        (placed(unread="latitude: why"), "cannot be used: latitude: why", 0),
        (placed(), "records no position, which is not evidence", 0),
        (placed(at(None, 30.52)), "records no position", 0),
        (placed(at(50.45, None)), "records no position", 0),
    ],
)
def test_a_position_is_told_as_it_is_recorded(metadata, words: str, measured: int) -> None:
    finding = of(PLACE, metadata=metadata)
    assert words in finding.summary
    assert len(finding.measures) == measured
    # Only a position that can be compared with the claim is a test of it.
    assert finding.outcome is (Outcome.INCONCLUSIVE if measured else Outcome.NOT_APPLICABLE)
    assert ("no position" in finding.summary) == (not measured and "cannot" not in words)


def test_exchanged_coordinates_are_hinted_at() -> None:
    assert "exchanged" in of(PLACE, metadata=placed(at(30.52, 50.45))).summary
    assert "exchanged" not in of(PLACE, metadata=placed(at(30.52, 40.45))).summary


def test_a_position_far_away_is_told_with_thousands_and_without_powers() -> None:
    assert "16,800 km from it" in of(PLACE, metadata=placed(at(-36.8, 174.72))).summary


@pytest.mark.parametrize(
    ("second", "told"),
    [(at(50.45, 30.9, "XMP"), True), (at(50.4501, 30.52, "XMP"), False),
     (at(0, 0, "XMP"), False), (at(None, 30.9, "XMP"), False)],
)  # fmt: skip
def test_a_second_position_elsewhere_is_told_too(second: Gps, told: bool) -> None:
    finding = of(PLACE, metadata=placed(at(50.45, 30.52), second))
    assert ("in XMP" in finding.summary) == told


@pytest.mark.parametrize(("lon", "told"), [(30.7208, False), (30.7219, True)])
def test_positions_that_differ_by_under_a_hundred_metres_are_one(lon: float, told: bool) -> None:
    # 57 and 135 m farther: a degree of longitude is 71.0 km there.
    finding = of(PLACE, metadata=placed(at(50.45, 30.72), at(50.45, lon, "XMP")))
    assert ("in XMP" in finding.summary) == told


def test_damage_of_the_file_is_told() -> None:
    torn = SimpleNamespace(message="it ends early")
    image = SimpleNamespace(format="jpeg", width=9, height=9, damage=(torn,), name="a.jpg")
    assert "it is damaged (it ends early)." in whole(image=image).summary


@pytest.mark.parametrize(
    ("software", "kind", "words", "absent"),
    [
        ((), None, "names no editing software", "thumbnail"),
        (("Editor 5",), None, "saved by Editor 5", "thumbnail"),
        ((), "different", "Its embedded thumbnail shows something other", "names no editing"),
        (("Editor 5",), "different", "embedded thumbnail shows something other", "names no"),
        ((), "cropped", "names no editing software", "thumbnail"),
        ((), "rotated", "names no editing software", "thumbnail"),
        ((), "undecided", "names no editing software", "thumbnail"),
        ((), "same", "names no editing software", "thumbnail"),
    ],
)
def test_programs_and_a_different_thumbnail_are_reported(software, kind, words, absent) -> None:
    thumbnail = None if kind is None else agreement(kind)
    finding = of("  - unaltered\n", metadata=tags(software=software), thumbnail=thumbnail)
    assert words.lower() in finding.summary.lower()
    assert absent not in finding.summary
    observed = bool(software) or kind == "different"
    assert finding.outcome is (Outcome.INCONCLUSIVE if observed else Outcome.NOT_APPLICABLE)


def whole(**inspection: object) -> Finding:
    (finding,) = provenance_file.run(case_of(**inspection))
    assert finding.statement is None
    return finding


def test_the_file_is_described_with_what_it_carries() -> None:
    bare = whole()
    assert "a JPEG of 4000 x 3000 px; it carries no camera metadata." in bare.summary
    full = whole(
        metadata=tags(make="Acme", model="C1", software=("Editor 5",), gps=at(50.45, 30.52)),
        credentials=provenance.Credentials(present=True), thumbnail=agreement("different"),
    )  # fmt: skip
    assert "names the camera Acme C1; it names the software Editor 5" in full.summary
    assert "content credentials (C2PA" in full.summary
    assert "no camera metadata" not in full.summary
    values = {measure.name: measure.value for measure in full.measures}
    assert values["recorded position (lat, lon)"] == "50.450000, 30.520000"
    assert values["embedded thumbnail"] == "different"


@pytest.mark.parametrize("gps", [at(0, 0), at(None, 30.52), None])
def test_a_position_that_is_none_is_no_measure(gps: Gps | None) -> None:
    assert not any("position" in m.name for m in whole(metadata=tags(gps=gps)).measures)


def test_an_empty_directory_is_no_camera_metadata() -> None:
    assert "no camera metadata" not in whole(metadata=tags(gps=at(50.45, 30.52))).summary
    assert "no camera metadata" not in whole(metadata=tags(make="Acme")).summary
    dated = tags(times=(provenance.Time(source="EXIF", tag="DateTime", role="written",
                                        value="2017-09-10T12:00:00", zone=None,
                                        uncertainty_s=1.0),))  # fmt: skip
    assert "no camera metadata" not in whole(metadata=dated).summary
