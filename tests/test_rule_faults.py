"""The trial that plants faults in decision rules finds the rules and their tests where they are."""

from pathlib import Path

import pytest

from tests.benchmarks import rule_faults

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("path", rule_faults.files())
def test_every_rule_is_there_with_tests_and_has_faults_to_plant(path: str) -> None:
    assert (ROOT / path).is_file()
    tests = rule_faults.tests_of(path)
    assert tests and all((ROOT / test).is_file() for test in tests)


@pytest.mark.slow
def test_every_fault_that_changes_no_answer_can_still_be_planted() -> None:
    every = {f.key for path in rule_faults.files() for f in rule_faults.faults(path)}
    assert not set(rule_faults.EQUIVALENT) - every
