"""Where two pictures on one grid agree, block by block, and the region in which they do not."""

import cv2
import numpy as np
from numpy.typing import NDArray

Gray = NDArray[np.float32]
Region = tuple[int, int, int, int]

_BLOCK = 11  # pixels of the thumbnail; smaller blocks of a JPEG of that size are mostly its noise
_STRIDE = 6
_AGREE = 0.5  # correlation of a block; unrelated blocks reach it in one of ten
_TEXTURE = 0.012  # spread (of 0..1) of a block that noise of compression alone does not have
_BLUR = 0.8  # makes up for thumbnails that take every n-th pixel instead of an average


def blocks_agreeing(first: Gray, second: Gray, inside: NDArray[np.bool_]) -> tuple[float, int]:
    """Give the share of the blocks with texture that correlate, and how many have texture."""
    correlation, spread, whole = _blocks(first, second, inside)
    if not whole.any():
        return 0.0, 0
    limit = max(_TEXTURE, 0.5 * float(np.median(spread[whole])))
    textured = whole & (spread > limit)
    count = int(textured.sum())
    return (float((correlation[textured] > _AGREE).mean()) if count else 0.0), count


def _blocks(
    first: Gray, second: Gray, inside: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]]:
    """Correlate block by block; the spread is the larger one of the two, at one contrast."""
    size = min(_BLOCK, *(side // 2 * 2 - 1 for side in first.shape))
    a = cv2.GaussianBlur(first, (0, 0), _BLUR)
    b = cv2.GaussianBlur(second, (0, 0), _BLUR)

    def mean(values: NDArray[np.float32]) -> NDArray[np.float32]:
        return cv2.blur(values, (size, size))[_picked(first.shape, size)]  # type: ignore[return-value]

    mean_a, mean_b = mean(a), mean(b)  # type: ignore[arg-type]
    var_a = np.maximum(mean(a * a) - mean_a**2, 0)
    var_b = np.maximum(mean(b * b) - mean_b**2, 0)
    covariance = mean(a * b) - mean_a * mean_b
    correlation = covariance / np.sqrt(np.maximum(var_a * var_b, 1e-10))
    whole = mean(inside.astype(np.float32)) > 0.99
    return correlation, np.sqrt(np.maximum(var_a, var_b)), whole


def _picked(shape: tuple[int, ...], size: int) -> tuple[slice, slice]:
    half = size // 2
    return slice(half, shape[0] - half, _STRIDE), slice(half, shape[1] - half, _STRIDE)


_SMALL = 0.004  # share of the pixels; a mark of 8 x 10 pixels in 160 x 120
_LARGE = 0.45  # more is no local difference
_STRONG = 6.0  # times the usual residual at pixels of that steepness
_STEP = 0.10  # of the range of gray; less is what sharpening and compression do


def local_difference(first: Gray, second: Gray, inside: NDArray[np.bool_]) -> Region | None:
    """Give x, y, width, height of the largest region where two aligned pictures differ.

    The brightness of one is first brought to that of the other by a line fitted to what agrees.
    A residual counts against what is usual where the picture is as steep, so that edges, which a
    thumbnail's sharpening moves, do not count as objects.
    """
    a, b = (cv2.GaussianBlur(one, (0, 0), 1.2) for one in (first, second))
    residual = _residual(a, b, inside)  # type: ignore[arg-type]
    steep = _steepness(b)  # type: ignore[arg-type]
    usual = float(np.median(residual[inside])) + 1e-3
    slope = float(np.median(residual[inside] / (steep[inside] + 0.02)))
    bound = np.maximum(_STRONG * (usual + slope * steep), _STEP)
    marked = ((residual > bound) & inside).astype(np.uint8)
    marked = cv2.morphologyEx(marked, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(marked)
    if count < 2 or marked.sum() > _LARGE * inside.sum():
        return None
    rank = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    x, y, width, height, area = (int(value) for value in stats[rank])
    return (x, y, width, height) if area >= _SMALL * inside.sum() else None


def _residual(a: Gray, b: Gray, inside: NDArray[np.bool_]) -> Gray:
    keep = inside.copy()
    gain, offset = 1.0, 0.0
    for _ in range(3):
        if keep.sum() < 32:
            break
        x, y = b[keep], a[keep]
        spread = float(x.var())
        gain = float(((x - x.mean()) * (y - y.mean())).mean()) / spread if spread > 1e-6 else 1.0
        offset = float(y.mean() - gain * x.mean())
        far = np.abs(a - gain * b - offset)
        keep = inside & (far <= 2.5 * float(np.median(far[inside])) + 1e-3)
    return np.abs(a - gain * b - offset).astype(np.float32)


def _steepness(gray: Gray) -> Gray:
    """Give the largest change within a pixel's neighbourhood."""
    kernel = np.ones((3, 3), np.uint8)
    return cv2.dilate(gray, kernel) - cv2.erode(gray, kernel)
