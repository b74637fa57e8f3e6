"""Decode a WebP whose end may be missing.

The decoder gives nothing for a cut file. So the file is filled up to the length that it
states, twice, with different bytes: rows that come out the same rest on data of the file.
"""

import dataclasses

import numpy as np

from imgcheck.errors import UnreadableError
from imgcheck.imaging.decoding.pillow import decode_with_pillow
from imgcheck.imaging.header.fields import number
from imgcheck.imaging.header.model import Damage, Header
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
    versions: list[Decoded] = []
    for filling in _FILLINGS:
        try:
            versions.append(decode_with_pillow((data + filling).ljust(whole, b"\0"), header))
        except UnreadableError:
            continue
    if len(versions) >= 2:
        return _common_rows(versions, header)
    raise UnreadableError("the WebP is cut, and its decoder cannot use the part that is there")


def _common_rows(versions: list[Decoded], header: Header) -> Decoded:
    one = versions[0]
    differs = np.zeros(header.height, bool)
    for other in versions[1:]:
        differs |= (one.native != other.native).any(axis=(0, 2))
    rows = int(np.argmax(differs)) if differs.any() else header.height
    if rows < header.height:
        rows = max(0, rows // _MACROBLOCK - 1) * _MACROBLOCK
    if rows == 0:
        raise UnreadableError("the WebP is cut within its first rows: no pixel can be trusted")
    valid = np.zeros((header.height, header.width), bool)
    valid[:rows] = True
    if one.valid is not None:
        valid &= one.valid
    detail = f"{rows} of {header.height} rows ({rows / header.height:.0%}) could be decoded"
    damage = Damage(kind="truncated", detail=detail)
    return dataclasses.replace(one, valid=valid, damage=(*one.damage, damage))
