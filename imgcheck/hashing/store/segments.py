"""Reading the hashes of an index: sealed segments and the tail, with doubt about every length."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from imgcheck.errors import IndexFileError
from imgcheck.hashing.store import database, hashrows, kinds
from imgcheck.hashing.store.hashrows import HashRows

# Where the tail stands in place of the number of a segment.
TAIL = 0


class Segments:
    """The hashes of an index in one consistent state."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self.path = path

    def count(self, kind: str) -> int:
        """Count the hashes of a kind."""
        total = 0
        for sign, table in ((1, "segment"), (1, "hash_tail"), (-1, "tombstone")):
            what = "coalesce(sum(rows), 0)" if table == "segment" else "count(*)"
            asked = f"SELECT {what} FROM {table} WHERE kind = ?"
            total += sign * self._connection.execute(asked, (kind,)).fetchone()[0]
        return total

    def kinds(self) -> list[str]:
        """Give the kinds that occur."""
        asked = "SELECT kind FROM segment UNION SELECT kind FROM hash_tail ORDER BY 1"
        found = [kind for (kind,) in self._connection.execute(asked)]
        if any(kind not in kinds.BITS for kind in found):
            raise self.damaged("the kind of a hash")
        return found

    def words(self, kind: str) -> Iterator[tuple[int, NDArray[np.uint64]]]:
        """Give each segment, and the tail if there is one, with its words, (W, rows)."""
        wide = kinds.width(kind)
        rows = self._connection.execute(
            "SELECT s.id, s.rows, c.sum, c.data FROM segment s LEFT JOIN segment_column c"
            " ON c.segment = s.id AND c.name = 'words' WHERE s.kind = ? ORDER BY s.id",
            (kind,),
        )
        for segment, count, total, data in rows:
            found = hashrows.numbers("words", data, total=total, rows=count, width=wide)
            if found is None:
                raise self.damaged("a segment of hashes")
            yield segment, cast(NDArray[np.uint64], found)
        tail = self.tail(kind)
        if len(tail):
            yield TAIL, tail.words

    def rows(self, segment: int, kind: str) -> HashRows:
        """Read a segment, or the tail, with all that belongs to its hashes."""
        if segment == TAIL:
            return self.tail(kind)
        numbers = {
            name: self.column(segment, kind, name) for name in hashrows.COLUMNS if name != "labels"
        }
        return HashRows(**cast(Any, numbers), labels=self._labels(segment))

    def column(self, segment: int, kind: str, name: str) -> NDArray[Any]:
        """Read one column of numbers."""
        rows, total, data = self._column(segment, name)
        found = hashrows.numbers(name, data, total=total, rows=rows, width=kinds.width(kind))
        if found is None:
            raise self.damaged(f"the {name} of a segment of hashes")
        return found

    def tail(self, kind: str) -> HashRows:
        """Read the rows that are not sealed yet."""
        rows = self._connection.execute(
            "SELECT id, words, quality, list, key, label FROM hash_tail WHERE kind = ? ORDER BY id",
            (kind,),
        ).fetchall()
        found = _unpacked(rows, kinds.width(kind))
        if found is None:
            raise self.damaged("a hash")
        return found

    def listing(self, kind: str) -> list[tuple[int, int, int]]:
        """Give (segment, lowest id, highest id) of the sealed segments."""
        asked = "SELECT id, first, last FROM segment WHERE kind = ? ORDER BY id"
        return self._connection.execute(asked, (kind,)).fetchall()

    def tombstones(self, kind: str) -> NDArray[np.int64]:
        """Give the ids that were taken out of sealed segments, sorted."""
        asked = "SELECT id FROM tombstone WHERE kind = ? ORDER BY id"
        return np.array([r[0] for r in self._connection.execute(asked, (kind,))], np.int64)

    def standing(self, kind: str) -> Iterator[HashRows]:
        """Give all rows of a kind that were not taken out, segment by segment."""
        gone = self.tombstones(kind)
        for segment, *_ in [*self.listing(kind), (TAIL,)]:
            found = without(self.rows(segment, kind), gone)
            if len(found):
                yield found

    def find(self, number: int) -> tuple[str, int, int] | None:
        """Give kind, segment and place of the hash with an id; None if there is none."""
        tail = self._connection.execute(
            "SELECT kind FROM hash_tail WHERE id = ?", (number,)
        ).fetchone()
        if tail is not None:
            ids = self.tail(tail[0]).ids
            return tail[0], TAIL, int(np.flatnonzero(ids == number)[0])
        asked = "SELECT id, kind FROM segment WHERE first <= ?1 AND last >= ?1"
        for segment, kind in self._connection.execute(asked, (number,)).fetchall():
            at = np.flatnonzero(self.column(segment, kind, "ids") == number)
            if len(at) and not self._is_gone(number):
                return kind, segment, int(at[0])
        return None

    def damaged(self, what: str) -> IndexFileError:
        """Give the error that says what cannot be read."""
        return database.damaged(self.path, what)

    def _is_gone(self, number: int) -> bool:
        asked = "SELECT 1 FROM tombstone WHERE id = ?"
        return self._connection.execute(asked, (number,)).fetchone() is not None

    def _labels(self, segment: int) -> list[str]:
        rows, total, data = self._column(segment, "labels")
        found = hashrows.texts(data, total=total, rows=rows)
        if found is None:
            raise self.damaged("the labels of a segment of hashes")
        return found

    def _column(self, segment: int, name: str) -> tuple[object, object, object]:
        row = self._connection.execute(
            "SELECT s.rows, c.sum, c.data FROM segment s JOIN segment_column c"
            " ON c.segment = s.id WHERE s.id = ? AND c.name = ?",
            (segment, name),
        ).fetchone()
        return (None, None, None) if row is None else row


def without(rows: HashRows, gone: NDArray[np.int64]) -> HashRows:
    """Give the rows whose ids are not among ``gone``, which is sorted."""
    if len(gone) == 0:
        return rows
    keep = ~hashrows.among(rows.ids, gone)
    return rows if keep.all() else rows.take(np.flatnonzero(keep))


def packed_tail(rows: HashRows) -> list[bytes]:
    """Write the words of rows for the tail, each with a last word that their numbers must fit."""
    table = np.vstack([rows.words, _parity(rows)[None]]).astype("<u8")
    data = np.ascontiguousarray(table.T).tobytes()
    size = 8 * len(table)
    return [data[at : at + size] for at in range(0, len(data), size)]


def _unpacked(rows: list[tuple[Any, ...]], wide: int) -> HashRows | None:
    size = 8 * (wide + 1)
    if not all(_plain(row) and len(row[1]) == size for row in rows):
        return None
    table = np.frombuffer(b"".join(row[1] for row in rows), "<u8").reshape(-1, wide + 1).T
    found = HashRows(
        ids=np.array([row[0] for row in rows], np.int64),
        words=np.ascontiguousarray(table[:wide]),
        quality=np.array([row[2] for row in rows], np.uint8),
        lists=np.array([row[3] for row in rows], np.uint32),
        keys=np.array([row[4] for row in rows], np.int64).view(np.uint64),
        labels=[row[5] for row in rows],
    )
    return None if np.any(_parity(found) != table[wide]) else found


def _plain(row: tuple[Any, ...]) -> bool:
    number, words, quality, listed, key, label = row
    return (
        isinstance(words, bytes)
        and all(isinstance(value, int) for value in (number, quality, listed, key))
        and 0 <= quality <= 255
        and 0 <= listed < 2**32
        and isinstance(label, str)
    )


def _parity(rows: HashRows) -> NDArray[np.uint64]:
    whole = np.bitwise_xor.reduce(rows.words, axis=0)
    numbers = rows.ids.astype(np.uint64) ^ rows.lists.astype(np.uint64) << np.uint64(32)
    return whole ^ rows.keys ^ numbers ^ rows.quality.astype(np.uint64) << np.uint64(56)
