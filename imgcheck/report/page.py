"""The report as one HTML file that needs nothing else and lets nothing in.

Its content security policy allows the one style and the one script it carries, by their hashes,
and images inside the page. Everything works without the script; the script adds the slider.
"""

from collections.abc import Mapping

from imgcheck.model import Input, Report
from imgcheck.report import appendix, images, words
from imgcheck.report.answers import full, summary, table
from imgcheck.report.arrange import Arrangement, Item, arrange
from imgcheck.report.dates import window
from imgcheck.report.findings import Material, card
from imgcheck.report.marks import marks_on
from imgcheck.report.markup import Markup, join, raw, tag
from imgcheck.report.numbers import size
from imgcheck.report.plain import line
from imgcheck.report.shell import own, policy
from imgcheck.report.viewer import Viewer, viewer

Size = tuple[int, int]


def html(
    report: Report,
    *,
    pictures: Mapping[str, bytes] | None = None,
    picture_view: bytes | None = None,
    picture_size: Size | None = None,
    reference_views: Mapping[str, bytes] | None = None,
) -> str:
    """Give the report as one self-contained HTML file.

    Parameters
    ----------
    report : Report
    pictures : mapping of str to bytes, optional
        Evidence pictures by their name in the report; default: the bytes the report holds.
        One whose SHA-256 is not that of the report is left out, and that is said.
    picture_view : bytes, optional
        JPEG, PNG, GIF or WebP of the posted picture as shown, at any scale. Without it, marks
        stand on an empty frame.
    picture_size : tuple of int, optional
        Width and height of the frame that regions are given in. Default: those of the input.
    reference_views : mapping of str to bytes, optional
        The same of references, by input id.

    Returns
    -------
    str
        The same report and pictures give the same text.
    """
    arrangement = arrange(report)
    marks = {item.id: marks_on(report, item.id) for item in report.inputs}
    viewers = _viewers(report, arrangement, picture_view, picture_size, reference_views or {})
    anchors = {item.id: f"#i{i}" for i, item in enumerate(report.inputs)}
    anchors |= {f"view {id}": f"#v{i}" for i, id in enumerate(viewers)}
    material = Material(
        pictures=pictures or {},
        marks={image: found for image, found in marks.items() if found},
        anchors=anchors,
        posted=arrangement.picture.id if arrangement.picture else None,
    )
    style = own("report.css") + "".join(view.rules for view in viewers.values())
    script = own("report.js")
    body = _body(report, arrangement, viewers, material)
    head = _head(report, arrangement.picture, style=style, script=script)
    return f"<!doctype html>\n{tag('html', head, body, raw('script', script), lang='en')}\n"


def _head(report: Report, picture: Input | None, *, style: str, script: str) -> Markup:
    name = line(picture.name, limit=120) if picture else "no picture"
    return tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy",
            content=policy(style=style, script=script)),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("meta", name="generator", content=f"{report.tool.name} {report.tool.version}"),
        tag("title", f"{name}: what can be said"),
        raw("style", style),
    )  # fmt: skip


def _body(
    report: Report,
    arrangement: Arrangement,
    viewers: Mapping[str, Viewer],
    material: Material,
) -> Markup:
    chapters = [
        ("answers", "Answers", _answers(report, arrangement)),
        ("picture", "The picture", _views(viewers)),
        ("statements", "Statement by statement", _statements(arrangement, material)),
        ("given", "Given with the claim", appendix.given(report.claim)),
        ("observations", "Other observations", _cards(arrangement.observations, material)),
        ("failed", "Checks that failed", _reasons(arrangement.failed)),
        ("skipped", "Checks that did not apply", _reasons(arrangement.skipped)),
        ("reading", "How to read this", appendix.how_to_read()),
        ("inputs", "Inputs", appendix.inputs(report)),
        ("versions", "How it was made", appendix.versions(report)),
    ]
    present = [chapter for chapter in chapters if chapter[2]]
    links = (tag("li", tag("a", title, href=f"#{id}")) for id, title, _ in present)
    sections = (
        tag("section", tag("h2", title), content, id=id, class_="chapter")
        for id, title, content in present
    )
    return tag(
        "body",
        tag("a", "Skip to the answers", href="#answers", class_="skip"),
        _header(report, arrangement.picture),
        tag("nav", tag("ul", links), aria_label="Contents"),
        tag("main", sections),
    )


def _header(report: Report, picture: Input | None) -> Markup:
    kicker = tag("p", f"{line(report.tool.name, limit=40)} report", class_="kicker")
    if picture is None:
        return tag("header", kicker, tag("h1", "No picture"))
    facts = [
        words.form(picture),
        words.pixels(picture),
        size(picture.size_bytes),
    ]
    digest = tag("span", "SHA-256 ", tag("code", words.digest(picture, first=16)))
    notes = [tag("p", tag("b", "Note. "), line(n, limit=400), class_="notice")
             for n in picture.notes]  # fmt: skip
    return tag(
        "header",
        kicker,
        tag("h1", line(picture.name, limit=160)),
        tag("p", ", ".join(facts), " · ", digest, class_="facts"),
        _posted(report),
        notes,
    )


def _posted(report: Report) -> Markup | None:
    """Say where the picture was posted. The address is text: this page links to nobody."""
    source = report.claim.source
    parts = [line(part, limit=200) for part in (source.publisher, source.platform) if part]
    if source.posted is not None:
        parts.append(window(source.posted))
    address = tag("code", line(source.url, limit=300)) if source.url else None
    if not parts and address is None:
        return None
    between = " · " if parts and address is not None else None
    return tag("p", "Posted: ", ", ".join(parts), between, address, class_="facts")


def _answers(report: Report, arrangement: Arrangement) -> Markup:
    if not arrangement.sections:
        return tag("p", "No claim was given, so there is no statement to answer. What was "
                        "observed stands below.")  # fmt: skip
    return join(summary(report), table(arrangement.sections))


def _statements(arrangement: Arrangement, material: Material) -> Markup:
    return join(full(section, material) for section in arrangement.sections)


def _cards(items: tuple[Item, ...], material: Material) -> Markup:
    return join(card(item, material, observation=True) for item in items)


def _reasons(items: tuple[Item, ...]) -> Markup | None:
    rows = [
        tag("li", tag("code", line(i.finding.check, limit=80)), f": {line(i.finding.summary)}",
            id=f"f{i.position}")
        for i in items
    ]  # fmt: skip
    return tag("ul", rows, class_="reasons") if rows else None


def _viewers(
    report: Report,
    arrangement: Arrangement,
    picture_view: bytes | None,
    picture_size: Size | None,
    reference_views: Mapping[str, bytes],
) -> dict[str, Viewer]:
    """Make a figure of the posted picture, and of every reference that is shown or marked."""
    made: dict[str, Viewer] = {}
    for i, item in enumerate(report.inputs):
        posted = item is arrangement.picture
        data = picture_view if posted else reference_views.get(item.id)
        marks = marks_on(report, item.id)
        frame = (picture_size if posted else None) or (item.width or 0, item.height or 0)
        address = images.address(data) if data else None
        if (address is None and not marks) or not all(frame):
            continue
        what = "The posted picture" if posted else f"Reference {line(item.id, limit=120)}"
        made[item.id] = viewer(
            f"v{i}",
            address=address,
            size=frame,
            marks=marks,
            alt=f"{what}, {line(item.name, limit=120)}",
            caption=_caption(what, item, shown=address is not None, marked=bool(marks)),
        )
    return made


def _caption(what: str, item: Input, *, shown: bool, marked: bool) -> str:
    date = f", {window(item.date)}" if item.date is not None else ""
    said = f"{what}{date}."
    if not shown:
        said += " The picture itself is not part of this page: only the marks are drawn."
    if marked:
        said += " Marks lie where findings point; the list of marks leads to each finding."
    return said


def _views(viewers: Mapping[str, Viewer]) -> Markup:
    return join(tag("div", view.figure, id=f"v{i}") for i, view in enumerate(viewers.values()))
