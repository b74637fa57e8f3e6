"""Pose of a drone and its camera: several makers' fields under one set of names.

The fields are written by DJI, Skydio, Parrot, Autel, Teal (Teledyne FLIR) and senseFly into XMP,
by DJI also into the maker note, and position and height once more into the GPS directory. They
are not signed. That they state the same thing several times makes them worth comparing.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from imgcheck.provenance.clocks.stated import Time
from imgcheck.provenance.fields.position import Gps
from imgcheck.provenance.fields.values import Reading, TagEntry, number

_MAKERS = (
    ("drone-dji:", "DJI"), ("drone-skydio:", "Skydio"), ("drone-parrot:", "Parrot"),
    ("drone-autel:", "Autel"), ("sensefly:", "senseFly"), ("drone:", "Autel"),
    ("Camera:", "Pix4D"),
)  # fmt: skip
_MAKES = (("dji", "DJI"), ("skydio", "Skydio"), ("parrot", "Parrot"), ("autel", "Autel"),
          ("teledyne flir", "Teal"), ("sensefly", "senseFly"))  # fmt: skip
_NED, _VEHICLE = "drone-skydio:CameraOrientationNED/", "drone-skydio:VehicleOrientationNED/"


def _alike(*names: str) -> tuple[str, ...]:
    """Return the same local names in the namespaces that share DJI's vocabulary."""
    return tuple(
        f"{space}:{name}" for space in ("drone-dji", "drone", "drone-autel") for name in names
    )


# Attribute to the XMP fields that state it, the most specific first.
_XMP: dict[str, tuple[str, ...]] = {
    "lat": (*_alike("GpsLatitude", "GPSLatitude", "Latitude"), "drone-skydio:Latitude",
            "sensefly:Latitude", "Camera:GPSLatitude"),
    # Longtitude is how DJI spelt it for years.
    "lon": (*_alike("GpsLongitude", "GpsLongtitude", "GPSLongitude", "Longitude"),
            "drone-skydio:Longitude", "sensefly:Longitude", "Camera:GPSLongitude"),
    "absolute_altitude_m": (*_alike("AbsoluteAltitude"), "drone-skydio:AbsoluteAltitude",
                            "drone-parrot:AbsoluteAltitude", "sensefly:AltitudeAMSL",
                            "Camera:GPSAltitude"),
    "relative_altitude_m": (*_alike("RelativeAltitude"), "drone-skydio:RelativeAltitude",
                            "drone-parrot:RelativeAltitude", "Camera:AboveGroundAltitude",
                            "sensefly:Height"),
    "gimbal_yaw_deg": (*_alike("GimbalYawDegree"), _NED + "drone-skydio:Yaw",
                       "drone-parrot:CameraYawDegree", "exif:CameraYaw", "Camera:Yaw"),
    "gimbal_pitch_deg": (*_alike("GimbalPitchDegree"), _NED + "drone-skydio:Pitch",
                         "drone-parrot:CameraPitchDegree", "exif:CameraPitch", "Camera:Pitch"),
    "gimbal_roll_deg": (*_alike("GimbalRollDegree"), _NED + "drone-skydio:Roll",
                        "drone-parrot:CameraRollDegree", "exif:CameraRoll", "Camera:Roll"),
    "flight_yaw_deg": (*_alike("FlightYawDegree"), _VEHICLE + "drone-skydio:Yaw",
                       "drone-parrot:DroneYawDegree", "exif:PlatformYaw", "sensefly:Heading"),
    "flight_pitch_deg": (*_alike("FlightPitchDegree"), _VEHICLE + "drone-skydio:Pitch",
                         "drone-parrot:DronePitchDegree", "exif:PlatformPitch",
                         "sensefly:PitchAngle"),
    "flight_roll_deg": (*_alike("FlightRollDegree"), _VEHICLE + "drone-skydio:Roll",
                        "drone-parrot:DroneRollDegree", "exif:PlatformRoll",
                        "sensefly:RollAngle"),
    "speed_x_mps": _alike("FlightXSpeed"),
    "speed_y_mps": _alike("FlightYSpeed"),
    "speed_z_mps": _alike("FlightZSpeed"),
    "ground_speed_mps": ("sensefly:GroundSpeed",),
}  # fmt: skip
_NOTE = {
    "SpeedX": "speed_x_mps", "SpeedY": "speed_y_mps", "SpeedZ": "speed_z_mps",
    "Pitch": "flight_pitch_deg", "Yaw": "flight_yaw_deg", "Roll": "flight_roll_deg",
    "CameraPitch": "gimbal_pitch_deg", "CameraYaw": "gimbal_yaw_deg",
    "CameraRoll": "gimbal_roll_deg",
}  # fmt: skip
_FIELDS = {name: attribute for attribute, names in _XMP.items() for name in names}
_ORDER = {name: rank for names in _XMP.values() for rank, name in enumerate(names)}
_RTK = {0: "none", 16: "single", 34: "float", 50: "fixed"}  # DJI, image metadata of RTK models
_CLOCKS = ("XMP:drone-skydio:TakeoffUclock", "XMP:drone-dji:UTCAtExposure", "XMP:sensefly:UTCTime")
_LIMITS = {"lat": 90.0, "lon": 180.0, "absolute_altitude_m": 20_000.0,
           "relative_altitude_m": 20_000.0, "speed": 500.0}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class PoseField:
    """One field that states part of the pose, with its place.

    ``attribute`` is the field of `DronePose` that it states; ``value`` is normalised as there,
    ``written`` is what the file holds.
    """

    attribute: str
    tag: str
    value: float
    written: str
    offset: int | None
    length: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DronePose:
    """Pose of the camera as the drone wrote it; unknown is None.

    ``absolute_altitude_m`` is above the maker's reference (sea level or ellipsoid),
    ``relative_altitude_m`` above the point of take-off, not above the ground in the picture.
    Gimbal angles are those of the camera: yaw clockwise from north in -180..180; pitch 0 is level,
    -90 straight down. Flight angles are those of the aircraft. ``rtk`` is ``fixed``, ``float``,
    ``single``, ``none`` or the bare number of DJI's flag. ``raw`` holds every field of the pose,
    duplicates in other blocks included.
    """

    maker: str
    lat: float | None = None
    lon: float | None = None
    absolute_altitude_m: float | None = None
    relative_altitude_m: float | None = None
    gimbal_yaw_deg: float | None = None
    gimbal_pitch_deg: float | None = None
    gimbal_roll_deg: float | None = None
    flight_yaw_deg: float | None = None
    flight_pitch_deg: float | None = None
    flight_roll_deg: float | None = None
    speed_mps: float | None = None
    capture_time_utc: str | None = None
    rtk: str | None = None
    raw: tuple[PoseField, ...] = ()


def find_pose(
    reading: Reading, *, gps: Gps | None, make: str | None, times: Iterable[Time] = ()
) -> DronePose | None:
    """Collect the pose fields of a read file; None where no drone field is among them."""
    maker, own = _maker(reading.entries, make), _collect(reading)
    if maker is None or not own:
        return None
    found = [*own, *_from_gps(reading, gps)]
    first = {field.attribute: field.value for field in reversed(found)}
    clock = {time.tag: time.value for time in times if time.source == "drone"}
    moment = next((clock[tag] for tag in _CLOCKS if tag in clock), None)
    return DronePose(
        maker=maker, speed_mps=_speed(first), rtk=_rtk(reading.entries), raw=tuple(found),
        capture_time_utc=None if moment is None
        else datetime.fromisoformat(moment).isoformat().replace("+00:00", "Z"),
        **{name: first.get(name) for name in _XMP if "speed" not in name},
    )  # fmt: skip


def drone_position(pose: DronePose) -> Gps | None:
    """Return the position in the drone's own fields; None where they state none."""
    own = (field for field in reversed(pose.raw) if not field.tag.startswith("GPS:"))
    first = {field.attribute: field for field in own}
    lat, lon, height = (first.get(name) for name in ("lat", "lon", "absolute_altitude_m"))
    if lat is None or lon is None:
        return None
    return Gps(
        lat=lat.value, lon=lon.value, altitude_m=None if height is None else height.value,
        source="drone", tags=(lat.tag, lon.tag),
    )  # fmt: skip


def _maker(entries: list[TagEntry], make: str | None) -> str | None:
    word = (make or "").lower()
    named = next((maker for mark, maker in _MAKES if mark in word), None)
    if named is not None:
        return named
    names = [entry.name for entry in entries if entry.group == "XMP"]
    return next((maker for mark, maker in _MAKERS if any(n.startswith(mark) for n in names)), None)


def _collect(reading: Reading) -> list[PoseField]:
    found: list[tuple[int, PoseField]] = []
    dji = any(e.group == "MakerNote" and e.name == "Make" for e in reading.entries)
    for entry in list(reading.entries):
        attribute, rank = None, 100
        if entry.group == "XMP" and entry.name in _FIELDS:
            attribute, rank = _FIELDS[entry.name], _ORDER[entry.name]
        elif entry.group == "MakerNote" and dji:
            attribute = _NOTE.get(entry.name)
        if attribute is None:
            continue
        value = number(entry.value)
        if value is None or not _possible(attribute, value):
            kind = "unreadable-position" if attribute in ("lat", "lon") else "drone"
            reading.observe(kind, f"{entry.group}:{entry.name} {str(entry.value)[:40]!r} is not a "
                            "possible value", entry.offset, entry.length)  # fmt: skip
            continue
        found.append((rank, PoseField(
            attribute=attribute, tag=f"{entry.group}:{entry.name}",
            value=_normalised(attribute, entry.name, value), written=str(entry.value)[:80],
            offset=entry.offset, length=entry.length,
        )))  # fmt: skip
    return [field for _, field in sorted(found, key=lambda pair: pair[0])]


def _from_gps(reading: Reading, gps: Gps | None) -> list[PoseField]:
    rows = () if gps is None else (
        ("lat", "GPS:GPSLatitude", gps.lat), ("lon", "GPS:GPSLongitude", gps.lon),
        ("absolute_altitude_m", "GPS:GPSAltitude", gps.altitude_m),
    )  # fmt: skip
    return [
        PoseField(attribute=attribute, tag=tag, value=value, written=f"{value:.9g}",
                  offset=reading.place_of(tag)[0], length=reading.place_of(tag)[1])
        for attribute, tag, value in rows if value is not None
    ]  # fmt: skip


def _possible(attribute: str, value: float) -> bool:
    if attribute.endswith("_deg"):
        return abs(value) <= 360
    return abs(value) <= _LIMITS.get(attribute, _LIMITS["speed"])


def _normalised(attribute: str, name: str, value: float) -> float:
    if name == "Camera:Pitch":
        value -= 90  # Pix4D: 0 is straight down
    if attribute.endswith("_deg") and abs(value) > 180:
        value -= math.copysign(360, value)
    return value


def _speed(first: dict[str, float]) -> float | None:
    known = [first[name] for axis in "xyz" if (name := f"speed_{axis}_mps") in first]
    return math.hypot(*known) if len(known) == 3 else first.get("ground_speed_mps")


def _rtk(entries: list[TagEntry]) -> str | None:
    flags = {e.name: e.value for e in reversed(entries) if e.group == "XMP"}
    flag = next((flags[name] for name in _alike("RtkFlag") if name in flags), None)
    state = number(flag)
    return None if state is None else _RTK.get(int(state), f"{state:g}")
