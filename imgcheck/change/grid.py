"""Check pictures on one grid, and smooth them without missing pixels."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from imgcheck.errors import GridMismatchError, UsageError

Pixels = NDArray[np.float32]
Mask = NDArray[np.bool_]

# Smaller pictures have too few independent pixels to measure a null distribution.
_SMALLEST_SIDE = 24


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frame:
    """Where the columns and rows of an array lie in the whole picture: centres, pixels.

    An array is the whole picture, a tile of it, or a sample of blocks side by side.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    width: int
    height: int

    @classmethod
    def whole(cls, shape: tuple[int, ...]) -> "Frame":
        """Return the frame of an array that is the whole picture."""
        rows, columns = shape[:2]
        return cls(x=np.arange(0.5, columns), y=np.arange(0.5, rows), width=columns, height=rows)


def as_bands(name: str, picture: NDArray[Any]) -> Pixels:
    """Read (M, N) or (M, N, C), uint8 or float in [0, 1], as float32 of shape (M, N, C)."""
    array = np.asarray(picture)
    if array.ndim == 2:
        array = array[:, :, None]
    if array.ndim != 3 or not 1 <= array.shape[2] <= 16:
        raise UsageError(
            f"{name} must have the shape (M, N) or (M, N, bands), not {np.shape(picture)}"
        )
    if min(array.shape[:2]) < _SMALLEST_SIDE:
        raise UsageError(
            f"{name} is {array.shape[1]} x {array.shape[0]} pixels; "
            f"at least {_SMALLEST_SIDE} x {_SMALLEST_SIDE} are needed"
        )
    if array.dtype == np.uint8:
        return array.astype(np.float32) / np.float32(255)
    if array.dtype.kind != "f":
        raise UsageError(f"{name} must be uint8 or float in [0, 1], not {array.dtype}")
    return array.astype(np.float32, copy=False)


def usable(bands: Pixels, valid: Mask | None) -> Mask:
    """Return the pixels that are finite and not masked."""
    finite: Mask = np.asarray(np.isfinite(bands).all(axis=2))
    if valid is None:
        return finite
    mask = np.asarray(valid, dtype=bool)
    if mask.shape != finite.shape:
        raise GridMismatchError(
            f"valid has the shape {mask.shape} and the picture {finite.shape}; they must be equal"
        )
    return finite & mask


def same_grid(named: dict[str, Pixels]) -> None:
    """Refuse pictures of different sizes, naming both."""
    (first, reference), *others = named.items()
    for name, picture in others:
        if picture.shape[:2] != reference.shape[:2]:
            raise GridMismatchError(
                f"{first} is {reference.shape[1]} x {reference.shape[0]} pixels and {name} "
                f"{picture.shape[1]} x {picture.shape[0]}; resample one to the grid of the "
                "other first"
            )


def grey(bands: Pixels) -> Pixels:
    """Return the mean of the bands, kept as one band."""
    return bands.mean(axis=2, keepdims=True, dtype=np.float32)


def _is_grey(bands: Pixels) -> bool:
    """Return whether a picture has no colour beyond compression noise."""
    if bands.shape[2] == 1:
        return True
    spread = bands.max(axis=2) - bands.min(axis=2)
    # 0.02 of full scale: what 4:2:0 JPEG at quality 50 adds to a grey picture at most.
    return bool(np.nanpercentile(spread, 99) < 0.02)


def in_grey(pictures: list[Pixels]) -> bool:
    """Return whether pictures must be compared in grey: one has no colour, or other bands."""
    counts = {picture.shape[2] for picture in pictures}
    return len(counts) > 1 or any(_is_grey(picture) for picture in pictures)


def opponent(bands: Pixels) -> Pixels:
    """Convert red, green, blue to brightness and two colour differences; keep other bands."""
    if bands.shape[2] != 3:
        return bands
    red, green, blue = bands[..., 0], bands[..., 1], bands[..., 2]
    return np.stack([(red + green + blue) / 3, red - green, blue - (red + green) / 2], axis=2)


def medians(bands: Pixels, valid: Mask) -> Pixels:
    """Return the median of the usable pixels of each band, 0 where there are none."""
    if not valid.any():
        return np.zeros(bands.shape[2], np.float32)
    return np.median(bands[valid], axis=0).astype(np.float32)


def filled(bands: Pixels, valid: Mask, values: Pixels) -> Pixels:
    """Replace unusable pixels by the values of their bands."""
    return bands if valid.all() else np.where(valid[..., None], bands, values)


def blurred(array: Pixels, sigma: float) -> Pixels:
    """Return Gaussian smoothing with mirrored borders."""
    soft = cv2.GaussianBlur(array, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
    return np.asarray(soft, dtype=np.float32)


def smooth(bands: Pixels, valid: Mask, sigma: float) -> Pixels:
    """Return the Gaussian mean over usable pixels; unusable ones become 0."""
    if sigma <= 0:
        return np.where(valid[..., None], bands, np.float32(0))
    if valid.all():
        return blurred(bands, sigma).reshape(bands.shape)
    weight = valid.astype(np.float32)
    known = np.where(valid[..., None], bands, np.float32(0))
    total = blurred(known, sigma).reshape(bands.shape)
    share = blurred(weight, sigma)[..., None]
    mean = total / np.maximum(share, np.float32(1e-3))
    return np.where(valid[..., None], mean, np.float32(0))


def robust_sigma(values: NDArray[Any]) -> float:
    """Return 1.4826 times the median absolute deviation from the median."""
    if not values.size:
        return 0.0
    return float(1.4826 * np.median(np.abs(values - np.median(values))))
