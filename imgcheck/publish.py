"""A report on disk: ``report.html``, ``report.json``, evidence pictures, a GeoJSON footprint.

Everything is made in memory first; only then is each file put in place whole. An older report
in the folder stays untouched if anything fails before that.
"""

from pathlib import Path
from typing import Any

from imgcheck import render
from imgcheck.errors import UnreadableError
from imgcheck.imaging.output import write_atomically
from imgcheck.imaging.view import jpeg_view
from imgcheck.model import Case, Report

# Enough to judge a picture on a screen; the original stays where it is.
_VIEW_PX = 1600


def publish(report: Report, case: Case, folder: Path) -> Path:
    """Write a report and its evidence into a folder; give the path of ``report.html``.

    Raises
    ------
    UnreadableError
        If the folder cannot be made or written.
    """
    pictures = {picture.name: picture.data for picture in report.pictures()}
    files: dict[str, bytes | str] = dict(pictures)
    view = jpeg_view(case.image, longest_px=_VIEW_PX)
    files["report.html"] = render.html(report, pictures=pictures, picture_view=view)
    features = render.geojson(report, footprints=_features(report))
    if features is not None:
        files["footprint.geojson"] = features
    files["report.json"] = report.dumps()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UnreadableError(
            f"{folder.name}: cannot be made a folder: {error.strerror}; choose another --output",
            file=folder.name,
        ) from error
    for name, content in files.items():
        write_atomically(folder / name, content)
    return folder / "report.html"


def _features(report: Report) -> list[dict[str, Any]]:
    """Give the ground that findings speak of as GeoJSON features."""
    return [
        {
            "type": "Feature",
            "properties": {"label": footprint.label, "check": finding.check},
            "geometry": {"type": "Polygon", "coordinates": [[list(p) for p in footprint.ring]]},
        }
        for finding in report.findings
        for footprint in finding.evidence.footprints
    ]
