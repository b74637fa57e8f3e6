"""Putting pictures and listed hashes into an index; every function runs inside a transaction.

The content of an index has a digest that does not depend on the order of adding or merging: each
picture and listed hash has a mark, and the marks are folded by exclusive or.
"""

import hashlib
import json
import sqlite3
import zlib
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from imgcheck.hashing import part_lists, records
from imgcheck.hashing.answer import Polygon
from imgcheck.hashing.perceptual import PdqHash
from imgcheck.hashing.records import Record
from imgcheck.hashing.store.segments import HashRows, Segments, among

# Constants of the finaliser of SplitMix64 (G. Steele et al., "Fast splittable pseudorandom number
# generators", OOPSLA 2014).
_MIX = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))
_LAST_SHIFT = 31
# So many sorted runs are looked through one by one before they are sorted into one.
_MOST_RUNS = 8
_RECENT = 65_536


def keys(
    words: NDArray[np.uint64],
    quality: NDArray[np.uint8],
    *,
    kind: str,
    name: str,
    labels: Sequence[str],
) -> NDArray[np.uint64]:
    """Return what tells listed hashes, (W, N), apart: kind, bits, quality, list and label."""
    seed = hashlib.blake2b(f"{kind}\0{name}".encode(), digest_size=8).digest()
    found = np.full(words.shape[1], int.from_bytes(seed, "little"), np.uint64)
    for column in (*words, quality.astype(np.uint64)):
        found = _mixed(found ^ column)
    texts = list(map(str.encode, labels))
    codes = np.fromiter(map(zlib.crc32, texts), np.uint64, count=len(texts))
    lengths = np.fromiter(map(len, texts), np.uint64, count=len(texts))
    return np.maximum(_mixed(found ^ codes ^ lengths << np.uint64(32)), np.uint64(1))


def keys_of(rows: HashRows, *, kind: str, name: str) -> NDArray[np.uint64]:
    """Return the keys of rows as they must be; see `keys`."""
    return keys(rows.words, rows.quality, kind=kind, name=name, labels=rows.labels)


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Scramble 64-bit values so that every bit depends on every other."""
    for shift, factor in _MIX:
        values = (values ^ (values >> np.uint64(shift))) * np.uint64(factor)
    return values ^ (values >> np.uint64(_LAST_SHIFT))


def picture_mark(
    sha256: bytes, algorithm: str, path: str, date: str | None, note: str | None
) -> int:
    """Return the mark of a picture in the digest of the content."""
    text = json.dumps([sha256.hex(), algorithm, path, date, note])
    return int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")


def listed_mark(found: NDArray[np.uint64], *, date: str | None) -> int:
    """Return the folded marks of listed hashes of one date, by their keys."""
    salt = zlib.crc32((date or "").encode())
    return int(np.bitwise_xor.reduce(_mixed(found ^ np.uint64(salt)), initial=np.uint64(0)))


def fold(connection: sqlite3.Connection, mark: int, *, listed: bool = False) -> None:
    """Put a mark into the digest of the content, or take it out: the same step."""
    name, digits = ("listed", 16) if listed else ("digest", 64)
    try:
        folded = int(digest(connection, name), 16) ^ mark
    except ValueError:
        raise sqlite3.DatabaseError("the digest of its content cannot be read") from None
    connection.execute("UPDATE meta SET value = ? WHERE key = ?", (f"{folded:0{digits}x}", name))


def digest(connection: sqlite3.Connection, name: str) -> str:
    """Return a digest as it stands in the file; empty if it is missing."""
    row = connection.execute("SELECT value FROM meta WHERE key = ?", (name,)).fetchone()
    return "" if row is None else str(row[0])


def snapshot_name(connection: sqlite3.Connection, *, listed: int) -> str:
    """Name the content: number of pictures, of listed hashes if any, and the digest."""
    count = connection.execute("SELECT count(*) FROM picture").fetchone()[0]
    pictures = digest(connection, "digest")[:16]
    if not listed:
        return f"{count}:{pictures}"
    return f"{count}+{listed}:{pictures}{digest(connection, 'listed')}"


class KnownKeys:
    """The keys of all listed hashes of an index, for the process that writes: 8 bytes a hash."""

    def __init__(self, source: Segments) -> None:
        self._runs: list[NDArray[np.uint64]] = []
        self._recent: set[int] = set()
        runs = [k[k != 0] for kind in source.kinds() for k, _ in _standing(source, kind)]
        if any(map(len, runs)):
            self._runs.append(np.sort(np.concatenate(runs)))

    def contains(self, found: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Return for many keys which are known, (N,) bool; much faster if they are sorted."""
        if len(found) == 1 and int(found[0]) in self._recent:
            return np.ones(1, bool)
        known = np.zeros(len(found), bool)
        for run in self._runs if len(found) == 1 else self._all_runs():
            known |= among(found, run)
        return known

    def add(self, found: NDArray[np.uint64]) -> None:
        """Add new keys, which are sorted."""
        if len(found) == 1:
            self._recent.add(int(found[0]))
        elif len(found):
            self._runs.append(found)
        if len(self._runs) > _MOST_RUNS or len(self._recent) > _RECENT:
            self._runs = [np.sort(np.concatenate(self._all_runs()))]

    def _all_runs(self) -> list[NDArray[np.uint64]]:
        if self._recent:
            recent = np.fromiter(self._recent, np.uint64, count=len(self._recent))
            self._runs.append(np.sort(recent))
            self._recent = set()
        return self._runs


def _standing(
    source: Segments, kind: str
) -> Iterator[tuple[NDArray[np.uint64], NDArray[np.int64]]]:
    """Return keys and ids of the hashes that were not taken out, segment by segment."""
    gone = source.tombstones(kind)
    for segment in source.numbers(kind):
        found, ids = source.column(segment, kind, "keys"), source.column(segment, kind, "ids")
        keep = ~among(ids, gone)
        yield found[keep], ids[keep]
    tail = source.tail(kind)
    yield tail.keys, tail.ids


def standing_keys(
    source: Segments, kind: str, wanted: NDArray[np.uint64]
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Return keys and ids of the listed hashes of a kind that are in ``wanted``."""
    found, numbers = [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)]
    wanted = np.sort(wanted)
    for of, ids in _standing(source, kind):
        at = among(of, wanted)
        found.append(of[at])
        numbers.append(ids[at])
    return np.concatenate(found), np.concatenate(numbers)


def picture(
    source: Segments,
    record: Record,
    preview: bytes,
    *,
    path: str,
    date: str | None,
    note: str | None,
    regions: Sequence[tuple[PdqHash, Polygon]],
) -> None:
    """Add a picture that is not in yet, with the hashes of its regions."""
    whole: list[tuple[PdqHash, Polygon]] = [(record.pdq, ())]
    hashed = [(one, region) for one, region in (*whole, *regions) if one.hashable]
    number = source.take_ids(1 + sum(bool(region) for _, region in hashed))
    execute = source.connection.execute
    rows, cols = record.shape
    execute(
        "INSERT INTO picture (id, sha256, algorithm, pixels, width, height, quality, hashable,"
        " path, date, note) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (number, record.sha256, records.ALGORITHM, record.pixels, cols, rows, record.pdq.quality,
         record.pdq.hashable, path, date, note),
    )  # fmt: skip
    packed = records.pack_features(record.features)
    execute("INSERT INTO features VALUES (?, ?, ?)", (number, len(record.features), packed))
    part_lists.append(source.connection, [(number, record.features, record.shape)])
    execute("INSERT INTO preview VALUES (?, ?)", (number, preview))
    ids, further = [], number
    for _, region in hashed:
        if not region:
            ids.append(number)
            continue
        further += 1
        ids.append(further)
        corners = json.dumps([[float(x), float(y)] for x, y in region])
        execute("INSERT INTO region VALUES (?, ?, ?)", (further, number, corners))
    if hashed:
        words = np.array([one.bits for one, _ in hashed]).T
        quality = np.array([one.quality for one, _ in hashed], np.uint8)
        source.append(HashRows.of_pictures(ids, words, quality), kind="pdq")
    mark = picture_mark(record.sha256, records.ALGORITHM, path, date, note)
    fold(source.connection, mark)


def hashes(
    source: Segments,
    known: KnownKeys,
    words: NDArray[np.uint64],
    *,
    quality: NDArray[np.uint8],
    labels: list[str],
    name: str,
    date: str | None,
    kind: str,
) -> NDArray[np.int64]:
    """Add listed hashes, (W, N), and return their ids, (N,)."""
    found = keys(words, quality, kind=kind, name=name, labels=labels)
    order = np.argsort(found)
    in_order = found[order]
    new = ~known.contains(in_order)
    new[1:] &= in_order[1:] != in_order[:-1]
    fresh = np.zeros(len(found), bool)
    fresh[order] = new
    count = int(fresh.sum())
    ids = np.zeros(len(found), np.int64)
    if count:
        start = source.take_ids(count)
        ids[fresh] = np.arange(start, start + count)
        rows = HashRows(
            ids=ids,
            words=words,
            quality=quality,
            lists=np.full(len(found), list_number(source.connection, name, date), np.uint32),
            keys=found,
            labels=labels,
        )
        rows = rows if count == len(found) else rows.take(np.flatnonzero(fresh))
        source.append(rows, kind=kind)
        fold(source.connection, listed_mark(rows.keys, date=date), listed=True)
        known.add(in_order[new])
    if count < len(found):
        standing, numbers = standing_keys(source, kind, found[~fresh])
        order = np.argsort(standing)
        ids[~fresh] = numbers[order[np.searchsorted(standing[order], found[~fresh])]]
    return ids


def remove_picture(source: Segments, number: int) -> bool:
    """Remove a picture with its hashes; return False if there is none with this id."""
    execute = source.connection.execute
    found = execute(
        "SELECT hashable, sha256, algorithm, path, date, note FROM picture WHERE id = ?", (number,)
    ).fetchone()
    if found is None:
        return False
    further = execute("SELECT id FROM region WHERE picture = ?", (number,)).fetchall()
    ids = [number] * bool(found[0]) + [row[0] for row in further]
    execute("DELETE FROM picture WHERE id = ?", (number,))
    source.remove(ids, kind="pdq")
    fold(source.connection, picture_mark(*found[1:]))
    return True


def remove_listed(source: Segments, number: int) -> bool:
    """Remove a listed hash; return False if there is none with this id."""
    found = source.find(number)
    if found is None:
        return False
    kind, row = found
    sql = "SELECT date FROM list WHERE id = ?"
    entry = source.connection.execute(sql, (int(row.lists[0]),)).fetchone()
    if entry is None:
        return False
    source.remove([number], kind=kind)
    fold(source.connection, listed_mark(row.keys, date=entry[0] or None), listed=True)
    return True


def remove_list(source: Segments, name: str) -> int:
    """Remove all hashes of a list, whatever their dates; return how many there were."""
    sql = "SELECT id, date FROM list WHERE name = ?"
    numbers = dict(source.connection.execute(sql, (name,)).fetchall())
    count = 0
    for kind in source.kinds():
        gone = []
        for rows in source.standing(kind):
            for number, date in numbers.items():
                chosen = rows.lists == number
                mark = listed_mark(rows.keys[chosen], date=date or None)
                fold(source.connection, mark, listed=True)
                gone += rows.ids[chosen].tolist()
        source.remove(gone, kind=kind)
        count += len(gone)
    source.connection.execute("DELETE FROM list WHERE name = ?", (name,))
    return count


def list_number(connection: sqlite3.Connection, name: str, date: str | None) -> int:
    """Return the number of a list, which is made if there is none of this name and date."""
    values = (name, date or "")
    connection.execute("INSERT OR IGNORE INTO list (name, date) VALUES (?, ?)", values)
    sql = "SELECT id FROM list WHERE name = ? AND date = ?"
    return int(connection.execute(sql, values).fetchone()[0])
