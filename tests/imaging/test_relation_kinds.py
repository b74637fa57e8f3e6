"""Frames, other light, drawings and erasures of one rendered scene are told apart."""

import cv2
import numpy as np
import pytest

from imgcheck.imaging import relation
from tests.imaging.ground import ground, jpeg, view

_PLACES = [(70 + 60 * (k % 7), 70 + 75 * (k // 7)) for k in range(35)]


def _cars(scene, places, *, length=14, width=8):
    """Draw bright cars with a dark roof and a shadow."""
    out = scene.copy()
    for x, y in places:
        out[y + 2 : y + width + 3, x + 2 : x + length + 3] = 0.05
        out[y : y + width, x : x + length] = 0.95
        out[y + 2 : y + width - 2, x + 4 : x + length - 4] = 0.3
    return out


@pytest.fixture(scope="module")
def street():
    """Soft ground, on which cars stand out."""
    return (0.35 + 0.3 * ground((520, 600), seed=71, blocks=160)).astype(np.float32)


@pytest.fixture(scope="module")
def known(street):
    return _cars(street, _PLACES[::2])


def _picture(scene, *, quality=80):
    picture, matrix = view(scene, size=420, angle=0, scale=1.0)
    return jpeg(picture, quality=quality), matrix


def _laid(scene, known, **options):
    picture, matrix = _picture(scene, **options)
    return picture, known, matrix


@pytest.mark.slow
def test_moved_vehicles_over_fitting_ground_are_neither_a_copy_nor_the_same_capture(street, known):
    told = relation.classify(*_laid(_cars(street, _PLACES[1::2]), known))
    assert told.kind == "undetermined"
    assert "a frame of the same flight" in told.reason


@pytest.mark.slow
def test_ground_seen_from_another_point_is_no_copy(known):
    """High and low ground shift against each other: no projective map explains it."""
    rows, cols = np.mgrid[0:520, 0:600].astype(np.float32)
    height = ground((520, 600), seed=72, blocks=60)
    shifted = cv2.remap(known, cols + 3 * height, rows, cv2.INTER_CUBIC)
    told = relation.classify(*_laid(shifted, known))
    assert told.kind in ("same-capture", "undetermined")
    assert told.agreement.aligned > 0.2 > relation.classify(*_laid(known, known)).agreement.aligned


def test_other_detail_under_another_sun_is_another_time(known):
    fresh = ground((520, 600), seed=73, blocks=220)
    told = relation.classify(*_laid(0.4 * known + 0.6 * fresh, known))
    assert told.kind == "same-place"


def _drawn(scene):
    out = np.round(255 * scene).astype(np.uint8)
    cv2.arrowedLine(out, (150, 150), (260, 230), 235, 4)
    cv2.rectangle(out, (300, 120), (400, 200), 235, 3)
    out[420:455, 100:500] = 20
    cv2.putText(out, "12.09.2017", (110, 447), cv2.FONT_HERSHEY_SIMPLEX, 0.9, 235, 2)
    return (out / np.float32(255)).astype(np.float32)


def test_a_copy_with_arrows_a_box_and_a_caption_is_no_other_exposure(known):
    told = relation.classify(*_laid(_drawn(known), known, quality=50))
    assert told.kind in ("derived", "undetermined")


@pytest.mark.parametrize("pasted", [False, True])
def test_a_copy_with_one_object_erased_or_pasted_is_no_other_exposure(street, known, pasted):
    edited = known.copy()
    if pasted:
        edited[230:270, 300:340] = ground((40, 40), seed=74, blocks=8)
    else:
        edited[230:270, 300:340] = cv2.GaussianBlur(street, (0, 0), 6)[230:270, 300:340]
    told = relation.classify(*_laid(edited, known))
    assert told.kind in ("derived", "undetermined")


def _redacted(scene, kind):
    out = scene.copy()
    for part in (np.s_[120:210, 100:240], np.s_[300:340, 330:400]):
        size = out[part].shape[::-1]
        if kind == "pixelated":
            small = cv2.resize(
                out[part], (size[0] // 10, size[1] // 10), None, 0, 0, cv2.INTER_AREA
            )
            out[part] = cv2.resize(small, size, interpolation=cv2.INTER_NEAREST)
        elif kind == "blurred":
            out[part] = cv2.GaussianBlur(out[part], (0, 0), 6)
        else:
            out[part] = {"black": 0.0, "white": 1.0, "gray": 0.5}[kind]
    return out


@pytest.mark.parametrize("kind", ["black", "white", "gray", "pixelated", "blurred"])
def test_a_redacted_copy_stays_a_copy(kind):
    scene = ground((520, 600), seed=75, blocks=260)
    told = relation.classify(*_laid(_redacted(scene, kind), scene, quality=55))
    assert told.kind == "derived", told.reason


def test_a_copy_with_bright_and_dark_strokes_saved_at_55_stays_a_copy():
    scene = ground((520, 600), seed=75, blocks=260)
    told = relation.classify(*_laid(_drawn(scene), scene, quality=55))
    assert told.kind == "derived", told.reason
    assert 0 < told.covered_share < 0.4


def test_moved_vehicles_under_a_redaction_are_no_copy(street, known):
    later = _redacted(_cars(street, _PLACES[1::2]), "black")
    assert relation.classify(*_laid(later, known)).kind not in ("same", "derived")


@pytest.mark.slow
def test_a_yard_at_the_same_hour_of_another_day_is_not_the_same_capture(street, known):
    """Roofs and paving agree in the same light, to 0.85 to 0.95; the vehicles are others."""
    fresh = ground((520, 600), seed=76, blocks=220)
    for share in (0.22, 0.26, 0.3):
        later = _cars((1 - share) * street + share * (0.35 + 0.3 * fresh), _PLACES[1::2])
        told = relation.classify(*_laid(later.astype(np.float32), known))
        assert 0.9 < told.agreement.fine.typical < 0.98
        assert told.kind not in ("same", "derived", "same-capture")


def test_a_picture_that_is_black_by_more_than_half_is_compared_all_the_same():
    scene = ground((520, 600), seed=75, blocks=260)
    scene[300:] = 0.0
    picture = jpeg(scene, quality=80)
    told = relation.classify(picture[40:], scene, np.array([[1, 0, 0], [0, 1, 40.0], [0, 0, 1]]))
    assert told.kind == "derived", told.reason


def _covered_over(scene, street, places):
    """Put the ground without cars back at some places."""
    out = scene.copy()
    for x, y in places:
        part = np.s_[y - 3 : y + 16, x - 3 : x + 23]
        out[part] = street[part]
    return out


_IN_VIEW = [(x, y) for x, y in _PLACES[::2] if 120 < x < 460 and 90 < y < 420]


@pytest.mark.slow
@pytest.mark.parametrize(("count", "kind"), [(4, "derived"), (5, "undetermined")])
def test_a_copy_with_a_few_vehicles_exchanged_stays_a_copy(known, count, kind):
    other = np.random.default_rng(79).normal(0, 1, known.shape).astype(np.float32)
    other = 0.5 + 0.9 * cv2.GaussianBlur(other, (0, 0), 2.0)
    later = _covered_over(known, other, _IN_VIEW[:count])
    told = relation.classify(*_laid(later, known))
    assert told.kind == kind, told.reason
    assert ("apart from a few places" in told.reason) == (kind == "derived")


@pytest.mark.slow
def test_vehicles_that_drove_on_make_no_copy_with_an_alteration(street, known):
    later = _covered_over(known, street, _IN_VIEW[:3])
    later = _cars(later, [(x + 40, y) for x, y in _IN_VIEW[:3]])
    told = relation.classify(*_laid(later, known))
    assert told.kind == "undetermined", told.reason


@pytest.mark.slow
@pytest.mark.parametrize(("side", "kind"), [(90, "derived"), (240, "undetermined")])
def test_a_large_part_that_differs_makes_no_copy_with_an_alteration(known, side, kind):
    """Fifteen parts in a hundred of the picture may differ, 178 pixels of 420 squared."""
    other = known.copy()
    part = np.s_[150 : 150 + side, 150 : 150 + side]
    other[part] = (0.35 + 0.3 * ground((520, 600), seed=78, blocks=160))[part]
    told = relation.classify(*_laid(other, known))
    assert told.kind == kind, told.reason
