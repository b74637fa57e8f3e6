"""Which pixels of dated pictures changed for good, with the truth built in."""

import numpy as np
import pytest

from imgcheck.change import lasting

COUNT, PIXELS = 6, 600
STEP = slice(0, 60)  # these pixels change between the third and the fourth picture
SEASON = slice(100, 400)  # these have a season of their own in single pictures


def states(odd: tuple[int, ...] = ()) -> np.ndarray:
    """Pictures of unit noise; in those of ``odd`` half the ground is of another season."""
    rng = np.random.default_rng(5)
    result = rng.normal(0, 1, (COUNT, PIXELS, 2)).astype(np.float32)
    result[3:, STEP] += 6
    for picture in odd:
        result[picture, SEASON] += 5
    return result


def test_a_step_is_found_in_its_gap_and_nowhere_else() -> None:
    fitted = lasting.fit(states())
    # A tenth of the pixels, and some that noise divides in the same way.
    assert 0.08 < fitted.share[2] < 0.2
    assert fitted.share[[0, 1, 3, 4]].max() < 0.05
    assert np.median(fitted.lasting[2, STEP]) > 0.9
    assert np.percentile(fitted.lasting[2, 60:], 95) < 0.5


def test_the_odd_season_of_the_first_picture_is_not_a_change_when_others_have_one_too() -> None:
    alone = lasting.fit(states(odd=(0,)))
    with_others = lasting.fit(states(odd=(0, 2)))
    assert alone.share[0] > 0.4
    assert with_others.share[0] < 0.1
    assert with_others.passing[0, SEASON].mean() > 5 * with_others.lasting[0, SEASON].mean()


@pytest.mark.parametrize(("level", "sign"), [(0.0, -1), (6.0, 1)])
def test_the_ratio_has_the_sign_of_the_state_that_is_shown(level: float, sign: int) -> None:
    fitted = lasting.fit(states())
    rng = np.random.default_rng(6)
    shown = rng.normal(0, 1, (PIXELS, 2)).astype(np.float32)
    shown[STEP] += level
    ratio = lasting.ratio(shown, fitted)
    assert ratio.shape == (COUNT - 1, PIXELS)
    assert np.median(sign * ratio[2, STEP]) > 2
    assert np.abs(np.median(ratio[2, 60:])) < 0.05
    assert np.abs(ratio).max() <= np.log(2 / 1e-4)


def test_something_else_in_the_picture_shows_neither_state() -> None:
    fitted = lasting.fit(states())
    shown = np.full((PIXELS, 2), -40, np.float32)
    assert np.abs(lasting.ratio(shown, fitted)[2, STEP]).max() < 0.5


def test_the_usual_noise_is_that_of_one_picture() -> None:
    pictures = states() * np.array([0.02, 0.05], np.float32)
    assert lasting.usual_noise(pictures) == pytest.approx([0.02, 0.05], rel=0.15)
    assert lasting.usual_noise(np.zeros_like(pictures)) == pytest.approx(1 / 255)


@pytest.mark.parametrize("count", [2, 3, 4, 5])
def test_few_pictures_are_explained_too(count: int) -> None:
    fitted = lasting.fit(states()[:count])
    assert fitted.share.shape == (count - 1,)
    assert np.isfinite(lasting.ratio(states()[5], fitted)).all()
    assert ((fitted.lasting + fitted.passing).sum(axis=0) <= 1 + 1e-5).all()
