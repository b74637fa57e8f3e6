"""A registered picture on the map, as one HTML page that loads nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from imgcheck.geo.measures import Measures
from imgcheck.quantity import distance
from imgcheck.report import locate_drawing as drawing
from imgcheck.report import page, placing
from imgcheck.report.formatting import line
from imgcheck.report.locate_views import View, Views

File = tuple[str, str, str | None, bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One view with what is drawn over it."""

    view: View
    alt: str
    dots: list[drawing.Dot]
    radius: float
    outline: tuple[str, str] | None = None
    ellipses: Sequence[drawing.Ellipse] = ()

    @property
    def scale(self) -> tuple[float, str]:
        """Length of the scale bar in pixels of the view, and in words."""
        length = drawing.scale_length(self.view)
        return length / self.view.metres, distance(length)


def html(
    said: dict[str, Any],
    measures: Measures,
    views: Views,
    *,
    files: Sequence[File] = (),
    version: str = "",
) -> str:
    """Return a registered picture as one self-contained HTML page.

    Parameters
    ----------
    said : dict
        The document of `imgcheck.report.locate_document`.
    measures : Measures
    views : Views
    files : sequence of (name, what, note, written)
        The exports beside the page.
    """
    points = drawing.chosen(measures.tie_points, measures.shape)
    on, ours = views.reference, views.picture
    longer, larger = drawing.residual_factor(points, on), drawing.ellipse_factor(measures, on)
    name = placing.reference_name(said)
    stages = (
        Stage(
            view=on,
            alt=f"The reference {name} with the footprint of the picture",
            dots=list(drawing.dots(points, on, measures, factor=longer)),
            radius=0.0045 * max(on.size),
            outline=drawing.outline(on, measures.shape),
            ellipses=drawing.ellipses(measures, on, larger),
        ),
        Stage(
            view=ours,
            alt="The picture with the same points",
            dots=list(drawing.dots(points, ours, measures)),
            radius=0.0045 * max(ours.size),
        ),
    )
    chapters = [
        ("map", "On the map"), ("pair", "Picture over reference"), ("numbers", "Numbers"),
        ("limits", "What this does not show"),
        *([("tried", "References tried")] if len(said["tried"]) > 1 else []),
        *([("files", "Files")] if files else []), ("further", "To look further"),
    ]  # fmt: skip
    return page.render(
        "locate.html",
        title=f"{line(said['input']['name'], limit=120)}: location",
        generator=f"imgcheck {version}",
        said=said,
        placing=placing,
        reference_name=name,
        stages=stages,
        pair=views.pair,
        longer=longer,
        larger=larger,
        bounds=drawing.BOUNDS_PX,
        shown=(len(points), len(measures.tie_points)),
        rows=list(_rows(said)),
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
    yield "Area (ellipsoid)", placing.area(said["area_m2"])
    yield "Edges (ellipsoid)", ", ".join(f"{k} {distance(v)}" for k, v in said["edges_m"].items())
    yield "Transform model", said["model"]
    yield "Matching points", f"{said['inliers']:,}, {said['rms_px']:.2f} reference pixels off (rms)"
    yield "Number of false alarms (NFA)", f"10^{said['log10_nfa']:.0f}"
    if probability is not None:
        yield "Probability of a false match", placing.likelihood(probability)
    yield "Coordinate system", line(said["crs"], limit=200)
