"""Which dates and times a shadow allows, and from points in a picture to a direction."""

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from imgcheck import sun
from imgcheck.errors import UsageError
from imgcheck.quantity import LonLat
from imgcheck.sun.path import mirror_days, path

PLACE = LonLat(lon=30.2302, lat=50.5418)
TRUE_TIME = datetime(2022, 3, 19, 9, 8, 31, tzinfo=UTC)
FALSE_TIME = datetime(2022, 4, 1, 11, 57, tzinfo=UTC)
SPRING = (datetime(2022, 3, 10, tzinfo=UTC), datetime(2022, 4, 10, tzinfo=UTC))
YEAR = (datetime(2022, 1, 1, tzinfo=UTC), datetime(2022, 12, 31, tzinfo=UTC))


def holds(spans, when) -> bool:
    return any(span.start <= when <= span.end for span in spans)


def test_the_claimed_time_is_allowed_and_its_rival_is_not() -> None:
    found = sun.constrain(
        PLACE, azimuth=(161, 1.5), window=SPRING, claimed=TRUE_TIME, rival=FALSE_TIME
    )
    assert holds(found.sets, TRUE_TIME) and not holds(found.sets, FALSE_TIME)
    assert found.claimed.likelihood_ratio > 1000
    assert found.claimed.sun_azimuth_deg == pytest.approx(161.5, abs=0.01)
    turned = sun.constrain(
        PLACE, azimuth=(161, 1.5), window=SPRING, claimed=FALSE_TIME, rival=TRUE_TIME
    )
    assert turned.claimed.likelihood_ratio == pytest.approx(
        1 / found.claimed.likelihood_ratio, rel=1e-6
    )


def test_azimuth_alone_leaves_every_day_open_and_the_ratio_closes_most() -> None:
    alone = sun.constrain(PLACE, azimuth=(161, 1.5), window=SPRING)
    assert alone.days_allowed == alone.days_in_window
    both = sun.constrain(PLACE, azimuth=(161, 1.5), ratio=(1.308, 0.04), window=SPRING)
    assert holds(both.sets, TRUE_TIME)
    assert both.days_allowed < 15
    assert min(sun.date_reach(TRUE_TIME, PLACE, azimuth=(161, 1.5))) >= 14


def test_the_mirror_date_is_given_even_outside_the_window() -> None:
    found = sun.constrain(PLACE, azimuth=(161, 1.5), ratio=(1.3, 0.03), window=SPRING)
    assert holds(found.mirror, datetime(2022, 9, 24, 8, 53, tzinfo=UTC))
    whole = sun.constrain(PLACE, azimuth=(161, 1.5), ratio=(1.3, 0.03), window=YEAR)
    assert holds(whole.sets, TRUE_TIME)
    assert holds(whole.sets, datetime(2022, 9, 24, 8, 53, tzinfo=UTC))


def test_mirror_days_have_the_same_declination() -> None:
    def day(text: str) -> int:
        return int(np.datetime64(text, "D").astype(int))

    assert mirror_days(np.array([day("2022-03-19")])) == [day("2022-09-24")]
    assert mirror_days(np.array([day("2022-12-17")])) == [day("2022-12-26")]


def test_nothing_is_allowed_where_nothing_fits() -> None:
    noon = (FALSE_TIME - timedelta(minutes=30), FALSE_TIME + timedelta(minutes=30))
    found = sun.constrain(PLACE, azimuth=(161, 1.5), window=noon)
    assert found.sets == () and not found.fits and found.best.p_value < 1e-6
    night = sun.constrain(
        PLACE,
        azimuth=(161, 1.5),
        window=(TRUE_TIME + timedelta(hours=12), TRUE_TIME + timedelta(hours=13)),
    )
    assert night.sets == () and night.best is None


def test_interpolated_path_agrees_with_the_position_to_a_thousandth_of_a_degree() -> None:
    start = np.datetime64("2021-06-01", "us")
    place = LonLat(lon=100.0, lat=12.0)
    fast = path(start, start + np.timedelta64(3, "D"), place)
    slow = sun.position(fast.times, place)
    turn = (np.mod(fast.azimuth - slow.azimuth_deg + 180, 360) - 180) * np.cos(
        np.radians(slow.elevation_deg)
    )
    assert np.abs(turn).max() < 1e-3
    assert np.abs(fast.elevation - slow.apparent_elevation_deg)[fast.up].max() < 1e-3


def test_stated_slope_moves_the_elevation_that_a_ratio_means() -> None:
    # Ground that falls by 3 degrees towards north, where the shadow points at noon: longer.
    noon = datetime(2022, 3, 19, 10, 7, tzinfo=UTC)
    high = math.radians(float(sun.position(noon, PLACE).apparent_elevation_deg))
    ratio = (1 / (math.tan(high) - math.tan(math.radians(3))), 0.01)
    window = (noon - timedelta(minutes=10), noon + timedelta(minutes=10))
    assert not sun.constrain(PLACE, ratio=ratio, window=window).fits
    assert sun.constrain(PLACE, ratio=ratio, slope=(3, 0), window=window).best.p_value > 0.5


@pytest.mark.slow
def test_sets_hold_the_truth_as_often_as_they_say() -> None:
    from tests.benchmarks.sun_constrain import coverage

    got = coverage(200, 11, with_ratio=True, days=3, lowest=8.0)
    # 95 % of 200, give or take three standard errors.
    assert 180 <= got["held"] <= 199


def test_points_of_a_shadow_give_direction_length_and_their_errors() -> None:
    found = sun.from_points((100, 100), (100, 40), north=(10, 0.5), gsd_m=0.5, height_m=(20, 0.4))
    assert found.shadow_azimuth[0] == pytest.approx(350)
    assert found.sun_azimuth[0] == pytest.approx(170)
    assert found.sun_azimuth[1] == pytest.approx(
        math.hypot(math.degrees(math.sqrt(2) * 0.7 / 60), 0.5)
    )
    assert found.ratio[0] == pytest.approx(1.5)
    with pytest.raises(UsageError, match="longer"):
        sun.from_points((0, 0), (1, 1), north=(0, 1))


def test_pooling_leaves_out_what_stands_apart_and_crosses_north() -> None:
    found = sun.pool([(359, 2), (1, 2), (0.5, 2), (358.5, 2), (90, 2)], shared=0.5)
    assert abs((found.value + 180) % 360 - 180) < 0.5
    assert found.used == (True, True, True, True, False)
    assert found.sigma == pytest.approx(math.hypot(1.0, 0.5), abs=0.02)


def test_pooled_error_grows_with_the_scatter_that_is_seen() -> None:
    found = sun.pool([(0, 0.1), (4, 0.1), (-4, 0.1), (1, 0.1)])
    assert found.sigma > 1


def test_local_time_written_as_utc_is_named() -> None:
    shifted = TRUE_TIME + timedelta(hours=2)
    fitting = [
        slip.name
        for slip in sun.slips((shifted, shifted), PLACE, azimuth=(161.5, 1.0))
        if slip.fits
    ]
    assert fitting == ["local time (UTC+2) written as UTC"]


def test_local_nine_oclock_would_be_azimuth_126() -> None:
    (one,) = [
        slip
        for slip in sun.slips(
            (datetime(2022, 3, 19, 9, tzinfo=UTC),) * 2, PLACE, azimuth=(161, 1.5)
        )
        if slip.name.startswith("local time")
    ]
    assert one.sun_azimuth_deg == pytest.approx(126.3, abs=0.3) and not one.fits


def test_pass_hint_names_morning_satellites_in_the_morning_only() -> None:
    assert "Sentinel-2" in sun.pass_hint(datetime(2022, 3, 19, 8, 30, tzinfo=UTC), 30).usual
    assert sun.pass_hint(datetime(2022, 3, 19, 14, 0, tzinfo=UTC), 30).usual == ()


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"window": SPRING}, "nothing was measured"),
        ({"azimuth": (161, 1)}, "window"),
        ({"azimuth": (161, 1), "shadow_azimuth": (1, 1), "window": SPRING}, "not both"),
        ({"ratio": (1, 1), "window": SPRING, "slope": (60, 0)}, "gradient"),
        ({"ratio": (1, 1), "window": SPRING[::-1]}, "start not after"),
    ],
)
def test_what_has_no_meaning_is_refused(given, word) -> None:
    with pytest.raises(UsageError, match=word):
        sun.constrain(PLACE, **given)
