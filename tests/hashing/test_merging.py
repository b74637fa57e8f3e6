"""Indexes travel: merged in any order they hold the same."""

import itertools
import sqlite3

import numpy as np
import pytest

from imgcheck.errors import IndexFileError, UsageError
from imgcheck.hashing import HashIndex, records
from imgcheck.hashing.store import arguments, segments
from tests.hashing.conftest import as_image
from tests.hashing.pictures import ground
from tests.hashing.test_listed import labels, random_words

pytestmark = pytest.mark.slow

TINY = (64, 80)


@pytest.fixture
def three(tmp_path, monkeypatch):
    """Make three indexes that overlap, with different dates, labels and notes."""
    monkeypatch.setattr(segments, "TAIL_ROWS", 16)
    monkeypatch.setattr(segments, "SEGMENT_ROWS", 64)
    words = random_words(1, 200)
    given = (
        ((0, 1, 2), slice(0, 120), None, "archive", None),
        ((1, 2, 3), slice(60, 200), "2016", "wire", "a wire"),
        ((2, 3, 0), slice(30, 90), "2015-03-04", "blog", None),
    )
    paths = []
    for name, (seeds, part, date, folder, note) in zip("abc", given, strict=True):
        with HashIndex.create(tmp_path / name) as index:
            for seed in seeds:
                image = as_image(ground(seed, shape=TINY))
                index.add_image(image, path_text=f"{folder}/{seed}.png", date=date, note=note)
            index.add_hashes(words[part], labels=labels(200)[part], list_name="l", date=date)
            index.add_hashes(words[:5], labels=labels(5), list_name=folder, kind="dhash256")
        paths.append(tmp_path / name)
    return paths


def content(index):
    """Give all that an index holds, without ids."""
    found = [(p.sha256, p.path, p.date, p.note) for p in index.pictures()]
    for kind in index._segments.kinds():
        for rows in index._segments.standing(kind):
            for at in np.flatnonzero(rows.lists):
                name, date = index._connection.execute(
                    "SELECT name, date FROM list WHERE id = ?", (int(rows.lists[at]),)
                ).fetchone()
                bits = rows.words[:, at].tolist()
                found.append((kind, bits, int(rows.quality[at]), rows.labels[at], name, date))
    return sorted(map(repr, found))


def answers(index, seed):
    result = index.search(as_image(ground(seed, shape=TINY), quality=80))
    matches = [(m.path, m.known.date, m.stage, m.relation, m.log10_nfa) for m in result.matches]
    return result.rows, result.listed, result.snapshot, result.exact, sorted(matches)


def test_the_order_of_merging_does_not_show(tmp_path, three):
    seen, found = set(), set()
    for number, order in enumerate(itertools.permutations(three)):
        with HashIndex.create(tmp_path / f"m{number}") as index:
            for other in order:
                index.merge(other)
            assert index.verify().ok
            seen.add(repr((index.stats().snapshot, content(index))))
            if number in (0, 5):
                found.add(repr(answers(index, 2)))
    # (a + b) + c and a + (b + c)
    with HashIndex.open(three[1], writable=True) as index:
        index.merge(three[2])
    with HashIndex.open(three[0], writable=True) as index:
        index.merge(three[1])
        seen.add(repr((index.stats().snapshot, content(index))))
        found.add(repr(answers(index, 2)))
        before = index.stats()
        again = index.merge(three[1])
        assert (again.added, again.listed_added, again.dated) == (0, 0, 0)
        assert index.stats() == before
        assert (before.rows, before.listed) == (4, 215)
        assert index.verify().ok
    assert (len(seen), len(found)) == (1, 1)


def test_the_date_that_proves_the_earliest_existence_stays(tmp_path, three):
    with HashIndex.create(tmp_path / "m") as index:
        counts = [index.merge(other) for other in three]
        kept = {p.path: (p.date, p.note) for p in index.pictures()}
        near = index.within(random_words(1, 200)[[0, 40, 70, 150]], radius=0)
    assert kept == {
        "blog/0.png": ("2015-03-04", None),
        "wire/1.png": ("2016", "a wire"),
        "blog/2.png": ("2015-03-04", None),
        "blog/3.png": ("2015-03-04", None),
    }
    assert {n.known.path: n.known.date for n in near} == {
        "0.jpg": None,
        "40.jpg": "2015-03-04",
        "70.jpg": "2015-03-04",
        "150.jpg": "2016",
    }
    assert [(c.added, c.known) for c in counts] == [(3, 0), (1, 2), (0, 3)]
    assert [(c.listed_added, c.listed_known) for c in counts] == [(125, 0), (85, 60), (5, 60)]
    assert [c.dated for c in counts] == [0, 2 + 60, 3 + 60]


def test_merged_pictures_are_found_by_hash_parts_and_region(tmp_path):
    whole, pane = ground(8, shape=(200, 240)), ground(9, shape=(200, 240))
    corners = ((0.0, 0.0), (40.0, 0.0), (40.0, 40.0))
    record = records.describe(whole, sha256="ab" * 32)
    hashes = records.describe(pane, sha256="cd" * 32).views[0].hashes
    with HashIndex.create(tmp_path / "a") as index:
        index.add_record(
            record,
            records.pack_preview(whole),
            path_text="a",
            regions=[(hashes["original"], corners)],
        )
    with HashIndex.create(tmp_path / "b") as index:
        index.add_image(as_image(ground(10, shape=TINY)), path_text="b")
        index.merge(tmp_path / "a")
        (hit,) = index.hits(hashes)
        paths = {p.id: p.path for p in index.pictures()}
        assert paths[hit.picture] == "a"
        assert hit.region == corners
        cut = index.search(as_image(whole[30:170, 40:220]))
        assert [m.path for m in cut.matches] == ["a"]
        assert index.verify().ok


def test_an_index_that_cannot_be_read_leaves_the_other_as_it_was(tmp_path, three):
    data = three[1].read_bytes()
    (tmp_path / "cut").write_bytes(data[: len(data) * 6 // 10])
    with HashIndex.open(three[0], writable=True) as index:
        before = index.stats()
        for other in ("cut", "none"):
            with pytest.raises(IndexFileError):
                index.merge(tmp_path / other)
        with pytest.raises(UsageError, match="with itself"):
            index.merge(three[0])
        assert index.stats() == before
        assert index.verify().ok


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE picture SET sha256 = 5 WHERE path LIKE '%/1.png'",
        "UPDATE picture SET date = '=1+1'",
        "UPDATE picture SET path = x'ff'",
        "UPDATE picture SET width = -1",
        "UPDATE features SET data = x'00'",
        "UPDATE preview SET data = substr(data, 2)",
        "UPDATE list SET date = 'lately'",
        "UPDATE list SET name = 'other' WHERE name = 'l'",
        "DELETE FROM list",
        "UPDATE segment_column SET data = x'00' WHERE name = 'labels'",
    ],
)
def test_damage_does_not_travel(tmp_path, three, change):
    with sqlite3.connect(three[0]) as connection:
        connection.execute(change)
    connection.close()
    with HashIndex.create(tmp_path / "m") as index:
        index.add_image(as_image(ground(9, shape=TINY)), path_text="own")
        before = index.stats()
        with pytest.raises(IndexFileError, match="/a"):
            index.merge(three[0])
        assert index.stats() == before
        assert index.verify().ok


def test_dates_are_ordered_by_what_they_prove():
    best_first = [
        "2015",
        "2014/2016-02-29",
        "2016-05-01T10:00:00+05:00",
        "2016-05-01T06:00:00Z",
        "2016-05-01",
        "2016-05",
        "2016",
        None,
    ]
    mixed = best_first[4:] + best_first[:4]
    assert sorted(mixed, key=arguments.date_order) == best_first
