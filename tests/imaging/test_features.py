"""Features are found at the right place, and mirror and negative need no second detection."""

import numpy as np
import pytest

from imgcheck.errors import GridMismatchError
from imgcheck.imaging import features
from tests.imaging.ground import ground


@pytest.fixture(scope="module")
def picture():
    return ground((360, 420), seed=3)


def _offsets(query, known):
    matched = features.match(query, known)
    return matched.known_points - matched.query_points


def test_a_shift_of_whole_pixels_is_seen_to_a_twentieth(picture):
    known = features.detect(picture)
    query = features.detect(np.ascontiguousarray(picture[11:, 23:]))
    off = _offsets(query, known) - [23, 11]
    near = np.hypot(*off.T) < 1
    assert near.mean() > 0.9
    assert np.abs(off[near].mean(axis=0)).max() < 0.05


def test_a_doubled_small_picture_keeps_its_own_coordinates(picture):
    known = features.detect(picture)
    query = features.detect(np.ascontiguousarray(picture[100:220, 150:270]))
    off = _offsets(query, known) - [150, 100]
    near = np.hypot(*off.T) < 1.5
    assert near.sum() > 30
    assert np.abs(off[near].mean(axis=0)).max() < 0.1


def test_flipped_features_are_those_of_the_mirrored_picture(picture):
    turned = features.flipped(features.detect(picture), width=picture.shape[1])
    seen = features.detect(np.ascontiguousarray(picture[:, ::-1]))
    matched = features.match(turned, seen)
    assert len(matched) > 0.9 * len(seen)
    assert np.median(matched.distances) < 0.05
    assert np.percentile(np.abs(matched.query_points - matched.known_points), 90) < 0.2


def test_inverted_features_are_those_of_the_negative(picture):
    turned = features.inverted(features.detect(picture))
    matched = features.match(turned, features.detect(1 - picture))
    assert np.median(matched.distances) < 0.05
    assert len(matched) > 0.9 * len(turned)


def test_the_same_picture_gives_the_same_features(picture):
    first, second = features.detect(picture), features.detect(picture.copy())
    assert np.array_equal(first.points, second.points)
    assert np.array_equal(first.descriptors, second.descriptors)


def test_pairs_are_one_to_one(picture):
    matched = features.match(
        features.detect(picture), features.detect(ground((360, 420), seed=4)), ratio=1.0
    )
    assert len(np.unique(matched.query_index)) == len(matched)
    assert len(np.unique(matched.known_index)) == len(matched)


def test_nothing_is_found_under_a_mask(picture):
    mask = np.ones(picture.shape, bool)
    mask[:, :200] = False
    assert features.detect(picture, mask=mask).points[:, 0].min() > 200


@pytest.mark.parametrize("shape", [(1, 1), (5, 900), (64, 64)])
def test_a_picture_without_structure_has_no_features(shape):
    found = features.detect(np.full(shape, 0.5, np.float32))
    assert len(found) == 0
    assert len(features.match(found, found)) == 0


def test_nan_is_survived(picture):
    holed = picture.copy()
    holed[50:90, 50:90] = np.nan
    assert len(features.detect(holed)) > 100


def test_a_mask_of_another_shape_is_refused(picture):
    with pytest.raises(GridMismatchError, match="mask"):
        features.detect(picture, mask=np.ones((3, 3), bool))


def test_a_colour_picture_is_refused():
    with pytest.raises(GridMismatchError, match="gray"):
        features.detect(np.zeros((9, 9, 3), np.float32))


@pytest.fixture
def large(monkeypatch):
    """Ground in parts of 300 pixels a side; its structure is strong in one corner alone."""
    monkeypatch.setattr(features, "_PART_SIDE", 300)
    gray = ground((900, 900), seed=5)
    gray[:, :600] = 0.5 + 0.3 * (gray[:, :600] - 0.5)
    gray[300:] = 0.5 + 0.3 * (gray[300:] - 0.5)
    read: list[tuple[int, int, int, int]] = []

    def window(part):
        read.append(part)
        x, y, width, height = part
        return gray[y : y + height, x : x + width], None

    return gray, window, read


def test_parts_have_the_strongest_features_of_the_whole(large):
    gray, window, read = large
    limit = 600
    found = features.Parts(window, gray.shape).strongest((0, 0, 900, 900), limit=limit)
    # The lively part describes its features again, more of them.
    assert len(read) > 9
    whole = features.detect(gray, limit=limit)
    assert len(found) == len(whole) == limit
    pairs = {tuple(row) for row in np.round(whole.points, 1)}
    same = [tuple(row) in pairs for row in np.round(found.points, 1)]
    assert np.mean(same) > 0.98


def test_describing_few_features_of_a_part_first_changes_nothing(large, monkeypatch):
    gray, window, _ = large
    found = features.Parts(window, gray.shape).strongest((100, 0, 700, 900), limit=600)
    monkeypatch.setattr(features, "_SPARE", 1000.0)
    everything = features.Parts(window, gray.shape).strongest((100, 0, 700, 900), limit=600)
    assert np.array_equal(found.points, everything.points)
    assert np.array_equal(found.descriptors, everything.descriptors)
    assert found.points[:, 0].min() >= 100 and found.points[:, 0].max() < 800


def test_overlapping_windows_share_parts(large):
    gray, window, read = large
    parts = features.Parts(window, gray.shape)
    windows = [(0, 0, 520, 520), (380, 0, 520, 520), (0, 380, 520, 520), (380, 380, 520, 520)]
    found = [parts.strongest(one, limit=30_000) for one in windows]
    assert len(read) == len(set(read)) == 9
    for one, shared in zip(windows, found, strict=True):
        alone = features.Parts(window, gray.shape).strongest(one, limit=30_000)
        assert np.array_equal(shared.points, alone.points)
