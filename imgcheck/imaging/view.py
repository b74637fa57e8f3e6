"""A picture as a JPEG of moderate size, the way a person sees it, for pages and contact sheets."""

import io

from imgcheck.errors import ImgcheckError
from imgcheck.imaging.image import Image


def jpeg_view(image: Image, *, longest_px: int) -> bytes | None:
    """Decode a picture, shrink it and save it anew; none of the file's own bytes remain.

    Parameters
    ----------
    image : Image
    longest_px : int
        Longest side of the result.

    Returns
    -------
    bytes or None
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
    stream = io.BytesIO()
    view.save(stream, "JPEG", quality=88)
    return stream.getvalue()
