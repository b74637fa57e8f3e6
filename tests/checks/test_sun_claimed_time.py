"""The shadow of the Bucha picture: one claimed time fits, the other does not."""

import dataclasses
import io
import re
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from imgcheck import sun
from imgcheck.case import Case, Reference
from imgcheck.case.shadows import MeasuredShadow
from imgcheck.checks import sun_claimed_time
from imgcheck.checks.check import error_rate
from imgcheck.checks.sun_claimed_time import claimed_time, decide
from imgcheck.imaging import Image
from imgcheck.model import Finding, Outcome, Rival
from imgcheck.model.claimfile import loads
from imgcheck.quantity import LonLat
from imgcheck.sun import Slip

CLAIM = """
statements:
  - acquired: {when}
  - place: {{lat: 50.541771, lon: 30.230175}}
measurements:
  - shadow_azimuth: {{value: 341, sigma: 1.5}}
"""


def picture() -> Image:
    stream = io.BytesIO()
    Pillow.fromarray(np.zeros((8, 8, 3), np.uint8)).save(stream, "PNG")
    return Image.from_bytes(stream.getvalue(), name="dot.png")


def answer(when: str, *, more: str = "", before: str = "") -> Finding:
    claim = loads(before + CLAIM.format(when=when) + more)
    (finding,) = claimed_time.run(Case(image=picture(), claim=claim))
    return finding


#: What the engine gives for the true time; the rule looks at a few of its fields.
FITTING = sun.examine(
    datetime(2022, 3, 19, 9, 8, 31, tzinfo=UTC),
    LonLat(lon=30.230175, lat=50.541771),
    shadow_azimuth=(341, 1.5),
)


def best(p_value: float) -> sun.Best:
    """Return the best moment with another p-value."""
    assert FITTING.best is not None
    return dataclasses.replace(FITTING.best, p_value=p_value)


@pytest.mark.parametrize(
    ("fields", "outcome"),
    [
        ({"best": None}, Outcome.CONTRADICTS),  # night
        ({"best": best(0.0)}, Outcome.CONTRADICTS),
        ({"best": best(0.00099)}, Outcome.CONTRADICTS),
        ({"best": best(0.001)}, Outcome.INCONCLUSIVE),
        ({"best": best(0.3)}, Outcome.INCONCLUSIVE),
        ({"best": best(1.0), "daylight_ratio": 100.0}, Outcome.INCONCLUSIVE),
        # However few moments of the day fit as well: the date stays open.
        (
            {"days": dataclasses.replace(FITTING.days, share=0.001)},
            Outcome.INCONCLUSIVE,
        ),
    ],
)
def test_a_shadow_contradicts_below_one_in_a_thousand_and_never_supports(fields, outcome) -> None:
    assert decide(dataclasses.replace(FITTING, **fields)) is outcome


@pytest.mark.parametrize(
    "when",
    [
        "2022-03-19T09:08:31Z",  # the true time: its date is not tested either
        "2022-03-10T09:08Z",
        "2022-03-30T09:05Z",
        "2022-09-24T08:54Z",
        "2021-03-19T09:08Z",
        "2019-03-19T09:08Z",
        "2022-03-12T11:08+02:00",
        "2022-03-19T09:00Z/2022-03-19T09:20Z",
    ],
)
def test_a_fitting_hour_never_supports_a_date(when) -> None:
    finding = answer(when)
    assert finding.outcome is Outcome.INCONCLUSIVE
    assert "the hour fits; the date was not tested" in finding.summary
    assert "azimuth alone does not determine the date within two weeks" in finding.summary


def test_the_sun_of_the_true_time_is_given() -> None:
    finding = answer("2022-03-19T09:08:31Z")
    azimuth = next(m for m in finding.measures if m.name == "sun azimuth then")
    assert abs(float(azimuth.value) - 161.5) < 0.05


def test_the_false_time_is_contradicted_with_its_rate() -> None:
    finding = answer("2022-04-01T11:57Z")
    assert finding.outcome is Outcome.CONTRADICTS
    assert finding.error_rate == error_rate("sun.claimed-time", "contradicted by direction")
    assert "29.4 standard errors" in finding.summary
    assert "the picture shows 161" in finding.summary
    assert "local summer time (UTC+3) written as UTC" in finding.summary


@pytest.mark.slow
def test_with_a_length_the_rate_of_lengths_is_given() -> None:
    finding = answer("2022-04-01T11:57Z", more="  - shadow_ratio: {value: 1.3, sigma: 0.04}\n")
    assert finding.outcome is Outcome.CONTRADICTS
    assert finding.error_rate == error_rate("sun.claimed-time", "contradicted by length")


def test_a_window_of_days_only_narrows_the_hours() -> None:
    finding = answer("2022-03-18/2022-03-21")
    assert finding.outcome is Outcome.INCONCLUSIVE
    assert "Times of those days that fit:" in finding.summary
    assert "any time zone" in finding.summary


@pytest.mark.parametrize(
    ("when", "days"),
    [
        ("2022-03-19", "Times of that day that fit: 19 Mar"),
        ("2022-03-19T00:00Z/2022-03-19T23:59Z", "Times of that day that fit: 19 Mar"),
        ("2022-03-19T22:30Z", "Times of that day that fit: 19 Mar"),  # the 20th at the place
        ("2022-03-20T00:30+02:00", "Times of that day that fit: 20 Mar"),
        ("2022-03-19T09:08", "Times of that day that fit: 19 Mar"),
        ("2022-03-19/2022-03-20", "Times of those days that fit: 19 Mar"),
    ],
)
def test_only_the_dates_that_the_claim_names_are_described(when, days) -> None:
    words = answer(when).summary
    assert days in words
    first, last = (19, 20) if "/2022-03-20" in when else (int(days[-6:-4]),) * 2
    named = [int(day) for day in re.findall(r"(\d\d) Mar \d\d:\d\d to", words)]
    assert named and all(first <= day <= last for day in named)


def test_the_best_moment_lies_on_a_date_that_the_claim_names() -> None:
    # Farther into spring the sun stands higher at that hour, and the shadow fits a little better:
    # in the westernmost zone a part of the 13th belongs to the claim.
    text = """
statements:
  - acquired: 2017-09-08/2017-09-12
  - place: {lat: 35.4, lon: 40.15}
measurements:
  - shadow_azimuth: {value: 326, sigma: 4}
"""
    (finding,) = claimed_time.run(Case(image=picture(), claim=loads(text)))
    assert "13 Sep" not in finding.summary and "07 Sep" not in finding.summary
    assert re.search(r"the sun on (8|9|10|11|12) Sep 2017 at 0\d:\d\d UTC", finding.summary)


def test_a_time_without_a_zone_that_fits_elsewhere_only_is_not_contradicted() -> None:
    # 23:30 of the 19th in the westernmost zone is the morning of the 20th at the place.
    finding = answer("2022-03-19T23:30")
    assert finding.outcome is Outcome.INCONCLUSIVE
    assert "the hour fits in one of the zones" in finding.summary


@pytest.mark.parametrize(
    ("posted", "mirror"),
    [("2022-04-04", "23 Sep 2021"), ("2022-10-30", "23 Sep 2021"), (None, "23 Sep 2021")],
)
def test_the_mirror_date_lies_before_the_post(posted, mirror) -> None:
    source = "" if posted is None else f"source: {{posted: {posted}}}\n"
    assert f"the mirror date on the other side of the solstice, {mirror}," in (
        answer("2022-03-19T09:08:31Z", before=source).summary
    )


def test_the_mirror_date_of_january_lies_in_the_november_before() -> None:
    text = """
source: {posted: 2024-01-16}
statements:
  - acquired: 2024-01-15T01:00Z
  - place: {lat: -33.8688, lon: 151.2093}
measurements:
  - shadow_azimuth: {value: 232.4, sigma: 1.5}
"""
    (finding,) = claimed_time.run(Case(image=picture(), claim=loads(text)))
    assert "26 Nov 2023" in finding.summary or "27 Nov 2023" in finding.summary
    assert "2024," not in finding.summary


def test_the_picture_is_not_placed_without_a_shadow(monkeypatch) -> None:
    def refuse(case: Case) -> None:
        raise AssertionError("the picture was placed")

    monkeypatch.setattr(Case, "placed", property(refuse))
    claim = loads("statements: [{acquired: 2022-03-19}]")
    case = Case(image=picture(), claim=claim)
    assert claimed_time.missing(case) is not None
    (finding,) = claimed_time.run(case)
    assert finding.outcome is Outcome.NOT_APPLICABLE


def test_a_claim_without_a_time_is_not_examined() -> None:
    text = "statements: [original]\nmeasurements: [{shadow_azimuth: {value: 341, sigma: 2}}]"
    assert not list(claimed_time.run(Case(image=picture(), claim=loads(text))))


def test_night_is_contradicted() -> None:
    finding = answer("2022-03-19T22:00Z")
    assert finding.outcome is Outcome.CONTRADICTS
    assert "below the horizon" in finding.summary


def test_a_rival_account_is_weighed_and_bears_on_no_statement() -> None:
    rival = "rivals: [{text: taken at noon, acquired: 2022-04-01T11:57Z}]\n"
    claim = loads(CLAIM.format(when="2022-03-19T09:08:31Z") + rival)
    own, other = claimed_time.run(Case(image=picture(), claim=claim))
    assert other.statement is None
    assert other.outcome is Outcome.INCONCLUSIVE
    assert "times more probable at the claimed time" in own.summary


REFERENCE = Reference(id="r", image=SimpleNamespace(georeference="a map"))  # type: ignore[arg-type]
BOTH = "measurements: [{shadow_azimuth: {value: 341, sigma: 2}}]"


def case(text: str, *references: Reference, **claim: Any) -> Case:
    stated = replace(loads(text), **claim) if claim else loads(text)
    return Case(image=SimpleNamespace(), claim=stated, references=references)  # type: ignore[arg-type]


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
SPOT = LonLat(lon=30.0, lat=50.0)
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
        # Contradicted: the first slip that explains it, or that none does.
        ("contradicts", "2022-03-19T09:08Z", [slip(LOCAL), slip(DAYS)], "No common mistake", "200"),
        ("contradicts", "2022-03-19T09:08Z", [slip(LOCAL, True)], LOCAL, None),
        ("contradicts", "2022-03-19T09:08Z", [slip(LOCAL), slip(DAYS, True)], DAYS, "200"),
        ("contradicts", "2022-03-19T09:08Z", [slip(LOCAL, True), slip(DAYS, True)], LOCAL, None),
        ("contradicts", "2022-03-19T09:08Z", [slip(DAYS)], "No common mistake", None),
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

    def frozen(span: Any, place: LonLat, *, offset_hours: float, **options: Any) -> Any:
        asked.append(offset_hours)
        return slips

    monkeypatch.setattr(sun, "slips", frozen)
    measured = "shadow_azimuth" if direction else "shadow_ratio"
    seen = case(f"measurements: [{{{measured}: {{value: 1.2, sigma: 0.1}}}}]").shadows
    assert isinstance(seen, MeasuredShadow)
    window = loads(f"statements: [{{acquired: '{when}'}}]").statements[0].window  # type: ignore[attr-defined]
    words = " ".join(sun_claimed_time._zones(Outcome(outcome), window, seen, SPOT))
    assert asked in ([], [0.0])
    told = [LOCAL, DAYS, "No common mistake"] if fits in (LOCAL, DAYS) else ["No common mistake"]
    for one in told:
        assert (f"the time were {one}" in words or words.startswith(one)) == bool(
            fits and one.startswith(fits)
        )
    shown = None if not direction else read
    assert ("If the time is local time (UTC+2)" in words) == (shown is not None)
    if shown is not None:
        assert ("was below the horizon." in words) == (shown == "night")
        assert ("stood at azimuth 200" in words) == (shown == "200")


def test_the_offset_of_the_claim_is_that_of_the_slips(monkeypatch) -> None:
    asked = []
    monkeypatch.setattr(
        sun, "slips", lambda *a, offset_hours, **k: asked.append(offset_hours) or []
    )
    seen = case(BOTH).shadows
    assert isinstance(seen, MeasuredShadow)
    window = loads("statements: [{acquired: 2022-03-19T09:08+05:30}]").statements[0].window  # type: ignore[attr-defined]
    assert not list(sun_claimed_time._zones(Outcome.INCONCLUSIVE, window, seen, SPOT))
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


@pytest.mark.parametrize("lon", [-180.0, -179.9, 0.0, 179.9])
@pytest.mark.parametrize("clock", ["", "T00:00", "T00:00:00", "T23:59", "T23:59:59"])
def test_a_window_without_a_zone_meets_its_own_dates_everywhere(lon: float, clock: str) -> None:
    window = loads(f"statements: [{{acquired: '2022-03-19{clock}'}}]").statements[0].window  # type: ignore[attr-defined]
    first, last = sun_claimed_time._days(window, lon)
    assert max(window.earliest, first) <= min(window.latest, last)


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

    def examine(given: Any, place: LonLat, *, posted: Any, **options: Any) -> Any:
        posts.append(posted)
        name = "whole" if given == span else "own"
        value = whole if name == "whole" else own
        return SimpleNamespace(best=None if value is None else best(value), name=name)

    monkeypatch.setattr(sun, "examine", examine)
    seen = case(BOTH).shadows
    assert isinstance(seen, MeasuredShadow)
    found: Any = sun_claimed_time._examined(window, None, seen, SPOT)
    assert found.name == chosen
    assert set(posts) == {None}
    post = loads("source: {posted: 2022-03-25T00:00Z}").source.posted
    sun_claimed_time._examined(window, post, seen, SPOT)
    assert post is not None and posts[-1] == post.latest
