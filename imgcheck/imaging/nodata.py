"""Fill values that a raster does not declare as no data."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

# What GDAL, ESRI and SRTM tools write; no measured sample of any band has these values.
_CONVENTIONAL = (-9999, -99999, -32767, -32768)
# Lowest values of float32 and float64, which some programs round.
_LOWEST = (float(np.finfo(np.float32).min), float(np.finfo(np.float64).min))
_ROUNDED = 0.002
# A smaller area of one value may be ground: a roof, a shadow, a pond.
_LEAST_SHARE, _LEAST_PIXELS = 0.005, 100


def undeclared(samples: NDArray[Any], *, pixels: int) -> NDArray[np.bool_]:
    """Find the pixels that hold a fill value in all bands.

    Parameters
    ----------
    samples : (B, M, N) of numbers
        Of a raster with a place on the ground, without alpha, or of a part of it.
    pixels : int
        Of the whole raster: an area is large or small against this, in a part of it, too.

    Returns
    -------
    (M, N) bool
        True where there is no data: a conventional value (-9999 and the like); a value at one end
        of deep samples, farther from all others than these are from each other; 0 or the largest
        value of the type, in an even area that reaches the border.

    Notes
    -----
    Dark water or clipped snow that reaches the border in exactly 0 or 255 is taken for fill, too.
    It shows no detail either.
    """
    found = np.zeros(samples.shape[1:], bool)
    if samples.dtype.kind not in "iuf" or not samples.size:
        return found
    if samples.dtype.kind in "if":
        for value in _CONVENTIONAL:
            found |= _all(samples, value)
        if samples.dtype.kind == "f":
            for lowest in _LOWEST:
                with np.errstate(all="ignore"):  # other extreme values overflow: they are not near
                    near = np.abs(samples / lowest - 1) < _ROUNDED
                found |= np.asarray(near.all(axis=0))
    if samples.dtype.itemsize > 1:
        for largest in (False, True):
            found |= _far_from_the_rest(samples, found, largest=largest)
    ends = [0, int(np.iinfo(samples.dtype).max)] if samples.dtype.kind == "u" else [0]
    for value in ends:
        found |= _from_the_border(
            _all(samples, value), least=max(_LEAST_PIXELS, _LEAST_SHARE * pixels)
        )
    return found


def _all(samples: NDArray[Any], value: float) -> NDArray[np.bool_]:
    if samples.dtype.kind != "f":
        limits = np.iinfo(samples.dtype)
        if not limits.min <= value <= limits.max:
            return np.zeros(samples.shape[1:], bool)
    return np.asarray((samples == samples.dtype.type(value)).all(axis=0))


def _far_from_the_rest(
    samples: NDArray[Any], known: NDArray[np.bool_], *, largest: bool
) -> NDArray[np.bool_]:
    """Find an extreme value of all bands with a gap wider than the span of what remains."""
    nothing = np.zeros(known.shape, bool)
    first = samples[0]
    usable = ~known & np.isfinite(first)
    if not usable.any():
        return nothing
    value = float(first[usable].max() if largest else first[usable].min())
    filled = usable & _all(samples, value)
    rest = first[usable & ~filled].astype(np.float64)
    if filled.sum() < max(_LEAST_PIXELS, _LEAST_SHARE * filled.size) or not rest.size:
        return nothing
    # Halves, so that the difference of extreme floats does not overflow.
    gap = float(np.abs(rest / 2 - value / 2).min())
    return filled if gap > float(np.ptp(rest / 2)) else nothing


def _from_the_border(same: NDArray[np.bool_], *, least: float) -> NDArray[np.bool_]:
    """Keep the areas that reach the border and are large."""
    if same.sum() < least:
        return np.zeros(same.shape, bool)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(same.astype(np.uint8), connectivity=4)
    rim = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    large = np.flatnonzero(stats[:, cv2.CC_STAT_AREA] >= least)
    kept = np.intersect1d(np.unique(rim[rim > 0]), large)
    return np.asarray(np.isin(labels, kept))
