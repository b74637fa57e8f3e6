"""Compare the footprint of a picture with a claimed place."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from imgcheck.errors import UsageError
from imgcheck.geo import earth
from imgcheck.imaging.pixels import Float64
from imgcheck.polygon import fault

# Straight edges in degrees are drawn through so many points on the flat map.
_EDGE_STEP_DEG = 0.25
_MOST_STEPS = 400
# A band around the globe is cut along a seam; what rounding leaves is no overlap.
_LEAST_SHARE = 1e-9
# A footprint that would vanish by a negative margin keeps this share of its sides.
_LEAST_SCALE = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceComparison:
    """Relation of a footprint to a claimed place.

    Attributes
    ----------
    relation : str
        ``inside``: the whole footprint lies in the claimed area, or the claimed point lies in
        the footprint. ``overlaps``: a part. ``apart``: nothing in common.
    inside : bool
        ``relation == "inside"``.
    overlap_share : float
        Share of the footprint's area that lies in the claimed area, 0 to 1; for a bare point 1
        or 0.
    distance_km : float
        Shortest distance between the two, 0 where they touch; within 0.4 %.
    """

    relation: str
    inside: bool
    overlap_share: float
    distance_km: float


def compare(
    footprint_lonlat: Sequence[Sequence[float]],
    *,
    point: tuple[float, float] | None = None,
    radius_km: float | None = None,
    bbox: Sequence[float] | None = None,
    polygon: Sequence[Sequence[float]] | None = None,
    margin_km: float = 0.0,
) -> PlaceComparison:
    """Compare a footprint with a claimed place.

    Parameters
    ----------
    footprint_lonlat : ring of (lon, lat)
        Degrees, as in `Placed.footprint_lonlat`; taken as convex.
    point : (lon, lat), optional
        Alone: is it on the picture? With ``radius_km``: a circle around it.
    radius_km : float, optional
    bbox : (west, south, east, north), optional
        West > east crosses the date line.
    polygon : ring of (lon, lat), optional
        Closed or not, any shape without holes whose edges neither cross nor touch.
    margin_km : float, default 0
        The footprint's border is moved outward by this, inward where it is negative; what still
        holds is not affected by an error of the footprint up to the margin.

    Returns
    -------
    PlaceComparison

    Raises
    ------
    UsageError
        If not exactly one place is given, a coordinate is not one, or a polygon crosses itself.
    """
    given = sum(value is not None for value in (point, bbox, polygon))
    if given != 1:
        raise UsageError(f"give one of point, bbox and polygon, not {given} of them")
    ring = _ring(footprint_lonlat, "footprint")
    centre = _middle(ring)
    frame = _hull(earth.flat_map(ring, centre=centre))
    if abs(_area(frame)) <= 0:
        raise UsageError("the footprint has no area")
    frame = _grown(frame, margin_km)
    if point is not None and radius_km is None:
        return _compare_point(frame, earth.flat_map([_place(point)], centre=centre)[0])
    claimed = earth.flat_map(_claimed_ring(point, radius_km, bbox, polygon), centre=centre)
    shared = abs(_area(_clip(claimed, frame)))
    share = min(1.0, shared / abs(_area(frame)))
    if share > _LEAST_SHARE:
        return _result(share >= 1 - 1e-6, share, 0.0)
    return _result(False, 0.0, _gap(claimed, frame))


def _grown(frame: Float64, margin_km: float) -> Float64:
    """Scale a convex ring about its middle, so that every edge moves by a margin or more."""
    middle = frame.mean(axis=0)
    nearest = _to_edges(middle[None, :], frame)
    return np.asarray(middle + (frame - middle) * max(1 + margin_km / nearest, _LEAST_SCALE))


def _result(inside: bool, share: float, distance: float) -> PlaceComparison:
    relation = "inside" if inside else "overlaps" if distance == 0 else "apart"
    return PlaceComparison(
        relation=relation,
        inside=inside,
        overlap_share=1.0 if inside else share,
        distance_km=distance,
    )


def _compare_point(frame: Float64, at: Float64) -> PlaceComparison:
    inside = bool((_sides(frame, at[None, :]) >= 0).all())
    distance = 0.0 if inside else _gap(at[None, :], frame)
    return PlaceComparison(
        relation="inside" if inside else "apart",
        inside=inside,
        overlap_share=float(inside),
        distance_km=distance,
    )


def _place(point: Sequence[float]) -> tuple[float, float]:
    lon, lat = float(point[0]), float(point[1])
    if not (-360 <= lon <= 360 and -90 <= lat <= 90):
        raise UsageError(
            f"({lon:g}, {lat:g}) is not a valid place: longitude first, then latitude (-90 "
            "to 90), degrees"
        )
    return lon, lat


def _ring(points: ArrayLike, name: str) -> Float64:
    ring = np.array([_place(p) for p in np.asarray(points, np.float64)])
    if len(ring) > 1 and np.array_equal(ring[0], ring[-1]):
        ring = ring[:-1]
    if len(ring) < 3:
        raise UsageError(f"the {name} needs at least three corners, not {len(ring)}")
    # Neighbours more than half the globe apart mean a step over the date line.
    ring[:, 0] = np.degrees(np.unwrap(np.radians(ring[:, 0])))
    return ring


def _middle(ring: Float64) -> tuple[float, float]:
    lon, lat = ring.mean(axis=0)
    return float(lon), float(np.clip(lat, -89.9999, 89.9999))


def _claimed_ring(
    point: tuple[float, float] | None,
    radius_km: float | None,
    bbox: Sequence[float] | None,
    polygon: Sequence[Sequence[float]] | None,
) -> Float64:
    if point is not None and radius_km is not None:
        if not (radius_km > 0 and math.isfinite(radius_km)):
            raise UsageError(f"the radius must be a positive number of kilometres, not {radius_km}")
        return earth.circle(*_place(point), radius_km)
    if bbox is not None:
        if len(bbox) != 4:
            raise UsageError(
                f"a bbox must have four numbers (west, south, east, north), not {len(bbox)} numbers"
            )
        west, south, east, north = (float(v) for v in bbox)
        if south > north:
            raise UsageError(f"the bbox has south {south:g} above north {north:g}")
        if south == north or west == east:
            raise UsageError("the bbox encloses nothing; for a single point give point")
        _place((west, south))
        _place((east, north))
        east += 360.0 if west > east else 0.0
        corners = [[west, south], [east, south], [east, north], [west, north]]
        return _densified(np.array(corners, np.float64))
    ring = _ring(np.asarray(polygon, np.float64), "claimed polygon")
    if (reason := fault([(float(lon), float(lat)) for lon, lat in ring])) is not None:
        raise UsageError(f"the claimed polygon {reason}")
    return _densified(ring)


def _densified(ring: Float64) -> Float64:
    parts = []
    for start, end in zip(ring, np.roll(ring, -1, axis=0), strict=True):
        count = int(np.clip(np.abs(end - start).max() / _EDGE_STEP_DEG, 1, _MOST_STEPS))
        parts.append(start + (end - start) * (np.arange(count) / count)[:, None])
    return np.concatenate(parts)


def _area(ring: Float64) -> float:
    if len(ring) == 0:
        return 0.0
    x, y = (ring - ring[0]).T
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2


def _hull(points: Float64) -> Float64:
    """Return the convex hull, counter-clockwise (Andrew's monotone chain)."""
    ordered = sorted(map(tuple, points))
    halves = []
    for run in (ordered, ordered[::-1]):
        chain: list[tuple[float, float]] = []
        for p in run:
            while len(chain) > 1 and _turn(chain[-2], chain[-1], p) <= 0:
                chain.pop()
            chain.append(p)
        halves.append(chain[:-1])
    return np.array(halves[0] + halves[1])


def _turn(a: Sequence[float], b: Sequence[float], c: Sequence[float]) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _sides(frame: Float64, points: Float64) -> Float64:
    """Return for each edge and point a value that is negative outside, (edges, points)."""
    along = np.roll(frame, -1, axis=0) - frame
    off = points[None, :, :] - frame[:, None, :]
    return np.asarray(along[:, None, 0] * off[..., 1] - along[:, None, 1] * off[..., 0])


def _clip(ring: Float64, frame: Float64) -> Float64:
    """Cut any ring to a convex frame (Sutherland and Hodgman, CACM 17, 1974)."""
    for start, end in zip(frame, np.roll(frame, -1, axis=0), strict=True):
        along = end - start
        side = along[0] * (ring[:, 1] - start[1]) - along[1] * (ring[:, 0] - start[0])
        kept: list[Float64] = []
        for i in range(len(ring)):
            here, before = side[i], side[i - 1]
            if (here >= 0) != (before >= 0):
                share = before / (before - here)
                kept.append(ring[i - 1] + share * (ring[i] - ring[i - 1]))
            if here >= 0:
                kept.append(ring[i])
        ring = np.array(kept) if kept else np.zeros((0, 2))
    return ring


def _gap(points: Float64, frame: Float64) -> float:
    """Return the distance between two rings that do not meet (or a point and a ring)."""
    return min(_to_edges(points, frame), _to_edges(frame, points))


def _to_edges(points: Float64, ring: Float64) -> float:
    along = np.roll(ring, -1, axis=0) - ring
    off = points[None, :, :] - ring[:, None, :]
    length = np.maximum((along**2).sum(axis=1), 1e-30)[:, None]
    share = np.clip((off * along[:, None, :]).sum(axis=2) / length, 0, 1)
    away = off - share[..., None] * along[:, None, :]
    return float(np.sqrt((away**2).sum(axis=2)).min())
