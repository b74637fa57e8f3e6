"""The sun's position against the published example and against a second implementation."""

import math
from datetime import UTC, datetime, timedelta, timezone

import ephem
import numpy as np
import pytest

from imgcheck import sun
from imgcheck.errors import UsageError
from imgcheck.quantity import LonLat
from imgcheck.sun.times import delta_t

EXAMPLE = datetime(2003, 10, 17, 12, 30, 30, tzinfo=timezone(timedelta(hours=-7)))


def random_places_and_dates(count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(20031017)
    lat = np.degrees(np.arcsin(rng.uniform(-1, 1, count)))
    lon = rng.uniform(-180, 180, count)
    seconds = rng.integers(0, 100 * 365 * 86_400, count)
    times = np.datetime64("1950-01-01T00:00:00", "us") + seconds.astype("timedelta64[s]")
    return times, lat, lon


def positions(times: np.ndarray, lat: np.ndarray, lon: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compute elevation and azimuth of each time at its own place."""
    found = [
        sun.position(when, LonLat(lon=float(x), lat=float(y)))
        for when, y, x in zip(times, lat, lon, strict=True)
    ]
    return (
        np.array([float(each.elevation_deg) for each in found]),
        np.array([float(each.azimuth_deg) for each in found]),
    )


def test_published_example_is_met_within_a_hundred_thousandth_of_a_degree() -> None:
    found = sun.position(
        EXAMPLE,
        LonLat(lon=-105.1786, lat=39.742476),
        elevation_m=1830.14,
        pressure_hpa=820,
        temperature_c=11,
        delta_t_s=67,
    )
    # NREL/TP-560-34302, table A5.1: zenith 50.11162, azimuth 194.34024 degrees.
    assert 90 - found.apparent_elevation_deg == pytest.approx(50.11162, abs=1e-5)
    assert found.azimuth_deg == pytest.approx(194.34024, abs=1e-5)
    assert found.elevation_deg == pytest.approx(39.872046, abs=1e-5)


@pytest.mark.slow
def test_a_thousand_places_and_dates_agree_with_ephem_within_a_thousandth_of_a_degree() -> None:
    times, lat, lon = random_places_and_dates(1000)
    elevation, azimuth = positions(times, lat, lon)
    observer = ephem.Observer()
    observer.elevation, observer.pressure = 0, 0
    truth = np.empty((times.size, 2))
    for row, (when, phi, lam) in enumerate(zip(times, lat, lon, strict=True)):
        observer.lat, observer.lon = math.radians(phi), math.radians(lam)
        observer.date = when.item()
        body = ephem.Sun(observer)
        truth[row] = math.degrees(body.alt), math.degrees(body.az)
    turn = np.mod(azimuth - truth[:, 1] + 180, 360) - 180
    assert np.abs(elevation - truth[:, 0]).max() < 0.001
    # Azimuth counts as distance on the sky: at the zenith it has no direction.
    assert np.abs(turn * np.cos(np.radians(elevation))).max() < 0.001


def test_time_zones_of_one_instant_give_one_position() -> None:
    there = sun.position(EXAMPLE, LonLat(lon=-105.2, lat=39.7))
    utc = sun.position(np.datetime64("2003-10-17T19:30:30", "ms"), LonLat(lon=-105.2, lat=39.7))
    assert there.azimuth_deg == utc.azimuth_deg
    assert there.azimuth_deg.shape == ()


def test_a_sequence_of_datetimes_keeps_its_shape() -> None:
    days = [datetime(2020, 6, day, 12, tzinfo=UTC) for day in (1, 2, 3)]
    assert sun.position(days, LonLat(lon=0.0, lat=0.0)).elevation_deg.shape == (3,)
    grid = np.full((2, 3), np.datetime64("2020-06-01T12:00", "us"))
    assert sun.position(grid, LonLat(lon=0.0, lat=0.0)).elevation_deg.shape == (2, 3)


def test_refraction_lifts_the_sun_by_half_a_degree_at_the_horizon_and_not_at_all_by_night() -> None:
    minutes = np.datetime64("2021-03-20T00:00", "us") + np.arange(1440) * np.timedelta64(60, "s")
    found = sun.position(minutes, LonLat(lon=0.0, lat=45.0))
    lift = found.apparent_elevation_deg - found.elevation_deg
    assert lift[np.argmin(np.abs(found.elevation_deg))] == pytest.approx(0.48, abs=0.03)
    assert np.all(lift[found.elevation_deg < -1] == 0)
    assert np.all(lift >= 0)


@pytest.mark.parametrize(
    ("year", "seconds"), [(1900, -2.8), (1950, 29.1), (1980, 50.5), (2000, 63.8), (2020, 71.6)]
)
def test_delta_t_follows_the_published_table(year: int, seconds: float) -> None:
    # Observed values; the polynomial of 2020 is a forecast that came out 2.2 s too high.
    assert delta_t(np.datetime64(f"{year}-01-01", "us")) == pytest.approx(seconds, abs=0.3)


def test_delta_t_has_no_jump_where_its_polynomials_meet() -> None:
    for year in (1920, 1941, 1961, 1986, 2005, 2050):
        joint = np.datetime64(f"{year}-01-01", "us")
        pair = delta_t(np.array([joint - np.timedelta64(9, "D"), joint + np.timedelta64(9, "D")]))
        assert abs(pair[1] - pair[0]) < 0.6


@pytest.mark.parametrize(
    ("times", "lat", "lon", "word"),
    [
        (datetime(2020, 1, 1, 12), 0, 0, "no time zone"),
        ("2020-01-01T12:00Z", 0, 0, "datetime with a time zone"),
        (np.array([2020.0]), 0, 0, "datetime64"),
        (np.datetime64("NaT"), 0, 0, "missing"),
        (np.datetime64("1850-01-01"), 0, 0, "1900-2150"),
        (EXAMPLE, 91, 0, "latitude"),
        (EXAMPLE, float("nan"), 0, "latitude"),
        (EXAMPLE, 0, 400, "longitude"),
    ],
)
def test_what_has_no_meaning_is_refused_in_one_sentence(times, lat, lon, word) -> None:
    with pytest.raises(UsageError, match=word):
        sun.position(times, LonLat(lon=lon, lat=lat))
