"""Inverted lists in the file of an index: which pictures have a feature in a cell.

A cache: everything here follows from the rows of ``features`` and can be discarded and made again
(`clear`, then `append`). The newest pictures stand in a tail, one row each; a few thousand of them
become a segment, one row for each cell, and some segments of a level become one of the next, so
that a search reads few rows however many pictures there are.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imgcheck.errors import IndexFileError
from imgcheck.hashing import codebook
from imgcheck.hashing.codebook import POSTING, Codebook, Postings, shipped
from imgcheck.imaging.features import Features

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

# The strongest features of a picture that are kept. With 500 a crop to 15 % of the side has half
# the votes (benchmarks: part_index).
FEATURES = 1000
SEALED_AT = 2048
FAN = 4
# A list holds this many postings at most, 4 MB: longer ones carry no information.
_LONGEST = 2**18

Cells = NDArray[np.uint32]
Item = tuple[int, Features, tuple[int, int]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lists:
    """Some lists of one segment, end to end."""

    cells: Cells  # (N,): rising
    lengths: NDArray[np.int64]  # (N,)
    postings: Postings  # (sum of lengths,) of `POSTING`


def missing(connection: sqlite3.Connection) -> tuple[int, ...]:
    """Return the pictures of the index that the lists do not hold."""
    rows = connection.execute(
        "SELECT id FROM picture WHERE id NOT IN (SELECT picture FROM part_member) ORDER BY id"
    )
    return tuple(row[0] for row in rows)


def usable(connection: sqlite3.Connection) -> bool:
    """Return whether all lists were made with the codebook of this version."""
    made = {
        name
        for table in ("part_segment", "part_tail")
        for (name,) in connection.execute(f"SELECT DISTINCT codebook FROM {table}")
    }
    return made <= {shipped().name}


def lengths(
    connection: sqlite3.Connection,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Count the rows and the postings of the segments in each cell, without the tail."""
    cells = shipped().cells
    rows, total = np.zeros(cells, np.int64), np.zeros(cells, np.int64)
    for segment, data in connection.execute("SELECT id, lengths FROM part_segment").fetchall():
        body = codebook.unsealed(data, _base_of(segment))
        if body is None or len(body) != 4 * cells:
            raise _damaged(f"the counts of segment {segment} have changed")
        held = np.frombuffer(body, "<u4")
        total += held
        rows += held > 0
    return rows, total


def read(connection: sqlite3.Connection, cells: Cells) -> Iterator[Lists]:
    """Return the lists of some cells, rising and without repetition, a bounded part at a time."""
    for (segment,) in connection.execute("SELECT id FROM part_segment ORDER BY id").fetchall():
        base = _base_of(segment)
        for start in range(0, len(cells), LISTS_AT_ONCE):
            wanted = cells[start : start + LISTS_AT_ONCE].astype(np.int64) + base
            rows = connection.execute(
                "SELECT id, data FROM part_list"
                " WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id",
                (json.dumps(wanted.tolist()),),
            ).fetchall()
            yield _lists(rows, base)
    yield from _tail(connection, cells)


def _stretch(connection: sqlite3.Connection, segment: int, start: int) -> Lists:
    """Return the lists of `LISTS_AT_ONCE` cells of a segment, from cell ``start``."""
    low = _base_of(segment) + start
    rows = connection.execute(
        "SELECT id, data FROM part_list WHERE id >= ? AND id < ? ORDER BY id",
        (low, low + LISTS_AT_ONCE),
    ).fetchall()
    return _lists(rows, _base_of(segment))


def _tail_rows(connection: sqlite3.Connection) -> Iterator[tuple[int, Cells, Postings]]:
    """Return the pictures of the tail, each with the cells of its postings."""
    book = shipped()
    rows = connection.execute("SELECT picture, codebook, data FROM part_tail ORDER BY picture")
    width = POSTING.itemsize + 4
    for picture, name, data in rows:
        body = codebook.unsealed(data, picture)
        if body is None or name != book.name or len(body) % width:
            raise _damaged(f"the entry of picture {picture} has changed")
        count = len(body) // width
        yield (
            picture,
            np.frombuffer(body, "<u4", count=count),
            np.frombuffer(body, POSTING, offset=4 * count),
        )


def problems(connection: sqlite3.Connection) -> Iterator[str]:
    """Return one sentence for each part of the lists that has changed."""
    if not usable(connection):
        yield "the lists for searching parts were made by another version"
        return
    try:
        lengths(connection)
        for _ in _tail_rows(connection):
            pass
        for (segment,) in connection.execute("SELECT id FROM part_segment").fetchall():
            for start in range(0, shipped().cells, LISTS_AT_ONCE):
                _stretch(connection, segment, start)
    except IndexFileError as error:
        yield error.message


def _base_of(segment: int) -> int:
    if not isinstance(segment, int) or not 0 <= segment < _LARGEST_SEGMENT:
        raise _damaged(f"a segment has the invalid number {segment!r}")
    return segment << CELL_BITS


def _lists(rows: list[tuple[int, bytes]], base: int) -> Lists:
    parts = [codebook.unsealed(data, key) for key, data in rows]
    if any(part is None or len(part) % POSTING.itemsize for part in parts):
        raise _damaged(f"a list of segment {base >> CELL_BITS} has changed")
    whole = [part for part in parts if part is not None]
    size = POSTING.itemsize
    return Lists(
        cells=(np.array([key for key, _ in rows], np.int64) - base).astype(np.uint32),
        lengths=np.array([len(part) // size for part in whole], np.int64),
        postings=np.frombuffer(b"".join(whole), POSTING),
    )


def _tail(connection: sqlite3.Connection, cells: Cells) -> Iterator[Lists]:
    """Return what the tail holds of the cells, in the form of a segment."""
    book = shipped()
    wanted = np.zeros(book.cells, np.bool_)
    wanted[cells] = True
    kept_cells, kept = [np.zeros(0, np.uint32)], [np.zeros(0, POSTING)]
    for _, own, made in _tail_rows(connection):
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


def _damaged(what: str) -> IndexFileError:
    return IndexFileError(
        f"the lists for searching parts are damaged: {what}; "
        "rebuild them with 'imgcheck index verify --relist'"
    )


def append(connection: sqlite3.Connection, pictures: Iterable[Item]) -> int:
    """Add pictures, (id, features strongest first, shape), and return how many were new."""
    count = 0
    waiting: list[tuple[int, Cells, Postings]] = []
    for picture, found, shape in pictures:
        if not 0 <= picture <= codebook.LARGEST_PICTURE:
            raise IndexFileError(
                f"picture {picture} has an id that the lists for searching parts cannot hold; "
                "build the index again"
            )
        new = connection.execute("INSERT OR IGNORE INTO part_member VALUES (?)", (picture,))
        if new.rowcount == 0:
            continue
        words = codebook.describe(shipped(), picture, strongest(found, FEATURES), shape)
        waiting.append((picture, *words))
        count += 1
        if len(waiting) == SEALED_AT:
            seal(connection, *_joined(waiting), pictures=len(waiting))
            waiting = []
    _to_tail(connection, waiting)
    return count


def _to_tail(connection: sqlite3.Connection, rows: Iterable[tuple[int, Cells, Postings]]) -> None:
    name = shipped().name
    for picture, cells, made in rows:
        data = codebook.sealed(cells.astype("<u4").tobytes() + made.tobytes(), picture)
        connection.execute("INSERT INTO part_tail VALUES (?, ?, ?)", (picture, name, data))
    if connection.execute("SELECT count(*) FROM part_tail").fetchone()[0] >= SEALED_AT:
        tail = list(_tail_rows(connection))
        seal(connection, *_joined(tail), pictures=len(tail))
        connection.execute("DELETE FROM part_tail")


def clear(connection: sqlite3.Connection) -> None:
    """Delete the lists, damaged or not; `append` makes them again."""
    for table in ("part_segment", "part_list", "part_tail", "part_member"):
        connection.execute(f"DELETE FROM {table}")


def strongest(found: Features, count: int) -> Features:
    """Return the first features."""
    return Features(
        points=found.points[:count],
        sizes=found.sizes[:count],
        angles=found.angles[:count],
        descriptors=found.descriptors[:count],
    )


def seal(connection: sqlite3.Connection, cells: Cells, made: Postings, *, pictures: int) -> None:
    """Write a segment of pictures that are in no segment yet, and merge full levels."""
    book = shipped()
    segment = _new_segment(connection, book.name, 0)
    held = _write(connection, segment, cells, made)
    _finish(connection, segment, pictures, held)
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
        " VALUES (?, ?, 0, 0, x'') RETURNING id",
        (name, level),
    ).fetchone()
    return int(row[0])


def _finish(
    connection: sqlite3.Connection, segment: int, pictures: int, held: NDArray[np.int64]
) -> None:
    connection.execute(
        "UPDATE part_segment SET pictures = ?, features = ?, lengths = ? WHERE id = ?",
        (
            pictures,
            int(held.sum()),
            codebook.sealed(held.astype("<u4").tobytes(), _base_of(segment)),
            segment,
        ),
    )


def _write(
    connection: sqlite3.Connection, segment: int, cells: Cells, made: Postings
) -> NDArray[np.int64]:
    """Write lists and return the length of each; in a list the order stays."""
    order = np.argsort(cells, kind="stable")
    present, first = np.unique(cells[order], return_index=True)
    data = made[order].tobytes()
    size, base = POSTING.itemsize, _base_of(segment)
    lengths = np.minimum(np.diff(np.append(first, len(order))), _LONGEST)
    starts, ends = first * size, (first + lengths) * size
    keys = (present.astype(np.int64) + base).tolist()
    connection.executemany(
        "INSERT INTO part_list VALUES (?, ?)",
        (
            (key, codebook.sealed(data[start:end], key))
            for key, start, end in zip(keys, starts.tolist(), ends.tolist(), strict=True)
        ),
    )
    held = np.zeros(shipped().cells, np.int64)
    held[present] = lengths
    return held


def _merge(connection: sqlite3.Connection, book: Codebook, level: int) -> bool:
    """Make one segment of a full level, without pictures that were removed meanwhile."""
    found = connection.execute(
        "SELECT id, pictures FROM part_segment WHERE level = ? AND codebook = ? ORDER BY id",
        (level, book.name),
    ).fetchall()
    if len(found) < FAN:
        return False
    alive = [row[0] for row in connection.execute("SELECT id FROM picture")]
    merged = _new_segment(connection, book.name, level + 1)
    held = np.zeros(book.cells, np.int64)
    for start in range(0, book.cells, LISTS_AT_ONCE):
        parts = [_stretch(connection, segment, start) for segment, _ in found]
        cells = np.concatenate([np.repeat(part.cells, part.lengths) for part in parts])
        made = np.concatenate([part.postings for part in parts])
        keep = np.isin(made["picture"], alive)
        held += _write(connection, merged, cells[keep], made[keep])
    _finish(connection, merged, sum(pictures for _, pictures in found), held)
    for segment, _ in found:
        low = _base_of(segment)
        connection.execute(
            "DELETE FROM part_list WHERE id >= ? AND id < ?", (low, low + (1 << CELL_BITS))
        )
        connection.execute("DELETE FROM part_segment WHERE id = ?", (segment,))
    return True
