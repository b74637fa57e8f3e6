"""Words for local features: which cell of feature space one falls in, and a signature inside it.

An inverted list keeps a feature as a posting of 16 bytes: picture, signature, and where in the
picture it lies, how large and in which direction. Lengths are shares of the picture's longer side,
so that lists can be read without knowing any sizes.

Trained once on places that no benchmark reports (training/fit_codebook.py); two features that
look alike share a cell or nearby cells, and most bits of the signature.
"""

import io
import zipfile
import zlib
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from imgcheck.errors import IndexFileError
from imgcheck.imaging.features import Features

HALVES = 2
BITS = 64
RANKS = 16
_DIMENSIONS = BITS // HALVES
# Rows that are multiplied at once: the table of distances to all centres stays below 50 MB.
_AT_ONCE = 8192
POSTING = np.dtype([("picture", "<u4"), ("place", "<u4"), ("signature", "<u8")])
LARGEST_PICTURE = 2**32 - 1
# 10 bits each for x and y, 6 for the size, 6 for the direction: at 2,048 px 2 px, an eighth
# of an octave and 5.6 degrees, all well below the bins of the vote.
_STEPS = 1023
_SIZES_AN_OCTAVE, _SMALLEST_LOG2 = 6, -11.0
_DIRECTIONS = 64
_CHECK_BYTES = 4

Postings = NDArray[np.void]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Codebook:
    """A product quantiser with signatures."""

    # Descriptors (bytes) are centred and projected on 64 directions, in two halves of 32.
    mean: NDArray[np.float32]  # (128,)
    basis: NDArray[np.float32]  # (128, 64)
    # Each half has its own centres; the cell of a feature is the pair of its nearest ones.
    centres: NDArray[np.float32]  # (2, K, 32)
    # The signature states on which side of these a feature is, in each direction.
    medians: NDArray[np.float32]  # (2, K, 32)
    # log10 of how much more often features of one spot differ in so many bits than unrelated
    # features in a common cell.
    evidence: NDArray[np.float32]  # (65,)
    shares: NDArray[np.float32]  # (16,): right pairs in the nearest cell, the next nearest, ...
    name: str  # of this content: words of different codebooks are not compared

    @property
    def cells(self) -> int:
        """Number of cells, K squared."""
        return self.centres.shape[1] ** HALVES

    def project(self, descriptors: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the main directions of descriptors (N, 128) as (2, N, 32)."""
        flat = (descriptors.astype(np.float32) - self.mean) @ self.basis
        halves = flat.reshape(-1, HALVES, _DIMENSIONS).transpose(1, 0, 2)
        return np.ascontiguousarray(halves)

    def words(
        self, descriptors: NDArray[np.uint8]
    ) -> tuple[NDArray[np.uint32], NDArray[np.uint64]]:
        """Return the cell and the signature of each feature."""
        cells, signatures = [np.zeros(0, np.uint32)], [np.zeros(0, np.uint64)]
        for start in range(0, len(descriptors), _AT_ONCE):
            parts = self.project(descriptors[start : start + _AT_ONCE])
            near = np.stack([self._distances(parts[h], h).argmin(axis=1) for h in range(HALVES)])
            cells.append(self._cell(near))
            signatures.append(self._signatures(parts, near))
        return np.concatenate(cells), np.concatenate(signatures)

    def near_words(
        self, descriptors: NDArray[np.uint8], *, count: int
    ) -> tuple[NDArray[np.uint32], NDArray[np.uint64]]:
        """Return the ``count`` nearest cells of each feature, and its signature in each."""
        cells = np.empty((len(descriptors), count), np.uint32)
        signatures = np.empty((len(descriptors), count), np.uint64)
        for start in range(0, len(descriptors), _AT_ONCE):
            at = slice(start, start + _AT_ONCE)
            cells[at], signatures[at] = self._near(descriptors[at], count)
        return cells, signatures

    def _near(
        self, descriptors: NDArray[np.uint8], count: int
    ) -> tuple[NDArray[np.uint32], NDArray[np.uint64]]:
        parts = self.project(descriptors)
        rows = np.arange(len(descriptors))[:, None]
        # Of two sorted lists, the pair (i, j) is among the best `count` only if
        # (i + 1) (j + 1) <= count.
        first, second = np.divmod(np.arange(count * count), count)
        possible = (first + 1) * (second + 1) <= count
        first, second = first[possible], second[possible]
        near, gaps = [], []
        for half in range(HALVES):
            distances = self._distances(parts[half], half)
            some = np.argpartition(distances, count - 1, axis=1)[:, :count]
            order = np.argsort(distances[rows, some], axis=1, kind="stable")
            near.append(some[rows, order])
            gaps.append(distances[rows, near[-1]])
        total = gaps[0][:, first] + gaps[1][:, second]
        best = np.argsort(total, axis=1, kind="stable")[:, :count]
        pairs = np.stack([near[0][rows, first[best]], near[1][rows, second[best]]])
        return self._cell(pairs), self._signatures(parts[:, :, None, :], pairs)

    def _distances(self, part: NDArray[np.float32], half: int) -> NDArray[np.float32]:
        """Squared distances to the centres, less the part that all centres share."""
        centres = self.centres[half]
        norms = np.einsum("ij,ij->i", centres, centres)
        return np.asarray(norms - 2.0 * (part @ centres.T), np.float32)

    def _cell(self, near: NDArray[np.intp]) -> NDArray[np.uint32]:
        return (near[0] * self.centres.shape[1] + near[1]).astype(np.uint32)

    def _signatures(self, parts: NDArray[np.float32], near: NDArray[np.intp]) -> NDArray[np.uint64]:
        sides = [parts[h] > self.medians[h][near[h]] for h in range(HALVES)]
        packed = np.packbits(np.concatenate(sides, axis=-1), axis=-1)
        return np.ascontiguousarray(packed).view(np.uint64)[..., 0]


def load(data: bytes) -> Codebook:
    """Read a codebook from the bytes of an ``.npz`` file."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            parts = {name: np.asarray(arrays[name], np.float32) for name in _SHAPES}
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, EOFError) as error:
        raise IndexFileError(
            f"the codebook for searching parts cannot be read ({error}); install imgcheck again"
        ) from error
    k = parts["centres"].shape[1] if parts["centres"].ndim == 3 else 0
    for name, shape in _SHAPES.items():
        wanted = tuple(k if side < 0 else side for side in shape)
        if parts[name].shape != wanted or not np.isfinite(parts[name]).all() or k == 0:
            raise IndexFileError(
                f"the codebook for searching parts is damaged: {name} has the shape "
                f"{parts[name].shape}; install imgcheck again"
            )
    checksum = 0
    for name in _SHAPES:
        checksum = zlib.crc32(np.ascontiguousarray(parts[name], "<f4").tobytes(), checksum)
    return Codebook(**parts, name=f"pq{k}x{HALVES}-{checksum:08x}")


_SHAPES = {
    "mean": (128,),
    "basis": (128, BITS),
    "centres": (HALVES, -1, _DIMENSIONS),
    "medians": (HALVES, -1, _DIMENSIONS),
    "evidence": (BITS + 1,),
    "shares": (RANKS,),
}


@cache
def shipped() -> Codebook:
    """Return the codebook that ships with the package."""
    return load(resources.files("imgcheck.hashing").joinpath("codebook.npz").read_bytes())


def describe(
    book: Codebook, picture: int, found: Features, shape: tuple[int, int]
) -> tuple[NDArray[np.uint32], Postings]:
    """Return the cells and the postings of a picture of (rows, cols)."""
    cells, signatures = book.words(found.descriptors)
    postings = np.empty(len(found), POSTING)
    postings["picture"] = picture
    postings["place"] = packed_place(found, shape)
    postings["signature"] = signatures
    return cells, postings


def packed_place(found: Features, shape: tuple[int, int]) -> NDArray[np.uint32]:
    """Pack position, size and direction in 32 bits."""
    side = max(shape)
    x, y = np.clip(np.round(found.points.T / side * _STEPS), 0, _STEPS).astype(np.uint32)
    share = np.log2(np.maximum(found.sizes / side, 1e-6))
    size = np.clip(np.round((share - _SMALLEST_LOG2) * _SIZES_AN_OCTAVE), 0, 63).astype(np.uint32)
    turn = np.round(found.angles * (_DIRECTIONS / 360.0)).astype(np.int64) % _DIRECTIONS
    return np.asarray(x << 22 | y << 12 | size << 6 | turn.astype(np.uint32), np.uint32)


def unpacked_place(
    place: NDArray[np.uint32],
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Return x, y, log2 of the size (all in longer sides) and the direction in degrees."""
    x = (place >> 22).astype(np.float32) / np.float32(_STEPS)
    y = (place >> 12 & 1023).astype(np.float32) / np.float32(_STEPS)
    size = (place >> 6 & 63).astype(np.float32) / np.float32(_SIZES_AN_OCTAVE)
    turn = (place & 63).astype(np.float32) * np.float32(360 / _DIRECTIONS)
    return x, y, size + np.float32(_SMALLEST_LOG2), turn


def sealed(data: bytes, key: int) -> bytes:
    """Put a check sum behind bytes; ``key`` is where they belong."""
    return data + zlib.crc32(data, key & 0xFFFFFFFF).to_bytes(_CHECK_BYTES, "little")


def unsealed(data: object, key: int) -> bytes | None:
    """Return bytes without their check sum; None if they are not what was written there."""
    if not isinstance(data, bytes) or len(data) < _CHECK_BYTES:
        return None
    body = data[:-_CHECK_BYTES]
    if zlib.crc32(body, key & 0xFFFFFFFF) != int.from_bytes(data[-_CHECK_BYTES:], "little"):
        return None
    return body
