"""How finely a reference is searched, and what its correlated maps see."""

import math

import cv2
import numpy as np
import pytest

from imgcheck.geo.structural import coarse, engine
from imgcheck.geo.structural.coarse import Pyramid


@pytest.mark.parametrize(
    ("rows", "cols", "side", "scale", "grain", "count"),
    [
        # A small reference, a size of pixels known within 20 %.
        (256, 256, 165, (1 / 1.2, 1.2), (112, 3.0), 5),
        # A reference of 1,000 pixels, a picture of 300; one of 150 needs a finer reference.
        (723, 934, 300, (1 / 1.2, 1.2), (112, 3.0), 5),
        (723, 934, 150, (1 / 1.2, 1.2), (96, 5.0), 4),
        # The size unknown: a picture of many pixels, and one of few, on which more sizes fit.
        (774, 1000, 640, None, (96, 5.0), 19),
        (723, 934, 300, None, (80, 6.0), 22),
    ],
)
def test_a_search_is_as_fine_as_its_work_allows(rows, cols, side, scale, grain, count):
    plan = engine._plan((side, side), Pyramid(np.zeros((rows, cols), np.float32)), scale)
    assert (plan.grain.side, plan.grain.turn_step) == grain
    assert len(plan.sizes) == count
    assert not plan.left_out
    steps = -np.diff(np.log(plan.sizes))
    assert (steps > 0).all()
    assert steps.max() <= math.log(plan.grain.scale_step) + 1e-9
    least, most = scale or (max(engine.SMALLEST_SCALE, engine.LEAST_FOOTPRINT / side), 4.0)
    # Sizes lie in the middles of their steps: half a step remains at both ends.
    assert plan.sizes[0] * math.exp(steps[0] / 2) == pytest.approx(
        min(most, engine.LARGEST_FOOTPRINT * max(rows, cols) / side)
    )
    assert plan.sizes[-1] * math.exp(-steps[0] / 2) == pytest.approx(least)


def test_fine_sizes_beyond_the_limit_are_left_out_and_said(monkeypatch):
    pyramid = Pyramid(np.zeros((723, 934), np.float32))
    whole = engine._plan((300, 300), pyramid, None)
    work = [coarse.work((300, 300), pyramid, size, side=80) for size in whole.sizes]
    monkeypatch.setattr(engine, "_MOST_WORK", sum(work[:-3]))
    plan = engine._plan((300, 300), pyramid, None)
    assert plan.left_out
    assert plan.sizes == whole.sizes[:-3]


def test_a_picture_that_no_size_fits_has_no_plan():
    pyramid = Pyramid(np.zeros((256, 256), np.float32))
    assert engine._plan((150, 150), pyramid, (0.25, 0.5)).sizes == []


def test_the_maps_that_are_correlated_are_sharper_than_those_of_patches():
    ground = np.random.default_rng(4).normal(0.5, 0.1, (160, 160)).astype(np.float32)
    level = Pyramid(ground).level(0)
    near = [
        float((m[:, :, 2:] * m[:, :, :-2]).sum() / (m * m).sum()) for m in (level.maps, level.sharp)
    ]
    assert near[1] < near[0] - 0.01
    # Both harmonics count alike in a search; among patches the fourth is weighted down.
    power = [(m**2).sum(axis=(1, 2)) for m in (level.maps, level.sharp)]
    ratio = [float(p[2:].sum() / p[:2].sum()) for p in power]
    assert ratio[1] > 1.5 * ratio[0]


def test_a_search_finds_a_turned_cut_first_within_its_steps():
    rng = np.random.default_rng(8)
    ground = cv2.GaussianBlur(rng.normal(0, 1, (300, 300)).astype(np.float32), (0, 0), 2)
    ground = (ground - ground.min()) / np.ptp(ground)
    truth = coarse.similarity(0.9, 151.0, (160.0, 140.0), (170, 170))
    picture = cv2.warpPerspective(
        ground, truth, (170, 170), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    )
    plan = engine._plan(picture.shape, Pyramid(ground), (0.75, 1.08))
    best = coarse.search(
        picture,
        np.ones(picture.shape, bool),
        Pyramid(ground),
        scales=plan.sizes,
        grain=plan.grain,
    )[0]
    assert abs(best.turn - 151.0) <= plan.grain.turn_step
    assert abs(math.log(best.scale / 0.9)) <= math.log(plan.grain.scale_step)
    assert math.hypot(best.x - 160, best.y - 140) < 4
    assert best.surprise > 8
