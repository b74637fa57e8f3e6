"""Between which dated pictures another picture fits, with the dates built in."""

from datetime import UTC, date, datetime

import cv2
import numpy as np
import pytest

from imgcheck import change
from imgcheck.change import bracketing
from imgcheck.errors import GridMismatchError, UsageError
from tests.change.ground import ground, seen, with_square

SIDE, HOUSE = 160, 10
YEARS = (2012, 2014, 2016, 2018, 2020)
# Year of building, left, top of each house.
HOUSES = [
    (2013, 20, 26), (2013, 120, 40), (2013, 40, 126),
    (2015, 80, 20), (2015, 134, 134), (2015, 26, 80),
    (2017, 100, 80), (2017, 60, 60), (2017, 14, 142),
    (2019, 142, 12), (2019, 74, 142), (2019, 46, 14),
]  # fmt: skip


def as_of(year: float, seed: int, *, houses: list[tuple[int, int, int]] = HOUSES) -> np.ndarray:
    """The place in a year: houses that stand by then, cars and light that come and go."""
    rng = np.random.default_rng(seed)
    picture = ground(77, SIDE)
    for built, left, top in houses:
        if built < year:
            picture = with_square(picture, left, top, HOUSE, 0.3)
    for _ in range(6):
        left, top = rng.integers(5, SIDE - 10, 2)
        picture = with_square(picture, left, top, 4, float(rng.choice([-0.2, 0.2])))
    light = rng.uniform(0.8, 1.2)
    return np.clip(seen(picture, seed + 1) * light + rng.uniform(-0.05, 0.05), 0, 1)


def stack(years: tuple[int, ...] = YEARS) -> list[tuple[np.ndarray, date]]:
    return [(as_of(year, 100 + year), date(year, 1, 1)) for year in years]


@pytest.mark.parametrize(
    ("year", "after", "before"),
    [(2011, None, 2014), (2014.5, None, 2018), (2016.5, 2014, 2020), (2021, 2018, None)],
)
def test_picture_is_placed_between_the_dates_that_hold_its_year(year, after, before) -> None:
    found = change.bracket(as_of(year, int(year * 10)), stack(), level=0.9)
    assert not found.abstained, found.reason
    # The answer holds the year, and is no wider than one reference more on either side.
    first = found.placed_after.year if found.placed_after else 0
    last = found.placed_before.year if found.placed_before else 9999
    assert first <= year <= last
    assert first >= (after or 0)
    assert last <= (before or 9999)
    assert found.votes >= 3


@pytest.mark.slow
def test_order_of_the_references_does_not_matter() -> None:
    picture, dated = as_of(2016.5, 5), stack()
    one = change.bracket(picture, dated)
    two = change.bracket(picture, dated[::-1])
    assert one == two


@pytest.mark.slow
def test_brightness_and_colour_of_the_picture_do_not_decide() -> None:
    picture = as_of(2016.5, 6)
    plain = change.bracket(picture, stack())
    dark = np.clip(picture**1.4 * 0.7, 0, 1)
    grey = picture.mean(axis=2)
    for other in (dark, cv2.GaussianBlur(grey, (0, 0), 1.0)):
        found = change.bracket(other, stack())
        assert (found.placed_after, found.placed_before) == (
            plain.placed_after,
            plain.placed_before,
        )


@pytest.mark.slow
def test_ground_without_lasting_change_gives_no_answer() -> None:
    still = [(as_of(2000, 200 + year), date(year, 1, 1)) for year in YEARS]
    found = change.bracket(as_of(2000, 7), still)
    assert found.abstained
    assert found.reason
    assert found.placed_after is None and found.placed_before is None


@pytest.mark.slow
def test_fields_that_vary_from_year_to_year_never_place_a_picture_wrongly() -> None:
    def farmland(seed: int) -> np.ndarray:
        rng = np.random.default_rng(seed)
        picture = ground(78, 120)
        for row in range(0, 120, 20):
            for column in range(0, 120, 20):
                picture[row : row + 20, column : column + 20] += rng.normal(0, 0.08, 3)
        return np.clip(picture, 0, 1).astype(np.float32)

    dated = [(farmland(300 + year), date(year, 1, 1)) for year in range(2010, 2017)]
    for k in range(len(dated)):
        picture, when = dated[k]
        found = change.bracket(picture, dated[:k] + dated[k + 1 :])
        assert found.placed_after is None or found.placed_after < when
        assert found.placed_before is None or found.placed_before > when


@pytest.mark.slow
def test_ground_that_changes_back_is_noticed_on_the_references_themselves() -> None:
    # A lake that fills in odd looks: each of two references shows a state of another time.
    def shore(level: int, seed: int) -> np.ndarray:
        picture = ground(79, SIDE)
        for left, top in ((5, 5), (95, 15), (20, 95), (110, 105), (60, 55)):
            cv2.circle(picture, (left + 20, top + 20), 6 + 5 * level, (0.15, 0.2, 0.25), -1)
        return seen(picture, seed)

    levels = [0, 0, 0, 2, 0, 2, 2, 0, 2]
    dated = [(shore(v, 400 + k), date(2010 + k, 1, 1)) for k, v in enumerate(levels)]
    found = change.bracket(shore(0, 500), dated)
    assert found.abstained or (found.placed_after is None and found.placed_before is None)


def test_two_references_give_no_answer_since_they_do_not_show_what_lasts() -> None:
    found = change.bracket(as_of(2011, 8), stack((2012, 2020)))
    assert found.abstained and "two references" in found.reason
    assert found.sets == () and found.self_check is None
    assert found.probability == pytest.approx((1 / 3,) * 3)


@pytest.mark.slow
def test_votes_lie_where_the_houses_stand() -> None:
    found = change.bracket(as_of(2016.5, 10), stack())
    centres = np.array([(left + HOUSE / 2, top + HOUSE / 2) for _, left, top in HOUSES])
    # Directions of edges are pooled, so that small votes may lie beside a house.
    heavy = [vote for vote in found.deciding if vote.area_px > 200]
    assert len(heavy) == len(HOUSES)
    for vote in heavy:
        left, top, right, bottom = vote.box
        inside = (centres > (left - 3, top - 3)) & (centres < (right + 3, bottom + 3))
        assert inside.all(axis=1).any()
        assert left < vote.centre[0] < right and top < vote.centre[1] < bottom


@pytest.mark.slow
def test_houses_under_the_mask_do_not_vote() -> None:
    valid = np.ones((SIDE, SIDE), bool)
    valid[:, :80] = False
    found = change.bracket(as_of(2016.5, 11), stack(), valid=valid)
    assert all(vote.centre[0] > 76 for vote in found.deciding)


def test_datetimes_with_and_without_zone_can_be_mixed_with_dates() -> None:
    dated = stack((2012, 2016, 2020))
    dated[0] = (dated[0][0], datetime(2012, 1, 1, 10, tzinfo=UTC))
    dated[1] = (dated[1][0], datetime(2016, 1, 1, 10))
    found = change.bracket(as_of(2021, 12), dated)
    assert found.dates == (dated[0][1], dated[1][1], dated[2][1])


@pytest.mark.parametrize(
    ("references", "word"),
    [
        ([], "at least two"),
        ([(ground(1), date(2012, 1, 1))], "at least two"),
        ([(ground(1), date(2012, 1, 1)), (ground(2), date(2012, 1, 1))], "keep one"),
        ([(ground(1), "2012"), (ground(2), date(2013, 1, 1))], "date of a reference must be"),
    ],
)
def test_references_without_meaning_are_refused(references, word) -> None:
    with pytest.raises(UsageError, match=word):
        change.bracket(ground(1), references)


def test_references_on_another_grid_are_refused() -> None:
    dated = [(ground(1, 200), date(2012, 1, 1)), (ground(1, 200), date(2013, 1, 1))]
    with pytest.raises(GridMismatchError, match="200 x 200"):
        change.bracket(ground(1), dated)


@pytest.mark.parametrize(("counts", "answers"), [(None, True), ((4, 1), True), ((3, 2), False)])
def test_no_answer_where_the_references_contradict_each_other(monkeypatch, counts, answers):
    monkeypatch.setattr(bracketing, "_self_check", lambda *_: (counts, 1.0))
    found = change.bracket(as_of(2011, 8), stack())
    assert found.abstained is not answers and bool(found.sets) is answers
    assert answers or "2 would be dated wrongly" in found.reason
    assert found.self_check == counts


@pytest.mark.slow
def test_ground_that_is_not_trusted_gives_no_answer(monkeypatch) -> None:
    monkeypatch.setattr(bracketing, "trusted", lambda shown, tested: (0 * shown, list(tested)))
    found = change.bracket(as_of(2011, 8), stack())
    assert found.abstained and "too little changed" in found.reason
