"""The hash search over an exported Parquet file: the same exact SQL in DuckDB or ClickHouse.

Nothing is approximated: every row is compared in 8 orientations and 2 polarities, and what counts
as a match is decided by the same code as for the index, so that the answers are the same.
"""

import json
import re
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from imgcheck.errors import IndexFileError, MissingDependencyError, UsageError
from imgcheck.hashing import columns, records
from imgcheck.hashing.chance import reach
from imgcheck.hashing.columns import HashColumns, HashHit
from imgcheck.hashing.perceptual import PdqHash
from imgcheck.hashing.store import arguments, exporting, kinds, optional
from imgcheck.hashing.store.rows import polygon

# Both engines take some characters of a file name for a pattern of several names.
_PATTERN = re.compile(r"[*?\[\]{}'\"\\\x00-\x1f]")
Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Dialect:
    """What the two engines call the same thing; ``{}`` is filled with the file or the value."""

    table: str
    word: str
    count: str
    least: str
    greatest: str


_DIALECTS = {
    "duckdb": _Dialect(
        table="read_parquet('{}')",
        word="CAST({} AS UBIGINT)",
        count="CAST(bit_count(xor({}, {})) AS INTEGER)",
        least="least({})",
        greatest="greatest({})",
    ),
    "clickhouse": _Dialect(
        table="file('{}', 'Parquet')",
        word="toUInt64({})",
        count="toInt32(bitCount(bitXor({}, {})))",
        least="arrayMin([{}])",
        greatest="arrayMax([{}])",
    ),
}


class ParquetStore:
    """The hashes of an index in a Parquet file, searched by an engine made for large tables.

    Open it with `ParquetStore.open`; it works in ``with``. It answers `hits` and `within` as the
    index does that the file was exported from; pictures, parts and pixels stay in the index.
    """

    def __init__(self, path: Path, engine: str, ask: Callable[[str], list[Row]]) -> None:
        self.path = path
        self.engine = engine
        self._dialect = _DIALECTS[engine]
        self._ask = ask

    @classmethod
    def open(cls, path: Path | str, *, engine: str = "duckdb") -> Self:
        """Open a file that ``imgcheck index export`` wrote.

        Parameters
        ----------
        path : Path or str
        engine : {"duckdb", "clickhouse"}
            ClickHouse runs inside this process (chDB).

        Raises
        ------
        UsageError
            If there is no such engine.
        MissingDependencyError
            If the engine is not installed; names the extra that brings it.
        IndexFileError
            If the file is absent, or no table of hashes.
        """
        if engine not in _DIALECTS:
            raise UsageError(f'"{engine}" is no engine; write one of {", ".join(_DIALECTS)}')
        place = Path(path)
        _must_be_plain(place)
        store = cls(place, engine, _duckdb() if engine == "duckdb" else _clickhouse())
        wanted = ", ".join(f'"{name}"' for name in exporting.COLUMNS)
        store._rows(f"SELECT {wanted} FROM {{table}} LIMIT 0")
        return store

    def close(self) -> None:
        """Let go of the file; nothing is kept open between questions."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def count(self, kind: str = "pdq") -> int:
        """Count the hashes of a kind."""
        kinds.width(kind)
        return int(self._rows(f"SELECT count(*) FROM {{table}} WHERE kind = '{kind}'")[0][0])

    def hits(self, hashes: dict[str, PdqHash]) -> list[HashHit]:
        """Give the known hashes near a query in any handling, surest first.

        Parameters
        ----------
        hashes : dict
            From `pdq_dihedral`.
        """
        if not hashes["original"].hashable:
            return []
        count = self.count()
        widest = reach(rows=count, variants=columns.VARIANTS)
        differing = self._differing(columns.variants(hashes))
        least = self._dialect.least.format(
            f"{self._dialect.least.format(', '.join(differing))}, "
            f"256 - {self._dialect.greatest.format(', '.join(differing))}"
        )
        rows = self._near("pdq", least, widest)
        if not rows:
            return []
        told = {int(row[0]): row for row in rows}
        table = HashColumns(
            pictures=np.array([row[0] for row in rows], np.int64),
            words=np.array([row[4:8] for row in rows], np.uint64).T,
            quality=np.array([row[2] for row in rows], np.int64),
        )
        found = columns.hits(table, hashes, rows=count)
        return [own for hit in found if (own := self._owned(hit, told[hit.picture])) is not None]

    def within(
        self, words: NDArray[np.uint64], *, radius: int, kind: str = "pdq"
    ) -> list[tuple[int, int]]:
        """Give (id, distance) of every hash within some bits of any of some queries."""
        laid = arguments.checked_words(words, kind=kind).T
        least = self._dialect.least.format(", ".join(self._differing(laid)))
        rows = self._near(kind, least, radius)
        return sorted(((int(row[0]), int(row[3])) for row in rows), key=lambda near: near[::-1])

    def _differing(self, laid: NDArray[np.uint64]) -> list[str]:
        """Give the SQL for the distance to each query."""
        return [
            "("
            + " + ".join(
                self._dialect.count.format(f"w{k}", self._dialect.word.format(int(word)))
                for k, word in enumerate(query)
            )
            + ")"
            for query in laid
        ]

    def _near(self, kind: str, least: str, widest: int) -> list[Row]:
        return self._rows(
            "SELECT * FROM (SELECT id, owner, quality, "
            f"{least} AS distance, w0, w1, w2, w3, list, region, algorithm "
            f"FROM {{table}} WHERE kind = '{kind}') AS near WHERE distance <= {int(widest)}"
        )

    def _owned(self, hit: HashHit, row: Row) -> HashHit | None:
        owner, listed, region, algorithm = int(row[1]), bool(row[8]), row[9], row[10]
        # As in the index: pictures of another chain of steps are not compared by hash.
        if not listed and algorithm != records.ALGORITHM:
            return None
        corners = polygon(region) if region else ()
        if corners is None:
            raise self._damaged("a region cannot be read")
        return replace(hit, picture=owner, region=corners, listed=listed)

    def _rows(self, question: str) -> list[Row]:
        quoted = str(self.path.absolute())
        try:
            return self._ask(question.format(table=self._dialect.table.format(quoted)))
        except MissingDependencyError:
            raise
        except Exception as error:  # two engines, each with a family of errors of its own
            lines = str(error).splitlines() or [type(error).__name__]
            raise self._damaged(lines[0][:200]) from error

    def _damaged(self, why: str) -> IndexFileError:
        return IndexFileError(
            f'"{self.path}" cannot be searched as a table of hashes ({why}); '
            "write it again with 'imgcheck index export'",
            file=str(self.path),
        )


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
            f'"{path}" has a character in its name that the engines take for a pattern '
            "or a quotation mark; rename it",
            file=str(path),
        )


def _duckdb() -> Callable[[str], list[Row]]:
    duckdb = optional.duckdb()

    def ask(question: str) -> list[Row]:
        with duckdb.connect(":memory:", config=optional.DUCKDB_CONFIG) as connection:
            return list(connection.execute(question).fetchall())

    return ask


def _clickhouse() -> Callable[[str], list[Row]]:
    chdb = optional.chdb()

    def ask(question: str) -> list[Row]:
        # Text keeps all 64 bits, which a JSON number does not.
        answer = chdb.query(
            f"{question} SETTINGS output_format_json_quote_64bit_integers = 1",
            "JSONCompactEachRow",
        )
        return [_numbers(json.loads(line)) for line in str(answer).splitlines() if line]

    return ask


def _numbers(row: Sequence[Any]) -> Row:
    """Give a row whose first eight cells are numbers, as `ParquetStore` asks for them."""
    return tuple(int(cell) if at < 8 else cell for at, cell in enumerate(row))
