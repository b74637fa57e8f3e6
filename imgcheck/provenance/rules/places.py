"""The recorded position: whether it is possible, and whether it looks measured."""

from imgcheck.provenance.rules.rule import Answer, Facts, absent, answer, rule

_LAT, _LON = "GPS:GPSLatitude", "GPS:GPSLongitude"
# The Dead Sea shore lies at -430 m; airliners and stratospheric balloons stay below 40 km.
_LOWEST_M, _HIGHEST_M = -500.0, 40_000.0
_NONE = "the file records no readable position"


def _degrees(facts: Facts, tag: str) -> float | None:
    value = facts.value(tag)
    parts = value if isinstance(value, list) else [value]
    numbers = [float(p) for p in parts if isinstance(p, int | float)]
    if not numbers or len(numbers) > 3 or not isinstance(parts[0], int | float):
        return None
    return sum(abs(part) / 60**power for power, part in enumerate(numbers))


@rule(
    "gps.range",
    proves="The position as written is not on earth: the field is broken or was made up.",
    does_not_prove="That the rest of the file is wrong.",
    innocent=("a program that writes meaningless values when it has no GPS fix",),
)
def _in_range(facts: Facts) -> Answer:
    lat, lon = _degrees(facts, _LAT), _degrees(facts, _LON)
    if lat is None or lon is None:
        return absent("the GPS directory records no position")
    read = (facts.field(_LAT), facts.field(_LON))
    for name, degrees, limit in (("latitude", lat, 90), ("longitude", lon, 180)):
        if degrees > limit:
            return answer("contradictory", f"the {name} is {degrees:.6g} degrees", *read)
    return answer("consistent", "latitude and longitude are within their ranges", *read)


@rule(
    "gps.zero",
    proves="Probably no position at all: programs write 0, 0 when they have no GPS fix.",
    does_not_prove="That a position was removed or falsified.",
    innocent=("no GPS fix when the picture was taken",),
)
def _zero(facts: Facts) -> Answer:
    gps = facts.metadata.gps
    if gps is None or not gps.whole:
        return absent(_NONE)
    read = map(facts.field, gps.tags)
    if gps.zero:
        return answer("explained", "the position is 0, 0, in the Gulf of Guinea", *read)
    return answer("consistent", "the position is not 0, 0", *read)


@rule(
    "gps.round",
    proves="The position is written in whole minutes, or degrees with at most two decimals: about "
    "a kilometre or coarser. It may have been typed, or rounded for privacy.",
    does_not_prove="That it was typed: one in 3,600 measured positions is round by coincidence.",
    innocent=(
        "rounded on purpose",
        "the owner set the position on a map",
        "a coarse network position",
    ),
)
def _rounded(facts: Facts) -> Answer:
    gps = facts.metadata.gps
    point = None if gps is None else gps.point
    if gps is None or point is None:
        return absent(_NONE)
    if gps.zero:
        return absent("the position is 0, 0")
    read = map(facts.field, gps.tags)
    if _round(point.lat) and _round(point.lon):
        words = f"the position {point.lat:.6g}, {point.lon:.6g} has round coordinates"
        return answer("explained", words, *read)
    return answer("consistent", "the position is written finer than whole minutes", *read)


def _round(degrees: float) -> bool:
    near = 1e-7  # of a degree: a centimetre, below what the rationals of any writer resolve
    return any(abs(degrees * unit - round(degrees * unit)) < near * unit for unit in (60, 100))


@rule(
    "gps.altitude",
    proves="No camera on the ground or in the air can be at the recorded height.",
    does_not_prove="That the position is wrong.",
    innocent=(
        "a GPS receiver without a three-dimensional fix",
        "a height in another unit than metres",
    ),
)
def _altitude(facts: Facts) -> Answer:
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
    innocent=("an older phone or receiver",),
)
def _time_without_date(facts: Facts) -> Answer:
    if facts.value("GPS:GPSTimeStamp") is None:
        return absent("the file records no GPS time")
    field = facts.field("GPS:GPSTimeStamp")
    if facts.text("GPS:GPSDateStamp") is None:
        return answer("explained", "a GPS time of day without a date", field)
    return answer("consistent", "GPS time and date are both present", field)


RULES = (_in_range, _zero, _rounded, _altitude, _time_without_date)
