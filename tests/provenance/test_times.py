"""Are times compared with a claimed window as far as their zones allow, and no further?"""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from imgcheck.provenance import Time, compare_times, metadata, name_times, signed_time
from imgcheck.provenance.clocks.comparison import gap
from imgcheck.provenance.clocks.stated import parse_time, parse_zone
from tests.provenance import build

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
    assert fit.local == "inside"
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
        assert fit.local == "inside"


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
     "9999:01:01 00:00:00", "", "yesterday", "2" * 5000,
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


@pytest.mark.parametrize(
    ("name", "value", "zone", "role", "span"),
    [
        ("IMG_20170910_120003.jpg", "2017-09-10T12:00:03", None, "capture", 1.0),
        ("20170910_120003.jpg", "2017-09-10T12:00:03", None, "capture", 1.0),
        ("PXL_20210910_090000123.jpg", "2021-09-10T09:00:00.123Z", "UTC", "capture", 0.001),
        ("DJI_20230802130304_0058_D.JPG", "2023-08-02T13:03:04", None, "capture", 1.0),
        ("IMG-20170911-WA0003.jpg", "2017-09-11", None, "sent", 86_400.0),
        ("WhatsApp Image 2017-09-11 at 10.11.12.jpeg", "2017-09-11T10:11:12", None, "sent", 1.0),
        (
            "WhatsApp Image 2017-09-11 at 10.11.12 (2).jpeg",
            "2017-09-11T10:11:12",
            None,
            "sent",
            1.0,
        ),
        ("WhatsApp Image 2017-09-11 at 9.11.12 PM.jpeg", "2017-09-11", None, "sent", 86_400.0),
        ("photo_2017-09-24_10-11-12.jpg", "2017-09-24T10:11:12", None, "sent", 1.0),
    ],
)
def test_a_name_states_a_time_as_cameras_or_messengers_mean_it(
    name: str, value: str, zone: str | None, role: str, span: float
) -> None:
    (time,) = name_times(name)
    assert (time.value, time.zone, time.role, time.source) == (value, zone, role, "file name")
    assert time.uncertainty_s == pytest.approx(span)


@pytest.mark.parametrize(
    "name", ["", "holiday.jpg", "IMG_20171399_120003.jpg", "DJI_0018.JPG", "9" * 5000,
             "IMG_20170910_120003.jpg\n", "12345_67890_12345_n.jpg"]
)  # fmt: skip
def test_a_name_without_a_possible_date_states_none(name: str) -> None:
    assert name_times(name) == ()


def test_the_clocks_of_a_drone_add_up_to_a_time_in_utc() -> None:
    # Take-off at 20:03:20 UTC; 785.373 s of uptime later the shutter: 20:16:25.373.
    packet = build.xmp(
        "", 'xmlns:s="https://www.skydio.com/drone-skydio/1.0/" s:TakeoffUclock="1702757000000000" '
        's:CaptureUtime="985373000" s:TakeoffUtime="200000000"',
    )  # fmt: skip
    data = build.with_segments(
        build.jpeg(), build.segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + packet)
    )
    (time,) = metadata(data, format="jpeg").times
    assert (time.value, time.zone) == ("2023-12-16T20:16:25.373000Z", "UTC")
    assert time.source == "drone"
    # The place of the value, or of the packet that holds it.
    assert b"1702757000000000" in data[time.offset : time.offset + time.length]


def test_each_time_has_the_place_of_its_bytes_and_words_about_its_clock() -> None:
    block = build.tiff([build.ascii_(0x0132, "2017:09:11 08:00:00")],
                       exif=[build.ascii_(0x9003, "2017:09:10 12:00:00")])  # fmt: skip
    data = build.jpeg_with_exif(block)
    shot, saved = metadata(data, format="jpeg").times
    assert data[shot.offset : shot.offset + shot.length] == b"2017:09:10 12:00:00\0"
    assert data[saved.offset : saved.offset + saved.length] == b"2017:09:11 08:00:00\0"
    assert "drift unknown" in shot.clock
    assert "software" in saved.source


def test_a_signed_time_from_elsewhere_is_compared_as_a_bound() -> None:
    stamp = signed_time("2017-09-01T10:00:00Z", tag="C2PA:time stamp")
    assert stamp is not None
    assert (stamp.source, stamp.role, stamp.zone) == ("signed", "signed", "UTC")
    assert signed_time("2017-09-01T10:00:00", tag="C2PA:time stamp") is None  # no zone
    assert signed_time("yesterday", tag="C2PA:time stamp") is None
    found = compare_times([stamp], start=START, end=END)
    assert found.capture is None  # it bounds the capture, it is none
    assert found.fits[0].relation == "before"
    assert "existed before the window" in found.fits[0].basis
    late = compare_times([local("2019-01-01T00:00:00", role="sent")], start=START, end=END)
    assert "not a conflict" in late.fits[0].basis


@pytest.mark.parametrize(
    ("first", "second", "order"),
    [
        (local("2017-09-10T12:00:00"), local("2017-09-10T12:00:01"), "before"),
        (local("2017-09-10T12:00:00"), local("2017-09-10T12:00:00"), "same"),
        (local("2017-09-10T12:00:00"), local("2017-09-10T11:59:59"), "after"),
        # The one without a zone may be up to 14 h earlier than it reads, in UTC.
        (utc("2017-09-10T12:00:00"), local("2017-09-10T23:00:00"), "undecidable"),
        (utc("2017-09-10T12:00:00"), local("2017-09-11T02:00:01"), "before"),
        # ... or 12 h later.
        (utc("2017-09-10T12:00:00"), local("2017-09-10T00:30:00"), "undecidable"),
        (utc("2017-09-10T12:00:00"), local("2017-09-09T23:59:59"), "after"),
        (local("2017-09-09T23:59:59"), utc("2017-09-10T12:00:00"), "before"),
        (local("2017-09-10", span=86_400.0), local("2017-09-10T12:00:00"), "same"),
        (local("2017-09-10", span=86_400.0), local("2017-09-11T00:00:00"), "before"),
    ],
)
def test_two_times_are_ordered_only_where_every_zone_agrees(
    first: Time, second: Time, order: str
) -> None:
    found = gap(first, second)
    assert found.order == order
    assert ("without a zone" in found.words) == (None in (first.zone, second.zone))
