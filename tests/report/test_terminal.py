"""The terminal report: readable at any width, in words first, inert."""

import re
import unicodedata

import pytest

from imgcheck.report import wording as words
from imgcheck.report.terminal import terminal
from tests.report.sample_report import bare, sample

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    text = terminal(sample(), width=width, color=False)
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


def test_every_verdict_is_said_in_words_with_its_reason() -> None:
    text = " ".join(terminal(sample(), width=80, color=False).split())
    for verdict in sample().verdicts:
        assert words.VERDICTS[verdict.verdict].word.upper() in text
        for reason in verdict.because if verdict.statement != "clean" else ():
            assert reason in text
        for reason in verdict.untested[:1] if verdict.statement != "clean" else ():
            assert reason in text
    assert words.NO_SCORE in text


def test_the_error_rate_stands_beside_a_contradiction() -> None:
    text = " ".join(terminal(sample(), width=80, color=False).split())
    assert (
        "in testing, 4 of 312 unchanged pairs called changed (1.3 %, 95 % upper limit 3.2 %;"
        in text
    )


def test_failed_and_skipped_checks_are_told() -> None:
    text = terminal(sample(), color=False)
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
