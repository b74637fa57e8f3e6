"""Times of one file against each other: EXIF, GPS, the drone's clock, the file name."""

from itertools import pairwise

from imgcheck.provenance.clocks.comparison import gap, local
from imgcheck.provenance.clocks.stated import Time, looks_unset
from imgcheck.provenance.fields.values import FieldRead, shown
from imgcheck.provenance.platforms.data import name_times
from imgcheck.provenance.rules.rule import Answer, Facts, absent, answer, rule

_EXIF = ("ExifIFD:DateTimeOriginal", "ExifIFD:DateTimeDigitized", "IFD0:DateTime")
_GPS, _GPS_CLOCK, _SHOT = "GPS:GPSDateStamp", "GPS:GPSTimeStamp", "ExifIFD:DateTimeOriginal"
# Programs that copy a time through another clock or file system keep two seconds (FAT).
SLACK_S = 2.0
# Every zone in civil use is a multiple of 15 min from UTC, between -12 and +14 h (IANA).
_STEP_S, _EARLIEST_S, _LATEST_S = 900.0, -12 * 3600.0, 14 * 3600.0
ZONES_S = 26 * 3600.0  # between UTC-12 and UTC+14
# A camera clock drifts by seconds a week and a fix may be a minute old: a tolerance that was set
# before the files were read.
_NEAR_S = 120.0
_NO_GPS = "a GPS date and time or the camera's time of capture is missing"


def _exif_times(facts: Facts) -> list[Time]:
    found = (facts.time(tag) or facts.time(tag.replace("IFD0", "ExifIFD")) for tag in _EXIF)
    return [time for time in found if time is not None]


def _apart_s(one: Time, two: Time) -> float:
    """Return seconds from the digits of one time to those of another."""
    return (local(two.value) - local(one.value)).total_seconds()


def _off_zones_s(seconds: float) -> float:
    return abs(seconds - _STEP_S * round(seconds / _STEP_S))


def _within_zones(seconds: float) -> bool:
    return _EARLIEST_S - _NEAR_S <= seconds <= _LATEST_S + _NEAR_S


@rule(
    "time.order",
    proves="The two times come from different clocks or time zones, or one of the tags was "
    "written by hand or by a program.",
    does_not_prove="That the picture was altered, or which of the two times is wrong.",
    innocent=(
        "one time is in UTC and the other in local time, and no zone is written",
        "the clock was changed between two of the times",
    ),
)
def _order(facts: Facts) -> Answer:
    found = _exif_times(facts)
    if len(found) < 2:
        return absent("fewer than two of the three EXIF times are present")
    fields = [facts.field(time.tag) for time in found]
    for first, second in pairwise(found):
        between = gap(first, second, slack_s=SLACK_S)
        if between.order == "after":
            return answer(
                "anomalous", f"{second.tag} {second.value} lies before {first.tag} {first.value} "
                f"({abs(between.written_s) / 3600:.2f} h by the digits; {between.words})", *fields,
            )  # fmt: skip
        if between.order == "undecidable" and between.written_s < 0:
            return answer(
                "explained", f"{second.tag} {second.value} reads earlier than {first.tag} "

                    f"{first.value}, but only one of them has a zone, and in some time zones "
                    "they are in the usual order",
                *fields,
            )  # fmt: skip
    return answer("consistent", "the EXIF times follow each other in the usual order", *fields)


@rule(
    "time.saved-later",
    proves="After capture, this file or its tags were written by a program that records the "
    "date of saving.",
    does_not_prove="What was changed: rotating, rating or importing a picture has the same effect.",
    innocent=("import, rotation, a viewer that saves, conversion for the web",),
)
def _saved_later(facts: Facts) -> Answer:
    found = {time.role: time for time in _exif_times(facts)}
    shot, saved = found.get("capture"), found.get("written")
    if shot is None or saved is None:
        return absent("the EXIF time of capture or of saving is missing")
    fields = (facts.field(shot.tag), facts.field(saved.tag))
    between = gap(shot, saved, slack_s=SLACK_S)
    if between.order == "before":
        return answer("explained", f"saved {between.written_s / 3600:.2f} h after capture "
                      f"({between.words})", *fields)  # fmt: skip
    return answer(
        "consistent", (f"the time of saving is not after capture ({between.words})"), *fields
    )


@rule(
    "time.unset-clock",
    proves="The clock was probably never set, so the recorded date means nothing.",
    does_not_prove="That the date was falsified.",
    innocent=(
        "the camera lost its battery, or its owner never set the clock",
        "a picture taken in the first hour of a year",
    ),
)
def _unset_clock(facts: Facts) -> Answer:
    stated = (facts.time(tag) for tag in ("XMP:xmp:CreateDate", "XMP:xmp:ModifyDate"))
    found = [*_exif_times(facts), *(time for time in stated if time is not None)]
    if not found and not facts.observed("clock", "unreadable-time"):
        return absent("the file states no time of a camera")
    for time in found:
        if looks_unset(time):
            words = f"{time.tag} {time.value} is the default value of a clock that was never set"
            return answer("explained", words, facts.field(time.tag))
    if not found:
        return answer(
            "explained", "a date field is present, but it is empty or does not contain a date"
        )
    return answer("consistent", "no time is the default value of a clock that was never set",
                  *(facts.field(time.tag) for time in found))  # fmt: skip


def _gps_and_shot(facts: Facts) -> tuple[Time, Time] | None:
    """Return the GPS time and the camera's, both to the minute or better."""
    satellite, clock = facts.time(_GPS), facts.time(_SHOT)
    if satellite is None or clock is None:
        return None
    return (satellite, clock) if max(satellite.uncertainty_s, clock.uncertainty_s) <= 60 else None


@rule(
    "gps-time.zone",
    proves="The camera's clock was not set by GPS, one of the times was edited, or the GPS fix "
    "was older than two minutes.",
    does_not_prove="That the picture was altered or taken elsewhere.",
    innocent=("the clock drifted", "the GPS fix was old (indoors, just switched on)"),
)
def _gps_zone(facts: Facts) -> Answer:
    pair = _gps_and_shot(facts)
    if pair is None:
        return absent(_NO_GPS)
    offset = _apart_s(*pair)
    away = _off_zones_s(offset)
    words = (
        f"the camera's clock differs by {offset / 3600:+.3f} h from GPS time, {away:.0f} s from a "
        "multiple of 15 minutes"
    )
    return answer("consistent" if away <= _NEAR_S else "anomalous", words,
                  *map(facts.field, (_GPS, _GPS_CLOCK, _SHOT)))  # fmt: skip


@rule(
    "gps-time.day",
    proves="The camera's clock or the GPS date is wrong by more than any time zone explains.",
    does_not_prove="Which of the two is wrong, or that they were edited.",
    innocent=("a wrong date in the camera", "a receiver that counts weeks from the wrong epoch"),
)
def _gps_day(facts: Facts) -> Answer:
    pair = _gps_and_shot(facts)
    if pair is None:
        return absent(_NO_GPS)
    if pair[0].doubt:
        words = f"{pair[0].tag} {pair[0].value}: {pair[0].doubt}"
        return answer("explained", words, facts.field(_GPS), facts.field(_SHOT))
    offset = _apart_s(*pair)
    words = (
        f"the camera's clock differs by {offset / 3600:+.3f} h from GPS time; zones are -12 to "
        "+14 h"
    )
    return answer("consistent" if _within_zones(offset) else "anomalous", words,
                  *map(facts.field, (_GPS, _GPS_CLOCK, _SHOT)))  # fmt: skip


@rule(
    "gps-time.offset-tag",
    proves="According to GPS time, the camera's clock did not run in the time zone that the "
    "camera wrote.",
    does_not_prove="Where the picture was taken.",
    innocent=("summer time or the zone was changed in one menu and not in the other",),
)
def _gps_offset_tag(facts: Facts) -> Answer:
    pair = _gps_and_shot(facts)
    written = facts.text("ExifIFD:OffsetTimeOriginal")
    if pair is None or written is None or pair[1].zone is None:
        return absent("GPS time, the camera's time or its time zone offset is missing")
    if pair[0].doubt:
        return absent(f"the GPS date is doubtful: {pair[0].doubt}")
    implied, zone = _apart_s(*pair), pair[1].zone
    sign, digits = -1 if zone.startswith("-") else 1, "00:00" if zone == "UTC" else zone[1:]
    stated = sign * (int(digits[:2]) * 3600 + int(digits[3:5]) * 60)
    words = f"the offset tag states {written}, but GPS time implies {implied / 3600:+.3f} h"
    return answer("consistent" if abs(implied - stated) <= _NEAR_S else "anomalous", words,
                  *map(facts.field, (_GPS, _SHOT, "ExifIFD:OffsetTimeOriginal")))  # fmt: skip


@rule(
    "drone.clock",
    proves="The drone's own clock, in UTC, and the camera's differ by more than a time zone "
    "explains.",
    does_not_prove="Which of the two is wrong.",
    innocent=("a camera clock set by hand and an autopilot clock set by GPS",),
)
def _drone_clock(facts: Facts) -> Answer:
    shot = facts.time(_SHOT) or facts.time("IFD0:DateTime")
    own = next((time for time in facts.metadata.times if time.source == "drone"), None)
    if shot is None or own is None or max(shot.uncertainty_s, own.uncertainty_s) > 60:
        return absent("the drone's own clock or the camera's time is missing")
    offset = _apart_s(own, shot)
    fine = _off_zones_s(offset) <= _NEAR_S and _within_zones(offset)
    words = f"{own.tag} is {own.value}, {shot.tag} differs by {offset / 3600:+.3f} h from it"
    return answer("consistent" if fine else "anomalous", words, facts.field(own.tag),
                  facts.field(shot.tag))  # fmt: skip


@rule(
    "name.date",
    proves="The file was named at another time than the capture time in EXIF, or one of the two "
    "was changed.",
    does_not_prove="Anything about the picture: anyone can rename a file.",
    innocent=(
        "a file that was renamed by a person or a photo library",
        "a file name in UTC or in another time zone",
    ),
)
def _name_date(facts: Facts) -> Answer:
    named, shot = name_times(facts.name or ""), facts.time(_SHOT)
    if not named or shot is None:
        return absent("the file name states no date, or EXIF states no time of capture")
    first = named[0]
    read = (FieldRead(name="file name", value=shown(facts.name)), facts.field(shot.tag))
    later = _apart_s(shot, first)
    words = f"the file name states {first.value} and EXIF states {shot.value}"
    if first.role == "sent":
        if later + first.uncertainty_s + ZONES_S < 0:
            return answer("anomalous", f"{words}: sent before it was taken", *read)
        return answer("consistent", f"{words}: not sent before it was taken", *read)
    if -first.uncertainty_s - SLACK_S <= later <= shot.uncertainty_s + SLACK_S:
        return answer("consistent", words, *read)
    if abs(later) <= ZONES_S:
        return answer("explained", f"{words}: {later / 3600:+.2f} h, within the zones", *read)
    return answer("anomalous", f"{words}: {later / 86400:+.1f} days", *read)


RULES = (_order, _saved_later, _unset_clock, _gps_zone, _gps_day, _gps_offset_tag, _drone_clock,
         _name_date)  # fmt: skip
