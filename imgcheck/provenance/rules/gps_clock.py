"""Does the satellites' time agree with the camera's clock?"""

from imgcheck.provenance.clocks.between import local
from imgcheck.provenance.clocks.times import Time
from imgcheck.provenance.rules.facts import Facts
from imgcheck.provenance.rules.result import State
from imgcheck.provenance.rules.rule import Answer, absent, answer, rule

# Every zone in civil use is a multiple of 15 min from UTC, between -12 and +14 h (IANA).
_STEP_S, _EARLIEST_S, _LATEST_S = 900.0, -12 * 3600.0, 14 * 3600.0
# A camera clock drifts by seconds a week and a fix may be a minute old: a tolerance of the rule
# catalogue, set before the files were read.
_NEAR_S = 120.0
_GPS, _SHOT = "GPS:GPSDateStamp", "ExifIFD:DateTimeOriginal"


def _pair(facts: Facts) -> tuple[Time, Time] | None:
    """Give the GPS time and the camera's, both to the second or better."""
    satellite, clock = facts.time(_GPS), facts.time(_SHOT)
    if satellite is None or clock is None:
        return None
    return (satellite, clock) if max(satellite.uncertainty_s, clock.uncertainty_s) <= 60 else None


def _offset_s(satellite: Time, clock: Time) -> float:
    """Give the camera's digits minus UTC, seconds: the zone, if both clocks were right."""
    return (local(clock.value) - local(satellite.value)).total_seconds()


_MISSING = "a GPS date and time or the camera's time of capture is missing"


@rule(
    "gps-time.zone",
    proves="The camera's clock was not set by the satellites, or one of the times was edited, "
    "or the fix was older than two minutes.",
    does_not_prove="That the picture was altered or taken elsewhere.",
    innocent=("the clock drifted", "the fix was stale (indoors, just switched on)"),
)
def zone(facts: Facts) -> Answer:
    """Ask: is clock minus GPS a multiple of 15 minutes, within 2?"""
    pair = _pair(facts)
    if pair is None:
        return absent(_MISSING)
    offset = _offset_s(*pair)
    away = abs(offset - _STEP_S * round(offset / _STEP_S))
    words = (
        f"the camera's clock reads {offset / 3600:+.3f} h from GPS time, {away:.0f} s from a "
        "multiple of 15 minutes"
    )
    state: State = "consistent" if away <= _NEAR_S else "anomalous"
    return answer(state, words, facts.field(_GPS), facts.field("GPS:GPSTimeStamp"),
                  facts.field(_SHOT))  # fmt: skip


@rule(
    "gps-time.day",
    proves="The camera's clock or the GPS date is wrong by more than any time zone explains.",
    does_not_prove="Which of the two is wrong, or that anybody edited them.",
    innocent=("a wrong date in the camera", "a receiver that counts weeks from the wrong epoch"),
)
def day(facts: Facts) -> Answer:
    """Ask: do clock and GPS lie within the zones that there are?"""
    pair = _pair(facts)
    if pair is None:
        return absent(_MISSING)
    if pair[0].doubt:
        words = f"{pair[0].tag} {pair[0].value}: {pair[0].doubt}"
        return answer("explained", words, facts.field(_GPS), facts.field(_SHOT))
    offset = _offset_s(*pair)
    inside = _EARLIEST_S - _NEAR_S <= offset <= _LATEST_S + _NEAR_S
    words = f"the camera's clock reads {offset / 3600:+.3f} h from GPS time; zones are -12 to +14 h"
    return answer("consistent" if inside else "anomalous", words, facts.field(_GPS),
                  facts.field("GPS:GPSTimeStamp"), facts.field(_SHOT))  # fmt: skip


@rule(
    "gps-time.offset-tag",
    proves="The zone that the camera wrote is not the one in which its clock ran, by GPS time.",
    does_not_prove="Where the picture was taken.",
    innocent=("summer time or the zone was changed in one menu and not in the other",),
)
def offset_tag(facts: Facts) -> Answer:
    """Ask: is the written offset the one that GPS time implies?"""
    pair = _pair(facts)
    written = facts.text("ExifIFD:OffsetTimeOriginal")
    if pair is None or written is None or pair[1].zone is None:
        return absent("GPS time, the camera's time, or its written offset is missing")
    if pair[0].doubt:
        return absent(f"the GPS date is doubtful: {pair[0].doubt}")
    implied = _offset_s(*pair)
    sign = -1 if pair[1].zone.startswith("-") else 1
    digits = "00:00" if pair[1].zone == "UTC" else pair[1].zone[1:]
    stated = sign * (int(digits[:2]) * 3600 + int(digits[3:5]) * 60)
    near = abs(implied - stated) <= _NEAR_S
    words = f"the offset tag says {written}, GPS time gives {implied / 3600:+.3f} h"
    return answer("consistent" if near else "anomalous", words, facts.field(_GPS),
                  facts.field(_SHOT), facts.field("ExifIFD:OffsetTimeOriginal"))  # fmt: skip


RULES = (zone, day, offset_tag)
