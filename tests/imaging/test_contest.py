"""A picture agrees with the reference it was made from as with no other."""

import cv2
import numpy as np
import pytest

from imgcheck.imaging import contest
from tests.imaging.ground import ground, jpeg


@pytest.fixture(scope="module")
def dates():
    """The same ground at three dates: a third of the fine texture is new each time."""
    base = ground((320, 360), seed=41, blocks=120)
    fresh = [ground((320, 360), seed=s, blocks=120) for s in (51, 52, 53)]
    return [np.asarray(0.7 * base + 0.3 * one, np.float32) for one in fresh]


@pytest.mark.parametrize("number", [0, 1, 2])
def test_the_reference_that_the_picture_was_made_from_wins(dates, number):
    picture = jpeg(cv2.GaussianBlur(dates[number], (0, 0), 0.8), quality=60)
    found = contest.compare(picture, dates)
    assert found.shares[number] > 0.9
    assert found.likelihoods[number] > 0.99
    assert sum(found.likelihoods) == pytest.approx(1)


def test_the_same_image_under_two_dates_is_no_decision(dates):
    picture = jpeg(dates[0], quality=60)
    found = contest.compare(picture, [dates[0], jpeg(dates[0], quality=95), dates[2]])
    assert found.likelihoods[0] == pytest.approx(found.likelihoods[1], abs=0.2)
    assert found.likelihoods[2] < 0.01


def test_references_that_do_not_differ_are_as_likely(dates):
    found = contest.compare(dates[0], [dates[1], dates[1]])
    assert (found.blocks, found.likelihoods) == (0, (0.5, 0.5))


def test_one_object_does_not_decide(dates):
    """Two references that differ in one corner only, by one thing."""
    other = dates[0].copy()
    other[100:120, 100:120] = dates[1][100:120, 100:120]
    found = contest.compare(jpeg(dates[0], quality=80), [dates[0], other])
    assert 0.5 <= found.likelihoods[0] < 0.95


@pytest.mark.parametrize(
    ("won", "lost", "ratio"),
    [(40, 0, 9.3), (8, 8, 0.0), (0, 40, -9.3), (24, 8, 0.95), (0, 0, 0.0)],
)
def test_the_ratio_counts_groups_of_blocks(won, lost, ratio):
    gain = np.array([0.02] * won + [-0.02] * lost + [0.019, -0.019])
    assert contest._log10_ratio(gain) == pytest.approx(ratio, abs=0.1)


COPY = {
    "blocks": 30, "loss": 0.0064, "even": 0.71, "shift_px": 0.098, "alike": 0.2, "covered": 0.6,
    "pane": 0.18,
}  # fmt: skip


@pytest.mark.parametrize(
    ("measured", "copy"),
    [
        ({}, True),
        ({"blocks": 29}, False),
        ({"loss": 0.0085, "even": 0.9}, True),
        ({"loss": 0.0086, "even": 0.9}, False),
        # The better it agrees in its best blocks, the more may be altered.
        ({"even": 0.70}, False),
        ({"loss": 0.0085, "even": 0.78}, False),
        ({"loss": 0.001, "even": 0.5, "shift_px": 0.05}, True),
        ({"loss": 0.001, "even": 0.48, "shift_px": 0.05}, False),
        ({"shift_px": 0.099}, False),
        ({"shift_px": None}, False),
        ({"alike": 0.21}, False),
        ({"covered": 0.61}, False),
        # The better it agrees, the better the shifts can be read.
        ({"loss": 0.0016, "shift_px": 0.064}, True),
        ({"loss": 0.0016, "shift_px": 0.065}, False),
    ],
)
def test_the_part_that_is_a_copy(measured, copy):
    assert contest.Untouched(**{**COPY, **measured}).is_copy is copy


@pytest.mark.parametrize(("pane", "is_pane"), [(0.18, False), (0.19, True)])
def test_a_large_piece_that_differs_is_another_pane(pane, is_pane):
    assert contest.Untouched(**{**COPY, "pane": pane}).is_pane is is_pane


@pytest.mark.parametrize("share", [0.25, 0.35, 0.5])
def test_a_pane_of_the_same_ground_on_another_day_is_one(dates, share):
    """Its blocks agree in part, so that none of them looks like other ground."""
    collage = dates[0].copy()
    wide = int(share * collage.shape[1])
    collage[:, :wide] = dates[1][:, :wide]
    found = contest.untouched(jpeg(collage, quality=75), dates[0])
    assert found is not None and found.is_pane
    assert found.pane == pytest.approx(share, abs=0.06)


def test_a_pane_without_texture_is_one_where_the_reference_has_texture(dates):
    collage = dates[0].copy()
    collage[:, :110] = cv2.GaussianBlur(dates[2], (0, 0), 12)[:, ::-1][:, :110]
    found = contest.untouched(jpeg(collage, quality=75), dates[0])
    assert found is not None and found.is_pane


def test_strokes_and_a_caption_join_no_pane(dates):
    drawn = dates[0].copy()
    for x in (30, 190):
        cv2.rectangle(drawn, (x, 30), (x + 100, 200), 1.0, 2)
    cv2.arrowedLine(drawn, (20, 240), (340, 240), 0.0, 3)
    drawn[-32:] = 0.0
    found = contest.untouched(jpeg(drawn, quality=75), dates[0])
    assert found is not None and found.covered > 0.3
    assert 0.08 < found.pane < 0.14


def test_a_blurred_part_is_from_the_reference(dates):
    blurred = dates[0].copy()
    blurred[:, :140] = cv2.GaussianBlur(dates[0], (0, 0), 2.5)[:, :140]
    found = contest.untouched(jpeg(blurred, quality=75), dates[0])
    assert found is not None and found.covered > 0.3
    assert not found.is_pane


@pytest.mark.parametrize("share", [0.25, 0.35, 0.5])
def test_the_pane_of_a_collage_is_measured_and_a_tenth_is_none(dates, share):
    rows, cols = dates[0].shape
    collage, altered = dates[0].copy(), dates[0].copy()
    wide, side = int(share * cols), int((0.1 * rows * cols) ** 0.5)
    collage[:, :wide] = ground((rows, wide), seed=98, blocks=60)
    altered[60 : 60 + side, 80 : 80 + side] = ground((side, side), seed=97, blocks=20)
    for picture, is_pane in ((collage, True), (altered, False)):
        found = contest.untouched(jpeg(picture, quality=75), dates[0])
        assert found is not None and found.is_pane is is_pane, found.pane


def test_a_copy_of_which_a_quarter_was_altered_is_one_in_the_rest(dates):
    altered = dates[0].copy()
    altered[:160, :180] = ground((160, 180), seed=99, blocks=60)
    found = contest.untouched(jpeg(altered, quality=70), dates[0])
    assert found is not None and found.is_copy
    assert 0.6 < found.even < 0.9


def test_another_date_agrees_nowhere_as_a_copy_does(dates):
    found = contest.untouched(jpeg(dates[1], quality=90), dates[0])
    assert found is not None and not found.is_copy
