"""Fields that disagree are told with their rate, and never against the picture."""

import numpy as np
from PIL import Image as Pillow

from imgcheck.case import Case
from imgcheck.checks.provenance_consistency import consistency
from imgcheck.imaging import Image
from imgcheck.model import Claim, Finding, Outcome
from imgcheck.model.claimfile import loads
from tests.provenance import build
from tests.provenance.test_rules import camera, two_pictures


def answer(data: bytes, claim: Claim | None = None, name: str = "post.jpg") -> Finding:
    case = Case(image=Image.from_bytes(data, name=name), claim=claim or Claim())
    (finding,) = consistency.run(case)
    return finding


def test_what_fires_is_told_with_its_rate_and_what_it_does_not_prove() -> None:
    sizes = [build.short(0xA002, 64), build.short(0xA003, 32)]
    finding = answer(camera(exif=sizes))
    assert finding.outcome is Outcome.INCONCLUSIVE
    assert "size.exif is anomalous" in finding.summary
    assert "camera files that it applies to (set metadata-extractor;" in finding.summary
    assert "None of this says that the picture was altered" in finding.summary
    assert any(limit.startswith("size.exif does not prove") for limit in finding.limits)
    rates = [m for m in finding.measures if m.name.startswith("size.exif fires on")]
    assert rates and all(m.interval is not None for m in rates)
    assert any(place.label.startswith("size.exif") for place in finding.evidence.bytes)


def test_a_failed_offset_is_told_first_and_still_contradicts_nothing() -> None:
    finding = answer(two_pictures(shift=9), loads("statements:\n  - unaltered\n"))
    assert finding.outcome is Outcome.INCONCLUSIVE
    assert finding.statement is not None
    assert "offset.mpf is contradictory" in finding.summary
    assert "lossless crop" in " ".join(finding.innocent)


def test_common_causes_are_counted_and_not_quoted() -> None:
    finding = answer(camera() + b"some bytes behind the end")
    assert "common causes explain" in finding.summary
    assert "structure.trailer" not in finding.summary
    assert any(m.name == "structure.trailer" for m in finding.measures)


def test_a_file_without_fields_has_nothing_to_compare() -> None:
    finding = answer(build.jpeg())
    assert finding.outcome is Outcome.NOT_APPLICABLE
    assert "no fields" in finding.summary
    assert finding.statement is None


def test_the_thumbnail_of_another_picture_is_noticed() -> None:
    whole = build.jpeg(blocks(480, 320, seed=1))
    data = camera(thumbnail=build.jpeg(blocks(160, 107, seed=8)), data=whole)
    assert "thumbnail.picture is anomalous" in answer(data).summary
    data = camera(thumbnail=build.jpeg(blocks(160, 107, seed=1)), data=whole)
    assert "thumbnail.picture" not in answer(data).summary


def blocks(width: int, height: int, seed: int) -> Pillow.Image:
    """Make a picture with texture that no other seed has."""
    rng = np.random.default_rng(seed)
    small = Pillow.fromarray(rng.integers(0, 255, (16, 24, 3), np.uint8))
    return small.resize((width, height), Pillow.Resampling.BICUBIC)
