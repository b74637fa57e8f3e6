"""Merging another index into one, so that the order of merging does not show.

Of two rows that are the same picture or the same listed hash one stays, with the date that proves
the earliest existence (`dates.order`). A picture keeps label and note of the row whose date that
is; between equal dates the text decides. All of this is the first of a total order, so that it
does not matter which index comes first.
"""

import sqlite3
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from imgcheck.errors import UsageError
from imgcheck.hashing import records
from imgcheck.hashing.answer import Merged
from imgcheck.hashing.store import adding, dates, listed, sealing, snapshot
from imgcheck.hashing.store.hashrows import HashRows, joined
from imgcheck.hashing.store.listed import KnownKeys
from imgcheck.hashing.store.redating import redate
from imgcheck.hashing.store.rows import polygon
from imgcheck.hashing.store.segments import Segments

_COLUMNS = "sha256, algorithm, pixels, width, height, quality, hashable, path, date, note"
# Hashes of new pictures that are kept back until they are added together.
_AT_ONCE = 8192


@dataclass(kw_only=True)
class _Count:
    """What was done so far, and what waits to be done together for all segments of a kind."""

    found: dict[str, int] = field(default_factory=dict)
    waiting: list[HashRows] = field(default_factory=list)
    known: dict[tuple[str, str | None], list[NDArray[np.uint64]]] = field(default_factory=dict)

    def one(self, name: str, number: int = 1) -> None:
        self.found[name] = self.found.get(name, 0) + number


def merge(
    connection: sqlite3.Connection,
    source: Segments,
    known: KnownKeys,
    other: sqlite3.Connection,
    others: Segments,
) -> Merged:
    """Add what another index holds.

    Parameters
    ----------
    connection, source
        The index that grows, inside a transaction.
    known : KnownKeys
        Of its listed hashes.
    other, others
        The index that is read, inside a snapshot.
    """
    count = _Count()
    numbers = _pictures(connection, other, others, count)
    renewed = _regions(connection, other, others, numbers)
    for kind in others.kinds():
        for rows in others.standing(kind):
            _of_pictures(connection, source, rows, kind, numbers | renewed, count)
            _of_lists(connection, source, known, rows, kind, other, others, count)
        _flush(connection, source, kind, count)
        for (name, date), keys in count.known.items():
            found = redate(connection, source, np.concatenate(keys), kind, name, date)
            count.one("dated", found)
        count.known.clear()
    return Merged(**count.found)


def _pictures(
    connection: sqlite3.Connection, other: sqlite3.Connection, others: Segments, count: _Count
) -> dict[int, int]:
    """Add the pictures that are new; give the new id of each by its old one."""
    numbers = {}
    for number, *row in other.execute(f"SELECT id, {_COLUMNS} FROM picture ORDER BY id"):
        if not _is_sound(*row):
            raise others.damaged(f"what is said of picture {number}")
        own = connection.execute(
            "SELECT id, path, date, note FROM picture WHERE sha256 = ? AND algorithm = ?", row[:2]
        ).fetchone()
        path, date, note = row[-3:]
        if own is not None:
            count.one("known")
            _improve(connection, own, row[0], row[1], (path, date, note), count)
            continue
        count.one("added")
        numbers[number] = sealing.take_ids(connection, 1)
        connection.execute(
            f"INSERT INTO picture (id, {_COLUMNS}) VALUES ({', '.join('?' * 11)})",
            (numbers[number], *row),
        )
        snapshot.fold(connection, snapshot.picture_mark(row[0], row[1], path, date, note))
        for table in ("features", "preview"):
            for _, *content in other.execute(f"SELECT * FROM {table} WHERE picture = ?", (number,)):
                if not records.is_whole(content[-1]):
                    raise others.damaged(f"the {table} of picture {number}")
                places = ", ".join("?" * (1 + len(content)))
                connection.execute(
                    f"INSERT INTO {table} VALUES ({places})", (numbers[number], *content)
                )
    return numbers


def _is_sound(
    sha256: object,
    algorithm: object,
    pixels: object,
    width: object,
    height: object,
    quality: object,
    hashable: object,
    path: object,
    date: object,
    note: object,
) -> bool:
    """Tell whether the values of a picture are of the kinds that imgcheck writes."""
    digests = all(isinstance(d, bytes) and len(d) == 32 for d in (sha256, pixels))
    sizes = all(isinstance(n, int) and n > 0 for n in (width, height))
    numbers = isinstance(quality, int) and hashable in (0, 1)
    texts = isinstance(algorithm, str) and isinstance(path, str) and isinstance(note, str | None)
    return digests and sizes and numbers and texts and _is_date(date)


def _is_date(date: object) -> bool:
    try:
        return date is None or (isinstance(date, str) and dates.checked(date) == date)
    except UsageError:
        return False


def _improve(
    connection: sqlite3.Connection,
    own: tuple[int, str, str | None, str | None],
    sha256: bytes,
    algorithm: str,
    offered: tuple[str, str | None, str | None],
    count: _Count,
) -> None:
    """Take label, date and note of the other row if they come first."""
    number, path, date, note = own
    mine, theirs = (
        (dates.order(when), label, text is None, text or "")
        for label, when, text in ((path, date, note), offered)
    )
    if theirs >= mine:
        return
    count.one("dated", dates.order(offered[1]) < dates.order(date))
    connection.execute(
        "UPDATE picture SET path = ?, date = ?, note = ? WHERE id = ?", (*offered, number)
    )
    for each in ((path, date, note), offered):
        snapshot.fold(connection, snapshot.picture_mark(sha256, algorithm, *each))


def _regions(
    connection: sqlite3.Connection,
    other: sqlite3.Connection,
    others: Segments,
    numbers: dict[int, int],
) -> dict[int, int]:
    """Copy the regions of new pictures; give the new id of each hash by its old one."""
    renewed = {}
    for number, picture, corners in other.execute("SELECT * FROM region ORDER BY id"):
        if picture in numbers:
            if polygon(corners) is None:
                raise others.damaged("the region of a hash")
            renewed[number] = sealing.take_ids(connection, 1)
            values = (renewed[number], numbers[picture], corners)
            connection.execute("INSERT INTO region VALUES (?, ?, ?)", values)
    return renewed


def _of_pictures(
    connection: sqlite3.Connection,
    source: Segments,
    rows: HashRows,
    kind: str,
    numbers: dict[int, int],
    count: _Count,
) -> None:
    at = [place for place in np.flatnonzero(rows.lists == 0) if int(rows.ids[place]) in numbers]
    if not at:
        return
    chosen = rows.take(np.array(at, np.intp))
    ids = [numbers[int(number)] for number in chosen.ids]
    count.waiting.append(adding.of_pictures(ids, chosen.words, chosen.quality))
    if sum(map(len, count.waiting)) >= _AT_ONCE:
        _flush(connection, source, kind, count)


def _flush(connection: sqlite3.Connection, source: Segments, kind: str, count: _Count) -> None:
    if count.waiting:
        sealing.append(connection, source, joined(count.waiting), kind=kind)
        count.waiting.clear()


def _of_lists(
    connection: sqlite3.Connection,
    source: Segments,
    known: KnownKeys,
    rows: HashRows,
    kind: str,
    other: sqlite3.Connection,
    others: Segments,
    count: _Count,
) -> None:
    for number in rows.list_numbers():
        entry = other.execute("SELECT name, date FROM list WHERE id = ?", (number,)).fetchone()
        if entry is None or not isinstance(entry[0], str) or not _is_date(entry[1] or None):
            raise others.damaged("the list of a hash")
        name, date = entry[0], entry[1] or None
        chosen = rows.take(np.flatnonzero(rows.lists == number))
        if np.any(listed.keys_of(chosen, kind=kind, name=name) != chosen.keys):
            raise others.damaged("the label of a hash")
        chosen = chosen.take(np.argsort(chosen.keys))
        there = known.contains(chosen.keys)
        if there.any():
            count.known.setdefault((name, date), []).append(chosen.keys[there])
        count.one("listed_known", int(there.sum()))
        count.one("listed_added", int((~there).sum()))
        if not there.all():
            fresh = chosen.take(np.flatnonzero(~there))
            adding.hashes(
                connection,
                source,
                known,
                fresh.words,
                quality=fresh.quality,
                labels=fresh.labels,
                name=name,
                date=date,
                kind=kind,
            )
