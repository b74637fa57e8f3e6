"""A measured shadow against a claimed window of time."""

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from imgcheck import sun
from imgcheck.errors import UsageError
from imgcheck.quantity import LonLat, binomial_interval
from tests.benchmarks.sun import CONTRADICTION, p_value, true_shadow

# The place and the two times of a dispute of 2022: 50.5418 N 30.2302 E.
PLACE = LonLat(lon=30.230175, lat=50.541771)
TRUE_TIME = datetime(2022, 3, 19, 9, 8, 31, tzinfo=UTC)
FALSE_TIME = datetime(2022, 4, 1, 11, 57, tzinfo=UTC)


def test_true_time_fits_and_false_time_is_56_degrees_off() -> None:
    true = sun.examine(TRUE_TIME, PLACE, azimuth=(161, 1.5))
    false = sun.examine(FALSE_TIME, PLACE, azimuth=(161, 1.5))
    assert true.best.p_value > 0.5
    assert true.best.sun_azimuth_deg == pytest.approx(161.5, abs=0.01)
    assert false.best.p_value < 1e-9
    assert false.best.deviation_sigma == pytest.approx(56.29 / math.hypot(1.5, 0.1), abs=0.05)


def test_local_time_read_as_utc_is_seen_in_the_azimuth() -> None:
    # 09:00 at Kyiv was 07:00 UTC, when the sun stood at 126 degrees.
    wrong = sun.examine(datetime(2022, 3, 19, 7, 0, tzinfo=UTC), PLACE, azimuth=(161, 1.5))
    assert wrong.best.sun_azimuth_deg == pytest.approx(126.3, abs=0.3)
    assert wrong.best.p_value < 1e-9


def test_the_claimed_days_can_be_those_of_a_calendar() -> None:
    # 22:30 UTC on the 19th is the 20th at the place; the claim names the 19th.
    late = datetime(2022, 3, 19, 22, 30, tzinfo=UTC)
    days = (datetime(2022, 3, 19, tzinfo=UTC), datetime(2022, 3, 19, 23, 59, 59, tzinfo=UTC))
    (local,) = sun.examine(late, PLACE, azimuth=(161, 1.5)).days.sets
    (named,) = sun.examine(late, PLACE, days=days, azimuth=(161, 1.5)).days.sets
    assert (local.start.day, named.start.day) == (20, 19)


def test_the_claimed_days_are_searched_beyond_the_claimed_time() -> None:
    found = sun.examine((TRUE_TIME - timedelta(hours=4), TRUE_TIME - timedelta(hours=3)), PLACE,
                        azimuth=(161, 1.5))  # fmt: skip
    (span,) = found.days.sets
    assert span.start < TRUE_TIME < span.end


@pytest.mark.parametrize(
    ("when", "posted", "mirror"),
    [
        ("2022-03-19T09:08", None, "2021-09-23"),  # not known to be later than the claim
        ("2022-03-19T09:08", "2022-04-04", "2021-09-23"),
        ("2022-03-19T09:08", "2022-09-23", "2021-09-23"),  # the day before the mirror date
        ("2022-03-19T09:08", "2022-10-01", "2021-09-23"),  # the nearest of two
        ("2022-04-19T09:08", "2022-10-01", "2022-08-24"),
        ("2022-04-19T09:08", "2022-08-20", "2021-08-24"),
        ("2024-01-15T09:08", "2024-01-16", "2023-11-27"),
        ("2024-01-15T09:08", "2022-01-16", "2021-11-27"),  # claimed for after the post
        ("2022-06-19T09:08", "2022-06-30", "2022-06-24"),
        ("2022-06-19T09:08", "2022-06-20", "2021-06-23"),
        ("2022-12-27T09:08", "2023-01-05", "2022-12-16"),
    ],
)
def test_mirror_day_is_the_nearest_that_lies_before_the_post(when, posted, mirror) -> None:
    moment = datetime.fromisoformat(when).replace(tzinfo=UTC)
    latest = None if posted is None else datetime.fromisoformat(posted).replace(tzinfo=UTC)
    found = sun.examine(moment, PLACE, posted=latest, azimuth=(161, 1.5))
    day = found.mirror_days.start + timedelta(hours=12)
    # Close to a solstice the same height lasts for days.
    assert abs(day - datetime.fromisoformat(mirror).replace(tzinfo=UTC)) < timedelta(days=2)
    assert found.mirror_days.start < (latest or moment)


@pytest.mark.slow
def test_a_long_window_has_no_mirror_days() -> None:
    spring = (datetime(2022, 1, 1, tzinfo=UTC), datetime(2022, 3, 31, tzinfo=UTC))
    assert sun.examine(spring, PLACE, azimuth=(161, 1.5)).mirror_days is None


def test_ratio_tells_the_two_dates_apart_where_the_azimuth_cannot() -> None:
    morning = datetime(2022, 4, 1, 9, 7, tzinfo=UTC)
    measured = {"azimuth": (161, 1.5), "ratio": (1.308, 0.04)}
    assert sun.examine(TRUE_TIME, PLACE, **measured).best.p_value > 0.1
    assert sun.examine(morning, PLACE, **measured).best.p_value < 1e-4


def test_shadow_azimuth_is_the_sun_azimuth_turned_round() -> None:
    one = sun.examine(TRUE_TIME, PLACE, azimuth=(161, 1.5))
    other = sun.examine(TRUE_TIME, PLACE, shadow_azimuth=(341, 1.5))
    assert one == other


def test_azimuths_are_compared_across_north() -> None:
    # Southern noon: the sun passes due north.
    noon = datetime(2020, 12, 1, 12, 0, tzinfo=UTC)
    window = (noon - timedelta(hours=1), noon + timedelta(hours=1))
    found = sun.examine(window, LonLat(lon=0.0, lat=-35.0), azimuth=(359.9, 1.0))
    assert found.best.p_value > 0.9
    assert abs(found.best.time - noon) < timedelta(minutes=20)


def test_a_night_window_has_no_p_value_but_says_night() -> None:
    midnight = datetime(2022, 3, 19, 22, 0, tzinfo=UTC)
    found = sun.examine((midnight, midnight + timedelta(hours=2)), PLACE, azimuth=(161, 1.5))
    assert found.best is None


def test_best_instant_is_found_where_the_sun_races_through_the_zenith() -> None:
    # Near the equator at equinox the azimuth turns by 180 degrees within minutes of noon.
    day = datetime(2021, 3, 20, tzinfo=UTC)
    found = sun.examine(
        (day, day + timedelta(days=1)), LonLat(lon=0.0, lat=-0.1), azimuth=(10.0, 0.5)
    )
    assert found.best.p_value > 0.2


def test_slope_widens_what_a_ratio_allows_and_leaves_the_azimuth_alone() -> None:
    # Ground that falls by 2 degrees under a sun 15 degrees high makes a shadow 15 % longer.
    times = np.datetime64("2022-03-19T04:00", "us") + np.arange(240) * np.timedelta64(60, "s")
    low = sun.position(times, PLACE).apparent_elevation_deg
    index = int(np.argmin(np.abs(low - 15)))
    moment = times[index].item().replace(tzinfo=UTC)
    level = 1 / math.tan(math.radians(low[index]))
    flat = sun.examine(moment, PLACE, ratio=(level * 1.15, 0.02))
    sloping = sun.examine(moment, PLACE, ratio=(level * 1.15, 0.02), slope_sigma_deg=2)
    assert flat.best.p_value < 1e-4
    assert sloping.best.p_value > 0.2
    azimuth = {"azimuth": (150.0, 2.0)}
    assert (
        sun.examine(moment, PLACE, **azimuth, slope_sigma_deg=9).best.p_value
        == sun.examine(moment, PLACE, **azimuth).best.p_value
    )


@pytest.mark.slow
def test_true_claims_are_contradicted_no_more_often_than_the_level_says() -> None:
    rng = np.random.default_rng(34302)
    wrong = {0.05: 0, 0.01: 0, 0.001: 0}
    count = 150
    for _ in range(count):
        shadow = true_shadow(rng, with_ratio=True)
        found = p_value(shadow, shadow.when)
        for level in wrong:
            wrong[level] += found < level
    for level, seen in wrong.items():
        assert binomial_interval(seen, count).low <= level


@pytest.mark.slow
def test_most_claims_two_hours_off_are_contradicted() -> None:
    rng = np.random.default_rng(7)
    shadows = [true_shadow(rng, with_ratio=False) for _ in range(60)]
    found = sum(p_value(s, s.when + timedelta(hours=2)) < CONTRADICTION for s in shadows)
    assert found > 45


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({}, "nothing was measured"),
        ({"azimuth": (161, 0)}, "sigma above 0"),
        ({"azimuth": (161, float("nan"))}, "sigma above 0"),
        ({"azimuth": 161}, "pair"),
        ({"azimuth": (161, 1), "shadow_azimuth": (341, 1)}, "not both"),
        ({"ratio": (-1, 0.1)}, "above 0"),
        ({"ratio": (1, 0.1), "slope_sigma_deg": 80}, "slope_sigma_deg"),
    ],
)
def test_a_measurement_without_meaning_is_refused(given, word) -> None:
    with pytest.raises(UsageError, match=word):
        sun.examine(TRUE_TIME, PLACE, **given)


@pytest.mark.parametrize(
    ("when", "word"),
    [
        ((FALSE_TIME, TRUE_TIME), "start not after the end"),
        ((datetime(2022, 3, 1), datetime(2022, 3, 2)), "no time zone"),
        ((datetime(1950, 1, 1, tzinfo=UTC), datetime(2022, 1, 1, tzinfo=UTC)), "20 years"),
    ],
)
def test_a_window_without_meaning_is_refused(when, word) -> None:
    with pytest.raises(UsageError, match=word):
        sun.examine(when, PLACE, azimuth=(161, 1.5))
