"""Inverted lists in the file of an index: which pictures have a feature in a cell.

A cache, never a source of truth: everything here follows from the rows of ``features`` and can
be thrown away and made again (`clear`, then `append`). The newest pictures stand in a tail, one
row each; every `SEALED_AT` of them become a segment, one row for each cell, and `FAN` segments
of a level become one of the next, so that a search reads few rows however many pictures there
are.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imgcheck.errors import IndexFileError
from imgcheck.hashing import postings
from imgcheck.hashing.codebook import Codebook, shipped
from imgcheck.hashing.postings import POSTING, Postings
from imgcheck.imaging.features import Features

SCHEMA = (
    "CREATE TABLE part_segment (id INTEGER PRIMARY KEY, codebook TEXT NOT NULL,"
    " level INTEGER NOT NULL, pictures INTEGER NOT NULL, features INTEGER NOT NULL,"
    " lengths BLOB NOT NULL)",
    # The id is the number of the segment times 2**32, plus the cell.
    "CREATE TABLE part_list (id INTEGER PRIMARY KEY, data BLOB NOT NULL)",
    "CREATE TABLE part_tail (picture INTEGER PRIMARY KEY, codebook TEXT NOT NULL,"
    " data BLOB NOT NULL)",
)
# The strongest features of a picture that are kept. With 500 a crop to 15 % of the side has half
# the votes (benchmarks: part_index).
FEATURES = 1000
SEALED_AT = 2048
FAN = 4
_CELL_BITS = 32
_LARGEST_SEGMENT = 2**30
# Lists that are read, or merged, at once: a few dozen MB at 100,000 pictures.
_LISTS_AT_ONCE = 4096

Cells = NDArray[np.uint32]
Item = tuple[int, Features, tuple[int, int]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lists:
    """Some lists of one segment, end to end.

    Attributes
    ----------
    cells : (N,) uint32
        Rising.
    lengths : (N,) int64
    postings : (sum of lengths,) of `POSTING`
    """

    cells: Cells
    lengths: NDArray[np.int64]
    postings: Postings


def append(connection: sqlite3.Connection, pictures: Iterable[Item]) -> int:
    """Add pictures to the lists.

    Parameters
    ----------
    connection : sqlite3.Connection
        In a transaction of the caller.
    pictures : iterable of (id, Features, (rows, cols))
        Features strongest first, as `imgcheck.imaging.features.detect` gives them.

    Returns
    -------
    int
        How many were added.
    """
    book, count = shipped(), 0
    waiting: list[tuple[int, Cells, Postings]] = []
    for picture, found, shape in pictures:
        if not 0 <= picture <= postings.LARGEST_PICTURE:
            raise IndexFileError(
                f"picture {picture} has an id that the lists of the part search cannot hold; "
                "build the index again"
            )
        cells, made = postings.describe(book, picture, strongest(found), shape)
        waiting.append((picture, cells, made))
        count += 1
        if len(waiting) == SEALED_AT:
            seal(connection, *_joined(waiting), pictures=len(waiting))
            waiting = []
    for picture, cells, made in waiting:
        data = postings.sealed(cells.astype("<u4").tobytes() + made.tobytes(), picture)
        connection.execute(
            "INSERT OR REPLACE INTO part_tail VALUES (?, ?, ?)", (picture, book.name, data)
        )
    if connection.execute("SELECT count(*) FROM part_tail").fetchone()[0] >= SEALED_AT:
        tail = list(_tail_rows(connection, book))
        seal(connection, *_joined(tail), pictures=len(tail))
        connection.execute("DELETE FROM part_tail")
    return count


def strongest(found: Features) -> Features:
    """Give the features that are kept."""
    return Features(
        points=found.points[:FEATURES],
        sizes=found.sizes[:FEATURES],
        angles=found.angles[:FEATURES],
        descriptors=found.descriptors[:FEATURES],
    )


def clear(connection: sqlite3.Connection) -> None:
    """Throw the lists away, damaged or not; `append` makes them again."""
    for table in ("part_segment", "part_list", "part_tail"):
        connection.execute(f"DELETE FROM {table}")


def usable(connection: sqlite3.Connection) -> bool:
    """Say whether all lists were made with the codebook of this version."""
    made = {
        name
        for table in ("part_segment", "part_tail")
        for (name,) in connection.execute(f"SELECT DISTINCT codebook FROM {table}")
    }
    return made <= {shipped().name}


def lengths(connection: sqlite3.Connection) -> tuple[int, NDArray[np.int64]]:
    """Count the segments, and what they hold in each cell; the tail is left out.

    Raises
    ------
    IndexFileError
        If the counts of a segment are damaged: `clear` and `append` again.
    """
    cells = shipped().cells
    total = np.zeros(cells, np.int64)
    rows = connection.execute("SELECT id, lengths FROM part_segment ORDER BY id").fetchall()
    for segment, data in rows:
        body = postings.unsealed(data, _base(segment))
        if body is None or len(body) != 4 * cells:
            raise _damaged(f"the counts of segment {segment} are not as they were written")
        total += np.frombuffer(body, "<u4")
    return len(rows), total


def read(connection: sqlite3.Connection, cells: Cells) -> Iterator[Lists]:
    """Give the lists of some cells, rising and without repetition, a bounded part at a time.

    Raises
    ------
    IndexFileError
        If a list is damaged: `clear` and `append` again.
    """
    for (segment,) in connection.execute("SELECT id FROM part_segment ORDER BY id").fetchall():
        base = _base(segment)
        for start in range(0, len(cells), _LISTS_AT_ONCE):
            wanted = cells[start : start + _LISTS_AT_ONCE].astype(np.int64) + base
            rows = connection.execute(
                "SELECT id, data FROM part_list"
                " WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id",
                (json.dumps(wanted.tolist()),),
            ).fetchall()
            yield _lists(rows, base)
    yield from _tail(connection, cells)


def _base(segment: int) -> int:
    if not isinstance(segment, int) or not 0 <= segment < _LARGEST_SEGMENT:
        raise _damaged(f"the number of a segment is {segment!r}")
    return segment << _CELL_BITS


def _lists(rows: list[tuple[int, bytes]], base: int) -> Lists:
    parts = [postings.unsealed(data, key) for key, data in rows]
    if any(part is None or len(part) % POSTING.itemsize for part in parts):
        raise _damaged(f"a list of segment {base >> _CELL_BITS} is not as it was written")
    whole = [part for part in parts if part is not None]
    size = POSTING.itemsize
    return Lists(
        cells=(np.array([key for key, _ in rows], np.int64) - base).astype(np.uint32),
        lengths=np.array([len(part) // size for part in whole], np.int64),
        postings=np.frombuffer(b"".join(whole), POSTING),
    )


def _tail_rows(
    connection: sqlite3.Connection, book: Codebook
) -> Iterator[tuple[int, Cells, Postings]]:
    rows = connection.execute("SELECT picture, codebook, data FROM part_tail ORDER BY picture")
    width = POSTING.itemsize + 4
    for picture, name, data in rows:
        body = postings.unsealed(data, picture)
        if body is None or name != book.name or len(body) % width:
            raise _damaged(f"the entry of picture {picture} is not as it was written")
        count = len(body) // width
        yield (
            picture,
            np.frombuffer(body, "<u4", count=count),
            np.frombuffer(body, POSTING, offset=4 * count),
        )


def _tail(connection: sqlite3.Connection, cells: Cells) -> Iterator[Lists]:
    """Give what the tail holds of the cells, in the form of a segment."""
    book = shipped()
    wanted = np.zeros(book.cells, np.bool_)
    wanted[cells] = True
    kept_cells, kept = [np.zeros(0, np.uint32)], [np.zeros(0, POSTING)]
    for _, own, made in _tail_rows(connection, book):
        if len(own) and own.max() >= book.cells:
            raise _damaged("a cell of the tail does not exist")
        some = wanted[own]
        kept_cells.append(own[some])
        kept.append(made[some])
    together = np.concatenate(kept_cells)
    order = np.argsort(together, kind="stable")
    present, lengths = np.unique(together, return_counts=True)
    yield Lists(
        cells=present.astype(np.uint32), lengths=lengths, postings=np.concatenate(kept)[order]
    )


def seal(connection: sqlite3.Connection, cells: Cells, made: Postings, *, pictures: int) -> None:
    """Write a segment, and merge what is full; for whoever has made words elsewhere.

    Parameters
    ----------
    connection : sqlite3.Connection
        In a transaction of the caller.
    cells : (N,) uint32
    made : (N,) of `POSTING`
        Of ``pictures`` pictures that are in no segment yet.
    pictures : int
    """
    book = shipped()
    segment = _new_segment(connection, book.name, 0)
    _write(connection, segment, cells, made)
    _finish(connection, segment, pictures, np.bincount(cells, minlength=book.cells))
    level = 0
    while _merge(connection, book, level):
        level += 1


def _joined(rows: list[tuple[int, Cells, Postings]]) -> tuple[Cells, Postings]:
    return (
        np.concatenate([cells for _, cells, _ in rows]),
        np.concatenate([part for _, _, part in rows]),
    )


def _new_segment(connection: sqlite3.Connection, name: str, level: int) -> int:
    row = connection.execute(
        "INSERT INTO part_segment (codebook, level, pictures, features, lengths)"
        " VALUES (?, ?, 0, 0, x'')",
        (name, level),
    ).lastrowid
    assert row is not None
    return row


def _finish(
    connection: sqlite3.Connection, segment: int, pictures: int, held: NDArray[np.int64]
) -> None:
    connection.execute(
        "UPDATE part_segment SET pictures = ?, features = ?, lengths = ? WHERE id = ?",
        (
            pictures,
            int(held.sum()),
            postings.sealed(held.astype("<u4").tobytes(), _base(segment)),
            segment,
        ),
    )


def _write(connection: sqlite3.Connection, segment: int, cells: Cells, made: Postings) -> None:
    """Write lists, sorted by cell; inside a list the order of the pictures stays."""
    order = np.argsort(cells, kind="stable")
    present, first = np.unique(cells[order], return_index=True)
    data = made[order].tobytes()
    size, base = POSTING.itemsize, _base(segment)
    ends = np.append(first[1:], len(order)) * size
    lists = zip((present.astype(np.int64) + base).tolist(), (first * size).tolist(), ends.tolist())
    connection.executemany(
        "INSERT INTO part_list VALUES (?, ?)",
        ((key, postings.sealed(data[start:end], key)) for key, start, end in lists),
    )


def _merge(connection: sqlite3.Connection, book: Codebook, level: int) -> bool:
    """Make one segment of a full level, without pictures that were removed meanwhile."""
    found = connection.execute(
        "SELECT id, pictures FROM part_segment WHERE level = ? AND codebook = ? ORDER BY id",
        (level, book.name),
    ).fetchall()
    if len(found) < FAN:
        return False
    alive = living(connection)
    merged = _new_segment(connection, book.name, level + 1)
    held = np.zeros(book.cells, np.int64)
    step = _LISTS_AT_ONCE
    for start in range(0, book.cells, step):
        parts = []
        for segment, _ in found:
            low = _base(segment) + start
            rows = connection.execute(
                "SELECT id, data FROM part_list WHERE id >= ? AND id < ? ORDER BY id",
                (low, low + step),
            ).fetchall()
            parts.append(_lists(rows, _base(segment)))
        cells = np.concatenate([np.repeat(part.cells, part.lengths) for part in parts])
        made = np.concatenate([part.postings for part in parts])
        keep = alive.has(made["picture"])
        _write(connection, merged, cells[keep], made[keep])
        held += np.bincount(cells[keep], minlength=book.cells)
    _finish(connection, merged, sum(pictures for _, pictures in found), held)
    for segment, _ in found:
        low = _base(segment)
        connection.execute(
            "DELETE FROM part_list WHERE id >= ? AND id < ?", (low, low + (1 << _CELL_BITS))
        )
        connection.execute("DELETE FROM part_segment WHERE id = ?", (segment,))
    return True


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Living:
    """Which pictures the index has now."""

    ids: NDArray[np.int64]

    def has(self, pictures: NDArray[np.uint32]) -> NDArray[np.bool_]:
        """Say of each id whether the index has it."""
        if len(self.ids) == 0:
            return np.zeros(len(pictures), np.bool_)
        at = np.minimum(np.searchsorted(self.ids, pictures), len(self.ids) - 1)
        return np.asarray(self.ids[at] == pictures, np.bool_)


def living(connection: sqlite3.Connection, *, among: NDArray[np.uint32] | None = None) -> Living:
    """Give the ids of ``picture``, or those among some."""
    if among is None:
        rows = connection.execute("SELECT id FROM picture ORDER BY id").fetchall()
    else:
        rows = connection.execute(
            "SELECT id FROM picture WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id",
            (json.dumps(among.tolist()),),
        ).fetchall()
    return Living(ids=np.array([row[0] for row in rows], np.int64))


def _damaged(what: str) -> IndexFileError:
    return IndexFileError(
        f"the lists of the part search are damaged: {what}; "
        "they are a cache: let the index build them again"
    )
