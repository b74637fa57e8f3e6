"""Templates escape every value, and hold nothing that leads out of the page."""

import re
from importlib.resources import files

import pytest

from imgcheck.report import page
from tests.report.sample_report import HOSTILE

_FOLDER = files("imgcheck.report") / "templates"
TEMPLATES = {
    one.name: one.read_text(encoding="utf-8")
    for one in _FOLDER.iterdir()
    if one.name.endswith(".html")
}


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_text_never_becomes_markup(text: str) -> None:
    template = page.environment().from_string('<p title="{{ text }}">{{ text }}</p>')
    made = template.render(text=text)
    inside = made.removeprefix("<p title=").removesuffix("</p>")
    assert inside.count("<") == 0
    assert inside.count('"') == 2
    assert inside.count(">") == 1
    assert not re.search("[\x00-\x08\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", made)


def test_an_unknown_value_is_an_error_and_nothing_is_shown_for_none() -> None:
    environment = page.environment()
    assert environment.from_string("a{{ x }}b").render(x=None) == "ab"
    with pytest.raises(Exception, match="x"):
        environment.from_string("{{ x }}").render()


@pytest.mark.parametrize("name", sorted(TEMPLATES))
def test_no_template_switches_escaping_off_or_leads_out_of_the_page(name: str) -> None:
    text = TEMPLATES[name]
    assert not re.search(r"\|\s*safe\b|autoescape|Markup", text)
    assert not re.search(r"\s(on\w+|style)\s*=", text)
    assert all(target.startswith(("#", "./")) for target in re.findall(r'href="([^"]*)', text))
    assert all(re.match(r"\{\{ [\w.]*(address|data \| address) \}\}", source)
               for source in re.findall(r'src="([^"]*)', text))  # fmt: skip
    assert not re.search(r"=\s*\{\{", text), "an attribute without quotation marks"


def test_a_picture_is_taken_by_its_first_bytes_alone() -> None:
    assert str(page.address(b"\xff\xd8\xff...")).startswith("data:image/jpeg;base64,")
    assert page.address(b"<svg onload='x'/>") is None
