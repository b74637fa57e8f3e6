"""Inspections as one HTML file that needs nothing else and lets nothing in."""

import base64
from collections.abc import Iterator, Sequence

from imgcheck.case import Inspection
from imgcheck.provenance import Node
from imgcheck.report.inspection.bytemap import bytemap
from imgcheck.report.inspection.chapters import Chapter, Row, chapters
from imgcheck.report.markup import Markup, join, raw, tag
from imgcheck.report.numbers import size
from imgcheck.report.plain import line
from imgcheck.report.shell import own, policy

_MOST_PARTS = 2_000  # rows of structure; more make a page that no browser likes
_LONGEST = 2_000


def html(found: Sequence[Inspection], *, views: Sequence[Sequence[tuple[str, bytes]]] = ()) -> str:
    """Give inspections as one self-contained HTML page.

    Parameters
    ----------
    found : sequence of Inspection
    views : sequence of sequence of (str, bytes), optional
        For each inspection its pictures: a caption and a JPEG or PNG made by this program (never
        the file's own bytes).

    Returns
    -------
    str
        The same inspections give the same text. Every word of a file is escaped, and the page's
        policy lets no script run and loads nothing.
    """
    style = own("report.css") + own("inspection.css")
    title = line(found[0].image.name, limit=120) if len(found) == 1 else f"{len(found)} files"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy(style=style)),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("meta", name="generator", content="imgcheck"),
        tag("title", f"{title}: what the file says"),
        raw("style", style),
    )
    shown = [
        _file(one, f"f{number}", views[number] if number < len(views) else ())
        for number, one in enumerate(found)
    ]
    contents = tag("nav", tag("ul", (
        tag("li", tag("a", line(one.image.name, limit=80), href=f"#f{number}"))
        for number, one in enumerate(found)
    )), aria_label="Files") if len(found) > 1 else None  # fmt: skip
    return f"<!doctype html>\n{tag('html', head, tag('body', contents, shown), lang='en')}\n"


def _file(found: Inspection, key: str, views: Sequence[tuple[str, bytes]]) -> Markup:
    image = found.image
    arranged = chapters(found, everything=True)
    links = [
        (chapter.key, chapter.title) for chapter in arranged if chapter.key not in ("what", "tags")
    ]
    links += [("structure", "Structure"), ("all", "All tags")]
    header = tag(
        "header",
        tag("p", "imgcheck inspection", class_="kicker"),
        tag("h1", line(image.name, limit=160)),
        tag("p", f"{image.format.upper()}, {image.width} x {image.height} px, "
            f"{size(image.size_bytes)} · SHA-256 ", tag("code", image.sha256), class_="facts"),
        tag("p", "This page repeats what the file says. It judges nothing, and nothing here shows "
            "by itself that a picture is genuine or altered.", class_="facts"),
    )  # fmt: skip
    navigation = tag("nav", tag("ul", (
        tag("li", tag("a", title, href=f"#{key}-{name}")) for name, title in links
    )), aria_label="Contents")  # fmt: skip
    sections = [_section(chapter, key) for chapter in arranged if chapter.key != "tags"]
    return tag(
        "article", header, navigation, _views(views), sections,
        tag("section", tag("h2", "Structure"), bytemap(found.structure, total=image.size_bytes),
            _structure(found), id=f"{key}-structure", class_="chapter"),
        tag("section", tag("h2", "All tags"), _tags(found), id=f"{key}-all", class_="chapter"),
        id=key,
    )  # fmt: skip


def _views(views: Sequence[tuple[str, bytes]]) -> Markup | None:
    if not views:
        return None
    return tag("div", (_view(caption, data) for caption, data in views), class_="views")


def _view(caption: str, data: bytes) -> Markup:
    kind = "png" if data.startswith(b"\x89PNG") else "jpeg"
    address = f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"
    return tag("figure", tag("img", src=address, alt=caption), tag("figcaption", caption))


def _section(chapter: Chapter, key: str) -> Markup:
    return tag(
        "section",
        tag("h2", chapter.title),
        tag("p", chapter.remark, class_="facts") if chapter.remark else None,
        tag("div", tag("table", tag("tbody", map(_row, chapter.rows)), class_="rows"),
            class_="scroll"),
        id=f"{key}-{chapter.key}", class_="chapter",
    )  # fmt: skip


def _row(row: Row) -> Markup:
    note = tag("span", line(row.note, limit=400), class_="note") if row.note else None
    detail = (
        tag("details", tag("summary", "what it means"), tag("p", line(row.detail, limit=_LONGEST)))
        if row.detail
        else None
    )
    return tag(
        "tr",
        tag("th", line(row.label, limit=80), scope="row"),
        tag("td", line(row.text, limit=_LONGEST), note, detail),
        tag("td", _bytes(row), class_="bytes"),
        class_="odd" if row.odd else None,
    )


def _bytes(row: Row) -> str:
    shown = [f"{start:,} + {length:,}" if length else f"{start:,}" for start, length in row.places]
    return f"byte {', '.join(shown[:4])}" if shown else ""


def _structure(found: Inspection) -> Markup:
    rows = list(_parts(found.structure.nodes, 0))
    more = len(rows) > _MOST_PARTS
    table = tag(
        "table",
        tag("thead", tag("tr", *(tag("th", word) for word in ("Offset", "Bytes", "Part", "")))),
        tag("tbody", rows[:_MOST_PARTS]),
        class_="parts",
    )
    note = tag("p", f"{len(rows):,} parts; the first {_MOST_PARTS:,} are shown.") if more else None
    summary = tag("summary", f"{len(rows):,} parts")
    return tag("details", summary, tag("div", table, class_="scroll"), note)


def _parts(nodes: Sequence[Node], depth: int) -> Iterator[Markup]:
    for node in nodes:
        yield tag(
            "tr",
            tag("td", f"{node.offset:,}", class_="n"),
            tag("td", f"{node.length:,}", class_="n"),
            tag("td", node.kind, class_=f"depth{min(depth, 6)}"),
            tag("td", line(node.note, limit=200)),
        )
        yield from _parts(node.children, depth + 1)


def _tags(found: Inspection) -> Markup | None:
    entries = found.metadata.entries
    if not entries:
        return tag("p", "The file holds no tags. Most platforms remove them; that says nothing.")
    rows = (
        tag(
            "tr",
            tag("th", line(f"{entry.group}:{entry.name}", limit=100), scope="row"),
            tag("td", line(str(entry.value), limit=_LONGEST)),
            tag("td", "" if entry.offset is None else f"byte {entry.offset:,}", class_="bytes"),
        )
        for entry in entries
    )
    table = tag("table", tag("tbody", rows), class_="rows")
    return join(tag("details", tag("summary", f"{len(entries):,} values"),
                    tag("div", table, class_="scroll")))  # fmt: skip
