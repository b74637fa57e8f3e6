"""``imgcheck sun`` keeps to the machine contract."""

import json

import pytest

from imgcheck.cli import run

AT = ["sun", "--at", "50.5418,30.2302"]


def test_fields_of_the_contract(capsys: pytest.CaptureFixture[str], tmp_path) -> None:
    words = [*AT, "--time", "2022-03-19T09:08:31Z", "--azimuth", "161,1.5", "--json"]
    words += ["--window", "2022-03-15/2022-04-02", "--rival", "2022-04-01T11:57Z"]
    assert run([*words, "-o", str(tmp_path / "day.svg")]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert abs(answer["azimuth_deg"] - 161.5) < 0.01
    assert abs(answer["elevation_deg"] - 37.46) < 0.01
    assert set(answer["sets"][0]) == {"start", "end"} and answer["mirror"]
    assert answer["likelihood_ratio"] > 1000
    assert answer["date"] == "the date within two weeks is not resolved by azimuth alone"
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
