"""Pictures of other dates: registration by edge directions, structure, spectrum; truth built in."""

import numpy as np
import pytest

from imgcheck.change import detectors, limit, null, shift
from imgcheck.change.grid import Frame
from imgcheck.change.mad import irmad
from imgcheck.change.regions import _kind_of
from tests.change.ground import ground, moved, seen

EVERY = np.ones((240, 240), bool)


def other_light(picture: np.ndarray, seed: int) -> np.ndarray:
    """Another season: tones inverted in part, shadows elsewhere, other noise."""
    return np.clip(0.9 - 0.7 * seen(picture, seed) ** 1.4, 0, 1).astype(np.float32)


def built_over(picture: np.ndarray) -> np.ndarray:
    """Put rows of small bright roofs with dark gaps on one quarter."""
    result = picture.copy()
    for row in range(20, 100, 14):
        for column in range(20, 100, 14):
            result[row : row + 9, column : column + 9] = 0.85
            result[row + 9 : row + 11, column : column + 9] = 0.1
    return result


def test_a_shift_of_many_pixels_is_found_between_two_lights() -> None:
    before = ground(1)
    found = shift.register(before, moved(other_light(before, 2), 17.0, -11.0), EVERY)
    assert found.verified
    assert (found.shift.dx, found.shift.dy) == pytest.approx((17.0, -11.0), abs=0.5)
    assert found.peak > 4.75
    assert np.isfinite(found.error.nodes).all()


def test_other_ground_is_not_registered_and_shares_no_structure() -> None:
    found = shift.register(ground(17), ground(18), EVERY)
    assert not found.verified
    assert found.structure < 0.03
    assert np.isnan(found.error.nodes).all()


def test_the_error_is_larger_where_windows_scatter() -> None:
    rng = np.random.default_rng(5)
    x, y = (v.ravel() for v in np.meshgrid(np.arange(20, 240, 20), np.arange(20, 240, 20)))
    offsets = rng.normal(0, 0.05, (len(x), 2))
    offsets[x > 120] = rng.normal(0, 0.4, ((x > 120).sum(), 2))
    windows = np.column_stack([x, y, offsets])
    common = shift._common(windows)
    whole = Frame.whole((240, 240))
    error = shift._error(windows, common, whole).at(whole)
    assert error[:, 200:].mean() > 2 * error[:, :40].mean()


def test_new_buildings_outrank_ground_in_another_light() -> None:
    before = ground(6)
    after = built_over(other_light(before, 7))
    found = detectors.by_structure(before, after, EVERY, threshold=2.326)
    assert np.median(found.z[30:90, 30:90]) > np.quantile(found.z[130:, 130:], 0.99)
    assert (found.z[30:90, 30:90] > found.threshold).mean() > 0.9
    assert (found.z[130:, 130:] > found.threshold).mean() < 0.05
    assert found.gain[30:90, 30:90].mean() > 0
    gone = detectors.by_structure(after, before, EVERY, threshold=2.326)
    assert gone.gain[30:90, 30:90].mean() < 0


def test_where_most_was_built_over_the_rest_is_still_the_null() -> None:
    before = ground(8)
    after = other_light(before, 9)
    for row in range(0, 236, 14):
        for column in range(0, 170, 14):
            after[row : row + 9, column : column + 9] = 0.9
            after[row + 9 : row + 11, column : column + 9] = 0.1
    z = detectors.by_structure(before, after, EVERY, threshold=2.326).z
    assert (z[:, :150] > 2.326).mean() > 0.9
    assert (z[:, 200:] > 2.326).mean() < 0.05


def bands(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Six bands that follow two materials, and the same in another gain and offset."""
    rng = np.random.default_rng(seed)
    land = ground(seed).mean(axis=2)
    other = ground(seed + 50).mean(axis=2)
    mix = rng.uniform(0.2, 1, (2, 6))
    before = land[..., None] * mix[0] + other[..., None] * mix[1]
    before += rng.normal(0, 0.01, before.shape)
    after = before * rng.uniform(0.5, 1.5, 6) + rng.uniform(0, 0.3, 6)
    after += rng.normal(0, 0.01, after.shape)
    return before.astype(np.float32), after.astype(np.float32)


def test_irmad_ignores_gains_and_offsets_and_finds_another_material() -> None:
    before, after = bands(11)
    after[100:120, 60:80] = after[100:120, 60:80][..., ::-1]
    found = irmad(before, after, EVERY)
    same = np.ones_like(EVERY)
    same[95:125, 55:85] = False
    assert np.median(found[102:118, 62:78]) > 3 * np.quantile(found[same], 0.999)


def test_irmad_forgives_the_error_of_the_registration_at_edges_only() -> None:
    before, after = bands(12)
    after = np.dstack([moved(after[..., k], 0.7, 0.0) for k in range(6)])
    strict = irmad(before, after, EVERY)
    aware = irmad(before, after, EVERY, error_px=np.full(EVERY.shape, 0.7, np.float32))
    assert np.quantile(aware, 0.999) < 0.5 * np.quantile(strict, 0.999)


def test_irmad_is_zero_where_nothing_is_known() -> None:
    before, after = bands(13)
    known = EVERY.copy()
    known[:40] = False
    assert not irmad(before, after, known)[:40].any()


def test_two_classes_are_told_from_one() -> None:
    rng = np.random.default_rng(14)
    one = rng.normal(0, 1, 20_000)
    assert null.between_classes(one) is None
    two = np.concatenate([one, rng.normal(6, 1, 10_000)])
    border = null.between_classes(two)
    assert border is not None and 2 < border < 4


@pytest.mark.parametrize(("most", "median"), [(np.inf, 0.1), (0.025, 0.025)])
def test_the_null_has_at_most_the_median_of_unchanged_ground(most: float, median: float) -> None:
    values = 0.1 * np.random.default_rng(15).weibull(2.0, 50_000) / np.log(2) ** 0.5
    fitted = null.fit_tail(values, most_median=most)
    assert fitted.scale * np.log(2) ** (1 / fitted.shape) == pytest.approx(median, rel=0.05)


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ((0.4, 0.4, 0.4), (0.6, 0.6, 0.6), "brighter"),
        ((0.4, 0.4, 0.4), (0.2, 0.2, 0.2), "darker"),
        ((0.4, 0.4, 0.4), (0.55, 0.4, 0.25), "recoloured"),
        ((0.4, 0.4, 0.4), (0.3, 0.45, 0.3), "vegetation"),
        ((0.3, 0.45, 0.3), (0.4, 0.4, 0.4), "vegetation"),
        ((0.3, 0.33, 0.3), (0.3, 0.31, 0.3), "darker"),
    ],
)
def test_the_kind_of_a_change_of_tone(before, after, kind) -> None:
    from imgcheck.change.grid import opponent

    one, two = (np.array(c, np.float32).reshape(1, 1, 3) for c in (before, after))
    change = (opponent(two) - opponent(one))[0, 0]
    assert _kind_of(one[0, 0], two[0, 0], change) == kind


def test_the_limit_is_the_smallest_size_from_which_all_are_found() -> None:
    after = np.full((720, 720, 3), 0.4, np.float32)
    flat = np.zeros((720, 720), np.float32)
    known = np.ones((720, 720), bool)

    def rescore(changed: np.ndarray) -> np.ndarray:
        # Flags pixels with at least 0.78 of a window of 13 px inside: too few of a 16 px square.
        import cv2

        return cv2.blur(np.abs(changed - after).mean(axis=2), (13, 13)) * 20

    found = limit.smallest_injected(
        rescore, after, flat, known, 2.326, contrast=0.15, least_weight=1.0
    )
    assert found == 24
    nothing = limit.smallest_injected(
        lambda changed: flat, after, flat, known, 2.326, contrast=0.15, least_weight=1.0
    )
    assert nothing is None


def test_a_cluster_over_a_raised_threshold_weighs_its_excess_over_the_nominal_one() -> None:
    from imgcheck.change.regions import clusters, null_weights, p_values

    z = np.zeros((60, 60), np.float32)
    z[10:40, 10:40] = 2.5
    z[20:30, 20:30] = 4.5
    (own,) = clusters(z, 4.0).weights
    (nominal,) = clusters(z, 4.0, over=2.0).weights
    assert (own, nominal) == pytest.approx((50, 250))
    (whole,) = clusters(z, 2.0).weights
    assert nominal < whole
    # Noise this smooth hardly ever passes 4, so that its clusters there give no small p-value.
    assert p_values(np.array([own]), null_weights(8.0, 4.0))[0] > 0.05
    assert p_values(np.array([nominal]), null_weights(8.0, 2.0))[0] < 0.05
