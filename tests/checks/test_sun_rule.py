"""When a shadow or the height of the sun decides, and what is said beside it: frozen answers."""

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from imgcheck import sun
from imgcheck.case import Case, Reference, shadows
from imgcheck.checks import sun_claimed_time, sun_night
from imgcheck.model import Claim, Finding, Outcome, Rival
from imgcheck.model.claimfile import loads
from imgcheck.sun.slips import Slip

REFERENCE = Reference(id="r", image=SimpleNamespace(georeference="a map"))  # type: ignore[arg-type]
BOTH = "measurements: [{shadow_azimuth: {value: 341, sigma: 2}}]"


def case(text: str, *references: Reference, **claim: Any) -> Case:
    stated = replace(loads(text), **claim) if claim else loads(text)
    return Case(image=SimpleNamespace(), claim=stated, references=references)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("place", "spot"),
    [
        ("{lat: 10, lon: 20}", (10.0, 20.0, "the claimed place")),
        ("{bbox: [20, 10, 30, 12]}", (11.0, 25.0, "the middle of the claimed box")),
        ("{polygon: [[20, 10], [30, 10], [30, 12]]}", None),
    ],
)
@pytest.mark.parametrize(
    ("references", "centre", "placed"),
    [
        ((REFERENCE,), None, False),
        ((REFERENCE,), SimpleNamespace(centre_lonlat=None), False),
        ((REFERENCE,), SimpleNamespace(centre_lonlat=(1.0, 2.0)), True),
    ],
)
def test_the_sun_is_that_of_the_place_found_then_of_the_one_claimed(
    monkeypatch, place, spot, references, centre, placed
) -> None:
    monkeypatch.setattr(Case, "placed", centre and (REFERENCE, centre))
    found = sun_claimed_time.where(case(f"statements: [place: {place}]", *references))
    assert found == ((2.0, 1.0, "the place found on r") if placed else spot)


def test_half_a_point_is_no_place_of_the_sun() -> None:
    (place,) = loads("statements: [place: {lat: 10, lon: 20}]").statements
    for half in ({"lat": None}, {"lon": None}):
        claim = Claim(statements=(replace(place, **half),))
        assert sun_claimed_time.where(case("{}", statements=claim.statements)) is None


@pytest.mark.parametrize(
    ("statements", "rivals", "answers"),
    [
        ("[{acquired: 2022-03-19T09:08Z}]", (), 1),
        ("[original]", (), 0),
        ("[original]", (Rival(text="in spring"),), 0),  # without a time nothing can be weighed
        ("[original]", (Rival(text="in spring", window=None),), 0),
    ],
)
@pytest.mark.parametrize("measured", [True, False])
def test_without_a_place_or_a_shadow_the_time_is_not_tested(
    statements, rivals, answers, measured
) -> None:
    text = f"statements: {statements}\n" + (BOTH if measured else "")
    found = list(sun_claimed_time.claimed_time.run(case(text, rivals=rivals)))
    assert len(found) == answers
    for finding in found:
        assert finding.outcome is Outcome.NOT_APPLICABLE
        assert ("the place is not known" in finding.summary) == measured


RIVAL = loads(
    "statements: [original]\nrivals: [{text: in April, acquired: 2022-04-01T11:57Z}]"
).rivals
PLACE = "statements: [{place: {lat: 50.541771, lon: 30.230175}}]\n"


def test_a_rival_alone_is_weighed_and_never_decides() -> None:
    (found,) = sun_claimed_time.claimed_time.run(case(PLACE + BOTH, rivals=RIVAL))
    assert found.statement is None
    assert found.outcome is Outcome.INCONCLUSIVE  # although the sun contradicts it
    assert "the rival account (in April; 2022-04-01T11:57Z)" in found.summary
    unnamed = (replace(RIVAL[0], text=""),)
    (found,) = sun_claimed_time.claimed_time.run(case(PLACE + BOTH, rivals=unnamed))
    assert "the rival account (2022-04-01T11:57Z)" in found.summary


@pytest.mark.parametrize(("zone", "asked"), [("Z", False), ("", True)])
def test_the_zone_is_asked_for_where_none_is_stated(zone: str, asked: bool) -> None:
    claim = f"statements: [{{acquired: '2022-03-19T09:08{zone}'}}, " + PLACE[13:] + BOTH
    (found,) = sun_claimed_time.claimed_time.run(case(claim))
    assert ("the time zone of the claimed time" in found.would_change) == asked
    # The ratio against other daylight stands among the measures only.
    assert "against any daylight" not in found.summary and "any daylight of" not in found.summary


def slip(name: str, fits: bool = False, height: float = 30.0) -> Slip:
    when = datetime(2022, 3, 19, 12, tzinfo=UTC)
    return Slip(name=name, hours=3.0, start=when, end=when, sun_azimuth_deg=200.0,
                sun_elevation_deg=height, fits=fits)  # fmt: skip


LOCAL, DAYS = "local time (UTC+2) written as UTC", "a day confused"


@pytest.mark.parametrize(
    ("outcome", "when", "slips", "fits", "read"),
    [
        # Contradicted: the first slip that reconciles the two, or that none does.
        ("contradicts", "2022-03-19T09:08Z", [slip(LOCAL), slip(DAYS)], "No common slip", "200"),
        ("contradicts", "2022-03-19T09:08Z", [slip(LOCAL, True)], LOCAL, None),
        ("contradicts", "2022-03-19T09:08Z", [slip(LOCAL), slip(DAYS, True)], DAYS, "200"),
        ("contradicts", "2022-03-19T09:08Z", [slip(LOCAL, True), slip(DAYS, True)], LOCAL, None),
        ("contradicts", "2022-03-19T09:08Z", [slip(DAYS)], "No common slip", None),
        ("contradicts", "2022-03-19T09:08Z", [slip(LOCAL, False, -5.0)], "No common", "night"),
        ("contradicts", "2022-03-19T09:08Z", [slip(LOCAL, False, 0.5)], "No common", "200"),
        # Not contradicted: only what the local reading would be.
        ("inconclusive", "2022-03-19T09:08Z", [slip(DAYS, True)], None, None),
        ("inconclusive", "2022-03-19T09:08Z", [slip(LOCAL)], None, "200"),
        ("inconclusive", "2022-03-19T09:08Z", [slip(LOCAL, True)], None, None),
        ("inconclusive", "2022-03-19T09:08Z", [slip(DAYS), slip(LOCAL)], None, "200"),
        # Two hours are one hour of the day; longer, or without a zone, nothing is said.
        ("contradicts", "2022-03-19T08:00:00Z/2022-03-19T10:00:00Z", [slip(LOCAL)], "No co", "200"),
        ("contradicts", "2022-03-19T08:00:00Z/2022-03-19T10:30:00Z", [slip(LOCAL)], None, None),
        ("contradicts", "2022-03-19T09:08", [slip(LOCAL)], None, None),
    ],
)
@pytest.mark.parametrize("direction", [True, False])
def test_slips_with_time_zones_are_told_as_far_as_they_help(
    monkeypatch, outcome, when, slips, fits, read, direction
) -> None:
    asked = []

    def frozen(span: Any, lat: float, lon: float, *, offset_hours: float, **options: Any) -> Any:
        asked.append(offset_hours)
        return slips

    monkeypatch.setattr(sun, "slips", frozen)
    measured = "shadow_azimuth" if direction else "shadow_ratio"
    seen = shadows.seen(case(f"measurements: [{{{measured}: {{value: 1.2, sigma: 0.1}}}}]"))
    assert not isinstance(seen, str)
    window = loads(f"statements: [{{acquired: '{when}'}}]").statements[0].window  # type: ignore[attr-defined]
    words = " ".join(sun_claimed_time._zones(Outcome(outcome), window, seen, 50.0, 30.0))
    assert asked in ([], [0.0])
    told = [LOCAL, DAYS, "No common slip"] if fits in (LOCAL, DAYS) else ["No common slip"]
    for one in told:
        assert (f"this were {one}" in words or words.startswith(one)) == bool(
            fits and one.startswith(fits)
        )
    shown = None if not direction else read
    assert ("Read as local time (UTC+2)" in words) == (shown is not None)
    if shown is not None:
        assert ("would be night." in words) == (shown == "night")
        assert ("would be azimuth 200" in words) == (shown == "200")


def test_the_offset_of_the_claim_is_that_of_the_slips(monkeypatch) -> None:
    asked = []
    monkeypatch.setattr(
        sun, "slips", lambda *a, offset_hours, **k: asked.append(offset_hours) or []
    )
    seen = shadows.seen(case(BOTH))
    assert not isinstance(seen, str)
    window = loads("statements: [{acquired: 2022-03-19T09:08+05:30}]").statements[0].window  # type: ignore[attr-defined]
    assert not list(sun_claimed_time._zones(Outcome.INCONCLUSIVE, window, seen, 50.0, 30.0))
    assert asked == [5.5]


@pytest.mark.parametrize(
    ("when", "lon", "first", "last"),
    [
        # With a zone the dates are those of the zone, at both ends.
        ("2022-03-19T22:30Z", 30.0, "2022-03-19T00:00", "2022-03-19T23:59"),
        ("2022-03-20T00:30+02:00", 30.0, "2022-03-19T22:00", "2022-03-20T21:59"),
        ("2022-03-19T23:00Z/2022-03-20T01:00+02:00", 0.0, "2022-03-19T00:00", "2022-03-19T23:59"),
        # Without one, of the mean solar time of the place.
        ("2022-03-19", 0.0, "2022-03-19T00:00", "2022-03-19T23:59"),
        ("2022-03-19", 30.0, "2022-03-18T22:00", "2022-03-19T21:59"),
        ("2022-03-19", -150.0, "2022-03-19T10:00", "2022-03-20T09:59"),
        ("2022-03-19/2022-03-21", 0.0, "2022-03-19T00:00", "2022-03-21T23:59"),
    ],
)
def test_the_dates_that_a_window_names(when, lon, first, last) -> None:
    window = loads(f"statements: [{{acquired: '{when}'}}]").statements[0].window  # type: ignore[attr-defined]
    start, end = sun_claimed_time._days(window, lon)
    assert (f"{start:%Y-%m-%dT%H:%M}", f"{end:%Y-%m-%dT%H:%M}") == (first, last)


@pytest.mark.parametrize(
    ("when", "whole", "own", "chosen"),
    [
        ("2022-03-19T09:08Z", 0.5, 0.5, "whole"),
        ("2022-03-19", 0.5, 0.5, "own"),
        ("2022-03-19", 0.5, 0.0, "whole"),
        ("2022-03-19", 0.0, 0.5, "own"),
        ("2022-03-19", 0.0, None, "whole"),
    ],
)
def test_a_window_without_a_zone_is_described_on_its_own_dates(
    monkeypatch, when, whole, own, chosen
) -> None:
    window = loads(f"statements: [{{acquired: '{when}'}}]").statements[0].window  # type: ignore[attr-defined]
    span = (window.earliest, window.latest)
    posts = []

    def examine(given: Any, lat: float, lon: float, *, posted: Any, **options: Any) -> Any:
        posts.append(posted)
        name = "whole" if given == span else "own"
        return SimpleNamespace(p_value=whole if name == "whole" else own, name=name)

    monkeypatch.setattr(sun, "examine", examine)
    seen = shadows.seen(case(BOTH))
    assert not isinstance(seen, str)
    found: Any = sun_claimed_time._examined(window, None, seen, 50.0, 30.0)
    assert found.name == chosen
    assert set(posts) == {None}
    post = loads("source: {posted: 2022-03-25T00:00Z}").source.posted
    sun_claimed_time._examined(window, post, seen, 50.0, 30.0)
    assert post is not None and posts[-1] == post.latest


def night(monkeypatch: pytest.MonkeyPatch, lowest: float, highest: float, looks: str,
          measured: bool = False) -> Finding:  # fmt: skip
    heights = SimpleNamespace(elevation_deg=np.array([lowest, highest]))
    monkeypatch.setattr(sun, "position", lambda times, lat, lon: heights)
    monkeypatch.setattr(sun_night, "_looks", lambda case: (looks, 0.5, 0.1))
    text = "statements: [{acquired: 2022-03-19}, {place: {lat: 50, lon: 30}}]\n"
    (found,) = sun_night.night.run(case(text + (BOTH if measured else "")))
    return found


@pytest.mark.parametrize(
    ("lowest", "highest", "looks", "outcome", "words"),
    [
        (-20, -6.1, "day", "inconclusive", "below the horizon all through"),
        (-20, -6.1, "dark", "inconclusive", "below the horizon all through"),
        (-20, -6.0, "day", "not_applicable", "lies in twilight"),
        (-20, -4.0, "day", "not_applicable", "lies in twilight"),
        (-20, 0.0, "day", "not_applicable", "lies in twilight"),
        (-6.0, 10.0, "day", "not_applicable", "lies in twilight"),
        (0.0, 10.0, "day", "not_applicable", "lies in twilight"),
        (-6.1, 10.0, "day", "not_applicable", "holds day and night"),
        (-7.0, 0.5, "day", "not_applicable", "holds day and night"),
        (-13.0, 10.0, "dark", "not_applicable", "holds day and night"),
        (0.5, 0.9, "day", "not_applicable", "the sun was up all through"),
        (0.5, 30.0, "grey", "not_applicable", "the sun was up all through"),
        (0.5, 30.0, "dark", "inconclusive", "the sun was up all through"),
    ],
)
def test_night_twilight_and_day_part_at_the_horizon_and_at_six_degrees(
    monkeypatch, lowest, highest, looks, outcome, words
) -> None:
    found = night(monkeypatch, lowest, highest, looks)
    assert found.outcome == outcome
    assert words in found.summary


@pytest.mark.parametrize("measured", [True, False])
@pytest.mark.parametrize("looks", ["day", "dark", "grey"])
def test_a_bright_night_asks_for_the_zone_and_for_a_shadow(monkeypatch, looks, measured) -> None:
    found = night(monkeypatch, -20.0, -10.0, looks, measured)
    assert ("ask for the zone" in found.summary) == (looks == "day")
    assert ("measure a shadow" in found.summary) == (looks == "day" and not measured)
    assert any("shadow" in wish for wish in found.would_change) == (not measured)


def test_without_a_place_the_sun_has_no_height() -> None:
    (found,) = sun_night.night.run(case("statements: [{acquired: 2022-03-19}]"))
    assert found.outcome is Outcome.NOT_APPLICABLE
    assert "the place is not known" in found.summary


@pytest.mark.parametrize(
    ("when", "times"),
    [("2022-03-19T09:08Z", 2), ("2022-03-19T08:00:00Z/2022-03-19T09:00:00Z", 61), ("2022", 20_001)],
)
def test_the_sun_is_followed_by_the_minute_in_bounded_steps(monkeypatch, when, times) -> None:
    asked: list[int] = []

    def position(moments: Any, lat: float, lon: float) -> Any:
        asked.append(len(moments))
        return SimpleNamespace(elevation_deg=np.zeros(len(moments)))

    monkeypatch.setattr(sun, "position", position)
    monkeypatch.setattr(sun_night, "_looks", lambda case: ("day", 0.5, 0.1))
    text = f"statements: [{{acquired: '{when}'}}, {{place: {{lat: 50, lon: 30}}}}]"
    list(sun_night.night.run(case(text)))
    assert asked == [times]


@pytest.mark.parametrize(
    ("color", "valid", "looks"),
    [
        ((120, 150, 90), 1.0, "day"),
        ((120, 121, 120), 1.0, "grey"),
        ((120, 127, 120), 1.0, "grey"),  # 7 of 255 is below 0.03, 8 is above
        ((120, 128, 120), 1.0, "day"),
        ((28, 36, 27), 1.0, "dark"),  # a mean of 30.3 is below 0.12 of 255, 31 above
        ((28, 38, 27), 1.0, "day"),
        ((9, 9, 9), 1.0, "dark"),
        ((120, 150, 90), 0.0, "grey"),
    ],
)
def test_how_a_picture_looks_parts_at_the_stated_values(color, valid, looks) -> None:
    image = SimpleNamespace(
        rgb=lambda: np.full((16, 16, 3), color, np.uint8),
        valid=lambda: np.full((16, 16), valid > 0),
    )
    word, light, _ = sun_night._looks(Case(image=image))  # type: ignore[arg-type]
    assert word == looks
    assert (light > 0) == (valid > 0)
