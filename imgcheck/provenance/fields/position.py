"""Where the receiver in the camera says it was."""

from collections.abc import Mapping
from dataclasses import dataclass

from imgcheck.provenance.fields.value import Reading, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Gps:
    """Position and direction as the GPS directory states them; unknown is None.

    Attributes
    ----------
    lat, lon : float or None
        Degrees, north and east positive. None where a number is missing, 0/0, out of range, or
        where its hemisphere is not stated: a sign is never guessed.
    altitude_m : float or None
        Metres, negative below the reference surface (``altitude_ref``).
    direction_deg : float or None
        Where the camera pointed, degrees clockwise from ``direction_ref`` (true or magnetic
        north; None: not said).
    datum : str or None
        As written; without it WGS 84 is usual but not certain.
    error_m : float or None
        GPSHPositioningError.
    """

    lat: float | None
    lon: float | None
    altitude_m: float | None = None
    altitude_ref: str | None = None
    direction_deg: float | None = None
    direction_ref: str | None = None
    datum: str | None = None
    error_m: float | None = None
    dop: float | None = None


def find_gps(reading: Reading, tags: Mapping[str, Value]) -> Gps | None:
    """Read the GPS directory; None where it holds no position, height or direction."""
    lat = _angle(reading, tags, "GPSLatitude", "NS", 90)
    lon = _angle(reading, tags, "GPSLongitude", "EW", 180)
    if lat == 0 and lon == 0:
        reading.observe("gps", "the position is 0, 0, which writers also use for 'no position'",
                        *reading.place_of("GPS:GPSLatitude"))  # fmt: skip
    altitude, altitude_ref = _altitude(reading, tags)
    direction = _number(tags.get("GPS:GPSImgDirection"))
    if direction is not None and not 0 <= direction <= 360:
        reading.observe("gps", f"GPSImgDirection {direction:.6g} is not in 0..360 degrees",
                        *reading.place_of("GPS:GPSImgDirection"))  # fmt: skip
        direction = None
    if lat is None and lon is None and altitude is None and direction is None:
        return None
    reference = tags.get("GPS:GPSImgDirectionRef")
    return Gps(
        lat=lat, lon=lon, altitude_m=altitude, altitude_ref=altitude_ref, direction_deg=direction,
        direction_ref={"T": "true", "M": "magnetic"}.get(str(reference).strip().upper()),
        datum=str(tags["GPS:GPSMapDatum"]).strip() or None if "GPS:GPSMapDatum" in tags else None,
        error_m=_number(tags.get("GPS:GPSHPositioningError")), dop=_number(tags.get("GPS:GPSDOP")),
    )  # fmt: skip


def _number(value: Value | None) -> float | None:
    """Give a number that is one; "0/0", words and lists are none."""
    if isinstance(value, int | float) and abs(value) < 1e9:
        return float(value)
    return None


def _angle(
    reading: Reading, tags: Mapping[str, Value], name: str, letters: str, limit: int
) -> float | None:
    """Turn degrees, minutes, seconds and a hemisphere into signed degrees."""
    value = tags.get(f"GPS:{name}")
    if value is None:
        return None
    place = reading.place_of(f"GPS:{name}")
    written = str(value)[:60]
    parts = [_number(part) for part in (value if isinstance(value, list) else [value])]
    known = [part for part in parts if part is not None]
    # A missing tail (degrees only, or degrees and decimal minutes with 0/0 seconds) is legal.
    if not parts or parts[0] is None or len(parts) > 3 or known != parts[: len(known)]:
        reading.observe("gps", f"{name} {written} is no angle", *place)
        return None
    if any(part < 0 for part in known) or any(part >= 60 for part in known[1:]):
        reading.observe("gps", f"{name} {written} has parts out of range", *place)
    degrees = sum(abs(part) / 60**power for power, part in enumerate(known))
    if degrees > limit:
        reading.observe("gps", f"{name} {degrees:.6g} is more than {limit} degrees", *place)
        return None
    hemisphere = str(tags.get(f"GPS:{name}Ref", "")).strip().upper()[:1]
    if hemisphere not in letters or not hemisphere:
        reading.observe("gps", f"{name} has no hemisphere, so its sign is unknown", *place)
        return None
    return -degrees if hemisphere == letters[1] else degrees


def _altitude(reading: Reading, tags: Mapping[str, Value]) -> tuple[float | None, str | None]:
    altitude = _number(tags.get("GPS:GPSAltitude"))
    if altitude is None:
        return None, None
    reference = tags.get("GPS:GPSAltitudeRef", 0)
    if isinstance(reference, str) and reference.strip() in ("0", "1", "2", "3"):
        reference = int(reference)
    # Exif 3.0: 0 and 1 ellipsoid (2.32: sea level) above and below, 2 and 3 sea level.
    surface = "mean sea level" if reference in (2, 3) else "sea level or ellipsoid"
    if not -12_000 <= altitude <= 100_000:
        reading.observe("gps", f"GPSAltitude {altitude:.6g} m is outside the atmosphere")
    return (-abs(altitude) if reference in (1, 3) else altitude), surface
