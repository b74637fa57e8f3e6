"""Verdicts, strengths and readings in words; cleaning of text out of files."""

import time

import pytest

from imgcheck.model import Answer, ErrorRate, Finding, Outcome, Place, Statement
from imgcheck.quantity import LikelihoodRatio
from imgcheck.report import wording as words
from imgcheck.report.formatting import line, sentence
from imgcheck.report.wording import reading
from tests.report.sample_report import statements


def _finding(**rest: object) -> Finding:
    return Finding(check="a.b", check_version="1", statement=None, outcome=Outcome.INCONCLUSIVE,
                   summary="Seen.", basis="b", **rest)  # type: ignore[arg-type]  # fmt: skip


def test_every_verdict_has_a_word_and_a_meaning() -> None:
    assert set(words.VERDICTS) == set(Answer)
    shown = [said.word for said in words.VERDICTS.values()]
    assert len(set(shown)) == len(shown)


def test_no_verdict_word_judges_the_picture() -> None:
    said = " ".join(f"{w.word} {w.meaning}" for w in words.VERDICTS.values()).lower()
    for word in ("fake", "authentic", "genuine", "real ", "true", "false "):
        assert word not in said


def test_a_likelihood_ratio_is_said_both_ways_round() -> None:
    above = words.weight(LikelihoodRatio(value=12.0, calibration="x"))
    below = words.weight(LikelihoodRatio(value=0.125, calibration="x"))
    even = words.weight(LikelihoodRatio(value=1.0, calibration="x"))
    assert above.startswith("12 times more probable if the statement is true")
    assert below.startswith("8 times more probable if the statement is not true")
    assert even.startswith("equally probable whether the statement is true or not")
    assert all("measured in x" in said for said in (above, below, even))


def test_an_error_rate_is_said_with_its_counts_limit_and_origin() -> None:
    rate = ErrorRate(errors=4, trials=312, what="true claims contradicted", calibration="split B")
    assert words.error_rate(rate) == (
        "in testing, 4 of 312 true claims contradicted (1.3 %, 95 % upper limit 3.2 %; split B)"
    )


def test_a_rate_of_zero_is_said_as_an_upper_limit() -> None:
    rate = ErrorRate(errors=0, trials=182, what="true claims contradicted", calibration="split B")
    assert words.error_rate(rate) == (
        "in testing, 0 of 182 true claims contradicted (95 % upper limit 2 %; split B)"
    )


def test_a_finding_without_calibration_says_so() -> None:
    assert words.strength(_finding()) == (words.UNCALIBRATED,)
    assert words.short_strength(_finding()) == "strength not calibrated"


@pytest.mark.parametrize("statement", statements(), ids=lambda s: s.id)
def test_every_kind_of_statement_has_a_reading(statement: Statement) -> None:
    said = reading(statement)
    assert said != statement.kind
    assert "None" not in said


def test_south_and_west_are_said_by_their_letter() -> None:
    assert "33.9° S, 18.4° W" in reading(Place(id="p", lat=-33.9, lon=-18.4))


def test_a_line_holds_no_control_and_no_direction_characters() -> None:
    shown = line("a\x1b[31mb\r\nc\u202ed\u2028e\x00\x9b")
    assert "\n" not in shown
    assert not any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 or c in "\u202e\u2028" for c in shown)
    assert shown.startswith("a")


def test_joiners_stay_where_a_script_needs_them() -> None:
    persian = "می\u200cخواهم"
    assert line(persian) == persian
    assert "\u200c" not in line("im\u200cgcheck")


def test_a_sentence_begins_with_a_capital_but_a_name_stays_as_it_is() -> None:
    assert sentence("the camera's clock was never set") == "The camera's clock was never set"
    assert sentence("geo.place: no reference") == "geo.place: no reference"
    assert sentence("f(x) is small") == "f(x) is small"
    assert sentence("") == ""


def test_a_long_text_is_cut_and_says_how_much_is_missing() -> None:
    assert line("x" * 5000, limit=100) == f"{'x' * 100} … (4,900 more characters, see report.json)"
    assert line("x" * 5000, limit=100, tell=False) == f"{'x' * 100} …"


def test_an_endless_text_costs_no_more_than_its_beginning() -> None:
    endless = "\x1b" * 20_000_000
    start = time.process_time()
    line(endless, limit=100)
    assert time.process_time() - start < 1.0
