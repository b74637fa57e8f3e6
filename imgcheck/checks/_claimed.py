"""The claimed place, compared with points and footprints."""

from dataclasses import replace

from imgcheck import geo
from imgcheck.model import Place

Ring = tuple[tuple[float, float], ...]

# Latitude and longitude look exchanged if that brings the place this much nearer: a slip puts the
# place hundreds of kilometres off, and what is left is the size of the place itself.
_MUCH_NEARER = 0.05

#: What to say where they look exchanged.
EXCHANGED = (
    "That is the claimed place if latitude and longitude are exchanged, so they may stand in the "
    "wrong order in the claim."
)


def compare(statement: Place, footprint: Ring, *, margin_km: float = 0.0) -> geo.PlaceComparison:
    """Compare a footprint (lon, lat ring) with the claimed place; see `imgcheck.geo.compare`."""
    point = None
    if statement.lon is not None and statement.lat is not None:
        point = (statement.lon, statement.lat)
    return geo.compare(
        footprint,
        point=point,
        radius_km=statement.radius_km,
        bbox=statement.bbox,
        polygon=statement.polygon,
        margin_km=margin_km,
    )


def distance_km(statement: Place, *, lon: float, lat: float) -> float:
    """Give how far a point lies from the claimed place; 0 inside."""
    return compare(statement, around(lon, lat)).distance_km


def around(lon: float, lat: float) -> Ring:
    """Give a footprint of two centimetres around a point."""
    tiny = 1e-7
    return (
        (lon - tiny, lat - tiny),
        (lon + tiny, lat - tiny),
        (lon + tiny, lat + tiny),
        (lon - tiny, lat + tiny),
        (lon - tiny, lat - tiny),
    )


def exchanged(statement: Place, footprint: Ring) -> bool:
    """Tell whether the footprint lies where the claim does with latitude and longitude exchanged.

    Only where it lies apart from the claimed place as it is written.
    """
    away = compare(statement, footprint).distance_km
    other = _exchanged(statement)
    if away == 0 or other is None:
        return False
    return compare(other, footprint).distance_km <= _MUCH_NEARER * away


def _exchanged(statement: Place) -> Place | None:
    """Give the place with latitude and longitude exchanged, or ``None`` where that is no place."""
    if statement.bbox is not None:
        west, south, east, north = statement.bbox
        if not -90 <= west < east <= 90:
            return None
        return replace(statement, bbox=(south, west, north, east))
    if statement.polygon is not None:
        if any(abs(lon) > 90 for lon, _ in statement.polygon):
            return None
        return replace(statement, polygon=tuple((lat, lon) for lon, lat in statement.polygon))
    if statement.lon is None or abs(statement.lon) > 90:
        return None
    return replace(statement, lon=statement.lat, lat=statement.lon)
