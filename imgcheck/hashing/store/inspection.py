"""Count what an index holds, and say what in it is not as it was written."""

import sqlite3
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from imgcheck.errors import IndexFileError
from imgcheck.hashing import records
from imgcheck.hashing.answer import IndexStats
from imgcheck.hashing.parts import inverted
from imgcheck.hashing.store import database as store
from imgcheck.hashing.store import listed, segments, snapshot
from imgcheck.hashing.store.hashrows import HashRows
from imgcheck.hashing.store.rows import Rows, polygon
from imgcheck.hashing.store.segments import Segments


def stats(connection: sqlite3.Connection, source: Segments, *, snapshot: str) -> IndexStats:
    """Count what an index holds.

    Parameters
    ----------
    connection : sqlite3.Connection
        In a read transaction.
    source : Segments
    snapshot : str
        Name of the content.
    """
    ask = connection.execute
    rows, dated, first, last = ask(
        "SELECT count(*), count(date), min(date), max(date) FROM picture"
    ).fetchone()
    hashable, low = ask(
        "SELECT coalesce(sum(hashable), 0), coalesce(sum(hashable AND quality < 50), 0)"
        " FROM picture"
    ).fetchone()
    pages, size = ask("PRAGMA page_count").fetchone()[0], ask("PRAGMA page_size").fetchone()[0]
    return IndexStats(
        rows=rows,
        hashable=hashable,
        low_quality=low,
        with_features=ask("SELECT count(*) FROM features WHERE count > 0").fetchone()[0],
        dated=dated,
        first_date=first,
        last_date=last,
        bytes=pages * size,
        schema=store.SCHEMA_VERSION,
        algorithm=records.ALGORITHM,
        snapshot=snapshot,
        hashes=sum(source.count(kind) for kind in source.kinds()),
        listed=Rows(connection, source.path).listed(),
        lists=tuple(name for (name,) in ask("SELECT DISTINCT name FROM list ORDER BY name")),
        segments=ask("SELECT count(*) FROM segment").fetchone()[0],
    )


def problems(connection: sqlite3.Connection, source: Segments) -> Iterator[str]:
    """Give one sentence for each thing that is not whole.

    Parameters
    ----------
    connection : sqlite3.Connection
        In a read transaction.
    source : Segments
    """
    for (text,) in connection.execute("PRAGMA integrity_check(20)"):
        if text != "ok":
            yield f"SQLite finds damage: {text}"
    for table, row, *_ in connection.execute("PRAGMA foreign_key_check"):
        yield f"row {row} of {table} belongs to nothing"
    for table in ("features", "preview"):
        missing = connection.execute(
            f"SELECT id FROM picture WHERE id NOT IN (SELECT picture FROM {table})"
        )
        for (picture,) in missing:
            yield f"picture {picture} has no {table}"
    yield from inverted.problems(connection)
    yield from _unreadable(connection)
    yield from _hashes(connection, source)
    yield from _digest(connection)


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


def _hashes(connection: sqlite3.Connection, source: Segments) -> Iterator[str]:
    """Read every hash; with all in hand, compare them with the pictures and lists."""
    entries = dict(connection.execute("SELECT id, name || char(0) || date FROM list"))
    owned, ids, total = [], [], 0
    try:
        for kind in source.kinds():
            for segment, *_ in [*source.listing(kind), (segments.TAIL,)]:
                rows = source.rows(segment, kind)
                ids.append(rows.ids)
                rows = segments.without(rows, source.tombstones(kind))
                owned.append(rows.ids[rows.lists == 0])
                folded, wrong = _lists(rows, kind, entries)
                total ^= folded
                if wrong:
                    yield f"{wrong} listed hashes of segment {segment} do not fit their labels"
    except IndexFileError as error:
        yield error.message
        return
    if snapshot.stored(connection, "listed") != f"{total:016x}":
        yield "the digest of the content does not fit the listed hashes: rows were altered"
    yield from _owners(connection, _flat(owned), _flat(ids))


def _lists(rows: HashRows, kind: str, entries: dict[int, str]) -> tuple[int, int]:
    """Fold the listed hashes among rows; also count those that do not fit what is said of them."""
    total = wrong = 0
    for number in rows.list_numbers():
        chosen = rows.take(np.flatnonzero(rows.lists == number))
        if number not in entries:
            wrong += len(chosen)
            continue
        name, _, date = entries[number].partition("\0")
        wrong += int(np.sum(listed.keys_of(chosen, kind=kind, name=name) != chosen.keys))
        total ^= listed.folded(chosen.keys, date=date or None)
    return total, wrong


def _owners(
    connection: sqlite3.Connection, owned: NDArray[np.int64], ids: NDArray[np.int64]
) -> Iterator[str]:
    asked = "SELECT id FROM picture WHERE hashable UNION ALL SELECT id FROM region"
    expected = np.array([row[0] for row in connection.execute(asked)], np.int64)
    for number in np.setdiff1d(expected, owned).tolist():
        yield f"the hash of picture {number} is missing"
    for number in np.setdiff1d(owned, expected).tolist():
        yield f"hash {number} belongs to no picture"
    if not np.all(np.diff(np.sort(ids))):
        yield "some hashes stand there twice"
    dead = [row[0] for row in connection.execute("SELECT id FROM tombstone")]
    if not np.isin(dead, ids).all():
        yield "a hash was taken out that is not there"


def _flat(parts: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    return np.concatenate([np.zeros(0, np.int64), *parts])


def _digest(connection: sqlite3.Connection) -> Iterator[str]:
    total = 0
    for row in connection.execute("SELECT sha256, algorithm, path, date, note FROM picture"):
        try:
            total ^= snapshot.picture_mark(*row)
        except (AttributeError, TypeError, ValueError):
            break
    if snapshot.stored(connection, "digest") != f"{total:064x}":
        yield "the digest of the content does not fit the pictures: rows were altered"
