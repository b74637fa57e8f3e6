"""The foot of the page: how to read it, what went in, and what made it."""

import json
from collections.abc import Iterable

from imgcheck.model import Claim, Input, Report
from imgcheck.report import words
from imgcheck.report.answers import badge
from imgcheck.report.dates import window
from imgcheck.report.markup import Markup, join, tag
from imgcheck.report.numbers import number, size, with_unit
from imgcheck.report.plain import line

_READING = (
    "A finding says first what was observed, then what that means for the statement, then which "
    "innocent causes could explain it and what it does not prove.",
    "A test may contradict a statement only if somebody has measured how often it speaks against "
    "innocent pictures. That false-alarm rate is printed beside it.",
    "A likelihood ratio says how many times more probable the observation is if the statement is "
    "true than if it is not. It is given only where it was measured; where it was not, the report "
    "says so instead of giving a number.",
    "Findings of one basis, such as file metadata, lean on the same evidence and count once.",
    "An interval, such as 12 (95 %: 8 to 17), holds the true value with the probability given.",
    "Missing metadata is no evidence for or against anything: platforms remove it from nearly "
    "every picture.",
    "What is marked “proposed” was proposed by a program. A person has to look at it.",
)
_QUANTITIES = {
    "shadow_azimuth": ("direction of a shadow, clockwise from north", "deg"),
    "shadow_ratio": ("length of a shadow over the height of what casts it", ""),
    "gsd_m": ("ground sample distance", "m per pixel"),
    "north_deg": ("direction of north in the picture, clockwise from up", "deg"),
    "slope_deg": ("slope of the ground, or its error where no direction is given", "deg"),
    "slope_aspect_deg": ("direction in which the ground falls", "deg"),
    "lean_deg": ("lean of what casts the shadow, standard deviation", "deg"),
    "view_deg": ("angle of the view from straight down", "deg"),
}


def how_to_read() -> Markup:
    """Define the words of the report."""
    terms = [
        join(tag("dt", badge(answer)), tag("dd", said.meaning))
        for answer, said in words.VERDICTS.items()
    ]
    return join(
        tag("p", words.NO_SCORE),
        tag("dl", terms, class_="terms"),
        tag("ul", (tag("li", sentence) for sentence in _READING)),
    )


def given(claim: Claim) -> Markup | None:
    """Give what a person measured in the picture, and other accounts of it."""
    rows = [_measurement(m.quantity, m.value, m.sigma, m.note) for m in claim.measurements]
    for counted in claim.counts:
        what = f"{line(counted.object_class, limit=80)}: {number(counted.value)}"
        who = f"{line(counted.by, limit=80)} on {window(counted.at)}"
        rows.append(tag("li", f"Counted by {who}: {what}"))
    for shadow in claim.shadows:
        (x, y), (tip_x, tip_y) = shadow.base, shadow.tip
        drawn = f"Shadow from pixel {x:g}, {y:g} to {tip_x:g}, {tip_y:g}"
        rows.append(tag("li", drawn + (f": {line(shadow.note, limit=300)}" if shadow.note else "")))
    for rival in claim.rivals:
        parts = [f"“{line(rival.text, limit=600)}”"] if rival.text else []
        parts += [f"taken {window(rival.window)}"] if rival.window is not None else []
        rows.append(tag("li", f"Another account: {', '.join(parts)}"))
    return tag("ul", rows) if rows else None


def _measurement(quantity: str, value: float, sigma: float | None, note: str) -> Markup:
    name, unit = _QUANTITIES.get(quantity, (line(quantity, limit=80), ""))
    error = "" if sigma is None else f", standard error {with_unit(number(sigma), unit)}"
    remark = f" – {line(note, limit=300)}" if note else ""
    return tag(
        "li", f"Measured by a person: {name}, {with_unit(number(value), unit)}{error}{remark}"
    )


def inputs(report: Report) -> Markup:
    """Tell every input file, with its full SHA-256."""
    head = tag("tr", (tag("th", n, scope="col") for n in ("Input", "Date", "Picture", "SHA-256")))
    rows = (_input(item, f"i{i}") for i, item in enumerate(report.inputs))
    table = tag("table", tag("thead", head), tag("tbody", rows), class_="inputs")
    return tag("div", table, class_="scroll")


def _input(item: Input, anchor: str) -> Markup:
    notes = [tag("span", line(note, limit=300), class_="note") for note in item.notes]
    name = tag(
        "th",
        tag("b", line(item.id, limit=120)),
        f" ({line(item.role, limit=40)})",
        tag("span", line(item.name, limit=200), class_="file"),
        notes,
        scope="row",
    )
    picture = ", ".join(_facts(item))
    return tag(
        "tr",
        name,
        tag("td", _date(item)),
        tag("td", picture),
        tag("td", tag("code", words.digest(item)), class_="hash"),
        id=anchor,
    )


def _facts(item: Input) -> Iterable[str]:
    yield words.form(item)
    yield words.pixels(item)
    yield size(item.size_bytes)
    if item.gsd_m is not None:
        yield f"{number(item.gsd_m)} m per pixel"


def _date(item: Input) -> str:
    if item.date is None:
        return "none stated"
    source = f", from: {line(item.date_source, limit=60)}" if item.date_source else ""
    return f"{window(item.date)}{source}"


def versions(report: Report) -> Markup:
    """Tell what made the report, and with which parameters."""
    tool = report.tool
    groups = (
        ("Checks", tool.checks),
        ("Libraries", tool.libraries),
        ("Parameters", {k: json.dumps(v, sort_keys=True) for k, v in report.parameters.items()}),
    )
    made = f"{line(tool.name, limit=80)} {line(tool.version, limit=80)}, schema "
    return join(
        tag("p", f"Made by {made}", tag("code", line(report.schema, limit=80)),
            ". The same inputs and versions give the same report. Every number stands in "
            "report.json, which belongs to this page."),
        (_named(heading, found) for heading, found in groups if found),
    )  # fmt: skip


def _named(heading: str, found: dict[str, str]) -> Markup:
    rows = [
        tag("li", tag("code", line(name, limit=120)), f" {line(value, limit=400)}")
        for name, value in sorted(found.items())
    ]
    return tag("details", tag("summary", f"{heading} ({len(rows)})"), tag("ul", rows))
