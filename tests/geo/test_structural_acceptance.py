"""A place found by edges is refused beyond each limit, and not before."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from imgcheck.geo.structural import judging

_SHAPE = (300, 400)
_CORNERS = np.array([[0, 0], [400, 0], [400, 300], [0, 300]], float)


def refused(
    *,
    probability: float = 1e-6,
    matrix: np.ndarray | None = None,
    model: str = "homography",
    surrounded: float = 0.9,
    corner: float = 1.0,
    grid_px: float = 1.0,
) -> str | None:
    points = _CORNERS * np.array([surrounded, 1.0])
    verified = SimpleNamespace(points=points, agree=np.ones(4, bool))
    fitted = SimpleNamespace(matrix=np.eye(3) if matrix is None else matrix, model=model)
    refined = SimpleNamespace(grid_px=grid_px)
    return judging._refusal(fitted, refined, verified, _SHAPE, corner, probability)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, None),
        ({"probability": 5e-4}, None),
        ({"probability": 5.1e-4}, "coincidence"),
        # The areas at two sides differ by (1 + 400 p) ** 3: 11.4 and 12.8.
        ({"matrix": np.array([[1.5, 0, 0], [0, 1, 0], [0.00312, 0, 1.0]])}, None),
        ({"matrix": np.array([[1.5, 0, 0], [0, 1, 0], [0.00335, 0, 1.0]])}, "tilts"),
        ({"surrounded": 0.43}, None),
        ({"surrounded": 0.42}, None),
        ({"surrounded": 0.41}, "one part"),
        ({"surrounded": 0.41, "model": "similarity"}, None),
        # 0.01 of the diagonal of 500 pixels, or three pixels of the grid.
        ({"corner": 4.99}, None),
        ({"corner": 5.01}, "uncertain"),
        ({"corner": 5.99, "grid_px": 2.0}, None),
        ({"corner": 6.0, "grid_px": 2.0}, None),
        ({"corner": 6.01, "grid_px": 2.0}, "uncertain"),
        ({"corner": 5.01, "grid_px": 1.0, "matrix": np.diag([2.0, 2.0, 1.0])}, None),
    ],
)
def test_a_place_is_refused_beyond_each_limit_only(values: dict, words: str | None) -> None:
    reason = refused(**values)
    assert (reason is None) == (words is None)
    assert words is None or (reason is not None and words in reason)


def test_points_that_enclose_no_area_surround_nothing() -> None:
    assert judging._hull_share(_CORNERS[:0], _SHAPE) == 0.0
    assert judging._hull_share(_CORNERS[:2], _SHAPE) == 0.0
    assert judging._hull_share(_CORNERS[:3], _SHAPE) == pytest.approx(0.5)
    assert judging._hull_share(_CORNERS, _SHAPE) == pytest.approx(1.0)


def test_without_a_wrong_peak_a_height_shows_nothing() -> None:
    assert judging.by_height(9.0, [], 1.0) == 1.0


@pytest.mark.parametrize(
    ("surprise", "rivals", "trials", "fall"),
    [
        # The mean fall of 24 peaks of 0.35 each and of the rivals above the least of them.
        (8.0, [5.0], 1.0, 24 * 0.35 / 25),
        (8.0, [5.0], 3.0, 24 * 0.35 / 25),
        (8.0, [5.0, 6.3, 5.2], 1.0, (24 * 0.35 + 1.5) / 27),
        (8.0, [5.0] * 40, 1.0, 0.2),
    ],
)
def test_heights_fall_off_exponentially_above_the_least_rival(
    surprise: float, rivals: list[float], trials: float, fall: float
) -> None:
    expected = trials * len(rivals) * math.exp(-(surprise - 5.0) / fall)
    found = judging.by_height(surprise, rivals, trials)
    assert found == pytest.approx(1 - math.exp(-expected), rel=1e-6)


@pytest.mark.parametrize(("surprise", "log10_tail"), [(9.0, -9.0), (9.0, 0.0), (2.0, -9.0)])
def test_two_independent_tests_are_combined_after_fisher(
    surprise: float, log10_tail: float
) -> None:
    one, other = judging.by_height(surprise, [5.0], 1.0), judging.by_patches(log10_tail, 200.0)
    found = judging.false_match_probability(
        surprise=surprise, rivals=[5.0], trials=1.0, log10_tail=log10_tail, span=200.0
    )
    assert found == pytest.approx(one * other * (1 - math.log(one * other)), rel=1e-6)


def test_a_height_beyond_all_numbers_has_no_probability() -> None:
    found = judging.false_match_probability(
        surprise=5000.0, rivals=[5.0], trials=1.0, log10_tail=-9.0, span=200.0
    )
    assert found == 0.0
