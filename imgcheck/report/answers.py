"""The statements in HTML: the table at the top, and each of them in full below."""

from collections.abc import Iterable

from imgcheck.model import Answer, Report
from imgcheck.report import words
from imgcheck.report.arrange import Item, Section, tally
from imgcheck.report.findings import Material, card, sentences
from imgcheck.report.markup import Markup, join, tag
from imgcheck.report.plain import line

#: One shape for each verdict, so that none is told apart by colour alone. Drawn in a box of
#: 16 by 16. None is a tick: support is not proof.
_SHAPES = {
    Answer.SUPPORTED: "M8 2.5v11M2.5 8h11",
    Answer.CONTRADICTED: "M3.5 3.5l9 9M12.5 3.5l-9 9",
    Answer.INCONCLUSIVE: "M2 8.5q3-4.5 6 0t6 0",
    Answer.NOT_TESTABLE: "M8 2a6 6 0 1 0 .01 0zM3.8 12.2l8.4-8.4",
    Answer.NOT_RUN: "M3 8h.01M8 8h.01M13 8h.01",
}
_COLUMNS = (
    "Statement, and how it was read", "Answer to the reading", "Why", "What supports it",
    "What contradicts it", "Not tested",
)  # fmt: skip
_NAMED = 2  # entries a cell holds before it says how many more there are


def badge(answer: Answer, *, many: int | None = None) -> Markup:
    """Make the mark of a verdict: shape and word, and how many where that is asked."""
    shape = tag("svg", tag("path", d=_SHAPES[answer]), viewBox="0 0 16 16", aria_hidden="true")
    label = words.VERDICTS[answer].word
    number = None if many is None else tag("b", many)
    return tag("span", shape, number, label, class_=f"badge v-{answer.value}")


def summary(report: Report) -> Markup:
    """Make the line that counts verdicts; it is no score, and says so."""
    badges = [tag("li", badge(answer, many=many)) for answer, many in tally(report)]
    statements = words.count(len(report.verdicts), "statement")
    return join(
        tag("ul", badges, class_="tally", aria_label=f"{statements} by answer"),
        tag(
            "p",
            words.NO_SCORE,
            " ",
            words.READ_AS,
            " ",
            tag("a", "How to read the answers", href="#reading"),
            ".",
        ),
    )


def table(sections: tuple[Section, ...]) -> Markup:
    """Make the table of statements."""
    head = tag(
        "tr", (tag("th", name, scope="col", role="columnheader") for name in _COLUMNS), role="row"
    )
    return tag(
        "table",
        tag("caption", "The statements and their answers"),
        tag("thead", head, role="rowgroup"),
        tag("tbody", (_row(section) for section in sections), role="rowgroup"),
        class_="answers",
        role="table",
    )


def _row(section: Section) -> Markup:
    verdict = section.verdict
    quote, read = _said(section, 160, tell=False)
    first = tag("a", f"{section.number}. {quote or read}", href=f"#s{section.number}")
    said = tag("th", first, _read(read) if quote else None, scope="row", role="rowheader")
    cells = (
        badge(verdict.verdict),
        line(section.why, limit=320, tell=False),
        _findings(section.supporting, section),
        _findings(section.contradicting, section),
        _untested(section),
    )
    named = zip(_COLUMNS[1:], cells, strict=True)
    rest = [tag("td", cell, data_label=name, role="cell") for name, cell in named]
    return tag("tr", said, rest, role="row")


def _said(section: Section, limit: int, *, tell: bool = True) -> tuple[str, str]:
    """Give the words of the post in quotation marks, or nothing, and what was tested."""
    quote = line(section.words, limit=limit, tell=tell)
    return f"“{quote}”" if quote else "", f"Read as: {line(section.tested)}"


def _read(words: str) -> Markup:
    return tag("span", words, class_="reading")


def _findings(items: tuple[Item, ...], section: Section) -> Markup:
    if not items:
        return tag("span", "nothing", class_="none")
    rows = [
        tag(
            "li",
            tag("a", line(item.finding.check, limit=60), href=f"#f{item.position}"),
            tag("span", words.short_strength(item.finding), class_="how"),
        )
        for item in items[:_NAMED]
    ]
    return tag("ul", rows, _rest(len(items), section))


def _untested(section: Section) -> Markup:
    if not section.untested:
        answered = section.verdict.verdict is Answer.NOT_TESTABLE
        said = "no test can answer it" if answered else "no check left out"
        return tag("span", said, class_="none")
    rows = [tag("li", line(reason, limit=110, tell=False)) for reason in section.untested[:_NAMED]]
    return tag("ul", rows, _rest(len(section.untested), section))


def _rest(many: int, section: Section) -> Markup | None:
    if many <= _NAMED:
        return None
    return tag("li", tag("a", f"and {many - _NAMED} more", href=f"#s{section.number}"))


def full(section: Section, material: Material) -> Markup:
    """Make one statement in full, folded away unless it is contradicted."""
    verdict = section.verdict
    quote, read = _said(section, 600)
    title = tag(
        "summary",
        badge(verdict.verdict),
        tag("h3", f"{section.number}. {quote or read}", _read(read) if quote else None),
    )
    return tag(
        "details",
        title,
        tag("div", _body(section, material), class_="body"),
        class_=f"statement v-{verdict.verdict.value}",
        id=f"s{section.number}",
        open=verdict.verdict is Answer.CONTRADICTED,
    )


def _body(section: Section, material: Material) -> Iterable[Markup | None]:
    shown = {item.finding.summary for item in section.heard}
    for reason in section.verdict.because:
        if reason not in shown:
            yield tag("p", line(reason), class_="because")
    if section.heard:
        yield _group("What supports it", section.supporting, material)
        yield _group("What contradicts it", section.contradicting, material)
        if section.undecided:
            yield _group("What leaves it open", section.undecided, material)
    yield sentences("What was not tested, and why", section.untested, level="h4")
    yield sentences("What the findings together do not prove", _own(section), level="h4")
    yield sentences("What would change the answer", section.would_change, level="h4")


def _own(section: Section) -> list[str]:
    """Give the verdict's limits that no card above says already."""
    said = {limit for item in section.heard for limit in item.finding.limits}
    return [limit for limit in section.limits if limit not in said]


def _group(heading: str, items: tuple[Item, ...], material: Material) -> Markup:
    if not items:
        return tag("p", tag("b", f"{heading}: "), "nothing.", class_="nothing")
    return tag("section", tag("h4", heading), (card(item, material) for item in items))
