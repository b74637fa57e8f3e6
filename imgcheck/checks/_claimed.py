"""The claimed place, compared with points and footprints."""

from imgcheck import geo
from imgcheck.model import Place


def compare(statement: Place, footprint: tuple[tuple[float, float], ...]) -> geo.PlaceComparison:
    """Compare a footprint (lon, lat ring) with the claimed place."""
    point = None
    if statement.lon is not None and statement.lat is not None:
        point = (statement.lon, statement.lat)
    return geo.compare(
        footprint,
        point=point,
        radius_km=statement.radius_km,
        bbox=statement.bbox,
        polygon=statement.polygon,
    )


def distance_km(statement: Place, *, lon: float, lat: float) -> float:
    """Give how far a point lies from the claimed place; 0 inside."""
    tiny = 1e-7  # a centimetre: a footprint around a point
    ring = (
        (lon - tiny, lat - tiny),
        (lon + tiny, lat - tiny),
        (lon + tiny, lat + tiny),
        (lon - tiny, lat + tiny),
        (lon - tiny, lat - tiny),
    )
    return compare(statement, ring).distance_km
