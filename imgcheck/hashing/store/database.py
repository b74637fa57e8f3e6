"""The file of an index: one SQLite database.

Write-ahead log with ``synchronous=FULL``: what was acknowledged survives a killed process and a
power cut. Searches open read-only and see one consistent state. The file may be untrusted,
so everything in it is validated.
"""

import contextlib
import os
import sqlite3
import stat
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from imgcheck.errors import IndexFileError
from imgcheck.hashing import part_lists

APPLICATION_ID = 0x696D6763  # "imgc"
SCHEMA_VERSION = 2
# A picture's features take some 220 kB, a preview less than 1 MB.
_LONGEST_BLOB = 64 * 2**20

# Ids of pictures and of hashes come from one counter (meta: next): the hash of a whole picture has
# the id of its picture, every other hash an id of its own.
_TABLES = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "CREATE TABLE picture (id INTEGER PRIMARY KEY, sha256 BLOB NOT NULL,"
    " algorithm TEXT NOT NULL, pixels BLOB NOT NULL, width INTEGER NOT NULL,"
    " height INTEGER NOT NULL, quality INTEGER NOT NULL, hashable INTEGER NOT NULL,"
    " path TEXT NOT NULL, date TEXT, note TEXT, UNIQUE (sha256, algorithm))",
    "CREATE INDEX picture_pixels ON picture (pixels)",
    # Further hashes of a picture: of a pane, of what a caption bar leaves.
    "CREATE TABLE region (id INTEGER PRIMARY KEY, picture INTEGER NOT NULL"
    " REFERENCES picture (id) ON DELETE CASCADE, polygon TEXT NOT NULL)",
    "CREATE INDEX region_picture ON region (picture)",
    # Where listed hashes come from; an empty date is none.
    "CREATE TABLE list (id INTEGER PRIMARY KEY, name TEXT NOT NULL, date TEXT NOT NULL,"
    " UNIQUE (name, date))",
    # Hashes: sealed segments of columns, and a short tail of single rows before they are sealed.
    "CREATE TABLE segment (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, rows INTEGER NOT NULL,"
    " first INTEGER NOT NULL, last INTEGER NOT NULL)",
    "CREATE TABLE segment_column (segment INTEGER NOT NULL REFERENCES segment (id)"
    " ON DELETE CASCADE, name TEXT NOT NULL, sum INTEGER NOT NULL, data BLOB NOT NULL,"
    " UNIQUE (segment, name))",
    "CREATE TABLE hash_tail (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, words BLOB NOT NULL,"
    " quality INTEGER NOT NULL, list INTEGER NOT NULL, key INTEGER NOT NULL, label TEXT NOT NULL)",
    # Rows of sealed segments that were taken out.
    "CREATE TABLE tombstone (id INTEGER PRIMARY KEY, kind TEXT NOT NULL)",
    "CREATE TABLE features (picture INTEGER PRIMARY KEY"
    " REFERENCES picture (id) ON DELETE CASCADE, count INTEGER NOT NULL, data BLOB NOT NULL)",
    "CREATE TABLE preview (picture INTEGER PRIMARY KEY"
    " REFERENCES picture (id) ON DELETE CASCADE, data BLOB NOT NULL)",
)
_META = {"digest": "0" * 64, "listed": "0" * 16, "next": "1"}

# What each column may hold, by its name in a query: the file may be untrusted, and SQLite
# stores any type in any column. Packed columns (data, words, lengths) are checked by their readers.
_TEXTS = ("algorithm", "codebook", "kind", "label", "name", "path", "value")
_BYTES = ("sha256", "pixels")
_NUMBERS = {
    "id": 2**63, "picture": 2**63, "segment": 2**63, "first": 2**63, "last": 2**63,
    "width": 2**31, "height": 2**31, "count": 2**24, "pictures": 2**31, "quality": 256,
    "hashable": 2, "list": 2**32, "level": 256,
}  # fmt: skip
_OPTIONAL = ("date", "note")

_CAUSES = {
    sqlite3.SQLITE_BUSY: "is locked by another process; wait until it has finished and try again",
    sqlite3.SQLITE_LOCKED: "is locked by another process; wait until it has finished and try again",
    sqlite3.SQLITE_READONLY: "cannot be written; make the file and its folder writable, or copy it",
    sqlite3.SQLITE_FULL: "could not grow: the disk is full; free some space and try again, "
    "the index is as it was",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened; the file and its folder must be readable and, "
    "for SQLite's log beside it, the folder writable: copy it to such a place",
    sqlite3.SQLITE_NOTADB: "is not an index of known pictures (nor any SQLite file); "
    "name another file, or make an index by adding pictures to a new name",
    sqlite3.SQLITE_CORRUPT: "is damaged or cut short; restore it from a copy, "
    "or build it again from the pictures",
    sqlite3.SQLITE_IOERR: "could not be read or written: the disk reports an error; "
    "copy the index to another disk",
    sqlite3.SQLITE_TOOBIG: "holds an entry that is too large to be a picture's; "
    "build it again from the pictures",
}


@contextlib.contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into one sentence with the way out."""
    try:
        yield
    # SQLite's own sentence may quote bytes of a damaged file that are no text; so may a name.
    except (sqlite3.Error, UnicodeError, OverflowError) as error:
        code = getattr(error, "sqlite_errorcode", None)
        if not isinstance(error, sqlite3.Error):
            code = sqlite3.SQLITE_CORRUPT
        cause = _CAUSES.get(code & 0xFF) if code is not None else None
        cause = cause or f"could not be used ({error}); restore it from a copy, or build it again"
        raise IndexFileError(f'the index "{path}" {cause}', file=str(path)) from error


def connect(path: Path, *, writable: bool, timeout_s: float) -> sqlite3.Connection:
    """Open an index; raise IndexFileError for whatever is not exactly an index of this version."""
    _must_be_a_file(path)
    mode = "rw" if writable else "ro"
    with explained(path):
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}",
            uri=True,
            timeout=timeout_s,
            isolation_level=None,
        )
        try:
            connection.row_factory = partial(_checked, path)
            _configure(connection, writable=writable)
            _must_be_ours(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


def damaged(path: Path, what: str) -> IndexFileError:
    """Return the error that names what cannot be read."""
    return IndexFileError(
        f'the index "{path}" is damaged: {what} cannot be read; restore it from a copy, '
        "or build it again from the pictures",
        file=str(path),
    )


def _checked(path: Path, cursor: sqlite3.Cursor, row: tuple[Any, ...]) -> tuple[Any, ...]:
    """Refuse a row in which a column holds what imgcheck never writes there."""
    for (name, *_), value in zip(cursor.description, row, strict=True):
        if name in _NUMBERS:
            fine = isinstance(value, int) and 0 <= value < _NUMBERS[name]
        elif name in _BYTES:
            fine = isinstance(value, bytes)
        elif name in _TEXTS:
            fine = isinstance(value, str)
        else:
            fine = name not in _OPTIONAL or value is None or isinstance(value, str)
        if not fine:
            raise damaged(path, f'a value in the column "{name}"')
    return row


def create(path: Path) -> None:
    """Make an empty index; it appears whole or not at all."""
    if not path.absolute().parent.is_dir():
        raise IndexFileError(
            f'the index "{path}" cannot be made: there is no folder "{path.parent}"; '
            "make it, or choose a folder that exists",
            file=str(path),
        )
    draft = path.with_name(f"{path.name}.new-{os.getpid()}")
    try:
        with explained(path):
            _fill(draft)
        # A link, not a renaming: it fails where the name has been taken meanwhile.
        os.link(draft, path)
    except FileExistsError as error:
        raise IndexFileError(
            f'the index "{path}" cannot be made: the name is taken; open it instead, '
            "or choose another name",
            file=str(path),
        ) from error
    except OSError as error:
        if isinstance(error, IndexFileError):
            raise
        raise IndexFileError(
            f'the index "{path}" cannot be made: {error.strerror}; choose a folder that exists '
            "and can be written",
            file=str(path),
        ) from error
    finally:
        for suffix in ("", "-wal", "-shm", "-journal"):
            draft.with_name(draft.name + suffix).unlink(missing_ok=True)


def _fill(draft: Path) -> None:
    connection = sqlite3.connect(draft, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
        for statement in (*_TABLES, *part_lists.SCHEMA):
            connection.execute(statement)
        connection.executemany("INSERT INTO meta VALUES (?, ?)", _META.items())
        connection.execute("COMMIT")
    finally:
        connection.close()


def _must_be_a_file(path: Path) -> None:
    try:
        kind = path.stat().st_mode
    except OSError as error:
        raise IndexFileError(
            f'the index "{path}" cannot be opened: {error.strerror}; '
            "name an index that exists, or make one by adding pictures",
            file=str(path),
        ) from error
    if not stat.S_ISREG(kind):
        raise IndexFileError(f'the index "{path}" is not a regular file', file=str(path))


def _configure(connection: sqlite3.Connection, *, writable: bool) -> None:
    # The file may be untrusted: no code of its schema runs, its sizes are bounded.
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_BLOB)
    connection.execute("PRAGMA trusted_schema=OFF")
    connection.execute("PRAGMA cell_size_check=ON")
    if writable:
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA synchronous=FULL")
    else:
        connection.execute("PRAGMA query_only=ON")


def _must_be_ours(connection: sqlite3.Connection, path: Path) -> None:
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if application != APPLICATION_ID:
        raise IndexFileError(
            f'"{path}" is an SQLite file, but not an index of known pictures; '
            "name another file, or make an index by adding pictures to a new name",
            file=str(path),
        )
    if version != SCHEMA_VERSION:
        age = "newer" if version > SCHEMA_VERSION else "older"
        raise IndexFileError(
            f'the index "{path}" has format {version}, this program reads format '
            f"{SCHEMA_VERSION}: it was written by a {age} imgcheck; use that one, "
            "or build the index again from the pictures",
            file=str(path),
        )
    found = {
        text for (text,) in connection.execute("SELECT sql FROM sqlite_schema") if text is not None
    }
    if found != {*_TABLES, *part_lists.SCHEMA}:
        raise IndexFileError(
            f'the index "{path}" does not have the tables that imgcheck writes; '
            "it has been altered: restore it from a copy, or build it again",
            file=str(path),
        )
