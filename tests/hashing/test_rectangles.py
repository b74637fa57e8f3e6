import numpy as np
import pytest
from numpy.typing import NDArray

from imgcheck.hashing import distance, pdq
from imgcheck.hashing.rectangles import content_rectangles
from tests.hashing import copies
from tests.hashing.pictures import ground

SHAPE = (360, 480)


def framed(name: str, seed: int):
    pixels = ground(seed, shape=SHAPE)
    rng = np.random.default_rng(seed)
    others = [ground(seed + 50 + k, shape=SHAPE) for k in range(3)]
    made = {
        "letterbox": lambda: copies.letterbox(pixels, rng),
        "pillarbox": lambda: copies.pillarbox(pixels, rng),
        "caption below": lambda: copies.captioned(pixels, rng),
        "caption above": lambda: copies.captioned(pixels, rng, above=True),
        "over blur": lambda: copies.over_blur(pixels, rng),
        "page": lambda: copies.on_page(pixels, rng),
        "2 x 1": lambda: copies.collage(pixels, others, rng, across=2, down=1),
        "2 x 2": lambda: copies.collage(pixels, others, rng, across=2, down=2),
        "2 x 2, gutters": lambda: copies.collage(pixels, others, rng, across=2, down=2, gutter=6),
        "3 x 1": lambda: copies.collage(pixels, others, rng, across=3, down=1),
    }
    return made[name]()


@pytest.mark.parametrize(
    "name",
    [
        "letterbox",
        "pillarbox",
        "caption below",
        "caption above",
        "over blur",
        "page",
        "2 x 1",
        "2 x 2",
        "2 x 2, gutters",
        "3 x 1",
    ],
)
@pytest.mark.parametrize("seed", [31, 32])
def test_content_is_found_to_two_pixels_in_a_jpeg(name, seed):
    made, box = framed(name, seed)
    found = content_rectangles(copies.saved(made, 70))
    errors = [
        max(abs(a - b) for a, b in zip((r.x0, r.y0, r.x1, r.y1), box, strict=True)) for r in found
    ]
    assert min(errors, default=999) <= 2
    assert len(found) <= 8


def test_hash_of_the_content_is_that_of_the_picture():
    made, _ = framed("letterbox", 33)
    best = content_rectangles(copies.saved(made, 70))[0]
    assert best.kind == "letterbox"
    assert distance(pdq(best.cut(made)), pdq(ground(33, shape=SHAPE))) <= 20
    assert distance(pdq(made), pdq(ground(33, shape=SHAPE))) >= 60


@pytest.mark.slow
def test_ground_without_a_frame_seldom_has_rectangles():
    counts = [len(content_rectangles(ground(seed))) for seed in range(40, 60)]
    assert np.mean(counts) <= 1.0


@pytest.mark.parametrize(
    "odd",
    [
        np.zeros((1, 1, 3), np.uint8),
        np.zeros((2, 4000, 3), np.uint8),
        np.full((300, 300, 3), 90, np.uint8),
        np.random.default_rng(1).integers(0, 256, (64, 64, 3)).astype(np.uint8),
        np.random.default_rng(1).integers(0, 256, (900, 20, 3)).astype(np.uint8),
    ],
)
def test_odd_pictures_give_no_whole_picture_and_do_not_fail(odd: NDArray[np.uint8]):
    for found in content_rectangles(odd):
        cut = found.cut(odd)
        assert 0 < cut.size < odd.size


def test_large_pictures_give_sides_in_their_own_pixels():
    made, box = copies.letterbox(ground(34, shape=(1100, 1600)), np.random.default_rng(2))
    best = content_rectangles(made)[0]
    assert (best.x0, best.y0, best.x1, best.y1) == box
