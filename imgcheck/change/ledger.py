"""Scored tiles on disk, so that a run that was killed can go on where it was."""

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np

from imgcheck.change.grid import Pixels
from imgcheck.change.records import Record, Tile
from imgcheck.imaging.output import write_atomically


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TileResult(Record):
    """A scored tile: its record, and reduced views of both pictures."""

    before: Pixels
    after: Pixels

    @classmethod
    def of(cls, record: Record, before: Pixels, after: Pixels) -> "TileResult":
        """Add the views to a record."""
        own = {one.name: getattr(record, one.name) for one in fields(Record)}
        return cls(**own, before=before, after=after)


def fingerprint(value: Any) -> str:
    """Return a hash of dataclasses, arrays, tuples and plain values that are equal in all parts."""
    digest = hashlib.sha256()
    for part in _parts(value):
        digest.update(part)
    return digest.hexdigest()


def _parts(value: Any) -> Iterator[bytes]:
    if is_dataclass(value):
        yield type(value).__name__.encode()
        for one in fields(value):
            yield from _parts(getattr(value, one.name))
    elif isinstance(value, np.ndarray):
        yield f"{value.dtype.str} {value.shape}".encode()
        yield np.ascontiguousarray(value).tobytes()
    elif isinstance(value, tuple):
        yield f"({len(value)}".encode()
        for item in value:
            yield from _parts(item)
    else:
        yield repr(value).encode()


class Ledger:
    """Scored tiles in a folder, each in a file of its own, so that a killed run can go on.

    ``key`` names inputs, options and the numbers of the first pass; tiles of another key are
    removed.
    """

    def __init__(self, folder: Path, key: str) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        name = folder / "key.txt"
        if not name.is_file() or name.read_text() != key:
            for old in folder.glob("tile-*.npz"):
                old.unlink()
            write_atomically(name, key)

    def path(self, index: int) -> Path:
        """Return the file of a tile."""
        return self.folder / f"tile-{index:06d}.npz"

    def keep(self, index: int, result: TileResult) -> None:
        """Write a tile, whole or not at all."""
        kept = {one.name: getattr(result, one.name) for one in fields(result)}
        kept["tile"] = np.array([getattr(result.tile, one.name) for one in fields(Tile)])
        stream = io.BytesIO()
        np.savez(stream, **kept)
        write_atomically(self.path(index), stream.getvalue())


class Stored:
    """A tile of the ledger; its arrays are read when they are needed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with np.load(path) as kept:
            numbers = [int(number) for number in kept["tile"]]
        self.tile = Tile(**dict(zip((one.name for one in fields(Tile)), numbers, strict=True)))

    def __getattr__(self, name: str) -> Any:
        with np.load(self._path) as kept:
            return kept[name]
