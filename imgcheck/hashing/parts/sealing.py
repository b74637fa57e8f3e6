"""Write inverted lists: a tail of the newest pictures, sealed to segments, merged as they grow."""

import sqlite3
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from imgcheck.errors import IndexFileError
from imgcheck.hashing.parts import postings, segments
from imgcheck.hashing.parts.codebook import Codebook, shipped
from imgcheck.hashing.parts.postings import POSTING, Postings
from imgcheck.hashing.parts.segments import Cells
from imgcheck.imaging.features import Features

# The strongest features of a picture that are kept. With 500 a crop to 15 % of the side has half
# the votes (benchmarks: part_index).
FEATURES = 1000
SEALED_AT = 2048
FAN = 4
# A list holds this many postings at most, 4 MB: longer ones say nothing and are never read.
_LONGEST = 2**18

Item = tuple[int, Features, tuple[int, int]]


def append(connection: sqlite3.Connection, pictures: Iterable[Item]) -> int:
    """Add pictures to the lists; those that they hold already are passed over.

    Parameters
    ----------
    connection : sqlite3.Connection
        In a transaction of the caller.
    pictures : iterable of (id, Features, (rows, cols))
        Ids of rows of ``picture``; features strongest first, as
        `imgcheck.imaging.features.detect` gives them.

    Returns
    -------
    int
        How many were added.

    Notes
    -----
    Describing takes some 4 ms a picture. Now and then a call seals or merges segments, which
    takes seconds: 144 s in all for 100,000 pictures.
    """
    count = 0
    waiting: list[tuple[int, Cells, Postings]] = []
    for picture, found, shape in pictures:
        if not 0 <= picture <= postings.LARGEST_PICTURE:
            raise IndexFileError(
                f"picture {picture} has an id that the lists of the part search cannot hold; "
                "build the index again"
            )
        new = connection.execute("INSERT OR IGNORE INTO part_member VALUES (?)", (picture,))
        if new.rowcount == 0:
            continue
        words = postings.describe(shipped(), picture, strongest(found, FEATURES), shape)
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
        data = postings.sealed(cells.astype("<u4").tobytes() + made.tobytes(), picture)
        connection.execute("INSERT INTO part_tail VALUES (?, ?, ?)", (picture, name, data))
    if connection.execute("SELECT count(*) FROM part_tail").fetchone()[0] >= SEALED_AT:
        tail = list(segments.tail_rows(connection))
        seal(connection, *_joined(tail), pictures=len(tail))
        connection.execute("DELETE FROM part_tail")


def remove(connection: sqlite3.Connection, picture: int) -> None:
    """Forget a picture that is being removed.

    With foreign keys on, deleting its row of ``picture`` does the same. Its postings stay in a
    sealed segment until that is merged; `imgcheck.hashing.parts.inverted.candidates` skips them.
    """
    connection.execute("DELETE FROM part_tail WHERE picture = ?", (picture,))
    connection.execute("DELETE FROM part_member WHERE picture = ?", (picture,))


def clear(connection: sqlite3.Connection) -> None:
    """Throw the lists away, damaged or not; `append` makes them again."""
    for table in ("part_segment", "part_list", "part_tail", "part_member"):
        connection.execute(f"DELETE FROM {table}")


def strongest(found: Features, count: int) -> Features:
    """Give the first features."""
    return Features(
        points=found.points[:count],
        sizes=found.sizes[:count],
        angles=found.angles[:count],
        descriptors=found.descriptors[:count],
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
            postings.sealed(held.astype("<u4").tobytes(), segments.base_of(segment)),
            segment,
        ),
    )


def _write(
    connection: sqlite3.Connection, segment: int, cells: Cells, made: Postings
) -> NDArray[np.int64]:
    """Write lists, and give how long that of each cell is; in a list the order stays."""
    order = np.argsort(cells, kind="stable")
    present, first = np.unique(cells[order], return_index=True)
    data = made[order].tobytes()
    size, base = POSTING.itemsize, segments.base_of(segment)
    lengths = np.minimum(np.diff(np.append(first, len(order))), _LONGEST)
    starts, ends = first * size, (first + lengths) * size
    keys = (present.astype(np.int64) + base).tolist()
    connection.executemany(
        "INSERT INTO part_list VALUES (?, ?)",
        (
            (key, postings.sealed(data[start:end], key))
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
    alive = segments.living(connection)
    merged = _new_segment(connection, book.name, level + 1)
    held = np.zeros(book.cells, np.int64)
    for start in range(0, book.cells, segments.LISTS_AT_ONCE):
        parts = [segments.stretch(connection, segment, start) for segment, _ in found]
        cells = np.concatenate([np.repeat(part.cells, part.lengths) for part in parts])
        made = np.concatenate([part.postings for part in parts])
        keep = alive.has(made["picture"])
        held += _write(connection, merged, cells[keep], made[keep])
    _finish(connection, merged, sum(pictures for _, pictures in found), held)
    for segment, _ in found:
        low = segments.base_of(segment)
        connection.execute(
            "DELETE FROM part_list WHERE id >= ? AND id < ?", (low, low + (1 << segments.CELL_BITS))
        )
        connection.execute("DELETE FROM part_segment WHERE id = ?", (segment,))
    return True
