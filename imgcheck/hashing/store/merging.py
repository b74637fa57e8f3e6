"""Merging another index into one, so that the order of merging does not show.

Of two rows that are the same picture or the same listed hash one stays, with the date that proves
the earliest existence (`arguments.date_order`). A picture keeps label and note of the row whose
date that is; between equal dates the text decides. All of this is the first of a total order, so
that it does not matter which index comes first.
"""

from collections import Counter
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from imgcheck.errors import UsageError
from imgcheck.hashing import records
from imgcheck.hashing.answer import Merged
from imgcheck.hashing.store import adding
from imgcheck.hashing.store.adding import KnownKeys, fold, listed_mark, picture_mark
from imgcheck.hashing.store.arguments import checked_date, date_order
from imgcheck.hashing.store.rows import polygon
from imgcheck.hashing.store.segments import TAIL, HashRows, Segments, among

_COLUMNS = "sha256, algorithm, pixels, width, height, quality, hashable, path, date, note"
# Hashes of new pictures that are kept back until they are added together.
_AT_ONCE = 8192
# Keys of listed hashes that both indexes have, by name and date of the list in the other.
_Shared = dict[tuple[str, str | None], list[NDArray[np.uint64]]]


def merge(source: Segments, known: KnownKeys, other: Segments) -> Merged:
    """Add what another index, inside a snapshot, holds to one inside a transaction."""
    count: Counter[str] = Counter()
    numbers = _pictures(source, other, count)
    numbers |= _regions(source, other, numbers)
    for kind in other.kinds():
        waiting: list[HashRows] = []
        shared: _Shared = {}
        for rows in other.standing(kind):
            waiting += _of_pictures(rows, numbers)
            if sum(map(len, waiting)) >= _AT_ONCE:
                source.append(HashRows.joined(waiting), kind=kind)
                waiting = []
            _of_lists(source, known, other, rows, kind, count, shared)
        if waiting:
            source.append(HashRows.joined(waiting), kind=kind)
        for (name, date), keys in shared.items():
            count["dated"] += _redate(source, np.concatenate(keys), kind, name, date)
    return Merged(**count)


def _pictures(source: Segments, other: Segments, count: Counter[str]) -> dict[int, int]:
    """Add the pictures that are new; return the new id of each by its old one."""
    execute, read = source.connection.execute, other.connection.execute
    numbers = {}
    for number, *row in read(f"SELECT id, {_COLUMNS} FROM picture ORDER BY id"):
        if not _is_sound(row):
            raise other.damaged(f"the entry of picture {number}")
        own = execute(
            "SELECT id, path, date, note FROM picture WHERE sha256 = ? AND algorithm = ?", row[:2]
        ).fetchone()
        path, date, note = row[-3:]
        if own is not None:
            count["known"] += 1
            _improve(source, own, row[0], row[1], (path, date, note), count)
            continue
        count["added"] += 1
        numbers[number] = source.take_ids(1)
        execute(
            f"INSERT INTO picture (id, {_COLUMNS}) VALUES ({', '.join('?' * 11)})",
            (numbers[number], *row),
        )
        fold(source.connection, picture_mark(row[0], row[1], path, date, note))
        for table in ("features", "preview"):
            for _, *content in read(f"SELECT * FROM {table} WHERE picture = ?", (number,)):
                if not records.is_whole(content[-1]):
                    raise other.damaged(f"the {table} of picture {number}")
                places = ", ".join("?" * (1 + len(content)))
                execute(f"INSERT INTO {table} VALUES ({places})", (numbers[number], *content))
    return numbers


def _is_sound(row: list[object]) -> bool:
    """Return whether a row has digests, sizes and a date as imgcheck writes them."""
    sha256, _, pixels, width, height, *_, date, _ = row
    digests = all(isinstance(d, bytes) and len(d) == 32 for d in (sha256, pixels))
    sizes = all(isinstance(n, int) and n > 0 for n in (width, height))
    return digests and sizes and _is_date(date)


def _is_date(date: object) -> bool:
    try:
        return date is None or (isinstance(date, str) and checked_date(date) == date)
    except UsageError:
        return False


def _improve(
    source: Segments,
    own: tuple[int, str, str | None, str | None],
    sha256: bytes,
    algorithm: str,
    offered: tuple[str, str | None, str | None],
    count: Counter[str],
) -> None:
    """Take label, date and note of the other row if they come first."""
    number, path, date, note = own
    mine, theirs = (
        (date_order(when), label, text is None, text or "")
        for label, when, text in ((path, date, note), offered)
    )
    if theirs >= mine:
        return
    count["dated"] += date_order(offered[1]) < date_order(date)
    source.connection.execute(
        "UPDATE picture SET path = ?, date = ?, note = ? WHERE id = ?", (*offered, number)
    )
    for each in ((path, date, note), offered):
        fold(source.connection, picture_mark(sha256, algorithm, *each))


def _regions(source: Segments, other: Segments, numbers: dict[int, int]) -> dict[int, int]:
    """Copy the regions of new pictures; return the new id of each hash by its old one."""
    renewed = {}
    for number, picture, corners in other.connection.execute("SELECT * FROM region ORDER BY id"):
        if picture in numbers:
            if polygon(corners) is None:
                raise other.damaged("the region of a hash")
            renewed[number] = source.take_ids(1)
            values = (renewed[number], numbers[picture], corners)
            source.connection.execute("INSERT INTO region VALUES (?, ?, ?)", values)
    return renewed


def _of_pictures(rows: HashRows, numbers: dict[int, int]) -> list[HashRows]:
    """Return the hashes of new pictures, and of their regions, with their new ids."""
    at = [place for place in np.flatnonzero(rows.lists == 0) if int(rows.ids[place]) in numbers]
    if not at:
        return []
    chosen = rows.take(np.array(at, np.intp))
    ids = [numbers[int(number)] for number in chosen.ids]
    return [HashRows.of_pictures(ids, chosen.words, chosen.quality)]


def _of_lists(
    source: Segments,
    known: KnownKeys,
    other: Segments,
    rows: HashRows,
    kind: str,
    count: Counter[str],
    shared: _Shared,
) -> None:
    """Add the listed hashes that are new, and note those that both have."""
    for number in rows.list_numbers():
        sql = "SELECT name, date FROM list WHERE id = ?"
        entry = other.connection.execute(sql, (number,)).fetchone()
        if entry is None or not _is_date(entry[1] or None):
            raise other.damaged("the list of a hash")
        name, date = entry[0], entry[1] or None
        chosen = rows.take(np.flatnonzero(rows.lists == number))
        if np.any(adding.keys_of(chosen, kind=kind, name=name) != chosen.keys):
            raise other.damaged("the label of a hash")
        chosen = chosen.take(np.argsort(chosen.keys))
        there = known.contains(chosen.keys)
        if there.any():
            shared.setdefault((name, date), []).append(chosen.keys[there])
        count["listed_known"] += int(there.sum())
        count["listed_added"] += int((~there).sum())
        if not there.all():
            fresh = chosen.take(np.flatnonzero(~there))
            adding.hashes(
                source,
                known,
                fresh.words,
                quality=fresh.quality,
                labels=fresh.labels,
                name=name,
                date=date,
                kind=kind,
            )


def _redate(
    source: Segments, keys: NDArray[np.uint64], kind: str, name: str, date: str | None
) -> int:
    """Set an earlier date on known listed hashes; return the number that had a later one."""
    sql = "SELECT id, date FROM list WHERE name = ?"
    later = {
        number: text or None
        for number, text in source.connection.execute(sql, (name,))
        if date_order(text or None) > date_order(date)
    }
    if not later:
        return 0
    _, ids = adding.standing_keys(source, kind, keys)
    target = adding.list_number(source.connection, name, date)
    parts = []
    for segment in [*source.numbers(kind), TAIL]:
        rows = source.rows(segment, kind)
        at = np.flatnonzero(np.isin(rows.lists, list(later)))
        at = at[among(rows.ids[at], np.sort(ids))]
        if len(at):
            parts.append(rows.take(at))
    if not parts:
        return 0
    rows = HashRows.joined(parts)
    for number, text in later.items():
        old = rows.keys[rows.lists == number]
        for when in (text, date):
            fold(source.connection, listed_mark(old, date=when), listed=True)
    source.remove(rows.ids.tolist(), kind=kind)
    start = source.take_ids(len(rows))
    lists = np.full(len(rows), target, np.uint32)
    source.append(replace(rows, ids=np.arange(start, start + len(rows)), lists=lists), kind=kind)
    return len(rows)
