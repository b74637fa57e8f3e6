"""What a picture looks like in every direction: the traits from which shadows are told.

Every trait is a value for each of 120 directions, so that a picture turned by three degrees gives
the same values moved by one place. Three observations are behind them: edges between light and
dark, by the brightness of their dark side (the borders that a wall's corner throws run along the
shadow, its far end faces away from the sun); the skewness of these edges (a slope that faces the
sun brightens slowly, a shadow ends at once); and what lies at which distance from dark ground
(a bright roof on the sunward side only).
"""

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Three degrees each: finer than the gradient of a pixel-wide edge is known.
BINS = 120

# Octaves of the picture, and pixels to either side of an edge where light and dark are read.
_LEVELS = 3
_BESIDE_PX = 2.0

# Distances at which dark and bright are compared, pixels.
_LAGS = (3, 6, 12, 24, 40)

# Larger pictures are shrunk to this side: time and memory are bounded by it.
LARGEST_PX = 700

# Half widths of the windows through which edge directions are read, degrees.
_WIDTHS = (2.5, 8.0)


def directional(gray: NDArray[np.float32], valid: NDArray[np.bool_]) -> Floats:
    """Give the traits of a picture.

    Parameters
    ----------
    gray : ndarray of shape (M, N), float32 in [0, 1]
        Brightness.
    valid : ndarray of shape (M, N), bool
        Pixels that count.

    Returns
    -------
    ndarray of shape (120, F)
        Row k belongs to the direction ``3 k`` degrees, clockwise from up.
    """
    picture = np.asarray(gray, np.float32)
    picture = np.nan_to_num(np.clip(picture, 0, 1))
    shrink = LARGEST_PX / max(picture.shape)
    good = valid.astype(np.float32)
    if shrink < 1:
        size = (
            max(16, round(picture.shape[1] * shrink)), max(16, round(picture.shape[0] * shrink))
        )  # fmt: skip
        picture, good = _resized(picture, size), _resized(good, size)
    ranks = _ranks(picture, good > 0.5)
    found = [_lagged(ranks, good)]
    for level in range(_LEVELS):
        found.append(_windows(_edges(picture, ranks, good)))
        if level + 1 < _LEVELS:
            half = (picture.shape[1] // 2, picture.shape[0] // 2)
            picture, ranks, good = (_resized(layer, half) for layer in (picture, ranks, good))
    return np.concatenate(found, axis=1)


def _ranks(picture: NDArray[np.float32], good: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Replace brightness by the share of pixels that are darker."""
    levels = np.clip(picture * 1023, 0, 1023).astype(np.int32)
    counts = np.bincount(levels[good], minlength=1024)
    share = (np.cumsum(counts) - counts / 2) / max(1, counts.sum())
    return share[levels].astype(np.float32)


def _resized(layer: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    return np.asarray(cv2.resize(layer, size, interpolation=cv2.INTER_AREA), np.float32)


def _edges(
    picture: NDArray[np.float32], ranks: NDArray[np.float32], good: NDArray[np.float32]
) -> Floats:
    """Count edges (K kinds, 120) by the direction in which they brighten."""
    smooth = cv2.GaussianBlur(picture, (0, 0), 1.0)
    across, down = (
        np.asarray(cv2.Sobel(smooth, cv2.CV_32F, *way), np.float32) for way in ((1, 0), (0, 1))
    )
    size = np.hypot(across, down)
    inside = cv2.erode((good > 0.99).astype(np.uint8), np.ones((9, 9), np.uint8))
    inside[:5], inside[-5:], inside[:, :5], inside[:, -5:] = 0, 0, 0, 0
    rows, cols = np.nonzero((inside > 0) & (size > 1e-6))
    if len(rows) < 200:
        return np.ones((_KINDS, BINS))
    strong = np.minimum(size[rows, cols], np.percentile(size[rows, cols], 99.5))
    unit = across[rows, cols] / size[rows, cols], down[rows, cols] / size[rows, cols]
    sides = []
    for sign in (-_BESIDE_PX, _BESIDE_PX):
        at_x = (cols + sign * unit[0]).astype(np.float32).reshape(1, -1)
        at_y = (rows + sign * unit[1]).astype(np.float32).reshape(1, -1)
        sides.append(_sample(ranks, at_x, at_y))
    dark, bright = sides
    turn = (np.degrees(np.arctan2(unit[0], -unit[1])) % 360) * (BINS / 360)
    strong = strong / np.sqrt(np.mean(strong**2))
    straight = strong**2 * _coherence(across, down)[rows, cols] ** 8
    weights = (
        strong, strong**2, strong**3, strong**4,
        strong**2 * (dark < 0.12), strong**2 * ((dark >= 0.12) & (dark < 0.3)),
        strong**2 * (dark >= 0.3), strong**2 * (bright > 0.9),
        straight * (dark < 0.2), straight * (dark >= 0.2),
    )  # fmt: skip
    place = np.floor(turn).astype(int)
    part = turn - place
    counts = []
    for weight in weights:
        count = np.bincount(place % BINS, weight * (1 - part), BINS)
        count += np.bincount((place + 1) % BINS, weight * part, BINS)
        counts.append(count / (count.mean() + 1e-3 * strong.sum() / BINS))
    return np.asarray(counts)


_KINDS = 10


def _sample(
    layer: NDArray[np.float32], at_x: NDArray[np.float32], at_y: NDArray[np.float32]
) -> Floats:
    """Read a layer at scattered places; in blocks, as OpenCV takes no row above 32,767."""
    step = 30_000
    count = at_x.shape[1]
    parts = [
        cv2.remap(
            layer, at_x[:, k : k + step], at_y[:, k : k + step], cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )[0]
        for k in range(0, count, step)
    ]  # fmt: skip
    return np.concatenate(parts).astype(np.float64)


def _coherence(across: NDArray[np.float32], down: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give 1 where the gradients around a pixel lie on one line, 0 where they do not."""
    xx, yy, xy = (
        cv2.GaussianBlur(x, (0, 0), 3.0) for x in (across**2, down**2, across * down)
    )  # fmt: skip
    return np.asarray(np.hypot(xx - yy, 2 * xy) / (xx + yy + 1e-12), np.float32)


def _windows(counts: Floats) -> Floats:
    """Read counts (K, 120) through windows fixed to each direction; mirror images count alike."""
    turn = np.arange(BINS) * (360 / BINS)
    away = np.minimum(turn, 360 - turn)
    kernels = [np.cos(np.radians(k * turn)) / BINS for k in (1, 2, 3)]
    for width in _WIDTHS:
        for center in (0.0, 90.0, 180.0):
            bump = np.exp(-0.5 * ((away - center) / width) ** 2)
            kernels.append(bump / bump.sum())
    # Square root: a count's own scatter then hardly depends on the count.
    known = np.fft.rfft(np.sqrt(counts), axis=1)
    read = [np.fft.irfft(known * np.conj(np.fft.rfft(kernel)), BINS, axis=1) for kernel in kernels]
    return np.concatenate(read).T


def _lagged(ranks: NDArray[np.float32], good: NDArray[np.float32]) -> Floats:
    """Compare dark ground with what lies around it, by direction and distance: (120, F)."""
    usable = good > 0.5
    masks = [(ranks < 0.15) & usable, (ranks > 0.85) & usable, (ranks < 0.3) & usable]
    flat = [_flattened(mask, usable) for mask in masks]
    pad = max(_LAGS) + 2
    size = tuple(cv2.getOptimalDFTSize(side + pad) for side in ranks.shape)
    dark, bright, dusky = (np.fft.rfft2(x, size) for x in flat)
    norm = [float(np.sqrt(np.sum(x**2))) + 1e-6 for x in flat]
    pairs = (
        (dark, bright, norm[0] * norm[1]), (dusky, bright, norm[2] * norm[1]),
        (dark, dark, norm[0] ** 2), (dark, dusky, norm[0] * norm[2]),
    )  # fmt: skip
    turn = np.radians(np.arange(BINS) * (360 / BINS))
    found = []
    for one, other, scale in pairs:
        # table[d] = sum over x of one(x) other(x + d)
        table = np.fft.irfft2(np.conj(one) * other, size) / scale
        wide = np.roll(table, (pad, pad), axis=(0, 1))[: 2 * pad + 1, : 2 * pad + 1]
        around = np.ascontiguousarray(wide, np.float32)
        for lag in _LAGS:
            at_x = (pad + lag * np.sin(turn)).astype(np.float32).reshape(1, -1)
            at_y = (pad - lag * np.cos(turn)).astype(np.float32).reshape(1, -1)
            found.append(5 * _sample(around, at_x, at_y))
    return np.asarray(found).T


def _flattened(mask: NDArray[np.bool_], usable: NDArray[np.bool_]) -> Floats:
    """Take out of a mask what is much wider than a shadow."""
    soft = mask.astype(np.float32)
    weight = cv2.GaussianBlur(usable.astype(np.float32), (0, 0), 20.0) + 1e-6
    around = cv2.GaussianBlur(soft, (0, 0), 20.0) / weight
    return np.where(usable, soft - around, 0.0).astype(np.float64)
