"""What the evidence of gaps says about the time: frozen evidence, no pixels."""

from datetime import date

import numpy as np
import pytest

from imgcheck.change import Between, Bracket
from imgcheck.change.bracketing import Reversed, credible, posterior, reversals, trusted

CELLS = 8
MOST = float(np.log(0.85 / 0.15))
RATES = Reversed(inner=0.1, outer=0.2)
CLEAR = {"L": 1.0, "E": -1.0, "-": 0.0}


def evidence(gaps: str) -> np.ndarray:
    """ "L" is a gap whose cells all show the later state, "M" one that shows both, "-" nothing."""
    mixed = np.tile([1.0, -1.0], CELLS // 2)
    return MOST * np.array([mixed if gap == "M" else np.full(CELLS, CLEAR[gap]) for gap in gaps])


def given(gaps: str, rates: Reversed = RATES, basin: float = 0.0) -> np.ndarray:
    return posterior(evidence(gaps), rates, np.full(len(gaps), basin))


@pytest.mark.parametrize(
    ("gaps", "chosen"),
    [
        ("EEEE", {0, 1}),
        ("LLLL", {4, 5}),
        ("LLEE", {2, 3}),
        ("LMEE", {2}),
        ("LLME", {3}),
        ("MEEE", {1}),
        ("LLLM", {4}),
        # One gap is reversed, the others agree.
        ("LEEEE", {1, 2}),
        ("LLELL", {5, 6}),
        ("EELEE", {0, 1}),
    ],
)
def test_the_most_likely_time_lies_between_the_later_and_the_earlier_states(gaps, chosen) -> None:
    found = given(gaps)
    assert found.sum() == pytest.approx(1)
    assert int(found.argmax()) in chosen
    assert set(np.argsort(-found)[: len(chosen)].tolist()) == chosen


def test_cells_that_contradict_the_dates_of_the_references_count_less() -> None:
    # Three references, each dated by the two others: one gap, three cells.
    right = [np.array([[-1.0, -1.0, -1.0]]), np.array([[9.0, -9.0, 0.0]]), np.array([[1.0] * 3])]
    wrong = [right[0] + [[0, 3, 0]], right[1], right[2] - [[0, 2, 1.5]]]
    shown = np.array([[1.0, 1.0, 1.0], [-2.0, -2.0, -2.0]])
    # The middle reference lies in the gap of the others and says nothing against itself.
    same, tested = trusted(shown, right)
    np.testing.assert_array_equal(same, shown)
    for one, other in zip(tested, right, strict=True):
        np.testing.assert_array_equal(one, other)
    # The first speaks against its date by 2 in the second cell, the last by 1 and by 0.5.
    weighed, tested = trusted(shown, wrong)
    np.testing.assert_allclose(weighed, shown * np.exp([0, -3, -0.5]))
    np.testing.assert_allclose(tested[0], wrong[0] * np.exp([0, -1, -0.5]))
    np.testing.assert_allclose(tested[1], wrong[1] * np.exp([0, -3, -0.5]))
    np.testing.assert_allclose(tested[2], wrong[2] * np.exp([0, -2, 0]))


def test_without_self_check_no_cell_is_weighed() -> None:
    shown = np.array([[1.0, -2.0]])
    weighed, tested = trusted(shown, [None, None])
    np.testing.assert_array_equal(weighed, shown)
    assert tested == [None, None]


def test_without_evidence_every_time_is_equally_likely() -> None:
    assert given("----") == pytest.approx(np.full(6, 1 / 6))


def test_one_gap_alone_never_excludes_a_time() -> None:
    # The later state at the second of four gaps, nothing elsewhere: before is unlikely, no more.
    found = given("-L--")
    before, after = found[1], found[4]
    # Beside a state that all cells show: the mean over the shares that may have changed.
    within = np.mean([((0.15 + 0.7 * part) / 0.85) ** CELLS for part in np.linspace(0, 1, 9)])
    wrong = 0.1
    expected = wrong * within / (1 - wrong + wrong * within)
    assert before / after == pytest.approx(expected, abs=0.03)
    assert given("LL--")[0] < 0.5 * found[0]


def test_beyond_the_stack_a_reversal_is_more_likely_than_within() -> None:
    found = given("-E--")
    assert found[5] > 1.5 * found[4]


def test_a_change_that_one_reference_confirms_says_less() -> None:
    # The same evidence at the first gap and at the second one.
    assert given("E---")[4] > 1.5 * given("-E--")[4]


def test_a_single_basin_says_less_than_many_places() -> None:
    assert given("-L--", basin=1.0)[1] > 1.5 * given("-L--", basin=0.0)[1]


def test_more_reversals_say_less() -> None:
    often = given("-L--", Reversed(inner=0.4, outer=0.4))
    assert often[1] > 2.5 * given("-L--")[1]


@pytest.mark.parametrize(
    ("probability", "level", "chosen"),
    [
        ([0.5, 0.3, 0.1, 0.1], 0.8, [0, 1]),
        ([0.5, 0.3, 0.1, 0.1], 0.81, [0, 1, 2]),
        ([0.1, 0.6, 0.05, 0.25], 0.85, [1, 3]),
        ([0.25, 0.25, 0.25, 0.25], 0.95, [0, 1, 2, 3]),
        ([0.97, 0.01, 0.01, 0.01], 0.95, [0]),
    ],
)
def test_the_credible_set_is_the_shortest(probability, level, chosen) -> None:
    assert credible(np.array(probability), level) == chosen


def test_references_that_show_what_they_should_make_reversals_rare() -> None:
    # Five references; each leaves four others with three gaps. Reference k has seen k changes.
    right = [evidence("EEE"), evidence("-EE"), evidence("L-E"), evidence("LL-"), evidence("LLL")]
    found = reversals(right)
    # Six of the tested gaps are of references within the stack, six beyond; each counts a half.
    assert found.inner == pytest.approx(1.0 / (10.0 + 3.0))
    assert found.outer == pytest.approx(1.5 / (7.5 + 6.0))


def test_a_reversed_gap_is_counted() -> None:
    tested = [evidence("EEE"), evidence("-EE"), evidence("E-E"), evidence("LL-"), evidence("LLE")]
    found = reversals(tested)
    assert found.inner == pytest.approx(1.5 / 13.0)
    assert found.outer == pytest.approx(2.5 / 13.5)


def test_the_gap_in_which_a_reference_lies_is_no_test() -> None:
    tested = [evidence("EEE"), evidence("LEE"), evidence("LLE"), evidence("LLL"), evidence("LLL")]
    assert reversals(tested).inner == pytest.approx(1.0 / 13.0)


def test_references_that_were_not_tested_leave_what_was_seen_before() -> None:
    found = reversals([None, None, None])
    assert (found.inner, found.outer) == pytest.approx((0.1, 0.2))


def bracket(*probability: float) -> Bracket:
    dates = tuple(date(year, 1, 1) for year in (2012, 2014, 2016))
    return Bracket(
        sets=(Between(after=dates[0], before=dates[1]), Between(after=dates[2], before=None)),
        abstained=False, reason="", level=0.95, deciding=(), probability=probability,
        dates=dates, self_check=None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("start", "end", "ratio"),
    [
        (2012, 2014, 0.7 / 0.1),  # one whole gap against the three others
        (2012, 2013, 0.7 / ((0.1 * 3 + 0.7 * 0.5) / 3.5)),  # half of it
        (2014, 2016, 0.1 / ((0.7 + 0.1 + 0.1) / 3)),
        (1990, 2030, None),  # everything
        (1990, 1991, None),  # nothing that is compared
    ],
)
def test_the_likelihood_ratio_of_a_claimed_time(start, end, ratio) -> None:
    found = bracket(0.1, 0.7, 0.1, 0.1)
    given_ = found.likelihood_ratio(date(start, 1, 1), date(end, 1, 1))
    assert given_ is None if ratio is None else given_ == pytest.approx(ratio, rel=0.01)


def test_the_outer_limits_of_an_answer_in_parts() -> None:
    found = bracket(0.1, 0.7, 0.1, 0.1)
    assert found.placed_after == date(2012, 1, 1) and found.placed_before is None
    assert [one.after for one in found.hypotheses()] == [None, *found.dates]
    assert [one.before for one in found.hypotheses()] == [*found.dates, None]
