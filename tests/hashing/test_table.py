"""The same results from the index file and from its export."""

import csv
import sqlite3
import sys

import numpy as np
import pytest

from imgcheck.errors import IndexFileError, MissingDependencyError, RefusedError, UsageError
from imgcheck.hashing import HashIndex, HashTable, columns, pdq_dihedral, phash, records
from imgcheck.hashing.store import arguments, lists
from tests.hashing.conftest import as_image
from tests.hashing.pictures import dihedral, ground
from tests.hashing.test_listed import flipped, labels, random_words

CORNERS = ((0.0, 0.0), (40.0, 0.0), (40.0, 30.0))


@pytest.fixture(scope="module")
def index_path(tmp_path_factory):
    """An index with pictures, a region, listed hashes of two kinds, and rows taken out."""
    rng = np.random.default_rng(6)
    path = tmp_path_factory.mktemp("stores") / "known.imgcheck"
    hashes = pdq_dihedral(ground(61))
    digits = arguments.digits(random_words(2, 3000))
    for at in range(0, 3000, 30):
        laid = hashes[columns.ORIENTATIONS[at // 30 % 8]].hex
        digits[at] = flipped(laid, rng.choice(256, at // 30, replace=False))
    digits[7] = f"{int(hashes['original'].hex, 16) ^ (2**256 - 1):064x}"
    with HashIndex.create(path) as index:
        for seed in (1, 2):
            image = as_image(ground(seed, shape=(64, 80)))
            index.add_image(image, path_text=f"{seed}.png", date="2016-05")
        index.add_record(
            records.describe(ground(3, shape=(64, 80)), sha256="ab" * 32),
            records.pack_preview(ground(3, shape=(64, 80))),
            path_text="collage",
            regions=[(hashes["mirror"], CORNERS)],
        )
        index.add_hashes(
            arguments.words(digits),
            labels=labels(3000),
            list_name="l",
            quality=rng.integers(0, 101, 3000).astype(np.uint8),
        )
        index.add_hashes(
            arguments.words(["f0e1d2c3b4a59687", "0" * 16, "8" + "f" * 15], kind="phash64"),
            labels=["=1+1", "zero", "most"],
            list_name="p",
            kind="phash64",
        )
        for number in (6, 9, 500):
            index.remove(number)
    with sqlite3.connect(path) as connection:  # as if an older imgcheck had added it
        connection.execute("UPDATE picture SET algorithm = 'older' WHERE path = '2.png'")
    connection.close()
    return path


@pytest.fixture(scope="module")
def exported(index_path):
    pytest.importorskip("duckdb")
    path = index_path.with_name("hashes.parquet")
    with HashIndex.open(index_path) as index:
        assert index.export(path) == index.stats().hashes
    return path


def hits(store, query):
    """Return the hits of a query in the index file or in the table."""
    return store.hits([query]) if isinstance(store, HashTable) else store.hits(query)


class StoreContract:
    """What both return."""

    QUERIES = (61, 1, 2, 3, 99)

    @pytest.fixture
    def store(self):
        raise NotImplementedError

    @pytest.mark.parametrize("seed", QUERIES)
    def test_hits_are_those_of_the_index(self, store, index_path, seed):
        for number in (0, 3, 5):
            query = pdq_dihedral(dihedral(ground(seed, shape=(64, 80)), number))
            if seed == 61:
                query = pdq_dihedral(dihedral(ground(61), number))
            with HashIndex.open(index_path) as index:
                expected = index.hits(query)
            assert hits(store, query) == expected
            # Picture 2 was hashed by other steps, 99 is a stranger.
            assert bool(expected) == (seed not in (2, 99))

    def test_no_row_inside_the_reach_is_missing(self, store):
        found = hits(store, pdq_dihedral(ground(61)))
        assert len(found) > 60
        assert {hit.distance for hit in found} >= {0, 10, 30, 50}
        assert any(hit.inverted and hit.distance == 0 for hit in found)
        assert [hit.region for hit in found if not hit.listed] == [CORNERS]

    def test_hashes_of_other_kinds_are_found_within_a_radius(self, store):
        words = arguments.words(["f0e1d2c3b4a59687", "8000000000000000"], kind="phash64")
        near = store.within(words, radius=1, kind="phash64")
        assert [(n.distance, n.known.path) for n in near] == [(0, "=1+1"), (1, "zero")]
        assert store.within(words[:1], radius=0, kind="pdq") == []
        with pytest.raises(UsageError, match="not a kind"):
            store.within(words, radius=1, kind="md5")

    def test_what_cannot_be_hashed_hits_nothing(self, store):
        assert hits(store, pdq_dihedral(np.zeros((40, 40), np.uint8))) == []


class TestIndexFile(StoreContract):
    @pytest.fixture
    def store(self, index_path):
        with HashIndex.open(index_path) as index:
            yield index


class TestTable(StoreContract):
    @pytest.fixture
    def store(self, exported):
        with HashTable.open(exported) as store:
            yield store


@pytest.mark.slow
def test_a_search_of_the_table_is_the_hash_stage_of_the_index(index_path, exported):
    for picture in (ground(1, shape=(64, 80))[:, ::-1], ground(61), ground(99)):
        query = as_image(picture, quality=95)
        with HashIndex.open(index_path) as index, HashTable.open(exported) as table:
            expected, found = index.search(query, parts="none"), table.search(query)
        ids = {match.id for match in expected.matches}
        assert {match.id for match in found.matches} == ids
        assert [(m.path, m.known.date, m.log10_nfa) for m in found.matches if m.known.listed] == [
            (m.path, m.known.date, m.log10_nfa) for m in expected.matches if m.known.listed
        ]
        assert {(m.stage, m.relation, m.transform) for m in found.matches} <= {
            ("hash", "undetermined", None)
        }
        assert (found.listed, found.parts) == (expected.listed, "none")
        assert found.exact == expected.exact is False


@pytest.mark.slow
def test_listed_hashes_of_other_kinds_are_searched_in_the_table(tmp_path):
    pytest.importorskip("duckdb")
    with HashIndex.create(tmp_path / "a") as index:
        words = arguments.words([phash.phash(ground(47), bits=64)], kind="phash64")
        index.add_hashes(words, labels=["47.jpg"], list_name="p", kind="phash64")
        index.export(tmp_path / "a.parquet")
    with HashTable.open(tmp_path / "a.parquet") as table:
        (match,) = table.search(as_image(ground(47)[:, ::-1], quality=90)).matches
    assert (match.path, match.view, match.known.listed) == ("47.jpg", "phash64", "p")


def test_parts_are_not_searched_in_a_table(exported):
    with HashTable.open(exported) as table, pytest.raises(UsageError, match="no parts"):
        table.search(as_image(ground(1, shape=(64, 80))), parts="every")


@pytest.mark.slow
def test_equal_content_has_an_equal_name(tmp_path, index_path, exported):
    with HashIndex.open(index_path) as index:
        index.export(tmp_path / "again.parquet")
    names = set()
    for path in (exported, tmp_path / "again.parquet"):
        with HashTable.open(path) as table:
            names.add(table.search(as_image(ground(99))).snapshot)
    assert len(names) == 1


def test_what_is_no_table_of_hashes_is_refused(tmp_path, exported):
    (tmp_path / "cut.parquet").write_bytes(exported.read_bytes()[:-100])
    (tmp_path / "text.parquet").write_text("a letter" * 100)
    (tmp_path / "empty.parquet").touch()
    for name in ("cut.parquet", "text.parquet", "empty.parquet"):
        with pytest.raises(IndexFileError, match="index export"):
            HashTable.open(tmp_path / name)
    for name in ("none.parquet", "."):
        with pytest.raises(IndexFileError):
            HashTable.open(tmp_path / name)
    (tmp_path / "a*.parquet").touch()
    with pytest.raises(IndexFileError, match="rename"):
        HashTable.open(tmp_path / "a*.parquet")


def test_missing_duckdb_is_named_with_the_way_to_install_it(exported, monkeypatch):
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'imgcheck\[duckdb\]'"):
        HashTable.open(exported)


def test_parquet_needs_duckdb_and_leaves_nothing_behind(tmp_path, index_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with HashIndex.open(index_path) as index, pytest.raises(MissingDependencyError):
        index.export(tmp_path / "out.parquet")
    assert list(tmp_path.iterdir()) == []


def test_csv_is_read_back_as_a_list(tmp_path, index_path):
    out = tmp_path / "out.csv"
    with HashIndex.open(index_path) as index:
        assert index.export(out) == 3000 - 3 + 4
        rows = [r for part in index._segments.standing("pdq") for r in part.ids]
    found = lists.read(out)
    assert len(found) == len(rows)
    assert found.labels[:4] == ("1.png", "2.png", "collage", "collage")
    assert found.digits[3] == pdq_dihedral(ground(61))["mirror"].hex
    other = tmp_path / "phash.csv"
    with HashIndex.open(index_path) as index:
        assert index.export(other, kind="phash64") == 3
    with other.open() as lines:
        assert list(csv.reader(lines))[1] == ["f0e1d2c3b4a59687", "100", "'=1+1"]


def test_rows_of_other_steps_are_said_not_to_be_compared(index_path):
    with HashIndex.open(index_path) as index:
        result = index.search(as_image(ground(2, shape=(64, 80)), quality=95), parts="none")
    assert (result.exact, result.rows, result.matches) == (False, 3, ())


def test_export_refuses_taken_names_and_unknown_endings(tmp_path, index_path):
    (tmp_path / "taken.csv").write_text("x")
    with HashIndex.open(index_path) as index:
        for name, error in (
            ("taken.csv", UsageError),
            ("out.xlsx", UsageError),
            ("no/such/folder.csv", RefusedError),
        ):
            with pytest.raises(error):
                index.export(tmp_path / name)
    assert (tmp_path / "taken.csv").read_text() == "x"
