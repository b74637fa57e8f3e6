"""The elevation of the sun over the claimed time, and the light of the picture."""

import io
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from imgcheck import sun
from imgcheck.case import Case, Reference
from imgcheck.checks import sun_night
from imgcheck.checks.sun_night import night
from imgcheck.imaging import Image
from imgcheck.model import Finding, Outcome
from imgcheck.model.claimfile import loads


def answer(when: str, color: tuple[int, int, int], *, more: str = "") -> Finding:
    stream = io.BytesIO()
    Pillow.fromarray(np.full((32, 32, 3), color, np.uint8)).save(stream, "PNG")
    image = Image.from_bytes(stream.getvalue(), name="plain.png")
    claim = loads(
        f"statements:\n  - acquired: {when}\n  - place: {{lat: 50.541771, lon: 30.230175}}\n" + more
    )
    (finding,) = night.run(Case(image=image, claim=claim))
    return finding


@pytest.mark.parametrize(
    ("when", "color", "outcome", "words"),
    [
        ("2022-03-19T22:00Z", (120, 150, 90), Outcome.INCONCLUSIVE, "below the horizon all"),
        ("2022-03-19T22:00Z", (120, 150, 90), Outcome.INCONCLUSIVE, "bright and coloured"),
        ("2022-03-19T22:00Z", (120, 121, 120), Outcome.INCONCLUSIVE, "has no colour"),
        ("2022-03-19T22:00Z", (20, 35, 25), Outcome.INCONCLUSIVE, "dark, which agrees"),
        ("2022-03-19T16:45Z", (120, 150, 90), Outcome.INCONCLUSIVE, "below the horizon all"),
        ("2022-03-19T09:08Z", (20, 35, 25), Outcome.INCONCLUSIVE, "the picture is dark"),
        ("2022-03-19T16:00Z/2022-03-19T16:30Z", (99, 50, 9), Outcome.NOT_APPLICABLE, "twilight"),
        ("2022-03-19T09:08Z", (120, 150, 90), Outcome.NOT_APPLICABLE, "the sun was up all"),
        ("2022-03-19T09:08Z", (9, 9, 9), Outcome.INCONCLUSIVE, "the picture is dark"),
        ("2022-03-19T16:25Z", (120, 150, 90), Outcome.NOT_APPLICABLE, "is in or near twilight"),
        ("2022-03-19", (120, 150, 90), Outcome.NOT_APPLICABLE, "includes day and night"),
    ],
)
def test_sun_and_light_are_put_side_by_side(when, color, outcome, words) -> None:
    finding = answer(when, color)
    assert finding.outcome is outcome
    assert words in finding.summary


@pytest.mark.parametrize("measured", [False, True])
def test_a_shadow_is_asked_for_only_where_none_was_given(measured: bool) -> None:
    shadow = "measurements: [{shadow_azimuth: {value: 341, sigma: 2}}]\n" if measured else ""
    finding = answer("2022-03-19T22:00Z", (120, 150, 90), more=shadow)
    assert ("measure a shadow" in finding.summary) == (not measured)
    assert any("shadow" in wish for wish in finding.would_change) == (not measured)
    assert "find the time zone" in finding.summary


def test_a_claim_without_a_time_is_not_looked_at() -> None:
    stream = io.BytesIO()
    Pillow.fromarray(np.zeros((8, 8, 3), np.uint8)).save(stream, "PNG")
    image = Image.from_bytes(stream.getvalue(), name="plain.png")
    assert not list(night.run(Case(image=image, claim=loads("statements: [original]"))))


REFERENCE = Reference(id="r", image=SimpleNamespace(georeference="a map"))  # type: ignore[arg-type]
BOTH = "measurements: [{shadow_azimuth: {value: 341, sigma: 2}}]"


def case(text: str, *references: Reference, **claim: Any) -> Case:
    stated = replace(loads(text), **claim) if claim else loads(text)
    return Case(image=SimpleNamespace(), claim=stated, references=references)  # type: ignore[arg-type]


def frozen_night(monkeypatch: pytest.MonkeyPatch, lowest: float, highest: float, looks: str,
          measured: bool = False) -> Finding:  # fmt: skip
    heights = SimpleNamespace(elevation_deg=np.array([lowest, highest]))
    monkeypatch.setattr(sun, "position", lambda times, place: heights)
    monkeypatch.setattr(sun_night, "_looks", lambda case: (looks, 0.5, 0.1))
    text = "statements: [{acquired: 2022-03-19}, {place: {lat: 50, lon: 30}}]\n"
    (found,) = night.run(case(text + (BOTH if measured else "")))
    return found


@pytest.mark.parametrize(
    ("lowest", "highest", "looks", "outcome", "words"),
    [
        (-20, -6.1, "day", "inconclusive", "below the horizon all through"),
        (-20, -6.1, "dark", "inconclusive", "below the horizon all through"),
        (-20, -6.0, "day", "not_applicable", "is in or near twilight"),
        (-20, -4.0, "day", "not_applicable", "is in or near twilight"),
        (-20, 0.0, "day", "not_applicable", "is in or near twilight"),
        (-6.0, 10.0, "day", "not_applicable", "is in or near twilight"),
        (0.0, 10.0, "day", "not_applicable", "is in or near twilight"),
        (-6.1, 10.0, "day", "not_applicable", "includes day and night"),
        (-7.0, 0.5, "day", "not_applicable", "includes day and night"),
        (-13.0, 10.0, "dark", "not_applicable", "includes day and night"),
        (0.5, 0.9, "day", "not_applicable", "the sun was up all through"),
        (0.5, 30.0, "grey", "not_applicable", "the sun was up all through"),
        (0.5, 30.0, "dark", "inconclusive", "the sun was up all through"),
    ],
)
def test_night_twilight_and_day_part_at_the_horizon_and_at_six_degrees(
    monkeypatch, lowest, highest, looks, outcome, words
) -> None:
    found = frozen_night(monkeypatch, lowest, highest, looks)
    assert found.outcome == outcome
    assert words in found.summary


@pytest.mark.parametrize("measured", [True, False])
@pytest.mark.parametrize("looks", ["day", "dark", "grey"])
def test_a_bright_night_asks_for_the_zone_and_for_a_shadow(monkeypatch, looks, measured) -> None:
    found = frozen_night(monkeypatch, -20.0, -10.0, looks, measured)
    assert ("find the time zone" in found.summary) == (looks == "day")
    assert ("measure a shadow" in found.summary) == (looks == "day" and not measured)
    assert any("shadow" in wish for wish in found.would_change) == (not measured)


def test_without_a_place_the_sun_has_no_height() -> None:
    (found,) = night.run(case("statements: [{acquired: 2022-03-19}]"))
    assert found.outcome is Outcome.NOT_APPLICABLE
    assert "the place is not known" in found.summary


@pytest.mark.parametrize(
    ("when", "times"),
    [("2022-03-19T09:08Z", 2), ("2022-03-19T08:00:00Z/2022-03-19T09:00:00Z", 61), ("2022", 20_001)],
)
def test_the_sun_is_followed_by_the_minute_in_bounded_steps(monkeypatch, when, times) -> None:
    asked: list[int] = []

    def position(moments: Any, place: Any) -> Any:
        asked.append(len(moments))
        return SimpleNamespace(elevation_deg=np.zeros(len(moments)))

    monkeypatch.setattr(sun, "position", position)
    monkeypatch.setattr(sun_night, "_looks", lambda case: ("day", 0.5, 0.1))
    text = f"statements: [{{acquired: '{when}'}}, {{place: {{lat: 50, lon: 30}}}}]"
    list(night.run(case(text)))
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
