"""A name for the content of an index that does not depend on the order of adding or merging."""

import hashlib
import json
import sqlite3


def picture_mark(
    sha256: bytes, algorithm: str, path: str, date: str | None, note: str | None
) -> int:
    """Give the mark of a picture; marks are folded by exclusive or, twice the same is none."""
    text = json.dumps([sha256.hex(), algorithm, path, date, note])
    return int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")


def fold(connection: sqlite3.Connection, mark: int, *, listed: bool = False) -> None:
    """Put a mark into the digest of the content, or take it out: the same step."""
    name, digits = ("listed", 16) if listed else ("digest", 64)
    try:
        folded = int(stored(connection, name), 16) ^ mark
    except ValueError:
        raise sqlite3.DatabaseError("the digest of its content cannot be read") from None
    connection.execute("UPDATE meta SET value = ? WHERE key = ?", (f"{folded:0{digits}x}", name))


def stored(connection: sqlite3.Connection, name: str) -> str:
    """Give a digest as it stands in the file; empty if it is missing."""
    row = connection.execute("SELECT value FROM meta WHERE key = ?", (name,)).fetchone()
    return "" if row is None else str(row[0])


def name(connection: sqlite3.Connection, *, listed: int) -> str:
    """Name the content: number of pictures, of listed hashes if any, and the digest."""
    count = connection.execute("SELECT count(*) FROM picture").fetchone()[0]
    digest = stored(connection, "digest")[:16]
    if not listed:
        return f"{count}:{digest}"
    return f"{count}+{listed}:{digest}{stored(connection, 'listed')}"
