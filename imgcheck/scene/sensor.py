"""From light to counts: blur, sampling, haze, noise, the transfer curve, eight bits."""

import cv2
import numpy as np
from numpy.typing import NDArray

from imgcheck.scene.grid import Array

# Air light over land at noon, linear: a little blue.
_HAZE_COLOR = (0.50, 0.54, 0.60)


def block_mean(values: Array, factor: int) -> Array:
    """Average blocks of ``factor`` x ``factor`` pixels: what one detector element collects."""
    if factor == 1:
        return values
    size = (values.shape[1] // factor, values.shape[0] // factor)
    return np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_AREA), np.float32)


def expose(
    radiance: Array,
    *,
    oversample: int,
    blur_px: float,
    noise: float,
    haze: float,
    tint: tuple[float, float, float],
    seed: int,
) -> NDArray[np.uint8]:
    """Make an eight-bit picture of fine-grid radiance.

    Parameters
    ----------
    radiance : ndarray of shape (M * oversample, N * oversample, 3), float32
        Linear; 1 is a white sheet in full sun.
    oversample : int
        Fine pixels a picture pixel.
    blur_px : float
        Standard deviation of the point spread, in picture pixels, beside the detector's area.
    noise : float
        Standard deviation at white, in shares of full scale; three tenths of the variance are
        read noise, the rest grows with the signal (shot noise).
    haze : float
        Share of air light, 0..1.
    tint : (red, green, blue)
        Gains of the channels: white balance and season.
    seed : int
        Seed of the acquisition, not of the ground.
    """
    if blur_px > 0:
        blurred = cv2.GaussianBlur(radiance, (0, 0), blur_px * oversample)
        radiance = np.asarray(blurred, np.float32)
    linear = block_mean(radiance, oversample) * np.asarray(tint, np.float32)
    linear += np.float32(haze) * (np.asarray(_HAZE_COLOR, np.float32) - linear)
    # Exposure: bright sand (albedo 0.5) comes to about 0.55 of full scale, as a camera would set.
    linear *= np.float32(1.15)
    rng = np.random.default_rng([seed & 0xFFFFFFFF, 7])
    spread = np.float32(noise) * np.sqrt(0.3 + 0.7 * np.clip(linear, 0, 1))
    linear = linear + spread * rng.standard_normal(linear.shape, dtype=np.float32)
    # A soft shoulder instead of a hard clip at white.
    linear = np.where(linear > 0.8, 0.8 + 0.2 * np.tanh((linear - 0.8) / 0.2), linear)
    linear = np.clip(linear, 0, 1)
    # IEC 61966-2-1 (sRGB) transfer.
    coded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(np.round(coded * 255), np.uint8)
