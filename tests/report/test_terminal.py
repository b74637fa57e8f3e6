"""The terminal report: readable at any width, in words first, inert."""

import re
import unicodedata

import pytest

from imgcheck.report import wording as words
from imgcheck.report.formatting import first_sentence
from imgcheck.report.terminal import Detail, terminal
from tests.report.sample_report import bare, sample

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@pytest.mark.parametrize("detail", Detail)
@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_line_is_wider_than_the_terminal(width: int, detail: Detail) -> None:
    text = terminal(sample(), width=width, color=False, detail=detail)
    assert max(len(row) for row in text.splitlines()) <= width


def test_without_colour_there_is_no_escape_sequence() -> None:
    text = terminal(sample(), color=False)
    assert "\x1b" not in text


def test_colour_adds_nothing_that_words_do_not_say() -> None:
    plain = terminal(sample(), width=90, color=False)
    coloured = terminal(sample(), width=90, color=True)
    assert coloured != plain
    stripped = "\n".join(row.rstrip() for row in _COLOUR.sub("", coloured).splitlines())
    assert stripped == plain.rstrip("\n")


def test_hostile_strings_command_nothing() -> None:
    text = _COLOUR.sub("", terminal(sample(), width=200, color=True))
    categories = {unicodedata.category(c) for c in text if c != "\n"}
    assert categories.isdisjoint({"Cc", "Cf", "Cs", "Zl", "Zp"})
    assert "[bold red]not markup[/bold red]" in text


def full(*, width: int = 80) -> str:
    """Give the full text on one line."""
    return " ".join(terminal(sample(), width=width, color=False, detail=Detail.FULL).split())


def test_every_verdict_is_said_in_words_with_its_reason() -> None:
    text = full()
    for verdict in sample().verdicts:
        assert words.VERDICTS[verdict.verdict].word.upper() in text
        for reason in verdict.because if verdict.statement != "clean" else ():
            assert reason in text
        for reason in verdict.untested[:1] if verdict.statement != "clean" else ():
            assert reason in text
    assert words.NO_SCORE in text


def test_the_error_rate_stands_beside_a_contradiction() -> None:
    text = full()
    assert (
        "in testing, 4 of 312 unchanged pairs called changed (1.3 %, 95 % upper limit 3.2 %;"
        in text
    )


def test_the_table_gives_every_verdict_one_whole_sentence() -> None:
    text = " ".join(terminal(sample(), width=80, color=False, detail=Detail.TABLE).split())
    for verdict in sample().verdicts:
        assert words.VERDICTS[verdict.verdict].word.upper() in text
        if verdict.because and verdict.statement != "clean":
            assert first_sentence(verdict.because[0]) in text
    assert "(error rate at most 3.2 %)" in text
    assert "To decide more" not in text


def test_no_finding_is_printed_twice_in_full() -> None:
    text = full(width=100)
    for finding in sample().findings:
        assert text.count(finding.summary) <= 1


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("It fits. The date was not tested.", "It fits."),
        ("At 09:08 UTC. Then more.", "At 09:08 UTC."),
        ("Statute No. 3 (e.g. Annex B) holds. More.", "Statute No. 3 (e.g. Annex B) holds."),
        ("It is 17 m in 2017. More.", "It is 17 m in 2017."),
        ("Most are usual. offset.mpf is not.", "Most are usual."),
        ("placed at 35.4 N by J. Doe, done", "placed at 35.4 N by J. Doe, done"),
    ],
)
def test_a_first_sentence_is_whole(text: str, first: str) -> None:
    assert first_sentence(text) == first


def test_the_inputs_that_would_decide_most_statements_come_first() -> None:
    text = terminal(sample(), width=100, color=False)
    wishes = text[text.index("To decide more:") :].splitlines()[1:4]
    counts = [len(re.findall(r"\d+", wish.rpartition(": statement")[2])) for wish in wishes]
    assert counts == sorted(counts, reverse=True) and counts[0] >= 1


def test_failed_and_skipped_checks_are_told() -> None:
    assert "Failed: " in terminal(sample(), color=False)
    text = terminal(sample(), color=False, detail=Detail.FULL)
    assert "Checks that failed" in text
    assert "captions.text: the text reader is not installed" in text


def test_only_the_last_column_of_the_table_wraps() -> None:
    """A wrapped row must hold nothing but that one cell, or it cannot be read aloud."""
    text = terminal(sample(), width=80, color=False)
    table = text[text.index("No.  Verdict") : text.index("10 statements")].splitlines()[1:]
    for row in table:
        assert re.match(r" {1,2}\d+  [A-Z ]{12}  \S", row) or not row[:19].strip(), row


def test_a_report_without_claim_is_whole() -> None:
    text = terminal(bare(), color=False)
    assert "No claim was given" in text
    assert "a.png" in text


def test_the_same_report_gives_the_same_text(monkeypatch: pytest.MonkeyPatch) -> None:
    first = terminal(sample())
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("TERM", "dumb")
    assert terminal(sample()) == first
