"""Recorded times, the claimed dates, the post and daylight: said, and never decided."""

import pytest

from imgcheck.case import Case
from imgcheck.checks.provenance_capture_time import capture_time
from imgcheck.imaging import Image
from imgcheck.model import Finding, Outcome
from imgcheck.model.claimfile import loads
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
    assert "says nothing for or against" in finding.summary
    assert finding.measures == ()


def test_a_file_saved_before_the_window_existed_before_it() -> None:
    finding = answer(saved="2017:08:20 10:00:00")
    assert "existed before the claimed dates" in finding.summary
    assert finding.outcome is Outcome.INCONCLUSIVE


def test_an_unset_clock_is_called_one_and_bounds_nothing() -> None:
    finding = answer(shot="1980:01:01 00:03:12", saved="1970:01:01 00:00:00")
    assert "Clocks that nobody set stand there" in finding.summary
    assert "existed before" not in answer(saved="1970:01:01 00:00:00").summary


def test_the_date_in_a_messengers_name_bounds_the_capture() -> None:
    finding = answer(name="IMG-20170820-WA0003.jpg")
    assert "existed before the claimed dates" in finding.summary
    assert any("file name" in measure.name for measure in finding.measures)


def test_a_time_after_the_post_means_a_wrong_clock() -> None:
    assert "after the post itself" in answer(shot="2018:01:05 12:00:00").summary
    assert "after the post itself" not in answer(shot="2017:09:10 12:00:00").summary


def test_a_program_newer_than_the_post_means_a_later_save() -> None:
    block = build.tiff([build.ascii_(0x0131, "Adobe Photoshop CC 2019")])
    image = Image.from_bytes(build.jpeg_with_exif(block), name="post.jpg")
    claim = loads(CLAIM.format(when="2017-09-10"))
    (finding,) = capture_time.run(Case(image=image, claim=claim))
    assert "came out after the post" in finding.summary
    assert finding.outcome is Outcome.INCONCLUSIVE


def test_gps_time_at_night_is_said_in_degrees_and_stays_inconclusive() -> None:
    finding = answer(gps=fix("2017:09:10", 0, 10))
    assert finding.outcome is Outcome.INCONCLUSIVE
    # PyEphem gives -26.42 degrees for this place and moment.
    assert "26.4 degrees below the horizon at the recorded position: night" in finding.summary
    assert "a sunlit picture cannot be of that moment and place" in finding.summary


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
