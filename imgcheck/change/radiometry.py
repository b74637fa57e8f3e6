"""Match two pictures of one place in sharpness, brightness and colour.

Both fits are robust: a change of part of the ground does not bias them.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from imgcheck.change.grid import Frame, Mask, Pixels, blurred, grey, robust_sigma, smooth

# Blurs tried on the sharper picture, pixels.
_BLURS = np.arange(0.0, 3.01, 0.25)

# Exponents of tone curves tried on ``after``, as applied by screens, editors and cameras.
_GAMMAS = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.25, 1.4, 1.7, 2.0)

_MOST_SAMPLES = 20_000


def _fineness(layer: Pixels, valid: Mask) -> float:
    """Return the energy of fine gradients over that of coarse ones: no gain or offset."""
    energy = []
    for sigma in (0.7, 2.5):
        soft = cv2.GaussianBlur(layer, (0, 0), sigma)
        gx, gy = cv2.Sobel(soft, cv2.CV_32F, 1, 0), cv2.Sobel(soft, cv2.CV_32F, 0, 1)
        squared = (gx**2 + gy**2)[valid]
        # A trimmed mean: a few glints must not dominate.
        energy.append(float(np.mean(squared[squared <= np.percentile(squared, 98)])))
    return energy[0] / max(energy[1], 1e-12)


def fit_sharpness(before: Pixels, after: Pixels, valid: Mask) -> float:
    """Return the blur in pixels that gives the sharper picture the sharpness of the other.

    It is positive where ``before`` is sharper, negative where ``after`` is.
    """
    if valid.sum() < 100:
        return 0.0
    inner = cv2.erode(valid.astype(np.uint8), np.ones((9, 9), np.uint8)).astype(bool)
    if inner.sum() < 100:
        inner = valid
    fine = [_fineness(grey(picture)[..., 0], inner) for picture in (before, after)]
    sharper = before if fine[0] > fine[1] else after
    target, layer = min(fine), grey(sharper)[..., 0]
    misses = [
        abs(_fineness(blurred(layer, float(s)) if s else layer, inner) - target) for s in _BLURS
    ]
    blur = float(_BLURS[int(np.argmin(misses))])
    return blur if sharper is before else -blur


def match_sharpness(
    before: Pixels, after: Pixels, valid: Mask, blur: float
) -> tuple[Pixels, Pixels]:
    """Apply the blur of `fit_sharpness` to the sharper picture."""
    if blur > 0:
        return smooth(before, valid, blur), after
    return before, smooth(after, valid, -blur) if blur else after


def _line(x: NDArray[np.floating], y: NDArray[np.floating]) -> tuple[float, float, float]:
    """Return gain, offset and robust residual of y = gain x + offset, both with errors.

    Pixels far from the line (changed ones) lose weight iteratively; the slope is that of the
    reduced major axis, which noise in x does not flatten.
    """
    weight = np.ones_like(x)
    gain, offset, sigma = 1.0, float(np.median(y) - np.median(x)), np.inf
    for _ in range(12):
        total = weight.sum()
        mean_x, mean_y = (weight * x).sum() / total, (weight * y).sum() / total
        var_x = (weight * (x - mean_x) ** 2).sum() / total
        var_y = (weight * (y - mean_y) ** 2).sum() / total
        both = (weight * (x - mean_x) * (y - mean_y)).sum() / total
        slope = float(np.sqrt(var_y / max(var_x, 1e-12)))
        gain = float(np.clip(slope if both > 0 else 1.0, 0.1, 10.0))
        offset = float(mean_y - gain * mean_x)
        residual = y - gain * x - offset
        new = max(robust_sigma(residual), 1e-4)
        weight = 1 / (1 + (residual / (2 * new)) ** 2) ** 2
        if abs(new - sigma) < 1e-3 * new:
            break
        sigma = new
    return gain, offset, sigma


def _fit_surface(difference: Pixels, valid: Mask, at: Frame) -> NDArray[np.float64]:
    """Fit the slow trend of a difference over the picture: haze, vignetting, illumination.

    A robust quadratic in x and y through the medians of 8 x 8 tiles: six numbers cannot follow a
    changed lake.
    """
    rows, columns = valid.shape
    points, values = [], []
    for part_y in np.array_split(np.arange(rows), 8):
        for part_x in np.array_split(np.arange(columns), 8):
            tile = np.ix_(part_y, part_x)
            if valid[tile].mean() > 0.3:
                x, y = at.x[part_x].mean() / at.width, at.y[part_y].mean() / at.height
                points.append((x - 0.5, y - 0.5))
                values.append(np.median(difference[tile][valid[tile]]))
    if len(points) < 12:
        return np.zeros(6)
    x, y = np.array(points).T
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=1)
    target = np.array(values)
    weight = np.ones_like(target)
    for _ in range(10):
        root = np.sqrt(weight)[:, None]
        fit, *_ = np.linalg.lstsq(terms * root, target * root[:, 0], rcond=None)
        residual = target - terms @ fit
        weight = 1 / (1 + (residual / (2 * max(robust_sigma(residual), 1e-4))) ** 2) ** 2
    return np.asarray(fit, dtype=np.float64)


def _surface(fit: NDArray[np.float64], at: Frame) -> Pixels:
    gx = at.x / at.width - 0.5
    gy = at.y / at.height - 0.5
    along_x = (fit[0] + fit[1] * gx + fit[3] * gx**2).astype(np.float32)
    along_y = (fit[2] * gy + fit[5] * gy**2).astype(np.float32)
    twist = np.outer((fit[4] * gy).astype(np.float32), gx.astype(np.float32))
    twist += along_x
    twist += along_y[:, None]
    return twist


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BandMatch:
    """after ** exponent * gain + offset + trend, a quadratic over the whole picture."""

    exponent: float
    gain: float
    offset: float
    trend: NDArray[np.float64]

    def apply(self, layer: Pixels, at: Frame) -> Pixels:
        """Match one band of ``after``."""
        curved = np.clip(layer, 0, None)
        if self.exponent != 1:
            curved = curved ** np.float32(self.exponent)
        return np.float32(self.gain) * curved + np.float32(self.offset) + _surface(self.trend, at)


def match_radiometry(after: Pixels, bands: tuple[BandMatch, ...], at: Frame) -> Pixels:
    """Apply the matches of `fit_radiometry`; without any the picture stays as it is."""
    if not bands:
        return after
    return np.dstack([band.apply(after[..., k], at) for k, band in enumerate(bands)])


def fit_radiometry(before: Pixels, after: Pixels, valid: Mask, at: Frame) -> tuple[BandMatch, ...]:
    """Match ``after`` to ``before``: a gain, offset, tone curve and slow trend for each band.

    The reweighting is that of A. A. Nielsen, "The regularized iteratively reweighted MAD method for
    change detection in multi- and hyperspectral data", IEEE Trans. Image Processing 16, 2007.
    """
    # One pixel of misplacement must not count as noise: fit on smoothed copies.
    soft_before, soft_after = smooth(before, valid, 1.5), smooth(after, valid, 1.5)
    places = np.flatnonzero(valid)
    places = places[:: max(1, places.size // _MOST_SAMPLES)]
    if places.size < 50:
        return ()
    matches = []
    for band in range(before.shape[2]):
        target = before[..., band]
        trend = np.zeros_like(target)
        x = np.clip(soft_after[..., band].reshape(-1)[places].astype(np.float64), 0, None)
        gamma = _exponent(x, soft_before[..., band].reshape(-1)[places].astype(np.float64))
        # Twice: a remaining trend would bias the line, a wrong line the trend.
        for _ in range(2):
            y = (soft_before[..., band] - trend).reshape(-1)[places].astype(np.float64)
            gain, offset, _sigma = _line(x**gamma, y)
            layer = gain * np.clip(after[..., band], 0, None) ** gamma + offset
            fit = _fit_surface(target - layer, valid, at)
            trend = _surface(fit, at)
        matches.append(BandMatch(exponent=gamma, gain=gain, offset=offset, trend=fit))
    return tuple(matches)


def _exponent(x: NDArray[np.floating], y: NDArray[np.floating]) -> float:
    """Return the exponent of the tone curve that matches x to y, from part of the pixels."""
    some = slice(None, None, max(1, x.size // 4_000))
    misses = {gamma: _line(x[some] ** gamma, y[some])[2] for gamma in _GAMMAS}
    # A tone curve must have a 3 % smaller residual than a straight line.
    return min(misses, key=lambda gamma: misses[gamma] * (1.0 if gamma == 1 else 1.03))
