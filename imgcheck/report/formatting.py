"""Text, dates and numbers made fit to be shown: safe, short, and no more precise than known."""

import json
import math
import re
from dataclasses import replace

from imgcheck.imaging.text import printable
from imgcheck.model import Measure
from imgcheck.quantity import Interval, distance, significant

#: Longest text shown of one field; a post has at most a few thousand characters.
LIMIT = 4000

# Persian, Indic scripts and joined emoji are spelt with these two invisible characters. They
# stay between two characters beyond ASCII, where they carry meaning and can command nothing.
_JOINERS = re.compile("(?<=[^\x00-\xa0])([\u200c\u200d])(?=[^\x00-\xa0])")

# The end of a sentence; a stop after a single letter or digit, or in "No. 3", is none.
_END = re.compile(r"(?<=[^\s.]{2}[.!?])(?<!\bNo\.)\s+(?=[A-Z“]|[a-z]+\.[a-z])")
_WORD = re.compile(r"[a-z]+(['’]s)?[,;:]?( |$)")


def line(text: str, *, limit: int = LIMIT, tell: bool = True) -> str:
    """Return a text on one line, without control or direction characters, cut where it is endless.

    Parameters
    ----------
    text : str
    limit : int
        Most characters of the text that are shown.
    tell : bool, default True
        Say how many characters are cut; without, an ellipsis stands for them. That is for places
        that give the same text in full elsewhere.
    """
    shown = safe(" ".join(text[:limit].split()))
    left = len(text) - limit
    if left <= 0:
        return shown
    return f"{shown} … ({left:,} more characters, see report.json)" if tell else f"{shown} …"


def sentence(text: str, *, limit: int = LIMIT) -> str:
    """Return a line that begins with a capital, unless it begins with a name such as ``geo.place``.

    Checks write some of their sentences to follow a colon; in a list they stand alone.
    """
    shown = line(text, limit=limit)
    return shown[0].upper() + shown[1:] if _WORD.match(shown) else shown


def first_sentence(text: str) -> str:
    """Return a text up to the end of its first sentence.

    Every check begins its summary with the sentence that carries the answer.
    """
    return _END.split(text, maxsplit=1)[0]


def quoted(text: str) -> str:
    """Return a text as a scalar of a YAML file, on one line; JSON strings are YAML."""
    return json.dumps(line(text, limit=400, tell=False), ensure_ascii=False)


def safe(text: str) -> str:
    """Replace every character that could command or mislead; meaningful joiners stay."""
    return "".join(
        part if part in ("\u200c", "\u200d") and place % 2 else printable(part)
        for place, part in enumerate(_JOINERS.split(text))
    )


# Significant digits of a number, and of a measure, whose uncertainty is not given. Tenths of a
# degree can matter.
_DIGITS, _MEASURED_DIGITS = 4, 3

_UNITS = {"deg": "°", "m2": "m²", "km2": "km²", "m^2": "m²", "percent": "%", "px2": "px²"}
_LENGTHS = {"m": 1.0, "km": 1000.0}
_SIZES = ("kB", "MB", "GB", "TB")


def number(value: float, *, resolution: float | None = None, digits: int = _DIGITS) -> str:
    """Return a number with the digits it deserves.

    Parameters
    ----------
    value : float or int
    resolution : float, optional
        Half-width of its interval: two digits of that are shown, no more.
    """
    if isinstance(value, int):
        return f"{value:,}" if abs(value) >= 10_000 else str(value)
    if math.isnan(value):
        return "unknown"
    if math.isinf(value):
        return "unlimited"
    if value == 0:
        return "0"
    size = math.floor(math.log10(abs(value)))
    if size < -4:
        mantissa, _, exponent = f"{value:.1e}".partition("e")
        return f"{mantissa.removesuffix('.0')} × 10^{int(exponent)}"
    if size > 11:
        return significant(value, digits)
    decimals = digits - 1 - size
    if resolution is not None and 0 < resolution < math.inf:
        # Never fewer than one digit of the value, so that a small value does not become 0.
        decimals = max(1 - math.floor(math.log10(resolution)), -size)
    decimals = max(0, min(decimals, 10))
    text = f"{value:,.{decimals}f}" if abs(value) >= 10_000 else f"{value:.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def with_unit(text: str, unit: str) -> str:
    """Put a unit behind a number: ``12 m``, ``142°``, ``3 %``."""
    shown = _UNITS.get(unit, line(unit, limit=40))
    if not shown:
        return text
    return f"{text}{shown}" if shown == "°" else f"{text} {shown}"


def share(fraction: float) -> str:
    """Return a share of 1 in per cent: two digits of it, or of what is missing to all."""
    percent = _tidy(100 * fraction)
    step = min(percent, 100 - percent)
    return f"{number(percent, resolution=step if step > 0 else None)} %"


def _tidy(percent: float) -> float:
    """Take away what multiplying by 100 adds: 0.07 * 100 is 7.000000000000001."""
    return float(f"{percent:.12g}")


def level(interval: Interval) -> str:
    """Return the level of an interval: ``95 %``."""
    return f"{number(_tidy(100 * interval.level))} %"


def ends(interval: Interval, *, unit: str = "") -> str:
    """Return the ends of an interval: ``8 to 17 m``, ``at least 3``, ``at most 8``."""
    low, high = interval.low, interval.high
    if math.isinf(low) and math.isinf(high):
        return "any value"
    if math.isinf(high):
        return f"at least {with_unit(number(low), unit)}"
    if math.isinf(low):
        return f"at most {with_unit(number(high), unit)}"
    if low == high:
        return with_unit(number(low), unit)
    half = (high - low) / 2
    return f"{number(low, resolution=half)} to {with_unit(number(high, resolution=half), unit)}"


def scaled(measure: Measure) -> Measure:
    """Return a measure in kilometres that stays below one kilometre in metres."""
    found, interval = measure.value, measure.interval
    if measure.unit != "km" or isinstance(found, bool | str) or found is None:
        return measure
    parts = [found] if interval is None else [found, interval.low, interval.high]
    if max(abs(part) for part in parts if math.isfinite(part)) >= 1:
        return measure
    if interval is not None:
        low, high = 1000 * interval.low, 1000 * interval.high
        interval = Interval(low=low, high=high, level=interval.level)
    return replace(measure, value=1000.0 * found, unit="m", interval=interval)


def value(measure: Measure) -> str:
    """Return a measure's value with its unit, without its interval."""
    found = measure.value
    if found is None:
        return f"unknown: {line(measure.reason or 'no reason given')}"
    if isinstance(found, bool):
        return "yes" if found else "no"
    if isinstance(found, str):
        return with_unit(line(found), measure.unit)
    if measure.interval is None and measure.unit in _LENGTHS:
        return distance(found * _LENGTHS[measure.unit])
    digits = _DIGITS if measure.unit == "deg" else _MEASURED_DIGITS
    shown = number(found, resolution=_half_width(measure.interval), digits=digits)
    return with_unit(shown, measure.unit)


def measure(item: Measure) -> str:
    """Return a measure in one run of words: ``12 m (95 %: 8 to 17 m)``."""
    item = scaled(item)
    if item.interval is None:
        return value(item)
    return f"{value(item)} ({level(item.interval)}: {ends(item.interval, unit=item.unit)})"


def _half_width(interval: Interval | None) -> float | None:
    if interval is None or math.isinf(interval.high) or math.isinf(interval.low):
        return None
    return (interval.high - interval.low) / 2


def size(bytes_: int | None) -> str:
    """Return a file size for reading: ``2.41 MB``."""
    if bytes_ is None:
        return "file size unknown"
    if bytes_ < 1000:
        return f"{bytes_} bytes"
    power = 1
    while bytes_ / 1000**power >= 999.5 and power < len(_SIZES):
        power += 1
    return f"{significant(bytes_ / 1000**power)} {_SIZES[power - 1]}"
