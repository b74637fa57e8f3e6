"""Inverted lists in the file of an index: which pictures have a feature in a cell.

A cache, never a source of truth: everything here follows from the rows of ``features`` and can
be thrown away and made again (`sealing.clear`, then `sealing.append`). The newest pictures stand
in a tail, one row each; a few thousand of them become a segment, one row for each cell, and some
segments of a level become one of the next, so that a search reads few rows however many pictures
there are.
"""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imgcheck.errors import IndexFileError
from imgcheck.hashing.parts import postings
from imgcheck.hashing.parts.codebook import shipped
from imgcheck.hashing.parts.postings import POSTING, Postings

SCHEMA = (
    "CREATE TABLE part_segment (id INTEGER PRIMARY KEY, codebook TEXT NOT NULL,"
    " level INTEGER NOT NULL, pictures INTEGER NOT NULL, features INTEGER NOT NULL,"
    " lengths BLOB NOT NULL)",
    # The id is the number of the segment times 2**32, plus the cell.
    "CREATE TABLE part_list (id INTEGER PRIMARY KEY, data BLOB NOT NULL)",
    "CREATE TABLE part_tail (picture INTEGER PRIMARY KEY"
    " REFERENCES picture (id) ON DELETE CASCADE, codebook TEXT NOT NULL, data BLOB NOT NULL)",
    # Which pictures the segments and the tail hold.
    "CREATE TABLE part_member (picture INTEGER PRIMARY KEY"
    " REFERENCES picture (id) ON DELETE CASCADE)",
)
CELL_BITS = 32
_LARGEST_SEGMENT = 2**30
# Lists that are read, or merged, at once: a few dozen MB at 100,000 pictures.
LISTS_AT_ONCE = 4096

Cells = NDArray[np.uint32]


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


def missing(connection: sqlite3.Connection) -> tuple[int, ...]:
    """Give the pictures of the index that the lists do not hold."""
    rows = connection.execute(
        "SELECT id FROM picture WHERE id NOT IN (SELECT picture FROM part_member) ORDER BY id"
    )
    return tuple(row[0] for row in rows)


def usable(connection: sqlite3.Connection) -> bool:
    """Say whether all lists were made with the codebook of this version."""
    made = {
        name
        for table in ("part_segment", "part_tail")
        for (name,) in connection.execute(f"SELECT DISTINCT codebook FROM {table}")
    }
    return made <= {shipped().name}


def lengths(
    connection: sqlite3.Connection,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Count the rows and the postings that the segments hold in each cell; not those of the tail.

    Raises
    ------
    IndexFileError
        If the counts of a segment are damaged: build the lists again.
    """
    cells = shipped().cells
    rows, total = np.zeros(cells, np.int64), np.zeros(cells, np.int64)
    for segment, data in connection.execute("SELECT id, lengths FROM part_segment").fetchall():
        body = postings.unsealed(data, base_of(segment))
        if body is None or len(body) != 4 * cells:
            raise damaged(f"the counts of segment {segment} are not as they were written")
        held = np.frombuffer(body, "<u4")
        total += held
        rows += held > 0
    return rows, total


def read(connection: sqlite3.Connection, cells: Cells) -> Iterator[Lists]:
    """Give the lists of some cells, rising and without repetition, a bounded part at a time.

    Raises
    ------
    IndexFileError
        If a list is damaged: build the lists again.
    """
    for (segment,) in connection.execute("SELECT id FROM part_segment ORDER BY id").fetchall():
        base = base_of(segment)
        for start in range(0, len(cells), LISTS_AT_ONCE):
            wanted = cells[start : start + LISTS_AT_ONCE].astype(np.int64) + base
            rows = connection.execute(
                "SELECT id, data FROM part_list"
                " WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id",
                (json.dumps(wanted.tolist()),),
            ).fetchall()
            yield _lists(rows, base)
    yield from _tail(connection, cells)


def stretch(connection: sqlite3.Connection, segment: int, start: int) -> Lists:
    """Give the lists of `LISTS_AT_ONCE` cells of a segment, from cell ``start``."""
    low = base_of(segment) + start
    rows = connection.execute(
        "SELECT id, data FROM part_list WHERE id >= ? AND id < ? ORDER BY id",
        (low, low + LISTS_AT_ONCE),
    ).fetchall()
    return _lists(rows, base_of(segment))


def tail_rows(connection: sqlite3.Connection) -> Iterator[tuple[int, Cells, Postings]]:
    """Give the pictures of the tail, each with the cells of its postings.

    Raises
    ------
    IndexFileError
        If one is damaged.
    """
    book = shipped()
    rows = connection.execute("SELECT picture, codebook, data FROM part_tail ORDER BY picture")
    width = POSTING.itemsize + 4
    for picture, name, data in rows:
        body = postings.unsealed(data, picture)
        if body is None or name != book.name or len(body) % width:
            raise damaged(f"the entry of picture {picture} is not as it was written")
        count = len(body) // width
        yield (
            picture,
            np.frombuffer(body, "<u4", count=count),
            np.frombuffer(body, POSTING, offset=4 * count),
        )


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


def problems(connection: sqlite3.Connection) -> Iterator[str]:
    """Give one sentence for each part of the lists that is not as it was written.

    Parameters
    ----------
    connection : sqlite3.Connection
        In a read transaction.
    """
    if not usable(connection):
        yield "the lists of the part search were made by another version"
        return
    try:
        lengths(connection)
        for _ in tail_rows(connection):
            pass
        for (segment,) in connection.execute("SELECT id FROM part_segment").fetchall():
            for start in range(0, shipped().cells, LISTS_AT_ONCE):
                stretch(connection, segment, start)
    except IndexFileError as error:
        yield error.message


def base_of(segment: int) -> int:
    if not isinstance(segment, int) or not 0 <= segment < _LARGEST_SEGMENT:
        raise damaged(f"the number of a segment is {segment!r}")
    return segment << CELL_BITS


def _lists(rows: list[tuple[int, bytes]], base: int) -> Lists:
    parts = [postings.unsealed(data, key) for key, data in rows]
    if any(part is None or len(part) % POSTING.itemsize for part in parts):
        raise damaged(f"a list of segment {base >> CELL_BITS} is not as it was written")
    whole = [part for part in parts if part is not None]
    size = POSTING.itemsize
    return Lists(
        cells=(np.array([key for key, _ in rows], np.int64) - base).astype(np.uint32),
        lengths=np.array([len(part) // size for part in whole], np.int64),
        postings=np.frombuffer(b"".join(whole), POSTING),
    )


def _tail(connection: sqlite3.Connection, cells: Cells) -> Iterator[Lists]:
    """Give what the tail holds of the cells, in the form of a segment."""
    book = shipped()
    wanted = np.zeros(book.cells, np.bool_)
    wanted[cells] = True
    kept_cells, kept = [np.zeros(0, np.uint32)], [np.zeros(0, POSTING)]
    for _, own, made in tail_rows(connection):
        if len(own) and own.max() >= book.cells:
            raise damaged("a cell of the tail does not exist")
        some = wanted[own]
        kept_cells.append(own[some])
        kept.append(made[some])
    together = np.concatenate(kept_cells)
    order = np.argsort(together, kind="stable")
    present, lengths = np.unique(together, return_counts=True)
    yield Lists(
        cells=present.astype(np.uint32), lengths=lengths, postings=np.concatenate(kept)[order]
    )


def damaged(what: str) -> IndexFileError:
    return IndexFileError(
        f"the lists of the part search are damaged: {what}; "
        "they are a cache: let the index build them again"
    )
