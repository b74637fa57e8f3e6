"""Count what an index holds, and say what in it is not as it was written."""

import sqlite3
from collections.abc import Iterator

import numpy as np

from imgcheck.hashing import records, store
from imgcheck.hashing.answer import IndexStats


def stats(connection: sqlite3.Connection, *, snapshot: str) -> IndexStats:
    """Count what an index holds.

    Parameters
    ----------
    connection : sqlite3.Connection
        In a read transaction.
    snapshot : str
        Name of the content.
    """
    ask = connection.execute
    rows, dated, first, last = ask(
        "SELECT count(*), count(date), min(date), max(date) FROM picture"
    ).fetchone()
    hashable, low = ask(
        "SELECT coalesce(sum(hashable), 0), coalesce(sum(hashable AND quality < 50), 0) FROM hash"
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
    )


def problems(connection: sqlite3.Connection) -> Iterator[str]:
    """Give one sentence for each thing that is not whole.

    Parameters
    ----------
    connection : sqlite3.Connection
        In a read transaction.
    """
    for (text,) in connection.execute("PRAGMA integrity_check(20)"):
        if text != "ok":
            yield f"SQLite finds damage: {text}"
    for table, row, *_ in connection.execute("PRAGMA foreign_key_check"):
        yield f"row {row} of {table} belongs to no picture"
    for table in ("hash", "features", "preview"):
        missing = connection.execute(
            f"SELECT id FROM picture WHERE id NOT IN (SELECT picture FROM {table})"
        )
        for (picture,) in missing:
            yield f"picture {picture} has no {table}"
    yield from _unreadable(connection)
    yield from _digest(connection)


def _unreadable(connection: sqlite3.Connection) -> Iterator[str]:
    for picture, words, quality in connection.execute("SELECT picture, words, quality FROM hash"):
        if records.unpack_hashes([words], np.array([quality], np.int64)) is None:
            yield f"the hash of picture {picture} cannot be read"
    for picture, count, data in connection.execute("SELECT picture, count, data FROM features"):
        if records.unpack_features(data, count=count) is None:
            yield f"the features of picture {picture} cannot be read"
    for picture, data in connection.execute("SELECT picture, data FROM preview"):
        if records.unpack_preview(data) is None:
            yield f"the preview of picture {picture} cannot be read"


def _digest(connection: sqlite3.Connection) -> Iterator[str]:
    total = 0
    for (sha256,) in connection.execute("SELECT sha256 FROM picture"):
        total ^= int.from_bytes(sha256, "big")
    stored = connection.execute("SELECT value FROM meta WHERE key = 'digest'").fetchone()
    if stored is None or stored[0] != f"{total:064x}":
        yield "the digest of the content does not fit the pictures: rows were altered"
