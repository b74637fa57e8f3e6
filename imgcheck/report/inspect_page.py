"""Inspections as one HTML file that loads nothing and runs nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from imgcheck.case import Inspection
from imgcheck.imaging.containers import Node, Structure
from imgcheck.report import page
from imgcheck.report.formatting import line, size
from imgcheck.report.inspection import Chapter, chapters

_MOST_PARTS = 2_000  # rows of structure; browsers get slow beyond
_WIDTH = 1000.0
_NARROWEST = 1.5  # of 1000: a segment of 20 bytes in 5 MB must still be visible
_KINDS = (
    ("pixels", ("scan", "IDAT", "fdAT", "pixels", "VP8 ", "VP8L", "mdat", "image data", "jp2c")),
    ("credentials", ("APP11", "caBX", "C2PA", "jumb")),
    ("trailer", ("trailer", "garbage", "padding")),
    ("metadata", ("APP", "COM", "tEXt", "iTXt", "zTXt", "eXIf", "EXIF", "XMP ", "ICCP", "iCCP",
                  "uuid", "meta", "IFD", "ExifIFD", "GPS", "comment", "application")),
)  # fmt: skip
_LEGEND = (
    ("pixels", "pixels"), ("metadata", "metadata"), ("credentials", "credentials (JUMBF)"),
    ("frame", "tables and headers"), ("trailer", "after the end, or not part of the format"),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One part of a file in the strip that shows the file byte by byte."""

    kind: str
    title: str
    x: str
    width: str


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One inspected file, as ``inspect.html`` shows it."""

    key: str
    found: Inspection
    chapters: tuple[Chapter, ...]
    links: list[tuple[str, str]]
    views: Sequence[tuple[str, bytes]]
    bars: tuple[Bar, ...]
    legend: list[tuple[str, str]]
    parts: tuple[tuple[int, Node], ...]
    more_parts: int


def html(found: Sequence[Inspection], *, views: Sequence[Sequence[tuple[str, bytes]]] = ()) -> str:
    """Return inspections as one self-contained HTML page.

    Parameters
    ----------
    found : sequence of Inspection
    views : sequence of sequence of (str, bytes), optional
        For each inspection its pictures: a caption and a JPEG or PNG made by this program (never
        the file's own bytes).

    Returns
    -------
    str
        The same inspections give the same text.
    """
    title = line(found[0].image.name, limit=120) if len(found) == 1 else f"{len(found)} files"
    files = [_file(one, f"f{i}", views[i] if i < len(views) else ()) for i, one in enumerate(found)]
    return page.render(
        "inspect.html", script=False, title=f"{title}: inspection", generator="imgcheck",
        files=files,
    )  # fmt: skip


def _file(found: Inspection, key: str, views: Sequence[tuple[str, bytes]]) -> File:
    arranged = chapters(found, everything=True)
    links = [(c.key, c.title) for c in arranged if c.key not in ("what", "tags")]
    links += [("structure", "Structure"), ("all", "All tags")]
    parts = tuple(_parts(found.structure.nodes, 0))
    bars = tuple(_bars(found.structure, found.image.size_bytes))
    kinds = {bar.kind for bar in bars}
    return File(
        key=key,
        found=found,
        chapters=tuple(c for c in arranged if c.key != "tags"),
        links=[(f"{key}-{name}", title) for name, title in links],
        views=views,
        bars=bars,
        legend=[(kind, words) for kind, words in _LEGEND if kind in kinds],
        parts=parts[:_MOST_PARTS],
        more_parts=max(0, len(parts) - _MOST_PARTS),
    )


def _parts(nodes: Sequence[Node], depth: int) -> Iterator[tuple[int, Node]]:
    for node in nodes:
        yield min(depth, 6), node
        yield from _parts(node.children, depth + 1)


def _bars(structure: Structure, total: int) -> Iterator[Bar]:
    """Yield the top level of a file's parts.

    Parts too thin to see are drawn 1.5 thousandths of the strip wide, so widths of thin parts
    are not to scale; their titles give the bytes.
    """
    nodes = [node for node in structure.nodes if node.length > 0][:400]
    for node in nodes if total > 0 else []:
        start = min(1.0, node.offset / total) * _WIDTH
        width = max(_NARROWEST, min(1.0, node.length / total) * _WIDTH)
        yield Bar(
            kind=kind_of(node),
            title=f"{node.kind} {node.note}: {size(node.length)} from byte {node.offset:,}",
            x=f"{min(start, _WIDTH - width):.2f}",
            width=f"{width:.2f}",
        )


def kind_of(node: Node) -> str:
    """Return whether a part holds pixels, metadata, credentials, a trailer, or the frame."""
    return next((kind for kind, starts in _KINDS if node.kind.startswith(starts)), "frame")
