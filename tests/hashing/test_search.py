import shutil
import sqlite3

import cv2
import numpy as np
import pytest
from PIL import Image as PillowImage

from imgcheck.hashing import HashIndex
from imgcheck.imaging import transforms
from tests.hashing.conftest import SEEDS, as_image
from tests.hashing.pictures import dihedral, ground

pytestmark = pytest.mark.slow


def corner_error(match, truth, shape):
    """Largest distance in known pixels between where the query's corners go and should go."""
    corners = transforms.corners(shape)
    off = transforms.apply(np.array(match.transform), corners) - transforms.apply(truth, corners)
    return float(np.hypot(*off.T).max())


def only(result, seed):
    """Give the single match, which must be of this picture."""
    assert [m.path for m in result.matches] == [f"{seed}.jpg"]
    return result.matches[0]


def test_same_file_and_same_pixels_are_told_apart(known):
    file = as_image(ground(103), quality=90)
    match = only(known.search(file), 103)
    assert (match.stage, match.relation, match.nfa) == ("file", "same", 0.0)
    match = only(known.search(as_image(file.rgb())), 103)
    assert (match.stage, match.relation) == ("pixels", "same")
    assert match.transform == ((1, 0, 0), (0, 1, 0), (0, 0, 1))
    assert match.overlap_share == pytest.approx(1)
    assert match.known.date == "2016-05-01"


def test_shrunk_and_compressed_copy_is_derived(known):
    small = np.asarray(PillowImage.fromarray(ground(104)).resize((240, 180)))
    match = only(known.search(as_image(small, quality=50)), 104)
    assert (match.stage, match.relation) == ("hash", "derived")
    assert (match.mirrored, match.inverted) == (False, False)
    assert match.distance is not None and match.distance <= 60
    assert corner_error(match, np.diag([2.0, 2.0, 1.0]), (180, 240)) < 2


def test_cut_is_found_with_its_place(known):
    x, y, width, height = 130, 70, 240, 180
    cut = ground(102)[y : y + height, x : x + width]
    match = only(known.search(as_image(cut, quality=60)), 102)
    assert (match.stage, match.relation) == ("part", "derived")
    truth = np.array([[1.0, 0, x], [0, 1, y], [0, 0, 1]])
    assert corner_error(match, truth, (height, width)) < 1
    assert match.log10_nfa < -20
    assert match.overlap_share == pytest.approx(1, abs=0.02)
    box = np.array(match.known_region)
    assert np.abs(box.min(axis=0) - [x, y]).max() < 2
    assert np.abs(box.max(axis=0) - [x + width, y + height]).max() < 2


def test_turned_scaled_cut_is_found_with_its_place(known):
    angle = np.radians(17)
    c, s = 0.8 * np.cos(angle), 0.8 * np.sin(angle)
    into = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]])
    middle = transforms.apply(into, [[240, 180]])[0]
    into[:2, 2] = np.array([120, 90]) - middle
    pixel = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1.0]])
    by_centre = np.linalg.inv(pixel) @ into @ pixel
    query = cv2.warpAffine(ground(105), by_centre[:2], (240, 180), flags=cv2.INTER_AREA)
    match = only(known.search(as_image(query, quality=80)), 105)
    assert corner_error(match, np.linalg.inv(into), (180, 240)) < 1


@pytest.mark.parametrize(
    ("number", "inverted"),
    [(0, True), (1, False), (3, True), (4, False), (5, True)],
)
def test_mirror_quarter_turn_and_polarity_are_named(known, number, inverted):
    picture = ground(101)
    query = dihedral(255 - picture if inverted else picture, number)
    match = only(known.search(as_image(query, quality=70)), 101)
    assert (match.mirrored, match.inverted) == (number >= 4, inverted)
    assert match.relation == "derived"
    back = np.linalg.inv(dihedral_matrix(number, picture.shape))
    assert corner_error(match, back, query.shape) < 1


def dihedral_matrix(number, shape):
    rows, cols = shape[:2]
    matrix = np.eye(3)
    if number >= 4:
        matrix = np.array([[-1.0, 0, cols], [0, 1, 0], [0, 0, 1]])
    for _ in range(number % 4):
        matrix = np.array([[0.0, -1, rows], [1, 0, 0], [0, 0, 1]]) @ matrix
        rows, cols = cols, rows
    return matrix


def test_mirrored_cut_is_found_as_a_part(known):
    cut = ground(102)[60:260, 90:330][:, ::-1]
    match = only(known.search(as_image(cut, quality=70)), 102)
    assert (match.stage, match.mirrored, match.inverted) == ("part", True, False)
    truth = np.array([[-1.0, 0, 330], [0, 1, 60], [0, 0, 1]])
    assert corner_error(match, truth, cut.shape) < 1


def test_both_panes_of_a_collage_are_found(known):
    panes = [ground(seed)[40:300, 60:380] for seed in (101, 104)]
    result = known.search(as_image(np.concatenate([*panes], axis=1), quality=75))
    assert sorted(m.path for m in result.matches) == ["101.jpg", "104.jpg"]
    assert {m.stage for m in result.matches} == {"part"}


def test_strangers_are_not_found(known):
    for seed in range(200, 202):
        assert known.search(as_image(ground(seed), quality=85)).matches == ()


def test_without_parts_a_cut_is_not_found_and_the_answer_says_so(known):
    cut = as_image(ground(102)[70:250, 130:370])
    result = known.search(cut, parts="none")
    assert (result.matches, result.parts, result.exact) == ((), "none", True)
    assert result.rows == len(SEEDS)
    assert result.snapshot == known.stats().snapshot


def test_same_search_gives_the_same_answer(known):
    cut = as_image(ground(105)[:180, 240:], quality=70)
    assert known.search(cut) == known.search(cut)


def test_search_leaves_the_file_as_it_was(known_file):
    before = known_file.read_bytes()
    with HashIndex.open(known_file) as index:
        index.search(as_image(ground(101)))
    assert known_file.read_bytes() == before


def test_empty_index_answers_that_nothing_was_compared(tmp_path):
    with HashIndex.create(tmp_path / "empty") as index:
        result = index.search(as_image(ground(1)))
    assert (result.rows, result.matches, result.exact) == (0, (), True)


def test_the_lists_of_likely_pictures_find_a_cut_and_say_that_they_are_approximate(known):
    cut = as_image(ground(102)[70:250, 130:370])
    every, likely = known.search(cut, parts="every"), known.search(cut, parts="likely")
    assert [(m.id, m.relation) for m in likely.matches] == [
        (m.id, m.relation) for m in every.matches
    ]
    assert likely.matches
    assert (every.parts, every.exact) == ("every", True)
    assert (likely.parts, likely.exact) == ("likely", False)


def test_damaged_lists_are_named_passed_over_and_built_again(known_file, tmp_path):
    cut = as_image(ground(102)[70:250, 130:370])
    path = shutil.copy(known_file, tmp_path / "damaged.imgcheck")
    with sqlite3.connect(path) as writer:
        writer.execute("UPDATE part_tail SET data = x'00ff'")
    writer.close()
    with HashIndex.open(path, writable=True) as index:
        found = index.search(cut, parts="likely")
        assert (found.parts, found.exact) == ("every", True)
        assert found.matches
        assert not index.verify().ok
        assert index.relist() == index.stats().rows
        assert index.verify().ok
        assert index.search(cut, parts="likely").parts == "likely"
