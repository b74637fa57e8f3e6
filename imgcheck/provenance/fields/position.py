"""Where a file says the camera was: the GPS directory, XMP, and texts that repeat either."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from imgcheck.provenance.fields.value import Reading, Value

Source = Literal["EXIF", "XMP", "PNG", "drone"]

_TOKEN = re.compile(
    r"[+-]?(?:\d{1,20}(?:\.\d{0,30})?|\.\d{1,30})(?:[eE][+-]?\d{1,2})?(?:/\d{1,20})?", re.ASCII
)
# What may stand between the numbers of 36,48,14.5 or of 36 deg 48' 14.5" and its like.
_BETWEEN = re.compile(r"[\s,;:_\u00b0\u00ba'\"\u2019\u201d\u2032\u2033\[\]()]|deg|min|sec|d|m")
_HEMISPHERE = re.compile(r"[NSEW]|north|south|east|west", re.IGNORECASE)
# Where the standards put a position, and what programs make of it: XMP part 2 (exif), IPTC
# Extension (the place of the camera), and ImageMagick's texts in PNG.
_PLACES: tuple[tuple[Source, str], ...] = (
    ("EXIF", "GPS:"), ("XMP", "XMP:exif:"),
    ("XMP", "XMP:Iptc4xmpExt:LocationCreated[1]/exif:"),
    ("XMP", "XMP:Iptc4xmpExt:LocationCreated/exif:"), ("PNG", "PNG:exif:"),
)  # fmt: skip
# Lower and higher than any camera: the trenches of the sea, and what a balloon reaches.
_LOWEST_M, _HIGHEST_M = -12_000.0, 100_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Gps:
    """Position and direction as one part of the file states them; unknown is None.

    Attributes
    ----------
    lat, lon : float or None
        Degrees, north and east positive. None where a number is missing, 0/0, out of range, where
        its hemisphere is not stated, or where its sign contradicts its hemisphere: a sign is
        never guessed.
    altitude_m : float or None
        Metres, negative below the reference surface (``altitude_ref``). None outside
        -12,000 to 100,000 m.
    direction_deg : float or None
        Where the camera pointed, degrees clockwise from ``direction_ref`` (true or magnetic
        north; None: not said).
    datum : str or None
        As written; without it WGS 84 is usual but not certain.
    error_m : float or None
        GPSHPositioningError.
    source : str
        ``EXIF`` (the GPS directory), ``XMP``, ``PNG`` (texts) or ``drone`` (its maker's fields).
    tags : (str, str)
        The fields of latitude and longitude, ``group:name``.
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
    source: Source = "EXIF"
    tags: tuple[str, str] = ("GPS:GPSLatitude", "GPS:GPSLongitude")

    @property
    def whole(self) -> bool:
        """Whether latitude and longitude are known."""
        return self.lat is not None and self.lon is not None

    @property
    def zero(self) -> bool:
        """Whether it is 0, 0, which writers also use for "no position"."""
        return self.lat == 0 and self.lon == 0


def best_position(positions: Sequence[Gps]) -> Gps | None:
    """Give the first position that is whole and not 0, 0; else the best of the rest."""
    ranked = sorted(positions, key=lambda one: (not one.whole, one.zero))
    return ranked[0] if ranked else None


def find_positions(reading: Reading, tags: Mapping[str, Value]) -> tuple[Gps, ...]:
    """Read every position that EXIF, XMP or the texts of a PNG state."""
    found = (_find(reading, tags, source, prefix) for source, prefix in _PLACES)
    return tuple(gps for gps in found if gps is not None)


def _find(reading: Reading, tags: Mapping[str, Value], source: Source, prefix: str) -> Gps | None:
    names = f"{prefix}GPSLatitude", f"{prefix}GPSLongitude"
    signed = source != "EXIF" and any(str(tags.get(name, "")).strip()[:1] in ("+", "-") and
                                      tags.get(name) for name in names)  # fmt: skip
    lat = _angle(reading, tags, names[0], "NS", 90, signed)
    lon = _angle(reading, tags, names[1], "EW", 180, signed)
    if lat == 0 and lon == 0:
        reading.observe("gps", "the position is 0, 0, which writers also use for 'no position'",
                        *reading.place_of(names[0]))  # fmt: skip
    altitude, altitude_ref = _altitude(reading, tags, prefix)
    direction = _number(tags.get(f"{prefix}GPSImgDirection"))
    if direction is not None and not 0 <= direction <= 360:
        reading.observe("gps", f"GPSImgDirection {direction:.6g} is not in 0..360 degrees",
                        *reading.place_of(f"{prefix}GPSImgDirection"))  # fmt: skip
        direction = None
    if lat is None and lon is None and altitude is None and direction is None:
        return None
    reference = tags.get(f"{prefix}GPSImgDirectionRef")
    datum = tags.get(f"{prefix}GPSMapDatum")
    return Gps(
        lat=lat, lon=lon, altitude_m=altitude, altitude_ref=altitude_ref, direction_deg=direction,
        direction_ref={"T": "true", "M": "magnetic"}.get(str(reference).strip().upper()),
        datum=None if datum is None else str(datum).strip() or None,
        error_m=_number(tags.get(f"{prefix}GPSHPositioningError")),
        dop=_number(tags.get(f"{prefix}GPSDOP")), source=source, tags=names,
    )  # fmt: skip


def _number(value: Value | None) -> float | None:
    """Give a number that is one, also as text or fraction; "0/0", words and lists are none."""
    if isinstance(value, str):
        match = _TOKEN.fullmatch(value.strip()[:60])
        return None if match is None else _fraction(match[0])
    if isinstance(value, int | float) and abs(value) < 1e9:
        return float(value)
    return None


def _fraction(token: str) -> float | None:
    above, _, below = token.partition("/")
    divisor = float(below) if below else 1.0
    number = float(above) / divisor if divisor else None
    return number if number is not None and abs(number) < 1e9 else None


def _angle(
    reading: Reading, tags: Mapping[str, Value], name: str, letters: str, limit: int, signed: bool
) -> float | None:
    """Turn degrees, minutes, seconds and a hemisphere into signed degrees.

    ``signed`` says that one of the two angles is written with a sign, so that no sign means plus.
    """
    value = tags.get(name)
    if value is None or value == "":
        return None
    written, short = str(value)[:60], name.rpartition(":")[2]
    parts, letter = _parts(value)
    if parts and all(part is None for part in parts):
        reading.observe("gps", f"{short} is not filled in: {written}", *reading.place_of(name))
        return None
    if any(part is not None and abs(part) > 60 for part in parts[1:]):
        reading.observe("gps", f"{short} {written} has parts out of range",
                        *reading.place_of(name))  # fmt: skip
    letter = letter or str(tags.get(f"{name}Ref", "")).strip().upper()[:1]
    minus = written.strip().startswith("-") or any(part is not None and part < 0 for part in parts)
    degrees = _degrees(parts)
    problem = None
    if degrees is None:
        problem = "is no angle"
    elif degrees > limit:
        problem = f"is more than {limit} degrees"
    elif not letter and (minus or signed):
        letter = letters[minus]
    elif letter not in letters or not letter:
        problem = "has no hemisphere, so its sign is unknown"
    elif minus and letter == letters[0]:
        problem = f"has a minus sign and the reference {letter}: they contradict each other"
    if degrees is None or problem is not None:
        reading.observe("unreadable-position", f"{short} {written} {problem}",
                        *reading.place_of(name))  # fmt: skip
        return None
    return -degrees if letter == letters[1] else degrees


def _degrees(parts: list[float | None]) -> float | None:
    """Add degrees, minutes and seconds up, without their signs; None where they are no angle."""
    known = [part for part in parts if part is not None]
    # A missing tail (degrees only, or degrees and decimal minutes with 0/0 seconds) is legal.
    if not known or len(parts) > 3 or known != parts[: len(known)]:
        return None
    return sum(abs(part) / 60**power for power, part in enumerate(known))


def _parts(value: Value) -> tuple[list[float | None], str]:
    """Give the numbers of an angle and its hemisphere, "" where the value names none."""
    if isinstance(value, str):
        text = value.strip()[:80]
        left = _BETWEEN.sub("", _TOKEN.sub("", text))
        letter = _HEMISPHERE.fullmatch(left)
        if left and letter is None:
            return [], ""
        return [_fraction(token) for token in _TOKEN.findall(text)], left[:1].upper()
    if isinstance(value, list):
        return [_number(part) for part in value], ""
    return [_number(value)], ""


def _altitude(
    reading: Reading, tags: Mapping[str, Value], prefix: str
) -> tuple[float | None, str | None]:
    name = f"{prefix}GPSAltitude"
    value = tags.get(name)
    altitude = float(value) if isinstance(value, int | float) else _number(value)
    if altitude is None:
        if isinstance(value, str) and value.strip() and not value.endswith("/0"):
            reading.observe("height", f"GPSAltitude {value[:40]!r} is no number",
                            *reading.place_of(name))  # fmt: skip
        return None, None
    reference = str(tags.get(f"{name}Ref", 0)).strip()
    # Exif 3.0: 0 and 1 ellipsoid (2.32: sea level) above and below, 2 and 3 sea level.
    surface = "mean sea level" if reference in ("2", "3") else "sea level or ellipsoid"
    if not _LOWEST_M <= altitude <= _HIGHEST_M:
        wrapped = _signed_32(reading, name, altitude)
        lead = "" if wrapped is None else f"; read as a signed number it is {wrapped:.6g} m"
        reading.observe(
            "height", f"GPSAltitude {altitude:.10g} m is no possible height{lead}",
            *reading.place_of(name),
        )  # fmt: skip
        return None, None
    return (-abs(altitude) if reference in ("1", "3") else altitude), surface


def _signed_32(reading: Reading, name: str, value: float) -> float | None:
    """Read the fraction of an impossible height anew, its numerator as a signed number.

    Writers put negative heights into the unsigned field.
    """
    for raw, order in _raw(reading, name):
        above, below = (int.from_bytes(raw[i : i + 4], order) for i in (0, 4))
        if below and above / below == value:
            signed = (above - (1 << 32)) / below
            return signed if signed >= _LOWEST_M else None
    return None


def _raw(reading: Reading, name: str) -> Iterator[tuple[bytes, Literal["little", "big"]]]:
    offset, length = reading.place_of(name)
    if offset is not None and length == 8:
        yield reading.data[offset : offset + 8], "little"
        yield reading.data[offset : offset + 8], "big"
