import json
from pathlib import Path

import pytest

from imgcheck.errors import ClaimError
from imgcheck.model import Absence, Acquired, Attribution, Claim, Count, Original, Place
from imgcheck.model.claimfile import loads

WHOLE = """\
source:
  publisher: NO
  platform: Facebook
  url: https://example.org/post?id=0777
  posted: 2017-09-24
statements:
  - id: when
    acquired: 2017-09-08/2017-09-12
    text: taken 8-12 September
  - place: {lat: 35.4, lon: 40.15, radius_km: 20}
  - count: {class: vehicle, min: 10}
  - absence: {class: crater, min_size_m: 3}
  - original
  - attribution: 0777
measurements:
  - shadow_azimuth: {value: 327, sigma: 3}
    note: 12:30
rivals:
  - text: taken in spring
    acquired: 2017-04
"""


def test_every_kind_is_read_and_scalars_stay_text() -> None:
    claim = loads(WHOLE)
    assert claim.source.publisher == "NO"
    assert [type(s) for s in claim.statements] == [
        Acquired, Place, Count, Absence, Original, Attribution,
    ]  # fmt: skip
    attribution = claim.statements[-1]
    assert isinstance(attribution, Attribution)
    assert attribution.actor == "0777"
    assert claim.measurements[0].note == "12:30"
    assert claim.statements[0].id == "when"
    assert claim.statements[1].id == "2-place"


def test_yaml_and_json_give_the_same_claim() -> None:
    as_json = {"statements": [{"acquired": "2017-09-08"}, {"count": {"class": "car", "max": 3}}]}
    as_yaml = "statements:\n  - acquired: 2017-09-08\n  - count: {class: car, max: 3}\n"
    assert loads(json.dumps(as_json)) == loads(as_yaml)


def test_a_claim_survives_json() -> None:
    claim = loads(WHOLE)
    assert Claim.from_json(json.loads(json.dumps(claim.to_json()))) == claim


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("statements:\n  - acquired: 8-12 Sept\n", 2, "ISO 8601"),
        ("statements:\n  - place: {lat: 91, lon: 0}\n", 2, "outside -90 to 90"),
        ("statements:\n  - place: {lat: 1}\n", 2, 'needs a "lon"'),
        ("statements:\n\n  - vehicle: 3\n", 3, "exactly one kind"),
        ("statements:\n  - count: {class: car}\n", 2, '"min"'),
        ("statements:\n  - count: {class: car, min: 9, max: 3}\n", 2, "above max"),
        ("statements:\n  - count: {class: car, min: -1}\n", 2, "whole number"),
        ("statements:\n  - {original: true, unaltered: true}\n", 2, "exactly one kind"),
        ("sources: {}\n", 1, 'no "sources"'),
        ("a: &x 1\nb: *x\n", 2, "aliases"),
        ("a: [1, 2\n", 2, "not YAML"),
        ("statements: 3\n", 1, "must be a list"),
        ("measurements:\n  - shadow_azimuth: 161\n", 2, "give its error"),
        ("a: 1\na: 2\n", 2, "given twice"),
        ("", 1, "empty"),
        ("statements:\n  - {id: a, original: true}\n  - {id: a, unaltered: true}\n", 3, "twice"),
    ],
)
def test_an_error_names_the_line_and_what_is_accepted(text: str, line: int, says: str) -> None:
    with pytest.raises(ClaimError) as caught:
        loads(text, name="claim.yml")
    assert str(caught.value).startswith(f"claim.yml:{line}: ")
    assert says in str(caught.value)
    assert caught.value.exit_code == 2


def test_bytes_that_are_not_utf_8_name_their_line() -> None:
    with pytest.raises(ClaimError, match=r"claim:2: is not UTF-8"):
        loads(b"statements:\n  - text: \xff\xfe\n")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[" * 5000, "nested over 12"),
        ('{"a":' * 5000, "nested over 12"),
        ("- " * 5000 + "a", "nested over 12"),
        ("? " * 5000 + "a", "nested over 12"),
        ("statements:\n" + "  - original\n" * 5000, '"statements" has 5,000 entries'),
        ("statements:\n" + "  - original\n" * 40_000, "over 30,000 values"),
        ("measurements:\n" + "  - gsd_m: 1\n" * 201, '"measurements" has 201 entries'),
        ("rivals:\n" + "  - {acquired: 2017}\n" * 21, '"rivals" has 21 entries'),
        ("statements: [&a [x], *a]", "aliases"),
        ("%YAML 1." + "1" * 5000 + "\n--- a", "is not YAML"),
        ('"\\UFFFFFFFF"', "is not YAML"),
        ("a\x01b", "is not YAML"),
        ("--- a\n--- b", "is not YAML"),
        ("statements: [{count: {class: car, min: " + "9" * 5000 + "}}]", "is not a whole number"),
        ("measurements: [{gsd_m: " + "9" * 5000 + "}]", "outside 0.001 to 10000"),
        ("measurements: [{gsd_m: 1_0}]", "is not a number"),
        ("measurements: [{gsd_m: nan}]", "is not a number"),
        ("statements: [{acquired: " + "2017/" * 5000 + "2017}]", "is not an ISO 8601"),
        ("statements: [{original: true, id: " + "x" * 5000 + "}]", "1 to 80 characters"),
        ('statements: [{original: true, id: ""}]', "1 to 80 characters"),
        ("statements: [{" + "x" * 900 + ": 1}]", "xxx…"),
    ],
)
def test_a_hostile_claim_is_refused_in_one_short_sentence(text: str, says: str) -> None:
    with pytest.raises(ClaimError, match=r"^claim:\d+: ") as caught:
        loads(text)
    assert len(str(caught.value)) < 600
    assert says in str(caught.value)


def test_twelve_levels_are_read_and_a_thirteenth_is_refused() -> None:
    with pytest.raises(ClaimError, match="the claim is a mapping"):
        loads("[" * 12 + "]" * 12)
    with pytest.raises(ClaimError, match="nested over 12"):
        loads("[" * 13 + "]" * 13)


def test_two_hundred_statements_are_read_and_the_next_is_named_by_its_line() -> None:
    text = "statements:\n" + "  - original\n" * 200
    assert len(loads(text).statements) == 200
    with pytest.raises(ClaimError, match=r"^claim:202: .*at most 200"):
        loads(text + "  - original\n")


@pytest.mark.parametrize(
    "moment",
    ["9999-12-31T23:59:59-23:59", "9999-12-31T23:59", "9999-12-31", "9999-12", "9999", "0001",
     "0001-01-01T00:00+14:00", "0000", "1799-12-31/2017-01-01"],
)  # fmt: skip
@pytest.mark.parametrize("key", ["acquired", "unchanged", "changed"])
def test_dates_at_the_ends_of_the_calendar_are_refused(moment: str, key: str) -> None:
    with pytest.raises(ClaimError, match=r"^claim:2: .*outside 1800 to 2199"):
        loads(f"statements:\n  - {key}: {moment}\n")


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ("polygon: [[0, 0], [1, 1], [1, 0], [0, 1]]", "crosses or touches itself"),
        ("polygon: [[0, 0], [1, 1], [2, 2]]", "on one line"),
        ("polygon: [[0, 0], [1, 1], [0, 0]]", "three different corners"),
        ("polygon: [[0, 0], [1, 1]]", "3 and more"),
        ("polygon: [[40, 139], [41, 139], [41, 140]]", "may be exchanged (lat 40, lon 139)"),
        ("lat: 139.7, lon: 35.7", "may be exchanged (lat 35.7, lon 139.7)"),
        ("lat: 91, lon: 0", "lat: 91 is outside -90 to 90; longitude and latitude may be exch"),
        ("lat: 139.7, lon: 120", "lat: 139.7 is outside -90 to 90"),
        ("lat: 200, lon: 120", "lat: 200 is outside -90 to 90"),
        ("bbox: [35, 139, 36, 140]", "may be exchanged"),
        ("bbox: [10, 20, 10, 21]", "encloses nothing"),
        ("bbox: [10, 20, 11, 20]", "encloses nothing"),
        ("lat: 1, lon: 1, radius_km: 0", "outside 0.001"),
    ],
)
def test_a_place_that_is_none_is_refused_with_the_way_out(place: str, says: str) -> None:
    with pytest.raises(ClaimError) as caught:
        loads(f"statements:\n  - place: {{{place}}}\n", name="claim.yml")
    assert str(caught.value).startswith("claim.yml:2: place")
    assert says in str(caught.value)


def test_only_a_possible_exchange_is_hinted_at() -> None:
    with pytest.raises(ClaimError) as caught:
        loads("statements: [{place: {lat: 139.7, lon: 120}}]")
    assert "exchanged" not in str(caught.value)


@pytest.mark.parametrize(
    "ring",
    ["[[179, -18], [-179, -18], [-179, -16], [179, -16]]",
     "[[170, 60], [-170, 60], [-170, 70], [170, 70], [170, 60]]"],
)  # fmt: skip
def test_a_polygon_across_the_date_line_is_read(ring: str) -> None:
    (place,) = loads(f"statements: [{{place: {{polygon: {ring}}}}}]").statements
    assert isinstance(place, Place)
    assert place.polygon is not None


def test_an_emoji_in_json_is_one_character() -> None:
    written = json.dumps({"statements": [{"original": "true", "text": "seen 😀 here"}]})
    assert "\\ud83d" in written
    assert loads(written).statements[0].text == "seen 😀 here"
    assert loads('statements: [{original: true, text: "\\ud83d"}]').statements[0].text == "�"


def test_a_missing_or_oversized_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ClaimError, match=r"nothing\.yml: claim file not found"):
        Claim.load(tmp_path / "nothing.yml")
    large = tmp_path / "large.yml"
    large.write_bytes(b"#" * (1 << 20) + b"##")
    with pytest.raises(ClaimError, match="larger than 1 MiB"):
        Claim.load(large)
