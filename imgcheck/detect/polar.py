"""Sample a possible crater in rings and sectors around its centre, oriented to the sun."""

import cv2
import numpy as np
from numpy.typing import NDArray

RINGS, SECTORS = 10, 16
REACH = 1.8  # outermost ring, in rim radii
_RADII = (np.arange(RINGS) + 0.5) / RINGS * REACH
_ANGLES = np.arange(SECTORS) * 2 * np.pi / SECTORS
_FOLDED = SECTORS // 2 + 1
FEATURES = RINGS * _FOLDED + 1 + RINGS + 4

# Contrast is measured against noise of about two grey levels of 255.
_FLOOR = 0.01
_LONGEST = 30_000  # cv2.remap takes fewer than 32768 rows


def unroll(
    picture: NDArray[np.float32],
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    *,
    radius: NDArray[np.float64],
    azimuth_deg: NDArray[np.float64],
) -> NDArray[np.float32]:
    """Return rings and sectors (K, RINGS, SECTORS) around each centre; sector 0 is sunward.

    Centres (corner convention) and rim radii are in pixels; the azimuth to the sun is clockwise
    from up.
    """
    turn = np.radians(azimuth_deg)[:, None, None] + _ANGLES
    away = radius[:, None, None] * _RADII[:, None]
    flat = (len(x), RINGS * SECTORS)
    map_x = (x[:, None, None] + away * np.sin(turn) - 0.5).reshape(flat).astype(np.float32)
    map_y = (y[:, None, None] - away * np.cos(turn) - 0.5).reshape(flat).astype(np.float32)
    parts = [
        cv2.remap(
            picture,
            map_x[k : k + _LONGEST],
            map_y[k : k + _LONGEST],
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        for k in range(0, len(x), _LONGEST)
    ]
    values = np.concatenate(parts) if parts else np.zeros(flat, np.float32)
    return np.asarray(values, np.float32).reshape(len(x), RINGS, SECTORS)


def walls(values: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the contrast (K,) of the lit and of the dark wall against the ground on their side.

    Each is a share of the contrast between the walls. The edge of a shadow or a field has one side
    only: the ground beyond is as bright as the half disc, and the share is 0.
    """
    towards = np.cos(_ANGLES) > 0.5
    away = np.cos(_ANGLES) < -0.5
    inside = (_RADII > 0.25) & (_RADII < 0.95)
    outside = _RADII > 1.2
    dark_in = values[:, inside][:, :, towards].mean(axis=(1, 2))
    dark_out = values[:, outside][:, :, towards].mean(axis=(1, 2))
    lit_in = values[:, inside][:, :, away].mean(axis=(1, 2))
    lit_out = values[:, outside][:, :, away].mean(axis=(1, 2))
    contrast = np.maximum(lit_in - dark_in, 1e-6)
    return (lit_in - lit_out) / contrast, (dark_out - dark_in) / contrast


def features(values: NDArray[np.float32], correlation: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the features (K, FEATURES): the tone of every cell, and its asymmetry.

    A crater is symmetric about the line to the sun; the odd part is evidence against it.
    """
    weight = np.broadcast_to((_RADII / _RADII.sum() / SECTORS)[:, None], (RINGS, SECTORS))
    mean = (values * weight).sum(axis=(1, 2), keepdims=True)
    spread = np.sqrt(((values - mean) ** 2 * weight).sum(axis=(1, 2), keepdims=True) + _FLOOR**2)
    tone = (values - mean) / spread
    mirrored = tone[:, :, (-np.arange(SECTORS)) % SECTORS]
    even = ((tone + mirrored) / 2)[:, :, :_FOLDED]
    odd = (tone - mirrored) / 2
    lit, dark = walls(values)
    count = len(values)
    return np.concatenate(
        [
            even.reshape(count, RINGS * _FOLDED),
            (odd**2 * weight).sum(axis=(1, 2))[:, None],
            np.abs(odd).mean(axis=2),
            correlation[:, None],
            np.clip(np.stack([lit, dark], axis=1), -1, 2),
            (spread / (mean + 0.05))[:, :, 0],
        ],
        axis=1,
    ).astype(np.float64)
