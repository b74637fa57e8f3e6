"""One feature as an inverted list keeps it: 16 bytes.

Picture, signature, and where in the picture it lies, how large and which way. Lengths are
shares of the picture's longer side, so that lists can be read without knowing any sizes.
"""

import zlib

import numpy as np
from numpy.typing import NDArray

from imgcheck.hashing.parts.codebook import Codebook
from imgcheck.imaging.features import Features

POSTING = np.dtype([("picture", "<u4"), ("place", "<u4"), ("signature", "<u8")])
LARGEST_PICTURE = 2**32 - 1
# 10 bits each for x and y, 6 for the size, 6 for the direction: at 2,048 px 2 px, an eighth
# of an octave and 5.6 degrees, all well below what the vote tells apart.
_STEPS = 1023
_SIZES_AN_OCTAVE, _SMALLEST_LOG2 = 6, -11.0
_DIRECTIONS = 64
_CHECK_BYTES = 4

Postings = NDArray[np.void]


def describe(
    book: Codebook, picture: int, found: Features, shape: tuple[int, int]
) -> tuple[NDArray[np.uint32], Postings]:
    """Give the cells and the postings of a picture of (rows, cols)."""
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
    """Give x, y, log2 of the size (all in longer sides) and the direction in degrees."""
    x = (place >> 22).astype(np.float32) / np.float32(_STEPS)
    y = (place >> 12 & 1023).astype(np.float32) / np.float32(_STEPS)
    size = (place >> 6 & 63).astype(np.float32) / np.float32(_SIZES_AN_OCTAVE)
    turn = (place & 63).astype(np.float32) * np.float32(360 / _DIRECTIONS)
    return x, y, size + np.float32(_SMALLEST_LOG2), turn


def sealed(data: bytes, key: int) -> bytes:
    """Put a check sum behind bytes; ``key`` is where they belong."""
    return data + zlib.crc32(data, key & 0xFFFFFFFF).to_bytes(_CHECK_BYTES, "little")


def unsealed(data: object, key: int) -> bytes | None:
    """Give bytes without their check sum; None if they are not what was written there."""
    if not isinstance(data, bytes) or len(data) < _CHECK_BYTES:
        return None
    body = data[:-_CHECK_BYTES]
    if zlib.crc32(body, key & 0xFFFFFFFF) != int.from_bytes(data[-_CHECK_BYTES:], "little"):
        return None
    return body
