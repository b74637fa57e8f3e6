"""Decode HEIF with libheif, through pillow-heif (extra ``imgcheck[heif]``)."""

import numpy as np

from imgcheck.errors import UnreadableError
from imgcheck.imaging.containers.header import Header
from imgcheck.imaging.decoding.guard import guarded
from imgcheck.imaging.decoding.pillow import to_arrays
from imgcheck.imaging.pixels import Decoded, turn

# libheif turns the picture by the properties of the item; the stored grid is wanted here, and each
# of these turns it back.
_BACK = {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 8, 7: 7, 8: 6}


def decode_with_libheif(data: bytes, header: Header) -> Decoded:
    """Decode the primary picture in 8 bits; refuse it if libheif sees another size."""
    import pillow_heif

    def make() -> Decoded:
        found = pillow_heif.open_heif(data)
        width, height = found.size
        if header.orientation >= 5:
            width, height = height, width
        if (width, height) != (header.width, header.height):
            raise UnreadableError(
                f"two readers disagree about its size: {header.width} x {header.height} in its "
                f"header, {width} x {height} in the decoder"
            )
        shown = to_arrays(found.to_pillow(), header)
        back = _BACK[header.orientation]
        valid = None if shown.valid is None else np.ascontiguousarray(turn(shown.valid, back))
        return Decoded(
            native=np.ascontiguousarray(turn(shown.native, back)),
            rgb=np.ascontiguousarray(turn(shown.rgb, back)),
            valid=valid,
        )

    return guarded("HEIF", make)
