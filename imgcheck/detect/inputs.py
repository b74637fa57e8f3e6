"""Check the input of the detectors: shape, range, scale, and which pixels are usable."""

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from imgcheck.errors import GridMismatchError, UsageError, WrongTypeError
from imgcheck.imaging import annotations

# A larger picture is reduced to this size, which takes 1 to 2 s of one core for craters; limits
# are then stated at the coarser ground sample distance.
WORKING_PIXELS = 2_000_000

Gray = NDArray[np.float32]
Mask = NDArray[np.bool_]

_OVERSHOOT = 0.25


def scale(gsd: float) -> float:
    """Check a ground sample distance and return it as a float."""
    if not (isinstance(gsd, int | float | np.number) and math.isfinite(gsd) and gsd > 0):
        raise UsageError(f"gsd is {gsd!r}; give metres per pixel, a finite number above 0")
    return float(gsd)


def gray_image(gray: ArrayLike, *, valid: ArrayLike | None) -> tuple[Gray, Mask]:
    """Check a gray picture; NaN and infinite pixels become invalid.

    ``gray`` is (M, N) uint8, or float in [0, 1]; without ``valid`` (True = ground), drawings over
    the picture are masked. Returns the picture as float32 in [0, 1], every pixel finite, and the
    mask of usable pixels.
    """
    array = np.asarray(gray)
    if array.ndim != 2 or array.size == 0:
        raise UsageError(f"a gray picture must have the shape (rows, columns), not {array.shape}")
    picture = _samples(array)
    return _usable(picture, np.isfinite(picture), valid)


@dataclass(frozen=True, slots=True, kw_only=True)
class Working:
    """A picture at its working size; ``factor`` is its pixels in input pixels, across and down."""

    picture: Gray
    usable: Mask
    gsd: float
    factor: tuple[float, float]


def working_size(picture: Gray, usable: Mask, *, gsd: float) -> Working:
    """Reduce a picture to at most `WORKING_PIXELS`; a pixel is usable where all its area is."""
    rows, columns = picture.shape
    if rows * columns <= WORKING_PIXELS:
        return Working(picture=picture, usable=usable, gsd=gsd, factor=(1.0, 1.0))
    shrink = math.sqrt(WORKING_PIXELS / (rows * columns))
    size = (max(1, round(columns * shrink)), max(1, round(rows * shrink)))
    small = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.float32)
    share = cv2.resize(usable.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    factor = (columns / size[0], rows / size[1])
    return Working(
        picture=small,
        usable=np.asarray(share > 0.999),
        gsd=gsd * math.sqrt(factor[0] * factor[1]),
        factor=factor,
    )


def colour_image(rgb: ArrayLike, *, valid: ArrayLike | None) -> tuple[Gray, Mask]:
    """Check a colour picture (gray becomes three equal bands); otherwise like `gray_image`."""
    array = np.asarray(rgb)
    if array.ndim == 2:
        array = np.repeat(array[..., None], 3, axis=2)
    if array.ndim != 3 or array.shape[2] != 3 or array.size == 0:
        raise UsageError(
            f"a colour picture must have the shape (rows, columns, 3), not {array.shape}"
        )
    picture = _samples(array)
    finite = np.ones(array.shape[:2], bool)
    if array.dtype.kind == "f":
        finite = np.asarray(np.isfinite(picture).all(axis=2), bool)
    return _usable(picture, finite, valid)


def _samples(array: NDArray[Any]) -> Gray:
    """Return samples as float32 in [0, 1]."""
    if array.dtype == np.uint8:
        samples = array.astype(np.float32)
        samples /= 255
        return samples
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
    """Return the mask of drawings over a picture."""
    rgb = np.repeat(picture[..., None], 3, axis=2) if picture.ndim == 2 else picture
    shown = np.rint(np.clip(rgb, 0, 1) * 255).astype(np.uint8)
    return annotations.find(shown)


def _usable(picture: Gray, finite: Mask, valid: ArrayLike | None) -> tuple[Gray, Mask]:
    usable = finite
    if valid is None:
        usable = finite & ~_drawn(_filled(picture, finite))
    else:
        mask = np.asarray(valid)
        if not np.issubdtype(mask.dtype, np.bool_) and not np.issubdtype(mask.dtype, np.integer):
            raise WrongTypeError(f"the mask of valid pixels must be bool, not {mask.dtype}")
        if mask.shape != picture.shape[:2]:
            raise GridMismatchError(
                f"the mask of valid pixels has the shape {mask.shape} and the picture "
                f"{picture.shape[:2]}; they must be equal"
            )
        usable = finite & mask.astype(bool)
    filled = _filled(picture, usable)
    return np.clip(filled, 0, 1, out=filled), usable


def _filled(picture: Gray, usable: Mask) -> Gray:
    """Set unusable ground to the median, so that its border has no false contrast."""
    if usable.all():
        return picture
    filled = picture.copy()
    filled[~usable] = np.median(picture[usable], axis=0) if usable.any() else np.float32(0)
    return filled
