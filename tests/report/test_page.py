"""The HTML page: whole, inert, the same every time, and complete without extras."""

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from imgcheck.model import (
    Answer,
    Claim,
    Evidence,
    Finding,
    Footprint,
    Measure,
    Outcome,
    Picture,
    Region,
    Report,
    Verdict,
)
from imgcheck.model.claim import ObjectSize
from imgcheck.report import wording as words
from imgcheck.report.marks import MAX_MARKS
from imgcheck.report.verify_page import html
from tests.report import scenery
from tests.report.sample_report import HOSTILE, bare, sample

_VOID = {"br", "hr", "img", "input", "link", "meta", "wbr"}


class Page(HTMLParser):
    """Reads a page strictly: every element must be closed in the order it was opened."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.held: dict[str, list[str]] = {}
        self.words = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        inside = self.open[-1] if self.open else ""
        if inside in ("style", "script"):
            self.held.setdefault(inside, []).append(data)
        else:
            self.words += data

    def attribute(self, name: str) -> list[str]:
        return [str(found[name]) for _, found in self.elements if name in found]


@pytest.fixture(scope="module")
def text() -> str:
    return html(sample(), picture_view=scenery.posted())


@pytest.fixture(scope="module")
def page(text: str) -> Page:
    return Page(text)


def test_every_element_is_closed_in_order(page: Page) -> None:
    assert page.open == []


def test_nothing_comes_from_elsewhere(page: Page) -> None:
    assert {name for name, _ in page.elements}.isdisjoint(
        {"link", "iframe", "object", "embed", "base", "form", "video", "audio", "source"}
    )
    assert all(source.startswith("data:image/") for source in page.attribute("src"))
    assert all(target.startswith("#") for target in page.attribute("href"))
    names = {name for _, found in page.elements for name in found}
    assert not any(name.startswith("on") or name == "style" for name in names)


def test_the_page_links_to_the_files_beside_it_and_to_nothing_else() -> None:
    page = Page(html(bare(), beside=("footprint.geojson", "report.json")))
    outside = [target for target in page.attribute("href") if not target.startswith("#")]
    assert outside == ["./footprint.geojson", "./report.json"]


def test_the_policy_allows_its_own_style_and_script_and_nothing_more(page: Page) -> None:
    policy = next(f["content"] for n, f in page.elements if n == "meta" and "http-equiv" in f)
    assert policy is not None
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["img-src"] == "data:"
    assert "unsafe" not in policy
    for name in ("style", "script"):
        (content,) = page.held[name]
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert rules[f"{name}-src"] == f"'sha256-{digest}'"


def test_every_link_leads_somewhere_and_no_id_is_used_twice(page: Page) -> None:
    ids = page.attribute("id")
    assert len(set(ids)) == len(ids)
    assert {target[1:] for target in page.attribute("href")} <= set(ids)


def test_hostile_strings_are_shown_as_text(text: str, page: Page) -> None:
    assert HOSTILE[0] in page.words
    assert HOSTILE[1] in page.words
    assert "<img src=x" not in text
    assert "<script>alert" not in text
    for character in "\x1b\x07\u202e\ud83d":
        assert character not in text
    text.encode("utf-8")


def test_every_picture_has_words_for_those_who_do_not_see_it(page: Page) -> None:
    pictures = [found for name, found in page.elements if name == "img"]
    assert len(pictures) == 3
    assert all(found.get("alt") for found in pictures)


def test_every_statement_and_every_finding_is_told(page: Page) -> None:
    for verdict in sample().verdicts:
        if verdict.statement != "clean":
            assert verdict.text in page.words
        assert words.VERDICTS[verdict.verdict].word in page.words
    for finding in sample().findings:
        assert finding.check in page.words


def test_the_error_rate_stands_beside_a_contradiction(page: Page) -> None:
    assert (
        "in testing, 4 of 312 unchanged pairs called changed (1.3 %, 95 % upper limit 3.2 %; "
        in page.words
    )
    assert "error rate at most 3.2 %" in page.words


def test_hashes_of_inputs_are_printed_in_full(page: Page) -> None:
    for item in sample().inputs:
        if item.sha256:
            assert item.sha256 in page.words


def test_tables_name_their_columns(page: Page) -> None:
    heads = [found for name, found in page.elements if name == "th"]
    assert all(found.get("scope") in ("col", "row") for found in heads)


def test_every_layer_has_a_switch_that_a_rule_listens_to(page: Page) -> None:
    switches = [f["id"] for n, f in page.elements if n == "input" and f.get("type") == "checkbox"]
    assert len(switches) == 4
    for switch in switches:
        assert f".viewer:has(#{switch}:not(:checked)) g.{switch}>*{{display:none}}" in "".join(
            page.held["style"]
        )


def test_an_open_statement_shows_its_marks_alone(page: Page) -> None:
    rules = "".join(page.held["style"])
    numbers = {
        name
        for _, found in page.elements
        for name in (found.get("class") or "").split()
        if re.fullmatch(r"s\d+", name)
    }
    assert numbers
    for name in numbers:
        assert re.search(rf"main:has\(#{name}\[open\]\) #v\d+ g \.{name}{{display:inline}}", rules)
    statements = [f for n, f in page.elements if n == "details" and f.get("name") == "statement"]
    assert len(statements) == len(sample().verdicts)
    assert not any("open" in found for found in statements)


def test_each_statement_can_be_copied_as_a_few_lines(page: Page) -> None:
    texts = [f["data-copy"] or "" for _, f in page.elements if "data-copy" in f]
    assert len(texts) == 1 + len(sample().verdicts)
    assert all(len(text.splitlines()) <= 4 for text in texts[1:])
    assert all(text.splitlines()[-1].startswith("Next: ") for text in texts[1:])
    assert "SHA-256" in texts[0].splitlines()[-1]


def test_a_pair_is_put_together_by_its_name(text: str) -> None:
    assert text.count('class="pair"') == 1
    (pair,) = re.findall(r'<div class="pair">(.*?)</div>', text, re.DOTALL)
    assert pair.index("Before. ") < pair.index("After. ")


def test_the_same_report_gives_the_same_page(text: str) -> None:
    again = html(Report.from_json(sample().to_json()), picture_view=scenery.posted(),
                        pictures={p.name: p.data for p in sample().pictures()})  # fmt: skip
    assert again == text


def test_a_page_without_claim_references_and_pictures_is_whole() -> None:
    page = Page(html(bare()))
    assert page.open == []
    assert "No claim was given" in page.words
    assert Page(html(replace(bare(), inputs=()))).open == []


def test_marks_stand_on_an_empty_frame_where_no_picture_is_given() -> None:
    page = Page(html(sample()))
    assert "only the marks are drawn" in page.words
    assert any(name == "polygon" for name, _ in page.elements)


def test_a_picture_that_is_not_the_one_of_the_report_is_left_out() -> None:
    swapped = {"change-1-before.jpg": scenery.after(), "change-1-after.jpg": scenery.after()}
    page = Page(html(sample(), pictures=swapped))
    assert "is not shown: the file given is not the one of the report" in page.words
    assert len([name for name, _ in page.elements if name == "img"]) == 1


def _with(evidence: Evidence) -> Report:
    finding = Finding(check="a.b", check_version="1", statement=None, outcome=Outcome.INCONCLUSIVE,
                      summary="Seen.", basis="b", evidence=evidence)  # fmt: skip
    return replace(sample(), findings=(finding,), verdicts=())


def test_a_picture_that_is_a_page_in_disguise_is_not_carried() -> None:
    svg = Picture(name="x.jpg", label="x", media_type="image/svg+xml", data=b"<svg onload='x'/>")
    text = html(_with(Evidence(pictures=(svg,))))
    assert "it is not a JPEG, PNG, GIF or WebP" in text
    assert "onload" not in text


def test_thousands_of_marks_and_odd_shapes_do_not_break_the_page() -> None:
    box = ((0.0, 0.0), (9.0, 0.0), (9.0, 9.0))
    odd: tuple[tuple[tuple[float, float], ...], ...] = (
        (), ((float("nan"), 1.0), (1.0, 1.0), (2.0, 2.0)), ((5.0, 5.0),), ((1.0, 1.0), (2.0, 3.0)),
    )  # fmt: skip
    regions = [Region(image="picture", polygon=p, label="odd", layer="odd") for p in odd]
    regions += [
        Region(image="picture", polygon=box, label=HOSTILE[i % 9], layer=f"layer {i % 40}")
        for i in range(4000)
    ]
    text = html(_with(Evidence(regions=tuple(regions))), picture_view=scenery.posted())
    page = Page(text)
    assert page.open == []
    assert "nan" not in "".join(page.attribute("points"))
    assert len([f for _, f in page.elements if f.get("class") == "edge" and "points" in f]) <= (
        MAX_MARKS
    )
    assert "further marks not drawn" in page.words


@pytest.mark.slow
def test_a_huge_text_does_not_swell_the_page() -> None:
    verdicts = tuple(replace(v, text=HOSTILE[9], because=(HOSTILE[9],)) for v in sample().verdicts)
    text = html(replace(sample(), verdicts=verdicts), pictures={})
    assert len(text) < len(html(sample(), pictures={})) + 100_000
    assert "more characters, see report.json" in text


def test_a_placed_picture_has_a_scale_a_north_arrow_and_its_position() -> None:
    ring = ((40.0, 35.0), (40.2, 35.0), (40.2, 35.1), (40.0, 35.1), (40.0, 35.0))
    placed = Finding(
        check="geo.place", check_version="1", statement=None, outcome=Outcome.INCONCLUSIVE,
        summary="Placed.", basis="b",
        measures=(
            Measure(name="ground sample distance", value=0.5, unit="m"),
            Measure(name="direction of north", value=12.0, unit="deg"),
        ),
        evidence=Evidence(footprints=(Footprint(label="footprint", ring=ring),)),
    )  # fmt: skip
    report = replace(sample(), findings=(placed,), verdicts=())
    text = html(report, picture_view=scenery.posted())
    assert "35.05000, 40.10000" in text and "0.5 m per pixel" in text
    assert "North: 12.0 degrees clockwise from up" in text
    # A quarter of 1,280 px of 0.5 m is 160 m: the bar is 100 m, 200 px.
    assert ">100 m</text>" in text and "V0H200V" in text


def test_every_statement_names_the_next_step(text: str) -> None:
    steps = re.findall(r'<p class="next">Next: ([^<]+)</p>', text)
    assert len(steps) == len(sample().verdicts)
    for verdict, step in zip(sample().verdicts, steps, strict=True):
        if verdict.verdict is Answer.NOT_TESTABLE:
            assert step == "other sources: no picture answers this."


def test_the_map_and_the_sun_stand_where_they_belong() -> None:
    shown = Picture(name="place-map.jpg", label="Where it lies", role="map", data=scenery.before())
    sun = Finding(check="sun.claimed-time", check_version="1", statement="when", basis="b",
                  outcome=Outcome.INCONCLUSIVE, summary="Some hours fit.",
                  evidence=Evidence(pictures=(shown,)))  # fmt: skip
    verdict = Verdict(statement="when", kind="acquired", text="on Monday",
                      verdict=Answer.INCONCLUSIVE, because=("Some hours fit.",))  # fmt: skip
    report = replace(sample(), findings=(sun,), verdicts=(verdict,))
    drawn = {"when": "<svg><title>The sun</title></svg>"}
    text = html(report, picture_view=scenery.posted(), diagrams=drawn)
    assert text.count("Where it lies") == 2  # once in words for those who do not see it
    assert text.index('class="map"') < text.index('id="s1"') < text.index("<title>The sun</title>")
    assert "<title>The sun" not in html(report, picture_view=scenery.posted())


def test_a_measured_size_is_listed_among_what_was_given() -> None:
    size = ObjectSize(object_class="lorry", length_m=8.0, length_sigma_m=0.3, width_m=2.5,
                      width_sigma_m=0.2, objects=2)  # fmt: skip
    words = Page(html(replace(bare(), claim=Claim(sizes=(size,))))).words
    assert "lorry, length 8 ± 0.3 m, width 2.5 ± 0.2 m, mean of 2" in " ".join(words.split())
