"""The hashes of an index as one table: CSV for other tools, Parquet to be searched by DuckDB.

A row of the table is a hash: ``id``; ``owner``, the id of the picture or listed hash it belongs
to; ``kind``; the words ``w0`` to ``w3``; ``quality``; ``label``; ``list``, empty for pictures;
``date``; ``region``, the corners as JSON; ``algorithm``, empty for listed hashes.
"""

import csv
import importlib
import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from imgcheck.errors import IndexFileError, MissingDependencyError, RefusedError, UsageError
from imgcheck.hashing import columns, phash, records, search
from imgcheck.hashing.answer import KnownPicture, NearHash, SearchResult
from imgcheck.hashing.columns import HashHit
from imgcheck.hashing.perceptual import PdqHash
from imgcheck.hashing.probability import reach
from imgcheck.hashing.store import arguments
from imgcheck.hashing.store.rows import polygon
from imgcheck.hashing.store.segments import HashRows, Segments
from imgcheck.imaging import Image

# Name and type in DuckDB's words, in the order of the file.
COLUMNS = {
    "id": "BIGINT", "owner": "BIGINT", "kind": "VARCHAR", "w0": "UBIGINT", "w1": "UBIGINT",
    "w2": "UBIGINT", "w3": "UBIGINT", "quality": "UTINYINT", "label": "VARCHAR",
    "list": "VARCHAR", "date": "VARCHAR", "region": "VARCHAR", "algorithm": "VARCHAR",
}  # fmt: skip
# Nothing is downloaded and no code is loaded, whatever a file contains.
_CONFIG = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
}
# DuckDB takes some characters of a file name for a pattern of several names.
_PATTERN = re.compile(r"[*?\[\]{}'\"\\\x00-\x1f]")
_Table = dict[str, NDArray[Any]]


def _duckdb() -> ModuleType:
    try:
        return importlib.import_module("duckdb")
    except ImportError as error:
        raise MissingDependencyError(
            "a Parquet table needs DuckDB, which is not installed: pip install 'imgcheck[duckdb]'"
        ) from error


class HashTable:
    """The hashes of an index in a Parquet file that ``imgcheck index export`` wrote.

    Every hash is compared, in 8 orientations and 2 polarities, and what counts as a match is
    decided by the code of `HashIndex`. The pictures stay in the index, so parts are not searched
    and the relation of a match is undetermined.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._duckdb = _duckdb()
        self._known: dict[int, KnownPicture] = {}

    @classmethod
    def open(cls, path: Path | str) -> Self:
        """Open a table.

        Raises
        ------
        MissingDependencyError
            If DuckDB is not installed.
        IndexFileError
            If the file is absent, or no table of hashes.
        """
        place = Path(path)
        _must_be_plain(place)
        table = cls(place)
        table._rows(f"SELECT {', '.join(COLUMNS)} FROM hashes LIMIT 0")
        return table

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing is kept open between questions."""

    def search(self, image: Image, *, parts: str = "auto") -> SearchResult:
        """Compare the hashes of a picture with all of the table.

        Raises
        ------
        UsageError
            If ``parts`` is neither "auto" nor "none".
        """
        if parts not in ("auto", "none"):
            raise UsageError(
                "an exported table holds no parts of pictures: search the index for parts"
            )
        record = records.describe(image.rgb(), sha256=image.sha256, valid=image.valid())
        kinds = [kind for (kind,) in self._rows("SELECT DISTINCT kind FROM hashes ORDER BY 1")]
        others = phash.queries(image.rgb(), [kind for kind in kinds if kind in phash.KINDS])
        pictures, older, name = self._rows(
            "SELECT count(DISTINCT CASE WHEN list = '' THEN owner END),"
            f" count(CASE WHEN list = '' AND algorithm <> '{records.ALGORITHM}' THEN 1 END),"
            " bit_xor(xor(xor(w0, w1), xor(w2, w3))) FROM hashes"
        )[0]
        listed = self.listed("pdq", *others)
        return SearchResult(
            exact=not older,
            rows=pictures,
            snapshot=f"{pictures}+{listed}:{name or 0:016x}",
            matches=search.by_hash_alone(record, self, others),
            parts="none",
            hashable=record.pdq.hashable,
            features=len(record.features),
            listed=listed,
        )

    def listed(self, *of: str) -> int:
        """Count the listed hashes of some kinds."""
        return self._count(of, "AND list <> ''")

    def known(self, number: int) -> KnownPicture:
        """Return a picture or listed hash that a search of this object found."""
        return self._known[number]

    def hits(self, views: Sequence[dict[str, PdqHash]]) -> list[HashHit]:
        """Return the known hashes nearer than expected by chance, most significant first."""
        hashable = [view for view in views if view["original"].hashable]
        if not hashable:
            return []
        count = self._count(["pdq"])
        differing = ", ".join(
            _distance(words) for view in hashable for words in columns.variants(view)
        )
        least = f"least(least({differing}), 256 - greatest({differing}))"
        rows = {
            int(row[0]): row
            for row in self._near("pdq", least, reach(rows=count, variants=16 * len(views)))
        }
        ids = np.array(list(rows), np.int64)
        words = np.array([row[4:8] for row in rows.values()], np.uint64).reshape(-1, 4).T
        found = [
            own
            for number, view in enumerate(views)
            for hit in columns.hits(ids, words, view, rows=count, views=len(views))
            if (own := self._owned(replace(hit, view=number), rows[hit.picture])) is not None
        ]
        return sorted(found, key=lambda hit: (hit.log10_nfa, hit.picture, hit.view))

    def within(self, words: NDArray[np.uint64], *, radius: int, kind: str) -> list[NearHash]:
        """Return every hash of a kind within some bits of any of some queries, (V, 4)."""
        queries = arguments.checked_words(words, kind=kind).T
        rows = self._near(kind, f"least({', '.join(map(_distance, queries))})", radius)
        found = [
            NearHash(
                id=row[0], kind=kind, distance=row[3], quality=row[2], known=self._remember(row)
            )
            for row in rows
        ]
        return sorted(found, key=lambda near: (near.distance, near.id))

    def _count(self, kinds: Sequence[str], more: str = "") -> int:
        names = ", ".join(f"'{kind}'" for kind in kinds)
        return int(self._rows(f"SELECT count(*) FROM hashes WHERE kind IN ({names}) {more}")[0][0])

    def _near(self, kind: str, least: str, widest: int) -> list[tuple[Any, ...]]:
        return self._rows(
            f"SELECT * FROM (SELECT id, owner, quality, {least} AS distance, w0, w1, w2, w3, label,"
            f" list, date, region, algorithm FROM hashes WHERE kind = '{kind}')"
            f" WHERE distance <= {int(widest)}"
        )

    def _owned(self, hit: HashHit, row: tuple[Any, ...]) -> HashHit | None:
        """Return a hit with its picture; None for pictures of another algorithm, as the index."""
        listed, region, algorithm = bool(row[9]), row[11], row[12]
        if not listed and algorithm != records.ALGORITHM:
            return None
        corners = polygon(region) if region else ()
        if corners is None:
            raise self._damaged("a region cannot be read")
        return replace(hit, picture=self._remember(row).id, region=corners, listed=listed)

    def _remember(self, row: tuple[Any, ...]) -> KnownPicture:
        known = KnownPicture(
            id=row[1],
            sha256="",
            path=row[8],
            width=0,
            height=0,
            date=row[10] or None,
            listed=row[9] or None,
        )
        return self._known.setdefault(known.id, known)

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a query in which ``hashes`` is the file."""
        try:
            with self._duckdb.connect(":memory:", config=_CONFIG) as connection:
                source = f"read_parquet('{self.path.absolute()}')"
                connection.execute(f"CREATE VIEW hashes AS SELECT * FROM {source}")
                return list(connection.execute(sql).fetchall())
        except self._duckdb.Error as error:
            lines = str(error).splitlines() or [type(error).__name__]
            raise self._damaged(lines[0][:200]) from error

    def _damaged(self, why: str) -> IndexFileError:
        return IndexFileError(
            f'"{self.path}" cannot be searched as a table of hashes ({why}); '
            "write it again with 'imgcheck index export'",
            file=str(self.path),
        )


def _distance(query: NDArray[np.uint64]) -> str:
    """Return the SQL for the differing bits to one hash."""
    words = enumerate(query.tolist())
    parts = (f"CAST(bit_count(xor(w{k}, CAST({word} AS UBIGINT))) AS INTEGER)" for k, word in words)
    return f"({' + '.join(parts)})"


def _must_be_plain(path: Path) -> None:
    try:
        regular = stat.S_ISREG(path.stat().st_mode)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise IndexFileError(f'"{path}" cannot be opened: {reason}', file=str(path)) from error
    if not regular:
        raise IndexFileError(f'"{path}" is not a regular file', file=str(path))
    if _PATTERN.search(str(path.absolute())):
        raise IndexFileError(
            f'"{path}" has a character in its name that DuckDB would interpret as a '
            "pattern or a quotation mark; rename the file",
            file=str(path),
        )


def write(source: Segments, path: Path, *, kind: str = "pdq") -> int:
    """Write hashes to a new file and return their number; see `HashIndex.export`."""
    arguments.width(kind)
    ending = path.suffix.lower()
    if ending not in (".parquet", ".csv"):
        raise UsageError(f'"{path.name}" must end in .parquet or .csv')
    if path.exists():
        raise UsageError(f'"{path.name}" exists; choose another name')
    draft = path.with_name(f".{path.name}.new-{os.getpid()}")
    try:
        count = _csv(source, draft, kind) if ending == ".csv" else _parquet(source, draft)
        draft.replace(path)
    except OSError as error:
        if hasattr(error, "code"):  # one of ours says it better
            raise
        raise RefusedError(
            f'"{path.name}" cannot be written: {error.strerror or error}; choose a folder that '
            "exists and has room",
            file=str(path),
        ) from error
    finally:
        draft.unlink(missing_ok=True)
    return count


def _csv(source: Segments, draft: Path, kind: str) -> int:
    """Write ``hash,quality,filename``, as the PDQ tools do."""
    count = 0
    with draft.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("hash", "quality", "filename"))
        for table in _tables(source, [kind] if kind in source.kinds() else []):
            words = np.stack([table[f"w{k}"] for k in range(arguments.WORDS)], axis=1)
            labels = (_harmless(label) for label in table["label"])
            texts = arguments.digits(words, kind=kind)
            writer.writerows(zip(texts, table["quality"].tolist(), labels, strict=True))
            count += len(words)
    return count


def _harmless(label: str) -> str:
    """Return a label that no spreadsheet takes for a formula."""
    return f"'{label}" if label[:1] in ("=", "+", "-", "@", "\t", "\r") else label


def _parquet(source: Segments, draft: Path) -> int:
    duckdb = _duckdb()
    count = 0
    connection = duckdb.connect(":memory:", config=_CONFIG)
    try:
        typed = ", ".join(f'"{name}" {kind}' for name, kind in COLUMNS.items())
        connection.execute(f"CREATE TABLE hashes ({typed})")
        for table in _tables(source, source.kinds()):
            connection.register("part", table)
            names = ", ".join(f'"{name}"' for name in COLUMNS)
            connection.execute(f"INSERT INTO hashes SELECT {names} FROM part")
            connection.unregister("part")
            count += len(table["id"])
        quoted = str(draft.absolute()).replace("'", "''")
        connection.execute(
            f"COPY hashes TO '{quoted}' (FORMAT PARQUET, COMPRESSION ZSTD, ROW_GROUP_SIZE 122880)"
        )
    except duckdb.Error as error:
        raise RefusedError(
            f"the Parquet file cannot be written: {str(error).splitlines()[0]}; choose a folder "
            "that exists and has room",
            file=str(draft),
        ) from error
    finally:
        connection.close()
    return count


def _tables(source: Segments, kinds: Sequence[str]) -> Iterator[_Table]:
    """Return the hashes of an index segment by segment as columns."""
    read = source.connection.execute
    owners = {
        number: (number, path, "", date, "", algorithm)
        for number, path, date, algorithm in read(
            "SELECT id, path, coalesce(date, '') AS date, algorithm FROM picture"
        )
    }
    for number, picture, corners in read("SELECT id, picture, polygon FROM region").fetchall():
        if picture in owners:
            owner, path, _, date, _, algorithm = owners[picture]
            owners[number] = (owner, path, "", date, corners, algorithm)
    lists = {number: (name, date) for number, name, date in read("SELECT id, name, date FROM list")}
    for kind in kinds:
        for rows in source.standing(kind):
            yield _table(rows, kind, owners, lists, source)


def _table(
    rows: HashRows,
    kind: str,
    owners: dict[int, tuple[int, str, str, str, str, str]],
    lists: dict[int, tuple[str, str]],
    source: Segments,
) -> _Table:
    found: list[tuple[int, str, str, str, str, str]] = []
    for number, entry, label in zip(
        rows.ids.tolist(), rows.lists.tolist(), rows.labels, strict=True
    ):
        if entry in lists:
            found.append((number, label, *lists[entry], "", ""))
        elif number in owners and not entry:
            found.append(owners[number])
        else:
            raise source.damaged(f"the data of hash {number}")
    owner, *texts = zip(*found, strict=True)
    none = np.zeros(len(rows), np.uint64)
    words = {f"w{k}": rows.words[k] if k < len(rows.words) else none for k in range(4)}
    names = ("label", "list", "date", "region", "algorithm")
    return {
        "id": rows.ids,
        "owner": np.array(owner, np.int64),
        "kind": np.array([kind] * len(rows), object),
        **words,
        "quality": rows.quality,
        **{name: np.array(text, object) for name, text in zip(names, texts, strict=True)},
    }
