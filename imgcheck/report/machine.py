"""The report for other programs: JSON and GeoJSON."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from imgcheck.model import Report
from imgcheck.report.arrange import picture


def json_text(report: Report) -> str:
    """Give the canonical JSON text: same report, same bytes."""
    return report.dumps()


def geojson(report: Report, *, footprints: Sequence[Mapping[str, Any]] = ()) -> str | None:
    """Give a GeoJSON feature collection of what lies on the map, or ``None`` of nothing.

    Parameters
    ----------
    report : Report
    footprints : sequence of GeoJSON features
        In longitude and latitude, WGS 84.

    Raises
    ------
    ValueError
        If one of them is no feature, or a position is no longitude and latitude.

    References
    ----------
    .. [1] RFC 7946, "The GeoJSON Format", 2016.
    """
    if not footprints:
        return None
    for position, feature in enumerate(footprints, 1):
        _check(feature, position)
    posted = picture(report)
    collection = {
        "type": "FeatureCollection",
        "features": [dict(feature) for feature in footprints],
        # A foreign member, which RFC 7946 allows (section 6.1).
        "imgcheck": {"schema": report.schema, "sha256": posted.sha256 if posted else None},
    }
    return json.dumps(collection, indent=2, sort_keys=True, allow_nan=False) + "\n"


def _check(feature: Mapping[str, Any], position: int) -> None:
    if feature.get("type") != "Feature" or not {"geometry", "properties"} <= set(feature):
        raise ValueError(f"footprint {position} is not a GeoJSON feature")
    geometry = feature["geometry"]
    parts = [] if geometry is None else geometry.get("geometries", [geometry])
    for part in parts:
        for lon, lat in _positions(part.get("coordinates", [])):
            if not (abs(lon) <= 180 and abs(lat) <= 90):
                raise ValueError(
                    f"footprint {position}: ({lon}, {lat}) is no longitude and latitude in degrees"
                )


def _positions(coordinates: Any) -> list[tuple[float, float]]:
    """Give every position in nested coordinates; a height as third number is passed over."""
    if not isinstance(coordinates, list | tuple) or not coordinates:
        return []
    if isinstance(coordinates[0], int | float):
        lat = coordinates[1] if len(coordinates) > 1 else math.nan
        return [(float(coordinates[0]), float(lat))]
    return [position for part in coordinates for position in _positions(part)]
