"""The pixel model: from native bands to the view that everything else looks at.

The view is RGB, 8 bits, turned by the EXIF orientation. Samples of 8 bits are shown as they are,
fewer bits are spread over 0 to 255, and all others (16 bits, floats) are stretched
linearly between their 2nd and 98th percentile over the valid pixels, the same stretch
for all three bands, so that colours keep their relation.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from imgcheck.errors import GridMismatchError, UsageError
from imgcheck.imaging.containers.tree import Observation

Float32: TypeAlias = NDArray[np.float32]
Float64: TypeAlias = NDArray[np.float64]
Index: TypeAlias = NDArray[np.intp]
Mask: TypeAlias = NDArray[np.bool_]
Uint8: TypeAlias = NDArray[np.uint8]

# ITU-R BT.601, luma of R'G'B'.
LUMA = (0.299, 0.587, 0.114)
STRETCH_PERCENTILES = (2.0, 98.0)
# Percentiles of a regular sample of this many values are within 0.1 % of rank of the
# exact ones, and take a tenth of a second.
_MOST_SAMPLES = 4_000_000
_ROWS_AT_ONCE = 1_000_000
# Resampling by cubics reaches over white and below black.
_PLAY = 0.1

# EXIF 2.32, tag 0x0112: what turns the stored grid (last two axes) into the view.
_TURNS: dict[int, Callable[[NDArray[Any]], NDArray[Any]]] = {
    1: lambda a: a,
    2: lambda a: a[..., :, ::-1],
    3: lambda a: a[..., ::-1, ::-1],
    4: lambda a: a[..., ::-1, :],
    5: lambda a: np.swapaxes(a, -1, -2),
    6: lambda a: np.swapaxes(a, -1, -2)[..., :, ::-1],
    7: lambda a: np.swapaxes(a, -1, -2)[..., ::-1, ::-1],
    8: lambda a: np.swapaxes(a, -1, -2)[..., ::-1, :],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """Pixels of one picture on its stored grid.

    ``native`` (B, M, N) as the decoder gave them, ``rgb`` (3, M, N) or (1, M, N) uint8
    for the view, ``valid`` (M, N) bool or None where every pixel is.
    """

    native: NDArray[Any]
    rgb: Uint8
    valid: Mask | None = None
    damage: tuple[Observation, ...] = field(default=())


def turn(array: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Turn an array, rows and columns last, from the stored grid into the view; no copy."""
    return _TURNS[orientation](array)


def view_to_stored(orientation: int, *, width: int, height: int) -> Float64:
    """Return the matrix from pixels of the view to pixels of a stored grid of this size."""
    w, h = float(width), float(height)
    matrices: dict[int, list[list[float]]] = {
        1: [[1, 0, 0], [0, 1, 0]],
        2: [[-1, 0, w], [0, 1, 0]],
        3: [[-1, 0, w], [0, -1, h]],
        4: [[1, 0, 0], [0, -1, h]],
        5: [[0, 1, 0], [1, 0, 0]],
        6: [[0, 1, 0], [-1, 0, h]],
        7: [[0, -1, w], [-1, 0, h]],
        8: [[0, -1, w], [1, 0, 0]],
    }
    return np.array([*matrices[orientation], [0.0, 0.0, 1.0]], np.float64)


def as_bytes(bands: NDArray[Any], *, valid: Mask | None, bits: int) -> Uint8:
    """Convert native samples (B, M, N) into 8 bits for the view."""
    if np.iscomplexobj(bands):
        bands = np.abs(bands)
    if bands.dtype == np.uint8:
        if bits >= 8:
            return bands
        # All values occur in the file's own scale 0 to 2**bits - 1.
        table = np.minimum(np.arange(256) * 255 // (2**bits - 1), 255).astype(np.uint8)
        return table[bands]
    return _stretch(bands, valid)


def _stretch(bands: NDArray[Any], valid: Mask | None) -> Uint8:
    """Stretch linearly between two percentiles of the valid pixels; invalid ones are 0."""
    low, high = _percentiles(bands, valid)
    out = np.zeros(bands.shape, np.uint8)
    rows = max(1, _ROWS_AT_ONCE // bands.shape[-1])
    for band, target in zip(bands, out, strict=True):
        for top in range(0, band.shape[0], rows):
            part = band[top : top + rows].astype(np.float64)
            if high > low:
                # Divided before the difference, so that extreme floats cannot overflow.
                scaled = (part / 2 - low / 2) / (high / 2 - low / 2) * 255
            else:
                scaled = np.full(part.shape, 128.0)
            scaled[~np.isfinite(part)] = 0
            target[top : top + rows] = np.clip(np.rint(scaled), 0, 255)
    if valid is not None:
        out[:, ~valid] = 0
    return out


def _percentiles(bands: NDArray[Any], valid: Mask | None) -> tuple[float, float]:
    step = max(1, int(np.ceil(np.sqrt(bands.size / _MOST_SAMPLES))))
    sample = bands[:, ::step, ::step]
    chosen = np.isfinite(sample)
    if valid is not None:
        chosen &= valid[::step, ::step]
    values = sample[chosen].astype(np.float64)
    if not values.size:
        return 0.0, 0.0
    low, high = np.percentile(values, STRETCH_PERCENTILES)
    return float(low), float(high)


def as_gray(values: ArrayLike, *, name: str) -> Float32:
    """Convert gray values (M, N) from a caller to float32 in [0, 1]; ``name`` stands in the error.

    Bytes (uint8) or floats in [0, 1] are accepted; what is not finite is no data. Other types
    need a stretch that the caller chooses: 12, 14 or 16 bits cannot be distinguished.
    """
    array = np.asarray(values)
    if array.ndim != 2:
        raise GridMismatchError(f"the {name} must be gray (rows, cols), not {array.shape}")
    if array.dtype == np.uint8:
        return np.asarray(array, np.float32) / np.float32(255)
    if array.dtype.kind != "f":
        raise UsageError(
            f"the {name} has values of type {array.dtype}; give bytes (uint8) or floats in [0, 1]"
        )
    finite = np.isfinite(array)
    known = array[finite]
    if known.size and not (known.min() >= -_PLAY and known.max() <= 1 + _PLAY):
        raise UsageError(
            f"the {name} has values from {known.min():.4g} to {known.max():.4g}; give floats in "
            "[0, 1], or bytes (uint8)"
        )
    gray = np.clip(np.asarray(array, np.float32), np.float32(0), np.float32(1))
    return gray if finite.all() else np.where(finite, gray, np.float32(np.nan))


def as_mask(values: ArrayLike | None, gray: Float32, *, name: str) -> Mask | None:
    """Convert a mask of usable pixels from a caller to bool, without what is not finite.

    None where every pixel is usable. Raises `GridMismatchError` if the mask has another shape.
    """
    finite = np.isfinite(gray)
    if values is None:
        return None if finite.all() else finite
    mask = np.asarray(values)
    if mask.shape != gray.shape:
        raise GridMismatchError(
            f"the mask of the {name} has the shape {mask.shape} and the {name} {gray.shape}; "
            "they must be equal"
        )
    return np.asarray(mask, bool) & finite


def luma(rgb: Uint8) -> Float32:
    """Return the BT.601 luma (M, N) in [0, 1] of a view (M, N, 3)."""
    out = np.empty(rgb.shape[:2], np.float32)
    weights = np.array(LUMA, np.float32) / np.float32(255)
    rows = max(1, _ROWS_AT_ONCE // max(1, rgb.shape[1]))
    for top in range(0, rgb.shape[0], rows):
        part = rgb[top : top + rows]
        target = out[top : top + rows]
        np.multiply(part[..., 0], weights[0], out=target)
        target += part[..., 1] * weights[1]
        target += part[..., 2] * weights[2]
    return np.minimum(out, np.float32(1), out=out)
