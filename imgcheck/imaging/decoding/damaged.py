"""Decode a BMP, GIF or WebP as far as its data go.

The WebP decoder returns nothing for a cut file. So the file is filled up to the length that it
states, several times, with different bytes: rows that always come out the same rest on data of
the file.
"""

import dataclasses

import numpy as np

from imgcheck.errors import UnreadableError
from imgcheck.imaging.containers.bmp import row_bytes
from imgcheck.imaging.containers.gif import GifFrame, GifHeader, sub_block_bytes
from imgcheck.imaging.containers.header import Header, number
from imgcheck.imaging.containers.tree import Observation
from imgcheck.imaging.decoding.pillow import decode_with_pillow
from imgcheck.imaging.limits import Limits
from imgcheck.imaging.pixels import Decoded, Index, Mask


def decode(data: bytes, header: Header, limits: Limits) -> Decoded:
    """Decode by the format of the header."""
    if isinstance(header, GifHeader):
        return _decode_gif(data, header, limits)
    return _decode_bmp(data, header) if header.format == "bmp" else _decode_webp(data, header)


def _decode_bmp(data: bytes, header: Header) -> Decoded:
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


_MOST_CODE_BITS = 12
_MOST_CODES = 1 << _MOST_CODE_BITS
# Own unpacking of broken data, in Python; what exceeds the budget counts as lost.
_SECONDS_A_BYTE = 1e-6
# GIF 89a, appendix E: first row and step of the four passes.
_INTERLACE = ((0, 8), (4, 8), (2, 4), (1, 2))


def _decode_gif(data: bytes, header: GifHeader, limits: Limits) -> Decoded:
    """Decode a GIF; the screen outside its first frame has no data."""
    frame = header.frame
    try:
        decoded = decode_with_pillow(data, header)
    except UnreadableError as refusal:
        return _decode_broken(data, header, limits, refusal)
    if (frame.width, frame.height) == (header.width, header.height):
        return decoded
    inside = np.zeros((header.height, header.width), bool)
    inside[frame.top : frame.top + frame.height, frame.left : frame.left + frame.width] = True
    valid = inside if decoded.valid is None else inside & decoded.valid
    return dataclasses.replace(decoded, valid=valid)


def _decode_broken(
    data: bytes, header: GifHeader, limits: Limits, refusal: UnreadableError
) -> Decoded:
    """Unpack the codes there are, and arrange them row by row."""
    frame = header.frame
    size = frame.width * frame.height
    most = int(limits.seconds / _SECONDS_A_BYTE)
    packed = sub_block_bytes(data, frame.code_at + 1, len(data), most)
    pixels = unpack_codes(packed, data[frame.code_at], size)
    if len(pixels) < frame.width:
        raise refusal
    indices = np.zeros(size, np.uint8)
    indices[: len(pixels)] = np.frombuffer(pixels, np.uint8)
    known = np.arange(size) < len(pixels)
    order = _row_order(frame)
    native = np.zeros((1, header.height, header.width), np.uint8)
    valid = np.zeros((header.height, header.width), bool)
    columns = slice(frame.left, frame.left + frame.width)
    native[0, frame.top + order, columns] = indices.reshape(frame.height, frame.width)
    valid[frame.top + order, columns] = known.reshape(frame.height, frame.width)
    if frame.transparent is not None:
        valid &= native[0] != frame.transparent
    table = np.zeros((256, 3), np.uint8)
    # A GIF may leave its colours to the reader; gray is what readers take.
    palette = frame.palette or bytes(np.repeat(np.arange(256, dtype=np.uint8), 3))
    colours = np.frombuffer(palette, np.uint8).reshape(-1, 3)
    table[: len(colours)] = colours
    message = f"{len(pixels) / size:.1%} of the first frame could be decoded"
    return Decoded(
        native=native,
        rgb=np.moveaxis(table[native[0]], -1, 0),
        valid=valid,
        damage=(Observation(kind="truncated", message=message),),
    )


def _row_order(frame: GifFrame) -> Index:
    if not frame.interlaced:
        return np.arange(frame.height)
    return np.concatenate([np.arange(first, frame.height, step) for first, step in _INTERLACE])


def unpack_codes(packed: bytes, root_bits: int, most: int) -> bytes:
    """Unpack the LZW codes of a GIF (89a, appendix F) up to the first impossible code."""
    if not 1 <= root_bits <= 8:
        return b""
    clear, end = 1 << root_bits, (1 << root_bits) + 1
    roots = [bytes([value]) for value in range(clear)] + [b"", b""]
    table, bits, previous = list(roots), root_bits + 1, b""
    out: list[bytes] = []
    have = 0
    window = filled = 0
    for byte in packed:
        window |= byte << filled
        filled += 8
        while filled >= bits:
            code = window & ((1 << bits) - 1)
            window >>= bits
            filled -= bits
            if code == clear:
                table, bits, previous = list(roots), root_bits + 1, b""
                continue
            if code == end or code > len(table) or (code == len(table) and not previous):
                return b"".join(out)[:most]
            text = table[code] if code < len(table) else previous + previous[:1]
            out.append(text)
            have += len(text)
            if have >= most:
                return b"".join(out)[:most]
            if previous and len(table) < _MOST_CODES:
                table.append(previous + text[:1])
            if len(table) == 1 << bits and bits < _MOST_CODE_BITS:
                bits += 1
            previous = text
    return b"".join(out)[:most]


# Zeros after these bytes: a long run of anything else soon is no valid code.
_FILLINGS = (b"", b"\xff", b"\x80", b"\x55", b"\xaa", b"\x01", b"\x20", b"\x02")
# Cut to less than this share, a file has hardly a row to give.
_LONGEST_FILL = 1000
# The loop filter of VP8 reaches across the border of a macroblock (RFC 6386, section 15).
_MACROBLOCK = 16


def _decode_webp(data: bytes, header: Header) -> Decoded:
    """Decode a WebP; the missing rows of a cut one are invalid."""
    if not header.damage:
        return decode_with_pillow(data, header)
    whole = number(data, 4, "<I") + 8
    if whole > len(data) * _LONGEST_FILL:
        raise UnreadableError(f"the WebP is cut: {whole - len(data):,} of its bytes are missing")
    one: Decoded | None = None
    differs: Mask | None = None
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


def _keep_rows(one: Decoded, differs: Mask, header: Header) -> Decoded:
    rows = int(np.argmax(differs)) if differs.any() else header.height
    if rows < header.height:
        rows = max(0, rows // _MACROBLOCK - 1) * _MACROBLOCK
    if rows == 0:
        raise UnreadableError("the WebP is cut within its first rows: no pixel is reliable")
    valid = np.zeros((header.height, header.width), bool)
    valid[:rows] = True
    if one.valid is not None:
        valid &= one.valid
    message = f"{rows} of {header.height} rows ({rows / header.height:.0%}) could be decoded"
    damage = Observation(kind="truncated", message=message)
    return dataclasses.replace(one, valid=valid, damage=(*one.damage, damage))
