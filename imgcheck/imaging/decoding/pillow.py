"""Decode with Pillow, by the class of one format."""

import importlib
import io
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from imgcheck.errors import UnreadableError
from imgcheck.imaging.containers.header import Header
from imgcheck.imaging.containers.tree import Observation
from imgcheck.imaging.decoding.guard import guarded, recorded_warnings
from imgcheck.imaging.pixels import Decoded, as_bytes

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

# The class of one format, not `PIL.Image.open`: nothing is guessed.
_PLUGINS = {"avif": "Avif", "bmp": "Bmp", "gif": "Gif", "jp2": "Jpeg2K", "jpeg": "Jpeg",
            "png": "Png", "webp": "WebP"}  # fmt: skip


def decode_with_pillow(data: bytes, header: Header) -> Decoded:
    """Decode a whole picture; refuse it if Pillow sees another size than the checked header."""

    def make() -> Decoded:
        image, warned = _open(data, header)
        with image:
            image.load()
            return to_arrays(image, header, damage=warned)

    return guarded(header.format, make)


def _open(data: bytes, header: Header) -> tuple["ImageFile", tuple[Observation, ...]]:
    name = _PLUGINS[header.format]
    opener = getattr(importlib.import_module(f"PIL.{name}ImagePlugin"), f"{name}ImageFile")
    from PIL import Image as PillowImage

    with recorded_warnings() as caught:
        # The header was checked; this limit, of the process, would refuse what the user allows.
        theirs, PillowImage.MAX_IMAGE_PIXELS = PillowImage.MAX_IMAGE_PIXELS, None
        try:
            image: ImageFile = opener(io.BytesIO(data))
        finally:
            PillowImage.MAX_IMAGE_PIXELS = theirs
    size = image.size
    if size != (header.width, header.height):
        image.close()
        raise UnreadableError(
            f"two readers disagree about its size: {header.width} x {header.height} in its "
            f"header, {size[0]} x {size[1]} in the decoder"
        )
    seen = dict.fromkeys(str(one.message) for one in caught)
    damage = tuple(
        Observation(kind="corrupt", message=f"decoder: {text}") for text in list(seen)[:5]
    )
    return image, damage


def to_arrays(image: Any, header: Header, *, damage: tuple[Observation, ...] = ()) -> Decoded:
    """Return native bands, the view and the valid pixels of a loaded Pillow image."""
    native = _native(image)
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        valid = np.isfinite(native[0]) if native.dtype.kind == "f" else None
        view = as_bytes(native, valid=valid, bits=16)
        return Decoded(native=native, rgb=view, valid=valid, damage=damage)
    has_alpha = image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info
    gray = image.mode in ("1", "L", "LA", "La")
    wanted = ("LA" if gray else "RGBA") if has_alpha else ("L" if gray else "RGB")
    shown = native if image.mode == wanted else _native(image.convert(wanted))
    if not has_alpha:
        return Decoded(native=native, rgb=shown, damage=damage)
    alpha = shown[-1] > 0
    valid = None if alpha.all() else alpha
    return Decoded(native=native, rgb=shown[:-1], valid=valid, damage=damage)


def _native(image: Any) -> NDArray[Any]:
    """Return a Pillow image as (B, M, N), in native byte order."""
    array = np.asarray(image.convert("L") if image.mode == "1" else image)
    if not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    return array[np.newaxis] if array.ndim == 2 else np.moveaxis(array, -1, 0)
