"""The index of known pictures: add, remove, search, look after."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from imgcheck.errors import IndexFileError, UsageError
from imgcheck.hashing import inspection, records, store
from imgcheck.hashing.answer import IndexCheck, IndexStats, KnownPicture, SearchResult
from imgcheck.hashing.cascade import cascade
from imgcheck.hashing.records import Record
from imgcheck.hashing.rows import Rows
from imgcheck.imaging import Image

_TIMEOUT_S = 10.0
_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2}(T[0-9:.]+(Z|[+-]\d{2}:\d{2})?)?)?)?")


class HashIndex:
    """An index of known pictures in one SQLite file.

    Open it with `HashIndex.open` or make it with `HashIndex.create`; both work in ``with``.
    One process writes at a time, any number search meanwhile, each seeing one consistent state.
    What `add_image` has acknowledged survives a killed process and a power cut.

    Every error is an `IndexFileError` (or, for an argument without meaning, a `UsageError`), and
    after every error the index is as it was.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, *, writable: bool) -> None:
        self.path = path
        self.writable = writable
        self._connection = connection

    @classmethod
    def create(cls, path: Path | str, *, timeout_s: float = _TIMEOUT_S) -> Self:
        """Make an empty index and open it for writing.

        Raises
        ------
        IndexFileError
            If the name is taken, or the folder cannot be written.
        """
        store.create(Path(path))
        return cls.open(path, writable=True, timeout_s=timeout_s)

    @classmethod
    def open(
        cls, path: Path | str, *, writable: bool = False, timeout_s: float = _TIMEOUT_S
    ) -> Self:
        """Open an index; read-only unless ``writable``.

        Parameters
        ----------
        path : Path or str
        writable : bool, default False
        timeout_s : float, default 10
            How long to wait for another writer.

        Raises
        ------
        IndexFileError
            If the file is absent, foreign, damaged, locked, or of another version.
        """
        place = Path(path)
        connection = store.connect(place, writable=writable, timeout_s=timeout_s)
        return cls(place, connection, writable=writable)

    def close(self) -> None:
        """Close the file; closing twice is harmless."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def add_image(
        self, image: Image, *, path_text: str, date: str | None = None, note: str | None = None
    ) -> str:
        """Add a picture; the same file twice is one row.

        Parameters
        ----------
        image : imgcheck.imaging.Image
        path_text : str
            Label to show with a match.
        date : str, optional
            When it was published or taken, ISO 8601 date, date and time, or ``from/to``.
        note : str, optional
            Where it came from.

        Returns
        -------
        {"added", "known"}
        """
        _checked_date(date)
        if self._has(bytes.fromhex(image.sha256)):
            return "known"
        preview = records.pack_preview(image.rgb())
        return self.add_record(
            _described(image), preview, path_text=path_text, date=date, note=note
        )

    def add_record(
        self,
        record: Record,
        preview: bytes,
        *,
        path_text: str,
        date: str | None = None,
        note: str | None = None,
    ) -> str:
        """Add a picture that was described elsewhere (in another process); see `add_image`."""
        given = _checked_date(date)
        with self._transaction() as connection:
            if self._has(record.sha256):
                return "known"
            row = connection.execute(
                "INSERT INTO picture (sha256, algorithm, pixels, width, height, path, date, note)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    record.sha256,
                    records.ALGORITHM,
                    record.pixels,
                    record.shape[1],
                    record.shape[0],
                    _storable(path_text),
                    given,
                    None if note is None else _storable(note),
                ),
            ).lastrowid
            connection.execute(
                "INSERT INTO hash (picture, kind, words, quality, hashable) VALUES (?, ?, ?, ?, ?)",
                (
                    row,
                    "pdq",
                    records.pack_hash(record.pdq),
                    record.pdq.quality,
                    record.pdq.hashable,
                ),
            )
            connection.execute(
                "INSERT INTO features VALUES (?, ?, ?)",
                (row, len(record.features), records.pack_features(record.features)),
            )
            connection.execute("INSERT INTO preview VALUES (?, ?)", (row, preview))
            self._fold(record.sha256)
        return "added"

    def remove(self, picture: int) -> None:
        """Take a picture out.

        Raises
        ------
        UsageError
            If no row has this id.
        """
        with self._transaction() as connection:
            found = connection.execute(
                "SELECT sha256 FROM picture WHERE id = ?", (picture,)
            ).fetchone()
            if found is None:
                raise UsageError(f'the index "{self.path}" has no picture {picture}')
            connection.execute("DELETE FROM picture WHERE id = ?", (picture,))
            self._fold(bytes(found[0]))

    def search(self, image: Image, *, parts: bool = True) -> SearchResult:
        """Ask whether a picture, or a part of it, is known.

        Parameters
        ----------
        image : imgcheck.imaging.Image
        parts : bool, default True
            Also compare the local details with those of every row: finds cuts, collages,
            screenshots and turned copies; costs some 10 to 20 ms of one core a row.

        Returns
        -------
        SearchResult

        Notes
        -----
        File, pixels, hash in 8 orientations and 2 polarities, then parts: each stage compares
        every row. Whatever hash or parts propose is laid on the known picture and its relation
        tested, so that two photographs of one place are not taken for copies.
        """
        record = _described(image)
        return self.search_record(record, parts=parts)

    def search_record(self, record: Record, *, parts: bool = True) -> SearchResult:
        """Search with a picture that was described before; see `search`."""
        with self._snapshot():
            source = Rows(self._connection, self.path)
            matches = cascade(record, source, parts=parts)
            return SearchResult(
                exact=source.comparable() == source.count(),
                rows=source.count(),
                snapshot=self._snapshot_name(),
                matches=matches,
                parts=parts,
                hashable=record.pdq.hashable,
                features=len(record.features),
            )

    def pictures(self) -> tuple[KnownPicture, ...]:
        """Give the rows in the order of their ids."""
        with self._snapshot():
            return tuple(Rows(self._connection, self.path).all())

    def preview(self, picture: int) -> NDArray[np.uint8]:
        """Give the stored preview of a picture, (m, n, 3) uint8, at most 1024 a side.

        Raises
        ------
        UsageError
            If no row has this id.
        """
        with self._snapshot():
            pixels = Rows(self._connection, self.path).preview(picture)
        if pixels is None:
            raise UsageError(f'the index "{self.path}" has no picture {picture}')
        return pixels

    def stats(self) -> IndexStats:
        """Count what the index holds."""
        with self._snapshot():
            return inspection.stats(self._connection, snapshot=self._snapshot_name())

    def verify(self) -> IndexCheck:
        """Read everything and say what is not whole."""
        problems: list[str] = []
        rows = 0
        try:
            with self._snapshot():
                rows = Rows(self._connection, self.path).count()
                problems.extend(inspection.problems(self._connection))
        except IndexFileError as error:
            problems.append(error.message)
        return IndexCheck(rows=rows, problems=tuple(problems))

    def _has(self, sha256: bytes) -> bool:
        with store.explained(self.path):
            found = self._connection.execute(
                "SELECT 1 FROM picture WHERE sha256 = ? AND algorithm = ?",
                (sha256, records.ALGORITHM),
            ).fetchone()
        return found is not None

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Run one change: whole, or not at all."""
        if not self.writable:
            raise UsageError(f'the index "{self.path}" was opened for reading; open it writable')
        with store.explained(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            finally:
                # A full disk ends the transaction by itself; whatever is still open is undone.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    @contextmanager
    def _snapshot(self) -> Iterator[None]:
        """Read one consistent state, whatever others write meanwhile."""
        with store.explained(self.path):
            self._connection.execute("BEGIN")
            try:
                yield
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    def _digest(self) -> str:
        row = self._connection.execute("SELECT value FROM meta WHERE key = 'digest'").fetchone()
        return "" if row is None else str(row[0])

    def _fold(self, sha256: bytes) -> None:
        """Put a row into the digest of the content, or take it out: the same step."""
        folded = int(self._digest() or "0", 16) ^ int.from_bytes(sha256, "big")
        self._connection.execute(
            "UPDATE meta SET value = ? WHERE key = 'digest'", (f"{folded:064x}",)
        )

    def _snapshot_name(self) -> str:
        count = self._connection.execute("SELECT count(*) FROM picture").fetchone()[0]
        return f"{count}:{self._digest()[:16]}"


def _described(image: Image) -> Record:
    return records.describe(image.rgb(), sha256=image.sha256, valid=image.valid())


def _checked_date(text: str | None) -> str | None:
    if text is None:
        return None
    parts = text.split("/")
    if len(parts) > 2 or not all(_DATE.fullmatch(part) for part in parts):
        raise UsageError(
            f'"{text}" is not an ISO 8601 date; write "2017-09-24", "2017-09-24T12:30:00Z" '
            'or "2017-09-08/2017-09-12"'
        )
    return text


def _storable(text: str) -> str:
    """Give text that a database can hold: names that are not UTF-8 are escaped."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
