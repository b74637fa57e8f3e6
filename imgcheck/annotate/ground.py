"""From pixels to the ground and back, for formats of maps."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from imgcheck.annotate.shapes import points as checked_points
from imgcheck.annotation import (
    AnnotatedPicture,
    Dot,
    Geometry,
    MapGeometry,
    Point2,
    Polygon,
)
from imgcheck.imaging.georeference import Georeference

LONLAT = "EPSG:4326"


def located(picture: AnnotatedPicture, place: Georeference) -> AnnotatedPicture:
    """Return the picture with the place on the ground of every annotation that has none."""
    marked = tuple(
        one if one.ground is not None else replace(one, ground=_ground(one.geometry, place))
        for one in picture.annotations
    )
    return replace(picture, annotations=marked)


def _ground(geometry: Geometry, place: Georeference) -> MapGeometry:
    xs, ys = zip(*geometry.points, strict=True)
    lon, lat = place.to_lonlat(np.array(xs), np.array(ys))
    ring = [[float(x), float(y)] for x, y in zip(lon, lat, strict=True)]
    if isinstance(geometry, Dot):
        return MapGeometry(crs=LONLAT, type="Point", coordinates=ring[0])
    return MapGeometry(crs=LONLAT, type="Polygon", coordinates=[_counter_clockwise(ring)])


def _counter_clockwise(ring: list[list[float]]) -> list[list[float]]:
    """Return a closed ring in the direction that RFC 7946 wants of an outer one."""
    closed = [*ring, ring[0]]
    turn = sum(x * v - u * y for (x, y), (u, v) in pairwise(closed))
    return closed if turn >= 0 else closed[::-1]


def in_pixels(geometry: Mapping[str, Any], place: Georeference) -> Geometry:
    """Return the outline in the picture of a polygon or a point in longitude and latitude."""
    kind, coordinates = geometry.get("type"), geometry.get("coordinates")
    if kind == "MultiPolygon" and isinstance(coordinates, list) and len(coordinates) == 1:
        kind, coordinates = "Polygon", coordinates[0]
    if kind == "Point":
        ((x, y),) = _pixels([_flat(coordinates)], place)
        return Dot(x=x, y=y)
    if kind == "Polygon" and isinstance(coordinates, list) and coordinates:
        ring = [_flat(one) for one in coordinates[0]]
        return Polygon(points=_pixels(ring[:-1] if ring[0] == ring[-1] else ring, place))
    raise ValueError(f'a geometry "{kind!s:.30}" is neither a point nor a polygon')


def _flat(position: Any) -> Point2:
    """Return longitude and latitude of a position, without a height."""
    if not isinstance(position, list) or len(position) < 2:
        raise ValueError(f"{position!r:.40} is not a position")
    return checked_points([position[:2]], "a position")[0]


def _pixels(ring: Sequence[Point2], place: Georeference) -> tuple[Point2, ...]:
    lon, lat = zip(*ring, strict=True)
    xs, ys = place.from_lonlat(np.array(lon), np.array(lat))
    found = tuple((float(x), float(y)) for x, y in zip(xs, ys, strict=True))
    if not all(math.isfinite(v) for point in found for v in point):
        raise ValueError("a position lies where the picture has no place")
    return found


def lonlat(ground: MapGeometry | None) -> dict[str, Any] | None:
    """Return the geometry in longitude and latitude, as GeoJSON has it; None without one."""
    if ground is None:
        return None
    if ground.crs == LONLAT:
        return {"type": ground.type, "coordinates": ground.coordinates}
    from imgcheck.geo import earth

    crs = earth.system_of(ground.crs)

    def moved(coordinates: Any) -> Any:
        if coordinates and isinstance(coordinates[0], int | float):
            lon, lat = earth.to_lonlat(crs, np.array([coordinates[:2]], float))[0]
            return [float(lon), float(lat)]
        return [moved(one) for one in coordinates]

    return {"type": ground.type, "coordinates": moved(ground.coordinates)}
