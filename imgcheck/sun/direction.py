"""Estimate the direction of shadows from the picture alone, or return the reason why not.

Features of every direction are scored by one small network that all directions share, fitted on
rendered pictures with a known sun; the scores of 120 directions and of "no visible shadows" become
probabilities. The answer is their peak, its error their spread. Three observations give the
features: edges between light and dark, by the brightness of their dark side (the edges of a shadow
run along it, its far end faces away from the sun); the skewness of these edges (a slope that faces
the sun brightens slowly, a shadow ends at once); and what lies at which distance from dark ground
(a bright roof on the sunward side only).
"""

import math
from dataclasses import dataclass
from functools import cache
from importlib import resources

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Smallest side: below it few pictures hold enough shadows.
_SMALLEST_PX = 120

# Required probability within _WINDOW_DEG of the axis (either sense): of 0.85, 0.9, 0.95, 0.98 the
# one with the fewest errors above 15 degrees (1 of 128), on tuning pictures not used for the fit.
_LEAST_CONFIDENCE = 0.98
_WINDOW_DEG = 12.0

# Required share of the axis' probability on one of its two ends: chosen beforehand, measured in
# the benchmark.
_LEAST_SENSE = 0.98

# Added to the spread in quadrature, for bins of three degrees: on the same quarter errors over
# sigma then have a root mean square of 1.08.
_FLOOR_DEG = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowDirection:
    """An estimated direction of shadows."""

    #: Direction in which shadows point, degrees clockwise from up in the picture.
    shadow_deg: float
    #: Its standard error; that of the axis, where the sense is not known.
    sigma_deg: float
    #: Probability by the fitted model that the axis is within 12 degrees.
    confidence: float
    #: `False` where shadows may point the opposite way.
    sign_known: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NoDirection:
    """Why no direction is given; ``confidence`` is the probability of the best one."""

    reason: str
    confidence: float = 0.0


def shadow_direction(
    gray: NDArray[np.float32], *, valid: NDArray[np.bool_] | None = None
) -> ShadowDirection | NoDirection:
    """Estimate the direction in which the shadows of a picture point.

    Parameters
    ----------
    gray : ndarray of shape (M, N), float32 in [0, 1]
        Brightness.
    valid : ndarray of shape (M, N), bool, optional
        Usable pixels: not drawn over, not nodata.

    Notes
    -----
    Fitted and measured on rendered pictures (docs/benchmarks/sun.md, *sun.shadow_direction*):
    a lead for the person who measures a shadow, not a measurement to test a claim with.
    """
    if min(gray.shape) < _SMALLEST_PX:
        return NoDirection(reason=f"the picture is smaller than {_SMALLEST_PX} px")
    good = np.ones(gray.shape, bool) if valid is None else np.asarray(valid, bool)
    if np.count_nonzero(good) < _SMALLEST_PX**2 / 2:
        return NoDirection(reason="too little of the picture is usable")
    if float(np.ptp(np.nan_to_num(gray)[good])) < 1 / 128:
        return NoDirection(reason="the picture has no contrast")
    return _peak(_probabilities(features(gray, good)))


def _probabilities(found: Floats) -> Floats:
    """Return the probabilities of 120 directions and, last, of none from features (120, F)."""
    model = _model()
    rows = np.clip((found - model["mean"]) / model["scale"], -5, 5)
    score = np.tanh(rows @ model["first"] + model["bias"]) @ model["second"]
    score = np.append(score, model["none"])
    odds = np.exp(score - score.max())
    return np.asarray(odds / odds.sum(), np.float64)


def _peak(probability: Floats) -> ShadowDirection | NoDirection:
    """Return the direction at the peak of 121 probabilities."""
    if probability[BINS] > 0.5:
        none = float(probability[BINS])
        return NoDirection(reason="no shadows are distinguishable", confidence=1 - none)
    half = BINS // 2
    turn = np.arange(half) * (360 / BINS)
    axis = probability[:half] + probability[half:BINS]
    away = (turn - turn[:, None] + 90) % 180 - 90
    held = np.where(np.abs(away) <= _WINDOW_DEG, axis, 0.0)
    best = int(np.argmax(held.sum(axis=1)))
    confidence = float(held[best].sum())
    if confidence < _LEAST_CONFIDENCE:
        return NoDirection(reason="no direction is dominant", confidence=confidence)
    middle = float(held[best] @ away[best]) / confidence
    spread = math.sqrt(float(held[best] @ (away[best] - middle) ** 2) / confidence)
    sigma = math.hypot(spread, _FLOOR_DEG)
    direction = float(turn[best]) + middle
    ends = np.arange(BINS) * (360 / BINS) - direction
    along, near = np.cos(np.radians(ends)), math.cos(math.radians(30))
    ahead = float(probability[:BINS][along > near].sum())
    behind = float(probability[:BINS][along < -near].sum())
    if behind > ahead:
        direction, ahead, behind = direction + 180, behind, ahead
    return ShadowDirection(
        shadow_deg=direction % 360,
        sigma_deg=sigma,
        confidence=confidence,
        sign_known=ahead >= _LEAST_SENSE * (ahead + behind),
    )


@cache
def _model() -> dict[str, Floats]:
    """Load the fitted weights (training/fit_direction.py)."""
    with (resources.files("imgcheck.sun") / "direction.npz").open("rb") as stream:
        stored = np.load(stream, allow_pickle=False)
        return {name: stored[name].astype(np.float64) for name in stored.files}


# Three degrees each: finer than the gradient of a pixel-wide edge is known.
BINS = 120

# Octaves of the picture, and pixels to either side of an edge where light and dark are sampled.
_LEVELS = 3
_BESIDE_PX = 2.0

# Distances at which dark and bright are compared, pixels.
_LAGS = (3, 6, 12, 24, 40)

# Larger pictures are reduced to this side, which limits time and memory.
LARGEST_PX = 700

# Half widths of the windows over which edge directions are averaged, degrees.
_WIDTHS = (2.5, 8.0)


def features(gray: NDArray[np.float32], valid: NDArray[np.bool_]) -> Floats:
    """Return the features (120, F) of a picture; row k is the direction ``3 k`` degrees.

    Rotating the picture by three degrees moves them by one row.
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
    """Replace brightness by the share of darker pixels."""
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
    """Sample a layer at scattered places; in blocks, as OpenCV accepts no row above 32,767."""
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
    """Return 1 where the gradients around a pixel lie on one line, 0 where they do not."""
    xx, yy, xy = (
        cv2.GaussianBlur(x, (0, 0), 3.0) for x in (across**2, down**2, across * down)
    )  # fmt: skip
    return np.asarray(np.hypot(xx - yy, 2 * xy) / (xx + yy + 1e-12), np.float32)


def _windows(counts: Floats) -> Floats:
    """Average counts (K, 120) over symmetric windows around each direction."""
    turn = np.arange(BINS) * (360 / BINS)
    away = np.minimum(turn, 360 - turn)
    kernels = [np.cos(np.radians(k * turn)) / BINS for k in (1, 2, 3)]
    for width in _WIDTHS:
        for center in (0.0, 90.0, 180.0):
            bump = np.exp(-0.5 * ((away - center) / width) ** 2)
            kernels.append(bump / bump.sum())
    # Square root: the scatter of a count then hardly depends on the count.
    known = np.fft.rfft(np.sqrt(counts), axis=1)
    read = [np.fft.irfft(known * np.conj(np.fft.rfft(kernel)), BINS, axis=1) for kernel in kernels]
    return np.concatenate(read).T


def _lagged(ranks: NDArray[np.float32], good: NDArray[np.float32]) -> Floats:
    """Compare dark ground with its surroundings by direction and distance: (120, F)."""
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
    """Remove from a mask what is much wider than a shadow."""
    soft = mask.astype(np.float32)
    weight = cv2.GaussianBlur(usable.astype(np.float32), (0, 0), 20.0) + 1e-6
    around = cv2.GaussianBlur(soft, (0, 0), 20.0) / weight
    return np.where(usable, soft - around, 0.0).astype(np.float64)
