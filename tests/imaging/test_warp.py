"""Resampling keeps the corner convention, covers what it should, and does not alias."""

import numpy as np
import pytest

from imgcheck.errors import GridMismatchError, UsageError
from imgcheck.imaging import warp
from tests.imaging.ground import ground

_SHIFT = np.array([[1, 0, 7.0], [0, 1, 4.0], [0, 0, 1]])


def test_identity_changes_nothing():
    picture = ground((60, 80), seed=1)
    assert warp.warp(picture, np.eye(3), picture.shape) == pytest.approx(picture, abs=1e-6)


def test_a_whole_shift_moves_pixels_and_leaves_nan():
    picture = ground((60, 80), seed=1)
    moved = warp.warp(picture, _SHIFT, (70, 100))
    assert moved[4:64, 7:87] == pytest.approx(picture, abs=1e-6)
    assert np.isnan(moved[:4]).all() and np.isnan(moved[:, :7]).all()
    assert np.isnan(moved[64:]).all() and np.isnan(moved[:, 87:]).all()


def test_coverage_is_where_the_picture_is():
    picture = ground((60, 80), seed=1)
    covered = warp.coverage(picture.shape, _SHIFT, (70, 100))
    assert covered.sum() == 60 * 80
    assert np.array_equal(covered, np.isfinite(warp.warp(picture, _SHIFT, (70, 100))))


def test_inverse_reads_the_matrix_the_other_way():
    picture = ground((60, 80), seed=1)
    there = warp.warp(picture, _SHIFT, (70, 100))
    back = warp.warp(there, _SHIFT, (60, 80), inverse=True)
    assert back == pytest.approx(picture, abs=1e-6)


def test_doubling_puts_a_ramp_where_the_corner_convention_says():
    ramp = np.tile(np.arange(40, dtype=np.float32) + 0.5, (20, 1))
    doubled = warp.warp(ramp, np.diag([2.0, 2.0, 1.0]), (40, 80))
    expected = (np.arange(80) + 0.5) / 2
    assert doubled[20, 4:-4] == pytest.approx(expected[4:-4], abs=0.06)


def test_shrinking_averages_instead_of_picking():
    stripes = np.zeros((120, 120), np.float32)
    stripes[:, ::2] = 1
    small = warp.resize(stripes, (20, 20))
    assert small == pytest.approx(0.5, abs=0.02)


def test_shrinking_by_no_whole_number_keeps_the_mean_and_the_place():
    ramp = np.tile(np.arange(100, dtype=np.float32) + 0.5, (100, 1))
    small = warp.resize(ramp, (37, 37))
    expected = (np.arange(37) + 0.5) * 100 / 37
    # OpenCV 4.10 resamples in steps of 1/32 px, here 2.7 wide.
    assert small[18, 3:-3] == pytest.approx(expected[3:-3], abs=0.12)


def test_nodata_stays_out_and_does_not_bleed():
    picture = np.full((50, 50), 0.7, np.float32)
    picture[20:30, 20:30] = np.nan
    drawn = warp.warp(picture, [[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]], (50, 50))
    assert np.isnan(drawn[22:28, 22:28]).all()
    assert drawn[np.isfinite(drawn)] == pytest.approx(0.7, abs=1e-5)


@pytest.mark.parametrize("bands", [1, 3, 6])
def test_bands_are_kept(bands):
    picture = np.stack([ground((40, 50), seed=k) for k in range(bands)], -1)
    drawn = warp.warp(picture, np.diag([0.5, 0.5, 1.0]), (20, 25))
    assert drawn.shape == (20, 25, bands)
    alone = warp.warp(picture[..., -1], np.diag([0.5, 0.5, 1.0]), (20, 25))
    assert drawn[..., -1] == pytest.approx(alone, abs=1e-6)


def test_nothing_is_drawn_beyond_the_horizon():
    picture = ground((60, 80), seed=1)
    matrix = np.array([[1, 0, 0], [0, 1, 0], [-0.02, 0, 1.0]])
    drawn = warp.warp(picture, matrix, (60, 2000))
    assert np.array_equal(np.isfinite(drawn), warp.coverage(picture.shape, matrix, (60, 2000)))


def test_a_picture_elsewhere_leaves_only_nodata():
    picture = ground((60, 80), seed=1)
    far = np.array([[1, 0, 5000.0], [0, 1, 0], [0, 0, 1]])
    assert np.isnan(warp.warp(picture, far, (30, 30))).all()


def test_bad_input_is_named():
    picture = np.zeros((4, 4), np.float32)
    with pytest.raises(UsageError, match="singular"):
        warp.warp(picture, np.zeros((3, 3)), (4, 4))
    with pytest.raises(GridMismatchError):
        warp.warp(np.zeros(4, np.float32), np.eye(3), (4, 4))
