"""What every check must keep to. A new check is tested here without a line of new code."""

import io
import re

import numpy as np
import pytest
from PIL import Image as Pillow

from imgcheck.case import Case
from imgcheck.checks import QUESTIONS, Check
from imgcheck.checks.catalogue import catalogue
from imgcheck.checks.pages import HEADINGS, page
from imgcheck.imaging import Image
from imgcheck.model import KINDS, Outcome
from imgcheck.model.claimfile import loads
from imgcheck.model.finding import DECISIVE
from imgcheck.verification import plan, run

from .conftest import FOLDERS, expected_of, report_of

EVERYTHING = loads(
    """
statements:
  - acquired: 2017-09-08/2017-09-12
  - place: {lat: 35.4, lon: 40.15, radius_km: 20}
  - count: {class: vehicle, min: 10}
  - absence: {class: crater}
  - unchanged: 2017-09-08/2017-09-12
  - original
  - unaltered
measurements:
  - gsd_m: 0.5
  - shadow_azimuth: {value: 327, sigma: 3}
"""
)


def encoded(pixels: np.ndarray, form: str = "PNG", **options: object) -> bytes:
    stream = io.BytesIO()
    Pillow.fromarray(pixels).save(stream, form, **options)
    return stream.getvalue()


def odd_pictures() -> dict[str, bytes]:
    noise = np.random.default_rng(20170924).integers(0, 256, (90, 130, 3), dtype=np.uint8)
    whole = encoded(noise, "JPEG", quality=70)
    return {
        "one pixel": encoded(np.zeros((1, 1, 3), np.uint8)),
        "one row": encoded(np.zeros((1, 700), np.uint8)),
        "all white": encoded(np.full((300, 300, 3), 255, np.uint8)),
        "noise": encoded(noise),
        "cut short": whole[: len(whole) // 2],
        "two values": encoded(((noise[..., 0] > 127) * 255).astype(np.uint8)),
    }


@pytest.fixture(params=catalogue(), ids=lambda check: check.id)
def check(request: pytest.FixtureRequest) -> Check:
    one: Check = request.param
    return one


def test_it_asks_a_question_and_names_known_statements(check: Check) -> None:
    assert check.question.endswith("?")
    assert check.asks in QUESTIONS
    assert set(check.answers) <= set(KINDS)
    assert re.fullmatch(r"[a-z0-9]+\.[a-z0-9-]+", check.id)


def test_it_has_a_page_with_every_heading_in_order(check: Check) -> None:
    text = page(check.id)
    found = [line.removeprefix("## ") for line in text.splitlines() if line.startswith("## ")]
    assert found == list(HEADINGS)


def test_some_sample_makes_it_speak_and_some_sample_leaves_it_silent(check: Check) -> None:
    for voice in ("speaks", "silent"):
        naming = [f.name for f in FOLDERS if check.id in (expected_of(f).get(voice) or ())]
        assert naming, f'add {check.id} to "{voice}" in the expected.yml of a sample'


def test_when_it_cannot_run_it_says_why_of_every_statement_it_would_answer(check: Check) -> None:
    for folder in FOLDERS:
        report = report_of(folder)
        for finding in report.findings:
            if finding.check == check.id and finding.outcome is Outcome.NOT_APPLICABLE:
                assert finding.summary
        concerned = {s.id for s in check.statements(report.claim)}
        heard = {f.statement for f in report.findings if f.check == check.id}
        assert concerned <= heard, f"{folder.name}: silent about {concerned - heard}"


@pytest.mark.parametrize("name", sorted(odd_pictures()))
def test_it_survives_odd_pictures_twice_alike_and_leaves_the_pixels(
    check: Check, name: str
) -> None:
    data = odd_pictures()[name]

    def ask() -> list[dict]:
        image = Image.from_bytes(data, name="odd")
        before = image.rgb().copy()
        findings = run(
            plan(Case(image=image, claim=EVERYTHING), checks=[check]),
            Case(image=image, claim=EVERYTHING),
        )
        assert np.array_equal(image.rgb(), before)
        assert not image.rgb().flags.writeable
        return [finding.to_json() for finding in findings]

    first = ask()
    assert first == ask()
    for finding in first:
        assert "broke on this input" not in finding["summary"], finding["summary"]


def test_what_decides_prints_its_error_rate(check: Check) -> None:
    for folder in FOLDERS:
        for finding in report_of(folder).findings:
            if finding.check == check.id and finding.outcome in DECISIVE:
                assert finding.error_rate is not None
                assert "benchmarks" in finding.error_rate.calibration
