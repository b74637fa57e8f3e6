"""What every detector asks of its input: shape, range, scale, and which pixels count."""

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from imgcheck.errors import GridMismatchError, UsageError, WrongTypeError
from imgcheck.imaging import annotations

Gray = NDArray[np.float32]
Mask = NDArray[np.bool_]

_OVERSHOOT = 0.25


def scale(gsd: float) -> float:
    """Check a ground sample distance and hand it back as a float."""
    if not (isinstance(gsd, int | float | np.number) and math.isfinite(gsd) and gsd > 0):
        raise UsageError(f"gsd is {gsd!r}; give metres per pixel, a finite number above 0")
    return float(gsd)


def gray_image(gray: ArrayLike, *, valid: ArrayLike | None) -> tuple[Gray, Mask]:
    """Check a gray picture; NaN and infinite pixels become invalid.

    Parameters
    ----------
    gray : (M, N) uint8, or float in [0, 1]
    valid : (M, N) bool, optional
        True = ground. Without it, what was drawn over the picture is left out.

    Returns
    -------
    picture, usable
        float32 in [0, 1], every pixel finite; bool of the same shape.

    Raises
    ------
    WrongTypeError
        If the samples are of another type.
    UsageError
        If the shape is another one, or values lie outside 0 to 1.
    """
    array = np.asarray(gray)
    if array.ndim != 2 or array.size == 0:
        raise UsageError(f"a gray picture has shape (rows, columns), not {array.shape}")
    picture = _samples(array)
    return _usable(picture, np.isfinite(picture), valid)


def colour_image(rgb: ArrayLike, *, valid: ArrayLike | None) -> tuple[Gray, Mask]:
    """Check a colour picture (gray is taken as three equal bands); otherwise like `gray_image`."""
    array = np.asarray(rgb)
    if array.ndim == 2:
        array = np.repeat(array[..., None], 3, axis=2)
    if array.ndim != 3 or array.shape[2] != 3 or array.size == 0:
        raise UsageError(f"a colour picture has shape (rows, columns, 3), not {array.shape}")
    picture = _samples(array)
    finite = np.asarray(np.isfinite(picture).all(axis=2), bool)
    return _usable(picture, finite, valid)


def _samples(array: NDArray[Any]) -> Gray:
    """Give samples as float32 in [0, 1]."""
    if array.dtype == np.uint8:
        return array.astype(np.float32) / np.float32(255)
    if not np.issubdtype(array.dtype, np.floating):
        raise WrongTypeError(
            f"the picture has samples of type {array.dtype}; give uint8, or float in [0, 1]"
        )
    picture = array.astype(np.float32)
    finite = picture[np.isfinite(picture)]
    # A resampling with cubic weights overshoots a little; anything beyond is another scale.
    if finite.size and not (finite.min() >= -_OVERSHOOT and finite.max() <= 1 + _OVERSHOOT):
        raise UsageError(
            f"the picture has values from {finite.min():g} to {finite.max():g}; give float in "
            "[0, 1], or uint8"
        )
    return picture


def _drawn(picture: Gray) -> Mask:
    """Find what was drawn over a picture."""
    rgb = np.repeat(picture[..., None], 3, axis=2) if picture.ndim == 2 else picture
    shown = np.rint(np.clip(rgb, 0, 1) * 255).astype(np.uint8)
    return annotations.find(shown).mask


def _usable(picture: Gray, finite: Mask, valid: ArrayLike | None) -> tuple[Gray, Mask]:
    usable = finite
    if valid is None:
        usable = finite & ~_drawn(_filled(picture, finite))
    else:
        mask = np.asarray(valid)
        if not np.issubdtype(mask.dtype, np.bool_) and not np.issubdtype(mask.dtype, np.integer):
            raise WrongTypeError(f"the mask of valid pixels is bool, not {mask.dtype}")
        if mask.shape != picture.shape[:2]:
            raise GridMismatchError(
                f"the mask of valid pixels has shape {mask.shape}, the picture {picture.shape[:2]};"
                " they must share one grid"
            )
        usable = finite & mask.astype(bool)
    return np.clip(_filled(picture, usable), 0, 1), usable


def _filled(picture: Gray, usable: Mask) -> Gray:
    """Give unusable ground the middle tone, so that its border raises no false contrast.

    Proposals that reach into it are dropped later.
    """
    if usable.all():
        return picture
    filled = picture.copy()
    filled[~usable] = np.median(picture[usable], axis=0) if usable.any() else np.float32(0)
    return filled
