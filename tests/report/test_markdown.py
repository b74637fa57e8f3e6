"""Markdown: a report whose hostile strings stay text."""

import pytest

from imgcheck.report.markdown import inert, markdown
from tests.report.sample_report import HOSTILE, bare, sample

MORE = (
    "![x](https://example.org/x.png)",
    "[x](javascript:alert(1))",
    "# heading",
    "1. list",
    "- item",
    "| a | b |",
    "`code` **bold** _it_ ~~no~~ $x^2$",
    "@everyone see www.example.org or https://example.org",
    "&lt;b&gt; &#60;",
    "\\",
    "<https://example.org>",
)


@pytest.mark.parametrize("text", [*HOSTILE[:9], *MORE])
def test_markdown_finds_nothing_to_act_on(text: str) -> None:
    parser = pytest.importorskip("markdown_it").MarkdownIt("gfm-like", {"linkify": False})
    tokens = parser.parse(f"{inert(text)}")
    assert [t.type for t in tokens] == ["paragraph_open", "inline", "paragraph_close"]
    assert {child.type for child in tokens[1].children} <= {"text", "text_special"}


def test_mentions_and_addresses_are_broken_up() -> None:
    shown = inert("@everyone www.example.org https://example.org")
    assert "@" not in shown
    assert "www." not in shown
    assert "://" not in shown


def test_the_report_has_a_table_with_one_row_a_statement() -> None:
    text = markdown(sample())
    rows = [row for row in text.splitlines() if row.startswith("| ")]
    assert len(rows) == 2 + len(sample().verdicts)
    for row in rows:
        assert row.replace("\\|", "").count("|") == 5


def test_a_contradiction_carries_its_error_rate() -> None:
    assert "1.3 %, 95 % upper limit 3.2 %" in markdown(sample())


def test_a_report_without_claim_is_whole() -> None:
    assert "No claim was given" in markdown(bare())
