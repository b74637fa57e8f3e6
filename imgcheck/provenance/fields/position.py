"""Positions of the camera in a file: the GPS directory, XMP, and texts that repeat either."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from imgcheck.provenance.fields.values import Reading, Value, number
from imgcheck.quantity import LonLat

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
# Lower and higher than any camera: the trenches of the sea, and the reach of a balloon.
_LARGEST = 1e9  # of any number in a position
_LOWEST_M, _HIGHEST_M = -12_000.0, 100_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Gps:
    """Position and direction as one part of the file states them; unknown is None.

    Latitude and longitude are None where a number is missing, 0/0 or out of range, where the
    hemisphere is not stated, or where the sign contradicts it: a sign is never guessed.
    ``altitude_m`` is negative below the reference surface and None outside -12,000 to 100,000 m.
    ``direction_deg`` is the viewing direction, clockwise from ``direction_ref`` (true or magnetic
    north). ``datum`` is as written; without it WGS 84 is usual but not certain. ``source`` is
    ``EXIF`` (the GPS directory), ``XMP``, ``PNG`` (texts) or ``drone`` (its maker's fields);
    ``tags`` are the fields of latitude and longitude.
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
    def point(self) -> LonLat | None:
        """The position; None unless latitude and longitude are known."""
        return None if self.lat is None or self.lon is None else LonLat(lon=self.lon, lat=self.lat)

    @property
    def whole(self) -> bool:
        return self.point is not None

    @property
    def zero(self) -> bool:
        """Whether it is 0, 0, which writers also use for "no position"."""
        return self.lat == 0 and self.lon == 0


def best_position(positions: Sequence[Gps]) -> Gps | None:
    """Return the first position that is whole and not 0, 0; else the best of the rest."""
    return min(positions, key=lambda one: (not one.whole, one.zero), default=None)


def find_positions(reading: Reading, tags: Mapping[str, Value]) -> tuple[Gps, ...]:
    """Read every position that EXIF, XMP or the texts of a PNG state."""
    found = (_Finder(reading, tags, prefix).find(source) for source, prefix in _PLACES)
    return tuple(gps for gps in found if gps is not None)


@dataclass(frozen=True, slots=True)
class _Finder:
    """Reads the GPS fields of one block: those whose names begin with ``prefix``."""

    reading: Reading
    tags: Mapping[str, Value]
    prefix: str

    def find(self, source: Source) -> Gps | None:
        names = f"{self.prefix}GPSLatitude", f"{self.prefix}GPSLongitude"
        # One angle written with a sign means that the other without one is positive.
        signed = source != "EXIF" and any(
            str(self.tags.get(name) or "").strip()[:1] in ("+", "-") for name in names
        )
        lat = self._angle("GPSLatitude", "NS", 90, signed)
        lon = self._angle("GPSLongitude", "EW", 180, signed)
        if lat == 0 and lon == 0:
            self._observe(
                "gps", "GPSLatitude", "the position is 0, 0, which writers also use for "
                "'no position'",
            )  # fmt: skip
        altitude, altitude_ref = self._altitude()
        direction = self._number("GPSImgDirection")
        if direction is not None and not 0 <= direction <= 360:
            self._observe("gps", "GPSImgDirection",
                          f"GPSImgDirection {direction:.6g} is not in 0..360 degrees")  # fmt: skip
            direction = None
        if lat is None and lon is None and altitude is None and direction is None:
            return None
        reference = str(self._value("GPSImgDirectionRef")).strip().upper()
        datum = self._value("GPSMapDatum")
        return Gps(
            lat=lat, lon=lon, altitude_m=altitude, altitude_ref=altitude_ref,
            direction_deg=direction,
            direction_ref={"T": "true", "M": "magnetic"}.get(reference),
            datum=None if datum is None else str(datum).strip() or None,
            error_m=self._number("GPSHPositioningError"), dop=self._number("GPSDOP"),
            source=source, tags=names,
        )  # fmt: skip

    def _value(self, name: str) -> Value | None:
        return self.tags.get(self.prefix + name)

    def _number(self, name: str) -> float | None:
        return number(self._value(name), _LARGEST)

    def _observe(self, kind: str, name: str, message: str) -> None:
        self.reading.observe(kind, message, *self.reading.place_of(self.prefix + name))

    def _angle(self, name: str, letters: str, limit: int, signed: bool) -> float | None:
        value = self._value(name)
        if value is None or value == "":
            return None
        written = str(value)[:60]
        parts, letter = _parts(value)
        known = [part for part in parts if part is not None]
        if parts and not known:
            self._observe("gps", name, f"{name} is not filled in: {written}")
            return None
        if any(part is not None and abs(part) > 60 for part in parts[1:]):
            self._observe("gps", name, f"{name} {written} has parts out of range")
        reference = self._value(f"{name}Ref")
        letter = letter or ("" if reference is None else str(reference).strip().upper()[:1])
        minus = written.strip().startswith("-") or any(part < 0 for part in known)
        problem = None
        degrees = 0.0
        # A missing tail (degrees only, or degrees and decimal minutes with 0/0 seconds) is legal.
        if not known or len(parts) > 3 or known != parts[: len(known)]:
            problem = "is not an angle"
        elif (degrees := sum(abs(part) / 60**power for power, part in enumerate(known))) > limit:
            problem = f"is more than {limit} degrees"
        elif not letter and (minus or signed):
            letter = letters[minus]
        elif letter not in letters or not letter:
            problem = "has no hemisphere, so its sign is unknown"
        elif minus and letter == letters[0]:
            problem = f"has a minus sign and the reference {letter}: they contradict each other"
        if problem is not None:
            self._observe("unreadable-position", name, f"{name} {written} {problem}")
            return None
        return -degrees if letter == letters[1] else degrees

    def _altitude(self) -> tuple[float | None, str | None]:
        value = self._value("GPSAltitude")
        altitude = float(value) if isinstance(value, int | float) else number(value, _LARGEST)
        if altitude is None:
            if isinstance(value, str) and value.strip() and not value.endswith("/0"):
                self._observe("height", "GPSAltitude",
                              f"GPSAltitude {value[:40]!r} is not a number")  # fmt: skip
            return None, None
        stated = self._value("GPSAltitudeRef")
        reference = "0" if stated is None else str(stated).strip()
        # Exif 3.0: 0 and 1 ellipsoid (2.32: sea level) above and below, 2 and 3 sea level.
        surface = "mean sea level" if reference in ("2", "3") else "sea level or ellipsoid"
        if not _LOWEST_M <= altitude <= _HIGHEST_M:
            wrapped = self._signed_32(altitude)
            lead = "" if wrapped is None else f"; read as a signed number it is {wrapped:.6g} m"
            self._observe("height", "GPSAltitude",
                          f"GPSAltitude {altitude:.10g} m is not a possible height{lead}",
                          )  # fmt: skip
            return None, None
        return (-abs(altitude) if reference in ("1", "3") else altitude), surface

    def _signed_32(self, value: float) -> float | None:
        """Read the numerator of an impossible height as signed: some writers store it so."""
        offset, length = self.reading.place_of(f"{self.prefix}GPSAltitude")
        if offset is None or length != 8:
            return None
        orders: tuple[Literal["little", "big"], ...] = ("little", "big")
        for order in orders:
            above, below = (int.from_bytes(self.reading.data[i : i + 4], order)
                            for i in (offset, offset + 4))  # fmt: skip
            if below and above / below == value:
                signed = (above - (1 << 32)) / below
                return signed if signed >= _LOWEST_M else None
        return None


def _parts(value: Value) -> tuple[list[float | None], str]:
    """Return the numbers of an angle and its hemisphere, "" where the value names none."""
    if isinstance(value, str):
        text = value.strip()[:80]
        left = _BETWEEN.sub("", _TOKEN.sub("", text))
        if left and _HEMISPHERE.fullmatch(left) is None:
            return [], ""
        return [number(token, _LARGEST) for token in _TOKEN.findall(text)], left[:1].upper()
    return [number(part, _LARGEST) for part in (value if isinstance(value, list) else [value])], ""
