"""``imgcheck sun`` keeps to the machine contract."""

import json

import pytest

from imgcheck.cli import run

AT = ["sun", "--at", "50.5418,30.2302"]


@pytest.mark.slow
def test_fields_of_the_contract(capsys: pytest.CaptureFixture[str], tmp_path) -> None:
    words = [*AT, "--time", "2022-03-19T09:08:31Z", "--azimuth", "161,1.5", "--json"]
    words += ["--window", "2022-03-15/2022-04-02", "--rival", "2022-04-01T11:57Z"]
    assert run([*words, "-o", str(tmp_path / "day.svg")]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert abs(answer["azimuth_deg"] - 161.5) < 0.01
    assert abs(answer["elevation_deg"] - 37.46) < 0.01
    assert set(answer["sets"][0]) == {"start", "end"} and answer["mirror"]
    assert answer["likelihood_ratio"] > 1000
    assert answer["date"] == "azimuth alone does not determine the date within two weeks"
    assert "<script" not in (tmp_path / "day.svg").read_text(encoding="utf-8")


def test_position_alone_needs_no_measurement(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*AT, "--time", "2022-03-19T22:00Z"]) == 0
    assert "below the horizon" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [
        [*AT, "--time", "2022-03-19T09:08"],
        [*AT],
        ["sun", "--at", "50", "--time", "2022-03-19T09:08Z"],
        [*AT, "--time", "2022-03-19T09:08Z", "--azimuth", "a,b"],
        [*AT, "--time", "2022-03-19T09:08Z", "--azimuth", "nan,1"],
    ],
)
def test_usage_is_refused_in_one_sentence(words, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(words) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_the_diagram_shows_claim_rival_and_mirror_date(tmp_path) -> None:
    words = [*AT, "--time", "2022-03-19T09:08:31Z", "--azimuth", "161,1.5"]
    words += ["--window", "2022-03-15/2022-04-02", "--rival", "2022-04-01T11:57Z"]
    assert run([*words, "-o", str(tmp_path / "day.html")]) == 0
    page = (tmp_path / "day.html").read_text(encoding="utf-8")
    for said in ("claimed: 19 Mar 2022 09:08:31 UTC", "rival: 1 Apr 2022 11:57 UTC",
                 "mirror date across the solstice: 24 Sep 2022", "161 ± 1.5 degrees"):  # fmt: skip
        assert said in page


@pytest.mark.parametrize("place", ["-33.9,18.4", "0,0", "89.9,10", "-89.9,10", "70,179.9"])
def test_a_diagram_is_drawn_everywhere_and_by_night(place: str, tmp_path) -> None:
    for when in ("2022-06-21T00:00Z", "2022-12-21T12:00Z"):
        words = ["sun", "--at", place, "--time", when, "--azimuth", "2,170", "--window", when[:10]]
        assert run([*words, "-o", str(tmp_path / "day.svg")]) == 0
        assert "nan" not in (tmp_path / "day.svg").read_text(encoding="utf-8")


def test_assumed_ground_and_object_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    words = [*AT, "--time", "2022-03-19T09:08:31Z", "--azimuth", "161,1.5"]
    words += ["--window", "2022-03-19"]
    assert run(words) == 0
    said = capsys.readouterr().out
    assert "ground level within 2 degrees, objects upright within 1.5 degrees" in said
    assert "mirror dates" in said
    assert run([*words, "--slope", "0", "--lean", "0", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["assumed"]["lean_sigma_deg"] == 0
