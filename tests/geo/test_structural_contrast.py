"""A place found by edges is tested by self-similarity where its probability leaves doubt."""

import math
from dataclasses import replace

import numpy as np
import pytest

from imgcheck.geo import structural
from imgcheck.geo.structural import engine, judging
from imgcheck.geo.structural.contrast import contrast, descriptor
from imgcheck.imaging.registration import Registered
from tests.geo.test_structural_acceptance import _PLAIN, place
from tests.imaging.ground import ground, view


@pytest.fixture(scope="module")
def shown():
    return ground((300, 320), seed=21, blocks=120)


@pytest.fixture(scope="module")
def pyramid(shown):
    return structural.Pyramid(shown)


@pytest.fixture(scope="module")
def cut(shown):
    return view(shown, size=180, angle=30)


def moved(truth, px):
    return np.array([[1, 0, px], [0, 1, 0], [0, 0, 1.0]]) @ truth


def every(picture):
    return np.ones(picture.shape, bool)


def test_the_true_place_stands_out_and_others_do_not(cut, pyramid):
    picture, truth = cut
    assert contrast(1 - picture, every(picture), pyramid, truth) > 7
    assert contrast(picture, every(picture), pyramid, moved(truth, 25)) < 5


def test_a_place_may_be_off_by_four_pixels_of_the_comparison(cut, pyramid):
    picture, truth = cut
    found = [contrast(picture, every(picture), pyramid, moved(truth, px)) for px in (0, 4, 5, 9)]
    assert found[1] == pytest.approx(found[0], rel=0.05)
    assert 0.75 * found[0] < found[2] < 0.9 * found[0]
    assert found[3] < 3


def test_what_is_masked_does_not_count(cut, pyramid):
    picture, truth = cut
    drawn, usable = picture.copy(), every(picture)
    drawn[60:140], usable[60:140] = ground((80, 180), seed=5), False
    assert contrast(drawn, usable, pyramid, truth) > 7
    assert contrast(drawn, usable, pyramid, truth) > contrast(drawn, every(drawn), pyramid, truth)


def test_too_little_ground_or_no_overlap_gives_none(cut, pyramid):
    picture, truth = cut
    few = np.zeros(picture.shape, bool)
    few[:30, :30] = True
    assert contrast(picture, few, pyramid, truth) is None
    assert contrast(picture, every(picture), pyramid, moved(truth, 5000)) is None
    beyond_horizon = truth.copy()
    beyond_horizon[2, 0] = -0.01
    assert contrast(picture, every(picture), pyramid, beyond_horizon) is None


def test_self_similarity_does_not_depend_on_tone():
    gray = ground((80, 90), seed=3)
    usable = every(gray)
    gap = descriptor(gray, usable) - descriptor(0.7 - 0.5 * gray, usable)
    assert np.abs(gap).mean() < 0.01
    assert np.allclose(descriptor(gray, usable).sum(axis=0), 0, atol=1e-4)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3.6, 1 - math.exp(-1)),
        (3.6 + 0.7, 1 - math.exp(-math.exp(-1))),
        (9.2, math.exp(-8.0)),
    ],
)
def test_contrast_has_the_law_of_wrong_places(value, expected):
    assert replace(_PLAIN, contrast=value).by_contrast == pytest.approx(expected, rel=1e-3)


def test_four_independent_tests_are_combined_after_fisher():
    found = replace(_PLAIN, surprise=6.5, log10_tail=-2.0, contrast=5.0)
    joint = found.by_height * found.by_shifts * found.by_patches * found.by_contrast
    log = -math.log(joint)
    expected = joint * (1 + log + log**2 / 2 + log**3 / 6)
    assert found.false_match_probability == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("value", "accepted"), [(5.01, True), (None, True), (4.99, False), (-1.0, False)]
)
def test_a_place_that_fits_as_well_beside_it_is_a_candidate_only(value, accepted):
    refined, verified = place()
    found = judging.judge(refined, verified, (300, 400), probability=1e-9, contrast=value)
    assert isinstance(found.registration, Registered) == accepted
    assert (found.candidate is None) == accepted
    assert accepted or "beside the best location" in found.registration.reason


@pytest.mark.slow
@pytest.mark.parametrize(
    ("surprise", "value", "accepted"),
    [
        # A place in doubt, one that is not, and one without hope, which is not tested.
        (6.3, 12.0, True),
        (6.3, 5.1, False),
        (6.3, None, False),
        (9.0, 5.1, True),
        (9.0, 4.9, False),
        (5.2, 30.0, False),
    ],
)
def test_contrast_decides_on_a_place_in_doubt(monkeypatch, cut, pyramid, surprise, value, accepted):
    given = replace(_PLAIN, surprise=surprise, log10_nfa=-12.0, log10_tail=-3.0)
    monkeypatch.setattr(engine, "Evidence", lambda **_: given)
    monkeypatch.setattr(engine, "contrast", lambda *_: value)
    found = structural.find(cut[0], pyramid, scale=(0.9, 1.1))
    assert isinstance(found, structural.Match) == accepted
    assert found.evidence is not None
    assert found.evidence.contrast == (None if surprise < 6 else value)
