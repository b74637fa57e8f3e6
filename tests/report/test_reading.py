"""A verdict belongs to what was tested: the reading stands under the quote on every face."""

import json
import re
from dataclasses import replace
from html import unescape

import pytest

from imgcheck.model import (
    Answer,
    Claim,
    Finding,
    Outcome,
    Place,
    Report,
    Rival,
    Verdict,
    Window,
)
from imgcheck.report.machine import sarif
from imgcheck.report.markdown import markdown
from imgcheck.report.terminal import Detail, terminal
from imgcheck.report.verify_page import html
from imgcheck.report.wording import reading
from tests.report.sample_report import bare

QUOTE = "on the left bank of the Euphrates"
READ = "shows ground within 10 km of 35.33° N, 40.14° E."


def report(text: str = QUOTE, answer: Answer = Answer.INCONCLUSIVE) -> Report:
    """Make a report on one claimed place."""
    place = Place(id="the-id", text=text, lat=35.33, lon=40.14, radius_km=10.0)
    finding = Finding(
        check="geo.place",
        check_version="1",
        statement="the-id",
        outcome=Outcome.INCONCLUSIVE,
        summary="Seen at a distance.",
        basis="b",
    )
    verdict = Verdict(
        statement="the-id", kind="place", text=text, verdict=answer, because=("Seen.",)
    )
    return replace(
        bare(), claim=Claim(statements=(place,)), findings=(finding,), verdicts=(verdict,)
    )


def words_of(face: str, given: Report) -> str:
    """Give the text of a face as a reader sees it, on one line."""
    text = {
        "terminal": lambda: terminal(given, width=80, color=False, detail=Detail.FULL),
        "html": lambda: re.sub(r"<[^>]+>", " ", html(given)),
        "markdown": lambda: markdown(given).replace("<br>", " "),
    }[face]()
    return " ".join(unescape(text).split())


@pytest.mark.parametrize("face", ["terminal", "html", "markdown"])
def test_the_reading_stands_directly_under_the_quote_in_table_and_section(face: str) -> None:
    said = words_of(face, report())
    under = f"“{QUOTE}” Read as: {READ} Only this was tested."
    times = 2 if face == "markdown" else 1
    assert said.count(under) == times
    assert said.count(QUOTE) == times
    assert "go beyond this reading were not tested" in said


@pytest.mark.parametrize("face", ["terminal", "html", "markdown"])
def test_a_statement_without_words_is_not_quoted(face: str) -> None:
    said = words_of(face, report(""))
    assert "“the-id" not in said and "“”" not in said and "“ ”" not in said
    assert said.count(f"Read as: {READ}") == (2 if face == "markdown" else 1)
    assert "Only this was tested" not in said


@pytest.mark.parametrize("face", ["terminal", "html", "markdown"])
@pytest.mark.parametrize("answer", [Answer.NOT_RUN, Answer.NOT_TESTABLE])
def test_what_was_not_tested_is_not_called_tested(face: str, answer: Answer) -> None:
    said = words_of(face, report(answer=answer))
    assert f"“{QUOTE}” Read as: {READ}" in said
    assert "Only this was tested" not in said


@pytest.mark.parametrize("face", ["terminal", "html", "markdown"])
def test_a_verdict_on_a_statement_that_the_claim_lacks_is_shown_by_its_id(face: str) -> None:
    assert "Read as: the-id." in words_of(face, replace(report(""), claim=Claim()))


def test_the_short_text_gives_the_reading_and_what_is_left_out() -> None:
    said = " ".join(terminal(report(), width=80, color=False).split())
    assert f"“{QUOTE}” Read as: {READ} Seen." in said
    assert "words beyond that were not tested" in said


def test_sarif_gives_the_reading_beside_the_verdict() -> None:
    (result,) = json.loads(sarif(report()))["runs"][0]["results"]
    assert result["properties"]["readAs"] == READ.rstrip(".")
    assert result["properties"]["verdict"] == "inconclusive"


@pytest.mark.parametrize(
    ("rival", "said"),
    [
        (Rival(text="taken in spring"), "Another account: “taken in spring”"),
        (Rival(text="", window=Window.parse("2017-04")), "Another account: taken April 2017"),
        (
            Rival(text="in spring", window=Window.parse("2017-04")),
            "Another account: “in spring”, taken April 2017",
        ),
    ],
)
def test_a_rival_account_is_quoted_only_where_it_has_words(rival: Rival, said: str) -> None:
    claim = replace(report().claim, rivals=(rival,))
    assert said in words_of("html", replace(report(), claim=claim))


@pytest.mark.parametrize(
    ("place", "said"),
    [
        (Place(id="p", lat=35.33, lon=40.14), "shows the point 35.33° N, 40.14° E"),
        (
            Place(id="p", lat=-33.86881, lon=-151.0, radius_km=0.5),
            "shows ground within 500 m of 33.86881° S, 151° W",
        ),
        (
            Place(id="p", lat=35.0, lon=40.0, radius_km=2.0, relation="inside"),
            "shows only ground within 2 km of 35° N, 40° E",
        ),
        (
            Place(id="p", bbox=(40.15, 35.34, 40.25, 35.4)),
            "shows ground in the box from 35.34° N, 40.15° E to 35.4° N, 40.25° E",
        ),
        (
            Place(id="p", bbox=(40.15, 35.34, 40.25, 35.4), relation="inside"),
            "shows only ground in the box from 35.34° N, 40.15° E to 35.4° N, 40.25° E",
        ),
        (
            Place(id="p", polygon=((40.0, 35.0), (41.0, 35.0), (41.0, 36.0))),
            "shows ground in the polygon of 3 corners that begins at 35° N, 40° E",
        ),
    ],
)
def test_a_place_is_read_with_the_digits_it_was_claimed_with(place: Place, said: str) -> None:
    assert reading(place) == said
