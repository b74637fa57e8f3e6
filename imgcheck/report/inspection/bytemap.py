"""A strip that shows what a file is made of, byte by byte from left to right."""

from imgcheck.provenance import Node, Structure
from imgcheck.report.markup import Markup, tag
from imgcheck.report.numbers import size

_WIDTH, _HEIGHT = 1000.0, 34.0
_NARROWEST = 1.5  # of 1000: a segment of 20 bytes in 5 MB must still be seen
_KINDS = (
    ("pixels", ("scan", "IDAT", "fdAT", "pixels", "VP8 ", "VP8L", "mdat", "image data", "jp2c")),
    ("credentials", ("APP11", "caBX", "C2PA", "jumb")),
    ("trailer", ("trailer", "garbage", "padding")),
    ("metadata", ("APP", "COM", "tEXt", "iTXt", "zTXt", "eXIf", "EXIF", "XMP ", "ICCP", "iCCP",
                  "uuid", "meta", "IFD", "ExifIFD", "GPS", "comment", "application")),
)  # fmt: skip
LEGEND = (
    ("pixels", "pixels"), ("metadata", "metadata"), ("credentials", "credentials (JUMBF)"),
    ("frame", "tables and headers"), ("trailer", "behind the end, or no part"),
)  # fmt: skip


def kind_of(node: Node) -> str:
    """Sort a part into pixels, metadata, credentials, trailer, or frame."""
    for kind, starts in _KINDS:
        if node.kind.startswith(starts):
            return kind
    return "frame"


def bytemap(structure: Structure, *, total: int) -> Markup | None:
    """Draw the top level of a file's parts; None for a file without any.

    Parts too thin to see are drawn 1.5 thousandths of the strip wide, so widths of thin parts
    are not to scale; their titles give the bytes.
    """
    nodes = [node for node in structure.nodes if node.length > 0][:400]
    if not nodes or total <= 0:
        return None
    bars = [_bar(node, total) for node in nodes]
    used = {kind_of(node) for node in nodes}
    legend = [
        tag("li", tag("span", class_=f"swatch-{kind}"), " ", words)
        for kind, words in LEGEND
        if kind in used
    ]
    strip = tag(
        "svg", bars, viewBox=f"0 0 {_WIDTH:.0f} {_HEIGHT:.0f}", preserveAspectRatio="none",
        role="img", aria_label="parts of the file from its first byte to its last",
    )  # fmt: skip
    return tag("figure", strip, tag("ul", legend, class_="legend"), class_="bytemap")


def _bar(node: Node, total: int) -> Markup:
    start = min(1.0, node.offset / total) * _WIDTH
    width = max(_NARROWEST, min(1.0, node.length / total) * _WIDTH)
    words = f"{node.kind} {node.note}: {size(node.length)} from byte {node.offset:,}"
    return tag(
        "rect", tag("title", words), x=f"{min(start, _WIDTH - width):.2f}", y=0,
        width=f"{width:.2f}", height=f"{_HEIGHT:.0f}", class_=f"part-{kind_of(node)}",
    )  # fmt: skip
