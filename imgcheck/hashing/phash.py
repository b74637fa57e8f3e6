"""pHash and dHash: the hashes of many published lists.

Both are written from their descriptions [1]_ and meet the values of the package ImageHash, which
most published lists come from: luma in whole grey levels, Lanczos shrinking, one bit a number.
Pictures are matched by PDQ: on low-texture ground the distances of these two do not follow the
binomial law.

References
----------
.. [1] N. Krawetz, "Looks Like It", The Hacker Factor Blog, 2011; "Kind of Like That", 2013.
"""

import functools
import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from imgcheck.errors import GridMismatchError, UsageError
from imgcheck.hashing.perceptual import ORIENTATIONS
from imgcheck.hashing.store import arguments

KINDS = ("phash64", "dhash64", "phash256", "dhash256")
# All orientations, as they are and inverted.
VARIANTS = 2 * len(ORIENTATIONS)
# Bits and the side of the square of bits.
_SIDES = {64: 8, 256: 16}
# [1]: the picture is shrunk to this many times the side before the cosine transform.
_OVERSAMPLED = 4
# benchmarks: parts, witnesses. One in a million comparisons of pictures of different places, each
# in 16 variants, came as near as 14, 11, 90 and 79 bits, a decade every 2, 2.4, 6 and 7 bits.
# Smooth ground is nearer still, so both are set lower and wider.
_MILLIONTH = {
    "phash64": (12, 3.0),
    "dhash64": (7, 3.0),
    "phash256": (85, 8.0),
    "dhash256": (58, 12.0),
}


def phash(rgb: NDArray[np.uint8], *, bits: int = 256) -> str:
    """Hash the low frequencies of a picture, each above or below their median."""
    side = _side(bits)
    small = _shrunk(rgb, cols=side * _OVERSAMPLED, rows=side * _OVERSAMPLED)
    rows = _cosines(side)
    frequencies = rows @ small.astype(np.float64) @ rows.T
    return _packed(frequencies > np.median(frequencies))


def dhash(rgb: NDArray[np.uint8], *, bits: int = 256) -> str:
    """Hash in which places a picture grows brighter from left to right; see `phash`."""
    side = _side(bits)
    small = _shrunk(rgb, cols=side + 1, rows=side)
    return _packed(small[:, 1:] > small[:, :-1])


def _side(bits: int) -> int:
    if bits not in _SIDES:
        raise UsageError(f"pHash and dHash must have 64 or 256 bits, not {bits}")
    return _SIDES[bits]


def _shrunk(rgb: NDArray[np.uint8], *, cols: int, rows: int) -> NDArray[np.uint8]:
    shaped = rgb.ndim == 2 or (rgb.ndim == 3 and rgb.shape[2] == 3)
    if not shaped or rgb.size == 0 or rgb.dtype != np.uint8:
        raise GridMismatchError(
            f"pHash and dHash need (rows, cols, 3) or (rows, cols) uint8, not {rgb.shape} "
            f"{rgb.dtype}"
        )
    gray = PillowImage.fromarray(np.ascontiguousarray(rgb)).convert("L")
    return np.asarray(gray.resize((cols, rows), PillowImage.Resampling.LANCZOS))


@functools.cache
def _cosines(side: int) -> NDArray[np.float64]:
    """Return the first ``side`` rows of the DCT-II, without norms, as in [1]."""
    count = side * _OVERSAMPLED
    angles = np.pi / (2 * count) * np.outer(np.arange(side), 2 * np.arange(count) + 1)
    return np.asarray(2 * np.cos(angles), np.float64)


def _packed(table: NDArray[np.bool_]) -> str:
    return np.packbits(table.ravel()).tobytes().hex()


def _hashed(pixels: NDArray[np.uint8], kind: str) -> str:
    return (phash if kind.startswith("phash") else dhash)(pixels, bits=arguments.BITS[kind])


def queries(rgb: NDArray[np.uint8], wanted: Iterable[str]) -> dict[str, NDArray[np.uint64]]:
    """Return the hashes of a picture of each kind, (16, 4): `ORIENTATIONS`, then the negative's."""
    found = {}
    for kind in wanted:
        words = arguments.words([_hashed(turned(rgb, o), kind) for o in ORIENTATIONS], kind=kind)
        negative = words.copy()
        used = arguments.width(kind)
        negative[:, :used] = ~words[:, :used]
        found[kind] = np.concatenate([words, negative])
    return found


def turned(pixels: NDArray[np.uint8], orientation: str) -> NDArray[np.uint8]:
    """Rotate and mirror a picture to one of `ORIENTATIONS`."""
    number = ORIENTATIONS.index(orientation)
    mirrored = pixels[:, ::-1] if number >= 4 else pixels
    return np.ascontiguousarray(np.rot90(mirrored, -(number % 4)))


def log10_probability(bits: int, *, kind: str) -> float:
    """Return log10 of an upper bound of the probability that unrelated pictures are this near."""
    middle, decade = _MILLIONTH[kind]
    return min(0.0, -6.0 - (middle - bits) / decade)


def reach(kind: str, *, rows: int, log10_nfa: float) -> int:
    """Return the largest distance of a match among ``rows`` listed hashes; -1 if there is none."""
    middle, decade = _MILLIONTH[kind]
    tests = math.log10(max(1, rows) * VARIANTS)
    return max(-1, min(middle, math.floor(middle + (log10_nfa - tests + 6.0) * decade)))
