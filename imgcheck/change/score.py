"""How unusual the difference of two pictures is at each pixel, on a scale of the pair's own.

The difference is taken at several sizes of detail, divided by what such a difference usually is on
ground of the same texture, and turned into a standard normal score by the shape of its bulk. The
bulk is taken to be unchanged ground.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from imgcheck.change.grid import Mask, Pixels, opponent, smooth

# Standard deviations of the smoothing, pixels: single vehicles, roofs, fields.
SCALES = (0.8, 2.0, 5.0)

# Bins of texture in which the usual difference is measured.
_BINS = 10

# Pixels that quantiles are taken from.
_MOST_SAMPLES = 200_000

# Error that matching the radiometry leaves everywhere, share of full scale: two steps of 255.
RADIOMETRY_FLOOR = 0.008

# Part of the ordered scores that stands for unchanged ground. Where more than 25 % has changed, the
# null takes some of it in and becomes wider: changes are missed then, not invented.
_BULK = (0.30, 0.75)

# Least scale of the null, in units of the usual difference: where the floor of the radiometry is
# larger than the noise of the pair, the noise must not shrink the scale again.
# benchmarks: change, "nochange", tuning part: 1.1 % of pixels pass the score of 1 %.
SMALLEST_SCALE = 0.8

# A score beyond this says no more: the tail is an extrapolation.
HIGHEST_Z = 12.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tail:
    """Null distribution of a statistic: P(T > t) = exp(-(t / scale)^shape), a Weibull law."""

    scale: float
    shape: float

    def z(self, values: NDArray[np.floating]) -> Pixels:
        """Standard normal score with the same tail probability, between -3 and HIGHEST_Z."""
        exponent = np.power(np.maximum(values, 0) / self.scale, self.shape)
        return _normal_score(exponent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One size of detail: its differences in units of the usual one, and that unit."""

    sigma_px: float
    usual: Pixels
    tail: Tail


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Score of every pixel (0 where nothing is known), and what is needed to say its limits.

    ``fine`` is the score of the finest level alone; ``effective`` is how many of the levels count
    as independent. ``difference`` (M, N, C) is before minus after in opponent colours at the
    finest scale, no misplacement forgiven; ``reach`` is how many pixels of it the score forgives.
    """

    z: Pixels
    fine: Pixels
    difference: Pixels
    reach: int
    levels: tuple[Level, ...]
    effective: float


def _normal_score(exponent: NDArray[np.floating]) -> Pixels:
    """Turn -log of a tail probability into the standard normal quantile.

    Tabulated once: scipy's inverse is not needed for a curve this smooth.
    """
    return np.interp(exponent, _EXPONENTS, _QUANTILES).astype(np.float32)


def _table() -> tuple[NDArray[np.float64], NDArray[np.float64]]:

    z = np.linspace(-3.0, HIGHEST_Z, 1501)
    logs = []
    for value in z:
        tail = 0.5 * math.erfc(value / math.sqrt(2))
        far = value * value / 2 + math.log(max(value, 1.0) * math.sqrt(2 * math.pi))
        logs.append(-math.log(tail) if tail > 0 else far)
    return np.array(logs), z


_EXPONENTS, _QUANTILES = _table()


def joint_z(highest: NDArray[np.floating], effective: float) -> Pixels:
    """Score of the largest score of several levels, of which ``effective`` are independent."""
    tail = np.exp(-np.interp(highest, _QUANTILES, _EXPONENTS))
    # 1 - (1 - p)^n, exact for tiny p.
    joint = -np.expm1(effective * np.log1p(-np.minimum(tail, 1 - 1e-12)))
    return _normal_score(-np.log(np.maximum(joint, 1e-300)))


def effective_levels(highest: NDArray[np.floating]) -> float:
    """How many independent standard normal scores would have such a median maximum."""
    tail = float(np.exp(-np.interp(float(np.median(highest)), _QUANTILES, _EXPONENTS)))
    return float(np.clip(math.log(0.5) / math.log1p(-min(tail, 0.999)), 1.0, len(SCALES)))


def _thinned(values: NDArray[np.floating]) -> NDArray[np.floating]:
    """Take evenly spread members of a long list: enough for its quantiles."""
    return values[:: max(1, values.size // _MOST_SAMPLES)]


def fit_tail(values: NDArray[np.floating]) -> Tail:
    """Fit a Weibull law to the bulk of a statistic by its quantiles."""
    values = _thinned(values)
    shares = np.linspace(*_BULK, 24)
    quantiles = np.maximum(np.quantile(values, shares), 1e-9)
    x, y = np.log(quantiles), np.log(-np.log1p(-shares))
    if np.ptp(x) < 1e-6:
        return Tail(scale=max(float(quantiles.max()), SMALLEST_SCALE), shape=2.0)
    slope, _ = np.polyfit(x, y, 1)
    # Sums of squares of Gaussian noise end in shape 2, whatever their bulk looks like.
    shape = float(np.clip(slope, 0.6, 2.0))
    scale = float(np.exp(np.mean(x) - np.mean(y) / shape))
    # Where the floor of the radiometry is larger than what the pair shows, the floor stands.
    return Tail(scale=max(scale, SMALLEST_SCALE), shape=shape)


def _least_difference(before: Pixels, after: Pixels, valid: Mask, reach: int) -> Pixels:
    """Difference to the most similar of the pixels within ``reach``: forgives misplacement."""
    best = before - after
    least = (best**2).sum(axis=2)
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            if dx == dy == 0:
                continue
            moved = np.roll(after, (dy, dx), axis=(0, 1))
            known = np.roll(valid, (dy, dx), axis=(0, 1))
            # Rolled-in pixels of the far border are other ground.
            known[: max(dy, 0)], known[known.shape[0] + min(dy, 0) :] = False, False
            known[:, : max(dx, 0)], known[:, known.shape[1] + min(dx, 0) :] = False, False
            trial = before - moved
            size = (trial**2).sum(axis=2)
            better = known & (size < least)
            least = np.where(better, size, least)
            best = np.where(better[..., None], trial, best)
    return best


def _texture(before: Pixels, after: Pixels, valid: Mask, sigma: float) -> Pixels:
    """Strength of edges that both pictures have: there misplacement makes differences.

    An edge in one picture only is a change and must not excuse itself.
    """
    strengths = []
    for picture in (before, after):
        layer = smooth(picture[..., :1], valid, max(sigma, 1.0))[..., 0]
        gx, gy = cv2.Sobel(layer, cv2.CV_32F, 1, 0), cv2.Sobel(layer, cv2.CV_32F, 0, 1)
        size = 2 * int(np.ceil(sigma)) + 3
        strengths.append(cv2.dilate(cv2.magnitude(gx, gy), np.ones((size, size), np.uint8)))
    return np.minimum(*strengths)


def _by_bins(size: Pixels, guide: Pixels, valid: Mask) -> Pixels:
    """Robust spread of a difference as a smooth function of another quantity.

    Bins hold equal numbers of pixels, so that a small object of its own texture is a small part of
    its bin and cannot pass for usual.
    """
    known, values = _thinned(guide[valid]), _thinned(size[valid])
    edges = np.quantile(known, np.linspace(0, 1, _BINS + 1))
    bins = np.clip(np.searchsorted(edges, known, side="right") - 1, 0, _BINS - 1)
    filled = [k for k in range(_BINS) if (bins == k).any()]
    centres = [float(np.median(known[bins == k])) for k in filled]
    spread = [1.4826 * float(np.median(values[bins == k])) for k in filled]
    # Rough ground never has a smaller usual difference than smooth ground; where it seems so, the
    # smooth ground itself has changed (fields). Ranking of Beijing A: AUC 0.89 so, 0.80 without.
    return np.interp(guide, centres, np.maximum.accumulate(spread)).astype(np.float32)


def _usual(difference: Pixels, texture: Pixels, valid: Mask) -> Pixels:
    """Robust standard deviation of each band of the difference, by texture."""
    bands = [
        _by_bins(np.abs(difference[..., band]), texture, valid)
        for band in range(difference.shape[2])
    ]
    return np.hypot(np.stack(bands, axis=2), np.float32(RADIOMETRY_FLOOR))


def pixel_score(before: Pixels, after: Pixels, valid: Mask, *, reach: int = 1) -> Score:
    """Score every pixel by how unusual its difference is for this pair.

    Parameters
    ----------
    before, after : ndarray of shape (M, N, C), float32
        Of one sharpness and radiometry, misplaced by at most ``reach`` pixels.
    valid : ndarray of shape (M, N), bool
    reach : int, default 1
        Misplacement that is forgiven.

    Returns
    -------
    Score
    """
    one, two = opponent(before), opponent(after)
    base_one, base_two = smooth(one, valid, SCALES[0]), smooth(two, valid, SCALES[0])
    difference = _least_difference(base_one, base_two, valid, reach)
    levels, scores = [], []
    for sigma in SCALES:
        extra = float(np.sqrt(max(sigma**2 - SCALES[0] ** 2, 0)))
        soft = smooth(difference, valid, extra)
        usual = _usual(soft, _texture(one, two, valid, sigma), valid)
        unusual = np.sqrt(np.mean((soft / usual) ** 2, axis=2))
        tail = fit_tail(unusual[valid])
        levels.append(Level(sigma_px=sigma, usual=usual, tail=tail))
        scores.append(tail.z(unusual))
    highest = np.max(scores, axis=0)
    effective = effective_levels(highest[valid])
    z = np.where(valid, joint_z(highest, effective), np.float32(0)).astype(np.float32)
    return Score(
        z=z,
        fine=np.where(valid, scores[0], np.float32(0)),
        difference=base_one - base_two,
        reach=reach,
        levels=tuple(levels),
        effective=effective,
    )
