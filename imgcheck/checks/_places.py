"""Places in the words of the checks: the references tried, and the claimed place."""

from dataclasses import replace

from imgcheck import geo
from imgcheck.case import Case
from imgcheck.case.placing import GSD_TOLERANCE, file_and_date, name
from imgcheck.checks.check import Check
from imgcheck.model import Citation, Evidence, Finding, Outcome, Place

__all__ = [
    "EXCHANGED", "GSD_TOLERANCE", "NEARER", "around", "compare", "distance_km", "exchanged",
    "file_and_date", "name", "tried", "tried_evidence", "unplaced",
]  # fmt: skip

Ring = tuple[tuple[float, float], ...]

_MOST_NAMED = 2

#: What to give if the picture could not be placed.
NEARER = "reference imagery of a nearer date, season or resolution (--reference PATH)"

# Latitude and longitude look exchanged if that brings the place this much nearer: the mistake puts
# the place hundreds of kilometres off, and what is left is the size of the place itself.
_MUCH_NEARER = 0.05

#: The remark if they look exchanged.
EXCHANGED = (
    "It would match the claimed place with latitude and longitude exchanged, so the claim may "
    "list them in the wrong order."
)


def tried(case: Case) -> str:
    """Name the georeferenced references that were tried."""
    names = [name(r) for r in case.references if r.image.georeference is not None]
    more = f" and {len(names) - _MOST_NAMED} others" if len(names) > _MOST_NAMED else ""
    return (", ".join if more else " and ".join)(names[:_MOST_NAMED]) + more


def tried_evidence(case: Case) -> Evidence:
    """Cite the georeferenced references that were tried."""
    return Evidence(
        citations=tuple(
            Citation(input=r.id, label=name(r))
            for r in case.references
            if r.image.georeference is not None
        )
    )


def unplaced(check: Check, case: Case) -> tuple[Finding, ...]:
    """Return findings of a check that needs the picture placed, where it was not."""
    return check.without(
        case,
        Outcome.NOT_APPLICABLE,
        f"the picture could not be placed on {tried(case)}",
        evidence=tried_evidence(case),
        would_change=(NEARER,),
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
    """Return the distance of a point from the claimed place; 0 inside."""
    return compare(statement, around(lon, lat)).distance_km


def around(lon: float, lat: float) -> Ring:
    """Return a footprint of two centimetres around a point."""
    tiny = 1e-7
    return (
        (lon - tiny, lat - tiny),
        (lon + tiny, lat - tiny),
        (lon + tiny, lat + tiny),
        (lon - tiny, lat + tiny),
        (lon - tiny, lat - tiny),
    )


def exchanged(statement: Place, footprint: Ring) -> bool:
    """Tell whether exchanging latitude and longitude makes the claim fit the footprint."""
    away = compare(statement, footprint).distance_km
    other = _exchanged(statement)
    if away == 0 or other is None:
        return False
    return compare(other, footprint).distance_km <= _MUCH_NEARER * away


def _exchanged(statement: Place) -> Place | None:
    """Return the place with latitude and longitude exchanged; None if that is no place."""
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
