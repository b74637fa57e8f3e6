"""A placed picture as GeoJSON (whole at the antimeridian and around a pole) and as STAC Item."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from imgcheck.case import Located
from imgcheck.geo.measures import CORNERS, Measures
from imgcheck.imaging import transforms
from imgcheck.imaging.pixels import Float64
from imgcheck.imaging.text import printable
from imgcheck.model import Window

# Nanodegrees are a tenth of a millimetre.
_DIGITS = 9
_PROJECTION = "https://stac-extensions.github.io/projection/v2.0.0/schema.json"


def polygon(ring: ArrayLike) -> dict[str, Any]:
    """Return a ring of (lon, lat) as a GeoJSON geometry.

    Parameters
    ----------
    ring : (N, 2)
        Closed or open, either direction, degrees; neighbours less than 180 degrees apart.

    Returns
    -------
    dict
        A ``Polygon``, or a ``MultiPolygon`` cut at the antimeridian. A ring around a pole is
        closed along it.

    References
    ----------
    .. [1] RFC 7946, "The GeoJSON Format", 2016, sections 3.1.6 and 3.1.9.
    """
    points = _open(np.asarray(ring, np.float64).reshape(-1, 2))
    flat = unwrapped(points)
    gap = _turn(flat[-1, 0], points[0, 0])
    if abs(gap - flat[0, 0]) > 180:
        flat = _around_pole(points)
    parts = [part for part in map(_tidy, _strips(flat)) if len(part) >= 4]
    if len(parts) == 1:
        return {"type": "Polygon", "coordinates": [parts[0]]}
    return {"type": "MultiPolygon", "coordinates": [[part] for part in parts]}


def unwrapped(points: ArrayLike) -> Float64:
    """Return (lon, lat) points whose longitudes continue past 180 degrees instead of jumping."""
    flat = np.array(points, np.float64).reshape(-1, 2)
    steps = (np.diff(flat[:, 0]) + 180) % 360 - 180
    flat[1:, 0] = flat[0, 0] + np.cumsum(steps)
    return flat


def box(geometry: dict[str, Any]) -> list[float]:
    """Return west, south, east, north; west is greater than east across the antimeridian."""
    polygons = geometry["coordinates"]
    if geometry["type"] == "Polygon":
        polygons = [polygons]
    rings = [np.asarray(one[0]) for one in polygons]
    south = float(min(ring[:, 1].min() for ring in rings))
    north = float(max(ring[:, 1].max() for ring in rings))
    west = float(min(ring[:, 0].min() for ring in rings))
    east = float(max(ring[:, 0].max() for ring in rings))
    if len(rings) > 1:
        eastern = [ring for ring in rings if ring[:, 0].max() > 179.999999]
        western = [ring for ring in rings if ring[:, 0].min() < -179.999999]
        if eastern and western:
            west = float(min(ring[:, 0].min() for ring in eastern))
            east = float(max(ring[:, 0].max() for ring in western))
    return [west, south, east, north]


def _open(points: Float64) -> Float64:
    closed = len(points) > 1 and np.allclose(points[0], points[-1], atol=1e-12)
    return points[:-1] if closed else points


def _turn(before: float, longitude: float) -> float:
    """Return a longitude within half a turn of the one before."""
    return float(before + (longitude - before + 180) % 360 - 180)


def _around_pole(points: Float64) -> Float64:
    """Open a ring around a pole at the antimeridian and close it along the pole."""
    lon = (points[:, 0] + 180) % 360 - 180
    jumps = np.flatnonzero(np.abs(np.diff(np.append(lon, lon[0]))) > 180)
    last = int(jumps[0])
    rolled = np.roll(np.column_stack([lon, points[:, 1]]), -(last + 1), axis=0)
    flat = unwrapped(rolled)
    start = -180.0 if flat[0, 0] < 0 else 180.0
    end = -start
    # Where the ring crosses the antimeridian, between its last point and its first.
    before, after = end - flat[-1, 0], flat[0, 0] - start
    whole = before + after
    share = before / whole if whole else 0.0
    latitude = flat[-1, 1] + share * (flat[0, 1] - flat[-1, 1])
    pole = 90.0 if float(points[:, 1].mean()) > 0 else -90.0
    return np.vstack([[start, latitude], flat, [end, latitude], [end, pole], [start, pole]])


def _strips(flat: Float64) -> list[Float64]:
    """Cut a ring into the parts that lie in one turn of longitudes each."""
    first = int(np.floor((flat[:, 0].min() + 180) / 360 + 1e-12))
    last = int(np.ceil((flat[:, 0].max() + 180) / 360 - 1e-12))
    if last - first <= 1:
        return [flat - [360.0 * first, 0]]
    parts = []
    for turn in range(first, last):
        west = -180.0 + 360.0 * turn
        part = _half(_half(flat, west, 1.0), west + 360.0, -1.0)
        if len(part) >= 3:
            parts.append(part - [360.0 * turn, 0])
    return parts


def _half(ring: Float64, bound: float, sign: float) -> Float64:
    """Clip a ring to one side of a meridian."""
    kept: list[Float64] = []
    for here, there in zip(ring, np.roll(ring, -1, axis=0), strict=True):
        inside, inside_next = sign * (here[0] - bound) >= 0, sign * (there[0] - bound) >= 0
        if inside:
            kept.append(here)
        if inside != inside_next:
            part = (bound - here[0]) / (there[0] - here[0])
            kept.append(np.array([bound, here[1] + part * (there[1] - here[1])]))
    return np.array(kept).reshape(-1, 2)


def _tidy(ring: Float64) -> list[list[float]]:
    """Round, close, and turn counter-clockwise."""
    x, y = (ring - ring[0]).T
    if x @ np.roll(y, -1) - y @ np.roll(x, -1) < 0:
        ring = ring[::-1]
    points: list[list[float]] = []
    for lon, lat in _rounded(ring):
        if not points or points[-1] != [lon, lat]:
            points.append([lon, lat])
    if points[0] != points[-1]:
        points.append(points[0])
    return points


def _rounded(points: Float64) -> Sequence[tuple[float, float]]:
    return [(round(float(x), _DIGITS) + 0.0, round(float(y), _DIGITS) + 0.0) for x, y in points]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OnMap:
    """A GeoTIFF of the picture on a grid along the axes of the CRS.

    ``transform`` maps pixel corners to the CRS; ``coarser`` is the side of a grid pixel over that
    of a picture pixel, 1 unless the grid became too large.
    """

    data: bytes
    transform: tuple[float, float, float, float, float, float]
    shape: tuple[int, int]
    coarser: float


def collection(found: Located, measures: Measures) -> dict[str, Any]:
    """Return a GeoJSON FeatureCollection: footprint, centre, 95 % ellipses, tie points."""
    placement, reference = found.placement, found.reference
    rows, cols = measures.shape
    spots = {"centre": (cols / 2, rows / 2)} | {
        name: (float(x), float(y))
        for name, (x, y) in zip(CORNERS, transforms.corners((rows, cols)), strict=True)
    }
    features = [
        _feature(
            polygon(placement.footprint_lonlat),
            kind="footprint",
            picture=found.case.image.name,
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
    """Return a STAC Item of the picture, with the time as claimed.

    Parameters
    ----------
    time : Window
        STAC requires a time; a time without a zone is widened to all zones.
    assets : dict
        Key to file name: ``map``, ``gcps``.

    References
    ----------
    .. [1] STAC specification 1.1.0, "Item"; Projection extension 2.0.0.
    """
    placement = found.placement
    geometry = polygon(placement.footprint_lonlat)
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
        "id": f"placed-{found.case.image.sha256[:16]}",
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
