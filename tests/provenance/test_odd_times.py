"""Are the times of files read that do not write them as the standards want?"""

import struct

import pytest

from imgcheck.imaging.containers import structure
from imgcheck.provenance import Metadata, Time, consistency, metadata
from imgcheck.provenance.clocks.stated import parse_time
from tests.provenance import build

SHOT = 0x9003


def of(data: bytes, form: str = "jpeg") -> Metadata:
    return metadata(data, format=form)


def shot(text: str) -> Metadata:
    return of(build.jpeg_with_exif(build.tiff([], exif=[build.ascii_(SHOT, text)])))


def kinds(found: Metadata) -> set[str]:
    return {one.kind for one in found.observations}


def only(found: Metadata) -> Time:
    (time,) = found.times
    return time


@pytest.mark.parametrize(
    ("text", "value", "span"),
    [
        # Android counts the first hour of the day as hour 24.
        ("2021:05:18 24:39:45", "2021-05-18T00:39:45", 1),
        ("2021:05:18 24:00:00", "2021-05-18T00:00:00", 86_401),
        ("2015:08:01 02:30:00 PM", "2015-08-01T14:30:00", 1),
        ("2015:08:01 12:30:00 am", "2015-08-01T00:30:00", 1),
        ("2015:08:01 12:30:00 p.m.", "2015-08-01T12:30:00", 1),
        ("2015:08:01 \uc624\ud6c4 02:30:00", "2015-08-01T14:30:00", 1),
        # Exif 2.3: blanks stand for what is not known; other writers put zeros.
        ("2021:06:     :  :  ", "2021-06", 30 * 86_400),
        ("2021:06:  :  :  :  ", "2021-06", 30 * 86_400),
        ("2024:02:00 00:00:00", "2024-02", 29 * 86_400),
        ("2023:00:00 00:00:00", "2023", 365 * 86_400),
        ("2024:  :     :  :  ", "2024", 366 * 86_400),
        ("2021:06:01   :  :  ", "2021-06-01", 86_400),
        ("2021:06:01 12:  :  ", "2021-06-01T12:00:00", 3600),
        ("2021:06:01 12:30:  ", "2021-06-01T12:30:00", 60),
        ("2021:00:05 12:30:15", "2021", 365 * 86_400),
        ("2021:06:01 25:00:00", "2021-06-01", 86_400),
        ("2021:06:01 12:60:00", "2021-06-01", 86_400),
        ("2021:06:01 12:30:61", "2021-06-01", 86_400),
        ("2021:06:01 13:30:00 PM", "2021-06-01T13:30:00", 1),
        ("2021:06:01 13:30:00 AM", "2021-06-01", 86_400),
        ("2021:06:01 00:30:00 AM", "2021-06-01T00:30:00", 1),
        ("2021: 6: 1  9:05:07", "2021-06-01T09:05:07", 1),
        ("2021:06:01 12:30: 7", "2021-06-01T12:30:07", 1),
        ("2021:06:01 12:  :15", "2021-06-01T12:00:00", 3600),
        ("2021:06:01   :30:15", "2021-06-01", 86_400),
        ("2021:06:01 12.30.15", "2021-06-01T12:30:15", 1),
        ("2021-06-01 12-30-15", "2021-06-01T12:30:15", 1),
        ("2021:06:01 12h30m15s", "2021-06-01T12:30:15", 1),
        ("2021\u5e7406\u670801\u65e5 12:30:15", "2021-06-01T12:30:15", 1),
        ("20210601123015", "2021-06-01T12:30:15", 1),
        ("20210601T123015", "2021-06-01T12:30:15", 1),
        ("2021/06/01 12:30", "2021-06-01T12:30:00", 60),
        ("Tue Jun 01 12:30:15 2021", "2021-06-01T12:30:15", 1),
        ("25.06.2021 12:30:15", "2021-06-25T12:30:15", 1),
        ("06/25/2021 12:30:15", "2021-06-25T12:30:15", 1),
        ("05/05/2021 12:30:15", "2021-05-05T12:30:15", 1),
    ],
)
def test_a_capture_time_is_read_however_it_is_spelt(text: str, value: str, span: float) -> None:
    time = only(shot(text))
    assert (time.value, time.zone, time.role) == (value, None, "capture")
    assert time.uncertainty_s == pytest.approx(span)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Tue, 1 Jun 2021 12:30:15 +0200", "2021-06-01T12:30:15+02:00"),
        ("Tue Jun 01 12:30:15 GMT+03:00 2021", "2021-06-01T12:30:15+03:00"),
        ("2021-06-01T12:30:15+03", "2021-06-01T12:30:15+03:00"),
        ("2021:06:01 12:30:15 UTC", "2021-06-01T12:30:15Z"),
        ("2021:06:01 12:30:15:250", "2021-06-01T12:30:15.250"),
        ("2021-06-01T12:30-05:00", "2021-06-01T12:30:00-05:00"),
        ("2021-06-01T12:30:15-05:00", "2021-06-01T12:30:15-05:00"),
        ("20210601T123015Z", "2021-06-01T12:30:15Z"),
    ],
)
def test_a_zone_is_kept_however_it_is_spelt(text: str, value: str) -> None:
    parsed = parse_time(text)
    assert parsed is not None
    assert parsed.value == value


@pytest.mark.parametrize(
    "text", ["2021:05:18 24:39:45", "2021:05:18 24:00:00", "2021:06:01 25:00:00",
             "2021:06:01 noon"]
)  # fmt: skip
def test_what_was_left_out_or_turned_round_is_observed(text: str) -> None:
    assert kinds(shot(text)) == {"clock"}


@pytest.mark.parametrize(
    "text", ["2021:13:01 00:00:00", "2021:06:31 12:00:00", "yesterday", "06/05/2021 12:30:15",
             "1 Foo 2021"]
)  # fmt: skip
def test_what_cannot_be_read_is_observed_and_not_taken_for_absent(text: str) -> None:
    found = shot(text)
    assert found.times == ()
    assert kinds(found) == {"unreadable-time"}


def iptc(day: str, clock: str | None = None) -> Metadata:
    sets = [build.dataset(2, 55, day.encode())]
    sets += [] if clock is None else [build.dataset(2, 60, clock.encode())]
    return of(build.jpeg_with_iptc(*sets))


@pytest.mark.parametrize(
    ("day", "clock", "value"),
    [
        ("20210601", "123015+0200", "2021-06-01T12:30:15+02:00"),
        ("20210601", "12:30:15+02:00", "2021-06-01T12:30:15+02:00"),
        ("20210601", "12:30:15", "2021-06-01T12:30:15"),
        ("20210601", "1230", "2021-06-01T12:30:00"),
        ("2021:06:01", "123015", "2021-06-01T12:30:15"),
        ("20210601", "      ", "2021-06-01"),
        ("20210600", "12:30:15+02:00", "2021-06"),
        ("20210600", None, "2021-06"),
        ("20210000", None, "2021"),
        ("2021    ", None, "2021"),
        ("202106  ", "123015", "2021-06"),
    ],
)
def test_dates_of_iptc_may_lack_parts_and_hold_colons(day, clock, value) -> None:
    assert only(iptc(day, clock)).value == value


def test_an_unset_date_of_iptc_is_no_time_and_an_impossible_one_is_said() -> None:
    assert kinds(iptc("00000000")) == {"clock"}
    assert kinds(iptc("20211301")) == {"unreadable-time"}
    assert kinds(iptc("20210601", "never")) == {"clock"}


def gps(clock: build.Field, day: str = "2021:06:01") -> Metadata:
    return of(build.jpeg_with_exif(build.tiff([], gps=[clock, build.ascii_(29, day)])))


@pytest.mark.parametrize(
    ("clock", "value", "span"),
    [
        (build.rational(7, (9, 1), (8, 1), (0, 0)), "2021-06-01T09:08:00Z", 60),
        (build.rational(7, (9, 1), (0, 0), (0, 0)), "2021-06-01T09:00:00Z", 3600),
        (build.rational(7, (9, 1), (861_666, 100_000), (0, 1)), "2021-06-01T09:08:36.999600Z", 1),
        (build.rational(7, (9, 1), (1725, 200), (0, 0)), "2021-06-01T09:08:37.500Z", 1),
        (build.rational(7, (9, 1), (8, 1), (599_999, 10_000)), "2021-06-01T09:08:59.999900Z", 1),
        (build.rational(7, (23, 1), (59, 1), (60, 1)), "2021-06-01T00:00:00Z", 1),
        (build.rational(7, (24, 1), (8, 1), (7, 1)), "2021-06-01T00:08:07Z", 1),
        (build.ascii_(7, "09:08:37"), "2021-06-01T09:08:37Z", 1),
        (build.ascii_(7, "09:08:37.5 "), "2021-06-01T09:08:37.500Z", 1),
        (build.ascii_(7, "090837"), "2021-06-01T09:08:37Z", 1),
        (build.ascii_(7, "9:8:37 UTC"), "2021-06-01T09:08:37Z", 1),
        (build.ascii_(7, "9/1, 8/1, 37/1"), "2021-06-01T09:08:37Z", 1),
        (build.ascii_(7, "9/1, 8/1, 0/0"), "2021-06-01T09:08:00Z", 60),
        (build.ascii_(7, "09:08"), "2021-06-01T09:08:00Z", 60),
        # A time of day that is none leaves the date.
        (build.rational(7, (9, 1), (61, 1), (0, 1)), "2021-06-01", 86_400),
        (build.rational(7, (30, 1), (0, 1), (0, 1)), "2021-06-01", 86_400),
        (build.rational(7, (0, 0), (8, 1), (7, 1)), "2021-06-01", 86_400),
        (build.ascii_(7, "about nine"), "2021-06-01", 86_400),
    ],
)
def test_gps_time_is_read_with_missing_and_decimal_parts_and_as_text(clock, value, span) -> None:
    found = gps(clock)
    time = only(found)
    assert (time.value, time.zone, time.role) == (value, "UTC", "position")
    assert time.uncertainty_s == pytest.approx(span)
    odd = value == "2021-06-01" or "T00:" in value
    assert kinds(found) == ({"clock"} if odd else set())


@pytest.mark.parametrize("day", ["20210601", "2021-06-01", "2021:6:1", "2021:06:01 "])
def test_the_gps_date_may_be_spelt_otherwise(day: str) -> None:
    assert only(gps(build.rational(7, (9, 1), (8, 1), (7, 1)), day)).value == "2021-06-01T09:08:07Z"


def xmp(attributes: str) -> Metadata:
    packet = build.xmp("", f'xmlns:exif="http://ns.adobe.com/exif/1.0/" {attributes}')
    data = build.segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + packet)
    return of(build.with_segments(build.jpeg(), data))


def test_gps_time_in_xmp_is_utc_in_one_field_or_two() -> None:
    for text in (
        'exif:GPSTimeStamp="2021-06-01T09:08:37Z"', 'exif:GPSTimeStamp="2021-06-01T09:08:37"',
        'exif:GPSTimeStamp="09:08:37" exif:GPSDateStamp="2021:06:01"',
    ):  # fmt: skip
        time = only(xmp(text))
        assert (time.value, time.source, time.role) == ("2021-06-01T09:08:37Z", "XMP", "position")


def test_the_texts_that_imagemagick_puts_into_a_png_state_the_capture() -> None:
    data = build.png(build.chunk(b"tEXt", b"exif:DateTimeOriginal\x002021:06:01 12:30:15"))
    assert only(of(data, "png")).value == "2021-06-01T12:30:15"


def samsung(text: bytes, name: bytes = b"Image_UTC_Data") -> bytes:
    """Put Samsung's block behind a JPEG: entries, then a directory of them."""
    entry = struct.pack("<HHI", 0, 0x0A01, len(name)) + name + text
    head = b"SEFH" + struct.pack("<II", 106, 1)
    head += struct.pack("<HHII", 0, 0x0A01, len(entry), len(entry))
    block = build.tiff([build.ascii_(0x010F, "samsung")],
                       exif=[build.ascii_(SHOT, "2016:10:17 09:40:43")])  # fmt: skip
    picture = build.jpeg_with_exif(block)
    return picture + entry + head + struct.pack("<I", len(head)) + b"SEFT"


def test_the_moment_that_samsung_writes_behind_the_picture_gives_time_and_zone() -> None:
    data = samsung(b"1476690043123")
    camera, phone = of(data).times
    assert (phone.value, phone.zone, phone.role, phone.source) == (
        "2016-10-17T07:40:43.123Z", "UTC", "capture", "phone",
    )  # fmt: skip
    assert data[phone.offset : phone.offset + phone.length] == b"1476690043123"
    assert (camera.zone, camera.local_offset_s, phone.local_offset_s) == (None, 7200.0, 7200.0)


@pytest.mark.parametrize("text", [b"soon", b"", b"0", b"9" * 20])
def test_a_samsung_note_that_is_no_moment_is_observed(text: bytes) -> None:
    found = of(samsung(text))
    assert len(found.times) == 1
    assert "unreadable-time" in kinds(found)


def test_another_samsung_note_is_no_time() -> None:
    assert len(of(samsung(b"1476690043123", b"MCC_Data")).times) == 1


def rolled(day: str, other: str = "2021:06:01 12:30:15") -> Metadata:
    clock = build.rational(7, (9, 1), (30, 1), (15, 1))
    block = build.tiff([], exif=[build.ascii_(SHOT, other)], gps=[clock, build.ascii_(29, day)])
    return of(build.jpeg_with_exif(block))


@pytest.mark.parametrize(
    ("day", "weeks"), [("2001:10:16", 1024), ("1982:03:02", 2048), ("2001:10:17", 1024)]
)
def test_a_gps_date_1024_weeks_early_is_observed_and_doubted(day: str, weeks: int) -> None:
    found = rolled(day)
    camera, receiver = found.times
    assert receiver.value.startswith(day.replace(":", "-"))  # as written
    assert f"{weeks} weeks before ExifIFD:DateTimeOriginal" in receiver.doubt
    assert any(receiver.doubt in one.message for one in found.observations)
    assert camera.doubt == ""
    assert camera.local_offset_s is None  # nothing follows from a doubted date


@pytest.mark.parametrize("day", ["2021:06:01", "2001:10:18", "2001:10:14", "2041:01:15"])
def test_other_gps_dates_are_not_called_rolled_over(day: str) -> None:
    assert rolled(day).times[1].doubt == ""


def test_a_rolled_over_date_explains_that_the_days_differ() -> None:
    data = build.jpeg_with_exif(build.tiff(
        [], exif=[build.ascii_(SHOT, "2021:06:01 12:30:15"), build.ascii_(0x9011, "+03:00")],
        gps=[build.rational(7, (9, 1), (30, 1), (15, 1)), build.ascii_(29, "2001:10:16")],
    ))  # fmt: skip
    tree = structure(data, format="jpeg")
    rules = consistency(data, structure=tree, encoding=None, metadata=of(data))
    states = {one.id: one.state for one in rules}
    assert states["gps-time.day"] == "explained"
    assert states["gps-time.offset-tag"] == "not applicable"
