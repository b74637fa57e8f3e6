import numpy as np
import pytest

from imgcheck.errors import UsageError
from imgcheck.hashing import HashIndex
from tests.hashing.conftest import as_image
from tests.hashing.pictures import ground


def test_same_file_twice_is_one_row(small_index):
    path = small_index(2)
    with HashIndex.open(path, writable=True) as index:
        before = index.stats()
        again = index.add_image(as_image(ground(1, shape=(64, 80))), path_text="elsewhere.png")
        assert again == "known"
        assert index.stats() == before
        assert [p.path for p in index.pictures()] == ["0.png", "1.png"]


def test_rows_keep_what_was_given(tmp_path):
    with HashIndex.create(tmp_path / "a.imgcheck") as index:
        image = as_image(ground(5, shape=(50, 70)))
        index.add_image(image, path_text="b\udcff.png", date="2017-09-08/2017-09-12", note="a wire")
        (row,) = index.pictures()
        assert (row.width, row.height, row.sha256) == (70, 50, image.sha256)
        assert (row.path, row.date, row.note) == (
            "b\\udcff.png",
            "2017-09-08/2017-09-12",
            "a wire",
        )
        assert index.preview(row.id).shape == (50, 70, 3)


def test_date_that_is_no_iso_date_is_refused_and_nothing_is_added(tmp_path):
    with HashIndex.create(tmp_path / "a.imgcheck") as index:
        with pytest.raises(UsageError, match="2017-09-24"):
            index.add_image(as_image(ground(5)), path_text="x", date="8-12 Sept")
        assert index.stats().rows == 0


@pytest.mark.slow
def test_removed_picture_is_gone_and_its_id_is_not_given_again(small_index):
    path = small_index(3)
    query = as_image(ground(2, shape=(64, 80)))
    with HashIndex.open(path, writable=True) as index:
        full = index.stats().snapshot
        assert [m.path for m in index.search(query).matches if m.stage == "file"] == ["2.png"]
        index.remove(3)
        assert index.search(query, parts="none").matches == ()
        with pytest.raises(UsageError, match="no picture 3"):
            index.remove(3)
        index.add_image(query, path_text="2.png")
        assert [p.id for p in index.pictures()] == [1, 2, 4]
        # The same content has the same name, whatever way it came about.
        assert index.stats().snapshot == full
        assert index.verify().ok


@pytest.mark.slow
def test_order_of_adding_does_not_change_the_snapshot(tmp_path):
    pictures = [as_image(ground(seed, shape=(64, 80))) for seed in range(3)]
    names = []
    for number, order in enumerate(([0, 1, 2], [2, 0, 1])):
        with HashIndex.create(tmp_path / f"{number}.imgcheck") as index:
            for at in order:
                index.add_image(pictures[at], path_text="x")
            names.append(index.stats().snapshot)
    assert names[0] == names[1]


def test_stats_count_what_is_there(tmp_path):
    with HashIndex.create(tmp_path / "a.imgcheck") as index:
        index.add_image(as_image(np.zeros((40, 40, 3), np.uint8)), path_text="black")
        index.add_image(as_image(ground(1)), path_text="ground", date="2016-01-02")
        found = index.stats()
    assert (found.rows, found.hashable, found.with_features, found.dated) == (2, 1, 1, 1)
    assert (found.first_date, found.last_date) == ("2016-01-02", "2016-01-02")
    assert found.bytes == (tmp_path / "a.imgcheck").stat().st_size


def test_black_picture_is_found_by_file_only(tmp_path):
    with HashIndex.create(tmp_path / "a.imgcheck") as index:
        black = as_image(np.zeros((40, 40, 3), np.uint8))
        index.add_image(black, path_text="black")
        assert [m.stage for m in index.search(black).matches] == ["file"]
        other = index.search(as_image(np.zeros((41, 40, 3), np.uint8)))
        assert (other.hashable, other.features, other.matches) == (False, 0, ())


def test_reading_and_writing_are_kept_apart(small_index):
    path = small_index(1)
    with HashIndex.open(path) as reader:
        with pytest.raises(UsageError, match="opened for reading"):
            reader.remove(1)
        with HashIndex.open(path, writable=True) as writer:
            writer.add_image(as_image(ground(9, shape=(64, 80))), path_text="new")
        assert reader.stats().rows == 2
