"""Numbers with sensible digits, units and intervals."""

import math
from dataclasses import replace

from imgcheck.model import Measure
from imgcheck.quantity import Interval, distance, significant
from imgcheck.report.plain import line

# Significant digits of a number that says nothing of its own uncertainty.
_DIGITS = 4

_UNITS = {"deg": "°", "m2": "m²", "km2": "km²", "m^2": "m²", "percent": "%", "px2": "px²"}
_LENGTHS = {"m": 1.0, "km": 1000.0}
_SIZES = ("kB", "MB", "GB", "TB")


def number(value: float, *, resolution: float | None = None) -> str:
    """Give a number with the digits it deserves.

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
        return significant(value, _DIGITS)
    decimals = _DIGITS - 1 - size
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
    """Give a share of 1 in per cent: two digits of it, or of what is missing to all."""
    percent = _tidy(100 * fraction)
    step = min(percent, 100 - percent)
    return f"{number(percent, resolution=step if step > 0 else None)} %"


def _tidy(percent: float) -> float:
    """Take away what multiplying by 100 adds: 0.07 * 100 is 7.000000000000001."""
    return float(f"{percent:.12g}")


def level(interval: Interval) -> str:
    """Give the level of an interval: ``95 %``."""
    return f"{number(_tidy(100 * interval.level))} %"


def ends(interval: Interval, *, unit: str = "") -> str:
    """Give the ends of an interval: ``8 to 17 m``, ``at least 3``, ``at most 8``."""
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


def interval_of_shares(interval: Interval) -> str:
    """Give an interval of a share: ``95 %: 0.4 % to 2.1 %``."""
    return f"{level(interval)}: {share(interval.low)} to {share(interval.high)}"


def scaled(measure: Measure) -> Measure:
    """Give a measure in kilometres that stays below one kilometre in metres."""
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
    """Give a measure's value with its unit, without its interval."""
    found = measure.value
    if found is None:
        return f"unknown: {line(measure.reason or 'no reason given')}"
    if isinstance(found, bool):
        return "yes" if found else "no"
    if isinstance(found, str):
        return with_unit(line(found), measure.unit)
    if measure.interval is None and measure.unit in _LENGTHS:
        return distance(found * _LENGTHS[measure.unit])
    return with_unit(number(found, resolution=_half_width(measure.interval)), measure.unit)


def measure(item: Measure) -> str:
    """Give a measure in one run of words: ``12 m (95 %: 8 to 17 m)``."""
    item = scaled(item)
    if item.interval is None:
        return value(item)
    return f"{value(item)} ({level(item.interval)}: {ends(item.interval, unit=item.unit)})"


def _half_width(interval: Interval | None) -> float | None:
    if interval is None or math.isinf(interval.high) or math.isinf(interval.low):
        return None
    return (interval.high - interval.low) / 2


def size(bytes_: int | None) -> str:
    """Give a file size for reading: ``2.41 MB``."""
    if bytes_ is None:
        return "file size unknown"
    if bytes_ < 1000:
        return f"{bytes_} bytes"
    power = 1
    while bytes_ / 1000**power >= 999.5 and power < len(_SIZES):
        power += 1
    return f"{significant(bytes_ / 1000**power)} {_SIZES[power - 1]}"
