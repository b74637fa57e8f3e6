"""Are times compared with a claimed window as far as their zones allow, and no further?"""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from imgcheck.provenance import Time, compare_times
from imgcheck.provenance.times import parse_time, parse_zone

START, END = date(2017, 9, 8), date(2017, 9, 12)


def local(value: str, role: str = "capture", span: float = 1.0) -> Time:
    return Time(value=value, zone=None, source="camera clock", tag="ExifIFD:DateTimeOriginal",
                uncertainty_s=span, role=role)  # fmt: skip


def utc(value: str) -> Time:
    return Time(value=value + "Z", zone="UTC", source="GPS", tag="GPS:GPSDateStamp",
                uncertainty_s=1.0, role="position")  # fmt: skip


def relation(time: Time, start: date = START, end: date = END) -> str:
    return compare_times([time], start=start, end=end).fits[0].relation


def test_a_local_time_deep_inside_a_window_of_days_is_inside() -> None:
    fit = compare_times([local("2017-09-10T12:00:00")], start=START, end=END).fits[0]
    assert fit.relation == "inside"
    # From 10 September 12:00 at UTC+14 (9th, 22:00 UTC) back to the latest start, 8th 12:00 UTC.
    assert fit.margin_h == pytest.approx(34.0, abs=0.01)


def test_a_local_time_within_the_zones_of_the_edge_is_undecidable() -> None:
    fit = compare_times([local("2017-09-08T03:00:00")], start=START, end=END).fits[0]
    assert fit.relation == "undecidable"
    assert fit.if_same_zone == "inside"
    assert fit.margin_h == 0.0
    assert "no zone" in fit.basis


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        # Window in UTC at the widest: 7 September 10:00 to 13 September 12:00.
        ("2017-09-06T21:59:58", "before"),  # at UTC-12 it is 09:59:58 UTC on the 7th
        ("2017-09-06T22:00:01", "undecidable"),
        ("2017-09-14T01:59:59", "undecidable"),
        ("2017-09-14T02:00:00", "after"),  # at UTC+14 it is 12:00 UTC on the 13th
    ],
)
def test_the_widening_is_twelve_and_fourteen_hours_to_the_second(value: str, expected: str) -> None:
    assert relation(local(value)) == expected


def test_a_zoned_time_against_a_zoned_window_is_exact() -> None:
    start = datetime(2017, 9, 8, 6, 0, tzinfo=timezone(timedelta(hours=3)))
    end = datetime(2017, 9, 8, 9, 0, tzinfo=timezone(timedelta(hours=3)))
    assert relation(utc("2017-09-08T02:59:58"), start, end) == "before"
    assert relation(utc("2017-09-08T03:00:00"), start, end) == "inside"
    assert relation(utc("2017-09-08T05:59:59"), start, end) == "inside"
    assert relation(utc("2017-09-08T06:00:00"), start, end) == "after"
    fit = compare_times([utc("2017-09-08T08:00:00")], start=start, end=end).fits[0]
    assert fit.margin_h == pytest.approx(2.0)
    assert "whatever" not in fit.basis


def test_a_naive_window_is_widened_like_a_naive_clock() -> None:
    start, end = datetime(2017, 9, 8), datetime(2017, 9, 9)
    assert relation(utc("2017-09-08T12:00:00"), start, end) == "undecidable"
    assert relation(utc("2017-09-07T09:59:58"), start, end) == "before"


def test_a_single_claimed_day_never_proves_a_zoneless_clock_right() -> None:
    day = date(2017, 9, 10)
    for hour in range(24):
        fit = compare_times([local(f"2017-09-10T{hour:02}:30:00")], start=day, end=day).fits[0]
        assert fit.relation == "undecidable"
        assert fit.if_same_zone == "inside"


def test_a_month_without_a_day_covers_the_month() -> None:
    parsed = parse_time("2017-09")
    assert parsed is not None
    assert parsed[0] == "2017-09"
    assert relation(local("2017-09", span=parsed[2])) == "undecidable"
    assert relation(local("2018-03", span=parsed[2])) == "after"


def test_the_capture_time_leads_and_a_saving_time_never_does() -> None:
    saved = local("2019-01-01T00:00:00", role="written")
    shot = local("2017-09-10T12:00:00")
    found = compare_times([saved, shot], start=START, end=END)
    assert found.capture is not None
    assert found.capture.time is shot
    assert found.fits[0].relation == "after"
    assert "last saved" in found.fits[0].basis
    assert compare_times([saved], start=START, end=END).capture is None
    assert compare_times([], start=START, end=END).fits == ()


def test_a_window_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(ValueError, match="ends"):
        compare_times([], start=END, end=START)
    with pytest.raises(ValueError, match="year"):
        compare_times([], start=date(1, 1, 1), end=END)


@pytest.mark.parametrize(
    ("text", "value", "zone", "span"),
    [
        ("2008:05:30 15:56:01", "2008-05-30T15:56:01", None, 1.0),
        ("2008:05:30 15:56", "2008-05-30T15:56:00", None, 60.0),
        ("2021-07-22", "2021-07-22", None, 86_400.0),
        ("2021-07-22T10:18:46.125Z", "2021-07-22T10:18:46.125Z", "UTC", 0.001),
        ("2021-07-22T10:18:46+0530", "2021-07-22T10:18:46+05:30", "+05:30", 1.0),
        ("2011-08-24T17:46:58.0+1:00", "2011-08-24T17:46:58.0+01:00", "+01:00", 0.1),
        ("2016:12:31 23:59:60", "2016-12-31T23:59:59", None, 1.0),
    ],
)
def test_dates_are_read_as_the_standards_and_some_writers_spell_them(
    text: str, value: str, zone: str | None, span: float
) -> None:
    parsed = parse_time(text)
    assert parsed is not None
    assert parsed[:2] == (value, zone)
    assert parsed[2] == pytest.approx(span)
    datetime.fromisoformat(value)


@pytest.mark.parametrize(
    "text",
    ["0000:00:00 00:00:00", "    :  :     :  :  ", "2017:13:01 00:00:00", "2017:02:30 00:00:00",
     "2017:09:08 25:00:00", "9999:01:01 00:00:00", "", "yesterday", "2" * 5000,
     "2017:01:01 10:10:10" + " " * 5000 + "x"],
)  # fmt: skip
def test_what_is_no_possible_date_is_none(text: str) -> None:
    assert parse_time(text) is None


def test_offsets_outside_the_civil_zones_are_none() -> None:
    assert parse_zone("+14:00") == "+14:00"
    assert parse_zone("-12:00") == "-12:00"
    assert parse_zone("Z") == "UTC"
    assert parse_zone("+15:00") is None
    assert parse_zone("   :  ") is None


def test_an_aware_window_is_converted_from_its_zone() -> None:
    start = datetime(2017, 9, 8, tzinfo=UTC)
    assert (
        relation(local("2017-09-10T12:00:00"), start, datetime(2017, 9, 12, tzinfo=UTC)) == "inside"
    )
