"""The report as text on a terminal.

Only the last column of a table wraps, so that a screen reader never mixes two cells. Colour repeats
what a word states.
"""

import enum
from collections.abc import Iterable
from io import StringIO

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from imgcheck.model import Answer, Finding, Input, Report
from imgcheck.report import wording as words
from imgcheck.report.arrange import Arrangement, Item, Section, arrange, tally, wanted
from imgcheck.report.formatting import first_sentence, line, measure, sentence, size

_STYLES = {
    Answer.SUPPORTED: "bold blue",
    Answer.CONTRADICTED: "bold red",
    Answer.INCONCLUSIVE: "bold yellow",
    Answer.NOT_TESTABLE: "bold",
    Answer.NOT_RUN: "bold",
}
# Measures shown of one finding; the rest are in the report files.
_MEASURES = 8
# Characters shown of a posted text, in full and in the table; all of it is in the report files.
_POST, _QUOTE = 600, 200


class Detail(enum.Enum):
    """How much of a report is printed."""

    TABLE = "the statements with their verdicts"
    BRIEF = "the same, with the header and the inputs that would decide more"
    FULL = "every finding with its measures and limits"


def terminal(
    report: Report, *, width: int = 100, color: bool = True, detail: Detail = Detail.BRIEF
) -> str:
    """Return the report as text of ``width`` columns, without escape sequences if not ``color``."""
    stream = StringIO()
    console = Console(
        file=stream,
        width=max(40, width),
        force_terminal=color,
        color_system="standard" if color else None,
        no_color=not color,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
        _environ={},
    )
    arrangement = arrange(report)
    for block in _BLOCKS[detail](report, arrangement):
        console.print(block)
    # Padding to the full width breaks a copied text.
    return "\n".join(row.rstrip() for row in stream.getvalue().splitlines()).strip("\n") + "\n"


def _alone(report: Report, arrangement: Arrangement) -> Iterable[RenderableType]:
    if arrangement.sections:
        yield _table(arrangement.sections)
    else:
        yield Text(_NO_CLAIM)


def _brief(report: Report, arrangement: Arrangement) -> Iterable[RenderableType]:
    yield _header(report, arrangement.picture)
    yield from _alone(report, arrangement)
    if arrangement.sections:
        yield Text(f"\n{_tally(report)} There is no overall score.")
        yield from _to_decide(arrangement.sections)
    elif arrangement.observations:
        yield _heading("What the checks observe")
        for item in arrangement.observations:
            yield _bullet(Text(first_sentence(line(item.finding.summary))))
    for item in arrangement.failed:
        found = item.finding
        yield Text(f"Failed: {line(found.check, limit=80)}: {line(found.summary)}", style="bold")


def _full(report: Report, arrangement: Arrangement) -> Iterable[RenderableType]:
    yield _header(report, arrangement.picture)
    if arrangement.sections:
        yield Text(f"\n{_tally(report)} {words.NO_SCORE} {words.READ_AS}")
        for section in arrangement.sections:
            yield _section(section)
    else:
        yield Text(f"\n{_NO_CLAIM}")
    yield from _others(arrangement)
    yield from _inputs(report)
    yield Text(f"\nSandbox: {words.SANDBOX[report.sandbox]}.")


_BLOCKS = {Detail.TABLE: _alone, Detail.BRIEF: _brief, Detail.FULL: _full}
_NO_CLAIM = "No claim was given, so there is no statement to answer."


def _to_decide(sections: Iterable[Section]) -> Iterable[RenderableType]:
    found = wanted(sections)
    if found:
        yield Text("To decide more:", style="bold")
    for wish, numbers in found:
        yield _bullet(Text(f"{wish}: {words.statements(numbers)}"))


def _heading(text: str) -> Text:
    return Text(f"\n{text}", style="bold underline")


def _header(report: Report, picture: Input | None) -> RenderableType:
    title = Text.assemble((line(f"{report.tool.name} {report.tool.version}"), "dim"), "  ")
    if picture is None:
        return title.append("no picture", style="bold")
    title.append(line(picture.name, limit=200), style="bold")
    facts = [
        words.form(picture),
        words.pixels(picture),
        size(picture.size_bytes),
        f"SHA-256 {words.digest(picture, first=12)}",
    ]
    rows = [title.append(f"  {', '.join(facts)}", style="not bold")]
    source = report.claim.source
    posted = [*words.posted(source), *([line(source.url, limit=200)] if source.url else [])]
    if posted:
        rows.append(Text(f"Posted: {', '.join(posted)}"))
    rows += [Text(f"Note: {line(note)}", style="bold") for note in picture.notes]
    return Group(*rows)


def _table(sections: Iterable[Section]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("No.", justify="right", no_wrap=True)
    table.add_column("Verdict", no_wrap=True)
    # Words beyond the reading were not tested: said once, above all of them.
    table.add_column(
        "Statement, as read (words beyond that were not tested), and reason", overflow="fold"
    )
    for section in sections:
        said = Text()
        if quote := line(section.words, limit=_QUOTE, tell=False):
            said.append(f"“{quote}” ")
        said.append(f"Read as: {line(section.read, limit=200, tell=False)}", style="bold")
        said.append(f"\n{first_sentence(line(section.why))}")
        if section.contradicting:
            said.append(f" ({words.short_strength(section.contradicting[0].finding)})")
        table.add_row(str(section.number), _answer(section.verdict.verdict), said)
    return table


def _answer(answer: Answer) -> Text:
    return Text(words.VERDICTS[answer].word.upper(), style=_STYLES[answer])


def _said(section: Section) -> list[Text]:
    """Return the words of the post, if any, and below them what was tested."""
    quote = line(section.words, limit=_POST)
    read = Text(f"Read as: {line(section.tested)}", style="bold")
    return [Text(f"“{quote}”"), read] if quote else [read]


def _tally(report: Report) -> str:
    parts = [f"{many} {words.VERDICTS[answer].word}" for answer, many in tally(report)]
    return f"{words.count(len(report.verdicts), 'statement')}: {words.listed(parts)}."


def _section(section: Section) -> RenderableType:
    title = Text.assemble(
        f"\nStatement {section.number}, as imgcheck read it: ",
        _answer(section.verdict.verdict),
        style="bold",
    )
    rows: list[RenderableType] = [title, *(_padded(text) for text in _said(section))]
    if not section.heard:
        rows += [_indented(line(reason)) for reason in section.verdict.because]
    else:
        rows += _group("What supports it", section.supporting, always=True)
        rows += _group("What contradicts it", section.contradicting, always=True)
        rows += _group("What is inconclusive", section.undecided)
    for heading, sentences in (
        ("Not tested", section.untested),
        ("What this does not prove", section.limits),
        ("Innocent explanations", section.innocent),
        ("What would change the answer", section.would_change),
    ):
        rows += _list(heading, sentences)
    return Group(*rows)


def _indented(text: str) -> Padding:
    return _padded(Text(text))


def _padded(text: Text) -> Padding:
    text.overflow = "fold"
    return Padding(text, (0, 0, 0, 2), expand=False)


def _group(heading: str, items: tuple[Item, ...], *, always: bool = False) -> list[RenderableType]:
    if not items:
        return [_indented(f"{heading}: nothing.")] if always else []
    return [_indented(f"{heading}:"), *(_bullet(_finding(item.finding)) for item in items)]


def _list(heading: str, sentences: Iterable[str]) -> list[RenderableType]:
    rows: list[RenderableType] = [_bullet(Text(sentence(s), overflow="fold")) for s in sentences]
    return [_indented(f"{heading}:"), *rows] if rows else []


def _bullet(content: RenderableType) -> Padding:
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row("-", content)
    return Padding(grid, (0, 0, 0, 4), expand=False)


def _finding(finding: Finding, *, observation: bool = False) -> Text:
    text = Text(line(finding.summary), overflow="fold")
    text.append(f"\n[{line(finding.check, limit=80)}, basis: {line(finding.basis, limit=80)}]")
    said = words.strength(finding)
    if not (observation and said == (words.UNCALIBRATED,)):
        text.append(f"\nStrength: {'; '.join(said)}.")
    shown = [f"{line(m.name, limit=80)}: {measure(m)}" for m in finding.measures[:_MEASURES]]
    if shown:
        rest = len(finding.measures) - _MEASURES
        more = f"; {rest} more in the report" if rest > 0 else ""
        text.append(f"\nMeasured: {'; '.join(shown)}{more}.")
    if finding.power is not None:
        text.append(f"\nPower: {line(finding.power.sentence)}")
    return text


def _others(arrangement: Arrangement) -> Iterable[RenderableType]:
    if arrangement.observations:
        yield _heading("Other observations")
        for item in arrangement.observations:
            yield _bullet(_observation(item.finding))
    for heading, items in (
        ("Checks that failed", arrangement.failed),
        ("Checks that did not apply", arrangement.skipped),
    ):
        if items:
            yield _heading(heading)
        for item in items:
            found = item.finding
            yield _bullet(Text(f"{line(found.check, limit=80)}: {line(found.summary)}"))


def _observation(finding: Finding) -> Text:
    text = _finding(finding, observation=True)
    for heading, sentences in (("Limits", finding.limits), ("Innocent", finding.innocent)):
        if sentences:
            text.append(f"\n{heading}: {' '.join(sentence(s) for s in sentences)}")
    return text


def _inputs(report: Report) -> Iterable[RenderableType]:
    others = [item for item in report.inputs if item.role != "picture"]
    if not others:
        return
    yield _heading("Other inputs")
    for item in others:
        date = item.date.words if item.date is not None else "no date"
        source = f" (from: {line(item.date_source, limit=80)})" if item.date_source else ""
        facts = f"{line(item.role, limit=40)} {line(item.id, limit=80)}, {date}{source}, "
        yield _bullet(Text(f"{facts}SHA-256 {words.digest(item, first=12)}"))
