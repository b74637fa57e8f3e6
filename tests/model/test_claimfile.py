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
        ("statements: 3\n", 1, "is a list"),
        ("measurements:\n  - shadow_azimuth: 161\n", 2, "how exact"),
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


def test_deep_nesting_is_refused_and_does_not_exhaust_the_stack() -> None:
    with pytest.raises(ClaimError):
        loads("[" * 5000)


def test_a_missing_or_oversized_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ClaimError, match=r"nothing\.yml: there is no such claim file"):
        Claim.load(tmp_path / "nothing.yml")
    large = tmp_path / "large.yml"
    large.write_bytes(b"#" * (1 << 20) + b"##")
    with pytest.raises(ClaimError, match="over 1 MiB"):
        Claim.load(large)
