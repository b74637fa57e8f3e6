"""Rings of longitude and latitude as GeoJSON: whole at the antimeridian and around a pole."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Nanodegrees are a tenth of a millimetre.
_DIGITS = 9


def polygon(ring: ArrayLike) -> dict[str, Any]:
    """Make a GeoJSON geometry of a ring of (lon, lat).

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


def unwrapped(points: ArrayLike) -> NDArray[np.float64]:
    """Give (lon, lat) points with longitudes that run on past 180 degrees instead of jumping."""
    flat = np.array(points, np.float64).reshape(-1, 2)
    steps = (np.diff(flat[:, 0]) + 180) % 360 - 180
    flat[1:, 0] = flat[0, 0] + np.cumsum(steps)
    return flat


def box(geometry: dict[str, Any]) -> list[float]:
    """Give west, south, east, north; west is greater than east across the antimeridian."""
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


def _open(points: NDArray[np.float64]) -> NDArray[np.float64]:
    closed = len(points) > 1 and np.allclose(points[0], points[-1], atol=1e-12)
    return points[:-1] if closed else points


def _turn(before: float, longitude: float) -> float:
    """Give a longitude within half a turn of the one before."""
    return float(before + (longitude - before + 180) % 360 - 180)


def _around_pole(points: NDArray[np.float64]) -> NDArray[np.float64]:
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


def _strips(flat: NDArray[np.float64]) -> list[NDArray[np.float64]]:
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


def _half(ring: NDArray[np.float64], bound: float, sign: float) -> NDArray[np.float64]:
    """Keep what of a ring lies on one side of a meridian."""
    kept: list[NDArray[np.float64]] = []
    for here, there in zip(ring, np.roll(ring, -1, axis=0), strict=True):
        inside, inside_next = sign * (here[0] - bound) >= 0, sign * (there[0] - bound) >= 0
        if inside:
            kept.append(here)
        if inside != inside_next:
            part = (bound - here[0]) / (there[0] - here[0])
            kept.append(np.array([bound, here[1] + part * (there[1] - here[1])]))
    return np.array(kept).reshape(-1, 2)


def _tidy(ring: NDArray[np.float64]) -> list[list[float]]:
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


def _rounded(points: NDArray[np.float64]) -> Sequence[tuple[float, float]]:
    return [(round(float(x), _DIGITS) + 0.0, round(float(y), _DIGITS) + 0.0) for x, y in points]
