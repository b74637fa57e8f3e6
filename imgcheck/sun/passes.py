"""Local solar time compared with the usual pass times of civil satellites: a hint only."""

from dataclasses import dataclass
from datetime import datetime

from imgcheck.sun.times import days_since_j2000, to_utc

# Mean local solar hours of the nominal crossings of the sunlit node, with the source. Away
# from the equator, and in an oblique view, the time differs by half an hour and more; orbits drift
# at the end of a mission. No consistent source: WorldView-1/2/3, Pleiades, PlanetScope, Gaofen.
_PASSES: dict[str, tuple[float, float]] = {
    # https://www.usgs.gov/faqs/what-are-acquisition-schedules-landsat-satellites
    "Landsat 8/9": (9.75, 10.25),
    # https://sentinel.esa.int/web/sentinel/missions/sentinel-2/satellite-description/orbit
    "Sentinel-2": (10.5, 10.5),
    # https://docslib.org/doc/2431898/spot-6-7-technical-sheet
    "SPOT 6/7": (10.0, 10.0),
    # https://docs.mcube.terradue.com/missions/opt/geoeye-1/
    "GeoEye-1": (10.5, 10.5),
    # https://earth.esa.int/eogateway/missions/skysat; SkySat-16 to 21 pass at any hour.
    "SkySat 1, 3-7, 14-15": (10.5, 10.5),
    "SkySat 2, 8-13": (13.0, 13.0),
    # http://www.vastitude.com.cn/index.php?m=content&c=index&a=show&catid=85&id=41 (a distributor)
    "KOMPSAT-3": (13.5, 13.5),
}

# Half an hour for latitude and view, and a quarter for the equation of time and drift.
_MARGIN_H = 0.75


@dataclass(frozen=True, slots=True, kw_only=True)
class PassHint:
    """Local solar time, and the satellites whose nominal pass time is within 45 minutes of it."""

    local_solar_hours: float
    usual: tuple[str, ...]


def pass_hint(when: datetime, lon: float) -> PassHint:
    """Compare an aware time with the nominal pass times of civil satellites."""
    hours = float((days_since_j2000(to_utc(when)) * 24 + 12 + lon / 15) % 24)
    usual = tuple(
        name
        for name, (low, high) in _PASSES.items()
        if low - _MARGIN_H <= hours <= high + _MARGIN_H
    )
    return PassHint(local_solar_hours=hours, usual=usual)
