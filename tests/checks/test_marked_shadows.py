"""Shadows marked in picture pixels: the placing gives their compass direction."""

import io
import math

import numpy as np
import pytest
from PIL import Image as Pillow
from rasterio.io import MemoryFile
from rasterio.transform import Affine

from imgcheck.case import Case, Reference
from imgcheck.checks.sun_claimed_time import claimed_time
from imgcheck.imaging import Image
from imgcheck.model import Claim, Finding, Outcome
from imgcheck.model.claimfile import loads
from imgcheck.sun import position
from tests.imaging.ground import ground, view

# UTM 37N, 2 m pixels, near Deir ez-Zor; the sun of one morning there.
_UTM = Affine(2.0, 0.0, 600_000.0, 0.0, -2.0, 3_918_000.0)
_PLACE = (35.4, 40.1)
_WHEN = np.datetime64("2017-09-10T07:30")


def png(gray: np.ndarray) -> Image:
    stream = io.BytesIO()
    Pillow.fromarray(np.round(np.clip(gray, 0, 1) * 255).astype(np.uint8)).save(stream, "PNG")
    return Image.from_bytes(stream.getvalue(), name="post.png")


@pytest.fixture(scope="module")
def scene():
    """Give picture, reference and the matrix from picture to reference pixels."""
    gray = ground((520, 600), seed=31, blocks=220)
    picture, truth = view(gray, size=260, angle=30, scale=0.8)
    with MemoryFile() as memory:
        with memory.open(driver="GTiff", width=600, height=520, count=1, dtype="uint8",
                         crs="EPSG:32637", transform=_UTM) as out:  # fmt: skip
            out.write(np.round(gray * 255).astype(np.uint8), 1)
        data = bytes(memory.getbuffer())
    reference = Reference(id="map", image=Image.from_bytes(data, name="map.tif"))
    return png(picture), reference, truth


def shadows(truth: np.ndarray, count: int, *, height_m: float = 60.0, noise: float = 0.7) -> str:
    """Mark shadows of towers as they fall at the time of the scene."""
    here = position(_WHEN, *_PLACE)
    convergence = (_PLACE[1] - 39.0) * math.sin(math.radians(_PLACE[0]))
    away = math.radians(float(here.azimuth_deg) + 180 - convergence)
    length = height_m / math.tan(math.radians(float(here.apparent_elevation_deg))) / 2.0
    rng = np.random.default_rng(5)
    rows = []
    inverse = np.linalg.inv(truth)
    for _ in range(count):
        base = np.array([*rng.uniform(200, 350, 2), 1.0])
        tip = base + np.array([math.sin(away), -math.cos(away), 0]) * length
        pixels = []
        for point in (base, tip):
            spot = inverse @ point
            pixels.append(spot[:2] / spot[2] + rng.normal(0, noise, 2))
        (bx, by), (tx, ty) = pixels
        rows.append(
            f"  - {{base: [{bx:.2f}, {by:.2f}], tip: [{tx:.2f}, {ty:.2f}], "
            f"height_m: {{value: {height_m:g}, sigma: 2}}}}"
        )
    return "shadows:\n" + "\n".join(rows) + "\n"


def claim(when: str, more: str) -> Claim:
    place = "{lat: 35.4, lon: 40.1}"
    return loads(f"statements:\n  - acquired: {when}\n  - place: {place}\n{more}")


def answer(scene, when: str, more: str, *, placed: bool = True) -> Finding:
    picture, reference, _ = scene
    case = Case(image=picture, claim=claim(when, more), references=(reference,) if placed else ())
    (finding,) = claimed_time.run(case)
    return finding


def test_ten_marked_shadows_fit_the_true_hour_through_the_placing(scene) -> None:
    finding = answer(scene, "2017-09-10T07:30Z", shadows(scene[2], 10))
    assert finding.outcome is Outcome.INCONCLUSIVE
    assert "the hour fits; the date was not tested" in finding.summary
    assert "The 10 shadows marked in the picture (put on the ground by its place on map)" in (
        finding.summary
    )
    truth = float(position(_WHEN, *_PLACE).azimuth_deg)
    deviation = next(m for m in finding.measures if m.name == "smallest deviation")
    azimuth = next(m for m in finding.measures if m.name == "sun azimuth then")
    assert float(deviation.value) < 3
    assert float(azimuth.value) == pytest.approx(truth, abs=0.5)


def test_ten_marked_shadows_contradict_a_time_two_hours_later(scene) -> None:
    finding = answer(scene, "2017-09-10T09:30Z", shadows(scene[2], 10))
    assert finding.outcome is Outcome.CONTRADICTS
    assert finding.error_rate is not None


def test_one_shadow_marked_the_wrong_way_is_left_out_and_said(scene) -> None:
    wrong = shadows(scene[2], 9) + "  - {base: [120, 120], tip: [150, 120]}\n"
    finding = answer(scene, "2017-09-10T07:30Z", wrong)
    assert finding.outcome is Outcome.INCONCLUSIVE
    assert "the hour fits; the date was not tested" in finding.summary
    assert "1 of 10 stood apart and were left out" in finding.summary


def test_without_a_placing_one_sentence_says_why_nothing_is_said(scene) -> None:
    finding = answer(scene, "2017-09-10T07:30Z", shadows(scene[2], 3), placed=False)
    assert finding.outcome is Outcome.NOT_APPLICABLE
    assert "not placed on a reference, so north is not known" in finding.summary


def test_a_stated_north_serves_where_nothing_was_placed(scene) -> None:
    # The picture was turned by 30 degrees; the meridian convergence is 0.64 degrees there.
    north = "measurements:\n  - north_deg: {value: -30.64, sigma: 0.5}\n"
    finding = answer(scene, "2017-09-10T07:30Z", north + shadows(scene[2], 10), placed=False)
    assert finding.outcome is Outcome.INCONCLUSIVE
    assert "the hour fits; the date was not tested" in finding.summary
    assert "by the stated north" in finding.summary


def test_stated_values_come_before_marked_shadows(scene) -> None:
    stated = "measurements:\n  - shadow_azimuth: {value: 315.1, sigma: 1}\n"
    finding = answer(scene, "2017-09-10T07:30Z", stated + shadows(scene[2], 3))
    assert finding.outcome is Outcome.INCONCLUSIVE
    assert "the hour fits; the date was not tested" in finding.summary
    assert "The shadows marked in pixels were left aside" in finding.summary


def test_slope_and_lean_are_printed_as_assumed_or_as_stated(scene) -> None:
    azimuth = "measurements:\n  - shadow_azimuth: {value: 315.1, sigma: 1}\n"
    assumed = answer(scene, "2017-09-10T07:30Z", azimuth, placed=False)
    assert any("level within 2 degrees, objects upright within 1.5" in x for x in assumed.limits)
    assert any("an assumption" in x for x in assumed.limits)
    more = "  - slope_deg: {value: 6, sigma: 1}\n  - slope_aspect_deg: 200\n  - lean_deg: 0.5\n"
    stated = answer(scene, "2017-09-10T07:30Z", azimuth + more, placed=False)
    assert any("falls 6 ± 1 degrees towards 200" in x for x in stated.limits)
    assert any("as stated" in x for x in stated.limits)


def test_marked_shadows_survive_the_round_through_json() -> None:
    given = claim("2017-09-10", "shadows:\n  - {base: [1, 2], tip: [30, 4.5], note: mast}\n")
    assert Claim.from_json(given.to_json()) == given
    assert given.shadows[0].tip == (30.0, 4.5)


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("{base: [1, 2]}", 'needs a "tip"'),
        ("{base: [1, 2], tip: [1]}", r"tip is \[x, y\]"),
        ("{base: [1, 2], tip: [1, nan]}", "is not a number"),
        ("{base: [1, 2], tip: [9, 9], height_m: 5}", "STANDARD_ERROR"),
        ("{base: [1, 2], tip: [9, 9], colour: red}", 'has no "colour"'),
    ],
)
def test_a_marked_shadow_without_meaning_is_refused_with_its_line(line: str, word: str) -> None:
    from imgcheck.errors import ClaimError

    with pytest.raises(ClaimError, match=word) as refused:
        claim("2017-09-10", f"shadows:\n  - {line}\n")
    assert ":5:" in str(refused.value)
