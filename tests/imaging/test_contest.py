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
