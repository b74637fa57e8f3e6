"""Lines of letters and patches of one tone are marked; cars, dashes and roofs in a row are not."""

import cv2
import numpy as np
import pytest

from imgcheck.imaging import marks

from .ground import ground

SHAPE = (240, 400)


@pytest.fixture
def rgb():
    gray = np.round(90 + 70 * ground(SHAPE, seed=51, blocks=90)).astype(np.uint8)
    return np.repeat(gray[..., None], 3, axis=2)


def saved(rgb, quality=75):
    data = cv2.imencode(".jpg", rgb, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return cv2.imdecode(data, cv2.IMREAD_COLOR)


def write(rgb, text, ink):
    out = rgb.copy()
    cv2.putText(out, text, (40, 120), cv2.FONT_HERSHEY_SIMPLEX, 0.9, (ink,) * 3, 2, cv2.LINE_AA)
    return out


def blocks(rgb, number, side, pitch, ink=250):
    out = rgb.copy()
    for k in range(number):
        left = 30 + k * pitch
        out[100 : 100 + side[1], left : left + side[0]] = ink
    return out


@pytest.mark.parametrize(
    ("text", "ink", "found"),
    [
        ("10 SEPTEMBER 2017", 255, True),
        ("left bank of the river", 255, True),
        ("10 SEPTEMBER 2017", 10, True),
        ("10 SEPTEMBER 2017", 150, False),  # gray as the ground
        ("SEPT", 255, False),  # four letters may be chance
    ],
)
def test_a_line_of_white_or_black_letters_is_marked(rgb, text, ink, found):
    written = write(rgb, text, ink)
    drawn = np.abs(written.astype(int) - rgb).max(axis=2) > 60
    mask = marks.writing(saved(written))
    assert mask[drawn].mean() > 0.75 if found else not mask.any()
    assert mask.mean() < 0.1


@pytest.mark.parametrize(
    "made",
    [
        lambda rgb: rgb,
        lambda rgb: blocks(rgb, 9, (10, 20), 30),  # cars
        lambda rgb: blocks(rgb, 9, (12, 6), 20),  # dashes of a road
        lambda rgb: blocks(rgb, 9, (3, 20), 14),  # bays of a car park
        lambda rgb: blocks(rgb, 4, (70, 70), 90),  # roofs
    ],
)
def test_things_in_a_row_are_all_alike_and_no_writing(rgb, made):
    assert not marks.writing(saved(made(rgb))).any()


def test_so_many_lines_that_they_take_a_tenth_are_ground(rgb):
    small = cv2.resize(rgb, (400, 100))
    for count, found in ((1, True), (3, False)):
        out = small.copy()
        for k in range(count):
            at = (10, 30 + 30 * k)
            cv2.putText(out, "10 SEPT 17", at, 0, 0.5, (255,) * 3, 1, cv2.LINE_AA)
        assert marks.writing(saved(out, 90)).any() == found


def patch(rgb, box, tone=20):
    out = rgb.copy()
    out[box] = tone
    return out


@pytest.mark.parametrize(
    ("box", "tone", "found"),
    [
        (np.s_[60:120, 80:200], 20, True),
        (np.s_[60:120, 80:200], 230, True),
        (np.s_[60:84, 80:104], 20, True),
        (np.s_[60:74, 80:200], 20, False),  # lower than 16 pixels
        (np.s_[20:160, 80:200], 20, False),  # more than 15 % of the picture
        (np.s_[60:120, 80:200], 122, False),  # gray as the ground
    ],
)
@pytest.mark.parametrize("quality", [60, 90])
def test_a_sharp_rectangle_of_one_tone_is_marked(rgb, box, tone, found, quality):
    mask = marks.redactions(saved(patch(rgb, box, tone), quality))
    inside = np.zeros(SHAPE, bool)
    inside[box] = True
    assert mask[inside].mean() > 0.9 if found else not mask[inside].any()
    assert mask[~inside].mean() < 0.02


def test_an_even_part_that_is_no_rectangle_or_fades_is_not_marked(rgb):
    round_ = rgb.copy()
    cv2.circle(round_, (200, 120), 40, (20,) * 3, -1)
    cv2.rectangle(round_, (20, 20), (60, 60), (20,) * 3, -1)
    assert marks.redactions(saved(round_))[85:155, 165:235].mean() == 0
    soft = np.zeros(SHAPE, np.float32)
    soft[60:120, 80:200] = 1
    soft = cv2.GaussianBlur(soft, (0, 0), 8)[..., None]
    assert not marks.redactions(
        saved(np.round(rgb * (1 - soft) + 90 * soft).astype(np.uint8))
    ).any()
