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


def test_without_common_ground_nothing_is_found(known):
    assert not covered.find(np.full(SHAPE, np.nan, np.float32), known).any()
