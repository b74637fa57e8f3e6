"""Of many known pictures of one ground the best are compared in detail; none is lost unsaid."""

import numpy as np
import pytest

from imgcheck.hashing import HashIndex, search
from tests.hashing.conftest import as_image
from tests.hashing.pictures import ground

GROUND = ground(121, shape=(360, 480))
# Cuts that share most of the query's ground, the best match last.
CORNERS = ((0, 0), (70, 50), (10, 60), (60, 10), (30, 30))


def cut(top, left):
    return GROUND[top : top + 260, left : left + 360]


def an_index(path, dates):
    with HashIndex.create(path) as index:
        for number, (corner, date) in enumerate(zip(CORNERS, dates, strict=True)):
            picture = as_image(cut(*corner), quality=80)
            index.add_image(picture, path_text=str(number), date=date)
        # Of other ground, in one post with it.
        index.add_image(as_image(ground(122), quality=80), path_text="other")
    return HashIndex.open(path)


@pytest.fixture(autouse=True)
def two_of_a_part(monkeypatch):
    monkeypatch.setattr(search, "_OF_ONE_PART", 2)


@pytest.mark.slow
def test_the_two_best_are_compared_in_detail_and_the_rest_is_counted(tmp_path):
    with an_index(tmp_path / "i", [None] * 5) as index:
        result = index.search(as_image(cut(30, 30), quality=60))
    assert result.matches[0].path == "4"
    assert result.matches[0].relation in ("same", "derived")
    compared = [m for m in result.matches if m.transform is not None]
    assert len(compared) == 2
    assert result.unexamined == 3
    # What hashes found is not dropped.
    for match in result.matches[2:]:
        assert (match.stage, match.relation) == ("hash", "undetermined")
        assert match.relation_reason.startswith("not compared in detail")


@pytest.mark.slow
def test_the_earliest_dated_of_the_others_is_compared_too(tmp_path):
    dates = ["2016", "2012-03-01", "2015", None, "2014"]
    with an_index(tmp_path / "i", dates) as index:
        result = index.search(as_image(cut(30, 30), quality=60))
    compared = {m.path for m in result.matches if m.transform is not None}
    assert compared >= {"4", "1"}
    assert result.unexamined == 2


@pytest.mark.slow
def test_another_part_of_the_query_is_compared_whatever_the_first_one_matches(tmp_path):
    other = ground(122)
    page = np.concatenate([cut(30, 30), other[:260, :400]], axis=1)
    with an_index(tmp_path / "i", [None] * 5) as index:
        result = index.search(as_image(page, quality=70))
    assert {"4", "other"} <= {m.path for m in result.matches if m.transform is not None}
    assert result.unexamined == 3


def match_of(region):
    class Match:
        pass

    made = Match()
    made.region = region
    return made


def test_a_part_is_full_where_most_of_it_is_shared_by_enough_matches():
    covered = search._Covered((300, 400))
    left = match_of(((0, 0), (180, 0), (180, 300), (0, 300)))
    covered.add(left)
    assert not covered.is_full((0, 0, 170, 290))
    covered.add(left)
    assert covered.is_full((0, 0, 170, 290))
    assert covered.is_full((0, 0, 290, 290))
    assert not covered.is_full((0, 0, 400, 300))
    assert not covered.is_full((210, 0, 390, 290))
    covered.add(match_of(()))
    assert not covered.is_full((210, 0, 390, 290))
