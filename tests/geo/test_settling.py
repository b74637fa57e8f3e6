"""Of two transforms the one that explains more of the picture is kept, or none."""

from types import SimpleNamespace

import numpy as np
import pytest

from imgcheck.geo import settling
from imgcheck.geo.structural import Improved
from imgcheck.imaging.registration import NotRegistered, Registered

_SHAPE = (300, 400)
_RING = np.array([[0, 0], [400, 0], [400, 300], [0, 300]], float)


def by_features(**values):
    given = {
        "inliers": 60, "matches": 100, "distinct": 50, "log10_nfa": -50.0,
        "picture_points": _RING, "picture_shape": _SHAPE,
    }  # fmt: skip
    return SimpleNamespace(**{**given, **values})


@pytest.mark.parametrize(
    ("values", "same"),
    [
        ({}, True),
        # Half of the pairs, forty places, half of the picture.
        ({"inliers": 50}, True), ({"inliers": 49}, False),
        ({"distinct": 40}, True), ({"distinct": 39}, False),
        ({"picture_points": _RING * (0.5, 1)}, True),
        ({"picture_points": _RING * (0.49, 1)}, False),
    ],
)  # fmt: skip
def test_features_of_one_acquisition_agree_much_in_many_places_all_over(values, same):
    assert settling.of_one_acquisition(by_features(**values)) == same


def registered():
    blank = dict.fromkeys(Registered.__slots__)
    return Registered(**{**blank, "log10_nfa": -20.0, "model": "similarity"})


def by_patches(*, before=0.5, after=0.6, tail=-20.0, refused=None):
    found = registered() if refused is None else NotRegistered(reason=refused)
    return Improved(registration=found, explained_before=before, explained=after, log10_tail=tail)


@pytest.mark.parametrize(
    ("improved", "kept"),
    [
        (by_patches(), "patches"),
        # Nine tenths of the agreement.
        (by_patches(after=0.45), "patches"),
        (by_patches(after=0.449), "features"),
        (by_patches(tail=-6.0), "patches"),
        (by_patches(tail=-5.9), None),
        (by_patches(refused="odd"), None),
        # What explains less does not count, whatever its shape.
        (by_patches(after=0.4, refused="odd"), "features"),
        (None, None),
    ],
)
def test_the_transform_that_explains_more_is_kept(improved, kept):
    features = by_features()
    found = settling.decide(features, improved)
    if kept is None:
        assert isinstance(found, NotRegistered) and "few places" in found.reason
        assert found.log10_nfa == -50.0
    elif kept == "features":
        assert found is features
    else:
        assert found is not features and found.model == "similarity"
        # The features stay the evidence for the place.
        assert found.log10_nfa == -50.0
