import os
import sqlite3
import subprocess
import sys

import numpy as np
import pytest

from imgcheck.errors import IndexFileError
from imgcheck.hashing import HashIndex
from imgcheck.hashing.store import database as store
from tests.hashing.conftest import as_image
from tests.hashing.pictures import ground

TINY = (64, 80)


def test_absent_file_and_taken_name_are_refused(tmp_path):
    with pytest.raises(IndexFileError, match="cannot be opened"):
        HashIndex.open(tmp_path / "none")
    path = tmp_path / "taken"
    path.write_text("a letter")
    with pytest.raises(IndexFileError, match="name is taken"):
        HashIndex.create(path)
    assert path.read_text() == "a letter"
    assert [p.name for p in tmp_path.iterdir()] == ["taken"]


def test_folder_and_pipe_are_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "."):
        with pytest.raises(IndexFileError, match="not a regular file"):
            HashIndex.open(tmp_path / name)
    with pytest.raises(IndexFileError, match="choose a folder"):
        HashIndex.create(tmp_path / "no" / "such" / "folder")


def test_foreign_files_are_refused_and_left_as_they_are(tmp_path):
    text = tmp_path / "text"
    text.write_bytes(b"not a database, but long enough to be looked at" * 100)
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE songs (title TEXT)")
    connection.close()
    (tmp_path / "empty").touch()
    for name in ("text", "other.db", "empty"):
        before = (tmp_path / name).read_bytes()
        for writable in (False, True):
            with pytest.raises(IndexFileError, match="not an index of known pictures"):
                HashIndex.open(tmp_path / name, writable=writable)
        assert (tmp_path / name).read_bytes() == before


def test_index_of_a_newer_format_is_refused_by_name(small_index):
    path = small_index(1)
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version=99")
    connection.close()
    with pytest.raises(IndexFileError, match=r"format 99.*reads format 2.*newer imgcheck"):
        HashIndex.open(path)


def test_index_with_a_foreign_trigger_is_refused(small_index):
    path = small_index(1)
    with sqlite3.connect(path) as connection:
        connection.execute(
            "CREATE TRIGGER t AFTER INSERT ON picture BEGIN DELETE FROM hash_tail; END"
        )
    connection.close()
    with pytest.raises(IndexFileError, match="has been altered"):
        HashIndex.open(path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_cut_index_is_an_error_never_an_answer(small_index, share):
    path = small_index(3)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    query = as_image(ground(2, shape=TINY))
    with (
        pytest.raises(IndexFileError, match="damaged or cut short"),
        HashIndex.open(path) as index,
    ):
        index.search(query)


@pytest.mark.slow
def test_overwritten_bytes_are_reported_by_verify(small_index):
    path = small_index(3)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE features SET data = substr(data, 2) WHERE picture = 2")
        connection.execute("UPDATE preview SET data = x'00' WHERE picture = 3")
        connection.execute("UPDATE picture SET sha256 = zeroblob(32) WHERE id = 1")
    connection.close()
    with HashIndex.open(path) as index:
        found = index.verify()
        assert not found.ok
        assert len(found.problems) == 3
        with pytest.raises(IndexFileError, match="damaged"):
            index.search(as_image(ground(50, shape=TINY)))


@pytest.mark.parametrize("key", ["next", "digest", "listed"])
def test_hostile_counters_are_an_error_when_something_is_added(small_index, key):
    path = small_index(1)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE meta SET value = 'many' WHERE key = ?", (key,))
    connection.close()
    with HashIndex.open(path, writable=True) as index:
        assert key == "next" or not index.verify().ok
        with pytest.raises(IndexFileError, match="cannot be read"):
            index.add_image(as_image(ground(8, shape=TINY)), path_text="x")
            index.add_hash(np.ones(4, np.uint64), label="x", list_name="l")


def test_locked_index_names_the_lock_and_stays_readable(small_index):
    path = small_index(1)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    try:
        with HashIndex.open(path, writable=True, timeout_s=0.1) as index:
            with pytest.raises(IndexFileError, match="locked by another process"):
                index.add_image(as_image(ground(8, shape=TINY)), path_text="x")
            assert index.stats().rows == 1
    finally:
        holder.close()


@pytest.mark.slow
def test_full_disk_leaves_the_index_as_it_was(small_index):
    path = small_index(2)
    with HashIndex.open(path, writable=True) as index:
        before = index.stats()
        pages = index._connection.execute("PRAGMA page_count").fetchone()[0]
        index._connection.execute(f"PRAGMA max_page_count={pages + 2}")
        with pytest.raises(IndexFileError, match="disk is full"):
            index.add_image(as_image(ground(3)), path_text="large")
        assert index.stats() == before
        assert index.verify().ok


def test_index_of_the_first_format_is_refused_with_the_way_out(small_index):
    path = small_index(1)
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version=1")
    connection.close()
    with pytest.raises(IndexFileError, match=r"format 1.*older imgcheck.*build the index again"):
        HashIndex.open(path, writable=True)


@pytest.mark.slow
@pytest.mark.parametrize("table", ["hash_tail", "features", "preview"])
@pytest.mark.parametrize("value", [b"\x00\xff", bytes(40), "text", None])
def test_changed_content_is_an_error_never_a_wrong_answer(small_index, table, value):
    path = small_index(2)
    column, number = ("words", "id") if table == "hash_tail" else ("data", "picture")
    with sqlite3.connect(path) as connection:
        (content,) = connection.execute(
            f"SELECT {column} FROM {table} WHERE {number} = 1"
        ).fetchone()
        if value is None:  # one bit
            value = bytes([content[0] ^ 1]) + content[1:]
        connection.execute(f"UPDATE {table} SET {column} = ? WHERE {number} = 1", (value,))
    connection.close()
    with HashIndex.open(path) as index:
        unreadable = "a hash cannot" if table == "hash_tail" else "picture 1 cannot"
        assert any(unreadable in p for p in index.verify().problems)
        with pytest.raises(IndexFileError, match="damaged"):
            index.search(as_image(ground(0, shape=TINY), quality=90))


# Adds pictures without end and prints each number once the index has acknowledged it.
ADDER = """
import sys
import numpy as np
from imgcheck.hashing import (HashIndex, records)
start = int(sys.argv[2])
with HashIndex.open(sys.argv[1], writable=True) as index:
    print("open", flush=True)
    rng = np.random.default_rng(start)
    base = records.describe(np.zeros((8, 8, 3), np.uint8), sha256="00" * 32)
    for number in range(start, start + 100_000):
        record = records.Record(
            sha256=number.to_bytes(32, "big"),
            pixels=rng.bytes(32),
            shape=base.shape,
            views=base.views,
            gray=base.gray,
            clean=base.clean,
            features=base.features,
        )
        index.add_record(record, rng.bytes(3000), path_text=str(number))
        print(number, flush=True)
"""


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_when_the_writer_is_killed(tmp_path):
    path = tmp_path / "killed.imgcheck"
    HashIndex.create(path).close()
    acknowledged: set[str] = set()
    for number, awaited in enumerate([0, 1, 1, 3, 7, 20]):
        with subprocess.Popen(
            [sys.executable, "-c", ADDER, str(path), str(number * 1_000_000)],
            stdout=subprocess.PIPE,
            text=True,
        ) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "open\n"
            lines = [writer.stdout.readline().strip() for _ in range(awaited)]
            writer.kill()
            # What was printed before the kill counts too; a cut last line does not.
            lines += writer.stdout.read().split("\n")[:-1]
            acknowledged.update(lines)
        with HashIndex.open(path) as index:
            stored = [p.path for p in index.pictures()]
            assert len(stored) == len(set(stored))
            assert acknowledged <= set(stored)
            # At most the one that was under way is there without an acknowledgement.
            assert len(stored) <= len(acknowledged) + number + 1
    assert len(acknowledged) >= 32
    with HashIndex.open(path, writable=True) as index:
        problems = [p for p in index.verify().problems if "preview" not in p]
        assert problems == []


def test_format_of_the_file_is_pinned(small_index):
    path = small_index(1)
    header = path.read_bytes()[:100]
    assert header[:16] == b"SQLite format 3\0"
    assert int.from_bytes(header[68:72], "big") == store.APPLICATION_ID
    assert int.from_bytes(header[60:64], "big") == store.SCHEMA_VERSION == 2
