"""A registered picture on the map, as one HTML page that loads nothing."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgcheck.geo.measures import Measures, TiePoint
from imgcheck.imaging import transforms
from imgcheck.quantity import distance
from imgcheck.report import location, page
from imgcheck.report.formatting import line
from imgcheck.report.locate_views import View, Views
from imgcheck.report.marks import scale_length

# Tie points drawn: the best of each cell of a grid over the picture.
_CELLS = 9
# Residuals up to so many pixels of the picture are drawn in the first and the second colour.
BOUNDS_PX = (1.0, 2.0)
# Ellipses and residuals are drawn at least so long, pixels of the view.
_ELLIPSE_PX, _RESIDUAL_PX = 16.0, 9.0
_NICE = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
File = tuple[str, str, str | None, bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """A tie point, with the stroke to where the reference has it (on the reference alone)."""

    title: str
    x: str
    y: str
    colour: str
    residual: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ellipse:
    """The 95 % error of the point at ``x, y``, enlarged."""

    title: str
    points: str
    x: float
    y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One view with what is drawn over it."""

    view: View
    alt: str
    dots: list[Dot]
    radius: float
    outline: tuple[str, str] | None = None
    ellipses: Sequence[Ellipse] = ()

    @property
    def scale(self) -> tuple[float, str]:
        """Length of the scale bar in pixels of the view, and in words."""
        length = scale_length(self.view.size[0], self.view.metres)
        return length / self.view.metres, distance(length)


def html(
    said: dict[str, Any],
    measures: Measures,
    views: Views,
    *,
    files: Sequence[File] = (),
    version: str = "",
) -> str:
    """Return a picture on the map, registered or a candidate, as one self-contained HTML page.

    Parameters
    ----------
    said : dict
        The document of `imgcheck.report.location`.
    measures : Measures
    views : Views
    files : sequence of (name, what, note, written)
        The exports beside the page.
    """
    points = chosen(measures.tie_points, measures.shape)
    on, ours = views.reference, views.picture
    longer, larger = residual_factor(points, on), ellipse_factor(measures, on)
    placed = said["placed"]
    name = location.reference_name(said if placed else said["candidate"])
    stages = (
        Stage(
            view=on,
            alt=f"The reference {name} with the footprint of the picture",
            dots=list(dots(points, on, measures, factor=longer)),
            radius=0.0045 * max(on.size),
            outline=outline(on, measures.shape),
            ellipses=ellipses(measures, on, larger),
        ),
        Stage(
            view=ours,
            alt="The picture with the same points",
            dots=list(dots(points, ours, measures)),
            radius=0.0045 * max(ours.size),
        ),
    )
    chapters = [
        ("map", "On the map"), ("pair", "Picture over reference"),
        *([("numbers", "Numbers")] if placed else []), ("limits", "What this does not show"),
        *([("tried", "References tried")] if len(said["tried"]) > 1 else []),
        *([("files", "Files")] if files else []),
        *([("further", "To look further")] if placed else []),
    ]  # fmt: skip
    return page.render(
        "locate.html",
        title=f"{line(said['input']['name'], limit=120)}: location",
        generator=f"imgcheck {version}",
        said=said,
        location=location,
        reference_name=name,
        stages=stages,
        pair=views.pair,
        longer=longer,
        larger=larger,
        bounds=BOUNDS_PX,
        shown=(len(points), len(measures.tie_points)),
        rows=list(_rows(said)) if placed else [],
        files=files,
        chapters=chapters,
    )


def _rows(said: dict[str, Any]) -> Iterator[tuple[str, str]]:
    lat, lon = said["centre"]["lat"], said["centre"]["lon"]
    major, minor, angle = said["ellipse_m"]
    north, probability = said["north_deg"], said["false_match_probability"]
    yield "Centre (latitude, longitude)", f"{lat:.6f}, {lon:.6f}"
    for name, spot in said["corners"].items():
        yield f"Corner, {name}", f"{spot['lat']:.6f}, {spot['lon']:.6f}"
    yield (
        "Error of the centre (95 %)",
        f"{distance(major, 2)} by {distance(minor, 2)}, long axis {angle:.0f}° from north; "
        "relative to the reference",
    )
    yield "Pixel on the ground", distance(said["gsd_m"], 3)
    yield (
        "North in the picture",
        "no direction at a pole" if north is None else f"{north:.1f}° clockwise from up",
    )
    yield "Tilt against the ground", f"{said['tilt_deg']:.1f}°"
    yield "Area (ellipsoid)", location.area(said["area_m2"])
    yield "Edges (ellipsoid)", ", ".join(f"{k} {distance(v)}" for k, v in said["edges_m"].items())
    yield "Transform model", said["model"]
    yield "Matching points", f"{said['inliers']:,}, {said['rms_px']:.2f} reference pixels off (rms)"
    yield "Number of false alarms (NFA)", f"10^{said['log10_nfa']:.0f}"
    if probability is not None:
        yield "Probability of a false match", location.likelihood(probability)
    yield "Coordinate system", line(said["crs"], limit=200)


def chosen(points: Sequence[TiePoint], shape: tuple[int, int]) -> list[TiePoint]:
    """Return tie points spread over the picture, few enough to be distinguished."""
    cells: dict[tuple[int, int], TiePoint] = {}
    for point in points:
        x, y = point.picture
        cells.setdefault((int(x / shape[1] * _CELLS), int(y / shape[0] * _CELLS)), point)
    return sorted(cells.values(), key=lambda point: (point.picture[1], point.picture[0]))


def dots(
    points: Iterable[TiePoint], view: View, measures: Measures, *, factor: int | None = None
) -> Iterator[Dot]:
    """Yield tie points where the picture has them.

    With a ``factor``, each has the stroke to where the reference has it, so many times as long.
    """
    from_crs = view.matrix @ np.linalg.inv(measures.matrix)
    for number, point in enumerate(points, 1):
        start = transforms.apply(view.matrix, [point.picture])[0]
        stroke = ""
        if factor is not None:
            end = start + factor * (transforms.apply(from_crs, [point.reference])[0] - start)
            stroke = f"M{_n(start[0])} {_n(start[1])}L{_n(end[0])} {_n(end[1])}"
        yield Dot(
            title=f"{number}: {point.residual_px:.2f} px, {distance(point.residual_m)} off",
            x=_n(start[0]),
            y=_n(start[1]),
            colour=f"r{sum(point.residual_px > bound for bound in BOUNDS_PX)}",
            residual=stroke,
        )


def residual_factor(points: Sequence[TiePoint], view: View) -> int:
    """Return how many times residuals are lengthened to be visible."""
    if not points:
        return 1
    typical = float(np.median([point.residual_m for point in points])) / view.metres
    return _factor(_RESIDUAL_PX, typical)


def outline(view: View, shape: tuple[int, int]) -> tuple[str, str]:
    """Return the footprint, and the path of its top edge, which shows the way up."""
    ring = transforms.apply(view.matrix, transforms.corners(shape))
    points = " ".join(f"{_n(x)},{_n(y)}" for x, y in ring)
    return points, f"M{_n(ring[0][0])} {_n(ring[0][1])}L{_n(ring[1][0])} {_n(ring[1][1])}"


def ellipse_factor(measures: Measures, view: View) -> int:
    """Return how many times error ellipses are enlarged to be visible."""
    found = measures.placement.ellipse_m
    return 1 if found is None else _factor(_ELLIPSE_PX, found[0] / view.metres)


def ellipses(measures: Measures, view: View, factor: int) -> list[Ellipse]:
    """Return the 95 % ellipses of centre and corners, enlarged."""
    rows, cols = measures.shape
    corners = [(float(x), float(y)) for x, y in transforms.corners((rows, cols))]
    return [_ellipse(measures, view, spot, factor) for spot in [(cols / 2, rows / 2), *corners]]


def _ellipse(measures: Measures, view: View, spot: tuple[float, float], factor: int) -> Ellipse:
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
    size = f"{distance(major)} by {distance(minor)}"
    return Ellipse(
        title=f"95 % error: {size}, drawn {factor} times enlarged",
        points=points,
        x=float(x),
        y=float(y),
    )


def _factor(wanted: float, found: float) -> int:
    if found <= 0 or found >= wanted:
        return 1
    return next((n for n in _NICE if n * found >= wanted), _NICE[-1])


def _n(value: float | NDArray[np.float64]) -> str:
    return f"{float(value):.2f}".rstrip("0").rstrip(".")
