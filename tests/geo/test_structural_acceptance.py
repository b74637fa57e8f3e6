"""A place found by edges is refused beyond each limit, and not before."""

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
        ({"probability": 5.1e-4}, "chance"),
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
