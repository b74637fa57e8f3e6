"""Are both walls of a supposed bowl there, one brighter and one darker than the ground outside?"""

import cv2
import numpy as np
from numpy.typing import NDArray

_RINGS = 8
_SECTORS = 16


def walls(
    picture: NDArray[np.float32],
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    *,
    radius_px: float,
    azimuth_deg: NDArray[np.float64],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """How far the lit and the dark wall stand out from the ground on their own side.

    Parameters
    ----------
    picture : ndarray of shape (M, N), float32
    x, y : ndarray of shape (K,)
        Centres, corner convention.
    radius_px : float
    azimuth_deg : ndarray of shape (K,)
        Direction to the sun, clockwise from up.

    Returns
    -------
    lit, dark : ndarray of shape (K,), float32
        Each as a share of the contrast between the two walls. The edge of a shadow or a
        field has one side only: the ground beyond is as bright as the half disc, share 0.
    """
    radius = (np.arange(_RINGS) + 0.5) / _RINGS * 1.8
    sector = (np.arange(_SECTORS) + 0.5) / _SECTORS * 2 * np.pi
    turn = np.radians(azimuth_deg)[:, None, None] + sector[None, None, :]
    map_x = x[:, None, None] + radius_px * radius[None, :, None] * np.sin(turn) - 0.5
    map_y = y[:, None, None] - radius_px * radius[None, :, None] * np.cos(turn) - 0.5
    flat = (len(x), _RINGS * _SECTORS)
    if len(x) == 0:
        return np.zeros(0, np.float32), np.zeros(0, np.float32)
    values = _sample(picture, map_x.reshape(flat), map_y.reshape(flat))
    values = values.reshape(len(x), _RINGS, _SECTORS)
    # Sectors within 60 degrees of the sun's direction lie on the dark wall, those
    # opposite on the lit one.
    near = np.abs((sector + np.pi) % (2 * np.pi) - np.pi) < np.radians(60)
    far = np.abs(sector - np.pi) < np.radians(60)
    inside = (radius > 0.25) & (radius < 0.95)
    outside = radius > 1.2
    dark_in = values[:, inside][:, :, near].mean(axis=(1, 2))
    dark_out = values[:, outside][:, :, near].mean(axis=(1, 2))
    lit_in = values[:, inside][:, :, far].mean(axis=(1, 2))
    lit_out = values[:, outside][:, :, far].mean(axis=(1, 2))
    contrast = np.maximum(lit_in - dark_in, 1e-6)
    return (lit_in - lit_out) / contrast, (dark_out - dark_in) / contrast


def _sample(
    picture: NDArray[np.float32], map_x: NDArray[np.float64], map_y: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Bilinear values; cv2.remap takes at most 32767 rows, so long lists go in parts."""
    parts = [
        cv2.remap(
            picture,
            map_x[k : k + 30000].astype(np.float32),
            map_y[k : k + 30000].astype(np.float32),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        for k in range(0, len(map_x), 30000)
    ]
    return np.concatenate(parts)
