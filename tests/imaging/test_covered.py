"""What was put over a copy is found; what moved or changed on the ground is not."""

import cv2
import numpy as np
import pytest

from imgcheck.imaging import covered
from tests.imaging.ground import ground, jpeg

SHAPE = (400, 520)
BOX = np.s_[120:200, 150:290]


@pytest.fixture(scope="module")
def known():
    return (0.2 + 0.6 * ground(SHAPE, seed=91, blocks=160)).astype(np.float32)


def redacted(known, kind):
    out = known.copy()
    part = out[BOX]
    if kind == "pixelated":
        small = cv2.resize(part, (14, 8), interpolation=cv2.INTER_AREA)
        out[BOX] = cv2.resize(small, part.shape[::-1], interpolation=cv2.INTER_NEAREST)
    elif kind == "blurred":
        out[BOX] = cv2.GaussianBlur(part, (0, 0), 6)
    else:
        out[BOX] = {"black": 0.0, "white": 1.0, "gray": 0.5}[kind]
    return out


@pytest.mark.parametrize("quality", [55, 90])
@pytest.mark.parametrize("kind", ["black", "white", "gray", "pixelated", "blurred"])
def test_a_redaction_is_found_and_little_else(known, kind, quality):
    found = covered.find(jpeg(redacted(known, kind), quality=quality), known)
    differs = np.abs(redacted(known, kind) - known) > 0.06
    assert found[differs].mean() > 0.95
    inside = np.zeros(SHAPE, bool)
    inside[BOX] = True
    near = cv2.dilate(inside.astype(np.uint8), np.ones((35, 35), np.uint8)) > 0
    assert found[~near].mean() < 0.01


@pytest.mark.parametrize("ink", [0, 255])
@pytest.mark.parametrize("width", [1, 4])
def test_strokes_and_letters_of_any_tone_are_found(known, ink, width):
    out = np.round(255 * known).astype(np.uint8)
    cv2.arrowedLine(out, (60, 60), (220, 130), ink, width)
    cv2.circle(out, (400, 100), 40, ink, width)
    cv2.putText(out, "10 SEPTEMBER 2017", (60, 330), cv2.FONT_HERSHEY_SIMPLEX, 0.9, ink, width)
    out = (out / np.float32(255)).astype(np.float32)
    drawn = np.abs(out - known) > 0.25
    found = covered.find(jpeg(out, quality=75), known)
    # Letters that stand alone are as long as they are wide, and look like things.
    assert found[drawn].mean() > 0.75


def test_one_tone_and_curve_of_tones_for_all_is_no_cover(known):
    assert not covered.find(jpeg(np.clip(1.3 * known**1.4, 0, 1), quality=70), known).any()


def test_a_negative_is_compared_as_well(known):
    found = covered.find(jpeg(1 - redacted(known, "black"), quality=80), known)
    assert found[BOX].mean() > 0.9


def test_vehicles_that_came_are_not_covered(known):
    """A bright body with a dark roof and a shadow, twice as long as wide."""
    out = known.copy()
    places = [(80, 90), (200, 60), (330, 150), (430, 260), (120, 280), (260, 330)]
    for x, y in places:
        out[y + 3 : y + 17, x + 3 : x + 31] = 0.03
        out[y : y + 13, x : x + 27] = 0.97
        out[y + 3 : y + 10, x + 8 : x + 19] = 0.35
    found = covered.find(jpeg(out, quality=80), known)
    assert sum(found[y + 6, x + 13] for x, y in places) == 0


def test_other_ground_in_a_patch_is_not_covered(known):
    out = known.copy()
    out[BOX] = (0.2 + 0.6 * ground(SHAPE, seed=92, blocks=160))[BOX]
    assert covered.find(jpeg(out, quality=80), known)[BOX].mean() < 0.2


PATCH = np.s_[60:140, 50:170]
INSIDE = np.zeros((200, 220), bool)
INSIDE[PATCH] = True


@pytest.fixture(scope="module")
def levels():
    """Ground in gray levels, and other ground like it."""
    return [(50 + 150 * ground((200, 220), seed=s, blocks=60)).astype(np.float32) for s in (93, 94)]


def blurred(gray, sigma):
    return cv2.GaussianBlur(gray, (0, 0), sigma)


def celled(gray, cell):
    few = (gray.shape[1] // cell, gray.shape[0] // cell)
    small = cv2.resize(gray[: few[1] * cell, : few[0] * cell], few, interpolation=cv2.INTER_AREA)
    return cv2.resize(small, gray.shape[::-1], interpolation=cv2.INTER_NEAREST)


@pytest.mark.parametrize(
    ("made", "coarse"),
    [
        (lambda b, o: blurred(b, 2), True),
        (lambda b, o: blurred(b, 7), True),
        (lambda b, o: celled(b, 10), True),
        # What a blur of 4 takes is left by half at most.
        (lambda b, o: 0.56 * b + 0.44 * blurred(b, 4), True),
        (lambda b, o: 0.64 * b + 0.36 * blurred(b, 4), False),
        # Cells are flat inside.
        (lambda b, o: celled(b, 10) + 2 * (o - blurred(o, 1)), False),
        # The mean is kept.
        (lambda b, o: blurred(b, 4) + 12, False),
        (lambda b, o: celled(b, 10) - 12, False),
        # Other ground, sharp, blurred or in cells; the same ground moved; ground of one tone.
        (lambda b, o: o, False),
        (lambda b, o: blurred(o, 4), False),
        (lambda b, o: celled(o, 10) + 30, False),
        (lambda b, o: np.roll(b, (9, 17), (0, 1)), False),
        (lambda b, o: np.full_like(b, 100), False),
    ],
)
def test_only_what_the_known_picture_shows_can_be_coarse(levels, made, coarse):
    known, other = levels
    patch = made(known, other).astype(np.float32)
    assert covered.is_coarse_version(np.where(INSIDE, patch, known), known, INSIDE) == coarse


@pytest.mark.parametrize("kind", ["pasted", "blurred and pasted", "cloned", "erased"])
@pytest.mark.parametrize("side", [24, 48])
def test_a_patch_of_other_ground_with_sharp_edges_is_not_covered(known, kind, side):
    out, part = known.copy(), np.s_[200 : 200 + side, 300 : 300 + side]
    other = (0.2 + 0.6 * ground(SHAPE, seed=95, blocks=160)).astype(np.float32)
    if kind == "erased":
        hole = np.zeros(SHAPE, np.uint8)
        hole[part] = 1
        out[part] += np.float32(0.15)  # an object stood there
        known, out = out, cv2.inpaint(np.round(255 * out).astype(np.uint8), hole, 3, 0) / 255.0
        out = out.astype(np.float32)
    else:
        pool = {"pasted": other, "blurred and pasted": blurred(other, 2), "cloned": known}[kind]
        out[part] = pool[50 : 50 + side, 60 : 60 + side]
    assert covered.find(jpeg(out, quality=80), known)[part].mean() < 0.3


@pytest.mark.parametrize(("tone", "over"), [(0.50, False), (0.53, False), (0.58, True)])
def test_an_even_patch_with_the_tone_around_it_is_not_put_over(tone, over):
    rng = np.random.default_rng(96)
    known = (0.5 + rng.normal(0, 0.02, SHAPE)).astype(np.float32)
    known[180:220, 220:260] = 0.2
    out = known.copy()
    out[170:230, 210:270] = tone
    assert (covered.find(jpeg(out, quality=90), known)[185:215, 225:255].mean() > 0.9) == over


@pytest.mark.parametrize(
    ("length", "thin", "stroke"),
    [(60, True, True), (40, True, True), (20, True, False), (60, False, False)],
)
def test_a_row_of_thin_marks_is_writing_and_one_of_blocks_is_not(length, thin, stroke):
    """Marks of two tones as in the ground around them, 12 pixels high."""
    rng = np.random.default_rng(97)
    known = blurred(rng.choice([0.0, 255.0], (80, 120)).astype(np.float32), 3.0)
    out, members = known.copy(), np.zeros(known.shape, bool)
    members[30:42, 20 : 20 + length] = True
    pitch = 2 if thin else 10
    marks = np.where(np.arange(length) // pitch % 2, 200, 60)
    out[30:42, 20 : 20 + length] = marks
    part = np.s_[30:42, 20 : 20 + length]
    tones = np.zeros(known.shape, bool)
    assert covered._is_stroke(out[part], known[part], tones[part], members[part]) == stroke


@pytest.mark.parametrize(
    ("length", "contrast", "flips", "stroke"),
    [
        (180, 9, False, True),
        (180, -9, False, True),
        (180, 9, True, False),  # brighter here, darker there
        (40, 9, False, False),
    ],
)
def test_a_long_line_of_one_tone_on_ground_nearly_like_it_is_a_stroke(
    length, contrast, flips, stroke
):
    known = np.full((8, length), 40, np.float32)
    sign = np.where((np.arange(length) // 30 % 2 == 1) & flips, -1, 1)
    out = (known + contrast * sign).astype(np.float32)
    everywhere = np.ones(known.shape, bool)
    assert covered._is_stroke(out, known, ~everywhere, everywhere) == stroke


def test_without_common_ground_nothing_is_found(known):
    assert not covered.find(np.full(SHAPE, np.nan, np.float32), known).any()


@pytest.mark.parametrize(
    ("made", "kept"),
    [
        (lambda b, o: celled(b, 4), True),
        (lambda b, o: blurred(b, 3), True),
        # A fifth of what is lost, at most, is broader than 8 pixels.
        (lambda b, o: blurred(b, 1) + 0.10 * blurred(b - o, 12), True),
        (lambda b, o: blurred(b, 1) + 0.60 * blurred(b - o, 12), False),
        (lambda b, o: blurred(b, 3) + 12, False),
        # Both agree over 4 pixels: other fine ground does not.
        (lambda b, o: blurred(b, 8) + (o - blurred(o, 4)) * 3, False),
        (lambda b, o: o, False),
    ],
)
def test_what_is_broad_is_kept_only_where_detail_alone_is_lost(levels, made, kept):
    known, other = levels
    patch = np.where(INSIDE, made(known, other), known).astype(np.float32)
    assert covered._keeps_what_is_broad(patch, known, INSIDE) == kept


def test_a_place_filled_in_from_its_surroundings_was_erased_and_not_blurred():
    known = cv2.GaussianBlur(np.random.default_rng(7).normal(0, 1, (96, 96)), (0, 0), 1.5)
    known = (120 + 30 * known / known.std()).astype(np.float32)
    hole = np.zeros(known.shape, bool)
    hole[36:64, 36:64] = True
    levels = np.clip(known, 0, 255).astype(np.uint8)
    erased = cv2.inpaint(levels, hole.astype(np.uint8), 3, cv2.INPAINT_TELEA)
    erased = np.where(hole, erased, known).astype(np.float32)
    assert covered._is_filled_in(erased, known, hole)
    for sigma in (2, 6):
        soft = np.where(hole, blurred(known, sigma), known).astype(np.float32)
        assert not covered._is_filled_in(soft, known, hole)


def test_an_erased_place_on_smooth_ground_does_not_pass_for_a_coarse_version():
    y, x = np.mgrid[:96, :96]
    broad = 120 + 80 * np.sin(x / 60) * np.cos(y / 60)
    known = broad + np.random.default_rng(7).normal(0, 10, broad.shape)
    known = np.clip(known, 0, 255).astype(np.float32)
    hole = np.zeros(known.shape, bool)
    hole[34:62, 34:62] = True
    filled = cv2.inpaint(broad.astype(np.uint8), hole.astype(np.uint8), 3, cv2.INPAINT_NS)
    erased = np.where(hole, filled, known).astype(np.float32)
    assert not covered._keeps_what_is_broad(erased, known, hole)
    soft = np.where(hole, blurred(known, 3), known).astype(np.float32)
    assert covered._keeps_what_is_broad(soft, known, hole)


@pytest.mark.parametrize("cell", [3, 4, 12])
def test_cells_of_any_size_are_covered_in_a_small_picture(cell):
    known = (0.2 + 0.6 * ground((256, 256), seed=99, blocks=60)).astype(np.float32)
    out = known.copy()
    out[60:132, 80:176] = celled(known[60:132, 80:176], cell)
    changed = np.abs(out - known) > 0.1
    assert covered.find(jpeg(out, quality=80), known)[changed].mean() > 0.6


@pytest.mark.parametrize(
    ("broad", "followed"),
    [
        # A blur of the known picture; a smooth patch of its mean; half of the one and of the other.
        (1.0, True),
        (0.0, False),
        (0.66, True),
        (0.58, False),
    ],
)
def test_a_smooth_patch_is_coarse_only_if_it_follows_what_is_broad(levels, broad, followed):
    known, other = levels
    seen, was = (blurred(gray - gray[INSIDE].mean(), 8) for gray in (other, known))
    seen -= seen[INSIDE].mean() + (was * seen)[INSIDE].mean() / (was**2)[INSIDE].mean() * was
    seen *= was[INSIDE].std() / seen[INSIDE].std()
    patch = 0.4 * (broad * was + np.sqrt(1 - broad**2) * seen)
    flat = known[INSIDE].mean() + patch - patch[INSIDE].mean()
    out = np.where(INSIDE, flat, known).astype(np.float32)
    assert covered.is_coarse_version(out, known, INSIDE) == followed


@pytest.mark.parametrize(("wide", "over"), [(30, True), (22, False)])
def test_an_even_part_of_a_patch_of_other_ground_is_no_box(known, wide, over):
    """Water, not quite without detail, in a patch 40 pixels wide of which the rest is ground."""
    out = known.copy()
    out[200:260, 300:340] = (0.2 + 0.6 * ground(SHAPE, seed=95, blocks=160))[50:110, 60:100]
    out[200:260, 300 : 300 + wide] = np.linspace(0.04, 0.065, 60)[:, None]
    found = covered.find(jpeg(out, quality=90), known)
    assert (found[210:250, 305 : 295 + wide].mean() > 0.9) == over


@pytest.mark.parametrize("tone", [0.05, 0.95])
def test_a_plain_rectangle_is_a_box_whatever_differs_beside_it(known, tone):
    out = known.copy()
    out[200:280, 300:380] = (0.2 + 0.6 * ground(SHAPE, seed=95, blocks=160))[50:130, 60:140]
    out[200:250, 300:340] = tone
    assert covered.find(jpeg(out, quality=90), known)[206:244, 306:334].mean() > 0.9


def test_a_box_of_the_tone_of_textured_ground_is_found(known):
    rng = np.random.default_rng(99)
    rough = (0.5 + 0.2 * rng.normal(0, 1, SHAPE)).astype(np.float32)
    rough = cv2.GaussianBlur(rough, (0, 0), 0.8)
    out = rough.copy()
    out[BOX] = 0.5
    assert covered.find(jpeg(out, quality=90), rough)[126:194, 156:284].mean() > 0.9


def _stroke(members, tone, spread=2.0):
    rng = np.random.default_rng(4)
    known = np.full(members.shape, 120, np.float32)
    out = np.where(members, tone + rng.normal(0, spread, members.shape), known)
    foreign = members.copy()
    return covered._is_stroke(out.astype(np.float32), known, foreign, members)


@pytest.mark.parametrize(
    ("size", "spread", "stroke"),
    [
        ((7, 24), 2, True),
        ((7, 19), 2, True),
        ((7, 17), 2, False),  # not long enough for its width
        ((7, 24), 20, False),  # not of one tone
    ],
)
def test_a_short_stroke_is_thin_and_plain(size, spread, stroke):
    members = np.zeros((30, 40), bool)
    members[5 : 5 + size[0], 5 : 5 + size[1]] = True
    assert _stroke(members, 20, spread) == stroke


@pytest.mark.parametrize(("shape", "stroke"), [("patch", False), ("ring", True)])
def test_a_patch_with_holes_is_no_stroke(shape, stroke):
    """Darker all along, and by its mean distance to an edge as thin as a ring."""
    members = np.zeros((60, 60), bool)
    if shape == "patch":
        members[5:55, 5:55] = True
        members[8:55:7, 8:55:7] = False
    else:
        y, x = np.mgrid[:60, :60] - 30
        members = np.abs(np.hypot(y, x) - 24) < 3
    assert _stroke(members, 20) == stroke


def test_an_even_patch_that_took_detail_alone_is_all_that_differs():
    members = np.zeros((20, 20), bool)
    members[5:15, 5:15] = True
    assert covered._share_of_places(members, np.zeros_like(members)) == 1.0
