"""The shadow of the Bucha picture: one claimed time fits, the other cannot."""

import io

import numpy as np
from PIL import Image as Pillow

from imgcheck.checks.sun_claimed_time import claimed_time
from imgcheck.imaging import Image
from imgcheck.model import Case, Finding, Outcome
from imgcheck.model.claimfile import loads

CLAIM = """
statements:
  - acquired: {when}
  - place: {{lat: 50.541771, lon: 30.230175}}
measurements:
  - shadow_azimuth: {{value: 341, sigma: 1.5}}
"""


def answer(when: str) -> Finding:
    stream = io.BytesIO()
    Pillow.fromarray(np.zeros((8, 8, 3), np.uint8)).save(stream, "PNG")
    image = Image.from_bytes(stream.getvalue(), name="dot.png")
    (finding,) = claimed_time.run(Case(image=image, claim=loads(CLAIM.format(when=when))))
    return finding


def test_the_true_time_is_supported_and_the_date_said_to_be_open() -> None:
    finding = answer("2022-03-19T09:08:31Z")
    assert finding.outcome is Outcome.SUPPORTS
    assert "the date within two weeks is not resolved by azimuth alone" in finding.summary
    azimuth = next(m for m in finding.measures if m.name == "sun azimuth then")
    assert abs(float(azimuth.value) - 161.5) < 0.05


def test_the_false_time_is_contradicted_with_its_rate() -> None:
    finding = answer("2022-04-01T11:57Z")
    assert finding.outcome is Outcome.CONTRADICTS
    assert finding.error_rate is not None
    assert "29.4 standard errors" in finding.summary
    assert "the picture shows 161" in finding.summary
    assert "local summer time (UTC+3) written as UTC" in finding.summary


def test_a_window_of_days_only_narrows_the_hours() -> None:
    finding = answer("2022-03-18/2022-03-21")
    assert finding.outcome is Outcome.INCONCLUSIVE
    assert "Those days allow" in finding.summary
    assert "any time zone" in finding.summary


def test_night_is_contradicted() -> None:
    finding = answer("2022-03-19T22:00Z")
    assert finding.outcome is Outcome.CONTRADICTS
    assert "below the horizon" in finding.summary
