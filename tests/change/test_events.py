"""Dates of events in a long stack, with the events built in."""

from datetime import date, timedelta

import numpy as np
import pytest

from imgcheck import change
from imgcheck.errors import GridMismatchError, UsageError

COUNT, ROWS, COLUMNS = 70, 6, 10
DATES = [date(2016, 1, 3) + timedelta(days=20 * k) for k in range(COUNT)]
STEPS = [(2, 3, 40, COUNT), (4, 8, 25, COUNT)]
PULSES = [(1, 6, 20, 34), (5, 1, 45, 58)]


def stack(events: list[tuple[int, int, int, int]], *, seed: int = 3) -> np.ndarray:
    """A season, noise, and haze on single dates; events are row, column, begin, end."""
    rng = np.random.default_rng(seed)
    turn = 2 * np.pi * np.array([(when - DATES[0]).days / 365.25 for when in DATES])
    values = 0.6 + 0.2 * np.sin(turn)[:, None, None] + rng.normal(0, 0.03, (COUNT, ROWS, COLUMNS))
    values[[10, 30, 50]] -= 0.15
    for row, column, begin, end in events:
        values[begin:end, row, column] -= 0.3
    return values.astype(np.float32)


@pytest.fixture(scope="module")
def found() -> change.Events:
    return change.events(stack(STEPS + PULSES), DATES)


def test_steps_and_pulses_are_found_and_nothing_else(found: change.Events) -> None:
    there = np.zeros((ROWS, COLUMNS), bool)
    for row, column, _, _ in STEPS + PULSES:
        there[row, column] = True
    assert (found.p_value[there] < 0.001).all()
    assert (found.p_value[~there] < 0.01).sum() <= 2
    assert found.height[there] == pytest.approx(-0.3, abs=0.08)


def test_the_interval_holds_the_date_of_the_event(found: change.Events) -> None:
    for row, column, begin, end in STEPS + PULSES:
        assert found.began_after[row, column] < begin <= found.began_before[row, column]
        assert found.began_before[row, column] - found.began_after[row, column] <= 3
        if end == COUNT:
            assert found.ended_before[row, column] == -1
        else:
            assert found.ended_after[row, column] < end <= found.ended_before[row, column]


def test_an_event_under_clouds_is_dated_by_the_clear_pictures_around_them() -> None:
    values, clear = stack(STEPS), np.ones((COUNT, ROWS, COLUMNS), bool)
    clear[37:44, 2, 3] = False
    values[37:44, 2, 3] = np.nan
    dated = change.events(values, DATES, valid=clear)
    assert dated.began_after[2, 3] <= 36 and dated.began_before[2, 3] >= 44
    assert dated.began_before[2, 3] <= 46


def test_the_order_of_the_pictures_does_not_matter(found: change.Events) -> None:
    order = np.random.default_rng(1).permutation(COUNT)
    again = change.events(stack(STEPS + PULSES)[order], [DATES[k] for k in order])
    assert again.dates == tuple(DATES)
    assert np.array_equal(again.began_before, found.began_before)
    assert again.p_value == pytest.approx(found.p_value)


def test_haze_on_a_date_is_not_an_event() -> None:
    values = stack([])
    values[30:34] -= 0.25
    assert (change.events(values, DATES).p_value < 0.01).mean() < 0.05


def test_a_pixel_that_is_rarely_clear_is_not_judged() -> None:
    clear = np.ones((COUNT, ROWS, COLUMNS), bool)
    clear[15:, 0, 0] = False
    dated = change.events(stack(STEPS), DATES, valid=clear)
    assert np.isnan(dated.p_value[0, 0]) and dated.began_after[0, 0] == -1
    assert not np.isnan(dated.p_value[0, 1])


@pytest.mark.parametrize(
    ("dates", "error", "words"),
    [
        (DATES[:-1], GridMismatchError, "69 dates"),
        ([*DATES[:-1], DATES[0]], UsageError, "keep one"),
        ([*DATES[:-1], "2020"], UsageError, "must be a date"),
    ],
)
def test_dates_without_meaning_are_refused(dates, error, words) -> None:
    with pytest.raises(error, match=words):
        change.events(stack([]), dates)


def test_masks_of_another_shape_and_short_stacks_are_refused() -> None:
    with pytest.raises(GridMismatchError, match="they must be equal"):
        change.events(stack([]), DATES, valid=np.ones((COUNT, 2, 2), bool))
    with pytest.raises(UsageError, match="at least 21"):
        change.events(stack([])[:20], DATES[:20])
