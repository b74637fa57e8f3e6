"""What the measured agreement is called: the rule alone, on made-up measures."""

import numpy as np
import pytest

from imgcheck.imaging import agreement as engine
from imgcheck.imaging import relation
from imgcheck.imaging.agreement import Agreement, Level
from imgcheck.imaging.blocks import Blocks


def agreement(fine, coarse, *, count=400, shift_px=0.05, aligned=0.0):
    """Return an agreement from the correlations that 50, 90 and 98 % of the blocks reach."""
    levels = (
        Level(level=number, count=count, typical=typical, low=low, lowest=lowest)
        for number, (typical, low, lowest) in enumerate((fine, coarse))
    )
    one, other = levels
    return Agreement(fine=one, coarse=other, shift_px=shift_px, aligned=aligned)


def called(fine, coarse, **rest) -> str:
    return relation.decide(agreement(fine, coarse, **rest))[0]


COPY = (0.990, 0.980, 0.960), (0.998, 0.996, 0.990)


@pytest.mark.parametrize(
    ("fine", "coarse", "kind"),
    [
        (*COPY, "derived"),
        # Measured: a frame of a film over sand, a film frame of fields, a phone's photo with glare.
        ((0.907, 0.865, 0.847), (0.961, 0.939, 0.923), "derived"),
        ((0.963, 0.939, 0.923), (0.993, 0.989, 0.987), "derived"),
        ((0.999, 0.998, 0.994), (0.999, 0.999, 0.940), "derived"),
        # Measured: yards of rendered vehicles at the same hour of another day.
        ((0.993, 0.856, 0.586), (0.995, 0.780, 0.466), "undetermined"),
        ((0.952, 0.911, 0.619), (0.990, 0.957, 0.867), "undetermined"),
        ((0.979, 0.620, 0.249), (0.995, 0.989, 0.577), "undetermined"),
        ((0.982, 0.909, 0.721), (0.979, 0.933, 0.848), "undetermined"),
        ((0.934, 0.345, 0.232), (0.912, 0.411, 0.306), "undetermined"),
        # The tail of one resolution, or of the last blocks, is enough.
        ((0.990, 0.950, 0.940), (0.998, 0.996, 0.990), "undetermined"),
        ((0.990, 0.980, 0.960), (0.998, 0.975, 0.970), "undetermined"),
        ((0.990, 0.980, 0.770), (0.998, 0.996, 0.990), "undetermined"),
        ((0.990, 0.980, 0.960), (0.998, 0.996, 0.785), "undetermined"),
        # How much of a tail the loss of the typical block allows.
        ((0.998, 0.981, 0.960), (0.998, 0.996, 0.990), "derived"),
        ((0.998, 0.979, 0.960), (0.998, 0.996, 0.990), "undetermined"),
        ((0.950, 0.863, 0.850), (0.998, 0.996, 0.990), "derived"),
        ((0.950, 0.857, 0.850), (0.998, 0.996, 0.990), "undetermined"),
        ((0.999, 0.996, 0.800), (0.998, 0.996, 0.990), "derived"),
        ((0.900, 0.850, 0.610), (0.998, 0.996, 0.990), "derived"),
        ((0.900, 0.850, 0.590), (0.998, 0.996, 0.990), "undetermined"),
        # Even, but too little agreement at one resolution.
        ((0.840, 0.830, 0.820), (0.970, 0.960, 0.950), "undetermined"),
        ((0.860, 0.810, 0.800), (0.970, 0.960, 0.950), "undetermined"),
        ((0.920, 0.900, 0.880), (0.935, 0.930, 0.925), "undetermined"),
        ((0.920, 0.900, 0.880), (0.945, 0.875, 0.870), "undetermined"),
        # Measured: another season; another day in Beijing.
        ((0.674, 0.322, 0.026), (0.719, 0.552, 0.292), "same-place"),
        ((0.844, 0.702, 0.554), (0.917, 0.788, 0.591), "same-place"),
        # Not quite so: open.
        ((0.890, 0.600, 0.400), (0.900, 0.600, 0.400), "undetermined"),
        ((0.850, 0.600, 0.400), (0.940, 0.600, 0.400), "undetermined"),
    ],
)
def test_the_measures_are_called(fine, coarse, kind):
    assert called(fine, coarse) == kind


def test_few_blocks_make_no_copy():
    assert called(*COPY, count=19) == "undetermined"
    assert called(*COPY, count=20) == "derived"


@pytest.mark.parametrize(
    ("shift_px", "aligned", "count", "kind"),
    [
        (0.30, 0.30, 400, "same-capture"),
        (0.30, 0.22, 400, "same-capture"),
        (0.11, 0.30, 400, "same-capture"),
        (0.30, 0.30, 30, "same-capture"),
        # Noise moves neighbours apart; a shift below the reading shows nothing.
        (0.19, 0.18, 400, "derived"),
        (0.08, 0.30, 400, "derived"),
        (None, 0.30, 400, "derived"),
        (0.19, 0.30, 29, "derived"),
    ],
)
def test_relief_that_moves_neighbours_alike_is_no_copy(shift_px, aligned, count, kind):
    assert called(*COPY, shift_px=shift_px, aligned=aligned, count=count) == kind


@pytest.mark.parametrize(
    ("fine", "coarse"),
    [
        ((0.960, 0.950, 0.900), (0.990, 0.980, 0.970)),
        ((0.990, 0.920, 0.900), (0.990, 0.980, 0.970)),
        ((0.990, 0.980, 0.900), (0.990, 0.920, 0.900)),
        ((0.990, 0.980, 0.740), (0.990, 0.980, 0.970)),
        ((0.990, 0.980, 0.900), (0.990, 0.980, 0.740)),
    ],
)
def test_what_came_or_went_is_evidence_against_the_same_capture(fine, coarse):
    assert called(fine, coarse, shift_px=0.4, aligned=0.4) == "undetermined"


def test_a_frame_of_the_flight_agrees_in_all_that_can_move():
    fine, coarse = (0.975, 0.935, 0.770), (0.990, 0.935, 0.770)
    assert called(fine, coarse, shift_px=0.4, aligned=0.4) == "same-capture"


@pytest.mark.parametrize(
    ("count", "odd", "low", "lowest"),
    [
        (20, 2, 0.9, 0.9),
        (20, 3, 0.1, 0.1),
        (100, 9, 0.9, 0.1),
        (200, 4, 0.9, 0.9),
        (200, 5, 0.9, 0.1),
    ],
)
def test_of_few_blocks_two_may_differ(count, odd, low, lowest):
    """Only the half with more contrast counts; ``odd`` of it hardly agree."""
    correlations = np.concatenate([np.full(odd, 0.1), np.full(count - odd, 0.9), np.zeros(count)])
    contrasts = np.repeat([2.0, 1.0], count)
    shown = Blocks(
        centres=np.zeros((2 * count, 2)), correlations=correlations,
        shifts=np.zeros((2 * count, 2)), contrasts=contrasts, inverted=False,
    )  # fmt: skip
    level = engine._level(shown, 0)
    assert (level.low, level.lowest) == (low, lowest)


@pytest.mark.parametrize(
    ("typical", "shift_px", "kind"),
    [
        # Measured: a film frame of sand, and another day of Beijing that was filmed.
        (0.907, 0.36, "derived"),
        (0.940, 0.73, "undetermined"),
        (0.940, 0.48, "derived"),
        (0.940, 0.50, "undetermined"),
        (0.999, 0.14, "derived"),
        (0.999, 0.16, "undetermined"),
        (0.940, None, "derived"),
    ],
)
def test_the_blocks_of_a_copy_lie_where_they_belong(typical, shift_px, kind):
    fine = (typical, typical - 0.01, typical - 0.02)
    assert called(fine, (0.98, 0.97, 0.96), shift_px=shift_px) == kind


@pytest.mark.parametrize(
    ("fine", "coarse", "rest", "expected"),
    [
        (*COPY, {}, True),
        # Measured: the worst copies with one plant; a frame of a flight, without what moved.
        ((0.995, 0.991, 0.983), (0.999, 0.998, 0.962), {}, True),
        ((0.983, 0.923, 0.702), (0.991, 0.864, 0.634), {}, False),
        ((0.971, 0.945, 0.905), (0.991, 0.985, 0.955), {}, True),
        # Every bound for itself.
        ((0.969, 0.945, 0.905), (0.991, 0.985, 0.955), {}, False),
        ((0.971, 0.935, 0.905), (0.991, 0.985, 0.955), {}, False),
        ((0.971, 0.945, 0.895), (0.991, 0.985, 0.955), {}, False),
        ((0.971, 0.945, 0.905), (0.989, 0.985, 0.955), {}, False),
        ((0.971, 0.945, 0.905), (0.991, 0.979, 0.955), {}, False),
        ((0.971, 0.945, 0.905), (0.991, 0.985, 0.945), {}, False),
        # A copy by the usual rule, and no relief.
        ((0.999, 0.950, 0.940), (0.999, 0.998, 0.998), {}, False),
        (*COPY, {"shift_px": 0.3}, False),
        (*COPY, {"shift_px": 0.14, "aligned": 0.3}, False),
        (*COPY, {"count": 19}, False),
    ],
)
def test_what_is_left_beside_an_alteration_must_be_a_copy_beyond_doubt(
    fine, coarse, rest, expected
):
    assert relation.is_copy_apart(agreement(fine, coarse, **rest)) == expected
