"""A finding that observed nothing is no test: the verdict is NOT RUN, with the input to give."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from imgcheck import hashing
from imgcheck.case import Case
from imgcheck.checks import catalogue
from imgcheck.imaging import Image
from imgcheck.model import Answer, Finding, Outcome
from imgcheck.model.claimfile import loads
from imgcheck.verification import plan, run, verify

CLAIM = """
source: {posted: 2017-09-24}
statements:
  - {id: when, acquired: 2017-09-08T09:00Z}
  - {id: where, place: {lat: 35.4, lon: 40.15, radius_km: 20}}
  - {id: many, count: {class: vehicle, min: 10}}
  - {id: none, absence: {class: crater}}
  - {id: quiet, unchanged: 2017-08-28/2017-09-12}
  - {id: new, original: true}
  - {id: whole, unaltered: true}
"""


def picture(form: str = "JPEG", *, value: int = 120, **options: object) -> Image:
    """Make a bright, coloured picture without any metadata."""
    pixels = np.full((64, 64, 3), value, np.uint8)
    pixels[..., 2] //= 2
    stream = io.BytesIO()
    Pillow.fromarray(pixels).save(stream, form, **options)
    return Image.from_bytes(stream.getvalue(), name=f"post.{form.lower()}")


def findings(case: Case, check: str) -> dict[str | None, Finding]:
    (one,) = [c for c in catalogue.catalogue() if c.id == check]
    return {f.statement: f for f in run(plan(case, checks=[one]), case)}


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
@pytest.mark.parametrize(
    ("statement", "give"),
    [
        ("when", "(--reference PATH)"),
        ("where", "(--reference PATH)"),
        ("many", "gsd_m under measurements"),
        ("none", "gsd_m under measurements"),
        ("quiet", "(--reference PATH)"),
        ("new", "(--index DB)"),
        ("whole", "(--index DB)"),
    ],
)
def test_a_bare_picture_tests_nothing_and_each_statement_says_what_to_give(
    form: str, statement: str, give: str
) -> None:
    case = Case(image=picture(form), claim=loads(CLAIM))
    (verdict,) = [v for v in verify(case).verdicts if v.statement == statement]
    assert verdict.verdict is Answer.NOT_RUN
    assert give in verdict.because[0]
    assert "says nothing" not in verdict.because[0]


EXIF_TIME = {0x9003: "2017:09:08 12:00:00"}


def with_exif(tags: dict[int, str] | None = None, gps: dict[int, object] | None = None) -> Image:
    exif = Pillow.Exif()
    for tag, value in (tags or {}).items():
        if tag >= 0x9000:
            exif.get_ifd(0x8769)[tag] = value
        else:
            exif[tag] = value
    if gps:
        exif.get_ifd(0x8825).update(gps)
    return picture(exif=exif)


GPS = {1: "N", 2: (35.0, 24.0, 0.0), 3: "E", 4: (40.0, 9.0, 0.0)}


@pytest.mark.parametrize(
    ("check", "statement", "image", "outcome"),
    [
        ("provenance.capture-time", "when", picture(), Outcome.NOT_APPLICABLE),
        ("provenance.capture-time", "when", with_exif(EXIF_TIME), Outcome.INCONCLUSIVE),
        # Saved before the claimed time: no time of capture, but an observation.
        (
            "provenance.capture-time",
            "when",
            with_exif({0x0132: "2016:01:01 12:00:00"}),
            Outcome.INCONCLUSIVE,
        ),
        ("provenance.file", "where", picture(), Outcome.NOT_APPLICABLE),
        ("provenance.file", "where", with_exif(gps=GPS), Outcome.INCONCLUSIVE),
        ("provenance.file", "whole", picture(), Outcome.NOT_APPLICABLE),
        ("provenance.file", "whole", with_exif({0x0131: "Editor 1"}), Outcome.INCONCLUSIVE),
        ("provenance.recompression", "whole", picture(), Outcome.NOT_APPLICABLE),
        ("provenance.recompression", "whole", picture("PNG"), Outcome.NOT_APPLICABLE),
        ("provenance.recompression", None, picture(), Outcome.INCONCLUSIVE),
        ("provenance.consistency", "whole", picture("PNG"), Outcome.NOT_APPLICABLE),
        ("provenance.credentials", "whole", picture(), Outcome.NOT_APPLICABLE),
        ("hashing.seen-before", "new", picture(), Outcome.NOT_APPLICABLE),
        ("geo.place", "where", picture(), Outcome.NOT_APPLICABLE),
        # By day, a bright picture agrees; by night it does not, and a dark one is looked at.
        ("sun.night", "when", picture(), Outcome.NOT_APPLICABLE),
        ("sun.night", "when", picture(value=10), Outcome.INCONCLUSIVE),
        ("sun.claimed-time", "when", picture(), Outcome.NOT_APPLICABLE),
    ],
)
def test_a_check_is_silent_where_it_observed_nothing(
    check: str, statement: str | None, image: Image, outcome: Outcome
) -> None:
    assert findings(Case(image=image, claim=loads(CLAIM)), check)[statement].outcome is outcome


@pytest.mark.parametrize("check", ["hashing.seen-before", "hashing.part-of"])
@pytest.mark.parametrize(
    ("known", "outcome"), [(0, Outcome.NOT_APPLICABLE), (1, Outcome.INCONCLUSIVE)]
)
def test_a_search_that_found_nothing_is_a_test_but_an_empty_index_is_none(
    tmp_path: Path, check: str, known: int, outcome: Outcome
) -> None:
    index = tmp_path / "known.db"
    noise = np.random.default_rng(7).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Pillow.fromarray(noise).save(stream, "PNG")
    with hashing.HashIndex.create(index) as opened:
        for number in range(known):
            image = Image.from_bytes(stream.getvalue(), name="known.png")
            opened.add_image(image, path_text=f"{number}.png")
    case = Case(image=picture(), claim=loads(CLAIM), index=index)
    found = findings(case, check)
    assert found["new"].outcome is found["when"].outcome is outcome
