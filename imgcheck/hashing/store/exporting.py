"""The hash columns of an index as a table of their own: CSV for other tools, Parquet for engines.

A row of the table is a hash: ``id``; ``owner``, the id of the picture or listed hash that a search
answers; ``kind``; the words ``w0`` to ``w3``; ``quality``; ``label``; ``list``, empty for pictures;
``date``; ``region``, the corners as JSON; ``algorithm``, empty for listed hashes.
"""

import csv
import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imgcheck.errors import RefusedError, UsageError
from imgcheck.hashing.store import kinds, optional
from imgcheck.hashing.store.hashrows import HashRows
from imgcheck.hashing.store.segments import Segments

# Name and type in DuckDB's words, in the order of the file.
COLUMNS = {
    "id": "BIGINT",
    "owner": "BIGINT",
    "kind": "VARCHAR",
    "w0": "UBIGINT",
    "w1": "UBIGINT",
    "w2": "UBIGINT",
    "w3": "UBIGINT",
    "quality": "UTINYINT",
    "label": "VARCHAR",
    "list": "VARCHAR",
    "date": "VARCHAR",
    "region": "VARCHAR",
    "algorithm": "VARCHAR",
}
Table = dict[str, NDArray[Any]]


def tables(connection: sqlite3.Connection, source: Segments) -> Iterator[Table]:
    """Give the hashes of an index segment by segment as columns."""
    told = _pictures(connection)
    entries = {
        number: (name, date)
        for number, name, date in connection.execute("SELECT id, name, date FROM list")
    }
    for kind in source.kinds():
        for rows in source.standing(kind):
            yield _table(rows, kind, told, entries, source)


def _pictures(connection: sqlite3.Connection) -> dict[int, tuple[int, str, str, str, str]]:
    """Give owner, label, date, region and algorithm of each hash of a picture."""
    asked = "SELECT id, path, coalesce(date, '') AS date, algorithm FROM picture"
    told = {
        number: (number, path, date, "", algorithm)
        for number, path, date, algorithm in connection.execute(asked)
    }
    for number, picture, polygon in connection.execute("SELECT id, picture, polygon FROM region"):
        if picture in told:
            _, path, date, _, algorithm = told[picture]
            told[number] = (picture, path, date, polygon, algorithm)
    return told


def _table(
    rows: HashRows,
    kind: str,
    told: dict[int, tuple[int, str, str, str, str]],
    entries: dict[int, tuple[str, str]],
    source: Segments,
) -> Table:
    found: list[tuple[int, str, str, str, str, str]] = []
    for number, entry, label in zip(
        rows.ids.tolist(), rows.lists.tolist(), rows.labels, strict=True
    ):
        if entry in entries:
            found.append((number, label, *entries[entry], "", ""))
        elif number in told and not entry:
            owner, path, date, region, algorithm = told[number]
            found.append((owner, path, "", date, region, algorithm))
        else:
            raise source.damaged(f"what belongs to hash {number}")
    texts = list(zip(*found, strict=True))
    words = [
        rows.words[k] if k < len(rows.words) else np.zeros(len(rows), np.uint64)
        for k in range(kinds.WORDS)
    ]
    return {
        "id": rows.ids,
        "owner": np.array(texts[0], np.int64),
        "kind": np.array([kind] * len(rows), object),
        **{f"w{k}": word for k, word in enumerate(words)},
        "quality": rows.quality,
        **{
            name: np.array(texts[1 + k], object)
            for k, name in enumerate(("label", "list", "date", "region", "algorithm"))
        },
    }


def write(source: Iterator[Table], path: Path, *, kind: str = "pdq") -> int:
    """Write hashes to a new file: Parquet or, for one kind, CSV, by the ending of the name.

    Returns
    -------
    int
        Rows written.

    Raises
    ------
    UsageError
        If the ending is neither, or the name is taken.
    RefusedError
        If the file cannot be written.
    MissingDependencyError
        If Parquet is wanted and DuckDB is not installed.
    """
    kinds.width(kind)
    writers: dict[str, Callable[[Iterator[Table], Path], int]] = {
        ".parquet": _parquet,
        ".csv": lambda tables, draft: _csv(tables, draft, kind),
    }
    if path.suffix.lower() not in writers:
        raise UsageError(f'"{path.name}" must end in .parquet or .csv')
    if path.exists():
        raise UsageError(f'"{path.name}" exists; choose another name')
    draft = path.with_name(f".{path.name}.new-{os.getpid()}")
    try:
        count = writers[path.suffix.lower()](source, draft)
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


def _csv(source: Iterator[Table], draft: Path, kind: str) -> int:
    """Write ``hash,quality,filename``, as the PDQ tools do."""
    count = 0
    with draft.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("hash", "quality", "filename"))
        for table in source:
            if table["kind"][0] != kind:
                continue
            words = np.stack([table[f"w{k}"] for k in range(kinds.WORDS)], axis=1)
            labels = (_harmless(label) for label in table["label"])
            writer.writerows(
                zip(kinds.digits(words, kind=kind), table["quality"].tolist(), labels, strict=True)
            )
            count += len(words)
    return count


def _harmless(label: str) -> str:
    """Give a label that no spreadsheet takes for a formula."""
    return f"'{label}" if label[:1] in ("=", "+", "-", "@", "\t", "\r") else label


def _parquet(source: Iterator[Table], draft: Path) -> int:
    duckdb = optional.duckdb()
    count = 0
    connection = duckdb.connect(":memory:", config=optional.DUCKDB_CONFIG)
    try:
        columns = ", ".join(f'"{name}" {kind}' for name, kind in COLUMNS.items())
        connection.execute(f"CREATE TABLE hashes ({columns})")
        for table in source:
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
