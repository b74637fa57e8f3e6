"""A picture at a reduced size: its luma for comparison, and a JPEG for pages.

A JPEG decoder can take a block's mean for 8 x 8 pixels: enough to compare a picture with its
thumbnail, at a fraction of the time of a full decode.
"""

import io
import warnings
from typing import Any

import numpy as np

from imgcheck.errors import ImgcheckError
from imgcheck.imaging.image import Image
from imgcheck.imaging.pixels import Float32, Uint8, turn

# What undoes each EXIF orientation; 6 and 8 undo one another, the others themselves.
_UNDO = {6: 8, 8: 6}


def stored_gray(image: Image, *, side: int = 480) -> Float32:
    """Return the luma of the stored grid, before any orientation, at least ``side`` px long.

    An undamaged JPEG comes at 1/2, 1/4 or 1/8 where that is still as long; what is decoded already,
    and other formats, come in full. Averages of blocks differ from a full decode that is then
    averaged by rounding only: below 0.01 in the mean (tests: imaging).
    """
    longest = max(image.header.width, image.header.height)
    if image.format == "jpeg" and not image.has_decoded and longest >= 2 * side:
        reduced = _drafted(image, side)
        if reduced is not None:
            return reduced
    applied = image.applied_orientation
    return np.ascontiguousarray(turn(image.gray(), _UNDO.get(applied, applied)))


def _drafted(image: Image, side: int) -> Float32 | None:
    """Decode a JPEG at a reduced scale; None where that is not safe or does not work."""
    if image.damage or image.unreadable_reason or image.mode not in ("gray", "rgb"):
        return None
    from PIL.JpegImagePlugin import JpegImageFile

    scale = side / max(image.header.width, image.header.height)
    wanted = (max(1, int(image.header.width * scale)), max(1, int(image.header.height * scale)))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with JpegImageFile(io.BytesIO(image.data)) as opened:
                if opened.size != (image.header.width, image.header.height):
                    return None
                opened.draft("L", wanted)
                array = np.asarray(opened.convert("L"), np.float32) / np.float32(255)
    except Exception:
        # As in decoding.guard.guarded; the full decoder reports what is wrong.
        return None
    return array


def jpeg_view(image: Image, *, longest_px: int) -> bytes | None:
    """Decode a picture, shrink it and save it anew, without any of the file's own bytes.

    None where the pixels cannot be read.
    """
    if not image.pixels_readable:
        return None
    from PIL import Image as Pillow

    try:
        view = Pillow.fromarray(image.rgb())
    except ImgcheckError:
        return None
    view.thumbnail((longest_px, longest_px))
    return _encoded(view, quality=88)


def jpeg(rgb: Uint8 | Float32) -> bytes:
    """Encode (M, N, 3) uint8, or float in [0, 1] with NaN as black."""
    from PIL import Image as Pillow

    if rgb.dtype != np.uint8:
        scaled = np.nan_to_num(rgb.astype(np.float32)) * 255.0 + 0.5
        return jpeg(np.clip(scaled, 0, 255).astype(np.uint8))
    return _encoded(Pillow.fromarray(rgb), quality=85)


def _encoded(picture: Any, *, quality: int) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=quality)
    return stream.getvalue()
