"""The order of reading loses no finding and shows none twice."""

from dataclasses import replace

from imgcheck.model import Answer, Outcome
from imgcheck.report.arrange import arrange, picture, tally
from tests.report.sample_report import bare, sample


def test_every_finding_that_says_something_is_in_exactly_one_place() -> None:
    report = sample()
    arrangement = arrange(report)
    heard = [item for section in arrangement.sections for item in section.heard]
    placed = [item.position for item in (*heard, *arrangement.observations)]
    silent = (Outcome.NOT_APPLICABLE, Outcome.FAILED)
    expected = [i for i, f in enumerate(report.findings) if f.outcome not in silent]
    assert sorted(placed) == expected


def test_a_finding_that_its_verdict_forgot_is_shown_all_the_same() -> None:
    report = sample()
    forgetful = tuple(
        replace(v, supporting=(), contradicting=(), undecided=(), untested=())
        for v in report.verdicts
    )
    before, after = arrange(report), arrange(replace(report, verdicts=forgetful))
    for one, other in zip(before.sections, after.sections, strict=True):
        assert one.heard == other.heard
        assert one.untested == other.untested


def test_a_finding_for_an_unknown_statement_is_an_observation() -> None:
    report = replace(sample(), verdicts=())
    arrangement = arrange(report)
    assert len(arrangement.observations) == 8
    assert not arrangement.sections


def test_one_failed_check_is_told_once() -> None:
    failed = arrange(sample()).failed
    assert [item.finding.check for item in failed] == ["forensics.overlay"]


def test_limits_are_said_once_each() -> None:
    for section in arrange(sample()).sections:
        assert len(set(section.limits)) == len(section.limits)


def test_verdicts_are_counted_in_a_fixed_order() -> None:
    assert tally(sample()) == [
        (Answer.CONTRADICTED, 1),
        (Answer.SUPPORTED, 1),
        (Answer.INCONCLUSIVE, 5),
        (Answer.NOT_TESTABLE, 2),
        (Answer.NOT_RUN, 1),
    ]


def test_the_posted_picture_is_found_by_its_role() -> None:
    report = sample()
    turned = replace(report, inputs=report.inputs[::-1])
    assert picture(turned) == report.inputs[0]
    assert picture(replace(bare(), inputs=())) is None
