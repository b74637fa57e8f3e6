"""Sunlight on a height field, and the sensor that turns it into eight-bit pixels."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from imgcheck.scene.grid import Array

# Ground closer than this many steps upsun does not shade, so that a slope that merely faces
# away is left to Lambert's law instead of speckling.
_NEAREST_STEPS = 3

# Above this elevation a shadow is shorter than 2 % of the height: none is drawn.
_OVERHEAD_DEG = 89.0

# Direct light is a little warm, skylight blue (relative to their sum on level ground).
_SUN_COLOR = (1.03, 1.0, 0.95)
_SKY_COLOR = (0.88, 0.98, 1.16)


def cast_shadows(
    height: Array, *, step_m: float, elevation_deg: float, azimuth_deg: float
) -> Array:
    """Return 1 in full shadow, 0 in full sun, soft over about one pixel at edges.

    ``height`` is in metres, north up. It is rotated until the sun stands at the left, and each
    row is traversed once, carrying the highest shadow line so far; the result is rotated back.
    Ground beyond the border casts no shadow: give a margin.
    """
    if elevation_deg >= _OVERHEAD_DEG:
        return np.zeros_like(height)
    rows, cols = height.shape
    # Light travels towards azimuth + 180; in pixels (right, down) that is (-sin az, cos az).
    azimuth = math.radians(azimuth_deg)
    along = (-math.sin(azimuth), math.cos(azimuth))
    size = math.ceil(math.hypot(rows, cols)) + 4
    middle, turned_middle = ((cols - 1) / 2, (rows - 1) / 2), (size - 1) / 2
    # source = middle + U * along + V * across, U and V counted from the middle.
    matrix = np.array(
        [
            [along[0], -along[1], middle[0] - turned_middle * (along[0] - along[1])],
            [along[1], along[0], middle[1] - turned_middle * (along[1] + along[0])],
        ]
    )
    floor = float(height.min()) - 1.0
    turned = cv2.warpAffine(
        height,
        matrix,
        (size, size),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=floor,
    )
    fall = np.float32(math.tan(math.radians(elevation_deg)) * step_m)
    ramp = np.arange(size, dtype=np.float32) * fall
    line = turned + ramp
    np.maximum.accumulate(line, axis=1, out=line)
    hidden = np.full_like(turned, -1.0)
    hidden[:, _NEAREST_STEPS:] = (
        line[:, :-_NEAREST_STEPS] - ramp[_NEAREST_STEPS:] - turned[:, _NEAREST_STEPS:]
    )
    # A sample stands for its whole pixel: the edge that throws the shadow is half a step farther.
    # The other half makes the edge of the shadow soft about its true place.
    shade = np.clip(hidden / fall + np.float32(1.0), 0, 1)
    back = cv2.warpAffine(shade, matrix, (cols, rows), flags=cv2.INTER_LINEAR)
    return np.asarray(back, np.float32)


def slope_light(
    ground: Array, level: Array, *, step_m: float, elevation_deg: float, azimuth_deg: float
) -> Array:
    """Return direct light by Lambert's law, 1 on level ground, 0 where a slope faces away.

    ``level`` is the share of a pixel whose surface is horizontal whatever the slope.
    """
    elevation, azimuth = math.radians(elevation_deg), math.radians(azimuth_deg)
    slope_y, slope_x = np.gradient(ground, step_m)
    slope_x *= 1 - level
    slope_y *= 1 - level
    across = math.cos(elevation) / math.sin(elevation)
    facing = 1 - across * (math.sin(azimuth) * slope_x - math.cos(azimuth) * slope_y)
    light = np.maximum(facing, 0) / np.sqrt(1 + slope_x**2 + slope_y**2)
    return np.asarray(light, np.float32)


def irradiance(direct: Array, shade: Array, *, sky_share: float) -> Array:
    """Add sun and sky, per channel; level ground in full sun has about 1 in each."""
    sun = np.asarray(_SUN_COLOR, np.float32) * np.float32(1 - sky_share)
    sky = np.asarray(_SKY_COLOR, np.float32) * np.float32(sky_share)
    return np.asarray((direct * (1 - shade))[..., None] * sun + sky, np.float32)


# Air light over land at noon, linear: a little blue.
_HAZE_COLOR = (0.50, 0.54, 0.60)


def block_mean(values: Array, factor: int) -> Array:
    """Average blocks of ``factor`` x ``factor`` pixels: what one detector element collects."""
    if factor == 1:
        return values
    size = (values.shape[1] // factor, values.shape[0] // factor)
    return np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_AREA), np.float32)


# Exposure: bright sand (albedo 0.5) comes to about 0.55 of full scale, as a camera would set.
_EXPOSURE = 1.15


def radiance_of(rgb: NDArray[np.uint8]) -> Array:
    """Return the linear radiance that `expose` turns into a picture (without haze and noise)."""
    coded = np.arange(256, dtype=np.float32) / 255
    linear = np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)
    return np.asarray(linear / _EXPOSURE, np.float32)[rgb]


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
    """Turn linear fine-grid radiance (1 is white paper in full sun) into an eight-bit picture.

    Options are those of `imgcheck.scene.render`. Three tenths of the noise variance are read
    noise, the rest grows with the signal (shot noise).
    """
    if blur_px > 0:
        blurred = cv2.GaussianBlur(radiance, (0, 0), blur_px * oversample)
        radiance = np.asarray(blurred, np.float32)
    linear = block_mean(radiance, oversample) * np.asarray(tint, np.float32)
    linear += np.float32(haze) * (np.asarray(_HAZE_COLOR, np.float32) - linear)
    linear *= np.float32(_EXPOSURE)
    rng = np.random.default_rng([seed & 0xFFFFFFFF, 7])
    spread = np.float32(noise) * np.sqrt(0.3 + 0.7 * np.clip(linear, 0, 1))
    linear = linear + spread * rng.standard_normal(linear.shape, dtype=np.float32)
    # A soft shoulder instead of a hard clip at white.
    linear = np.where(linear > 0.8, 0.8 + 0.2 * np.tanh((linear - 0.8) / 0.2), linear)
    linear = np.clip(linear, 0, 1)
    # IEC 61966-2-1 (sRGB) transfer.
    coded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(np.round(coded * 255), np.uint8)
