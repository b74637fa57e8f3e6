"""A picture with its marks: outlines in layers that a reader can switch on and off.

The switches are checkboxes that style rules listen to, so they work without a script.
"""

from dataclasses import dataclass

from imgcheck.report.marks import MAX_MARKS, Layer, Mark, layers
from imgcheck.report.markup import Markup, tag
from imgcheck.report.plain import line
from imgcheck.report.words import count

# Numbers are drawn beside outlines only while there are few enough to be read.
_NUMBERED = 40
# Each layer has a side of its own, so that the numbers of two layers over one thing differ.
_SIDES = ("above", "below", "right", "left")
_EDGE = 5.0  # per cent of the picture from its edge within which a number would be cut off
_LISTED = 8  # marks listed openly under a layer; more fold away


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """The figure and the style rules its switches need."""

    figure: Markup
    rules: str


def viewer(
    key: str,
    *,
    address: Markup | None,
    size: tuple[int, int],
    marks: tuple[Mark, ...],
    alt: str,
    caption: object,
) -> Viewer:
    """Make the figure of one picture.

    Parameters
    ----------
    key : str
        Short name, unique on the page, for ids and classes.
    address : Markup or None
        Data address of the picture; without it the outlines stand on an empty frame.
    size : tuple of int
        Width and height, in pixels, of the frame that the marks are given in.
    marks : tuple of Mark
    alt : str
        What the picture is, for those who do not see it.
    caption : object
        Anything `tag` takes.
    """
    drawn = layers(marks[:MAX_MARKS])
    classes = [f"{key}-l{i}" for i in range(len(drawn))]
    stage = tag(
        "div",
        tag("img", src=address, alt=alt) if address else None,
        _outlines(drawn, classes, size, framed=address is None),
        _numbers(drawn, classes, size) if len(marks) <= _NUMBERED else None,
        class_="stage" if address else "stage empty",
    )
    figure = tag(
        "figure",
        stage,
        _panel(drawn, classes, left_out=len(marks) - MAX_MARKS) if drawn else None,
        tag("figcaption", caption),
        class_=_kind(marks),
    )
    rules = "".join(
        f".viewer:has(#{name}:not(:checked)) g.{name}{{display:none}}\n" for name in classes
    )
    return Viewer(figure=figure, rules=rules)


def _kind(marks: tuple[Mark, ...]) -> str:
    if not marks:
        return "viewer plain"
    return "viewer" if len(marks) <= _NUMBERED else "viewer dense"


def _outlines(
    drawn: tuple[Layer, ...], classes: list[str], size: tuple[int, int], *, framed: bool
) -> Markup:
    groups = [
        tag("g", (_outline(mark) for mark in layer.marks), class_=f"{name} {_colour(i)}")
        for i, (layer, name) in enumerate(zip(drawn, classes, strict=True))
    ]
    return tag(
        "svg",
        groups,
        class_="outlines",
        viewBox=f"0 0 {size[0]} {size[1]}",
        preserveAspectRatio="xMidYMid meet" if framed else "none",
        aria_hidden="true",
    )


def _outline(mark: Mark) -> Markup:
    points = mark.region.polygon
    title = tag("title", f"{mark.number}: {line(mark.region.label, limit=200)}")
    if len(points) == 1:
        x, y = points[0]
        # A dot of the stroke's own width: a zero-length line with round ends.
        shape = tag("path", d=f"M{_at(x)} {_at(y)}h0", class_="dot")
        return tag("g", title, shape)
    coordinates = " ".join(f"{_at(x)},{_at(y)}" for x, y in points)
    name = "polygon" if len(points) > 2 else "polyline"
    casing = tag(name, points=coordinates, class_="casing")
    return tag("g", title, casing, tag(name, points=coordinates, class_="edge"))


def _numbers(drawn: tuple[Layer, ...], classes: list[str], size: tuple[int, int]) -> Markup:
    """Draw the numbers in a frame of their own, so that they stay readable at any size."""
    groups = [
        tag("g", (_number(mark, size, side=_SIDES[i % 4]) for mark in layer.marks), class_=name)
        for i, (layer, name) in enumerate(zip(drawn, classes, strict=True))
    ]
    return tag("svg", groups, class_="numbers", aria_hidden="true")


def _number(mark: Mark, size: tuple[int, int], *, side: str) -> Markup:
    """Put a number on one side of its outline, inside the picture."""
    xs = [x for x, _ in mark.region.polygon]
    ys = [y for _, y in mark.region.polygon]
    left, right = _percent(min(xs), size[0]), _percent(max(xs), size[0])
    top, bottom = _percent(min(ys), size[1]), _percent(max(ys), size[1])
    if side == "above" and top < _EDGE:
        side = "below"
    elif side == "below" and bottom > 100 - _EDGE:
        side = "above"
    elif side == "right" and right > 100 - _EDGE:
        side = "left"
    elif side == "left" and left < _EDGE:
        side = "right"
    x = {"left": left, "right": right}.get(side, (left + right) / 2)
    y = {"above": top, "below": bottom}.get(side, (top + bottom) / 2)
    return tag(
        "text",
        mark.number,
        x=f"{x:.2f}%",
        y=f"{y:.2f}%",
        dx={"left": "-0.4em", "right": "0.4em"}.get(side),
        dy={"above": "-0.35em", "below": "1.15em"}.get(side, "0.35em"),
        class_=f"beside-{side}" if side in ("left", "right") else None,
    )


def _panel(drawn: tuple[Layer, ...], classes: list[str], *, left_out: int) -> Markup:
    rows = [
        _switch(layer, name, _colour(i))
        for i, (layer, name) in enumerate(zip(drawn, classes, strict=True))
    ]
    more = None
    if left_out > 0:
        more = tag("p", f"{count(left_out, 'further mark')} not drawn; see report.json.")
    return tag("fieldset", tag("legend", "Layers, on and off"), rows, more, class_="layers")


def _switch(layer: Layer, name: str, colour: str) -> Markup:
    label = tag(
        "label",
        tag("input", type="checkbox", id=name, checked=True, autocomplete="off"),
        _swatch(colour),
        tag("span", line(layer.name, limit=60), class_="name"),
        tag("span", count(len(layer.marks), "mark"), class_="many"),
    )
    entries = tag("ul", (_entry(mark) for mark in layer.marks))
    if len(layer.marks) > _LISTED:
        entries = tag("details", tag("summary", "List the marks"), entries)
    return tag("div", label, entries, class_="layer")


def _entry(mark: Mark) -> Markup:
    return tag(
        "li",
        tag("a", mark.number, href=f"#f{mark.finding}", title="to the finding"),
        " ",
        line(mark.region.label, limit=160),
    )


def _swatch(colour: str) -> Markup:
    edge = tag("path", d="M2 6h20", class_="edge")
    casing = tag("path", d="M2 6h20", class_="casing")
    return tag("svg", tag("g", casing, edge, class_=colour), viewBox="0 0 24 12", class_="swatch",
               aria_hidden="true")  # fmt: skip


def _colour(position: int) -> str:
    return f"k{position % 6}"


def _at(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _percent(value: float, whole: int) -> float:
    return min(100.0, max(0.0, 100 * value / max(1, whole)))
