"""pHash and dHash: second witnesses of a match, and the way into hash lists that others made.

Both are written from their descriptions [1]_ and meet the values of the package ImageHash, which
most published lists come from: luma in whole grey levels, Lanczos shrinking, one bit a number.
Neither decides a match here: their distances on low-texture ground are not like fair coins.
"""

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from imgcheck.errors import GridMismatchError, UsageError
from imgcheck.hashing.perceptual import ORIENTATIONS

KINDS = ("phash", "dhash")
# Bits and the side of the square of bits; 64 is what most lists hold, 256 says more.
_SIDES = {64: 8, 256: 16}
# [1]: the picture is shrunk to this many times the side before the cosine transform.
_OVERSAMPLED = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessHash:
    """A hash of 64 or 256 bits.

    Attributes
    ----------
    hex : str
        16 or 64 lower-case hexadecimal digits, as ``str(ImageHash)`` writes them.
    kind : str
        One of `KINDS`.
    """

    hex: str
    kind: str

    @property
    def bits(self) -> int:
        """How many bits it has."""
        return 4 * len(self.hex)

    @classmethod
    def from_hex(cls, text: str, *, kind: str) -> "WitnessHash":
        """Read a hash as ImageHash writes it.

        Raises
        ------
        UsageError
            If the kind is unknown, or the text is not 16 or 64 hexadecimal digits.
        """
        digits = text.strip().lower()
        if kind not in KINDS:
            raise UsageError(f"a witness hash is one of {', '.join(KINDS)}, not {kind[:40]!r}")
        if len(digits) not in (16, 64) or set(digits) - set("0123456789abcdef"):
            raise UsageError(f"a {kind} is 16 or 64 hexadecimal digits, not {text[:80]!r}")
        return cls(hex=digits, kind=kind)


def distance(one: WitnessHash, other: WitnessHash) -> int:
    """Count differing bits; unrelated pictures differ in about half of them.

    Raises
    ------
    UsageError
        If the two are of different kinds or lengths.
    """
    if (one.kind, one.bits) != (other.kind, other.bits):
        raise UsageError(
            f"a {one.kind} of {one.bits} bits and a {other.kind} of {other.bits} bits cannot be "
            "compared; hash both pictures in one way"
        )
    return (int(one.hex, 16) ^ int(other.hex, 16)).bit_count()


def phash(rgb: NDArray[np.uint8], *, bits: int = 256) -> WitnessHash:
    """Hash the low frequencies of a picture, each above or below their median.

    Parameters
    ----------
    rgb : (M, N, 3) uint8, or (M, N) uint8 gray
    bits : {256, 64}

    Returns
    -------
    WitnessHash

    Raises
    ------
    GridMismatchError
        If the array has another shape or type.
    UsageError
        If ``bits`` is neither 64 nor 256.

    Notes
    -----
    The mean is one of the frequencies ([1]_ keeps it), so one bit is always set. Where a
    frequency is exactly the median (flat pictures, drawings), rounding decides its bit.

    References
    ----------
    .. [1] N. Krawetz, "Looks Like It", The Hacker Factor Blog, 2011; "Kind of Like That", 2013.
    """
    frequencies = _frequencies(rgb, _side(bits))
    return _packed(frequencies > np.median(frequencies), kind="phash")


def phash_dihedral(rgb: NDArray[np.uint8], *, bits: int = 256) -> dict[str, WitnessHash]:
    """Give `phash` of a picture as it is, turned and mirrored: from each of `ORIENTATIONS`."""
    plain = _frequencies(rgb, _side(bits))
    signs = np.where(np.arange(len(plain)) % 2 == 1, -1.0, 1.0)
    hashes = {}
    for start, names in ((plain, ORIENTATIONS[:4]), (plain * signs, ORIENTATIONS[4:])):
        turned = start
        for name in names:
            hashes[name] = _packed(turned > np.median(turned), kind="phash")
            turned = turned.T * signs
    return hashes


def _frequencies(rgb: NDArray[np.uint8], side: int) -> NDArray[np.float64]:
    small = _shrunk(rgb, cols=side * _OVERSAMPLED, rows=side * _OVERSAMPLED)
    rows = _cosines(side)
    return np.asarray(rows @ small.astype(np.float64) @ rows.T)


def dhash(rgb: NDArray[np.uint8], *, bits: int = 256) -> WitnessHash:
    """Hash in which places a picture grows brighter from left to right.

    Parameters, result and errors are those of `phash`.
    """
    side = _side(bits)
    small = _shrunk(rgb, cols=side + 1, rows=side)
    return _packed(small[:, 1:] > small[:, :-1], kind="dhash")


def _side(bits: int) -> int:
    if bits not in _SIDES:
        raise UsageError(f"a witness hash has 64 or 256 bits, not {bits}")
    return _SIDES[bits]


def _shrunk(rgb: NDArray[np.uint8], *, cols: int, rows: int) -> NDArray[np.uint8]:
    shaped = rgb.ndim == 2 or (rgb.ndim == 3 and rgb.shape[2] == 3)
    if not shaped or rgb.size == 0 or rgb.dtype != np.uint8:
        raise GridMismatchError(
            f"a witness hash needs (rows, cols, 3) or (rows, cols) uint8, not {rgb.shape} "
            f"{rgb.dtype}"
        )
    gray = PillowImage.fromarray(np.ascontiguousarray(rgb)).convert("L")
    return np.asarray(gray.resize((cols, rows), PillowImage.Resampling.LANCZOS))


@functools.cache
def _cosines(side: int) -> NDArray[np.float64]:
    """Give the first ``side`` rows of the DCT-II, without norms, as [1] has it."""
    count = side * _OVERSAMPLED
    angles = np.pi / (2 * count) * np.outer(np.arange(side), 2 * np.arange(count) + 1)
    return np.asarray(2 * np.cos(angles), np.float64)


def _packed(table: NDArray[np.bool_], *, kind: str) -> WitnessHash:
    return WitnessHash(hex=np.packbits(table.ravel()).tobytes().hex(), kind=kind)
