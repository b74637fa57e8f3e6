"""Putting pictures and listed hashes into an index; every function runs inside a transaction."""

import json
import sqlite3
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from imgcheck.hashing import records
from imgcheck.hashing.answer import Polygon
from imgcheck.hashing.parts import inverted
from imgcheck.hashing.perceptual import PdqHash
from imgcheck.hashing.records import Record
from imgcheck.hashing.store import listed, sealing, snapshot
from imgcheck.hashing.store.hashrows import HashRows, among
from imgcheck.hashing.store.listed import KnownKeys
from imgcheck.hashing.store.segments import Segments


def picture(
    connection: sqlite3.Connection,
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
    hashed = [(record.pdq, None), *regions] if record.pdq.hashable else list(regions)
    hashed = [(one, region) for one, region in hashed if one.hashable]
    number = sealing.take_ids(connection, 1 + sum(region is not None for _, region in hashed))
    connection.execute(
        "INSERT INTO picture (id, sha256, algorithm, pixels, width, height, quality, hashable,"
        " path, date, note) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            number,
            record.sha256,
            records.ALGORITHM,
            record.pixels,
            record.shape[1],
            record.shape[0],
            record.pdq.quality,
            record.pdq.hashable,
            path,
            date,
            note,
        ),
    )
    connection.execute(
        "INSERT INTO features VALUES (?, ?, ?)",
        (number, len(record.features), records.pack_features(record.features)),
    )
    inverted.append(connection, [(number, record.features, record.shape)])
    connection.execute("INSERT INTO preview VALUES (?, ?)", (number, preview))
    _hashes_of(connection, source, number, hashed)
    snapshot.fold(
        connection,
        snapshot.picture_mark(record.sha256, records.ALGORITHM, path, date, note),
    )


def _hashes_of(
    connection: sqlite3.Connection,
    source: Segments,
    number: int,
    hashed: Sequence[tuple[PdqHash, Polygon | None]],
) -> None:
    if not hashed:
        return
    ids, further = [], number
    for _, region in hashed:
        if region is None:
            ids.append(number)
            continue
        further += 1
        ids.append(further)
        corners = json.dumps([[float(x), float(y)] for x, y in region])
        connection.execute("INSERT INTO region VALUES (?, ?, ?)", (further, number, corners))
    rows = of_pictures(
        ids,
        np.array([one.bits for one, _ in hashed]).T,
        np.array([one.quality for one, _ in hashed], np.uint8),
    )
    sealing.append(connection, source, rows, kind="pdq")


def of_pictures(
    ids: Sequence[int], words: NDArray[np.uint64], quality: NDArray[np.uint8]
) -> HashRows:
    """Give rows of hashes, (4, N), that belong to pictures."""
    return HashRows(
        ids=np.array(ids, np.int64),
        words=words,
        quality=quality,
        lists=np.zeros(len(ids), np.uint32),
        keys=np.zeros(len(ids), np.uint64),
        labels=[""] * len(ids),
    )


def hashes(
    connection: sqlite3.Connection,
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
    """Add listed hashes, (W, N); those that agree in all but the date are one.

    Returns
    -------
    (N,) int64
        Their ids; of a known one its own.
    """
    found = listed.keys(words, quality, kind=kind, name=name, labels=labels)
    order = np.argsort(found)
    in_order = found[order]
    new = ~known.contains(in_order)
    new[1:] &= in_order[1:] != in_order[:-1]
    fresh = np.zeros(len(found), bool)
    fresh[order] = new
    count = int(fresh.sum())
    ids = np.zeros(len(found), np.int64)
    if count:
        start = sealing.take_ids(connection, count)
        ids[fresh] = np.arange(start, start + count)
        rows = HashRows(
            ids=ids,
            words=words,
            quality=quality,
            lists=np.full(len(found), list_number(connection, name, date), np.uint32),
            keys=found,
            labels=labels,
        )
        rows = rows if count == len(found) else rows.take(np.flatnonzero(fresh))
        sealing.append(connection, source, rows, kind=kind)
        snapshot.fold(connection, listed.folded(rows.keys, date=date), listed=True)
        known.add(in_order[new])
    if count < len(found):
        ids[~fresh] = ids_of(source, found[~fresh], kind=kind)
    return ids


def remove_picture(connection: sqlite3.Connection, source: Segments, number: int) -> bool:
    """Take a picture out with its hashes; False if there is none with this id."""
    found = connection.execute(
        "SELECT hashable, sha256, algorithm, path, date, note FROM picture WHERE id = ?", (number,)
    ).fetchone()
    if found is None:
        return False
    further = connection.execute("SELECT id FROM region WHERE picture = ?", (number,)).fetchall()
    ids = [number] * bool(found[0]) + [row[0] for row in further]
    connection.execute("DELETE FROM picture WHERE id = ?", (number,))
    sealing.remove(connection, source, ids, kind="pdq")
    snapshot.fold(connection, snapshot.picture_mark(*found[1:]))
    return True


def remove_listed(connection: sqlite3.Connection, source: Segments, number: int) -> bool:
    """Take a listed hash out; False if there is none with this id."""
    place = source.find(number)
    if place is None:
        return False
    kind, segment, at = place
    row = source.rows(segment, kind).take(slice(at, at + 1))
    entry = connection.execute(
        "SELECT date FROM list WHERE id = ?", (int(row.lists[0]),)
    ).fetchone()
    if entry is None:
        return False
    sealing.remove(connection, source, [number], kind=kind)
    snapshot.fold(connection, listed.folded(row.keys, date=entry[0] or None), listed=True)
    return True


def remove_list(connection: sqlite3.Connection, source: Segments, name: str) -> int:
    """Take out all hashes of a list, whatever their dates; give how many there were."""
    asked = "SELECT id, date FROM list WHERE name = ?"
    numbers = dict(connection.execute(asked, (name,)).fetchall())
    count = 0
    for kind in source.kinds():
        gone = []
        for rows in source.standing(kind):
            for number, date in numbers.items():
                chosen = rows.lists == number
                mark = listed.folded(rows.keys[chosen], date=date or None)
                snapshot.fold(connection, mark, listed=True)
                gone += rows.ids[chosen].tolist()
        sealing.remove(connection, source, gone, kind=kind)
        count += len(gone)
    connection.execute("DELETE FROM list WHERE name = ?", (name,))
    return count


def ids_of(source: Segments, wanted: NDArray[np.uint64], *, kind: str) -> NDArray[np.int64]:
    """Give the ids of listed hashes by their keys, all of which are in the index."""
    keys, ids = standing_keys(source, kind, wanted)
    order = np.argsort(keys)
    return ids[order[np.searchsorted(keys[order], wanted)]]


def standing_keys(
    source: Segments, kind: str, wanted: NDArray[np.uint64]
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Give keys and ids of the listed hashes of a kind that are among ``wanted``."""
    gone = source.tombstones(kind)
    wanted = np.sort(wanted)
    tail = source.tail(kind)
    keys, ids = [], []
    for segment in [*(s for s, *_ in source.listing(kind)), None]:
        of = tail.keys if segment is None else source.column(segment, kind, "keys")
        at = np.flatnonzero(among(of, wanted))
        if len(at) == 0:
            continue
        numbers = tail.ids if segment is None else source.column(segment, kind, "ids")
        at = at[~among(numbers[at], gone)]
        keys.append(of[at])
        ids.append(numbers[at])
    if not keys:
        return np.zeros(0, np.uint64), np.zeros(0, np.int64)
    return np.concatenate(keys), np.concatenate(ids)


def known_keys(source: Segments) -> KnownKeys:
    """Read the keys of all listed hashes."""
    runs = []
    for kind in source.kinds():
        gone = source.tombstones(kind)
        for segment, *_ in source.listing(kind):
            keys = source.column(segment, kind, "keys")
            if len(gone):
                keys = keys[~among(source.column(segment, kind, "ids"), gone)]
            runs.append(keys[keys != 0])
        tail = source.tail(kind).keys
        runs.append(tail[tail != 0])
    return KnownKeys(runs)


def list_number(connection: sqlite3.Connection, name: str, date: str | None) -> int:
    """Give the number of a list, which is made if there is none of this name and date."""
    values = (name, date or "")
    connection.execute("INSERT OR IGNORE INTO list (name, date) VALUES (?, ?)", values)
    asked = "SELECT id FROM list WHERE name = ? AND date = ?"
    return int(connection.execute(asked, values).fetchone()[0])
