"""Registration by what stays when sun, season and sensor change: the direction of edges.

Four maps hold, for each pixel, cosine and sine of twice and of four times the direction of the
gradients around it, with the contrast evened out. Opposite directions count as one, so that the
maps of two pictures of one ground agree where its contrast is inverted, too. `match` finds where
the patches of one picture lie in another that is almost in register with it.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
import scipy.fft
from numpy.typing import NDArray

from imgcheck.imaging.pixels import Float32, Float64, Mask

# Gradients are taken after this blur, and smoothed over this far: as tolerant as a search with
# steps of several degrees needs (benchmarks: structural, tune).
GRADIENT_SIGMA, SMOOTH_SIGMA = 1.0, 1.5
# Contrast is evened out over this many pixels.
_EVEN_SIGMA = 8.0
# Below this share of the picture's typical strength directions are noise and count for less.
_FLOOR = 0.25
# Holes are filled this softly from their rims.
_RIM_SIGMA = 2.0
# The fourth harmonic distinguishes crossings and right angles; it is the noisier of the two.
FOURTH_WEIGHT = 0.7


def maps(
    gray: Float32,
    *,
    mask: Mask | None = None,
    gradient_sigma: float = GRADIENT_SIGMA,
    fourth_weight: float = FOURTH_WEIGHT,
) -> Float32:
    """Return the direction maps (4, M, N) of a gray picture; 0 where nothing is known.

    ``mask`` is True where usable; NaN is nodata. ``gradient_sigma`` is the blur before gradients
    are taken, in pixels, ``fourth_weight`` the weight of the fourth harmonic.
    Strength is 1 on average where the ground has edges.

    References
    ----------
    .. [1] Y. Ye, L. Bruzzone, J. Shan, F. Bovolo, Q. Zhu, "Fast and robust matching for multimodal
       remote sensing image registration", IEEE TGRS 57, 2019 (smoothed channels of directions).
    .. [2] K. Liu et al., "Rotation-invariant HOG descriptors using Fourier analysis in polar and
       spherical coordinates", IJCV 106, 2014 (harmonics in place of bins).
    """
    usable = np.isfinite(gray)
    if mask is not None:
        usable &= mask
    even = _blurred(filled(gray, usable), gradient_sigma)
    right = cv2.Scharr(even, cv2.CV_32F, 1, 0)
    down = cv2.Scharr(even, cv2.CV_32F, 0, 1)
    strength = np.sqrt(right * right + down * down)
    inner = usable if usable.all() else _eroded(usable)
    square = np.maximum(strength * strength, 1e-12)
    double = ((right * right - down * down) / square, 2 * right * down / square)
    fourth = (double[0] ** 2 - double[1] ** 2, 2 * double[0] * double[1])
    weight = np.sqrt(strength) * inner
    stacked = np.stack([_blurred(weight * part, SMOOTH_SIGMA) for part in (*double, *fourth)])
    stacked[2:] *= fourth_weight
    power = (stacked * stacked).sum(axis=0) * inner
    known = _blurred(inner.astype(np.float32), _EVEN_SIGMA)
    local = np.sqrt(_blurred(power, _EVEN_SIGMA) / np.maximum(known, 1e-3))
    typical = float(np.sqrt(power.sum() / max(1, int(inner.sum()))))
    stacked *= inner / np.maximum(np.hypot(local, _FLOOR * typical), 1e-12)
    return np.asarray(stacked, np.float32)


def turned(stacked: Float32, degrees: float) -> Float32:
    """Turn maps about their middle by an angle (x to y) on a square that holds them at any angle.

    The middle comes to lie on the middle pixel of an odd number of pixels.
    """
    rows, cols = stacked.shape[1:]
    side = math.ceil(math.hypot(rows, cols)) | 1
    angle = math.radians(degrees)
    c, s = math.cos(angle), math.sin(angle)
    x, y, middle = (cols - 1) / 2, (rows - 1) / 2, (side - 1) / 2
    matrix = np.array([[c, -s, middle - c * x + s * y], [s, c, middle - s * x - c * y]])
    spread = cv2.warpAffine(
        np.ascontiguousarray(stacked.transpose(1, 2, 0)), matrix, (side, side)
    ).transpose(2, 0, 1)
    out = np.empty((4, side, side), np.float32)
    for first, times in ((0, 2), (2, 4)):
        c, s = math.cos(times * angle), math.sin(times * angle)
        out[first] = c * spread[first] - s * spread[first + 1]
        out[first + 1] = s * spread[first] + c * spread[first + 1]
    return out


def _blurred(array: NDArray[np.floating], sigma: float) -> Float32:
    return np.asarray(cv2.GaussianBlur(np.ascontiguousarray(array, np.float32), (0, 0), sigma))


def filled(gray: Float32, usable: Mask) -> Float32:
    """Fill holes with what is around them, so that their rims are no edges."""
    if usable.all():
        return np.asarray(gray, np.float32)
    # What lies farther from a rim than gradients reach never shows.
    out = np.where(usable, gray, 0).astype(np.float32)
    part = _blurred(usable.astype(np.float32), _RIM_SIGMA)
    near = _blurred(out, _RIM_SIGMA) / np.maximum(part, 1e-6)
    mean = float(out[usable].mean()) if usable.any() else 0.0
    return np.where(usable, out, np.where(part > 0.02, near, mean)).astype(np.float32)


def _eroded(usable: Mask) -> Mask:
    return np.asarray(cv2.erode(usable.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)


# A patch that is known in less than this share of its pixels is left out.
_LEAST_KNOWN = 0.5
# Windows transformed at once: memory.
_AT_ONCE = 64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ties:
    """Matched patches, K of them.

    ``points`` (K, 2) are their middles (x, y, corner convention), ``shifts`` (K, 2) to where the
    other picture shows the same, ``scores`` the normalised correlations of the direction maps
    there; shifts were searched up to ``reach`` pixels each way.
    """

    points: Float64
    shifts: Float64
    scores: Float64
    reach: int

    def __len__(self) -> int:
        return len(self.points)


def match(first: Float32, second: Float32, *, side: int, reach: int, step: int) -> Ties:
    """Find patches of one stack of direction maps (4, M, N) in another on the same grid.

    ``side`` of a patch, ``reach`` of the search each way and ``step`` between the middles of
    patches are in pixels. A patch is left out where too little of it is known.
    """
    rows, cols = first.shape[1:]
    power = [(m * m).sum(axis=0) for m in (first, second)]
    known = (power[0] > 0).astype(np.float32)
    tops = _places(rows, side, step)
    lefts = _places(cols, side, step)
    share = cv2.boxFilter(known, -1, (side, side), anchor=(0, 0), borderType=cv2.BORDER_CONSTANT)
    spots = [(t, x) for t in tops for x in lefts if share[t, x] >= _LEAST_KNOWN]
    padded = np.pad(second, ((0, 0), (reach, reach), (reach, reach)))
    under = cv2.boxFilter(
        np.pad(power[1], reach),
        -1,
        (side, side),
        normalize=False,
        anchor=(0, 0),
        borderType=cv2.BORDER_CONSTANT,
    )
    size = scipy.fft.next_fast_len(side + 2 * reach)
    found = []
    for start in range(0, len(spots), _AT_ONCE):
        part = spots[start : start + _AT_ONCE]
        small = np.stack([first[:, t : t + side, x : x + side] for t, x in part])
        wide = side + 2 * reach
        large = np.stack([padded[:, t : t + wide, x : x + wide] for t, x in part])
        ahead = scipy.fft.rfft2(small, s=(size, size))
        joint = (np.conj(ahead) * scipy.fft.rfft2(large, s=(size, size))).sum(axis=1)
        score = scipy.fft.irfft2(joint, s=(size, size))[:, : 2 * reach + 1, : 2 * reach + 1]
        own = (small * small).sum(axis=(1, 2, 3))
        there = np.stack([under[t : t + 2 * reach + 1, x : x + 2 * reach + 1] for t, x in part])
        floor = 0.2 * np.median(there) + 1e-9
        score /= np.sqrt(own[:, None, None] * np.maximum(there, floor)) + 1e-9
        found += [_peak(s, t, x, side, reach) for s, (t, x) in zip(score, part, strict=True)]
    table = np.array(found, np.float64).reshape(-1, 5)
    return Ties(points=table[:, :2], shifts=table[:, 2:4], scores=table[:, 4], reach=reach)


def _places(length: int, side: int, step: int) -> list[int]:
    if length < side:
        return []
    count = max(1, round((length - side) / step) + 1)
    return sorted({round(v) for v in np.linspace(0, length - side, count)})


def _peak(
    score: Float32, top: int, left: int, side: int, reach: int
) -> tuple[float, float, float, float, float]:
    row, col = np.unravel_index(int(np.argmax(score)), score.shape)
    dy, dx = _between(score, int(row), int(col))
    return (
        left + side / 2,
        top + side / 2,
        col + dx - reach,
        row + dy - reach,
        float(score[row, col]),
    )


def _between(score: Float32, row: int, col: int) -> tuple[float, float]:
    """Return the offset of the top of a parabola through a peak and its neighbours."""
    if not (0 < row < score.shape[0] - 1 and 0 < col < score.shape[1] - 1):
        return 0.0, 0.0
    offsets = []
    for low, high in (
        (score[row - 1, col], score[row + 1, col]),
        (score[row, col - 1], score[row, col + 1]),
    ):
        bend = float(low - 2 * score[row, col] + high)
        offsets.append(0.0 if bend >= 0 else float(np.clip((low - high) / (2 * bend), -0.5, 0.5)))
    return offsets[0], offsets[1]
