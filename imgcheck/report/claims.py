"""Claim files: a commented template, and what a file says in words."""

import re
from itertools import islice

from imgcheck.checks.catalogue import catalogue
from imgcheck.model import Acquired, Claim, Place, position, window
from imgcheck.model.documents import ClaimDocument, ReadStatement
from imgcheck.report.formatting import line
from imgcheck.report.page import environment
from imgcheck.report.wording import listed, posted, reading

# Words of posts for what a statement counts, and the class that stands for them.
_CLASSES = {
    "vehicle": "vehicle", "car": "vehicle", "truck": "vehicle", "lorrie": "vehicle",
    "humvee": "vehicle", "hummer": "vehicle", "tank": "tank", "crater": "crater",
}  # fmt: skip
_THINGS = rf"(?:[a-z]+\s+){{0,3}}?({'|'.join(_CLASSES)})s"
_COUNT = re.compile(rf"\b(\d{{1,4}})\s+{_THINGS}\b", re.IGNORECASE)
_ABSENT = re.compile(rf"\bno\s+{_THINGS}\b", re.IGNORECASE)
_LONGEST_POST = 20_000
_MOST = 20  # dates, positions or counts taken from one text


def template(post: str = "") -> str:
    """Return a commented claim file, filled with what the text of a post says.

    Dates, positions and counts that can be read are marked "check this"; so are dates that can be
    read in two ways, which are left out.
    """
    text = post[:_LONGEST_POST]
    dates = list(islice(window.find(text), _MOST))
    # Texts of the post are JSON strings or, on one line, remarks: there is nothing to escape.
    filled = environment().overlay(autoescape=False).get_template("claim.yml")
    made: str = filled.render(
        dates=[(span.text, words) for words, span, _ in dates if span is not None],
        unread=[reason for _, span, reason in dates if span is None],
        places=[
            (f"{spot.lat:.6g}, {spot.lon:.6g}", words)
            for words, spot in islice(position.find(text), _MOST)
        ],
        counts=[
            (_CLASSES[m[2].lower()], int(m[1]), m[0]) for m in islice(_COUNT.finditer(text), _MOST)
        ],
        absent={_CLASSES[m[1].lower()]: m[0] for m in _ABSENT.finditer(text)}.items(),
    )
    return f"{made}\n"


def document(claim: Claim) -> ClaimDocument:
    """Return every statement as imgcheck reads it, with the checks that can answer it."""
    return ClaimDocument(
        source=tuple(posted(claim.source)),
        statements=tuple(
            ReadStatement(
                id=one.id,
                kind=one.kind,
                text=one.text,
                read=reading(one),
                answered_by=tuple(
                    c.id for c in catalogue() if one.kind in c.answers and c.concerns(one)
                ),
                testable=one.testable,
                hints=tuple(_hints(one, claim)),
            )
            for one in claim.statements
        ),
    )


def _hints(statement: object, claim: Claim) -> list[str]:
    found = []
    if isinstance(statement, Place) and statement.lat is not None and statement.radius_km is None:
        found.append("Add radius_km: without it only the point itself is tested.")
    if isinstance(statement, Acquired):
        when = statement.window
        if not when.zone_known and when.end - when.start < window.A_DAY:
            found.append(
                "The time has no zone; write Z or an offset such as +03:00 if it is known."
            )
        if claim.source.posted is not None and claim.source.posted.before(when):
            found.append("This is after the picture was posted.")
    return found


def terminal(said: ClaimDocument) -> str:
    """Return the statements in words, for a person to compare with the post."""
    rows = [f"Posted: {', '.join(said.source)}"] if said.source else []
    for number, one in enumerate(said.statements, 1):
        quote = f"“{line(one.text, limit=200)}” " if one.text else ""
        rows.append(f"{number}. {quote}Read as: {line(one.read)}.")
        if not one.testable:
            rows.append("   Not testable from a picture.")
        elif one.answered_by:
            rows.append(f"   Checks: {listed(list(one.answered_by))}.")
        else:
            rows.append("   No check tests this yet.")
        rows += [f"   {hint}" for hint in one.hints]
    return "\n".join(rows or ["The claim makes no statement."]) + "\n"
