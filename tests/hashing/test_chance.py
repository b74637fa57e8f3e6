import math

import pytest

from imgcheck.hashing import MATCH_LOG10_NFA, nfa, reach
from imgcheck.quantity import binomial_tail


def test_false_alarms_grow_with_distance_rows_and_variants():
    by_distance = [nfa(d, rows=1000) for d in range(257)]
    assert by_distance == sorted(by_distance)
    assert nfa(60, rows=10_000) == pytest.approx(nfa(60, rows=1000) + 1)
    assert nfa(60, rows=1000, variants=1) == pytest.approx(nfa(60, rows=1000) - math.log10(16))


def test_chance_is_never_rarer_than_with_fair_coins():
    for bits in range(0, 128, 2):
        # P(X <= bits) of 256 fair coins, which equals P(X >= 256 - bits).
        coins = binomial_tail(256 - bits, 256, 0.5)
        assert nfa(bits, rows=1, variants=1) >= math.log10(coins)


def test_low_quality_is_judged_more_carefully():
    assert nfa(80, rows=100, quality=20) > nfa(80, rows=100, quality=80) + 1


@pytest.mark.parametrize(("rows", "low", "high"), [(100, 84, 92), (10_000, 66, 80)])
def test_reach_is_the_last_distance_that_matches(rows, low, high):
    bits = reach(rows=rows)
    assert low <= bits <= high
    assert nfa(bits, rows=rows) <= MATCH_LOG10_NFA < nfa(bits + 1, rows=rows)


def test_reach_says_when_no_distance_would_do():
    assert reach(rows=10**18, quality=10) == -1
