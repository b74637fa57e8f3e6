"""The height of the sun over the claimed time, beside the light of the picture."""

import io

import numpy as np
import pytest
from PIL import Image as Pillow

from imgcheck.case import Case
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
        ("2022-03-19T16:25Z", (120, 150, 90), Outcome.NOT_APPLICABLE, "lies in twilight"),
        ("2022-03-19", (120, 150, 90), Outcome.NOT_APPLICABLE, "holds day and night"),
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
    assert "ask for the zone" in finding.summary


def test_a_claim_without_a_time_is_not_looked_at() -> None:
    stream = io.BytesIO()
    Pillow.fromarray(np.zeros((8, 8, 3), np.uint8)).save(stream, "PNG")
    image = Image.from_bytes(stream.getvalue(), name="plain.png")
    assert not list(night.run(Case(image=image, claim=loads("statements: [original]"))))
