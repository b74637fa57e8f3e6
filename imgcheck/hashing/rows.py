"""The rows of an index as a search reads them, with doubt about every length."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from imgcheck.errors import IndexFileError
from imgcheck.hashing import records
from imgcheck.hashing.answer import KnownPicture
from imgcheck.hashing.columns import HashColumns
from imgcheck.imaging.features import Features

_PICTURE = "id, hex(sha256), path, width, height, date, note"
# Rows that another chain of steps made are found by file and pixels only.
_CURRENT = "JOIN picture p ON p.id = x.picture AND p.algorithm = ?"


class Rows:
    """The rows of an index, as the cascade reads them."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    def count(self) -> int:
        return int(self._connection.execute("SELECT count(*) FROM picture").fetchone()[0])

    def comparable(self) -> int:
        """Count the rows whose hashes and features were made by the present steps."""
        return int(
            self._connection.execute(
                "SELECT count(*) FROM picture WHERE algorithm = ?", (records.ALGORITHM,)
            ).fetchone()[0]
        )

    def known(self, picture: int) -> KnownPicture:
        row = self._connection.execute(
            f"SELECT {_PICTURE} FROM picture WHERE id = ?", (picture,)
        ).fetchone()
        return _known(row)

    def all(self) -> Iterator[KnownPicture]:
        rows = self._connection.execute(f"SELECT {_PICTURE} FROM picture ORDER BY id")
        return (_known(row) for row in rows)

    def same_file(self, sha256: bytes) -> list[int]:
        return self._ids("SELECT id FROM picture WHERE sha256 = ? ORDER BY id", sha256)

    def same_pixels(self, pixels: bytes) -> list[int]:
        return self._ids("SELECT id FROM picture WHERE pixels = ? ORDER BY id", pixels)

    def hashes(self) -> HashColumns:
        rows = self._connection.execute(
            f"SELECT x.picture, x.words, x.quality FROM hash x {_CURRENT}"
            " WHERE x.kind = 'pdq' AND x.hashable ORDER BY x.id",
            (records.ALGORITHM,),
        ).fetchall()
        quality = np.array([row[2] for row in rows], np.int64)
        words = records.unpack_hashes([row[1] for row in rows], quality)
        if words is None:
            raise self._damaged("a hash")
        return HashColumns(
            pictures=np.array([row[0] for row in rows], np.int64), words=words, quality=quality
        )

    def shapes(self) -> dict[int, tuple[int, int]]:
        rows = self._connection.execute("SELECT id, height, width FROM picture")
        shapes = {picture: (height, width) for picture, height, width in rows}
        if not all(isinstance(side, int) and side > 0 for s in shapes.values() for side in s):
            raise self._damaged("the size of a picture")
        return shapes

    def features(self) -> Iterator[tuple[int, Features]]:
        rows = self._connection.execute(
            f"SELECT x.picture, x.count, x.data FROM features x {_CURRENT} ORDER BY x.picture",
            (records.ALGORITHM,),
        )
        for picture, count, data in rows:
            yield picture, self._unpacked(data, count)

    def features_of(self, picture: int) -> Features:
        count, data = self._connection.execute(
            "SELECT count, data FROM features WHERE picture = ?", (picture,)
        ).fetchone()
        return self._unpacked(data, count)

    def preview(self, picture: int) -> NDArray[np.uint8] | None:
        row = self._connection.execute(
            "SELECT data FROM preview WHERE picture = ?", (picture,)
        ).fetchone()
        if row is None:
            return None
        pixels = records.unpack_preview(row[0])
        if pixels is None:
            raise self._damaged("a preview")
        return pixels

    def _ids(self, question: str, value: bytes) -> list[int]:
        return [row[0] for row in self._connection.execute(question, (value,))]

    def _unpacked(self, data: bytes, count: int) -> Features:
        found = records.unpack_features(data, count=count)
        if found is None:
            raise self._damaged("the features of a picture")
        return found

    def _damaged(self, what: str) -> IndexFileError:
        return IndexFileError(
            f'the index "{self._path}" is damaged: {what} cannot be read; restore it from a copy, '
            "or build it again from the pictures",
            file=str(self._path),
        )


def _known(row: tuple[int, str, str, int, int, str | None, str | None]) -> KnownPicture:
    number, sha256, path, width, height, date, note = row
    return KnownPicture(
        id=number,
        sha256=sha256.lower(),
        path=path,
        width=width,
        height=height,
        date=date,
        note=note,
    )
