"""What is said of parts: cuts, collages, and how far the search went."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from imgcheck.case import Case
from imgcheck.checks.hashing_part_of import hashing_part_of
from imgcheck.hashing import HashIndex
from imgcheck.imaging import Image
from imgcheck.model import Outcome
from imgcheck.model.claimfile import loads
from tests.hashing.conftest import as_image
from tests.hashing.pictures import ground

CLAIM = loads(
    """
source: {posted: 2017-09-11}
statements:
  - original
"""
)


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    path = tmp_path_factory.mktemp("parts") / "known.imgcheck"
    with HashIndex.create(path) as index:
        for seed in (201, 202, 203):
            index.add_image(
                as_image(ground(seed), quality=90), path_text=f"{seed}.jpg", date="2015-06-14"
            )
    return path


def findings(pixels: np.ndarray, known) -> list:
    stream = io.BytesIO()
    Pillow.fromarray(np.ascontiguousarray(pixels)).save(stream, "JPEG", quality=75)
    image = Image.from_bytes(stream.getvalue(), name="post.jpg")
    return list(hashing_part_of.run(Case(image=image, claim=CLAIM, index=known)))


@pytest.mark.slow
def test_a_cut_is_named_with_the_share_that_was_left_out(known):
    told, answer = findings(ground(202)[60:240, 100:340], known)
    assert "a crop of 202.jpg" in told.summary
    assert "of that picture" in told.summary
    assert answer.outcome is Outcome.CONTRADICTS
    assert answer.error_rate is not None


@pytest.mark.slow
def test_panes_are_told_to_be_parts_of_several_pictures(known):
    page = np.full((304, 808, 3), 255, np.uint8)
    page[2:302, 2:402] = ground(201)[:300, :400]
    page[2:302, 406:806] = ground(203)[:300, :400]
    told, _ = findings(page, known)
    assert "combined from parts of 2 known pictures" in told.summary


@pytest.mark.slow
def test_an_approximate_search_does_not_say_that_no_part_is_known(known, monkeypatch):
    monkeypatch.setattr("imgcheck.hashing.index.EXHAUSTIVE_ROWS", 0)
    told, answer = findings(ground(300), known)
    assert "most similar of 3" in told.summary
    assert "most similar of 3" in answer.summary
    assert answer.outcome is Outcome.INCONCLUSIVE


def test_a_search_of_every_picture_says_that_no_part_is_known(known):
    told, _ = findings(ground(300), known)
    assert "No part of the picture is among the 3 known pictures" in told.summary


@pytest.mark.slow
def test_another_date_of_the_place_is_not_called_a_copy(tmp_path):
    sample = Path(__file__).resolve().parents[2] / "samples" / "recycled-crop"
    with HashIndex.create(tmp_path / "known.imgcheck") as index:
        for name in ("older.jpg", "same-place-2014.jpg"):
            index.add_image(Image.open(sample / "known" / name), path_text=name)
        found = index.search(Image.open(sample / "post.jpg"))
    relations = {match.path: match.relation for match in found.matches}
    assert relations["older.jpg"] == "derived"
    assert relations.get("same-place-2014.jpg") not in ("same", "derived")
