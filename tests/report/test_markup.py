"""The builder escapes unless told otherwise, and refuses what no report needs."""

import pytest

from imgcheck.report.markup import Markup, join, raw, tag
from tests.report.sample_report import HOSTILE


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_text_never_becomes_markup(text: str) -> None:
    made = tag("p", text, title=text)
    inside = made.removeprefix("<p title=").removesuffix("</p>")
    assert inside.count("<") == 0
    assert inside.count('"') == 2
    assert inside.count(">") == 1


def test_markup_is_kept_and_nothing_else_is() -> None:
    assert tag("p", tag("b", "<"), "<") == "<p><b>&lt;</b>&lt;</p>"
    assert join(None, False, 0, 1.5, ["a", ("b",)]) == "01.5ab"
    with pytest.raises(TypeError):
        join(object())


def test_attributes_are_named_as_in_html() -> None:
    made = tag("input", class_="a", aria_label='"x"', checked=True, disabled=False, id=None)
    assert made == '<input class="a" aria-label="&quot;x&quot;" checked="">'


@pytest.mark.parametrize(
    ("name", "attributes"),
    [
        ("img", {"onerror": "x"}),
        ("p", {"style": "color:red"}),
        ("a", {"href": "https://example.org"}),
        ("a", {"href": "javascript:alert(1)"}),
        ("img", {"src": "https://example.org/a.png"}),
        ("img", {"src": "data:text/html,x"}),
        ("p", {"a b": "x"}),
        ("script", {}),
        ("p><b", {}),
    ],
)
def test_what_could_leave_the_page_is_refused(name: str, attributes: dict[str, str]) -> None:
    with pytest.raises(ValueError):
        tag(name, **attributes)


def test_an_empty_element_holds_no_children() -> None:
    with pytest.raises(ValueError):
        tag("img", "text")


def test_a_style_cannot_end_itself_early() -> None:
    assert raw("style", "a>b{}") == Markup("<style>a>b{}</style>")
    for content in ("</style>", "<!--"):
        with pytest.raises(ValueError):
            raw("style", content)
    with pytest.raises(ValueError):
        raw("p", "")
