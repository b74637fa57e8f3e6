"""What the measures of two pictures are called: the rule alone, on made-up measures."""

import pytest

from imgcheck.imaging import likelihood, relation


def called(*, median: float, shift_px: float | None, moved: int = 0, count: int = 400) -> str:
    score = likelihood.copy_score(median=median, shift_px=shift_px, moved=moved)
    capture = likelihood.capture_score(median=median)
    return relation._decide(score, capture, median, moved, count, shift_px)[0]


@pytest.mark.parametrize(
    ("median", "shift_px", "moved", "kind"),
    [
        # Blocks of a copy agree and lie where they belong, also of soft ground saved badly.
        (0.99, 0.04, 0, "derived"),
        (0.97, 0.12, 0, "derived"),
        (0.99, 0.04, 1, "derived"),
        # A frame from another point: everything agrees, nothing lies on one plane.
        (0.98, 0.60, 0, "same-capture"),
        (0.97, 0.60, 0, "same-capture"),
        (0.96, 0.60, 0, "undetermined"),
        (0.90, 0.60, 0, "undetermined"),
        # A frame of a hovering camera: much left, and as much came.
        (0.99, 0.04, 3, "same-capture"),
        (0.97, 0.04, 5, "same-capture"),
        (0.99, 0.04, 2, "undetermined"),
        # Yards at the same hour of another day agree to .88 to .95, and their vehicles are others.
        (0.96, 0.10, 5, "undetermined"),
        (0.92, 0.10, 9, "undetermined"),
        (0.90, 0.50, 3, "undetermined"),
        (0.88, 0.80, 9, "undetermined"),
        # Another season or sun.
        (0.80, 1.50, 0, "same-place"),
        (0.60, 2.50, 4, "same-place"),
        (0.60, None, 0, "same-place"),
    ],
)
def test_the_measures_are_called(median, shift_px, moved, kind):
    assert called(median=median, shift_px=shift_px, moved=moved) == kind


def test_few_blocks_show_no_parallax():
    assert called(median=0.98, shift_px=0.6, count=29) == "undetermined"
    assert called(median=0.98, shift_px=0.6, count=30) == "same-capture"
