"""What every detector asks of its input: shape, range, scale, and which pixels count."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from imgcheck.errors import GridMismatchError, UsageError

Gray = NDArray[np.float32]
Mask = NDArray[np.bool_]


def scale(gsd: float) -> float:
    """Check a ground sample distance and hand it back as a float."""
    if not (isinstance(gsd, int | float | np.number) and math.isfinite(gsd) and gsd > 0):
        raise UsageError(f"gsd is {gsd!r}; give metres per pixel, a finite number above 0")
    return float(gsd)


def gray_image(gray: ArrayLike, *, valid: ArrayLike | None) -> tuple[Gray, Mask]:
    """Check a gray picture; NaN and infinite pixels become invalid.

    Returns
    -------
    picture, usable
        float32 in [0, 1], every pixel finite; bool of the same shape.
    """
    array = np.asarray(gray)
    if array.ndim != 2 or array.size == 0:
        raise UsageError(f"a gray picture has shape (rows, columns), not {array.shape}")
    picture = array.astype(np.float32)
    if array.dtype == np.uint8:
        picture /= 255
    return _usable(picture, np.isfinite(picture), valid)


def colour_image(rgb: ArrayLike, *, valid: ArrayLike | None) -> tuple[Gray, Mask]:
    """Check a colour picture (gray is taken as three equal bands); float32 (M, N, 3) in [0, 1]."""
    array = np.asarray(rgb)
    if array.ndim == 2:
        array = np.repeat(array[..., None], 3, axis=2)
    if array.ndim != 3 or array.shape[2] != 3 or array.size == 0:
        raise UsageError(f"a colour picture has shape (rows, columns, 3), not {array.shape}")
    picture = array.astype(np.float32)
    if array.dtype == np.uint8:
        picture /= 255
    finite = np.asarray(np.isfinite(picture).all(axis=2), bool)
    return _usable(picture, finite, valid)


def _usable(picture: Gray, finite: Mask, valid: ArrayLike | None) -> tuple[Gray, Mask]:
    usable = finite
    if valid is not None:
        mask = np.asarray(valid)
        if mask.shape != picture.shape[:2]:
            raise GridMismatchError(
                f"the mask of valid pixels has shape {mask.shape}, the picture {picture.shape[:2]};"
                " they must share one grid"
            )
        usable = finite & mask.astype(bool)
    if not usable.all():
        # Unusable ground gets the middle tone, so that its border raises no false contrast
        # beyond the real one; proposals that reach into it are dropped later.
        middle = np.median(picture[usable], axis=0) if usable.any() else np.float32(0)
        picture = picture.copy()
        picture[~usable] = middle
    return np.clip(picture, 0, 1), usable
