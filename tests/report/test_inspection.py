"""Do the terminal and the page of an inspection show what the file says, and nothing else?"""

import re
from html.parser import HTMLParser

import pytest

from imgcheck.case import Inspection, inspect, views
from imgcheck.imaging import Image
from imgcheck.report.inspect_page import html
from imgcheck.report.inspection import terminal
from tests.provenance import build

EVIL = "<script>alert(1)</script>\x1b[31m\u202egnp.exe"


def hostile() -> Inspection:
    """Inspect a file whose maker, comment and name try to command the reader."""
    raw = build.tiff(
        [build.ascii_(0x010F, EVIL), build.ascii_(0x0131, "Editor 1.0")],
        exif=[build.ascii_(0x9003, "2017:09:08 10:03:11")],
        thumbnail=build.jpeg(build.picture(32, 24)),
    )
    data = build.jpeg_with_exif(raw, build.jpeg(build.picture(96, 64)))
    data = build.with_segments(data, build.segment(0xFE, EVIL.encode()))
    return inspect(Image.from_bytes(data, name='a"><img src=x onerror=1>.jpg'))


class Seen(HTMLParser):
    """What a browser would make of the page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.fixture(scope="module")
def page() -> Seen:
    found = hostile()
    return Seen(html([found, found], views=[views(found), ()]))


def test_nothing_of_a_hostile_file_becomes_markup(page: Seen) -> None:
    names = {name for name, _ in page.elements}
    assert "script" not in names
    assert not [a for _, found in page.elements for a in found if a.startswith("on")]
    sources = [found["src"] or "" for name, found in page.elements if name == "img"]
    assert sources and all(source.startswith("data:image/jpeg;base64,") for source in sources)
    policy = next(f["content"] for n, f in page.elements if n == "meta" and "http-equiv" in f)
    assert "script-src 'none'" in str(policy) and "default-src 'none'" in str(policy)


def test_the_page_still_shows_the_hostile_words_as_text(page: Seen) -> None:
    whole = " ".join(page.text)
    assert "<script>alert(1)</script>" in whole
    assert "\x1b" not in whole and "\u202e" not in whole


def test_every_link_of_the_page_leads_to_a_part_of_it(page: Seen) -> None:
    ids = {found["id"] for _, found in page.elements if found.get("id")}
    links = [str(found["href"]) for name, found in page.elements if name == "a"]
    assert links and all(link[1:] in ids for link in links)


def test_times_stand_with_their_bytes_and_without_a_guessed_zone(page: Seen) -> None:
    whole = " ".join(page.text)
    assert "2017-09-08T10:03:11" in whole and "time zone unknown" in whole
    assert re.search(r"byte \d+ \+ 20", whole)


def test_a_terminal_gets_no_command_from_a_file() -> None:
    text = terminal(hostile(), everything=True)
    assert "\x1b" not in text and "\u202e" not in text
    assert "Editor 1.0" in text and "Structure" in text


def test_the_chapters_come_in_the_order_an_analyst_asks() -> None:
    text = terminal(hostile())
    titles = ["What it is", "Route", "Times", "Place", "Credentials", "Tags"]
    places = [text.index(f"\n{title}\n") for title in titles]
    assert places == sorted(places)
