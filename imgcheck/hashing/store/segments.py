"""The hashes of an index: sealed segments of columns, and a tail of single rows.

Rows and their hashes change together: whatever writes here runs in a transaction of the caller.
The file may be untrusted, so every length and check sum is tested on reading.
"""

import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from imgcheck.errors import IndexFileError
from imgcheck.hashing.store import arguments, database

# Rows of a full segment: its words take 2 MB, which stay in the cache of one core while 16
# variants of a query are compared with them.
SEGMENT_ROWS = 65_536
# Single rows are slower to read than sealed ones; at this many they are sealed in a small segment,
# and small segments are joined when they fill a whole one.
TAIL_ROWS = 1024
# Stands in place of the number of a segment.
TAIL = 0
COLUMNS = ("words", "ids", "quality", "lists", "keys", "labels")
_NUMBERS = {"words": "<u8", "ids": "<i8", "quality": "u1", "lists": "<u4", "keys": "<u8"}
# Separates the labels of a segment; `arguments.checked_labels` lets none contain it.
_END = "\0"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HashRows:
    """Hashes of one kind with what belongs to them."""

    ids: NDArray[np.int64]  # (N,): never given twice in one index
    words: NDArray[np.uint64]  # (W, N): W = 1 for hashes of 64 bits, 4 for 256
    quality: NDArray[np.uint8]  # (N,)
    # (N,): which list a hash was taken from; 0 for the hash of a picture
    lists: NDArray[np.uint32]
    # (N,): what tells a listed hash from others (`adding.keys`); 0 for that of a picture
    keys: NDArray[np.uint64]
    labels: list[str]

    @classmethod
    def of_pictures(
        cls, ids: Sequence[int], words: NDArray[np.uint64], quality: NDArray[np.uint8]
    ) -> "HashRows":
        """Make rows of hashes, (4, N), that belong to pictures."""
        return cls(
            ids=np.array(ids, np.int64),
            words=words,
            quality=quality,
            lists=np.zeros(len(ids), np.uint32),
            keys=np.zeros(len(ids), np.uint64),
            labels=[""] * len(ids),
        )

    @classmethod
    def joined(cls, parts: Sequence["HashRows"]) -> "HashRows":
        """Concatenate rows of one kind; at least one part."""
        return cls(
            ids=np.concatenate([p.ids for p in parts]),
            words=np.concatenate([p.words for p in parts], axis=1),
            quality=np.concatenate([p.quality for p in parts]),
            lists=np.concatenate([p.lists for p in parts]),
            keys=np.concatenate([p.keys for p in parts]),
            labels=[label for p in parts for label in p.labels],
        )

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, which: NDArray[np.intp] | slice) -> "HashRows":
        """Return some of the rows, in the given order."""
        if isinstance(which, slice):
            labels = self.labels[which]
        else:
            labels = [self.labels[at] for at in which.tolist()]
        return HashRows(
            ids=self.ids[which],
            words=self.words[:, which],
            quality=self.quality[which],
            lists=self.lists[which],
            keys=self.keys[which],
            labels=labels,
        )

    def without(self, gone: NDArray[np.int64]) -> "HashRows":
        """Return the rows whose ids are not in ``gone``, which is sorted."""
        if len(gone) == 0:
            return self
        keep = ~among(self.ids, gone)
        return self if keep.all() else self.take(np.flatnonzero(keep))

    def list_numbers(self) -> list[int]:
        """Return the lists that occur, sorted."""
        found = np.sort(self.lists[self.lists > 0])
        return found[np.flatnonzero(np.diff(found, prepend=np.uint32(0)))].tolist()

    def packed(self) -> dict[str, bytes]:
        """Write each column as bytes."""
        found = {
            name: np.ascontiguousarray(getattr(self, name)).astype(kind, copy=False).tobytes()
            for name, kind in _NUMBERS.items()
        }
        return found | {"labels": _END.join(self.labels).encode()}

    def parity(self) -> NDArray[np.uint64]:
        """Return one word for each row that all its numbers must fit."""
        whole = np.bitwise_xor.reduce(self.words, axis=0)
        numbers = self.ids.astype(np.uint64) ^ self.lists.astype(np.uint64) << np.uint64(32)
        return whole ^ self.keys ^ numbers ^ self.quality.astype(np.uint64) << np.uint64(56)


class Segments:
    """The hashes of an index in one consistent state."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self.connection = connection
        self.path = path

    def count(self, kind: str) -> int:
        """Count the hashes of a kind."""
        return (
            self._sealed(kind) + self._number("hash_tail", kind) - self._number("tombstone", kind)
        )

    def kinds(self) -> list[str]:
        """Return the kinds that occur."""
        sql = "SELECT kind FROM segment UNION SELECT kind FROM hash_tail ORDER BY 1"
        found = [kind for (kind,) in self.connection.execute(sql)]
        if any(kind not in arguments.BITS for kind in found):
            raise self.damaged("the kind of a hash")
        return found

    def words(self, kind: str) -> Iterator[tuple[int, NDArray[np.uint64]]]:
        """Return each segment, and the tail if there is one, with its words, (W, rows)."""
        for segment in self.numbers(kind):
            yield segment, self.column(segment, kind, "words")
        tail = self.tail(kind)
        if len(tail):
            yield TAIL, tail.words

    def rows(self, segment: int, kind: str) -> HashRows:
        """Read a segment, or the tail, with all that belongs to its hashes."""
        if segment == TAIL:
            return self.tail(kind)
        numbers = {name: self.column(segment, kind, name) for name in _NUMBERS}
        return HashRows(**cast(Any, numbers), labels=self._labels(segment))

    def column(self, segment: int, kind: str, name: str) -> NDArray[Any]:
        """Read one column of numbers, (rows,), or (W, rows) for "words", without copying it."""
        rows, data = self._column(segment, name)
        wide = arguments.width(kind) if name == "words" else 1
        dtype = np.dtype(_NUMBERS[name])
        if len(data) != rows * wide * dtype.itemsize:
            raise self._unreadable(name)
        found = np.frombuffer(data, dtype)
        return found.reshape(wide, rows) if name == "words" else found

    def tail(self, kind: str) -> HashRows:
        """Read the rows that are not sealed yet."""
        rows = self.connection.execute(
            "SELECT id, words, quality, list, key, label FROM hash_tail WHERE kind = ? ORDER BY id",
            (kind,),
        ).fetchall()
        wide = arguments.width(kind)
        size = 8 * (wide + 1)
        if not all(
            isinstance(row[1], bytes) and len(row[1]) == size and isinstance(row[4], int)
            for row in rows
        ):
            raise self.damaged("a hash")
        table = np.frombuffer(b"".join(row[1] for row in rows), "<u8").reshape(-1, wide + 1).T
        found = HashRows(
            ids=np.array([row[0] for row in rows], np.int64),
            words=np.ascontiguousarray(table[:wide]),
            quality=np.array([row[2] for row in rows], np.uint8),
            lists=np.array([row[3] for row in rows], np.uint32),
            keys=np.array([row[4] for row in rows], np.int64).view(np.uint64),
            labels=[row[5] for row in rows],
        )
        if np.any(found.parity() != table[wide]):
            raise self.damaged("a hash")
        return found

    def numbers(self, kind: str) -> list[int]:
        """Return the sealed segments of a kind."""
        sql = "SELECT id FROM segment WHERE kind = ? ORDER BY id"
        return [number for (number,) in self.connection.execute(sql, (kind,)).fetchall()]

    def tombstones(self, kind: str) -> NDArray[np.int64]:
        """Return the ids that were taken out of sealed segments, sorted."""
        sql = "SELECT id FROM tombstone WHERE kind = ? ORDER BY id"
        return np.array([r[0] for r in self.connection.execute(sql, (kind,))], np.int64)

    def standing(self, kind: str) -> Iterator[HashRows]:
        """Return all rows of a kind that were not taken out, segment by segment."""
        gone = self.tombstones(kind)
        for segment in [*self.numbers(kind), TAIL]:
            found = self.rows(segment, kind).without(gone)
            if len(found):
                yield found

    def find(self, number: int) -> tuple[str, HashRows] | None:
        """Return the kind and the row of the hash with an id; None if there is none."""
        sql = (
            "SELECT kind, 0 AS segment FROM hash_tail WHERE id = ?1 UNION ALL"
            " SELECT kind, id AS segment FROM segment WHERE first <= ?1 AND last >= ?1"
        )
        for kind, segment in self.connection.execute(sql, (number,)).fetchall():
            ids = self.tail(kind).ids if segment == TAIL else self.column(segment, kind, "ids")
            at = np.flatnonzero(ids == number)
            if len(at) and number not in self.tombstones(kind):
                return kind, self.rows(segment, kind).take(at[:1])
        return None

    def damaged(self, what: str) -> IndexFileError:
        """Return the error that says what cannot be read."""
        return database.damaged(self.path, what)

    def take_ids(self, count: int) -> int:
        """Reserve ids that were never given before; return the first."""
        found = self.connection.execute("SELECT value FROM meta WHERE key = 'next'").fetchone()
        try:
            first = int(found[0])
        except (TypeError, ValueError):
            raise sqlite3.DatabaseError("its next id cannot be read") from None
        sql = "UPDATE meta SET value = ? WHERE key = 'next'"
        self.connection.execute(sql, (str(first + count),))
        return first

    def append(self, rows: HashRows, *, kind: str) -> None:
        """Add rows of one kind; full segments are sealed at once."""
        whole = len(rows) // SEGMENT_ROWS * SEGMENT_ROWS
        for start in range(0, whole, SEGMENT_ROWS):
            self._seal(rows.take(slice(start, start + SEGMENT_ROWS)), kind)
        rest = rows.take(slice(whole, None)) if whole else rows
        if self._number("hash_tail", kind) + len(rest) < TAIL_ROWS:
            self._wait(rest, kind)
        else:
            self._seal_small(rest, kind)

    def remove(self, numbers: Iterable[int], *, kind: str) -> None:
        """Take rows out by their ids: from the tail at once, from segments by a tombstone.

        When more than half of all sealed rows are gone, the segments that they fill are rewritten.
        """
        execute = self.connection.executemany
        sql = "SELECT id FROM hash_tail WHERE kind = ?"
        tail = {number for (number,) in self.connection.execute(sql, (kind,))}
        wanted = set(numbers)
        execute("DELETE FROM hash_tail WHERE id = ?", [(number,) for number in wanted & tail])
        execute("INSERT INTO tombstone VALUES (?, ?)", [(n, kind) for n in sorted(wanted - tail)])
        if 2 * self._number("tombstone", kind) > self._sealed(kind):
            self._rewrite(kind)

    def _number(self, table: str, kind: str) -> int:
        sql = f"SELECT count(*) FROM {table} WHERE kind = ?"
        return int(self.connection.execute(sql, (kind,)).fetchone()[0])

    def _sealed(self, kind: str) -> int:
        sql = "SELECT coalesce(sum(rows), 0) FROM segment WHERE kind = ?"
        return int(self.connection.execute(sql, (kind,)).fetchone()[0])

    def _rewrite(self, kind: str) -> None:
        gone = self.tombstones(kind)
        hollow = [
            segment
            for segment in self.numbers(kind)
            if 2 * among(ids := self.column(segment, kind, "ids"), gone).sum() > len(ids)
        ]
        # All are taken apart before any row is added again: adding joins segments itself.
        rest = [self._unsealed(segment, kind) for segment in hollow]
        if rest:
            self.append(HashRows.joined(rest), kind=kind)

    def _wait(self, rows: HashRows, kind: str) -> None:
        """Add rows to the tail, each with a last word that its numbers must fit."""
        table = np.vstack([rows.words, rows.parity()[None]]).astype("<u8")
        data = np.ascontiguousarray(table.T).tobytes()
        size = 8 * len(table)
        self.connection.executemany(
            "INSERT INTO hash_tail VALUES (?, ?, ?, ?, ?, ?, ?)",
            zip(
                rows.ids.tolist(),
                [kind] * len(rows),
                [data[at : at + size] for at in range(0, len(data), size)],
                rows.quality.tolist(),
                rows.lists.tolist(),
                rows.keys.view(np.int64).tolist(),
                rows.labels,
                strict=True,
            ),
        )

    def _seal_small(self, rows: HashRows, kind: str) -> None:
        """Seal the tail with new rows, joining small segments when they fill a whole one."""
        parts = [self.tail(kind), rows]
        self.connection.execute("DELETE FROM hash_tail WHERE kind = ?", (kind,))
        small = self.connection.execute(
            "SELECT id, rows FROM segment WHERE kind = ? AND rows < ? ORDER BY id",
            (kind, SEGMENT_ROWS),
        ).fetchall()
        if sum(count for _, count in small) + sum(map(len, parts)) >= SEGMENT_ROWS:
            parts = [self._unsealed(segment, kind) for segment, _ in small] + parts
        together = HashRows.joined(parts)
        for start in range(0, len(together), SEGMENT_ROWS):
            piece = together.take(slice(start, start + SEGMENT_ROWS))
            if len(piece) < TAIL_ROWS:
                self._wait(piece, kind)
            else:
                self._seal(piece, kind)

    def _unsealed(self, segment: int, kind: str) -> HashRows:
        """Take a segment apart; what was taken out of it before is dropped now."""
        found = self.rows(segment, kind)
        gone: NDArray[np.int64] = np.intersect1d(found.ids, self.tombstones(kind))
        execute = self.connection.executemany
        execute("DELETE FROM tombstone WHERE id = ?", [(int(g),) for g in gone])
        self.connection.execute("DELETE FROM segment WHERE id = ?", (segment,))
        return found.without(gone)

    def _seal(self, rows: HashRows, kind: str) -> None:
        segment = self.connection.execute(
            "INSERT INTO segment (kind, rows, first, last) VALUES (?, ?, ?, ?)",
            (kind, len(rows), int(rows.ids.min()), int(rows.ids.max())),
        ).lastrowid
        self.connection.executemany(
            "INSERT INTO segment_column VALUES (?, ?, ?, ?)",
            [(segment, name, zlib.crc32(data), data) for name, data in rows.packed().items()],
        )

    def _labels(self, segment: int) -> list[str]:
        rows, data = self._column(segment, "labels")
        try:
            found = data.decode().split(_END)
        except UnicodeDecodeError:
            raise self._unreadable("labels") from None
        if len(found) != rows:
            raise self._unreadable("labels")
        return found

    def _column(self, segment: int, name: str) -> tuple[int, bytes]:
        """Return the number of rows and the bytes of a column that fit their check sum."""
        row = self.connection.execute(
            "SELECT s.rows, c.sum, c.data FROM segment s JOIN segment_column c"
            " ON c.segment = s.id WHERE s.id = ? AND c.name = ?",
            (segment, name),
        ).fetchone()
        if row is None:
            raise self._unreadable(name)
        rows, total, data = row
        # SQLite does not notice a changed bit in a blob.
        whole = isinstance(data, bytes) and zlib.crc32(data) == total
        if not whole or not isinstance(rows, int) or rows < 1:
            raise self._unreadable(name)
        return rows, data

    def _unreadable(self, name: str) -> IndexFileError:
        return self.damaged(f"the {name} of a segment of hashes")


def among(values: NDArray[Any], wanted: NDArray[Any]) -> NDArray[np.bool_]:
    """Return for each value whether it is in ``wanted``, which is sorted."""
    if len(wanted) == 0:
        return np.zeros(len(values), bool)
    at = np.minimum(wanted.searchsorted(values), len(wanted) - 1)
    return np.asarray(wanted[at] == values)
