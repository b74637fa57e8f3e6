from datetime import UTC, datetime, timedelta

import pytest

from imgcheck.model import Window


def test_a_date_covers_its_whole_day_and_knows_no_zone() -> None:
    day = Window.parse("2017-09-08")
    assert day.start == datetime(2017, 9, 8)
    assert day.end == datetime(2017, 9, 8, 23, 59, 59)
    assert not day.zone_known


def test_a_zoneless_day_may_begin_fourteen_hours_before_utc_and_end_twelve_after() -> None:
    day = Window.parse("2017-09-08")
    assert day.earliest == datetime(2017, 9, 7, 10, tzinfo=UTC)
    assert day.latest == datetime(2017, 9, 9, 11, 59, 59, tzinfo=UTC)


def test_a_zone_is_kept_and_nothing_widens() -> None:
    moment = Window.parse("2022-03-19T11:08:31+02:00")
    assert moment.earliest == moment.latest == datetime(2022, 3, 19, 9, 8, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2017-09-08/2017-09-12", "2017-09-08/2017-09-12"),
        ("2017-09-08", "2017-09-08"),
        ("2022-03-19T09:08:31Z", "2022-03-19T09:08:31Z"),
    ],
)
def test_the_text_comes_back_as_it_was_written(text: str, shown: str) -> None:
    assert Window.parse(text).text == shown


def test_a_month_ends_on_its_last_day_and_december_rolls_over() -> None:
    assert Window.parse("2016-02").end == datetime(2016, 2, 29, 23, 59, 59)
    assert Window.parse("2017-12").end == datetime(2017, 12, 31, 23, 59, 59)


@pytest.mark.parametrize(
    "text",
    ["8-12 Sept", "2017-13-01", "2017-02-30", "", "2017-09-12/2017-09-08", "a/b/c", "/2017",
     "2017-09-08T12:30Z/2017-09-09"],
)  # fmt: skip
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        Window.parse(text)


def test_before_needs_the_zones_to_leave_no_doubt() -> None:
    first, second = Window.parse("2017-09-08"), Window.parse("2017-09-09")
    assert not first.before(second)
    assert first.before(Window.parse("2017-09-11"))


def test_json_round_trip_says_that_no_zone_is_known() -> None:
    day = Window.parse("2017-09-08/2017-09-12")
    value = day.to_json()
    assert value["zone"] is None
    assert Window.from_json(value) == day
    assert day.end - day.start == timedelta(days=5, seconds=-1)
