"""Times of the file against the claimed dates, the post and daylight."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from imgcheck import provenance, sun
from imgcheck.case import Case
from imgcheck.checks.provenance_capture_time import capture_time
from imgcheck.imaging import Image
from imgcheck.imaging.containers import Observation
from imgcheck.model import Finding, Outcome
from imgcheck.model.claimfile import loads
from imgcheck.provenance import Gps, Time
from tests.checks.frozen import case_of, tags
from tests.provenance import build

CLAIM = """
source:
  posted: 2017-09-24
statements:
  - acquired: {when}
  - place: {{lat: 48.0, lon: 37.0, radius_km: 5}}
"""


def fix(day: str, hour: int, minute: int, lat: int = 48, lon: int = 37) -> list[build.Field]:
    return [
        build.ascii_(1, "N"), build.rational(2, (lat, 1), (0, 1), (1, 100)),
        build.ascii_(3, "E"), build.rational(4, (lon, 1), (0, 1), (1, 100)),
        build.rational(7, (hour, 1), (minute, 1), (0, 1)), build.ascii_(29, day),
    ]  # fmt: skip


def answer(
    when: str = "2017-09-08/2017-09-12", *, shot: str | None = None, zone: str | None = None,
    saved: str | None = None, gps: list[build.Field] = (), name: str = "post.jpg",
) -> Finding:  # fmt: skip
    exif = [] if shot is None else [build.ascii_(0x9003, shot)]
    exif += [] if zone is None else [build.ascii_(0x9011, zone)]
    ifd0 = [] if saved is None else [build.ascii_(0x0132, saved)]
    data = build.jpeg_with_exif(build.tiff(ifd0, exif=exif, gps=gps))
    image = Image.from_bytes(data, name=name)
    (finding,) = capture_time.run(Case(image=image, claim=loads(CLAIM.format(when=when))))
    return finding


def test_a_time_inside_the_window_is_reported_and_supports_nothing() -> None:
    finding = answer(shot="2017:09:10 12:00:00")
    assert finding.outcome is Outcome.INCONCLUSIVE
    assert "inside the window" in finding.summary
    assert "with no zone" in finding.summary
    assert "does not decide" in finding.summary


def test_a_time_outside_the_window_contradicts_nothing() -> None:
    finding = answer(shot="2015:06:14 12:00:00", zone="+03:00")
    assert finding.outcome is Outcome.INCONCLUSIVE
    assert "before the window" in finding.summary
    assert any("clock" in cause for cause in finding.innocent)


def test_no_time_is_no_evidence() -> None:
    finding = answer()
    assert finding.outcome is Outcome.NOT_APPLICABLE
    assert "not evidence for or against" in finding.summary
    assert finding.measures == ()


def test_a_file_saved_before_the_window_existed_before_it() -> None:
    finding = answer(saved="2017:08:20 10:00:00")
    assert "existed before the claimed dates" in finding.summary
    assert finding.outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize(
    ("shot", "told"),
    [("2017:09:10 12:00:00", True), ("2018:01:01 12:00:00", True), ("2017:08:19 12:00:00", False)],
)
def test_a_capture_before_the_window_makes_an_earlier_save_no_news(shot: str, told: bool) -> None:
    summary = answer(shot=shot, saved="2017:08:20 10:00:00").summary
    assert ("existed before the claimed dates" in summary) == told


def test_an_unset_clock_is_called_one_and_bounds_nothing() -> None:
    finding = answer(shot="1980:01:01 00:03:12", saved="1970:01:01 00:00:00")
    assert "A clock that was never set" in finding.summary
    assert "existed before" not in answer(saved="1970:01:01 00:00:00").summary


def test_the_date_in_a_messengers_name_bounds_the_capture() -> None:
    finding = answer(name="IMG-20170820-WA0003.jpg")
    assert "existed before the claimed dates" in finding.summary
    assert any("file name" in measure.name for measure in finding.measures)


def test_a_time_after_the_post_means_a_wrong_clock() -> None:
    assert ", after the post: that clock" in answer(shot="2018:01:05 12:00:00").summary
    assert ", after the post: that clock" not in answer(shot="2017:09:10 12:00:00").summary


def test_a_program_newer_than_the_post_means_a_later_save() -> None:
    block = build.tiff([build.ascii_(0x0131, "Adobe Photoshop CC 2019")])
    image = Image.from_bytes(build.jpeg_with_exif(block), name="post.jpg")
    claim = loads(CLAIM.format(when="2017-09-10"))
    (finding,) = capture_time.run(Case(image=image, claim=claim))
    assert "released after the post" in finding.summary
    assert finding.outcome is Outcome.INCONCLUSIVE


def test_gps_time_at_night_is_said_in_degrees_and_stays_inconclusive() -> None:
    finding = answer(gps=fix("2017:09:10", 0, 10))
    assert finding.outcome is Outcome.INCONCLUSIVE
    # PyEphem gives -26.42 degrees for this place and moment.
    assert "26.4 degrees below the horizon at the recorded position: night" in finding.summary
    assert "this time or this place is not that of the picture" in finding.summary


def test_an_exposure_for_daylight_is_told_beside_a_time_at_night() -> None:
    exif = [build.rational(0x829A, (1, 1000)), build.rational(0x829D, (56, 10)),
            build.short(0x8827, 100)]  # fmt: skip
    for hour, told in ((0, True), (10, False)):
        data = build.jpeg_with_exif(build.tiff([], exif=exif, gps=fix("2017:09:10", hour, 10)))
        case = Case(image=Image.from_bytes(data, name="a.jpg"),
                    claim=loads(CLAIM.format(when="2017-09-10")))  # fmt: skip
        (finding,) = capture_time.run(case)
        # log2(5.6^2 * 1000) = 14.94
        assert ("EV 14.9 at ISO 100" in finding.summary) == told


def test_a_camera_clock_with_a_zone_gets_weaker_words_than_gps() -> None:
    finding = answer(shot="2017:09:10 03:10:00", zone="+03:00")
    assert "if the picture is sunlit, the clock, its zone or the place is wrong" in finding.summary
    assert "the claimed place" in finding.summary


def test_daylight_is_never_held_against_a_time_without_a_zone() -> None:
    finding = answer(shot="2017:09:10 02:10:00")
    assert "the sun stood" not in finding.summary


def test_recorded_and_claimed_place_on_two_sides_of_the_earth_are_both_told() -> None:
    finding = answer(gps=fix("2017:09:10", 0, 10, lat=48, lon=179))
    assert "above the horizon at the recorded position" in finding.summary
    assert "below the horizon at the claimed place" in finding.summary


def test_every_time_is_a_measure_and_has_its_bytes() -> None:
    finding = answer(shot="2017:09:10 12:00:00", saved="2017:09:11 08:00:00")
    assert [m.name.split(",")[0] for m in finding.measures] == ["capture", "written"]
    assert "no time zone" in str(finding.measures[0].value)
    assert len(finding.evidence.bytes) == 2


@pytest.mark.parametrize("when", ["1800", "2199", "2017-09-10T12:00Z"])
def test_odd_windows_are_answered(when: str) -> None:
    assert answer(when, shot="2017:09:10 12:00:00").outcome is Outcome.INCONCLUSIVE


DAY = "2017-09-10"


def time(value: str, zone: str | None = None, role: str = "capture", **more: object) -> Time:
    given: dict[str, object] = {"source": "camera clock", "tag": f"T:{role}", "uncertainty_s": 1.0}
    suffix = "" if zone is None else "Z" if zone == "UTC" else zone
    return Time(value=value + suffix, zone=zone, role=role, **{**given, **more})


def say(*times: Time, when: str = DAY, place: str = "", posted: str = "", gps: Gps | None = None,
        observations: tuple[Observation, ...] = ()) -> Finding:  # fmt: skip
    claim = f"source: {{posted: {posted}}}\n" if posted else ""
    claim += f"statements:\n  - acquired: {when}\n{place}"
    case = case_of(claim, times=times, metadata=tags(gps=gps, observations=observations))
    (finding,) = capture_time.run(case)
    assert finding.outcome not in (Outcome.SUPPORTS, Outcome.CONTRADICTS)
    return finding


@pytest.mark.parametrize(
    ("recorded", "when", "word"),
    [
        # A day, and clocks with and without zone.
        (time("2017-09-10T12:30:15"), DAY, "inside as local time"),
        (time("2017-09-10T12:30:15", "+03:00"), DAY, "inside as local time"),
        (time("2017-09-10T00:00:00"), DAY, "inside as local time"),
        (time("2017-09-10T23:59:59"), DAY, "inside as local time"),
        (time("2017-09-11T00:00:00"), DAY, "after as local time"),
        (time("2017-09-09T23:59:59", "+03:00"), DAY, "before as local time"),
        (time("2017-09-13T12:30:15"), DAY, "after"),
        (time("2017-09-07T12:30:15", "+03:00"), DAY, "before"),
        # The minute, and an interval.
        (time("2017-09-10T12:30:59"), "2017-09-10T12:30", "inside as local time"),
        (time("2017-09-10T12:30:15", "+03:00"), "2017-09-10T12:30", "inside as local time"),
        (time("2017-09-10T12:31:00"), "2017-09-10T12:30", "after as local time"),
        (time("2017-09-10T12:29:59"), "2017-09-10T12:30", "before as local time"),
        (time("2017-09-10T12:00:00"), "2017-09-08/2017-09-12", "inside"),
        # A zone in the claim.
        (time("2017-09-10T12:30:15", "+03:00"), "2017-09-10T12:30+03:00", "inside"),
        (time("2017-09-10T12:30:15", "+02:00"), "2017-09-10T12:30+03:00", "after"),
        (time("2017-09-10T12:30:15"), "2017-09-10T12:30+03:00", "inside as local time"),
        (time("2017-09-10T09:30:15", "UTC"), "2017-09-10T12:30+03:00", "inside"),
        # UTC alone has no local time, but may be days away.
        (time("2017-09-10T09:30:15", "UTC"), DAY, "undecidable"),
        (time("2017-09-10T22:30:15", "UTC", local_offset_s=10_800.0), DAY, "after as local time"),
        (time("2017-09-12T09:30:15", "UTC"), DAY, "after"),
        # Partial dates.
        (time("2017-09", uncertainty_s=30 * 86_400.0), DAY, "undecidable"),
        (time("2017-09", uncertainty_s=30 * 86_400.0), "2017-09", "inside as local time"),
        (time("2016-09", uncertainty_s=30 * 86_400.0), DAY, "before"),
    ],
)
def test_the_side_of_the_claimed_dates_is_said_as_far_as_the_zones_allow(
    recorded: Time, when: str, word: str
) -> None:
    finding = say(recorded, when=when)
    assert f": {word}; clock" in str(finding.measures[0].value)


def test_without_a_time_nothing_is_said_for_or_against() -> None:
    finding = say()
    assert "records no time of capture, which is not evidence" in finding.summary
    assert finding.measures == ()
    assert finding.outcome is Outcome.NOT_APPLICABLE
    assert say(time("2017-09-10T12:00:00")).outcome is Outcome.INCONCLUSIVE
    early = time("2017-09-01T12:00:00", role="written")
    assert say(early).outcome is Outcome.INCONCLUSIVE  # it bounds the capture
    assert say(time("2017-09-30T12:00:00", role="written")).outcome is Outcome.NOT_APPLICABLE


def test_a_time_that_cannot_be_read_is_not_called_absent() -> None:
    seen = Observation(kind="unreadable-time", message="the capture date 'x' is no possible date")
    finding = say(observations=(seen,))
    assert "records a time that cannot be read: the capture date 'x'" in finding.summary
    assert "records no time" not in finding.summary


@pytest.mark.parametrize(
    ("role", "leads"),
    [("capture", True), ("position", True), ("digitised", True), ("written", False),
     ("metadata", False), ("sent", False), ("signed", False)],
)  # fmt: skip
def test_only_times_near_the_shutter_lead(role: str, leads: bool) -> None:
    finding = say(time("2017-09-10T12:30:15", role=role))
    assert ("records no time of capture" not in finding.summary) == leads


@pytest.mark.parametrize("role", ["signed", "written", "metadata", "sent"])
@pytest.mark.parametrize(
    ("value", "told"),
    [("2017-09-08T12:00:00", True), ("2017-09-09T12:00:00", False),
     ("2017-09-12T12:00:00", False), ("1980-01-01T00:00:00", False)],
)  # fmt: skip
def test_a_file_that_existed_before_the_dates_is_told(role: str, value: str, told: bool) -> None:
    finding = say(time(value, role=role))
    assert ("the file existed before the claimed dates" in finding.summary) == told


def test_that_it_existed_is_not_repeated_where_the_capture_lies_before() -> None:
    finding = say(time("2017-09-01T12:00:00"), time("2017-09-02T12:00:00", role="written"))
    assert "existed before the claimed" not in finding.summary


@pytest.mark.parametrize(
    ("value", "told"), [("2017-09-24T12:00:00", False), ("2017-09-26T12:00:00", True)]
)
def test_a_clock_later_than_the_post_is_told(value: str, told: bool) -> None:
    finding = say(time(value), posted="2017-09-24")
    assert (", after the post: that clock" in finding.summary) == told


def test_times_of_capture_that_disagree_are_told() -> None:
    other = "on the other side of the window"
    inside, out = time("2017-09-10T12:30:15"), time("2017-09-12T12:30:15")
    assert other in say(inside, out).summary
    assert other not in say(inside, time("2017-09-10T12:30:15", "+03:00")).summary
    # A time in UTC whose side is unknown disagrees with nothing.
    assert other not in say(inside, time("2017-09-10T09:30:15", "UTC")).summary
    assert other not in say(inside, replace(out, role="written")).summary


def test_a_doubtful_clock_says_why_and_is_asked_last() -> None:
    early = time("1998-01-25T12:30:15", "UTC", "position", doubt="1024 weeks early")
    finding = say(early)
    assert "That clock is probably wrong: 1024 weeks early." in finding.summary
    both = say(early, time("2017-09-10T12:30:15", role="digitised"))
    assert "T:digitised" in both.summary.split(";")[0]
    assert "1024 weeks" not in both.summary


PLACE = "  - place: {lat: 48, lon: 37, radius_km: 5}\n"
NIGHT, NOON = "2017-09-10T00:10:00", "2017-09-10T10:10:00"


@pytest.mark.parametrize(
    ("recorded", "words"),
    [
        (time(NIGHT, "UTC", "position", source="GPS"), "this time or this place is not that of"),
        (time(NIGHT, "UTC", source="drone"), "this time or this place is not that of"),
        (time("2017-09-10T03:10:00", "+03:00"), "if the picture is sunlit, the clock"),
        (time(NOON, "UTC", "position", source="GPS"), "above the horizon"),
    ],
)
def test_the_suns_height_is_said_where_the_moment_is_known(recorded: Time, words: str) -> None:
    assert words in say(recorded, place=PLACE).summary


@pytest.mark.parametrize(
    "recorded",
    [
        time(NIGHT),
        time(NIGHT, "UTC", "written"),
        time("2017-09-10", "UTC", uncertainty_s=86_400.0),
        time(NIGHT, "UTC", "position", doubt="1024 weeks early"),
    ],
)
def test_the_suns_height_is_not_said_of_a_moment_that_is_not_known(recorded: Time) -> None:
    assert "the sun stood" not in say(recorded, place=PLACE).summary


def test_gps_time_goes_before_the_cameras_and_the_recorded_place_before_the_claimed() -> None:
    shot, fix = time(NOON, "UTC"), time(NIGHT, "UTC", "position", source="GPS")
    finding = say(shot, fix, place=PLACE, gps=Gps(lat=48.0, lon=37.0))
    assert "At 2017-09-10T00:10:00Z (GPS time)" in finding.summary
    assert "at the recorded position" in finding.summary
    assert "claimed place" not in finding.summary  # it would say the same


@pytest.mark.parametrize(
    ("value", "uncertainty", "said"),
    [
        (NOON, 60.0, True), (NOON, 61.0, False),
        # The years for which the sun's position is computed.
        ("1900-09-10T10:10:00", 1.0, True), ("1899-09-10T10:10:00", 1.0, False),
        ("2150-09-10T10:10:00", 1.0, True), ("2151-09-10T10:10:00", 1.0, False),
    ],
)  # fmt: skip
def test_the_suns_height_is_said_to_the_minute_in_the_years_it_is_computed_for(
    value: str, uncertainty: float, said: bool
) -> None:
    finding = say(time(value, "UTC", uncertainty_s=uncertainty), when=value[:4], place=PLACE)
    assert ("the sun stood" in finding.summary) == said


@pytest.mark.parametrize(
    ("recorded", "claimed", "both"),
    [(20.0, -20.0, True), (-20.0, 20.0, True), (0.5, -5.0, True), (-5.0, 0.5, True),
     (0.5, 5.0, False), (5.0, 0.5, False), (-5.0, -0.5, False)],
)  # fmt: skip
def test_a_second_place_is_told_where_the_sun_is_on_the_other_side_of_the_horizon(
    monkeypatch: pytest.MonkeyPatch, recorded: float, claimed: float, both: bool
) -> None:
    heights = {10.0: recorded, 48.0: claimed}
    monkeypatch.setattr(
        sun, "position", lambda when, at: SimpleNamespace(elevation_deg=heights[at.lat])
    )
    finding = say(time(NOON, "UTC"), place=PLACE, gps=Gps(lat=10.0, lon=37.0))
    assert "at the recorded position" in finding.summary
    assert ("at the claimed place" in finding.summary) == both


@pytest.mark.parametrize(
    ("height", "light", "told"),
    [(-7.0, 14.0, True), (-11.0, 14.0, True), (-4.0, 14.0, False), (9.0, 14.0, False),
     (-7.0, None, False), (None, 14.0, False)],
)  # fmt: skip
def test_an_exposure_is_told_below_civil_twilight(
    monkeypatch: pytest.MonkeyPatch, height: float | None, light: float | None, told: bool
) -> None:
    monkeypatch.setattr(sun, "position", lambda when, at: SimpleNamespace(elevation_deg=height))
    monkeypatch.setattr(provenance, "exposure_value", lambda metadata: light)
    finding = say(time(NOON, "UTC"), place="" if height is None else PLACE)
    assert ("recorded exposure" in finding.summary) == told


@pytest.mark.parametrize(
    ("lat", "lon", "place"),
    [(48.0, 37.0, "recorded position"), (0.0, 37.0, "recorded position"),
     (48.0, 0.0, "recorded position"), (0.0, 0.0, "claimed place"),
     (None, 37.0, "claimed place"), (48.0, None, "claimed place"), (None, None, "claimed place")],
)  # fmt: skip
def test_the_recorded_position_is_used_where_it_is_one(
    lat: float | None, lon: float | None, place: str
) -> None:
    finding = say(time(NIGHT, "UTC"), place=PLACE, gps=Gps(lat=lat, lon=lon))
    assert f"at the {place}" in finding.summary


@pytest.mark.parametrize(("year", "told"), [(2016, False), (2017, False), (2018, True)])
def test_a_program_of_the_year_of_the_post_is_no_news(
    monkeypatch: pytest.MonkeyPatch, year: int, told: bool
) -> None:
    monkeypatch.setattr(provenance, "named_years", lambda metadata: (("Editor", year),))
    finding = say(time("2017-09-10T12:00:00"), posted="2017-09-24")
    assert ("released after the post" in finding.summary) == told


def test_a_second_time_of_capture_does_not_bound_the_file() -> None:
    early = time("2017-09-01T12:00:00", role="digitised")
    finding = say(time("2017-09-10T12:30:15"), early)
    assert "existed before the claimed dates" not in finding.summary


def test_a_position_of_zero_zero_is_no_place_for_the_sun() -> None:
    finding = say(time(NIGHT, "UTC"), place=PLACE, gps=Gps(lat=0.0, lon=0.0))
    assert "at the claimed place" in finding.summary
