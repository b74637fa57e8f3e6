"""Count what an index holds, and list what in it is not as it was written."""

import sqlite3
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from imgcheck.errors import IndexFileError
from imgcheck.hashing import part_lists, records
from imgcheck.hashing.answer import IndexStats
from imgcheck.hashing.store import adding, database
from imgcheck.hashing.store.rows import Rows, polygon
from imgcheck.hashing.store.segments import TAIL, HashRows, Segments


def stats(source: Segments, *, snapshot: str) -> IndexStats:
    """Count what an index holds."""
    read = source.connection.execute
    rows, dated, first, last = read(
        "SELECT count(*), count(date), min(date), max(date) FROM picture"
    ).fetchone()
    hashable, low = read(
        "SELECT coalesce(sum(hashable), 0), coalesce(sum(hashable AND quality < 50), 0)"
        " FROM picture"
    ).fetchone()
    pages, size = read("PRAGMA page_count").fetchone()[0], read("PRAGMA page_size").fetchone()[0]
    return IndexStats(
        rows=rows,
        hashable=hashable,
        low_quality=low,
        with_features=read("SELECT count(*) FROM features WHERE count > 0").fetchone()[0],
        dated=dated,
        first_date=first,
        last_date=last,
        bytes=pages * size,
        schema=database.SCHEMA_VERSION,
        algorithm=records.ALGORITHM,
        snapshot=snapshot,
        hashes=sum(source.count(kind) for kind in source.kinds()),
        listed=Rows(source.connection, source.path).listed(),
        lists=tuple(name for (name,) in read("SELECT DISTINCT name FROM list ORDER BY name")),
        segments=read("SELECT count(*) FROM segment").fetchone()[0],
    )


def problems(source: Segments) -> Iterator[str]:
    """Return one sentence for each thing that is not whole."""
    read = source.connection.execute
    for (text,) in read("PRAGMA integrity_check(20)"):
        if text != "ok":
            yield f"SQLite finds damage: {text}"
    for table, row, *_ in read("PRAGMA foreign_key_check"):
        yield f"row {row} of {table} belongs to no picture"
    for table in ("features", "preview"):
        missing = read(f"SELECT id FROM picture WHERE id NOT IN (SELECT picture FROM {table})")
        for (picture,) in missing:
            yield f"picture {picture} has no {table}"
    yield from part_lists.problems(source.connection)
    yield from _unreadable(source.connection)
    yield from _hashes(source)
    yield from _digest(source.connection)


def _unreadable(connection: sqlite3.Connection) -> Iterator[str]:
    for picture, count, data in connection.execute("SELECT picture, count, data FROM features"):
        if records.unpack_features(data, count=count) is None:
            yield f"the features of picture {picture} cannot be read"
    for picture, data in connection.execute("SELECT picture, data FROM preview"):
        if records.unpack_preview(data) is None:
            yield f"the preview of picture {picture} cannot be read"
    for number, text in connection.execute("SELECT id, polygon FROM region"):
        if polygon(text) is None:
            yield f"the region of hash {number} cannot be read"


def _hashes(source: Segments) -> Iterator[str]:
    """Read every hash, and compare all with the pictures and lists."""
    sql = "SELECT id, name || char(0) || date FROM list"
    entries = dict(source.connection.execute(sql))
    none: NDArray[np.int64] = np.zeros(0, np.int64)
    owned, ids, total = [none], [none], 0
    try:
        for kind in source.kinds():
            for segment in [*source.numbers(kind), TAIL]:
                rows = source.rows(segment, kind)
                ids.append(rows.ids)
                rows = rows.without(source.tombstones(kind))
                owned.append(rows.ids[rows.lists == 0])
                folded, wrong = _lists(rows, kind, entries)
                total ^= folded
                if wrong:
                    yield f"{wrong} listed hashes of segment {segment} do not match their labels"
    except IndexFileError as error:
        yield error.message
        return
    if adding.digest(source.connection, "listed") != f"{total:016x}":
        yield "the digest of the content does not match the listed hashes: rows were altered"
    yield from _owners(source.connection, np.concatenate(owned), np.concatenate(ids))


def _lists(rows: HashRows, kind: str, entries: dict[int, str]) -> tuple[int, int]:
    """Fold the listed hashes among rows, and count those that do not fit their list or label."""
    total = wrong = 0
    for number in rows.list_numbers():
        chosen = rows.take(np.flatnonzero(rows.lists == number))
        if number not in entries:
            wrong += len(chosen)
            continue
        name, _, date = entries[number].partition("\0")
        wrong += int(np.sum(adding.keys_of(chosen, kind=kind, name=name) != chosen.keys))
        total ^= adding.listed_mark(chosen.keys, date=date or None)
    return total, wrong


def _owners(
    connection: sqlite3.Connection, owned: NDArray[np.int64], ids: NDArray[np.int64]
) -> Iterator[str]:
    sql = "SELECT id FROM picture WHERE hashable UNION ALL SELECT id FROM region"
    expected = np.array([row[0] for row in connection.execute(sql)], np.int64)
    for number in np.setdiff1d(expected, owned).tolist():
        yield f"the hash of picture {number} is missing"
    for number in np.setdiff1d(owned, expected).tolist():
        yield f"hash {number} belongs to no picture"
    if not np.all(np.diff(np.sort(ids))):
        yield "some hashes occur twice"
    dead = [row[0] for row in connection.execute("SELECT id FROM tombstone")]
    if not np.isin(dead, ids).all():
        yield "a hash that does not exist is marked as removed"


def _digest(connection: sqlite3.Connection) -> Iterator[str]:
    total = 0
    for row in connection.execute("SELECT sha256, algorithm, path, date, note FROM picture"):
        total ^= adding.picture_mark(*row)
    if adding.digest(connection, "digest") != f"{total:064x}":
        yield "the digest of the content does not match the pictures: rows were altered"
