"""A place found by edges is refused beyond each limit, and not before."""

import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from imgcheck.geo.structural import judging
from imgcheck.geo.structural.judging import Evidence
from imgcheck.geo.structural.refine import Refined, Verification
from imgcheck.imaging import registration, transforms
from imgcheck.imaging.registration import NotRegistered, Registered

_SHAPE = (300, 400)
_CORNERS = np.array([[0, 0], [400, 0], [400, 300], [0, 300]], float)
_PLAIN = Evidence(
    surprise=9.0,
    rivals=(5.0,),
    trials=1.0,
    log10_nfa=-20.0,
    others=(-2.0,) * 6,
    refined=6,
    log10_tail=-9.0,
)


@pytest.mark.parametrize(
    ("model", "surrounded", "corner", "words"),
    [
        ("homography", 0.43, 4.99, None),
        ("homography", 0.42, 4.99, None),
        ("homography", 0.41, 4.99, "one part"),
        # 0.01 of the diagonal of 500 pixels; three times as much where no tilt shows, ...
        ("homography", 0.9, 5.01, "corner is uncertain by 5.0"),
        ("similarity", 0.51, 14.99, None),
        ("similarity", 0.51, 15.01, "corner is uncertain by 15.0"),
        # ... and twice where two quarters have no patch.
        ("similarity", 0.49, 9.99, None),
        ("similarity", 0.49, 10.01, "corner is uncertain by 10.0"),
    ],
)
def test_a_place_whose_corner_or_tilt_is_uncertain_is_a_candidate_only(
    model: str, surrounded: float, corner: float, words: str | None
) -> None:
    points = _CORNERS * np.array([surrounded, 1.0])
    verified = SimpleNamespace(points=points, agree=np.ones(4, bool), log10_tail=-9.0)
    found = SimpleNamespace(
        model=model, corner_sigma_px=corner, matrix=np.eye(3), picture_shape=_SHAPE
    )
    refined = SimpleNamespace(grid_px=1.0)
    reason = judging._doubt(found, refined, verified, 1e-9)  # type: ignore[arg-type]
    assert (reason is None) == (words is None)
    assert words is None or (reason is not None and words in reason)


@pytest.mark.parametrize("missing", [None, 0, 1, 2, 3])
def test_each_quarter_needs_a_patch_that_agrees(missing: int | None) -> None:
    points = np.array([[100, 75], [300, 75], [300, 225], [100, 225], [101, 76]], float)
    agree = np.array([k != missing for k in range(4)] + [False])
    verified = SimpleNamespace(points=points, agree=agree)
    assert judging._in_all_quarters(verified, _SHAPE) == (missing is None)  # type: ignore[arg-type]


@pytest.mark.parametrize(("log10_tail", "accepted"), [(-2.5, True), (-2.4, False)])
def test_a_place_whose_patches_do_not_stay_is_a_candidate_only(
    log10_tail: float, accepted: bool
) -> None:
    refined, verified = place()
    found = judged((refined, replace(verified, log10_tail=log10_tail)), 1e-9)
    assert isinstance(found.registration, Registered) == accepted
    assert (found.candidate is None) == accepted


@pytest.mark.parametrize(("count", "growth"), [(81, 2.2 * 81 / 77), (8, 2.2 * 2), (3, 2.2 * 5)])
def test_the_scatter_of_few_patches_says_little_of_their_error(count: int, growth: float) -> None:
    refined = SimpleNamespace(inside=np.ones(count, bool), share=1.0)
    assert judging._growth(refined) == pytest.approx(growth)  # type: ignore[arg-type]


@pytest.mark.parametrize(("grid_px", "doubtful"), [(1.0, True), (2.52, True), (2.53, False)])
def test_a_corner_of_a_small_picture_may_be_uncertain_by_pixels_of_the_grid(
    grid_px: float, doubtful: bool
) -> None:
    found = SimpleNamespace(
        model="homography", corner_sigma_px=5.05, matrix=np.eye(3), picture_shape=_SHAPE
    )
    verified = SimpleNamespace(points=_CORNERS, agree=np.ones(4, bool), log10_tail=-9.0)
    refined = SimpleNamespace(grid_px=grid_px)
    reason = judging._doubt(found, refined, verified, 1e-9)  # type: ignore[arg-type]
    assert (reason is not None) == doubtful


def place(
    matrix: np.ndarray | None = None, *, left: float = 0.0, scatter: float = 0.3
) -> tuple[Refined, Verification]:
    """Return patches right of ``left`` that lie where ``matrix`` sends them, but for noise."""
    rng = np.random.default_rng(5)
    x, y = np.meshgrid(np.linspace(left * 400 + 20, 380, 9), np.linspace(20, 280, 9))
    points = np.stack([x.ravel(), y.ravel()], -1)
    true = (
        np.array([[0.9, -0.2, 30.0], [0.2, 0.9, 60.0], [0, 0, 1.0]]) if matrix is None else matrix
    )
    targets = transforms.apply(true, points) + rng.normal(0, scatter, points.shape)
    every = np.ones(len(points), bool)
    refined = Refined(
        matrix=true,
        points=points,
        targets=targets,
        scores=np.full(len(points), 0.6),
        inside=every,
        agreement=SimpleNamespace(log10_nfa=-40.0),  # type: ignore[arg-type]
        grid_px=1.0,
    )
    verified = Verification(
        log10_tail=-12.0, points=points, agree=every, scores=refined.scores, span=300.0
    )
    return refined, verified


def judged(found: tuple[Refined, Verification], probability: float) -> judging.Judged:
    return judging.judge(*found, _SHAPE, probability=probability)


@pytest.mark.parametrize(
    ("probability", "accepted", "candidate"),
    [
        (1e-6, True, False),
        (5e-4, True, False),
        (5.1e-4, False, True),
        (0.05, False, True),
        (0.051, False, False),
    ],
)
def test_between_two_limits_a_place_is_a_candidate_only(
    probability: float, accepted: bool, candidate: bool
) -> None:
    found = judged(place(), probability)
    assert isinstance(found.registration, Registered) == accepted
    assert (found.candidate is not None) == candidate
    if isinstance(found.registration, NotRegistered):
        assert "coincidence" in found.registration.reason
        assert (found.registration.matches, found.registration.inliers) == (81, 81)


# The areas at two sides differ by (1 + 400 p) ** 3: 11.4 and 12.8.
@pytest.mark.parametrize(("tilt", "accepted"), [(0.00312, True), (0.00335, False)])
def test_a_view_that_no_camera_above_has_is_refused(tilt: float, accepted: bool) -> None:
    matrix = np.array([[1.5, 0, 0], [0, 1, 0], [tilt, 0, 1.0]])
    found = judged(place(matrix, scatter=0.01), 1e-9)
    assert isinstance(found.registration, Registered) == accepted
    assert found.candidate is None
    assert accepted or "tilts" in found.registration.reason  # type: ignore[union-attr]


def test_patches_of_one_part_place_the_picture_with_a_wider_error_elsewhere() -> None:
    """A tilt that moves the far corner by 5 pixels; patches of the whole show it."""
    matrix = np.array([[1.0, 0, 30], [0, 1.0, 60], [0.00003, 0, 1.0]])
    spots = [[330.0, 150.0], [0.0, 300.0]]
    truth = transforms.apply(matrix, spots)
    sigmas = []
    for left in (0.0, 0.72):
        found = judged(place(matrix, left=left, scatter=0.5), 1e-9).registration
        assert isinstance(found, Registered)
        gap = transforms.apply(found.matrix, spots) - truth
        spread = registration.place_covariance(found, spots)
        far = [g @ np.linalg.solve(c, g) for g, c in zip(gap, spread, strict=True)]
        assert max(far) < 9.2
        sigmas.append([math.sqrt(np.linalg.eigvalsh(c)[-1]) for c in spread])
    assert sigmas[0][1] < 1.0 and sigmas[1][0] < 1.2
    assert sigmas[1][1] > 4 * sigmas[1][0]


@pytest.mark.parametrize(("tilt", "accepted"), [(0.0001, True), (0.0002, False)])
def test_a_large_tilt_that_one_part_shows_makes_a_candidate(tilt: float, accepted: bool) -> None:
    """The tilts move a corner by 4 and by 8 % of the side."""
    matrix = np.array([[1.0, 0, 30], [0, 1.0, 60], [tilt, 0, 1.0]])
    found = judged(place(matrix, left=0.6, scatter=0.5), 1e-9)
    assert isinstance(found.registration, Registered) == accepted
    assert accepted or found.candidate is not None
    assert accepted or "one part" in found.registration.reason  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("needed", "corner", "surrounded", "determined"),
    [
        (True, 1.0, 0.42, True),
        (True, 1.01, 0.9, False),
        (True, 0.1, 0.41, False),
        # Where no tilt shows, it is enough that one would have shown.
        (False, 0.5, 0.1, True),
        (False, 0.51, 0.9, False),
    ],
)
def test_a_tilt_is_determined_by_enough_of_the_picture(
    needed: bool, corner: float, surrounded: float, determined: bool
) -> None:
    assert judging._is_determined(needed, corner, surrounded) == determined


@pytest.mark.parametrize(
    ("tilt", "left", "scatter", "corner"), [(0.0, 0.5, 3.0, 10.67), (0.0002, 0.3, 2.5, 5.09)]
)
def test_the_error_of_a_far_corner_is_that_of_an_unseen_tilt(
    tilt: float, left: float, scatter: float, corner: float
) -> None:
    """The first shows no tilt, the second one of which it shows too little."""
    matrix = np.array([[1.0, 0, 30], [0, 1.0, 60], [tilt, 0, 1.0]])
    found = judging._register(*place(matrix, left=left, scatter=scatter), _SHAPE)
    assert isinstance(found, Registered) and found.model == "similarity"
    assert found.corner_sigma_px == pytest.approx(corner, rel=0.02)


@pytest.mark.parametrize(("scatter", "shown"), [(1.2, True), (3.0, False)])
def test_a_tilt_that_patches_would_not_show_widens_the_error(scatter: float, shown: bool) -> None:
    found = judged(place(scatter=scatter), 1e-9).registration
    assert isinstance(found, Registered) and found.model == "similarity"
    assert (found.fit.model == "similarity") == shown
    assert (found.corner_sigma_px > 2 * found.sigma_px) != shown


@pytest.mark.parametrize(("scatter", "accepted"), [(3.0, True), (60.0, False)])
def test_a_place_whose_centre_is_uncertain_is_refused(scatter: float, accepted: bool) -> None:
    found = judged(place(scatter=scatter), 1e-9).registration
    assert isinstance(found, Registered) == accepted
    assert accepted or "centre is uncertain" in found.reason  # type: ignore[union-attr]


def test_patches_without_scatter_have_the_error_of_two_dates() -> None:
    """0.2 and 0.12 pixels, and a turn of 0.0013 at the corner, 250 pixels away, of size 0.92."""
    found = judged(place(scatter=0.0), 1e-9).registration
    assert isinstance(found, Registered)
    assert found.sigma_px == pytest.approx(math.hypot(0.2, 0.12), abs=0.01)
    corner = math.hypot(0.2, 0.12, 0.0013 * 250 * 0.922)
    assert found.corner_sigma_px == pytest.approx(corner, abs=0.02)


def test_the_error_grows_as_fewer_patches_agree() -> None:
    refined, verified = place(scatter=3.0)
    some = replace(refined, inside=np.arange(81) % 4 == 0)
    few, all_of_them = (judged((r, verified), 1e-9).registration for r in (some, refined))
    assert isinstance(few, Registered) and isinstance(all_of_them, Registered)
    # A quarter of the patches double the error, a quarter of the share doubles it again.
    assert 3 < few.sigma_px / all_of_them.sigma_px < 6


def test_without_a_wrong_peak_a_height_shows_nothing() -> None:
    assert replace(_PLAIN, rivals=()).by_height == 1.0


@pytest.mark.parametrize(
    ("surprise", "rivals", "trials", "fall"),
    [
        # The mean fall of 12 peaks of 0.4 each and of the rivals above the least of them.
        (8.0, (5.0,), 1.0, 12 * 0.4 / 13),
        (8.0, (5.0,), 3.0, 12 * 0.4 / 13),
        (8.0, (5.0, 6.3, 5.2), 1.0, (12 * 0.4 + 1.5) / 15),
        (8.0, (5.0,) * 40, 1.0, 0.2),
    ],
)
def test_heights_fall_off_exponentially_above_the_least_rival(
    surprise: float, rivals: tuple[float, ...], trials: float, fall: float
) -> None:
    expected = trials * len(rivals) * math.exp(-(surprise - 5.0) / fall)
    found = replace(_PLAIN, surprise=surprise, rivals=rivals, trials=trials).by_height
    assert found == pytest.approx(1 - math.exp(-expected), rel=1e-6)


@pytest.mark.parametrize(
    ("log10_nfa", "others", "refined", "fall", "mode"),
    [
        # The law alone; for each place refined.
        (-22.0, (), 1, 4.0, 2.0),
        (-22.0, (), 6, 4.0, 2.0),
        # Six places of the law and six of the reference: equal ones, ...
        (-22.0, (-2.0,) * 6, 6, 3.0, 2.0),
        (-22.0, (-6.0,) * 6, 6, 3.0, -3 * math.log((math.exp(-2 / 3) + math.exp(-2)) / 2)),
        # ... and one that stands out by 61.2: the spread is 7.65 instead of 5.1.
        (-52.0, (-2.0,) * 5 + (-63.2,), 6, 6.0, None),
    ],
)
def test_shifts_are_compared_with_those_of_the_other_places_refined(
    log10_nfa: float, others: tuple[float, ...], refined: int, fall: float, mode: float | None
) -> None:
    if mode is None:
        seen = [6 * math.exp(-2 / fall), *(math.exp(other / fall) for other in others)]
        mode = -fall * math.log(sum(seen) / (6 + len(others)))
    expected = refined * math.exp((log10_nfa + mode) / fall)
    found = replace(_PLAIN, log10_nfa=log10_nfa, others=others, refined=refined).by_shifts
    assert found == pytest.approx(1 - math.exp(-expected), rel=1e-6)


def test_a_place_where_no_patches_shift_together_shows_nothing_by_them() -> None:
    assert replace(_PLAIN, log10_nfa=math.inf).by_shifts == 1.0


@pytest.mark.parametrize(
    ("log10_tail", "expected"), [(-1.3, 0.5), (-2.3, 0.5 / math.e), (-0.3, 1.0), (0.0, 1.0)]
)
def test_the_tail_of_the_patches_has_the_law_of_wrong_places(
    log10_tail: float, expected: float
) -> None:
    assert replace(_PLAIN, log10_tail=log10_tail).by_patches == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("surprise", "log10_tail"), [(9.0, -9.0), (9.0, 0.0), (2.0, -9.0)])
def test_three_independent_tests_are_combined_after_fisher(
    surprise: float, log10_tail: float
) -> None:
    found = replace(_PLAIN, surprise=surprise, log10_tail=log10_tail)
    log = -math.log(found.by_height * found.by_shifts * found.by_patches)
    expected = math.exp(-log) * (1 + log + log**2 / 2)
    assert found.false_match_probability == pytest.approx(expected, rel=1e-6)


def test_a_height_beyond_all_numbers_has_no_probability() -> None:
    assert replace(_PLAIN, surprise=5000.0).false_match_probability == 0.0


def test_probability_falls_with_height_shifts_and_patches() -> None:
    def stated(**values: float) -> float:
        rivals = (5.2, 5.0, 4.9, 4.8, 4.7, 4.6)
        return replace(_PLAIN, rivals=rivals, **values).false_match_probability  # type: ignore[arg-type]

    assert stated(surprise=4.0, log10_nfa=3.0, log10_tail=0.0) == pytest.approx(1.0, abs=0.01)
    assert stated(surprise=7.0, log10_tail=-3.0) > stated(log10_tail=-3.0) > stated() > 0
    assert stated(log10_nfa=-5.0) > stated(log10_nfa=-20.0) > stated(log10_nfa=-60.0)
