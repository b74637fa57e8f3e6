"""Decode a WebP whose end may be missing.

The decoder gives nothing for a cut file. So the file is filled up to the length that it
states, several times, with different bytes: rows that always come out the same rest on
data of the file.
"""

import dataclasses

import numpy as np
from numpy.typing import NDArray

from imgcheck.errors import UnreadableError
from imgcheck.imaging.containers.header import Header, number
from imgcheck.imaging.containers.tree import Observation
from imgcheck.imaging.decoding.pillow import decode_with_pillow
from imgcheck.imaging.pixels import Decoded

# Zeros after these bytes: a long run of anything else soon is no valid code.
_FILLINGS = (b"", b"\xff", b"\x80", b"\x55", b"\xaa", b"\x01", b"\x20", b"\x02")
# Cut to less than this share, a file has hardly a row to give.
_LONGEST_FILL = 1000
# The loop filter of VP8 reaches across the border of a macroblock (RFC 6386, section 15).
_MACROBLOCK = 16


def decode(data: bytes, header: Header) -> Decoded:
    """Decode a WebP; the missing rows of a cut one are invalid."""
    if not header.damage:
        return decode_with_pillow(data, header)
    whole = number(data, 4, "<I") + 8
    if whole > len(data) * _LONGEST_FILL:
        raise UnreadableError(f"the WebP is cut: {whole - len(data):,} of its bytes are missing")
    one: Decoded | None = None
    differs: NDArray[np.bool_] | None = None
    for filling in _FILLINGS:
        try:
            other = decode_with_pillow((data + filling).ljust(whole, b"\0"), header)
        except UnreadableError:
            continue
        if one is None:
            one = other
            continue
        rows = (one.native != other.native).any(axis=(0, 2))
        differs = rows if differs is None else differs | rows
    if one is None or differs is None:
        raise UnreadableError("the WebP is cut, and its decoder cannot use the part that is there")
    return _keep_rows(one, differs, header)


def _keep_rows(one: Decoded, differs: NDArray[np.bool_], header: Header) -> Decoded:
    rows = int(np.argmax(differs)) if differs.any() else header.height
    if rows < header.height:
        rows = max(0, rows // _MACROBLOCK - 1) * _MACROBLOCK
    if rows == 0:
        raise UnreadableError("the WebP is cut within its first rows: no pixel can be trusted")
    valid = np.zeros((header.height, header.width), bool)
    valid[:rows] = True
    if one.valid is not None:
        valid &= one.valid
    message = f"{rows} of {header.height} rows ({rows / header.height:.0%}) could be decoded"
    damage = Observation(kind="truncated", message=message)
    return dataclasses.replace(one, valid=valid, damage=(*one.damage, damage))
