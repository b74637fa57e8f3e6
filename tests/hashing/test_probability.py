import math

import numpy as np
import pytest

from imgcheck.hashing import MATCH_LOG10_NFA, PdqHash, nfa, pdq_dihedral, reach
from imgcheck.hashing.perceptual import Pattern
from imgcheck.hashing.probability import (
    distinct_share,
    log10_part_probability,
    log10_probability,
    structure,
)
from imgcheck.imaging.features import Features
from imgcheck.quantity import binomial_tail
from tests.hashing.pictures import ground


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


def pair(concentration, exceptions=85):
    return (Pattern(concentration=concentration, exceptions=exceptions),) * 2


def test_shared_structure_is_judged_more_carefully():
    chances = [nfa(80, rows=100, patterns=pair(c)) for c in (0.1, 0.12, 0.15, 0.2, 0.3, 0.9)]
    assert chances == sorted(chances)
    assert chances[3] > chances[0] + 3


def test_noise_shares_no_structure_with_anything():
    noise, simple = (
        Pattern(concentration=0.1, exceptions=88),
        Pattern(concentration=1.0, exceptions=0),
    )
    assert structure(noise, simple) == 0.0
    assert structure(*pair(0.208)) == pytest.approx(0.1)


def test_pictures_of_one_simple_pattern_match_only_if_its_exceptions_agree():
    ruled = pair(0.3, 50)
    assert (
        nfa(10, rows=10**6, patterns=ruled) <= MATCH_LOG10_NFA < nfa(50, rows=1000, patterns=ruled)
    )
    assert nfa(0, rows=10, patterns=pair(1.0, 0)) > MATCH_LOG10_NFA


def test_without_structure_distances_follow_the_hypergeometric_law():
    # Two choices of 128 of 256 bits, counted by drawing.
    rng = np.random.default_rng(3)
    bits = np.argsort(rng.random((2, 20_000, 256)), axis=2) < 128
    drawn = (bits[0] != bits[1]).sum(axis=1)
    for d in (110, 116, 128):
        stated = 10 ** log10_probability(d, patterns=pair(0.1))
        assert stated == pytest.approx(np.mean(drawn <= d), rel=0.15)


@pytest.mark.parametrize(
    ("rows", "low", "high"), [(100, 86, 94), (10_000, 80, 86), (10**6, 72, 80)]
)
def test_reach_is_the_last_distance_that_matches(rows, low, high):
    bits = reach(rows=rows)
    assert low <= bits <= high
    assert nfa(bits, rows=rows, patterns=pair(0.1)) <= MATCH_LOG10_NFA
    assert nfa(bits + 2, rows=rows, patterns=pair(0.1)) > MATCH_LOG10_NFA


def test_reach_says_when_no_distance_would_do():
    assert reach(rows=10**80) == -1


def test_pattern_of_a_product_and_of_noise():
    rng = np.random.default_rng(4)
    product = (rng.random(16) < 0.5)[:, None] ^ (rng.random(16) < 0.5)
    spoilt = product.copy()
    spoilt[3, 5] ^= True
    noise = rng.random((16, 16)) < 0.5
    found = [
        PdqHash(hex=np.packbits(b.ravel()).tobytes().hex(), quality=100).pattern
        for b in (product, spoilt, noise)
    ]
    assert found[0] == Pattern(concentration=pytest.approx(1.0), exceptions=0)
    assert found[1].exceptions == 1
    assert 0.09 < found[2].concentration < 0.15
    assert 74 <= found[2].exceptions <= 96


def test_pattern_is_the_same_in_all_orientations():
    patterns = [h.pattern for h in pdq_dihedral(ground(11)).values()]
    concentrations = [p.concentration for p in patterns]
    assert max(concentrations) - min(concentrations) < 0.01


def details(descriptors: np.ndarray) -> Features:
    count = len(descriptors)
    return Features(
        points=np.stack([np.arange(count) * 20.0, np.zeros(count)], axis=1).astype(np.float32),
        sizes=np.ones(count, np.float32),
        angles=np.zeros(count, np.float32),
        descriptors=descriptors.astype(np.uint8),
    )


def one_of_each(count: int) -> Features:
    """Details without anything in common."""
    return details(np.repeat(np.eye(128), 1, axis=0)[:count] * 200)


def twins(count: int) -> Features:
    return details(np.full((count, 128), 45))


def test_details_without_twins_are_told_from_texture():
    assert distinct_share(one_of_each(100)) == 1.0
    assert distinct_share(twins(100)) == 0.0
    assert distinct_share(details(np.zeros((0, 128)))) == 1.0


def test_a_twin_at_the_same_spot_does_not_count():
    found = one_of_each(50)
    both = Features(
        points=np.concatenate([found.points, found.points + 3]),
        sizes=np.ones(100, np.float32),
        angles=np.zeros(100, np.float32),
        descriptors=np.concatenate([found.descriptors] * 2),
    )
    assert distinct_share(both) == 1.0


def test_chance_falls_with_the_agreement_and_never_exceeds_one():
    levels = [3.0, 2.0, 1.0, 0.0, -8.0, -100.0]
    plain = [log10_part_probability(v, twins(200), twins(200)) for v in levels]
    made = [log10_part_probability(v, one_of_each(100), one_of_each(100)) for v in levels]
    assert plain == sorted(plain, reverse=True)
    assert made == sorted(made, reverse=True)
    assert log10_part_probability(1e9, twins(2000), twins(2000)) == 0.0


def test_made_things_agree_by_chance_more_often_than_texture():
    assert log10_part_probability(0.0, one_of_each(100), one_of_each(100)) > log10_part_probability(
        0.0, twins(100), twins(100)
    )


def test_more_details_have_more_chances():
    few, many = (
        log10_part_probability(2.0, twins(150), twins(150)),
        log10_part_probability(2.0, twins(1500), twins(1500)),
    )
    assert many - few == pytest.approx(2.0)
