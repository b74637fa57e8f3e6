"""Check that a ring of corners in longitude and latitude encloses an area.

Plain Python only, because a claim file is read without numpy.
"""

from collections.abc import Sequence
from itertools import pairwise

Point = tuple[float, float]


def fault(ring: Sequence[Point]) -> str | None:
    """Return the reason why a ring is not the outline of an area.

    Parameters
    ----------
    ring : sequence of (lon, lat)
        Degrees, closed or not, in either direction. Repeated corners count once. A step of more
        than 180 degrees of longitude crosses the date line.

    Returns
    -------
    str or None
        The fault and how to correct it; ``None`` if no edges cross or touch.
    """
    corners = _unrolled(ring)
    if len(corners) < 4:  # the last one is the first again
        return "needs three different corners"
    if corners[0][1] != corners[-1][1]:
        return "encloses a pole; give a bbox instead, such as [-180, 66, 180, 90]"
    first, second = corners[0][1], corners[1][1]
    if all(_side(first, second, corner) == 0 for _, corner in corners):
        return "has all corners on one line and encloses no area"
    found = _crossing([corner for _, corner in corners])
    if found is None:
        return None
    one, other = (f"{corners[i][0]} to {corners[i + 1][0]}" for i in found)
    return (
        f"crosses or touches itself (the edge from corner {one} and the edge from corner {other}); "
        "list the corners in order around the area"
    )


def _unrolled(ring: Sequence[Point]) -> list[tuple[int, Point]]:
    """Number the corners from 1, without repeats, continuous at the date line, closed."""
    corners: list[tuple[int, Point]] = []
    for number, (lon, lat) in enumerate([*ring, *ring[:1]]):
        if corners:
            before = corners[-1][1]
            lon += 360.0 * round((before[0] - lon) / 360.0)
            if (lon, lat) == before:
                continue
        corners.append((number % len(ring) + 1, (lon, lat)))
    return corners


def _crossing(corners: Sequence[Point]) -> tuple[int, int] | None:
    """Return two edges that meet and are not neighbours; edge i begins at corner i."""
    edges = list(pairwise(corners))
    spans = [(min(a[0], b[0]), max(a[0], b[0])) for a, b in edges]
    under: list[int] = []
    # From west to east: only edges that overlap in longitude can meet.
    for edge in sorted(range(len(edges)), key=lambda i: spans[i][0]):
        under = [other for other in under if spans[other][1] >= spans[edge][0]]
        for other in under:
            neighbours = abs(edge - other) in (1, len(edges) - 1)
            if not neighbours and _meet(*edges[edge], *edges[other]):
                return min(edge, other), max(edge, other)
        under.append(edge)
    return None


def _meet(a: Point, b: Point, c: Point, d: Point) -> bool:
    """Return whether two edges, which overlap in longitude, have a point in common."""
    if max(a[1], b[1]) < min(c[1], d[1]) or max(c[1], d[1]) < min(a[1], b[1]):
        return False
    return _side(a, b, c) * _side(a, b, d) <= 0 and _side(c, d, a) * _side(c, d, b) <= 0


def _side(a: Point, b: Point, p: Point) -> int:
    """Return the side of the line through a and b on which a point lies: 1, -1, or 0 on it."""
    turn = (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0])
    return (turn > 0) - (turn < 0)
