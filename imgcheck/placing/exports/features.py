"""The placing as GeoJSON (footprint, ellipses, tie points) and as a STAC Item."""

from datetime import UTC, datetime
from typing import Any

import numpy as np

from imgcheck.imaging import transforms
from imgcheck.imaging.text import printable
from imgcheck.model import Window
from imgcheck.placing.exports.raster import OnMap
from imgcheck.placing.located import Located
from imgcheck.placing.measures import CORNERS, Measures
from imgcheck.placing.rings import box, polygon

_PROJECTION = "https://stac-extensions.github.io/projection/v2.0.0/schema.json"


def collection(found: Located, measures: Measures) -> dict[str, Any]:
    """Give a GeoJSON FeatureCollection: footprint, centre, 95 % ellipses, tie points."""
    placement, reference = found.placement, found.reference
    assert placement is not None and reference is not None
    rows, cols = measures.shape
    spots = {"centre": (cols / 2, rows / 2)} | {
        name: (float(x), float(y))
        for name, (x, y) in zip(CORNERS, transforms.corners((rows, cols)), strict=True)
    }
    features = [
        _feature(
            polygon(placement.footprint_lonlat or ()),
            kind="footprint",
            picture=found.image.name,
            reference=printable(reference.id),
            gsd_m=placement.gsd_m,
            area_m2=measures.area_m2,
            path=placement.path,
        ),
        _feature(_point(measures.to_lonlat([spots["centre"]])[0]), kind="centre"),
    ]
    for name, spot in spots.items():
        ring = polygon(measures.ellipse_ring(spot))
        features.append(_feature(ring, kind="error-ellipse", at=name, level=0.95))
    for number, point in enumerate(measures.tie_points, 1):
        features.append(
            _feature(
                _point(np.asarray(point.lonlat)),
                kind="tie-point",
                number=number,
                picture_x=round(point.picture[0], 3),
                picture_y=round(point.picture[1], 3),
                residual_px=round(point.residual_px, 4),
                residual_m=round(point.residual_m, 6),
            )
        )
    return {"type": "FeatureCollection", "features": features}


def stac_item(
    found: Located, measures: Measures, on_map: OnMap, *, time: Window, assets: dict[str, str]
) -> dict[str, Any]:
    """Give a STAC Item of the picture, with the time as it was claimed.

    Parameters
    ----------
    time : Window
        STAC asks for a time; a time without a zone is widened to all zones.
    assets : dict
        Key to file name: ``map``, ``gcps``.

    References
    ----------
    .. [1] STAC specification 1.1.0, "Item"; Projection extension 2.0.0.
    """
    placement = found.placement
    assert placement is not None
    geometry = polygon(placement.footprint_lonlat or ())
    a, _, left, _, e, top = on_map.transform
    rows, cols = on_map.shape
    code = placement.crs if placement.crs.startswith("EPSG:") else None
    place: dict[str, Any] = {
        "proj:code": code,
        "proj:shape": [rows, cols],
        "proj:transform": list(on_map.transform),
        "proj:bbox": [left, top + e * rows, left + a * cols, top],
    }
    if code is None:
        place["proj:wkt2"] = measures.system.to_wkt(version="WKT2_2019")
    return {
        "type": "Feature",
        "stac_version": "1.1.0",
        "stac_extensions": [_PROJECTION],
        "id": f"placed-{found.image.sha256[:16]}",
        "geometry": geometry,
        "bbox": box(geometry),
        "properties": _times(time)
        | {
            "gsd": placement.gsd_m,
            "description": "Placed on reference imagery by imgcheck. The time is as claimed; it "
            "was not tested.",
            "proj:code": code,
        },
        "links": [],
        "assets": {
            "map": {
                "href": f"./{assets['map']}",
                "type": "image/tiff; application=geotiff",
                "title": "The picture on the map",
                "roles": ["data"],
                **place,
            },
            "gcps": {
                "href": f"./{assets['gcps']}",
                "type": "image/tiff; application=geotiff",
                "title": "The picture as it is, with control points",
                "roles": ["data"],
                "proj:code": code,
            },
        },
    }


def _times(time: Window) -> dict[str, Any]:
    if time.zone_known and time.start == time.end:
        return {"datetime": _stamp(time.start)}
    return {
        "datetime": None,
        "start_datetime": _stamp(time.earliest),
        "end_datetime": _stamp(time.latest),
    }


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _feature(geometry: dict[str, Any], **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def _point(lonlat: Any) -> dict[str, Any]:
    return {"type": "Point", "coordinates": [round(float(v), 9) for v in lonlat]}
