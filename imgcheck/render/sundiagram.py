"""The sun's path over one day as a picture: azimuth across, elevation up, and what fits."""

from datetime import UTC, datetime
from html import escape

import numpy as np
from numpy.typing import NDArray

from imgcheck import sun

_WIDTH, _HEIGHT = 760, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 16, 44, 46


def _x(azimuth: float) -> float:
    return _LEFT + (azimuth % 360) / 360 * (_WIDTH - _LEFT - _RIGHT)


def _y(elevation: float) -> float:
    return _HEIGHT - _BOTTOM - max(elevation, 0.0) / 90 * (_HEIGHT - _TOP - _BOTTOM)


def _text(x: float, y: float, words: str, anchor: str = "middle", extra: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{extra}>{escape(words)}</text>'


def draw(
    lat: float,
    lon: float,
    *,
    claimed: tuple[datetime, datetime] | None = None,
    found: sun.Constraint | None = None,
    azimuth: tuple[float, float] | None = None,
    shadow_azimuth: tuple[float, float] | None = None,
    ratio: tuple[float, float] | None = None,
) -> str:
    """Draw the day of the claimed time (else of the best one) as SVG.

    Parameters
    ----------
    lat, lon : float
        Degrees, north and east positive.
    claimed : (start, end), optional
        Marked on the path.
    found : Constraint, optional
        Its allowed moments of that day are drawn thick.
    azimuth, shadow_azimuth, ratio : (value, sigma), optional
        What was measured; a band of 1.96 sigma each way.

    Returns
    -------
    str
        A whole SVG document without scripts or outside references.
    """
    moment = claimed[0] if claimed else found.best_time if found else None
    moment = moment or (found.window.start if found else datetime(2000, 1, 1, tzinfo=UTC))
    middle = np.datetime64(moment.astimezone(UTC).replace(tzinfo=None), "us")
    day = int((middle + np.timedelta64(round(lon * 240), "s")).astype("datetime64[D]").astype(int))
    # Whole minutes, so that full hours are among the times.
    start = np.datetime64(day, "D").astype("datetime64[us]") - np.timedelta64(round(lon * 4), "m")
    times = start + (np.arange(0, 24 * 60 + 1) * 60_000_000).astype("timedelta64[us]")
    path = sun.position(times, lat, lon)
    up = path.elevation_deg > 0
    title = f"Sun at {lat:g}, {lon:g} on {np.datetime64(day, 'D')} (local solar day; times UTC)"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'width="{_WIDTH}" height="{_HEIGHT}" font-family="sans-serif" font-size="12" role="img">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
        _text(_WIDTH / 2, 20, title, extra=' font-size="14"'),
        *_bands(azimuth, shadow_azimuth, ratio),
        *_axes(),
        *_lines(path, up, "#8a8a8a", 1.6),
    ]
    if found is not None:
        inside = np.zeros(times.size, bool)
        for span in found.sets:
            first, last = (
                np.datetime64(t.astimezone(UTC).replace(tzinfo=None), "us")
                for t in (span.start, span.end)
            )
            inside |= (times >= first) & (times <= last)
        parts += _lines(path, up & inside, "#1a6fb0", 5)
    for index in np.flatnonzero((times.astype("datetime64[m]").astype(np.int64) % 30 == 0) & up):
        clock = str(times[index].astype("datetime64[m]"))[11:]
        if clock.endswith("30"):
            continue
        x, y = _x(float(path.azimuth_deg[index])), _y(float(path.elevation_deg[index]))
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="#555"/>')
        parts.append(_text(x, y - 8, clock, extra=' font-size="10" fill="#555"'))
    if claimed is not None:
        mid = claimed[0] + (claimed[1] - claimed[0]) / 2
        here = sun.position(mid, lat, lon)
        if float(here.elevation_deg) > 0:
            x, y = _x(float(here.azimuth_deg)), _y(float(here.elevation_deg))
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="6" fill="#c1440e"/>')
            words = f"claimed {mid.astimezone(UTC):%H:%M}: azimuth {float(here.azimuth_deg):.1f}"
            anchor = "start" if x < _WIDTH * 0.7 else "end"
            shift = 10 if anchor == "start" else -10
            parts.append(_text(x + shift, y - 26, words, anchor, ' fill="#c1440e"'))
        else:
            words = f"claimed {mid.astimezone(UTC):%H:%M}: the sun was below the horizon"
            parts.append(_text(_WIDTH / 2, 38, words, extra=' fill="#c1440e"'))
    parts.append("</svg>")
    return "\n".join(parts) + "\n"


def _bands(
    azimuth: tuple[float, float] | None,
    shadow_azimuth: tuple[float, float] | None,
    ratio: tuple[float, float] | None,
) -> list[str]:
    """What was measured: a band across for the direction, one along for the length."""
    style = 'fill="#1a6fb0" fill-opacity="0.15"'
    parts: list[str] = []
    towards = azimuth
    if towards is None and shadow_azimuth is not None:
        towards = ((shadow_azimuth[0] + 180) % 360, shadow_azimuth[1])
    if towards is not None:
        half = min(1.96 * towards[1], 180.0)
        low = (towards[0] - half) % 360
        for left, wide in ((low, min(2 * half, 360 - low)), (0.0, max(0.0, low + 2 * half - 360))):
            width = wide / 360 * (_WIDTH - _LEFT - _RIGHT)
            if width > 0:
                parts.append(
                    f'<rect x="{_x(left):.1f}" y="{_y(90):.1f}" width="{width:.1f}" '
                    f'height="{_y(0) - _y(90):.1f}" {style}/>'
                )
    if ratio is not None:
        low_r, high_r = max(ratio[0] - 1.96 * ratio[1], 1e-3), ratio[0] + 1.96 * ratio[1]
        top, bottom = (float(np.degrees(np.arctan(1 / r))) for r in (low_r, high_r))
        parts.append(
            f'<rect x="{_LEFT}" y="{_y(top):.1f}" width="{_WIDTH - _LEFT - _RIGHT}" '
            f'height="{_y(bottom) - _y(top):.1f}" {style}/>'
        )
    return parts


def _axes() -> list[str]:
    right, line = _WIDTH - _RIGHT, 'stroke="#ddd" stroke-width="1"'
    parts: list[str] = []
    for elevation in range(0, 91, 15):
        y = _y(elevation)
        parts.append(f'<line x1="{_LEFT}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}" {line}/>')
        parts.append(_text(_LEFT - 6, y + 4, f"{elevation}°", "end"))
    for turn, name in ((0, "N"), (45, ""), (90, "E"), (135, ""), (180, "S"), (225, ""), (270, "W"),
                       (315, "")):  # fmt: skip
        x = _x(turn)
        parts.append(f'<line x1="{x:.1f}" y1="{_y(90):.1f}" x2="{x:.1f}" y2="{_y(0):.1f}" {line}/>')
        parts.append(_text(x, _y(0) + 16, f"{name} {turn}°".strip()))
    parts.append(_text((_LEFT + right) / 2, _HEIGHT - 8, "azimuth of the sun (true north)"))
    return parts


def _lines(path: sun.SunPosition, shown: NDArray[np.bool_], color: str, width: float) -> list[str]:
    """Polylines of runs of shown minutes, broken where the azimuth passes north."""
    parts: list[str] = []
    points: list[str] = []
    last = None
    for az, el, show in zip(path.azimuth_deg, path.elevation_deg, shown, strict=True):
        broken = last is not None and abs(az - last) > 180
        if (not show or broken) and points:
            parts.append(_polyline(points, color, width))
            points = []
        if show:
            points.append(f"{_x(float(az)):.1f},{_y(float(el)):.1f}")
        last = az
    if points:
        parts.append(_polyline(points, color, width))
    return parts


def _polyline(points: list[str], color: str, width: float) -> str:
    return (
        f'<polyline fill="none" stroke="{color}" stroke-width="{width}" '
        f'stroke-linecap="round" points="{" ".join(points)}"/>'
    )


def page(svg: str) -> str:
    """Wrap a diagram as an HTML page that loads nothing."""
    return (
        '<!doctype html>\n<html lang="en"><meta charset="utf-8">'
        "<title>Sun diagram</title><body>\n" + svg + "</body></html>\n"
    )
