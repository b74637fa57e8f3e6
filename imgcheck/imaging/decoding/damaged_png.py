"""Decode a PNG as far as its data go: unpack what is sound, fill up, and build it anew."""

import dataclasses
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from imgcheck.errors import UnreadableError
from imgcheck.imaging.containers.header import Header
from imgcheck.imaging.containers.png import Chunk, chunks
from imgcheck.imaging.containers.tree import Observation
from imgcheck.imaging.decoding.pillow import decode_with_pillow
from imgcheck.imaging.limits import Limits, check_decode
from imgcheck.imaging.pixels import Decoded, Mask

# ISO/IEC 15948, 8.2: first column and row, column and row step of the seven passes.
_ADAM7 = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)
_LAST_FILTER = 4
_PIECE = 4096


@dataclass(frozen=True, slots=True)
class _Pass:
    """One pass of an interlaced picture; a plain one has a single pass."""

    left: int
    top: int
    across: int
    down: int
    rows: int
    row_bytes: int


def decode(data: bytes, header: Header, limits: Limits) -> Decoded:
    """Decode a PNG; the pixels of a damaged one that do not rest on undamaged data are invalid."""
    if header.damage:
        return _decode_damaged(data, header, limits, None)
    try:
        decoded = _decode_whole(data, header)
    except UnreadableError as refusal:
        # The chunks are sound, so the compressed stream inside them may not be.
        return _decode_damaged(data, header, limits, refusal)
    if not _is_interlaced(data) and decoded.native[:, -1].any():
        return decoded
    # Pillow leaves rows 0 that a stream which ends early does not reach, without a warning.
    passes = _passes(header, interlaced=_is_interlaced(data))
    total = sum(one.rows * one.row_bytes for one in passes)
    return decoded if _unpacks_to(data, total) else _decode_damaged(data, header, limits, None)


def _is_interlaced(data: bytes) -> bool:
    return data[28] == 1


def _unpacks_to(data: bytes, total: int) -> bool:
    """Return whether the compressed stream holds all bytes of the picture."""
    stream = zlib.decompressobj()
    have = 0
    for chunk in chunks(data):
        if chunk.name == b"IDAT":
            waiting = data[chunk.start : chunk.start + chunk.length]
            while waiting and have < total:
                try:
                    have += len(stream.decompress(waiting, 1 << 20))
                except zlib.error:
                    # The decoder stopped before this, with the rows that it had.
                    return False
                waiting = stream.unconsumed_tail
    return have >= total


def _decode_whole(data: bytes, header: Header) -> Decoded:
    """Decode a PNG stripped to what its pixels need: a huge text or profile costs nothing."""
    bare = _strip(data)
    if header.bits < 16:
        return decode_with_pillow(bare, header)
    # Pillow keeps only the upper byte of deep colours.
    from imgcheck.imaging.decoding.raster import decode_with_gdal

    return decode_with_gdal(bare, header)


def _strip(data: bytes) -> bytes:
    wanted = (b"PLTE", b"tRNS", b"IDAT", b"IEND")
    first = next(chunks(data))
    kept = [first, *(chunk for chunk in chunks(data) if chunk.name in wanted)]
    return data[:8] + b"".join(data[c.start - 8 : c.start + c.length + 4] for c in kept)


def _decode_damaged(
    data: bytes, header: Header, limits: Limits, refusal: UnreadableError | None
) -> Decoded:
    check_decode(header, len(data), limits, mending=True)
    passes = _passes(header, interlaced=_is_interlaced(data))
    total = sum(one.rows * one.row_bytes for one in passes)
    raw, certain = _unpack(data, total)
    if refusal is not None and certain == total:
        raise refusal
    raw, certain = _check_filters(raw, certain, passes)
    valid = _known_pixels(header, passes, certain)
    if not valid.any():
        raise UnreadableError("the compressed data of the PNG are broken from the first row on")
    decoded = _decode_whole(_rebuild(data, raw + bytes(total - len(raw))), header)
    share = float(valid.mean())
    if share == 1:
        return decoded
    message = (
        f"{share:.1%} of the pixels rest on undamaged data; the others are missing or doubtful"
    )
    damage = Observation(kind="truncated", message=message)
    both = valid if decoded.valid is None else valid & decoded.valid
    return dataclasses.replace(decoded, valid=both, damage=(*decoded.damage, damage))


def _passes(header: Header, *, interlaced: bool) -> list[_Pass]:
    result = []
    for left, top, across, down in _ADAM7 if interlaced else ((0, 0, 1, 1),):
        columns = -(-(header.width - left) // across)
        rows = -(-(header.height - top) // down)
        if columns > 0 and rows > 0:
            size = 1 + (columns * header.bits * header.bands + 7) // 8
            result.append(_Pass(left, top, across, down, rows, size))
    return result


def _unpack(data: bytes, total: int) -> tuple[bytes, int]:
    """Unpack up to ``total`` bytes; give them, and how many came before the first damage."""
    stream = zlib.decompressobj()
    parts: list[bytes] = []
    have, certain, sound = 0, 0, True
    for chunk in chunks(data):
        if chunk.name != b"IDAT":
            continue
        # A cut chunk has lost its end only; one with a wrong sum is doubtful throughout.
        sound = sound and (chunk.sound or not chunk.complete)
        try:
            for part in _unpacked(stream, data, chunk, total - have):
                parts.append(part)
                have += len(part)
                certain = have if sound else certain
        except zlib.error:
            break
    if have == total and (stream.eof or _reaches_its_end(stream)):
        # The sum over all pixels at the end of the stream (Adler-32) fits.
        certain = total
    return b"".join(parts), certain


def _unpacked(stream: "zlib._Decompress", data: bytes, chunk: Chunk, most: int) -> Iterator[bytes]:
    """Unpack a chunk piece by piece, so that an error costs one piece and not the chunk."""
    for start in range(chunk.start, chunk.start + chunk.length, _PIECE):
        if most <= 0:
            return
        piece = data[start : min(start + _PIECE, chunk.start + chunk.length)]
        part = stream.decompress(stream.unconsumed_tail + piece, most)
        most -= len(part)
        yield part


def _reaches_its_end(stream: "zlib._Decompress") -> bool:
    try:
        stream.decompress(stream.unconsumed_tail, 1)
    except zlib.error:
        return False
    return stream.eof


def _check_filters(raw: bytes, certain: int, passes: list[_Pass]) -> tuple[bytes, int]:
    """Mend row filters that do not exist, and trust nothing from there on."""
    array = np.frombuffer(raw, np.uint8).copy()
    start = 0
    for one in passes:
        end = start + one.rows * one.row_bytes
        filters = array[start : min(end, len(array)) : one.row_bytes]
        wrong = np.flatnonzero(filters > _LAST_FILTER)
        if wrong.size:
            certain = min(certain, start + int(wrong[0]) * one.row_bytes)
            filters[wrong] = 0
        start = end
    return array.tobytes(), certain


def _known_pixels(header: Header, passes: list[_Pass], certain: int) -> Mask:
    """Mark the pixels whose row of their pass lies wholly in the first ``certain`` bytes."""
    known = np.zeros((header.height, header.width), bool)
    for one in passes:
        rows = min(one.rows, certain // one.row_bytes)
        last = one.top + rows * one.down
        known[one.top : last : one.down, one.left :: one.across] = True
        certain -= rows * one.row_bytes
        if rows < one.rows:
            break
    return known


def _rebuild(data: bytes, raw: bytes) -> bytes:
    """Write a PNG with the same header and palette around other unpacked data."""
    parts = [data[:8], _chunk(b"IHDR", data[16:29])]
    for chunk in chunks(data):
        if chunk.name in (b"PLTE", b"tRNS") and chunk.complete:
            parts.append(_chunk(chunk.name, data[chunk.start : chunk.start + chunk.length]))
        elif chunk.name == b"IDAT":
            break
    return b"".join([*parts, _chunk(b"IDAT", zlib.compress(raw, 1)), _chunk(b"IEND", b"")])


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
