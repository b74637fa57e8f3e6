"""Can the recorded position be one, and does it look measured?"""

import math

from imgcheck.provenance.fields.position import Gps
from imgcheck.provenance.rules.facts import Facts
from imgcheck.provenance.rules.result import State
from imgcheck.provenance.rules.rule import Answer, absent, answer, rule

_DEGREE_M = 111_320.0  # of latitude
_NEAR_M = 20.0  # hundredths of a minute, the coarsest that writers round to, are 18.5 m
_LAT, _LON = "GPS:GPSLatitude", "GPS:GPSLongitude"
# The Dead Sea shore lies at -430 m; airliners and stratospheric balloons stay below 40 km.
_LOWEST_M, _HIGHEST_M = -500.0, 40_000.0


def _angle(facts: Facts, tag: str) -> list[float] | None:
    value = facts.value(tag)
    parts = value if isinstance(value, list) else [value]
    numbers = [float(p) for p in parts if isinstance(p, int | float)]
    return numbers if numbers and len(numbers) <= 3 and isinstance(parts[0], int | float) else None


@rule(
    "gps.range",
    proves="The position as written is none on earth: the field is broken or was made up.",
    does_not_prove="That the rest of the file is wrong.",
    innocent=("a writer that fills fields with rubbish when it has no fix",),
)
def in_range(facts: Facts) -> Answer:
    """Ask: is the latitude within 90, the longitude within 180 degrees?"""
    lat, lon = _angle(facts, _LAT), _angle(facts, _LON)
    if lat is None or lon is None:
        return absent("the GPS directory records no position")
    read = (facts.field(_LAT), facts.field(_LON))
    for name, parts, limit in (("latitude", lat, 90), ("longitude", lon, 180)):
        degrees = sum(abs(part) / 60**power for power, part in enumerate(parts))
        if degrees > limit:
            return answer("contradictory", f"the {name} is {degrees:.6g} degrees", *read)
    return answer("consistent", "latitude and longitude are within their ranges", *read)


@rule(
    "gps.zero",
    proves="Probably no position at all: writers put 0, 0 where they have no fix.",
    does_not_prove="That a position was removed or falsified.",
    innocent=("no fix when the picture was taken",),
)
def zero(facts: Facts) -> Answer:
    """Ask: is the position 0, 0?"""
    gps = facts.metadata.gps
    if gps is None or gps.lat is None or gps.lon is None:
        return absent("the file records no position that can be read")
    read = tuple(facts.field(tag) for tag in gps.tags)
    if gps.zero:
        return answer("explained", "the position is 0, 0, in the Gulf of Guinea", *read)
    return answer("consistent", "the position is not 0, 0", *read)


@rule(
    "gps.round",
    proves="The position is written in whole minutes, or degrees with at most two decimals: about "
    "a kilometre or coarser. It may have been typed, or rounded for privacy.",
    does_not_prove="That it was typed: one in 3,600 measured positions is round by chance.",
    innocent=("rounded on purpose", "placed on a map by its owner", "a coarse network position"),
)
def rounded(facts: Facts) -> Answer:
    """Ask: is the position given to no more than whole minutes?"""
    gps = facts.metadata.gps
    if gps is None or gps.lat is None or gps.lon is None:
        return absent("the file records no position that can be read")
    read = tuple(facts.field(tag) for tag in gps.tags)
    if gps.zero:
        return absent("the position is 0, 0")
    if all(_round(value) for value in (gps.lat, gps.lon)):
        return answer("explained", f"the position {gps.lat:.6g}, {gps.lon:.6g} is round", *read)
    return answer("consistent", "the position is written finer than whole minutes", *read)


def _round(degrees: float) -> bool:
    near = 1e-7  # of a degree: a centimetre, below what the rationals of any writer resolve
    return any(abs(degrees * unit - round(degrees * unit)) < near * unit for unit in (60, 100))


@rule(
    "twice.position",
    proves="EXIF and XMP state different places: a program moved one and not the other.",
    does_not_prove="Which of the two is right.",
    innocent=("a position set or corrected in a photo manager",),
)
def said_twice(facts: Facts) -> Answer:
    """Ask: is the position the same in EXIF and XMP, within 20 metres?"""
    exif, xmp = facts.position("EXIF"), facts.position("XMP")
    if exif is None or xmp is None:
        return absent("the position is not there in both EXIF and XMP")
    metres = apart_m(exif, xmp)
    read = (*map(facts.field, exif.tags), *map(facts.field, xmp.tags))
    state: State = "consistent" if metres <= _NEAR_M else "anomalous"
    return answer(state, f"the two positions lie {metres:.1f} m apart", *read)


def apart_m(one: Gps, two: Gps) -> float:
    """Give the metres between two whole positions, on a sphere and for short ways."""
    assert one.lat is not None and one.lon is not None
    assert two.lat is not None and two.lon is not None
    east = ((two.lon - one.lon + 180) % 360 - 180) * math.cos(math.radians(one.lat))
    return _DEGREE_M * math.hypot(two.lat - one.lat, east)


@rule(
    "gps.altitude",
    proves="The recorded height is none where a camera can be, on earth or in the air.",
    does_not_prove="That the position is wrong.",
    innocent=("a receiver without a three-dimensional fix", "another unit than metres"),
)
def altitude(facts: Facts) -> Answer:
    """Ask: is the height between -500 m and 40 km?"""
    height = facts.number("GPS:GPSAltitude")
    if height is None:
        return absent("the file records no height")
    gps = facts.metadata.gps
    signed = height if gps is None or gps.altitude_m is None else gps.altitude_m
    fine = _LOWEST_M <= signed <= _HIGHEST_M
    return answer("consistent" if fine else "anomalous", f"the recorded height is {signed:,.1f} m",
                  facts.field("GPS:GPSAltitude"), facts.field("GPS:GPSAltitudeRef"))  # fmt: skip


@rule(
    "gps.time-without-date",
    proves="The GPS time has no date: only the time of day can be compared.",
    does_not_prove="That a date was removed: older phones never write it.",
    innocent=("older phones and receivers",),
)
def time_without_date(facts: Facts) -> Answer:
    """Ask: does the GPS time of day come with a date?"""
    if facts.value("GPS:GPSTimeStamp") is None:
        return absent("the file records no GPS time")
    field = facts.field("GPS:GPSTimeStamp")
    if facts.text("GPS:GPSDateStamp") is None:
        return answer("explained", "a GPS time of day without a date", field)
    return answer("consistent", "GPS time and date are both there", field)


RULES = (in_range, zero, rounded, said_twice, altitude, time_without_date)
