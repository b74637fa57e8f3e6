"""PDQ: a hash of 256 bits that stays near itself when a picture is saved again or shrunk.

Written from the published description [1]_. Blur and decimation to 64 x 64 are one linear map
a side, so that a few weighted rows for each sample replace the passes over the picture.
"""

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from imgcheck.errors import GridMismatchError, UsageError

# Name of this chain of steps: a hash of another chain may be some bits off.
ALGORITHM = "pdq256/thumbnail512"
# The eight orientations: as it is, rotated clockwise, and the same after mirroring
# it left to right.
ORIENTATIONS = (
    "original",
    "rotate90",
    "rotate180",
    "rotate270",
    "mirror",
    "mirror-rotate90",
    "mirror-rotate180",
    "mirror-rotate270",
)

# [1]: shrink first, or the hash moves with the size (by up to 12 bits on the reference pictures).
_WORKING_SIDE = 512
_SMALL = 64
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # [1], ITU-R BT.601
# Below one grey level of range, rounding decides the bits.
_LEAST_RANGE = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """How near the 16 x 16 signs of a hash are to one row times one column.

    The same in all orientations and polarities, but for a few bits that rounding decides.
    """

    # The fourth powers of the singular values as a share of the largest possible sum, 1/16 to 1.
    # Noise has 0.11 to 0.13, pictures ruled by few straight edges 0.2 and more.
    concentration: float
    # Bits that differ from the nearest product of a row and a column; noise has 80 to 90.
    exceptions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PdqHash:
    """A PDQ hash with its quality.

    Attributes
    ----------
    hex : str
        64 lower-case hexadecimal digits, as the reference tools write them.
    quality : int
        0 to 100, from the gradients of the shrunk picture. Many systems drop hashes below 50;
        a quarter of desert pictures lie there, so nothing is dropped here.
    hashable : bool
        False for a constant or two-valued picture: its bits carry no information about a place.
    """

    hex: str
    quality: int
    hashable: bool = True

    @property
    def bits(self) -> NDArray[np.uint64]:
        """The 256 bits as four words, the first digits in the first word."""
        return np.frombuffer(bytes.fromhex(self.hex), ">u8").astype(np.uint64)

    @property
    def pattern(self) -> "Pattern":
        """How near the hash is to one row times one column of signs."""
        bits = np.unpackbits(np.frombuffer(bytes.fromhex(self.hex), np.uint8))
        signs = bits.reshape(16, 16).astype(np.float64) * 2 - 1
        products = signs @ signs.T
        column = np.sign(np.linalg.eigh(products)[1][:, -1] + 1e-9)
        # The nearest product of signs, row and column in turn.
        for _ in range(4):
            row = np.where(column @ signs >= 0, 1.0, -1.0)
            column = np.where(signs @ row >= 0, 1.0, -1.0)
        return Pattern(
            concentration=float((products**2).sum() / 256**2),
            exceptions=round((256 - float(column @ signs @ row)) / 2),
        )

    @classmethod
    def from_hex(cls, text: str, *, quality: int = 100) -> "PdqHash":
        """Read a hash as other tools write it: 64 hexadecimal digits."""
        digits = text.strip().lower()
        if len(digits) != 64 or set(digits) - set("0123456789abcdef"):
            raise UsageError(f"a PDQ hash must have 64 hexadecimal digits, not {text[:80]!r}")
        return cls(hex=digits, quality=quality)


def distance(one: PdqHash, other: PdqHash) -> int:
    """Count the bits in which two hashes differ (0 to 256; unrelated pictures: about 128)."""
    return (int(one.hex, 16) ^ int(other.hex, 16)).bit_count()


def pdq(picture: NDArray[np.uint8] | NDArray[np.float32]) -> PdqHash:
    """Hash a picture.

    Parameters
    ----------
    picture : (M, N, 3) uint8 RGB, or (M, N) gray as uint8 or as float32 in [0, 1]

    Returns
    -------
    PdqHash

    Raises
    ------
    GridMismatchError
        If the array has another shape or no pixels.

    Notes
    -----
    The picture is first shrunk to fit in 512 x 512 with Pillow's ``thumbnail`` (the path of the
    reference's own tests). Against its 18 published vectors: 0 bits off in 17, 10 bits off in
    one of quality 3 (tests/benchmarks/hashing.py). Crops below about 90 % of the side, rotations by
    more than a few degrees and added borders are not matched: use parts for those.

    References
    ----------
    .. [1] "The TMK+PDQF video-hashing algorithm and the PDQ image-hashing algorithm",
       Facebook, 2019 (hashing.pdf in facebook/ThreatExchange).
    """
    small, hashable = _shrink(picture)
    quality = _quality(small) if hashable else 0
    return _threshold(_frequencies(small), quality=quality, hashable=hashable)


def pdq_dihedral(picture: NDArray[np.uint8] | NDArray[np.float32]) -> dict[str, PdqHash]:
    """Hash a picture as it is, turned and mirrored, for the price of one hash.

    Parameters
    ----------
    picture : as for `pdq`

    Returns
    -------
    dict
        From each of `ORIENTATIONS` to its hash. The inverted picture (bright and dark
        exchanged) has the complement: distance to it is ``256 - distance``.

    Notes
    -----
    Made by changing signs and transposing the coefficients; hashing the turned pixels instead
    gives some bits of difference, because the decimation grid is not symmetric.
    """
    small, hashable = _shrink(picture)
    quality = _quality(small) if hashable else 0
    plain = _frequencies(small)
    # Mirroring negates the odd frequencies; a quarter turn is a transposition and a mirroring.
    signs = np.where(np.arange(1, 17) % 2 == 1, np.float32(-1), np.float32(1))
    hashes = {}
    for start, names in ((plain, ORIENTATIONS[:4]), (plain * signs, ORIENTATIONS[4:])):
        turned = start
        for name in names:
            hashes[name] = _threshold(turned, quality=quality, hashable=hashable)
            turned = turned.T * signs
    return hashes


def _shrink(picture: NDArray[np.generic]) -> tuple[NDArray[np.float32], bool]:
    """Return the 64 x 64 luma and whether it holds anything to hash."""
    pixels = _working(picture)
    # The three steps are linear and commute: the luma of 64 x 64 costs less than that of all.
    small = _decimated(_decimated(pixels).swapaxes(0, 1)).swapaxes(0, 1)
    small = small if small.ndim == 2 else small @ _LUMA
    return small, bool(np.ptp(small) >= _LEAST_RANGE) and not _two_valued(pixels)


def _working(picture: NDArray[np.generic]) -> NDArray[np.uint8]:
    gray = picture.ndim == 2
    if not (gray or (picture.ndim == 3 and picture.shape[2] == 3)) or picture.size == 0:
        raise GridMismatchError(f"PDQ needs (rows, cols) or (rows, cols, 3), not {picture.shape}")
    if np.issubdtype(picture.dtype, np.floating):
        finite = np.nan_to_num(picture, nan=0.0, posinf=1.0, neginf=0.0)
        pixels = np.round(np.clip(finite, 0, 1) * 255).astype(np.uint8)
    elif picture.dtype == np.uint8:
        pixels = picture.astype(np.uint8, copy=False)
    else:
        raise GridMismatchError(f"PDQ needs uint8 or float in [0, 1], not {picture.dtype}")
    if max(pixels.shape[:2]) <= _WORKING_SIDE:
        return pixels
    shrunk = PillowImage.fromarray(np.ascontiguousarray(pixels))
    shrunk.thumbnail((_WORKING_SIDE, _WORKING_SIDE))
    return np.asarray(shrunk)


def _two_valued(pixels: NDArray[np.uint8]) -> bool:
    """Return whether at most two values occur; a sparse look settles nearly every picture."""
    for step in (16, 1):
        part = pixels[::step, ::step]
        first = part[0, 0]
        differs = part != first
        if part.ndim == 3:
            differs = differs.any(axis=2)
        others = part[differs]
        if len(others) and np.any(others != others[0]):
            return False
    return True


def _decimated(pixels: NDArray[np.generic]) -> NDArray[np.float32]:
    """Blur along the first axis with two boxes and take 64 samples."""
    at, weights = _window(pixels.shape[0])
    shape = (-1,) + (1,) * (pixels.ndim - 1)
    total = np.zeros((_SMALL, *pixels.shape[1:]), np.float32)
    for k in range(at.shape[1]):
        total += np.asarray(pixels[at[:, k]], np.float32) * weights[:, k].reshape(shape)
    return total


@functools.lru_cache(maxsize=64)
def _window(length: int) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Return for each of 64 samples which rows it sums, (64, K), and their weights."""
    # [1]: the box is about half as wide as the sampling step; its even widths lean to the right,
    # and at the ends it is cut and the mean taken over what is left.
    width = -(-length // (2 * _SMALL))
    right = (width + 2) // 2 - 1
    left = width - 1 - right
    at = np.arange(length)
    box = (at[None, :] >= at[:, None] - left) & (at[None, :] <= at[:, None] + right)
    mean = box / box.sum(axis=1, keepdims=True)
    sampled = ((np.arange(_SMALL) + 0.5) * length / _SMALL).astype(np.intp)
    twice = mean[sampled] @ mean
    reach = np.arange(-2 * left, 2 * right + 1)
    rows = np.clip(sampled[:, None] + reach, 0, length - 1)
    weights = np.take_along_axis(twice, rows, axis=1)
    # Beyond the ends there is nothing.
    weights[rows != sampled[:, None] + reach] = 0.0
    return rows, weights.astype(np.float32)


@functools.cache
def _cosines() -> NDArray[np.float32]:
    """Return rows 1 to 16 of the 64-point DCT-II: the mean (row 0) is left out."""
    angles = np.pi / (2 * _SMALL) * np.outer(np.arange(1, 17), 2 * np.arange(_SMALL) + 1)
    return (np.sqrt(2 / _SMALL) * np.cos(angles)).astype(np.float32)


def _frequencies(small: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(_cosines() @ small @ _cosines().T, np.float32)


def _quality(small: NDArray[np.float32]) -> int:
    """Sum the gradients in whole percent of the range; 90 percent sums make one point ([1])."""
    total = sum(np.abs(np.trunc(np.diff(small, axis=a) * 100 / 255)).sum() for a in (0, 1))
    return min(100, int(total) // 90)


def _threshold(coefficients: NDArray[np.float32], *, quality: int, hashable: bool) -> PdqHash:
    values = coefficients.ravel()
    # The lower of the two middle values ([1]), so that about half of the bits are set.
    median = np.partition(values, 127)[127]
    # The digits begin with the highest frequency.
    packed = np.packbits((values > median)[::-1])
    return PdqHash(hex=packed.tobytes().hex(), quality=quality, hashable=hashable)
