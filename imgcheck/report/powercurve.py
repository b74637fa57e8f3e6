"""What would have been found on this picture, by size: a small chart and its numbers."""

import math

from imgcheck.model import DetectionPower
from imgcheck.report.markup import Markup, join, tag
from imgcheck.report.numbers import number, share
from imgcheck.report.plain import line

# The drawing, in its own units: room for words at the left and below.
_WIDTH, _HEIGHT = 420.0, 210.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 46.0, 410.0, 12.0, 168.0
_LOG_FROM = 8.0  # sizes that span more than this factor are drawn on a logarithmic scale


def chart(power: DetectionPower) -> Markup:
    """Draw recall against size, with its interval as a band, and give the numbers as a table."""
    points = _points(power)
    sentence = tag("p", tag("strong", "Detection power. "), line(power.sentence))
    if len(points) < 2:
        return tag("div", sentence, class_="power")
    return tag(
        "figure",
        _drawing(points),
        tag("figcaption", sentence, tag("details", tag("summary", "The numbers"), _table(points))),
        class_="power",
    )


Point = tuple[float, float, float, float]  # size, recall, low, high


def _points(power: DetectionPower) -> list[Point]:
    """Pair sizes with recalls; where there is no interval the band has no width."""
    many = min(len(power.sizes_m), len(power.recall))
    banded = len(power.low) >= many and len(power.high) >= many
    found = []
    for i in range(many):
        recall = power.recall[i]
        low, high = (power.low[i], power.high[i]) if banded else (recall, recall)
        row = (power.sizes_m[i], recall, low, high)
        if all(math.isfinite(v) for v in row):
            found.append(row)
    return sorted(found)


def _drawing(points: list[Point]) -> Markup:
    first, last = points[0][0], points[-1][0]
    logarithmic = first > 0 and last / first > _LOG_FROM

    def x(size: float) -> float:
        if logarithmic:
            place = math.log(size / first) / math.log(last / first)
        else:
            place = (size - first) / ((last - first) or 1.0)
        return _LEFT + place * (_RIGHT - _LEFT)

    def y(recall: float) -> float:
        return _BOTTOM - min(1.0, max(0.0, recall)) * (_BOTTOM - _TOP)

    upper = [f"{x(s):.1f},{y(high):.1f}" for s, _, _, high in points]
    lower = [f"{x(s):.1f},{y(low):.1f}" for s, _, low, _ in reversed(points)]
    curve = " ".join(f"{x(s):.1f},{y(recall):.1f}" for s, recall, _, _ in points)
    return tag(
        "svg",
        (_level(y(r), r) for r in (0.0, 0.5, 0.9, 1.0)),
        tag("polygon", points=" ".join(upper + lower), class_="band"),
        tag("polyline", points=curve, class_="curve"),
        (tag("circle", cx=f"{x(s):.1f}", cy=f"{y(r):.1f}", r=2.5) for s, r, _, _ in points),
        (_tick(x(s), s) for s in _ticks(points, x)),
        tag("text", "size on the ground, m", x=(_LEFT + _RIGHT) / 2, y=_HEIGHT - 6,
            class_="axis"),
        viewBox=f"0 0 {_WIDTH:g} {_HEIGHT:g}",
        role="img",
        aria_label="Share found by size; the same numbers stand in the table below",
    )  # fmt: skip


def _level(y: float, recall: float) -> Markup:
    line_ = tag("line", x1=_LEFT, x2=_RIGHT, y1=f"{y:.1f}", y2=f"{y:.1f}",
                class_="base" if recall == 0 else "level")  # fmt: skip
    text = tag("text", share(recall), x=_LEFT - 6, y=f"{y + 4:.1f}", class_="side")
    # 100 % and 90 % stand too close for two texts.
    return join(line_, None if recall == 1.0 else text)


def _tick(x: float, size: float) -> Markup:
    mark = tag("line", x1=f"{x:.1f}", x2=f"{x:.1f}", y1=_BOTTOM, y2=_BOTTOM + 4, class_="base")
    return join(mark, tag("text", number(size), x=f"{x:.1f}", y=_BOTTOM + 18, class_="tick"))


def _ticks(points: list[Point], x: object) -> list[float]:
    """Choose sizes whose words do not touch: at least 40 units apart, the last always."""
    place = x if callable(x) else float
    chosen: list[float] = []
    for size, *_ in reversed(points):
        if not chosen or place(chosen[-1]) - place(size) >= 40:
            chosen.append(size)
    return chosen[::-1]


def _table(points: list[Point]) -> Markup:
    head = tag("tr", (tag("th", name, scope="col") for name in ("Size", "Found", "Interval")))
    rows = (
        tag(
            "tr",
            tag("th", f"{number(size)} m", scope="row"),
            tag("td", share(recall)),
            tag("td", f"{share(low)} to {share(high)}"),
        )
        for size, recall, low, high in points
    )
    return tag("table", tag("thead", head), tag("tbody", rows), class_="numbers")
