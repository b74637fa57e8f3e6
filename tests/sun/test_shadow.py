"""A measured shadow against a claimed window of time."""

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from imgcheck import sun
from imgcheck.errors import UsageError
from imgcheck.quantity import binomial_interval

# The place and the two times of a dispute of 2022: 50.5418 N 30.2302 E.
PLACE = (50.541771, 30.230175)
TRUE_TIME = datetime(2022, 3, 19, 9, 8, 31, tzinfo=UTC)
FALSE_TIME = datetime(2022, 4, 1, 11, 57, tzinfo=UTC)


def test_true_time_fits_and_false_time_is_56_degrees_off() -> None:
    true = sun.compare(TRUE_TIME, *PLACE, sun_azimuth=(161, 1.5))
    false = sun.compare(FALSE_TIME, *PLACE, sun_azimuth=(161, 1.5))
    assert true.p_value > 0.5
    assert true.sun_azimuth_deg == pytest.approx(161.5, abs=0.01)
    assert false.p_value < 1e-9
    assert false.azimuth_residual_deg == pytest.approx(-56.29, abs=0.02)


def test_local_time_read_as_utc_is_seen_in_the_azimuth() -> None:
    # 09:00 at Kyiv was 07:00 UTC, when the sun stood at 126 degrees.
    wrong = sun.compare(datetime(2022, 3, 19, 7, 0, tzinfo=UTC), *PLACE, sun_azimuth=(161, 1.5))
    assert wrong.sun_azimuth_deg == pytest.approx(126.3, abs=0.3)
    assert wrong.p_value < 1e-9


def test_azimuth_alone_allows_the_same_quarter_of_an_hour_two_weeks_later() -> None:
    window = (TRUE_TIME - timedelta(hours=5), FALSE_TIME + timedelta(hours=5))
    found = sun.compare(window, *PLACE, sun_azimuth=(161, 1.5))
    assert len(found.allowed) == 14
    for span in found.allowed:
        assert timedelta(minutes=14) < span.end - span.start < timedelta(minutes=22)
        assert time_of_day(span.start) < 9.2 < time_of_day(span.end)


def time_of_day(when: datetime) -> float:
    return when.hour + when.minute / 60 + when.second / 3600


def test_ratio_tells_the_two_dates_apart_where_the_azimuth_cannot() -> None:
    morning = datetime(2022, 4, 1, 9, 7, tzinfo=UTC)
    measured = {"sun_azimuth": (161, 1.5), "ratio": (1.308, 0.04)}
    assert sun.compare(TRUE_TIME, *PLACE, **measured).p_value > 0.1
    assert sun.compare(morning, *PLACE, **measured).p_value < 1e-4


def test_shadow_azimuth_is_the_sun_azimuth_turned_round() -> None:
    one = sun.compare(TRUE_TIME, *PLACE, sun_azimuth=(161, 1.5))
    other = sun.compare(TRUE_TIME, *PLACE, shadow_azimuth=(341, 1.5))
    assert one == other


def test_azimuths_are_compared_across_north() -> None:
    # Southern noon: the sun passes due north.
    noon = datetime(2020, 12, 1, 12, 0, tzinfo=UTC)
    found = sun.compare((noon - timedelta(hours=1), noon + timedelta(hours=1)), -35.0, 0.0,
                        sun_azimuth=(359.9, 1.0))  # fmt: skip
    assert found.p_value > 0.9
    assert abs(found.best_time - noon) < timedelta(minutes=20)


def test_a_night_window_has_no_p_value_but_says_night() -> None:
    midnight = datetime(2022, 3, 19, 22, 0, tzinfo=UTC)
    found = sun.compare((midnight, midnight + timedelta(hours=2)), *PLACE, sun_azimuth=(161, 1.5))
    assert found.night and found.partly_night
    assert found.p_value is None and found.best_time is None
    assert not found.allowed_in_window


def test_a_window_into_the_night_is_partly_night() -> None:
    found = sun.compare((TRUE_TIME, TRUE_TIME + timedelta(hours=12)), *PLACE, sun_azimuth=(161, 9))
    assert found.partly_night and not found.night


def test_best_instant_is_found_where_the_sun_races_through_the_zenith() -> None:
    # Near the equator at equinox the azimuth turns by 180 degrees within minutes of noon.
    day = datetime(2021, 3, 20, tzinfo=UTC)
    found = sun.compare((day, day + timedelta(days=1)), -0.1, 0.0, sun_azimuth=(10.0, 0.5))
    assert found.p_value > 0.9


def test_slope_widens_what_a_ratio_allows_and_leaves_the_azimuth_alone() -> None:
    # Ground that falls by 2 degrees under a sun 15 degrees high makes a shadow 15 % longer.
    times = np.datetime64("2022-03-19T04:00", "us") + np.arange(240) * np.timedelta64(60, "s")
    low = sun.position(times, *PLACE).apparent_elevation_deg
    moment = times[np.argmin(np.abs(low - 15))]
    level = 1 / math.tan(math.radians(low[np.argmin(np.abs(low - 15))]))
    flat = sun.compare(moment, *PLACE, ratio=(level * 1.15, 0.02))
    sloping = sun.compare(moment, *PLACE, ratio=(level * 1.15, 0.02), slope_deg=2.1)
    assert flat.p_value < 1e-4
    assert sloping.p_value == 1
    azimuth = {"sun_azimuth": (150.0, 2.0)}
    assert (
        sun.compare(moment, *PLACE, **azimuth, slope_deg=9).p_value
        == sun.compare(moment, *PLACE, **azimuth).p_value
    )


def test_p_values_of_true_claims_are_no_smaller_than_they_should_be() -> None:
    rng = np.random.default_rng(34302)
    count, low, inside = 300, {0.05: 0, 0.01: 0}, 0
    for _ in range(count):
        lat, lon = rng.uniform(-60, 60), rng.uniform(-180, 180)
        while True:
            when = datetime(2010, 1, 1, tzinfo=UTC) + timedelta(seconds=int(rng.integers(3e8)))
            truth = sun.position(when, lat, lon)
            if truth.apparent_elevation_deg > 8:
                break
        s_azimuth, slope = rng.uniform(0.3, 5), rng.uniform(0, 2)
        rise = math.tan(math.radians(rng.uniform(-slope, slope)))
        ratio = 1 / (math.tan(math.radians(float(truth.apparent_elevation_deg))) + rise)
        s_ratio = ratio * rng.uniform(0.02, 0.1)
        found = sun.compare(
            when,
            lat,
            lon,
            shadow_azimuth=(float(truth.azimuth_deg) + 180 + rng.normal(0, s_azimuth), s_azimuth),
            ratio=(max(ratio + rng.normal(0, s_ratio), 1e-3), s_ratio),
            slope_deg=slope,
        )
        inside += any(span.start <= when <= span.end for span in found.allowed)
        for level in low:
            low[level] += found.p_value < level
    for level, seen in low.items():
        assert binomial_interval(seen, count).low <= level
    assert binomial_interval(inside, count).high >= 0.95


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({}, "nothing was measured"),
        ({"sun_azimuth": (161, 0)}, "sigma above 0"),
        ({"sun_azimuth": (161, float("nan"))}, "sigma above 0"),
        ({"sun_azimuth": 161}, "pair"),
        ({"sun_azimuth": (161, 1), "shadow_azimuth": (341, 1)}, "not both"),
        ({"ratio": (-1, 0.1)}, "above 0"),
        ({"ratio": (1, 0.1), "slope_deg": 80}, "slope_deg"),
        ({"ratio": (1, 0.1), "level": 1.0}, "level"),
    ],
)
def test_a_measurement_without_meaning_is_refused(given, word) -> None:
    with pytest.raises(UsageError, match=word):
        sun.compare(TRUE_TIME, *PLACE, **given)


@pytest.mark.parametrize(
    ("when", "word"),
    [
        ((FALSE_TIME, TRUE_TIME), "start not after the end"),
        ((datetime(2022, 3, 1), datetime(2022, 3, 2)), "no time zone"),
        ((datetime(1950, 1, 1, tzinfo=UTC), datetime(2022, 1, 1, tzinfo=UTC)), "20 years"),
        ([], "no time was claimed"),
    ],
)
def test_a_window_without_meaning_is_refused(when, word) -> None:
    with pytest.raises(UsageError, match=word):
        sun.compare(when, *PLACE, sun_azimuth=(161, 1.5))
