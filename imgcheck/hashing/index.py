"""The index of known pictures: add, remove, search, verify."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from imgcheck.errors import IndexFileError, UsageError
from imgcheck.hashing import part_lists, phash, records
from imgcheck.hashing.answer import (
    IndexCheck,
    IndexStats,
    KnownPicture,
    Merged,
    NearHash,
    Polygon,
    SearchResult,
)
from imgcheck.hashing.columns import HashHit
from imgcheck.hashing.perceptual import PdqHash
from imgcheck.hashing.records import Record
from imgcheck.hashing.search import EXHAUSTIVE_ROWS, PARTS, Parts, search
from imgcheck.hashing.store import adding, arguments, database, inspection, merging, table
from imgcheck.hashing.store.adding import KnownKeys
from imgcheck.hashing.store.rows import Rows
from imgcheck.hashing.store.segments import Segments
from imgcheck.imaging import Image

_TIMEOUT_S = 10.0


class HashIndex:
    """An index of known pictures, and of hashes from published lists, in one SQLite file.

    Open it with `HashIndex.open` or make it with `HashIndex.create`; both work in ``with``.
    One process writes at a time; any number search meanwhile, each in one consistent state.
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
        """Make an empty index and open it for writing."""
        database.create(Path(path))
        return cls.open(path, writable=True, timeout_s=timeout_s)

    @classmethod
    def open(
        cls, path: Path | str, *, writable: bool = False, timeout_s: float = _TIMEOUT_S
    ) -> Self:
        """Open an index, read-only unless ``writable``; wait ``timeout_s`` for another writer."""
        place = Path(path)
        connection = database.connect(place, writable=writable, timeout_s=timeout_s)
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
            Label shown with a match.
        date : str, optional
            When it was published or taken, ISO 8601 date, date and time, or ``from/to``.
        note : str, optional
            Where it came from.

        Returns
        -------
        {"added", "known"}
        """
        arguments.checked_date(date)
        if self.has(image.sha256):
            return "known"
        return self.add_pixels(
            image.rgb(),
            sha256=image.sha256,
            path_text=path_text,
            valid=image.valid(),
            date=date,
            note=note,
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
            Its identifier, hexadecimal; the same twice is one row.
        valid : (M, N) bool, optional
            True = usable.
        """
        arguments.checked_date(date)
        if self.has(sha256):
            return "known"
        record = records.describe(rgb, sha256=sha256, valid=valid, searched=False)
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
        given = arguments.checked_date(date)
        with self._transaction():
            if self.has(record.sha256.hex()):
                return "known"
            adding.picture(
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
        """Add hashes from a list, of which nothing else is known; all or none.

        Parameters
        ----------
        words : (N, 4) uint64
            From `arguments.words`; unused words of a 64-bit kind are 0.
        quality : (N,) uint8 or int, default 100
        labels : sequence of N str
            The name of each in the list, shown with a match.
        list_name : str
        date : str or sequence of N str or None, optional
            By when the listed pictures existed, ISO 8601; one for all or one for each.
        kind : str, default "pdq"
            One of `arguments.BITS`.

        Returns
        -------
        (N,) int64
            Their ids. A hash that is known with the same list, label and quality keeps its own.
        """
        columns = arguments.checked_words(words, kind=kind)
        texts = arguments.checked_labels(labels, columns.shape[1])
        groups = arguments.by_date(date, columns.shape[1])
        levels = np.broadcast_to(np.asarray(quality, np.uint8), columns.shape[1:])
        ids = np.zeros(columns.shape[1], np.int64)
        with self._transaction():
            for when, at in groups.items():
                ids[at] = adding.hashes(
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
        """Add the content of another index, which is only read.

        The content that results does not depend on the order in which indexes are merged: the
        same picture or listed hash is one row, with the date that proves the earliest existence.
        """
        if Path(other).exists() and Path(other).samefile(self.path):
            raise UsageError(f'the index "{self.path}" cannot be merged with itself')
        with type(self).open(other) as reader, reader._snapshot(), self._transaction():
            merged = merging.merge(self._segments, self._known_keys(), reader._segments)
            self._list_parts()
        return merged

    def relist(self) -> int:
        """Build the lists of the part search again; return the number of pictures in them."""
        with self._transaction():
            part_lists.clear(self._connection)
            return self._list_parts()

    def _list_parts(self) -> int:
        """Add the pictures that the lists of the part search lack."""
        rows = Rows(self._connection, self.path)
        shapes = rows.shapes()
        waiting = part_lists.missing(self._connection)
        items = ((n, rows.features_of(n), shapes[n]) for n in waiting)
        return part_lists.append(self._connection, items)

    def remove(self, number: int) -> None:
        """Remove a picture, or a listed hash, by its id."""
        with self._transaction():
            self._keys = None
            found = adding.remove_picture(self._segments, number)
            if not found and not adding.remove_listed(self._segments, number):
                raise UsageError(f'the index "{self.path}" has no picture {number}')

    def remove_list(self, name: str) -> int:
        """Remove all hashes of a list; return how many there were."""
        with self._transaction():
            self._keys = None
            sql = "SELECT 1 FROM list WHERE name = ?"
            if self._connection.execute(sql, (arguments.storable(name),)).fetchone() is None:
                raise UsageError(f'the index "{self.path}" has no list "{name}"')
            return adding.remove_list(self._segments, arguments.storable(name))

    def search(self, image: Image, *, parts: Parts = "auto") -> SearchResult:
        """Search for a picture and its parts.

        Parameters
        ----------
        image : imgcheck.imaging.Image
        parts : {"auto", "every", "likely", "none"}, default "auto"
            Whether local features are compared too, which finds cuts, collages, screenshots and
            rotated copies: with every picture (10 to 20 ms of one core each), with the 30 that
            inverted lists propose (a second at 100,000 pictures, but approximate: ``exact`` of
            the result is False), or with none. "auto" is "every" up to 1,000 pictures.

        Returns
        -------
        SearchResult

        Notes
        -----
        File, pixels, hash in 8 orientations and 2 polarities of each view of the picture, then
        parts. What hash or parts propose is registered to the known picture and its relation
        tested, so that two photographs of one place are not taken for copies. Of many known
        pictures that match one part of the picture, the best are tested.
        """
        if parts not in PARTS:
            raise UsageError(f'parts "{parts}" is none of {", ".join(PARTS)}')
        record = records.describe(image.rgb(), sha256=image.sha256, valid=image.valid())
        with self._snapshot():
            source = Rows(self._connection, self.path)
            others = phash.queries(image.rgb(), source.other_kinds())
            if parts == "auto":
                parts = "every" if source.count() <= EXHAUSTIVE_ROWS else "likely"
            found = search(record, source, parts=parts, others=others)
            return SearchResult(
                exact=found.parts != "likely" and source.comparable() == source.count(),
                rows=source.count(),
                snapshot=self._snapshot_name(),
                listed=source.listed("pdq", *others),
                matches=found.matches,
                parts=found.parts,
                unexamined=found.unexamined,
                hashable=record.pdq.hashable,
                features=len(record.features),
            )

    def hits(self, hashes: dict[str, PdqHash]) -> list[HashHit]:
        """Return the known hashes near a query, from `pdq_dihedral`, most significant first."""
        with self._snapshot():
            return Rows(self._connection, self.path).hits([hashes])

    def within(
        self, words: NDArray[np.uint64], *, radius: int, kind: str = "pdq"
    ) -> list[NearHash]:
        """Return every hash of a kind within ``radius`` bits of any of some queries, (V, 4)."""
        with self._snapshot():
            return Rows(self._connection, self.path).within(words, kind=kind, radius=radius)

    def export(self, path: Path | str, *, kind: str = "pdq") -> int:
        """Write the hashes to a new file, Parquet or CSV by its ending; return the rows written.

        Parameters
        ----------
        path : Path or str
            ``.parquet`` holds all kinds and can be searched by `HashTable`; ``.csv``
            holds one kind as ``hash,quality,filename``.
        kind : str, default "pdq"
            For CSV.

        Raises
        ------
        UsageError
            If the ending is neither, or the name is taken.
        MissingDependencyError
            If Parquet is wanted and DuckDB is not installed.
        """
        with self._snapshot():
            return table.write(self._segments, Path(path), kind=kind)

    def pictures(self) -> tuple[KnownPicture, ...]:
        """Return the pictures in the order of their ids."""
        with self._snapshot():
            return tuple(Rows(self._connection, self.path).all())

    def preview(self, picture: int) -> NDArray[np.uint8]:
        """Return the stored preview of a picture, (m, n, 3) uint8, at most 1024 a side."""
        with self._snapshot():
            pixels = Rows(self._connection, self.path).preview(picture)
        if pixels is None:
            raise UsageError(f'the index "{self.path}" has no picture {picture}')
        return pixels

    def stats(self) -> IndexStats:
        """Count what the index holds."""
        with self._snapshot():
            return inspection.stats(self._segments, snapshot=self._snapshot_name())

    def verify(self) -> IndexCheck:
        """Read everything and list what is not whole."""
        problems: list[str] = []
        rows = 0
        try:
            with self._snapshot():
                rows = Rows(self._connection, self.path).count()
                problems.extend(inspection.problems(self._segments))
        except IndexFileError as error:
            problems.append(error.message)
        return IndexCheck(rows=rows, problems=tuple(problems))

    def has(self, sha256: str) -> bool:
        """Return whether a picture with this identifier, hexadecimal, is in the index."""
        with database.explained(self.path):
            found = self._connection.execute(
                "SELECT 1 FROM picture WHERE sha256 = ? AND algorithm = ?",
                (bytes.fromhex(sha256), records.ALGORITHM),
            ).fetchone()
        return found is not None

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """Run one change: whole, or not at all."""
        if not self.writable:
            raise UsageError(f'the index "{self.path}" was opened for reading; open it writable')
        with database.explained(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
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
        with database.explained(self.path):
            self._connection.execute("BEGIN")
            try:
                yield
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    def _snapshot_name(self) -> str:
        listed = Rows(self._connection, self.path).listed()
        return adding.snapshot_name(self._connection, listed=listed)

    def _known_keys(self) -> KnownKeys:
        """Return the keys of all listed hashes; read again if another process has written."""
        version = self._connection.execute("PRAGMA data_version").fetchone()[0]
        if self._keys is None or version != self._version:
            self._keys, self._version = KnownKeys(self._segments), version
        return self._keys
