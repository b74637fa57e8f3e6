"""Giving listed hashes that are known already the earlier date that another list proves."""

import sqlite3
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from imgcheck.hashing.store import adding, dates, listed, sealing, segments, snapshot
from imgcheck.hashing.store.hashrows import HashRows, among, joined
from imgcheck.hashing.store.segments import Segments


def redate(
    connection: sqlite3.Connection,
    source: Segments,
    keys: NDArray[np.uint64],
    kind: str,
    name: str,
    date: str | None,
) -> int:
    """Give known listed hashes an earlier date; the number of those that had a later one.

    Each gets a new row, and its old one a tombstone.
    """
    asked = "SELECT id, date FROM list WHERE name = ?"
    later = {
        number: text or None
        for number, text in connection.execute(asked, (name,))
        if dates.order(text or None) > dates.order(date)
    }
    if not later:
        return 0
    _, ids = adding.standing_keys(source, kind, keys)
    target = adding.list_number(connection, name, date)
    parts = _rows_with(source, kind, ids, list(later))
    if not parts:
        return 0
    rows = joined(parts)
    for number, text in later.items():
        old = rows.keys[rows.lists == number]
        for when in (text, date):
            snapshot.fold(connection, listed.folded(old, date=when), listed=True)
    sealing.remove(connection, source, rows.ids.tolist(), kind=kind)
    start = sealing.take_ids(connection, len(rows))
    renewed = replace(
        rows,
        ids=np.arange(start, start + len(rows)),
        lists=np.full(len(rows), target, np.uint32),
    )
    sealing.append(connection, source, renewed, kind=kind)
    return len(rows)


def _rows_with(
    source: Segments, kind: str, ids: NDArray[np.int64], lists: list[int]
) -> list[HashRows]:
    """Give the rows with some ids that belong to some lists."""
    found = []
    for segment, *_ in [*source.listing(kind), (segments.TAIL,)]:
        rows = source.rows(segment, kind)
        at = np.flatnonzero(np.isin(rows.lists, lists))
        at = at[among(rows.ids[at], np.sort(ids))]
        if len(at):
            found.append(rows.take(at))
    return found
