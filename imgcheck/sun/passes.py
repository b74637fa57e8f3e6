"""Local solar time compared with the usual pass times of civil satellites: a hint only."""

from dataclasses import dataclass
from datetime import datetime

from imgcheck.sun.times import Instants, days_since_j2000, to_utc


@dataclass(frozen=True, slots=True, kw_only=True)
class PassTime:
    """Mean local solar time at which a satellite crosses the equator, hours, and its source."""

    low: float
    high: float
    source: str


# Nominal crossings of the sunlit node, one row per published source. Away from the equator, and in
# an oblique view, the local time differs by half an hour and more; orbits drift at the end of a
# mission. No consistent source was found for WorldView-1/2/3, Pleiades, PlanetScope, Gaofen.
PASSES: dict[str, PassTime] = {
    # https://www.usgs.gov/faqs/what-are-acquisition-schedules-landsat-satellites
    "Landsat 8/9": PassTime(low=9.75, high=10.25, source="USGS: 10:00 +- 15 minutes, mean local"),
    # https://sentinel.esa.int/web/sentinel/missions/sentinel-2/satellite-description/orbit
    "Sentinel-2": PassTime(low=10.5, high=10.5, source="ESA: 10:30 at the descending node"),
    # https://docslib.org/doc/2431898/spot-6-7-technical-sheet
    "SPOT 6/7": PassTime(
        low=10.0, high=10.0, source="Astrium, technical sheet: 10:00 at the descending node"
    ),
    # https://docs.mcube.terradue.com/missions/opt/geoeye-1/
    "GeoEye-1": PassTime(
        low=10.5, high=10.5, source="International Charter: 10:30 at the descending node"
    ),
    # https://earth.esa.int/eogateway/missions/skysat; SkySat-16 to 21 pass at any hour.
    "SkySat 1, 3-7, 14-15": PassTime(low=10.5, high=10.5, source="ESA: about 10:30"),
    "SkySat 2, 8-13": PassTime(low=13.0, high=13.0, source="ESA: about 13:00"),
    # http://www.vastitude.com.cn/index.php?m=content&c=index&a=show&catid=85&id=41
    "KOMPSAT-3": PassTime(
        low=13.5, high=13.5, source="a distributor's page: 13:30 at the ascending node"
    ),
}

# Half an hour for latitude and view, and a quarter for the equation of time and drift.
_MARGIN_H = 0.75


@dataclass(frozen=True, slots=True, kw_only=True)
class PassHint:
    """Local solar time, and the satellites whose nominal pass time is within 45 minutes of it."""

    local_solar_hours: float
    usual: tuple[str, ...]


def mean_solar_hours(when: Instants, lon: float) -> float:
    """Return the mean local solar time in hours, [0, 24)."""
    return float((days_since_j2000(to_utc(when)) * 24 + 12 + lon / 15) % 24)


def pass_hint(when: datetime, lon: float) -> PassHint:
    """Compare an aware time with the nominal pass times of civil satellites."""
    hours = mean_solar_hours(when, lon)
    usual = tuple(
        name
        for name, times in PASSES.items()
        if times.low - _MARGIN_H <= hours <= times.high + _MARGIN_H
    )
    return PassHint(local_solar_hours=hours, usual=usual)
