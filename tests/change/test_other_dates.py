"""Pictures of other dates: registration by edge directions, structure, spectrum; truth built in."""

import numpy as np
import pytest

from imgcheck.change import causes, detectors, limit, null, shift, twins
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
    found = detectors.by_structure(before, after, EVERY)
    assert np.median(found.z[30:90, 30:90]) > np.quantile(found.z[130:, 130:], 0.99)
    border = max(found.model.border, 1.3)
    assert (found.z[30:90, 30:90] > border).mean() > 0.9
    assert (found.z[130:, 130:] > border).mean() < 0.05
    assert found.gain[30:90, 30:90].mean() > 0
    gone = detectors.by_structure(after, before, EVERY)
    assert gone.gain[30:90, 30:90].mean() < 0


def test_where_most_was_built_over_the_rest_is_still_the_null() -> None:
    before = ground(8)
    after = other_light(before, 9)
    for row in range(0, 236, 14):
        for column in range(0, 170, 14):
            after[row : row + 9, column : column + 9] = 0.9
            after[row + 9 : row + 11, column : column + 9] = 0.1
    z = detectors.by_structure(before, after, EVERY).z
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


def test_the_border_lies_between_two_classes() -> None:
    rng = np.random.default_rng(14)
    two = np.concatenate([rng.normal(0, 1, 20_000), rng.normal(6, 1, 10_000)])
    assert 2 < null.between_classes(two) < 4


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
        ((0.5, 0.45, 0.4), (0.1, 0.16, 0.2), "water"),
        ((0.1, 0.16, 0.2), (0.5, 0.45, 0.4), "water"),
        ((0.5, 0.45, 0.4), (0.2, 0.2, 0.22), "darker"),
    ],
)
def test_the_kind_of_a_change_of_tone(before, after, kind) -> None:
    from imgcheck.change.grid import opponent

    one, two = (np.array(c, np.float32).reshape(1, 1, 3) for c in (before, after))
    change = (opponent(two) - opponent(one))[0, 0]
    assert _kind_of(one[0, 0], two[0, 0], change) == kind


def power_of(side: int, *, faint: float = 0.03) -> limit.Power:
    """Measure the power of a detector that finds what is ``side`` px wide and not faint."""
    import cv2

    rng = np.random.default_rng(3)
    after = (0.4 + 0.02 * rng.standard_normal((720, 720, 3))).astype(np.float32)

    def rescore(changed: np.ndarray) -> np.ndarray:
        put = (np.abs(changed - after).max(axis=2) > faint).astype(np.float32)
        # Only what covers a whole window of that side passes.
        return cv2.dilate(cv2.erode(put, np.ones((side, side))), np.ones((side, side))) * 5

    flat = np.zeros((720, 720), np.float32)
    known = np.ones((720, 720), bool)
    return limit.measure(rescore, after, flat, known, 2.0, least_weight=lambda _: 1.0, nominal=2.0)


def test_the_limit_is_the_size_from_which_nine_in_ten_are_found() -> None:
    found = power_of(8)
    blocks = {(one.side_px, one.contrast): one for one in found.tried if one.look == "block"}
    assert blocks[16, 0.3].found == blocks[16, 0.3].tried > 0
    assert blocks[6, 0.3].found == 0 < blocks[6, 0.3].tried
    assert found.side_px == pytest.approx(8, abs=2.5)
    assert power_of(20).side_px > 14
    assert {one.look for one in found.tried} == {"block", "pit"}


def test_the_expected_share_follows_the_objects_that_were_tried() -> None:
    found = power_of(8)
    for one in found.tried:
        if one.tried and one.contrast == 0.3 and one.look == "block":
            # A steep step in size, by a law that is smooth.
            assert one.expected == pytest.approx(one.found / one.tried, abs=0.45)


def test_no_limit_is_stated_where_nothing_is_found() -> None:
    found = power_of(50)
    assert found.side_px is None
    known = np.ones((96, 64), bool)
    known[:, :32] = False
    sides = limit.NOTHING.sides(np.full((96, 64, 3), 0.4, np.float32), known)
    assert sides.shape == (3, 2)
    assert np.isnan(sides).all()


def test_rough_ground_hides_more_in_the_map_of_the_limit() -> None:
    law = (-12.0, 4.0, 3.0, -1.0)
    rng = np.random.default_rng(5)
    after = np.full((128, 128, 3), 0.5, np.float32)
    after += rng.normal(0, 0.02, after.shape).astype(np.float32)
    after[:, 64:] += rng.normal(0, 0.1, (128, 64, 3)).astype(np.float32)
    power = limit.Power(tried=(), side_px=None, law=law)
    sides = power.sides(after, np.ones((128, 128), bool))
    assert (sides[:, 3] > 1.2 * sides[:, 0]).all()


KINDS = ("tone", "coarse tone", "structure", "spectrum")


@pytest.mark.parametrize("kind", KINDS)
def test_the_tables_of_twins_rise(kind: str) -> None:
    own = twins.Null.of(kind, 1.5)
    scores = own.score(np.linspace(-3, 12, 200))
    assert (np.diff(scores) >= 0).all() and scores[-1] > scores[0]
    weights = np.geomspace(0.1, 1e5, 200)
    chances = own.p_values(weights)
    assert (np.diff(chances) <= 0).all()
    assert chances[0] > 0.005 and chances[-1] < 1e-3
    assert own.p_values(np.zeros(1))[0] == pytest.approx(1.0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("chance", [0.1, 0.01, 0.005])
def test_the_weight_of_a_chance_is_the_inverse_of_the_chance_of_a_weight(kind, chance) -> None:
    own = twins.Null.of(kind, 2.0)
    assert own.p_values(np.array([own.weight(chance)]))[0] == pytest.approx(chance, rel=1e-3)


def test_smoother_scores_need_heavier_clusters() -> None:
    rough, smooth = (twins.Null.of("tone", length) for length in (1.0, 2.0))
    assert smooth.weight(0.01) == pytest.approx(4 * rough.weight(0.01))


@pytest.mark.parametrize(
    ("kind", "threshold", "scores", "weight"),
    [
        ("tone", 2.33, (1.78, 2.51, 3.05), 2150.0),
        ("coarse tone", 2.33, (1.66, 2.44, 3.61), 2150.0),
        ("structure", 1.4, (1.74, 2.18, 3.3), 1028.0),
        ("spectrum", 1.51, (1.63, 2.29, 2.79), 1364.0),
    ],
)
def test_frozen_tables_of_twins(kind, threshold, scores, weight) -> None:
    """A changed table changes what is reported, and needs the benchmark again."""
    own = twins.Null.of(kind, 2.0)
    assert own.threshold == threshold
    assert own.score(np.array([2.0, 3.5, 6.0])) == pytest.approx(scores)
    assert own.weight(0.001) == pytest.approx(weight, rel=0.01)


def _raws(scale: float) -> list[np.ndarray]:
    """Return two sets of scores of unchanged ground, normal with a deviation."""
    rng = np.random.default_rng(3)
    return [scale * rng.standard_normal(40_000) for _ in range(2)]


@pytest.mark.parametrize(
    ("kind", "scale", "at", "expected"),
    [
        # 2 of the twins' deviation 1.25 is 1.6 of theirs: passed by 5.5 % of their pixels.
        ("spectrum", 1.25, 2.0, 1.6),
        # 1 - 0.945^1.7 = 9.1 %, and 1 - 0.945^1.2 = 6.5 %.
        ("tone", 1.25, 2.0, 1.33),
        ("coarse tone", 1.25, 2.0, 1.51),
        # No more than 0.35 above the usual 1.78 and 2.92 of twins of other places.
        ("tone", 0.4, 2.0, 2.13),
        ("tone", 0.4, 5.0, 3.27),
        # Above what 40 pixels of a twin reach (3.1 deviations), the steps of the usual law go on.
        ("spectrum", 1.6, 5.0, 2.5 + 0.21),
    ],
)
def test_a_pair_is_scored_by_its_own_twins(kind, scale, at, expected) -> None:
    own = twins.Null.of(kind, 1.5, _raws(scale))
    assert own.score(np.array([at]))[0] == pytest.approx(expected, abs=0.05)


def test_few_clusters_count_as_many_as_usual() -> None:
    tone, structure = twins.Null.of("tone", 1.5), twins.Null.of("structure", 1.5)
    assert tone.tests(3, 224 * 224) == pytest.approx(37.2, abs=0.1)
    assert tone.tests(80, 224 * 224) == 80
    assert structure.tests(3, 224 * 224) == 3


@pytest.mark.parametrize(
    ("kind", "contrast", "chance"),
    [
        ("tone", 0.089, 0.0147),
        ("tone", 0.09, 0.002),
        ("coarse tone", 0.2, 0.0147),
        ("structure", 0.2, 0.0807),
    ],
)
def test_a_clear_object_of_small_pixels_is_rarer(kind, contrast, chance) -> None:
    """What tones of covers leave over is faint: contrast and weight are judged together."""
    own = twins.Null.of(kind, 1.0)
    found = own.p_values(np.array([5.0]), np.array([contrast]))[0]
    assert found == pytest.approx(chance, rel=0.02)
    assert own.weight(found, contrast) == pytest.approx(5.0, rel=1e-3)


def test_a_twin_is_the_same_ground_in_another_tone() -> None:
    picture = ground(4)
    copy = twins.twin(picture, 1)
    assert np.array_equal(copy, twins.twin(picture, 1))
    assert not np.array_equal(copy, twins.twin(picture, 2))
    assert 0.01 < np.abs(copy - picture).mean() < 0.15
    one, two = picture.mean(axis=2).ravel(), copy.mean(axis=2).ravel()
    assert np.corrcoef(one, two)[0, 1] > 0.9
    assert twins.twin(picture[..., :1], 1).shape == (*picture.shape[:2], 1)


GREY, WHITE, LAWN, HAY = (0.4,) * 3, (0.9, 0.9, 0.88), (0.3, 0.4, 0.3), (0.32, 0.38, 0.31)
SOIL = (0.5, 0.4, 0.3)


@pytest.mark.parametrize(
    ("before", "after", "marks", "area", "by_tone", "reason"),
    [
        (GREY, SOIL, (0, 0, 0), 50, True, ""),
        (GREY, SOIL, (0.71, 0, 0), 50, True, "at the edge"),
        (GREY, SOIL, (0.69, 0, 0), 50, True, ""),
        (GREY, SOIL, (0, 0.71, 0), 50, True, "moved by up to 4 px"),
        (GREY, SOIL, (0, 0.69, 0), 50, True, ""),
        # Misplaced ground keeps its colour.
        (GREY, (0.509, 0.4, 0.291), (0, 0.9, 0), 50, True, "moved by up to 4 px"),
        (GREY, (0.511, 0.4, 0.289), (0, 0.9, 0), 50, True, ""),
        (GREY, SOIL, (0, 0.9, 0), 50, False, ""),
        (GREY, WHITE, (0, 0, 0), 10_000, True, "white over a large area"),
        (WHITE, GREY, (0, 0, 0), 10_000, False, "white over a large area"),
        (GREY, WHITE, (0, 0, 0), 9_999, True, ""),
        (WHITE, WHITE, (0, 0, 0), 10_000, True, ""),
        (LAWN, HAY, (0, 0, 0), 50, True, "vegetation of another green"),
        (LAWN, HAY, (0, 0, 0), 50, False, ""),
        (LAWN, GREY, (0, 0, 0), 50, True, ""),
        ((0.1, 0.3, 0.1), (0.3, 0.5, 0.3), (0, 0, 0), 50, True, ""),
    ],
)
def test_innocent_causes_are_named(before, after, marks, area, by_tone, reason) -> None:
    columns = [np.array([each], float) for each in (before, after, marks)]
    (found,) = causes.reasons(*columns, np.array([float(area)]), by_tone=by_tone)
    assert found.startswith(reason) and bool(found) == bool(reason)


@pytest.mark.parametrize(
    ("new", "gone", "left_out"), [(3, 3, True), (2, 3, False), (3, 2, False), (6, 0, False)]
)
def test_shadows_are_left_out_only_where_some_came_and_some_went(new, gone, left_out) -> None:
    marks = np.array([(0, 0, 0.8)] * new + [(0, 0, -0.8)] * gone + [(0, 0, 0.6)])
    colours = np.full((len(marks), 3), 0.2)
    areas = np.full(len(marks), 1_999.0)
    found = causes.reasons(colours, colours, marks, areas, by_tone=True)
    assert [bool(one) for one in found] == [left_out] * (new + gone) + [False]
    assert not any(causes.reasons(colours, colours, marks, areas + 1, by_tone=True))


def test_signs_of_edge_misplacement_and_shadow() -> None:
    before = np.full((60, 60, 3), 0.5, np.float32)
    before[:, 30:33] = 0.9
    after = np.full((60, 60, 3), 0.5, np.float32)
    after[:, 33:36] = 0.9  # the same line, 3 px farther
    after[10:20, 5:15] = 0.7  # a new thing
    after[40:50, 5:15] = 0.2  # a new shadow
    known = np.ones((60, 60), bool)
    known[:, 58:] = False
    edge, shift, shadow = np.moveaxis(causes.signs(before, after, known, 0.5), 2, 0)
    assert edge[:, 56:].all() and not edge[:, :56].any()
    assert shift[25:35, 30:36].all()
    assert not shift[12:18, 7:13].any()
    assert (shadow[40:50, 5:15] == 1).all() and shadow.sum() == 100
    gone = causes.signs(after, before, known, 0.5)[..., 2]
    assert (gone[40:50, 5:15] == -1).all()
