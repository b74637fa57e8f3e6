"""What is drawn over the views of a placing: outline, tie points, error ellipses, north, scale."""

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from imgcheck.imaging import transforms
from imgcheck.placing.measures import Measures, TiePoint
from imgcheck.placing.views import View
from imgcheck.report.markup import Markup, tag
from imgcheck.report.placing.text import metres

# Tie points drawn: the best of each cell of a grid over the picture.
_CELLS = 9
# Residuals up to so many pixels of the picture are drawn in the first and the second colour.
BOUNDS_PX = (1.0, 2.0)
# Ellipses and residuals are drawn at least so long, pixels of the view.
_ELLIPSE_PX, _RESIDUAL_PX = 16.0, 9.0
_NICE = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


def chosen(points: Sequence[TiePoint], shape: tuple[int, int]) -> list[TiePoint]:
    """Give tie points spread over the picture, few enough to be told apart."""
    cells: dict[tuple[int, int], TiePoint] = {}
    for point in points:
        x, y = point.picture
        cells.setdefault((int(x / shape[1] * _CELLS), int(y / shape[0] * _CELLS)), point)
    return sorted(cells.values(), key=lambda point: (point.picture[1], point.picture[0]))


def colour(point: TiePoint) -> str:
    """Give the class of a point's colour."""
    return f"r{sum(point.residual_px > bound for bound in BOUNDS_PX)}"


def ties(points: Iterable[TiePoint], view: View, *, size: float) -> Markup:
    """Draw tie points as numbered dots where the picture has them."""
    return tag("g", (_dot(n, point, view, size) for n, point in enumerate(points, 1)))


def _dot(number: int, point: TiePoint, view: View, size: float) -> Markup:
    x, y = transforms.apply(view.matrix, [point.picture])[0]
    title = f"{number}: {point.residual_px:.2f} px, {metres(point.residual_m)} off"
    return tag(
        "g",
        tag("title", title),
        tag("circle", cx=_n(x), cy=_n(y), r=_n(size)),
        class_=f"tie {colour(point)}",
    )


def residual_factor(points: Sequence[TiePoint], view: View) -> int:
    """Give by how much residuals are lengthened to be seen."""
    if not points:
        return 1
    typical = float(np.median([point.residual_m for point in points])) / view.metres
    return _factor(_RESIDUAL_PX, typical)


def residuals(points: Iterable[TiePoint], view: View, measures: Measures, factor: int) -> Markup:
    """Draw from each point the way to where the reference has it, lengthened."""
    from_crs = view.matrix @ np.linalg.inv(measures.matrix)
    lines = []
    for point in points:
        start = transforms.apply(view.matrix, [point.picture])[0]
        end = transforms.apply(from_crs, [point.reference])[0]
        end = start + factor * (end - start)
        lines.append(
            tag("path", d=f"M{_n(start[0])} {_n(start[1])}L{_n(end[0])} {_n(end[1])}",
                class_=f"residual {colour(point)}")
        )  # fmt: skip
    return tag("g", lines)


def outline(view: View, shape: tuple[int, int]) -> Markup:
    """Draw the footprint; its top edge is doubled, so that the way up is seen."""
    ring = transforms.apply(view.matrix, transforms.corners(shape))
    points = " ".join(f"{_n(x)},{_n(y)}" for x, y in ring)
    top = f"M{_n(ring[0][0])} {_n(ring[0][1])}L{_n(ring[1][0])} {_n(ring[1][1])}"
    return tag(
        "g",
        tag("polygon", points=points, class_="casing"),
        tag("polygon", points=points, class_="edge"),
        tag("path", d=top, class_="top"),
        class_="k0",
    )


def ellipse_factor(measures: Measures, view: View) -> int:
    """Give by how much error ellipses are enlarged to be seen."""
    found = measures.placement.ellipse_m
    return 1 if found is None else _factor(_ELLIPSE_PX, found[0] / view.metres)


def ellipses(measures: Measures, view: View, factor: int) -> Markup:
    """Draw the 95 % ellipses of centre and corners, enlarged."""
    rows, cols = measures.shape
    spots = [(cols / 2, rows / 2), *((float(x), float(y)) for x, y in
             transforms.corners((rows, cols)))]  # fmt: skip
    return tag("g", (_ellipse(measures, view, spot, factor) for spot in spots), class_="ellipses")


def _ellipse(measures: Measures, view: View, spot: tuple[float, float], factor: int) -> Markup:
    from imgcheck import geo

    major, minor, angle = geo.ellipse(measures.placement, spot)
    turns = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    along, across = major * np.cos(turns), minor * np.sin(turns)
    sine, cosine = math.sin(math.radians(angle)), math.cos(math.radians(angle))
    # East and north; to picture pixels by the slope of the ground, then to the view.
    ground = np.stack([along * sine + across * cosine, along * cosine - across * sine])
    spread = np.linalg.solve(measures.slope(spot), ground)
    moves = transforms.jacobian(view.matrix, [spot])[0] @ spread
    x, y = transforms.apply(view.matrix, [spot])[0]
    points = " ".join(f"{_n(x + factor * a)},{_n(y + factor * b)}" for a, b in moves.T)
    return tag(
        "g",
        tag("title", f"95 %: {metres(major)} by {metres(minor)}, drawn {factor} times as large"),
        tag("polygon", points=points, class_="casing"),
        tag("polygon", points=points, class_="edge"),
        tag("path", d=f"M{_n(x - 5)} {_n(y)}h10M{_n(x)} {_n(y - 5)}v10", class_="cross"),
    )


def north(view: View) -> Markup | None:
    """Draw an arrow to the north in the upper right corner."""
    if view.north_deg is None:
        return None
    size = 0.024 * max(view.size)
    x, y = view.size[0] - 2.2 * size, 2.4 * size
    arrow = f"M0 {_n(-size)}L{_n(0.55 * size)} {_n(0.8 * size)}L0 {_n(0.4 * size)}" + (
        f"L{_n(-0.55 * size)} {_n(0.8 * size)}Z"
    )
    lean = math.radians(view.north_deg)
    at_x, at_y = x + 1.55 * size * math.sin(lean), y - 1.55 * size * math.cos(lean)
    return tag(
        "g",
        tag("title", f"North: {view.north_deg:.1f} degrees clockwise from up"),
        tag("circle", cx=_n(x), cy=_n(y), r=_n(2.1 * size), class_="disc"),
        tag("path", d=arrow, transform=f"translate({_n(x)} {_n(y)}) rotate({_n(view.north_deg)})"),
        tag("text", "N", x=_n(at_x), y=_n(at_y), dy="0.36em", font_size=_n(0.95 * size)),
        class_="north",
    )


def scale_bar(view: View) -> Markup:
    """Draw a length on the ground in the lower left corner."""
    room = 0.25 * view.size[0] * view.metres
    power = 10.0 ** math.floor(math.log10(room))
    length = max(n for n in (power, 2 * power, 5 * power) if n <= room)
    wide, unit = length / view.metres, 0.02 * max(view.size)
    x, y = 1.5 * unit, view.size[1] - 1.5 * unit
    bar = f"M{_n(x)} {_n(y - 0.5 * unit)}V{_n(y)}H{_n(x + wide)}V{_n(y - 0.5 * unit)}"
    return tag(
        "g",
        tag("rect", x=_n(x - unit), y=_n(y - 2.4 * unit), width=_n(wide + 2 * unit),
            height=_n(3.2 * unit), class_="disc"),
        tag("path", d=bar, class_="edge"),
        tag("text", metres(length), x=_n(x + wide / 2), y=_n(y - 0.7 * unit),
            font_size=_n(1.15 * unit)),
        class_="scale",
    )  # fmt: skip


def _factor(wanted: float, found: float) -> int:
    if found <= 0 or found >= wanted:
        return 1
    return next((n for n in _NICE if n * found >= wanted), _NICE[-1])


def _n(value: float | NDArray[np.float64]) -> str:
    return f"{float(value):.2f}".rstrip("0").rstrip(".")
