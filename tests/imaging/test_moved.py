"""What moved between two frames is found; what was erased, pasted or cloned is not taken for it."""

import cv2
import numpy as np
import pytest

from imgcheck.imaging import moved
from tests.imaging.ground import ground

SHAPE = (200, 260)
HERE, THERE, FAR = (60, 80), (60, 150), (140, 40)


@pytest.fixture(scope="module")
def street():
    """Soft ground in gray levels."""
    return (90 + 40 * ground(SHAPE, seed=51, blocks=20)).astype(np.float32)


def car(seed=1):
    """A bright body with a dark roof of its own: 14 rows, 30 columns."""
    body = np.full((14, 30), 220, np.float32)
    body[3:11, 8:20] = 60
    spots = np.random.default_rng(seed).integers(0, 12, (6, 2))
    for y, x in spots:
        body[y : y + 2, 2 * x : 2 * x + 4] -= 50
    return body


def put(ground, at, thing=None):
    out = ground.copy()
    y, x = at
    thing = car() if thing is None else thing
    out[y : y + thing.shape[0], x : x + thing.shape[1]] = thing
    return out


def box(at, size=(14, 30)):
    return (at[1] - 3, at[0] - 3, at[1] + size[1] + 3, at[0] + size[0] + 3)


def noisy(gray, seed):
    soft = cv2.GaussianBlur(gray, (0, 0), 0.7)
    noise = np.random.default_rng(seed).normal(0, 3, gray.shape)
    return (soft + noise).astype(np.float32)


@pytest.mark.parametrize(
    ("post", "known", "boxes", "expected"),
    [
        # Drove on: two places, or one that holds both.
        ([THERE], [HERE], [box(HERE), box(THERE)], True),
        ([THERE], [HERE], [(75, 55, 185, 80)], True),
        # By less than its length, and by three pixels.
        ([(60, 92)], [HERE], [(75, 55, 127, 80)], True),
        ([(60, 83)], [HERE], [(75, 55, 118, 80)], True),
        # Erased; put in; erased here and another one put in there.
        ([], [HERE], [box(HERE)], False),
        ([HERE], [], [box(HERE)], False),
        # A clone: its source still stands, and does not differ.
        ([HERE, THERE], [HERE], [box(THERE)], False),
        # One was erased; another like it still stands in a place that differs a little.
        ([FAR], [HERE, FAR], [box(HERE), box(FAR)], False),
        # Two were erased.
        ([], [HERE, THERE], [box(HERE), box(THERE)], False),
        ([], [], [], False),
    ],
)
def test_only_a_thing_that_left_one_place_for_another_moved(street, post, known, boxes, expected):
    pictures = []
    for seed, places in enumerate((post, known)):
        out = street
        for at in places:
            out = put(out, at)
        pictures.append(noisy(out, seed))
    assert moved.anything(*pictures, boxes) == expected


def test_another_thing_elsewhere_did_not_move(street):
    other = cv2.rotate(car(9), cv2.ROTATE_90_CLOCKWISE)
    post, known = noisy(put(street, FAR, other), 0), noisy(put(street, HERE), 1)
    assert not moved.anything(post, known, [box(HERE), box(FAR, other.shape)])


def test_an_edge_that_slides_along_itself_did_not_move(street):
    """A long bright line agrees displaced as well as where it lies."""
    line = street.copy()
    line[95:103, 20:220] = 200
    post = noisy(line, 0)
    post[88:110, 90:130] += 12
    assert not moved.anything(post, noisy(line, 1), [(86, 84, 134, 114)])


@pytest.mark.parametrize(("share", "expected"), [(0.0, True), (0.12, True), (0.6, False)])
def test_how_well_a_thing_must_agree(street, share, expected):
    """``share`` of its variance is not the same."""
    rng = np.random.default_rng(4)
    spread = float(car().std())
    fresh = cv2.GaussianBlur(rng.normal(0, 1, (14, 30)).astype(np.float32), (0, 0), 1.0)
    changed = car() + fresh / fresh.std() * spread * np.float32(np.sqrt(share / (1 - share)))
    post, known = put(street, THERE, changed.astype(np.float32)), put(street, HERE)
    assert moved.anything(post, known, [box(HERE), box(THERE)]) == expected


@pytest.mark.parametrize(("lift", "expected"), [(90.0, True), (7.0, False)])
def test_a_thing_must_stand_out(lift, expected):
    """On even ground, a thing that is hardly brighter is none."""
    even = np.full(SHAPE, 100, np.float32)
    spots = np.random.default_rng(6).normal(0, 1, (14, 30)).astype(np.float32)
    thing = (100 + lift * (1 + 0.3 * np.abs(spots))).astype(np.float32)
    post, known = put(even, THERE, thing), put(even, HERE, thing)
    assert moved.anything(post, known, [box(HERE), box(THERE)]) == expected
