"""Parts of two pictures beside each other: the right parts, at one scale, and not more than six."""

import io

import numpy as np
from PIL import Image

from imgcheck.checks import _chips


def square(x: float, y: float, side: float = 10.0) -> np.ndarray:
    return np.array([[x, y], [x + side, y], [x + side, y + side], [x, y + side]])


def columns(sheet: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(sheet)).convert("RGB"), float) / 255


def test_each_column_shows_its_place_in_both_pictures_with_as_much_around_it() -> None:
    above, below = np.zeros((300, 400, 3), np.float32), np.zeros((300, 400, 3), np.float32)
    above[100:160, 100:160, 0] = 1  # red, 60 pixels
    below[120:180, 200:260, 2] = 1  # blue
    seen = columns(_chips.sheet(above, below, [square(100, 100, 60), square(200, 120, 60)]))
    assert seen.shape == (2 * 150 + 4, 2 * 150 + 4, 3)
    first, second = seen[:, :150], seen[:, 154:]
    # The place is a third of the chip, in its middle.
    assert first[60:90, 60:90, 0].min() > 0.9 and first[:40, :40, 0].max() < 0.1
    assert second[214:244, 60:90, 2].min() > 0.9 and second[:140, :140, 2].max() < 0.2


def test_six_places_at_most_are_shown_and_ground_outside_is_grey() -> None:
    ground = np.zeros((100, 100, 3), np.float32)
    seen = columns(_chips.sheet(ground, ground, [square(0, 0)] * 9))
    assert seen.shape[1] == 6 * 150 + 5 * 4
    corner, middle = seen[:50, :50], seen[100:140, 100:140]
    assert abs(corner.mean() - 0.5) < 0.02 and middle.max() < 0.05
