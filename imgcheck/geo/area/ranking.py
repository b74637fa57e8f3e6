"""Which places are different ones, and which places elsewhere weigh against the best."""

import math

import numpy as np
from numpy.typing import NDArray

from imgcheck.geo import earth
from imgcheck.geo.area.sweep import Peak
from imgcheck.geo.placement import affine_of, system_of, to_lonlat
from imgcheck.imaging import transforms

# Places kept; of those elsewhere, so many weigh against the best.
_KEPT, _RIVALS = 64, 24
# Middles nearer than this share of the picture's side show much of the same ground.
_ELSEWHERE = 0.7


def apart(peaks: list[Peak], shape: tuple[int, ...], *, most: int = _KEPT) -> list[Peak]:
    """Keep the best of those that lay the picture almost alike, most surprising first."""
    side = math.sqrt(shape[0] * shape[1])
    chosen: list[Peak] = []
    for peak in sorted(peaks, key=lambda p: -p.surprise):
        if not any(_alike(peak, other, side) for other in chosen):
            chosen.append(peak)
        if len(chosen) == most:
            break
    return chosen


def _alike(peak: Peak, other: Peak, side: float) -> bool:
    if peak.source.id != other.source.id:
        return False
    turn = abs((peak.turn - other.turn + 180) % 360 - 180)
    size = abs(math.log(peak.scale / other.scale))
    away = math.hypot(peak.x - other.x, peak.y - other.y)
    return away < 0.1 * side * other.scale and turn < 15 and size < 0.25


def rivals(best: Peak, peaks: list[Peak], shape: tuple[int, ...]) -> list[float]:
    """Give the surprises of the best places elsewhere: all of them are wrong if this one is right.

    Two places on overlapping ground, of one reference or two, count once.
    """
    side = math.sqrt(shape[0] * shape[1])
    ground = _lonlat(peaks)
    away_m = _ELSEWHERE * side * best.scale * best.source.gsd_m
    taken = [_lonlat([best])[0]]
    found = []
    for peak, place in zip(peaks, ground, strict=True):
        if all(_metres(place, other) > away_m for other in taken):
            taken.append(place)
            found.append(peak.surprise)
        if len(found) == _RIVALS:
            break
    return found


def _lonlat(peaks: list[Peak]) -> NDArray[np.float64]:
    places = []
    for peak in peaks:
        at = transforms.apply(affine_of(peak.source.transform), [[peak.x, peak.y]])
        places.append(to_lonlat(system_of(peak.source.crs), at)[0])
    return np.array(places).reshape(-1, 2)


def _metres(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    east, north = earth.metres_per_degree(float(a[1] + b[1]) / 2)
    turn = (float(a[0] - b[0]) + 180) % 360 - 180
    return math.hypot(turn * east, float(a[1] - b[1]) * north)
