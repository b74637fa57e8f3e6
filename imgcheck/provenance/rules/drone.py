"""Drones write the same thing into several fields: a forger must edit all of them.

Names of the fields as found in files of DJI, senseFly, Skydio and Parrot drones.
"""

from imgcheck.provenance.clocks.between import local
from imgcheck.provenance.rules.facts import Facts
from imgcheck.provenance.rules.position import apart_m
from imgcheck.provenance.rules.result import State
from imgcheck.provenance.rules.rule import Answer, absent, answer, rule

_HEIGHTS = (
    "XMP:drone-dji:AbsoluteAltitude", "XMP:sensefly:AltitudeAMSL", "XMP:sensefly:AltitudeWGS84",
    "XMP:drone-skydio:AbsoluteAltitude", "XMP:Camera:GPSAltitude",
)  # fmt: skip
_HEADINGS = ("XMP:drone-dji:GimbalYawDegree", "XMP:drone-skydio:CameraOrientationNED/drone-skydio"
             ":Yaw", "XMP:Camera:Yaw")  # fmt: skip
_SPEEDS = (("XMP:drone-dji:FlightXSpeed", "SpeedX"), ("XMP:drone-dji:FlightYSpeed", "SpeedY"),
           ("XMP:drone-dji:FlightZSpeed", "SpeedZ"))  # fmt: skip
_POSES = (("FlightYawDegree", "Yaw"), ("FlightPitchDegree", "Pitch"), ("FlightRollDegree", "Roll"),
          ("GimbalYawDegree", "CameraYaw"), ("GimbalPitchDegree", "CameraPitch"),
          ("GimbalRollDegree", "CameraRoll"))  # fmt: skip
# Far above what rounding does: of three flights, 88 positions agree to 0.01 m and 120 heights to
# 0.01 m (benchmarks: rules). Direction and speed were not to be had twice; those two are guesses
# from the decimals that are written.
_METRES, _ALTITUDE_M, _DEGREES, _SPEED = 2.0, 1.0, 1.0, 0.2
# XMP of one model writes tenths of a degree, its maker note the same as a float: 32 of 32 frames
# agree to 0.01 degrees.
_POSE_DEG = 0.06
_NEAR_S = 120.0  # as for GPS time

_NOT = "That the picture was altered, or which of the two values is right."
_INNOCENT = (
    "a mapping program corrected one of the fields",
    "the two fields come from different instruments or moments",
)


@rule(
    "drone.position",
    proves="The drone's own position and the one in EXIF differ: one was corrected or edited.",
    does_not_prove=_NOT,
    innocent=_INNOCENT,
)
def position(facts: Facts) -> Answer:
    """Ask: do XMP and EXIF state one position, within two metres?"""
    exif, own = facts.position("EXIF"), facts.position("drone")
    if exif is None or own is None:
        return absent("the position is not there twice")
    metres = apart_m(own, exif)
    read = (*map(facts.field, own.tags), *map(facts.field, exif.tags))
    state: State = "consistent" if metres <= _METRES else "anomalous"
    return answer(state, f"the two positions lie {metres:.2f} m apart", *read)


@rule(
    "drone.altitude",
    proves="The drone's own height and the one in EXIF differ: one was corrected or edited.",
    does_not_prove=_NOT,
    innocent=(*_INNOCENT, "one height is above the ellipsoid and the other above the sea"),
)
def altitude(facts: Facts) -> Answer:
    """Ask: do XMP and EXIF state one height, within a metre?"""
    gps = next((one for one in facts.metadata.positions if one.source == "EXIF"), None)
    stated = [(tag, height) for tag in _HEIGHTS if (height := facts.number(tag)) is not None]
    if not stated or gps is None or gps.altitude_m is None:
        return absent("the height is not there twice")
    tag, height = min(stated, key=lambda one: abs(one[1] - (gps.altitude_m or 0)))
    apart = abs(height - gps.altitude_m)
    state: State = "consistent" if apart <= _ALTITUDE_M else "anomalous"
    return answer(state, f"{tag} says {height:.2f} m, EXIF {gps.altitude_m:.2f} m",
                  facts.field(tag), facts.field("GPS:GPSAltitude"))  # fmt: skip


@rule(
    "drone.heading",
    proves="The direction in XMP and the one in EXIF differ: one was corrected or edited.",
    does_not_prove=_NOT,
    innocent=(*_INNOCENT, "one direction is magnetic, the other true", "yaw of the gimbal against "
              "that of the aircraft"),
)  # fmt: skip
def heading(facts: Facts) -> Answer:
    """Ask: do yaw and GPSImgDirection agree within a degree, round the circle?"""
    stated = facts.number("GPS:GPSImgDirection")
    tag = next((one for one in _HEADINGS if facts.number(one) is not None), None)
    yaw = None if tag is None else facts.number(tag)
    if stated is None or tag is None or yaw is None:
        return absent("the direction is not there twice")
    apart = abs((yaw - stated + 180) % 360 - 180)
    state: State = "consistent" if apart <= _DEGREES else "anomalous"
    return answer(state, f"{tag} says {yaw:.2f}, GPSImgDirection {stated:.2f}: {apart:.2f} "
                  "degrees apart", facts.field(tag),
                  facts.field("GPS:GPSImgDirection"))  # fmt: skip


@rule(
    "drone.speed",
    proves="The speed in XMP and the one in the maker note differ: one was edited.",
    does_not_prove=_NOT,
    innocent=_INNOCENT,
)
def speed(facts: Facts) -> Answer:
    """Ask: do XMP and maker note state one speed?"""
    pairs = []
    for xmp, name in _SPEEDS:
        tag = next((t for t in facts.metadata.tags if t.endswith(f":{name}")), None)
        one, two = facts.number(xmp), None if tag is None else facts.number(tag)
        if tag is not None and one is not None and two is not None:
            pairs.append((xmp, one, tag, two))
    if not pairs:
        return absent("the speed is not there twice")
    read = [facts.field(tag) for pair in pairs for tag in (pair[0], pair[2])]
    worst = max(pairs, key=lambda pair: abs(pair[1] - pair[3]))
    apart = abs(worst[1] - worst[3])
    return answer("consistent" if apart <= _SPEED else "anomalous",
                  f"{worst[0]} says {worst[1]:.2f} m/s, {worst[2]} {worst[3]:.2f}",
                  *read)  # fmt: skip


@rule(
    "drone.pose",
    proves="The pose in XMP and the one in the maker note differ: one was edited.",
    does_not_prove=_NOT,
    innocent=_INNOCENT,
)
def pose(facts: Facts) -> Answer:
    """Ask: do XMP and maker note state one pose of aircraft and camera?"""
    pairs = []
    for xmp, note in _POSES:
        one, two = facts.number(f"XMP:drone-dji:{xmp}"), facts.number(f"MakerNote:{note}")
        if one is not None and two is not None:
            pairs.append((abs((one - two + 180) % 360 - 180), xmp, one, note, two))
    if not pairs:
        return absent("the pose is not there twice")
    apart, xmp, one, note, two = max(pairs)
    read = [facts.field(tag) for pair in pairs
            for tag in (f"XMP:drone-dji:{pair[1]}", f"MakerNote:{pair[3]}")]  # fmt: skip
    state: State = "consistent" if apart <= _POSE_DEG else "anomalous"
    words = f"of {len(pairs)} angles the most different are {xmp} {one:.2f} and {note} {two:.2f}"
    return answer(state, words, *read)


@rule(
    "drone.clock",
    proves="The drone's own clock, in UTC, and the camera's differ by what no time zone explains.",
    does_not_prove="Which of the two is wrong.",
    innocent=("a camera clock set by hand, beside an autopilot set by satellites",),
)
def clock(facts: Facts) -> Answer:
    """Ask: is the camera's clock the autopilot's, up to a time zone and two minutes?"""
    shot = facts.time("ExifIFD:DateTimeOriginal") or facts.time("IFD0:DateTime")
    own = next((time for time in facts.metadata.times if time.source == "drone"), None)
    if shot is None or own is None or max(shot.uncertainty_s, own.uncertainty_s) > 60:
        return absent("the drone's own clock or the camera's time is missing")
    offset = (local(shot.value) - local(own.value)).total_seconds()
    away = abs(offset - 900 * round(offset / 900))
    fine = away <= _NEAR_S and -12 * 3600 - _NEAR_S <= offset <= 14 * 3600 + _NEAR_S
    words = f"{own.tag} gives {own.value}, {shot.tag} reads {offset / 3600:+.3f} h from it"
    state: State = "consistent" if fine else "anomalous"
    return answer(state, words, facts.field(own.tag), facts.field(shot.tag))


RULES = (position, altitude, heading, speed, pose, clock)
