"""Candidates from inverted lists: planted parts are found, damage is named."""

import sqlite3
from collections.abc import Iterator

import numpy as np
import pytest

from imgcheck.errors import IndexFileError
from imgcheck.hashing import candidates, codebook, part_lists
from imgcheck.hashing.codebook import load, shipped
from imgcheck.hashing.votes import VARIANTS
from imgcheck.imaging import features
from imgcheck.imaging.features import Features
from tests.hashing.pictures import ground

pytestmark = pytest.mark.slow

PICTURES = 300
SHAPE = (180, 240)
DETECTED = 20
PLANTED = 17
Item = tuple[int, Features, tuple[int, int]]


def gray(seed: int) -> np.ndarray:
    return ground(seed, shape=SHAPE)[..., 1].astype(np.float32) / 255


def mixed(real: list[Features], rng: np.random.Generator) -> Features:
    """A stranger: features of all pictures, each at the place of another, a little changed."""
    pick = [(int(rng.integers(len(real))), int(rng.integers(250))) for _ in range(250)]
    there = real[int(rng.integers(len(real)))]
    descriptors = np.array([real[a].descriptors[b] for a, b in pick], np.int16)
    noise = rng.normal(0, 6, descriptors.shape)
    return Features(
        points=rng.permutation(there.points[:250]),
        sizes=rng.permutation(there.sizes[:250]),
        angles=rng.uniform(0, 360, 250).astype(np.float32),
        descriptors=np.clip(np.round(descriptors + noise), 0, 255).astype(np.uint8),
    )


@pytest.fixture(scope="module")
def items() -> list[Item]:
    """Twenty pictures and 280 strangers made of their features."""
    rng = np.random.default_rng(20170924)
    real = [features.detect(gray(n), limit=400) for n in range(DETECTED)]
    made = real[:-1] + [mixed(real, rng) for _ in range(PICTURES - DETECTED)] + real[-1:]
    return [(n + 1, found, SHAPE) for n, found in enumerate(made)]


def make(items: list[Item]) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("CREATE TABLE picture (id INTEGER PRIMARY KEY)")
    for statement in part_lists.SCHEMA:
        connection.execute(statement)
    connection.executemany("INSERT INTO picture VALUES (?)", [(item[0],) for item in items])
    part_lists.append(connection, items)
    return connection


@pytest.fixture(scope="module")
def written(items) -> bytes:
    """Segments of two levels and a tail, as a large index has them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(part_lists, "SEALED_AT", 40)
        return make(items).serialize()


@pytest.fixture
def lists(written) -> Iterator[sqlite3.Connection]:
    """The same, to be altered."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.deserialize(written)
    yield connection
    connection.close()


def part(*, mirrored: bool = False, negative: bool = False) -> np.ndarray:
    """A cut of the planted picture, a third of its area."""
    cut = gray(PLANTED - 1)[40:150, 60:200]
    cut = cut[:, ::-1] if mirrored else cut
    return np.ascontiguousarray(1 - cut if negative else cut)


def asked(connection: sqlite3.Connection, cut: np.ndarray) -> tuple[candidates.Candidate, ...]:
    return candidates.candidates(connection, features.detect(cut), cut.shape)


def test_lists_of_two_levels_and_a_tail_hold_every_picture(lists):
    levels = lists.execute("SELECT level, pictures FROM part_segment ORDER BY id").fetchall()
    tail = lists.execute("SELECT count(*) FROM part_tail").fetchone()[0]
    assert {level for level, _ in levels} == {0, 1}
    assert tail > 0
    assert sum(pictures for _, pictures in levels) + tail == PICTURES


@pytest.mark.parametrize(("mirrored", "negative"), VARIANTS)
def test_a_planted_part_comes_first_with_its_handling(lists, mirrored, negative):
    best = asked(lists, part(mirrored=mirrored, negative=negative))[0]
    assert best.picture == PLANTED
    assert VARIANTS[best.variant] == (mirrored, negative)
    assert best.votes >= 10


def test_the_newest_picture_is_found_in_the_tail(lists):
    cut = gray(DETECTED - 1)[20:140, 20:180]
    assert asked(lists, np.ascontiguousarray(cut))[0].picture == PICTURES


def test_no_more_than_the_wanted_number_is_given_best_first(lists):
    cut = part()
    found = candidates.candidates(lists, features.detect(cut), cut.shape, most=5)
    assert len(found) == 5
    assert [c.score for c in found] == sorted((c.score for c in found), reverse=True)
    assert len({c.picture for c in found}) == 5


def test_a_removed_picture_is_not_answered(lists):
    lists.execute("DELETE FROM picture WHERE id = ?", (PLANTED,))
    assert PLANTED not in {c.picture for c in asked(lists, part())}


def test_a_removed_picture_leaves_the_lists_when_segments_are_merged(items, monkeypatch):
    monkeypatch.setattr(part_lists, "SEALED_AT", 16)
    connection = make(items[:48])
    connection.execute("DELETE FROM picture WHERE id = ?", (PLANTED,))
    connection.executemany("INSERT INTO picture VALUES (?)", [(i[0],) for i in items[48:64]])
    part_lists.append(connection, items[48:64])
    assert connection.execute("SELECT level FROM part_segment").fetchall() == [(1,)]
    data = connection.execute("SELECT id, data FROM part_list ORDER BY id").fetchall()
    held = {
        int(picture)
        for _, blob in data
        for picture in np.frombuffer(blob[:-4], codebook.POSTING)["picture"]
    }
    assert held == {n for n in range(1, 65) if n != PLANTED}


def test_the_answer_does_not_depend_on_how_the_lists_were_built(items, lists, monkeypatch):
    # Rows cost time: what a budget buys does depend on it.
    monkeypatch.setattr(candidates, "BUDGET", 10**12)
    in_one_tail = make(items)
    cut = part()
    assert asked(in_one_tail, cut) == asked(lists, cut) == asked(lists, cut)


def test_lists_that_were_thrown_away_are_built_again_alike(items, lists, monkeypatch):
    monkeypatch.setattr(part_lists, "SEALED_AT", 40)
    before = asked(lists, part())
    part_lists.clear(lists)
    assert asked(lists, part()) == ()
    part_lists.append(lists, items)
    assert asked(lists, part()) == before


@pytest.mark.parametrize("table", ["part_list", "part_tail"])
@pytest.mark.parametrize("harm", ["bit", "cut", "text"])
def test_a_damaged_list_is_named(lists, table, harm):
    key = "id" if table == "part_list" else "picture"
    for number, data in lists.execute(f"SELECT {key}, data FROM {table}").fetchall():
        harmed: object = bytes([data[0] ^ 4]) + data[1:]
        if harm == "cut":
            harmed = data[: len(data) // 2]
        elif harm == "text":
            harmed = "nothing"
        lists.execute(f"UPDATE {table} SET data = ? WHERE {key} = ?", (harmed, number))
    with pytest.raises(IndexFileError, match="index verify --relist"):
        asked(lists, part())


def test_a_list_in_the_place_of_another_is_named(lists):
    (first, data), (second, _) = lists.execute("SELECT id, data FROM part_list LIMIT 2").fetchall()
    assert codebook.unsealed(data, first) is not None
    assert codebook.unsealed(data, second) is None


@pytest.mark.parametrize("table", ["part_segment", "part_tail"])
def test_lists_of_another_codebook_are_refused(lists, table):
    assert part_lists.usable(lists)
    lists.execute(f"UPDATE {table} SET codebook = 'older'")
    assert not part_lists.usable(lists)
    with pytest.raises(IndexFileError, match="made by another version"):
        asked(lists, part())


def test_damaged_counts_of_a_segment_are_named(lists):
    lists.execute("UPDATE part_segment SET lengths = zeroblob(length(lengths))")
    with pytest.raises(IndexFileError, match="counts of segment"):
        asked(lists, part())


def test_an_inspection_names_a_damaged_list_and_is_silent_about_whole_ones(lists):
    assert list(part_lists.problems(lists)) == []
    key, data = lists.execute("SELECT id, data FROM part_list ORDER BY id DESC").fetchone()
    lists.execute("UPDATE part_list SET data = ? WHERE id = ?", (data[:-1] + b"?", key))
    (problem,) = part_lists.problems(lists)
    assert f"segment {key >> 32}" in problem


def test_a_picture_that_the_lists_hold_is_passed_over(items, lists):
    assert part_lists.append(lists, items[:3]) == 0


def test_pictures_that_the_lists_lack_are_named(items, lists):
    lists.execute("INSERT INTO picture VALUES (1000)")
    assert part_lists.missing(lists) == (1000,)
    part_lists.append(lists, [(1000, *items[0][1:])])
    assert part_lists.missing(lists) == ()


def test_removing_a_picture_takes_it_from_the_tail(lists):
    lists.execute("PRAGMA foreign_keys = ON")
    lists.execute("DELETE FROM picture WHERE id = ?", (PICTURES,))
    for table in ("part_tail", "part_member"):
        found = lists.execute(f"SELECT 1 FROM {table} WHERE picture = ?", (PICTURES,)).fetchall()
        assert found == []


def test_a_part_is_found_where_memory_holds_few_agreements(lists, monkeypatch):
    monkeypatch.setattr(candidates, "_MOST_AGREEMENTS", 500)
    assert asked(lists, part())[0].picture == PLANTED


def test_no_more_pairs_are_compared_than_the_budget_allows(lists, monkeypatch):
    monkeypatch.setattr(candidates, "BUDGET", 20_000)
    compared = []
    inner = np.bitwise_count
    monkeypatch.setattr(
        candidates.np, "bitwise_count", lambda bits: (compared.append(len(bits)), inner(bits))[1]
    )
    asked(lists, part())
    held = sum(len(data) for (data,) in lists.execute("SELECT data FROM part_tail"))
    assert 0 < sum(compared) <= 20_000 + held


def test_a_query_without_features_has_no_candidates(lists):
    flat = np.full((100, 100), 0.5, np.float32)
    assert asked(lists, flat) == ()


def test_an_empty_index_has_no_candidates():
    assert asked(make([]), part()) == ()


def test_an_id_beyond_32_bits_is_refused(items):
    connection = make([])
    with pytest.raises(IndexFileError, match="cannot hold"):
        part_lists.append(connection, [(2**32, *items[0][1:])])


def test_places_survive_packing_within_their_steps(items):
    found = items[0][1]
    x, y, size, turn = codebook.unpacked_place(codebook.packed_place(found, SHAPE))
    assert np.abs(x * 240 - found.points[:, 0]).max() <= 240 / 1023
    assert np.abs(y * 240 - found.points[:, 1]).max() <= 240 / 1023
    assert np.abs(size - np.log2(found.sizes / 240)).max() <= 0.5 / 6 + 1e-4
    assert np.abs((turn - found.angles + 180) % 360 - 180).max() <= 360 / 64 / 2 + 1e-3


def test_the_nearest_cell_of_many_is_the_cell(items):
    descriptors = items[0][1].descriptors
    cells, signatures = shipped().words(descriptors)
    near, own = shipped().near_words(descriptors, count=8)
    np.testing.assert_array_equal(near[:, 0], cells)
    np.testing.assert_array_equal(own[:, 0], signatures)
    assert all(len(set(row)) == 8 for row in near.tolist())


def test_the_nearest_cells_are_those_of_a_full_comparison(items):
    book, descriptors = shipped(), items[0][1].descriptors[:20]
    parts = book.project(descriptors)
    near, _ = book.near_words(descriptors, count=6)
    for n, row in enumerate(near):
        far = [((book.centres[h] - parts[h, n]) ** 2).sum(axis=1) for h in range(2)]
        whole = (far[0][:, None] + far[1][None, :]).ravel()
        assert set(row.tolist()) == set(np.argsort(whole)[:6].tolist())


def test_bytes_that_are_no_codebook_are_refused():
    with pytest.raises(IndexFileError, match="install imgcheck again"):
        load(b"PK\x03\x04 nothing")
