"""Hashes from somebody's list: what makes two of them one, and which are known already."""

import hashlib
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from imgcheck.hashing.store.hashrows import HashRows, among

# Constants of the finaliser of SplitMix64 (G. Steele et al., "Fast splittable pseudorandom number
# generators", OOPSLA 2014).
_MIX = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))
_LAST_SHIFT = 31
# So many sorted runs are looked through one by one before they are sorted into one.
_MOST_RUNS = 8
_RECENT = 65_536


def keys(
    words: NDArray[np.uint64],
    quality: NDArray[np.uint8],
    *,
    kind: str,
    name: str,
    labels: Sequence[str],
) -> NDArray[np.uint64]:
    """Give what tells listed hashes apart: kind, bits, quality, name of the list, and label.

    Parameters
    ----------
    words : (W, N) uint64
    quality : (N,) uint8
    kind, name : str
    labels : sequence of N str

    Returns
    -------
    (N,) uint64
        Never 0. Among ten million different hashes two are mixed up with a chance of 3e-6.
    """
    seed = hashlib.blake2b(f"{kind}\0{name}".encode(), digest_size=8).digest()
    found = np.full(words.shape[1], int.from_bytes(seed, "little"), np.uint64)
    for column in (*words, quality.astype(np.uint64)):
        found = mixed(found ^ column)
    texts = list(map(str.encode, labels))
    codes = np.fromiter(map(zlib.crc32, texts), np.uint64, count=len(texts))
    lengths = np.fromiter(map(len, texts), np.uint64, count=len(texts))
    return np.maximum(mixed(found ^ codes ^ lengths << np.uint64(32)), np.uint64(1))


def keys_of(rows: HashRows, *, kind: str, name: str) -> NDArray[np.uint64]:
    """Give the keys of rows as they must be; see `keys`."""
    return keys(rows.words, rows.quality, kind=kind, name=name, labels=rows.labels)


def mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Scramble 64-bit values so that every bit depends on every other."""
    for shift, factor in _MIX:
        values = (values ^ (values >> np.uint64(shift))) * np.uint64(factor)
    return values ^ (values >> np.uint64(_LAST_SHIFT))


def folded(found: NDArray[np.uint64], *, date: str | None) -> int:
    """Fold keys with their date into one number; folding the same again takes it out."""
    salt = zlib.crc32((date or "").encode())
    return int(np.bitwise_xor.reduce(mixed(found ^ np.uint64(salt)), initial=np.uint64(0)))


class KnownKeys:
    """The keys of all listed hashes of an index, for the one who writes: 8 bytes a hash."""

    def __init__(self, runs: Sequence[NDArray[np.uint64]]) -> None:
        self._runs: list[NDArray[np.uint64]] = []
        self._recent: set[int] = set()
        if any(map(len, runs)):
            self._runs.append(np.sort(np.concatenate(runs)))

    def __contains__(self, key: int) -> bool:
        if key in self._recent:
            return True
        value = np.uint64(key)
        for run in self._runs:
            at = int(run.searchsorted(value))
            if at < len(run) and run[at] == value:
                return True
        return False

    def contains(self, found: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Tell for many keys which are known, (N,) bool; much faster if they are in order."""
        if len(found) == 1:
            return np.array([int(found[0]) in self])
        known = np.zeros(len(found), bool)
        for run in self._all_runs():
            known |= among(found, run)
        return known

    def add(self, found: NDArray[np.uint64]) -> None:
        """Take up new keys, which are in order."""
        if len(found) == 1:
            self._recent.add(int(found[0]))
        elif len(found):
            self._runs.append(found)
        if len(self._runs) > _MOST_RUNS or len(self._recent) > _RECENT:
            self._runs = [np.sort(np.concatenate(self._all_runs()))]

    def _all_runs(self) -> list[NDArray[np.uint64]]:
        if self._recent:
            recent = np.fromiter(self._recent, np.uint64, count=len(self._recent))
            self._runs.append(np.sort(recent))
            self._recent = set()
        return self._runs
