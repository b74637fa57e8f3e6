"""Decode a Windows bitmap whose last rows may be missing from the file."""

import dataclasses

import numpy as np

from imgcheck.imaging.containers.bmp import row_bytes
from imgcheck.imaging.containers.header import Header, number
from imgcheck.imaging.containers.tree import Observation
from imgcheck.imaging.decoding.pillow import decode_with_pillow
from imgcheck.imaging.pixels import Decoded


def decode(data: bytes, header: Header) -> Decoded:
    """Decode a bitmap; rows are stored from the bottom up unless the height is negative."""
    if not header.damage:
        return decode_with_pillow(data, header)
    offset, size = number(data, 10, "<I"), number(data, 14, "<I")
    bits = number(data, 24 if size == 12 else 28, "<H")
    top_down = size != 12 and number(data, 22, "<i") < 0
    stride = row_bytes(header.width, bits)
    rows = (len(data) - offset) // stride
    missing = offset + stride * header.height - len(data)
    decoded = decode_with_pillow(data + bytes(missing), header)
    valid = np.zeros((header.height, header.width), bool)
    valid[slice(0, rows) if top_down else slice(header.height - rows, None)] = True
    message = f"{rows} of {header.height} rows are in the file"
    damage = Observation(kind="truncated", message=message, offset=len(data))
    return dataclasses.replace(decoded, valid=valid, damage=(*decoded.damage, damage))
