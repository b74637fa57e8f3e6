"""Writing hashes: into the tail, and from there, or at once when there are many, into segments.

Every function runs inside a transaction of the caller: rows and segments change together.
"""

import sqlite3
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from imgcheck.hashing.store import hashrows, segments
from imgcheck.hashing.store.hashrows import SEGMENT_ROWS, HashRows, among, joined
from imgcheck.hashing.store.segments import Segments

# Single rows cost more to read than sealed ones; at this many they are sealed in a small segment,
# and small segments are joined when they fill a whole one.
TAIL_ROWS = 1024


def take_ids(connection: sqlite3.Connection, count: int) -> int:
    """Reserve ids that were never given before; give the first."""
    found = connection.execute("SELECT value FROM meta WHERE key = 'next'").fetchone()
    try:
        first = int(found[0])
    except (TypeError, ValueError):
        raise sqlite3.DatabaseError("its next id cannot be read") from None
    connection.execute("UPDATE meta SET value = ? WHERE key = 'next'", (str(first + count),))
    return first


def append(connection: sqlite3.Connection, source: Segments, rows: HashRows, *, kind: str) -> None:
    """Add rows of one kind; full segments are sealed at once."""
    whole = len(rows) // SEGMENT_ROWS * SEGMENT_ROWS
    for start in range(0, whole, SEGMENT_ROWS):
        _seal(connection, rows.take(slice(start, start + SEGMENT_ROWS)), kind)
    rest = rows.take(slice(whole, None)) if whole else rows
    waiting = connection.execute(
        "SELECT count(*) FROM hash_tail WHERE kind = ?", (kind,)
    ).fetchone()[0]
    if waiting + len(rest) < TAIL_ROWS:
        _wait(connection, rest, kind)
        return
    _seal_small(connection, source, rest, kind)


def remove(
    connection: sqlite3.Connection, source: Segments, numbers: Iterable[int], *, kind: str
) -> None:
    """Take rows out by their ids: from the tail at once, from segments by a tombstone.

    When more than half of all sealed rows are gone, the segments that they fill are rewritten.
    """
    asked = "SELECT id FROM hash_tail WHERE kind = ?"
    tail = {number for (number,) in connection.execute(asked, (kind,))}
    wanted = set(numbers)
    connection.executemany(
        "DELETE FROM hash_tail WHERE id = ?", [(number,) for number in wanted & tail]
    )
    connection.executemany(
        "INSERT INTO tombstone VALUES (?, ?)", [(number, kind) for number in sorted(wanted - tail)]
    )

    gone = connection.execute("SELECT count(*) FROM tombstone WHERE kind = ?", (kind,)).fetchone()
    sealed = connection.execute(
        "SELECT coalesce(sum(rows), 0) FROM segment WHERE kind = ?", (kind,)
    ).fetchone()
    if 2 * gone[0] > sealed[0]:
        _rewrite(connection, source, kind)


def _rewrite(connection: sqlite3.Connection, source: Segments, kind: str) -> None:
    gone = source.tombstones(kind)
    hollow = [
        segment
        for segment, *_ in source.listing(kind)
        if 2 * among(ids := source.column(segment, kind, "ids"), gone).sum() > len(ids)
    ]
    # All are taken apart before any row is added again: adding joins segments itself.
    rest = [_unsealed(connection, source, segment, kind) for segment in hollow]
    if rest:
        append(connection, source, joined(rest), kind=kind)


def _wait(connection: sqlite3.Connection, rows: HashRows, kind: str) -> None:
    connection.executemany(
        "INSERT INTO hash_tail VALUES (?, ?, ?, ?, ?, ?, ?)",
        zip(
            rows.ids.tolist(),
            [kind] * len(rows),
            segments.packed_tail(rows),
            rows.quality.tolist(),
            rows.lists.tolist(),
            rows.keys.view(np.int64).tolist(),
            rows.labels,
            strict=True,
        ),
    )


def _seal_small(
    connection: sqlite3.Connection, source: Segments, rows: HashRows, kind: str
) -> None:
    """Seal the tail with new rows, joining small segments when they fill a whole one."""
    parts = [source.tail(kind), rows]
    connection.execute("DELETE FROM hash_tail WHERE kind = ?", (kind,))
    small = connection.execute(
        "SELECT id, rows FROM segment WHERE kind = ? AND rows < ? ORDER BY id", (kind, SEGMENT_ROWS)
    ).fetchall()
    if sum(count for _, count in small) + sum(map(len, parts)) >= SEGMENT_ROWS:
        parts = [_unsealed(connection, source, segment, kind) for segment, _ in small] + parts
    together = joined(parts)
    for start in range(0, len(together), SEGMENT_ROWS):
        piece = together.take(slice(start, start + SEGMENT_ROWS))
        if len(piece) < TAIL_ROWS:
            _wait(connection, piece, kind)
        else:
            _seal(connection, piece, kind)


def _unsealed(
    connection: sqlite3.Connection, source: Segments, segment: int, kind: str
) -> HashRows:
    """Take a segment apart; what was taken out of it before is dropped now."""
    found = source.rows(segment, kind)
    gone: NDArray[np.int64] = np.intersect1d(found.ids, source.tombstones(kind))
    connection.executemany("DELETE FROM tombstone WHERE id = ?", [(int(g),) for g in gone])
    connection.execute("DELETE FROM segment WHERE id = ?", (segment,))
    return segments.without(found, gone)


def _seal(connection: sqlite3.Connection, rows: HashRows, kind: str) -> None:
    segment = connection.execute(
        "INSERT INTO segment (kind, rows, first, last) VALUES (?, ?, ?, ?)",
        (kind, len(rows), int(rows.ids.min()), int(rows.ids.max())),
    ).lastrowid
    connection.executemany(
        "INSERT INTO segment_column VALUES (?, ?, ?, ?)",
        [(segment, name, hashrows.check_sum(data), data) for name, data in rows.packed().items()],
    )
