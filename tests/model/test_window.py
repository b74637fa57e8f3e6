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


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2016-12-31T23:59:60Z", datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("2017-01-01T02:59:60+03:00", datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("2015-07-01T05:29:60+05:30", datetime(2015, 6, 30, 23, 59, 59, tzinfo=UTC)),
        ("2015-06-30T23:59:60Z", datetime(2015, 6, 30, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_a_leap_second_is_a_real_time(text: str, utc: datetime) -> None:
    assert Window.parse(text).earliest == utc
    assert Window.parse(text[:19]).end == Window.parse(text[:19]).start


@pytest.mark.parametrize(
    "text",
    ["2017-03-31T23:59:60Z", "2017-09-30T23:59:60Z", "2016-12-31T22:59:60Z",
     "2016-11-30T23:59:60Z", "2016-12-31T23:59:60+01:00",
     "2016-12-30T23:59:60Z", "2016-12-31T23:59:61Z", "2016-12-31T12:07:60",
     "2016-12-28T23:59:60"],
)  # fmt: skip
def test_a_sixtieth_second_at_another_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="second must be in"):
        Window.parse(text)


def test_a_day_with_a_zone_keeps_it() -> None:
    day = Window.parse("2017-09-08+03:00")
    assert day.earliest == datetime(2017, 9, 7, 21, tzinfo=UTC)
    assert day.latest == datetime(2017, 9, 8, 20, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize("year", [1, 1799, 2200, 9999])
def test_a_window_outside_the_years_of_pictures_cannot_be_made(year: int) -> None:
    moment = datetime(year, 6, 1)
    with pytest.raises(ValueError, match="outside 1800 to 2199"):
        Window(start=moment, end=moment)
    with pytest.raises(ValueError, match="outside 1800 to 2199"):
        Window(start=min(moment, datetime(2017, 1, 1)), end=max(moment, datetime(2017, 1, 1)))


@pytest.mark.parametrize("text", ["1800", "2199", "1800-01-01T00:00+23:59", "2199-12-31-23:59"])
def test_the_first_and_the_last_year_hold_in_every_zone(text: str) -> None:
    span = Window.parse(text)
    assert span.earliest <= span.latest
    assert not span.before(span)


@pytest.mark.parametrize(
    ("first", "second", "before"),
    [
        ("2017-09-08T12:00:00Z", "2017-09-08T12:00:00Z", False),
        ("2017-09-08T12:00:00Z", "2017-09-08T12:00:01Z", True),
        ("2017-09-08T12:00:01Z", "2017-09-08T12:00:00Z", False),
        ("2017-09-08/2017-09-12", "2017-09-10", False),
        # UTC-12 ends a day when UTC+14 has had 26 hours of the next: two days must lie between.
        ("2017-09-08", "2017-09-10T01:59:59", False),
        ("2017-09-08", "2017-09-10T02:00:00", True),
        ("2017-09-08T12:00:00Z", "2017-09-09T02:00:00", False),
        ("2017-09-08T12:00:00Z", "2017-09-09T02:00:01", True),
        ("2017-09-08T12:00:00", "2017-09-09T00:00:00Z", False),
        ("2017-09-08T12:00:00", "2017-09-09T00:00:01Z", True),
    ],
)
def test_before_is_strict_at_equal_bounds(first: str, second: str, before: bool) -> None:
    assert Window.parse(first).before(Window.parse(second)) is before


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


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("8 September 2017", "2017-09-08"),
        ("September 8, 2017", "2017-09-08"),
        ("8th of Sept. 2017", "2017-09-08"),
        ("13.09.2017", "2017-09-13"),
        ("9/13/2017", "2017-09-13"),
        ("09.09.2017", "2017-09-09"),
        ("2017/09/08", "2017-09-08"),
        ("2017-9-8", "2017-09-08"),
        ("20170908", "2017-09-08"),
        ("September 2017", "2017-09-01/2017-09-30"),
        ("8-12 September 2017", "2017-09-08/2017-09-12"),
        ("September 8–12, 2017", "2017-09-08/2017-09-12"),
        ("between 8 and 12 September 2017", "2017-09-08/2017-09-12"),
        ("28 August - 3 September 2017", "2017-08-28/2017-09-03"),
        ("Aug 28 to Sep 3, 2017", "2017-08-28/2017-09-03"),
        ("8 December 2017 to 12 January 2018", "2017-12-08/2018-01-12"),
        ("2017-09-08 to 2017-09-12", "2017-09-08/2017-09-12"),
        ("Sep-Oct 2017", "2017-09-01/2017-10-31"),
        ("101045ZSEP17", "2017-09-10T10:45:00Z/2017-09-10T10:45:59Z"),
        ("8 September 2017, 14:30 UTC", "2017-09-08T14:30:00Z/2017-09-08T14:30:59Z"),
        ("8 September 2017 at 9:05", "2017-09-08T09:05:00/2017-09-08T09:05:59"),
        ("13.09.2017 14:30 +03:00", "2017-09-13T14:30:00+03:00/2017-09-13T14:30:59+03:00"),
    ],
)
def test_dates_in_words_and_with_the_year_last_are_read(text: str, iso: str) -> None:
    assert Window.parse(text).text == iso


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("08.09.2017", "8 September or 9 August 2017; write 2017-09-08 or 2017-08-09"),
        ("8/9/2017", "8 September or 9 August 2017"),
        ("08-09-2017", "8 September or 9 August 2017"),
        ("08.09.17", "is not an ISO 8601 date"),
        ("yesterday", "is not an ISO 8601 date"),
        ("8 September", "is not an ISO 8601 date"),
        ("early September 2017", "is not an ISO 8601 date"),
        ("spring 2017", "is not an ISO 8601 date"),
        ("8 September 2017 14:30 EST", "is not an ISO 8601 date"),
        ("30 February 2017", "is not a real date"),
        ("13.13.2017", "is not a real date"),
        ("12-8 September 2017", "ends"),
    ],
)
def test_a_date_of_two_readings_or_none_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError) as error:
        Window.parse(text)
    assert said in str(error.value)
