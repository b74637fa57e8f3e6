"""A large picture is described from a smaller copy, in its own pixels."""

import numpy as np
import pytest

from imgcheck.hashing import pdq_dihedral, records
from tests.hashing import copies
from tests.hashing.pictures import ground


@pytest.fixture
def quarter(monkeypatch):
    """Look at a quarter of the pixels of the framed picture."""
    made, box = copies.letterbox(ground(41), np.random.default_rng(41))
    monkeypatch.setattr(records, "WORKING_PIXELS", made.shape[0] * made.shape[1] // 4)
    monkeypatch.setattr(records, "WORKING_SIDE", max(made.shape) * 3 // 4)
    return made, box


def test_features_and_rectangles_are_in_pixels_of_the_whole_picture(quarter):
    made, (x0, y0, x1, y1) = quarter
    record = records.describe(made, sha256="00" * 32)
    x, y = record.features.points.T
    # Keypoints near the edge of the bars are left out.
    assert x0 <= x.min() < x0 + 20
    assert x1 - 20 < x.max() <= x1
    assert y0 <= y.min() < y0 + 20
    assert y1 - 20 < y.max() <= y1
    (inside, *_) = [view.rectangle for view in record.views if view.name == "letterbox"]
    assert (
        np.abs(np.array((inside.x0, inside.y0, inside.x1, inside.y1)) - (x0, y0, x1, y1)).max() < 5
    )


def test_the_relation_is_tested_at_a_larger_size_than_features_are_found_at(quarter):
    made, _ = quarter
    valid = np.ones(made.shape[:2], bool)
    valid[:, :100] = False
    record = records.describe(made, sha256="00" * 32, valid=valid)
    assert max(record.gray.shape) == round(max(made.shape) * 0.75)
    assert record.clean.shape == record.gray.shape
    assert not record.clean[:, :73].any()
    assert record.clean[record.clean.shape[0] // 2, 80:].all()


def test_the_whole_picture_is_hashed_at_its_own_size(quarter):
    made, _ = quarter
    record = records.describe(made, sha256="00" * 32)
    assert record.views[0].hashes == pdq_dihedral(made)


def test_only_stored_views_are_made_of_a_picture_that_is_added(quarter):
    drawn = copies.annotated(quarter[0], np.random.default_rng(3))
    searched = records.describe(drawn, sha256="00" * 32)
    added = records.describe(drawn, sha256="00" * 32, searched=False)
    assert "without strokes" in {view.name for view in searched.views}
    assert not {view.name for view in added.views} & {"without strokes", "without flat parts"}
    assert added.regions == searched.regions
