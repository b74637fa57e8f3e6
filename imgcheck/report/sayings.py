"""What a statement says once it is taken apart: the reading that was tested."""

from imgcheck.model import (
    Absence,
    Acquired,
    Attribution,
    Changed,
    Count,
    Dimensions,
    Place,
    Sensor,
    Statement,
    Unchanged,
)
from imgcheck.quantity import distance, significant
from imgcheck.report.dates import window
from imgcheck.report.numbers import number
from imgcheck.report.plain import line

_PLAIN = {
    "original": "not published before",
    "unaltered": "nothing added, removed or changed in the picture",
    "intent": "somebody meant something by it",
}


def reading(statement: Statement) -> str:
    """Say in a few words what a statement was read to mean."""
    if isinstance(statement, Acquired):
        return f"taken {window(statement.window)}"
    if isinstance(statement, Unchanged):
        return f"nothing changed on the ground, {window(statement.window)}"
    if isinstance(statement, Changed):
        return f"something changed on the ground, {window(statement.window)}"
    if isinstance(statement, Place):
        return _place(statement)
    if isinstance(statement, Count):
        return _count(statement)
    if isinstance(statement, Absence):
        return _absence(statement)
    if isinstance(statement, Dimensions):
        return _dimensions(statement)
    if isinstance(statement, Sensor):
        return f"comes from {line(statement.sensor, limit=80)}"
    if isinstance(statement, Attribution):
        actor = line(statement.actor, limit=80)
        return f"owned, operated or done by {actor}" if actor else "somebody did or owned it"
    return _PLAIN.get(statement.kind, statement.kind)


def _place(statement: Place) -> str:
    shows = "shows only ground" if statement.relation == "inside" else "shows ground"
    if statement.lat is not None and statement.lon is not None:
        point = _degrees(statement.lat, statement.lon)
        if statement.radius_km is None:
            return f"shows the point {point}"
        return f"{shows} within {distance(1000 * statement.radius_km)} of {point}"
    if statement.bbox is not None:
        west, south, east, north = statement.bbox
        return f"{shows} in the box from {_degrees(south, west)} to {_degrees(north, east)}"
    ring = statement.polygon or ((0.0, 0.0),)
    first = _degrees(ring[0][1], ring[0][0])
    return f"{shows} in the polygon of {len(ring)} corners that begins at {first}"


def _degrees(lat: float, lon: float) -> str:
    """Give a position with the digits it was claimed with."""
    north = "N" if lat >= 0 else "S"
    east = "E" if lon >= 0 else "W"
    return f"{significant(abs(lat), 8)}° {north}, {significant(abs(lon), 8)}° {east}"


def _count(statement: Count) -> str:
    name = line(statement.object_class, limit=40)
    low, high = statement.minimum, statement.maximum
    if low is not None and high is not None:
        many = number(low) if low == high else f"{number(low)} to {number(high)}"
    elif low is not None:
        many = f"at least {number(low)}"
    else:
        many = f"at most {number(high or 0)}"
    return f"shows {many} of the class {name}"


def _absence(statement: Absence) -> str:
    name = line(statement.object_class, limit=40)
    if statement.min_size_m is None:
        return f"shows no {name} of any size"
    return f"shows no {name} of {number(statement.min_size_m)} m or more"


def _dimensions(statement: Dimensions) -> str:
    name = line(statement.object_class, limit=40)
    size = f"{number(statement.length_m)} m long"
    if statement.width_m is not None:
        size += f" and {number(statement.width_m)} m wide"
    if statement.tolerance_m is not None:
        size += f", within {number(statement.tolerance_m)} m"
    return f"an object of the class {name} is {size}"
