"""The second witnesses: pHash and dHash beside a PDQ match, and in lists that others made."""

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from imgcheck.hashing.perceptual import ORIENTATIONS
from imgcheck.hashing.store import kinds
from imgcheck.hashing.witnesses import WitnessHash, dhash, distance, phash

KINDS = ("phash64", "dhash64", "phash256", "dhash256")
# All orientations, and bright and dark exchanged.
VARIANTS = 2 * len(ORIENTATIONS)
# benchmarks: parts, witnesses. One in a million comparisons of pictures of different places, each
# in 16 handlings, came as near as 14, 11, 90 and 79 bits, a decade every 2, 2.4, 6 and 7 bits.
# Smooth ground is nearer still, so both are set lower and wider.
_MILLIONTH = {
    "phash64": (12, 3.0),
    "dhash64": (7, 3.0),
    "phash256": (85, 8.0),
    "dhash256": (58, 12.0),
}


def log10_coincidence(bits: int, *, kind: str) -> float:
    """Give log10 of the chance that two unrelated pictures are this near, carefully.

    Parameters
    ----------
    bits : int
        Differing bits.
    kind : str
        One of `KINDS`.
    """
    middle, decade = _MILLIONTH[kind]
    return min(0.0, -6.0 - (middle - bits) / decade)


def reach(kind: str, *, rows: int, log10_nfa: float) -> int:
    """Give the largest distance of a match among ``rows`` listed hashes; -1 if there is none."""
    middle, decade = _MILLIONTH[kind]
    tests = math.log10(max(1, rows) * VARIANTS)
    return max(-1, min(middle, math.floor(middle + (log10_nfa - tests + 6.0) * decade)))


def queries(rgb: NDArray[np.uint8], wanted: Iterable[str]) -> dict[str, NDArray[np.uint64]]:
    """Hash a picture in all handlings.

    Parameters
    ----------
    rgb : (M, N, 3) uint8
    wanted : iterable of str
        Of `KINDS`.

    Returns
    -------
    dict
        From kind to (16, 4) uint64: `ORIENTATIONS`, then the same of the negative.
    """
    found = {}
    for kind in wanted:
        digits = [_hashed(laid(rgb, name), kind).hex for name in ORIENTATIONS]
        words = kinds.words(digits, kind=kind)
        negative = words.copy()
        used = kinds.width(kind)
        negative[:, :used] = ~words[:, :used]
        found[kind] = np.concatenate([words, negative])
    return found


def laid(pixels: NDArray[np.uint8], orientation: str) -> NDArray[np.uint8]:
    """Turn and mirror a picture as one of `ORIENTATIONS` says."""
    number = ORIENTATIONS.index(orientation)
    mirrored = pixels[:, ::-1] if number >= 4 else pixels
    return np.ascontiguousarray(np.rot90(mirrored, -(number % 4)))


def beside(
    query: NDArray[np.float32], known: NDArray[np.float32], *, orientation: str, inverted: bool
) -> tuple[tuple[str, int], ...]:
    """Compare two whole pictures by both hashes of 256 bits.

    Parameters
    ----------
    query, known : (M, N) float32 in [0, 1]
    orientation, inverted
        How the query is handled to look like the known picture.

    Returns
    -------
    tuple of (kind, distance)
    """
    one = laid(_bytes(1 - query if inverted else query), orientation)
    other = _bytes(known)
    return tuple((kind, distance(_hashed(one, kind), _hashed(other, kind))) for kind in KINDS[2:])


def _bytes(gray: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.asarray(np.round(np.clip(np.nan_to_num(gray), 0, 1) * 255), np.uint8)


def _hashed(pixels: NDArray[np.uint8], kind: str) -> WitnessHash:
    hashing = phash if kind.startswith("phash") else dhash
    return hashing(pixels, bits=kinds.BITS[kind])
