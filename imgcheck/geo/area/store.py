"""The index file: tiles of reduced references, each with its check sum, and windows of them."""

import json
import math
import sqlite3
import threading
import zlib
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from imgcheck.errors import IndexFileError
from imgcheck.geo import earth
from imgcheck.imaging.pixels import Uint8
from imgcheck.imaging.text import printable

# "ICar": identifies the file (SQLite, pragma application_id).
_APPLICATION = 0x49436172
_VERSION = 1
# Side of a tile in pixels of its reference, and the reductions kept: 2, 4, 8, 16, 32.
TILE = 2048
LEVELS = (1, 2, 3, 4, 5)
# Unpacked tiles kept in memory, bytes.
_MOST_KEPT = 48 << 20
# Largest unpacked tile, bytes.
_MOST_BYTES = (TILE // 2) ** 2
_SCHEMA = """
CREATE TABLE source (
    id INTEGER PRIMARY KEY, path TEXT UNIQUE NOT NULL, size INTEGER NOT NULL,
    sha256 TEXT NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL, crs TEXT NOT NULL,
    transform TEXT NOT NULL, gsd_m REAL NOT NULL, low REAL, high REAL);
CREATE TABLE tile (
    source INTEGER NOT NULL, row INTEGER NOT NULL, col INTEGER NOT NULL, level INTEGER NOT NULL,
    rows INTEGER NOT NULL, cols INTEGER NOT NULL, crc INTEGER NOT NULL, data BLOB NOT NULL,
    PRIMARY KEY (source, row, col, level)) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A reference of the area, as it was when its tiles were made.

    ``transform`` maps pixel corners to the CRS; ``stretch`` are the samples that became black and
    white, None for samples of 8 bits.
    """

    id: int
    path: Path
    size: int
    sha256: str
    width: int
    height: int
    crs: str
    transform: tuple[float, ...]
    gsd_m: float
    stretch: tuple[float, float] | None

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of tiles."""
        return -(-self.height // TILE), -(-self.width // TILE)


class Store:
    """The index file, open. Use it as a context."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection
        self._lock = threading.Lock()

    @classmethod
    def create_or_open(cls, path: Path) -> "Store":
        """Open an index for writing, or create one.

        Raises
        ------
        IndexFileError
            If the file is no index of an area, damaged, or cannot be written.
        """
        new = not path.exists() or path.stat().st_size == 0
        store = cls._connected(path, "rwc" if new else "rw")
        with store._named():
            if new:
                store._connection.executescript(
                    f"PRAGMA application_id = {_APPLICATION}; PRAGMA user_version = {_VERSION};"
                    f"BEGIN; {_SCHEMA} COMMIT;"
                )
            store._check()
        return store

    @classmethod
    def open(cls, path: Path) -> "Store":
        """Open a finished index for reading.

        Raises
        ------
        IndexFileError
            If there is none, or it is foreign, damaged, of another version or unfinished.
        """
        if not path.is_file():
            raise IndexFileError(f"there is no index {_shown(path)}; build it first")
        store = cls._connected(path, "ro")
        with store._named():
            store._check()
            sources = store.sources()
            missing = sum(np.prod(s.grid) - len(store.finished(s)) for s in sources)
        if not sources or missing:
            store.close()
            raise IndexFileError(
                f"the index {_shown(path)} is unfinished: {int(missing)} tiles are missing; build "
                "it again with the same references, it goes on where it stopped"
            )
        return store

    @classmethod
    def _connected(cls, path: Path, mode: str) -> "Store":
        try:
            connection = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode={mode}", uri=True, check_same_thread=False
            )
        except sqlite3.Error as error:
            raise IndexFileError(f"the index {_shown(path)} cannot be opened: {error}") from None
        return cls(path, connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._connection.close()

    def sources(self) -> list[Source]:
        """Return the references in the order in which they were added."""
        with self._named():
            rows = self._connection.execute("SELECT * FROM source ORDER BY id").fetchall()
            return [_source(row) for row in rows]

    def add(self, source: Source) -> Source:
        """Add a reference, replacing an older state of the same file."""
        with self._named(), self._connection:
            old = self._connection.execute(
                "SELECT id FROM source WHERE path = ?", (str(source.path),)
            ).fetchone()
            if old:
                self._connection.execute("DELETE FROM tile WHERE source = ?", old)
                self._connection.execute("DELETE FROM source WHERE id = ?", old)
            self._connection.execute(
                "INSERT INTO source VALUES (NULL,?,?,?,?,?,?,?,?,?,?)",
                (
                    str(source.path),
                    source.size,
                    source.sha256,
                    source.width,
                    source.height,
                    source.crs,
                    json.dumps(source.transform),
                    source.gsd_m,
                    *(source.stretch or (None, None)),
                ),
            )
        return next(s for s in self.sources() if s.path == source.path)

    def finished(self, source: Source) -> set[tuple[int, int]]:
        """Return row and column of the finished tiles."""
        with self._named():
            rows = self._connection.execute(
                "SELECT row, col FROM tile WHERE source = ? GROUP BY row, col HAVING COUNT(*) = ?",
                (source.id, len(LEVELS)),
            )
            return {(int(row), int(col)) for row, col in rows}

    def put(self, source: Source, row: int, col: int, levels: list[Uint8]) -> None:
        """Write one tile at all its levels, whole or not at all."""
        entries = []
        for level, gray in zip(LEVELS, levels, strict=True):
            data = zlib.compress(gray.tobytes(), 1)
            entries.append((source.id, row, col, level, *gray.shape, zlib.crc32(data), data))
        with self._named(), self._connection:
            self._connection.executemany(
                "INSERT OR REPLACE INTO tile VALUES (?,?,?,?,?,?,?,?)", entries
            )

    def tile(self, source: Source, row: int, col: int, level: int) -> Uint8:
        """Read one tile at one level; 0 is unknown.

        Raises
        ------
        IndexFileError
            If it is missing or damaged.
        """
        with self._lock, self._named():
            found = self._connection.execute(
                "SELECT rows, cols, crc, data FROM tile "
                "WHERE source = ? AND row = ? AND col = ? AND level = ?",
                (source.id, row, col, level),
            ).fetchone()
            if found is not None:
                rows, cols, crc, data = found
                if isinstance(data, bytes) and zlib.crc32(data) == crc and min(rows, cols) > 0:
                    raw = zlib.decompressobj().decompress(data, _MOST_BYTES)
                    if len(raw) == rows * cols:
                        return np.frombuffer(raw, np.uint8).reshape(rows, cols)
        raise self._damaged(f"tile {row}, {col} of {_shown(source.path)} has a wrong check sum")

    def _check(self) -> None:
        application = self._connection.execute("PRAGMA application_id").fetchone()[0]
        version = self._connection.execute("PRAGMA user_version").fetchone()[0]
        if application != _APPLICATION:
            raise self._foreign()
        if version != _VERSION:
            raise IndexFileError(
                f"the index {_shown(self.path)} has version {version}, this program reads "
                f"{_VERSION}; build it again"
            )

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            if "not a database" in str(error):
                raise self._foreign() from None
            raise self._damaged(str(error)) from None
        # A file from a stranger may hold any type, any size and any depth of nesting.
        except (ValueError, TypeError, KeyError, ArithmeticError, RecursionError) as error:
            raise self._damaged(f"an entry is not valid ({error})") from None
        except (zlib.error, MemoryError) as error:
            raise self._damaged(f"an entry cannot be decompressed ({error})") from None

    def _foreign(self) -> IndexFileError:
        return IndexFileError(
            f"{_shown(self.path)} is not an area index; give an existing area index, or a new name "
            "to build one"
        )

    def _damaged(self, what: str) -> IndexFileError:
        return IndexFileError(
            f"the index {_shown(self.path)} cannot be used: {printable(what)}; delete it and "
            "build it again"
        )


def _source(row: tuple[object, ...]) -> Source:
    number, path, size, sha256, width, height, crs, transform, gsd, low, high = row
    affine = tuple(float(v) for v in json.loads(str(transform)))
    found = Source(
        id=int(str(number)),
        path=Path(str(path)),
        size=int(str(size)),
        sha256=str(sha256),
        width=int(str(width)),
        height=int(str(height)),
        crs=str(crs),
        transform=affine,
        gsd_m=float(str(gsd)),
        stretch=None if low is None else (float(str(low)), float(str(high))),
    )
    earth.affine_of(affine)
    earth.system_of(found.crs)
    if not all(map(math.isfinite, found.stretch or ())):
        raise ValueError("the contrast stretch of a reference")
    if not 0 < found.gsd_m < float("inf"):
        raise ValueError("a pixel size")
    if min(found.width, found.height) < 1 or max(found.width, found.height) > 1_000_000:
        raise ValueError("the size of a reference")
    return found


def _shown(path: Path) -> str:
    return printable(str(path))


class Levels:
    """Windows of the reduced references of an index, with bounded memory."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._kept: OrderedDict[tuple[int, int, int, int], Uint8] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def window(self, source: Source, level: int, box: tuple[int, int, int, int]) -> Uint8:
        """Return a window (column, row, width, height) of a level, 0 where nothing is known.

        The reference is reduced 2**level times; the window may extend beyond it.
        """
        x, y, width, height = box
        side = TILE >> level
        out = np.zeros((height, width), np.uint8)
        rows, cols = source.grid
        for row in range(max(0, y // side), min(rows, -(-(y + height) // side))):
            for col in range(max(0, x // side), min(cols, -(-(x + width) // side))):
                tile = self._tile(source, row, col, level)
                top, left = row * side - y, col * side - x
                into = out[max(0, top) : top + tile.shape[0], max(0, left) : left + tile.shape[1]]
                part = tile[max(0, -top) :, max(0, -left) :]
                into[:] = part[: into.shape[0], : into.shape[1]]
        return out

    def _tile(self, source: Source, row: int, col: int, level: int) -> Uint8:
        key = (source.id, row, col, level)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        tile = self.store.tile(source, row, col, level)
        with self._lock:
            if key not in self._kept:
                self._kept[key] = tile
                self._bytes += tile.nbytes
            while self._bytes > _MOST_KEPT:
                self._bytes -= self._kept.popitem(last=False)[1].nbytes
        return tile


def nearest(factor: float) -> int:
    """Return the coarsest stored level that is not coarser than a reduction."""
    return max((k for k in LEVELS if 2**k <= factor * 1.01), default=LEVELS[0])
