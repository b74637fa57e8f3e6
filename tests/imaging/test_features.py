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
