"""Is an honest local time never called before or after what the claim says of the same moment?"""

import random
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from imgcheck.provenance import Time, TimeFit, compare_times, metadata
from tests.provenance import build

# Offsets from UTC in civil use, in minutes.
OFFSETS = (-720, -660, -570, -480, -300, -210, -180, 60, 120, 180, 210, 270, 330, 345, 480, 525,
           570, 660, 765, 840)  # fmt: skip
MOMENT = datetime(2021, 6, 1, 12, 30, 15)


def iso(minutes: int) -> str:
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def recorded(
    shown: datetime, zone: str | None, *, span: float = 1.0, offset_s: float | None = None
) -> Time:
    """Make the time that a camera records which shows this."""
    suffix = "" if zone is None else "Z" if zone == "UTC" else zone
    return Time(value=shown.isoformat() + suffix, zone=zone, source="camera clock", tag="T",
                uncertainty_s=span, role="capture", local_offset_s=offset_s)  # fmt: skip


def fit(time: Time, start: date | datetime, end: date | datetime | None = None) -> TimeFit:
    return compare_times([time], start=start, end=start if end is None else end).fits[0]


def minute(shown: datetime) -> tuple[datetime, datetime]:
    """Give the window of a claim that names the minute."""
    start = shown.replace(second=0)
    return start, start + timedelta(minutes=1)


def test_half_past_twelve_with_a_zone_agrees_with_a_claim_of_half_past_twelve() -> None:
    found = fit(recorded(MOMENT, "+03:00"), *minute(MOMENT))
    assert (found.relation, found.local) == ("undecidable", "inside")
    assert "as local times it is inside the window" in found.basis
    assert "before" not in found.basis and "after" not in found.basis


def test_a_clock_without_a_zone_agrees_with_a_claim_that_names_its_zone() -> None:
    start, end = (one.replace(tzinfo=timezone(timedelta(hours=3))) for one in minute(MOMENT))
    found = fit(recorded(MOMENT, None), start, end)
    assert (found.relation, found.local) == ("undecidable", "inside")


@pytest.mark.parametrize("zone", ["UTC", "+00:00"])
def test_a_time_in_utc_is_compared_with_no_local_time_unless_the_offset_is_known(zone) -> None:
    utc = MOMENT - timedelta(hours=3)
    found = fit(recorded(utc, zone), *minute(MOMENT))
    assert (found.relation, found.local, found.local_gap_h) == ("undecidable", "unknown", 0.0)
    assert "cannot be placed" in found.basis
    known = fit(recorded(utc, zone, offset_s=3 * 3600.0), *minute(MOMENT))
    assert known.local == "inside"
    assert "UTC+3 h" in known.basis


def test_a_clock_whose_offset_follows_is_a_moment_against_a_claim_with_another_zone() -> None:
    start, end = (one.replace(tzinfo=UTC) for one in minute(MOMENT - timedelta(hours=3)))
    assert fit(recorded(MOMENT, None, offset_s=10_800.0), start, end).local == "inside"
    assert fit(recorded(MOMENT, None), start, end).local == "later"  # by its face alone


def test_hours_apart_are_said_and_called_neither_before_nor_after() -> None:
    for hours, word in ((-2, "earlier"), (2, "later")):
        found = fit(recorded(MOMENT + timedelta(hours=hours), "+03:00"), *minute(MOMENT))
        assert (found.relation, found.local) == ("undecidable", word)
        assert found.local_gap_h == pytest.approx(2.0, abs=0.02)
        assert f"2.0 h {word} than the window" in found.basis
        assert "another time zone can explain" in found.basis


def test_the_edges_of_a_window_belong_to_it_as_local_times() -> None:
    start, end = datetime(2021, 6, 1, 12), datetime(2021, 6, 1, 13)
    for shown, word in (
        ("2021-06-01T11:59:59", "earlier"), ("2021-06-01T12:00:00", "inside"),
        ("2021-06-01T12:59:59", "inside"), ("2021-06-01T13:00:00", "later"),
    ):  # fmt: skip
        assert fit(recorded(datetime.fromisoformat(shown), "+03:00"), start, end).local == word
    assert fit(recorded(start, "+03:00", span=86_400.0), start, end).local == "overlaps"


def test_300_honest_times_are_never_called_before_or_after() -> None:
    rng = random.Random(5)
    for _ in range(300):
        shown = datetime(2021, 1, 1) + timedelta(seconds=rng.randrange(4 * 365 * 86_400))
        minutes = rng.choice(OFFSETS)
        zone = rng.choice([None, iso(minutes), "UTC", "+00:00"])
        written = shown - timedelta(minutes=minutes) if zone in ("UTC", "+00:00") else shown
        offset = rng.choice([None, 60.0 * minutes])
        time = recorded(written, zone, offset_s=offset)
        stated = timezone(timedelta(minutes=minutes)) if rng.random() < 0.4 else None
        whole = rng.random() < 0.5
        if whole and stated is None and rng.random() < 0.5:
            found = fit(time, shown.date())
        else:
            start, end = minute(shown)
            if whole:
                start = shown.replace(hour=0, minute=0, second=0)
                end = start + timedelta(days=1)
            found = fit(time, start.replace(tzinfo=stated), end.replace(tzinfo=stated))
        assert found.relation in ("inside", "undecidable"), (time, found)
        assert found.local in ("inside", "unknown"), (time, found)
        assert " before " not in found.basis and " after " not in found.basis


def test_200_honest_cameras_that_run_in_a_foreign_zone_are_never_called_before_or_after() -> None:
    rng = random.Random(6)
    for _ in range(200):
        shown = datetime(2021, 1, 1) + timedelta(seconds=rng.randrange(4 * 365 * 86_400))
        there, home = rng.choice(OFFSETS), rng.choice(OFFSETS)
        written = shown + timedelta(minutes=home - there)
        found = fit(recorded(written, rng.choice([None, iso(home)])), *minute(shown))
        assert found.relation == "undecidable"


def test_200_times_wrong_by_more_than_26_hours_are_called_before_or_after() -> None:
    rng = random.Random(7)
    for _ in range(200):
        shown = datetime(2021, 1, 1) + timedelta(seconds=rng.randrange(4 * 365 * 86_400))
        slip = timedelta(hours=26, minutes=2, seconds=rng.randrange(10**6))
        zone = rng.choice([None, iso(rng.choice(OFFSETS))])
        start, end = minute(shown)
        assert fit(recorded(start - slip, zone), start, end).relation == "before"
        assert fit(recorded(end + slip, zone), start, end).relation == "after"


SHOT, OFFSET = 0x9003, 0x9011


def stamped(shot: str, day: str, clock: tuple[tuple[int, int], ...], zone: str | None = None):
    exif = [build.ascii_(SHOT, shot), *([] if zone is None else [build.ascii_(OFFSET, zone)])]
    gps = [build.rational(7, *clock), build.ascii_(29, day)]
    return metadata(build.jpeg_with_exif(build.tiff([], exif=exif, gps=gps)), format="jpeg")


@pytest.mark.parametrize(
    ("shot", "clock", "hours"),
    [
        ("2021:06:01 12:30:15", ((9, 1), (30, 1), (0, 1)), 3.0),
        ("2021:06:01 15:15:15", ((9, 1), (30, 1), (50, 1)), 5.75),
        ("2021:06:01 00:30:15", ((9, 1), (30, 1), (0, 1)), -9.0),
        ("2021:06:01 12:40:15", ((9, 1), (30, 1), (0, 1)), None),  # no zone is 3 h 10 min away
        ("2021:06:01 12:45:15", ((9, 1), (30, 1), (0, 1)), None),  # nor 3 h 15 min
        ("2021:06:02 12:30:15", ((9, 1), (30, 1), (0, 1)), None),
    ],
)
def test_the_offset_follows_from_gps_time_only_where_a_civil_zone_fits(shot, clock, hours) -> None:
    camera, gps = stamped(shot, "2021:06:01", clock).times
    expected = None if hours is None else 3600 * hours
    assert (camera.local_offset_s, gps.local_offset_s) == (expected, expected)
    assert camera.zone is None  # what the camera wrote stays what it is


def test_a_stated_zone_is_not_second_guessed() -> None:
    camera, gps = stamped(
        "2021:06:01 12:30:15", "2021:06:01", ((9, 1), (30, 1), (0, 1)), zone="+02:00"
    ).times
    assert (camera.local_offset_s, gps.local_offset_s) == (None, None)
