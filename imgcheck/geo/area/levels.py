"""Windows of a reduced reference, put together from the tiles of the index."""

from collections import OrderedDict
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from imgcheck.geo.area.store import LEVELS, TILE, Source, Store

# Tiles kept unpacked, bytes.
_MOST_KEPT = 48 << 20


class Levels:
    """The reduced references of an index, read when asked for; of bounded memory."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._kept: OrderedDict[tuple[int, int, int, int], NDArray[np.uint8]] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def window(
        self, source: Source, level: int, box: tuple[int, int, int, int]
    ) -> NDArray[np.uint8]:
        """Give a window of a level, 0 where nothing is known.

        Parameters
        ----------
        source : Source
        level : int
            The reference is reduced 2**level times.
        box : (column, row, width, height)
            Pixels of the level; may reach out of the reference.
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

    def _tile(self, source: Source, row: int, col: int, level: int) -> NDArray[np.uint8]:
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
    """Give the coarsest level kept that is not coarser than a reduction."""
    return max((k for k in LEVELS if 2**k <= factor * 1.01), default=LEVELS[0])
