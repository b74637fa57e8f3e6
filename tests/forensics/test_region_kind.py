"""What a region that differs is called by its colours alone."""

import numpy as np
import pytest

from imgcheck.forensics import regions
from imgcheck.forensics.prediction import Prediction

SIDE = 40
ALL = np.s_[0:SIDE, 0:SIDE]
GROUND = 120.0


def kind(colours, *, was=GROUND, drawn=0.0, foreign=(True, True, True)):
    """Name a square region of these colours, (40, 40, 3); ``drawn``: share drawn over.

    ``foreign``: whether dark, bright and vivid are colours that the picture's ground lacks.
    """
    colours = np.clip(colours, 0, 255)
    luma = (colours @ np.array([0.299, 0.587, 0.114])).astype(np.float32)
    found = Prediction(
        picture=luma, predicted=np.full(luma.shape, was, np.float32), known=luma, finer=luma,
        usable=np.ones(luma.shape, bool), matrix=np.eye(3), to_picture=np.ones(2),
    )  # fmt: skip
    over = np.zeros(luma.shape, bool)
    over[: round(drawn * SIDE)] = True
    everywhere = np.ones(luma.shape, bool)
    shown = colours.astype(np.uint8)
    return regions._kind(everywhere, ALL, found, shown, over, np.array(foreign))


def plain(*colour):
    return np.tile(np.array(colour, float), (SIDE, SIDE, 1))


def detailed(*colour, spread):
    noise = np.random.default_rng(1).uniform(-spread, spread, (SIDE, SIDE, 1))
    return plain(*colour) * (1 + noise)


def halo(colours, wide):
    """Mix the rim with the ground, as compression does."""
    out = colours.copy()
    rim = np.ones((SIDE, SIDE), bool)
    rim[wide:-wide, wide:-wide] = False
    out[rim] = 0.35 * out[rim] + 0.65 * GROUND
    return out


def lettered(paper, ink):
    out = plain(*paper)
    out[14:26, 6:34:4] = ink
    return out


@pytest.mark.parametrize(
    ("colours", "expected"),
    [
        (plain(5, 5, 5), "overlay"),
        (plain(250, 250, 250), "overlay"),
        (plain(220, 30, 30), "overlay"),
        (plain(80, 90, 60), "content"),
        # A short stroke is mostly rim.
        (halo(plain(5, 5, 5), 8), "overlay"),
        # A badge: ink and paper.
        (lettered((200, 30, 30), (255, 255, 255)), "overlay"),
        # Vivid ground has detail, over more tones than two.
        (detailed(230, 60, 60, spread=0.2), "overlay"),
        (detailed(140, 140, 30, spread=0.8), "content"),
    ],
)
def test_colours_that_ground_does_not_have_are_drawn_if_they_are_plain(colours, expected):
    assert kind(colours) == expected


@pytest.mark.parametrize(("was", "expected"), [(20.0, "content"), (40.0, "overlay")])
def test_ground_as_dark_as_before_is_still_ground(was, expected):
    assert kind(plain(6, 6, 6), was=was) == expected


@pytest.mark.parametrize(("drawn", "expected"), [(0.2, "content"), (0.4, "overlay")])
def test_what_is_drawn_for_a_good_part_is_drawn(drawn, expected):
    assert kind(detailed(90, 90, 70, spread=0.4), drawn=drawn) == expected


@pytest.mark.parametrize(
    ("colour", "foreign"),
    [
        ((5, 5, 5), (False, True, True)),
        ((250, 250, 250), (True, False, True)),
        ((220, 30, 30), (True, True, False)),
    ],
)
def test_a_colour_of_the_ground_of_this_picture_shows_no_drawing(colour, foreign):
    assert kind(plain(*colour), foreign=foreign) == "content"
    assert kind(plain(*colour), foreign=[not f for f in foreign]) == "overlay"


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize(("rows", "is_foreign"), [(3, True), (5, False)])
def test_a_tenth_of_the_ground_makes_a_colour_its_own(number, rows, is_foreign):
    picture = plain(90, 90, 70).astype(np.uint8)
    picture[:rows] = ((5, 5, 5), (250, 250, 250), (220, 30, 30))[number]
    nothing = np.zeros(picture.shape[:2], bool)
    expected = [True] * 3
    expected[number] = is_foreign
    assert regions._foreign_colours(picture, nothing).tolist() == expected
    # A caption bar is not ground.
    bar = nothing.copy()
    bar[:rows] = True
    assert regions._foreign_colours(picture, bar).all()
    assert regions._foreign_colours(picture, ~nothing).all()
