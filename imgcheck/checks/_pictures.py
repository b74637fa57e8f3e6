"""Evidence pictures as JPEG bytes."""

import io

import numpy as np
from numpy.typing import NDArray

_QUALITY = 85


def jpeg(rgb: NDArray[np.uint8] | NDArray[np.float32]) -> bytes:
    """Encode (M, N, 3) uint8, or float in [0, 1] with NaN shown black."""
    from PIL import Image as Pillow

    if rgb.dtype != np.uint8:
        scaled = np.nan_to_num(rgb.astype(np.float32)) * 255.0 + 0.5
        return jpeg(np.clip(scaled, 0, 255).astype(np.uint8))
    stream = io.BytesIO()
    Pillow.fromarray(rgb).save(stream, "JPEG", quality=_QUALITY)
    return stream.getvalue()
