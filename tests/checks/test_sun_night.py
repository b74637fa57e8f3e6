"""The height of the sun over the claimed time, beside the light of the picture."""

import io

import numpy as np
import pytest
from PIL import Image as Pillow

from imgcheck.checks.sun_night import night
from imgcheck.imaging import Image
from imgcheck.model import Case, Finding, Outcome
from imgcheck.model.claimfile import loads


def answer(when: str, color: tuple[int, int, int]) -> Finding:
    stream = io.BytesIO()
    Pillow.fromarray(np.full((32, 32, 3), color, np.uint8)).save(stream, "PNG")
    image = Image.from_bytes(stream.getvalue(), name="plain.png")
    claim = loads(
        f"statements:\n  - acquired: {when}\n  - place: {{lat: 50.541771, lon: 30.230175}}\n"
    )
    (finding,) = night.run(Case(image=image, claim=claim))
    return finding


@pytest.mark.parametrize(
    ("when", "color", "outcome", "words"),
    [
        ("2022-03-19T22:00Z", (120, 150, 90), Outcome.INCONCLUSIVE, "below the horizon all"),
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
