"""The largest piece of a picture that is not from the reference, from frozen blocks."""

import numpy as np
import pytest

from imgcheck.imaging import blocks, panes
from tests.imaging.ground import ground

SIDE = 163  # nine blocks of 16 pixels each way, and the reach of the search
GRID = np.arange(3, 148, 16) + 8.0


def compared(unlike):
    """Blocks all over a picture; ``unlike`` tells by column and row which of them disagree."""
    centres = np.array([(x, y) for y in GRID for x in GRID])
    told = np.array([[unlike(i, j) for i in range(len(GRID))] for j in range(len(GRID))]).ravel()
    found = blocks.Blocks(
        centres=centres,
        correlations=np.where(told, 0.2, 0.99),
        shifts=np.zeros_like(centres),
        contrasts=np.full(len(centres), 0.05),
        inverted=False,
    )
    return found, told


def piece(unlike, over=None):
    picture = ground((SIDE, SIDE), seed=3, blocks=40)
    over = np.zeros(picture.shape, bool) if over is None else over
    return panes.largest(picture, picture, over, *compared(unlike))


@pytest.mark.parametrize(
    ("unlike", "share"),
    [
        (lambda i, j: False, 0.0),
        (lambda i, j: True, 1.0),
        # A pane of four columns: its rim beside the copy does not count.
        (lambda i, j: i < 4, 0.37),
        # Two of four columns each are one piece where they touch, and two where they do not.
        (lambda i, j: i in (0, 1, 7, 8), 0.17),
        # Scattered blocks are no piece.
        (lambda i, j: i % 3 == 0 and j % 3 == 0, 0.0),
        # Of an altered place the corners and the rim do not count.
        (lambda i, j: 3 <= i < 6 and 3 <= j < 6, 0.0),
        (lambda i, j: 2 <= i < 7 and 2 <= j < 7, 0.13),
    ],
)
def test_the_piece_is_measured(unlike, share):
    assert piece(unlike) == pytest.approx(share, abs=0.025)


@pytest.mark.parametrize(("count", "foreign"), [(5, False), (6, True)])
def test_a_place_is_foreign_if_six_of_nine_blocks_are(count, foreign):
    centres = np.array([(x, y) for y in (0.0, 16, 32) for x in (0.0, 16, 32)])
    found = blocks.Blocks(
        centres=centres, correlations=np.zeros(9), shifts=centres, contrasts=np.ones(9),
        inverted=False,
    )  # fmt: skip
    assert panes._most_around(np.arange(9) < count, found).tolist() == [foreign] * 9


def test_ground_out_of_reach_of_a_block_is_not_foreign():
    at, common = np.array([[10.0, 10.0]]), np.ones((20, 100), bool)
    common[0] = False
    reached = panes._nearest(np.array([True]), at, common, 32.0)
    assert np.flatnonzero(reached[10]).tolist() == list(range(43))
    assert not reached[0].any()
    assert not panes._nearest(np.array([False]), at, common, 32.0).any()


@pytest.mark.parametrize(("wide", "share"), [(24, 0.0), (60, 60 / SIDE)])
def test_a_covered_strip_counts_unless_it_is_a_stroke(wide, share):
    over = np.zeros((SIDE, SIDE), bool)
    over[:, 40 : 40 + wide] = True
    known = ground((SIDE, SIDE), seed=3, blocks=40)
    picture = known.copy()
    picture[:, 40 : 40 + wide] = ground((SIDE, SIDE), seed=9, blocks=200)[:, :wide]
    found = panes.largest(picture, known, over, *compared(lambda i, j: False))
    assert found == pytest.approx(share, abs=0.03)
