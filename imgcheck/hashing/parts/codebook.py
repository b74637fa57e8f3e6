"""Words for local features: which cell of feature space one falls in, and a signature inside it.

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

HALVES = 2
BITS = 64
RANKS = 16
_DIMENSIONS = BITS // HALVES
# Rows that are multiplied at once: the table of distances to all centres stays below 50 MB.
_AT_ONCE = 8192


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Codebook:
    """A product quantiser with signatures.

    Attributes
    ----------
    mean, basis : (128,), (128, 64) float32
        Descriptors (bytes) are centred and projected on 64 directions, in two halves of 32.
    centres : (2, K, 32) float32
        Each half has its own; the cell of a feature is the pair of its nearest centres.
    medians : (2, K, 32) float32
        Middle of each direction among the features of a centre: the signature says on which
        side of it a feature lies.
    evidence : (65,) float32
        Log10 of how much more often features of one spot differ in so many bits than strangers
        in a common cell do.
    shares : (16,) float32
        Of right pairs, how many lie in the nearest cell, the next nearest and so on.
    name : str
        Of this content: words of different codebooks are not compared.
    """

    mean: NDArray[np.float32]
    basis: NDArray[np.float32]
    centres: NDArray[np.float32]
    medians: NDArray[np.float32]
    evidence: NDArray[np.float32]
    shares: NDArray[np.float32]
    name: str

    @property
    def cells(self) -> int:
        """Number of cells, K squared."""
        return self.centres.shape[1] ** HALVES

    def project(self, descriptors: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Give the main directions of descriptors (N, 128) as (2, N, 32)."""
        flat = (descriptors.astype(np.float32) - self.mean) @ self.basis
        halves = flat.reshape(-1, HALVES, _DIMENSIONS).transpose(1, 0, 2)
        return np.ascontiguousarray(halves)

    def words(
        self, descriptors: NDArray[np.uint8]
    ) -> tuple[NDArray[np.uint32], NDArray[np.uint64]]:
        """Give the cell and the signature of each feature.

        Parameters
        ----------
        descriptors : (N, 128) uint8

        Returns
        -------
        cells : (N,) uint32
        signatures : (N,) uint64
        """
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
        """Give the ``count`` nearest cells of each feature, and its signature in each.

        Parameters
        ----------
        descriptors : (N, 128) uint8
        count : int
            At most 64.

        Returns
        -------
        cells : (N, count) uint32
            Nearest first.
        signatures : (N, count) uint64
        """
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
    """Read a codebook from the bytes of an ``.npz`` file.

    Raises
    ------
    IndexFileError
        If it is not one.
    """
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            parts = {name: np.asarray(arrays[name], np.float32) for name in _SHAPES}
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, EOFError) as error:
        raise IndexFileError(
            f"the codebook of the part search cannot be read ({error}); install imgcheck again"
        ) from error
    k = parts["centres"].shape[1] if parts["centres"].ndim == 3 else 0
    for name, shape in _SHAPES.items():
        wanted = tuple(k if side < 0 else side for side in shape)
        if parts[name].shape != wanted or not np.isfinite(parts[name]).all() or k == 0:
            raise IndexFileError(
                f"the codebook of the part search is damaged: {name} has the shape "
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
    """Give the codebook that ships with the package."""
    return load(resources.files("imgcheck.hashing.parts").joinpath("codebook.npz").read_bytes())
