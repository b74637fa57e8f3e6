"""The samples give what they are expected to give, and the comparison can fail."""

import shutil
from pathlib import Path

import pytest
import yaml

from imgcheck import regression
from imgcheck.checks.catalogue import catalogue
from imgcheck.model import Outcome
from imgcheck.model.finding import DECISIVE

from .conftest import FOLDERS, expected_of, report_of


def test_there_are_at_least_four_samples() -> None:
    assert len(FOLDERS) >= 4


def test_a_sample_gives_what_is_expected(sample: Path) -> None:
    differences = list(regression._differences(report_of(sample), expected_of(sample)))
    assert not differences


def test_a_sample_states_where_it_comes_from(sample: Path) -> None:
    assert (sample / "SOURCE.md").read_text(encoding="utf-8").strip()


@pytest.mark.parametrize("voice", ["speaks", "silent"])
@pytest.mark.parametrize("check", [one.id for one in catalogue()])
def test_every_check_has_a_sample_with_and_one_without_a_result(check: str, voice: str) -> None:
    naming = [f.name for f in FOLDERS if check in (expected_of(f).get(voice) or ())]
    assert naming, f'add {check} to "{voice}" in the expected.yml of a sample'


def test_a_check_that_cannot_run_gives_the_reason_for_each_statement(sample: Path) -> None:
    report = report_of(sample)
    for check in catalogue():
        own = [f for f in report.findings if f.check == check.id]
        assert {s.id for s in check.statements(report.claim)} <= {f.statement for f in own}
        assert all(f.summary for f in own if f.outcome is Outcome.NOT_APPLICABLE)


def test_what_decides_prints_its_error_rate(sample: Path) -> None:
    for finding in report_of(sample).findings:
        if finding.outcome in DECISIVE:
            assert finding.error_rate is not None
            assert "benchmarks" in finding.error_rate.calibration


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
