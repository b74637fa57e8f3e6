"""Reduced copies of a reference with the directions of their edges, and their spectra."""

import math
from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from imgcheck.imaging import orientation, warp
from imgcheck.imaging.pixels import as_gray, as_mask

# Each level is coarser by this factor.
_LADDER = math.sqrt(2.0)
# Pixels of a reduced copy that are known in less than this share are not.
_LEAST_KNOWN = 0.5
# Maps take 16 bytes a pixel.
_MOST_PIXELS = 24e6
# Spectra of the last few levels are kept.
_MOST_SPECTRA = 12


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Level:
    """A reduced reference: its maps, where it is known, and how its pixels lie."""

    maps: NDArray[np.float32]
    known: NDArray[np.float32]
    factor: tuple[float, float]


class Pyramid:
    """Reduced copies of a reference, made when first asked for and kept.

    Parameters
    ----------
    gray : (M, N) float32 in [0, 1]
    mask : (M, N) bool, optional
        True = usable.
    """

    def __init__(self, gray: NDArray[np.float32], mask: NDArray[np.bool_] | None = None) -> None:
        gray = as_gray(gray, name="reference")
        mask = as_mask(mask, gray, name="reference")
        usable = np.isfinite(gray)
        self.mask = usable if mask is None else usable & mask
        self.gray = gray
        self.shape = gray.shape
        pixels = float(gray.shape[0] * gray.shape[1])
        self._finest = max(0, math.ceil(math.log(pixels / _MOST_PIXELS) / math.log(2.0)))
        self._levels: dict[int, Level] = {}
        self._spectra: dict[tuple[int, int, int], NDArray[np.complex64]] = {}

    def step(self, factor: float) -> int:
        """Give the number of the level nearest to a reduction, not finer than the finest."""
        return max(self._finest, round(math.log(max(factor, 1e-6)) / math.log(_LADDER)))

    def factor(self, step: int) -> float:
        """Give the reduction of a level."""
        return float(_LADDER**step)

    def level(self, step: int) -> Level:
        if step not in self._levels:
            factor = self.factor(step)
            rows, cols = (max(8, round(n / factor)) for n in self.shape)
            gray, known = reduced(self.gray, self.mask, (rows, cols))
            self._levels[step] = Level(
                maps=centred(orientation.maps(gray, mask=known), known),
                known=known.astype(np.float32),
                factor=(self.shape[1] / cols, self.shape[0] / rows),
            )
        return self._levels[step]

    def spectrum(self, step: int, shape: tuple[int, int]) -> NDArray[np.complex64]:
        key = (step, *shape)
        if key not in self._spectra:
            while len(self._spectra) >= _MOST_SPECTRA:
                self._spectra.pop(next(iter(self._spectra)))
            self._spectra[key] = scipy.fft.rfft2(self.level(step).maps, s=shape)
        return self._spectra[key]


def reduced(
    gray: NDArray[np.float32], mask: NDArray[np.bool_], shape: tuple[int, int]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Reduce a picture and its mask, leaving out what is not usable."""
    if shape == gray.shape:
        return gray, mask
    if mask.all():
        return warp.resize(gray, shape), np.ones(shape, bool)
    small = warp.resize(np.where(mask, gray, np.nan).astype(np.float32), shape)
    part = warp.resize(mask, shape)
    known = np.isfinite(small) & (part > _LEAST_KNOWN)
    return np.where(known, small, 0).astype(np.float32), np.asarray(known)


def centred(maps: NDArray[np.float32], known: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Take out the direction that prevails in the whole picture: a grid of fields is no place."""
    count = max(1, int(known.sum()))
    mean = (maps * known).sum(axis=(1, 2)) / count
    return np.asarray((maps - mean[:, None, None]) * known, np.float32)
