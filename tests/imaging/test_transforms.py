"""Fits recover what made the points, and their stated error is the error that occurs."""

import numpy as np
import pytest

from imgcheck.imaging import transforms

_TRUE = {
    "similarity": [[0.8, -0.6, 40], [0.6, 0.8, -7], [0, 0, 1]],
    "affine": [[0.8, -0.5, 40], [0.6, 0.9, -7], [0, 0, 1]],
    "homography": [[0.8, -0.5, 40], [0.6, 0.9, -7], [4e-4, -2e-4, 1]],
}


@pytest.mark.parametrize("model", list(_TRUE))
def test_exact_pairs_give_back_the_matrix(model):
    source = np.random.default_rng(1).uniform(0, 400, (40, 2))
    fitted = transforms.fit(source, transforms.apply(_TRUE[model], source), model=model)
    assert fitted.matrix == pytest.approx(np.array(_TRUE[model]), abs=1e-6)


@pytest.mark.parametrize("model", list(_TRUE))
def test_stated_corner_error_is_the_error_over_many_trials(model):
    rng = np.random.default_rng(2)
    corner = np.array([[400.0, 400.0]])
    errors, stated = [], []
    for _ in range(300):
        source = rng.uniform(0, 400, (30, 2))
        target = transforms.apply(_TRUE[model], source)
        fitted = transforms.fit(source, target + rng.normal(0, 0.5, target.shape), model=model)
        gap = transforms.apply(fitted.matrix, corner) - transforms.apply(_TRUE[model], corner)
        errors.append(float((gap**2).sum()))
        stated.append(float(np.trace(transforms.place_covariance(fitted, corner)[0])))
    assert np.mean(stated) == pytest.approx(np.mean(errors), rel=0.2)


def test_one_wrong_pair_in_twenty_moves_the_fit_by_less_than_a_pixel():
    source = np.random.default_rng(3).uniform(0, 400, (20, 2))
    target = transforms.apply(_TRUE["similarity"], source)
    target[0] += 60
    fitted = transforms.fit(source, target)
    centre = np.array([[200.0, 200.0]])
    gap = transforms.apply(fitted.matrix, centre) - transforms.apply(_TRUE["similarity"], centre)
    assert np.hypot(*gap[0]) < 1


def test_points_on_one_line_do_not_determine_an_affine():
    line = np.stack([np.arange(20.0), 2 * np.arange(20.0)], -1)
    assert transforms.fit(line, line + 3, model="affine") is None


def test_points_beyond_the_horizon_are_nan():
    matrix = [[1, 0, 0], [0, 1, 0], [-0.01, 0, 1]]
    sent = transforms.apply(matrix, [[50, 0], [150, 0]])
    assert sent[0] == pytest.approx([100, 0])
    assert np.isnan(sent[1]).all()


def test_jacobian_is_the_slope_of_apply():
    point, step = np.array([[120.0, 80.0]]), 1e-4
    slope = transforms.jacobian(_TRUE["homography"], point)[0]
    for axis in (0, 1):
        moved = point.copy()
        moved[0, axis] += step
        change = transforms.apply(_TRUE["homography"], moved)
        change -= transforms.apply(_TRUE["homography"], point)
        assert change[0] / step == pytest.approx(slope[:, axis], abs=1e-5)
