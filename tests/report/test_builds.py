"""JUnit XML and SARIF."""

import json
from xml.etree import ElementTree

from imgcheck.model import Outcome
from imgcheck.model.documents import RegressedCase
from imgcheck.report.machine import junit, sarif
from tests.report.sample_report import HOSTILE, bare, sample


def result(
    case: str, passed: bool, differences: tuple[str, ...] = (), seconds: float = 0.0
) -> RegressedCase:
    return RegressedCase(
        case=case, passed=passed, ran=True, differences=differences, seconds=seconds
    )


def test_junit_counts_and_names_what_differs() -> None:
    results = (
        result("honest-post", True, seconds=1.25),
        result("wrong-date", False, ("date: expected contradicted, got inconclusive", "and more")),
    )
    root = ElementTree.fromstring(junit(results))
    (suite,) = root
    assert suite.attrib["tests"] == "2"
    assert suite.attrib["failures"] == "1"
    passed, failed = suite
    assert passed.attrib["time"] == "1.250"
    assert suite.attrib["time"] == "1.250"
    assert len(passed) == 0
    assert failed[0].attrib["message"] == "date: expected contradicted, got inconclusive"
    assert "and more" in str(failed[0].text)


def test_junit_of_nothing_and_of_hostile_names_is_xml() -> None:
    assert ElementTree.fromstring(junit(()))[0].attrib["tests"] == "0"
    results = [result(text, False, (text,)) for text in HOSTILE]
    text = junit(results)
    text.encode("utf-8")
    root = ElementTree.fromstring(text)
    assert root[0][0].attrib["name"] == HOSTILE[0]


def test_a_case_that_fails_without_a_reason_still_fails() -> None:
    root = ElementTree.fromstring(junit([result("x", False)]))
    assert root[0][0][0].tag == "failure"


def test_sarif_warns_of_a_contradiction_and_of_nothing_else() -> None:
    run = json.loads(sarif(sample()))["runs"][0]
    results = run["results"]
    warned = [r["ruleId"] for r in results if r["level"] == "warning"]
    assert warned == ["change.since-reference"]
    # SARIF 2.1.0, 3.27.10: a level other than "none" needs the kind "fail".
    assert all((r["kind"] == "fail") == (r["level"] != "none") for r in results)
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert all(rules[r["ruleIndex"]] == r["ruleId"] for r in results)
    heard = [f for f in sample().findings if f.outcome is not Outcome.FAILED]
    assert len(results) == len(heard)


def test_sarif_tells_of_failed_checks_as_notifications() -> None:
    run = json.loads(sarif(sample()))["runs"][0]
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    assert len(invocation["toolExecutionNotifications"]) == 2


def test_sarif_points_at_bytes_of_the_picture() -> None:
    run = json.loads(sarif(sample()))["runs"][0]
    (found,) = [r for r in run["results"] if r["ruleId"] == "provenance.recompression"]
    regions = [place["physicalLocation"]["region"] for place in found["locations"]]
    assert [(r["byteOffset"], r["byteLength"]) for r in regions] == [(20, 67), (89, 67)]
    assert run["artifacts"][0]["hashes"] == {"sha-256": sample().inputs[0].sha256}


def test_sarif_of_a_bare_report_is_valid_and_successful() -> None:
    log = json.loads(sarif(bare()))
    assert log["version"] == "2.1.0"
    assert log["runs"][0]["results"] == []
    assert log["runs"][0]["invocations"][0]["executionSuccessful"] is True
