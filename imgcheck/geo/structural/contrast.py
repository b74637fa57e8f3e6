"""Test a place found by edges with another property: the self-similarity of the ground.

Each pixel is described by how much its surroundings differ from those a little beside it, which
stays when tones, sun and season change. The whole picture is compared with the reference at the
place and at shifts around it: at the true place the correlation stands out from the shifts.
"""

import math

import cv2
import numpy as np
import scipy.fft

from imgcheck.geo.structural import coarse
from imgcheck.geo.structural.coarse import Pyramid
from imgcheck.imaging import orientation, transforms, warp
from imgcheck.imaging.pixels import Float32, Float64, Mask

# Side of the picture in grid pixels; shifts compared each way; the place may be off by the third
# number, and shifts within the fourth belong to its peak. Benchmarks: other_dates, where offsets of
# 1 to 3 pixels, patches of 0.8 to 2 and sides of 150 to 260 pixels were tried.
_SIDE, _REACH, _OFF, _PEAK = 200, 40, 4, 8
_OFFSETS = ((0, 2), (2, 0), (2, 2), (2, -2), (0, -2), (-2, 0), (-2, -2), (-2, 2))
_PATCH_SIGMA = 0.8
# Contrast is evened out over this many pixels.
_EVEN_SIGMA = 8.0
# Pixels from the rim of what is known that are affected by it, and fewest usable ones.
_RIM, _LEAST_PIXELS = 3, 2000
# Energy under a shifted picture counts at least as this share of the highest.
_LEAST_ENERGY = 0.3


def contrast(picture: Float32, mask: Mask, pyramid: Pyramid, matrix: Float64) -> float | None:
    """Return how far a place stands out from shifts around it, in their standard deviations.

    ``matrix`` (3, 3) maps picture to reference pixels; None where too little can be compared.

    References
    ----------
    .. [1] M. P. Heinrich et al., "MIND: Modality independent neighbourhood descriptor for
       multi-modal deformable registration", Medical Image Analysis 16, 2012.
    """
    drawn = _drawn(picture, mask, pyramid, matrix)
    if drawn is None:
        return None
    mine, covered, theirs, known = drawn
    score = _correlation(descriptor(mine, covered), covered, descriptor(theirs, known))
    middle = np.abs(np.arange(-_REACH, _REACH + 1))
    away = np.maximum(middle[:, None], middle)
    around = score[away > _PEAK]
    return float((score[away <= _OFF].max() - around.mean()) / max(float(around.std()), 1e-9))


def descriptor(gray: Float32, mask: Mask) -> Float32:
    """Return how alike each pixel's surroundings are to those beside it, (8, M, N), mean 0."""
    filled = orientation.filled(gray, mask)
    apart = np.stack([_difference(filled, dx, dy) for dy, dx in _OFFSETS])
    alike = np.exp(-apart / (apart.mean(axis=0) + 1e-7))
    alike /= alike.max(axis=0)
    alike -= alike.mean(axis=0)
    alike *= mask
    share = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), _EVEN_SIGMA)
    local = cv2.GaussianBlur((alike * alike).sum(axis=0), (0, 0), _EVEN_SIGMA)
    return np.asarray(alike / np.maximum(np.sqrt(local / np.maximum(share, 1e-3)), 1e-3))


def _difference(gray: Float32, dx: int, dy: int) -> Float32:
    shift = np.array([[1, 0, dx], [0, 1, dy]], np.float32)
    beside = cv2.warpAffine(gray, shift, gray.shape[::-1], borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.GaussianBlur((gray - beside) ** 2, (0, 0), _PATCH_SIGMA))


def _drawn(
    picture: Float32, mask: Mask, pyramid: Pyramid, matrix: Float64
) -> tuple[Float32, Mask, Float32, Mask] | None:
    """Resample the picture and the reference around it to one grid, with what is known of each."""
    ring = transforms.apply(matrix, transforms.corners(picture.shape))
    if not np.isfinite(ring).all():
        return None
    scale = transforms.scale(matrix, picture.shape)
    factor = max(1.0, scale * math.sqrt(picture.size) / _SIDE)
    limit = np.array(pyramid.shape[::-1])
    low = np.clip(np.floor(ring.min(axis=0) - _REACH * factor), 0, limit).astype(int)
    high = np.clip(np.ceil(ring.max(axis=0) + _REACH * factor), 0, limit).astype(int)
    cols, rows = (int(n) for n in high - low)
    shape = (round(rows / factor), round(cols / factor))
    if min(shape) < 2 * _REACH:
        return None
    window = np.s_[low[1] : high[1], low[0] : high[0]]
    theirs, known = coarse.reduced(pyramid.gray[window], pyramid.mask[window], shape)
    to_window = np.array([[1, 0, -low[0]], [0, 1, -low[1]], [0, 0, 1.0]])
    to_grid = np.diag([shape[1] / cols, shape[0] / rows, 1.0]) @ to_window @ matrix
    covered = _inner(warp.coverage(mask.shape, to_grid, shape, mask=mask))
    if np.count_nonzero(covered) < _LEAST_PIXELS:
        return None
    return warp.warp(picture, to_grid, shape), covered, theirs, _inner(known)


def _inner(known: Mask) -> Mask:
    """Leave out what the rim of the known part affects."""
    around = np.ones((2 * _RIM + 1, 2 * _RIM + 1), np.uint8)
    return np.asarray(cv2.erode(known.astype(np.uint8), around) > 0)


def _correlation(mine: Float32, covered: Mask, theirs: Float32) -> Float32:
    """Return the normalised correlation at all shifts within reach."""
    size = tuple(scipy.fft.next_fast_len(n + 2 * _REACH) for n in covered.shape)
    ahead = np.conj(scipy.fft.rfft2(mine, s=size))
    shape = np.conj(scipy.fft.rfft2(covered.astype(np.float32), s=size))
    joint = scipy.fft.irfft2((ahead * scipy.fft.rfft2(theirs, s=size)).sum(axis=0), s=size)
    power = (theirs * theirs).sum(axis=0)
    under = scipy.fft.irfft2(shape * scipy.fft.rfft2(power, s=size), s=size)
    within = np.arange(-_REACH, _REACH + 1)
    near = np.ix_(within, within)
    floor = _LEAST_ENERGY * float(under[near].max()) + 1e-9
    own = float((mine * mine).sum()) + 1e-9
    return np.asarray(joint[near] / np.sqrt(own * np.maximum(under[near], floor)), np.float32)
