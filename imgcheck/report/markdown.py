"""The report as Markdown, for an issue, a wiki, or a message to a colleague."""

import re
from collections.abc import Iterable

from imgcheck.model import Finding, Report
from imgcheck.report import wording as words
from imgcheck.report.arrange import Arrangement, Item, Section, arrange, tally
from imgcheck.report.formatting import line, measure, sentence, size

# Everything that CommonMark or GitHub could take for markup, a mention or an address. A
# backslash is not enough for the last two: "@name" and "www." act before it is read. An entity
# is matched as a whole, so that its own "#" stays.
_SPECIAL = re.compile(r"&#?\w+;|[\\`*_{}\[\]()#+!|~^$]")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "&#64;", ":": "&#58;"}
_WWW = re.compile(r"\b(www)\.", re.IGNORECASE)
_LEADING = re.compile(r"^(\d+)([.)])|^([-+=])")


def markdown(report: Report) -> str:
    """Give the report as GitHub-flavoured Markdown; what came from files is inert text in it."""
    arrangement = arrange(report)
    lines = [*_header(report, arrangement)]
    if arrangement.sections:
        parts = [f"{many} {words.VERDICTS[answer].word}" for answer, many in tally(report)]
        lines += [f"{words.count(len(report.verdicts), 'statement')}: {words.listed(parts)}. "
                  f"{words.NO_SCORE} {words.READ_AS}", ""]  # fmt: skip
        lines += [*_table(arrangement.sections), ""]
        for section in arrangement.sections:
            lines += _section(section)
    else:
        lines += ["No claim was given, so there is no statement to answer.", ""]
    lines += _others(arrangement)
    lines += _inputs(report)
    return "\n".join(lines).rstrip() + "\n"


def inert(text: str, *, limit: int = 1000, tell: bool = True) -> str:
    """Give a text in which Markdown finds nothing to act on."""
    shown = line(text, limit=limit, tell=tell)
    for character, entity in _ENTITIES.items():
        shown = shown.replace(character, entity)
    shown = _SPECIAL.sub(_escaped, shown)
    shown = _WWW.sub(r"\1&#46;", shown)
    return _LEADING.sub(lambda m: f"{m[1]}\\{m[2]}" if m[1] else f"\\{m[3]}", shown)


def _escaped(match: re.Match[str]) -> str:
    found = match.group()
    return found if len(found) > 1 else f"\\{found}"


def _header(report: Report, arrangement: Arrangement) -> Iterable[str]:
    posted = arrangement.picture
    if posted is None:
        return ["# No picture", ""]
    facts = f"{inert(words.form(posted))}, {words.pixels(posted)}, "
    rows = [
        f"# {inert(posted.name, limit=200)}",
        "",
        f"{facts}{size(posted.size_bytes)}, SHA-256 {inert(words.digest(posted))}",
        "",
    ]
    for note in posted.notes:
        rows += [f"**Note.** {inert(note)}", ""]
    return rows


def _table(sections: Iterable[Section]) -> Iterable[str]:
    yield "| No. | Statement, and how it was read | Answer to the reading | Why |"
    yield "| ---: | --- | --- | --- |"
    for section in sections:
        said = "<br>".join(_said(section, limit=200, tell=False))
        word = words.VERDICTS[section.verdict.verdict].word
        why = inert(section.why, limit=300, tell=False)
        yield f"| {section.number} | {said} | **{word}** | {why} |"


def _said(section: Section, *, limit: int, tell: bool = True) -> list[str]:
    """Give the words of the post, where there are any, and below them what was tested."""
    quote = inert(section.words, limit=limit, tell=tell)
    read = f"Read as: {inert(section.tested)}"
    return [f"“{quote}”", read] if quote else [read]


def _section(section: Section) -> Iterable[str]:
    verdict = section.verdict
    word = words.VERDICTS[verdict.verdict].word
    yield f"## {section.number}. As read here: {word}"
    yield ""
    for said in _said(section, limit=300):
        yield said
        yield ""
    if section.heard:
        yield from _group("What supports it", section.supporting)
        yield from _group("What contradicts it", section.contradicting)
        if section.undecided:
            yield from _group("What leaves it open", section.undecided)
    else:
        yield from _list("", verdict.because)
    yield from _list("Not tested", section.untested)
    yield from _list("What this does not prove", section.limits)
    yield from _list("Innocent explanations", section.innocent)
    yield from _list("What would change the answer", section.would_change)


def _group(heading: str, items: tuple[Item, ...]) -> Iterable[str]:
    if not items:
        yield f"**{heading}:** nothing."
    else:
        yield f"**{heading}:**"
        yield ""
        yield from (f"- {_finding(item.finding)}" for item in items)
    yield ""


def _finding(finding: Finding) -> str:
    parts = [inert(finding.summary), f"Strength: {inert('; '.join(words.strength(finding)))}."]
    if finding.measures:
        shown = "; ".join(f"{m.name}: {measure(m)}" for m in finding.measures[:8])
        parts.append(f"Measured: {inert(shown)}.")
    if finding.power is not None:
        parts.append(f"Power: {inert(finding.power.sentence)}")
    return f"{' '.join(parts)} ({inert(finding.check, limit=80)})"


def _list(heading: str, sentences: Iterable[str]) -> Iterable[str]:
    rows = [f"- {inert(sentence(text))}" for text in sentences]
    if not rows:
        return
    if heading:
        yield f"**{heading}:**"
        yield ""
    yield from rows
    yield ""


def _others(arrangement: Arrangement) -> Iterable[str]:
    if arrangement.observations:
        yield "## Other observations"
        yield ""
        yield from (f"- {_finding(item.finding)}" for item in arrangement.observations)
        yield ""
    for heading, items in (
        ("Checks that failed", arrangement.failed),
        ("Checks that did not apply", arrangement.skipped),
    ):
        if items:
            yield f"## {heading}"
            yield ""
            for item in items:
                found = item.finding
                yield f"- {inert(found.check, limit=80)}: {inert(found.summary)}"
            yield ""


def _inputs(report: Report) -> Iterable[str]:
    yield "## Inputs"
    yield ""
    for item in report.inputs:
        date = f", {inert(item.date.words)}" if item.date is not None else ""
        name = f"{inert(item.id, limit=80)} ({inert(item.role, limit=40)})"
        yield f"- {name}: {inert(item.name, limit=200)}{date}, SHA-256 {inert(words.digest(item))}"
    yield ""
    yield f"Made by {inert(report.tool.name)} {inert(report.tool.version)}."
