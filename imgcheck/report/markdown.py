"""The report as Markdown, for an issue, a wiki, or a message to a colleague.

Every value in the template passes `inert`, so that what came from files stays text.
"""

import re

from markupsafe import Markup

from imgcheck.model import Report
from imgcheck.report.arrange import arrange, tally
from imgcheck.report.formatting import line
from imgcheck.report.page import environment

# Everything that CommonMark or GitHub could take for markup, a mention or an address. A
# backslash is not enough for the last two: "@name" and "www." act before it is read. An entity
# is matched as a whole, so that its own "#" stays.
_SPECIAL = re.compile(r"&#?\w+;|[\\`*_{}\[\]()#+!|~^$]")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "&#64;", ":": "&#58;"}
_WWW = re.compile(r"\b(www)\.", re.IGNORECASE)
_LEADING = re.compile(r"^(\d+)([.)])(?=\s|$)|^([-+=])")


def markdown(report: Report) -> str:
    """Return the report as GitHub-flavoured Markdown."""
    template = environment().overlay(finalize=_shown).get_template("verify.md")
    text = template.render(
        report=report,
        arrangement=arrange(report),
        tally=tally(report),
        line_break=Markup("<br>"),
        paragraph=Markup("\n\n"),
    )
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def _shown(value: object) -> Markup:
    return value if isinstance(value, Markup) else Markup(inert(str(value)))


def inert(text: str) -> str:
    """Return a text on one line in which Markdown finds nothing to act on."""
    shown = line(text)
    for character, entity in _ENTITIES.items():
        shown = shown.replace(character, entity)
    shown = _SPECIAL.sub(_escaped, shown)
    shown = _WWW.sub(r"\1&#46;", shown)
    return _LEADING.sub(lambda m: f"{m[1]}\\{m[2]}" if m[1] else f"\\{m[3]}", shown)


def _escaped(match: re.Match[str]) -> str:
    found = match.group()
    return found if len(found) > 1 else f"\\{found}"
