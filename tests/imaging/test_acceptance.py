"""Transforms that no view from above has are refused, each in its own words."""

import numpy as np
import pytest

from imgcheck.imaging import registration, transforms
from imgcheck.imaging.consensus import Agreement
from imgcheck.imaging.registration import odd_shape

_SHAPE = (300, 400)
_CORNERS = np.array([[0, 0], [400, 0], [400, 300], [0, 300]], float)


def affine(a, b, c, d):
    return np.array([[a, b, 50.0], [c, d, 60.0], [0, 0, 1.0]])


@pytest.mark.parametrize(
    ("matrix", "words"),
    [
        (affine(1e-9, 0, 0, 1e-9), "scale"),
        (affine(0.05, 0, 0, 0.05), "scale"),
        (affine(20, 0, 0, 20), "scale"),
        (affine(0, 0, 0, 0), "mirrors or collapses"),
        (affine(-1, 0, 0, 1), "mirrors or collapses"),
        (affine(1, 3, 0, 1), "squeezes"),
        (affine(1, 0, 0, 0.1), "squeezes"),
        (affine(np.nan, 0, 0, 1), "horizon"),
        (np.array([[1, 0, 0], [0, 1, 0], [-0.004, 0, 1.0]]), "horizon"),
        (np.array([[1, 0, 0], [0, 1, 0], [0.004, 0, 1.0]]), "squeezes|tilts"),
    ],
)
def test_a_transform_that_is_no_view_from_above_is_refused(matrix, words):
    reason = odd_shape(matrix, _SHAPE)
    assert reason is not None
    assert any(word in reason for word in words.split("|"))


@pytest.mark.parametrize("turn", [0, 35, 180, 271])
@pytest.mark.parametrize("scale", [0.12, 1.0, 9.0])
def test_turned_and_scaled_views_are_not_odd(turn, scale):
    c, s = scale * np.cos(np.radians(turn)), scale * np.sin(np.radians(turn))
    assert odd_shape(affine(c, -s, s, c), _SHAPE) is None


def test_a_view_tilted_by_half_is_not_odd():
    assert odd_shape(affine(1, 0, 0, 0.5), _SHAPE) is None


@pytest.mark.parametrize(
    ("matrix", "odd"),
    [
        (affine(0.101, 0, 0, 0.101), False),
        (affine(0.099, 0, 0, 0.099), True),
        (affine(9.9, 0, 0, 9.9), False),
        (affine(10.1, 0, 0, 10.1), True),
        (affine(1, 0, 0, 0.29), False),
        (affine(1, 0, 0, 0.28), True),
        # The areas at the two sides of the picture differ by (1 + 400 p) ** 3: 11.4 and 12.8.
        (np.array([[1, 0, 0], [0, 1, 0], [0.00312, 0, 1.0]]), False),
        (np.array([[1, 0, 0], [0, 1, 0], [0.00335, 0, 1.0]]), True),
    ],
)
def test_scale_stretch_and_fall_off_are_refused_beyond_their_limits_only(matrix, odd):
    assert (odd_shape(matrix, _SHAPE) is not None) == odd


def grid_of_points(*, narrow: float) -> np.ndarray:
    """Return 25 points with the standard deviation ``narrow`` (n - 1) from top to bottom."""
    x, y = np.meshgrid(np.linspace(20, 380, 5), np.linspace(-1, 1, 5))
    points = np.stack([x.ravel(), y.ravel()], axis=1)
    points[:, 1] *= narrow / np.std(points[:, 1], ddof=1)
    points[:, 1] += 150
    return points


def refused(*, nfa=-20.0, narrow=60.0, corner=1.0, distinct=60, shape=_SHAPE):
    points = grid_of_points(narrow=narrow)
    found = Agreement(
        log10_nfa=nfa, bound=1.0, inside=np.ones(len(points), bool), distinct=distinct
    )
    fitted = transforms.fit(points, points, model="similarity")
    assert fitted is not None
    return registration.refusal(found, fitted, points, points, shape, corner) is not None


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, False),
        ({"nfa": -8.0}, False),
        ({"nfa": -7.9}, True),
        # The diagonal of 300 x 400 pixels is 500: a spread of 7.5, a corner known within 5.
        ({"narrow": 7.6}, False),
        ({"narrow": 7.4}, True),
        ({"corner": 4.99}, False),
        ({"corner": 5.01}, True),
    ],
)
def test_a_match_is_refused_beyond_each_limit_only(values, expected):
    assert refused(**values) == expected


@pytest.mark.parametrize(
    ("sway", "shape", "expected"),
    [
        # 0.006 of the diagonal of 500, at least 1 and at most 5 pixels.
        (2.99, (300, 400), False),
        (3.01, (300, 400), True),
        (1.0, (60, 80), False),
        (1.01, (60, 80), True),
        (4.99, (1200, 1600), False),
        (5.01, (1200, 1600), True),
    ],
)
def test_a_corner_that_depends_on_one_spot_is_refused(monkeypatch, sway, shape, expected):
    monkeypatch.setattr(registration, "_sway", lambda *given: sway)
    assert refused(distinct=39, shape=shape, corner=0.1) == expected
    assert not refused(distinct=40, shape=shape, corner=0.1)


def test_a_match_of_an_odd_shape_is_refused():
    points = grid_of_points(narrow=60.0)
    fitted = transforms.fit(points, points * 0.05, model="similarity")
    assert fitted is not None
    found = Agreement(log10_nfa=-20.0, bound=1.0, inside=np.ones(25, bool), distinct=60)
    assert "scale" in (registration.refusal(found, fitted, points, points, _SHAPE, 0.01) or "")


def test_the_sway_of_a_corner_is_that_without_the_pairs_of_one_spot():
    rng = np.random.default_rng(4)
    source = rng.uniform((0, 0), (400, 300), (30, 2))
    target = source + rng.normal(0, 1.0, source.shape)
    fitted = transforms.fit(source, target, model="similarity")
    assert fitted is not None
    ring = np.array([[0, 0], [400, 0], [400, 300], [0, 300]], float)
    moved = []
    for spot in source:
        far = np.linalg.norm(source - spot, axis=1) > 60  # 0.12 of 500
        again = transforms.fit(source[far], target[far], model="similarity", start=fitted.matrix)
        assert again is not None
        shift = transforms.apply(again.matrix, ring) - transforms.apply(fitted.matrix, ring)
        moved.append(np.linalg.norm(shift, axis=1).max())
    assert registration._sway(fitted, source, target, _SHAPE) == pytest.approx(max(moved))
    close = source * 0.1
    assert registration._sway(fitted, close, close, _SHAPE) == np.inf


def test_points_that_enclose_no_area_surround_nothing() -> None:
    assert registration.hull_share(_CORNERS[:0], _SHAPE) == 0.0
    assert registration.hull_share(_CORNERS[:2], _SHAPE) == 0.0
    assert registration.hull_share(_CORNERS[:3], _SHAPE) == pytest.approx(0.5)
    assert registration.hull_share(_CORNERS, _SHAPE) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("share", "law"),
    [
        (0.1, (2.5, 0.12)),
        (0.5, (2.5, 0.12)),
        # Half-way, the geometric means.
        (0.625, (1.7678, 0.07746)),
        (0.75, (1.25, 0.05)),
        (0.9, (1.25, 0.05)),
    ],
)
def test_the_error_exceeds_the_scatter_less_the_more_of_the_pairs_agree(share, law):
    assert registration.error_law(share) == pytest.approx(law, rel=1e-4)
