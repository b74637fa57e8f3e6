"""Rows of hashes in memory, and as the bytes of a sealed segment."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Rows of a full segment: its words take 2 MB, which stay in the cache of one core while 16
# handlings are compared with them.
SEGMENT_ROWS = 65_536
COLUMNS = ("words", "ids", "quality", "lists", "keys", "labels")
_NUMBERS = {"words": "<u8", "ids": "<i8", "quality": "u1", "lists": "<u4", "keys": "<u8"}
# Separates the labels of a segment; `storable` lets none contain it.
_END = "\0"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HashRows:
    """Hashes of one kind with what belongs to them.

    Attributes
    ----------
    ids : (N,) int64
        Never given twice in one index.
    words : (W, N) uint64
        W = 1 for hashes of 64 bits, 4 for 256.
    quality : (N,) uint8
    lists : (N,) uint32
        Which list a hash was taken from; 0 for the hash of a picture.
    keys : (N,) uint64
        What tells a listed hash from others (`listed.keys`); 0 for the hash of a picture.
    labels : list of str
    """

    ids: NDArray[np.int64]
    words: NDArray[np.uint64]
    quality: NDArray[np.uint8]
    lists: NDArray[np.uint32]
    keys: NDArray[np.uint64]
    labels: list[str]

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, which: NDArray[np.intp] | slice) -> "HashRows":
        """Give some of the rows, in the order asked for."""
        if isinstance(which, slice):
            labels = self.labels[which]
        else:
            labels = [self.labels[at] for at in which.tolist()]
        return HashRows(
            ids=self.ids[which],
            words=self.words[:, which],
            quality=self.quality[which],
            lists=self.lists[which],
            keys=self.keys[which],
            labels=labels,
        )

    def list_numbers(self) -> list[int]:
        """Give the lists that occur, sorted."""
        found = np.sort(self.lists[self.lists > 0])
        return found[np.flatnonzero(np.diff(found, prepend=np.uint32(0)))].tolist()

    def packed(self) -> dict[str, bytes]:
        """Write each column as bytes."""
        found = {
            name: np.ascontiguousarray(getattr(self, name)).astype(kind, copy=False).tobytes()
            for name, kind in _NUMBERS.items()
        }
        return found | {"labels": _END.join(self.labels).encode()}


def joined(parts: Sequence[HashRows]) -> HashRows:
    """Put rows of one kind behind one another; at least one part."""
    return HashRows(
        ids=np.concatenate([p.ids for p in parts]),
        words=np.concatenate([p.words for p in parts], axis=1),
        quality=np.concatenate([p.quality for p in parts]),
        lists=np.concatenate([p.lists for p in parts]),
        keys=np.concatenate([p.keys for p in parts]),
        labels=[label for p in parts for label in p.labels],
    )


def among(values: NDArray[Any], wanted: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell of each value whether it is among ``wanted``, which is sorted."""
    if len(wanted) == 0:
        return np.zeros(len(values), bool)
    at = np.minimum(wanted.searchsorted(values), len(wanted) - 1)
    return np.asarray(wanted[at] == values)


def check_sum(data: bytes) -> int:
    """Give the check sum of a column: SQLite does not notice a changed bit in a blob."""
    return zlib.crc32(data)


def numbers(
    name: str, data: object, *, total: object, rows: object, width: int
) -> NDArray[np.generic] | None:
    """Read a column of numbers without copying it; None if it is not as it was written.

    Parameters
    ----------
    name : str
        One of `COLUMNS` but "labels".
    data, total, rows : object
        The bytes, their check sum and the number of rows as the file states them: a strange file
        may hold anything.
    width : int
        Words a hash.

    Returns
    -------
    (rows,) array, or (width, rows) for "words"
    """
    if not _whole(data, total) or not isinstance(rows, int) or rows < 1:
        return None
    assert isinstance(data, bytes)
    kind = np.dtype(_NUMBERS[name])
    wide = width if name == "words" else 1
    if len(data) != rows * wide * kind.itemsize:
        return None
    found = np.frombuffer(data, kind)
    return found.reshape(wide, rows) if name == "words" else found


def texts(data: object, *, total: object, rows: object) -> list[str] | None:
    """Read the labels; None if they are not as they were written."""
    if not _whole(data, total):
        return None
    assert isinstance(data, bytes)
    try:
        found = data.decode().split(_END)
    except UnicodeDecodeError:
        return None
    return found if len(found) == rows else None


def _whole(data: object, total: object) -> bool:
    return isinstance(data, bytes) and check_sum(data) == total
