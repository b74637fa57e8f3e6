"""Copies are told from other takes of the same ground by their detail."""

import cv2
import numpy as np
import pytest

from imgcheck.errors import GridMismatchError
from imgcheck.imaging import relation
from tests.imaging.ground import ground, jpeg, view


@pytest.fixture(scope="module")
def known():
    return ground((520, 600), seed=41, blocks=220)


@pytest.fixture(scope="module")
def later(known):
    """The same fields and edges with other fine texture: half of the detail is new."""
    fresh = ground((520, 600), seed=42, blocks=220)
    return (0.55 * known + 0.45 * fresh).astype(np.float32)


@pytest.mark.parametrize(
    ("angle", "scale", "quality"), [(0, 1.0, 90), (33, 1.0, 40), (120, 0.5, 60), (200, 1.6, 60)]
)
def test_a_cut_turned_scaled_compressed_copy_is_derived(known, angle, scale, quality):
    picture, matrix = view(known, size=260, angle=angle, scale=scale)
    told = relation.classify(jpeg(picture, quality=quality), known, matrix)
    assert told.kind == "derived"
    assert told.agreement.fine.low > 0.8


def test_a_mirrored_copy_is_derived(known):
    picture, matrix = view(known, size=260, angle=20)
    flip = np.array([[-1.0, 0, 260], [0, 1, 0], [0, 0, 1]])
    mirrored = np.ascontiguousarray(picture[:, ::-1])
    assert relation.classify(mirrored, known, matrix @ flip).kind == "derived"


def test_a_negative_is_derived_and_said_to_be_one(known):
    picture, matrix = view(known, size=260, angle=20)
    told = relation.classify(1 - picture, known, matrix)
    assert (told.kind, told.inverted) == ("derived", True)


def test_other_tone_does_not_matter(known):
    picture, matrix = view(known, size=260, angle=20)
    assert relation.classify(picture**1.8 * 0.7 + 0.2, known, matrix).kind == "derived"


def test_a_blurred_copy_is_derived(known):
    picture, matrix = view(known, size=300, angle=20)
    soft = cv2.GaussianBlur(picture, (0, 0), 1.2)
    assert relation.classify(soft, known, matrix).kind == "derived"


@pytest.mark.slow
def test_strokes_and_boxes_do_not_hide_a_copy_once_they_are_masked(known):
    picture, matrix = view(known, size=400, angle=20)
    clean = picture.copy()
    cv2.line(picture, (40, 60), (300, 350), 1.0, 4)
    cv2.rectangle(picture, (200, 50), (330, 90), 1.0, -1)
    for left in range(210, 320, 24):
        cv2.rectangle(picture, (left, 60), (left + 12, 80), 0.0, 2)
    drawn = cv2.dilate((picture != clean).astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    posted = jpeg(picture, quality=60)
    assert relation.classify(posted, known, matrix, picture_mask=~drawn).kind == "derived"
    # What looks like strokes could be vehicles that came: unmasked it may stay open.
    assert relation.classify(posted, known, matrix).kind in ("derived", "undetermined")


def test_the_same_ground_with_other_detail_is_another_take(known, later):
    for angle in (0, 75, 160):
        picture, matrix = view(later, size=280, angle=angle)
        told = relation.classify(jpeg(picture, quality=70), known, matrix)
        assert told.kind == "same-place"


def test_the_whole_picture_saved_again_is_the_same(known):
    told = relation.classify(jpeg(known, quality=85), known, np.eye(3))
    assert told.kind == "same"


def test_the_whole_picture_with_something_drawn_in_is_derived_not_same(known):
    drawn = known.copy()
    cv2.circle(drawn, (300, 250), 30, 1.0, -1)
    assert relation.classify(drawn, known, np.eye(3)).kind == "derived"


def test_a_shift_of_two_pixels_is_forgiven(known):
    picture, matrix = view(known, size=260)
    off = np.array([[1, 0, 1.6], [0, 1, -1.2], [0, 0, 1.0]])
    assert relation.classify(picture, known, off @ matrix).kind == "derived"


def test_without_texture_nothing_is_said(known):
    told = relation.classify(np.full((200, 200), 0.4, np.float32), known, np.eye(3))
    assert told.kind == "undetermined" and told.agreement is None
    assert "texture" in told.reason


def test_without_common_ground_nothing_is_said(known):
    away = np.array([[1, 0, 9000.0], [0, 1, 0], [0, 0, 1]])
    assert relation.classify(known, known, away).kind == "undetermined"


def test_masked_parts_take_no_part(known, later):
    picture, matrix = view(known, size=300)
    half = picture.copy()
    half[:, 150:] = view(later, size=300)[0][:, 150:]
    mask = np.zeros(picture.shape, bool)
    mask[:, :150] = True
    told = relation.classify(half, known, matrix, picture_mask=mask)
    assert told.kind == "derived" and told.agreement.fine.low > 0.95


def test_a_mask_of_another_shape_is_refused(known):
    with pytest.raises(GridMismatchError, match="known"):
        relation.classify(known, known, np.eye(3), known_mask=np.ones((2, 2), bool))
