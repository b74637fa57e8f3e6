"""Found objects compared with the truth: frozen cases with results worked out by hand."""

from dataclasses import replace

import numpy as np
import pytest

from imgcheck import annotate
from imgcheck.annotate import scoring
from imgcheck.annotation import AnnotatedPicture, Annotation, Box, Dot, Obb
from imgcheck.errors import UsageError


def car(x: float, y: float = 50, *, heading: float = 90, p: float | None = None, **rest):
    shape = Obb(cx=x, cy=y, length=20, width=8, heading=heading)
    return Annotation(cls="vehicle.light", geometry=shape, p=p, **rest)


def picture(*marked: Annotation, name: str = "a", gsd: float | None = None) -> AnnotatedPicture:
    return AnnotatedPicture(name=name, annotations=marked, gsd_m=gsd)


def vehicles(truth, found, **rest) -> scoring.Score:
    (one,), _ = scoring.score([picture(*truth)], [picture(*found)], **rest)
    return one


@pytest.mark.parametrize(
    ("found", "hits", "error"),
    [
        ([], 0, -2),
        ([car(100), car(200)], 2, 0),
        ([car(109.9), car(200)], 2, 0),
        ([car(110.1), car(200)], 1, 0),
        # Of two on one object only one is right.
        ([car(100), car(101), car(200)], 2, 1),
        ([car(100, state="rejected"), car(200)], 1, -1),
        ([car(100, p=0.2), car(200, p=0.6)], 1, -1),
    ],
)
def test_centres_match_one_to_one_within_half_a_length(found, hits: int, error: int) -> None:
    known = [item for item in found if item.p is not None]
    one = vehicles([car(100), car(200)], found, threshold=0.5 if known else None)
    assert (one.recall.hits, one.count_error) == (hits, error)
    assert one.precision.trials == one.found
    assert one.f1 == pytest.approx(2 * hits / (2 + one.found))


def test_the_nearest_pairs_are_matched_and_as_many_as_can_be() -> None:
    # The first found object is nearest to the second true one, which only it can match.
    truth, found = [car(100), car(112)], [car(107), car(95)]
    assert scoring.match(truth, found) == ((0, 1), (1, 0))
    # Taking the nearest pair first (109 and 112) would leave 121 without one.
    assert len(scoring.match([car(112), car(100)], [car(109), car(121)])) == 2
    assert scoring.match([car(100)], [car(130)], reach_px=30) == ((0, 0),)


@pytest.mark.parametrize(
    ("one", "other", "box", "rotated"),
    [
        (car(100), car(100), 1.0, 1.0),
        (car(100), car(110), 1 / 3, 1 / 3),
        (car(100), car(130), 0.0, 0.0),
        # A cross of 20 x 8: 64 shared of 256.
        (car(100), car(100, heading=0), 0.25, 0.25),
        # Turned by 180 degrees it is the same box.
        (car(100, heading=30), car(100, heading=210), 1.0, 1.0),
        (car(1e6, heading=30), car(1e6, heading=30), 1.0, 1.0),
        # Side by side at 45 degrees: the upright boxes overlap, the turned ones do not.
        (
            car(100, heading=45),
            car(100 + 8 / np.sqrt(2), 50 + 8 / np.sqrt(2), heading=45),
            0.342,
            0.0,
        ),
    ],
)
def test_overlap_of_upright_and_turned_boxes(one, other, box: float, rotated: float) -> None:
    assert scoring.overlap(one, other, kind="box") == pytest.approx(box, abs=2e-3)
    assert scoring.overlap(one, other, kind="rotated") == pytest.approx(rotated, abs=2e-3)


@pytest.mark.parametrize(
    ("right", "truth", "area"),
    [
        ([1, 1], 2, 1.0),
        ([0, 1], 1, 0.5),
        ([1, 0, 1], 2, 0.5 + 0.5 * 2 / 3),
        # Precision 1/2 at the first hit is raised to the 3/5 that comes later.
        ([0, 1, 0, 1, 1], 3, 0.6),
        ([1], 4, 0.25),
        ([], 4, 0.0),
    ],
)
def test_average_precision(right: list[int], truth: int, area: float) -> None:
    assert scoring.area_under(np.array(right, bool), truth) == pytest.approx(area)


def test_average_precision_counts_what_is_below_the_threshold() -> None:
    found = [car(100, p=0.9), car(300, p=0.8), car(200, p=0.1)]
    one = vehicles([car(100), car(200)], found, threshold=0.5)
    assert one.found == 2
    assert one.ap50_rotated == pytest.approx(0.5 + 0.5 * 2 / 3)


def test_average_precision_needs_scores_and_a_wrong_box_fails_it() -> None:
    assert vehicles([car(100)], [car(100)]).ap50_box is None
    assert vehicles([car(100)], [car(100, heading=0, p=0.5)]).ap50_rotated == 0.0
    assert vehicles([car(100)], [car(100, heading=0, p=0.5)]).recall.hits == 1


def test_headings_are_those_of_the_longer_side_without_front() -> None:
    truth = [car(100), car(200), car(300)]
    swapped = Obb(cx=300, cy=50, length=8, width=20, heading=0)
    found = [car(100, heading=275), car(200, heading=88), replace(car(0), geometry=swapped)]
    one = vehicles(truth, found)
    assert one.heading_median_deg == pytest.approx(2)
    assert one.heading_p90_deg == pytest.approx(4.4)


def test_difficult_objects_and_what_matches_them_count_on_no_side() -> None:
    truth = [car(100, extra={"difficult": 1}), car(200)]
    one = vehicles(truth, [car(100, p=0.9), car(200, p=0.8)])
    assert (one.truth, one.found, one.recall.hits, one.ap50_box) == (1, 1, 1, 1.0)


def test_recall_by_size_is_in_metres_where_the_scale_is_known() -> None:
    long = replace(car(200), geometry=Obb(cx=200, cy=50, length=60, width=10, heading=0))
    (one,), _ = scoring.score([picture(car(100), long, gsd=0.2)], [picture(car(100))])
    assert one.unit == "m"
    bins = [(b.low, b.high, b.recall.hits, b.recall.trials) for b in one.by_size]
    assert bins == [(3.0, 5.0, 1, 1), (10.0, 15.0, 0, 1)]
    again = vehicles([car(100), long], [car(100)], gsd_m=0.2)
    assert (again.unit, again.by_size) == ("m", one.by_size)
    with pytest.raises(UsageError, match="above 0"):
        vehicles([car(100)], [], gsd_m=0.0)


def test_kinds_and_pictures_are_kept_apart() -> None:
    crater = Annotation(cls="crater", geometry=Box(x=90, y=40, width=20, height=20))
    truth = [picture(car(100), name="a"), picture(crater, name="b")]
    found = [picture(crater, name="a"), picture(car(100), name="b")]
    scores, matches = scoring.score(truth, found)
    assert [(s.kind, s.truth, s.found, s.recall.hits) for s in scores] == [
        ("crater", 1, 1, 0), ("vehicle", 1, 1, 0),
    ]  # fmt: skip
    assert sum(len(m.missed) for m in matches) == sum(len(m.false) for m in matches) == 2


@pytest.mark.parametrize("extra", [0, 1])
def test_a_picture_of_one_file_only_is_refused(extra: int) -> None:
    files = [[picture(name="a"), picture(name="b")], [picture(name="a"), picture(name="c")]]
    with pytest.raises(UsageError, match="same pictures"):
        scoring.score(files[extra], files[1 - extra])


def test_the_contact_sheet_shows_the_missed_and_the_false() -> None:
    rgb = np.full((100, 300, 3), 90, np.uint8)
    rgb[:, 200:] = (250, 0, 0)
    dot = Annotation(cls="crater", geometry=Dot(x=5, y=5))
    _, matches = scoring.score([picture(car(250), dot)], [picture(car(50, p=0.5))])
    shown = annotate.contact_sheet(matches, {"a": rgb})
    reddest = (shown == (250, 0, 0)).all(axis=2)
    half = len(shown) // 2
    assert reddest[:half].any() and not reddest[half:].any()
    assert (annotate.contact_sheet(matches, {}).shape[0]) < 80
