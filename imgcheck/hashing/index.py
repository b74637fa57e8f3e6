"""The index of known pictures: add, remove, search, look after."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from imgcheck.errors import IndexFileError, UsageError
from imgcheck.hashing import records, witnessed
from imgcheck.hashing.answer import (
    IndexCheck,
    IndexStats,
    KnownPicture,
    Merged,
    NearHash,
    Polygon,
    SearchResult,
)
from imgcheck.hashing.cascade import EXHAUSTIVE_ROWS, PARTS, Parts, cascade
from imgcheck.hashing.columns import HashHit
from imgcheck.hashing.parts import inverted
from imgcheck.hashing.perceptual import PdqHash
from imgcheck.hashing.records import Record
from imgcheck.hashing.store import (
    adding,
    arguments,
    dates,
    exporting,
    inspection,
    merging,
    snapshot,
)
from imgcheck.hashing.store import database as store
from imgcheck.hashing.store.listed import KnownKeys
from imgcheck.hashing.store.rows import Rows
from imgcheck.hashing.store.segments import Segments
from imgcheck.imaging import Image

_TIMEOUT_S = 10.0


class HashIndex:
    """An index of known pictures, and of hashes from others' lists, in one SQLite file.

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
        self._segments = Segments(connection, path)
        self._keys: KnownKeys | None = None
        self._version = -1

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
        dates.checked(date)
        if self._has(bytes.fromhex(image.sha256)):
            return "known"
        preview = records.pack_preview(image.rgb())
        return self.add_record(
            _described(image), preview, path_text=path_text, date=date, note=note
        )

    def add_pixels(
        self,
        rgb: NDArray[np.uint8],
        *,
        sha256: str,
        path_text: str,
        valid: NDArray[np.bool_] | None = None,
        date: str | None = None,
        note: str | None = None,
    ) -> str:
        """Add a picture that is no file of its own, such as a tile or a frame; see `add_image`.

        Parameters
        ----------
        rgb : (M, N, 3) uint8
        sha256 : str
            What names it, hexadecimal; the same twice is one row.
        valid : (M, N) bool, optional
            True = usable.
        """
        dates.checked(date)
        if self._has(bytes.fromhex(sha256)):
            return "known"
        record = records.describe(rgb, sha256=sha256, valid=valid)
        preview = records.pack_preview(rgb)
        return self.add_record(record, preview, path_text=path_text, date=date, note=note)

    def add_record(
        self,
        record: Record,
        preview: bytes,
        *,
        path_text: str,
        date: str | None = None,
        note: str | None = None,
        regions: Sequence[tuple[PdqHash, Polygon]] = (),
    ) -> str:
        """Add a picture that was described elsewhere (in another process); see `add_image`.

        Parameters
        ----------
        regions : sequence of (PdqHash, polygon)
            Further hashes of parts of the picture (what a caption bar leaves, a pane), each with
            the corners of its part in pixels of the picture.
        """
        given = dates.checked(date)
        with self._transaction() as connection:
            if self._has(record.sha256):
                return "known"
            adding.picture(
                connection,
                self._segments,
                record,
                preview,
                path=arguments.storable(path_text),
                date=given,
                note=None if note is None else arguments.storable(note),
                regions=regions,
            )
        return "added"

    def add_hashes(
        self,
        words: NDArray[np.uint64],
        *,
        quality: NDArray[np.uint8] | int = 100,
        labels: Sequence[str],
        list_name: str,
        date: str | Sequence[str | None] | None = None,
        kind: str = "pdq",
    ) -> NDArray[np.int64]:
        """Add hashes from somebody's list, of which nothing else is known; all or none.

        Parameters
        ----------
        words : (N, 4) uint64
            From `kinds.words`; unused words of a 64-bit kind are 0.
        quality : (N,) uint8 or int, default 100
        labels : sequence of N str
            What the list calls each, shown with a match.
        list_name : str
        date : str or sequence of N str or None, optional
            By when the listed pictures existed, ISO 8601; one for all or one for each.
        kind : str, default "pdq"
            One of `kinds.BITS`.

        Returns
        -------
        (N,) int64
            Their ids. A hash that is known with the same list, label and quality keeps its own.

        Raises
        ------
        UsageError
            If an argument does not have this form.
        """
        columns = arguments.checked_words(words, kind=kind)
        texts = arguments.checked_labels(labels, columns.shape[1])
        groups = arguments.by_date(date, columns.shape[1])
        levels = np.broadcast_to(np.asarray(quality, np.uint8), columns.shape[1:])
        ids = np.zeros(columns.shape[1], np.int64)
        with self._transaction() as connection:
            for when, at in groups.items():
                ids[at] = adding.hashes(
                    connection,
                    self._segments,
                    self._known_keys(),
                    columns[:, at],
                    quality=levels[at],
                    labels=texts if isinstance(at, slice) else [texts[k] for k in at],
                    name=arguments.storable(list_name),
                    date=when,
                    kind=kind,
                )
        return ids

    def add_hash(
        self,
        words: NDArray[np.uint64],
        *,
        quality: int = 100,
        label: str,
        list_name: str,
        date: str | None = None,
        kind: str = "pdq",
    ) -> int:
        """Add one listed hash, (4,) uint64, durably; see `add_hashes`."""
        (number,) = self.add_hashes(
            np.asarray(words)[None],
            quality=quality,
            labels=[label],
            list_name=list_name,
            date=date,
            kind=kind,
        )
        return int(number)

    def merge(self, other: Path | str) -> Merged:
        """Add what another index holds; the other is only read.

        The content that results does not depend on the order in which indexes are merged: the
        same picture or listed hash is one row, with the date that proves the earliest existence.

        Raises
        ------
        IndexFileError
            If the other index cannot be used; nothing is merged then.
        UsageError
            If it is this index.
        """
        if Path(other).exists() and Path(other).samefile(self.path):
            raise UsageError(f'the index "{self.path}" cannot be merged with itself')
        with (
            type(self).open(other) as reader,
            reader._snapshot(),
            self._transaction() as connection,
        ):
            merged = merging.merge(
                connection,
                self._segments,
                self._known_keys(),
                reader._connection,
                reader._segments,
            )
            self._list_parts(connection)
        return merged

    def relist(self) -> int:
        """Build the lists of the part search again, which are a cache; give the pictures listed.

        For an index whose `verify` says that the lists are damaged or of another version.
        """
        with self._transaction() as connection:
            inverted.clear(connection)
            return self._list_parts(connection)

    def _list_parts(self, connection: sqlite3.Connection) -> int:
        """Put the pictures that the lists of the part search do not hold into them."""
        rows = Rows(connection, self.path)
        shapes = rows.shapes()
        waiting = inverted.missing(connection)
        return inverted.append(connection, ((n, rows.features_of(n), shapes[n]) for n in waiting))

    def remove(self, number: int) -> None:
        """Take a picture, or a listed hash, out by its id.

        Raises
        ------
        UsageError
            If no row has this id.
        """
        with self._transaction() as connection:
            self._keys = None
            found = adding.remove_picture(connection, self._segments, number)
            if not found and not adding.remove_listed(connection, self._segments, number):
                raise UsageError(f'the index "{self.path}" has no picture {number}')

    def remove_list(self, name: str) -> int:
        """Take out all hashes of a list; give how many there were.

        Raises
        ------
        UsageError
            If there is no such list.
        """
        with self._transaction() as connection:
            self._keys = None
            asked = "SELECT 1 FROM list WHERE name = ?"
            if connection.execute(asked, (arguments.storable(name),)).fetchone() is None:
                raise UsageError(f'the index "{self.path}" has no list "{name}"')
            return adding.remove_list(connection, self._segments, arguments.storable(name))

    def search(self, image: Image, *, parts: Parts = "auto") -> SearchResult:
        """Ask whether a picture, or a part of it, is known.

        Parameters
        ----------
        image : imgcheck.imaging.Image
        parts : {"auto", "every", "likely", "none"}, default "auto"
            Whose local details are compared too, which finds cuts, collages, screenshots and
            turned copies: those of every picture (10 to 20 ms of one core each), of the 30 that
            inverted lists propose (a second at 100,000 pictures, but approximate: the answer's
            ``exact`` is False), or of none. "auto" is "every" up to 1,000 pictures.

        Returns
        -------
        SearchResult

        Notes
        -----
        File, pixels, hash in 8 orientations and 2 polarities of each view of the picture, then
        parts. Whatever hash or parts propose is laid on the known picture and its relation tested,
        so that two photographs of one place are not taken for copies.
        """
        record = _described(image)
        with self._snapshot():
            held = Rows(self._connection, self.path).witnesses()
        return self.search_record(
            record, parts=parts, witnesses=witnessed.queries(image.rgb(), held) if held else {}
        )

    def search_record(
        self,
        record: Record,
        *,
        parts: Parts = "auto",
        witnesses: Mapping[str, NDArray[np.uint64]] | None = None,
    ) -> SearchResult:
        """Search with a picture that was described before; see `search`.

        ``witnesses`` (from `witnessed.queries`) are compared with listed hashes of other kinds
        than PDQ.
        """
        if parts not in PARTS:
            raise UsageError(f'parts "{parts}" is none of {", ".join(PARTS)}')
        with self._snapshot():
            source = Rows(self._connection, self.path)
            if parts == "auto":
                parts = "every" if source.count() <= EXHAUSTIVE_ROWS else "likely"
            matches, parts = cascade(record, source, parts=parts, witnesses=witnesses or {})
            return SearchResult(
                exact=parts != "likely" and source.comparable() == source.count(),
                rows=source.count(),
                snapshot=self._snapshot_name(),
                listed=source.listed("pdq", *(witnesses or {})),
                matches=matches,
                parts=parts,
                hashable=record.pdq.hashable,
                features=len(record.features),
            )

    def hits(self, hashes: dict[str, PdqHash]) -> list[HashHit]:
        """Give the known hashes near a query in any handling, surest first.

        Parameters
        ----------
        hashes : dict
            From `pdq_dihedral`.
        """
        with self._snapshot():
            return Rows(self._connection, self.path).hits([hashes])

    def within(
        self, words: NDArray[np.uint64], *, radius: int, kind: str = "pdq"
    ) -> list[NearHash]:
        """Give every hash of a kind within some bits of any of some queries, nearest first.

        Parameters
        ----------
        words : (V, 4) uint64
            The query in each way it may be laid down.
        radius : int
            Differing bits.
        kind : str, default "pdq"
        """
        laid = arguments.checked_words(words, kind=kind).T
        with self._snapshot():
            return Rows(self._connection, self.path).within(laid, kind=kind, radius=radius)

    def export(self, path: Path | str, *, kind: str = "pdq") -> int:
        """Write the hashes to a new file, Parquet or CSV by its ending; give the rows written.

        Parameters
        ----------
        path : Path or str
            ``.parquet`` holds all kinds and can be searched by `columnar.ParquetStore`; ``.csv``
            holds one kind as ``hash,quality,filename``.
        kind : str, default "pdq"
            For CSV.

        Raises
        ------
        UsageError
            If the ending is neither, or the name is taken.
        RefusedError
            If the file cannot be written.
        MissingDependencyError
            If Parquet is wanted and DuckDB is not installed.
        """
        with self._snapshot():
            tables = exporting.tables(self._connection, self._segments)
            return exporting.write(tables, Path(path), kind=kind)

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
            return inspection.stats(
                self._connection, self._segments, snapshot=self._snapshot_name()
            )

    def verify(self) -> IndexCheck:
        """Read everything and say what is not whole."""
        problems: list[str] = []
        rows = 0
        try:
            with self._snapshot():
                rows = Rows(self._connection, self.path).count()
                problems.extend(inspection.problems(self._connection, self._segments))
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
            except BaseException:
                self._keys = None
                raise
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

    def _snapshot_name(self) -> str:
        listed = Rows(self._connection, self.path).listed()
        return snapshot.name(self._connection, listed=listed)

    def _known_keys(self) -> KnownKeys:
        """Give the keys of all listed hashes; read again if another process has written."""
        version = self._connection.execute("PRAGMA data_version").fetchone()[0]
        if self._keys is None or version != self._version:
            self._keys, self._version = adding.known_keys(self._segments), version
        return self._keys


def _described(image: Image) -> Record:
    return records.describe(image.rgb(), sha256=image.sha256, valid=image.valid())
