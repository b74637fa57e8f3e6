"""The samples give what they are expected to give, and the comparison can fail."""

import shutil
from pathlib import Path

import yaml

from imgcheck import regression

from .conftest import FOLDERS, expected_of, report_of


def test_there_are_at_least_four_samples() -> None:
    assert len(FOLDERS) >= 4


def test_a_sample_gives_what_is_expected(sample: Path) -> None:
    differences = list(regression._differences(report_of(sample), expected_of(sample)))
    assert not differences


def test_a_sample_says_where_it_comes_from(sample: Path) -> None:
    assert (sample / "SOURCE.md").read_text(encoding="utf-8").strip()


def test_an_edited_expectation_is_noticed(tmp_path: Path) -> None:
    source = min(FOLDERS, key=lambda f: sum(p.stat().st_size for p in f.rglob("*")))
    shutil.copytree(source, tmp_path / "case")
    expected = dict(expected_of(source))
    name = next(iter(expected["verdicts"]))
    expected["verdicts"] = {**expected["verdicts"], name: "not_run"}
    (tmp_path / "case" / "expected.yml").write_text(yaml.safe_dump(expected), encoding="utf-8")
    (result,) = regression.regress(tmp_path)
    assert not result.passed
    assert any(difference.startswith(f"{name}: ") for difference in result.differences)


def test_the_same_sample_gives_the_same_bytes_twice() -> None:
    smallest = min(FOLDERS, key=lambda f: sum(p.stat().st_size for p in f.rglob("*")))
    assert regression.case_report(smallest).dumps() == report_of(smallest).dumps()
