import numpy as np
import pytest

from imgcheck.hashing.probability import distinct_share, log10_part_probability
from imgcheck.imaging.features import Features


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
