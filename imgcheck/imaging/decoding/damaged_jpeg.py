"""Decode a JPEG as far as its data go, and find out how far that is.

libjpeg fills up what is missing with gray and says so in a warning that Pillow does not
pass on. So a cut stream is completed in two ways, once with the end-of-image marker and
once with noise before it: rows that come out the same in both rest on data of the file,
the others on the completion.

A byte changed *inside* the compressed data goes unnoticed, unless it breaks the order of
the restart markers: JPEG has no check sum, and libjpeg goes on with wrong pixels.
"""

import dataclasses
import struct

import numpy as np

from imgcheck.errors import UnreadableError
from imgcheck.imaging.containers.header import Header
from imgcheck.imaging.containers.jpeg import JpegHeader, JpegStream
from imgcheck.imaging.containers.tree import Observation
from imgcheck.imaging.decoding.pillow import decode_with_pillow
from imgcheck.imaging.pixels import Decoded, Uint8

_END = b"\xff\xd9"
# Any bytes but FF; fixed, so that the same file gives the same result.
_NOISE = bytes(np.random.default_rng(20170924).integers(0, 255, 4096, dtype=np.uint8))
# A block without data decodes to the middle of the scale (A.3.1 of ITU-T T.81: level shift).
_FILL, _BLOCK = 128, 8
# Scans that are given up one by one, from the last, to get at those before.
_MOST_TRIALS = 5


def decode(data: bytes, header: JpegHeader) -> Decoded:
    """Decode a JPEG; the missing rows of a cut one are invalid."""
    jpeg = header.stream
    if jpeg.height_at is not None:
        # libjpeg wants the height where it usually stands.
        stated = struct.pack(">H", header.height)
        data = data[: jpeg.height_at] + stated + data[jpeg.height_at + 2 :]
    if jpeg.reserved:
        # A decoder gives up there, or goes on with what is shifted.
        return _decode_cut(data[: jpeg.scan_ends[-1]], header, jpeg, len(jpeg.scan_ends))
    if jpeg.end is None:
        return _decode_cut(data[: jpeg.usable], header, jpeg, header.scans)
    try:
        decoded = decode_with_pillow(data, header)
    except UnreadableError as refusal:
        return _decode_stumbled(data, header, jpeg, refusal)
    if not _ends_in_fill(decoded):
        return decoded
    return _compare(data[: jpeg.end], decoded, header, jpeg)


def _decode_cut(stream: bytes, header: Header, jpeg: JpegStream, scans: int) -> Decoded:
    """Decode a stream that lacks its end, of which ``scans`` scans have begun."""
    decoded = decode_with_pillow(stream + _END, header)
    if scans == 1:
        return _compare(stream, decoded, header, jpeg)
    message = (
        f"the JPEG breaks off in or after scan {scans}: detail or colour is missing, and the "
        "file does not state how much"
    )
    damage = Observation(kind="truncated", message=message, offset=len(stream))
    return dataclasses.replace(decoded, damage=(*decoded.damage, damage))


def _decode_stumbled(
    data: bytes, header: Header, jpeg: JpegStream, refusal: UnreadableError
) -> Decoded:
    """Decode what lies before a marker or segment at which the decoder gave up."""
    for scans in range(len(jpeg.scan_ends), max(0, len(jpeg.scan_ends) - _MOST_TRIALS), -1):
        try:
            decoded = _decode_cut(data[: jpeg.scan_ends[scans - 1]], header, jpeg, scans)
        except UnreadableError:
            continue
        damage = Observation(kind="corrupt", message=f"the whole {refusal.message}")
        return dataclasses.replace(decoded, damage=(*decoded.damage, damage))
    raise refusal


def _ends_in_fill(decoded: Decoded) -> bool:
    """Return whether the last block is what a decoder puts where data are missing."""
    return bool((decoded.native[:, -1, -_BLOCK:] == _FILL).all())


def _compare(stream: bytes, decoded: Decoded, header: Header, jpeg: JpegStream) -> Decoded:
    """Complete the stream a second time, with noise, and see from where the rows differ."""
    try:
        other = decode_with_pillow(stream + _NOISE + _END, header)
    except UnreadableError:
        return decoded
    rows = _first_difference(decoded.native, other.native)
    if rows == header.height:
        return decoded
    rows = rows // jpeg.block_height * jpeg.block_height
    if rows == 0:
        raise UnreadableError(
            "the JPEG breaks off within its first row of blocks: no pixel is reliable"
        )
    valid = np.zeros((header.height, header.width), bool)
    valid[:rows] = True
    share = f"{rows} of {header.height} rows ({rows / header.height:.0%})"
    if jpeg.end is None:
        message = f"{share} could be decoded; the data of the others are missing"
    else:
        message = (
            f"the data end after {share} although the end marker is there: part of the data is "
            "missing, at the end or anywhere before it, and what follows the gap is shifted"
        )
    damage = Observation(kind="truncated", message=message, offset=len(stream))
    return dataclasses.replace(decoded, valid=valid, damage=(*decoded.damage, damage))


def _first_difference(one: Uint8, other: Uint8) -> int:
    """Return the first row in which two decodings differ; the number of rows if none does."""
    for row in range(one.shape[1]):
        if not np.array_equal(one[:, row], other[:, row]):
            return row
    return one.shape[1]
